"""How people get bilinear upsampling wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...ops import upsample_bilinear, upsample_nearest
from ..exercise import Misconception
from ..results import fractions_cut_off
from .grids import Array, Wrong, last_row_missing, turned

Place = Callable[[Array, int, int], Array]  # where output cells lie, from their numbers, scale and n
Edge = Callable[[Array, int], Array]  # rows for cells beyond the edge, from x and their number (one axis: 0)
Weight = Callable[[Array], Array]


def _place(i: Array, s: int, n: int) -> Array:
    return (i + 0.5) / s - 0.5


def _clamped(i: Array, s: int, n: int) -> Array:
    return _place(i, s, n).clip(0, n - 1)


def _plain(t: Array) -> Array:
    return t


def _repeated(x: Array, i: int) -> Array:
    return x[min(max(i, 0), len(x) - 1)]


def _zero(x: Array, i: int) -> Array:
    return x[i] if 0 <= i < len(x) else np.zeros_like(x[0])


def _other_side(x: Array, i: int) -> Array:
    return x[i % len(x)]


def _mirrored(x: Array, i: int) -> Array:
    return _repeated(x, -i if i < 0 else 2 * (len(x) - 1) - i if i >= len(x) else i)


def _continued(x: Array, i: int) -> Array:
    if i < 0:
        return 2 * x[0] - _repeated(x, 1)
    return x[i] if i < len(x) else 2 * x[-1] - _repeated(x, len(x) - 2)


def _blended(
    x: Array,
    scale: int,
    place: Place = _place,
    before: Edge = _repeated,
    behind: Edge = _repeated,
    weight: Weight = _plain,
    length: Callable[[int, int], int] = lambda n, s: n * s,
) -> Array:
    """Blend along axis 0, in whatever way."""
    n = len(x)
    places = np.asarray(place(np.arange(length(n, scale)), scale, n), float)
    places = places.clip(-0.999, n - 0.001)  # at most one cell beyond the edge
    low = np.floor(places).astype(int)
    t = weight(places - low).reshape(-1, 1)

    def rows(cells: Array) -> Array:
        return np.array([(before if i < 0 else behind)(x, int(i)) for i in cells])

    return rows(low) * (1 - t) + rows(low + 1) * t


def _both(**options: Any) -> Wrong:
    """Blend along both axes in the same way."""

    def wrong(x: Array, scale: int) -> Array:
        rows = _blended(x, scale, **options)
        return _blended(rows.T, scale, **options).T

    return wrong


def _down(x: Array, scale: int, **options: Any) -> Array:
    """Blend the columns rightly, and the rows in another way."""
    return _blended(_blended(x.T, scale).T, scale, **options)


def _across(x: Array, scale: int, **options: Any) -> Array:
    return _down(x.T, scale, **options).T


def _each_way(**options: Any) -> tuple[Wrong, ...]:
    """Return a mistake made along both axes, along rows only, and along columns only."""
    return _both(**options), partial(_down, **options), partial(_across, **options)


def _on_edges(*edges: tuple[Edge, Edge]) -> tuple[Wrong, ...]:
    return tuple(_both(before=before, behind=behind) for before, behind in edges)


def _at(place: Place) -> tuple[Wrong, ...]:
    """Return blending at other places, with every way to treat cells beyond the edge."""
    edges = (
        (_repeated, _repeated),
        (_zero, _zero),
        (_other_side, _other_side),
        (_other_side, _repeated),
        (_continued, _continued),
    )
    return tuple(_both(place=place, before=before, behind=behind) for before, behind in edges)


def _aligned(i: Array, s: int, n: int) -> Array:
    return i * (n - 1) / max(n * s - 1, 1)


def _left_empty(value: float) -> Wrong:
    """Leave output cells without four neighbors as they were made."""

    def wrong(x: Array, scale: int) -> Array:
        out = upsample_bilinear(x, scale)
        for axis, n in enumerate(x.shape):
            places = _place(np.arange(n * scale), scale, n)
            out[(slice(None),) * axis + ((places < 0) | (places > n - 1),)] = value
        return out

    return wrong


def _four(combine: Callable[..., Array]) -> Wrong:
    """Combine the four cells around each place otherwise; tx and ty are the shares of the second ones."""

    def wrong(x: Array, scale: int) -> Array:
        places = [_place(np.arange(n * scale), scale, n).clip(0, n - 1) for n in x.shape]
        (ys, xs), (ty, tx) = ([f(p) for p in places] for f in (np.floor, lambda p: p - np.floor(p)))
        ys, xs = ys.astype(int), xs.astype(int)
        y2, x2 = (ys + 1).clip(max=x.shape[0] - 1), (xs + 1).clip(max=x.shape[1] - 1)
        cells = (x[np.ix_(a, b)] for a in (ys, y2) for b in (xs, x2))
        return combine(*cells, ty[:, None], tx[None])

    return wrong


def _smoothstep(t: Array) -> Array:
    return t * t * (3 - 2 * t)


def _cosine(t: Array) -> Array:
    return (1 - np.cos(np.pi * t)) / 2


def _cubic(x: Array, scale: int) -> Array:
    """Interpolate by Keys' cubic with a = −0.75, as torch's bicubic does."""
    for _ in range(2):
        n = len(x)
        places = _place(np.arange(n * scale), scale, n)
        low = np.floor(places).astype(int)
        out = np.zeros((n * scale, x.shape[1]))
        for k in range(-1, 3):
            d, a = np.abs(places - low - k), -0.75
            near, far = (
                (a + 2) * d**3 - (a + 3) * d**2 + 1,
                a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a,
            )
            out += np.where(d <= 1, near, far)[:, None] * x[(low + k).clip(0, n - 1)]
        x = out.T
    return x


def _spread(x: Array, scale: int) -> Array:
    """Blend from i · scale to (i + 1) · scale, which ends with the last cell."""
    return _both(place=lambda i, s, n: i / s, length=lambda n, s: (n - 1) * s + 1)(x, scale)


MISTAKES = (
    Misconception(
        "corners aligned",
        "Here cells are areas: output cell i lies at (i + ½) / scale − ½. Yours lets the first and last "
        "cells of both maps coincide (linspace from 0 to n − 1), which is align_corners=True.",
        _each_way(place=_aligned),
    ),
    Misconception(
        "half-pixel offset forgotten",
        "Both maps cover the same area, so that the centers count: (i + ½) / scale − ½. With i / scale, as "
        "in yours, the picture moves up and to the left.",
        (
            *_at(lambda i, s, n: i / s),
            partial(_down, place=lambda i, s, n: i / s),
            partial(_across, place=lambda i, s, n: i / s),
        ),
    ),
    Misconception(
        "half a pixel on one side only",
        "There are two halves: i + ½ is the center of the output cell, and the last − ½ makes an index of "
        "the place: (i + ½) / scale − ½. Yours has one of them, or another sign.",
        (
            *_at(lambda i, s, n: (i + 0.5) / s),
            *_at(lambda i, s, n: i / s - 0.5),
            *_at(lambda i, s, n: (i + 0.5) / s + 0.5),
            *_at(lambda i, s, n: (i - 0.5) / s + 0.5),
            *_at(lambda i, s, n: i / s + 0.5),
            *_at(lambda i, s, n: (i - 0.5) / s - 0.5),
        ),
    ),
    Misconception(
        "edges not clamped",
        "Beyond the center of the first or last cell there is nothing to blend with: move the place back "
        "onto that cell (np.clip to 0 … n − 1), so that its value is repeated. Yours blends with zeros or "
        "with other cells there, or goes on in a straight line.",
        (
            *_on_edges(
                *((edge, edge) for edge in (_zero, _other_side, _mirrored, _continued)),
                *((edge, _repeated) for edge in (_zero, _other_side, _mirrored, _continued)),
                *((_repeated, edge) for edge in (_zero, _other_side, _mirrored, _continued)),
                (_other_side, _zero),
                (_continued, _zero),
                (_other_side, _continued),
                (_zero, _continued),
            ),
            *(
                partial(one, before=edge, behind=edge)
                for one in (_down, _across)
                for edge in (_zero, _other_side, _continued)
            ),
            _left_empty(0.0),
            _left_empty(np.nan),
        ),
    ),
    Misconception(
        "blended along one axis only",
        "Bilinear is linear twice: blend the rows, and then the columns of what came out. Yours blends along "
        "one axis.",
        (
            _blended,
            lambda x, scale: _blended(x.T, scale).T,
            lambda x, scale: np.repeat(_blended(x, scale), scale, 1),
            lambda x, scale: np.repeat(_blended(x.T, scale).T, scale, 0),
        ),
    ),
    Misconception(
        "nearest instead of bilinear",
        "Each output cell mixes the cells around its place. Yours repeats one of them.",
        (
            upsample_nearest,
            _both(weight=np.round),
            _both(weight=np.zeros_like),
            _both(weight=np.ones_like),
        ),
    ),
    Misconception(
        "weights swapped",
        "The nearer cell weighs more: the one below the place has weight 1 − t, the one above it t, when t "
        "is the distance from the first. Yours has them the other way round.",
        _each_way(weight=lambda t: np.where(t > 0, 1 - t, t))
        + _each_way(weight=lambda t: 1 - t)
        + _each_way(place=_clamped, weight=lambda t: 1 - t),
    ),
    Misconception(
        "equal weights",
        "The four cells weigh differently, each by how near it is. Yours takes their plain mean.",
        (
            *_each_way(weight=lambda t: np.where(t > 0, 0.5, 0.0)),
            _four(lambda a, b, c, d, ty, tx: (a + b + c + d) / 4),
        ),
    ),
    Misconception(
        "weights of the four cells combined wrongly",
        "The weight of each of the four cells is a product, one factor for its row and one for its column; "
        "together they are 1. Yours leaves cells out, or adds the factors.",
        (
            _four(lambda a, b, c, d, ty, tx: a * (1 - ty) * (1 - tx) + d * ty * tx),
            _four(lambda a, b, c, d, ty, tx: a * (1 - (ty + tx) / 2) + d * (ty + tx) / 2),
            _four(lambda a, b, c, d, ty, tx: a + (b - a) * tx + (c - a) * ty),
            _four(lambda a, b, c, d, ty, tx: (a * (1 - ty) + c * ty + a * (1 - tx) + b * tx) / 2),
            _four(
                lambda a, b, c, d, ty, tx: (
                    (a * (2 - ty - tx) + b * (1 - ty + tx) + c * (1 + ty - tx) + d * (ty + tx)) / 4
                )
            ),
            _four(
                lambda a, b, c, d, ty, tx: (
                    a * (1 - ty) * (1 - tx) + c * (1 - ty) * tx + b * ty * (1 - tx) + d * ty * tx
                )
            ),
        ),
    ),
    Misconception(
        "smoother than linear",
        "Between two cells the value changes in a straight line. Yours bends it, as cubic upsampling does.",
        (_cubic, _both(weight=_smoothstep), _both(weight=_cosine), _both(weight=np.square)),
    ),
    Misconception(
        "scale turned round",
        "A larger output means smaller steps on the input: divide by the scale. Yours multiplies, or makes "
        "the map smaller.",
        (
            _both(place=lambda i, s, n: i * s),
            _both(place=lambda i, s, n: (i + 0.5) * s - 0.5),
            lambda x, scale: x[::scale, ::scale].copy(),
        ),
    ),
    Misconception(
        "wrong scale",
        "H rows become H · scale rows, W columns W · scale columns. Yours uses another factor.",
        tuple(
            lambda x, scale, change=change: upsample_bilinear(x, change(scale))
            for change in (
                lambda s: s * s,
                lambda s: s + 1,
                lambda s: max(s - 1, 1),
                lambda s: 2,
                lambda s: 1,
            )
        ),
    ),
    last_row_missing(upsample_bilinear, _spread),
    turned(upsample_bilinear),
    fractions_cut_off(upsample_bilinear),
)
