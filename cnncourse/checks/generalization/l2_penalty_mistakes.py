"""How people get the L2 penalty wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ...training.penalty import l2_penalty
from ..exercise import Misconception
from ..results import changed

Penalty = Callable[[nn.Module], Any]
Choose = Callable[[str, Tensor], bool]
_NORMS = (nn.BatchNorm2d,)


def _weights(model: nn.Module) -> list[Tensor]:
    return [weight for weight in model.parameters() if weight.ndim > 1]


def _squares(tensors: Iterable[Tensor]) -> Tensor:
    return sum((tensor.square().sum() for tensor in tensors), torch.zeros(()))


def _of(choose: Choose) -> Penalty:
    """Sum the squares of the parameters that are chosen by name and values."""
    return lambda model: _squares(weight for name, weight in model.named_parameters() if choose(name, weight))


def _each(measure: Callable[[Tensor], Tensor]) -> Penalty:
    """Sum another measure of each weight tensor."""
    return lambda model: torch.stack([measure(weight) for weight in _weights(model)]).sum()


def _all(measure: Callable[[Tensor], Any]) -> Penalty:
    """Measure all weights together."""
    return lambda model: measure(torch.cat([weight.flatten() for weight in _weights(model)]))


def _top_level(model: nn.Module) -> Tensor:
    parts = [model, *model.children()]
    return _squares(part.weight for part in parts if isinstance(part, nn.Linear | nn.Conv2d))


def _children_only(model: nn.Module) -> Tensor:
    return _squares(part.weight for part in model.children() if isinstance(part, nn.Linear | nn.Conv2d))


def _own_only(model: nn.Module) -> Tensor:
    return _squares(weight for weight in model.parameters(recurse=False) if weight.ndim > 1)


def _top_level_without_norms(model: nn.Module) -> Tensor:
    parts = [part for part in model.children() if not isinstance(part, _NORMS)] or [model]
    weights = [getattr(part, "weight", None) for part in parts]
    return _squares(weight for weight in weights if isinstance(weight, Tensor))


def _first(model: nn.Module) -> Tensor:
    return _squares(_weights(model)[:1])


def _last(model: nn.Module) -> Tensor:
    return _squares(_weights(model)[-1:])


def _largest(model: nn.Module) -> Tensor:
    return _squares([max(_weights(model), key=Tensor.numel)])


def _state(choose: Choose) -> Penalty:
    return lambda model: _squares(
        value.float() for name, value in model.state_dict().items() if choose(name, value)
    )


def _without_gradients(model: nn.Module) -> Tensor:
    with torch.no_grad():
        return l2_penalty(model)


MISTAKES = (
    Misconception(
        "biases counted",
        "Biases are left out: they only shift, and pulling them toward 0 does not make a function "
        "smoother. You know them by their one axis: parameter.ndim is 1.",
        (
            _of(lambda name, weight: True),
            _of(lambda name, weight: weight.ndim > 1 or "bias" in name),
            lambda model: (
                l2_penalty(model)
                + _squares(
                    part.bias
                    for part in model.modules()
                    if not isinstance(part, _NORMS) and isinstance(getattr(part, "bias", None), Tensor)
                )
            ),
        ),
    ),
    Misconception(
        "norm parameters counted",
        "The scale of batch norm is called weight too, but it only stretches a whole map: leave it out. It "
        "has one axis, weights have two or four.",
        (
            _of(lambda name, weight: "weight" in name),
            _of(lambda name, weight: "bias" not in name),
            lambda model: (
                l2_penalty(model)
                + _squares(
                    tensor
                    for part in model.modules()
                    if isinstance(part, _NORMS)
                    for tensor in part.parameters()
                )
            ),
        ),
    ),
    Misconception(
        "only the biases",
        "The weights are wanted: the tensors with two or more axes. Yours sums the others.",
        (
            _of(lambda name, weight: "bias" in name),
            _of(lambda name, weight: weight.ndim == 1),
        ),
    ),
    Misconception(
        "running statistics counted",
        "A state_dict() also holds the running mean and variance of batch norm, which are not trained, and "
        "it is cut off from gradients. Use model.parameters().",
        (
            _state(lambda name, value: True),
            _state(lambda name, value: value.is_floating_point()),
            _state(lambda name, value: "bias" not in name),
        ),
    ),
    Misconception(
        "a root too many",
        "Yours takes the square root, which gives the norm. The penalty is the sum of the squares itself, "
        "so that its gradient is simply 2w.",
        (
            changed(l2_penalty, torch.sqrt),
            _each(torch.linalg.vector_norm),
            changed(_of(lambda name, weight: True), torch.sqrt),
            changed(_of(lambda name, weight: "weight" in name), torch.sqrt),
        ),
    ),
    Misconception(
        "absolute values instead of squares",
        "The sum of absolute values is another penalty, L1, which pulls at every weight alike. Square each "
        "number.",
        (
            _each(lambda weight: weight.abs().sum()),
            lambda model: sum(weight.abs().sum() for weight in model.parameters()),
            _each(lambda weight: weight.abs().mean()),
        ),
    ),
    Misconception(
        "not squared",
        "Without squares positive and negative weights cancel. Square each number before you sum.",
        (
            _each(torch.sum),
            lambda model: sum(weight.sum() for weight in model.parameters()),
            _each(torch.mean),
        ),
    ),
    Misconception(
        "the square of the sum",
        "Square each number first, then sum. In a sum that is squared afterwards, positive and negative "
        "weights have canceled already.",
        (
            _each(lambda weight: weight.sum() ** 2),
            _all(lambda weights: weights.sum() ** 2),
            lambda model: sum(weight.sum() ** 2 for weight in model.parameters()),
        ),
    ),
    Misconception(
        "mean instead of sum",
        "Sum the squares: do not divide by how many weights or layers there are.",
        (
            _all(lambda weights: weights.square().mean()),
            _each(lambda weight: weight.square().mean()),
            lambda model: l2_penalty(model) / len(_weights(model)),
            lambda model: l2_penalty(model) / sum(weight.numel() for weight in model.parameters()),
            lambda model: l2_penalty(model) / len(list(model.parameters())),
        ),
    ),
    Misconception(
        "halved or scaled",
        "Some books write half the sum, and the factor λ stands outside: return the plain sum of squares.",
        (
            *(changed(l2_penalty, partial(torch.mul, other=by)) for by in (0.5, 0.1, 0.01, 1e-3, 1e-4, 2.0)),
            changed(_of(lambda name, weight: True), lambda sum: 0.5 * sum),
        ),
    ),
    Misconception(
        "no gradient",
        "The number is right, but no gradient can reach the weights: .data, .detach(), .item(), float() and "
        "torch.no_grad() cut the way. Added to the loss, it would change nothing.",
        (
            changed(l2_penalty, Tensor.detach),
            changed(l2_penalty, Tensor.item),
            changed(l2_penalty, lambda sum: sum.detach().numpy()),
            changed(l2_penalty, lambda sum: torch.tensor(sum.item(), requires_grad=True)),
            _without_gradients,
            lambda model: _squares(weight.data for weight in model.parameters()),
            lambda model: sum(weight.square().sum().item() for weight in model.parameters()),
            _state(lambda name, value: value.ndim > 1),
        ),
    ),
    Misconception(
        "a part of the layers",
        "Every layer with weights counts, first and last, wherever it stands. Add to a total in the loop, "
        "and return it behind the loop.",
        (_first, _last, _largest),
    ),
    Misconception(
        "layers inside of layers missed",
        "Only the layers at the top come from children(). Those inside of others come too from parameters(), "
        "named_parameters() and modules().",
        (_top_level, _children_only, _own_only, _top_level_without_norms),
    ),
    Misconception(
        "one kind of layer only",
        "The kernels of a convolution are weights (4 axes), and so is the matrix of a linear layer (2 axes). "
        "Yours counts one of the two.",
        (
            _of(lambda name, weight: weight.ndim == 2),
            _of(lambda name, weight: weight.ndim == 4),
            lambda model: _squares(
                tensor
                for part in model.modules()
                if isinstance(part, nn.Linear)
                for tensor in part.parameters()
            ),
        ),
    ),
    Misconception(
        "another power",
        "The power is 2: each weight times itself.",
        (
            _each(lambda weight: (weight**4).sum()),
            _each(lambda weight: (weight.abs() ** 3).sum()),
            _each(lambda weight: (weight**3).sum()),
            changed(l2_penalty, torch.square),
            _each(lambda weight: weight.exp().sum()),
        ),
    ),
    Misconception(
        "the largest instead of the sum",
        "All weights count together. Yours looks at the largest one only.",
        (
            _all(lambda weights: weights.square().max()),
            _all(lambda weights: weights.abs().max()),
            _all(torch.max),
            _each(lambda weight: weight.square().max()),
            lambda model: max(weight.square().sum() for weight in _weights(model)),
            lambda model: max(weight.square().sum() for weight in model.parameters()),
        ),
    ),
    Misconception(
        "several numbers",
        "The result is one number, which can be added to the loss: sum over all tensors too.",
        (
            lambda model: [weight.square().sum() for weight in _weights(model)],
            lambda model: _all(torch.square)(model),
            lambda model: torch.stack([weight.square().sum() for weight in model.parameters()]),
            lambda model: torch.stack([weight.square().sum() for weight in _weights(model)]),
            lambda model: _weights(model)[0].square(),
            lambda model: _weights(model)[-1].square(),
            lambda model: [weight.square() for weight in _weights(model)],
        ),
    ),
    Misconception(
        "counted instead of summed",
        "Yours counts the weights. Their sizes are wanted: the sum of their squares.",
        (
            lambda model: torch.tensor(float(sum(weight.numel() for weight in _weights(model)))),
            lambda model: float(sum(weight.numel() for weight in model.parameters())),
            lambda model: sum(weight.numel() for weight in _weights(model)),
            lambda model: sum(weight.numel() for weight in model.parameters()),
        ),
    ),
    Misconception(
        "the wrong sign",
        "A penalty is positive: it is added to the loss, and large weights must cost.",
        (changed(l2_penalty, torch.neg),),
    ),
)
