"""The stack of electron-microscope slices with which the U-Net was first shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from . import pairs
from .dataset import Dataset
from .splits import choose
from .storage import data_folder

SIXTHS = {"train": (0, 4), "val": (4, 5), "test": (5, 6)}
LABELS = {0: 0, 255: 1}


def isbi2012(
    root: str | os.PathLike[str] | None = None,
    split: str = "train",
    size: int | tuple[int, int] | None = None,
) -> Dataset:
    """Return the ISBI 2012 stack: membrane or cell, in 30 slices of 512×512 through a fruit fly's nerve cord.

    The slices are consecutive, each much like the next, so the splits are blocks and nothing is shuffled:
    slices 0 to 19 are train, 20 to 24 val, 25 to 29 test. The blocks still touch: what is learned from
    slice 19 helps on slice 20 more than it would on another animal.

    Parameters
    ----------
    root : path, optional
        Folder that holds ``isbi2012/``, or that folder itself, with either ``image/`` and ``label/`` (one
        file per slice, of the same name) or the challenge's own ``train-volume.tif`` and
        ``train-labels.tif``. Without ``root``: the environment variable ``CNNCOURSE_DATA``, or else
        ``~/.cnncourse/data``. Nothing is downloaded.
    split : str
        "train", "val" or "test". All three come from the challenge's training stack; it never published
        labels of its test stack.
    size : int or (int, int), optional
        (height, width) to resize to, or an int for a square: images smoothed first, of masks the nearest
        label. Membranes are thin: at half the size some break. None keeps 512×512.

    Returns
    -------
    Dataset
        Images [N, 1, H, W]; masks [N, H, W] with 0 for membrane (0 in the files) and 1 for cell (255).

    Raises
    ------
    FileNotFoundError
        When a folder, or the partner of a slice, is not there.
    ValueError
        When the split is another, or a file cannot be used; the message names the file.

    Notes
    -----
    Source: Arganda-Carreras et al. 2015, *Crowdsourcing the creation of image segmentation algorithms for
    connectomics*; Ronneberger, Fischer & Brox 2015, *U-Net*, section 4.
    """
    start, end = choose(split, SIXTHS, "isbi2012")
    folder = data_folder(root)
    if (folder / "isbi2012").is_dir():
        folder = folder / "isbi2012"
    if (folder / "train-volume.tif").exists():
        slices = list(_volume(folder / "train-volume.tif", folder / "train-labels.tif"))
        chosen = iter(slices[start * len(slices) // 6 : end * len(slices) // 6])
    elif (folder / "image").is_dir():
        found = pairs.match(folder / "image", folder / "label")
        chosen = pairs.opened(found[start * len(found) // 6 : end * len(found) // 6])
    else:
        raise FileNotFoundError(
            f"there is neither a folder {folder / 'image'} nor a file {folder / 'train-volume.tif'}; "
            "get the training stack of the ISBI 2012 challenge and put it there"
        )
    images, masks = pairs.stack(chosen, mode="L", labels=LABELS, size=size)
    return Dataset(
        images, masks, ("membrane", "cell"), ("#000000", "#56B4E9"), ignore_index=None, name="isbi2012"
    )


def _volume(images: Path, labels: Path) -> Iterator[pairs.Pair]:
    """Yield the slices of two TIFF stacks."""
    pictures, masks = pairs.frames(images), pairs.frames(labels)
    if len(pictures) != len(masks):
        raise ValueError(f"{labels} has {len(masks)} slices, {images} has {len(pictures)}; get both again")
    for number, (picture, mask) in enumerate(zip(pictures, masks, strict=True)):
        yield pairs.Pair(picture, mask, f"{images}, slice {number}", f"{labels}, slice {number}")
