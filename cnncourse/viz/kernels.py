"""The kernels of a convolution as pictures: signed maps, or colors where the input is one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from . import style
from .arrays import as_array
from .picture import Picture

_MOST, _MOST_CHANNELS, _MOST_ROWS = (
    64,
    16,
    16,
)  # tiles on a page; columns and rows where each channel is a tile
_PAD, _HEAD = 14, 62  # pixels


def filters(layer_or_weight: Any, *, columns: int | None = None, start: int = 0) -> Picture:
    """Draw the kernels of a convolution, all on one scale around zero.

    Kernels over 3 input channels are drawn in color (gray is 0); over 1 channel as one signed tile each;
    otherwise each row is one filter and each column one input channel. One page holds 64 filters, or
    16 filters × 16 channels; the title says how many there are, and ``start`` turns the page.

    Parameters
    ----------
    layer_or_weight : nn.Conv2d, nn.ConvTranspose2d, or an array or tensor [Cout, Cin, kh, kw]
        Of a transposed convolution the weight [Cin, Cout, kh, kw] is drawn by output channel.
    columns : int, optional
        Filters in a row; where each channel is a tile of its own, the input channels that are shown.
    start : int
        The first filter that is shown.

    Returns
    -------
    Figure
        Its ``repr`` says what is shown and where the largest weight stands.

    Raises
    ------
    ValueError
        For a layer without a 4-D weight, a weight of another shape, or a page that does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> filters(np.array([[[[1.0, 0, -2]]], [[[0, 0.5, 0]]]]))
    <Figure: 2 of 2 filters, each 1 × 1 × 3; weights from −2 to 1, the largest by size in filter 0>
    """
    weight = kernel_array(layer_or_weight)
    total, channels = weight.shape[:2]
    if not 0 <= start < total:
        raise ValueError(f"got start={start}; expected 0..{total - 1}, since there are {total} filters")
    if columns is not None and columns < 1:
        raise ValueError(f"got columns={columns}; expected at least 1")
    across = channels not in (1, 3)  # every channel has a tile of its own
    shown = min(total - start, _MOST)
    if across:
        columns = min(columns or _MOST_CHANNELS, channels)
    else:
        columns = min(columns or (8 if shown > 6 else shown), shown)
    return _draw(weight, start, columns, across)


def kernel_array(layer_or_weight: Any) -> np.ndarray:
    """Return the weight of a layer, or a weight, as a float array [Cout, Cin, kh, kw].

    Examples
    --------
    >>> kernel_array([[[[1, 2]]]]).shape
    (1, 1, 1, 2)
    """
    weight, groups = layer_or_weight, 0
    if hasattr(weight, "named_modules"):
        weight = _weight_of(layer_or_weight)
        groups = layer_or_weight.groups if getattr(layer_or_weight, "transposed", False) else 0
    array = as_array(weight, "the weight")
    if array.ndim != 4 or array.size == 0:
        extra = {2: ": weight[None, None] is one kernel [kh, kw]", 3: ": weight[:, None] is one channel"}
        advice = extra.get(array.ndim, "") if array.size else ""
        raise ValueError(f"the weight has shape {array.shape}; expected [Cout, Cin, kh, kw]{advice}")
    if not np.isfinite(array).all():
        raise ValueError(
            "the weight holds values that are not finite: the training has diverged; restart it lower"
        )
    if groups:
        # [Cin, Cout / groups, kh, kw] -> [Cout, Cin / groups, kh, kw]
        array = np.concatenate([part.swapaxes(0, 1) for part in np.split(array, groups)])
    return array.astype(float)


def _weight_of(layer: Any) -> Any:
    weight = getattr(layer, "weight", None)
    if getattr(weight, "ndim", 0) == 4:
        return weight
    inside = [
        name for name, m in layer.named_modules() if getattr(getattr(m, "weight", None), "ndim", 0) == 4
    ]
    has = "no weight of its own" if weight is None else f"a weight of shape {tuple(weight.shape)}"
    hint = f": pass one of its layers, such as model.get_submodule({inside[0]!r})" if inside else ""
    raise ValueError(f"{type(layer).__name__} has {has}; expected a 2-D convolution{hint}")


def _draw(weight: np.ndarray, start: int, columns: int, across: bool) -> Picture:
    total, channels, height, width = weight.shape
    chosen = range(start, min(total, start + (_MOST_ROWS if across else _MOST)))
    largest = float(np.abs(weight).max()) or 1.0
    rows = len(chosen) if across else math.ceil(len(chosen) / columns)
    left, gap = (_PAD + 26, 3) if across else (_PAD, 8)
    label = 0 if across else 13
    room = (style.WIDTH - left - _PAD - gap * (columns - 1)) / columns
    zoom = max(1, int(min(room / width, (40 if across else 66) / height, 90 / width)))
    step_x, step_y = width * zoom + gap, height * zoom + gap + label
    top = _HEAD + (16 if across else label)
    details = _details(weight, chosen, columns if across else 0)
    page = max(left + columns * step_x - gap + _PAD, 6.3 * len(details) + 2 * _PAD, 420)
    with style.apply():
        figure = Picture(
            page, top + rows * step_y - gap + _PAD, _describe(weight, chosen, columns if across else 0)
        )
        figure.add_note(_PAD, 22, f"Filters {_span(weight, chosen)}", fontsize=11, fontweight="bold")
        figure.add_note(_PAD, 45, details, fontsize=8.5, color=style.QUIET)
        _bar(figure, largest, color=channels == 3 and not across)
        for n, i in enumerate(chosen):
            for c in range(columns if across else 1):
                row, column = (n, c) if across else divmod(n, columns)
                x, y = left + column * step_x, top + row * step_y
                axes = figure.add_box(x, y, width * zoom, height * zoom)
                _tile(axes, weight[i, c] if across or channels == 1 else weight[i], largest)
                if not across:
                    figure.add_note(x, y - 3, str(i), fontsize=7.5, color=style.QUIET)
                elif c == 0:
                    figure.add_note(
                        left - 6, y + height * zoom / 2 + 3, str(i), ha="right", fontsize=8, color=style.QUIET
                    )
                if across and n == 0:
                    figure.add_note(
                        x + width * zoom / 2, top - 4, str(c), ha="center", fontsize=8, color=style.QUIET
                    )
    return figure


def _tile(axes: Axes, kernel: np.ndarray, largest: float) -> None:
    if kernel.ndim == 3:
        # [3, kh, kw] -> [kh, kw, 3]; zero is middle gray
        axes.imshow(np.moveaxis(0.5 + kernel / (2 * largest), 0, -1), interpolation="nearest", aspect="auto")
    else:
        colors: dict[str, Any] = {"cmap": style.signed_map(), "vmin": -largest, "vmax": largest}
        axes.imshow(kernel, interpolation="nearest", aspect="auto", **colors)
    axes.add_patch(
        Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, edgecolor=style.LINE, clip_on=False)
    )


def _details(weight: np.ndarray, chosen: range, columns: int) -> str:
    size = " × ".join(map(str, weight.shape[1:]))
    text = f"each {size}" + ("" if columns else " (channels × height × width)")
    if columns:
        text = f"row: filter · column: input channel, {columns} of {weight.shape[1]} · " + text
    return text + (f" · next page: start={chosen.stop}" if chosen.stop < len(weight) else "")


def _span(weight: np.ndarray, chosen: range) -> str:
    if len(chosen) == len(weight):
        return f"{len(chosen)} of {len(weight)}"
    return f"{chosen.start} to {chosen.stop - 1}: {len(chosen)} of {len(weight)}"


def _bar(figure: Picture, largest: float, color: bool) -> None:
    right = figure.get_size_inches()[0] * style.DPI - _PAD
    axes = figure.add_box(right - 130, 9, 130, 7)
    ramp = np.linspace(-1, 1, 257)[None]
    axes.imshow(ramp, cmap="gray" if color else style.signed_map(), aspect="auto")
    note = {"fontsize": 8, "color": style.QUIET, "va": "top"}
    figure.add_note(right - 130, 18, f"−{style.number(largest)}", **note)
    figure.add_note(right - 65, 18, "0", ha="center", **note)
    figure.add_note(right, 18, style.number(largest), ha="right", **note)


def _describe(weight: np.ndarray, chosen: range, columns: int) -> str:
    size = " × ".join(map(str, weight.shape[1:]))
    part = f"{len(chosen)} of {len(weight)} filters"
    if columns and columns < weight.shape[1]:
        part += f", {columns} of {weight.shape[1]} input channels"
    low, high = style.number(weight.min()), style.number(weight.max())
    where = int(np.abs(weight).reshape(len(weight), -1).max(1).argmax())
    return f"{part}, each {size}; weights from {low} to {high}, the largest by size in filter {where}"
