"""The film strip: the prediction after each epoch, as small pictures."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from .. import style
from ..arrays import as_array

SIDE = 128  # pixels of a picture's longer side
LENGTH = 16  # pictures; beyond, every other one goes, never the last
IGNORED = 255


def small_picture(picture: Any, palette: Sequence[str] | None = None) -> np.ndarray:
    """Return a picture of at most 128 pixels a side, uint8 [h, w, 3].

    Parameters
    ----------
    picture : array or tensor [H, W] or [H, W, 3]
        Integers [H, W] are class numbers, 255 (or below 0) for "does not count"; other values are drawn in
        gray, from 0 to 1, or from the lowest to the highest where they leave that range.
    palette : sequence of "#rrggbb", optional
        One color for each class; the course's when None.

    Raises
    ------
    ValueError
        For another shape, a class without a color, colors outside 0..1, or nothing finite.

    Examples
    --------
    >>> small_picture([[0, 255]], ["#ff0000"]).tolist()
    [[[255, 0, 0], [218, 221, 218]]]
    """
    array = as_array(picture, "the picture")
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[-1] == 3)):
        advice = _advice(array.shape)
        raise ValueError(f"the picture has shape {array.shape}; expected [H, W] or [H, W, 3]{advice}")
    if array.ndim == 3:
        return _shrunk(_colors(array), Image.Resampling.BOX)
    if array.dtype.kind in "ui":
        return _shrunk(_classes(array, palette or style.PALETTE), Image.Resampling.NEAREST)
    return _shrunk(np.repeat(_gray(array)[..., None], 3, -1), Image.Resampling.BOX)


def as_url(picture: np.ndarray) -> str:
    """Return uint8 [h, w, 3] as PNG in a data URL."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def thinned(film: list[Any]) -> list[Any]:
    """Return at most 16 pictures, evenly spread, the last one among them.

    Examples
    --------
    >>> thinned(list(range(18)))
    [1, 3, 5, 7, 9, 11, 13, 15, 17]
    """
    while len(film) > LENGTH:
        film = film[::-1][::2][::-1]
    return film


def _shrunk(colors: np.ndarray, how: Image.Resampling) -> np.ndarray:
    height, width = colors.shape[:2]
    scale = SIDE / max(height, width)
    if scale >= 1:
        return colors
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(colors).resize(size, how))


def _gray(array: np.ndarray) -> np.ndarray:
    values = array.astype(float)
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("the picture holds no finite value; expected numbers to draw")
    low, high = (0.0, 1.0) if 0 <= finite.min() <= finite.max() <= 1 else (finite.min(), finite.max())
    share = np.nan_to_num((np.clip(values, low, high) - low) / max(high - low, math.ulp(high)))
    return np.round(255 * share).astype(np.uint8)


def _colors(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    values = array.astype(float)
    if not (np.nanmin(values) >= -1e-6 and np.nanmax(values) <= 1 + 1e-6):
        raise ValueError(
            f"the picture has colors from {np.nanmin(values):.3g} to {np.nanmax(values):.3g}; expected 0..1 "
            "(or 0..255 as uint8): use np.clip(x, 0, 1), or undo the normalization"
        )
    return np.round(255 * np.clip(np.nan_to_num(values), 0, 1)).astype(np.uint8)


def _classes(mask: np.ndarray, palette: Sequence[str]) -> np.ndarray:
    skipped = (mask < 0) | (mask == IGNORED)
    most = int(np.where(skipped, 0, mask).max())
    if most >= len(palette):
        raise ValueError(
            f"the picture holds class {most}; expected 0..{len(palette) - 1} (or 255, ignored) for "
            f"{len(palette)} colors: pass a longer palette, or divide a gray picture by 255"
        )
    colors = [[int(color[n : n + 2], 16) for n in (1, 3, 5)] for color in [*palette, style.IGNORE]]
    return np.array(colors, np.uint8)[np.where(skipped, len(palette), mask)]


def _advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape[0] in (1, 3):
        return ": use x[0]" if shape[0] == 1 else ": channels come last here, use .permute(1, 2, 0)"
    if len(shape) == 3:
        return ": of scores [K, H, W] take .argmax(0)"
    return ": one picture of the batch, x[0]" if len(shape) == 4 else ""
