"""The receptive field of a cell, drawn on the image: by formula, by exact dependency and by gradient."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.patches import Rectangle
from torch import nn

from .. import style
from ..picture import Picture
from ..untouched import as_arguments
from . import find_image
from .boxes import Box, extent
from .measures import Measurement, as_input, measure_field

_PAD, _GAP, _PANEL = 14, 20, 244
_HEADING, _BAR, _LINE_HEIGHT = 40, 34, 16
_SHADE = 0.3  # how much of the image still shows where the cell is not connected to it


class FieldPicture(Picture):
    """A picture of a receptive field; ``data`` holds what it shows."""

    data: Measurement


def receptive_field(
    model: nn.Module, layer: str | nn.Module, image: Any, cell: tuple[int, int] | None = None
) -> FieldPicture:
    """Draw what one cell of a layer can depend on, and what it does depend on, for this image.

    Three answers stand side by side. By formula: intervals of rows and columns, carried through one forward
    pass. By exact dependency: the pixels that a positive linear stand-in of the network connects to the
    cell. By gradient: how much of the real network's gradient each pixel gets, the effective receptive field
    (Luo et al. 2016, arXiv:1701.04128). The first two agree; the third lies within. The model is
    left as it was.

    Parameters
    ----------
    model : nn.Module
        Any model that takes images.
    layer : str or nn.Module
        A qualified name such as ``"features.16"``, with ``#2`` after a space for the second call of a reused
        layer, or the module itself. ``""`` is the model's output.
    image : tensor or array
        What the model is called with: ``[N, C, H, W]`` or ``[C, H, W]``, an array ``[H, W]`` or ``[H, W,
        3]``, a plain shape (then noise), or a tuple of arguments. With several images the gradient's
        magnitude is averaged.
    cell : (row, column), optional
        In the layer's output; the central cell when None. Negative numbers count from the end.

    Returns
    -------
    Figure
        Its ``data`` holds the measurement: ``box``, ``mask``, ``effective``, ``sizes``, ``formula``.

    Raises
    ------
    ValueError
        When the layer does not exist or did not run, when the cell is outside its output, or without an
        image.
    TypeError
        When ``model`` is not an nn.Module that can be traced.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3))
    >>> picture = receptive_field(model, "3", (1, 1, 20, 24))
    >>> picture.data.box, picture.data.agree
    (((6, 13), (8, 15)), True)
    """
    data = measure_field(model, layer, image, cell)
    return draw_field(data, _shown(find_image(as_arguments(as_input(image)), image)[1]))


def sentence(data: Measurement) -> str:
    """Return what a measurement says, in plain words."""
    height, width = data.image
    name = f"“{data.layer}”" if data.layer else "the output"
    whole = len(data.shape) < 3
    whose = f"Every value of {name}" if whole else f"Cell ({data.cell[0]}, {data.cell[1]}) of {name}"
    if data.box[0][1] < data.box[0][0] or data.box[1][1] < data.box[1][0]:
        return f"{whose} depends on no pixel of the image."
    size, seen = _by(data.size), _by(extent(data.box))
    if data.whole and whole:
        parts = [
            f"{whose} can depend on the whole image of {height} × {width}: no rows and columns are left."
        ]
    elif data.whole:
        parts = [f"{whose} can depend on the whole image of {height} × {width}."]
    elif size != seen:
        parts = [f"{whose} has a field of {size} pixels, {seen} of them inside the {height} × {width} image."]
    else:
        parts = [f"{whose} can depend on {size} pixels of the {height} × {width} image."]
    if data.unknown:
        parts.append(f"This is an upper bound: no rule for {', '.join(data.unknown)}.")
    elif data.agree:
        holes = int(data.mask.sum()) < extent(data.box)[0] * extent(data.box)[1]
        count = f" on the box; {int(data.mask.sum())} of its pixels count" if holes else ""
        parts.append(f"Formula and dependency agree{count}.")
    else:
        parts.append("Formula and dependency differ: take the larger one.")
    if data.formula:
        (down, jump), (across, step) = data.formula
        kind = f"{down} with jump {jump}" if down == across and jump == step else f"{down} × {across}"
        parts.append(f"The closed formula of a plain chain gives {kind}.")
    if data.effective.any():
        parts.append(f"90 % of its gradient lies within {_by(data.sizes[0.9])}.")
    else:
        parts.append("Its gradient is zero everywhere: an activation is off, or the model detaches it.")
    if data.training:
        parts.append("The model is in training mode; call model.eval() for the field at test time.")
    return " ".join(parts)


def draw_field(data: Measurement, picture: np.ndarray) -> FieldPicture:
    """Draw a measurement on ``picture``, [H, W] or [H, W, 3] in 0..1."""
    text = sentence(data)
    lines = textwrap.wrap(text, 118)
    top = _PAD + _HEADING
    foot = top + _PANEL + _BAR
    empty = data.mask_box is None
    with style.apply():
        figure = FieldPicture(
            3 * _PANEL + 2 * _GAP + 2 * _PAD,
            foot + _LINE_HEIGHT * len(lines) + _PAD,
            f"receptive field of {data.layer or 'the output'}. {text}",
        )
        figure.data = data
        part = data.part(0.9)
        view, used = _view(data), data.effective.any()
        titles = (
            ("by formula", f"{_by(extent(data.box))} pixels of the image"),
            ("by dependency, enlarged", f"{int(data.mask.sum())} pixels connected"),
            (
                "by gradient, enlarged",
                f"90 % within {_by(data.sizes[0.9])}, dashed" if used else "0 everywhere",
            ),
        )
        for number, (title, detail) in enumerate(titles):
            left = _PAD + number * (_PANEL + _GAP)
            figure.add_note(left, _PAD + 11, title, fontsize=9.5, weight="bold", va="baseline")
            figure.add_note(left, _PAD + 28, detail, fontsize=9, color=style.QUIET, va="baseline")
            axes = figure.add_box(left, top, _PANEL, _PANEL)
            height, width = data.image
            if number == 0:
                _image(axes, picture)
                _frame(axes, (-0.5, width - 0.5), (-0.5, height - 0.5))
            else:
                if number == 1:
                    _image(
                        axes, np.where(data.mask[..., None], _rgb(picture), 1 - _SHADE * (1 - _rgb(picture)))
                    )
                else:
                    mesh = _heat(axes, data.effective)
                    if used:
                        _bar(figure, left, top + _PANEL + 10, mesh, float(data.effective.max()))
                _frame(axes, *view)
                axes.add_patch(  # the edge of the image, where padding begins
                    Rectangle((-0.5, -0.5), width, height, fill=False, edgecolor=style.QUIET, linewidth=0.8)
                )
            if not empty:
                _outline(axes, data.box, style.ACCENT, "solid")
                if number == 2 and used:
                    _outline(axes, part, style.INK, (0, (3, 2)))
        figure.add_note(
            _PAD, top + _PANEL + 22, "solid amber: the field", fontsize=8.5, color=style.QUIET, va="baseline"
        )
        figure.add_note(_PAD, foot + 10, "\n".join(lines), fontsize=9, va="top", linespacing=1.3)
    return figure


def _image(axes: Axes, picture: np.ndarray) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")


def _heat(axes: Axes, effective: np.ndarray) -> Any:
    ramp = LinearSegmentedColormap.from_list(
        "cnncourse.share", ["#FFFFFF", "#B5D6EA", style.POSITIVE, "#003A5C"]
    )
    top = float(effective.max()) or 1.0
    # A square root: the center outweighs the rim a hundred times, and the rim should still be seen.
    return axes.imshow(effective, cmap=ramp, norm=PowerNorm(0.5, 0, top), interpolation="nearest")


def _bar(figure: Picture, left: float, top: float, mesh: Any, most: float) -> None:
    axes = figure.add_box(left + 16, top, 90, 8)
    axes.imshow(np.linspace(0, 1, 90)[None] ** 2, cmap=mesh.cmap, norm=PowerNorm(0.5, 0, 1), aspect="auto")
    figure.add_note(left, top + 8, "0", fontsize=8.5, color=style.QUIET, va="baseline")
    label = f"{style.number(100 * most)} % in one pixel"
    figure.add_note(left + 112, top + 8, label, fontsize=8.5, color=style.QUIET, va="baseline")


def _outline(axes: Axes, box: Box, color: str, pattern: Any) -> None:
    (top, bottom), (left, right) = box
    # The white casing keeps the field's outline apart from any image; a dashed line lets the solid one show
    # through.
    for edge, thick, line in (("#FFFFFF", 4.0, "solid"), (color, 2.0, pattern))[pattern != "solid" :]:
        axes.add_patch(
            Rectangle(
                (left - 0.5, top - 0.5),
                right - left + 1,
                bottom - top + 1,
                fill=False,
                edgecolor=edge,
                linewidth=thick,
                linestyle=line,
                clip_on=False,
            )
        )


def _frame(axes: Axes, columns: tuple[float, float], rows: tuple[float, float]) -> None:
    """Show these columns and rows, pixels square, as large as the panel allows."""
    axes.set_anchor("NW")
    axes.set_aspect("equal")
    axes.set_xlim(*columns)
    axes.set_ylim(rows[1], rows[0])


def _view(data: Measurement) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the columns and rows to enlarge: the field and a margin, as a square."""
    (top, bottom), (left, right) = (
        data.box if data.mask_box else ((0, data.image[0] - 1), (0, data.image[1] - 1))
    )
    half = max(bottom - top + 1, right - left + 1, 5) * 0.58
    middles = []
    for first, last, n in ((left, right, data.image[1]), (top, bottom, data.image[0])):
        room = n / 2 - half  # how far the view can move within the image
        middle = (n - 1) / 2
        middles.append(middle if room < 0 else min(max((first + last) / 2, middle - room), middle + room))
    column, row = middles
    return (column - half, column + half), (row - half, row + half)


def _shown(image: Any) -> np.ndarray:
    """Return the first image as a picture: one or three channels as they are, others averaged."""
    values = image.detach().double().cpu().numpy()
    values = values[0] if values.ndim == 4 else values
    values = values if values.shape[0] in (1, 3) else values.mean(0, keepdims=True)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low < 0 or high > 1:
        values = (values - low) / ((high - low) or 1)
    values = np.nan_to_num(values)
    return values[0] if values.shape[0] == 1 else np.moveaxis(values, 0, -1)


def _rgb(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, -1)


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"
