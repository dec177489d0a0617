"""Exercise 4.2: the L2 penalty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...training.penalty import l2_penalty
from ..exercise import Exercise, Probe, Unusable
from ..observing import Seen
from .l2_penalty_mistakes import MISTAKES


def _filled(model: nn.Module, start: float = 0.5) -> nn.Module:
    """Give every parameter numbers of its own, of both signs, none of them 0."""
    value = start
    with torch.no_grad():
        for parameter in model.parameters():
            flat = parameter.view(-1)
            for place in range(len(flat)):
                flat[place] = value
                value = round(-value - 0.25 if value > 0 else -value + 0.25, 2)
                value = value if abs(value) < 2 else start
    return model


class _Named(nn.Module):
    """A network whose layers have names and stand in parts of parts."""

    def __init__(self) -> None:
        """Build the parts."""
        super().__init__()
        self.features = nn.Sequential(
            nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.ReLU()), nn.Flatten()
        )
        self.head = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores."""
        return self.head(self.features(x))


def _linear() -> nn.Module:
    return _filled(nn.Linear(3, 2))


def _two_layers() -> nn.Module:
    return _filled(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)))


def _conv_and_norm() -> nn.Module:
    return _filled(
        nn.Sequential(nn.Conv2d(1, 2, (1, 2)), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(2, 2))
    )


def _one_number(value: Any) -> Any:
    """Let a tensor of shape [1] stand for its number: it can be added to a loss just as well.

    Python's sum() over no weights at all is the int 0, where another style has a tensor.
    """
    if isinstance(value, list):
        return tuple(value)
    if type(value) is int and value == 0:
        return torch.zeros(())
    return value.reshape(()) if isinstance(value, Tensor) and value.numel() == 1 else value


def _gradients(l2_penalty: Callable[..., Any], model: nn.Module) -> Any:
    """Return the gradient of the penalty for each weight and bias, in one row."""
    penalty = _one_number(l2_penalty(model))
    if isinstance(penalty, Tensor) and penalty.numel() == 1 and not penalty.requires_grad and penalty == 0:
        return Seen("empty", "0, which comes from no weight at all")
    if not isinstance(penalty, Tensor):
        return Seen("cut", "a number without a way back to the weights")
    if penalty.numel() != 1:
        return Seen("several", f"a tensor of shape {list(penalty.shape)}")
    if not penalty.requires_grad:
        return Seen("cut", "a tensor without a way back to the weights")
    if not penalty.is_floating_point():
        raise Unusable(f"Expected a tensor with one real number, got dtype {penalty.dtype}.")
    model.zero_grad()
    penalty.sum().backward()
    return torch.cat(
        [
            torch.zeros(weight.numel()) if weight.grad is None else weight.grad.flatten()
            for weight in model.parameters()
        ]
    )


def _value(note: str, model: nn.Module) -> Probe:
    return Probe((model,), observe=_one_number, note=note)


EXERCISE = Exercise(
    name="l2_penalty",
    number="4.2",
    signature="l2_penalty(model) -> a tensor with one number, to be added to the loss",
    reference=l2_penalty,
    probes=(
        _value("one linear layer", _linear()),
        _value("two linear layers", _two_layers()),
        _value("a convolution, batch norm and a linear layer", _conv_and_norm()),
        _value("layers inside of layers", _filled(_Named(), start=0.75)),
        _value("no biases", _filled(nn.Sequential(nn.Conv2d(1, 2, 2, bias=False), nn.Flatten()), start=1.25)),
        Probe((_two_layers(),), drive=_gradients, note="the gradient for each weight and bias"),
        Probe((_conv_and_norm(),), drive=_gradients, note="the gradient, with batch norm"),
    ),
    misconceptions=MISTAKES,
    hints=(
        "All tensors that are trained, wherever they stand, come from model.parameters(). Which of them "
        "are weights? Look at their shapes: parameter.ndim.",
        "A kernel bank has 4 axes, the matrix of a linear layer 2. A bias has 1, and so have the scale and "
        "the shift of batch norm. For one weight tensor: square every number, then sum.",
        "Add up (parameter ** 2).sum() over those with ndim > 1. Use the parameters themselves: .data, "
        ".detach() and .item() cut the way that gradients take.",
    ),
)
