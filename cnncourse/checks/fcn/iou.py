"""Exercise 6.4: intersection over union of each class."""

from __future__ import annotations

from typing import Any

import torch

from ...metrics import iou_per_class
from ..comparing import kind
from ..exercise import Exercise, Probe
from ..observing import Seen
from .iou_mistakes import MISTAKES


def _list_seen(value: Any) -> Any:
    """Return a list as something seen: lists with NaN in them are never equal."""
    return Seen("a list", kind(value)) if isinstance(value, list | tuple | dict) else value


def _probe(note: str, *rows: list[int]) -> Probe:
    return Probe((torch.tensor(rows),), observe=_list_seen, note=note)


EXERCISE = Exercise(
    name="iou_per_class",
    number="6.4",
    signature="iou_per_class(confusion[K,K]) -> [K], rows of confusion are the truth; NaN for a class in "
    "neither truth nor prediction",
    reference=iou_per_class,
    probes=(
        _probe("three classes", [7, 2, 1], [0, 5, 3], [4, 1, 6]),
        _probe("two classes", [50, 3], [8, 4]),
        _probe("four classes", [20, 1, 0, 2], [3, 9, 5, 0], [0, 2, 11, 7], [6, 0, 1, 4]),
        _probe("class 1 is nowhere", [6, 0, 2], [0, 0, 0], [3, 0, 5]),
        _probe("class 2 is in the truth only", [4, 1, 0], [2, 8, 0], [3, 1, 0]),
        _probe("class 0 is in the prediction only", [0, 0, 0], [2, 5, 1], [4, 3, 9]),
        _probe("all right, two classes nowhere", [12, 0, 0, 0], [0, 0, 0, 0], [0, 0, 3, 0], [0, 0, 0, 0]),
        _probe("no pixel right", [0, 2], [5, 0]),
        _probe("a large background", [90_000, 40, 700], [120, 300, 0], [60, 20, 5]),
        _probe("one class", [8]),
    ),
    misconceptions=MISTAKES,
    hints=(
        "The intersection of class k stands on the diagonal. Its row adds up all pixels that are truly k, "
        "its column all that were called k. How many pixels are in either?",
        "Row sum + column sum counts the intersection twice: union = row sum + column sum − diagonal. Rows "
        "are summed by confusion.sum(dim=1), columns by confusion.sum(dim=0).",
        "For floats 0 / 0 is NaN, which is wanted here: return the quotient of diagonal and union, for all "
        "classes at once.",
    ),
)
