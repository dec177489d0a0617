"""How people get softmax wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ...ops.classification import softmax
from ..exercise import Misconception
from ..results import changed

Cut = Callable[[Tensor], Tensor]


def _normalized(positive: Cut, axis: int = 1) -> Cut:
    """Make the scores positive in another way, and divide by their sum."""

    def wrong(logits: Tensor) -> Tensor:
        values = positive(logits)
        return values / values.sum(axis, keepdim=True)

    return wrong


def _shifted(shift: Cut) -> Cut:
    return _normalized(lambda logits: torch.exp(logits - shift(logits)))


def _divided(divisor: Callable[[Tensor], Any]) -> Cut:
    """Divide the right exponentials by something else than their sum."""

    def wrong(logits: Tensor) -> Tensor:
        exps = torch.exp(logits - logits.amax(1, keepdim=True))
        return exps / divisor(exps)

    return wrong


def _without_keepdim(logits: Tensor, stable: bool) -> Tensor:
    exps = torch.exp(logits - logits.amax(1, keepdim=True) if stable else logits)
    return exps / exps.sum(1)


def _rescaled(scale: Cut) -> Cut:
    return lambda logits: softmax(scale(logits))


def _one_hot(logits: Tensor) -> Tensor:
    return F.one_hot(logits.argmax(1), logits.shape[1]).float()


def _one_row(logits: Tensor, row: int) -> Tensor:
    out = torch.zeros_like(logits)
    out[row] = softmax(logits)[row]
    return out


def _clamped(logits: Tensor, limit: float) -> Tensor:
    return _normalized(torch.exp)(logits.clamp(-limit, limit))


MISTAKES = (
    Misconception(
        "over the wrong axis",
        "Each row is one image, and its classes compete: each row must sum to 1. In yours the images "
        "compete within each class. Work along dim=1.",
        (
            partial(torch.softmax, dim=0),
            _normalized(torch.exp, axis=0),
            lambda x: softmax(x.T).T.exp().log(),
        ),
    ),
    Misconception(
        "over the whole batch",
        "Each row must sum to 1. Yours sums to 1 over the whole batch: sum along dim=1 and keep one sum "
        "for each row.",
        (
            lambda x: torch.softmax(x.flatten(), 0).reshape(x.shape),
            lambda x: torch.exp(x) / torch.exp(x).sum(),
            _divided(lambda exps: exps.sum()),
        ),
    ),
    Misconception(
        "exp overflows",
        "A float cannot hold exp(1000): it becomes inf, and inf / inf is NaN; exp(−1000) becomes "
        "0, and 0 / 0 is NaN. Subtract each row's largest score before exp: the result stays the same.",
        (
            _normalized(torch.exp),
            _normalized(lambda x: torch.exp(x.double())),
            lambda x: torch.exp(x) / (torch.exp(x).sum(1, keepdim=True) + 1e-8),
            lambda x: torch.exp(x - torch.log(torch.exp(x).sum(1, keepdim=True))),
            lambda x: _normalized(torch.exp)(x).nan_to_num(),
            lambda x: _normalized(torch.exp)(x).nan_to_num(nan=1.0),
            _normalized(lambda x: torch.exp(x).clamp(max=1e30)),
            _normalized(lambda x: torch.exp(x).clamp(min=1e-12)),
            *(partial(_clamped, limit=limit) for limit in (10, 20, 50, 80, 88, 100, 500, 700)),
            lambda x: _normalized(torch.exp)(x.clamp(max=80)),
            lambda x: _normalized(torch.exp)(x.clamp(max=50)),
        ),
    ),
    Misconception(
        "something else than the row's maximum subtracted",
        "Subtract from each row its own largest score: then no exp is above 1, and one is exactly 1. "
        "Yours subtracts another number, so that some rows still overflow or vanish.",
        (
            _shifted(lambda x: x.max()),
            _shifted(lambda x: x.amin(1, keepdim=True)),
            _shifted(lambda x: x.min()),
            _shifted(lambda x: x.mean(1, keepdim=True)),
            _shifted(lambda x: x.mean()),
            _shifted(lambda x: x.amax(0, keepdim=True)),
            _shifted(lambda x: x.abs().amax(1, keepdim=True)),
            _shifted(lambda x: x.abs().max()),
            _shifted(lambda x: x[:, :1]),
            _shifted(lambda x: x.median(1, keepdim=True).values),
            _shifted(lambda x: x.sum(1, keepdim=True)),
            _shifted(lambda x: torch.tensor(100.0)),
        ),
    ),
    Misconception(
        "not divided by the sum",
        "Probabilities of one image sum to 1. Divide the exponentials of each row by their sum.",
        (
            torch.exp,
            lambda x: torch.exp(x - x.amax(1, keepdim=True)),
            lambda x: torch.exp(x - x.max()),
        ),
    ),
    Misconception(
        "divided by the wrong number",
        "Divide each row's exponentials by their sum, not by another number: the row must sum to 1.",
        (
            _divided(lambda exps: exps.shape[1]),
            _divided(lambda exps: exps.shape[0]),
            _divided(lambda exps: exps.mean(1, keepdim=True)),
            _divided(lambda exps: exps.norm(dim=1, keepdim=True)),
            _divided(lambda exps: exps.sum(1, keepdim=True) - 1),
            _divided(lambda exps: exps.sum(1, keepdim=True) + 1),
            _divided(lambda exps: exps.sum(0, keepdim=True)),
        ),
    ),
    Misconception(
        "sums without keepdim",
        "A sum over dim=1 has the shape [N], and dividing [N, K] by it divides each column, not each "
        "row. Keep the axis: sum(dim=1, keepdim=True) has the shape [N, 1].",
        (
            partial(_without_keepdim, stable=True),
            partial(_without_keepdim, stable=False),
            lambda x: softmax(x - x.amax(1)),
        ),
    ),
    Misconception(
        "no exponential",
        "Softmax takes exp of each score before it divides: so negative scores get small positive "
        "probabilities, and one point more always multiplies by e.",
        (
            _normalized(lambda x: x),
            _normalized(torch.abs),
            _normalized(lambda x: x**2),
            _normalized(torch.relu),
            _normalized(lambda x: x - x.amin(1, keepdim=True)),
            _normalized(torch.sigmoid),
            _normalized(F.softplus),
            _normalized(lambda x: x - x.amax(1, keepdim=True)),
            partial(F.normalize, dim=1),
            partial(F.normalize, p=1.0, dim=1),
            lambda x: (x - x.amin(1, keepdim=True)) / (x.amax(1, keepdim=True) - x.amin(1, keepdim=True)),
            lambda x: x / x.amax(1, keepdim=True),
        ),
    ),
    Misconception(
        "each score alone",
        "A sigmoid looks at each score alone. Softmax compares the scores of one image: if one "
        "probability rises, the others fall.",
        (torch.sigmoid, torch.tanh, lambda x: 1 / (1 + torch.exp(-x))),
    ),
    Misconception(
        "the logarithm of the probabilities",
        "Yours returns the logarithm. Here the probabilities themselves are wanted, between 0 and 1.",
        (
            partial(torch.log_softmax, dim=1),
            lambda x: -torch.log_softmax(x, 1),
            lambda x: torch.log(softmax(x)),
            lambda x: torch.log(_normalized(torch.exp)(x)),
        ),
    ),
    Misconception(
        "a decision instead of probabilities",
        "Softmax does not decide: the second best class keeps its share. Yours gives everything to one "
        "class.",
        (
            _one_hot,
            lambda x: (x == x.amax(1, keepdim=True)).float(),
            changed(softmax, torch.round),
            lambda x: _one_hot(x).long(),
        ),
    ),
    Misconception(
        "one number for each image",
        "The result has the shape [N, K]: one probability for each class of each image.",
        (
            lambda x: softmax(x).amax(1),
            lambda x: x.argmax(1),
            lambda x: softmax(x).amax(1, keepdim=True),
            lambda x: softmax(x).sum(1),
        ),
    ),
    Misconception(
        "one row only",
        "Every row becomes probabilities. Yours does so with one image of the batch: is the `return` "
        "inside the loop?",
        (
            partial(_one_row, row=0),
            partial(_one_row, row=-1),
            lambda x: softmax(x)[0],
            lambda x: softmax(x)[-1],
            lambda x: softmax(x)[:1],
        ),
    ),
    Misconception(
        "the wrong base or temperature",
        "The base is e, and the scores enter as they are: exp(z), not 2 ** z, 10 ** z or exp(z / 2).",
        tuple(
            _rescaled(scale)
            for scale in (
                lambda x: x * math.log(2),
                lambda x: x * math.log(10),
                lambda x: x / 2,
                lambda x: x * 2,
                lambda x: x / x.shape[1] ** 0.5,
                lambda x: x / x.shape[1],
                lambda x: x / x.abs().max(),
                lambda x: x / x.amax(1, keepdim=True),
                lambda x: x / x.abs().amax(1, keepdim=True),
                lambda x: F.normalize(x, dim=1),
            )
        ),
    ),
    Misconception(
        "the wrong sign",
        "The largest score gets the largest probability: exp(z), not exp(−z).",
        (lambda x: softmax(-x), _normalized(lambda x: torch.exp(-x)), lambda x: softmax(x.abs())),
    ),
    Misconception(
        "softmax twice",
        "Apply softmax once. A second time makes the probabilities nearly equal.",
        (changed(softmax, softmax), lambda x: softmax(_normalized(torch.exp)(x))),
    ),
    Misconception(
        "rounded",
        "Return the probabilities as they are, not rounded: a small one is not 0.",
        tuple(changed(softmax, partial(torch.round, decimals=places)) for places in (1, 2, 3, 4)),
    ),
    Misconception(
        "transposed or flat",
        "The result has the shape of the logits, [N, K], images down and classes to the right.",
        (
            lambda x: softmax(x).T,
            lambda x: softmax(x).flatten(),
            lambda x: softmax(x)[None],
            lambda x: softmax(x).squeeze(),
        ),
    ),
    Misconception(
        "not a tensor",
        "Return the tensor itself. A NumPy array or a list has lost its graph, so nothing could be "
        "trained through it.",
        (
            changed(softmax, lambda out: out.numpy()),
            changed(softmax, lambda out: out.tolist()),
            lambda x: _normalized(torch.exp)(x).numpy(),
        ),
    ),
)
