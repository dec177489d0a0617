"""Houses with windows, doors, shops, roofs and chimneys."""

from __future__ import annotations

from dataclasses import dataclass

from .colors import Color, blend, scaled
from .dice import Dice
from .labels import BUILDING
from .painter import SCALE, Painter

WALLS = (
    (178, 120, 92), (160, 96, 76), (206, 190, 160), (190, 180, 168), (226, 214, 192), (150, 142, 138),
    (214, 176, 128), (132, 116, 108), (196, 150, 132), (170, 186, 186),
)  # fmt: skip
ROOFS = ((122, 74, 62), (92, 90, 98), (104, 82, 72), (78, 80, 88))
DOORS = ((150, 44, 42), (40, 70, 110), (44, 84, 62), (62, 48, 42), (212, 168, 62))
AWNINGS = ((176, 52, 48), (48, 92, 130), (56, 112, 78), (200, 150, 60), (110, 62, 104))
FRAME: Color = (226, 222, 214)


@dataclass(frozen=True)
class House:
    """A house at the left (side -1) or right of the street, from z0 to z1, its front at x."""

    side: int
    x: float
    z0: float
    z1: float
    height: float
    wide: float  # of the end wall
    wall: Color
    roof: Color
    pitch: float  # metres that the roof rises; 0: flat
    storey: float
    window: tuple[float, float]  # width of a window and the distance from one to the next
    glass: Color
    lights: int  # bit k: window k is lit in the evening
    door: Color
    awning: Color | None  # of the shop on the ground floor, if there is one
    chimney: float

    @property
    def depth(self) -> float:
        """Far end."""
        return self.z1

    def shade(self, painter: Painter) -> None:
        """Shadow of the front and of the end wall."""
        x, z0, z1, top = self.x, self.z0, self.z1, self.height
        back = x + self.side * self.wide
        painter.shadow([(x, 0, z0), (x, 0, z1), (x, top, z1), (x, top, z0)])
        painter.shadow([(x, 0, z0), (back, 0, z0), (back, top, z0), (x, top, z0)])
        painter.contact(x - self.side * 0.5, x, z0, z1, 0.25)

    def paint(self, painter: Painter) -> None:
        """Paint walls, roof, then what is on the front."""
        near, mid = self.z0, 0.5 * (self.z0 + self.z1)
        light = painter.mood.on_side(-self.side)
        self._roof(painter, light)
        painter.wall(self.x, self.z0, self.z1, 0, self.height, painter.ink(self.wall, BUILDING, mid, light))
        self._end(painter)
        dark = painter.ink(scaled(self.wall, 0.7), BUILDING, mid, light)
        bright = painter.ink(scaled(self.wall, 1.16), BUILDING, mid, light)
        painter.wall(self.x, near, self.z1, 0, 0.45, dark)
        painter.wall(self.x, near, self.z1, self.height - 0.28, self.height, bright)
        self._windows(painter, light)
        self._ground_floor(painter, light)

    def _roof(self, painter: Painter, light: Color) -> None:
        if not self.pitch:
            return
        at, ridge, top = painter.at, self.x + self.side * self.wide / 2, self.height + self.pitch
        mid = 0.5 * (self.z0 + self.z1)
        eave = self.x - self.side * 0.25
        slope = [
            at(eave, self.height, self.z0),
            at(eave, self.height, self.z1),
            at(ridge, top, self.z1),
            at(ridge, top, self.z0),
        ]
        if self.chimney:
            z = self.z0 + self.chimney * (self.z1 - self.z0)
            brick = painter.ink((142, 92, 74), BUILDING, z, painter.mood.on_front)
            painter.front(min(ridge, ridge + 0.7), max(ridge, ridge + 0.7), top - 1, top + 1.1, z, brick)
            pot = painter.ink((176, 108, 78), BUILDING, z, painter.mood.on_front)
            painter.front(ridge + 0.2, ridge + 0.5, top + 1.1, top + 1.6, z, pot)
        painter.poly(slope, painter.ink(self.roof, BUILDING, mid, light))

    def _end(self, painter: Painter) -> None:
        """Paint the wall that faces the camera, with a gable under a pitched roof."""
        at, z, back = painter.at, self.z0, self.x + self.side * self.wide
        if at(self.x, 0, z)[0] * self.side > (painter.size[1] if self.side > 0 else 0):
            return
        gable = [at(self.x + self.side * self.wide / 2, self.height + self.pitch, z)] if self.pitch else []
        outline = [
            at(self.x, 0, z),
            at(self.x, self.height, z),
            *gable,
            at(back, self.height, z),
            at(back, 0, z),
        ]
        light = painter.mood.on_front
        painter.poly(outline, painter.ink(self.wall, BUILDING, z, light))
        pane = painter.ink(self.glass, BUILDING, z, light)
        if painter.camera.focal / z < 5:
            return
        y = 1.0
        while y + 1.5 < self.height:
            for place in (0.3, 0.66):
                x = self.x + self.side * place * self.wide
                painter.front(x - 0.4, x + 0.4, y, y + 1.3, z, pane)
            y += self.storey

    def _windows(self, painter: Painter, light: Color) -> None:
        wide, step = self.window
        count = int((self.z1 - self.z0 - 0.6) / step)
        start = self.z0 + (self.z1 - self.z0 - count * step + step - wide) / 2
        lit_ink = painter.ink((255, 206, 118), BUILDING, 0.7 * self.z0)
        y, bit = 1.0 if self.awning is None else 1.0 + self.storey, 0
        while y + 1.6 < self.height:
            for k in range(count):
                z = start + k * step
                bit += 1
                left, right = painter.at(self.x, y, z), painter.at(self.x, y, z + wide)
                seen = abs(left[0] - right[0])
                if seen < SCALE / 2 or max(left[0], right[0]) < 0 or min(left[0], right[0]) > painter.size[1]:
                    continue
                lit = painter.mood.lamps and self.lights >> bit % 24 & 1
                if seen > 3:
                    frame = painter.ink(FRAME, BUILDING, z, light)
                    painter.wall(self.x, z - 0.12, z + wide + 0.12, y - 0.14, y + 1.58, frame)
                pane = lit_ink if lit else painter.ink(self.glass, BUILDING, z, light)
                painter.wall(self.x, z, z + wide, y, y + 1.45, pane)
                if seen > 4 and not lit:
                    sheen = blend(self.glass, painter.mood.zenith, 0.42)
                    painter.wall(self.x, z, z + wide, y + 0.8, y + 1.45, painter.ink(sheen, BUILDING, z))
            y += self.storey

    def _ground_floor(self, painter: Painter, light: Color) -> None:
        z0, z1 = self.z0 + 0.4, self.z1 - 0.4
        if self.awning is None:
            z = self.z0 + 0.62 * (self.z1 - self.z0)
            painter.wall(self.x, z, z + 1.1, 0, 2.25, painter.ink(FRAME, BUILDING, z, light))
            painter.wall(self.x, z + 0.12, z + 0.98, 0, 2.1, painter.ink(self.door, BUILDING, z, light))
            return
        glass = (255, 214, 140) if painter.mood.lamps else (88, 100, 110)
        shop = painter.ink(glass, BUILDING, z0, (1, 1, 1) if painter.mood.lamps else light)
        painter.wall(self.x, z0, z1, 0.5, 2.5, shop)
        painter.wall(self.x, z0, z1, 2.75, 3.3, painter.ink(self.door, BUILDING, z0, light))
        stripes, at = max(2, int(z1 - z0)), painter.at
        for k in range(stripes):
            a, b = z0 + (z1 - z0) * k / stripes, z0 + (z1 - z0) * (k + 1) / stripes
            ink = painter.ink(self.awning if k % 2 == 0 else FRAME, BUILDING, a, light)
            out = self.x - self.side * 0.9
            painter.poly([at(self.x, 2.8, a), at(self.x, 2.8, b), at(out, 2.25, b), at(out, 2.25, a)], ink)
            painter.wall(out, a, b, 2.05, 2.25, ink)


def draw_house(dice: Dice, side: int, x: float, z0: float, z1: float, tall: bool) -> House:
    """Return a house at a place: high in town, low with a pitched roof elsewhere."""
    wide = dice.uniform(0.9, 1.5)
    return House(
        side,
        x,
        z0,
        z1,
        height=dice.uniform(8, 17) if tall else dice.uniform(5, 7.5),
        wide=dice.uniform(6, 11),
        wall=dice.near(dice.pick(WALLS), 14),
        roof=dice.near(dice.pick(ROOFS), 10),
        pitch=dice.uniform(2, 3.6) if dice.chance(0.25 if tall else 0.9) else 0.0,
        storey=dice.uniform(2.7, 3.2),
        window=(wide, wide * dice.uniform(1.7, 2.4)),
        glass=dice.near(dice.pick([(58, 70, 84), (70, 84, 98), (50, 56, 64), (150, 162, 170)]), 10),
        lights=dice.whole(0, 2**24 - 1),
        door=dice.pick(DOORS),
        awning=dice.pick(AWNINGS) if dice.chance(0.4 if tall else 0.08) else None,
        chimney=dice.uniform(0.2, 0.8) if dice.chance(0.6) else 0.0,
    )
