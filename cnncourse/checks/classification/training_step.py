"""Exercise 3.4: one training step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from ..exercise import Exercise, Probe, Unusable
from ..observing import Seen
from .training_step_mistakes import MISTAKES

Step = Callable[..., Any]


def train_step(model: nn.Module, images: Tensor, labels: Tensor, optimizer: optim.Optimizer) -> float:
    """Change the model's weights once, so that the loss on this batch falls; return the loss before the step.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    >>> images, labels = torch.ones(3, 1, 2, 2), torch.tensor([0, 0, 1])
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> train_step(model, images, labels, optimizer) > train_step(model, images, labels, optimizer)
    True
    """
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


class Witness(nn.Module):
    """A layer that changes nothing and notes in which mode data went through it."""

    def __init__(self) -> None:
        """Start without notes."""
        super().__init__()
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        """Hand on the input."""
        self.modes.append(self.training)
        return x


def _noting_a_cut(drive: Step) -> Step:
    """Return what ``drive`` returns; where backward() finds nothing to go back through, say so."""

    def driven(*arguments: Any) -> Any:
        try:
            return drive(*arguments)
        except RuntimeError as error:
            if "does not require grad" not in str(error):
                raise
            return Seen("cut off", "an error: from this loss no way leads back to the weights")

    return driven


def _returned(train_step: Step, *arguments: Any) -> Any:
    return train_step(*arguments)


def _weights_after(steps: int, train_step: Step, model: nn.Sequential, images: Tensor, *rest: Any) -> Tensor:
    """Return the last layer's weights, its biases as a last column, after steps on different images."""
    for number in range(steps):
        train_step(model, images.roll(number, dims=-1), *rest)
    return _last_layer(model)


def _first_weights_after_one(train_step: Step, model: nn.Sequential, *batch: Any) -> Tensor:
    """Return the weights of the first layer, which the optimizer was not given."""
    train_step(model, *batch)
    return _table(model[1])


def _last_layer(model: nn.Sequential) -> Tensor:
    return _table(model[-1])


def _table(layer: Any) -> Tensor:
    if not isinstance(getattr(layer, "weight", None), Tensor) or not isinstance(layer.bias, Tensor):
        raise Unusable("After your step the model has lost weights. Leave changing them to optimizer.step().")
    return torch.cat([layer.weight, layer.bias[:, None]], dim=1)


def _mode_while_training(train_step: Step, model: nn.Sequential, *batch: Any) -> Seen:
    train_step(model, *batch)
    modes = cast(Witness, model[1]).modes
    if not modes:
        return Seen("unused", "no pass through the model")
    return Seen("train", "train mode") if all(modes) else Seen("eval", "eval mode during the step")


def _what_the_step_found(
    train_step: Step, model: nn.Module, images: Tensor, labels: Tensor, optimizer: Any
) -> Seen:
    """Look at the gradients right after each step, since a step may also be given a closure."""
    reached: list[bool] = []  # by a gradient, once for each weight
    found, reached_before = [], []
    for weight in model.parameters():
        weight.register_hook(lambda _: reached.append(True))

    def look(*_: Any) -> None:
        found.append(_gradients_in(model))
        reached_before.append(bool(reached))

    optimizer.register_step_post_hook(look)
    train_step(model, images, labels, optimizer)
    if any(found):
        return Seen("gradients", "a step along the gradients of the loss")
    if not found:
        return (
            Seen("unused", "gradients, but no step") if reached else Seen("neither", "no gradients, no step")
        )
    if any(reached_before):
        return Seen("lost", "a step without gradients, though they had been computed")
    if reached:
        return Seen("late", "a step without gradients: they were computed later")
    return Seen("none", "a step without gradients: none were computed")


def _gradients_in(model: nn.Module) -> bool:
    return any(weight.grad is not None and bool(weight.grad.any()) for weight in model.parameters())


def _layer(weights: list[list[float]], biases: list[float]) -> nn.Linear:
    layer = nn.Linear(len(weights[0]), len(weights))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weights))
        layer.bias.copy_(torch.tensor(biases))
    return layer


def _pixels() -> nn.Linear:
    return _layer([[0.5, -1.0, 0.0, 1.0], [1.0, 0.0, -0.5, 0.25], [-0.5, 0.5, 1.0, 0.0]], [0.0, 0.5, -0.25])


_IMAGES = torch.tensor(
    [
        [[[2.0, -1.0], [0.5, 0.0]]],
        [[[0.0, 3.0], [1.0, -2.0]]],
        [[[1.0, 1.5], [-2.0, 0.5]]],
        [[[-1.0, 0.0], [2.0, 1.0]]],
        [[[0.5, 2.0], [0.0, -3.0]]],
    ]
)
_LABELS = torch.tensor([2, 0, 1, 1, 0])


def _probe(
    note: str,
    drive: Step,
    make: Callable[..., Any],
    *layers: nn.Module,
    images: Tensor = _IMAGES,
    **options: Any,
) -> Probe:
    """Return a probe on a model that comes from an evaluation, as it does in every epoch: in eval mode."""
    model = nn.Sequential(nn.Flatten(), *(layers or (_pixels(),))).eval()
    optimizer = make(model[-1].parameters(), **options)
    return Probe((model, images, _LABELS[: len(images)], optimizer), drive=_noting_a_cut(drive), note=note)


_TWO_LAYERS = (_layer([[1.0, 0.0, 0.5, -0.5], [0.0, -1.0, 0.5, 1.0]], [0.25, 0.0]), nn.ReLU())
_ON_TOP = ([[1.0, -0.5], [0.0, 1.0], [-1.0, 0.5]], [0.0, 0.25, 0.0])

EXERCISE = Exercise(
    name="train_step",
    number="3.4",
    signature="train_step(model, images, labels, optimizer) -> the loss, a float",
    reference=train_step,
    probes=(
        _probe("the returned loss", _returned, optim.SGD, lr=0.5),
        _probe("the returned loss of two images", _returned, optim.SGD, images=_IMAGES[:2], lr=0.5),
        _probe(
            "the returned loss of two layers", _returned, optim.SGD, *_TWO_LAYERS, _layer(*_ON_TOP), lr=0.1
        ),
        _probe("what optimizer.step() finds", _what_the_step_found, optim.SGD, lr=0.5),
        _probe("weights and biases after one step", partial(_weights_after, 1), optim.SGD, lr=0.5),
        _probe("weights and biases after two steps", partial(_weights_after, 2), optim.SGD, lr=0.5),
        _probe("after three steps with Adam", partial(_weights_after, 3), optim.Adam, lr=0.1),
        _probe(
            "after three steps with momentum", partial(_weights_after, 3), optim.SGD, lr=0.2, momentum=0.9
        ),
        _probe(
            "a first layer that the optimizer was not given",
            _first_weights_after_one,
            optim.SGD,
            *_TWO_LAYERS,
            _layer(*_ON_TOP),
            lr=0.5,
        ),
        _probe(
            "a model that comes in eval mode", _mode_while_training, optim.SGD, Witness(), _pixels(), lr=0.5
        ),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Five things in this order: forget the old gradients, predict, measure the loss, compute the "
        "gradients, step. And before all that: in which mode must the model be?",
        "These do it, one each: model.train() · optimizer.zero_grad() · F.cross_entropy(model(images), "
        "labels) · loss.backward() · optimizer.step().",
        "The loss is a tensor that holds on to all it was computed from. loss.item() is the number alone.",
    ),
)

EXERCISES = (EXERCISE,)
