"""Exercise 3.2: cross-entropy."""

from __future__ import annotations

import torch

from ...ops.classification import cross_entropy
from ..exercise import Exercise, Probe
from .cross_entropy_mistakes import MISTAKES

_THREE = [[1.0, 2.0, 0.5, -1.0], [0.0, -2.0, 3.0, 1.5], [-0.5, 0.25, -3.0, 1.0]]
_SQUARE = [[2.0, -1.0, 0.5], [0.0, 1.5, -2.0], [3.0, 2.5, 1.0]]
_FIVE = [[0.5, -1.0], [2.0, 1.0], [-0.5, 0.75], [0.0, -3.0], [1.25, 1.0]]


def _probe(note: str, logits: list[list[float]], labels: list[int]) -> Probe:
    return Probe((torch.tensor(logits), torch.tensor(labels)), note=note)


EXERCISE = Exercise(
    name="cross_entropy",
    number="3.2",
    signature="cross_entropy(logits[N,K], labels[N]) -> the mean loss, a tensor with one number",
    reference=cross_entropy,
    probes=(
        _probe("three images, four classes", _THREE, [2, 0, 3]),
        _probe("one image", [[0.5, -0.25, 2.0]], [1]),
        _probe("as many images as classes", _SQUARE, [1, 2, 0]),
        _probe("two classes", _FIVE, [0, 1, 1, 0, 1]),
        _probe("all scores equal: the log of the number of classes", [[0.0] * 5, [2.0] * 5], [3, 1]),
        _probe("sure and right", [[9.0, -1.0, 0.0], [-2.0, 1.0, 8.0]], [0, 2]),
        _probe("large scores, right", [[1000.0, 0.0, -500.0], [0.0, 500.0, 499.0]], [0, 1]),
        _probe("large scores, wrong", [[1000.0, 0.0, -500.0], [0.0, 2000.0, 499.0]], [1, 2]),
        _probe("scores far below 0", [[-1000.0, -1001.0, -998.0], [-700.0, -701.0, -702.0]], [1, 0]),
        _probe("rows of very different scores", [[1000.0, 999.0], [-1000.0, -998.0], [0.0, 1.0]], [0, 0, 1]),
    ),
    misconceptions=MISTAKES,
    hints=(
        "For one image: the loss is −log of the probability of its class. For a batch: the mean of that.",
        "The log of softmax is simpler: log(exp(z_k) / Σ exp(z_j)) = z_k − log Σ exp(z_j). And for large "
        "scores: take the largest score m out of the sum, log Σ exp(z_j) = m + log Σ exp(z_j − m).",
        "Indexing by two lists, logits[torch.arange(len(labels)), labels], picks from each row the score of "
        "its class.",
    ),
)

EXERCISES = (EXERCISE,)
