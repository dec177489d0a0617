"""How people get average pooling wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...ops import avg_pool2d
from ..exercise import Misconception
from ..results import fractions_cut_off
from .window_mistakes import Count, Pool, Summary, pair, pooled, right, window_mistakes

Array = np.ndarray


def _values(x: Array, size: Any, stride: Any = None, *, summary: Summary, count: Count = right) -> Array:
    return pooled(x, size, stride, summary=summary, count=count)[0]


def _of(value: Callable[[Array], Any]) -> Pool:
    return partial(_values, summary=lambda window, top, left, x: (float(value(window)), 0))


def _divided(divisor: Callable[[tuple[int, int], tuple[int, int]], float]) -> Pool:
    """Divide the sum by a function of the pairs size and stride."""

    def wrong(x: Array, size: Any, stride: Any = None) -> Array:
        area = pair(size)[0] * pair(size)[1]
        by = divisor(pair(size), pair(size if stride is None else stride))
        return avg_pool2d(x, size, stride) * (area / by)

    return wrong


def _counted(keep: Callable[[Array], Array]) -> Callable[[Array], float]:
    """Average the cells that ``keep`` marks; 0 when there are none."""
    return lambda window: window[keep(window)].mean() if keep(window).any() else 0.0


AVERAGE_MISTAKES = (
    Misconception(
        "sum instead of average",
        "The average is the sum divided by the number of cells in the window. Yours is not divided.",
        (_of(np.sum),),
    ),
    Misconception(
        "divided by the wrong number",
        "A window has rows · columns cells, and you divide by that number. Yours divides by another one.",
        tuple(
            _divided(divisor)
            for divisor in (
                lambda size, stride: size[0],
                lambda size, stride: size[1],
                lambda size, stride: size[0] + size[1],
                lambda size, stride: stride[0] * stride[1],
                lambda size, stride: size[0] ** 2,
                lambda size, stride: size[1] ** 2,
                lambda size, stride: size[0] * size[1] - 1,
                lambda size, stride: size[0] * size[1] + 1,
                lambda size, stride: 4,
            )
        ),
    ),
    Misconception(
        "average over some cells only",
        "Every cell of the window counts, zeros and negative values too. Yours leaves some out of the count.",
        (
            _of(_counted(lambda window: window != 0)),
            _of(_counted(lambda window: window > 0)),
            _of(_counted(lambda window: window >= 0)),
            _of(lambda window: np.maximum(window, 0).mean()),
            _of(lambda window: np.unique(window).mean()),
        ),
    ),
    Misconception(
        "signs lost",
        "Negative values pull the average down: keep their signs.",
        (
            _of(lambda window: np.abs(window).mean()),
            _of(lambda window: abs(window.mean())),
            _of(lambda window: max(window.mean(), 0)),
        ),
    ),
    Misconception(
        "another number instead of the average",
        "The average is the sum of all cells divided by their number. Yours takes the middle, the largest "
        "or the smallest value, or one fixed cell.",
        tuple(
            _of(value)
            for value in (
                np.max,
                np.min,
                np.median,
                lambda window: (window.max() + window.min()) / 2,
                lambda window: window[0, 0],
                lambda window: window[-1, -1],
                lambda window: np.sqrt((window**2).mean()),
                np.std,
            )
        ),
    ),
    Misconception(
        "average along one axis only",
        "The average runs over rows and columns of the window: one number for each window.",
        (
            _of(lambda window: window[0].mean()),
            _of(lambda window: window[:, 0].mean()),
            lambda x, size, stride=None: avg_pool2d(
                x, (pair(size)[0], 1), pair(size if stride is None else stride)
            ),
            lambda x, size, stride=None: avg_pool2d(
                x, (1, pair(size)[1]), pair(size if stride is None else stride)
            ),
        ),
    ),
    fractions_cut_off(avg_pool2d),
    *window_mistakes(avg_pool2d, _values, (lambda window, top, left, x: (window.mean(), 0),)),
)
