"""Exercise 6.1: a linear layer as a convolution. What it computes counts, not how."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from ...models import linear_to_conv
from ..exercise import Exercise, Probe
from .conversion_looks import Shape, look
from .conversion_mistakes import MISTAKES


def _linear(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    """Return a linear layer whose weights all differ, so that each can be found again."""
    layer, generator = nn.Linear(inputs, outputs, bias=bias), torch.Generator().manual_seed(inputs)
    count = inputs * outputs
    with torch.no_grad():
        layer.weight.copy_((torch.randperm(count, generator=generator) - 0.4 * count).view(outputs, inputs))
        layer.weight.mul_(4 / count)
        if bias:
            layer.bias.copy_(torch.arange(1.0, outputs + 1) * 0.75 - 2)
    return layer


def _probe(note: str, shape: Shape, outputs: int, more: tuple[int, int], bias: bool = True) -> Probe:
    channels, height, width = shape
    args = (_linear(channels * height * width, outputs, bias), shape)
    return Probe(args, drive=partial(look, more=more), note=note)


EXERCISE = Exercise(
    name="linear_to_conv",
    number="6.1",
    signature="linear_to_conv(linear, in_shape=(C, H, W)) -> nn.Conv2d that computes the same on C×H×W maps",
    reference=linear_to_conv,
    probes=(
        _probe("2 maps of 3×4, and larger ones", (2, 3, 4), 5, (2, 3)),
        _probe("square maps of 3×3", (2, 3, 3), 4, (1, 2)),
        _probe("one map, higher than wide", (1, 4, 2), 2, (3, 1)),
        _probe("maps of a single cell", (4, 1, 1), 3, (2, 2)),
        _probe("a linear layer without bias", (2, 2, 3), 3, (1, 1), bias=False),
        _probe("as many outputs as maps", (2, 2, 2), 2, (2, 2)),
        _probe("a map of 7×7", (1, 7, 7), 2, (3, 0)),
    ),
    misconceptions=MISTAKES,
    hints=(
        "One output of the linear layer is a weighted sum over all C · H · W numbers. Which kernel makes a "
        "convolution sum over all of them at once, and how many such kernels are there?",
        "Flattening goes through the channels, in each through the rows, in each through the columns. So the "
        "row of weights of one output takes the shape (C, H, W) as it stands.",
        "Build nn.Conv2d(C, linear.out_features, kernel_size=(H, W), bias=linear.bias is not None), then "
        "copy linear.weight.view(-1, C, H, W) and the bias into it, inside `with torch.no_grad():`.",
    ),
)
