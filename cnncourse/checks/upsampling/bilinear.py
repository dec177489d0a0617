"""Exercise 7.2: enlarge a map by blending the four cells around each place."""

from __future__ import annotations

import numpy as np

from ...ops import upsample_bilinear
from ..exercise import Exercise, Probe
from .bilinear_mistakes import MISTAKES
from .grids import Array, distinct


def _probe(note: str, x: Array, scale: int) -> Probe:
    return Probe((x, scale), note=note)


EXERCISE = Exercise(
    name="upsample_bilinear",
    number="7.2",
    signature="upsample_bilinear(x[H,W], scale) -> [H·s,W·s]",
    reference=upsample_bilinear,
    probes=(
        _probe("scale 2", distinct(1, 2, 3), 2),
        _probe("scale 2, more cells", distinct(2, 4, 3, -6), 2),
        _probe("scale 3", distinct(3, 3, 5, -8), 3),
        _probe("scale 4, with fractions", distinct(4, 5, 3, -7, 0.75), 4),
        _probe("scale 5, one row", distinct(5, 1, 4, -2, 1.5), 5),
        _probe("scale 2, one column", distinct(6, 4, 1, -2, 1.5), 2),
        _probe("scale 1: as it was", distinct(7, 3, 4, -7, 0.5), 1),
        _probe("one cell", np.array([[-2.5]]), 3),
        _probe("float32 input", distinct(8, 4, 4, -5, 0.25).astype(np.float32), 2),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Where does the center of output cell i lie among the centers of the input cells? For scale 2 the "
        "first ones are −¼, ¼, ¾, 1¼, … Find the formula before you blend.",
        "The place is (i + 0.5) / scale − 0.5, moved into 0 … n − 1 (np.clip). The cells around it are low = "
        "floor(place) and low + 1, which must not leave the map either; t = place − low is the share of the "
        "second.",
        "Blend the rows first: x[low] · (1 − t) + x[high] · t for all columns at once, with t as a column "
        "(t[:, None]). Then blend the columns of what came out.",
    ),
)
