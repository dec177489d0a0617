"""A Grad-CAM result drawn: image, map, and the map over the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from .. import style
from ..picture import Picture

if TYPE_CHECKING:
    from . import CamResult

_PAD, _GAP, _HEAD = 14, 18, 76  # pixels
_MAP = "viridis"  # ordered by lightness, so it also reads in gray


def draw_cam(result: CamResult, image: np.ndarray, classes: Sequence[str] | None = None) -> Picture:
    """Draw a result over the image [C, H, W] that it was computed for."""
    cam = result.map.double().cpu().numpy()
    picture, note = _as_picture(image)
    height, width = picture.shape[:2]
    name = f"class {result.target}" + (f" ({classes[result.target]})" if classes else "")
    wide = (style.WIDTH - 2 * _PAD - 2 * _GAP) / 3
    zoom = min(wide / width, 320 / height)
    size = (width * zoom, height * zoom)
    with style.apply():
        page = 3 * wide + 2 * _GAP + 2 * _PAD
        figure = Picture(page, _HEAD + size[1] + 48, describe_cam(result, cam, picture.shape[:2], name))
        figure.add_note(_PAD, 22, f"Grad-CAM of layer {result.layer}", fontsize=11, fontweight="bold")
        figure.add_note(_PAD, 40, _what(result, name), color=style.QUIET)
        captions = (
            f"image {height} × {width}{note}",
            f"map {cam.shape[0]} × {cam.shape[1]}, as it is",
            "enlarged (bilinear), contour at half"
            if cam.max() > 0
            else "0 everywhere: nothing here speaks for it",
        )
        for n, caption in enumerate(captions):
            left = _PAD + n * (wide + _GAP)
            figure.add_note(left, _HEAD - 6, caption, fontsize=8.5, color=style.QUIET)
            axes = figure.add_box(left, _HEAD, *size)
            (_show_image, _show_map, _show_both)[n](axes, picture, cam)
            _outline(axes, result.region, (height, width), bright=n > 0)
            _frame(axes)
        _bar(figure, _PAD + wide + _GAP, _HEAD + size[1] + 12, min(160, size[0]), float(cam.max()))
    return figure


def describe_cam(result: CamResult, cam: np.ndarray, size: tuple[int, int], name: str) -> str:
    """Say for what the map was computed and where it is strongest."""
    about = f"Grad-CAM of layer {result.layer} for {name}"
    if result.region is not None:
        about += _area(result.region)
    if not cam.max() > 0:
        return f"{about}: 0 everywhere, no place in this layer speaks for the class"
    y, x = np.unravel_index(cam.argmax(), cam.shape)
    down, right = (y + 0.5) / cam.shape[0], (x + 0.5) / cam.shape[1]
    words = " ".join(
        part
        for part in (("upper", "", "lower")[int(down * 3)], ("left", "", "right")[int(right * 3)])
        if part
    )
    place = f"{words} of the image" if words else "the middle of the image"
    return f"{about}: strongest at row {y}, column {x} of its {cam.shape[0]} × {cam.shape[1]} map, {place}"


def _what(result: CamResult, name: str) -> str:
    text = f"What speaks for {name}" + (", the predicted one" if result.predicted else "")
    if result.region is not None:
        text += _area(result.region)
    if result.calls > 1:
        text += f" · the layer runs {result.calls} times; this is the last"
    return text


def _area(region: np.ndarray) -> str:
    if region.all():
        return ", summed over all pixels"
    if region.sum() == 1:
        y, x = np.argwhere(region)[0]
        return f" at pixel (y {y}, x {x})"
    return f", summed over {region.sum():,} pixels (outlined)"


def _as_picture(image: np.ndarray) -> tuple[np.ndarray, str]:
    """Return [H, W] or [H, W, 3] in 0..1, and what was done to get there."""
    picture = np.moveaxis(image, 0, -1) if len(image) == 3 else image[0]
    note = "" if len(image) in (1, 3) else f", channel 0 of {len(image)}"
    low, high = float(picture.min()), float(picture.max())
    if low < 0 or high > 1:
        picture = (picture - low) / ((high - low) or 1)
        note += ", stretched to its range"
    return picture, note


def _show_image(axes: Axes, picture: np.ndarray, cam: np.ndarray) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest")


def _show_map(axes: Axes, picture: np.ndarray, cam: np.ndarray) -> None:
    height, width = picture.shape[:2]
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    top = float(cam.max()) or 1.0
    axes.imshow(cam, cmap=_MAP, vmin=0, vmax=top, aspect="auto", interpolation="nearest", extent=extent)
    _mark(axes, cam, (height, width))


def _show_both(axes: Axes, picture: np.ndarray, cam: np.ndarray) -> None:
    gray = picture if picture.ndim == 2 else picture @ np.array([0.299, 0.587, 0.114])
    axes.imshow(gray, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    large = enlarge(cam, gray.shape)
    top = float(cam.max()) or 1.0
    strength = 0.2 + 0.6 * np.clip(large / top, 0, 1)
    axes.imshow(large, cmap=_MAP, vmin=0, vmax=top, alpha=strength, aspect="auto")
    if cam.max() > 0 and min(gray.shape) > 1 and (large < top / 2).any() and (large > top / 2).any():
        axes.contour(large, levels=[top / 2], colors=["#FFFFFF"], linewidths=1.2)
    _mark(axes, cam, gray.shape)


def enlarge(cam: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Interpolate a map bilinearly to ``size``, pixel centers aligned and edges held."""
    for axis in (0, 1):
        old, new = cam.shape[axis], size[axis]
        at = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, old - 1)
        share = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        cam = cam.take(low, axis) * (1 - share) + cam.take(high, axis) * share
    return cam


def _mark(axes: Axes, cam: np.ndarray, size: tuple[int, ...]) -> None:
    """A cross at the strongest place."""
    if not cam.max() > 0:
        return
    y, x = np.unravel_index(cam.argmax(), cam.shape)
    at = ((x + 0.5) * size[1] / cam.shape[1] - 0.5, (y + 0.5) * size[0] / cam.shape[0] - 0.5)
    axes.plot(*at, "+", color="#000000", markersize=11, markeredgewidth=3.4, scalex=False, scaley=False)
    axes.plot(*at, "+", color="#FFFFFF", markersize=10, markeredgewidth=1.4, scalex=False, scaley=False)


def _outline(axes: Axes, region: np.ndarray | None, size: tuple[int, int], bright: bool) -> None:
    """Outline the region; scores that are smaller than the image are stretched over it."""
    if region is None or region.all():
        return
    sy, sx = size[0] / region.shape[0], size[1] / region.shape[1]
    if region.sum() == 1:
        y, x = np.argwhere(region)[0]
        reach = 0.012 * max(size)  # a single pixel would not be seen
        box = ((x * sx - 0.5 - reach, y * sy - 0.5 - reach), sx + 2 * reach, sy + 2 * reach)
        axes.add_patch(Rectangle(*box, fill=False, edgecolor="#000000", linewidth=3.6))
        axes.add_patch(Rectangle(*box, fill=False, edgecolor="#F5B82E", linewidth=1.8))
        return
    padded = np.pad(region, 1)
    for axis in (0, 1):
        for y, x in np.argwhere(np.diff(padded, axis=axis)):
            if axis == 0:  # between rows y-1 and y
                line = ((x - 1) * sx, x * sx), (y * sy, y * sy)
            else:
                line = (x * sx, x * sx), ((y - 1) * sy, y * sy)
            xs, ys = np.array(line[0]) - 0.5, np.array(line[1]) - 0.5
            axes.plot(
                xs, ys, color="#000000", linewidth=3.4, solid_capstyle="round", scalex=False, scaley=False
            )
            axes.plot(xs, ys, color="#F5B82E", linewidth=1.7, zorder=3, scalex=False, scaley=False)


def _frame(axes: Axes) -> None:
    axes.add_patch(
        Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, edgecolor=style.LINE, clip_on=False)
    )


def _bar(figure: Picture, left: float, top: float, width: float, largest: float) -> None:
    if not largest > 0:
        return
    axes = figure.add_box(left, top, width, 6)
    axes.imshow(np.linspace(0, 1, 256)[None], cmap=_MAP, aspect="auto")
    note = {"fontsize": 8, "color": style.QUIET, "va": "top"}
    figure.add_note(left, top + 9, "0", **note)
    figure.add_note(left + width, top + 9, style.number(largest), ha="right", **note)
