"""Exercise 7.5: put each maximum back to where pooling found it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops import max_pool2d, max_unpool2d
from ..exercise import Exercise, Probe
from .grids import Array, distinct
from .unpooling_mistakes import MISTAKES


def _pooled(note: str, x: Array, size: Any, stride: Any = None) -> Probe:
    """Return the probe that undoes one pooling; its windows do not overlap, so that no index repeats."""
    values, indices = max_pool2d(x, size, stride)
    return Probe((values, indices, x.shape), note=note)


EXERCISE = Exercise(
    name="max_unpool2d",
    number="7.5",
    signature="max_unpool2d(values[h,w], indices[h,w], output_shape) -> [H,W]",
    reference=max_unpool2d,
    probes=(
        _pooled("2×2 windows", distinct(1, 4, 6, -11, 0.5), 2),
        _pooled("all negative", distinct(2, 4, 6, -30), 2),
        _pooled("odd sizes: the last row and column were in no window", distinct(3, 5, 7, -15, 0.25), 2),
        _pooled("taller than wide", distinct(4, 7, 3, -15), 2),
        _pooled("windows of 2 rows and 3 columns", distinct(5, 5, 9, -20, 0.5), (2, 3)),
        _pooled("windows apart", distinct(6, 8, 7, -40, 1.5), 2, 3),
        Probe((np.array([[2.5, -1.5]]), np.array([[5, 0]]), (2, 3)), note="any order of indices"),
        Probe(
            (np.array([[-4.0, 0.5], [3.0, 7.0]]), np.array([[1, 0], [3, 2]]), (5, 4)),
            note="all in the first row",
        ),
        _pooled("float32 values", distinct(7, 6, 4, -10, 0.25).astype(np.float32), (3, 2)),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Everything but the maxima is 0: begin with np.zeros. How many cells, before it gets its shape?",
        "The indices are flat: out.flat[k] is cell number k in reading order, whatever the shape of out.",
        "One assignment does it: out.flat[indices] = values. With loops: row, column = divmod(index, W).",
    ),
)
