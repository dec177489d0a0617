"""MNIST, Fashion-MNIST and CIFAR-10, in the folders and from the addresses that torchvision knows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

from .dataset import Dataset
from .splits import choose
from .storage import data_folder, fetch, md5_of, require, unpack

SPLITS = {"train": "train", "val": "train", "train+val": "train", "test": "t10k"}  # what the files are called
VAL = 5_000  # of the 60,000 pictures (CIFAR-10: 50,000) for training
DIGITS = tuple(map(str, range(10)))
CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


def mnist(
    split: str = "train", root: str | os.PathLike[str] | None = None, *, download: bool = True
) -> Dataset:
    """Return MNIST: handwritten digits 28×28, 55,000 train, 5,000 val, 10,000 test.

    Parameters
    ----------
    split : str
        "train", "val" (the last 5,000 of the 60,000 pictures for training), "train+val" (all 60,000), or
        "test".
    root : path, optional
        Folder that holds ``MNIST/raw``, as torchvision lays it out. Without it: the environment variable
        ``CNNCOURSE_DATA``, or else ``~/.cnncourse/data``.
    download : bool
        Whether files that are not there may be downloaded (12 MB; unpacked 55 MB more).

    Returns
    -------
    Dataset
        Images [N, 1, 28, 28], white on black; targets [N], the digit.

    Raises
    ------
    ValueError
        When the split is another, or a file is truncated or something else; the message names the file.
    FileNotFoundError
        When a file is missing and may not be downloaded.
    ConnectionError
        When a file could not be downloaded; the message says which file to put where.

    Notes
    -----
    Source: LeCun, Bottou, Bengio & Haffner 1998, *Gradient-based learning applied to document recognition*,
    section III.A.

    Examples
    --------
    >>> mnist("validation")
    Traceback (most recent call last):
    ValueError: mnist has no split 'validation'; expected 'train', 'val', 'train+val' or 'test'
    """
    return _read_idx("MNIST", "mnist", DIGITS, split, root, download)


def fashion_mnist(
    split: str = "train", root: str | os.PathLike[str] | None = None, *, download: bool = True
) -> Dataset:
    """Return Fashion-MNIST: ten kinds of clothing, in the format of MNIST and harder.

    Parameters, splits and errors are those of :func:`mnist`; the files lie in ``FashionMNIST/raw``
    (31 MB to download).

    Notes
    -----
    Source: Xiao, Rasul & Vollgraf 2017, *Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms*.
    """
    return _read_idx("FashionMNIST", "fashion_mnist", CLOTHES, split, root, download)


def cifar10(
    split: str = "train", root: str | os.PathLike[str] | None = None, *, download: bool = True
) -> Dataset:
    """Return CIFAR-10: small color photographs 32×32 of ten kinds, 45,000 train, 5,000 val, 10,000 test.

    Parameters, splits and errors are those of :func:`mnist`; val is the last 5,000 of the 50,000 pictures
    for training. The files lie in ``cifar-10-batches-py`` (170 MB to download) and must have the checksums
    that torchvision states, since they are pickles, which can run code.

    Returns
    -------
    Dataset
        Images [N, 3, 32, 32]; targets [N].

    Notes
    -----
    Source: Krizhevsky 2009, *Learning multiple layers of features from tiny images*, chapter 3.
    """
    choose(split, SPLITS, "cifar10")
    from torchvision.datasets import CIFAR10

    folder = data_folder(root)
    listed = [*CIFAR10.train_list, *CIFAR10.test_list, (CIFAR10.meta["filename"], CIFAR10.meta["md5"])]
    files = [(folder / CIFAR10.base_folder / name, md5) for name, md5 in listed]
    if not all(path.exists() for path, _ in files):
        archive = folder / CIFAR10.filename
        if download and not archive.exists():
            fetch([CIFAR10.url], archive, CIFAR10.tgz_md5)
        require([archive], f"pass download=True, or get it from {CIFAR10.url} and put it there")
        unpack(archive, folder, CIFAR10.tgz_md5)
    for path, md5 in files:
        if (found := md5_of(path)) != md5:
            found = f"{path.stat().st_size:,} bytes with MD5 {found}"
            raise _damaged(path, f"MD5 {md5}", found)
    pictures = CIFAR10(folder, train=split != "test")
    images = torch.from_numpy(pictures.data).permute(0, 3, 1, 2)  # [N, H, W, C] -> [N, C, H, W]
    chosen = _carve(split, len(images))
    targets = torch.tensor(pictures.targets)[chosen]
    return Dataset(images[chosen].contiguous(), targets, classes=tuple(pictures.classes), name="cifar10")


def _read_idx(
    kind: str,
    name: str,
    classes: tuple[str, ...],
    split: str,
    root: str | os.PathLike[str] | None,
    download: bool,
) -> Dataset:
    """Return one split of MNIST or of another set in its files."""
    start = choose(split, SPLITS, name)
    folder = data_folder(root) / kind / "raw"
    files = [folder / f"{start}-images-idx3-ubyte", folder / f"{start}-labels-idx1-ubyte"]
    for path in files:
        if not path.exists():
            _obtain(path, kind, download)
    images, labels = _idx(files[0], dimensions=3), _idx(files[1], dimensions=1)
    if images.shape[1:] != (28, 28):
        raise _damaged(files[0], "pictures of 28×28", f"{images.shape[1]}×{images.shape[2]}")
    if len(labels) != len(images):
        raise _damaged(
            files[1], f"a label for each of the {len(images):,} pictures", f"{len(labels):,} labels"
        )
    if labels.max(initial=0) >= len(classes):
        raise _damaged(files[1], f"labels 0 to {len(classes) - 1}", f"label {labels.max()}")
    chosen = _carve(split, len(images))
    pictures = torch.from_numpy(images[chosen]).unsqueeze(1)  # [N, H, W] -> [N, 1, H, W]
    return Dataset(pictures, torch.from_numpy(labels[chosen]).long(), classes=classes, name=name)


def _obtain(path: Path, kind: str, download: bool) -> None:
    """Make an idx file from the compressed one beside it, which is downloaded unless it is there."""
    from torchvision import datasets

    public = getattr(datasets, kind)
    archive = path.with_name(f"{path.name}.gz")
    urls = [f"{mirror}{archive.name}" for mirror in public.mirrors]
    md5 = dict(public.resources)[archive.name]
    if download and not archive.exists():
        fetch(urls, archive, md5)
    if not archive.exists():
        raise FileNotFoundError(
            f"there is no {path}; pass download=True, or get {urls[0]} and put it beside, packed or unpacked"
        )
    unpack(archive, path.parent, md5)


def _idx(path: Path, dimensions: int) -> np.ndarray:
    """Return the array in an idx file: 0, 0, 8 for bytes, dimensions, each as big-endian int32, values."""
    content = np.fromfile(path, dtype=np.uint8)
    start = 4 + 4 * dimensions
    if content[:4].tolist() != [0, 0, 8, dimensions] or len(content) < start:
        expected = f"an unpacked idx file, which starts with the bytes 0 0 8 {dimensions}"
        raise _damaged(path, expected, f"{len(content):,} bytes, the first {content[:4].tolist()}")
    shape = tuple(map(int, content[4:start].view(">i4")))
    if len(content) - start != np.prod(shape):
        sizes = "×".join(map(str, shape))
        expected = f"{sizes} values, as its header says, so {start + np.prod(shape):,} bytes"
        raise _damaged(path, expected, f"{len(content):,} bytes")
    return content[start:].reshape(shape)


def _carve(split: str, count: int) -> slice:
    """Where a split lies among the pictures for training, or for testing."""
    val = min(VAL, count // 10)  # files with fewer pictures than the real ones have a val split too
    return {"train": slice(count - val), "val": slice(count - val, count)}.get(split, slice(count))


def _damaged(path: Path, expected: str, found: str) -> ValueError:
    return ValueError(
        f"{path} is damaged or another file: expected {expected}, found {found}; "
        "delete it and get it again (download=True does)"
    )
