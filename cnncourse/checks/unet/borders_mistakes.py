"""How people get the border weights wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from ...datasets import border_weight_map
from ..exercise import Misconception
from ..results import changed, fractions_cut_off
from .border_maps import (
    Array,
    Wrong,
    by_number,
    changed_at_the_end,
    coordinates,
    drawn,
    equation,
    exponent,
    nothing_inside,
    over_pixels,
    parts,
    to_nearest_pixel,
    to_point,
    two_nearest,
)


def _with(**fixed: Any) -> Wrong:
    """Return the right map, with arguments that the caller cannot choose."""
    return lambda instances, w0=10, sigma=5: border_weight_map(
        instances, **{"w0": w0, "sigma": sigma, **fixed}
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


def _frequencies(weights: Array, instances: Array, w0: float, sigma: float) -> Array:
    inside = (instances > 0).mean()
    return weights + np.where(instances > 0, 1 - inside, inside)


def _inverse_frequencies(weights: Array, instances: Array, w0: float, sigma: float) -> Array:
    inside = (instances > 0).mean()
    return weights + np.where(instances > 0, 1 / max(inside, 1e-6), 1 / (1 - inside))


def _far_away(reach: float) -> Wrong:
    return drawn(
        formula=lambda d1, d2, w0, sigma: np.where(d1 + d2 > reach * sigma, 0, equation(d1, d2, w0, sigma))
    )


def _nearer(less: float) -> Wrong:
    return drawn(distance=lambda mask: np.maximum(to_nearest_pixel(mask) - less, 0))


def _city_block(mask: Array) -> Array:
    return ndimage.distance_transform_cdt(~mask, metric="taxicab").astype(float)


def _chessboard(mask: Array) -> Array:
    return ndimage.distance_transform_cdt(~mask, metric="chessboard").astype(float)


MISTAKES = (
    Misconception(
        "one distance only",
        "Two distances are added: d1 to the nearest cell, d2 to the second-nearest. Yours uses only one of "
        "them, or one twice. (Or is the background, number 0, among your cells?)",
        (
            drawn(choice=lambda d: (two_nearest(d)[0],) * 2),
            drawn(choice=lambda d: (two_nearest(d)[0], 0)),
            drawn(choice=lambda d: (0, two_nearest(d)[1])),
            drawn(choice=lambda d: (two_nearest(d)[1],) * 2),
            drawn(cells=_all_numbers),
            drawn(cells=_all_numbers, few=None),
            drawn(cells=lambda instances: [instances > 0], choice=lambda d: (d[0], d[0]), few=None),
            drawn(cells=lambda instances: [instances > 0], choice=lambda d: (d[0], 0), few=None),
        ),
    ),
    Misconception(
        "other cells than the nearest two",
        "d1 and d2 belong to the two cells nearest to the pixel in question: other pixels have others. Sort "
        "the distances at each pixel. Yours takes cells by their number, or the wrong places of the order.",
        (
            drawn(choice=lambda d: (d[0], d[1])),
            drawn(choice=lambda d: (d[0], d[-1])),
            drawn(choice=lambda d: (d[-2], d[-1])),
            drawn(choice=lambda d: (d.min(0), d.max(0))),
            drawn(choice=lambda d: (d.sum(0), 0)),
            drawn(choice=lambda d: (2 * d.mean(0), 0)),
            drawn(choice=lambda d: tuple(np.sort(d, axis=0)[-2:])),
            drawn(choice=lambda d: tuple(np.sort(d, axis=0)[1:3])),
        ),
    ),
    Misconception(
        "second-nearest pixel",
        "d2 is the distance to another cell. Yours is the distance to the second-nearest pixel, which is "
        "often one of the same cell.",
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
            drawn(finish=lambda weights, instances: weights),
            drawn(finish=lambda weights, instances: np.where(instances == 0, 0.0, weights)),
            drawn(finish=lambda weights, instances: np.where(instances == 1, 0.0, weights)),
            changed_at_the_end(lambda w, instances, w0, sigma: np.where(instances > 0, w0, w)),
        ),
    ),
    Misconception(
        "sigma not squared",
        "Below stands 2 · sigma², the square of sigma: sigma ** 2.",
        (
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) / (2 * sigma)),
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) / sigma),
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) / (2 * np.sqrt(sigma))),
        ),
    ),
    Misconception(
        "another factor than 2",
        "Below stands 2 · sigma²: 2 times the square of sigma. Yours lacks the 2, or squares it too.",
        (
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) / sigma**2),
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) / (2 * sigma) ** 2),
            exponent(lambda d1, d2, sigma: -2 * (d1 + d2) ** 2 / sigma**2),
        ),
    ),
    Misconception(
        "not divided by all of 2 · sigma²",
        "`a / 2 * b` divides by 2 and multiplies by b. Put what stands below into parentheses: / (2 * sigma "
        "** 2).",
        (
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) / 2 * sigma**2),
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) * (2 * sigma**2)),
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) / 2 * sigma),
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) / 2),
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2)),
        ),
    ),
    Misconception(
        "squares added",
        "First the distances are added, then the sum is squared: (d1 + d2) ** 2. Yours adds d1² and d2².",
        (
            exponent(lambda d1, d2, sigma: -(d1**2 + d2**2) / (2 * sigma**2)),
            exponent(lambda d1, d2, sigma: -(d1**2 + d2**2) / sigma**2),
            exponent(lambda d1, d2, sigma: -(d1 + d2**2) / (2 * sigma**2)),
        ),
    ),
    Misconception(
        "sum not squared",
        "The sum of the distances is squared: (d1 + d2) ** 2. Without the square the weight falls in another "
        "way.",
        (
            exponent(lambda d1, d2, sigma: -(d1 + d2) / (2 * sigma**2)),
            exponent(lambda d1, d2, sigma: -(d1 + d2) / (2 * sigma)),
            exponent(lambda d1, d2, sigma: -(d1 + d2) / sigma),
        ),
    ),
    Misconception(
        "distances not added",
        "The two distances are added, (d1 + d2) ** 2. Yours takes their difference, product or mean.",
        (
            exponent(lambda d1, d2, sigma: -((d1 - d2) ** 2) / (2 * sigma**2)),
            exponent(lambda d1, d2, sigma: -((d1 * d2) ** 2) / (2 * sigma**2)),
            exponent(lambda d1, d2, sigma: -d1 * d2 / (2 * sigma**2)),
            exponent(lambda d1, d2, sigma: -(((d1 + d2) / 2) ** 2) / (2 * sigma**2)),
        ),
    ),
    Misconception(
        "square root missing",
        "A Euclidean distance is the root of dy² + dx². Yours adds the squared distances, and then squares "
        "once more.",
        (
            exponent(lambda d1, d2, sigma: -((d1**2 + d2**2) ** 2) / (2 * sigma**2)),
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 4) / (2 * sigma**2)),
        ),
    ),
    Misconception(
        "w0 is no factor",
        "The exponential is multiplied by w0. Yours leaves w0 out, or puts it elsewhere.",
        (
            _with(w0=1),
            drawn(formula=lambda d1, d2, w0, sigma: w0 + equation(d1, d2, 1, sigma)),
            drawn(formula=lambda d1, d2, w0, sigma: equation(d1, d2, 1, sigma) ** w0),
            drawn(formula=lambda d1, d2, w0, sigma: equation(d1, d2, 1, sigma) / w0),
            drawn(formula=lambda d1, d2, w0, sigma: equation(d1, d2, w0**2, sigma)),
        ),
    ),
    Misconception(
        "an argument ignored",
        "w0 and sigma are what the caller asks for: 10 and 5 are only their defaults.",
        (_with(w0=10), _with(sigma=5), _with(w0=10, sigma=5)),
    ),
    Misconception(
        "w0 and sigma swapped",
        "w0 is the height of the weights, sigma how far they reach, and the caller gives w0 first. Yours has "
        "the two the other way round.",
        (drawn(formula=lambda d1, d2, w0, sigma: equation(d1, d2, sigma, w0)),),
    ),
    Misconception(
        "class weights added",
        "Here the map holds only the second term of the equation. Leave out the first, w_c(x), which "
        "balances the classes.",
        (
            changed_at_the_end(lambda w, instances, w0, sigma: w + 1),
            changed_at_the_end(lambda w, instances, w0, sigma: w + (instances == 0)),
            changed_at_the_end(lambda w, instances, w0, sigma: w + (instances > 0)),
            drawn(finish=lambda weights, instances: nothing_inside(weights, instances) + 1),
            changed_at_the_end(_frequencies),
            changed_at_the_end(_inverse_frequencies),
        ),
    ),
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
        "grows with the distance",
        "The exponent is negative, so that the weight is largest in a narrow gap and falls with the "
        "distance. Yours has another sign.",
        (
            exponent(lambda d1, d2, sigma: (d1 + d2) ** 2 / (2 * sigma**2)),
            exponent(lambda d1, d2, sigma: (-(d1 + d2)) ** 2 / (2 * sigma**2)),
            changed(border_weight_map, np.negative),
            drawn(formula=lambda d1, d2, w0, sigma: w0 - equation(d1, d2, w0, sigma)),
            drawn(formula=lambda d1, d2, w0, sigma: 1 - equation(d1, d2, w0, sigma)),
        ),
    ),
    Misconception(
        "normalized",
        "The weights are taken as the formula gives them: divide them neither by their maximum or sum, nor "
        "by the area under the bell.",
        (
            changed_at_the_end(lambda w, instances, w0, sigma: w / max(w.max(), 1e-12)),
            changed_at_the_end(lambda w, instances, w0, sigma: w0 * w / max(w.max(), 1e-12)),
            changed_at_the_end(lambda w, instances, w0, sigma: w / w.max()),
            changed_at_the_end(lambda w, instances, w0, sigma: w0 * w / w.max()),
            changed_at_the_end(lambda w, instances, w0, sigma: w / max(w.sum(), 1e-12)),
            changed_at_the_end(lambda w, instances, w0, sigma: w / max(w.mean(), 1e-12)),
            changed_at_the_end(lambda w, instances, w0, sigma: w / (sigma * np.sqrt(2 * np.pi))),
            changed_at_the_end(lambda w, instances, w0, sigma: w / (2 * np.pi * sigma**2)),
            changed_at_the_end(lambda w, instances, w0, sigma: np.clip(w, 0, 1)),
        ),
    ),
    Misconception(
        "nothing far away",
        "The formula holds on the whole background: far from cells the weights are small, not 0. Yours "
        "stops at some distance.",
        (_far_away(1), _far_away(2), _far_away(3)),
    ),
    Misconception(
        "height and width swapped",
        "Rows come first: the map has the shape of instances, (height, width).",
        (changed(border_weight_map, np.transpose),),
    ),
    fractions_cut_off(border_weight_map),
)
