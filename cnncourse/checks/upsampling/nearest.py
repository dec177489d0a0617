"""Exercise 7.1: enlarge a map by repeating its cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops import upsample_bilinear, upsample_nearest
from ..exercise import Exercise, Misconception, Probe
from ..results import fractions_cut_off
from .grids import Array, Wrong, distinct, last_row_missing, turned

Place = Callable[[Array, int, int], Array]  # input cells, from output cells, scale and n along one axis


def _right(i: Array, s: int, n: int) -> Array:
    return i // s


def _picked(down: Place, across: Place | None = None) -> Wrong:
    """Look up each output cell where ``down`` and ``across`` say; beyond the map the edge is repeated."""

    def wrong(x: Array, scale: int) -> Array:
        places = [
            place(np.arange(n * scale), scale, n).astype(int).clip(0, n - 1)
            for place, n in zip((down, across or down), x.shape, strict=True)
        ]
        return x[np.ix_(*places)]

    return wrong


def _wrapped(place: Place) -> Wrong:
    """Look up beyond the map on its other side, or raise IndexError."""
    return _picked(lambda i, s, n: place(i, s, n) % n)


def _raising(place: Place) -> Wrong:
    def wrong(x: Array, scale: int) -> Array:
        rows, columns = (place(np.arange(n * scale), scale, n).astype(int) for n in x.shape)
        return x[np.ix_(rows, columns)]

    return wrong


def _nails(corner: Callable[[int], int]) -> Wrong:
    """Put one cell into each block of zeros."""

    def wrong(x: Array, scale: int) -> Array:
        block = np.zeros((scale, scale))
        block[corner(scale), corner(scale)] = 1
        return np.kron(x, block)

    return wrong


def _half_filled(x: Array, scale: int) -> Array:
    return np.kron(x, np.eye(scale))


def _scaled(change: Callable[[int], int]) -> Wrong:
    return lambda x, scale: upsample_nearest(x, change(scale))


def _only(axis: int) -> Wrong:
    return lambda x, scale: np.repeat(x, scale, axis)


def _flat(shape: Callable[[int, int, int], Any], times: int) -> Wrong:
    return lambda x, scale: np.repeat(x, scale**times).reshape(shape(x.shape[0], x.shape[1], scale))


def _rounded_up_half(i: Array, s: int, n: int) -> Array:
    return np.floor(i / s + 0.5)


def _rounded_even(i: Array, s: int, n: int) -> Array:
    return np.round(i / s)


def _rounded_up(i: Array, s: int, n: int) -> Array:
    return np.ceil(i / s)


def _rounded_center(i: Array, s: int, n: int) -> Array:
    return np.round((i + 0.5) / s)


def _aligned(i: Array, s: int, n: int) -> Array:
    return np.round(i * (n - 1) / max(n * s - 1, 1))


def _aligned_cut(i: Array, s: int, n: int) -> Array:
    return i * (n - 1) // max(n * s - 1, 1)


def _modulo(i: Array, s: int, n: int) -> Array:
    return i % n


_ROUNDINGS: tuple[Place, ...] = (_rounded_up_half, _rounded_even, _rounded_up, _rounded_center)

_MISTAKES = (
    Misconception(
        "repeated along one axis only",
        "Each cell becomes a block of scale × scale cells: repeat it downward and to the right. Yours "
        "repeats along one axis.",
        (
            _only(0),
            _only(1),
            lambda x, scale: np.pad(_only(0)(x, scale), ((0, 0), (0, x.shape[1] * (scale - 1)))),
            lambda x, scale: np.pad(_only(1)(x, scale), ((0, x.shape[0] * (scale - 1)), (0, 0))),
        ),
    ),
    Misconception(
        "tiled instead of repeated",
        "Neighboring cells of the result repeat the same cell. Yours sets copies of the whole map, or of "
        "whole rows, side by side, as np.tile does.",
        (
            lambda x, scale: np.tile(x, (scale, scale)),
            _picked(_modulo, _right),
            _picked(_right, _modulo),
        ),
    ),
    Misconception(
        "repeated in flat order",
        "np.repeat without an axis repeats along one long row, and reshape cuts that row at other places. "
        "Repeat along axis 0, then along axis 1.",
        (
            _flat(lambda h, w, s: (h * s, w * s), 2),
            _flat(lambda h, w, s: (h * s, w), 1),
            _flat(lambda h, w, s: (-1,), 1),
            _flat(lambda h, w, s: (-1,), 2),
            lambda x, scale: np.resize(x, (x.shape[0] * scale, x.shape[1] * scale)),
        ),
    ),
    Misconception(
        "zeros between",
        "Nearest upsampling fills the whole block with the cell's value. Yours writes it once and leaves "
        "zeros around it.",
        (_nails(lambda s: 0), _nails(lambda s: s - 1), _nails(lambda s: s // 2), _half_filled),
    ),
    Misconception(
        "rounded instead of cut off",
        "The output cells from i · scale to i · scale + scale − 1 repeat input cell i: divide by the scale "
        "and cut off (//). Yours rounds, so that blocks begin too early.",
        (
            *map(_picked, _ROUNDINGS),
            *map(_wrapped, _ROUNDINGS),
            *map(_raising, _ROUNDINGS[:3]),
        ),
    ),
    Misconception(
        "shifted by a cell",
        "The first block begins with the first output cell, and the last one ends with the last. Yours is "
        "shifted.",
        (
            _picked(lambda i, s, n: (i + 1) // s),
            _picked(lambda i, s, n: (i - 1) // s),
            _wrapped(lambda i, s, n: (i - 1) // s),
            _picked(lambda i, s, n: i // s + 1),
            _picked(lambda i, s, n: i // s - 1),
            _wrapped(lambda i, s, n: i // s + 1),
            _wrapped(lambda i, s, n: i // s - 1),
        ),
    ),
    Misconception(
        "corners aligned",
        "All blocks are equally large: output cell i repeats input cell i // scale. Yours divides the "
        "distance from first to last cell instead (linspace), which cuts the blocks at the edges.",
        (_picked(_aligned), _picked(_aligned_cut)),
    ),
    Misconception(
        "blended instead of repeated",
        "Nearest upsampling invents no values: every number of the result stands in x. Yours mixes "
        "neighbors, as bilinear upsampling does.",
        (
            upsample_bilinear,
            lambda x, scale: upsample_bilinear(x, scale, align_corners=True),
        ),
    ),
    Misconception(
        "value divided among its copies",
        "Every copy has the cell's full value. Yours divides or multiplies it by the number of copies.",
        (
            lambda x, scale: upsample_nearest(x, scale) / scale**2,
            lambda x, scale: upsample_nearest(x, scale) / scale,
            lambda x, scale: upsample_nearest(x, scale) * scale**2,
            lambda x, scale: upsample_nearest(x, scale) * scale,
        ),
    ),
    Misconception(
        "scale squared",
        "The scale holds along each axis: H rows become H · scale rows. Yours makes scale² of each.",
        (_scaled(lambda s: s * s),),
    ),
    Misconception(
        "scale off by one",
        "A cell becomes a block of scale × scale cells, itself included. Yours has one row and column too "
        "many, or too few, for each.",
        (_scaled(lambda s: s + 1), _scaled(lambda s: max(s - 1, 1))),
    ),
    Misconception(
        "scale ignored",
        "The result has scale times as many rows and columns as x. Yours is the same for every scale.",
        (_scaled(lambda s: 2), _scaled(lambda s: 1)),
    ),
    Misconception(
        "made smaller",
        "Upsampling makes the map larger. Yours leaves rows and columns out.",
        (
            lambda x, scale: x[::scale, ::scale].copy(),
            _picked(lambda i, s, n: i * s),
            _wrapped(lambda i, s, n: i * s),
        ),
    ),
    last_row_missing(
        upsample_nearest,
        lambda x, scale: upsample_nearest(x, scale)[: 1 - scale or None, : 1 - scale or None],
    ),
    turned(upsample_nearest),
    fractions_cut_off(upsample_nearest),
)


def _probe(note: str, x: Any, scale: int) -> Probe:
    return Probe((np.asarray(x), scale), note=note)


EXERCISE = Exercise(
    name="upsample_nearest",
    number="7.1",
    signature="upsample_nearest(x[H,W], scale) -> [H·s,W·s]",
    reference=upsample_nearest,
    probes=(
        _probe("scale 2", distinct(1, 2, 3), 2),
        _probe("scale 3", distinct(2, 3, 2, -2), 3),
        _probe("scale 4, with fractions", distinct(3, 3, 4, -5, 0.75), 4),
        _probe("scale 5, one row", distinct(4, 1, 4, -2, 1.5), 5),
        _probe("scale 1: as it was", distinct(5, 3, 4, -7, 0.5), 1),
        _probe("one cell", [[-2.5]], 3),
        _probe("float32 input", distinct(6, 4, 3, -5, 0.25).astype(np.float32), 2),
    ),
    misconceptions=_MISTAKES,
    hints=(
        "Which cell of x does output cell (i, j) repeat? Write down the answer for scale 3 and i = 0 … 6.",
        "np.repeat(x, scale, axis=0) repeats every row. What is left to do?",
    ),
)
