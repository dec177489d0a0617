"""Trees of several kinds, bushes and hedges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .colors import Color, scaled
from .dice import Dice
from .fences import Fence
from .labels import TREE
from .painter import Painter

LEAVES = (
    (84, 122, 58), (66, 104, 54), (104, 134, 66), (74, 96, 62), (122, 132, 62), (90, 116, 80),
    (196, 138, 56), (176, 96, 50), (228, 172, 186),
)  # fmt: skip
Blob = tuple[float, float, float]  # x, y and radius in a crown of radius 1 around (0, 0)


@lru_cache(maxsize=32)
def _crown(shape: int) -> tuple[Blob, ...]:
    """Return the blobs of one of a few crowns: an outer ring, then clusters within."""
    dice = Dice(7, (shape,))
    blobs = [(0.0, 0.0, 0.72)]
    for _ in range(13):
        x, y = dice.uniform(-0.75, 0.75), dice.uniform(-0.75, 0.7)
        if x * x + y * y < 0.62:
            blobs.append((x, y, dice.uniform(0.24, 0.42)))
    return tuple(blobs)


@dataclass(frozen=True)
class Tree:
    """A tree with a crown of leaves, ``tall`` times as high as wide."""

    x: float
    z: float
    height: float
    radius: float
    tall: float
    shape: int  # which crown
    leaves: Color
    bark: Color

    @property
    def depth(self) -> float:
        """Where it stands."""
        return self.z

    @property
    def middle(self) -> float:
        """Height of the middle of the crown."""
        return self.height - self.radius * self.tall

    def shade(self, painter: Painter) -> None:
        """Shadow of trunk and crown."""
        x, z, r, y = self.x, self.z, 0.9 * self.radius, self.middle
        painter.shadow([(x - 0.12, 0, z), (x + 0.12, 0, z), (x + 0.1, y, z), (x - 0.1, y, z)])
        ring = [(0.9, 0.4), (0.4, 0.95), (-0.4, 0.85), (-1, 0.2), (-0.7, -0.7), (0.2, -1), (0.8, -0.5)]
        painter.shadow([(x + a * r, y + b * r, z + 0.5 * a * r) for a, b in ring])
        painter.contact(x - 0.35, x + 0.35, z - 0.3, z + 0.3, 0.35)

    def paint(self, painter: Painter) -> None:
        """Paint the trunk, then the crown."""
        bark = painter.ink(self.bark, TREE, self.z, painter.mood.on_front)
        painter.bar(self.x, self.z, 0, self.middle, 0.11 + 0.022 * self.height, bark)
        self.crown(painter)

    def crown(self, painter: Painter) -> None:
        """Paint leaves, from the shaded to the sunny ones, which lie toward the sun."""
        mood, z, scale = painter.mood, self.z, painter.camera.focal / self.z
        x0, y0 = painter.at(self.x, self.middle, z)
        r, side = self.radius * scale, mood.side if mood.shadow > 0.05 else 0
        blobs = _crown(self.shape)[: 14 if r > 12 else 5]
        layers = (
            (scaled(mood.shade, 0.78), 1.0, 1),
            (mood.middle, 0.72, 1),
            (scaled(mood.sun, 1.12), 0.4, 2),
        )
        for layer, (light, size, step) in enumerate(layers):
            ink, lift = painter.ink(self.leaves, TREE, z, light), 0.13 * layer
            for x, y, q in blobs[::step]:
                place = (round(x0 + (x + side * lift) * r), round(y0 + (y - lift) * r * self.tall))
                painter.disc(place, max(1, q * r * size), ink, min(self.tall, 1.3))


class Conifer(Tree):
    """A fir: four skirts, one half of each in the light."""

    def crown(self, painter: Painter) -> None:
        """Paint the skirts from the top down."""
        mood, scale = painter.mood, painter.camera.focal / self.z
        x0, y0 = painter.at(self.x, 0, self.z)
        dark = painter.ink(self.leaves, TREE, self.z, scaled(mood.shade, 0.8))
        bright = painter.ink(self.leaves, TREE, self.z, mood.middle)
        for k in range(4):
            top = y0 - self.height * scale * (1 - 0.2 * k)
            base, half = top + 0.36 * self.height * scale, self.radius * scale * (0.45 + 0.2 * k)
            tip, low = (x0, round(top)), round(base)
            painter.poly([(round(x0 - half), low), tip, (round(x0 + half), low)], dark)
            painter.poly([tip, (round(x0 + mood.side * half), low), (x0, low)], bright)


def draw_tree(dice: Dice, x: float, z: float) -> Tree:
    """Return a tree at a place: round three times in five, slim, or a fir."""
    height, what, shape = dice.uniform(4.5, 9), dice.uniform(0, 1), dice.whole(0, 31)
    leaves, spread, bark = dice.pick(LEAVES), dice.uniform(0.24, 0.34), dice.near((98, 80, 64), 12)
    if what < 0.2:
        return Conifer(x, z, height, 0.24 * height, 1.0, shape, dice.near((58, 92, 66), 14), bark)
    if what < 0.4:
        return Tree(x, z, height, 0.2 * height, 1.75, shape, dice.near(leaves, 14), bark)
    return Tree(x, z, height, spread * height, 1.0, shape, dice.near(leaves, 14), bark)


class Hedge(Fence):
    """A fence of leaves, which count as tree."""

    def paint(self, painter: Painter) -> None:
        """Paint the front, and a row of lighter tufts along the top."""
        light, mid = painter.mood.on_side(-self.side), 0.5 * (self.z0 + self.z1)
        painter.wall(self.x, self.z0, self.z1, 0, self.height, painter.ink(self.color, TREE, mid, light))
        z, k = self.z1, 0
        while z > self.z0:
            ink = painter.ink(self.color, TREE, z, scaled(light, (1.1, 0.92, 1.2)[k % 3]))
            place = painter.at(self.x, self.height * (1.0 if k % 2 else 0.72), z)
            painter.disc(place, 0.36 * painter.camera.focal / z, ink, 0.7)
            z, k = z - max(0.4, 0.06 * z), k + 1


def draw_hedge(dice: Dice, side: int, x: float, z0: float, z1: float) -> Hedge:
    """Return a hedge at a place."""
    return Hedge(side, x, z0, z1, dice.uniform(0.8, 1.8), dice.near((70, 102, 54), 14))
