"""How people get max-unpooling wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops import max_unpool2d
from ..exercise import Misconception
from ..results import fractions_cut_off
from .grids import Array, Wrong, after, last_row_missing

Shape = tuple[int, int]
Spot = Callable[[int, int, int, int, int], tuple[int, int]]  # in the window: its rows, columns, index, H, W


def _cut(out: Array, shape: Shape) -> Array:
    """Return ``out`` in that shape: cut, or filled up with 0."""
    made = np.zeros(shape, out.dtype)
    rows, columns = (min(a, b) for a, b in zip(out.shape, shape, strict=True))
    made[:rows, :columns] = out[:rows, :columns]
    return made


def _windows(values: Array, shape: Shape) -> Shape:
    """Return the windows' size, as one would guess it."""
    return max(shape[0] // values.shape[0], 1), max(shape[1] // values.shape[1], 1)


def _in_window(spot: Spot, *, fixed: bool = False) -> Wrong:
    """Put each value at a spot of its own window; windows are 2×2 or as large as the shapes suggest."""

    def wrong(values: Array, indices: Array, shape: Shape) -> Array:
        rows, columns = (2, 2) if fixed else _windows(values, shape)
        out = np.zeros(
            (max(shape[0], values.shape[0] * rows), max(shape[1], values.shape[1] * columns)), values.dtype
        )
        for i, j in np.ndindex(values.shape):
            r, c = spot(rows, columns, int(indices[i, j]), *shape)
            out[i * rows + r, j * columns + c] = values[i, j]
        return _cut(out, shape)

    return wrong


def _at(*spots: Spot) -> tuple[Wrong, ...]:
    return tuple(_in_window(spot, fixed=fixed) for spot in spots for fixed in (False, True))


def _at_corner(*, fixed: bool) -> Wrong:
    """Count flat, but from the corner of the window."""

    def wrong(values: Array, indices: Array, shape: Shape) -> Array:
        rows, columns = (2, 2) if fixed else _windows(values, shape)
        i, j = np.indices(values.shape)
        corner = i * rows * shape[1] + j * columns
        return _placed(lambda indices, *shapes: indices + corner)(values, indices, shape)

    return wrong


def _filled(block: Callable[[int, int], Array], *, fixed: bool = False) -> Wrong:
    def wrong(values: Array, indices: Array, shape: Shape) -> Array:
        rows, columns = (2, 2) if fixed else _windows(values, shape)
        return _cut(np.kron(values, block(rows, columns)), shape)

    return wrong


def _placed(index: Callable[..., Any]) -> Wrong:
    """Put each value at ``index(indices, H, W, h, w)``, counted around the end of the map."""

    def wrong(values: Array, indices: Array, shape: Shape) -> Array:
        out = np.zeros(shape[0] * shape[1], values.dtype)
        out[index(indices, *shape, *values.shape) % out.size] = values
        return out.reshape(shape)

    return wrong


def _rows_columns(split: Callable[..., tuple[Array, Array]], *, around: bool) -> Wrong:
    """Put each value at ``split(indices, H, W, h, w)``: outside it raises, or wraps around."""

    def wrong(values: Array, indices: Array, shape: Shape) -> Array:
        out = np.zeros(shape, values.dtype)
        rows, columns = split(indices, *shape, *values.shape)
        if around:
            rows, columns = rows % shape[0], columns % shape[1]
        out[rows, columns] = values
        return out

    return wrong


def _row_lengths(*lengths: Callable[[int, int, int, int], int]) -> tuple[Wrong, ...]:
    def split(length: Callable[..., int], swap: bool) -> Callable[..., tuple[Array, Array]]:
        def parts(indices: Array, *shapes: int) -> tuple[Array, Array]:
            row, column = np.divmod(indices, length(*shapes))
            return (column, row) if swap else (row, column)

        return parts

    return tuple(
        _rows_columns(split(length, swap), around=around)
        for length in lengths
        for swap in (False, True)
        for around in (False, True)
        if swap or length is not _width
    )


def _width(height: int, width: int, h: int, w: int) -> int:
    return width


def _shaped(shape: Callable[..., Shape]) -> tuple[Wrong, ...]:
    """Make a map of another shape: flat indices then land elsewhere, are left out, or raise."""

    def flat(values: Array, indices: Array, output_shape: Shape) -> Array:
        made = shape(values, indices, output_shape)
        out = np.zeros(made[0] * made[1], values.dtype)
        out[indices] = values
        return out.reshape(made)

    def around(values: Array, indices: Array, output_shape: Shape) -> Array:
        made = shape(values, indices, output_shape)
        out = np.zeros(made[0] * made[1], values.dtype)
        out[indices % out.size] = values
        return out.reshape(made)

    def cut(values: Array, indices: Array, output_shape: Shape) -> Array:
        return _cut(max_unpool2d(values, indices, output_shape), shape(values, indices, output_shape))

    return flat, around, cut


def _with_values(change: Callable[[Array], Array]) -> Wrong:
    return lambda values, indices, shape: max_unpool2d(change(values), indices, shape)


def _on(start: Callable[[Array], float]) -> Wrong:
    """Begin with a map that is not 0."""

    def wrong(values: Array, indices: Array, shape: Shape) -> Array:
        out = np.full(shape, start(values), float)
        out.flat[indices] = values
        return out

    return wrong


def _largest(values: Array, indices: Array, shape: Shape) -> Array:
    out = np.zeros(shape)
    np.maximum.at(out.reshape(-1), indices, values)
    return out


def _in_order(values: Array, indices: Array, shape: Shape) -> Array:
    out = np.zeros(shape, values.dtype)
    out.flat[np.sort(indices, axis=None)] = values.ravel()
    return out


def _sorted(values: Array, indices: Array, shape: Shape) -> Array:
    out = np.zeros(shape, values.dtype)
    out.flat[indices] = np.sort(values, axis=None).reshape(values.shape)
    return out


def _marks(values: Array, indices: Array, shape: Shape) -> Array:
    return max_unpool2d(np.ones_like(values), indices, shape)


MISTAKES = (
    Misconception(
        "put into the top-left corner",
        "Each value goes back to the cell that its index names. Yours puts it at a fixed place of its "
        "window, and does not look at the indices.",
        _at(
            lambda rows, columns, index, height, width: (0, 0),
            lambda rows, columns, index, height, width: (rows - 1, columns - 1),
            lambda rows, columns, index, height, width: (rows // 2, columns // 2),
        ),
    ),
    Misconception(
        "copied to the whole window",
        "One cell of the window gets the value back, the others stay 0. Yours fills the window.",
        (
            *(_filled(lambda rows, columns: np.ones((rows, columns)), fixed=f) for f in (False, True)),
            *(
                _filled(lambda rows, columns: np.full((rows, columns), 1 / (rows * columns)), fixed=f)
                for f in (False, True)
            ),
        ),
    ),
    Misconception(
        "indices taken per window",
        "The indices count the cells of the whole map, row by row. Yours counts within a window, or from the "
        "window's corner.",
        (
            *_at(
                lambda rows, columns, index, height, width: divmod(index % (rows * columns), columns),
                lambda rows, columns, index, height, width: (index % rows, index // rows % columns),
            ),
            *_at(lambda rows, columns, index, height, width: divmod(index, columns)),
            *(_at_corner(fixed=fixed) for fixed in (False, True)),
        ),
    ),
    Misconception(
        "wrong row length",
        "In the flat order every row above holds W cells, the width of the map: row = index // W, column = "
        "index % W. Yours divides by another number, counts down the columns, or swaps the two.",
        (
            *_row_lengths(
                _width,
                lambda height, width, h, w: height,
                lambda height, width, h, w: w,
                lambda height, width, h, w: h,
                lambda height, width, h, w: 2 * w,
            ),
            _placed(lambda indices, height, width, h, w: indices // height * width + indices % height),
            _placed(lambda indices, height, width, h, w: indices % height * width + indices // height),
        ),
    ),
    Misconception(
        "output_shape ignored",
        "The map has the shape that output_shape names: rows and columns that pooling left over count too. "
        "Yours makes a map of another size, and flat indices then land in the wrong row.",
        (
            *_shaped(lambda values, indices, shape: (2 * values.shape[0], 2 * values.shape[1])),
            *_shaped(
                lambda values, indices, shape: (
                    values.shape[0] * _windows(values, shape)[0],
                    values.shape[1] * _windows(values, shape)[1],
                )
            ),
            *_shaped(lambda values, indices, shape: values.shape)[1:],
            _shaped(lambda values, indices, shape: (int(indices.max()) // shape[1] + 1, shape[1]))[0],
        ),
    ),
    Misconception(
        "height and width swapped",
        "The shape is (height, width), rows first. Yours has them the other way round.",
        (
            *_shaped(lambda values, indices, shape: shape[::-1])[:1],
            *after(max_unpool2d, np.transpose),
        ),
    ),
    Misconception(
        "output flat",
        "Return a map with rows and columns: the last step is .reshape(output_shape).",
        after(max_unpool2d, np.ravel, lambda out: out.reshape(1, -1), lambda out: out.reshape(-1, 1)),
    ),
    Misconception(
        "no zeros between",
        "Cells that no index names are 0. Yours begins with other numbers there; np.empty, for one, holds "
        "whatever was in memory.",
        (
            _on(lambda values: np.nan),
            _on(lambda values: -np.inf),
            _on(lambda values: 1.0),
            _on(lambda values: float(values.min())),
            _on(lambda values: float(values.mean())),
        ),
    ),
    Misconception(
        "negative values lost",
        "A maximum may well be negative, and is put back as it is. Yours keeps 0, or drops the sign.",
        (_largest, _with_values(np.abs), _with_values(lambda values: np.maximum(values, 0))),
    ),
    Misconception(
        "value changed on the way",
        "Unpooling moves values and changes none. Yours divides them, or adds something.",
        (
            _with_values(lambda values: values / 4),
            _with_values(lambda values: values * 4),
            _with_values(lambda values: np.full_like(values, values.mean())),
            lambda values, indices, shape: (
                max_unpool2d(values, indices, shape) * values.size / (shape[0] * shape[1])
            ),
        ),
    ),
    Misconception(
        "values and indices mixed up",
        "The values are what is written, the indices say where. Yours writes the indices, or only marks the "
        "places.",
        (
            lambda values, indices, shape: max_unpool2d(indices.astype(float), indices, shape),
            lambda values, indices, shape: max_unpool2d(indices, indices, shape),
            _marks,
        ),
    ),
    Misconception(
        "pairs torn apart",
        "Value k belongs to index k. Yours fills the marked cells in reading order (a mask or a sort does "
        "that), so that values change places.",
        (_in_order, _sorted),
    ),
    Misconception(
        "indices counted from 1",
        "Indices count from 0: the first cell of the map is number 0.",
        (
            _placed(lambda indices, *shapes: indices - 1),
            _placed(lambda indices, *shapes: indices + 1),
        ),
    ),
    last_row_missing(max_unpool2d),
    fractions_cut_off(max_unpool2d),
)
