"""Exercise 9.4: how much a pixel between two cells should count."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...datasets import border_weight_map
from ..exercise import Exercise, Probe
from .borders_mistakes import MISTAKES


def _probe(note: str, *rows: str, numbers: tuple[int, ...] = (1, 2, 3, 4, 5), **options: Any) -> Probe:
    """Return a probe from a drawing: a dot is background, a digit k the cell of number ``numbers[k - 1]``."""
    ids = np.array([0, *numbers])
    picture = ids[[[0 if sign == "." else int(sign) for sign in row] for row in rows]]
    return Probe((picture,), tuple(options.items()), note=note)


EXERCISE = Exercise(
    name="border_weight_map",
    number="9.4",
    signature="border_weight_map(instances[H,W], w0=10, sigma=5) -> [H,W]",
    reference=border_weight_map,
    probes=(
        # Of two mistakes, one in the formula and one in the distances, this shows the first alone.
        _probe("one row, two cells", "..1...2..."),
        _probe(
            "two cells",
            "..........",
            ".11...22..",
            ".1111..2..",
            "..11......",
            "..........",
            "..........",
            "1.........",
        ),
        _probe(
            "three cells",
            "1........22.",
            "111......22.",
            "1111....22..",
            "1111........",
            "1111....33..",
            "111.....33..",
            "11..........",
            "1...........",
            "............",
        ),
        _probe(
            "another w0 and sigma",
            ".11....",
            ".11....",
            ".......",
            "....22.",
            "...222.",
            ".......",
            ".......",
            "33.....",
            "33.....",
            w0=3,
            sigma=2,
        ),
        _probe("a small sigma", "1...", "1..2", "...2", "....", "33..", ".3..", w0=0.5, sigma=1.5),
        _probe("cells that touch", "...........", ".11122.....", ".11222..3..", ".1122......", "..........."),
        _probe("cell 1 has two parts", "11......1", "1.......1", ".........", "...22....", "...22...3"),
        _probe("numbers with gaps", "1....22.", "11....2.", "........", "...3....", numbers=(60, 4, 9)),
        _probe("one cell", "......", ".111..", ".11...", "......"),
        _probe("no cell", "....", "....", "...."),
        _probe("one cell of two parts", ".......", ".11..1.", ".......", "......."),
        _probe("single pixels", "1........", ".....2...", ".........", "....3....", ".........", "........4"),
        _probe("a large sigma", "1......", ".......", "...2...", "......3", w0=2, sigma=20),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Measure cell by cell: for each number but 0, a map [H, W] of the distance from every pixel to that "
        "cell. Which two of these maps count at a pixel?",
        "For cell k the map is scipy.ndimage.distance_transform_edt(instances != k). Stack the maps of all "
        "cells and sort them along the first axis: the first two are d1 and d2.",
        "With fewer than two cells return zeros. Else w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma ** 2)), "
        "and 0 where instances > 0.",
    ),
)

EXERCISES = (EXERCISE,)
