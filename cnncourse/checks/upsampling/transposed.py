"""Exercise 7.3: the transposed convolution of one map with one kernel."""

from __future__ import annotations

import numpy as np

from ...ops import conv_transpose2d
from ..exercise import Exercise, Probe
from .grids import Array, distinct
from .transposed_mistakes import MISTAKES


def _probe(note: str, x: Array, kernel: Array, **options: object) -> Probe:
    return Probe((x, kernel), tuple(options.items()), note=note)


_X = np.array([[1.0, 2, -1], [3, 0, 4]])
_KERNEL = np.array([[1.0, 0, 2], [3, -1, 5]])

EXERCISE = Exercise(
    name="conv_transpose2d",
    number="7.3",
    signature="conv_transpose2d(x[H,W], kernel[kh,kw], stride=1, padding=0) -> [H',W']",
    reference=conv_transpose2d,
    probes=(
        _probe("one cell: one stamp", np.array([[2.0]]), _KERNEL),
        _probe("a kernel of 2 rows and 3 columns", _X, _KERNEL),
        _probe("stride 2: stamps overlap by a column", _X, _KERNEL, stride=2),
        _probe("stride 3: stamps side by side or apart", _X, _KERNEL, stride=3),
        _probe("stride 2 and padding 1", distinct(1, 3, 4, -5), distinct(2, 4, 3, -4), stride=2, padding=1),
        _probe("padding 1", distinct(3, 3, 4, -5), distinct(4, 3, 3, -3), stride=1, padding=1),
        _probe("stride 1 down, 3 to the right", distinct(5, 4, 3, -6), distinct(6, 3, 4, -5), stride=(1, 3)),
        _probe(
            "padding of 2 rows, none at the sides",
            distinct(7, 4, 3, -6),
            distinct(8, 3, 2, -2),
            stride=1,
            padding=(2, 0),
        ),
        _probe("all unequal", distinct(9, 3, 4, -6), distinct(10, 4, 5, -9), stride=(3, 2), padding=(1, 2)),
        _probe("a 1×1 kernel, stride 2", distinct(11, 3, 2, -2), np.array([[3.0]]), stride=2),
        _probe("fractions", distinct(12, 2, 4, -3, 0.25), distinct(13, 3, 2, -2, 0.5), stride=2),
        _probe(
            "float32 input",
            distinct(14, 4, 2, -3, 0.25).astype(np.float32),
            distinct(15, 2, 4, -3, 0.5).astype(np.float32),
            stride=(2, 1),
            padding=(0, 1),
        ),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Begin with a canvas of zeros that holds all stamps: (H − 1) · stride + kh rows. Crop at the end.",
        "Two loops over the cells of x: the stamp x[i, j] · kernel is added (+=) to the rows i · sy to "
        "i · sy + kh of the canvas, and to the columns likewise.",
        "Then cut py rows off the top and the bottom and px columns off both sides. out[py:-py] fails when "
        "py is 0; count from the front instead: out[py : rows − py].",
    ),
)
