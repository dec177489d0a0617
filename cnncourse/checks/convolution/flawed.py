"""Convolutions with one thing wrong, to make the mistakes of ``conv2d_mistakes`` from.

Each takes the arguments of ``conv2d``, or returns a function that does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray
Wrong = Callable[..., Any]
Count = Callable[[int, int, int, int], int]  # output length, from n, kernel, stride, padding along one axis


def pair(value: Any) -> tuple[int, int]:
    """Return (y, x) of an int or a pair."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def right(n: int, k: int, s: int, p: int) -> int:
    """Return the right output length."""
    return (n + 2 * p - k) // s + 1


def padded(image: Array, padding: Any, **mode: Any) -> Array:
    """Pad at all four sides, by zeros unless np.pad's ``mode`` says otherwise."""
    py, px = pair(padding)
    if mode:
        return np.pad(image, ((py, py), (px, px)), **mode)
    return zero_padded(image, (py, py, px, px))


def zero_padded(image: Array, padding: tuple[int, int, int, int]) -> Array:
    """Pad by zeros: top, bottom, left, right."""
    top, bottom, left, right = padding
    height, width = image.shape
    cells = np.zeros((top + height + bottom, left + width + right), image.dtype)
    cells[top : top + height, left : left + width] = image
    return cells


def conv2d(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Convolve rightly, without the checks of ops.conv2d: looking up a mistake takes thousands of calls."""
    cells, (sy, sx) = padded(image, padding), pair(stride)
    height, width = (right(n, k, s, 0) for n, k, s in zip(cells.shape, kernel.shape, (sy, sx), strict=True))
    if height < 1 or width < 1:
        raise ValueError("the kernel does not fit")
    down, across = cells.strides
    windows = np.ndarray(
        (height, width, *kernel.shape), cells.dtype, cells, 0, (down * sy, across * sx, down, across)
    )
    return np.einsum("ijab,ab->ij", windows, kernel)


def with_kernel(change: Callable[[Array], Array]) -> Wrong:
    """Change the kernel first."""
    return lambda image, kernel, stride=1, padding=0: conv2d(image, change(kernel), stride, padding)


def with_stride(change: Callable[[int, int], tuple[int, int]]) -> Wrong:
    """Change the pair of strides first."""
    return lambda image, kernel, stride=1, padding=0: conv2d(image, kernel, change(*pair(stride)), padding)


def with_padding(change: Callable[[int, int], tuple[int, int, int, int]]) -> Wrong:
    """Pad by the zeros that ``change`` gives for top, bottom, left and right."""

    def wrong(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
        return conv2d(zero_padded(image, change(*pair(padding))), kernel, stride)

    return wrong


def padded_with(**mode: Any) -> Wrong:
    """Pad by what np.pad's ``mode`` says."""
    return lambda image, kernel, stride=1, padding=0: conv2d(padded(image, padding, **mode), kernel, stride)


def with_result(change: Callable[[Array], Array]) -> Wrong:
    """Change the right result."""
    return lambda image, kernel, stride=1, padding=0: change(conv2d(image, kernel, stride, padding))


def cellwise(value: Callable[[Array, Array], Any]) -> Wrong:
    """Compute each output cell by ``value(window, kernel)``."""

    def wrong(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
        sy, sx = pair(stride)
        windows = np.lib.stride_tricks.sliding_window_view(padded(image, padding), kernel.shape)[::sy, ::sx]
        return np.array([[value(window, kernel) for window in row] for row in windows])

    return wrong


def sliding(
    image: Array,
    kernel: Array,
    stride: Any = 1,
    padding: Any = 0,
    *,
    count: Count,
    beyond: str,
    pads: bool = True,
    swap: bool = False,
) -> Array:
    """Slide as often as ``count`` says, whatever that does ``beyond`` the image's end."""
    (kh, kw), (sy, sx), (py, px) = kernel.shape, pair(stride), pair(padding)
    shape = count(image.shape[0], kh, sy, py), count(image.shape[1], kw, sx, px)
    cells = padded(image, padding) if pads else image
    if beyond == "zeros":
        cells = zero_padded(cells, (0, sy * max(shape) + kh, 0, sx * max(shape) + kw))
    out = np.zeros(shape[::-1] if swap else shape)
    for i, j in np.ndindex(out.shape):
        window = cells[i * sy : i * sy + kh, j * sx : j * sx + kw]
        if beyond == "index" and window.shape != kernel.shape:
            raise IndexError("beyond the image")
        if beyond != "left out" or window.shape == kernel.shape:
            out[i, j] = np.sum(window * kernel)
    return out


def counted(count: Count, *ends: str, **options: Any) -> tuple[Wrong, ...]:
    """Return ``sliding`` for each thing that may happen beyond the image's end.

    A "slice" is cut short (and then may raise ValueError), missing cells count as "zeros", incomplete windows
    are "left out", or an "index" raises.
    """
    ends = ends or ("slice", "zeros", "left out")
    return tuple(partial(sliding, count=count, beyond=beyond, **options) for beyond in ends)


def short(rows: int, columns: int, *, zeros: bool) -> Wrong:
    """Leave the last rows and columns out, or leave them 0."""

    def change(out: Array) -> Array:
        kept = out[: out.shape[0] - rows, : out.shape[1] - columns]
        return np.pad(kept, ((0, rows), (0, columns))) if zeros else kept

    return with_result(change)


def listed(rows: int, columns: int) -> Wrong:
    """End the ranges of window starts too early and collect in lists: without a row the shape is (0,)."""

    def wrong(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
        (kh, kw), (sy, sx), cells = kernel.shape, pair(stride), padded(image, padding)
        tops = range(0, cells.shape[0] - kh + 1 - rows, sy)
        lefts = range(0, cells.shape[1] - kw + 1 - columns, sx)
        return np.array([[np.vdot(cells[y : y + kh, x : x + kw], kernel) for x in lefts] for y in tops])

    return wrong


def thinned(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Take every stride-th cell of the padded image, then convolve."""
    sy, sx = pair(stride)
    return conv2d(padded(image, padding)[::sy, ::sx], kernel)


def thinned_then_padded(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Take every stride-th cell of the image, then pad and convolve."""
    sy, sx = pair(stride)
    return conv2d(image[::sy, ::sx], kernel, 1, padding)


def holes(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Write the results `stride` cells apart."""
    (sy, sx), full = pair(stride), conv2d(image, kernel, 1, padding)
    out = np.zeros_like(full)
    out[::sy, ::sx] = full[::sy, ::sx]
    return out


def steps_of_one(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Give the output its right shape, but start the windows one cell apart."""
    height, width = conv2d(image, kernel, stride, padding).shape
    return conv2d(image, kernel, 1, padding)[:height, :width]


def side_by_side(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Start each window where the last one ends."""
    return conv2d(image, kernel, kernel.shape, padding)


def kept_size(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0, *, before: int = 0) -> Array:
    """Pad to keep the size, whatever ``padding`` says; an even kernel gets half a cell more ``before``."""
    (top, left), (kh, kw) = ((k - 1 + before) // 2 for k in kernel.shape), kernel.shape
    return conv2d(zero_padded(image, (top, kh - 1 - top, left, kw - 1 - left)), kernel, stride)


def every_touching(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Count every position where kernel and image share a cell."""
    return conv2d(image, kernel, stride, (kernel.shape[0] - 1, kernel.shape[1] - 1))


def output_padded(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Pad the output instead of the image."""
    return padded(conv2d(image, kernel, stride), padding)


def before_after(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Hand the padding to np.pad as it is: a pair then means (before, after)."""
    return conv2d(np.pad(image, padding), kernel, stride)


def swapped(
    image: Array, kernel: Array, stride: Any = 1, padding: Any = 0, *, strides: bool = True, pads: bool = True
) -> Array:
    """Read pairs as (x, y)."""
    (sy, sx), (py, px) = pair(stride), pair(padding)
    return conv2d(image, kernel, (sx, sy) if strides else (sy, sx), (px, py) if pads else (py, px))


def turned(image: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Take the image's columns for its rows."""
    return conv2d(image.T, kernel, stride, padding)
