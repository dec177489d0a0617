"""Which exercises there are, and where each of them is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

from .exercise import Exercise
from .isolation import state_kept


class Catalog(MutableMapping[str, Exercise]):
    """The exercises by name, in the order of the course.

    A room is imported when one of its exercises is asked for: lesson 01 needs no torch.

    Parameters
    ----------
    rooms
        Module within ``cnncourse.checks`` and the names of the exercises in its ``EXERCISES``.

    Examples
    --------
    >>> catalog = Catalog({"first_steps": ("crop",)})
    >>> list(catalog), catalog["crop"].number
    (['crop'], '0.1')
    """

    def __init__(self, rooms: Mapping[str, tuple[str, ...]]) -> None:
        """Note where each exercise lives; import nothing."""
        self._room_of = {name: room for room, names in rooms.items() for name in names}
        self._loaded: dict[str, Exercise] = {}

    def __getitem__(self, name: str) -> Exercise:
        """Return the exercise; its room is imported the first time."""
        if name in self._room_of and name not in self._loaded:
            with state_kept():  # probes may hold layers, whose weights are drawn at random
                room = import_module(f".{self._room_of[name]}", __package__)
            for exercise in room.EXERCISES:
                self._loaded.setdefault(exercise.name, exercise)
        return self._loaded[name]

    def __setitem__(self, name: str, exercise: Exercise) -> None:
        """Put an exercise in the place of another one, or behind all."""
        self._room_of.setdefault(name, "")
        self._loaded[name] = exercise

    def __delitem__(self, name: str) -> None:
        """Take an exercise out."""
        del self._room_of[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        """Go through the names, in the order of the course."""
        return iter(self._room_of)

    def __len__(self) -> int:
        """Return how many exercises there are."""
        return len(self._room_of)
