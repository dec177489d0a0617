"""Cut out a part of maps in wrong ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ...models import center_crop

Crop = Callable[..., Any]
Start = Callable[[int, int], int]  # size, crop -> the first row or column
Refuse = Callable[[int, int, int, int], bool]  # H, W, height, width -> whether to raise ValueError


def _raise_if(refuse: Refuse, crop: Crop, error: type[Exception] = ValueError) -> Crop:
    def wrong(x: Tensor, height: int, width: int) -> Any:
        if refuse(x.shape[-2], x.shape[-1], height, width):
            raise error("the crop is larger than the maps")
        return crop(x, height, width)

    return wrong


def fitting(crop: Crop, error: type[Exception] = ValueError) -> Crop:
    """Raise an error for a crop that is larger, as it should be."""
    return _raise_if(lambda h, w, height, width: height > h or width > w, crop, error)


def both(*crops: Crop) -> tuple[Crop, ...]:
    """Return crops as they are, and with the right error for those that are too large."""
    return (*crops, *map(fitting, crops))


def start(rows: Start, columns: Start | None = None) -> Crop:
    """Cut from another first row and column."""

    def wrong(x: Tensor, height: int, width: int) -> Tensor:
        top = rows(x.shape[-2], height)
        left = (columns or rows)(x.shape[-1], width)
        return x[..., top : top + height, left : left + width]

    return wrong


def middle(size: int, crop: int) -> int:
    """Return the first row of the middle."""
    return (size - crop) // 2


def rounded_up(size: int, crop: int) -> int:
    """Return the first row when halves are rounded up."""
    return -((crop - size) // 2)


def refusing(refuse: Refuse, rows: Start = middle) -> Crop:
    """Return right crops that raise for other sizes than they should."""
    return _raise_if(refuse, start(rows))


def longer(by: int) -> Crop:
    """Cut more rows and columns, or fewer."""

    def wrong(x: Tensor, height: int, width: int) -> Tensor:
        top, left = middle(x.shape[-2], height), middle(x.shape[-1], width)
        return x[..., top : top + height + by, left : left + width + by]

    return wrong


def ending(end: Callable[[int, int, int], int]) -> Crop:
    """Cut from the right start to another end: ``end(start, size, crop)``."""

    def wrong(x: Tensor, height: int, width: int) -> Tensor:
        top, left = middle(x.shape[-2], height), middle(x.shape[-1], width)
        rows, columns = end(top, x.shape[-2], height), end(left, x.shape[-1], width)
        return x[..., top:rows, left:columns]

    return wrong


def swapped(x: Tensor, height: int, width: int) -> Tensor:
    """Take height for width."""
    return start(middle)(x, width, height)


def around_the_middle(x: Tensor, height: int, width: int) -> Tensor:
    """Cut half a crop on each side of the middle."""
    row, column = x.shape[-2] // 2, x.shape[-1] // 2
    up, left = height // 2, width // 2
    return x[..., max(row - up, 0) : row + up, max(column - left, 0) : column + left]


def columns_first(x: Tensor, height: int, width: int) -> Tensor:
    """Cut columns where rows should be cut."""
    top, left = middle(x.shape[-2], height), middle(x.shape[-1], width)
    return x[..., left : left + width, top : top + height]


def starts_swapped(x: Tensor, height: int, width: int) -> Tensor:
    """Take the first row for the first column."""
    top, left = middle(x.shape[-2], height), middle(x.shape[-1], width)
    return x[..., left : left + height, top : top + width]


def shape_swapped(x: Tensor, height: int, width: int) -> Tensor:
    """Read the width of the maps first, as Pillow gives it."""
    top, left = middle(x.shape[-1], height), middle(x.shape[-2], width)
    return x[..., max(top, 0) : max(top, 0) + height, max(left, 0) : max(left, 0) + width]


def one_start(axis: int) -> Crop:
    """Start rows and columns at the same number."""

    def wrong(x: Tensor, height: int, width: int) -> Tensor:
        first = middle(x.shape[axis], height if axis == -2 else width)
        return x[..., first : first + height, first : first + width]

    return wrong


def square(by_height: bool) -> Crop:
    """Cut a square."""
    return lambda x, height, width: start(middle)(x, *[height if by_height else width] * 2)


def first_axes(x: Tensor, height: int, width: int) -> Tensor:
    """Cut images and channels, as if the maps had no axes before rows and columns."""
    top, left = middle(x.shape[0], height), middle(x.shape[1], width)
    return x[top : top + height, left : left + width]


def first_axes_by_last(x: Tensor, height: int, width: int) -> Tensor:
    """Cut images and channels where rows and columns should be cut."""
    top, left = middle(x.shape[-2], height), middle(x.shape[-1], width)
    return x[top : top + height, left : left + width]


def channels_last(x: Tensor, height: int, width: int) -> Tensor:
    """Cut channels and rows, as if the channels stood last."""
    top, left = middle(x.shape[1], height), middle(x.shape[2], width)
    return x[:, top : top + height, left : left + width]


def channels_last_by_last(x: Tensor, height: int, width: int) -> Tensor:
    """Cut channels and rows where rows and columns should be cut."""
    top, left = middle(x.shape[-2], height), middle(x.shape[-1], width)
    return x[:, top : top + height, left : left + width]


def padded(x: Tensor, height: int, width: int) -> Tensor:
    """Pad with zeros where the maps are smaller."""
    top, left = middle(x.shape[-2], height), middle(x.shape[-1], width)
    return F.pad(x, (-left, width - x.shape[-1] + left, -top, height - x.shape[-2] + top))


def blanked(x: Tensor, height: int, width: int) -> Tensor:
    """Keep the size and set what lies outside to 0."""
    inside = torch.zeros(x.shape[-2:], dtype=torch.bool)
    top, left = middle(x.shape[-2], height), middle(x.shape[-1], width)
    inside[max(top, 0) : top + height, max(left, 0) : left + width] = True
    return x * inside


def or_else(otherwise: Callable[[Tensor, int, int], Any]) -> Crop:
    """Return something instead of raising an error."""

    def wrong(x: Tensor, height: int, width: int) -> Any:
        if height > x.shape[-2] or width > x.shape[-1]:
            return otherwise(x, height, width)
        return center_crop(x, height, width)

    return wrong
