"""The picture of a feature-map browser for viewers that run no script: input, grid and one map of a layer."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle
from PIL import Image

from .. import style
from ..picture import Picture
from .capture import Capture
from .pages import MAPS, strongest

WIDTH, HIGH, TOP = 800, 300, 58  # page pixels: the whole, the panels, where they begin


def still(capture: Capture, index: int, field: dict[str, Any] | None, alt: str) -> bytes:
    """Draw one layer as PNG: the input with a receptive field, up to 64 maps, and one of them enlarged."""
    layer, values, inputs = capture.layers[index], capture.values(index), capture.values(0)
    count, rows, columns = layer.maps
    shown = min(count, MAPS)
    across, tile, high = _tiles(shown, rows / columns)
    tall = 210 * min(1.4, max(inputs.shape[-2] / inputs.shape[-1], 0 if layer.is_vector else rows / columns))
    tall = max(tall, HIGH * 0.7 if layer.is_vector else high * -(-shown // across))
    page = Picture(WIDTH, TOP + tall + 34, "feature_maps", ratio=1)
    with style.apply():
        page.add_note(0, 18, f"Feature maps of {type(capture.model).__name__}", weight="bold", size=11)
        what = f"{count} units" if layer.is_vector else f"{count} maps of {rows} × {columns}"
        page.add_note(0, TOP - 10, "input: what this cell can see", color=style.QUIET)
        page.add_note(230, TOP - 10, f"{layer.name}: {what}", color=style.QUIET)
        photo = _panel(page, 0, 210, inputs.shape[-2:])
        _show_input(photo, inputs)
        if layer.is_vector:
            _bars(page, values.ravel(), tall - 6)
            cell = [0, 0]
        else:
            best = int(np.nan_to_num(values[:MAPS]).std(axis=(1, 2)).argmax())
            cell = strongest(values[best])
            _grid(page, values[:MAPS], best, across, tile, high)
            page.add_note(590, TOP - 10, f"map {best}", color=style.QUIET)
            one = _panel(page, 590, 210, (rows, columns))
            low, top, table = _scale(values[best], bool((values < 0).any()))
            one.imshow(values[best], cmap=table, vmin=low, vmax=top, interpolation="nearest", aspect="auto")
            one.add_patch(Rectangle((cell[1] - 0.5, cell[0] - 0.5), 1, 1, fill=False, ec=style.ACCENT, lw=2))
        if field:
            upper, bottom = field["rows"][min(cell[0], len(field["rows"]) - 1)]
            left, right = field["columns"][min(cell[1], len(field["columns"]) - 1)]
            size = right - left + 1, bottom - upper + 1
            photo.add_patch(Rectangle((left - 0.5, upper - 0.5), *size, fill=False, ec=style.ACCENT, lw=2.5))
        page.add_note(0, TOP + tall + 22, alt.split(" gives ", 1)[-1].split(". ", 1)[-1])
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(page.png())).convert("RGB")
    image.quantize(96, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _panel(page: Picture, left: float, width: float, shape: tuple[int, ...]) -> Any:
    scale = min(width / shape[1], 1.4 * width / shape[0])
    return page.add_box(left, TOP, max(2, scale * shape[1]), max(2, scale * shape[0]))


def _show_input(axes: Any, inputs: np.ndarray) -> None:
    shown = np.nan_to_num(inputs if len(inputs) in (1, 3) else inputs.mean(axis=0, keepdims=True))
    low, high = float(shown.min()), float(shown.max())
    if low < 0 or high > 1:
        shown = (shown - low) / max(high - low, 1e-30)
    shown = shown[0] if len(shown) == 1 else np.moveaxis(shown, 0, -1)
    axes.imshow(shown, cmap="gray", vmin=0, vmax=1, aspect="auto")


def _scale(values: np.ndarray, signed: bool) -> tuple[float, float, Any]:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if not signed:
        return low, high if high > low else low + 1, "viridis"
    size = max(abs(low), abs(high)) or 1
    return -size, size, style.signed_map()


def _grid(page: Picture, maps: np.ndarray, best: int, across: int, tile: float, high: float) -> None:
    """Paste the maps into one picture, which is drawn once: sixty-four axes would take a second."""
    signed = bool((maps < 0).any())
    width, height = max(2, int(2 * tile) - 6), max(2, int(2 * high) - 6)
    sheet = np.ones((-(-len(maps) // across) * (height + 6), across * (width + 6), 3))
    for n, values in enumerate(maps):
        row, column = divmod(n, across)
        low, top, table = _scale(values, signed)
        colors = matplotlib.colormaps.get_cmap(table)((values - low) / (top - low))[:, :, :3]
        rows, columns = (np.arange(k) * s // k for k, s in zip((height, width), values.shape, strict=True))
        y, x = row * (height + 6), column * (width + 6)
        sheet[y : y + height, x : x + width] = colors[np.ix_(rows, columns)]
    axes = page.add_box(230, TOP, sheet.shape[1] / 2, sheet.shape[0] / 2)
    axes.imshow(sheet, aspect="auto", interpolation="nearest")
    row, column = divmod(best, across)
    corner = column * (width + 6) - 0.5, row * (height + 6) - 0.5
    axes.add_patch(Rectangle(corner, width, height, fill=False, ec=style.ACCENT, lw=3))


def _tiles(count: int, aspect: float) -> tuple[int, float, float]:
    """Return how many maps stand in a row, and their width and height."""
    aspect = min(3, max(0.12, aspect))
    across = next(n for n in range(1, count + 1) if -(-count // n) * (344 / n) * aspect <= HIGH or n == count)
    tile = min(110, 344 / across)
    return across, tile, tile * aspect


def _bars(page: Picture, units: np.ndarray, high: float) -> None:
    axes = page.add_box(230, TOP, 570, high)
    units = np.nan_to_num(units)
    colors = [style.POSITIVE if unit >= 0 else style.NEGATIVE for unit in units]
    axes.bar(np.arange(units.size), units, color=colors)
    axes.axhline(0, color=style.QUIET, lw=1)
