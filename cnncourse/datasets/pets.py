"""Cats and dogs of 37 breeds, each outlined: the Oxford-IIIT Pet set, downloaded by way of torchvision."""

from __future__ import annotations

import os
from pathlib import Path

from . import pairs
from .dataset import Dataset
from .splits import choose
from .storage import data_folder, fetch, require, unpack

SPLITS = {"train": "trainval.txt", "val": "trainval.txt", "test": "test.txt"}
LABELS = {2: 0, 1: 1, 3: pairs.IGNORED}  # in the files: 1 pet, 2 background, 3 not classified


def oxford_pets(
    root: str | os.PathLike[str] | None = None,
    split: str = "train",
    size: int | tuple[int, int] = (128, 128),
    *,
    download: bool = True,
) -> Dataset:
    """Return photographs of cats and dogs with the pet outlined: 3,312 train, 368 val, 3,669 test.

    Parameters
    ----------
    root : path, optional
        Folder that holds ``oxford-iiit-pet/``, as torchvision lays it out. Without it: the environment
        variable ``CNNCOURSE_DATA``, or else ``~/.cnncourse/data``.
    split : str
        "train", "val" (every tenth of the 3,680 pictures that the set lists as ``trainval``; the list goes
        breed by breed, so its end would hold only a few of them) or "test".
    size : int or (int, int)
        (height, width) to resize to, or an int for a square; the photographs differ in size and shape, so
        this distorts most of them. Images are smoothed first where they get smaller, of masks the nearest
        label is taken.
    download : bool
        Whether archives that are not there may be downloaded (about 0.8 GB).

    Returns
    -------
    Dataset
        Images [N, 3, H, W]; masks [N, H, W] with 0 for background, 1 for the pet, and ``ignore_index`` 255
        for the band along the outline that the set calls "not classified".

    Raises
    ------
    FileNotFoundError
        When files are missing and may not be downloaded.
    ConnectionError
        When an archive could not be downloaded; the message says which file to put where.
    ValueError
        When the split is another, or a file cannot be used; the message names the file.

    Notes
    -----
    Source: Parkhi, Vedaldi, Zisserman & Jawahar 2012, *Cats and dogs*.
    """
    listed = choose(split, SPLITS, "oxford_pets")
    folder = data_folder(root) / "oxford-iiit-pet"
    images, annotations = folder / "images", folder / "annotations"
    if not (images.is_dir() and annotations.is_dir()):
        _obtain(folder, download)
    require([annotations / listed], "delete the folder and get it again (download=True does)")
    lines = (annotations / listed).read_text(encoding="ascii").splitlines()
    names = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    if not names:
        raise ValueError(f"{annotations / listed} lists no pictures; get it again")
    if split != "test":
        names = [name for i, name in enumerate(names) if (i % 10 == 9) == (split == "val")]
    found = [(images / f"{name}.jpg", annotations / "trimaps" / f"{name}.png") for name in names]
    require(
        (path for both in found for path in both), "get the archives again, or take its line from the list"
    )
    pictures, masks = pairs.stack(pairs.opened(found), mode="RGB", labels=LABELS, size=size)
    palette = ("#DADDDA", "#D55E00")
    return Dataset(pictures, masks, ("background", "pet"), palette, pairs.IGNORED, "oxford_pets")


def _obtain(folder: Path, download: bool) -> None:
    """Unpack the two archives, which are downloaded unless they are there."""
    from torchvision.datasets import OxfordIIITPet

    for url, md5 in OxfordIIITPet._RESOURCES:
        archive = folder / url.rsplit("/", 1)[1]
        if download and not archive.exists():
            fetch([url], archive, md5)
        require([archive], f"pass download=True, or get it from {url} and put it there")
        unpack(archive, folder, md5)
