"""Look at what a convolution computes, and say what it lacks to be the linear layer it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import permutations
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..comparing import kind
from ..exercise import Unusable
from ..modules import state_of
from ..observing import Seen

Shape = tuple[int, int, int]
_ORDERS: dict[tuple[int, ...], str] = {
    (0, 1, 2): "kept",
    (0, 2, 1): "rows and columns",
    (1, 2, 0): "channels last",
    (2, 1, 0): "channels last",
    (1, 0, 2): "another order",
    (2, 0, 1): "another order",
}
_FLIPS = ((2, 3), (2,), (3,), (1, 2, 3), (1,))


def look(build: Callable[..., Any], linear: nn.Linear, in_shape: Shape, more: tuple[int, int]) -> Seen:
    """Call the answer and return the first thing that is not as wanted, or that all is.

    ``more`` rows and columns are added for the maps over which the convolution slides.
    """
    matrix, before = linear.weight.detach().clone(), state_of(linear)
    biases = None if linear.bias is None else linear.bias.detach().clone()
    conv = build(linear, in_shape)
    if not isinstance(conv, nn.Conv2d):
        return _another_kind(conv)
    if state_of(linear) != before:
        return Seen("changed", "a convolution, but the linear layer was changed")
    with torch.no_grad():
        if any(is_lazy(weight) for weight in conv.parameters()):
            with suppress(Exception):  # gives a lazy layer its sizes
                conv(torch.zeros(1, *in_shape))
        return (
            _sizes(conv, (len(matrix), *in_shape))
            or _numbers(conv, matrix, biases, in_shape)
            or _sliding(conv, matrix, biases, in_shape, more)
            or Seen("as wanted", "the numbers of the linear layer, at every position")
        )


def _another_kind(value: Any) -> Seen:
    if isinstance(value, type):
        raise Unusable(f"You returned the class {value.__name__} itself: build a layer by calling it.")
    if isinstance(value, nn.Module):
        return Seen("another layer", f"{type(value).__name__}, not nn.Conv2d")
    return Seen("no layer", kind(value))


def _sizes(conv: nn.Conv2d, wanted: tuple[int, ...]) -> Seen | None:
    """Compare the weights, and what the layer says of itself, with kernels as large as the maps."""
    real = tuple(conv.weight.shape)
    said = (conv.out_channels, conv.in_channels // conv.groups, *conv.kernel_size)
    if conv.groups > 1:
        return Seen("groups", f"groups={conv.groups}")
    for shape in (real, said):
        if shape != wanted:
            text = f"weights of shape {list(real)}"
            if said != real:
                text += f" in a layer that calls itself {conv}"
            return Seen(_size_problem(shape, wanted), text)
    if any(conv._reversed_padding_repeated_twice):  # also right for padding="same"
        return Seen("padded", f"padding={conv.padding}")
    if any(size > 1 and step > 1 for size, step in zip(conv.kernel_size, conv.dilation, strict=True)):
        return Seen("dilated", f"dilation={conv.dilation}")
    return None


def _size_problem(shape: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    outputs, channels, *size = wanted
    if len(shape) != 4:
        return "axes"
    if shape[2:] == (1, 1) != tuple(size):
        return "one cell"
    if shape[:2] == (channels, outputs) != (outputs, channels):
        return "channels swapped"
    if list(shape[2:]) != size:
        return "kernel"
    return "inputs" if shape[0] == outputs else "outputs"


def _numbers(conv: nn.Conv2d, matrix: Tensor, biases: Tensor | None, in_shape: Shape) -> Seen | None:
    """Find kernel and bias from what comes out for single ones and for nothing, and compare them."""
    dtype = conv.weight.dtype
    if not dtype.is_floating_point:
        return Seen("rounded", f"weights of {dtype}")
    ones = torch.eye(matrix.shape[1], dtype=dtype)
    inputs = torch.cat([torch.zeros_like(ones[:1]), ones]).reshape(-1, *in_shape)
    out = conv(inputs)
    if tuple(out.shape) != (len(inputs), len(matrix), 1, 1):
        return Seen("shape", f"shape {list(out.shape)} for {len(inputs)} inputs of {list(in_shape)}")
    bias, kernel = out[0, :, 0, 0].float(), out[1:, :, 0, 0].float()
    kernel = (kernel - bias).T.reshape(-1, *in_shape)
    return _weights(kernel, matrix, in_shape) or _bias(bias, biases)


def _weights(kernel: Tensor, matrix: Tensor, in_shape: Shape) -> Seen | None:
    wanted = matrix.reshape(-1, *in_shape)
    if _close(kernel, wanted):
        return None
    for what, arranged in _arrangements(matrix, in_shape):
        if _close(kernel, arranged, 0.01):
            return Seen(what, f"weights in another order: {what}")
    if _close(kernel.flatten(1).sort().values, matrix.sort().values):
        return Seen("another order", "the right weights for each output, in another order")
    if _close(kernel.flatten().sort().values, matrix.flatten().sort().values):
        return Seen("mixed", "the weights of one output in the kernel of another")
    off = f"weights that differ by up to {(kernel - wanted).abs().max():.3g}"
    if _close(kernel, wanted, 0.02):
        return Seen("rounded", off)
    factor = float((kernel * wanted).sum() / (wanted * wanted).sum())
    if factor != 0 and _close(kernel / factor, wanted):
        return Seen("scaled", f"{factor:.3g} times the right weights")
    return Seen("not copied", off)


def _arrangements(matrix: Tensor, in_shape: Shape) -> Iterator[tuple[str, Tensor]]:
    """Yield the weights in wrong orders, with the name of each; some coincide on small maps."""
    wanted = matrix.reshape(-1, *in_shape)
    for order in permutations(range(3)):
        there = matrix.reshape(-1, *(in_shape[axis] for axis in order))
        yield _ORDERS[order], there.permute(0, *(1 + order.index(axis) for axis in range(3)))
    for axes in _FLIPS:
        yield "flipped", wanted.flip(axes)
    yield "transposed", matrix.T.reshape(wanted.shape)


def _bias(bias: Tensor, biases: Tensor | None) -> Seen | None:
    wanted = torch.zeros_like(bias) if biases is None else biases
    if _close(bias, wanted):
        return None
    if biases is None:
        return Seen("bias too many", "a bias where the linear layer has none")
    if not bias.any():
        return Seen("no bias", "the right weights without the bias")
    if _close(bias, wanted, 0.02):
        return Seen("rounded", "a bias that is not exact")
    return Seen("other bias", "the right weights with another bias")


def _sliding(
    conv: nn.Conv2d, matrix: Tensor, biases: Tensor | None, in_shape: Shape, more: tuple[int, int]
) -> Seen | None:
    """Compare every position on larger maps with the linear layer on that window."""
    channels, height, width = in_shape
    rows, columns = more
    generator = torch.Generator().manual_seed(0)
    maps = torch.rand(2, channels, height + rows, width + columns, generator=generator)
    windows = maps.unfold(2, height, 1).unfold(3, width, 1).permute(0, 2, 3, 1, 4, 5)
    expected = nn.functional.linear(windows.flatten(3), matrix, biases).permute(0, 3, 1, 2)
    out = conv(maps.to(conv.weight.dtype)).float()
    if out.shape != expected.shape:
        return Seen("stride", f"on larger maps shape {list(out.shape)} where {list(expected.shape)} fit")
    if not _close(out, expected):
        return Seen("windows", "on larger maps another result than the linear layer's on each window")
    return None


def _close(a: Tensor, b: Tensor, within: float = 1e-3) -> bool:
    return bool((a - b).abs().max() < within)
