"""The confusion matrix as a picture: what it writes, and what its text says."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from cnncourse import viz

MATRIX = np.array([[90, 10, 0], [3, 2, 0], [0, 0, 0]])
NAMES = ["road", "pole", "sky"]


def cells(figure):
    """Texts of the cells, row by row, with their ink and their ground."""
    axes = figure.axes[0]
    boxes = {
        p.get_xy(): p.get_facecolor()[:3] for p in axes.patches if isinstance(p, Rectangle) and p.get_fill()
    }
    return [
        (
            t.get_text(),
            to_rgb(t.get_color()),
            boxes[(t.get_position()[0] - 0.5, round(t.get_position()[1] - 0.52))],
        )
        for t in axes.texts
    ]


def luminance(color):
    color = np.array(color)
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4) @ [
        0.2126,
        0.7152,
        0.0722,
    ]


def test_rows_are_percent_of_the_true_class():
    texts = [text for text, *_ in cells(viz.confusion(MATRIX, NAMES))]
    assert texts == ["90", "10", "·", "60", "40", "·", "–", "–", "–"]


def test_counts_are_written_when_asked_for():
    texts = [text for text, *_ in cells(viz.confusion(torch.tensor(MATRIX), NAMES, normalize=False))]
    assert texts[:5] == ["90", "10", "·", "3", "2"]


def test_small_and_almost_full_shares_are_not_rounded_away():
    texts = [text for text, *_ in cells(viz.confusion([[9999, 1], [0, 7]], ["a", "b"]))]
    assert texts == [">99", "<1", "·", "100"]


@pytest.mark.parametrize("seed", range(3))
def test_every_number_stands_out_from_its_cell(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(0, 50, (12, 12)) ** 2
    for text, ink, ground in cells(viz.confusion(matrix, list("abcdefghijkl"))):
        lights = sorted((luminance(ink) + 0.05, luminance(ground) + 0.05))
        assert lights[1] / lights[0] >= 4.5, text


def test_the_diagonal_is_outlined_and_totals_are_written():
    figure = viz.confusion(MATRIX * 1000, NAMES)
    outlined = [p.get_xy() for p in figure.axes[0].patches if not p.get_fill()]
    assert outlined == [(0, 0), (1, 1), (2, 2)]
    notes = [text.get_text() for text in figure.texts]
    assert {"100,000", "5,000", "93k", "12k"} <= set(notes)


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        (True, "pole is taken for road in 60 % of its cases (3 of 5)"),
        (False, "road is taken for pole in 10 % of its cases (10 of 100)"),
    ],
)
def test_text_names_the_largest_confusion_by_what_is_shown(normalize, expected):
    assert expected in repr(viz.confusion(MATRIX, NAMES, normalize=normalize))


def test_text_of_a_perfect_and_of_an_empty_matrix():
    assert "(100 %); no class is taken for another" in repr(viz.confusion(np.eye(3) * 4, NAMES))
    assert "0 of 0 right; no class" in repr(viz.confusion(np.zeros((2, 2), int), ["a", "b"]))


@pytest.mark.parametrize("count", [1, 2, 5, 12, 24])
@pytest.mark.parametrize("name", ["", "long class name "])
@pytest.mark.parametrize("normalize", [True, False])
def test_names_and_numbers_stay_inside_the_picture(count, name, normalize):
    names = [f"{name}{k}" for k in range(count)]
    figure = viz.confusion(np.full((count, count), 1234), names, normalize=normalize)
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    for text in [*figure.texts, *figure.axes[0].texts]:
        box = text.get_window_extent(renderer)
        assert page.x0 <= box.x0 < box.x1 <= page.x1 + 1, text.get_text()
        assert page.y0 <= box.y0 < box.y1 <= page.y1, text.get_text()


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        (np.zeros((2, 3)), ["a", "b"], r"shape \(2, 3\); expected \[K, K\]"),
        (MATRIX, ["a", "b"], "2 class names for 3 classes"),
        (MATRIX, "abc", "one string"),
        (-MATRIX, NAMES, "negative or missing"),
        (np.ones((25, 25)), ["x"] * 25, "up to 24"),
    ],
)
def test_what_is_no_confusion_matrix_is_named(matrix, names, message):
    with pytest.raises(ValueError, match=message):
        viz.confusion(matrix, names)
