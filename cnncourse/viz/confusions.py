"""A confusion matrix that can be read: shares by row, counts beside and below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from . import style
from .arrays import as_array
from .picture import Picture, text_width
from .segmentations.masks import confusion_sentence, count, percent

_MOST_CLASSES = 24  # more, and the numbers cannot be read at this width
_PAD, _TITLE, _TOTAL = 14, 56, 76  # pixels


def confusion(matrix: Any, classes: Sequence[str], *, normalize: bool = True) -> Picture:
    """Draw a confusion matrix: a row for each true class, a column for each predicted one.

    Parameters
    ----------
    matrix : array or tensor [K, K]
        Counts; ``matrix[i, j]`` of class i were called j.
    classes : sequence of K names
    normalize : bool
        Write each cell as percent of its row, so that rare classes are as easy to read as common ones;
        otherwise write counts. The shading is by row in both.

    Returns
    -------
    Figure
        Its ``repr`` says how many are right and which class is taken for which other most.

    Raises
    ------
    ValueError
        When the matrix is not square, has negative or missing values, does not suit the names,
        or has more than 24 classes.

    Examples
    --------
    >>> confusion([[90, 10], [3, 2]], ["road", "pole"])
    <Figure: confusion of 2 classes: 92 of 105 right (88 %); \
pole is taken for road in 60 % of its cases (3 of 5)>
    """
    counts = _read(matrix, classes)
    names = [str(name) for name in classes]
    totals = counts.sum(1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    texts = [
        [_text(counts[i, j], shares[i, j], normalize) for j in range(len(names))] for i in range(len(names))
    ]

    left = _PAD + 8 + max(text_width("predicted", 8), *(text_width(_brief(name), 9) for name in names))
    longest = max(len(text) for row in texts for text in row)
    room = (style.WIDTH - left - _TOTAL - _PAD) / len(names)
    cell = min(room, max(40, 8 * longest + 12))
    rise = 0.75 * 6.2 * min(20, max(map(len, names))) if _turned(names, cell) else 0
    head = _TITLE + rise + 26
    size = cell * len(names)
    unit = "percent of each true class" if normalize else "counts; shaded by share of the true class"
    heading = f"Rows: truth · columns: prediction · {unit}"
    width = max(left + size + _TOTAL, _PAD + text_width(heading, 8.5)) + _PAD
    with style.apply():
        figure = Picture(width, head + size + 40 + _PAD, describe_confusion(counts, names, normalize))
        figure.add_note(_PAD, 22, "Confusion", fontsize=11, fontweight="bold")
        figure.add_note(_PAD, 40, heading, fontsize=8.5, color=style.QUIET)
        # One pixel more than the cells, so that the last line is not cut off.
        axes = figure.add_box(left, head, size + 1, size + 1)
        _draw_cells(axes, texts, shares, cell)
        _draw_names(figure, names, cell, left, head)
        _draw_totals(figure, counts, cell, left, head)
    return figure


def describe_confusion(counts: np.ndarray, classes: Sequence[str], normalize: bool = True) -> str:
    """Say in one sentence how many are right and what is confused most."""
    right, total = np.trace(counts), counts.sum()
    share = f" ({percent(right / total)})" if total else ""
    largest = confusion_sentence(counts, classes, normalize, "cases")
    return f"confusion of {len(counts)} classes: {count(right)} of {count(total)} right{share}; {largest}"


def _read(matrix: Any, classes: Sequence[str]) -> np.ndarray:
    counts = as_array(matrix, "the confusion matrix")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.size == 0:
        raise ValueError(
            f"the confusion matrix has shape {counts.shape}; expected [K, K], rows for the truth"
        )
    if isinstance(classes, str) or len(classes) != len(counts):
        got = "one string" if isinstance(classes, str) else f"{len(classes)} class names"
        raise ValueError(f"got {got} for {len(counts)} classes; expected a list with one name for each")
    if not np.isfinite(counts).all() or counts.min() < 0:
        raise ValueError("the confusion matrix has negative or missing values; expected counts, not scores")
    if len(counts) > _MOST_CLASSES:
        raise ValueError(
            f"got {len(counts)} classes; the numbers can be read for up to {_MOST_CLASSES}: "
            "take the classes of interest, such as matrix[:12, :12]"
        )
    return counts.astype(np.int64) if counts.dtype.kind in "bui" else counts.astype(float)


def _text(number: float, share: float, normalize: bool) -> str:
    if np.isnan(share):
        return "–"
    if not normalize:
        return _short(number, 46)
    if 0 < share < 0.005:
        return "<1"
    return f"{100 * share:.0f}" if not 0.995 <= share < 1 else ">99"


def _draw_cells(axes: Axes, texts: list[list[str]], shares: np.ndarray, cell: float) -> None:
    count_of = len(texts)
    axes.set(xlim=(0, count_of + 1 / cell), ylim=(count_of + 1 / cell, 0))
    longest = max(len(text) for row in texts for text in row)
    size = min(0.34 * cell, 12, (cell - 6) / (0.64 * longest)) * 72 / style.DPI
    deep = np.array(to_rgb(style.POSITIVE)) * 0.8
    for (i, j), share in np.ndenumerate(shares):
        empty = np.isnan(share)
        color = 1 + (deep - 1) * (0 if empty else float(share) ** 0.7)  # small shares stay visible
        box = Rectangle((j, i), 1, 1, facecolor=color, edgecolor=style.LINE, linewidth=0.7, clip_on=False)
        if empty:
            box.set_hatch("////")
        axes.add_patch(box)
        dark = _light(color) < 0.179  # where white and black stand out equally
        nothing = empty or share == 0
        ink = "#FFFFFF" if dark else style.QUIET if nothing else "#000000"
        text = "·" if share == 0 and i != j else texts[i][j]
        weight = "bold" if i == j and not empty else "normal"
        back = {"facecolor": style.SURFACE, "edgecolor": "none", "pad": 1} if empty else None
        axes.text(
            j + 0.5,
            i + 0.52,
            text,
            ha="center",
            va="center",
            fontsize=size,
            color=ink,
            weight=weight,
            bbox=back,
        )
    for i in range(count_of):
        axes.add_patch(
            Rectangle((i, i), 1, 1, fill=False, edgecolor=style.INK, linewidth=1.4, zorder=3, clip_on=False)
        )


def _light(color: np.ndarray) -> float:
    """Relative luminance, as contrast is measured by."""
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _turned(names: list[str], cell: float) -> bool:
    """Whether the names are too long to stand level above their columns."""
    return 7 * max(map(len, names)) > cell


def _brief(name: str) -> str:
    return name if len(name) <= 20 else name[:19] + "…"


def _draw_names(figure: Picture, names: list[str], cell: float, left: float, top: float) -> None:
    turned = {"rotation": 45, "rotation_mode": "anchor"} if _turned(names, cell) else {"ha": "center"}
    for k, name in enumerate(names):
        middle = (k + 0.5) * cell
        figure.add_note(left - 8, top + middle + 4, _brief(name), ha="right", fontsize=9)
        figure.add_note(left + middle + 2 * _turned(names, cell), top - 8, _brief(name), fontsize=9, **turned)


def _draw_totals(figure: Picture, counts: np.ndarray, cell: float, left: float, top: float) -> None:
    size = cell * len(counts)
    note = {"fontsize": 8, "color": style.QUIET}
    figure.add_note(left + size + _TOTAL - 4, top - 8, "in truth", ha="right", **note)
    figure.add_note(left - 8, top + size + 20, "predicted", ha="right", **note)
    for k in range(len(counts)):
        figure.add_note(
            left + size + _TOTAL - 4, top + (k + 0.5) * cell + 4, count(counts[k].sum()), ha="right", **note
        )
        figure.add_note(
            left + (k + 0.5) * cell,
            top + size + 20,
            _short(counts[:, k].sum(), cell - 4),
            ha="center",
            **note,
        )


def _short(number: float, room: float, size: float = 8) -> str:
    """A number that fits into so many pixels at this font size: 6,254 or 6.3k."""
    text = count(number)
    if 0.9 * size * len(text) <= room:
        return text
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.{number < 9.95 * unit:d}f}{name}"
    return text
