"""Several scores of the same trainings side by side, with plain facts beside them: one row for each name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from . import style
from .picture import Picture, text_width
from .spreads import Row, describe, digits, read, told_in

_PAD, _GAP, _ROW, _HEAD, _FOOT = 14, 12, 36, 26, 58  # pixels
_LEAST = 110  # width of a panel
_DECIMALS = 3  # at most, so that a number fits into a panel


def score_table(
    scores: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Mapping[str, str]] | None = None
) -> Picture:
    """Draw several scores over seeds in panels that share their rows, then columns of facts.

    Parameters
    ----------
    scores : dict from titles to scores
        Each as for `scores`: a dict from names to one number for each seed. All have the same names.
    facts : dict from titles to texts, optional
        Such as ``{"parameters": {"U-Net": "1.71 M"}}``, for the same names.

    Returns
    -------
    Figure
        Its ``repr`` gives every mean and spread.

    Raises
    ------
    ValueError
        When there is nothing to draw, or the names differ.

    Examples
    --------
    >>> score_table({"accuracy": {"plain": [0.90, 0.92], "dropout": [0.93, 0.95]}}, {"layers": {"plain": "3",
    ...     "dropout": "4"}})
    <Figure: accuracy, mean ± sd over 2 seeds: plain 0.910 ± 0.014, dropout 0.940 ± 0.014>
    """
    panels = {title: read(values) for title, values in scores.items()}
    facts = facts or {}
    names = _names(panels, facts)
    height = _ROW * len(names)
    with style.apply():
        left = _PAD + max(map(text_width, names)) + _GAP
        columns = {title: max(map(text_width, [title, *texts.values()])) for title, texts in facts.items()}
        taken = left + sum(width + _GAP for width in columns.values()) + _PAD
        least = max(_LEAST, *map(text_width, panels))
        panel = max((style.WIDTH - taken) / len(panels) - 2 * _GAP, least)
        width = taken + len(panels) * (panel + 2 * _GAP)
        told = "; ".join(describe(rows, title, digits(rows)) for title, rows in panels.items())
        figure = Picture(width, _HEAD + height + _FOOT, told)
        for n, name in enumerate(names):
            figure.add_note(left - _GAP, _HEAD + _ROW * (n + 0.5) + 4, name, ha="right", fontsize=9.5)
        for title, rows in panels.items():
            figure.add_note(left, _HEAD - 10, title, fontsize=9, color=style.QUIET)
            axes = figure.add_box(left, _HEAD, panel, height)
            _draw_panel(axes, rows)
            left += panel + 2 * _GAP
        for title, texts in facts.items():
            left += columns[title] + _GAP
            figure.add_note(left, _HEAD - 10, title, ha="right", fontsize=9, color=style.QUIET)
            for n, name in enumerate(names):
                figure.add_note(left, _HEAD + _ROW * (n + 0.5) + 4, texts[name], ha="right", fontsize=9.5)
        note = "circle: one seed · diamond and bar: mean ± standard deviation · number: mean"
        figure.add_note(_PAD, _HEAD + height + 46, note, fontsize=8.5, color=style.QUIET)
    return figure


def _names(panels: Mapping[str, list[Row]], facts: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the names that all have, or say who lacks which."""
    if not panels:
        raise ValueError('got no scores; expected a dict such as {"accuracy": {"plain": [0.91, 0.92]}}')
    names = [row.name for row in next(iter(panels.values()))]
    found = {title: [row.name for row in rows] for title, rows in panels.items()}
    for title, own in (found | {title: list(texts) for title, texts in facts.items()}).items():
        if sorted(own) != sorted(names):
            raise ValueError(
                f"{title!r} has the names {own}; expected {names}, as {next(iter(panels))!r} has"
            )
    return names


def _draw_panel(axes: Axes, rows: list[Row]) -> None:
    """Draw seeds as circles on the line of their name, mean and spread above, the mean as a number."""
    shown = np.concatenate([[*row.values, row.mean - row.sd, row.mean + row.sd] for row in rows])
    shown = shown[np.isfinite(shown)]
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 1.0)
    room = 0.06 * (high - low) or 0.01
    axes.set_axis_on()
    axes.set(xlim=(low - room, high + room), ylim=(len(rows), 0), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.grid(axis="x", color=style.LINE, linewidth=0.7)
    axes.tick_params(length=3)
    decimals = min(digits(rows), _DECIMALS)
    for n, row in enumerate(rows):
        axes.axhline(n + 1, color=style.LINE, linewidth=0.5)
        axes.plot(
            row.values,
            np.full(len(row.values), n + 0.72),
            "o",
            ms=5,
            mfc="none",
            mec=style.QUIET,
            mew=1,
            clip_on=False,
        )
        axes.errorbar(
            row.mean,
            n + 0.4,
            xerr=row.sd,
            fmt="D",
            ms=5,
            color=style.POSITIVE,
            capsize=3,
            elinewidth=1.4,
            clip_on=False,
        )
        right = row.mean < (low + high) / 2
        text = told_in(row, decimals).partition(" ±")[0]
        axes.annotate(
            text,
            (row.mean + (row.sd if right else -row.sd), n + 0.4),
            xytext=(8 if right else -8, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=8.5,
        )
