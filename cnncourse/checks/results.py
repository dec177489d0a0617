"""Mistakes made with a right result, which several exercises share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Misconception


def changed(operation: Callable[..., Any], change: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return ``operation`` with its result changed."""
    return lambda *args, **options: change(operation(*args, **options))


def fractions_cut_off(operation: Callable[..., Any]) -> Misconception:
    """Return the mistake of whole-number results."""
    return Misconception(
        "fractions cut off",
        "Your result holds whole numbers only. Make the output array of floats (np.zeros does that), "
        "divide by / and not by //, and do not round.",
        tuple(changed(operation, change) for change in (_to_int, np.trunc, np.floor, np.round)),
    )


def negative_sums_lost(operation: Callable[..., Any]) -> Misconception:
    """Return the mistake of results without a sign."""
    return Misconception(
        "negative sums lost",
        "A convolution may well be negative: keep the sign. (Cutting negatives off is ReLU, which comes "
        "later.)",
        (
            changed(operation, lambda out: np.maximum(out, 0)),
            changed(operation, np.abs),
        ),
    )


def _to_int(out: np.ndarray) -> np.ndarray:
    return out.astype(int)
