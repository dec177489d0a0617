"""For every test run, notebooks too: progress in a folder of its own, and what each notebook cell cost."""

import json
import os
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest

SHOWN = 5


def pytest_configure(config: pytest.Config) -> None:
    """Keep the learner's own progress out of the tests; kernels that nbval starts inherit this."""
    folder = tempfile.TemporaryDirectory(prefix="cnncourse-")
    os.environ["CNNCOURSE_HOME"] = folder.name
    config.add_cleanup(folder.cleanup)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the seconds of each notebook and its slowest cells."""
    notebooks: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            path, _, cell = report.nodeid.partition(".ipynb::Cell ")
            if cell.isdigit() and report.when == "call":
                notebooks[f"{path}.ipynb"].append((report.duration, int(cell)))
    if not notebooks:
        return
    terminalreporter.section("seconds in notebook cells")
    root = terminalreporter.config.rootpath
    for path, cells in sorted(notebooks.items()):
        terminalreporter.write_line(f"{sum(seconds for seconds, _ in cells):7.1f}  {path}")
    terminalreporter.write_line(f"the {SHOWN} slowest cells:")
    every = [(seconds, path, cell) for path, cells in notebooks.items() for seconds, cell in cells]
    for seconds, path, cell in sorted(every, reverse=True)[:SHOWN]:
        terminalreporter.write_line(f"{seconds:7.1f}  {path} cell {_cell_id(root / path, cell)}")


def _cell_id(path: Path, number: int) -> str:
    """The id of the code cell that nbval calls by its number."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell["id"] for cell in cells if cell["cell_type"] == "code"][number]
