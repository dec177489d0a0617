"""People on foot and on bicycles, and their dogs."""

from __future__ import annotations

from dataclasses import dataclass

from .colors import Color, scaled
from .dice import Dice
from .labels import BICYCLIST, PEDESTRIAN, VOID
from .painter import Painter

CLOTHES = (
    (178, 48, 46), (44, 78, 136), (226, 190, 84), (62, 108, 82), (214, 208, 198), (58, 58, 64), (152, 92, 130),
    (206, 122, 64), (100, 148, 172), (120, 88, 64),
)  # fmt: skip
TROUSERS = ((44, 52, 76), (58, 56, 58), (104, 92, 76), (36, 36, 40), (78, 92, 112))
SKINS = ((238, 200, 172), (204, 156, 124), (146, 102, 76), (96, 66, 52))
HAIRS = ((48, 36, 30), (92, 62, 38), (188, 150, 92), (132, 128, 124), (30, 28, 30), (150, 74, 44))


@dataclass(frozen=True)
class Person:
    """Somebody's looks. Lengths in metres: of the body, and of the step."""

    height: float
    step: float
    top: Color
    legs: Color
    skin: Color
    hair: Color
    dress: bool
    bag: int  # -1 left, 1 right, 0 none
    lean: float  # how far the head is before the feet

    def paint(self, painter: Painter, x: float, y: float, z: float, label: int, riding: bool = False) -> None:
        """Paint the person with the feet at (x, y); riding, the legs are bent."""
        scale, h, light = painter.camera.focal / z, self.height, painter.mood.on_front
        x0, y0 = painter.at(x, y, z)

        def ink(color: Color) -> tuple[int, int, int, int]:
            return painter.ink(color, label, z, light)

        def at(across: float, up: float) -> tuple[int, int]:
            return round(x0 + across * scale), round(y0 - up * scale)

        limb, lean = 0.075 * h, self.lean
        shoe, legs = ink((40, 36, 36)), ink(self.legs)
        for k in (-1, 1):
            foot, knee = k * (0.03 * h + self.step), k * (0.04 * h + 0.4 * self.step)
            lift = (0.2 if k > 0 else 0.0) if riding else 0.0
            hip, bend = (
                at(k * 0.03 * h + 0.2 * lean, 0.5 * h),
                at(knee + (0.12 * h if riding else 0), 0.27 * h + lift),
            )
            painter.line([hip, bend, at(foot, 0.03 * h + lift)], legs, limb * scale)
            painter.disc(at(foot + 0.02 * h, 0.02 * h + lift), max(1, 0.045 * h * scale), shoe, 0.6)
        hips, chest = 0.2 * lean, 0.75 * lean
        torso = [at(hips - 0.085 * h, 0.46 * h), at(chest - 0.12 * h, 0.8 * h), at(chest - 0.06 * h, 0.85 * h),
                 at(chest + 0.06 * h, 0.85 * h), at(chest + 0.12 * h, 0.8 * h), at(hips + 0.085 * h, 0.46 * h)]  # fmt: skip
        if self.dress:
            torso[0], torso[-1] = at(-0.15 * h, 0.3 * h), at(0.15 * h, 0.3 * h)
        cloth = ink(self.top)
        for k in (-1, 1):
            hand = at(
                k * (0.13 * h) + (0.2 * h if riding else -k * 0.6 * self.step), (0.6 if riding else 0.45) * h
            )
            painter.line(
                [at(chest + k * 0.11 * h, 0.79 * h), hand], ink(scaled(self.top, 0.8)), 0.7 * limb * scale
            )
            painter.disc(hand, max(1, 0.025 * h * scale), ink(self.skin))
        painter.poly(torso, cloth)
        if self.bag:
            bag = ink(scaled(self.legs, 1.3))
            painter.poly([at(self.bag * 0.1 * h, 0.56 * h), at(self.bag * 0.2 * h, 0.56 * h),
                          at(self.bag * 0.2 * h, 0.38 * h), at(self.bag * 0.1 * h, 0.38 * h)], bag)  # fmt: skip
        painter.disc(at(lean, 0.935 * h), max(1.5, 0.072 * h * scale), ink(self.hair), 1.05)
        painter.disc(at(lean + 0.012 * h, 0.915 * h), max(1, 0.055 * h * scale), ink(self.skin), 1.1)


def draw_person(dice: Dice) -> Person:
    """Return somebody."""
    return Person(
        height=dice.uniform(1.5, 1.9),
        step=dice.uniform(0.0, 0.2),
        top=dice.near(dice.pick(CLOTHES), 14),
        legs=dice.near(dice.pick(TROUSERS), 10),
        skin=dice.pick(SKINS),
        hair=dice.pick(HAIRS),
        dress=dice.chance(0.22),
        bag=dice.pick((0, 0, -1, 1)),
        lean=0.0,
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
    """Somebody on a bicycle, from the side or along the street. Wheels count as filled, as in CamVid."""

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
        self.person.paint(painter, x - 0.12 * go, 0.24, z, BICYCLIST, riding=True)


def draw_pedestrian(dice: Dice, x: float, z: float) -> Pedestrian:
    """Return somebody on foot at a place."""
    person, dog = draw_person(dice), dice.chance(0.1)
    fur = dice.pick([(150, 106, 66), (60, 52, 48), (220, 206, 182)])
    return Pedestrian(x, z, person, fur if dog else None)


def draw_cyclist(dice: Dice, x: float, z: float) -> Cyclist:
    """Return somebody on a bicycle at a place."""
    person, across, frame = draw_person(dice), dice.pick((-1, 0, 0, 1)), dice.near(dice.pick(CLOTHES), 10)
    return Cyclist(x, z, person, across, frame)
