"""People on foot and on bicycles, and dogs."""

from __future__ import annotations

from dataclasses import dataclass

from .colors import Color, scaled
from .dice import Dice
from .labels import BICYCLIST, PEDESTRIAN, VOID
from .painter import Ink, Painter, Point

CLOTHES = (
    (178, 48, 46), (44, 78, 136), (226, 190, 84), (62, 108, 82), (214, 208, 198), (58, 58, 64),
    (152, 92, 130), (206, 122, 64), (100, 148, 172), (120, 88, 64),
)  # fmt: skip
TROUSERS = ((44, 52, 76), (58, 56, 58), (104, 92, 76), (36, 36, 40), (78, 92, 112))
SKINS = ((238, 200, 172), (204, 156, 124), (146, 102, 76), (96, 66, 52))
SHOES: Color = (40, 36, 36)
HAIRS = ((48, 36, 30), (92, 62, 38), (188, 150, 92), (132, 128, 124), (30, 28, 30), (150, 74, 44))


@dataclass(frozen=True)
class Figure:
    """A body to draw in its own lengths: (0, 0) is between the feet, (0, 1) the top of the head."""

    painter: Painter
    foot: Point
    scale: float  # pixels from foot to head
    z: float
    label: int

    def at(self, across: float, up: float) -> Point:
        """Return the pixel of a point of the body."""
        return round(self.foot[0] + across * self.scale), round(self.foot[1] - up * self.scale)

    def ink(self, color: Color) -> Ink:
        """Return a color as it looks there."""
        return self.painter.ink(color, self.label, self.z, self.painter.mood.on_front)

    def limb(self, color: Color, width: float, *joints: tuple[float, float]) -> None:
        """Draw an arm or a leg."""
        self.painter.line([self.at(*joint) for joint in joints], self.ink(color), width * self.scale)

    def patch(self, color: Color, *corners: tuple[float, float]) -> None:
        """Fill a polygon."""
        self.painter.poly([self.at(*corner) for corner in corners], self.ink(color))

    def ball(self, color: Color, radius: float, across: float, up: float, tall: float = 1.0) -> None:
        """Fill an ellipse."""
        self.painter.disc(self.at(across, up), max(1, radius * self.scale), self.ink(color), tall)


@dataclass(frozen=True)
class Person:
    """Somebody's looks."""

    height: float  # metres
    step: float  # how far the feet are from the middle, in heights
    top: Color
    legs: Color
    skin: Color
    hair: Color
    dress: bool
    bag: int  # -1 left, 1 right, 0 none

    def paint(self, painter: Painter, x: float, y: float, z: float, label: int, riding: int = 0) -> None:
        """Paint the person, with the feet at (x, y); ``riding`` to the left (-1) or right (1), bent over."""
        scale = self.height * painter.camera.focal / z
        figure = Figure(painter, painter.at(x, y, z), scale, z, label)
        if riding:
            self._ride(figure, riding)
        else:
            self._walk(figure)

    def _walk(self, figure: Figure) -> None:
        for k in (-1, 1):
            foot = k * (0.03 + self.step)
            figure.limb(self.legs, 0.075, (0.03 * k, 0.5), (0.5 * foot, 0.27), (foot, 0.03))
            figure.ball(SHOES, 0.045, foot + 0.02, 0.02, 0.6)
            hand = k * (0.13 - 0.6 * self.step)
            figure.limb(scaled(self.top, 0.8), 0.055, (0.11 * k, 0.79), (hand, 0.45))
            figure.ball(self.skin, 0.025, hand, 0.45)
        hem = (0.15, 0.3) if self.dress else (0.085, 0.46)
        half = [(0.06, 0.85), (0.12, 0.8), hem]
        figure.patch(self.top, *half, *((-a, b) for a, b in reversed(half)))
        if self.bag:
            corners = ((0.1, 0.56), (0.2, 0.56), (0.2, 0.38), (0.1, 0.38))
            figure.patch(scaled(self.legs, 1.3), *((self.bag * a, b) for a, b in corners))
        self._head(figure, 0.0, 0.93)

    def _ride(self, figure: Figure, go: int) -> None:
        for knee, foot in ((0.14, 0.16), (0.19, 0.0)):
            figure.limb(self.legs, 0.075, (-0.06 * go, 0.46), (go * knee, 0.36 + foot), (go * 0.06, foot))
            figure.ball(SHOES, 0.04, go * 0.08, foot, 0.6)
        back = ((-0.12, 0.42), (-0.06, 0.7), (0.04, 0.8), (0.12, 0.76), (0.08, 0.62), (0.0, 0.42))
        figure.patch(self.top, *((go * a, b) for a, b in back))
        figure.limb(scaled(self.top, 0.8), 0.055, (go * 0.08, 0.74), (go * 0.2, 0.58), (go * 0.3, 0.56))
        figure.ball(self.skin, 0.025, go * 0.3, 0.56)
        self._head(figure, go * 0.13, 0.9)

    def _head(self, figure: Figure, across: float, up: float) -> None:
        figure.ball(self.hair, 0.072, across, up + 0.005, 1.05)
        figure.ball(self.skin, 0.055, across + 0.012, up - 0.015, 1.1)


def draw_person(dice: Dice) -> Person:
    """Return somebody."""
    return Person(
        height=dice.uniform(1.5, 1.9),
        step=dice.uniform(0.0, 0.12),
        top=dice.near(dice.pick(CLOTHES), 14),
        legs=dice.near(dice.pick(TROUSERS), 10),
        skin=dice.pick(SKINS),
        hair=dice.pick(HAIRS),
        dress=dice.chance(0.22),
        bag=dice.pick((0, 0, -1, 1)),
    )


@dataclass(frozen=True)
class Pedestrian:
    """Somebody on foot, at times with a dog, which belongs to no class."""

    x: float
    z: float
    person: Person
    dog: Color | None

    @property
    def depth(self) -> float:
        """Where they stand."""
        return self.z

    def shade(self, painter: Painter) -> None:
        """A slim shadow."""
        x, z, h = self.x, self.z, self.person.height
        painter.shadow([(x - 0.16, 0, z), (x + 0.16, 0, z), (x + 0.12, h, z), (x - 0.12, h, z)])
        painter.contact(x - 0.3, x + 0.3, z - 0.2, z + 0.2, 0.4)

    def paint(self, painter: Painter) -> None:
        """Paint dog and person."""
        if self.dog is not None:
            _paint_dog(painter, self.x + 0.75, self.z, self.dog)
        self.person.paint(painter, self.x, 0, self.z, PEDESTRIAN)


def _paint_dog(painter: Painter, x: float, z: float, color: Color) -> None:
    scale, ink = painter.camera.focal / z, painter.ink(color, VOID, z, painter.mood.on_front)
    for leg in (-0.22, -0.12, 0.14, 0.24):
        painter.front(x + leg - 0.03, x + leg + 0.03, 0, 0.3, z, ink)
    painter.disc(painter.at(x, 0.38, z), 0.3 * scale, ink, 0.45)
    painter.disc(painter.at(x + 0.34, 0.55, z), 0.12 * scale, ink)
    painter.line([painter.at(x - 0.28, 0.42, z), painter.at(x - 0.42, 0.62, z)], ink, 0.05 * scale)


@dataclass(frozen=True)
class Cyclist:
    """Somebody on a bicycle, from the side or along the street. Wheels count as filled."""

    x: float
    z: float
    person: Person
    across: int  # -1 or 1: rides to the left or right across the view; 0: along the street
    frame: Color

    @property
    def depth(self) -> float:
        """Where they are."""
        return self.z

    def shade(self, painter: Painter) -> None:
        """Shadow of rider and wheels."""
        x, z, half = self.x, self.z, 0.8 if self.across else 0.2
        painter.shadow([(x - half, 0, z), (x + half, 0, z), (x + 0.15, 1.7, z), (x - 0.15, 1.7, z)])
        painter.contact(x - half, x + half, z - 0.15, z + 0.15, 0.4)

    def paint(self, painter: Painter) -> None:
        """Paint wheels, frame, then the rider."""
        x, z, light = self.x, self.z, painter.mood.on_front
        at, scale = painter.at, painter.camera.focal / z
        tire, metal = (
            painter.ink((36, 36, 40), BICYCLIST, z, light),
            painter.ink(self.frame, BICYCLIST, z, light),
        )
        wide = max(1.5, 0.055 * scale)
        if not self.across:
            painter.bar(x, z, 0, 0.68, 0.07, tire)
            painter.line([at(x - 0.28, 1.0, z), at(x + 0.28, 1.0, z)], metal, wide)
            self.person.paint(painter, x, 0.28, z, BICYCLIST)
            return
        go = self.across
        for hub in (-0.52, 0.52):
            center, ring = at(x + hub, 0.34, z), [(1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7)]
            ring += [(-a, -b) for a, b in ring]
            painter.relabel([at(x + hub + 0.34 * a, 0.34 + 0.34 * b, z) for a, b in ring], BICYCLIST)
            painter.ring(center, 0.34 * scale, tire, 0.05 * scale)
        saddle, bars = (x - 0.2 * go, 0.92, z), (x + 0.4 * go, 1.0, z)
        crank, rear, fore = (x - 0.05 * go, 0.32, z), (x - 0.52 * go, 0.34, z), (x + 0.52 * go, 0.34, z)
        for a, b in (
            (rear, saddle),
            (rear, crank),
            (saddle, crank),
            (crank, bars),
            (saddle, bars),
            (fore, bars),
        ):
            painter.line([at(*a), at(*b)], metal, wide)
        self.person.paint(painter, x - 0.12 * go, 0.24, z, BICYCLIST, go)


def draw_pedestrian(dice: Dice, x: float, z: float) -> Pedestrian:
    """Return somebody on foot at a place."""
    person, dog = draw_person(dice), dice.chance(0.1)
    fur = dice.pick([(150, 106, 66), (60, 52, 48), (220, 206, 182)])
    return Pedestrian(x, z, person, fur if dog else None)


def draw_cyclist(dice: Dice, x: float, z: float) -> Cyclist:
    """Return somebody on a bicycle at a place."""
    person, across, frame = draw_person(dice), dice.pick((-1, 0, 0, 1)), dice.near(dice.pick(CLOTHES), 10)
    return Cyclist(x, z, person, across, frame)
