"""One training of the comparison: the same recipe for every network."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from statistics import median

import torch
from torch import nn

from ..datasets import Dataset, camvid, road_scenes
from ..metrics import Scores
from ..training import fit, median_frequency_weights, predict
from .table import Run

THIN = ("Pole", "SignSymbol")
SIZE = (96, 128)


def scenes(
    data: str,
    seed: int,
    score_on: str = "test",
    root: str | None = None,
    size: tuple[int, int] = SIZE,
) -> tuple[Dataset, Dataset]:
    """Return what is trained on, and what is scored on.

    Parameters
    ----------
    data : str
        "road_scenes": 500 generated scenes and 100 others, new ones for each seed. "camvid": the real ones
        under ``root``, the same for each seed.
    seed : int
        Of the generated scenes.
    score_on : str
        "test", or "val" while something is still being chosen.
    root : str, optional
        See `datasets.camvid`.
    size : (int, int)
        Height and width of the scenes.

    Raises
    ------
    ValueError
        When there is no such data.
    """
    if data == "road_scenes":
        return road_scenes(500, size, seed), road_scenes(100, size, seed, score_on)
    if data == "camvid":
        return camvid(root, "train", size), camvid(root, score_on, size)
    raise ValueError(f"got data={data!r}, expected 'road_scenes' or 'camvid'")


def train_once(
    network: str,
    build: Callable[[int], nn.Module],
    data: tuple[Dataset, Dataset],
    seed: int,
    *,
    epochs: int = 8,
    progress: bool = False,
) -> tuple[Run, nn.Module]:
    """Train a network from a random start and score it on the test data.

    AdamW with learning rates up to 3e-3 in one cycle, weight decay 1e-3, batches of 4, left–right flips, and
    classes weighted by the square root of median frequency / frequency: without the root the weights of poles
    and signs would be so large that they are seen everywhere. Nothing is chosen by the test data: there is no
    early stopping.

    Parameters
    ----------
    network : str
        What the table calls it.
    build : callable
        From the number of classes to a network.
    data : (Dataset, Dataset)
        To train on and to test on.
    seed : int
        Of the initial weights, the order and the flips.
    epochs : int
        How often each training scene is seen.
    progress : bool
        As in `fit`.

    Returns
    -------
    Run, nn.Module
        The scores, and the trained network.
    """
    from torchvision.transforms import v2

    train, test = data
    torch.manual_seed(seed)
    model = build(train.num_classes)
    history = fit(
        model,
        train,
        None,
        epochs,
        lr=3e-3,
        batch_size=4,
        optimizer=torch.optim.AdamW,
        one_cycle=True,
        weight_decay=1e-3,
        class_weights=median_frequency_weights(train.targets, train.num_classes, train.ignore_index).sqrt(),
        augment=v2.RandomHorizontalFlip(),
        seed=seed,
        progress=progress,
    )
    found = _scored(model, test)
    thin = torch.stack([found.iou_per_class[test.classes.index(name)] for name in THIN])
    run = Run(
        network=network,
        seed=seed,
        parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        mean_iou=float(found.mean_iou),
        boundary_iou=float(found.mean_boundary_iou),
        thin_iou=float(thin.nanmean()),
        pixel_accuracy=float(found.pixel_accuracy),
        seconds_per_epoch=median(history["seconds"]),
        peak_mb=_peak_mb(),
    )
    return run, model


def _scored(model: nn.Module, test: Dataset) -> Scores:
    found = Scores(test.num_classes, test.ignore_index)
    for start in range(0, len(test), 50):
        part = test.subset(slice(start, start + 50))
        found.update(predict(model, part, batch_size=10).argmax(1), part.targets)
    return found


def _peak_mb() -> float:
    """Return the most memory that this process has held so far, in MB: on the GPU if it trained there."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    if os.name == "nt":
        import psutil

        return psutil.Process().memory_info().peak_wset / 1e6
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # bytes on a Mac, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
