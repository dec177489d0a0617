"""The exercise of lesson 00: cut a window out of an image."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Misconception, Probe

_IMAGE = np.arange(42.0).reshape(6, 7)


def crop(image: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    """Return the ``height`` × ``width`` window of ``image`` [H, W] whose first pixel is (``top``, ``left``).

    >>> crop(np.arange(12.0).reshape(3, 4), top=1, left=2, height=2, width=2)
    array([[ 6.,  7.],
           [10., 11.]])
    """
    return image[top : top + height, left : left + width]


EXERCISES = (
    Exercise(
        name="crop",
        number="0.1",
        signature="crop(image[H,W], top, left, height, width) -> [height, width]",
        reference=crop,
        probes=(
            Probe((_IMAGE, 1, 2, 3, 2), note="3 rows from row 1, 2 columns from column 2"),
            Probe((_IMAGE, 2, 1, 1, 4), note="a single row"),
            Probe((_IMAGE, 0, 0, 6, 7), note="the whole image"),
            Probe((_IMAGE, 5, 6, 1, 1), note="the last pixel"),
        ),
        misconceptions=(
            Misconception(
                "rows and columns swapped",
                "The first index of an array is the row (down), the second the column (right): "
                "image[row, column]. Your slices use them the other way round.",
                (
                    lambda image, top, left, height, width: image[left : left + width, top : top + height],
                    lambda image, top, left, height, width: image[left : left + height, top : top + width],
                    lambda image, top, left, height, width: image[top : top + width, left : left + height],
                ),
            ),
            Misconception(
                "size taken as end",
                "A slice is start:end, and its end is a position, not a length: "
                "the window ends at top + height.",
                (
                    lambda image, top, left, height, width: image[top:height, left:width],
                    lambda image, top, left, height, width: image[:height, :width],
                ),
            ),
            Misconception(
                "one row and column short",
                "A slice leaves out its end already: rows 1:4 are 1, 2 and 3. No −1 is needed.",
                (
                    lambda image, top, left, height, width: image[
                        top : top + height - 1, left : left + width - 1
                    ],
                ),
            ),
            Misconception(
                "one row and column too many",
                "A slice leaves out its end, so top:top+height has exactly `height` rows. No +1 is needed.",
                (
                    lambda image, top, left, height, width: image[
                        top : top + height + 1, left : left + width + 1
                    ],
                ),
            ),
            Misconception(
                "counted from 1",
                "Rows and columns are counted from 0: row 1 is the second row.",
                (
                    lambda image, top, left, height, width: image[
                        max(top - 1, 0) : max(top - 1, 0) + height,
                        max(left - 1, 0) : max(left - 1, 0) + width,
                    ],
                    lambda image, top, left, height, width: image[
                        top - 1 : top - 1 + height, left - 1 : left - 1 + width
                    ],
                ),
            ),
        ),
        hints=(
            "image[a:b, c:d] takes rows a to b − 1 and columns c to d − 1.",
            "The rows start at top and end before top + height. Which two numbers are that for the columns?",
        ),
    ),
)
