"""Border weights put together from parts, so that one of them can be wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import ndimage

Array = np.ndarray
Wrong = Callable[..., Any]
Cells = Callable[[Array], Sequence[Array]]  # instances -> a mask for each cell
Distance = Callable[[Array], Array]  # mask of one cell -> distance of every pixel to it
Choice = Callable[[Array], tuple[Any, Any]]  # distances [cells, H, W] -> d1, d2
Formula = Callable[[Any, Any, float, float], Array]  # d1, d2, w0, sigma -> weights
Finish = Callable[[Array, Array], Array]  # weights, instances -> weights


def by_number(instances: Array) -> list[Array]:
    """Return the mask of each cell."""
    return [instances == number for number in np.unique(instances) if number != 0]


def to_nearest_pixel(mask: Array) -> Array:
    """Return the Euclidean distance of every pixel to the nearest one of a cell."""
    return ndimage.distance_transform_edt(~mask)


def two_nearest(distances: Array) -> tuple[Array, Array]:
    """Return d1 and d2."""
    first, second = np.sort(distances, axis=0)[:2]
    return first, second


def equation(d1: Any, d2: Any, w0: float, sigma: float) -> Array:
    """Return the paper's weights."""
    return w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2))


def nothing_inside(weights: Array, instances: Array) -> Array:
    """Return the weights with 0 in cells."""
    return np.where(instances > 0, 0.0, weights)


def kept_inside(weights: Array, instances: Array) -> Array:
    """Return the weights as the formula gives them, also in cells."""
    return weights


def nothing(instances: Array, w0: float, sigma: float) -> Array:
    """Return the weights of fewer than two cells."""
    return np.zeros(instances.shape)


def drawn(
    *,
    cells: Cells = by_number,
    distance: Distance = to_nearest_pixel,
    choice: Choice = two_nearest,
    formula: Formula = equation,
    finish: Finish = nothing_inside,
    few: Callable[[Array, float, float], Array] | None = nothing,
) -> Wrong:
    """Return the map of these parts; ``few=None`` does not look at how many cells there are."""

    def wrong(instances: Array, w0: float = 10, sigma: float = 5) -> Array:
        masks = cells(instances)
        if few is not None and len(masks) < 2:
            return few(instances, w0, sigma)
        distances = np.reshape([distance(mask) for mask in masks], (-1, *instances.shape))
        with np.errstate(all="ignore"):
            return finish(formula(*choice(distances), w0, sigma), instances)

    return wrong


def exponent(power: Callable[[Any, Any, float], Any], **other: Any) -> Wrong:
    """Return the map of w0 · exp(power(d1, d2, sigma)); ``other`` parts may be wrong too."""
    return drawn(formula=lambda d1, d2, w0, sigma: w0 * np.exp(power(d1, d2, sigma)), **other)


def changed_at_the_end(change: Callable[[Array, Array, float, float], Array]) -> Wrong:
    """Return the right map, changed by ``change(weights, instances, w0, sigma)``."""

    def wrong(instances: Array, w0: float = 10, sigma: float = 5) -> Array:
        with np.errstate(all="ignore"):
            return change(drawn()(instances, w0, sigma), instances, w0, sigma)

    return wrong


def coordinates(mask: Array) -> tuple[Array, Array]:
    """Return rows and columns [pixels of the cell, H, W] as seen from every pixel."""
    y, x = np.indices(mask.shape)
    rows, columns = np.nonzero(mask)
    return y - rows[:, None, None], x - columns[:, None, None]


def over_pixels(reduce: Callable[[Array], Array]) -> Distance:
    """Return another distance to a cell, made of those to all of its pixels."""
    return lambda mask: reduce(np.hypot(*coordinates(mask)))


def to_point(point: Callable[[Array, Array], tuple[float, float]]) -> Distance:
    """Return the distance to one point, found from rows and columns of a cell."""

    def distance(mask: Array) -> Array:
        y, x = np.indices(mask.shape)
        row, column = point(*np.nonzero(mask))
        return np.hypot(y - row, x - column)

    return distance


def parts(connectivity: int = 1, *, of_one_number: bool = False) -> Cells:
    """Return connected parts as cells: of all that is no background, or of each number."""
    window = ndimage.generate_binary_structure(2, connectivity)

    def cells(instances: Array) -> list[Array]:
        regions = by_number(instances) if of_one_number else [instances > 0]
        labeled = [ndimage.label(region, window)[0] for region in regions]
        return [found == k for found in labeled for k in range(1, found.max() + 1)]

    return cells
