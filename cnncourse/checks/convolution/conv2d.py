"""Exercise 1.2: the convolution of one image with one kernel."""

from __future__ import annotations

import numpy as np

from ...ops import conv2d
from ..exercise import Exercise, Probe
from .conv2d_mistakes import MISTAKES


def integers(seed: int, *shape: int) -> np.ndarray:
    """Return small whole numbers as float64, of both signs, so that a card stays readable."""
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(np.float64)


def _probe(note: str, image: np.ndarray, kernel: np.ndarray, **options: object) -> Probe:
    return Probe((image, kernel), tuple(options.items()), note=note)


_IMAGE = np.array([[1.0, 2, 0, 3, 1], [4, -1, 2, 1, 0], [0, 5, 3, -2, 2], [2, 1, -3, 0, 4]])
_KERNEL = np.array([[1.0, 0], [2, -1]])
_SMALL = np.array([[2.0, 0, -1], [1, 3, 0], [0, -2, 1]])

EXERCISE = Exercise(
    name="conv2d",
    number="1.2",
    signature="conv2d(image[H,W], kernel[kh,kw], stride=1, padding=0) -> [H',W']",
    reference=conv2d,
    probes=(
        _probe("a 2×2 kernel on a 4×5 image", _IMAGE, _KERNEL),
        _probe("a kernel of 2 rows and 3 columns", integers(1, 5, 7), integers(2, 2, 3)),
        _probe("padding 1", integers(3, 4, 5), _SMALL, stride=1, padding=1),
        _probe("stride 2, a row is left over", integers(4, 5, 6), integers(5, 2, 2), stride=2),
        _probe(
            "padding of 1 row above and below, none at the sides",
            integers(6, 4, 6),
            integers(7, 2, 3),
            stride=1,
            padding=(1, 0),
        ),
        _probe("stride 2 along rows only", integers(8, 7, 6), integers(9, 3, 2), stride=(1, 2)),
        _probe("stride 3 down, 2 to the right", integers(10, 9, 7), integers(11, 3, 2), stride=(3, 2)),
        _probe("padding 1 and 2", integers(12, 5, 4), integers(13, 4, 3), stride=1, padding=(1, 2)),
        _probe("stride 2 and padding 1", integers(14, 6, 8), _SMALL, stride=2, padding=1),
        _probe("all unequal", integers(15, 7, 8), integers(16, 4, 2), stride=(2, 3), padding=(2, 1)),
        _probe("a 1×1 kernel, stride 2", integers(17, 5, 4), np.array([[3.0]]), stride=2),
        _probe("a kernel as large as the image", integers(18, 3, 4), integers(19, 3, 4)),
        _probe("fractions", integers(20, 4, 5) / 4, integers(21, 3, 2) / 2),
        _probe(
            "float32 input",
            (integers(22, 5, 3) / 8).astype(np.float32),
            integers(23, 1, 3).astype(np.float32),
            stride=1,
            padding=(0, 1),
        ),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Start with the size: how many positions are there down, and how many to the right? "
        "Your conv_output_size knows, once for each axis.",
        "Make a zero array of the padded size and write the image into its middle. From then on there is no "
        "padding to think about.",
        "Output cell (i, j) looks at the window whose first cell is (i · stride_y, j · stride_x). Multiply "
        "it with the kernel cell by cell, as it is, and add the products up.",
    ),
)
