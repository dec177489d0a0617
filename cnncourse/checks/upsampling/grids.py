"""What the mistakes of this room are made of: maps of distinct numbers, and steps that several share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..exercise import Misconception

Array = np.ndarray
Wrong = Callable[..., Any]


def distinct(seed: int, height: int, width: int, low: int = -9, unit: float = 1.0) -> Array:
    """Return numbers from ``low`` on, each once, shuffled, in steps of ``unit``."""
    numbers = np.random.default_rng(seed).permutation(height * width) + low
    return numbers.reshape(height, width) * unit


def pair(value: Any) -> tuple[int, int]:
    """Return (y, x) of an int or a pair."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def after(right: Wrong, *changes: Callable[[Array], Any]) -> tuple[Wrong, ...]:
    """Return ``right`` with its result changed, once for each change."""

    def one(change: Callable[[Array], Any]) -> Wrong:
        return lambda *args, **options: change(right(*args, **options))

    return tuple(map(one, changes))


def shortened(rows: int, columns: int, *, filled: bool = False) -> Callable[[Array], Array]:
    """Return a change that drops the last rows and columns, or leaves them 0."""

    def change(out: Array) -> Array:
        kept = out[: out.shape[0] - rows, : out.shape[1] - columns]
        return np.pad(kept, ((0, rows), (0, columns))) if filled else kept

    return change


def last_row_missing(right: Wrong, *others: Wrong) -> Misconception:
    """Return the mistake of a result that ends too early."""
    changes = [
        shortened(*sides, filled=filled) for sides in ((1, 1), (1, 0), (0, 1)) for filled in (False, True)
    ]
    return Misconception(
        "output one short",
        "The last row or column of your result is missing, or was never filled. Count the cells of the "
        "output again; range(m) leaves m out.",
        (*after(right, *changes), *others),
    )


def turned(right: Wrong, *others: Wrong) -> Misconception:
    """Return the mistake of rows taken for columns."""

    def input_turned(x: Array, *args: Any, **options: Any) -> Any:
        return right(np.ascontiguousarray(x.T), *args, **options)

    return Misconception(
        "height and width swapped",
        "Rows come first: shapes are (height, width). Somewhere yours uses them the other way round.",
        (
            *after(right, np.transpose, lambda out: out.reshape(out.shape[::-1])),
            input_turned,
            *others,
        ),
    )
