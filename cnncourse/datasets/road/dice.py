"""Random numbers for a scene: one independent stream for each kind of thing in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from .colors import Color

T = TypeVar("T")

_BLOCK = 128  # numbers fetched at once: a call of the generator for each would cost a third of the drawing


class Dice:
    """Draws from one stream, named by a seed and a key; the same key always gives the same numbers.

    Examples
    --------
    >>> first, again, other = Dice(0, (0, 5)), Dice(0, (0, 5)), Dice(0, (1, 5))
    >>> roll = first.uniform(2, 3)
    >>> roll == again.uniform(2, 3), roll == other.uniform(2, 3)
    (True, False)
    """

    def __init__(self, seed: int, key: tuple[int, ...]) -> None:
        """Open the stream; ``rng`` serves whole arrays from it."""
        self.rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
        self._next = self._numbers().__next__

    def _numbers(self) -> Iterator[float]:
        while True:
            yield from self.rng.random(_BLOCK).tolist()

    def uniform(self, low: float, high: float) -> float:
        """Return a number in low..high."""
        return low + (high - low) * self._next()

    def whole(self, low: int, high: int) -> int:
        """Return an integer of low, …, high, both possible."""
        return low + int((high - low + 1) * self._next())

    def chance(self, probability: float) -> bool:
        """Return True that often."""
        return self._next() < probability

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, each equally likely."""
        return options[int(len(options) * self._next())]

    def near(self, color: Color, spread: float) -> Color:
        """Return a color of about the same kind: each part moved by up to ``spread``."""
        red, green, blue = color
        return (
            red + spread * (2 * self._next() - 1),
            green + spread * (2 * self._next() - 1),
            blue + spread * (2 * self._next() - 1),
        )
