"""Sky, clouds, sun, and what stands at the horizon."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

from .colors import blend, scaled
from .dice import Dice
from .labels import BUILDING, SKY, TREE, VOID
from .painter import FAR, Painter

_SPARE = 64  # cloud pictures are that much larger than the sky, to be cut at another place each time


@lru_cache(maxsize=8)
def _cloud_masks(height: int, width: int) -> list[Image.Image]:
    """Return masks of clouds: noise of several sizes, wider than high, cut off below a level."""
    rng = np.random.default_rng(11)
    masks = []
    for kind in range(6):
        total = np.zeros((height + _SPARE, width + _SPARE), np.float32)
        for octave in range(5):
            cells = (2 + 3 * 2**octave, 1 + 2 * 2**octave)
            noise = Image.fromarray(rng.standard_normal(cells).astype(np.float32))
            size = (width + _SPARE, height + _SPARE)
            total += np.asarray(noise.resize(size, Image.Resampling.BICUBIC)) * 0.55**octave
        total /= total.std()
        level, sharp = (0.25 + 0.12 * kind, 190) if kind < 4 else (-0.6, 60)
        masks.append(Image.fromarray(np.clip((total - level) * sharp, 0, 245).astype(np.uint8)))
    return masks


@lru_cache(maxsize=1)
def halo() -> Image.Image:
    """Return a round light, bright in the middle, as a mask."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    return Image.fromarray((255 * np.clip(1 - np.hypot(x, y), 0, 1) ** 2).astype(np.uint8))


def paint_sky(painter: Painter, dice: Dice) -> None:
    """Paint the gradient, the sun when it is before the camera, clouds, birds, and at times a balloon."""
    mood, (height, width) = painter.mood, painter.size
    down = np.clip(np.arange(height)[:, None, None] / painter.camera.horizon, 0, 1) ** 0.8
    column = (1 - down) * np.array(mood.zenith) + down * np.array(mood.horizon)
    sky = Image.fromarray(np.clip(column, 0, 255).astype(np.uint8)).resize((width, height))
    if not mood.behind and mood.shadow > 0.05:
        _sun(sky, painter, dice.uniform(0.4, 0.85) * painter.camera.horizon)
    _clouds(sky, painter, dice)
    sky.putalpha(SKY)
    painter.painting.paste(sky)
    unit = height / 192
    if dice.chance(0.25):
        _birds(painter, dice, unit)
    if dice.chance(0.06):
        _balloon(painter, dice, unit)


def _sun(sky: Image.Image, painter: Painter, y: float) -> None:
    """Paint the sun over the street, with its glow."""
    height, width = painter.size
    x, warm = width * (0.5 + 0.36 * painter.mood.side), painter.mood.sun
    for radius, color in ((0.75, (255, 232, 190)), (0.2, (255, 250, 232))):
        r = round(radius * height)
        glow = halo().resize((2 * r, 2 * r), Image.Resampling.BILINEAR)
        tint = tuple(min(255, int(part * factor)) for part, factor in zip(color, warm, strict=True))
        sky.paste(tint, (round(x) - r, round(y) - r), glow)


def _clouds(sky: Image.Image, painter: Painter, dice: Dice) -> None:
    """Paint clouds twice: the shaded underside, then the bright part a little higher."""
    mood, (height, width) = painter.mood, painter.size
    masks = _cloud_masks(height, width)
    mask = masks[dice.whole(4, 5) if mood.clouds > 0.9 else dice.whole(0, 3)]
    left, top = dice.whole(0, _SPARE), dice.whole(0, _SPARE)
    thick = min(1.0, mood.clouds * 1.3)
    if thick < 0.2:
        return
    cut = mask.crop((left, top, left + width, top + height)).point([int(v * thick) for v in range(256)])
    dark = blend(scaled(mood.cloud, 0.86), mood.zenith, 0.35)
    sky.paste(tuple(map(int, dark)), (0, 0), cut)
    sky.paste(tuple(map(int, mood.cloud)), (0, -max(2, height // 40)), cut)


def _birds(painter: Painter, dice: Dice, unit: float) -> None:
    x, y = dice.uniform(0.15, 0.85) * painter.size[1], dice.uniform(0.1, 0.5) * painter.camera.horizon
    ink = painter.ink((60, 62, 70), SKY, 0)
    for _ in range(dice.whole(2, 5)):
        a, b, w = x + dice.uniform(-26, 26) * unit, y + dice.uniform(-12, 12) * unit, 3 * unit
        painter.line([(round(a - w), round(b - w / 2)), (round(a), round(b))], ink, unit)
        painter.line([(round(a), round(b)), (round(a + w), round(b - w / 2))], ink, unit)


def _balloon(painter: Painter, dice: Dice, unit: float) -> None:
    x, y = round(dice.uniform(0.2, 0.8) * painter.size[1]), round(0.4 * painter.camera.horizon)
    r, colors = dice.uniform(7, 11) * unit, [(214, 66, 56), (250, 206, 84)]
    inks = [painter.ink(color, VOID, 20, painter.mood.middle) for color in colors]
    painter.disc((x, y), r, inks[0], 1.15)
    painter.disc((x, y), 0.6 * r, inks[1], 1.9)
    painter.disc((x, y), 0.22 * r, inks[0], 5)
    painter.box(x - 0.25 * r, y + 1.5 * r, x + 0.25 * r, y + 1.9 * r, painter.ink((120, 84, 52), VOID, 20))


def paint_skyline(painter: Painter, dice: Dice) -> None:
    """Paint hills, roofs and trees far away, where the air has taken most of their color."""
    height, width = painter.size
    unit, base = height / 192, round(painter.camera.horizon) + 2
    if dice.chance(0.45):
        ink, top = painter.ink((92, 116, 96), TREE, 150), base - dice.uniform(6, 20) * unit
        ridge = [(round(width * k / 8), round(top + dice.uniform(-5, 5) * unit)) for k in range(9)]
        painter.poly([(0, base), *ridge, (width, base)], ink)
    x = -10.0
    while x < width / unit:
        wide, high = dice.uniform(8, 34), dice.uniform(3, 17)
        wall, leaf = dice.near((150, 138, 128), 25), dice.near((84, 104, 66), 16)
        z = dice.uniform(0.9, 1.5) * FAR
        left, right, top = x * unit, (x + wide) * unit, base - high * unit
        if dice.chance(0.6):
            painter.box(left, top, right, base, painter.ink(wall, BUILDING, z, painter.mood.middle))
            if dice.chance(0.5):
                peak = [(left - unit, top), ((left + right) / 2, top - 5 * unit), (right + unit, top)]
                roof = painter.ink((118, 84, 72), BUILDING, z, painter.mood.middle)
                painter.poly([(round(a), round(b)) for a, b in peak], roof)
        else:
            center = (round((left + right) / 2), base)
            painter.disc(
                center,
                0.6 * wide * unit,
                painter.ink(leaf, TREE, z, painter.mood.middle),
                min(1.2, high / (0.6 * wide)),
            )
        x += wide * dice.uniform(0.7, 1.1)
