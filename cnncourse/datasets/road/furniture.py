"""Thin things at the kerb: lamps, traffic lights, signs of several shapes; and things of no class."""

from __future__ import annotations

from dataclasses import dataclass

from .colors import Color, scaled
from .dice import Dice
from .labels import POLE, SIGN, VOID
from .painter import SCALE, Painter

RED, BLUE, WHITE, YELLOW, GREEN = (204, 44, 42), (36, 84, 168), (238, 238, 232), (240, 196, 62), (40, 120, 84)


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
    """A traffic light; its box counts as a sign, as in CamVid."""

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


@dataclass(frozen=True)
class Sign(Post):
    """A traffic sign on a column."""

    radius: float
    kind: int  # 0 speed limit, 1 warning, 2 give way, 3 stop, 4 parking, 5 direction, 6 no entry, 7 crossing
    face: Color

    def paint(self, painter: Painter) -> None:
        """Paint column, plate and what is on it."""
        self.column(painter)
        scale, z = painter.camera.focal / self.z, self.z
        x, y = painter.at(self.x, self.height - self.radius, z)
        r, light = max(1.5 * SCALE, self.radius * scale), painter.mood.on_front

        def ink(color: Color) -> tuple[int, int, int, int]:
            return painter.ink(color, SIGN, z, light)

        def outline(size: float, *corners: tuple[float, float]) -> list[tuple[int, int]]:
            return [(round(x + size * r * a), round(y + size * r * b)) for a, b in corners]

        up, down = ((-1, 0.8), (0, -0.95), (1, 0.8)), ((-1, -0.8), (0, 0.95), (1, -0.8))
        if self.kind == 0:
            painter.disc((x, y), r, ink(RED))
            painter.disc((x, y), 0.66 * r, ink(WHITE))
            painter.box(x - 0.34 * r, y - 0.28 * r, x - 0.02 * r, y + 0.28 * r, ink((40, 40, 40)))
            painter.box(x + 0.1 * r, y - 0.28 * r, x + 0.4 * r, y + 0.28 * r, ink((40, 40, 40)))
        elif self.kind in (1, 2):
            corners = up if self.kind == 1 else down
            painter.poly(outline(1.08, *corners), ink(RED))
            painter.poly(outline(0.6, *corners), ink(WHITE))
            if self.kind == 1:
                painter.box(x - 0.1 * r, y - 0.1 * r, x + 0.1 * r, y + 0.4 * r, ink((40, 40, 40)))
        elif self.kind == 3:
            octagon = ((-1, 0.4), (-1, -0.4), (-0.4, -1), (0.4, -1), (1, -0.4), (1, 0.4), (0.4, 1), (-0.4, 1))
            painter.poly(outline(1, *octagon), ink(RED))
            painter.box(x - 0.66 * r, y - 0.2 * r, x + 0.66 * r, y + 0.2 * r, ink(WHITE))
        elif self.kind == 4:
            painter.box(x - 0.85 * r, y - 0.95 * r, x + 0.85 * r, y + 0.95 * r, ink(BLUE))
            painter.box(x - 0.4 * r, y - 0.6 * r, x - 0.14 * r, y + 0.66 * r, ink(WHITE))
            painter.disc((round(x + 0.08 * r), round(y - 0.26 * r)), 0.34 * r, ink(WHITE))
        elif self.kind == 5:
            painter.box(x - 1.5 * r, y - 0.8 * r, x + 1.5 * r, y + 0.8 * r, ink(self.face))
            for k in (-0.3, 0.2):
                painter.box(x - 1.1 * r, y + k * r, x + 1.1 * r, y + (k + 0.22) * r, ink(WHITE))
        elif self.kind == 6:
            painter.disc((x, y), r, ink(RED))
            painter.box(x - 0.66 * r, y - 0.2 * r, x + 0.66 * r, y + 0.22 * r, ink(WHITE))
        else:
            painter.poly(outline(1.1, (-1, 0), (0, -1), (1, 0), (0, 1)), ink(YELLOW))
            painter.disc((x, round(y - 0.3 * r)), 0.16 * r, ink((40, 40, 40)))
            painter.box(x - 0.16 * r, y - 0.1 * r, x + 0.16 * r, y + 0.5 * r, ink((40, 40, 40)))


METAL = ((104, 110, 112), (70, 74, 78), (146, 150, 150), (62, 82, 76))


def draw_lamp(dice: Dice, x: float, z: float, toward: int, thin: float) -> Post:
    """Return a lamp, or now and then a lower column without an arm."""
    color, width = dice.near(dice.pick(METAL), 14), dice.uniform(0.11, 0.2) / thin
    height, arm, plain = dice.uniform(4.6, 8), dice.uniform(0.6, 1.7), dice.chance(0.2)
    return Post(x, z, height, width, color) if plain else Lamp(x, z, height, width, color, toward, arm)


def draw_sign(dice: Dice, x: float, z: float, thin: float) -> Post:
    """Return a sign, a traffic light or a beacon."""
    color, width = dice.near(dice.pick(METAL), 14), dice.uniform(0.07, 0.11) / thin
    height, radius = dice.uniform(2.3, 3.3), dice.uniform(0.34, 0.6)
    what, kind, shows = dice.uniform(0, 1), dice.whole(0, 7), dice.whole(0, 2)
    face = dice.near(dice.pick((BLUE, GREEN, (120, 78, 50))), 12)
    if what < 0.2:
        return TrafficLight(x, z, 2.9, width, (46, 48, 50), shows)
    if what < 0.27:
        return Beacon(x, z, 2.6, 1.4 * width, color)
    return Sign(x, z, height, width, color, radius, kind, face)


@dataclass(frozen=True)
class Clutter:
    """A post box, a litter bin or a bench: in the street, but in none of the eleven classes."""

    kind: int
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
        """Paint it."""
        x, z, light = self.x, self.z, painter.mood.on_front
        ink = painter.ink(self.color, VOID, z, light)
        dark = painter.ink(scaled(self.color, 0.55), VOID, z, light)
        if self.kind == 0:
            ink, black = painter.ink((196, 36, 34), VOID, z, light), painter.ink((30, 26, 26), VOID, z, light)
            painter.front(x - 0.24, x + 0.24, 0.2, 1.5, z, ink)
            painter.front(x - 0.27, x + 0.27, 0, 0.22, z, black)
            painter.disc(painter.at(x, 1.5, z), 0.28 * painter.camera.focal / z, ink, 0.5)
            painter.front(x - 0.15, x + 0.15, 1.18, 1.26, z, black)
        elif self.kind == 1:
            painter.front(x - 0.28, x + 0.28, 0, 0.95, z, ink)
            painter.front(x - 0.31, x + 0.31, 0.95, 1.08, z, dark)
            painter.front(x - 0.28, x - 0.14, 0, 0.95, z, dark)
        else:
            for y in (0.42, 0.62, 0.8):
                painter.front(x - 0.75, x + 0.75, y, y + 0.12, z, ink)
            for a in (-0.65, 0.55):
                painter.front(x + a, x + a + 0.1, 0, 0.5, z, dark)


def draw_clutter(dice: Dice, x: float, z: float) -> Clutter:
    """Return one of them."""
    color = dice.pick([(62, 84, 70), (70, 74, 80), (132, 100, 66)])
    return Clutter(dice.whole(0, 2), x, z, color)
