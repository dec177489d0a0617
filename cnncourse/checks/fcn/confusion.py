"""Exercise 6.3: the confusion matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...metrics import confusion_matrix
from ..exercise import Exercise, Probe, Unusable
from ..observing import Seen
from .confusion_mistakes import MISTAKES


def _pair(seed: int, shape: tuple[int, ...], classes: int, marked: float = 0.0, mark: int = 255) -> tuple:
    """Return a prediction that is right at some pixels, and its target, partly marked."""
    generator = torch.Generator().manual_seed(seed)
    target = torch.randint(classes, shape, generator=generator)
    other = torch.randint(classes, shape, generator=generator)
    right = torch.rand(shape, generator=generator) < 0.4
    prediction = torch.where(right, target, other)
    target[torch.rand(shape, generator=generator) < marked] = mark
    return prediction, target


def _probe(note: str, pair: tuple[Tensor, Tensor], classes: int, **options: int) -> Probe:
    return Probe((*pair, classes), tuple(options.items()), note=note)


def _dtype(answer: Callable[..., Any], prediction: Tensor, target: Tensor, num_classes: int) -> Seen:
    counts = answer(prediction, target, num_classes)
    if not isinstance(counts, Tensor):
        raise Unusable(f"Expected a torch tensor of counts; got an object of type {type(counts).__name__}.")
    other = "fractions" if counts.is_floating_point() else "another"
    return Seen("int64" if counts.dtype == torch.int64 else other, f"counts of dtype {counts.dtype}")


EXERCISE = Exercise(
    name="confusion_matrix",
    number="6.3",
    signature="confusion_matrix(prediction[N,H,W], target[N,H,W], num_classes, ignore_index=255) -> [K,K] of "
    "int64, rows are the truth",
    reference=confusion_matrix,
    probes=(
        _probe("2 masks of 3×4, 3 classes", _pair(0, (2, 3, 4), 3), 3),
        _probe("pixels whose target is 255 do not count", _pair(1, (2, 3, 5), 4, 0.3), 4),
        _probe("classes that do not occur", _pair(2, (1, 4, 3), 2), 5),
        _probe("class 0 does not count", _pair(3, (2, 4, 3), 3), 3, ignore_index=0),
        _probe("class 2 does not count", _pair(4, (3, 2, 4), 4), 4, ignore_index=2),
        _probe("pixels marked −1 do not count", _pair(5, (2, 4, 4), 3, 0.3, -1), 3, ignore_index=-1),
        _probe("pixels marked 4, four classes", _pair(6, (3, 2, 5), 4, 0.3, 4), 4, ignore_index=4),
        _probe("two classes", _pair(7, (1, 5, 3), 2, 0.2), 2),
        _probe(
            "no pixel right",
            (torch.tensor([[[0, 2, 1, 1]]]), torch.tensor([[[1, 1, 2, 0]]])),
            3,
        ),
        _probe("one pixel", (torch.tensor([[[2]]]), torch.tensor([[[1]]])), 4),
        Probe((*_pair(8, (2, 2, 3), 3), 3), drive=_dtype, note="the type of the counts"),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Each pixel that counts adds 1 to one cell: row target, column prediction. Which pixels count?",
        "In matrix[target, prediction] += 1 each cell grows by 1 once, however many pixels fall into "
        "it. A loop over the pixels adds each; so does index_put_ with accumulate=True.",
        "Without a loop: target · K + prediction is one number for each pair of classes, from 0 to K² − 1. "
        "torch.bincount counts them (minlength=K²), and reshape(K, K) gives the table.",
    ),
    seconds=10.0,  # an answer may import scikit-learn
)
