"""Exercise 9.1: cut out the middle of maps."""

from __future__ import annotations

import torch

from ...models import center_crop
from ..exercise import Exercise, Probe
from .cropping_mistakes import MISTAKES


def _probe(note: str, shape: tuple[int, int, int, int], height: int, width: int) -> Probe:
    count = torch.Size(shape).numel()
    x = torch.arange(count, dtype=torch.float32).reshape(shape) / 2 - count // 3
    return Probe((x, height, width), note=note)


EXERCISE = Exercise(
    name="center_crop",
    number="9.1",
    signature="center_crop(x[N,C,H,W], height, width) -> [N, C, height, width]",
    reference=center_crop,
    probes=(
        _probe("from 7×9 to 3×5", (1, 2, 7, 9), 3, 5),
        _probe("2 maps for each of 2 images, from 6×8 to 2×6", (2, 2, 6, 8), 2, 6),
        _probe("odd differences, from 6×7 to 3×4", (2, 1, 6, 7), 3, 4),
        _probe("odd differences, from 7×8 to 2×3", (1, 3, 7, 8), 2, 3),
        _probe("one row or column less", (2, 2, 5, 6), 4, 5),
        _probe("one pixel", (1, 2, 4, 7), 1, 1),
        _probe("all rows, fewer columns", (3, 2, 4, 6), 4, 3),
        _probe("all columns, fewer rows", (2, 3, 6, 5), 3, 5),
        _probe("taller than the maps are wide", (1, 2, 9, 4), 7, 3),
        _probe("wider than the maps are tall", (2, 3, 3, 9), 2, 6),
        _probe("as large as the maps", (2, 2, 4, 5), 4, 5),
        _probe("taller by 1", (2, 2, 4, 6), 5, 4),
        _probe("wider by 1", (2, 2, 6, 4), 4, 5),
        _probe("taller by 2", (1, 3, 3, 5), 5, 3),
        _probe("wider by 3", (1, 3, 5, 3), 2, 6),
        _probe("larger both ways", (1, 2, 3, 4), 7, 9),
    ),
    misconceptions=MISTAKES,
    hints=(
        "The last two numbers of x.shape are height and width of the maps. How many rows are too "
        "many, and how many of them lie above the middle?",
        "The crop starts at top = (H − height) // 2 and ends at top + height. Columns alike.",
        "All images and channels are kept by x[:, :, top : top + height, left : left + width]. A negative "
        "top would count from the end: look first whether the crop fits, and raise ValueError if not.",
    ),
)

EXERCISES = (EXERCISE,)
