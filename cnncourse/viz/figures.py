"""Pictures and small matrices, drawn without pyplot: nothing appears twice, equal data gives equal bytes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from . import style
from .arrays import as_list, as_pictures, as_titles
from .grids import draw_grids
from .picture import Picture

_PAD, _GAP = 14, 18  # pixels around the pictures, and between two of them
_LINE_HEIGHT = 15
_TALLEST = 330
_MOST_CELLS = 24  # rows or columns of a matrix whose numbers can still be read


def images(
    images: Any,
    titles: str | Sequence[str] | None = None,
    *,
    signed: bool = False,
    columns: int | None = None,
    shared_scale: bool = False,
) -> Picture:
    """Draw pictures side by side, every pixel a sharp square when there is room to enlarge it.

    Parameters
    ----------
    images : array, tensor, or a list of them
        A picture is ``[H, W]`` (one value a pixel) or ``[H, W, 3]`` (red, green, blue: 0..1, or 0..255 as
        integers). A stack ``[N, H, W]`` or ``[N, H, W, 3]`` is N pictures, so that feature maps ``[C, H, W]``
        draw as C pictures.
    titles : str or list of str, optional
        One title for each picture.
    signed : bool
        Color values by their sign around zero, orange below and blue above, with a color bar. In a large
        picture the bar may end before the most extreme 0.5 % of the pixels; it then says ≤ and ≥.
    columns : int, optional
        Pictures in a row; chosen to suit the number of pictures when None.
    shared_scale : bool
        Give all pictures the same range, so that equal colors mean equal values across them. Otherwise
        values within 0..1 keep that range, and other pictures are stretched from their own minimum to their
        own maximum, which is written below each.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        For a shape, range or number of titles that cannot be drawn; the message says what would be.

    Examples
    --------
    >>> import numpy as np
    >>> images([np.eye(3), np.zeros((4, 6, 3))], ["identity", "black"])
    <Figure: 2 pictures: identity 3 × 3, black 4 × 6 in color>
    """
    panels = as_pictures(images, signed)
    names = as_titles(titles, len(panels))
    if columns is None:
        columns = len(panels) if len(panels) <= 4 else min(8, math.ceil(math.sqrt(len(panels))))
    if columns < 1:
        raise ValueError(f"got columns={columns}; expected at least 1 picture in a row")
    room = (style.WIDTH - 2 * _PAD - (columns - 1) * _GAP) // columns
    scales = [_scale(panel.shape, room) for panel in panels]
    sizes = [
        (round(panel.shape[1] * s), round(panel.shape[0] * s))
        for panel, s in zip(panels, scales, strict=True)
    ]
    ranges = _ranges(panels, signed, shared_scale)
    wrapped = [textwrap.wrap(name, max(8, int(min(room, 400) / 6.4))) for name in names]
    heading = _LINE_HEIGHT * max(map(len, wrapped)) + (6 if any(wrapped) else 0)
    footer = 26 if signed else 18 if any(low_high not in ((0, 1), None) for low_high in ranges) else 0

    # Titles may be wider than a small picture: a column is as wide as what stands in it.
    text_width = max((math.ceil(6.4 * len(line)) for lines in wrapped for line in lines), default=0)
    floor = min(room, max(text_width, 110 if footer else 0))
    rows = [range(start, min(start + columns, len(panels))) for start in range(0, len(panels), columns)]
    widths = [
        max(floor, *(sizes[i][0] for i in range(c, len(panels), columns)), 0) for c in range(len(rows[0]))
    ]
    heights = [heading + max(sizes[i][1] for i in row) + footer for row in rows]
    with style.apply():
        figure = Picture(
            sum(widths) + _GAP * (len(widths) - 1) + 2 * _PAD,
            sum(heights) + _GAP * (len(rows) - 1) + 2 * _PAD,
            _summary("picture", names, panels),
            ratio=2
            if min(scales) >= 1
            else 1,  # a photograph at double density would cost four times the bytes
        )
        for r, row in enumerate(rows):
            top = _PAD + sum(heights[:r]) + _GAP * r + heading
            for c, i in enumerate(row):
                left = _PAD + sum(widths[:c]) + _GAP * c
                axes = figure.add_box(left, top, *sizes[i])
                _show(axes, panels[i], ranges[i], signed, sharp=scales[i] >= 1)
                figure.add_note(
                    left, top - 6, "\n".join(wrapped[i]), va="bottom", fontsize=9.5, linespacing=1.15
                )
                low_high = ranges[i]
                if footer and low_high is not None:
                    bar = (left, top + sizes[i][1] + 6, min(sizes[i][0], 160))
                    _scale_bar(figure, *bar, low_high, panels[i], signed)
    return figure


def matrices(arrays: Any, titles: str | Sequence[str] | None = None, *, signed: bool = True) -> Picture:
    """Draw small matrices as grids with the number in each cell.

    Parameters
    ----------
    arrays : array or tensor [H, W], or a list of them
        At most 24 rows and 24 columns each. NaN is drawn as an empty, hatched cell.
    titles : str or list of str, optional
        One title for each matrix; its size is added.
    signed : bool
        Tint positive cells blue and negative ones orange; otherwise large values are darker gray.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        When an array is not two-dimensional, is too large to read, or the number of titles differs.

    Examples
    --------
    >>> matrices([[[1, 0, -1]], [[1.5], [2.5]]], ["row", "column"])
    <Figure: 2 matrices: row 1 × 3, column 2 × 1>
    """
    panels = [_matrix(array, i) for i, array in enumerate(as_list(arrays))]
    names = as_titles(titles, len(panels))
    captions = [f"{name}  {p.shape[0]} × {p.shape[1]}".strip() for name, p in zip(names, panels, strict=True)]
    summary = _summary("matrix", names, panels)
    return draw_grids(panels, captions, summary, signed=[signed] * len(panels))


def _show(
    axes: Axes, picture: np.ndarray, low_high: tuple[float, float] | None, signed: bool, sharp: bool
) -> None:
    low, high = low_high or (0, 1)
    colormap = style.signed_map() if signed else "gray"
    axes.imshow(
        picture,
        cmap=colormap,
        vmin=low,
        vmax=high,
        aspect="auto",
        interpolation="nearest" if sharp else "antialiased",
    )
    # A hairline keeps white pictures apart from the white page.
    axes.add_patch(
        Rectangle(
            (0, 0),
            1,
            1,
            transform=axes.transAxes,
            fill=False,
            edgecolor=style.LINE,
            linewidth=1,
            clip_on=False,
        )
    )


def _scale_bar(
    figure: Picture,
    left: float,
    top: float,
    width: float,
    low_high: tuple[float, float],
    panel: np.ndarray,
    signed: bool,
) -> None:
    low, high = (style.number(v) for v in low_high)
    if signed:
        low = f"≤ {low}" if np.nanmin(panel) < low_high[0] else low
        high = f"≥ {high}" if np.nanmax(panel) > low_high[1] else high
    note = {"fontsize": 8, "color": style.QUIET, "va": "top"}
    if not signed:
        figure.add_note(left, top - 1, f"{low} to {high}", **note)
        return
    axes = figure.add_box(left, top, width, 6)
    axes.imshow(np.linspace(-1, 1, 257)[None], cmap=style.signed_map(), aspect="auto")
    figure.add_note(left, top + 8, low, **note)
    figure.add_note(left + width / 2, top + 8, "0", ha="center", **note)
    figure.add_note(left + width, top + 8, high, ha="right", **note)


def _matrix(array: np.ndarray, index: int) -> np.ndarray:
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"matrix {index} has shape {array.shape}; expected [H, W]")
    if max(array.shape) > _MOST_CELLS:
        raise ValueError(
            f"matrix {index} is {array.shape[0]} × {array.shape[1]}; numbers can be read up to {_MOST_CELLS} "
            "rows and columns: take a part, such as x[:8, :8], or draw it by viz.images"
        )
    return array.astype(float)


def _scale(shape: tuple[int, ...], room: float) -> float:
    scale = min(min(room, 400) / shape[1], _TALLEST / shape[0])
    return math.floor(scale) if scale >= 1 else scale  # a whole number, so that all pixels are equally large


def _ranges(panels: list[np.ndarray], signed: bool, shared: bool) -> list[tuple[float, float] | None]:
    """Return (low, high) for each picture, None for one in color."""
    gray = [p for p in panels if p.ndim == 2]

    def limits(pictures: list[np.ndarray]) -> tuple[float, float]:
        low, high = min(map(np.nanmin, pictures)), max(map(np.nanmax, pictures))
        if signed:
            sizes = np.sort(np.abs(np.concatenate([p[~np.isnan(p)] for p in pictures])))
            # In a large picture a few extreme pixels would leave everything else pale.
            usual, largest = sizes[int(0.995 * (len(sizes) - 1))], sizes[-1]
            end = float(usual if len(sizes) > 1000 and 0 < usual < 0.75 * largest else largest) or 1.0
            return -end, end
        return (0, 1) if low >= 0 and high <= 1 else (low, high)

    common = limits(gray) if shared and gray else None
    return [None if p.ndim == 3 else common or limits([p]) for p in panels]


def _summary(noun: str, names: list[str], panels: list[np.ndarray]) -> str:
    plural = noun if len(panels) == 1 else {"matrix": "matrices"}.get(noun, noun + "s")
    sizes = (f"{p.shape[0]} × {p.shape[1]}{' in color' if p.ndim == 3 else ''}" for p in panels)
    return f"{len(panels)} {plural}: " + ", ".join(
        f"{n} {s}".strip() for n, s in zip(names, sizes, strict=True)
    )
