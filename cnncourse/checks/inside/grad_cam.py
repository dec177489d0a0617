"""Exercise 5.2: which places in a layer's maps speak for a class."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..exercise import Exercise
from .grad_cam_mistakes import MISTAKES
from .networks import (
    blocks,
    chain,
    hooks_left,
    joined_by_a_graph,
    mode_left,
    numbered,
    pictures,
    probe,
    second_call,
)


def grad_cam(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
    """Return the layer's maps, weighted by their mean gradient and summed, without what is negative: [h, w].

    Source: Selvaraju et al. 2017, *Grad-CAM*, equations 1 and 2.

    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5))
    >>> grad_cam(model, "1", torch.zeros(1, 1, 5, 6), class_index=4).shape
    torch.Size([3, 4])
    """
    outputs: list[Tensor] = []

    def keep(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        outputs.append(output)
        return output.clone()  # a later in-place ReLU would overwrite the output itself

    hook = model.get_submodule(layer_name).register_forward_hook(keep)
    try:
        with torch.enable_grad():
            logits = model(x)
    finally:
        hook.remove()
    (gradient,) = torch.autograd.grad(logits[0, class_index], outputs[-1])
    weights = gradient.mean((2, 3), keepdim=True)  # eq. 1: [1, K, 1, 1]
    return (weights * outputs[-1]).sum(1).relu()[0].detach()  # eq. 2: [1, K, h, w] -> [h, w]


EXERCISE = Exercise(
    name="grad_cam",
    number="5.2",
    signature="grad_cam(model, layer_name, x, class_index) -> a tensor [h, w], for x of [1, C, H, W]",
    reference=grad_cam,
    probes=(
        probe("the class with the largest logit", chain(), "conv2", pictures(), 0),
        probe("another class", chain(), "conv2", pictures(), 1, drive=joined_by_a_graph),
        probe("a ReLU, the third class", chain(), "relu2", pictures(seed=2), 2),
        probe("the first layer", chain(3), "conv1", pictures(seed=4), 1),
        probe("a layer in a block", blocks(), "block1.relu", pictures(seed=5), 2),
        probe("a pooling", blocks(), "block2.pool", pictures(seed=6), 1),
        probe("a network that ends in a mean", numbered(), "3", pictures(seed=7), 0),
        probe("a class that no place speaks for: 0 everywhere", numbered(), "3", pictures(seed=7), 1),
        probe("hooks afterwards", blocks(), "block2.conv", pictures(), 1, drive=hooks_left),
        probe("a model in train mode, afterwards", chain().train(), "conv2", pictures(), 2, drive=mode_left),
        probe("a model in eval mode, afterwards", chain(), "conv2", pictures(), 0, drive=mode_left),
        probe("a second call, with another picture", chain(), "conv2", pictures(), 1, drive=second_call),
    ),
    misconceptions=MISTAKES,
    hints=(
        "You need the maps and the logits of one and the same pass: a hook keeps the output (do not detach "
        "it), and model(x) gives the logits. Remove the hook.",
        "With (gradient,) = torch.autograd.grad(logits[0, class_index], maps) you get the shape of the maps, "
        "[1, K, h, w]. Equation 1 takes its mean over h and w: one weight per map.",
        "With keepdim=True the weights are [1, K, 1, 1] and multiply the maps. Sum over the maps (axis 1), "
        "then ReLU, then take away the batch axis: [0].",
    ),
)
