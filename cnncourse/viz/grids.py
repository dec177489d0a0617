"""Small matrices as grids with the number in each cell: behind `matrices` and the steppers' stills."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from . import style
from .picture import Picture

_PAD, _GAP, _CAPTION = 14, 26, 20  # pixels


def draw_grids(
    panels: Sequence[np.ndarray],
    captions: Sequence[str],
    summary: str,
    *,
    signed: Sequence[bool],
    outlined: Sequence[Collection[tuple[int, int]]] | None = None,
    hatched: Sequence[Collection[tuple[int, int]]] | None = None,
    note: str = "",
    ratio: int = 2,
) -> Picture:
    """Draw matrices from left to right, in as many rows as the page needs, with a note below."""
    longest = max(len(style.number(v)) for panel in panels for v in panel.flat)
    widest = max(panel.shape[1] for panel in panels)
    cell = min(max(34, 9 + 7 * longest), max(22, (style.WIDTH - 2 * _PAD) // widest))
    sizes = [
        (max(p.shape[1] * cell, math.ceil(6.4 * len(c))), p.shape[0] * cell + _CAPTION + 1)
        for p, c in zip(panels, captions, strict=True)
    ]
    spots, width, height = _flow(sizes)
    lines = textwrap.wrap(note, int(max(width, 560) / 6.6))
    width = max(width, *(math.ceil(6.6 * len(line)) + 2 * _PAD for line in lines), 0)
    outlined = outlined or [()] * len(panels)
    hatched = hatched or [()] * len(panels)
    with style.apply():
        figure = Picture(width, height + 17 * len(lines) + (2 if lines else 0), summary, ratio)
        for panel, caption, (left, top), sign, cells, outside in zip(
            panels, captions, spots, signed, outlined, hatched, strict=True
        ):
            figure.add_note(left, top + 12, caption, fontsize=9, color=style.QUIET)
            axes = figure.add_box(left, top + _CAPTION, panel.shape[1] * cell + 1, panel.shape[0] * cell + 1)
            _draw_grid(axes, panel, cell, sign, cells, outside)
        figure.add_note(_PAD, height, "\n".join(lines), fontsize=9.5, va="top", linespacing=1.3)
    return figure


def tint(share: float, signed: bool = True) -> tuple[float, ...]:
    """Return the cell color for ``share`` of the largest value, -1..1: pale enough for dark text on it."""
    end = np.array(to_rgb((style.POSITIVE if share > 0 else style.NEGATIVE) if signed else style.QUIET))
    weight = min(1.0, abs(share)) * (0.5 if signed else 0.4)
    return tuple(1 + (end - 1) * weight)


def _draw_grid(
    axes: Axes,
    values: np.ndarray,
    cell: float,
    signed: bool,
    outlined: Collection[tuple[int, int]],
    hatched: Collection[tuple[int, int]],
) -> None:
    rows, columns = values.shape
    # The box is one pixel larger than the cells, so that the last line is not cut off.
    axes.set(xlim=(-0.5 / cell, columns + 0.5 / cell), ylim=(rows + 0.5 / cell, -0.5 / cell))
    largest = np.max(np.abs(values[np.isfinite(values)]), initial=0) or 1
    labels = [style.number(v) for v in values.flat]
    # 72 / DPI points to a page pixel; DejaVu's digits are 0.64 of the font size wide.
    size = min(0.38 * cell, (cell - 5) / (0.64 * max(map(len, labels)))) * 72 / style.DPI
    for (i, j), value in np.ndenumerate(values):
        empty, outside = np.isnan(value), (i, j) in hatched
        color = style.SURFACE if empty or outside else tint(value / largest, signed)
        box = Rectangle((j, i), 1, 1, facecolor=color, edgecolor=style.LINE, linewidth=0.7, clip_on=False)
        if empty or outside:
            box.set_hatch("////" if empty else "//")
        axes.add_patch(box)
        if not empty:
            axes.text(j + 0.5, i + 0.52, labels[i * columns + j], ha="center", va="center", fontsize=size)
    for i, j in outlined:
        axes.add_patch(
            Rectangle((j, i), 1, 1, fill=False, edgecolor=style.ACCENT, linewidth=2, zorder=3, clip_on=False)
        )


def _flow(sizes: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], float, float]:
    """Place boxes left to right, starting a new row when the page is full; return corners, width, height."""
    spots, left, top, tallest, right = [], float(_PAD), float(_PAD), 0.0, 0.0
    for width, height in sizes:
        if left > _PAD and left + width > style.WIDTH - _PAD:
            left, top, tallest = float(_PAD), top + tallest + _GAP, 0.0
        spots.append((left, top))
        right, tallest = max(right, left + width), max(tallest, height)
        left += width + _GAP
    return spots, right + _PAD, top + tallest + _PAD
