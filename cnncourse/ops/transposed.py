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


def conv_transpose2d(
    x: Array,
    kernel: Array,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    output_size: int | Pair | None = None,
) -> Array:
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
    output_size
        (H', W') of the result, an int for both, or None for the smallest. A convolution rounds its size down,
        so that ``stride`` input sizes lead to the same output; pass the one that you came from. The larger
        ones have more rows and columns at the bottom and at the right: cropped less there, or 0.

    Returns
    -------
    array or tensor
        [..., H', W'], at least (H − 1)·sy + kh − 2·py and (W − 1)·sx + kw − 2·px, at most sy − 1 and sx − 1
        more; types as in :func:`conv2d`.

    Raises
    ------
    ValueError
        When a shape does not match, cropping leaves nothing, ``output_size`` is none of those sizes, or a
        setting is too small.
    TypeError
        When a setting is not an integer, or an array does not hold real numbers.

    Source: Dumoulin & Visin 2016, *A guide to convolution arithmetic for deep learning*, chapter 4; Zeiler et
    al. 2010, *Deconvolutional networks*; Long et al. 2015, section 3.3, for enlarging maps.

    Examples
    --------
    >>> conv_transpose2d([[1, 2, 3]], kernel=[[1, 10, 100]], stride=2)
    array([[  1.,  10., 102.,  20., 203.,  30., 300.]])
    >>> conv_transpose2d([[1, 2, 3]], kernel=[[1, 10, 100]], stride=2, output_size=(1, 8))
    array([[  1.,  10., 102.,  20., 203.,  30., 300.,   0.]])
    """
    x, kernel = as_floats(x=x, kernel=kernel)
    stride, padding, out_shape = _check(x, kernel, stride, padding, output_size)
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
    x: Array,
    kernel: Array,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    output_size: int | Pair | None = None,
) -> Iterator[Stamp]:
    """Yield a transposed convolution one stamp after the other, row by row of the input.

    Parameters
    ----------
    x
        [H, W].
    kernel
        [kh, kw].
    stride, padding, output_size
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
    stride, padding, out_shape = _check(image, weights, stride, padding, output_size)
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


def transposed_shape(shape: Pair, kernel: Pair, stride: Pair, padding: Pair, output_size: Any) -> Pair:
    """Return the output size (H', W') of a transposed convolution; all but ``output_size`` are checked pairs.

    Raises
    ------
    ValueError
        When cropping leaves nothing, or a convolution with these settings does not lead from ``output_size``
        to ``shape``; the message names the axis.

    Examples
    --------
    >>> transposed_shape((3, 3), (3, 3), stride=(2, 2), padding=(1, 1), output_size=(5, 6))
    (5, 6)
    """
    wanted = (None, None) if output_size is None else pair(output_size, "output_size")
    axes = zip(("height", "width"), shape, kernel, stride, padding, wanted, strict=True)
    height, width = (_transposed_size(*axis) for axis in axes)
    return height, width


def _transposed_size(axis: str, n: int, kernel: int, stride: int, padding: int, wanted: int | None) -> int:
    full = (n - 1) * stride + kernel
    least = full - 2 * padding
    if wanted is None:
        if least < 1:
            raise ValueError(
                f"nothing is left along the {axis}: the stamps fill {full} cells, and padding {padding} "
                f"crops {2 * padding} of them; use padding of at most {(full - 1) // 2}, or a larger input"
            )
        return least
    most = least + stride - 1
    if not least <= wanted <= most:
        sizes = f"{max(least, 1)}" if most <= max(least, 1) else f"{max(least, 1)}..{most}"
        raise ValueError(
            f"output_size is {wanted} along the {axis}; expected {sizes}, since a convolution with kernel "
            f"{kernel}, stride {stride} and padding {padding} makes {n} of these: pass the size that the "
            f"convolution started from"
        )
    return wanted


def _check(x: Array, kernel: Array, stride: Any, padding: Any, output_size: Any) -> tuple[Pair, Pair, Pair]:
    """Refuse what cannot be stamped; return stride, padding and the output shape."""
    check_images(x, "x")
    check_kernel(kernel)
    stride, padding = pair(stride, "stride"), pair(padding, "padding", least=0)
    out_shape = transposed_shape(tuple(x.shape[-2:]), tuple(kernel.shape), stride, padding, output_size)
    return stride, padding, out_shape
