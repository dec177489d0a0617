"""Scores of repeated trainings: every seed a dot, their mean and spread beside it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from . import style
from .arrays import as_array
from .picture import Picture, text_width

_PAD, _GAP, _ROW, _LINE = 16, 14, 44, 15  # pixels; a row is higher where its name takes more lines
_PLOT = 360  # width of the axis, at least
_MOST = 24  # rows
_CIRCLE: dict[str, Any] = {"ms": 7, "mfc": "none", "mec": style.QUIET, "mew": 1.2, "clip_on": False}


@dataclass(frozen=True, eq=False)
class Row:
    """The scores of one name, one from each seed."""

    name: str
    values: np.ndarray

    @property
    def mean(self) -> float:
        """Their mean; NaN where one of them is."""
        return float(self.values.mean())

    @property
    def sd(self) -> float:
        """Their sample standard deviation (n − 1 in the denominator); 0 for a single one."""
        return float(self.values.std(ddof=1)) if len(self.values) > 1 else 0.0


def scores(values: Mapping[str, Any], what: str = "score") -> Picture:
    """Draw scores over several seeds: each seed a dot, the mean a bar with ± one standard deviation.

    Parameters
    ----------
    values : dict from names to scores
        A list, array or tensor with one number for each seed, or a single number; at most 24 names. They
        are drawn from top to bottom.
    what : str
        What the numbers are, such as "test accuracy".

    Returns
    -------
    Figure
        Its ``repr`` gives mean ± sample standard deviation of every name, and the number of seeds.

    Raises
    ------
    ValueError
        When there is nothing to draw, or scores are not numbers in a row; the message says whose.

    Examples
    --------
    >>> scores({"plain": [0.90, 0.91, 0.92], "dropout": [0.93, 0.95, 0.94]}, "test accuracy")
    <Figure: test accuracy, mean ± sd over 3 seeds: plain 0.910 ± 0.010, dropout 0.940 ± 0.010>
    """
    rows = read(values)
    decimals = digits(rows)
    with style.apply():
        names = [textwrap.wrap(row.name, 30) or [""] for row in rows]
        told = [told_in(row, decimals) for row in rows]
        left = _PAD + max(text_width(line) for lines in names for line in lines) + _GAP
        right = max(map(text_width, told)) + _GAP + _PAD
        width = min(style.WIDTH, max(left + _PLOT + right, 560))
        heights = [max(_ROW, _LINE * len(lines) + 14) for lines in names]
        height = sum(heights)
        repeated = any(len(row.values) > 1 for row in rows)
        figure = Picture(width, _PAD + height + (70 if repeated else 50), describe(rows, what, decimals))
        axes = figure.add_box(left, _PAD, width - left - right, height)
        axes.set_axis_on()
        middles = np.cumsum(heights) - np.array(heights) / 2
        _draw_axis(axes, rows, height, what, decimals)
        for row, lines, text, middle in zip(rows, names, told, middles, strict=True):
            _draw_row(axes, row, middle)
            top = _PAD + middle - _LINE * (len(lines) - 1) / 2 + 4
            for n, line in enumerate(lines):
                figure.add_note(left - _GAP, top + _LINE * n, line, ha="right", fontsize=9.5)
            figure.add_note(width - right + _GAP, _PAD + middle + 4, text, fontsize=9.5)
        if repeated:
            note = "circle: one seed · bar: mean ± standard deviation"
            figure.add_note(left, _PAD + height + 60, note, fontsize=8.5, color=style.QUIET)
    return figure


def read(values: Mapping[str, Any]) -> list[Row]:
    """Return the rows, or say what cannot be drawn."""
    if not isinstance(values, Mapping) or not values:
        got = "an empty dict" if isinstance(values, Mapping) else type(values).__name__
        raise ValueError(f'got {got}; expected a dict from names to scores, as {{"plain": [0.91, 0.92]}}')
    if len(values) > _MOST:
        raise ValueError(f"got {len(values)} names; up to {_MOST} rows can be read: draw those of interest")
    rows = []
    for name, given in values.items():
        found = np.atleast_1d(as_array(given, f"{name!r}")).astype(float)
        if found.ndim != 1 or not found.size:
            raise ValueError(f"{name!r} has scores of shape {found.shape}; expected one number for each seed")
        rows.append(Row(str(name), found))
    return rows


def digits(rows: Sequence[Row]) -> int:
    """Return how many decimals show the typical spread to an eighth of it."""
    spreads = [row.sd for row in rows if row.sd > 0 and math.isfinite(row.sd)]
    means = [abs(row.mean) for row in rows if math.isfinite(row.mean) and row.mean]
    typical = float(np.median(spreads)) if spreads else max(means, default=1.0) / 100
    return min(max(-math.floor(math.log10(typical / 4)), 0), 9)


def told_in(row: Row, decimals: int) -> str:
    """Write mean ± standard deviation, or what there is."""
    lost = int((~np.isfinite(row.values)).sum())
    if lost:
        return f"{lost} of {len(row.values)} not finite"
    text = f"{row.mean:.{decimals}f}" + (f" ± {row.sd:.{decimals}f}" if len(row.values) > 1 else "")
    return text.replace("-", "−")


def describe(rows: Sequence[Row], what: str, decimals: int) -> str:
    """Say every mean and spread in one sentence."""
    counts = sorted({len(row.values) for row in rows})
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    over = f", mean ± sd over {seeds} seeds" if counts[-1] > 1 else ""
    return f"{what}{over}: " + ", ".join(f"{row.name} {told_in(row, decimals)}" for row in rows)


def _draw_axis(axes: Axes, rows: Sequence[Row], height: float, what: str, decimals: int) -> None:
    ends = [[*row.values, row.mean - row.sd, row.mean + row.sd] for row in rows]
    shown = np.concatenate(ends)
    shown = shown[np.isfinite(shown)]
    low, high = (shown.min(), shown.max()) if shown.size else (0.0, 1.0)
    room = max(0.05 * (high - low), 2 * 10.0**-decimals)
    axes.set(xlim=(low - room, high + room), ylim=(height, 0), yticks=[])
    axes.set_xlabel(what, parse_math=False)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.grid(axis="x", color=style.LINE, linewidth=0.7)
    axes.tick_params(length=3)


def _draw_row(axes: Axes, row: Row, middle: float) -> None:
    """Draw the mean above the line on which the name stands, and the seeds below it."""
    upper, lower = (middle - 8, middle + 7) if len(row.values) > 1 else (middle, middle)
    known = np.sort(row.values[np.isfinite(row.values)])
    across = axes.transData.transform([(value, 0) for value in known])[:, 0] * style.DPI / axes.figure.dpi
    level = 0
    for n, value in enumerate(known):
        level = level + 1 if n and across[n] - across[n - 1] < 4 else 0  # equal ones do not hide each other
        axes.plot(value, lower + 4 * (level % 4), "o", **_CIRCLE)
    if math.isfinite(row.mean) and len(row.values) > 1:
        bar: dict[str, Any] = {
            "color": style.POSITIVE,
            "capsize": 5,
            "capthick": 1.8,
            "elinewidth": 1.8,
            "clip_on": False,
        }
        axes.errorbar(row.mean, upper, xerr=row.sd, fmt="D", ms=6.5, zorder=3, **bar)
