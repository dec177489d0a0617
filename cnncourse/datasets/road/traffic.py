"""Cars and vans, seen from behind or from the front."""

from __future__ import annotations

from dataclasses import dataclass

from .colors import Color, blend, scaled
from .dice import Dice
from .labels import CAR
from .painter import Painter

PAINTS = (
    (186, 40, 38), (44, 84, 150), (222, 222, 218), (52, 54, 60), (148, 152, 158), (64, 116, 88),
    (228, 178, 58), (122, 168, 190), (124, 46, 62), (196, 118, 62), (188, 192, 170),
)  # fmt: skip


@dataclass(frozen=True)
class Car:
    """A car around x whose near end is at z; ``away``: one sees its back, else its front."""

    x: float
    z: float
    half: float  # of its width
    length: float
    height: float
    color: Color
    away: bool
    van: bool

    @property
    def depth(self) -> float:
        """Its middle, so that who stands beside the bonnet is not painted over."""
        return self.z + 0.3

    def _profile(self) -> tuple[float, float, float, float]:
        """Return z of the foot and top of the near window, and of the top and foot of the far one."""
        z, end = self.z, self.z + self.length
        if self.van:
            return (
                (z + 0.02, z + 0.1, end - 1.0, end - 0.5) if self.away else (z + 0.5, z + 1.0, end - 0.1, end)
            )
        return (
            (z + 0.1, z + 0.6, end - 1.9, end - 1.1)
            if self.away
            else (z + 1.1, z + 1.9, end - 0.6, end - 0.1)
        )

    def shade(self, painter: Painter) -> None:
        """Shadow of the body, and the dark under it."""
        left, right, z0, z1, top = (
            self.x - self.half,
            self.x + self.half,
            self.z,
            self.z + self.length,
            self.height,
        )
        for x in (left, right):
            painter.shadow([(x, 0, z0), (x, 0, z1), (x, 0.8 * top, z1), (x, 0.8 * top, z0)])
        painter.shadow([(left, 0, z0), (right, 0, z0), (right, 0.8 * top, z0), (left, 0.8 * top, z0)])
        painter.shadow(
            [(left, 0.8 * top, z0), (right, 0.8 * top, z0), (right, 0.8 * top, z1), (left, 0.8 * top, z1)]
        )
        painter.contact(left - 0.12, right + 0.12, z0 - 0.25, z1, 0.62)

    def paint(self, painter: Painter) -> None:
        """Paint the side one sees, the top, then the end that faces the camera."""
        waist = 0.6 * self.height if not self.van else 0.55 * self.height
        if self.x > self.half:
            self._side(painter, -1, waist)
        elif self.x < -self.half:
            self._side(painter, 1, waist)
        self._top(painter, waist)
        self._end(painter, waist)

    def _glass(self, painter: Painter, z: float) -> tuple[int, int, int, int]:
        return painter.ink(blend((42, 52, 62), painter.mood.zenith, 0.18), CAR, z)

    def _side(self, painter: Painter, facing: int, waist: float) -> None:
        at, x, z0, z1 = painter.at, self.x + facing * self.half, self.z, self.z + self.length
        light, top = painter.mood.on_side(facing), self.height
        a, b, c, d = self._profile()
        roof = self.x + facing * 0.8 * self.half
        body = painter.ink(self.color, CAR, z0, light)
        painter.wall(x, z0, z1, 0.2, waist, body)
        painter.poly([at(x, waist, a), at(roof, top, b), at(roof, top, c), at(x, waist, d)], body)
        y, up = waist + 0.04, top - 0.12
        pane = [at(x, y, a + 0.25), at(roof, up, b + 0.15), at(roof, up, c - 0.15), at(x, y, d - 0.3)]
        if self.van and self.away:
            pane = [at(x, y, d - 1.2), at(roof, up, c - 0.8), at(roof, up, c - 0.1), at(x, y, d - 0.2)]
        painter.poly(pane, self._glass(painter, z0))
        middle = 0.5 * (a + d)
        if not self.van:
            painter.poly(
                [
                    at(x, y, middle),
                    at(roof, up, middle),
                    at(roof, up, middle + 0.12),
                    at(x, y, middle + 0.12),
                ],
                body,
            )
        shine = painter.ink(blend(scaled(self.color, 1.2), painter.mood.horizon, 0.3), CAR, z0, light)
        painter.wall(x, z0, z1, waist - 0.1, waist - 0.03, shine)
        painter.wall(x, z0, z1, 0.2, 0.3, painter.ink((40, 40, 42), CAR, z0))
        for z in (z0 + 0.75, z1 - 0.8):
            scale = painter.camera.focal / z
            place = at(x, 0.31, z)
            painter.disc((place[0], place[1]), 0.17 * scale, painter.ink((26, 26, 28), CAR, z), 1.85)
            painter.disc((place[0], place[1]), 0.09 * scale, painter.ink((150, 152, 154), CAR, z), 1.85)

    def _top(self, painter: Painter, waist: float) -> None:
        """Paint roof and bonnet, which shine with the sky."""
        at, x, w, top = painter.at, self.x, self.half, self.height
        a, b, c, _ = self._profile()
        bright = painter.ink(blend(self.color, painter.mood.horizon, 0.25), CAR, self.z, painter.mood.middle)
        painter.poly(
            [
                at(x - 0.8 * w, top, b),
                at(x + 0.8 * w, top, b),
                at(x + 0.7 * w, top + 0.05, c),
                at(x - 0.7 * w, top + 0.05, c),
            ],
            bright,
        )
        painter.poly(
            [
                at(x - w, waist, self.z),
                at(x + w, waist, self.z),
                at(x + 0.96 * w, waist + 0.06, a),
                at(x - 0.96 * w, waist + 0.06, a),
            ],
            bright,
        )

    def _end(self, painter: Painter, waist: float) -> None:
        at, x, z, w, top = painter.at, self.x, self.z, self.half, self.height
        a, b, _, _ = self._profile()
        light = painter.mood.on_front
        body = painter.ink(scaled(self.color, 0.94), CAR, z, light)
        black = painter.ink((30, 31, 34), CAR, z)
        for side in (-1, 1):
            tire = x + side * 0.72 * w
            painter.front(tire - 0.13, tire + 0.13, 0, 0.4, z + 0.1, black)
        y = waist - 0.02
        cabin = [
            at(x - 0.95 * w, y, a),
            at(x - 0.78 * w, top, b),
            at(x + 0.78 * w, top, b),
            at(x + 0.95 * w, y, a),
        ]
        painter.poly(cabin, body)
        base, rim = waist + 0.04, top - 0.1
        pane = [
            at(x - 0.84 * w, base, a),
            at(x - 0.7 * w, rim, b),
            at(x + 0.7 * w, rim, b),
            at(x + 0.84 * w, base, a),
        ]
        painter.poly(pane, self._glass(painter, z))
        gleam = painter.ink(blend((42, 52, 62), painter.mood.horizon, 0.55), CAR, z)
        painter.poly(
            [
                at(x - 0.5 * w, base, a),
                at(x - 0.3 * w, rim, b),
                at(x - 0.05 * w, rim, b),
                at(x - 0.25 * w, base, a),
            ],
            gleam,
        )
        painter.front(x - w, x + w, 0.3, waist, z, body)
        painter.front(x - w, x + w, 0.2, 0.42, z, painter.ink(scaled(self.color, 0.6), CAR, z, light))
        if not self.away:
            painter.front(x - 0.5 * w, x + 0.5 * w, 0.48, 0.62, z, black)
        plate = (236, 200, 84) if self.away else (238, 238, 232)
        painter.front(x - 0.26, x + 0.26, 0.34, 0.46, z, painter.ink(plate, CAR, z, light))
        self._lamps(painter, waist)

    def _lamps(self, painter: Painter, waist: float) -> None:
        lit = painter.mood.lamps or painter.mood.haze > 0.018
        color = (230, 40, 36) if self.away else (255, 246, 214)
        if self.away and not lit:
            color = (176, 34, 34)
        ink, scale = painter.ink(color, CAR, self.z), painter.camera.focal / self.z
        for side in (-1, 1):
            x, y = painter.at(self.x + side * 0.76 * self.half, waist - 0.24, self.z)
            if self.van and self.away:
                painter.disc((x, y), max(1, 0.08 * scale), ink, 2.4)
            else:
                painter.disc((x, y), max(1, 0.15 * scale), ink, 0.7)
            if lit:
                painter.glow((x, y), 0.5 * scale + 2, color)


def draw_car(dice: Dice, x: float, z: float, away: bool) -> Car:
    """Return a car, or one time in six a van."""
    color, half, length = dice.near(dice.pick(PAINTS), 12), dice.uniform(0.8, 0.95), dice.uniform(3.4, 4.6)
    height, van = dice.uniform(1.38, 1.62), dice.chance(0.16)
    if van:
        return Car(x, z, half + 0.1, length + 0.5, height + 0.55, color, away, van)
    return Car(x, z, half, length, height, color, away, van)
