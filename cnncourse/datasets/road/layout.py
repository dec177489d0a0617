"""Where everything stands: the plan of a scene, drawn from its seed before anything is painted."""

from __future__ import annotations

from dataclasses import dataclass

from .buildings import draw_house
from .clutter import draw_clutter
from .dice import Dice
from .fences import draw_fence
from .ground import Street
from .people import draw_cyclist, draw_pedestrian
from .plants import draw_hedge, draw_tree
from .posts import draw_lamp
from .signs import draw_sign
from .things import Thing
from .traffic import draw_car


@dataclass(frozen=True)
class Quarter:
    """How a side of the street is built on."""

    homes: float  # the share of plots with a house
    tall: bool
    back: tuple[float, float]  # metres of garden before the house
    trees: int  # on a plot without a house
    garden_trees: int


TOWN = Quarter(homes=0.85, tall=True, back=(0, 0.6), trees=2, garden_trees=0)
SUBURB = Quarter(homes=0.7, tall=False, back=(2.5, 6), trees=5, garden_trees=1)
PARK = Quarter(homes=0.12, tall=False, back=(2.5, 6), trees=4, garden_trees=0)


def place_frontage(dice: Dice, street: Street, side: int, rare: float) -> list[Thing]:
    """Return houses, fences, hedges and trees behind one pavement."""
    things: list[Thing] = []
    quarter = dice.pick((TOWN, SUBURB, PARK)) if street.lawns[side > 0] else TOWN
    front, z = street.front(side), dice.uniform(1.0, 6)
    while z < 80:
        end = z + dice.uniform(6, 17)
        what, ticket = dice.uniform(0, 1), dice.uniform(0, 1)
        house = draw_house(dice, side, front + side * dice.uniform(*quarter.back), z, end, quarter.tall)
        fence, hedge = draw_fence(dice, side, front, z, end), draw_hedge(dice, side, front, z, end)
        trees = [draw_tree(dice, front + side * dice.uniform(0.8, 8), dice.uniform(z, end)) for _ in range(5)]
        built = what < quarter.homes
        things += [house, *trees[: quarter.garden_trees]] if built else trees[: quarter.trees]
        if not built or not quarter.tall:
            if ticket < 0.45 * rare:
                things.append(fence)
            elif ticket > 0.7:
                things.append(hedge)
        z = end + (dice.uniform(0, 5) if dice.chance(0.3) else 0)
    return things


def place_posts(dice: Dice, street: Street, side: int, thin: float, rare: float) -> list[Thing]:
    """Return lamps in a row, and signs here and there, of the pavement on one side."""
    things: list[Thing] = []
    wide, z, step = street.pavement(side), dice.uniform(5, 9), dice.uniform(2.4, 3.6)
    for _ in range(20):
        ticket, x = dice.uniform(0, 1), street.edge(side) + side * dice.uniform(0.25, 0.5) * wide
        lamp = draw_lamp(dice, x, z, -side, thin)
        if ticket < 0.15 * thin:
            things.append(lamp)
        z += step * dice.uniform(0.7, 1.3)
    for _ in range(8):
        ticket, x = dice.uniform(0, 1), street.edge(side) + side * dice.uniform(0.2, 0.9) * wide
        sign = draw_sign(dice, x, dice.uniform(4.5, 20), thin)
        if ticket < 0.26 * thin * rare:
            things.append(sign)
    return things


def place_traffic(dice: Dice, street: Street) -> list[Thing]:
    """Return cars on the road and parked along it."""
    things: list[Thing] = []
    lane = 0.5 * street.half_width
    for away in (True, False):
        z = dice.uniform(7, 22) if away else dice.uniform(5, 18)
        for _ in range(3):
            x = street.middle + (-lane if away else lane) + dice.uniform(-0.3, 0.3)
            car = draw_car(dice, x, z, away)
            if dice.chance(0.45):
                things.append(car)
            z += dice.uniform(7, 18)
    for side in (-1, 1):
        parked, z = dice.chance(0.42), dice.uniform(4, 14)
        for _ in range(5):
            x = street.edge(side) - side * dice.uniform(0.95, 1.15)
            car = draw_car(dice, x, z, side < 0)
            if parked and dice.chance(0.7):
                things.append(car)
            z += dice.uniform(5.4, 7)
    return things


def place_people(dice: Dice, street: Street, rare: float) -> list[Thing]:
    """Return people on the pavements and on the road, and what is in their way."""
    things: list[Thing] = []
    for side in (-1, 1):
        edge, wide = street.edge(side), street.pavement(side)
        for _ in range(9):
            ticket = dice.uniform(0, 1)
            walker = draw_pedestrian(
                dice, edge + side * dice.uniform(0.3, 0.95) * wide, dice.uniform(4.5, 22)
            )
            if ticket < 0.16 * rare:
                things.append(walker)
        for _ in range(3):
            ticket = dice.uniform(0, 1)
            rider = draw_cyclist(dice, edge - side * dice.uniform(0.4, 1.3), dice.uniform(5, 16))
            if ticket < 0.085 * rare:
                things.append(rider)
        ticket, x = dice.uniform(0, 1), edge + side * dice.uniform(0.4, 0.9) * wide
        clutter = draw_clutter(dice, x, dice.uniform(5, 18))
        if ticket < 0.4:
            things.append(clutter)
        x = edge + side * dice.uniform(0.7, 1.1) * wide
        tree = draw_tree(dice, x, dice.uniform(7, 30))
        if dice.chance(0.4):
            things.append(tree)
    for _ in range(2):
        ticket, x, z = (
            dice.uniform(0, 1),
            street.middle + dice.uniform(-1, 1) * street.half_width,
            dice.uniform(6, 18),
        )
        crossing = draw_pedestrian(dice, x, z)
        if ticket < 0.08 * rare:
            things.append(crossing)
    return things
