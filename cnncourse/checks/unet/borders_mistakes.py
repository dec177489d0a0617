"""How people get the border weights wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from ...datasets import border_weight_map
from ..exercise import Misconception
from ..results import changed, fractions_cut_off
from .border_formula_mistakes import FORMULA_MISTAKES, WRONG_POWERS
from .border_maps import (
    Array,
    Choice,
    Wrong,
    by_number,
    changed_at_the_end,
    coordinates,
    drawn,
    equation,
    exponent,
    kept_inside,
    nothing_inside,
    over_pixels,
    parts,
    to_nearest_pixel,
    to_point,
    two_nearest,
)

_ONE_DISTANCE: tuple[Choice, ...] = (
    lambda d: (two_nearest(d)[0],) * 2,
    lambda d: (two_nearest(d)[0], 0),
    lambda d: (0, two_nearest(d)[1]),
    lambda d: (two_nearest(d)[1],) * 2,
)


def _all_numbers(instances: Array) -> list[Array]:
    return [instances == number for number in np.unique(instances)]


def _up_to(count: Any, error: type[Exception] | None = None) -> Wrong:
    """Return the map of cells numbered 1, 2, … up to a count; one that lacks is measured all the same."""

    def cells(instances: Array) -> list[Array]:
        masks = [instances == k for k in range(1, count(instances) + 1)]
        if error and not all(map(np.any, masks)):
            raise error
        return masks

    return drawn(cells=cells)


def _number_of_cells(instances: Array) -> int:
    return len(by_number(instances))


def _two_pixels(instances: Array, w0: float = 10, sigma: float = 5) -> Array:
    """Take the two nearest pixels of cells, whichever cell they belong to."""
    if np.count_nonzero(instances) < 2:
        return np.zeros(instances.shape)
    d1, d2 = two_nearest(np.hypot(*coordinates(instances > 0)))
    return nothing_inside(equation(d1, d2, w0, sigma), instances)


def _two_pixels_of_two_cells(instances: Array, w0: float = 10, sigma: float = 5) -> Array:
    return np.zeros(instances.shape) if len(by_number(instances)) < 2 else _two_pixels(instances, w0, sigma)


def _few(value: Any) -> Wrong:
    return drawn(few=lambda instances, w0, sigma: value(instances, w0, sigma))


def _as_one_cell(choice: Any, nothing: Any = np.zeros) -> Wrong:
    """With one cell, make do with its distance; with none return ``nothing`` of the shape."""

    def few(instances: Array, w0: float, sigma: float) -> Array:
        if not instances.any():
            return nothing(instances.shape)
        d1, d2 = choice(to_nearest_pixel(instances > 0))
        return nothing_inside(equation(d1, d2, w0, sigma), instances)

    return drawn(few=few)


def _raising(error: type[Exception], *, only_without_cells: bool = False) -> Wrong:
    def few(instances: Array, w0: float, sigma: float) -> Array:
        if only_without_cells and instances.any():
            return np.zeros(instances.shape)
        raise error

    return drawn(few=few)


def _nearer(less: float) -> Wrong:
    return drawn(distance=lambda mask: np.maximum(to_nearest_pixel(mask) - less, 0))


def _city_block(mask: Array) -> Array:
    return ndimage.distance_transform_cdt(~mask, metric="taxicab").astype(float)


def _chessboard(mask: Array) -> Array:
    return ndimage.distance_transform_cdt(~mask, metric="chessboard").astype(float)


def _written_into(make: Wrong) -> Wrong:
    def wrong(instances: Array, w0: float = 10, sigma: float = 5) -> Array:
        instances[...] = make(instances.copy(), w0, sigma)
        return instances

    return wrong


MISTAKES = (
    Misconception(
        "one distance only",
        "Two distances are added: d1 to the nearest cell, d2 to the second-nearest. Yours uses only one of "
        "them, or one twice. (Or is the background, number 0, among your cells?)",
        (
            *(drawn(choice=choice) for choice in _ONE_DISTANCE),
            drawn(cells=_all_numbers),
            drawn(cells=_all_numbers, few=None),
            drawn(cells=lambda instances: [instances > 0], choice=lambda d: (d[0], d[0]), few=None),
            drawn(cells=lambda instances: [instances > 0], choice=lambda d: (d[0], 0), few=None),
        ),
    ),
    Misconception(
        "other cells than the nearest two",
        "Other pixels have other cells nearest to them: sort the distances at each pixel, and take the first "
        "two. Yours takes cells by their number, or the wrong places of the order.",
        (
            drawn(choice=lambda d: (d[0], d[1])),
            drawn(choice=lambda d: (d[0], d[-1])),
            drawn(choice=lambda d: (d[-2], d[-1])),
            drawn(choice=lambda d: (d.min(0), d.max(0))),
            drawn(choice=lambda d: (d.sum(0), 0)),
            drawn(choice=lambda d: (2 * d.mean(0), 0)),
            drawn(choice=lambda d: tuple(np.sort(d, axis=0)[-2:])),
            drawn(choice=lambda d: tuple(np.sort(d, axis=0)[1:3])),
            drawn(choice=lambda d: tuple(np.sort(d)[:2])),
            drawn(choice=lambda d: tuple(np.sort(d, axis=1)[:2])),
        ),
    ),
    Misconception(
        "second-nearest pixel",
        "The second distance leads to another cell. Yours leads to the second-nearest pixel, which is often "
        "one of the same cell.",
        (
            _two_pixels,
            _two_pixels_of_two_cells,
            drawn(choice=lambda d: (d.min(0), d.min(0) + 1)),
        ),
    ),
    Misconception(
        "weights inside cells",
        "Only the background is weighted: inside cells the map is 0. Set it to 0 where instances > 0, and "
        "only there.",
        (
            drawn(finish=kept_inside),
            # Together with another mistake it is named first.
            *(exponent(power, finish=kept_inside) for power in WRONG_POWERS),
            *(drawn(choice=choice, finish=kept_inside) for choice in _ONE_DISTANCE),
            *(drawn(distance=distance, finish=kept_inside) for distance in (_city_block, _chessboard)),
            drawn(finish=lambda weights, instances: np.where(instances == 0, 0.0, weights)),
            drawn(finish=lambda weights, instances: np.where(instances == 1, 0.0, weights)),
            changed_at_the_end(lambda w, instances, w0, sigma: np.where(instances > 0, w0, w)),
        ),
    ),
    *FORMULA_MISTAKES,
    Misconception(
        "another distance",
        "Distances are Euclidean: the root of dy² + dx². Yours counts steps along rows and columns "
        "(city block), the larger of the two (chessboard), or one direction only.",
        (
            drawn(distance=_city_block),
            drawn(distance=_chessboard),
            drawn(distance=lambda mask: abs(coordinates(mask)[0]).min(0)),
            drawn(distance=lambda mask: abs(coordinates(mask)[1]).min(0)),
        ),
    ),
    Misconception(
        "distances rounded",
        "Distances are no whole numbers: a diagonal step is √2. Keep their fractions.",
        (
            drawn(distance=lambda mask: np.floor(to_nearest_pixel(mask))),
            drawn(distance=lambda mask: np.round(to_nearest_pixel(mask))),
            drawn(distance=lambda mask: np.ceil(to_nearest_pixel(mask))),
        ),
    ),
    Misconception(
        "distance to the center of a cell",
        "The distance to a cell is that to its nearest pixel. Yours measures to a center, and so takes "
        "large cells to be far away.",
        (
            drawn(distance=to_point(lambda rows, columns: (rows.mean(), columns.mean()))),
            drawn(distance=to_point(lambda rows, columns: (round(rows.mean()), round(columns.mean())))),
            drawn(distance=to_point(lambda rows, columns: (int(rows.mean()), int(columns.mean())))),
            drawn(
                distance=to_point(
                    lambda rows, columns: ((rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2)
                )
            ),
            drawn(distance=to_point(lambda rows, columns: (rows[0], columns[0]))),
        ),
    ),
    Misconception(
        "distance to the farthest pixel",
        "The distance to a cell is that to its nearest pixel, the smallest of all. Yours takes the largest, "
        "or a mean.",
        (
            drawn(distance=over_pixels(lambda d: d.max(0))),
            drawn(distance=over_pixels(lambda d: d.mean(0))),
        ),
    ),
    Misconception(
        "measured to the edge between pixels",
        "Distances run from pixel to pixel: next to a cell d1 is 1. Yours are all smaller or all larger.",
        tuple(map(_nearer, (1, 0.5, -1))),
    ),
    Misconception(
        "distances taken the wrong way round",
        "Outside a cell the distance to it grows, inside it is 0. Yours grows inside. distance_transform_edt "
        "measures from where its argument is True to where it is False: give it instances != k.",
        (
            drawn(distance=lambda mask: ndimage.distance_transform_edt(mask)),
            drawn(
                distance=lambda mask: ndimage.distance_transform_edt(mask),
                finish=lambda weights, instances: weights,
            ),
        ),
    ),
    Misconception(
        "not 0 with fewer than two cells",
        "Without a second cell there is no gap: the map is 0 everywhere. Look first how many cells there "
        "are.",
        (
            _few(lambda instances, w0, sigma: np.full(instances.shape, np.nan)),
            _few(lambda instances, w0, sigma: np.where(instances > 0, 0, np.nan)),
            _few(lambda instances, w0, sigma: np.full(instances.shape, np.inf)),
            _few(lambda instances, w0, sigma: np.ones(instances.shape)),
            _few(lambda instances, w0, sigma: np.where(instances > 0, 0.0, w0)),
            _few(lambda instances, w0, sigma: np.full(instances.shape, float(w0))),
            _few(lambda instances, w0, sigma: None),
            _as_one_cell(lambda d: (d, 0)),
            _as_one_cell(lambda d: (d, d)),
            _as_one_cell(lambda d: (0, 0)),
            _as_one_cell(lambda d: (d, 0), lambda shape: np.full(shape, 10.0)),
            _raising(IndexError),
            _raising(IndexError, only_without_cells=True),
            _raising(ValueError),
            _raising(ValueError, only_without_cells=True),
        ),
    ),
    Misconception(
        "connected parts taken for cells",
        "The numbers in instances say which pixels are one cell: cells that touch have two numbers, and the "
        "parts of one cell have the same. Yours numbers connected regions anew.",
        (
            drawn(cells=parts(1)),
            drawn(cells=parts(2)),
            drawn(cells=parts(1, of_one_number=True)),
            drawn(cells=parts(2, of_one_number=True)),
        ),
    ),
    Misconception(
        "numbers taken for a count",
        "The numbers of the cells may have gaps. Take those that occur, np.unique(instances), without 0.",
        (
            *(
                _up_to(count, error)
                for count in (_number_of_cells, np.max, lambda instances: instances.max() - 1)
                for error in (None, ValueError, IndexError)
            ),
            drawn(
                cells=lambda instances: [
                    instances == k for k in range(1, _number_of_cells(instances) + 1) if k in instances
                ]
            ),
        ),
    ),
    Misconception(
        "cells overwritten",
        "The cells still belong to the caller, and their array holds whole numbers only: make one of your "
        "own for the weights, such as np.zeros(instances.shape).",
        (
            _written_into(lambda instances, w0, sigma: np.zeros(instances.shape)),
            _written_into(lambda instances, w0, sigma: np.sign(instances)),
            _written_into(border_weight_map),
            lambda instances, w0=10, sigma=5: border_weight_map(np.sign(instances, out=instances), w0, sigma),
        ),
    ),
    Misconception(
        "height and width swapped",
        "Rows come first: the map has the shape of instances, (height, width).",
        (changed(border_weight_map, np.transpose),),
    ),
    fractions_cut_off(border_weight_map),
)
