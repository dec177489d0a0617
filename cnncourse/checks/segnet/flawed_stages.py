"""Stages of SegNet with something wrong about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
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


def others_from_inputs(inputs: int, outputs: int, convs: int) -> list[tuple[int, int]]:
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


class Layers(nn.Sequential):
    """Convolutions with what belongs to them; ``order`` has a letter for each part of a block."""

    def __init__(
        self,
        pairs: Sequence[tuple[int, int]],
        order: str = "cbr",
        last: str | None = None,
        make: Make = padded,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
        activation: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        """Build the blocks, the last one in an order of its own."""
        parts: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairs, start=1):
            blocks = last if last is not None and number == len(pairs) else order
            after_conv = False
            for letter in blocks:
                if letter == "c":
                    parts.append(make(inputs, outputs))
                elif letter == "b":
                    parts.append(norm(outputs if after_conv else inputs))
                else:
                    parts.append(activation())
                after_conv |= letter == "c"
        super().__init__(*parts)


class Applied(nn.Module):
    """Layers and a function that uses them: ``forward(*inputs)`` is ``function(layers, *inputs)``."""

    def __init__(self, layers: nn.Module, function: Callable[..., Any]) -> None:
        """Keep both."""
        super().__init__()
        self.layers = layers
        self.function = function


class Encoder(Applied):
    """One input."""

    def forward(self, x: Tensor) -> Any:
        """Use the layers."""
        return self.function(self.layers, x)


class Decoder(Applied):
    """Three inputs."""

    def forward(self, x: Tensor, indices: Tensor, size: torch.Size) -> Any:
        """Use the layers."""
        return self.function(self.layers, x, indices, size)


def pool(x: Tensor, size: int = 2, **options: Any) -> tuple[Tensor, Tensor]:
    """Pool and return the indices too."""
    return F.max_pool2d(x, size, return_indices=True, **options)


def pooled(layers: nn.Module, x: Tensor) -> tuple[Any, ...]:
    """Do all of it right."""
    x = layers(x)
    return *pool(x), x.shape[-2:]


def encoder(function: Callable[..., Any] = pooled, plan: Plan = first_changes, **options: Any) -> Build:
    """Return a builder of encoder stages: ``function(layers, x)`` says what is done with the layers."""
    return lambda inputs, outputs, convs: Encoder(Layers(plan(inputs, outputs, convs), **options), function)


def unpool(x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    """Put each value where its maximum was."""
    return F.max_unpool2d(x, indices, [2, 2], output_size=list(size))


def unpooled(layers: nn.Module, x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    """Do all of it right."""
    return layers(unpool(x, indices, size))


def decoder(function: Callable[..., Any] = unpooled, plan: Plan = last_changes, **options: Any) -> Build:
    """Return a builder of decoder stages: ``function(layers, x, indices, size)``."""
    return lambda inputs, outputs, convs: Decoder(Layers(plan(inputs, outputs, convs), **options), function)


def once(build: Build) -> Build:
    """Build one stage for all calls of these sizes."""
    return cache(build)
