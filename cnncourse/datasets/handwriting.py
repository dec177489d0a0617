"""Handwritten digits that come with scikit-learn: a classifier to train without the network."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .dataset import Dataset
from .splits import choose

SPLITS = {"train": (0, 2, 3, 5), "val": (1,), "test": (4,)}  # of six digits of a kind, in the file's order


def digits(split: str = "train", size: int = 28) -> Dataset:
    """Return real handwritten digits, 8×8 or enlarged to 28×28: 1,198 train, 302 val, 297 test.

    The split is fixed and needs no random number. The digits of each class are dealt out in the order of the
    file: of every six, four go to train, one to val and one to test, so that all three hold every class in
    the same share (29 to 31 of each in val and in test). With 297 test pictures one mistake is a third of
    a percent. The 13 people who wrote the digits are in all three parts (the file does not say who wrote
    which), so the test score tells how a model does on new digits, not on new handwriting.

    Parameters
    ----------
    split : str
        "train", "val" or "test".
    size : int
        8 for the pixels as they are, or 28 to stand where MNIST stands: enlarged to 20×20 by bilinear
        interpolation, with a border of 4 black pixels, much as in MNIST. Enlarging adds no detail: a
        picture of 28×28 still knows only 64 numbers.

    Returns
    -------
    Dataset
        Images [N, 1, size, size], white on black; targets [N], the digit. The original gray levels 0 to 16
        are spread over 0 to 255.

    Raises
    ------
    ValueError
        When the split or the size is another.

    Notes
    -----
    Source: the test set of Alpaydin & Kaynak 1998, *Optical Recognition of Handwritten Digits*, UCI Machine
    Learning Repository: bitmaps of 32×32, in which the ink in each 4×4 block was counted. MNIST's box of
    20×20 in 28×28: LeCun et al. 1998, *Gradient-based learning applied to document recognition*,
    section III.A.

    Examples
    --------
    >>> digits()
    digits(1198 images [1, 28, 28], 10 classes)
    >>> image, target = digits("test", size=8)[0]
    >>> image.shape, target
    (torch.Size([1, 8, 8]), tensor(5))
    """
    chosen = choose(split, SPLITS, "digits")
    if size not in (8, 28):
        raise ValueError(f"digits come in size 8 or 28, got {size!r}; for another one resize a batch")
    counts, labels = _read()
    turn = torch.empty_like(labels)
    for digit in range(10):
        of_this_kind = labels == digit
        turn[of_this_kind] = torch.arange(int(of_this_kind.sum())) % 6
    kept = torch.isin(turn, torch.tensor(chosen))
    images = counts[kept].float().reshape(-1, 1, 8, 8) * (255 / 16)
    if size == 28:
        images = F.interpolate(images, size=(20, 20), mode="bilinear", align_corners=False)
        images = F.pad(images, (4, 4, 4, 4))
    names = tuple(map(str, range(10)))
    return Dataset(images.round().to(torch.uint8), labels[kept], classes=names, name="digits")


def _read() -> tuple[Tensor, Tensor]:
    """Return the ink counts uint8 [1797, 64] and the digits int64 [1797]."""
    table = _file()
    if table.is_file():  # scikit-learn takes two seconds to import, its file a hundredth of that to read
        rows = np.loadtxt(table, delimiter=",", dtype=np.uint8)
        counts, labels = rows[:, :-1], rows[:, -1]
    else:
        from sklearn.datasets import load_digits

        counts, labels = load_digits(return_X_y=True)
    return torch.tensor(counts, dtype=torch.uint8), torch.tensor(labels, dtype=torch.int64)


def _file() -> Path:
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("digits come with scikit-learn, which is missing: pip install scikit-learn")
    return Path(spec.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
