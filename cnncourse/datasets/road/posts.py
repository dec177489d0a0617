"""Thin things at the kerb: lamps, traffic lights, beacons."""

from __future__ import annotations

from dataclasses import dataclass

from .colors import Color, scaled
from .dice import Dice
from .labels import POLE, SIGN
from .painter import SCALE, Painter

METAL = ((104, 110, 112), (70, 74, 78), (146, 150, 150), (62, 82, 76))


@dataclass(frozen=True)
class Post:
    """What stands on a foot: a column of a class of its own, thinner than anything else in the street."""

    x: float
    z: float
    height: float
    width: float
    color: Color

    @property
    def depth(self) -> float:
        """Where it stands."""
        return self.z

    def shade(self, painter: Painter) -> None:
        """A line across the ground."""
        x, z, half = self.x, self.z, max(0.06, self.width / 2)
        painter.shadow(
            [(x - half, 0, z), (x + half, 0, z), (x + half, self.height, z), (x - half, self.height, z)]
        )
        painter.contact(x - 0.2, x + 0.2, z - 0.15, z + 0.15, 0.3)

    def column(self, painter: Painter, top: float | None = None) -> None:
        """Paint the column up to a height."""
        ink = painter.ink(self.color, POLE, self.z, painter.mood.on_front)
        painter.bar(self.x, self.z, 0, self.height if top is None else top, self.width, ink)

    def paint(self, painter: Painter) -> None:
        """Paint column and what it bears."""
        self.column(painter)


@dataclass(frozen=True)
class Lamp(Post):
    """A street lamp whose arm hangs over the road, to the right when ``toward`` is 1."""

    toward: int
    arm: float

    def paint(self, painter: Painter) -> None:
        """Paint column, arm and head; in the evening it shines."""
        self.column(painter)
        scale, (x, y) = painter.camera.focal / self.z, painter.at(self.x, self.height, self.z)
        ink = painter.ink(self.color, POLE, self.z, painter.mood.on_front)
        thick = max(SCALE, round(0.7 * self.width * scale))
        end = x + self.toward * self.arm * scale
        painter.box(min(x, end), y, max(x, end), y + thick, ink)
        lamp = (255, 226, 160) if painter.mood.lamps else (206, 206, 200)
        head = painter.ink(lamp, POLE, self.z)
        reach = self.toward * 0.5 * scale
        painter.box(min(end, end + reach), y, max(end, end + reach), y + max(thick, 0.2 * scale), head)
        if painter.mood.lamps:
            painter.glow((round(end + reach / 2), y), 1.3 * scale + 5, (255, 206, 130))


@dataclass(frozen=True)
class Beacon(Post):
    """A black and white column with an orange globe, as beside a zebra crossing."""

    def paint(self, painter: Painter) -> None:
        """Paint bands and globe."""
        bands = 6
        for k in range(bands):
            color = (234, 234, 228) if k % 2 else (40, 40, 42)
            ink = painter.ink(color, POLE, self.z, painter.mood.on_front)
            painter.bar(
                self.x, self.z, k * self.height / bands, (k + 1) * self.height / bands, self.width, ink
            )
        scale, (x, y) = painter.camera.focal / self.z, painter.at(self.x, self.height + 0.15, self.z)
        painter.disc((x, y), max(SCALE, 0.2 * scale), painter.ink((255, 158, 42), POLE, self.z))


@dataclass(frozen=True)
class TrafficLight(Post):
    """A traffic light; its box counts as a sign."""

    shows: int  # 0 red, 1 amber, 2 green

    def paint(self, painter: Painter) -> None:
        """Paint column, box and three lamps, one of them lit."""
        self.column(painter)
        scale, (x, y) = painter.camera.focal / self.z, painter.at(self.x, self.height, self.z)
        half = max(1.5 * SCALE, 0.2 * scale)
        painter.box(
            x - half, y - 2.5 * half, x + half, y + 2.5 * half, painter.ink((36, 38, 40), SIGN, self.z)
        )
        for k, color in enumerate(((255, 60, 48), (255, 190, 60), (70, 236, 130))):
            lit = k == self.shows
            ink = painter.ink(color if lit else scaled(color, 0.28), SIGN, self.z)
            place = (round(x), round(y + (k - 1) * 1.55 * half))
            painter.disc(place, max(1, 0.62 * half), ink)
            if lit:
                painter.glow(place, 2.4 * half + 3, color)


def draw_lamp(dice: Dice, x: float, z: float, toward: int, thin: float) -> Post:
    """Return a lamp, or now and then a lower column without an arm."""
    color, width = dice.near(dice.pick(METAL), 14), dice.uniform(0.11, 0.2) / thin
    height, arm, plain = dice.uniform(4.6, 8), dice.uniform(0.6, 1.7), dice.chance(0.2)
    return Post(x, z, height, width, color) if plain else Lamp(x, z, height, width, color, toward, arm)
