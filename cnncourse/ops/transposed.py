"""Transposed convolution: each input cell stamps the kernel onto a larger output, and stamps add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .arrays import Array, as_floats, check_images, is_tensor, namespace, to_doubles
from .convolution import check_kernel
from .sizes import pair
from .steps import Stamp

Pair = tuple[int, int]


def conv_transpose2d(x: Array, kernel: Array, stride: int | Pair = 1, padding: int | Pair = 0) -> Array:
    """Stamp the kernel, times each input value, onto the output; where stamps overlap they add up.

    ::

        out[i·sy + u − py,  j·sx + v − px]  +=  x[i, j] · kernel[u, v]        for all i, j, u, v

    with stride (sy, sx) and padding (py, px), which here *crops* the output. It is the transpose of
    :func:`conv2d` with the same kernel and settings: ⟨conv2d(a), b⟩ = ⟨a, conv_transpose2d(b)⟩.

    Parameters
    ----------
    x
        [..., H, W], NumPy array or torch tensor; each leading index is treated by itself.
    kernel
        [kh, kw].
    stride
        Distance of neighboring stamps: an int or (y, x).
    padding
        Rows and columns cropped at each side of the output: an int or (y, x).

    Returns
    -------
    array or tensor
        [..., (H − 1)·sy + kh − 2·py, (W − 1)·sx + kw − 2·px]; types as in :func:`conv2d`. A convolution
        rounds its size down, so that several input sizes lead to the same output; this is the smallest.

    Raises
    ------
    ValueError
        When a shape does not match, cropping leaves nothing, or a setting is too small.
    TypeError
        When a setting is not an integer, or an array does not hold real numbers.

    Source: Dumoulin & Visin 2016, *A guide to convolution arithmetic for deep learning*, chapter 4; Zeiler et
    al. 2010, *Deconvolutional networks*; Long et al. 2015, section 3.3, for enlarging maps.

    Examples
    --------
    >>> conv_transpose2d([[1, 2, 3]], kernel=[[1, 10, 100]], stride=2)
    array([[  1.,  10., 102.,  20., 203.,  30., 300.]])
    """
    x, kernel = as_floats(x=x, kernel=kernel)
    stride, padding, out_shape = _check(x, kernel, stride, padding)
    height, width = (n + 2 * p for n, p in zip(out_shape, padding, strict=True))
    rows, columns = ((n - 1) * s + 1 for n, s in zip(x.shape[-2:], stride, strict=True))
    settings = {"dtype": x.dtype, "device": x.device} if is_tensor(x) else {"dtype": x.dtype}
    canvas = namespace(x).zeros((*x.shape[:-2], height, width), **settings)
    # One pass for each weight: cells that get the same weight lie a stride apart, hence never on one another.
    for u, v in np.ndindex(*kernel.shape):
        canvas[..., u : u + rows : stride[0], v : v + columns : stride[1]] += x * kernel[u, v]
    (top, left), (bottom, right) = padding, out_shape
    out = canvas[..., top : top + bottom, left : left + right]
    return out.clone() if is_tensor(out) else out.copy()  # not a view that keeps the margins in memory


def conv_transpose2d_steps(
    x: Array, kernel: Array, stride: int | Pair = 1, padding: int | Pair = 0
) -> Iterator[Stamp]:
    """Yield a transposed convolution one stamp after the other, row by row of the input.

    Parameters
    ----------
    x
        [H, W].
    kernel
        [kh, kw].
    stride, padding
        As in :func:`conv_transpose2d`.

    Yields
    ------
    Stamp
        ``cells`` under the stamp and their ``sums`` afterwards, cropped ones too, in double precision.

    Raises
    ------
    ValueError, TypeError
        As :func:`conv_transpose2d`, at once and not only at the first step.

    Examples
    --------
    >>> first, second = conv_transpose2d_steps([[1, 2]], [[1, 10]])
    >>> second.cells, second.terms, second.sums
    ([(0, 1), (0, 2)], [(2.0, 1.0), (2.0, 10.0)], [12.0, 20.0])
    """
    image, weights = to_doubles(x, "x"), to_doubles(kernel, "kernel")
    if image.ndim > 2:
        raise ValueError(
            f"x has shape {image.shape}; expected [H, W]: step through one map at a time, such as x[0]"
        )
    stride, padding, out_shape = _check(image, weights, stride, padding)
    return _stamps(image, weights, stride, padding, out_shape)


def _stamps(
    x: np.ndarray, kernel: np.ndarray, stride: Pair, padding: Pair, out_shape: Pair
) -> Iterator[Stamp]:
    canvas = np.zeros([n + 2 * p for n, p in zip(out_shape, padding, strict=True)])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            value = float(x[i, j])
            cells, terms, sums = [], [], []
            for u in range(kernel.shape[0]):
                for v in range(kernel.shape[1]):
                    row, column = i * stride[0] + u, j * stride[1] + v
                    weight = float(kernel[u, v])
                    canvas[row, column] += value * weight
                    cells.append((row - padding[0], column - padding[1]))
                    terms.append((value, weight))
                    sums.append(float(canvas[row, column]))
            yield Stamp((i, j), value, cells, terms, sums)


def _check(x: Array, kernel: Array, stride: Any, padding: Any) -> tuple[Pair, Pair, Pair]:
    """Refuse what cannot be stamped; return stride, padding and the output shape."""
    check_images(x, "x")
    check_kernel(kernel)
    stride, padding = pair(stride, "stride"), pair(padding, "padding", least=0)
    sizes = []
    for n, k, s, p, axis in zip(
        x.shape[-2:], kernel.shape, stride, padding, ("height", "width"), strict=True
    ):
        full = (n - 1) * s + k
        if full <= 2 * p:
            raise ValueError(
                f"nothing is left along the {axis}: the stamps fill {full} cells, and padding {p} crops "
                f"{2 * p} of them; use padding of at most {(full - 1) // 2}, or a larger input"
            )
        sizes.append(full - 2 * p)
    return stride, padding, (sizes[0], sizes[1])
