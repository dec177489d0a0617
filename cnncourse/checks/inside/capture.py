"""Exercise 5.1: the output of any layer of a model."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..exercise import Exercise
from .capture_mistakes import MISTAKES
from .networks import (
    alike,
    blocks,
    chain,
    hooks_left,
    mode_left,
    nothing_noted,
    numbered,
    other_hook_kept,
    pictures,
    probe,
    second_call,
)


def capture(model: nn.Module, layer_name: str, x: Tensor) -> Tensor:
    """Return the output of the layer called ``layer_name``, such as "block2.conv", when ``model`` runs on x.

    >>> import torch
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten())
    >>> capture(model, "1", torch.zeros(2, 1, 5, 6)).shape
    torch.Size([2, 4, 3, 4])
    """
    outputs: list[Tensor] = []

    def keep(module: nn.Module, inputs: Any, output: Tensor) -> None:
        outputs.append(output.clone())  # a later in-place ReLU would overwrite the output itself

    hook = model.get_submodule(layer_name).register_forward_hook(keep)
    try:
        model(x)
    finally:
        hook.remove()
    return outputs[-1]


EXERCISE = Exercise(
    name="capture",
    number="5.1",
    signature="capture(model, layer_name, x) -> that layer's output, a tensor",
    reference=capture,
    probes=(
        probe("a convolution in the second block, two pictures", blocks(), "block2.conv", pictures(2)),
        probe("the first layer", blocks(), "block1.conv", pictures(2, seed=1), drive=nothing_noted),
        probe("a ReLU", chain(), "relu1", pictures(seed=2)),
        probe("a convolution that has its own name", chain(), "conv2", pictures(seed=3)),
        probe("a pooling", blocks(), "block2.pool", pictures(2, seed=4)),
        probe("the last layer", blocks(), "fc", pictures(2, seed=5)),
        probe("a layer with a number for a name", numbered(), "2", pictures(seed=6)),
        probe("a mean over all cells", numbered(), "4", pictures(2, seed=7)),
        probe("a name that is part of other names", alike(), "conv", pictures(2, seed=8)),
        probe("hooks afterwards", blocks(), "block2.conv", pictures(), drive=hooks_left),
        probe("a hook of somebody else", chain(), "conv2", pictures(), drive=other_hook_kept),
        probe("a model in train mode, afterwards", chain().train(), "conv2", pictures(), drive=mode_left),
        probe("a model in eval mode, afterwards", blocks(), "block1.relu", pictures(), drive=mode_left),
        probe("a second call, with another picture", chain(), "conv2", pictures(), drive=second_call),
    ),
    misconceptions=MISTAKES,
    hints=(
        "A hook cannot return the output to you. Let it append the output to a list that your function "
        "makes, and return what is in the list.",
        "Four steps: layer = model.get_submodule(layer_name), handle = layer.register_forward_hook(...), "
        "model(x), handle.remove(). The function for the hook takes (module, inputs, output).",
        "The list holds one output after the run: return its first entry, not the list. Whether the model "
        "is in train or eval mode is the caller's business: leave it alone.",
    ),
)
