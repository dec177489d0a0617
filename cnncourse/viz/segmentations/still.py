"""The picture of a segmentation for viewers that run no script: panels, legend with scores, summary."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image

from .. import style
from ..picture import Picture, text_width
from .masks import VOID

_PAD, _GAP = 14, 12  # pixels
_OVERLAY = 0.65
_LIT = np.array([0.299, 0.587, 0.114])


def still(scene: dict[str, Any], masks: dict[str, np.ndarray], picture: np.ndarray) -> bytes:
    """Draw all panels with their overlays, and every class with its number and score; return PNG."""
    panels = dict(_panels(scene, masks, picture / 255.0))
    size = next(iter(panels.values())).shape[:2]
    lines = [line for text in scene["summary"] for line in textwrap.wrap(text, 108)]
    legend = _legend(scene, masks)
    wide = 26 + max(text_width(text, 8.5) for *_, text in legend) + 2 * _GAP
    columns = max(1, int((style.WIDTH - 2 * _PAD) // wide))
    tall = -(-len(legend) // columns) * 20
    top = _PAD + 18 + size[0]
    with style.apply():
        page = 2 * _PAD + len(panels) * (size[1] + _GAP) - _GAP
        figure = Picture(
            max(page, style.WIDTH), top + 24 + tall + 17 * len(lines) + _PAD, "segmentation", ratio=1
        )
        for n, (name, pixels) in enumerate(panels.items()):
            left = _PAD + n * (size[1] + _GAP)
            figure.add_note(left, _PAD + 10, name, fontsize=9)
            figure.add_box(left, _PAD + 18, size[1], size[0]).imshow(
                pixels, aspect="auto", interpolation="nearest"
            )
        for n, (number, color, ink, text) in enumerate(legend):
            left, base = _PAD + (n % columns) * wide, top + 28 + n // columns * 20
            figure.add_box(left, base - 11, 20, 14).imshow([[to_rgb(color)]], aspect="auto")
            figure.add_note(left + 10, base, number, ha="center", fontsize=7.5, color=ink, fontweight="bold")
            figure.add_note(left + 26, base, text, fontsize=8.5)
        figure.add_note(_PAD, top + 26 + tall, "\n".join(lines), va="top", fontsize=9, linespacing=1.3)
    buffer = io.BytesIO()
    # A page carries this beside the live visual, and a photograph's noise is most of the bytes. Of the
    # methods to choose 256 colors this one changes those of the legend least.
    image = Image.open(io.BytesIO(figure.png())).convert("RGB")
    image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        buffer, "png", optimize=True
    )
    return buffer.getvalue()


def _legend(scene: dict[str, Any], masks: dict[str, np.ndarray]) -> list[tuple[str, str, str, str]]:
    scored = "mean" in scene
    rows = []
    for k, entry in enumerate(scene["classes"]):
        name = entry["name"] if len(entry["name"]) <= 40 else entry["name"][:39] + "…"
        rows.append(
            (
                str(k),
                entry["color"],
                entry["ink"],
                f"{name}  {'IoU ' + entry['iou'] if scored else entry['part']}",
            )
        )
    if any((mask == VOID).any() for mask in masks.values()):
        rows.append(("", scene["ignore"], style.INK, "ignored"))
    if scored:
        rows.append(("///", scene["tones"]["both"], "#ffffff", "wrong (in errors)"))
    return rows


def _panels(
    scene: dict[str, Any], masks: dict[str, np.ndarray], picture: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each panel [h, w, 3] as large as fits four into a row."""
    rows, columns = picture.shape[:2]
    shown = 2 + 2 * (len(masks) - 1)
    zoom = min((style.WIDTH - 2 * _PAD - (shown - 1) * _GAP) / shown / columns, 300 / rows)
    height, width = max(1, round(rows * zoom)), max(1, round(columns * zoom))
    at = np.ix_(np.arange(height) * rows // height, np.arange(width) * columns // width)
    yield "image", picture[at]
    gray = np.repeat((picture @ _LIT)[..., None], 3, 2)[at]
    colors = np.array([to_rgb(c["color"]) for c in scene["classes"]] + [to_rgb(scene["ignore"])])
    y, x = np.indices((height, width))
    dots = (x % 4 == 0) & (y % 4 == 0)
    for name, small in masks.items():
        mask = small[at]
        void = mask == VOID
        layer = gray + _OVERLAY * (colors[np.where(void, -1, mask.astype(int))] - gray)
        layer[void & dots] = to_rgb(style.QUIET)
        layer[_edges(mask)] = to_rgb(style.INK)
        yield name, layer
    if len(masks) == 2:
        truth, prediction = (masks[name][at] for name in ("truth", "prediction"))
        wrong = (truth != prediction) & (truth != VOID)
        layer = 0.5 * gray + 0.46  # paler, so that the errors stand out
        layer[wrong] += _OVERLAY * (np.array(to_rgb(scene["tones"]["both"])) - layer[wrong])
        layer[wrong & (((x + y) % 6 == 0) | ((x - y) % 6 == 0))] = 1
        layer[truth == VOID] = to_rgb(scene["ignore"])
        layer[(truth == VOID) & dots] = to_rgb(style.QUIET)
        yield "errors", layer


def _edges(mask: np.ndarray) -> np.ndarray:
    """Pixels whose right or lower neighbor has another label."""
    edges = np.zeros(mask.shape, bool)
    edges[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    edges[:-1] |= mask[:-1] != mask[1:]
    return edges
