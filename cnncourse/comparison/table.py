"""The result of a comparison: one row for each training, as a CSV file and in numbers."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from statistics import mean, median, stdev

SCORES = {"mean_iou": "mIoU", "boundary_iou": "boundary IoU", "thin_iou": "pole + sign IoU"}


@dataclass(frozen=True)
class Run:
    """One training, scored on test scenes that nothing was chosen by."""

    network: str
    seed: int
    parameters: int  # that are trained
    mean_iou: float
    boundary_iou: float  # the mean over classes, 2 pixels
    thin_iou: float  # the mean over poles and signs
    pixel_accuracy: float
    seconds_per_epoch: float
    peak_mb: float  # of the process, with data and libraries; on a GPU, of the tensors there


def write(runs: Iterable[Run], path: str | Path) -> None:
    """Write runs to a CSV file with a header."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, [field.name for field in fields(Run)], lineterminator="\n")
        rows.writeheader()
        for run in runs:
            rows.writerow({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in asdict(run).items()})


def read(path: str | Path) -> list[Run]:
    """Read the runs of a CSV file that `write` wrote.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it is no such table.
    """
    kinds = {"network": str, "seed": int, "parameters": int}
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = [field.name for field in fields(Run)]
    try:
        return [Run(**{name: kinds.get(name, float)(row[name]) for name in names}) for row in rows]
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{path} is no table with the columns {', '.join(names)}: {error!r}") from None


def load(name: str = "road_scenes") -> list[Run]:
    """Return the runs that were measured for the lessons: "road_scenes", or its "ablations".

    Examples
    --------
    >>> sorted({run.network for run in load()})
    ['FCN-16s', 'FCN-32s', 'FCN-8s', 'SegNet', 'SegNet, no indices', 'U-Net', 'U-Net, no skips']
    """
    return read(str(files(__package__) / "measured" / f"{name}.csv"))


def scores(runs: Iterable[Run], column: str) -> dict[str, list[float]]:
    """Return one column by network, a value for each seed: what `viz.scores` draws.

    Examples
    --------
    >>> [len(values) for values in scores(load(), "mean_iou").values()]
    [3, 3, 3, 3, 3, 3, 3]
    """
    found: dict[str, list[float]] = {}
    for run in runs:
        found.setdefault(run.network, []).append(getattr(run, column))
    return found


def columns(runs: Iterable[Run]) -> tuple[dict[str, dict[str, list[float]]], dict[str, dict[str, str]]]:
    """Return what `viz.score_table` draws: three scores by network, and three facts.

    Examples
    --------
    >>> measured, facts = columns(load())
    >>> list(measured), facts["weights"]["FCN-8s"]
    (['mIoU', 'boundary IoU', 'pole + sign IoU'], '1.75 M')
    """
    runs = list(runs)
    facts = {
        "weights": _facts(runs, "parameters", lambda number: f"{number / 1e6:.2f} M"),
        "s / epoch": _facts(runs, "seconds_per_epoch", lambda seconds: f"{seconds:.1f}"),
        "memory": _facts(runs, "peak_mb", lambda megabytes: f"{megabytes / 1000:.2f} GB"),
    }
    return {title: scores(runs, column) for column, title in SCORES.items()}, facts


def _facts(runs: list[Run], column: str, text: Callable[[float], str]) -> dict[str, str]:
    return {network: text(median(values)) for network, values in scores(runs, column).items()}


def summary(runs: Iterable[Run]) -> str:
    """Return the table as text: mean ± standard deviation over the seeds."""
    runs = list(runs)
    wide = max(len(run.network) for run in runs)
    lines = [f"{'network':<{wide}}{'weights':>12}" + "".join(f"{title:>18}" for title in SCORES.values())]
    for network in dict.fromkeys(run.network for run in runs):
        own = [run for run in runs if run.network == network]
        cells = [_spread([getattr(run, column) for run in own]) for column in SCORES]
        lines.append(f"{network:<{wide}}{own[0].parameters:>12,}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    return f"{mean(values):.3f} ± {stdev(values):.3f}" if len(values) > 1 else f"{values[0]:.3f}"
