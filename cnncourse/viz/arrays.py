"""What the pictures accept: arrays, tensors and lists of them, turned into NumPy with plain errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def as_array(values: Any, what: str = "the data") -> np.ndarray:
    """Return numbers as a NumPy array; tensors are detached and brought to the CPU first.

    Raises
    ------
    ValueError
        When the values are not real numbers in a rectangle.

    Examples
    --------
    >>> as_array([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":  # NumPy has no such type
            values = values.float()
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{what} has rows of different length; expected a rectangle of numbers") from error
    if array.dtype.kind not in "buif":
        raise ValueError(f"{what} has type {array.dtype}; expected real numbers")
    return array


def as_list(values: Any) -> list[np.ndarray]:
    """Return one array, a stack [N, H, W], or a list of arrays as a list."""
    if isinstance(values, (list, tuple)) and not all(map(_is_row, values)):
        return [as_array(v, f"array {i}") for i, v in enumerate(values)]
    array = as_array(values)
    if array.size == 0:
        raise ValueError(f"got nothing to draw (shape {array.shape}); expected at least one value")
    return [array] if array.ndim < 3 else list(array)


def as_pictures(values: Any, signed: bool) -> list[np.ndarray]:
    """Return pictures [H, W] or [H, W, 3] as float arrays with color in 0..1."""
    if not isinstance(values, (list, tuple)):
        values = as_array(values, "images")
        if values.ndim == 3 and values.shape[-1] == 3:
            values = [values]
    return [_picture(picture, i, signed) for i, picture in enumerate(as_list(values))]


def as_titles(titles: str | Sequence[str] | None, count: int) -> list[str]:
    """Return one title for each of ``count`` pictures; empty ones when there are none."""
    if titles is None:
        return [""] * count
    names = [titles] if isinstance(titles, str) else [str(title) for title in titles]
    if len(names) != count:
        raise ValueError(f"got {len(names)} titles for {count} pictures; expected one for each, or None")
    return names


def _is_row(values: Any) -> bool:
    """Whether this is a row of a matrix that was typed in, or a single number."""
    return np.isscalar(values) or (isinstance(values, (list, tuple)) and all(map(np.isscalar, values)))


def _picture(array: np.ndarray, index: int, signed: bool) -> np.ndarray:
    color = array.ndim == 3 and array.shape[-1] == 3
    if not (array.ndim == 2 or color) or array.size == 0:
        advice = ""
        if array.ndim == 3 and array.shape[0] in (1, 3):
            advice = "; channels come last here: use .permute(1, 2, 0) or np.moveaxis(x, 0, -1)"
            advice += ", or x[0] for one channel"
        raise ValueError(f"picture {index} has shape {array.shape}; expected [H, W] or [H, W, 3]{advice}")
    if color and signed:
        raise ValueError(f"picture {index} is in color; signed=True needs one value a pixel: [H, W]")
    if array.dtype.kind in "ui" and (color or array.dtype == np.uint8) and not signed:
        array = array / 255
    array = array.astype(float)
    if not np.isfinite(array).any():
        raise ValueError(f"picture {index} holds no finite value; expected numbers to draw")
    if color and (np.nanmin(array) < -1e-6 or np.nanmax(array) > 1 + 1e-6 or np.isnan(array).any()):
        raise ValueError(
            f"color picture {index} has values from {np.nanmin(array):.3g} to {np.nanmax(array):.3g}; "
            "expected 0..1 (or 0..255 as integers): use np.clip(x, 0, 1), or undo the normalization"
        )
    return np.clip(array, 0, 1) if color else np.where(np.isfinite(array), array, np.nan)
