"""Exercise 3.1: softmax."""

from __future__ import annotations

import torch

from ...ops.classification import softmax
from ..exercise import Exercise, Probe
from .softmax_mistakes import MISTAKES

_MODERATE = [[1.0, 2.0, 0.5, -1.0], [0.0, -2.0, 3.0, 1.5], [-0.5, 0.25, -3.0, 1.0]]
_SQUARE = [[2.0, -1.0, 0.5], [0.0, 1.5, -2.0], [3.0, 2.5, 1.0]]
_SCALES = [[1000.0, 998.0, 999.0], [-1000.0, -999.0, -1002.0], [0.0, 1.0, 2.0], [-2.0, 0.5, 0.0]]


def _probe(note: str, logits: list[list[float]]) -> Probe:
    return Probe((torch.tensor(logits),), note=note)


EXERCISE = Exercise(
    name="softmax",
    number="3.1",
    signature="softmax(logits[N,K]) -> probabilities [N,K], a tensor",
    reference=softmax,
    probes=(
        _probe("three images, four classes", _MODERATE),
        _probe("one image", [[0.5, -0.25, 2.0, 1.0, 0.0]]),
        _probe("as many images as classes", _SQUARE),
        _probe("large scores", [[1000.0, 1001.0, 999.0], [500.0, 499.0, 500.5]]),
        _probe("scores far below 0", [[-1000.0, -1001.0, -998.0, -1000.5]]),
        _probe("rows of very different scores", _SCALES),
        _probe("scores far apart in one row", [[0.0, 3000.0, 1.0, 2999.0], [-3000.0, 0.0, -1.0, 3.0]]),
        _probe("two classes, equal scores", [[0.0, 0.0], [-4.0, -4.0], [3.0, 1.0]]),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Three steps: exp of every score; the sum of each row; divide. Which axis runs over the classes?",
        "For large scores: softmax does not change when the same number is subtracted from a whole row. "
        "Which number makes the largest exp equal 1?",
        "A maximum along rows, logits.amax(dim=1, keepdim=True), has the shape [N, 1] and so fits to [N, "
        "K]; .sum takes the same arguments.",
    ),
)

EXERCISES = (EXERCISE,)
