"""Nuclei of cells in all kinds of microscopes: the Data Science Bowl of 2018, one mask file per nucleus."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from . import pairs
from .dataset import Dataset
from .splits import choose
from .storage import data_folder

T = TypeVar("T")

TENTHS = {"train": (0, 1, 2, 3, 5, 6, 7, 8), "val": (4,), "test": (9,)}
LISTED = {
    "train": ("train", (0, 1, 2, 3, 4, 5, 6, 7, 8)),
    "val": ("train", (9,)),
    "test": ("test", range(10)),
}
MOST = 2**15 - 1  # nuclei in a picture
GROUND, NUCLEUS = "#000000", "#56B4E9"
SOURCE = (
    "get stage1_train.zip of the 2018 Data Science Bowl (kaggle.com/c/data-science-bowl-2018, or image set "
    "BBBC038 of the Broad Bioimage Benchmark Collection) and unpack it there"
)


def dsb2018(
    root: str | os.PathLike[str] | None = None,
    split: str = "train",
    size: int | tuple[int, int] | None = None,
    target: str = "mask",
) -> Dataset:
    """Return the nuclei of the 2018 Data Science Bowl: 670 pictures, fluorescent or stained, of many sizes.

    Parameters
    ----------
    root : path, optional
        Folder that holds ``stage1_train/``, or ``dsb2018/stage1_train/``, or is it: a folder for each
        picture, with ``images/<id>.png`` and ``masks/*.png``, one for each nucleus, 255 in it and 0 around.
        Or one with ``train/images``, ``train/masks``, ``test/images`` and ``test/masks``: a file of each
        name in both, with the number of the nucleus at each pixel (the subset of StarDist). Without ``root``:
        the environment variable ``CNNCOURSE_DATA``, or else ``~/.cnncourse/data``. Nothing is downloaded.
    split : str
        "train", "val" or "test". Of stage1_train, sorted by id, every tenth picture from the fifth on is
        val, every tenth from the tenth on is test: 536, 67 and 67 of 670. An id is a hash, so its order says
        nothing about the picture; but pictures of one experiment are in all three. In the other layout
        every tenth of ``train`` is val, and ``test`` is test.
    size : int or (int, int), optional
        (height, width) to resize to, or an int for a square: images smoothed first, of masks the nearest
        label, so a small nucleus may vanish. The pictures are 256×256 to 1040×1388, so that None only works
        where all chosen ones are alike.
    target : str
        "mask": 0 for background, 1 for a nucleus; nuclei that touch are one. "instances": each nucleus has
        its own number from 1 on, by the order of its file name or its number in the file.

    Returns
    -------
    Dataset
        Images [N, 3, H, W], the fluorescent ones gray; targets [N, H, W].

    Raises
    ------
    FileNotFoundError
        When a folder, a picture or its masks are not there.
    ValueError
        When the split or the target is another, no picture belongs to the split, sizes differ, or a file
        cannot be used; the message names it.

    Warns
    -----
    UserWarning
        When a pixel lies in two masks, which then belongs to the first by name, or a mask holds none. The set
        promises neither, but was drawn by hand, and copies with and without corrections are about.

    Notes
    -----
    Source: Caicedo et al. 2019, *Nucleus segmentation across imaging experiments: the 2018 Data Science
    Bowl*, Nature Methods 16.
    """
    single = choose(target, {"mask": True, "instances": False}, "dsb2018", "target")
    choose(split, TENTHS, "dsb2018")
    flaws: list[str] = []
    labels = {number: min(number, 1) if single else number for number in range(MOST + 1)}
    images, targets = pairs.stack(
        _pairs(data_folder(root), split, flaws), mode="RGB", labels=labels, size=size
    )
    if flaws:
        more = f" (and {len(flaws) - 1} flaws more)" if len(flaws) > 1 else ""
        warnings.warn(f"dsb2018: {flaws[0]}{more}", UserWarning, stacklevel=2)
    most = 1 if single else max(1, int(targets.max()))
    names = ("nucleus",) if single else tuple(f"nucleus {number}" for number in range(1, most + 1))
    return Dataset(images, targets, ("background", *names), (GROUND, *[NUCLEUS] * most), name="dsb2018")


def _pairs(root: Path, split: str, flaws: list[str]) -> Iterator[pairs.Pair]:
    """Return the pictures of a split with their nuclei numbered, whatever the layout."""
    for folder in (root / "dsb2018" / "stage1_train", root / "stage1_train", root / "dsb2018", root):
        if (folder / "train" / "images").is_dir():
            part, tenths = LISTED[split]
            found = pairs.match(folder / part / "images", folder / part / "masks")
            return map(_renumbered, pairs.opened(_chosen(found, tenths, split, folder / part)))
        pictures = sorted({path.parent for kind in ("images", "masks") for path in folder.glob(f"*/{kind}")})
        if any((path / "images").is_dir() and (path / "masks").is_dir() for path in pictures):
            chosen = _chosen(pictures, TENTHS[split], split, folder)
            return (_picture(path, flaws) for path in chosen)
    raise FileNotFoundError(
        f"there is no folder {root / 'stage1_train'} with a folder <id>/images for each picture; {SOURCE}"
    )


def _chosen(found: list[T], tenths: Collection[int], split: str, folder: Path) -> list[T]:
    """Return those whose place among each ten belongs to the split."""
    chosen = [one for place, one in enumerate(found) if place % 10 in tenths]
    if not chosen:
        raise ValueError(
            f"{folder} holds {len(found)} pictures, and none of them is {split}: by the order of their names "
            f"it is number {min(tenths) + 1} of each ten; get the whole set"
        )
    return chosen


def _picture(folder: Path, flaws: list[str]) -> pairs.Pair:
    """Return a picture with its masks, each a file, made into one with a number for each."""
    images = _files(folder / "images", "the picture")
    if len(images) > 1:
        raise ValueError(
            f"{folder / 'images'} holds {len(images)} pictures; expected one: keep {folder.name}.png"
        )
    image = pairs.frames(images[0])[0]
    numbers = np.zeros((image.height, image.width), np.int32)
    files = _files(folder / "masks", "a mask for each nucleus; or take the folder away if it shows none")
    if len(files) > MOST:
        raise ValueError(f"{folder / 'masks'} holds {len(files)} masks; expected at most {MOST}")
    for number, path in enumerate(files, start=1):
        inside = _inside(path, image, images[0])
        taken = numbers[inside & (numbers > 0)]
        if len(taken):
            flaws.append(
                f"{len(taken)} pixels of {path} lie in {files[taken[0] - 1].name} too, which keeps them; "
                "correct one of the two"
            )
        if not inside.any():
            flaws.append(f"{path} holds no pixel of a nucleus; take it away")
        numbers[inside & (numbers == 0)] = number
    return pairs.Pair(image, Image.fromarray(numbers), str(images[0]), str(folder / "masks"))


def _files(folder: Path, what: str) -> list[Path]:
    files = [path for path in sorted(folder.glob("*.png")) if not path.name.startswith(".")]
    if not files:
        raise FileNotFoundError(f"there is no .png in {folder}; expected {what}")
    return files


def _inside(path: Path, image: Image.Image, image_path: Path) -> np.ndarray:
    """Return where a mask file is 255."""
    mask = pairs.frames(path)[0]
    if mask.size != image.size:
        raise ValueError(
            f"{path} is {mask.height}×{mask.width}, but {image_path} is {image.height}×{image.width}; "
            "expected a mask of its picture's own height and width: get both again"
        )
    values = np.array(mask.convert("L"))
    odd = values[(values != 0) & (values != 255)]
    if odd.size:
        raise ValueError(
            f"{path} holds the value {odd[0]} ({odd.size:,} pixels hold neither 0 nor 255); expected 0 "
            "around the nucleus and 255 in it: decide for each pixel, as with 255 * (mask > 127)"
        )
    return values == 255


def _renumbered(pair: pairs.Pair) -> pairs.Pair:
    """Return a pair whose nuclei are numbered without gaps."""
    if pair.mask.mode not in ("1", "L", "P", "I", "I;16"):
        return pair  # which `pairs.stack` refuses, with its reason
    found, numbers = np.unique(np.array(pair.mask).astype(np.int64), return_inverse=True)
    numbers = numbers.reshape(pair.mask.height, pair.mask.width) + int(found[0] > 0)
    return pair._replace(mask=Image.fromarray(numbers.astype(np.int32)))
