"""What a network says to an image that it cannot take: what came, what is expected, what to do."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..ops.sizes import pair


def image_size(size: int | tuple[int, int], least: int) -> tuple[int, int]:
    """Return ``size`` as (height, width), or raise a ValueError when one is smaller than ``least``.

    Examples
    --------
    >>> image_size(28, least=4)
    (28, 28)
    """
    height, width = pair(size, "size")
    if min(height, width) < least:
        raise ValueError(
            f"size is {height}×{width}; expected at least {least}×{least}, or the last maps are empty: "
            f"the nearest that works is {max(height, least)}×{max(width, least)}"
        )
    return height, width


def check_exact(x: Tensor, in_channels: int, size: tuple[int, int]) -> None:
    """Raise a ValueError unless ``x`` is [N, in_channels, *size].

    Examples
    --------
    >>> import torch
    >>> check_exact(torch.zeros(1, 3, 28, 29), 3, (28, 28))
    Traceback (most recent call last):
    ValueError: the input is 1×3×28×29; expected N×3×28×28: resize or crop the images to 28×28, \
or build the network with size=(28, 29)
    """
    height, width = size
    expected = f"N×{in_channels}×{height}×{width}"
    check_axes(x, in_channels, expected)
    if tuple(x.shape[2:]) != size:
        raise ValueError(
            f"the input is {_shape(x)}; expected {expected}: resize or crop the images to {height}×{width}, "
            f"or build the network with size={tuple(x.shape[2:])}"
        )


def check_at_least(x: Tensor, in_channels: int, least: tuple[int, int]) -> None:
    """Raise a ValueError unless ``x`` is [N, in_channels, H, W] with H and W of at least ``least``.

    Examples
    --------
    >>> import torch
    >>> check_at_least(torch.zeros(1, 3, 20, 50), 3, (32, 32))
    Traceback (most recent call last):
    ValueError: the input is 1×3×20×50; expected N×3×H×W with H at least 32 and W at least 32: \
the nearest size that works is 32×50
    """
    height, width = least
    expected = f"N×{in_channels}×H×W with H at least {height} and W at least {width}"
    check_axes(x, in_channels, expected)
    if x.shape[2] < height or x.shape[3] < width:
        nearest = f"{max(x.shape[2], height)}×{max(x.shape[3], width)}"
        raise ValueError(
            f"the input is {_shape(x)}; expected {expected}: the nearest size that works is {nearest}"
        )


def check_sizes(
    x: Tensor, in_channels: int, nearest: Callable[[int], tuple[int | None, int]], expected: str
) -> None:
    """Raise a ValueError unless ``nearest`` finds that H and W of ``x`` [N, in_channels, H, W] work.

    Parameters
    ----------
    x, in_channels
        What came, and the channels it should have.
    nearest
        From a size to the nearest that work, the one up to it (or None) and the one from it on.
    expected
        Completes "H and W ...".

    Examples
    --------
    >>> import torch
    >>> def even(n):
    ...     return n - n % 2, n + n % 2
    >>> check_sizes(torch.zeros(1, 3, 7, 8), 3, even, "that are even")
    Traceback (most recent call last):
    ValueError: the input is 1×3×7×8; expected N×3×H×W with H and W that are even: H=7 does not work, \
6 and 8 do
    """
    shape = f"N×{in_channels}×H×W with H and W {expected}"
    check_axes(x, in_channels, shape)
    wrong = []
    for axis, n in zip("HW", x.shape[2:], strict=True):
        below, above = nearest(n)
        if n not in (below, above):
            works = f"{above} is the smallest that does" if below is None else f"{below} and {above} do"
            wrong.append(f"{axis}={n} does not work, {works}")
    if wrong:
        raise ValueError(f"the input is {_shape(x)}; expected {shape}: {'; '.join(wrong)}")


def check_axes(x: Tensor, in_channels: int, expected: str) -> None:
    """Raise a ValueError, with the ``expected`` shape in words, unless ``x`` is [N, in_channels, H, W]."""
    if x.ndim != 4:
        remedy = "add the batch axis with x[None]" if x.ndim == 3 else "pass a batch of images"
    elif x.shape[1] != in_channels:
        remedy = f"convert the images, or build the network with in_channels={x.shape[1]}"
    else:
        return
    raise ValueError(f"the input is {_shape(x)}; expected {expected}: {remedy}")


def _shape(x: Tensor) -> str:
    return "×".join(map(str, x.shape)) or "a single number"
