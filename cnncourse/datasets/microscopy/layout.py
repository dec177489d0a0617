"""Where the cells of a picture lie: alone, or grown one beside the other."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from ..road.dice import Dice

MARGIN = 12  # pixels around the picture that are drawn too, so that its edge cuts cells like any other line
SMALLEST, LARGEST = 7.0, 12.5  # radius of a cell, in pixels
TYPICAL = (8.2, 10.6)  # of a picture: about the mean radius of its cells
CROWDED = (0.2, 0.72)  # of a picture: its cells by how many would fill it


@dataclass(frozen=True)
class Cell:
    """A cell, as an ellipse with a nucleus; lengths in pixels, positions from the picture's corner."""

    y: float
    x: float
    radius: float
    stretch: float  # its axes are radius · stretch and radius / stretch
    along: tuple[float, float]  # unit vector (y, x) of the longer axis
    light: float
    nucleus: tuple[float, float]  # its center, in radii along the two axes
    nucleus_size: float  # its radius, in radii of the cell
    round: bool  # about to divide: round, bright and without a nucleus


def most_cells(height: int, width: int) -> int:
    """Return how many cells are drawn for a picture of this size at the most."""
    return _number(height, width, CROWDED[1], TYPICAL[0])


def _number(height: int, width: int, crowded: float, typical: float) -> int:
    area = (height + 2 * MARGIN) * (width + 2 * MARGIN)
    return max(2, int(crowded * area / (3.0 * typical * typical)))


def place_cells(dice: Dice, height: int, width: int) -> list[Cell]:
    """Return cells for a picture: some alone, most beside others, of which they touch one or more."""
    typical, crowded, sociable = dice.uniform(*TYPICAL), dice.uniform(*CROWDED), dice.uniform(0.55, 0.95)
    wanted = _number(height, width, crowded, typical)
    cells: list[Cell] = []
    for _ in range(12 * wanted):
        radius = min(max(typical * dice.uniform(0.78, 1.22), SMALLEST), LARGEST)
        if cells and dice.chance(sociable):
            y, x = _beside(dice, dice.pick(cells), radius)
        else:
            y, x = dice.uniform(-MARGIN, height + MARGIN), dice.uniform(-MARGIN, width + MARGIN)
        inside = -MARGIN < y < height + MARGIN and -MARGIN < x < width + MARGIN
        if inside and _fits(cells, y, x, radius):
            cells.append(_cell(dice, y, x, radius))
        if len(cells) == wanted:
            break
    return cells


def _beside(dice: Dice, other: Cell, radius: float) -> tuple[float, float]:
    """Return a center from which a cell of this radius touches another one."""
    down, right = _direction(dice)
    apart = dice.uniform(0.84, 1.02) * (other.radius + radius)
    return other.y + apart * down, other.x + apart * right


def _fits(cells: list[Cell], y: float, x: float, radius: float) -> bool:
    """Return whether no cell is so near that one would cover much of the other."""
    for cell in cells:
        near = 0.8 * (cell.radius + radius)
        down, right = cell.y - y, cell.x - x
        if down * down + right * right < near * near:
            return False
    return True


def _direction(dice: Dice) -> tuple[float, float]:
    """Return a unit vector of any direction, without sine or cosine."""
    while True:
        y, x = dice.uniform(-1, 1), dice.uniform(-1, 1)
        square = y * y + x * x
        if 0.01 < square < 1:
            length = sqrt(square)
            return y / length, x / length


def _cell(dice: Dice, y: float, x: float, radius: float) -> Cell:
    dividing = dice.chance(0.05)
    return Cell(
        y=y,
        x=x,
        radius=0.86 * radius if dividing else radius,
        stretch=1.02 if dividing else dice.uniform(1.0, 1.28),
        along=_direction(dice),
        light=dice.uniform(1.25, 1.6) if dividing else dice.uniform(0.62, 1.2),
        nucleus=(dice.uniform(-0.22, 0.22), dice.uniform(-0.22, 0.22)),
        nucleus_size=dice.uniform(0.4, 0.52),
        round=dividing,
    )
