"""Traffic signs of several shapes, on a thin column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .colors import Color
from .dice import Dice
from .labels import SIGN
from .painter import SCALE, Ink, Painter
from .posts import METAL, Beacon, Post, TrafficLight

RED, BLUE, GREEN, BROWN = (204, 44, 42), (36, 84, 168), (40, 120, 84), (120, 78, 50)
WHITE, YELLOW, BLACK = (238, 238, 232), (240, 196, 62), (40, 40, 40)


@dataclass(frozen=True)
class Plate:
    """The plate of a sign, in whose own lengths its picture is drawn: (0, 0) is the middle, 1 the radius."""

    painter: Painter
    x: int
    y: int
    radius: float
    z: float

    def poly(self, color: Color, corners: list[tuple[float, float]], size: float = 1.0) -> None:
        """Fill a polygon."""
        r = size * self.radius
        points = [(round(self.x + r * a), round(self.y + r * b)) for a, b in corners]
        self.painter.poly(points, self._ink(color))

    def disc(self, color: Color, size: float, across: float = 0.0, down: float = 0.0) -> None:
        """Fill a circle."""
        place = (round(self.x + across * self.radius), round(self.y + down * self.radius))
        self.painter.disc(place, size * self.radius, self._ink(color))

    def box(self, color: Color, left: float, top: float, right: float, bottom: float) -> None:
        """Fill a rectangle."""
        x, y, r = self.x, self.y, self.radius
        self.painter.box(x + left * r, y + top * r, x + right * r, y + bottom * r, self._ink(color))

    def _ink(self, color: Color) -> Ink:
        return self.painter.ink(color, SIGN, self.z, self.painter.mood.on_front)


def _speed_limit(plate: Plate, face: Color) -> None:
    plate.disc(RED, 1)
    plate.disc(WHITE, 0.66)
    plate.box(BLACK, -0.34, -0.28, -0.02, 0.28)
    plate.box(BLACK, 0.1, -0.28, 0.4, 0.28)


def _warning(plate: Plate, face: Color) -> None:
    corners = [(-1.0, 0.8), (0.0, -0.95), (1.0, 0.8)]
    plate.poly(RED, corners, 1.08)
    plate.poly(WHITE, corners, 0.6)
    plate.box(BLACK, -0.1, -0.1, 0.1, 0.4)


def _give_way(plate: Plate, face: Color) -> None:
    corners = [(-1.0, -0.8), (0.0, 0.95), (1.0, -0.8)]
    plate.poly(RED, corners, 1.08)
    plate.poly(WHITE, corners, 0.6)


def _stop(plate: Plate, face: Color) -> None:
    half = [(-1.0, 0.4), (-1.0, -0.4), (-0.4, -1.0), (0.4, -1.0)]
    plate.poly(RED, [*half, *((-a, -b) for a, b in half)])
    plate.box(WHITE, -0.66, -0.2, 0.66, 0.2)


def _parking(plate: Plate, face: Color) -> None:
    plate.box(BLUE, -0.85, -0.95, 0.85, 0.95)
    plate.box(WHITE, -0.4, -0.6, -0.14, 0.66)
    plate.disc(WHITE, 0.34, 0.08, -0.26)


def _direction(plate: Plate, face: Color) -> None:
    plate.box(face, -1.5, -0.8, 1.5, 0.8)
    for top in (-0.3, 0.2):
        plate.box(WHITE, -1.1, top, 1.1, top + 0.22)


def _no_entry(plate: Plate, face: Color) -> None:
    plate.disc(RED, 1)
    plate.box(WHITE, -0.66, -0.2, 0.66, 0.22)


def _people_cross(plate: Plate, face: Color) -> None:
    plate.poly(YELLOW, [(-1, 0), (0, -1), (1, 0), (0, 1)], 1.1)
    plate.disc(BLACK, 0.16, 0, -0.3)
    plate.box(BLACK, -0.16, -0.1, 0.16, 0.5)


KINDS: tuple[Callable[[Plate, Color], None], ...] = (
    _speed_limit, _warning, _give_way, _stop, _parking, _direction, _no_entry, _people_cross,
)  # fmt: skip


@dataclass(frozen=True)
class Sign(Post):
    """A traffic sign; ``face`` is the color of a direction sign, the others have theirs."""

    radius: float
    picture: Callable[[Plate, Color], None]
    face: Color

    def paint(self, painter: Painter) -> None:
        """Paint the column, then the plate."""
        self.column(painter)
        x, y = painter.at(self.x, self.height - self.radius, self.z)
        radius = max(1.5 * SCALE, self.radius * painter.camera.focal / self.z)
        self.picture(Plate(painter, x, y, radius, self.z), self.face)


def draw_sign(dice: Dice, x: float, z: float, thin: float) -> Post:
    """Return a sign, a traffic light or a beacon."""
    color, width = dice.near(dice.pick(METAL), 14), dice.uniform(0.07, 0.11) / thin
    height, radius = dice.uniform(2.3, 3.3), dice.uniform(0.34, 0.6)
    what, picture, shows = dice.uniform(0, 1), dice.pick(KINDS), dice.whole(0, 2)
    face = dice.near(dice.pick((BLUE, GREEN, BROWN)), 12)
    if what < 0.2:
        return TrafficLight(x, z, 2.9, width, (46, 48, 50), shows)
    if what < 0.27:
        return Beacon(x, z, 2.6, 1.4 * width, color)
    return Sign(x, z, height, width, color, radius, picture, face)
