"""Exercise 4.3: early stopping. Seen is after which epoch it stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...training.early_stopping import EarlyStopping
from ..exercise import Exercise, Probe, Unusable
from ..observing import Seen
from .early_stopping_mistakes import MISTAKES

Make = Callable[[int], Any]


def _stops(make: Make, patience: int, losses: Sequence[float]) -> Seen:
    """Return after which epoch it says stop; what it says later is left open."""
    return _fed(_made(make, patience), losses)


def _second_of_two(make: Make, patience: int, losses: Sequence[float]) -> Seen:
    """Return the same for a second object, made when a first one was about to stop."""
    first = _made(make, patience)
    for loss in (0.25, *[0.5] * (patience - 1)):
        first.step(loss)
    return _stops(make, patience, losses)


def _made(make: Make, patience: int) -> Any:
    stopping = make(patience)
    if isinstance(stopping, type) or not callable(getattr(stopping, "step", None)):
        raise Unusable(
            "Expected of EarlyStopping(patience) an object with a method step(validation_loss), got "
            f"{'a class' if isinstance(stopping, type) else f'an object of type {type(stopping).__name__}'}."
        )
    return stopping


def _fed(stopping: Any, losses: Sequence[float]) -> Seen:
    for epoch, loss in enumerate(losses, 1):
        stop = stopping.step(loss)
        if stop is None:
            return Seen(f"nothing in {epoch}", f"step returned nothing (None) in epoch {epoch}")
        if not isinstance(stop, bool | np.bool_):
            return Seen("no bool", f"step returned {stop!r:.40}, neither True nor False, in epoch {epoch}")
        if stop:
            return Seen(f"stops after {epoch}", f"stops after epoch {epoch}")
    return Seen("goes on", f"goes on through all {len(losses)} epochs")


def _probe(note: str, patience: int, *losses: float, drive: Callable[..., Seen] = _stops) -> Probe:
    told = ", ".join(f"{loss:g}" for loss in losses)
    return Probe((patience,), drive=partial(drive, losses=losses), note=f"{note}: losses {told}")


EXERCISE = Exercise(
    name="EarlyStopping",
    number="4.3",
    signature="EarlyStopping(patience), with a method step(validation_loss) -> True to stop, else False",
    reference=EarlyStopping,
    probes=(
        _probe("twice in a row no new best", 2, 0.9, 0.5, 0.6, 0.7, 0.8),
        _probe("a new best in between", 2, 0.9, 0.8, 0.85, 0.7, 0.75, 0.6, 0.65, 0.64, 0.63),
        _probe("falling again, yet not below the best", 3, 0.5, 0.9, 0.8, 0.7, 0.6, 0.55),
        _probe("up and down, never below the best", 4, 0.5, 0.7, 0.55, 0.65, 0.6, 0.62),
        _probe("patience 1", 1, 0.9, 0.8, 0.7, 0.71, 0.72),
        _probe("always better", 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3),
        _probe("a new best just in time", 3, 0.9, 0.95, 0.92, 0.8, 0.85, 0.83, 0.81, 0.82),
        _probe("an equal loss is no new best", 2, 0.6, 0.5, 0.5, 0.5, 0.5),
        _probe("large losses", 2, 2600.0, 2500.0, 2400.0, 2450.0, 2425.0, 2410.0),
        _probe("small steps", 2, 0.5, 0.49999, 0.49998, 0.49997, 0.49996, 0.49995),
        _probe("the best once beaten late", 2, 0.4, 0.5, 0.3, 0.45, 0.35, 0.31),
        _probe("a new best every other epoch", 2, 0.6, 0.5, 0.7, 0.4, 0.65, 0.3, 0.55),
        _probe("a loss of 0", 2, 0.5, 0.0, 0.1, 0.2, 0.3),
        _probe("a second object beside another one", 3, 0.9, 0.8, 0.85, 0.7, drive=_second_of_two),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Remember two things between the calls: the lowest loss so far, and for how many epochs you have "
        "waited since. Set both in __init__, as self.best and self.waited.",
        "In step: is the loss lower than the best? Then it is the new best, and the waiting starts again at "
        "0. If not, one more epoch was waited.",
        'Start with self.best = float("inf"), so that the first loss is a new best; stop when self.waited '
        "has reached self.patience.",
    ),
)
