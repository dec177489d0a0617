"""Generated road scenes with exact masks: CamVid's eleven classes without a download."""

from __future__ import annotations

from numbers import Real

import numpy as np
import torch

from cnncourse.ops.sizes import pair, whole

from ..dataset import Dataset
from ..splits import choose
from .dice import Dice
from .finish import mislabel, photograph
from .ground import draw_street, paint_ground
from .labels import CLASSES, PALETTE, VOID
from .layout import place_frontage, place_people, place_posts, place_traffic
from .moods import draw_mood
from .painter import SCALE, Camera, Painter
from .sky import paint_sky, paint_skyline
from .things import Thing

SPLITS = {"train": 0, "val": 1, "test": 2}
LEAST = 32  # rows and columns: in a smaller picture no thing could be told from another


def road_scenes(
    n: int,
    size: int | tuple[int, int] = (96, 128),
    seed: int = 0,
    split: str = "train",
    *,
    thin: float = 1.0,
    imbalance: float = 1.0,
    label_noise: float = 0.0,
) -> Dataset:
    """Return n road scenes with a mask for each."""
    count, shape, first = whole(n, "n"), pair(size, "size", LEAST), whole(seed, "seed", 0)
    part = choose(split, SPLITS, "road_scenes")
    thin = _within(thin, "thin", 0.25, 4)
    imbalance = _within(imbalance, "imbalance", 0, 2)
    label_noise = _within(label_noise, "label_noise", 0, 1)
    images = np.empty((count, 3, *shape), np.uint8)
    masks = np.empty((count, *shape), np.uint8)
    for index in range(count):
        images[index], masks[index] = _scene(shape, first, (part, index), thin, imbalance, label_noise)
    return Dataset(torch.from_numpy(images), torch.from_numpy(masks), CLASSES, PALETTE, VOID, "road_scenes")


def _within(value: float, name: str, low: float, high: float) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(
            f"{name} is {value!r} ({type(value).__name__}); expected a number: pass one in {low}..{high}"
        )
    if not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; expected {low}..{high}: pass a number within")
    return float(value)


def _scene(
    size: tuple[int, int],
    seed: int,
    place: tuple[int, int],
    thin: float,
    imbalance: float,
    label_noise: float,
) -> tuple[np.ndarray, np.ndarray]:
    light, plan, posts, cars, people, paint, film, errors = (Dice(seed, (*place, k)) for k in range(8))
    painter = Painter(_camera(size, light), draw_mood(light), (SCALE * size[0], SCALE * size[1]))
    street, rare = draw_street(plan), 3.0 ** (1 - imbalance)
    things: list[Thing] = [*place_traffic(cars, street), *place_people(people, street, rare)]
    for side in (-1, 1):
        things += place_frontage(plan, street, side, rare)
        things += place_posts(posts, street, side, thin, rare)
    things.sort(key=lambda thing: -thing.depth)
    paint_sky(painter, paint)
    paint_skyline(painter, paint)
    paint_ground(painter, street, paint)
    for thing in things:
        thing.shade(painter)
    painter.cast_shadows()
    for thing in things:
        thing.paint(painter)
    picture, labels = photograph(painter, film)
    return picture, mislabel(labels, label_noise, errors.rng) if label_noise else labels


def _camera(size: tuple[int, int], dice: Dice) -> Camera:
    """Return a camera that shows the same street in any size."""
    height, width = SCALE * size[0], SCALE * size[1]
    unit = min(height / 96, width / 128)
    return Camera(
        focal=dice.uniform(85, 125) * unit,
        center=dice.uniform(0.32, 0.64) * width,
        horizon=dice.uniform(0.42, 0.55) * height,
        eye=dice.uniform(1.3, 1.9),
        bend=dice.uniform(-0.5, 0.5) * unit,
    )
