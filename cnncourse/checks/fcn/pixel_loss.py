"""Exercise 6.2: cross-entropy over the pixels that count."""

from __future__ import annotations

import torch
from torch import Tensor

from ...ops.classification import pixel_cross_entropy
from ..exercise import Exercise, Probe
from . import pixel_loss_mistakes, pixel_mask_mistakes


def _logits(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(shape, generator=generator) * 2).mul(100).round() / 100


def _probe(note: str, logits: Tensor, target: list, **options: int) -> Probe:
    return Probe((logits, torch.tensor(target)), tuple(options.items()), note=note)


_HALF = [[[2, 255, 255, 1], [255, 255, 0, 255]], [[0, 1, 2, 2], [1, 255, 0, 2]]]
_LARGE = [
    [[[1000.0, -300.0, 0.0]], [[0.0, -900.0, 500.0]]],
    [[[-1000.0, 0.0, 2000.0]], [[-1001.0, 1.0, 1999.0]]],
]

EXERCISE = Exercise(
    name="pixel_cross_entropy",
    number="6.2",
    signature="pixel_cross_entropy(logits[N,K,H,W], target[N,H,W], ignore_index=255) -> the mean loss, a "
    "tensor with one number",
    reference=pixel_cross_entropy,
    probes=(
        _probe(
            "2 images of 2×3 pixels, 4 classes, all count",
            _logits(0, 2, 4, 2, 3),
            [[[0, 3, 1], [2, 1, 0]], [[1, 1, 3], [0, 2, 2]]],
        ),
        _probe("pixels marked 255 do not count", _logits(1, 2, 3, 2, 4), _HALF),
        _probe(
            "all pixels of the first image marked 255",
            _logits(2, 2, 3, 1, 3),
            [[[255, 255, 255]], [[2, 0, 255]]],
        ),
        _probe(
            "pixels marked −1 do not count",
            _logits(3, 1, 3, 3, 2),
            [[[-1, 1], [0, -1], [2, 1]]],
            ignore_index=-1,
        ),
        _probe(
            "pixels marked 3, three classes",
            _logits(4, 2, 3, 2, 2),
            [[[3, 1], [0, 3]], [[2, 2], [1, 3]]],
            ignore_index=3,
        ),
        _probe(
            "class 0 does not count", _logits(5, 1, 3, 2, 4), [[[0, 0, 1, 2], [2, 1, 0, 2]]], ignore_index=0
        ),
        _probe(
            "class 2 does not count",
            _logits(6, 2, 3, 1, 4),
            [[[2, 0, 1, 2]], [[1, 1, 0, 2]]],
            ignore_index=2,
        ),
        _probe(
            "class 1 does not count",
            _logits(7, 1, 2, 3, 3),
            [[[1, 0, 0], [1, 1, 0], [0, 1, 0]]],
            ignore_index=1,
        ),
        _probe(
            "as many images as classes, rows and columns",
            _logits(8, 3, 3, 3, 3),
            [
                [[0, 1, 2], [2, 255, 0], [1, 1, 0]],
                [[2, 2, 1], [0, 255, 255], [0, 1, 2]],
                [[1, 0, 0], [0, 2, 1], [255, 2, 2]],
            ],
        ),
        _probe("a single pixel", _logits(9, 1, 5, 1, 1), [[[3]]]),
        _probe("large scores, right and wrong", torch.tensor(_LARGE), [[[1, 0, 0]], [[1, 0, 255]]]),
    ),
    misconceptions=pixel_mask_mistakes.MISTAKES + pixel_loss_mistakes.MISTAKES,
    hints=(
        "Each pixel is one image of lesson 03: its K scores stand along axis 1, and its label is in target. "
        "Which pixels count, and how many are they?",
        "The mask counted = target != ignore_index has the shape [N, H, W]. With the classes moved to the "
        "end, logits.permute(0, 2, 3, 1)[counted] has one row of K scores for each pixel that counts.",
        "With these rows and target[counted] it is your cross_entropy of lesson 03: log-softmax along the "
        "row, the entry of the right class, the mean, a minus.",
    ),
)
