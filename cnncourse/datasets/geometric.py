"""Pictures of simple shapes with exact targets, generated: to classify, to segment, to tell apart."""

from __future__ import annotations

import numpy as np
import torch

from cnncourse.ops.sizes import pair, whole

from .dataset import Dataset
from .outlines import KINDS, Shape, coverage
from .splits import choose

SPLITS = {"train": 0, "val": 1, "test": 2}
MOST = 5  # objects in a picture
PALETTE = ("#DADDDA", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#000000")  # background, then one per kind
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of red, green and blue, as in ITU-R BT.709

Placed = tuple[Shape, np.ndarray]  # with what it covers of each pixel


def shapes(
    n: int = 1000,
    size: int | tuple[int, int] = (48, 48),
    seed: int = 0,
    split: str = "train",
    target: str = "class",
) -> Dataset:
    """Return pictures of circles, squares, triangles, crosses and stars on a textured ground.

    Shapes are turned and placed at random and take any color, so that neither color nor place tells what
    they are. On average they differ from the ground in brightness, not by hue alone. Lines cross the
    ground, and noise lies over everything.

    Parameters
    ----------
    n : int
        Number of pictures. Picture i is the same for any n.
    size : int or (int, int)
        (height, width), or an int for a square; at least 16.
    seed : int
        The same seed gives the same pictures; at least 0.
    split : str
        "train", "val" or "test": of one seed, three that share no picture.
    target : str
        "class": one shape in each picture; targets [N] name its kind.
        "mask": one to five shapes, which may overlap; masks [N, H, W] with 0 for the ground and 1 to 5 for
        the kinds.
        "instances": the pictures of "mask", but each object has its own number from 1 on, whatever its kind;
        :func:`instance_boxes` gives their boxes and :func:`instance_classes` their kinds.

    Returns
    -------
    Dataset
        Images [N, 3, H, W]. A pixel of a mask belongs to the nearest shape that covers at least half of it.

    Raises
    ------
    ValueError
        When the split or the target is another, or a number is too small.
    TypeError
        When a number is not an integer.

    Examples
    --------
    >>> shapes(4, size=(32, 40))
    shapes(4 images [3, 32, 40], 5 classes)
    >>> shapes(4, target="mask").targets.shape
    torch.Size([4, 48, 48])
    """
    kinds = ("background", *KINDS)
    numbers = ("background", *(f"object {k + 1}" for k in range(MOST)))
    classes = choose(target, {"class": KINDS, "mask": kinds, "instances": numbers}, "shapes", "target")
    entropy = [whole(seed, "seed", least=0), choose(split, SPLITS, "shapes"), int(target == "class")]
    height, width = pair(size, "size", least=16)
    images = np.empty((whole(n, "n"), height, width, 3), np.uint8)
    objects = np.empty((n, height, width), np.uint8)
    kind_of = np.zeros((n, MOST + 1), np.uint8)  # by picture and object number; 0 is the ground
    for i in range(n):
        rng = np.random.default_rng([*entropy, i])
        found = (_one if target == "class" else _several)(rng, (height, width))
        images[i], objects[i] = _draw(rng, found, (height, width))
        kind_of[i, 1 : len(found) + 1] = [1 + shape.kind for shape, _ in found]
    pictures = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()  # [N, H, W, C] -> [N, C, H, W]
    if target == "class":
        return Dataset(
            pictures, torch.from_numpy(kind_of[:, 1] - 1).long(), classes, PALETTE[1:], name="shapes"
        )
    masks = objects if target == "instances" else np.take_along_axis(kind_of, objects.reshape(n, -1), axis=1)
    return Dataset(pictures, torch.from_numpy(masks.reshape(objects.shape)), classes, PALETTE, name="shapes")


def _one(rng: np.random.Generator, size: tuple[int, int]) -> list[Placed]:
    """Return one shape that lies inside the picture."""
    shape = _shape(rng, size, smallest=0.24, largest=0.42)
    return [(shape, coverage(shape, size))]


def _several(rng: np.random.Generator, size: tuple[int, int]) -> list[Placed]:
    """Return up to five shapes, of each of which at least 60 % stays in sight."""
    wanted = int(rng.integers(1, MOST + 1))
    found: list[Placed] = []
    seen: list[np.ndarray] = []
    for _ in range(20 * wanted):
        shape = _shape(rng, size, smallest=0.12, largest=0.26)
        covered = coverage(shape, size)
        left = [before & (covered < 0.5) for before in seen]
        if all(a.sum() >= 0.6 * (b >= 0.5).sum() for a, (_, b) in zip(left, found, strict=True)):
            found.append((shape, covered))
            seen = [*left, covered >= 0.5]
        if len(found) == wanted:
            break
    return found


def _shape(rng: np.random.Generator, size: tuple[int, int], smallest: float, largest: float) -> Shape:
    radius = rng.uniform(smallest, largest) * min(size)
    y, x = (rng.uniform(radius, length - radius) for length in size)
    return Shape(int(rng.integers(len(KINDS))), y, x, radius, rng.uniform(0, 2 * np.pi))


def _draw(
    rng: np.random.Generator, found: list[Placed], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture uint8 [H, W, 3] and the number of the object at each pixel uint8 [H, W]."""
    brightness = rng.uniform(0.2, 0.8)
    picture = _surface(rng, brightness, size, texture=0.07)
    for _ in range(rng.integers(0, 4)):
        _stroke(rng, picture)
    numbers = np.zeros(size, np.uint8)
    for number, (_, covered) in enumerate(found, start=1):
        room = [(0.04, brightness - 0.2), (brightness + 0.2, 0.96)]
        low, high = room[int(rng.random() < 0.5)] if 0.3 < brightness < 0.7 else room[int(brightness < 0.5)]
        paint = _surface(rng, rng.uniform(low, high), size, texture=0.04)
        picture += covered[..., None] * (paint - picture)
        numbers[covered >= 0.5] = number
    picture += rng.normal(0, rng.uniform(0.01, 0.05), picture.shape)
    return (255 * picture.clip(0, 1)).round().astype(np.uint8), numbers


def _surface(
    rng: np.random.Generator, brightness: float, size: tuple[int, int], texture: float
) -> np.ndarray:
    """Return a surface [H, W, 3] of one color, lit from one side, with waves in it."""
    y, x = (np.arange(length) / min(size) for length in size)
    relief = np.add.outer(rng.uniform(-1, 1) * (y - 0.5), rng.uniform(-1, 1) * (x - 0.5))
    for _ in range(3):
        pace, turn, start = rng.uniform(6, 40), rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
        down, across = pace * np.sin(turn) * y + start, pace * np.cos(turn) * x
        wave = np.outer(np.sin(down), np.cos(across)) + np.outer(np.cos(down), np.sin(across))
        relief += rng.uniform(0.2, 0.7) * wave  # sin(down + across)
    return _color(rng, brightness) + texture * relief[..., None]


def _color(rng: np.random.Generator, brightness: float) -> np.ndarray:
    """Return a random color [3] of this luminance."""
    color = rng.uniform(0, 1, 3)
    now = color @ LUMINANCE
    return color * brightness / now if now > brightness else 1 - (1 - color) * (1 - brightness) / (1 - now)


def _stroke(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Draw a straight line across the picture, one to two pixels wide."""
    height, width, _ = picture.shape
    turn = rng.uniform(0, np.pi)
    y, x = np.arange(height)[:, None] - rng.uniform(0, height), np.arange(width) - rng.uniform(0, width)
    distance = np.abs(np.sin(turn) * y + np.cos(turn) * x)
    ink = (rng.uniform(1.0, 1.5) - distance).clip(0, 1)[..., None] * 0.7
    picture += ink * (_color(rng, rng.uniform(0.1, 0.9)) - picture)
