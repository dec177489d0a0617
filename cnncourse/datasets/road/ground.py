"""Road, markings, kerbs, pavements, and what lies behind them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from .colors import Color, scaled
from .dice import Dice
from .labels import PAVEMENT, ROAD, TREE
from .painter import FAR, NEAR, Painter

# Where strips along the street are cut, so that they follow its bend and fade with distance.
_CUTS = (NEAR, 1.6, 2.6, 4, 6, 9, 13, 19, 28, 42, 62, FAR)


@dataclass(frozen=True)
class Street:
    """The plan of the ground; x in metres from the camera, which drives on the left as in Cambridge."""

    middle: float
    half_width: float
    pavements: tuple[float, float]  # width of the left and of the right one
    asphalt: Color
    slabs: Color
    lawns: tuple[bool, bool]  # whether grass lies behind the pavement, or a paved yard

    def edge(self, side: int) -> float:
        """Return x of the kerb on the left (-1) or on the right (1)."""
        return self.middle + side * self.half_width

    def front(self, side: int) -> float:
        """Return x where the pavement ends."""
        return self.edge(side) + side * self.pavement(side)

    def pavement(self, side: int) -> float:
        """Return the width of a pavement."""
        return self.pavements[side > 0]


def draw_street(dice: Dice) -> Street:
    """Return the plan of one street."""
    return Street(
        middle=dice.uniform(0.3, 2.1),
        half_width=dice.uniform(3.0, 4.7),
        pavements=(dice.uniform(1.2, 2.8), dice.uniform(1.2, 2.8)),
        asphalt=dice.near(dice.pick([(126, 125, 128), (106, 107, 112), (142, 137, 132)]), 10),
        slabs=dice.near(dice.pick([(158, 150, 142), (140, 138, 138), (168, 148, 134)]), 12),
        lawns=(dice.chance(0.62), dice.chance(0.62)),
    )


def _strip(painter: Painter, x0: float, x1: float, color: Color, label: int) -> None:
    for z0, z1 in pairwise(_CUTS):
        ink = painter.ink(color, label, 0.5 * (z0 + z1), painter.mood.middle)
        painter.ground(x0, x1, z0, z1, ink)


def paint_ground(painter: Painter, street: Street, dice: Dice) -> None:
    """Paint the plan, then what wear and paint left on the road."""
    for side in (-1, 1):
        front, lawn = street.front(side), street.lawns[side > 0]
        color, label = ((104, 132, 66), TREE) if lawn else ((142, 134, 124), PAVEMENT)
        _strip(painter, front, front + side * 90, dice.near(color, 12), label)
    left, right = street.edge(-1), street.edge(1)
    _strip(painter, street.front(-1), street.front(1), street.slabs, PAVEMENT)
    _joints(painter, street)
    for side in (-1, 1):
        kerb = street.edge(side)
        light = scaled(street.slabs, 1.18)
        _strip(painter, kerb, kerb + side * 0.22, light, PAVEMENT)
    _strip(painter, left, right, street.asphalt, ROAD)
    gutter = scaled(street.asphalt, 0.78)
    for side in (-1, 1):
        kerb = street.edge(side)
        _strip(painter, kerb - side * 0.14, kerb, gutter, ROAD)
    _wear(painter, street, dice)
    _markings(painter, street, dice)


def _joints(painter: Painter, street: Street) -> None:
    """Lines between the slabs, as far as one could see them."""
    dark = scaled(street.slabs, 0.84)
    for side in (-1, 1):
        a, b, z = street.edge(side), street.front(side), 2.0
        while z < 20:
            ink = painter.ink(dark, PAVEMENT, z, painter.mood.middle)
            painter.line([painter.at(a, 0, z), painter.at(b, 0, z)], ink)
            z *= 1.16


def _wear(painter: Painter, street: Street, dice: Dice) -> None:
    """Mended patches, manhole covers, and puddles after rain."""
    for _ in range(dice.whole(0, 3)):
        x, z = street.middle + dice.uniform(-0.8, 0.4) * street.half_width, dice.uniform(3, 18)
        wide, long, shade = dice.uniform(0.6, 1.8), dice.uniform(0.8, 4), dice.pick((0.82, 0.9, 1.1))
        ink = painter.ink(street.asphalt, ROAD, z, scaled(painter.mood.middle, shade))
        painter.ground(x, x + wide, z, z + long, ink)
    for _ in range(dice.whole(0, 2)):
        x, z = street.middle + dice.uniform(-0.7, 0.7) * street.half_width, dice.uniform(4, 14)
        ink = painter.ink((62, 60, 60), ROAD, z, painter.mood.middle)
        painter.disc(painter.at(x, 0, z), 0.36 * painter.camera.focal / z, ink, painter.camera.eye / z)
    if painter.mood.wet:
        for _ in range(dice.whole(1, 3)):
            side, z = dice.pick((-1, 1)), dice.uniform(4, 16)
            x = street.edge(side) - side * dice.uniform(0.6, 1.4)
            ink = painter.ink(painter.mood.horizon, ROAD, z, (0.8, 0.82, 0.86))
            painter.disc(
                painter.at(x, 0, z), 0.7 * painter.camera.focal / z, ink, 0.7 * painter.camera.eye / z
            )


def _markings(painter: Painter, street: Street, dice: Dice) -> None:
    def paint(x0: float, x1: float, z0: float, z1: float, color: Color) -> None:
        painter.ground(x0, x1, z0, z1, painter.ink(color, ROAD, z0, painter.mood.middle))

    white = dice.near((216, 216, 208), 12)
    z, dash, gap = dice.uniform(1.5, 5), dice.uniform(1.8, 3.2), dice.uniform(2.2, 5)
    while z < 60:
        paint(street.middle - 0.08, street.middle + 0.08, z, z + dash, white)
        z += dash + gap
    if dice.chance(0.4):
        for side in (-1, 1):
            for inset in (0.3, 0.55):
                x = street.edge(side) - side * inset
                _strip(painter, x - 0.05, x + 0.05, (212, 176, 66), ROAD)
    if dice.chance(0.3):
        z, x = dice.uniform(8, 18), street.edge(-1) + 0.3
        while x < street.edge(1) - 0.5:
            paint(x, x + 0.5, z, z + 2.6, white)
            x += 1.0
    if dice.chance(0.15):
        z, x = dice.uniform(4, 9), street.middle - 0.5 * street.half_width
        paint(x - 0.09, x + 0.09, z, z + 2.4, white)
        head = [painter.at(x - 0.4, 0, z + 2.2), painter.at(x, 0, z + 4), painter.at(x + 0.4, 0, z + 2.2)]
        painter.poly(head, painter.ink(white, ROAD, z, painter.mood.middle))
