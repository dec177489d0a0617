"""Weight decay: which parameters it concerns, and the penalty that it comes from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def is_weight(parameter: Tensor) -> bool:
    """Whether a parameter is a weight: biases and the scales of norm layers are vectors, weights are not."""
    return parameter.ndim > 1


def l2_penalty(model: nn.Module) -> Tensor:
    """Return the sum of the squares of all weights, biases and norm parameters left out.

    Its gradient with respect to a weight w is 2w, so that adding λ times the penalty to the loss makes
    plain gradient descent subtract 2λ·lr·w in each step: the weight decays.

    Source: Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 7.1.1.

    Examples
    --------
    >>> layer = nn.Linear(3, 2)
    >>> nn.init.constant_(layer.weight, 2.0).shape
    torch.Size([2, 3])
    >>> l2_penalty(layer).item()
    24.0
    """
    weights = [parameter.square().sum() for parameter in model.parameters() if is_weight(parameter)]
    return torch.stack(weights).sum() if weights else torch.zeros(())


def decay_weights_only(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return parameter groups for an optimizer: weights decay, biases and norm parameters do not."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trained if is_weight(p)], "weight_decay": weight_decay},
        {"params": [p for p in trained if not is_weight(p)], "weight_decay": 0.0},
    ]
