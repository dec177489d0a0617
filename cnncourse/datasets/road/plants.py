"""Trees of several kinds, bushes and hedges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .colors import Color, scaled
from .dice import Dice
from .labels import TREE
from .painter import Painter

LEAVES = (
    (84, 122, 58), (66, 104, 54), (104, 134, 66), (74, 96, 62), (122, 132, 62), (90, 116, 80),
    (196, 138, 56), (176, 96, 50), (228, 172, 186),
)  # fmt: skip
ROUND, TALL, CONIFER = "round", "tall", "conifer"

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
    """A tree; everything but the crown's outline follows from its height."""

    kind: str
    x: float
    z: float
    height: float
    radius: float
    shape: int
    leaves: Color
    bark: Color

    @property
    def depth(self) -> float:
        """Where it stands."""
        return self.z

    def _middle(self) -> float:
        return self.height - self.radius * (1.7 if self.kind == TALL else 1.0)

    def shade(self, painter: Painter) -> None:
        """Shadow of trunk and crown."""
        x, z, r, y = self.x, self.z, 0.9 * self.radius, self._middle()
        painter.shadow([(x - 0.12, 0, z), (x + 0.12, 0, z), (x + 0.1, y, z), (x - 0.1, y, z)])
        ring = [(0.9, 0.4), (0.4, 0.95), (-0.4, 0.85), (-1, 0.2), (-0.7, -0.7), (0.2, -1), (0.8, -0.5)]
        painter.shadow([(x + a * r, y + b * r, z + 0.5 * a * r) for a, b in ring])
        painter.contact(x - 0.35, x + 0.35, z - 0.3, z + 0.3, 0.35)

    def paint(self, painter: Painter) -> None:
        """Paint the trunk, then leaves from the shaded to the sunny ones."""
        mood, z = painter.mood, self.z
        scale, (x0, y0) = painter.camera.focal / z, painter.at(self.x, 0, z)
        if not -3 * self.radius * scale < x0 < painter.size[1] + 3 * self.radius * scale:
            return
        painter.bar(self.x, z, 0, self._middle(), 0.11 + 0.022 * self.height,
                    painter.ink(self.bark, TREE, z, mood.on_front))  # fmt: skip
        if self.kind == CONIFER:
            self._conifer(painter, scale, x0, y0)
            return
        tall, r, side = 1.75 if self.kind == TALL else 1.0, self.radius * scale, mood.side
        if mood.shadow < 0.05:
            side = 0
        middle = y0 - self._middle() * scale
        inks = [painter.ink(self.leaves, TREE, z, light) for light in (
            scaled(mood.shade, 0.78), mood.middle, scaled(mood.sun, 1.12),
        )]  # type: ignore[arg-type]  # fmt: skip
        blobs = _crown(self.shape)[: 14 if r > 12 else 5]
        for layer, ink in enumerate(inks):
            size = (1.0, 0.72, 0.4)[layer]
            lift = layer * 0.13
            for x, y, q in blobs[:: 1 if layer < 2 else 2]:
                place = (round(x0 + (x + side * lift) * r), round(middle + (y - lift) * r * tall))
                painter.disc(place, max(1, q * r * size), ink, min(tall, 1.3))

    def _conifer(self, painter: Painter, scale: float, x0: int, y0: int) -> None:
        mood = painter.mood
        dark = painter.ink(self.leaves, TREE, self.z, scaled(mood.shade, 0.8))
        bright = painter.ink(self.leaves, TREE, self.z, mood.middle)
        for k in range(4):
            top = y0 - self.height * scale * (1 - 0.2 * k)
            base = top + 0.36 * self.height * scale
            half = self.radius * scale * (0.45 + 0.2 * k)
            points = [(round(x0 - half), round(base)), (x0, round(top)), (round(x0 + half), round(base))]
            painter.poly(points, dark)
            lit = [(x0, round(top)), (round(x0 + mood.side * half), round(base)), (x0, round(base))]
            painter.poly(lit, bright)


def draw_tree(dice: Dice, x: float, z: float) -> Tree:
    """Return a tree at a place."""
    kind = dice.pick((ROUND, ROUND, ROUND, TALL, CONIFER))
    height = dice.uniform(4.5, 9)
    radius = height * {ROUND: dice.uniform(0.24, 0.34), TALL: 0.2, CONIFER: 0.24}[kind]
    leaves = (58, 92, 66) if kind == CONIFER else dice.pick(LEAVES)
    return Tree(kind, x, z, height, radius, dice.whole(0, 31), dice.near(leaves, 14),
                dice.near((98, 80, 64), 12))  # fmt: skip


@dataclass(frozen=True)
class Hedge:
    """A hedge along the street."""

    side: int
    x: float
    z0: float
    z1: float
    height: float
    leaves: Color

    @property
    def depth(self) -> float:
        """Just in front of a house that ends there."""
        return self.z1 - 0.01

    def shade(self, painter: Painter) -> None:
        """Shadow of its front."""
        x, z0, z1, top = self.x, self.z0, self.z1, self.height
        painter.shadow([(x, 0, z0), (x, 0, z1), (x, top, z1), (x, top, z0)])

    def paint(self, painter: Painter) -> None:
        """Paint the front, and a row of lighter tufts along the top."""
        light, mid = painter.mood.on_side(-self.side), 0.5 * (self.z0 + self.z1)
        painter.wall(self.x, self.z0, self.z1, 0, self.height, painter.ink(self.leaves, TREE, mid, light))
        z, k = self.z1, 0
        while z > self.z0:
            ink = painter.ink(self.leaves, TREE, z, scaled(light, (1.1, 0.92, 1.2)[k % 3]))
            place = painter.at(self.x, self.height * (1.0 if k % 2 else 0.72), z)
            painter.disc(place, 0.36 * painter.camera.focal / z, ink, 0.7)
            z, k = z - max(0.4, 0.06 * z), k + 1


def draw_hedge(dice: Dice, side: int, x: float, z0: float, z1: float) -> Hedge:
    """Return a hedge at a place."""
    return Hedge(side, x, z0, z1, dice.uniform(0.8, 1.8), dice.near((70, 102, 54), 14))
