"""Which pixels belong to which cell, and the one pixel of background between two that touch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..road.dice import Dice
from .fields import smooth_noise
from .layout import MARGIN, Cell

LEAST_SEEN = 16  # pixels: what the edge of the picture leaves of a cell is no less


@dataclass
class Outlines:
    """Maps [H, W] of a picture with its margin."""

    owner: np.ndarray  # int16: index of the nearest cell where one reaches, −1 elsewhere
    depth: np.ndarray  # float32: about how many pixels inside the outline of its owner; negative outside
    nucleus: np.ndarray  # float32 0..1: how much of a pixel its owner's nucleus covers
    spots: np.ndarray  # float32 0..1: bright bodies in the nucleus
    gap: np.ndarray  # bool: background between two cells that touch


def outline(dice: Dice, cells: list[Cell], height: int, width: int) -> tuple[Outlines, np.ndarray]:
    """Return the maps of a picture with its margin, and its instances [H, W] without: 0, or 1 to K."""
    tall, wide = height + 2 * MARGIN, width + 2 * MARGIN
    maps = Outlines(
        np.full((tall, wide), -1, np.int16),
        np.full((tall, wide), -9, np.float32),
        np.zeros((tall, wide), np.float32),
        np.zeros((tall, wide), np.float32),
        np.zeros((tall, wide), bool),
    )
    wobble = [
        3.4 * smooth_noise(dice, tall, wide, 13) + 1.0 * smooth_noise(dice, tall, wide, 5) for _ in "yx"
    ]
    for index, cell in enumerate(cells):
        _add(maps, index, cell, wobble, dice)
    maps.gap = _gaps(maps.owner)
    return maps, _number(maps, len(cells))


def _add(maps: Outlines, index: int, cell: Cell, wobble: list[np.ndarray], dice: Dice) -> None:
    """Give a cell the pixels that lie deeper in it than in those before."""
    reach = int(cell.radius * cell.stretch + 6)
    y, x = cell.y + MARGIN, cell.x + MARGIN
    top, left = max(0, int(y) - reach), max(0, int(x) - reach)
    box = slice(top, max(top, int(y) + reach + 2)), slice(left, max(left, int(x) + reach + 2))
    owner = maps.owner[box]
    if not owner.size:
        return
    dy = (np.arange(top, top + owner.shape[0], dtype=np.float32) - y)[:, None] + wobble[0][box]
    dx = np.arange(left, left + owner.shape[1], dtype=np.float32) - x + wobble[1][box]
    down, right = cell.along
    u = (dy * down + dx * right) * (1 / (cell.radius * cell.stretch))
    v = (dx * down - dy * right) * (cell.stretch / cell.radius)
    depth = cell.radius * (1 - np.sqrt(u * u + v * v))
    mine = (depth > 0) & (depth > maps.depth[box])
    outside = (depth > maps.depth[box]) & (owner < 0)
    maps.depth[box][mine | outside] = depth[mine | outside]
    owner[mine] = index
    covered, spots = _nucleus(cell, u, v, dice)
    maps.nucleus[box][mine] = covered[mine]
    maps.spots[box][mine] = spots[mine]


def _nucleus(cell: Cell, u: np.ndarray, v: np.ndarray, dice: Dice) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of each pixel the nucleus covers, and one to three bright bodies in it."""
    spots = np.zeros_like(u)
    if cell.round:
        return spots, spots
    u, v = u - (cell.nucleus[0]), v - (cell.nucleus[1])
    size = cell.nucleus_size
    covered = _disc(u, v, size, cell.radius)
    for _ in range(dice.whole(1, 3)):
        du, dv = (dice.uniform(-0.5, 0.5) * size for _ in "uv")
        spots = np.maximum(spots, _disc(u - du, v - dv, 0.26 * size, cell.radius))
    return covered, spots


def _disc(u: np.ndarray, v: np.ndarray, size: float, radius: float) -> np.ndarray:
    """Return a disc with a soft edge about one pixel wide; ``size`` in radii of the cell."""
    inside = radius * (size - np.sqrt(u * u + v * v))
    return np.clip(inside + 0.5, 0, 1)


def _gaps(owner: np.ndarray) -> np.ndarray:
    """Return the pixels with another cell to the right, below, or diagonally below.

    Without them no pixel of a cell has one of another cell among its eight neighbors.
    """
    gap = np.zeros(owner.shape, bool)
    pairs = (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    )
    for here, there in pairs:
        gap[here] |= (owner[here] >= 0) & (owner[there] >= 0) & (owner[here] != owner[there])
    return gap


def _number(maps: Outlines, count: int) -> np.ndarray:
    """Return the instances of the picture; what it shows less than ``LEAST_SEEN`` pixels of is taken away.

    Each is one piece: of a cell that its neighbors or the edge cut in two, the larger piece stays.
    """
    inner = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    owner, gap = maps.owner[inner], maps.gap[inner]
    pieces, found = ndimage.label((owner >= 0) & ~gap)
    sizes = np.bincount(pieces.ravel(), minlength=found + 1)
    owners = np.full(found + 1, -1)
    owners[pieces.ravel()] = owner.ravel()
    largest: dict[int, int] = {}
    for piece in range(1, found + 1):
        cell = int(owners[piece])
        if sizes[piece] >= LEAST_SEEN and sizes[piece] > sizes[largest.get(cell, 0)] * (cell in largest):
            largest[cell] = piece
    numbers = np.zeros(found + 1, np.int16)
    for number, cell in enumerate(sorted(largest), start=1):
        numbers[largest[cell]] = number
    instances = numbers[pieces]
    lost = (instances == 0) & ~gap & (owner >= 0)
    owner[lost] = -1
    gone = np.setdiff1d(np.arange(count), sorted(largest))
    maps.owner[np.isin(maps.owner, gone)] = -1
    maps.gap &= maps.owner >= 0
    return instances
