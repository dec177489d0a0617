"""Transposed convolutions with one thing wrong, to make the mistakes of exercise 7.3 from.

Each takes the arguments of ``conv_transpose2d``, or returns a function that does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .grids import Array, Wrong, pair

Pair = tuple[int, int]


def stamped(x: Array, kernel: Array, stride: Any = 1) -> Array:
    """Stamp rightly, without cropping."""
    (sy, sx), (kh, kw) = pair(stride), kernel.shape
    out = np.zeros(((x.shape[0] - 1) * sy + kh, (x.shape[1] - 1) * sx + kw))
    for i, j in np.ndindex(x.shape):
        out[i * sy : i * sy + kh, j * sx : j * sx + kw] += x[i, j] * kernel
    return out


def padded(x: Array, padding: Any) -> Array:
    """Set zeros around."""
    py, px = pair(padding)
    return np.pad(x, ((py, py), (px, px)))


def cropped(out: Array, top: int, bottom: int, left: int, right: int) -> Array:
    """Crop the four sides."""
    return out[top : out.shape[0] - bottom, left : out.shape[1] - right].copy()


def conv_transpose2d(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Return the right result, without the checks of ops.conv_transpose2d."""
    py, px = pair(padding)
    return cropped(stamped(x, kernel, stride), py, py, px, px)


def with_kernel(change: Callable[[Array], Array]) -> Wrong:
    """Change the kernel first."""
    return lambda x, kernel, stride=1, padding=0: conv_transpose2d(x, change(kernel), stride, padding)


def with_pairs(change: Callable[[Pair, Pair], tuple[Any, Any]]) -> Wrong:
    """Change the pairs stride and padding first."""
    return lambda x, kernel, stride=1, padding=0: conv_transpose2d(
        x, kernel, *change(pair(stride), pair(padding))
    )


def with_steps(change: Callable[[Pair, Pair], Pair]) -> Wrong:
    """Set the stamps at other distances: ``change`` gives them from the strides and the kernel's shape."""
    return lambda x, kernel, stride=1, padding=0: conv_transpose2d(
        x, kernel, change(pair(stride), kernel.shape), padding
    )


def with_crop(change: Callable[[int, int, int, int], tuple[int, int, int, int]]) -> Wrong:
    """Crop as ``change`` says: top, bottom, left, right from the padding and the kernel's shape."""

    def wrong(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
        return cropped(stamped(x, kernel, stride), *change(*pair(padding), *kernel.shape))

    return wrong


def sliced(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Crop by slices with a negative end: nothing is left where there is nothing to crop."""
    py, px = pair(padding)
    return stamped(x, kernel, stride)[py:-py, px:-px].copy()


def sliced_if_padded(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Crop so only if one of the paddings is not 0."""
    return (sliced if any(pair(padding)) else _uncropped)(x, kernel, stride, padding)


def grown(change: Callable[[int, int], tuple[int, int, int, int]], *, crop: bool) -> Wrong:
    """Add zeros around the output: top, bottom, left, right from the padding."""

    def wrong(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
        out = (conv_transpose2d if crop else _uncropped)(x, kernel, stride, padding)
        top, bottom, left, right = change(*pair(padding))
        return np.pad(out, ((top, bottom), (left, right)))

    return wrong


def _uncropped(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    return stamped(x, kernel, stride)


def resized(length: Callable[[int, int, int, int], int], steps: int | None = None) -> Wrong:
    """Give the output another length along each axis, from n, kernel, stride, padding: cut, or filled with 0.

    ``steps``: the stamps stand as far apart, whatever the stride is.
    """

    def wrong(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
        out = conv_transpose2d(x, kernel, steps or stride, padding)
        made = np.zeros([max(0, n) for n in map(length, x.shape, kernel.shape, pair(stride), pair(padding))])
        rows, columns = (min(a, b) for a, b in zip(out.shape, made.shape, strict=True))
        made[:rows, :columns] = out[:rows, :columns]
        return made

    return wrong


def combined(merge: Callable[[list[float]], float]) -> Wrong:
    """Make of all the stamps on one cell what ``merge`` says."""

    def wrong(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
        (sy, sx), (py, px) = pair(stride), pair(padding)
        out = stamped(x, kernel, stride)
        heaps: dict[Pair, list[float]] = {}
        for i, j in np.ndindex(x.shape):
            for u, v in np.ndindex(kernel.shape):
                heaps.setdefault((i * sy + u, j * sx + v), []).append(float(x[i, j] * kernel[u, v]))
        for cell, heap in heaps.items():
            out[cell] = merge(heap)
        return cropped(out, py, py, px, px)

    return wrong


def spread(between: Callable[[int], int], *, ends: bool = False, blocks: bool = False) -> Wrong:
    """Put zeros between the cells of x, ``between(stride)`` of them, then stamp with stride 1.

    ``ends``: after the last cell too. ``blocks``: copies instead of zeros.
    """

    def wrong(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
        sy, sx = (between(s) + 1 for s in pair(stride))
        block = np.zeros((sy, sx))
        block[0, 0] = 1
        wide = np.kron(x, np.ones_like(block) if blocks else block)
        if not ends:
            wide = wide[: wide.shape[0] - sy + 1, : wide.shape[1] - sx + 1]
        return conv_transpose2d(wide, kernel, 1, padding)

    return wrong


def correlated(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Convolve as lesson 01 does."""
    sy, sx = pair(stride)
    windows = np.lib.stride_tricks.sliding_window_view(padded(x, padding), kernel.shape)
    return np.einsum("ijab,ab->ij", windows[::sy, ::sx], kernel)


def correlated_smaller(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Convolve as scipy.signal does: the smaller of the two slides over the other."""
    cells, (sy, sx) = padded(x, padding), pair(stride)
    if all(k >= n for k, n in zip(kernel.shape, cells.shape, strict=True)):
        return correlated(kernel, cells)[::-1, ::-1][::sy, ::sx]
    return correlated(cells, kernel, stride)


def correlated_wide(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Convolve at every position where kernel and x share a cell."""
    return correlated(x, kernel, stride, (kernel.shape[0] - 1, kernel.shape[1] - 1))


def inverted(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Look for the image whose convolution comes nearest to x."""
    shape = conv_transpose2d(x, kernel, stride, padding).shape
    columns = [
        correlated(unit.reshape(shape), kernel, stride, padding).ravel()
        for unit in np.eye(shape[0] * shape[1])
    ]
    return (np.linalg.pinv(np.array(columns).T) @ x.ravel()).reshape(shape)


def divided(x: Array, kernel: Array, stride: Any = 1, padding: Any = 0) -> Array:
    """Divide by what the kernel itself adds up to in each cell."""
    ones = conv_transpose2d(np.ones_like(x), np.abs(kernel), stride, padding)
    return conv_transpose2d(x, kernel, stride, padding) / np.where(ones == 0, 1, ones)
