"""Boxes of rows and columns, and how much of a gradient lies in one."""

from __future__ import annotations

import math

import numpy as np

Lines = tuple[int, int]  # the first and the last
Box = tuple[Lines, Lines]  # rows and columns


def box_of(mask: np.ndarray) -> Box | None:
    """Return the smallest box around the true pixels, None without any."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return (_ends(rows), _ends(columns)) if len(rows) else None


def _ends(values: np.ndarray) -> Lines:
    return int(values[0]), int(values[-1])


def extent(box: Box) -> tuple[int, int]:
    """Return height and width."""
    return box[0][1] - box[0][0] + 1, box[1][1] - box[1][0] + 1


def middle(box: Box, scale: float) -> Box:
    """Return the central part of a box, ``scale`` of its height and width, rounded up to keep its center."""

    def shrink(first: int, last: int) -> Lines:
        size = last - first + 1
        trim = math.floor((size - scale * size) / 2 + 1e-9)
        return first + trim, last - trim

    return shrink(*box[0]), shrink(*box[1])


def slices(box: Box) -> tuple[slice, slice]:
    """Return the slices of an image that the box covers, as far as it lies inside."""
    (top, bottom), (left, right) = box
    return slice(max(top, 0), max(bottom + 1, 0)), slice(max(left, 0), max(right + 1, 0))


def smallest(effective: np.ndarray, unclipped: Box, box: Box, share: float) -> Box:
    """Return the smallest part of the field's center and proportions that holds ``share``, inside ``box``."""
    steps = max(extent(unclipped))
    if steps == 0:  # no pixel at all
        return box
    low, high = 1, steps
    while low < high:  # the share grows with the part
        half = (low + high) // 2
        part = middle(unclipped, half / steps)
        if effective[slices(part)].sum() >= share - 1e-12:
            high = half
        else:
            low = half + 1
    part = middle(unclipped, low / steps)
    clip = [(max(a, first), min(b, last)) for (a, b), (first, last) in zip(part, box, strict=True)]
    return clip[0], clip[1]
