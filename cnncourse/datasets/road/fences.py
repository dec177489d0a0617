"""Railings, pickets and garden walls along the street."""

from __future__ import annotations

from dataclasses import dataclass

from .colors import Color, scaled
from .dice import Dice
from .labels import FENCE
from .painter import Ink, Painter


@dataclass(frozen=True)
class Fence:
    """A fence at x on the left (side -1) or right of the street, from z0 to z1."""

    side: int
    x: float
    z0: float
    z1: float
    height: float
    color: Color

    @property
    def depth(self) -> float:
        """Just in front of a house that ends there."""
        return self.z1 - 0.01

    def shade(self, painter: Painter) -> None:
        """Shadow of the whole panel."""
        x, z0, z1, top = self.x, self.z0, self.z1, self.height
        painter.shadow([(x, 0, z0), (x, 0, z1), (x, top, z1), (x, top, z0)])

    def paint(self, painter: Painter) -> None:
        """Paint it; each kind does that in its own way."""
        raise NotImplementedError

    def ink(self, painter: Painter, light: float = 1.0) -> Ink:
        """Return its color, darker below 1."""
        middle = 0.5 * (self.z0 + self.z1)
        return painter.ink(scaled(self.color, light), FENCE, middle, painter.mood.on_side(-self.side))

    def bars(self, painter: Painter, ink: Ink) -> None:
        """Paint upright bars, farther apart where they could not be told apart, and two rails."""
        x, z, at, focal = self.x, self.z0, painter.at, painter.camera.focal
        while z < self.z1:
            painter.line([at(x, 0, z), at(x, self.height, z)], ink, 0.05 * focal / z)
            z += max(0.22, 0.03 * z)
        for share in (0.12, 0.94):
            y = share * self.height
            painter.line([at(x, y, self.z0), at(x, y, self.z1)], ink, 0.06 * focal / (self.z0 + 2))


class Railing(Fence):
    """Iron bars. What one sees between them counts as fence."""

    def shade(self, painter: Painter) -> None:
        """Bars let the sun through."""

    def paint(self, painter: Painter) -> None:
        """Give the panel its class, then paint the bars."""
        at, x, z0, z1, top = painter.at, self.x, self.z0, self.z1, self.height
        painter.relabel([at(x, 0, z0), at(x, 0, z1), at(x, top, z1), at(x, top, z0)], FENCE)
        self.bars(painter, self.ink(painter))


class Pickets(Fence):
    """Boards without gaps."""

    def paint(self, painter: Painter) -> None:
        """Paint the panel and the edges of the boards."""
        painter.wall(self.x, self.z0, self.z1, 0, self.height, self.ink(painter))
        self.bars(painter, self.ink(painter, 0.72))


class GardenWall(Fence):
    """Bricks under a row of stones."""

    def paint(self, painter: Painter) -> None:
        """Paint the wall, three courses, and the stones."""
        x, z0, z1, top, at = self.x, self.z0, self.z1, self.height, painter.at
        painter.wall(x, z0, z1, 0, top, self.ink(painter))
        stone = painter.ink((196, 190, 180), FENCE, 0.5 * (z0 + z1), painter.mood.on_side(-self.side))
        painter.wall(x, z0, z1, top - 0.14, top, stone)
        for share in (0.3, 0.55, 0.8):
            end = at(x, share * top, min(z1, 14.0 + z0))
            painter.line([at(x, share * top, z0), end], self.ink(painter, 0.72))


KINDS: tuple[tuple[type[Fence], tuple[Color, ...]], ...] = (
    (Railing, ((46, 50, 52), (60, 84, 70), (150, 152, 150))),
    (Pickets, ((156, 116, 78), (214, 206, 192), (120, 92, 66))),
    (GardenWall, ((164, 102, 80), (176, 160, 138))),
)


def draw_fence(dice: Dice, side: int, x: float, z0: float, z1: float) -> Fence:
    """Return a fence of one of three kinds."""
    kind, colors = dice.pick(KINDS)
    color = dice.near(dice.pick(colors), 12)
    return kind(side, x, z0, z1, dice.uniform(0.9, 1.7), color)
