"""Blocks of the way up that are wrong about being modules."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...models import center_crop
from ...models.unet import UpBlock


def _finished(layers: list[nn.Module], x: Tensor, skip: Tensor) -> Tensor:
    up, first, second = layers
    x = up(x)
    x = torch.cat([center_crop(skip, *x.shape[-2:]), x], 1)
    return second(first(x).relu()).relu()


def _three(inputs: int, outputs: int) -> list[nn.Module]:
    return [
        nn.ConvTranspose2d(inputs, inputs // 2, 2, stride=2),
        nn.Conv2d(inputs, outputs, 3),
        nn.Conv2d(outputs, outputs, 3),
    ]


class Anew(nn.Module):
    """Makes its layers in each pass; ``kept`` says whether it registers them."""

    def __init__(self, inputs: int, outputs: int, kept: bool = False) -> None:
        """Note the sizes only."""
        super().__init__()
        self.sizes, self.kept = (inputs, outputs), kept

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Make the layers and use them."""
        layers = _three(*self.sizes)
        if self.kept:
            self.layers = nn.ModuleList(layers)
        return _finished(layers, x, skip)


class Listed(nn.Module):
    """Keeps its layers where torch does not look."""

    def __init__(self, inputs: int, outputs: int, up_too: bool = True) -> None:
        """Make the layers."""
        super().__init__()
        self.layers = _three(inputs, outputs)
        if not up_too:
            self.up = self.layers[0]

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Use them."""
        return _finished(self.layers, x, skip)


class OneInput(UpBlock):
    """Takes both as one pair."""

    def forward(self, pair: Any) -> Tensor:  # type: ignore[override]
        """Take it apart."""
        return super().forward(*pair)


class TurnedInputs(UpBlock):
    """Takes the skip first."""

    def forward(self, skip: Tensor, x: Tensor) -> Tensor:  # type: ignore[override]
        """Turn the two around."""
        return super().forward(x, skip)


def frozen(block: nn.Module) -> nn.Module:
    """Keep all weights as they are."""
    return block.requires_grad_(False)
