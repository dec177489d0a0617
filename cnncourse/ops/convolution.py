"""Convolution as deep learning means it: cross-correlation, the kernel not flipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .arrays import Array, as_floats, check_images, namespace, pad, to_doubles, windows
from .sizes import output_shape, pair
from .steps import Step

Pair = tuple[int, int]


def conv2d(
    image: Array,
    kernel: Array,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
) -> Array:
    """Slide one kernel over an image; each output cell is a sum of products.

    ::

        out[i, j] = Σ_u Σ_v  image[i·sy + u·dy − py,  j·sx + v·dx − px] · kernel[u, v]

    with stride (sy, sx), padding (py, px), dilation (dy, dx), and 0 for what lies outside the image.

    Parameters
    ----------
    image
        [..., H, W], NumPy array or torch tensor; each leading index is convolved by itself.
    kernel
        [kh, kw].
    stride, padding, dilation
        An int for both axes or (y, x); padding counts the zeros at each side.

    Returns
    -------
    array or tensor
        [..., H', W'], sizes as :func:`conv_output_size` says. Integers (a uint8 photograph) are converted to
        floats first; float32 stays float32, float64 stays float64. A tensor among the arguments makes the
        result a tensor, with gradients.

    Raises
    ------
    ValueError
        When a shape does not match, the kernel does not fit, or a setting is too small.
    TypeError
        When a setting is not an integer, or an array does not hold real numbers.

    Source: Goodfellow et al. 2016, *Deep Learning*, section 9.1, eq. 9.6; for the settings: Dumoulin & Visin
    2016, *A guide to convolution arithmetic for deep learning*, chapter 2 and section 5.1.

    Examples
    --------
    >>> conv2d([[1, 2, 4], [1, 3, 9]], kernel=[[-1, 1]])
    array([[1., 2.],
           [2., 6.]])
    """
    image, kernel = as_floats(image=image, kernel=kernel)
    check_images(image, "image")
    check_kernel(kernel)
    stride, padding, dilation = settings(stride, padding, dilation)
    output_shape(image.shape[-2:], kernel.shape, stride, padding, dilation)
    cells = windows(pad(image, padding), kernel.shape, stride, dilation)  # [..., H', W', kh, kw]
    return namespace(cells).einsum("...yxuv,uv->...yx", cells, kernel)


def conv2d_channels(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
) -> Array:
    """Convolve a stack of channels with a stack of kernels, as a convolutional layer does.

    Output channel o sums over all input channels, and adds one number to the whole map::

        out[o] = Σ_c conv2d(x[c], weight[o, c]) + bias[o]

    Parameters
    ----------
    x
        [..., Cin, H, W], NumPy array or torch tensor; a batch [N, Cin, H, W] is welcome.
    weight
        [Cout, Cin, kh, kw].
    bias
        [Cout], or None for none.
    stride, padding, dilation
        An int for both axes or (y, x).

    Returns
    -------
    array or tensor
        [..., Cout, H', W']; types as in :func:`conv2d`.

    Raises
    ------
    ValueError
        When channels or shapes do not match, the kernel does not fit, or a setting is too small.
    TypeError
        When a setting is not an integer, or an array does not hold real numbers.

    Source: Goodfellow et al. 2016, *Deep Learning*, section 9.5, eq. 9.8 (with stride, without bias).

    Examples
    --------
    >>> conv2d_channels(np.ones((3, 4, 5)), np.ones((2, 3, 3, 3)), bias=[0, 0.5])[:, 0, 0]
    array([27. , 27.5])
    """
    if bias is None:
        x, weight = as_floats(x=x, weight=weight)
    else:
        x, weight, bias = as_floats(x=x, weight=weight, bias=bias)
    _check_layer(x, weight, bias)
    stride, padding, dilation = settings(stride, padding, dilation)
    output_shape(x.shape[-2:], weight.shape[-2:], stride, padding, dilation)
    cells = windows(pad(x, padding), weight.shape[-2:], stride, dilation)  # [..., Cin, H', W', kh, kw]
    # tensordot, unlike NumPy's einsum, hands the sum over c, u and v to one matrix product.
    out = namespace(cells).tensordot(weight, cells, ((1, 2, 3), (-5, -2, -1)))  # [Cout, ..., H', W']
    out = namespace(out).moveaxis(out, 0, -3)
    return out if bias is None else out + bias[:, None, None]


def conv2d_steps(
    x: Array,
    weight: Array,
    bias: float | None = 0.0,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
) -> Iterator[Step]:
    """Yield the arithmetic of a convolution, one output cell after the other, row by row.

    Parameters
    ----------
    x
        [H, W] or [Cin, H, W].
    weight
        [kh, kw] or [Cin, kh, kw], with as many channels as ``x``: the kernel of one output channel.
    bias
        Added to every output cell; None for none.
    stride, padding, dilation
        An int for both axes or (y, x).

    Yields
    ------
    Step
        ``value`` is the sum of the products of ``terms``, plus ``bias``, in double precision.

    Raises
    ------
    ValueError, TypeError
        As :func:`conv2d_channels`, at once and not only at the first step.

    Examples
    --------
    >>> first, second = conv2d_steps([[1, 2, 4]], [[-1, 1]])
    >>> second.window, second.terms, second.value
    ([(0, 0, 1), (0, 0, 2)], [(2.0, -1.0), (4.0, 1.0)], 2.0)
    """
    x, weight = to_doubles(x, "x"), to_doubles(weight, "weight")
    offset = to_doubles(0.0 if bias is None else bias, "bias")
    if offset.size != 1:
        raise ValueError(
            f"bias has shape {offset.shape}; expected one number, that of the output channel: such as bias[0]"
        )
    if x.ndim == weight.ndim == 2:
        x, weight = x[None], weight[None]
    if not x.ndim == weight.ndim == 3:
        raise ValueError(
            f"x has shape {x.shape} and weight {weight.shape}; expected [H, W] with [kh, kw], "
            f"or [Cin, H, W] with [Cin, kh, kw]: step through one image and one output channel at a time"
        )
    _check_layer(x, weight[None], None)
    stride, padding, dilation = settings(stride, padding, dilation)
    out_shape = output_shape(x.shape[1:], weight.shape[1:], stride, padding, dilation)
    return _steps(x, weight, float(offset.item()), stride, padding, dilation, out_shape)


def _steps(
    x: np.ndarray,
    weight: np.ndarray,
    bias: float,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    out_shape: Pair,
) -> Iterator[Step]:
    channels, height, width = x.shape
    _, kernel_height, kernel_width = weight.shape
    for i in range(out_shape[0]):
        for j in range(out_shape[1]):
            window, terms, value = [], [], bias
            for c in range(channels):
                for u in range(kernel_height):
                    for v in range(kernel_width):
                        row = i * stride[0] + u * dilation[0] - padding[0]
                        column = j * stride[1] + v * dilation[1] - padding[1]
                        inside = 0 <= row < height and 0 <= column < width
                        pixel = float(x[c, row, column]) if inside else 0.0
                        w = float(weight[c, u, v])
                        window.append((c, row, column))
                        terms.append((pixel, w))
                        value += pixel * w
            yield Step(position=(i, j), window=window, terms=terms, value=value)


def settings(stride: Any, padding: Any, dilation: Any) -> tuple[Pair, Pair, Pair]:
    """Return the checked pairs (y, x)."""
    return pair(stride, "stride"), pair(padding, "padding", least=0), pair(dilation, "dilation")


def check_kernel(kernel: Array) -> None:
    """Refuse a kernel that is not [kh, kw]."""
    if kernel.ndim != 2 or 0 in kernel.shape:
        remedy = "give it a row and a column at least"
        if kernel.ndim > 2:
            remedy = "conv2d_channels takes kernels with channels"
        raise ValueError(f"kernel has shape {tuple(kernel.shape)}; expected [kh, kw], not empty: {remedy}")


def _check_layer(x: Array, weight: Array, bias: Array | None) -> None:
    if x.ndim < 3:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected [Cin, H, W]: a gray image needs a channel too, x[None]"
        )
    check_images(x, "x", "[Cin, H, W]")
    if weight.ndim != 4 or 0 in weight.shape:
        raise ValueError(
            f"weight has shape {tuple(weight.shape)}; expected [Cout, Cin, kh, kw], not empty: "
            f"a single kernel [kh, kw] becomes one by weight[None, None]"
        )
    if x.shape[-3] != weight.shape[1]:
        raise ValueError(
            f"x has {x.shape[-3]} channels, but weight is for {weight.shape[1]} "
            f"(shapes {tuple(x.shape)} and {tuple(weight.shape)}); expected the same number: "
            f"channels come before height and width, and each kernel needs one slice per input channel"
        )
    if bias is not None and tuple(bias.shape) != (weight.shape[0],):
        raise ValueError(
            f"bias has shape {tuple(bias.shape)}; expected ({weight.shape[0]},): "
            f"one number for each output channel"
        )
