"""A part of a data set, chosen by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def choose(name: str, choices: Mapping[str, T], data: str, what: str = "split") -> T:
    """Return what belongs to a name, as to the split "val" of a data set.

    Raises
    ------
    ValueError
        When there is no such name; the message lists those there are.

    Examples
    --------
    >>> choose("val", {"train": 800, "val": 200}, "scenes")
    200
    >>> choose("dev", {"train": 800, "val": 200}, "scenes")
    Traceback (most recent call last):
    ValueError: scenes has no split 'dev'; expected 'train' or 'val'
    """
    if name not in choices:
        *others, last = map(repr, choices)
        expected = f"{', '.join(others)} or {last}" if others else last
        raise ValueError(f"{data} has no {what} {name!r}; expected {expected}")
    return choices[name]
