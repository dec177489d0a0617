"""Build convolutions out of linear layers in wrong ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...models import linear_to_conv
from .conversion_looks import Shape

Build = Callable[[nn.Linear, Shape], Any]
Arrange = Callable[[Tensor, Shape], Tensor]
SetBias = Callable[[nn.Conv2d, nn.Linear], None]
Put = Callable[[nn.Conv2d, Tensor, Shape], None]


def in_order(matrix: Tensor, shape: Shape) -> Tensor:
    """Give each row of weights the shape (C, H, W), as is right."""
    return matrix.reshape(-1, *shape)


def bias_copied(conv: nn.Conv2d, linear: nn.Linear) -> None:
    """Copy the bias, or have none, as is right."""
    conv.bias = None if linear.bias is None else nn.Parameter(linear.bias.detach().clone())


def bias_dropped(conv: nn.Conv2d, linear: nn.Linear) -> None:
    """Have no bias."""
    conv.bias = None


def bias_fresh(conv: nn.Conv2d, linear: nn.Linear) -> None:
    """Leave what the convolution was built with."""


def bias_asked_for(conv: nn.Conv2d, linear: nn.Linear) -> None:
    """Have a bias where the linear layer has one, with what the convolution was built with."""
    if linear.bias is None:
        conv.bias = None


def bias_if_there_is_one(conv: nn.Conv2d, linear: nn.Linear) -> None:
    """Copy the bias, and forget to take the convolution's away where there is none."""
    if linear.bias is not None:
        bias_copied(conv, linear)


def bias_data(conv: nn.Conv2d, linear: nn.Linear) -> None:
    """Copy what may be None."""
    conv.bias.data = linear.bias.data.clone()  # type: ignore[union-attr]


def bias_copy(conv: nn.Conv2d, linear: nn.Linear) -> None:
    """Copy what may be None, in place."""
    with torch.no_grad():
        conv.bias.copy_(linear.bias)  # type: ignore[union-attr]


def bias_loaded(conv: nn.Conv2d, linear: nn.Linear) -> None:
    """Load what may be None."""
    conv.load_state_dict({"weight": conv.weight, "bias": linear.bias})


def other_bias(change: Callable[[Tensor], Tensor]) -> SetBias:
    """Put a changed bias."""

    def put(conv: nn.Conv2d, linear: nn.Linear) -> None:
        conv.bias = None if linear.bias is None else nn.Parameter(change(linear.bias.detach()))

    return put


def built(
    arrange: Arrange = in_order, bias: SetBias = bias_copied, **options: Callable[[Shape], Any]
) -> Build:
    """Return a builder of a convolution whose size is that of the arranged weights.

    ``options`` of nn.Conv2d depend on the shape of the maps.
    """

    def build(linear: nn.Linear, shape: Shape) -> nn.Conv2d:
        kernel = arrange(linear.weight.detach(), shape)
        outputs, channels, height, width = kernel.shape
        conv = nn.Conv2d(channels, outputs, (height, width), **{k: of(shape) for k, of in options.items()})
        conv.weight.data = kernel.clone()
        bias(conv, linear)
        return conv

    return build


def sized(
    size: Callable[[Shape], Any], put: Put, bias: SetBias = bias_copied, swapped: bool = False
) -> Build:
    """Return a builder of a convolution of another size, into which ``put`` brings the weights if it can."""

    def build(linear: nn.Linear, shape: Shape) -> nn.Conv2d:
        channels = (shape[0], linear.out_features)
        conv = nn.Conv2d(*(channels[::-1] if swapped else channels), size(shape))
        put(conv, linear.weight.detach(), shape)
        bias(conv, linear)
        return conv

    return build


def fresh(side: int) -> Build:
    """Return a builder of a padded convolution as it stands in most networks, with weights of its own."""
    return lambda linear, shape: nn.Conv2d(shape[0], linear.out_features, side, padding=side // 2)


def replaced(conv: nn.Conv2d, matrix: Tensor, shape: Shape) -> None:
    """Put other weights in, whatever size the layer says it has."""
    conv.weight.data = in_order(matrix, shape).clone()


def copied(conv: nn.Conv2d, matrix: Tensor, shape: Shape) -> None:
    """Copy the right weights; an error unless they fit or can be repeated."""
    conv.weight.data.copy_(in_order(matrix, shape))


def reshaped(conv: nn.Conv2d, matrix: Tensor, shape: Shape) -> None:
    """Copy the weights in the size of the kernel; an error where their number is another."""
    conv.weight.data.copy_(matrix.reshape(-1, *conv.weight.shape[1:]))


def reshaped_outputs(conv: nn.Conv2d, matrix: Tensor, shape: Shape) -> None:
    """Copy the weights in the shape of those of the convolution."""
    conv.weight.data.copy_(matrix.reshape(conv.weight.shape))


def left(conv: nn.Conv2d, matrix: Tensor, shape: Shape) -> None:
    """Leave the weights as they were drawn."""


PUTS = (replaced, copied, reshaped, reshaped_outputs, left)


def kernel_of(shape: Shape) -> tuple[int, int]:
    """Return the size of the maps."""
    return shape[1:]


def back(*order: int) -> Arrange:
    """Read the weights as if flattening went through the axes C, H, W in this order."""

    def arrange(matrix: Tensor, shape: Shape) -> Tensor:
        there = matrix.reshape(-1, *(shape[axis] for axis in order))
        return there.permute(0, *(1 + order.index(axis) for axis in range(3)))

    return arrange


def flip(*axes: int) -> Arrange:
    """Flip the right kernels."""
    return lambda matrix, shape: in_order(matrix, shape).flip(axes)


def with_every_bias(*arrangements: Arrange) -> tuple[Build, ...]:
    """Return each with the bias copied, dropped and left as it was: the order is what matters more."""
    return tuple(
        built(arrange, bias) for arrange in arrangements for bias in (bias_copied, bias_dropped, bias_fresh)
    )


def then(change: Callable[[nn.Linear, nn.Conv2d, Shape], Any]) -> Build:
    """Do something to the linear layer after a right conversion."""

    def build(linear: nn.Linear, shape: Shape) -> nn.Conv2d:
        conv = linear_to_conv(linear, shape)
        change(linear, conv, shape)
        return conv

    return build


def reshaped_in_place(linear: nn.Linear, conv: nn.Conv2d, shape: Shape) -> None:
    """Share a parameter that the linear layer needs as a matrix."""
    linear.weight.data = linear.weight.data.view(-1, *shape)
    conv.weight = linear.weight


def biased_away(linear: nn.Linear, conv: nn.Conv2d, shape: Shape) -> None:
    """Fold the bias into the weights, in the linear layer itself."""
    linear.bias = None  # type: ignore[assignment]
    linear.weight.data.mul_(2)


def wrapped(*after: Callable[[], nn.Module]) -> Build:
    """Put the right convolution, and what follows it, into a network."""
    return lambda linear, shape: nn.Sequential(linear_to_conv(linear, shape), *(make() for make in after))
