"""How people place the windows wrong: shared by max and average pooling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..exercise import Misconception

Array = np.ndarray
Pool = Callable[..., Any]
Summary = Callable[[Array, int, int, Array], tuple[float, int]]  # of window, top, left, x: value and index
Count = Callable[[int, int, int], int]  # number of windows, from n, size, stride along one axis


def pair(value: Any) -> tuple[int, int]:
    """Return (y, x) of an int or a pair."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def right(n: int, k: int, s: int) -> int:
    """Return the right number of windows."""
    return (n - k) // s + 1


def pooled(x: Array, size: Any, stride: Any = None, *, summary: Summary, count: Count = right) -> Any:
    """Pool with any summary of a window and any number of windows; those at the end may be incomplete."""
    (kh, kw), (sy, sx) = pair(size), pair(size if stride is None else stride)
    shape = count(x.shape[0], kh, sy), count(x.shape[1], kw, sx)
    values, indices = np.zeros(shape), np.zeros(shape, int)
    for i, j in np.ndindex(shape):
        top, left = i * sy, j * sx
        window = x[top : top + kh, left : left + kw]
        if window.size:
            values[i, j], indices[i, j] = summary(window, top, left, x)
    return values, indices


def each(result: Any, change: Callable[[Array], Array]) -> Any:
    """Change an array, or each array of a pair."""
    return tuple(map(change, result)) if isinstance(result, tuple) else change(result)


def with_arguments(pool: Pool, change: Callable[..., tuple[Any, Any]]) -> Pool:
    """Change the pairs (size, stride) first."""

    def wrong(x: Array, size: Any, stride: Any = None) -> Any:
        return pool(x, *change(pair(size), pair(size if stride is None else stride)))

    return wrong


def with_result(pool: Pool, change: Callable[[Array], Array]) -> Pool:
    """Change the right result."""
    return lambda x, size, stride=None: each(pool(x, size, stride), change)


def _filled(out: Array, rows: int, columns: int) -> Array:
    return np.pad(out[: out.shape[0] - rows, : out.shape[1] - columns], ((0, rows), (0, columns)))


def _default_of_one(x: Array, size: Any, stride: Any = None, *, pool: Pool) -> Any:
    return pool(x, size, 1 if stride is None else stride)


def _one_apart(x: Array, size: Any, stride: Any = None, *, pool: Pool) -> Any:
    sy, sx = pair(size if stride is None else stride)
    height, width = right(x.shape[0], pair(size)[0], sy), right(x.shape[1], pair(size)[1], sx)
    return each(pool(x, size, 1), lambda out: out[:height, :width])


def _turned(x: Array, size: Any, stride: Any = None, *, pool: Pool) -> Any:
    return pool(np.ascontiguousarray(x.T), size, stride)


def _padded(x: Array, size: Any, stride: Any = None, *, pool: Pool) -> Any:
    (kh, kw), (sy, sx) = pair(size), pair(size if stride is None else stride)
    missing = [-(n - k) % s for n, k, s in zip(x.shape, (kh, kw), (sy, sx), strict=True)]
    return pool(np.pad(x, [(0, m) for m in missing]), size, stride)


def _listed(*args: Any, pool: Pool) -> Any:
    """Give an array without rows the shape (0,), as np.array of an empty list has."""
    return each(pool(*args), lambda out: out if len(out) else np.zeros(0, out.dtype))


def _own_swap(size: tuple[int, int], stride: tuple[int, int]) -> tuple[Any, Any]:
    return size[::-1], stride[::-1]


def window_mistakes(pool: Pool, loose: Pool, summaries: tuple[Summary, ...]) -> tuple[Misconception, ...]:
    """Return the mistakes for ``pool``.

    ``loose`` is :func:`pooled`, or gives a part of its result; ``summaries`` are what may be made of an
    incomplete window.
    """

    def arguments(*changes: Callable[..., tuple[Any, Any]]) -> tuple[Pool, ...]:
        return tuple(with_arguments(pool, change) for change in changes)

    def results(*changes: Callable[[Array], Array]) -> tuple[Pool, ...]:
        return tuple(with_result(pool, change) for change in changes)

    def counts(*counts: Count) -> tuple[Pool, ...]:
        return tuple(partial(loose, summary=s, count=count) for count in counts for s in summaries)

    def listed(*listed: Count) -> tuple[Pool, ...]:
        return tuple(partial(_listed, pool=wrong) for wrong in counts(*listed))

    return (
        Misconception(
            "stride of 1 by default",
            "Without a stride, pooling windows stand side by side: stride = size. Yours moves on by one "
            "cell.",
            (partial(_default_of_one, pool=pool),),
        ),
        Misconception(
            "stride ignored",
            "When a stride is given, the window at output cell (i, j) starts at (i · stride, j · stride). "
            "Yours starts somewhere else.",
            (
                lambda x, size, stride=None: pool(x, size),
                lambda x, size, stride=None: pool(x, size, 1),
                partial(_one_apart, pool=pool),
            ),
        ),
        Misconception(
            "one number for both axes",
            "size and stride may be pairs (y, x): y counts down, x to the right. Yours takes one number for "
            "both axes.",
            arguments(
                lambda size, stride: (size[0], stride),
                lambda size, stride: (size[1], stride),
                lambda size, stride: (size, stride[0]),
                lambda size, stride: (size, stride[1]),
                lambda size, stride: (size[0], stride[0]),
                lambda size, stride: (size[1], stride[1]),
            ),
        ),
        Misconception(
            "stride along one axis only",
            "The stride holds down and to the right. Yours jumps along one axis and walks cell by cell "
            "along the other.",
            arguments(
                lambda size, stride: (size, (stride[0], 1)),
                lambda size, stride: (size, (1, stride[1])),
            ),
        ),
        Misconception(
            "height and width swapped",
            "Rows come first: shapes are (height, width), and pairs are (y, x), y for down and x for right. "
            "Somewhere yours uses them the other way round.",
            (
                *arguments(
                    _own_swap,
                    lambda size, stride: (size[::-1], stride),
                    lambda size, stride: (size, stride[::-1]),
                ),
                *results(lambda out: out.T, lambda out: out.reshape(out.shape[::-1])),
                partial(_turned, pool=pool),
                lambda x, size, stride=None: each(_turned(x, size, stride, pool=pool), np.transpose),
            ),
        ),
        Misconception(
            "incomplete windows counted",
            "Only windows that lie inside x completely count; rows and columns left over at the end are "
            "dropped. Yours cuts the last windows short, or fills them up.",
            (
                *counts(
                    lambda n, k, s: -((n - k) // -s) + 1,
                    lambda n, k, s: min(-((n - k) // -s) + 1, -(n // -s)),
                    lambda n, k, s: -(n // -s),
                    lambda n, k, s: n // s,
                    lambda n, k, s: (n - k) // s + 2,
                    lambda n, k, s: (n - 1) // s + 1,
                ),
                partial(_padded, pool=pool),
            ),
        ),
        Misconception(
            "last window missing",
            "Your windows end one too early. There are (n − size) // stride + 1 of them, and range(m) "
            "leaves m out: the last one may end exactly with x.",
            (
                *results(
                    lambda out: out[:-1, :-1],
                    lambda out: out[:-1],
                    lambda out: out[:, :-1],
                    lambda out: _filled(out, 1, 1),
                    lambda out: _filled(out, 1, 0),
                    lambda out: _filled(out, 0, 1),
                ),
                *counts(lambda n, k, s: (n - k) // s, lambda n, k, s: -((n - k) // -s)),
                *listed(lambda n, k, s: -((n - k) // -s)),
            ),
        ),
        Misconception(
            "number of windows without the stride",
            "How many windows fit depends on size and stride: (n − size) // stride + 1 along each axis.",
            counts(lambda n, k, s: n // k, lambda n, k, s: n - k + 1),
        ),
    )
