"""How people get a centered crop wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ...models import center_crop
from ..exercise import Misconception
from ..results import changed

Crop = Callable[..., Any]
Start = Callable[[int, int], int]  # size, crop -> the first row or column


def _fitting(crop: Crop) -> Crop:
    """Raise ValueError for a crop that is larger, as it should be."""

    def wrong(x: Tensor, height: int, width: int) -> Any:
        if height > x.shape[-2] or width > x.shape[-1]:
            raise ValueError("the crop is larger than the maps")
        return crop(x, height, width)

    return wrong


def _both(*crops: Crop) -> tuple[Crop, ...]:
    """Return crops as they are, and with an error for those that are too large."""
    return (*crops, *map(_fitting, crops))


def _from(start: Start, start_of_columns: Start | None = None) -> Crop:
    def wrong(x: Tensor, height: int, width: int) -> Tensor:
        top = start(x.shape[-2], height)
        left = (start_of_columns or start)(x.shape[-1], width)
        return x[..., top : top + height, left : left + width]

    return wrong


def _middle(size: int, crop: int) -> int:
    return (size - crop) // 2


def _at_start(size: int, crop: int) -> int:
    return 0


def _at_end(size: int, crop: int) -> int:
    return size - crop


def _rounded_up(size: int, crop: int) -> int:
    return -((crop - size) // 2)


def _rounded(size: int, crop: int) -> int:
    return round((size - crop) / 2)


def _halves(size: int, crop: int) -> int:
    return size // 2 - crop // 2


def _swapped(x: Tensor, height: int, width: int) -> Tensor:
    return _from(_middle)(x, width, height)


def _starts_swapped(x: Tensor, height: int, width: int) -> Tensor:
    top, left = _middle(x.shape[-2], height), _middle(x.shape[-1], width)
    return x[..., left : left + height, top : top + width]


def _first_axes(x: Tensor, height: int, width: int) -> Tensor:
    top, left = _middle(x.shape[0], height), _middle(x.shape[1], width)
    return x[top : top + height, left : left + width]


def _channels_last(x: Tensor, height: int, width: int) -> Tensor:
    top, left = _middle(x.shape[1], height), _middle(x.shape[2], width)
    return x[:, top : top + height, left : left + width]


def _same_margins(x: Tensor, height: int, width: int) -> Tensor:
    top, left = _middle(x.shape[-2], height), _middle(x.shape[-1], width)
    return x[..., top : x.shape[-2] - top, left : x.shape[-1] - left]


def _negative_ends(x: Tensor, height: int, width: int) -> Tensor:
    top, left = _middle(x.shape[-2], height), _middle(x.shape[-1], width)
    return x[..., top:-top, left:-left]


def _size_as_end(x: Tensor, height: int, width: int) -> Tensor:
    return x[..., _middle(x.shape[-2], height) : height, _middle(x.shape[-1], width) : width]


def _padded(x: Tensor, height: int, width: int) -> Tensor:
    """Pad with zeros where the maps are smaller."""
    top, left = _middle(x.shape[-2], height), _middle(x.shape[-1], width)
    return F.pad(x, (-left, width - x.shape[-1] + left, -top, height - x.shape[-2] + top))


def _raising(error: type[Exception]) -> Crop:
    def wrong(x: Tensor, height: int, width: int) -> Tensor:
        if height > x.shape[-2] or width > x.shape[-1]:
            raise error("the crop is larger than the maps")
        return center_crop(x, height, width)

    return wrong


def _unless(refused: Callable[[Tensor, int, int], bool]) -> Crop:
    def wrong(x: Tensor, height: int, width: int) -> Tensor:
        if refused(x, height, width):
            raise ValueError("the crop is larger than the maps")
        return _from(_middle)(x, height, width)

    return wrong


MISTAKES = (
    Misconception(
        "cut from the top left",
        "The crop must come from the middle: rows start at (H − height) // 2 and columns at "
        "(W − width) // 2, not at 0.",
        _both(_from(_at_start)),
    ),
    Misconception(
        "cut from the bottom right",
        "Only half of what is too much lies above the middle and left of it: divide H − height and "
        "W − width by 2.",
        _both(_from(_at_end)),
    ),
    Misconception(
        "rounded up",
        "When an odd number of rows is too many, the smaller part of them lies above: (H − height) // 2 "
        "rounds down. Yours starts one row or column later.",
        _both(_from(_rounded_up)),
    ),
    Misconception(
        "rounded to the nearest",
        "Half a row is no row: (H − height) // 2 rounds down. round() goes to the even neighbor, up as often "
        "as down.",
        _both(_from(_rounded)),
    ),
    Misconception(
        "both halves rounded",
        "H // 2 − height // 2 rounds twice. Subtract first and divide then: (H − height) // 2.",
        _both(_from(_halves)),
    ),
    Misconception(
        "height and width swapped",
        "Height counts rows, the axis before the last. Width counts columns, the last axis. Yours takes one "
        "for the other.",
        (*_both(_swapped), _fitting(_starts_swapped)),
    ),
    Misconception(
        "the wrong axes cropped",
        "The axes are images, channels, rows, columns. Keep all images and channels, x[:, :, …, …], and cut "
        "the last two.",
        _both(_first_axes, _channels_last),
    ),
    Misconception(
        "the same margin at both ends",
        "When an odd number of rows is too many, the margin below is one larger than the one above. Let the "
        "crop end at top + height.",
        _both(_same_margins, _negative_ends),
    ),
    Misconception(
        "size taken as end",
        "A slice is start:end, and its end is a position: the crop ends at top + height.",
        _both(_size_as_end),
    ),
    Misconception(
        "resized instead of cropped",
        "A crop keeps the numbers of the middle as they are. Resizing squeezes the whole map into the size.",
        _both(
            lambda x, height, width: F.interpolate(x, (height, width), mode="bilinear"),
            lambda x, height, width: F.interpolate(x, (height, width)),
            lambda x, height, width: F.adaptive_avg_pool2d(x, (height, width)),
            lambda x, height, width: F.adaptive_max_pool2d(x, (height, width)),
        ),
    ),
    Misconception(
        "no error for a crop that is larger",
        "A crop larger than the maps cannot be cut: raise ValueError. In a slice a negative start counts "
        "from the end, and what comes out is wrong without a word.",
        (
            _from(_middle),
            _padded,
            _from(lambda size, crop: max((size - crop) // 2, 0)),
            lambda x, height, width: center_crop(x, min(height, x.shape[-2]), min(width, x.shape[-1])),
            _from(lambda size, crop: int((size - crop) / 2)),
            _unless(lambda x, height, width: (x.shape[-2] - height) * (x.shape[-1] - width) < 0),
        ),
    ),
    Misconception(
        "one axis not checked",
        "A crop may be too tall or too wide: look at both, and raise ValueError if either is larger.",
        (
            _unless(lambda x, height, width: height > x.shape[-2]),
            _unless(lambda x, height, width: width > x.shape[-1]),
            _unless(lambda x, height, width: height > x.shape[-2] and width > x.shape[-1]),
        ),
    ),
    Misconception(
        "ValueError for a crop as large as the maps",
        "A crop as tall or as wide as the maps fits: only a larger one is an error.",
        (
            _unless(lambda x, height, width: height >= x.shape[-2] or width >= x.shape[-1]),
            _unless(lambda x, height, width: height >= x.shape[-2] and width >= x.shape[-1]),
        ),
    ),
    Misconception(
        "another error than ValueError",
        "A value that makes no sense is a ValueError: `raise ValueError(…)`. An assert raises "
        "AssertionError, which Python leaves out when it is asked to optimize.",
        tuple(map(_raising, (AssertionError, IndexError, TypeError, RuntimeError, Exception))),
    ),
    Misconception(
        "one image or channel only",
        "Keep all images and all channels of the batch, and both axes: the result has the shape "
        "[N, C, height, width].",
        (
            changed(center_crop, lambda out: out[:1]),
            changed(center_crop, lambda out: out[0]),
            changed(center_crop, lambda out: out[:, :1]),
            changed(center_crop, lambda out: out[0, 0]),
            changed(center_crop, torch.squeeze),
        ),
    ),
)
