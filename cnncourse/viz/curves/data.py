"""What a training run reports: curves of at most 512 points, and sentences about them. No drawing here."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import style

POINTS = 512  # of one curve; beyond, neighbors share a point that keeps their lowest, highest and mean
SMOOTHED = 40  # a curve of this many values gets a moving average, over a 20th of it on either side
ODD = 20  # positions of NaN and infinite values that are kept; all are counted


class Curve:
    """One line: its values in the order in which they came.

    Parameters
    ----------
    name : str
    by : {"step", "epoch"}
        What it has one value for.
    lowest : bool
        Whether the lowest value is the best one.

    Examples
    --------
    >>> curve = Curve("loss", "step", lowest=True)
    >>> for step, value in enumerate([2.0, 4.0, float("nan"), 1.0], 1):
    ...     curve.add(value, step, 0)
    >>> curve.best, curve.count, curve.odd
    ((1.0, 4, 0), 4, [(nan, 3, 0)])
    """

    def __init__(self, name: str, by: str, lowest: bool):
        """Start without values."""
        self.name, self.by, self.lowest = name, by, lowest
        self.count = self.odd_count = 0
        self.odd: list[tuple[float, int, int]] = []  # value, step, epoch
        self.first = self.last = math.nan
        self.best: tuple[float, int, int] | None = None
        self._points: list[list[float]] = []  # lowest, highest, sum, sum of steps, sum of epochs, number
        self._share = 1

    @property
    def label(self) -> str:
        """The name as it is read."""
        words = ["IoU" if word == "iou" else word for word in self.name.replace("_", " ").split()]
        return " ".join(words) or self.name

    @property
    def now(self) -> str:
        """The value that came last, or a dash."""
        return write(self.last) if self.count else "–"

    def add(self, value: float, step: int, epoch: int) -> None:
        """Take a value; one that is no finite number is kept apart."""
        self.count += 1
        self.last = value
        if not math.isfinite(value):
            self.odd_count += 1
            if len(self.odd) < ODD:
                self.odd.append((value, step, epoch))
            return
        if self.best is None:
            self.first = value
        if self.best is None or (value < self.best[0] if self.lowest else value > self.best[0]):
            self.best = (value, step, epoch)
        new = [value, value, value, step, epoch, 1]
        if self._points and self._points[-1][5] < self._share:
            self._points[-1] = _joined(self._points[-1], new)
            return
        self._points.append(new)
        if len(self._points) > POINTS:
            even, odd = self._points[::2], self._points[1::2]
            self._points = [_joined(a, b) for a, b in zip(even, odd, strict=False)]
            self._points += even[len(odd) :]
            self._share *= 2

    def arrays(self, unit: str) -> dict[str, np.ndarray]:
        """Return x, low, high, mean and smooth, float64 [points]; smooth is empty for a short curve."""
        table = np.array(self._points, float).reshape(-1, 6)
        low, high, total, steps, epochs, number = table.T
        smooth, _ = smoothed(total, number) if number.sum() >= SMOOTHED else (np.zeros(0), 0)
        x = (steps if unit == "step" else epochs) / number
        return {"x": x, "low": low, "high": high, "mean": total / number, "smooth": smooth}

    def end(self) -> tuple[float, int]:
        """Return the value at the end and how many values it is the mean of: 1 for a short curve."""
        table = np.array(self._points, float).reshape(-1, 6)
        if not len(table) or table[:, 5].sum() < SMOOTHED or not math.isfinite(self.last):
            return self.last, 1
        smooth, last = smoothed(table[:, 2], table[:, 5])
        return float(smooth[-1]), last


def smoothed(total: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the moving average of sums of ``number`` values each, and how many make up its last point.

    The window is even on both sides, so that the average does not lag behind; it shrinks towards the start,
    where losses fall fast, and is cut at the end. Arrays are [points].

    Examples
    --------
    >>> values = np.arange(80.0)
    >>> average, last = smoothed(values, np.ones(80))
    >>> average[[0, 1, 40, 79]].tolist(), last
    ([0.0, 1.0, 40.0, 77.0], 5)
    """
    at = np.arange(len(total))
    left = np.minimum(at, max(1, round(len(total) / 20)))
    stop = np.minimum(at + left, len(total) - 1) + 1
    sums, numbers = (np.concatenate([[0.0], np.cumsum(a)]) for a in (total, number))
    amount = numbers[stop] - numbers[at - left]
    return (sums[stop] - sums[at - left]) / amount, int(amount[-1])


class Record:
    """Everything a run has reported so far.

    Examples
    --------
    >>> record = Record(["loss"], [])
    >>> for loss in (2.0, 1.0):
    ...     record.add_step({"loss": loss})
    >>> record.add_epoch({"val_accuracy": 0.5})
    >>> record.summary()
    'loss fell from 2.00 to 1.00 in 2 steps; best val accuracy 0.500 in epoch 1'
    """

    def __init__(self, losses: Iterable[str], metrics: Iterable[str]):
        """Start without values; names are those of the upper and of the lower panel."""
        self.steps = self.epochs = 0
        self.ends: list[int] = []  # the step with which each epoch ended
        self.losses, self.metrics = list(losses), list(metrics)
        self._curves: dict[str, Curve] = {}

    def add_step(self, values: dict[str, float]) -> None:
        """Count a step and take its values."""
        self.steps += 1
        self._add(values, "step")

    def add_epoch(self, values: dict[str, float]) -> None:
        """Count an epoch and take its values."""
        self.epochs += 1
        self.ends.append(self.steps)
        self._add(values, "epoch")

    def _add(self, values: dict[str, float], by: str) -> None:
        for name, value in values.items():
            if name not in self._curves:
                if name not in self.losses and name not in self.metrics:
                    self.metrics.append(name)
                self._curves[name] = Curve(name, by, lowest=name in self.losses)
            self._curves[name].add(value, self.steps, self.epochs)

    def panels(self) -> list[tuple[str, list[Curve]]]:
        """Return each panel's title and its curves, empty ones where a name has no value yet."""
        named = {"loss": self.losses, "metrics": self.metrics}
        return [
            (title, [self._curves.get(name) or Curve(name, "step", title == "loss") for name in names])
            for title, names in named.items()
            if names
        ]

    @property
    def unit(self) -> str:
        """What runs along x: steps where there are any."""
        return "step" if self.steps or not self.epochs else "epoch"

    def now(self) -> str:
        """Say after what a picture was made."""
        if self.epochs:
            return f"epoch {self.epochs}"
        return f"step {self.steps}" if self.steps else "untrained"

    def where(self) -> str:
        """Say how far the run has come."""
        counts = {"step": self.steps, "epoch": self.epochs}
        return ", ".join(_count(number, what) for what, number in counts.items() if number)

    def scene(self) -> dict[str, Any]:
        """Return what a page draws; numbers are float32 in base64, little-endian."""
        return {
            "unit": self.unit,
            "steps": self.steps,
            "epochs": self.epochs,
            # Where every epoch gets a line of its own there is nothing left to see.
            "ends": self.ends if self.steps and len(self.ends) <= 50 else [],
            "where": self.where(),
            "summary": self.summary(),
            "panels": [
                {"title": title, "curves": [self._drawn(curve) for curve in curves]}
                for title, curves in self.panels()
            ],
        }

    def summary(self) -> str:
        """Say in words what the curves show."""
        parts = [_sentence(curve) for _, curves in self.panels() for curve in curves if curve.count]
        return "; ".join(parts) or "no values yet"

    def _drawn(self, curve: Curve) -> dict[str, Any]:
        unit = self.unit
        best = (
            f"{'lowest' if curve.lowest else 'best'} {write(curve.best[0])}, {_place(curve)}"
            if curve.best
            else ""
        )
        return {
            "label": curve.label,
            "now": curve.now,
            "best": best,
            "points": {key: _packed(values) for key, values in curve.arrays(unit).items()},
            "odd": [step if unit == "step" else epoch for _, step, epoch in curve.odd],
            "odd_told": odd_told(curve),
        }


def write(value: float) -> str:
    """Write a value with three digits, always, so that a running one stands still.

    Examples
    --------
    >>> [write(v) for v in (2.3, 0.98, 12.345, 1234.5, 0.0, -0.00012, float("nan"), float("inf"))]
    ['2.30', '0.980', '12.3', '1234', '0', '−1.2e−4', 'NaN', '∞']
    """
    if value != value:
        return "NaN"
    if 1e-3 <= abs(value) < 999.5:
        return f"{value:#.3g}".rstrip(".").replace("-", "−")
    return style.number(value)


def _joined(a: list[float], b: list[float]) -> list[float]:
    return [min(a[0], b[0]), max(a[1], b[1]), a[2] + b[2], a[3] + b[3], a[4] + b[4], a[5] + b[5]]


def _packed(values: np.ndarray) -> str:
    most = np.finfo(np.float32).max
    return base64.b64encode(np.clip(values, -most, most).astype("<f4").tobytes()).decode()


def _place(curve: Curve) -> str:
    assert curve.best is not None
    _, step, epoch = curve.best
    return f"{curve.by} {step if curve.by == 'step' else epoch:,}"


def odd_told(curve: Curve) -> str:
    """Say what is marked in a plot."""
    if not curve.odd_count:
        return ""
    return write(curve.odd[0][0]) + (f" and {curve.odd_count - 1:,} more" if curve.odd_count > 1 else "")


def _sentence(curve: Curve) -> str:
    name = curve.label
    odd = f" ({_odd(curve)})" if curve.odd_count else ""
    if curve.best is None:
        return f"{name} was never a finite number{odd}"
    if not curve.lowest:
        return f"best {name} {write(curve.best[0])} in {_place(curve)}{odd}"
    value, mean_of = curve.end()
    if curve.count == 1:
        return f"{name} was {write(curve.first)} in {curve.by} 1"
    verb = "fell" if value < curve.first else "rose"
    told = f"{name} {verb} from {write(curve.first)} to {write(value)}"
    if not math.isfinite(value):
        told = f"{name} went from {write(curve.first)} to {write(value)}"
    elif write(value) == write(curve.first):
        told = f"{name} stayed at {write(value)}"
    told += f" in {_count(curve.count, curve.by)}"
    if mean_of > 1:
        told += f" (mean of the last {mean_of})"
    elif write(curve.best[0]) not in (write(value), write(curve.first)):
        told += f", lowest {write(curve.best[0])} in {_place(curve)}"
    return told + odd


def _odd(curve: Curve) -> str:
    value, step, epoch = curve.odd[0]
    first = f"{write(value)} in {curve.by} {step if curve.by == 'step' else epoch:,}"
    return first + (f" and {curve.odd_count - 1:,} more not finite" if curve.odd_count > 1 else "")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
