"""How people get max pooling and its indices wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...ops import max_pool2d
from ..exercise import Misconception
from .window_mistakes import Pool, Summary, pair, pooled, window_mistakes

Array = np.ndarray


def _flat(place: int, window: Array, top: int, left: int, x: Array) -> int:
    """Return the index into x of a place counted within the window."""
    row, column = divmod(place, window.shape[1])
    return (top + row) * x.shape[1] + left + column


def _right(window: Array, top: int, left: int, x: Array) -> tuple[float, int]:
    return window.max(), _flat(int(window.argmax()), window, top, left, x)


def _chosen(score: Callable[[Array], Array], value: Callable[[Array], Array] = np.asarray) -> Pool:
    """Take the cell with the best score instead of the largest, and return ``value`` of it."""

    def summary(window: Array, top: int, left: int, x: Array) -> tuple[float, int]:
        place = int(np.argmax(score(window)))
        return float(value(window.flat[place])), _flat(place, window, top, left, x)

    return partial(pooled, summary=summary)


def _from_zero(start: Callable[[int, int, Array], int]) -> Pool:
    """Begin with the maximum 0 and an index that stays when no value is larger."""

    def summary(window: Array, top: int, left: int, x: Array) -> tuple[float, int]:
        return _right(window, top, left, x) if window.max() > 0 else (0.0, start(top, left, x))

    return partial(pooled, summary=summary)


def _valued(value: Callable[[Array], float]) -> tuple[Pool, ...]:
    """Return another number, with the index of the maximum, and with none."""
    with_index: Summary = lambda window, top, left, x: (value(window), _right(window, top, left, x)[1])  # noqa: E731
    without: Summary = lambda window, top, left, x: (value(window), 0)  # noqa: E731
    return partial(pooled, summary=with_index), partial(pooled, summary=without)


def _indexed(*indices: Callable[[int, int, int, int, Array, Array], int]) -> tuple[Pool, ...]:
    """Return right values with wrong indices, from (row and column in the window, top, left, window, x)."""

    def summary(
        window: Array, top: int, left: int, x: Array, *, index: Callable[..., int]
    ) -> tuple[float, int]:
        row, column = divmod(int(window.argmax()), window.shape[1])
        return window.max(), index(row, column, top, left, window, x)

    wrong = tuple(partial(pooled, summary=partial(summary, index=index)) for index in indices)
    return wrong + tuple(partial(_float_indices, pool=pool) for pool in wrong)


def _float_indices(*args: Any, pool: Pool, **options: Any) -> tuple[Array, Array]:
    values, indices = pool(*args, **options)
    return values, indices.astype(np.float64)


def _arranged(arrange: Callable[[Array, Array, Array], Any]) -> Pool:
    """Return what ``arrange`` makes of values, indices and x."""

    def wrong(x: Array, size: Any, stride: Any = None) -> Any:
        return arrange(*max_pool2d(x, size, stride), x)

    return wrong


def _by_output(x: Array, size: Any, stride: Any = None, *, length: Callable[[Array, Array], int]) -> Any:
    values, indices = max_pool2d(x, size, stride)
    rows, columns = np.divmod(indices, x.shape[1])
    return values, rows * length(values, x) + columns


def _numbered(x: Array, size: Any, stride: Any = None) -> tuple[Array, Array]:
    values, _ = max_pool2d(x, size, stride)
    return values, np.arange(values.size).reshape(values.shape)


def _without_stride(x: Array, size: Any, stride: Any = None) -> tuple[Array, Array]:
    values, indices = max_pool2d(x, size, stride)
    sy, sx = pair(size if stride is None else stride)
    i, j = np.indices(values.shape)
    return values, indices - (i * (sy - 1)) * x.shape[1] - j * (sx - 1)


def _last(window: Array, top: int, left: int, x: Array) -> tuple[float, int]:
    return window.max(), _flat(window.size - 1 - int(window.ravel()[::-1].argmax()), window, top, left, x)


def _first_down(window: Array, top: int, left: int, x: Array) -> tuple[float, int]:
    column, row = divmod(int(window.T.argmax()), window.shape[0])
    return window.max(), (top + row) * x.shape[1] + left + column


MAX_MISTAKES = (
    Misconception(
        "index within the window",
        "The index says where the maximum lies in the whole of x, counted row by row. Yours counts within "
        "the window, so unpooling could not put the value back.",
        _indexed(
            lambda r, c, top, left, window, x: r * window.shape[1] + c,
            lambda r, c, top, left, window, x: c * window.shape[0] + r,
            lambda r, c, top, left, window, x: r * x.shape[1] + c,
        ),
    ),
    Misconception(
        "window's start instead of the maximum's place",
        "The index says where the maximum lies in x. Yours says where its window starts, or which window "
        "it is.",
        (
            *_indexed(lambda r, c, top, left, window, x: top * x.shape[1] + left),
            _numbered,
        ),
    ),
    Misconception(
        "stride left out of the index",
        "The window of output cell (i, j) starts at row i · stride and column j · stride of x. Your index "
        "counts from row i and column j.",
        (_without_stride, partial(_float_indices, pool=_without_stride)),
    ),
    Misconception(
        "row or column instead of one flat index",
        "One whole number says where the maximum lies: row · W + column. Yours keeps row and column apart, "
        "or gives one of them.",
        (
            *_indexed(
                lambda r, c, top, left, window, x: top + r,
                lambda r, c, top, left, window, x: left + c,
                lambda r, c, top, left, window, x: r,
                lambda r, c, top, left, window, x: c,
                lambda r, c, top, left, window, x: top + r + left + c,
            ),
            _arranged(lambda values, indices, x: (values, np.stack(np.divmod(indices, x.shape[1])))),
            _arranged(lambda values, indices, x: (values, np.stack(np.divmod(indices, x.shape[1]), axis=-1))),
            _arranged(lambda values, indices, x: (values, np.divmod(indices, x.shape[1]))),
            _arranged(lambda values, indices, x: (values, *np.divmod(indices, x.shape[1]))),
        ),
    ),
    Misconception(
        "wrong row length in the index",
        "In a flat x every row above holds W cells, the width of x: index = row · W + column. "
        "Yours multiplies by another number.",
        (
            *_indexed(
                lambda r, c, top, left, window, x: (top + r) * x.shape[0] + left + c,
                lambda r, c, top, left, window, x: (left + c) * x.shape[0] + top + r,
                lambda r, c, top, left, window, x: (left + c) * x.shape[1] + top + r,
                lambda r, c, top, left, window, x: (top + r) * window.shape[1] + left + c,
                lambda r, c, top, left, window, x: (top + r) * (x.shape[1] - 1) + left + c,
            ),
            partial(_by_output, length=lambda values, x: values.shape[1]),
        ),
    ),
    Misconception(
        "indices counted from 1",
        "Indices count from 0: the first cell of x is number 0.",
        _indexed(lambda r, c, top, left, window, x: (top + r) * x.shape[1] + left + c + 1),
    ),
    Misconception(
        "last maximum wins",
        "When the maximum stands in a window more than once, the first one counts (row by row): replace it "
        "only when a value is larger (>), not when it is equal.",
        (
            partial(pooled, summary=_last),
            partial(_float_indices, pool=partial(pooled, summary=_last)),
            partial(pooled, summary=_first_down),
        ),
    ),
    Misconception(
        "index of an equal value elsewhere",
        "The same value may stand in x more than once. Look for the maximum inside the window, not in all "
        "of x.",
        _indexed(lambda r, c, top, left, window, x: int(np.flatnonzero(x == window.max())[0])),
    ),
    Misconception(
        "maximum starts at 0",
        "When all values of a window are negative, the maximum is negative too. Start with the window's "
        "first value (or −inf), not with 0.",
        (
            _from_zero(lambda top, left, x: 0),
            _from_zero(lambda top, left, x: -1),
            _from_zero(lambda top, left, x: top * x.shape[1] + left),
            partial(
                pooled,
                summary=lambda window, top, left, x: (max(window.max(), 0), _right(window, top, left, x)[1]),
            ),
        ),
    ),
    Misconception(
        "largest absolute value",
        "−9 is smaller than 2: the sign counts. Yours compares distances from 0.",
        (_chosen(np.abs), _chosen(np.abs, np.abs)),
    ),
    Misconception(
        "minimum instead of maximum",
        "Max pooling keeps the largest value of each window. Yours keeps the smallest.",
        (
            _chosen(np.negative),
            *_valued(np.min),
        ),
    ),
    Misconception(
        "another number instead of the maximum",
        "Max pooling keeps one cell of each window: the largest. Yours keeps an average, a sum, or a fixed "
        "cell.",
        (
            *_valued(np.mean),
            *_valued(np.sum),
            *_valued(np.median),
            *_valued(lambda window: window[0, 0]),
            *_valued(lambda window: window[-1, -1]),
            _chosen(lambda window: np.arange(window.size)[::-1]),
            _chosen(lambda window: np.arange(window.size)),
        ),
    ),
    Misconception(
        "results in the wrong order",
        "Return the values first, then the indices. Yours come the other way round.",
        (_arranged(lambda values, indices, x: (indices, values)),),
    ),
    Misconception(
        "only one of the two results",
        "Return both: `return values, indices`. The indices say where each value came from.",
        (
            _arranged(lambda values, indices, x: values),
            _arranged(lambda values, indices, x: indices),
        ),
    ),
    Misconception(
        "indices are not whole numbers",
        "An index picks a cell, so it is an int. Make the array of indices with dtype=int.",
        (partial(_float_indices, pool=max_pool2d),),
    ),
    *window_mistakes(
        max_pool2d,
        pooled,
        (
            _right,
            lambda window, top, left, x: (window.max(), int(window.argmax())),
        ),
    ),
)
