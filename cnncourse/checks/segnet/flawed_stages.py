"""Stages of SegNet with something wrong about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Build = Callable[[int, int, int], Any]
Plan = Callable[[int, int, int], list[tuple[int, int]]]  # channels from and to, for each convolution
Make = Callable[[int, int], nn.Module]


def first_changes(inputs: int, outputs: int, convs: int) -> list[tuple[int, int]]:
    """Let the first convolution go to the new channels: right in the encoder."""
    return [(inputs, outputs), *[(outputs, outputs)] * (convs - 1)]


def last_changes(inputs: int, outputs: int, convs: int) -> list[tuple[int, int]]:
    """Let the last convolution go to the new channels: right in the decoder."""
    return [*[(inputs, inputs)] * (convs - 1), (inputs, outputs)]


def none_changes(inputs: int, outputs: int, convs: int) -> list[tuple[int, int]]:
    """Make all convolutions alike, so that they do not fit one behind the other."""
    return [(inputs, outputs)] * convs


def turned(plan: Plan) -> Plan:
    """Swap input and output channels."""
    return lambda inputs, outputs, convs: plan(outputs, inputs, convs)


def counted(plan: Plan, count: Callable[[int], int]) -> Plan:
    """Make another number of convolutions."""
    return lambda inputs, outputs, convs: plan(inputs, outputs, count(convs))


def conv(**options: Any) -> Make:
    """Return a maker of convolutions, 3×3 and padded unless ``options`` say otherwise."""
    return lambda inputs, outputs: nn.Conv2d(inputs, outputs, **{"kernel_size": 3, "padding": 1, **options})


padded = conv()


class Layers(nn.Module):
    """Convolutions with what belongs to them, one after the other.

    ``order`` has a letter for each part of a block: convolution, batch norm, ReLU. ``last`` is the order of
    the last block, where it is another.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[int, int]],
        order: str = "cbr",
        last: str | None = None,
        make: Make = padded,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
        activation: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        """Build the blocks."""
        super().__init__()
        self.blocks = nn.ModuleList()
        for number, (inputs, outputs) in enumerate(pairs, start=1):
            letters = last if last is not None and number == len(pairs) else order
            block, channels = nn.Sequential(), inputs
            for letter in letters:
                if letter == "c":
                    block.append(make(inputs, outputs))
                    channels = outputs
                else:
                    block.append(norm(channels) if letter == "b" else activation())
            self.blocks.append(block)

    def forward(self, x: Tensor) -> Tensor:
        """Let it through all blocks."""
        for block in self.blocks:
            x = block(x)
        return x


class _Using(nn.Module):
    def __init__(self, layers: nn.Module, function: Callable[..., Any]) -> None:
        super().__init__()
        self.layers = layers
        self.function = function


class Encoder(_Using):
    """Layers, and a function that uses them: forward(x) is ``function(layers, x)``."""

    def forward(self, x: Tensor) -> Any:
        """Use the layers."""
        return self.function(self.layers, x)


class Decoder(_Using):
    """The same for three inputs."""

    def forward(self, x: Tensor, indices: Tensor, size: torch.Size) -> Any:
        """Use the layers."""
        return self.function(self.layers, x, indices, size)


def pool(x: Tensor, size: int = 2, **options: Any) -> tuple[Tensor, Tensor]:
    """Pool, and say where the maxima were."""
    return F.max_pool2d(x, size, return_indices=True, **options)


def pooled(layers: nn.Module, x: Tensor) -> tuple[Any, ...]:
    """Do what the encoder does."""
    x = layers(x)
    return *pool(x), x.shape[-2:]


def unpool(x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    """Put each value where its maximum was."""
    return F.max_unpool2d(x, indices, [2, 2], output_size=list(size))


def unpooled(layers: nn.Module, x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    """Do what the decoder does."""
    return layers(unpool(x, indices, size))


def encoder(function: Callable[..., Any] = pooled, plan: Plan = first_changes, **options: Any) -> Build:
    """Return a builder of stages that use their layers in this way; ``options`` are those of ``Layers``."""
    return lambda *sizes: Encoder(Layers(plan(*sizes), **options), function)


def decoder(function: Callable[..., Any] = unpooled, plan: Plan = last_changes, **options: Any) -> Build:
    """Return a builder of stages that use their layers in this way; ``options`` are those of ``Layers``."""
    return lambda *sizes: Decoder(Layers(plan(*sizes), **options), function)
