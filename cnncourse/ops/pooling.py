"""Pooling: keep one number of each window, the largest or the mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .arrays import Array, as_floats, as_real, check_images, is_tensor, namespace, to_doubles, windows
from .sizes import pair
from .steps import Step

Pair = tuple[int, int]


def max_pool2d(x: Array, size: int | Pair, stride: int | Pair | None = None) -> tuple[Array, Array]:
    """Keep the maximum of each window, and remember where it was.

    Parameters
    ----------
    x
        [..., H, W], NumPy array or torch tensor; each leading index is pooled by itself.
    size
        Of the window: an int or (y, x).
    stride
        An int or (y, x); ``size`` when None, so that the windows neither overlap nor leave gaps.

    Returns
    -------
    values
        [..., H', W'], in the type of ``x``. Only whole windows count: rows and columns left over at the
        bottom and at the right are dropped, H' = (H − size) // stride + 1.
    indices
        [..., H', W'] int64: where each maximum lies, flat into its own H·W map (row · W + column), as torch's
        ``return_indices=True`` gives them. Among equal maxima the first in scan order wins.

    Raises
    ------
    ValueError
        When ``x`` has no height and width, the window does not fit, or a number is too small.
    TypeError
        When a size is not an integer, or ``x`` does not hold real numbers.

    Source: Goodfellow et al. 2016, *Deep Learning*, section 9.3; the indices: Badrinarayanan et al. 2017,
    *SegNet: A deep convolutional encoder-decoder architecture for image segmentation*, section 3.

    Examples
    --------
    >>> values, indices = max_pool2d([[1, 5, 2, 0], [4, 3, 8, 8]], size=2)
    >>> values, indices
    (array([[5, 8]]), array([[1, 6]]))
    """
    x = as_real(x, "x")
    size, stride = _check(x, size, stride)
    cells = windows(x, size, stride)  # [..., H', W', kh, kw]
    cells = cells.reshape(*cells.shape[:-2], size[0] * size[1])
    xp = namespace(x)
    # argmax is documented to give the first of equal maxima, in NumPy and in torch; torch has none for bools.
    place = (cells.byte() if is_tensor(x) and x.dtype == xp.bool else cells).argmax(-1)
    along = xp.take_along_dim if is_tensor(x) else xp.take_along_axis
    values = along(cells, place[..., None], -1)[..., 0]

    rows, columns = (xp.arange(n) * s for n, s in zip(values.shape[-2:], stride, strict=True))
    if is_tensor(x):
        rows, columns = rows.to(x.device), columns.to(x.device)
    row = rows[:, None] + place // size[1]
    column = columns + place % size[1]
    return values, row * x.shape[-1] + column


def avg_pool2d(x: Array, size: int | Pair, stride: int | Pair | None = None) -> Array:
    """Take the mean of each window.

    Parameters
    ----------
    x
        [..., H, W], NumPy array or torch tensor; each leading index is pooled by itself.
    size
        Of the window: an int or (y, x).
    stride
        An int or (y, x); ``size`` when None.

    Returns
    -------
    array or tensor
        [..., H', W'], only whole windows as in :func:`max_pool2d`. Integers are converted to floats first.

    Raises
    ------
    ValueError, TypeError
        As :func:`max_pool2d`.

    Source: LeCun et al. 1998, *Gradient-based learning applied to document recognition*, section II.A (there
    with a trained factor, a trained bias and a sigmoid, which are left out here).

    Examples
    --------
    >>> avg_pool2d([[1, 5, 2, 0, 7], [4, 2, 8, 8, 7]], size=2)
    array([[3. , 4.5]])
    """
    (x,) = as_floats(x=x)
    size, stride = _check(x, size, stride)
    return windows(x, size, stride).mean((-2, -1))


def max_pool2d_steps(x: Array, size: int | Pair, stride: int | Pair | None = None) -> Iterator[Step]:
    """Yield max pooling one output cell after the other, row by row.

    Parameters
    ----------
    x
        [H, W].
    size, stride
        As in :func:`max_pool2d`.

    Yields
    ------
    Step
        ``index`` tells where the maximum lies, flat into ``x``; every weight is 1.0.

    Raises
    ------
    ValueError, TypeError
        As :func:`max_pool2d`, and for NaN; at once and not only at the first step.

    Examples
    --------
    >>> [(step.value, step.index) for step in max_pool2d_steps([[1, 5, 2, 0], [4, 3, 8, 8]], size=2)]
    [(5.0, 1), (8.0, 6)]
    """
    image, size, stride = _check_map(x, size, stride)
    if np.isnan(image).any():
        raise ValueError(
            "x holds NaN, which is neither larger nor smaller than a number; expected numbers: "
            "find where it came from, or replace it with np.nan_to_num(x)"
        )
    return _max_steps(image, size, stride)


def avg_pool2d_steps(x: Array, size: int | Pair, stride: int | Pair | None = None) -> Iterator[Step]:
    """Yield average pooling one output cell after the other, row by row.

    Parameters
    ----------
    x
        [H, W].
    size, stride
        As in :func:`max_pool2d`.

    Yields
    ------
    Step
        Every weight is 1 / area of the window; ``value`` is the sum of the products of ``terms``.

    Raises
    ------
    ValueError, TypeError
        As :func:`max_pool2d`, at once and not only at the first step.

    Examples
    --------
    >>> [step.value for step in avg_pool2d_steps([[1, 5, 2, 0], [4, 2, 8, 8]], size=2)]
    [3.0, 4.5]
    """
    image, size, stride = _check_map(x, size, stride)
    return _avg_steps(image, size, stride)


def _max_steps(x: np.ndarray, size: Pair, stride: Pair) -> Iterator[Step]:
    height, width = x.shape
    for i, top in enumerate(range(0, height - size[0] + 1, stride[0])):
        for j, left in enumerate(range(0, width - size[1] + 1, stride[1])):
            window, terms, best = [], [], (top, left)
            for row in range(top, top + size[0]):
                for column in range(left, left + size[1]):
                    window.append((0, row, column))
                    terms.append((float(x[row, column]), 1.0))
                    if x[row, column] > x[best]:
                        best = (row, column)
            yield Step((i, j), window, terms, value=float(x[best]), index=best[0] * width + best[1])


def _avg_steps(x: np.ndarray, size: Pair, stride: Pair) -> Iterator[Step]:
    height, width = x.shape
    weight = 1 / (size[0] * size[1])
    for i, top in enumerate(range(0, height - size[0] + 1, stride[0])):
        for j, left in enumerate(range(0, width - size[1] + 1, stride[1])):
            window, terms, value = [], [], 0.0
            for row in range(top, top + size[0]):
                for column in range(left, left + size[1]):
                    pixel = float(x[row, column])
                    window.append((0, row, column))
                    terms.append((pixel, weight))
                    value += pixel * weight
            yield Step((i, j), window, terms, value)


def _check_map(x: Array, size: Any, stride: Any) -> tuple[np.ndarray, Pair, Pair]:
    image = to_doubles(x, "x")
    if image.ndim > 2:
        raise ValueError(
            f"x has shape {image.shape}; expected [H, W]: step through one map at a time, such as x[0]"
        )
    return image, *_check(image, size, stride)


def _check(x: Array, size: Any, stride: Any) -> tuple[Pair, Pair]:
    check_images(x, "x")
    size = pair(size, "size")
    stride = size if stride is None else pair(stride, "stride")
    for n, k, axis in zip(x.shape[-2:], size, ("height", "width"), strict=True):
        if k > n:
            raise ValueError(
                f"the window does not fit along the {axis}: size {k}, but x has only {n} "
                f"(shape {tuple(x.shape)}); use a size of at most {n}, or a larger input"
            )
    return size, stride
