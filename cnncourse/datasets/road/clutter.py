"""Post boxes, bins and benches: in the street, but in none of the eleven classes."""

from __future__ import annotations

from dataclasses import dataclass

from .colors import Color, scaled
from .dice import Dice
from .labels import VOID
from .painter import Ink, Painter


@dataclass(frozen=True)
class Clutter:
    """Something on the pavement whose pixels do not count."""

    x: float
    z: float
    color: Color

    @property
    def depth(self) -> float:
        """Where it stands."""
        return self.z

    def shade(self, painter: Painter) -> None:
        """A box's shadow."""
        x, z = self.x, self.z
        painter.shadow([(x - 0.25, 0, z), (x + 0.25, 0, z), (x + 0.25, 1, z), (x - 0.25, 1, z)])
        painter.contact(x - 0.35, x + 0.35, z - 0.2, z + 0.3)

    def paint(self, painter: Painter) -> None:
        """Paint it; each kind does that in its own way."""
        raise NotImplementedError

    def ink(self, painter: Painter, color: Color) -> Ink:
        """Return a color as it looks there."""
        return painter.ink(color, VOID, self.z, painter.mood.on_front)


class PostBox(Clutter):
    """A red pillar box."""

    def paint(self, painter: Painter) -> None:
        """Paint foot, pillar, cap and slot."""
        x, z, red, black = self.x, self.z, self.ink(painter, (196, 36, 34)), self.ink(painter, (30, 26, 26))
        painter.front(x - 0.24, x + 0.24, 0.2, 1.5, z, red)
        painter.front(x - 0.27, x + 0.27, 0, 0.22, z, black)
        painter.disc(painter.at(x, 1.5, z), 0.28 * painter.camera.focal / z, red, 0.5)
        painter.front(x - 0.15, x + 0.15, 1.18, 1.26, z, black)


class Bin(Clutter):
    """A bin on wheels."""

    def paint(self, painter: Painter) -> None:
        """Paint body, lid and the side in the shade."""
        x, z, ink, dark = (
            self.x,
            self.z,
            self.ink(painter, self.color),
            self.ink(painter, scaled(self.color, 0.55)),
        )
        painter.front(x - 0.28, x + 0.28, 0, 0.95, z, ink)
        painter.front(x - 0.31, x + 0.31, 0.95, 1.08, z, dark)
        painter.front(x - 0.28, x - 0.14, 0, 0.95, z, dark)


class Bench(Clutter):
    """A bench."""

    def paint(self, painter: Painter) -> None:
        """Paint three boards and two legs."""
        x, z, ink, dark = (
            self.x,
            self.z,
            self.ink(painter, self.color),
            self.ink(painter, scaled(self.color, 0.55)),
        )
        for y in (0.42, 0.62, 0.8):
            painter.front(x - 0.75, x + 0.75, y, y + 0.12, z, ink)
        for leg in (-0.65, 0.55):
            painter.front(x + leg, x + leg + 0.1, 0, 0.5, z, dark)


KINDS: tuple[type[Clutter], ...] = (PostBox, Bin, Bench)


def draw_clutter(dice: Dice, x: float, z: float) -> Clutter:
    """Return one of them."""
    color = dice.pick([(62, 84, 70), (70, 74, 80), (132, 100, 66)])
    return dice.pick(KINDS)(x, z, color)
