"""Run one notebook with this Python and the cnncourse installed in it: ``run_notebook.py NOTEBOOK FOLDER``.

Prints the seconds. Needs only what Colab has, since it runs in Colab's environment.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal

# Wider than a lesson allows itself: this finds what breaks, not what is slow.
CELL_SECONDS = 300


def run(path: Path, folder: Path) -> float:
    """Run the notebook in the folder and return the seconds; raise if any cell fails.

    Jupyter may prefer another Python's kernel of the same name, and a checkout may shadow the installed
    package: a cell put before the first asks the kernel for both.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(
        0,
        nbformat.v4.new_code_cell("import sys, cnncourse; print(sys.prefix, cnncourse.__file__, sep='\\n')"),
    )
    started = time.time()
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", resources=place).execute()
    prefix, package = notebook.cells[0].outputs[0].text.splitlines()
    if prefix != sys.prefix or "site-packages" not in package:
        raise RuntimeError(f"ran in {prefix} with {package}, not in {sys.prefix} with the installed package")
    for cell in notebook.cells:
        # Also in cells that may raise: a solution has nothing to raise.
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                raise RuntimeError(f"{cell.id}: {output.ename}: {output.evalue}")
    return time.time() - started


if __name__ == "__main__":
    try:
        print(f"{run(Path(sys.argv[1]), Path(sys.argv[2])):.1f} s")
    except (CellControlSignal, RuntimeError) as error:
        sys.exit(str(error))
