"""How nbval runs notebooks here: with this repository's conftest and the command that `make test` uses."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

CONFTEST = Path(__file__).resolve().parents[2] / "conftest.py"


@pytest.fixture
def run(tmp_path):
    """Store a notebook that prints its CNNCOURSE_HOME and a fact, then run it."""
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run(fact):
        printed = nbformat.v4.new_output("stream", text=f"{fact}\n")
        cells = [
            nbformat.v4.new_markdown_cell("# Facts", id="title"),
            nbformat.v4.new_code_cell("import os; home = os.environ['CNNCOURSE_HOME']", id="setup"),
            nbformat.v4.new_code_cell("open('home.txt', 'w').write(home);", id="note", execution_count=2),
            nbformat.v4.new_code_cell(
                "print(6 * 7)",
                id="fact",
                execution_count=3,
                outputs=[printed],
                metadata={"tags": ["nbval-check-output"]},
            ),
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "facts.ipynb")
        command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "facts.ipynb"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    return run


def test_a_true_fact_passes_in_a_home_of_its_own_and_cells_are_timed(run, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HOME", str(tmp_path / "learner"))
    status, shown = run(42)
    assert status == 0, shown
    assert "facts.ipynb cell fact" in shown
    home = Path((tmp_path / "home.txt").read_text())
    assert home != tmp_path / "learner"
    assert not home.exists()


def test_a_printed_fact_that_no_longer_holds_fails(run):
    status, shown = run(41)
    assert status == 1
    assert "Cell outputs differ" in shown
