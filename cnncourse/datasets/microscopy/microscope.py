"""From outlines to a picture: stain, light, focus and noise."""

from __future__ import annotations

import numpy as np

from ..road.dice import Dice
from .fields import grain, haze, smooth_noise, soften
from .layout import MARGIN, Cell
from .outline import Outlines


def photograph(dice: Dice, maps: Outlines, cells: list[Cell]) -> np.ndarray:
    """Return the picture uint8 [H, W], without the margin."""
    stained = _stain(dice, maps, cells)
    _dirt(dice, stained)
    seen = _focus(dice, stained)
    height, width = seen.shape
    seen += dice.uniform(0.1, 0.28) * haze(seen, 16)
    seen += 0.035 * (1 + smooth_noise(dice, height, width, 32))
    seen *= _lamp(dice, height, width)
    inner = seen[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return _expose(dice, inner)


def _stain(dice: Dice, maps: Outlines, cells: list[Cell]) -> np.ndarray:
    """Return how much dye a pixel holds: cells are thicker in the middle, and dark where the nucleus is."""
    height, width = maps.owner.shape
    light = np.array([cell.light for cell in cells] + [0], np.float32)[maps.owner]
    thick = np.clip(maps.depth * (1 / 6), 0, 1)
    thick = 0.5 + 0.5 * thick * (2 - thick)
    coarse, fine = smooth_noise(dice, height, width, 5), smooth_noise(dice, height, width, 2)
    texture = 1 + dice.uniform(0.25, 0.5) * coarse + dice.uniform(0.3, 0.6) * fine
    nucleus = dice.uniform(0.3, 0.55)
    dye = light * thick * texture
    dye *= 1 - nucleus * maps.nucleus * (1 + 0.25 * coarse)
    dye += light * dice.uniform(0.25, 0.5) * maps.spots
    faint = 0.62 + 0.55 * smooth_noise(dice, height, width, 11)
    dye[maps.gap] *= (1 - np.clip(faint, 0.15, 1))[maps.gap]
    return dye


def _dirt(dice: Dice, stained: np.ndarray) -> None:
    """Add a few bright specks, on cells or beside them."""
    height, width = stained.shape
    for _ in range(dice.whole(0, height * width // 3000)):
        y, x, bright = dice.whole(1, height - 3), dice.whole(1, width - 3), dice.uniform(0.5, 1.6)
        aside = x + dice.whole(-1, 1)
        stained[y : y + 1, x : x + 1] += bright
        stained[y + 1 : y + 2, aside : aside + 1] += 0.7 * bright


def _focus(dice: Dice, stained: np.ndarray) -> np.ndarray:
    """Return what the lens makes of it: sharp in one part of the field, and out of focus in another."""
    height, width = stained.shape
    sharp = soften(stained, 1)
    middling = soften(sharp, 3)
    vague = soften(middling, 10)
    where = dice.uniform(0.0, 0.9) + 1.5 * smooth_noise(dice, height, width, 48)
    seen = sharp + np.clip(where, 0, 1) * (middling - sharp)
    return seen + np.clip(where - 1, 0, 0.8) * (vague - seen)


def _lamp(dice: Dice, height: int, width: int) -> np.ndarray:
    """Return the light of a lamp that is not centered, and falls off to the edges."""
    side = 2 / max(height, width)
    y = (np.arange(height, dtype=np.float32) - (height * dice.uniform(0.2, 0.8))) * side
    x = (np.arange(width, dtype=np.float32) - (width * dice.uniform(0.2, 0.8))) * side
    fall = dice.uniform(0.1, 0.7)
    return 1 / (1 + fall * ((y * y)[:, None] + x * x))


def _expose(dice: Dice, seen: np.ndarray) -> np.ndarray:
    """Return gray levels: the shot noise of few photons, the noise of the camera, its gain and its black."""
    height, width = seen.shape
    photons = 1 / dice.uniform(60, 220)
    noise = grain(dice, height, width) * np.sqrt(np.maximum(seen, 0) * photons + 0.0006)
    levels = dice.uniform(125, 190) * (seen + noise) + dice.uniform(10, 26)
    return np.clip(levels, 0, 255).astype(np.uint8)
