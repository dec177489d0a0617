"""Networks with something wrong about them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

Build = Callable[..., nn.Module]
Layer = Callable[[], nn.Module]


class _Linear(nn.Linear):
    """A layer that starts with equal weights: to draw them takes the longest of all."""

    def reset_parameters(self) -> None:
        """Draw nothing; torch's own skip_init would load its meta device first, for a second or two."""
        for weight in self.parameters():
            nn.init.constant_(weight, 0.01)


def pool() -> nn.Module:
    """Return the right pooling."""
    return nn.MaxPool2d(2)


def network(
    features: int | None = 32 * 13 * 13,
    conv: dict[str, Any] | None = None,
    between: tuple[Layer, ...] = (nn.ReLU, pool),
    flatten: Layer = nn.Flatten,
    bias: bool = True,
    classes: int | None = None,
    after: tuple[Layer, ...] = (),
) -> Build:
    """Return a builder of networks: convolution, what stands between, flatten, linear, what follows.

    ``features=None`` gives the linear layer as many weights as numbers arrive.
    """

    def build(num_classes: int = 10) -> nn.Module:
        options = {"in_channels": 1, "out_channels": 32, "kernel_size": 3, **(conv or {})}
        body = nn.Sequential(nn.Conv2d(**options), *(make() for make in between), flatten())
        size = (
            body(torch.zeros(2, options["in_channels"], 28, 28)).shape[-1] if features is None else features
        )
        return nn.Sequential(*body, _Linear(size, classes or num_classes, bias), *(make() for make in after))

    return build


def fitting(**options: Any) -> Build:
    """Return a builder whose linear layer takes as many numbers as arrive."""
    return network(features=None, **options)


class _Apply(nn.Module):
    """Any function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        """Keep the function."""
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Call it."""
        return self.function(x)


def apply(function: Callable[[Tensor], Tensor]) -> Layer:
    """Return a function as a layer to be made."""
    return lambda: _Apply(function)


def softmax() -> nn.Module:
    """Return a layer that the network should not have."""
    return nn.Softmax(dim=1)


def dense(*sizes: int) -> Build:
    """Return a builder of networks without a convolution."""

    def build(num_classes: int = 10) -> nn.Module:
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in zip((784, *sizes), sizes, strict=False):
            layers += [_Linear(inputs, outputs), nn.ReLU()]
        return nn.Sequential(*layers, _Linear((784, *sizes)[-1], num_classes))

    return build


def with_second_convolution() -> tuple[Layer, ...]:
    """Return what stands between the first convolution and flatten in a deeper network."""
    return nn.ReLU, pool, lambda: nn.Conv2d(32, 64, 3), nn.ReLU, pool


def hidden(width: int, features: int = 32 * 13 * 13) -> Build:
    """Return a builder of networks with two linear layers."""
    return network(between=(nn.ReLU, pool, nn.Flatten, lambda: _Linear(features, width)), features=width)


def frozen(num_classes: int = 10) -> nn.Module:
    """Return a network whose weights cannot learn."""
    return network()(num_classes).requires_grad_(False)


def half_frozen(num_classes: int = 10) -> nn.Module:
    """Return a network whose convolution cannot learn."""
    model = network()(num_classes)
    model.get_submodule("0").requires_grad_(False)
    return model


def in_order(*names: str) -> Build:
    """Return a builder of the right layers in another order."""

    def build(num_classes: int = 10) -> nn.Module:
        layers = {
            "conv": nn.Conv2d(1, 32, 3),
            "relu": nn.ReLU(),
            "pool": pool(),
            "flatten": nn.Flatten(),
            "linear": _Linear(32 * 13 * 13, num_classes),
        }
        return nn.Sequential(*(layers[name] for name in names))

    return build


def turned_around(num_classes: int = 10) -> nn.Module:
    """Return a network whose linear layer has inputs and outputs swapped."""
    body = in_order("conv", "relu", "pool", "flatten")()
    return nn.Sequential(body, _Linear(num_classes, 32 * 13 * 13))


def listed(num_classes: int = 10) -> nn.Module:
    """Return a network whose layers stand in a list, where torch does not find them."""
    return apply(network()(num_classes).forward)()


def partly_listed(num_classes: int = 10) -> nn.Module:
    """Return a network that knows its convolution only."""
    conv, *rest = network()(num_classes).children()
    return nn.Sequential(conv, apply(nn.Sequential(*rest).forward)())


def made_in_forward(num_classes: int = 10) -> nn.Module:
    """Return a network that draws a new linear layer for each batch."""
    last = apply(lambda x: nn.Linear(x.shape[1], num_classes)(x))()
    return nn.Sequential(*list(network()(num_classes).children())[:-1], last)


@cache
def once(num_classes: int = 10) -> nn.Module:
    """Return the same network in every call."""
    return network()(num_classes)
