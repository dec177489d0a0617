"""The three parts of a data set, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def choose(split: str, parts: Mapping[str, T], name: str) -> T:
    """Return the part of a data set that ``split`` names.

    Raises
    ------
    ValueError
        When there is no such part; the message lists those there are.

    Examples
    --------
    >>> choose("val", {"train": 800, "val": 200}, "scenes")
    200
    >>> choose("dev", {"train": 800, "val": 200}, "scenes")
    Traceback (most recent call last):
    ValueError: scenes has no split 'dev'; expected 'train' or 'val'
    """
    if split not in parts:
        *others, last = map(repr, parts)
        expected = f"{', '.join(others)} or {last}" if others else last
        raise ValueError(f"{name} has no split {split!r}; expected {expected}")
    return parts[split]
