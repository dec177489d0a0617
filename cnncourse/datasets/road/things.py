"""What every thing in the street can do."""

from __future__ import annotations

from typing import Protocol

from .painter import Painter


class Thing(Protocol):
    """Stands somewhere in the street. All its numbers are fixed when it is placed; painting draws none."""

    @property
    def depth(self) -> float:
        """Metres from the camera to its far end: far things are painted first."""

    def shade(self, painter: Painter) -> None:
        """Lay its shadow on the ground."""

    def paint(self, painter: Painter) -> None:
        """Paint it with its class."""
