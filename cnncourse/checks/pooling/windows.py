"""Exercises 2.2 and 2.3: max pooling with indices, and average pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops import avg_pool2d, max_pool2d
from ..exercise import Exercise, Probe
from .average_mistakes import AVERAGE_MISTAKES
from .max_mistakes import MAX_MISTAKES


def _distinct(seed: int, height: int, width: int, low: int) -> np.ndarray:
    """Return whole numbers from ``low`` on, each once, shuffled: no ties."""
    numbers = np.random.default_rng(seed).permutation(height * width) + low
    return numbers.reshape(height, width).astype(np.float64)


def _probe(note: str, x: np.ndarray, size: Any, *stride: Any) -> Probe:
    return Probe((x, size), tuple(("stride", s) for s in stride), note=note)


_FOUR_BY_SIX = np.array(
    [[1.0, 5, 2, 0, -3, 4], [3, -1, 8, 6, 7, 0], [-4, 2, 9, 1, 3, 5], [6, 0, -2, 4, 1, -1]]
)
_NEGATIVE = _distinct(1, 4, 6, -30)
_TIES = np.array([[2.0, 1, 5, 5, 0, 0], [2, 2, 5, 1, 0, 0], [3, 5, -1, -4, 2, 5], [5, 0, -1, -1, 5, 2]])
_FRACTIONS = _distinct(2, 5, 4, -9) / 4

_LAYOUTS = (
    _probe("2×2 windows, a row and a column are left over", _distinct(3, 5, 7, -15), 2),
    _probe("windows of 2 rows and 3 columns", _distinct(4, 5, 9, -20), (2, 3)),
    _probe("stride 1: windows overlap", _distinct(5, 3, 5, -7), 2, 1),
    _probe("stride 2, windows of 3", _distinct(6, 7, 6, -20), 3, 2),
    _probe("stride 3: windows apart", _distinct(7, 6, 8, -20), 2, 3),
    _probe("stride 1 down, 3 to the right", _distinct(8, 5, 8, -20), (3, 2), (1, 3)),
    _probe("2×2 windows, stride 1 down and 2 to the right", _distinct(11, 4, 6, -12), 2, (1, 2)),
    _probe("one window", _distinct(9, 3, 4, -8), (3, 4)),
    _probe("one stride for both axes, unequal windows", _distinct(10, 8, 6, -20), (4, 1), 2),
)

MAX_POOL2D = Exercise(
    name="max_pool2d",
    number="2.2",
    signature="max_pool2d(x[H,W], size, stride=None) -> (values, indices)",
    reference=max_pool2d,
    probes=(
        _probe("2×2 windows", _FOUR_BY_SIX, 2),
        _probe("all negative", _NEGATIVE, 2),
        _probe("ties: the first maximum counts", _TIES, 2),
        *_LAYOUTS,
        _probe("float32 input", _FRACTIONS.astype(np.float32), (2, 3), 1),
    ),
    misconceptions=MAX_MISTAKES,
    hints=(
        "Two loops over the output cells: cell (i, j) looks at the window that starts at (i · stride_y, j · "
        "stride_x). How many cells are there? Your conv_output_size knows.",
        "np.argmax(window) counts within the window, row by row. np.unravel_index(number, window.shape), or "
        "// and % by the window's width, turn that into a row and a column of the window.",
        "Add the window's start to get the row and column in x. In a flat x, every row above holds W cells: "
        "index = row · W + column.",
    ),
)

AVG_POOL2D = Exercise(
    name="avg_pool2d",
    number="2.3",
    signature="avg_pool2d(x[H,W], size, stride=None) -> values",
    reference=avg_pool2d,
    probes=(
        _probe("2×2 windows", _FOUR_BY_SIX, 2),
        _probe("fractions, and values of both signs", _TIES - 1, 2),
        _probe("zeros count as well", np.array([[0.0, 4, 0, 0, 8, 0], [0, 0, 2, -2, 4, 0]]), (1, 2)),
        *_LAYOUTS,
        _probe("float32 input", _FRACTIONS.astype(np.float32), (2, 3), 1),
    ),
    misconceptions=AVERAGE_MISTAKES,
    hints=(
        "It is max pooling without the indices, and with another number taken from each window.",
        "Every cell of the window counts, zeros and negative values too. By how many cells do you divide?",
    ),
)
