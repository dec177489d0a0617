"""What ``python -m cnncourse compare`` does: every network with every seed, each in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from .networks import ABLATIONS, FULL_SIZE, NETWORKS
from .table import Run, summary, write
from .trials import SIZE, scenes, train_once


def compare(
    path: Path,
    *,
    data: str = "road_scenes",
    root: str | None = None,
    score_on: str = "test",
    networks: Sequence[str] = tuple(NETWORKS),
    seeds: int = 3,
    epochs: int = 8,
    size: tuple[int, int] = SIZE,
) -> list[Run]:
    """Train each network with each seed, one after the other, and write the CSV file after each of them.

    A process of its own gives each training the same start, and a peak of memory that is its own.
    """
    runs: list[Run] = []
    for seed in range(seeds):
        for network in networks:
            with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
                run = process.submit(_one, network, seed, (data, seed, score_on, root, size), epochs).result()
            print(
                f"{network}, seed {seed}: mIoU {run.mean_iou:.3f}, boundary IoU {run.boundary_iou:.3f}, "
                f"{run.seconds_per_epoch * epochs:.0f} s, {run.peak_mb:.0f} MB",
                flush=True,
            )
            runs.append(run)
            write(sorted(runs, key=lambda run: networks.index(run.network)), path)
    print(summary(sorted(runs, key=lambda run: networks.index(run.network))))
    return runs


def _one(network: str, seed: int, chosen: tuple[Any, ...], epochs: int) -> Run:
    known = NETWORKS | ABLATIONS | FULL_SIZE
    return train_once(network, known[network], scenes(*chosen), seed, epochs=epochs)[0]
