"""Generated microscopy: cells that touch, with an exact number for each."""

from __future__ import annotations

import numpy as np
import torch

from cnncourse.ops.sizes import pair, whole

from ..dataset import Dataset
from ..road.dice import Dice
from ..splits import choose
from .layout import most_cells, place_cells
from .microscope import photograph
from .outline import outline

SPLITS = {"train": 0, "val": 1, "test": 2}
LEAST = 16  # rows and columns: in a smaller picture there is often no cell at all
GROUND, CELL = "#000000", "#56B4E9"
COLORS = (CELL, "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#D55E00", "#0072B2")  # of cells, in turn


def cells(
    n: int = 250,
    size: int | tuple[int, int] = (124, 124),
    seed: int = 0,
    split: str = "train",
    target: str = "mask",
) -> Dataset:
    """Return generated pictures of stained cells under a microscope, many of which touch.

    Cells grow alone or in colonies, shine each in its own strength, and have a dark nucleus with bright
    bodies in it; some are about to divide: round, bright, without a nucleus. The lamp lights the field
    unevenly, a part of it is out of focus, stray light, specks and noise lie over it, and the edge cuts
    cells. Nothing is downloaded or stored.

    Where two cells touch, one pixel of background runs between them, as in the masks of the U-Net paper:
    no pixel of a cell has one of another cell among its eight neighbors, and each cell is one 4-connected
    piece. So a mask of two classes still tells how many cells there are: its connected components are the
    instances. The image shows that gap more or less faintly.

    Parameters
    ----------
    n : int
        How many; the first ones of a longer set are the same.
    size : int or (int, int)
        Height and width, each at least 16. A cell is 14 to 25 pixels across whatever the size: a larger
        picture shows more of them. An unpadded U-Net with two or three pools takes 124×124 and one with
        three or four 188×188.
    seed : int
        Of the whole set, 0 or more.
    split : str
        "train", "val" or "test". Each picture has random numbers of its own, taken from seed, split and
        index, so the three never share one, whatever ``n`` is.
    target : str
        "mask": 0 for background, 1 for a cell. "instances": the same pictures, but each cell has its own
        number from 1 on; :func:`instance_boxes` gives their boxes and :func:`border_weight_map` what the
        background between them should weigh.

    Returns
    -------
    Dataset
        Images uint8 [n, 1, H, W], targets [n, H, W]. Of a cell that the edge cuts at least 16 pixels show.

    Raises
    ------
    TypeError
        When n, size or seed is no integer.
    ValueError
        When one is out of its range, or there is no such split or target.

    Notes
    -----
    The same arguments give the same bytes on every machine: only sums, products and square roots of random
    bits are used, in a fixed order. The touching cells and the gap between them: Ronneberger, Fischer & Brox
    2015, *U-Net*, section 3 and figure 3.

    Examples
    --------
    >>> pictures = cells(2, size=(60, 76))
    >>> pictures
    cells(2 images [1, 60, 76], 2 classes)
    >>> from scipy import ndimage
    >>> numbers = cells(2, size=(60, 76), target="instances").targets
    >>> ndimage.label(pictures.targets[0])[1] == numbers[0].max().item()
    True
    """
    height, width = pair(size, "size", LEAST)
    most = most_cells(height, width)
    numbered = ("background", *(f"cell {k + 1}" for k in range(most)))
    classes = choose(target, {"mask": ("background", "cell"), "instances": numbered}, "cells", "target")
    count, first, part = whole(n, "n"), whole(seed, "seed", 0), choose(split, SPLITS, "cells")
    images = np.empty((count, 1, height, width), np.uint8)
    instances = np.empty((count, height, width), np.uint8 if most < 256 else np.int16)
    for index in range(count):
        where, shape, film = (Dice(first, (part, index, k)) for k in range(3))
        placed = place_cells(where, height, width)
        maps, instances[index] = outline(shape, placed, height, width)
        images[index, 0] = photograph(film, maps, placed)
    targets = instances if target == "instances" else (instances > 0).astype(np.uint8)
    palette = (GROUND, *(COLORS[k % len(COLORS)] for k in range(len(classes) - 1)))
    return Dataset(torch.from_numpy(images), torch.from_numpy(targets), classes, palette, name="cells")
