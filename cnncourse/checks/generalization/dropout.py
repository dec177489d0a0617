"""Exercise 4.1: dropout. Its results are random: seen are its rules, over many calls."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...ops.dropout import dropout
from ..exercise import Exercise, Probe
from . import coins
from .dropout_mistakes import MISTAKES

_SMALL = torch.tensor([[1.5, -2.0, 0.0, 4.0], [0.5, 3.0, -1.0, 2.5], [-0.25, 1.0, 2.0, -3.0]])


def _values(*shape: int) -> Tensor:
    """Return different numbers of both signs, none of them 0."""
    numbers = torch.arange(1.0, torch.Size(shape).numel() + 1) / 8
    return (numbers * (1 - 2 * (torch.arange(len(numbers)) % 3 == 1).float())).reshape(shape)


_TABLE, _ROW, _MAPS = _values(6, 7), _values(5, 8), _values(4, 3, 4, 4)


def _calls(number: int, look: Any) -> Any:
    """Return a drive that makes so many calls."""
    return partial(look, number)


def _probe(note: str, drive: Any, x: Tensor, p: float, training: bool = True) -> Probe:
    return Probe((x, p, training), drive=drive, note=note)


EXERCISE = Exercise(
    name="dropout",
    number="4.1",
    signature="dropout(x, p, training) -> a tensor like x; 0 <= p < 1 is the probability to be dropped",
    reference=dropout,
    probes=(
        _probe("not training", coins.steady, _SMALL, 0.5, False),
        _probe("training, p = 0.2: the values that are kept", _calls(12, coins.factors), _TABLE, 0.2),
        _probe("training, p = 0.75: the values that are kept", _calls(30, coins.factors), _TABLE, 0.75),
        _probe("training, p = 0.2: how many are dropped", _calls(40, coins.share), _TABLE, 0.2),
        _probe("training, p = 0.75: how many are dropped", _calls(40, coins.share), _TABLE, 0.75),
        _probe("training, maps [4,3,4,4]: who shares a decision", _calls(20, coins.ties), _MAPS, 0.5),
        _probe("training: from one call to the next", coins.between_calls, _ROW, 0.5),
        _probe("training, p = 0: nothing to drop", coins.steady, _SMALL, 0.0),
        _probe("not training, p = 0.2: the values", _calls(12, coins.factors), _TABLE, 0.2, False),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Two cases. Not training: what must come back? Training: draw a random number between 0 and 1 for "
        "each value of x, torch.rand_like(x). How often is such a number smaller than p?",
        "A comparison makes a mask of True and False, and multiplying by it sets values to 0. A share of "
        "1 − p is kept: what must the kept values be divided by, so that the mean stays?",
        "First: if not training, return x. Then: kept = torch.rand_like(x) >= p, and x * kept goes through "
        "one more division.",
    ),
)
