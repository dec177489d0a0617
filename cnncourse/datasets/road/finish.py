"""From painting to photograph: texture, reflections, lamps, exposure and noise; and errors in the labels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

from .dice import Dice
from .labels import PAVEMENT, ROAD, VOID
from .painter import SCALE, Painter
from .sky import halo

# How rough each class is at each size of grain, as a share of its light; the last row is for VOID.
_GRAINS = (1, 2, 5, 16)
_ROUGH = np.array(
    [
        [0.008, 0.008, 0.012, 0.03],  # Sky
        [0.05, 0.035, 0.03, 0.03],  # Building
        [0.03, 0.02, 0.02, 0.02],  # Pole
        [0.04, 0.03, 0.025, 0.04],  # Road
        [0.04, 0.03, 0.03, 0.04],  # Pavement
        [0.15, 0.12, 0.08, 0.05],  # Tree
        [0.03, 0.02, 0.02, 0.02],  # SignSymbol
        [0.06, 0.05, 0.04, 0.04],  # Fence
        [0.03, 0.03, 0.03, 0.03],  # Car
        [0.05, 0.04, 0.03, 0.02],  # Pedestrian
        [0.05, 0.04, 0.03, 0.02],  # Bicyclist
        [0.04, 0.03, 0.03, 0.02],
    ],
    np.float32,
)


@lru_cache(maxsize=8)
def _noise(height: int, width: int) -> np.ndarray:
    """Return sheets of noise float32 [grains, sheets, 2·height, 2·width], to be cut anywhere."""
    rng = np.random.default_rng(5)
    sheets = np.empty((len(_GRAINS), 4, 2 * height, 2 * width), np.float32)
    for k, grain in enumerate(_GRAINS):
        for sheet in sheets[k]:
            cells = rng.standard_normal((2 * height // grain + 2, 2 * width // grain + 2)).astype(np.float32)
            size = (2 * width, 2 * height)
            sheet[:] = np.asarray(Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC))
            sheet /= sheet.std()
    return sheets


@lru_cache(maxsize=1)
def _asphalt() -> np.ndarray:
    """Return noise on a grid that repeats, to be laid on the ground in perspective."""
    noise = np.random.default_rng(6).standard_normal((256, 256)).astype(np.float32)
    return 0.6 * noise + 0.5 * (np.roll(noise, 1, 0) + np.roll(noise, 1, 1))


def photograph(painter: Painter, dice: Dice) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture uint8 [3, H, W] and its mask uint8 [H, W]."""
    small, labels = painter.finish()
    for (x, y), radius, color in painter.glows:
        r = max(2, round(radius / SCALE))
        mask = halo().resize((2 * r, 2 * r), Image.Resampling.BILINEAR)
        small.paste(tuple(map(int, color)), (x // SCALE - r, y // SCALE - r), mask)
    picture = np.asarray(small).astype(np.float32).transpose(2, 0, 1).copy()
    horizon = painter.camera.horizon / SCALE
    if painter.mood.wet:
        _reflect(picture, labels, int(horizon), painter.mood.wet)
    picture *= _texture(labels, dice)
    _pave(picture, labels, painter, dice)
    return _expose(picture, dice), labels


def _reflect(picture: np.ndarray, labels: np.ndarray, horizon: int, wet: float) -> None:
    """Let the wet road show what stands above the horizon, upside down."""
    height = labels.shape[0]
    rows = np.clip(2 * horizon - np.arange(horizon, height), 0, horizon)
    share = wet * (labels[horizon:] == ROAD)
    picture[:, horizon:] += share * (picture[:, rows] - picture[:, horizon:])


def _texture(labels: np.ndarray, dice: Dice) -> np.ndarray:
    height, width = labels.shape
    kinds = np.minimum(labels, len(_ROUGH) - 1)
    factor = np.ones(labels.shape, np.float32)
    for k, sheets in enumerate(_noise(height, width)):
        top, left = dice.whole(0, height), dice.whole(0, width)
        factor += _ROUGH[kinds, k] * sheets[dice.whole(0, 3), top : top + height, left : left + width]
    return factor


def _pave(picture: np.ndarray, labels: np.ndarray, painter: Painter, dice: Dice) -> None:
    """Lay grain on road and pavement: what is 5 cm wide looks smaller the farther away it is."""
    camera = painter.camera
    rows = np.arange(int(camera.horizon / SCALE) + 2, labels.shape[0], dtype=np.float32)[:, None]
    z = camera.focal * camera.eye / (SCALE * rows - camera.horizon)
    x = (SCALE * np.arange(labels.shape[1], dtype=np.float32) - camera.center - camera.bend * z) * (
        z / camera.focal
    )
    grain = _asphalt()[(z * 9).astype(np.int32) & 255, (x * 18 + dice.whole(0, 255)).astype(np.int32) & 255]
    below = labels[-len(rows) :]
    on_ground = (below == ROAD) | (below == PAVEMENT)
    picture[:, -len(rows) :] *= 1 + on_ground * grain * (0.07 * np.minimum(1, 9 / z))


def _expose(picture: np.ndarray, dice: Dice) -> np.ndarray:
    """Set brightness, white balance and black level, and add the noise of the sensor."""
    gain, warm = dice.uniform(0.84, 1.18), dice.uniform(0.94, 1.06)
    picture *= np.array([gain * warm, gain, gain / warm], np.float32)[:, None, None]
    picture += dice.uniform(-10, 12)
    picture += dice.rng.standard_normal(picture.shape, np.float32) * np.float32(dice.uniform(2.5, 7))
    return np.clip(picture, 0, 255).astype(np.uint8)


def mislabel(labels: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return the mask with errors: that share of its border pixels takes the class next door.

    A border pixel is one with a class that has a pixel of another class above, below, to its left or to its
    right (VOID is no class). ``round(share * border pixels)`` of them, chosen at random, take the class of
    one of those neighbors, chosen at random too.
    """
    padded = np.pad(labels, 1, constant_values=VOID)
    around = np.stack([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]])
    differs = (around != labels) & (around != VOID) & (labels != VOID)
    border = np.flatnonzero(differs.any(0))
    chosen = rng.permutation(border)[: round(share * len(border))]
    order = np.where(differs.reshape(4, -1)[:, chosen], rng.random((4, len(chosen))), -1)
    noisy = labels.copy()
    noisy.flat[chosen] = around.reshape(4, -1)[order.argmax(0), chosen]
    return noisy
