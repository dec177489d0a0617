"""Sizes: how many cells a kernel visits, and whether it fits at all."""

from __future__ import annotations

import operator
from typing import Any


def whole(value: Any, name: str, least: int = 1) -> int:
    """Return ``value`` as an int of at least ``least``.

    Raises
    ------
    TypeError
        When it is not an integer (a bool and a float are none).
    ValueError
        When it is smaller than ``least``.

    Examples
    --------
    >>> whole(3, "stride")
    3
    >>> whole(0, "stride")
    Traceback (most recent call last):
    ValueError: stride is 0; expected at least 1: pass a larger integer
    """
    try:
        if isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool"):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name} is {value!r} ({type(value).__name__}); expected an integer: "
            f"pass a whole number such as {max(least, 1)}"
        ) from None
    if number < least:
        raise ValueError(f"{name} is {number}; expected at least {least}: pass a larger integer")
    return number


def pair(value: Any, name: str, least: int = 1) -> tuple[int, int]:
    """Return ``value``, an int or (y, x), as a pair of ints of at least ``least``.

    Raises
    ------
    TypeError
        When it is neither an integer nor a pair of them.
    ValueError
        When it has another length than two, or a number is smaller than ``least``.

    Examples
    --------
    >>> pair(2, "stride"), pair((2, 1), "stride")
    ((2, 2), (2, 1))
    """
    if not isinstance(value, (tuple, list)) and getattr(value, "shape", ()) != (2,):
        number = whole(value, name, least)
        return number, number
    if len(value) != 2:
        raise ValueError(
            f"{name} is {value!r} with {len(value)} numbers; expected an int or a pair (y, x): "
            f"pass one number for both axes, or two"
        )
    y, x = (whole(part, name, least) for part in value)
    return y, x


def conv_output_size(n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Return how many cells a convolution leaves along one axis.

    A dilated kernel spans ``dilation * (kernel - 1) + 1`` cells. It takes its first place at the edge of the
    padded input and then moves on by ``stride`` while it still fits, so the division rounds down::

        (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1

    Parameters
    ----------
    n
        Cells of the input along this axis.
    kernel, stride, dilation
        Integers of at least 1.
    padding
        Zeros added at *each* end, at least 0.

    Raises
    ------
    ValueError
        When the kernel spans more cells than the padded input has, or a number is too small.
    TypeError
        When a size is not an integer.

    Source: Dumoulin & Visin 2016, *A guide to convolution arithmetic for deep learning*, section 2.4 and
    (with dilation) section 5.1.

    Examples
    --------
    >>> conv_output_size(7, kernel=3)
    5
    >>> conv_output_size(7, kernel=3, stride=2, padding=1)
    4
    >>> conv_output_size(2, kernel=3)
    Traceback (most recent call last):
    ValueError: the kernel does not fit: it spans 3 cells, but the padded input has only 2 (2 + 2 × 0); \
use a smaller kernel, a larger input, or padding of at least 1
    """
    return _places(
        "",
        whole(n, "n"),
        whole(kernel, "kernel"),
        whole(stride, "stride"),
        whole(padding, "padding", least=0),
        whole(dilation, "dilation"),
    )


def output_shape(
    shape: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """Return the output size (H', W') of a 2-D convolution; every argument is a checked pair (y, x).

    Raises
    ------
    ValueError
        When the kernel does not fit; the message names the axis.

    Examples
    --------
    >>> output_shape((7, 5), kernel=(3, 2), stride=(2, 1))
    (3, 4)
    """
    where = (" along the height", " along the width")
    axes = zip(where, shape, kernel, stride, padding, dilation, strict=True)
    height, width = (_places(*axis) for axis in axes)
    return height, width


def _places(where: str, n: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    span = dilation * (kernel - 1) + 1
    free = n + 2 * padding - span
    if free < 0:
        cells = f"{span} cells" if span > 1 else "1 cell"
        smaller = "kernel" if dilation == 1 else "kernel or dilation"
        raise ValueError(
            f"the kernel does not fit{where}: it spans {cells}, but the padded input has only "
            f"{n + 2 * padding} ({n} + 2 × {padding}); "
            f"use a smaller {smaller}, a larger input, or padding of at least {(span - n + 1) // 2}"
        )
    return free // stride + 1
