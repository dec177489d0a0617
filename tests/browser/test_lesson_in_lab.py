"""A learner opens lesson 01 in JupyterLab, runs it, and answers an exercise wrongly and rightly."""

import json

import pytest

from tests.browser.lab import ROOT, Lab, Notebook, copy_lessons

LESSON = "01_convolution.ipynb"

FLIPPED = """\
import numpy as np

def conv2d(image, kernel, stride=1, padding=0):
    from scipy.signal import convolve2d

    sy, sx = np.broadcast_to(stride, 2)
    py, px = np.broadcast_to(padding, 2)
    padded = np.pad(image, ((py, py), (px, px)))
    return convolve2d(padded, kernel, mode="valid")[::sy, ::sx]
"""
RIGHT = FLIPPED.replace("convolve2d", "correlate2d")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    lab = Lab(copy_lessons(folder), folder)
    yield lab
    lab.stop()


def cells_tagged(tag):
    cells = json.loads((ROOT / "lessons" / LESSON).read_text(encoding="utf-8"))["cells"]
    return {cell["id"] for cell in cells if tag in cell["metadata"].get("tags", [])}


def test_lesson_01_runs_untouched_and_its_checks_know_wrong_from_right(page, lab):
    notebook = Notebook(page, lab, LESSON)
    notebook.run_all()
    assert notebook.errors() == []
    assert notebook.cards() == dict.fromkeys(cells_tagged("check"), "open")

    notebook.type("ex-conv-code", FLIPPED)
    card = notebook.card("ex-conv-check")
    assert "not yet: kernel flipped" in card.inner_text()
    assert card.locator("td.off").count() > 0

    notebook.type("ex-conv-code", RIGHT)
    assert "passed" in notebook.card("ex-conv-check").inner_text()
    notebook.run_all()
    assert notebook.errors() == []
    assert notebook.cards()["ex-conv-check"] == "passed"
