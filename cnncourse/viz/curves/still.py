"""The picture of a training run for viewers that run no script."""

from __future__ import annotations

import io
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from PIL import Image

from .. import style
from ..picture import Picture
from .data import Curve, odd_told

_COLORS = (0, 5, 2, 10)  # of the palette: those that stand out on white as a line
_DASHES = ("-", (0, (4, 2)), (0, (1, 1.4)), (0, (5, 1.6, 1, 1.6)))
_MARKS = ("o", "s", "^", "D")
_HEIGHT, _FRAME = 230, 84  # page pixels of a plot and of a film picture's longer side

Lines = list[tuple[dict[str, np.ndarray], Curve]]
Film = list[tuple[str, np.ndarray]]


def still(scene: dict[str, Any], panels: list[tuple[str, Lines]], film: Film) -> bytes:
    """Draw every panel and the film strip and return them as PNG."""
    sentences = textwrap.wrap(f"{scene['summary'][:1].upper()}{scene['summary'][1:]}.", 118)
    each = min(_FRAME + 10, (style.WIDTH - 40) // max(1, len(film)))
    tall = max((colors.shape[0] / max(colors.shape[:2]) for _, colors in film), default=0) * (each - 10)
    strip = round(tall) + 30 if film else 0
    rows = max([1, *(len(lines) // _columns(lines) for _, lines in panels)])
    upper = 34 + 19 * rows
    height = upper + _HEIGHT + 50 + strip + 16 * len(sentences)
    with style.apply():
        figure = Picture(style.WIDTH, height, scene["title"], ratio=1)
        state = f"  {scene['state']}" * (scene["state"] not in ("", "running", "finished"))
        figure.add_note(16, 22, f"{scene['title']}{state}", weight="bold", size=10.5)
        width = (style.WIDTH - 16) / max(1, len(panels))
        number = 0
        for n, (title, lines) in enumerate(panels):
            axes = figure.add_box(16 + n * width + 36, upper, width - 56, _HEIGHT - 10)
            axes.set_axis_on()
            _draw_panel(axes, lines, scene, number, title == "loss")
            number += len(lines)
        top = upper + _HEIGHT + 44
        for n, (caption, colors) in enumerate(film):
            _draw_frame(figure, 16 + n * each, top, each - 10, caption, colors)
        for n, sentence in enumerate(sentences):
            figure.add_note(16, top + strip + 8 + 16 * n, sentence, size=9)
        image = Image.open(io.BytesIO(figure.png())).convert("RGB")
    buffer = io.BytesIO()
    # A quarter of the bytes; a film in color needs more of them. This method keeps the color of a lone mark.
    indexed = image.quantize(255 if film else 64, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    indexed.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _draw_panel(axes: Axes, lines: Lines, scene: dict[str, Any], number: int, from_zero: bool) -> None:
    end = scene["steps"] if scene["unit"] == "step" else scene["epochs"]
    for n, (arrays, curve) in enumerate(lines, number):
        color, mark = style.PALETTE[_COLORS[n % 4]], _MARKS[n % 4]
        x, mean, smooth = arrays["x"], arrays["mean"], arrays["smooth"]
        look: dict[str, Any] = {"color": color, "linestyle": _DASHES[(n + n // 4) % 4], "linewidth": 1.8}
        look |= {"label": _entry(curve), "clip_on": False}  # the last mark stands on the edge
        if len(smooth):
            jagged = np.stack([arrays["low"], arrays["high"]], 1).ravel()
            axes.plot(np.repeat(x, 2), jagged, color=color, linewidth=0.7, alpha=0.38)
            axes.plot(x, smooth, **look, marker=mark, markevery=[len(x) - 1], markersize=5)
        else:
            axes.plot(x, mean, **look, marker=mark, markersize=4 if len(x) <= 40 else 0)
        across = axes.get_xaxis_transform()
        odd = [step if scene["unit"] == "step" else epoch for _, step, epoch in curve.odd]
        if odd:
            axes.plot(odd, [0.97] * len(odd), "x", color=color, transform=across, mew=2, clip_on=False)
            side: Any = "right" if odd[0] > end / 2 else "left"
            axes.text(odd[0], 0.93, odd_told(curve), transform=across, va="top", ha=side, parse_math=False)
    low = min(1, end) if scene["unit"] == "epoch" else 0
    axes.set_xlim(low, max(end, low + 1))
    if from_zero and not any((arrays["low"] < 0).any() for arrays, _ in lines):
        axes.set_ylim(bottom=0)
    for stop in scene["ends"]:
        axes.axvline(stop, color=style.QUIET, linewidth=0.7, linestyle=(0, (1, 4)))
    axes.grid(axis="y", color=style.LINE, linewidth=0.7)
    axes.yaxis.get_offset_text().set_horizontalalignment("right")  # 1e6 stands beside the legend, not in it
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlabel(scene["unit"])
    if axes.get_legend_handles_labels()[0]:
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1), "borderaxespad": 0.2}
        legend = axes.legend(**place, ncols=_columns(lines), frameon=False, handlelength=3)
        for text in legend.get_texts():
            text.set_parse_math(False)


def _columns(lines: Lines) -> int:
    return 2 if len(lines) == 2 and sum(len(_entry(curve)) for _, curve in lines) <= 40 else 1


def _entry(curve: Curve) -> str:
    return f"{textwrap.shorten(curve.label, 40, placeholder=' …')}  {curve.now}"


def _draw_frame(
    figure: Picture, left: float, top: float, side: float, caption: str, colors: np.ndarray
) -> None:
    scale = side / max(colors.shape[:2])
    height, width = (n * scale for n in colors.shape[:2])
    figure.add_box(left, top, width, height).imshow(colors, interpolation="nearest", aspect="auto")
    figure.add_note(left, top + height + 12, caption, size=7.5, color=style.QUIET)
