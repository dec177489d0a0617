"""How people get dropout wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..exercise import Misconception

Drop = Callable[[Tensor, float, bool], Any]
Change = Callable[[Tensor, float], Any]


def _kept(x: Tensor, p: float) -> Tensor:
    return (torch.rand_like(x) >= p).to(x.dtype)


def _unchanged(x: Tensor, p: float) -> Tensor:
    return x


def _modes(train: Change, test: Change = _unchanged) -> Drop:
    """Return dropout that does one thing in training and another one outside."""
    return lambda x, p, training: train(x, p) if training else test(x, p)


def _right(x: Tensor, p: float) -> Tensor:
    return x * _kept(x, p) / (1 - p)


def _shared(*axes: int) -> Drop:
    """One decision for all values along these axes; those that x does not have do not count."""

    def train(x: Tensor, p: float) -> Tensor:
        shape = [1 if axis in axes or axis - x.ndim in axes else size for axis, size in enumerate(x.shape)]
        return x * (torch.rand(shape) >= p) / (1 - p)

    return _modes(train)


def _for_each_map(x: Tensor, p: float) -> Tensor:
    mask = torch.rand(x.shape[:2]) >= p
    return x * mask.reshape(*x.shape[:2], *[1] * (x.ndim - 2)) / (1 - p)


def _seeded(x: Tensor, p: float) -> Tensor:
    torch.manual_seed(0)
    return _right(x, p)


def _own_generator(x: Tensor, p: float) -> Tensor:
    draws = torch.rand(x.shape, generator=torch.Generator().manual_seed(1))
    return x * (draws >= p) / (1 - p)


def _leading(x: Tensor, p: float) -> Tensor:
    """Drop the first values."""
    kept = torch.arange(x.numel()) >= round(p * x.numel())
    return x * kept.reshape(x.shape) / (1 - p)


def _trailing(x: Tensor, p: float) -> Tensor:
    kept = torch.arange(x.numel()) < round((1 - p) * x.numel())
    return x * kept.reshape(x.shape) / (1 - p)


def _exact(x: Tensor, p: float) -> Tensor:
    """Drop always the same number of values."""
    order = torch.randperm(x.numel())
    return x * (order >= round(p * x.numel())).reshape(x.shape) / (1 - p)


def _smallest(x: Tensor, p: float) -> Tensor:
    size = x.abs()
    return x * (size.flatten().argsort().argsort() >= round(p * x.numel())).reshape(x.shape) / (1 - p)


def _largest(x: Tensor, p: float) -> Tensor:
    order = (-x.abs()).flatten().argsort().argsort()
    return x * (order >= round(p * x.numel())).reshape(x.shape) / (1 - p)


def _by_kept_share(x: Tensor, p: float) -> Tensor:
    kept = _kept(x, p)
    return x * kept * kept.numel() / kept.sum().clamp(min=1)


def _mean_restored(x: Tensor, p: float) -> Tensor:
    dropped = x * _kept(x, p)
    return dropped * x.abs().sum() / dropped.abs().sum()


def _gaussian(x: Tensor, p: float) -> Tensor:
    return x * (1 + (p / (1 - p)) ** 0.5 * torch.randn_like(x))


MISTAKES = (
    Misconception(
        "not rescaled",
        "Dropping makes the sum smaller: the next layer gets only a share of 1 − p of what it gets later, "
        "without dropout. Divide the kept values by 1 − p while training.",
        (
            _modes(lambda x, p: x * _kept(x, p)),
            _modes(lambda x, p: torch.where(torch.rand_like(x) < p, torch.zeros_like(x), x)),
        ),
    ),
    Misconception(
        "rescaled at test time",
        "Multiplying by 1 − p at test time is the older way. Here the kept values are divided by 1 − p "
        "while training, so that the trained network is used as it is.",
        (
            _modes(lambda x, p: x * _kept(x, p), lambda x, p: x * (1 - p)),
            _modes(lambda x, p: x * _kept(x, p), lambda x, p: x * p),
            _modes(lambda x, p: x * _kept(x, p), lambda x, p: x / (1 - p)),
            _modes(_right, lambda x, p: x * (1 - p)),
            _modes(_right, lambda x, p: x / (1 - p)),
            _modes(_right, lambda x, p: x * p),
        ),
    ),
    Misconception(
        "rescaled by the wrong factor",
        "A share of 1 − p is kept, so kept values are divided by 1 − p: with p = 0.2, times 1.25.",
        (
            _modes(lambda x, p: x * _kept(x, p) / p if p else x),
            _modes(lambda x, p: x * _kept(x, p) * (1 - p)),
            _modes(lambda x, p: x * _kept(x, p) * p),
            _modes(lambda x, p: x * _kept(x, p) / (1 - p) ** 2),
            _modes(lambda x, p: x * _kept(x, p) / (1 - p) ** 0.5),
            _modes(lambda x, p: x * _kept(x, p) * (1 + p)),
            _modes(lambda x, p: x * _kept(x, p) * 2),
        ),
    ),
    Misconception(
        "active at test time",
        "When training is False nothing may be dropped: return x as it is. Otherwise the finished network "
        "answers at random.",
        (
            lambda x, p, training: _right(x, p),
            lambda x, p, training: x * _kept(x, p),
            _modes(_right, lambda x, p: x * _kept(x, p)),
        ),
    ),
    Misconception(
        "training and test swapped",
        "Values are dropped while training is True, and kept when it is False. Yours does the opposite.",
        (
            _modes(_unchanged, _right),
            _modes(_unchanged, lambda x, p: x * _kept(x, p)),
        ),
    ),
    Misconception(
        "kept with probability p",
        "The probability to be dropped is p: with p = 0.2, one value in five becomes 0 and four are kept.",
        (
            _modes(lambda x, p: x * (torch.rand_like(x) < p) / p if p else x * 0),
            _modes(lambda x, p: x * (torch.rand_like(x) < p) / p if p else x),
            _modes(lambda x, p: x * (torch.rand_like(x) < p) / (1 - p)),
            _modes(lambda x, p: x * (torch.rand_like(x) < p)),
            _modes(lambda x, p: x * torch.bernoulli(torch.full_like(x, p)) / (1 - p)),
        ),
    ),
    Misconception(
        "p not used",
        "How often a value is dropped must follow p. Yours drops another share: are the random numbers "
        "even between 0 and 1 (torch.rand, not torch.randn), and are they compared with p?",
        (
            _modes(lambda x, p: x * _kept(x, 0.5) / (1 - p)),
            _modes(lambda x, p: x * _kept(x, 0.5) * 2),
            _modes(lambda x, p: x * (torch.randn_like(x) >= p) / (1 - p)),
            _modes(lambda x, p: x * (torch.rand_like(x) >= p / 2) / (1 - p)),
            _modes(lambda x, p: x * torch.randint(0, 2, x.shape) / (1 - p)),
        ),
    ),
    Misconception(
        "one decision for many values",
        "Each value of each sample is kept or dropped on its own. Draw as many random numbers as x has "
        "values: torch.rand_like(x).",
        (
            _shared(0),
            _shared(-1),
            _shared(-2),
            _shared(1),
            _shared(-1, -2),
            _shared(0, -1, -2),
            _shared(1, 2, 3),
            _shared(0, 1, 2, 3),
            _modes(_for_each_map),
            _modes(lambda x, p: x * (torch.rand(x.shape[-1]) >= p) / (1 - p)),
            _modes(lambda x, p: x * (torch.rand(()) >= p)),
            _modes(lambda x, p: x * (torch.rand(x.shape[1:]) >= p)),
        ),
    ),
    Misconception(
        "the same places each time",
        "The places must be drawn anew in every call, without a fixed seed and without a rule. Otherwise "
        "some values are never used, and the network becomes just a smaller one.",
        (
            _modes(_seeded),
            _modes(_own_generator),
            _modes(_leading),
            _modes(_trailing),
        ),
    ),
    Misconception(
        "chosen by size",
        "Whether a value is dropped is left to chance alone, not to how large it is.",
        (
            _modes(_smallest),
            _modes(_largest),
            _modes(lambda x, p: x * (x >= p) / (1 - p)),
            _modes(lambda x, p: x * (x.abs() >= p) / (1 - p)),
            _modes(lambda x, p: x * (x > 0)),
        ),
    ),
    Misconception(
        "always the same number dropped",
        "Each value is decided on its own, so that now more, now fewer are dropped. Yours always drops "
        "exactly the same number.",
        (
            _modes(_exact),
            _modes(lambda x, p: _exact(x, p) * (1 - p)),
        ),
    ),
    Misconception(
        "rescaled by what was drawn",
        "The kept values are always divided by 1 − p. Yours divides by the share that happened to be kept, "
        "so that the factor is another one in each call.",
        (_modes(_by_kept_share), _modes(_mean_restored)),
    ),
    Misconception(
        "noise instead of zeros",
        "Dropout multiplies a value by 0 or by 1 / (1 − p), by nothing else. Yours multiplies by random "
        "numbers, or adds them.",
        (
            _modes(_gaussian),
            _modes(lambda x, p: x * torch.rand_like(x)),
            _modes(lambda x, p: x * torch.rand_like(x) / (1 - p)),
            _modes(lambda x, p: x + p * torch.randn_like(x)),
            _modes(lambda x, p: x * torch.clamp(torch.rand_like(x) + 1 - p, max=1)),
        ),
    ),
    Misconception(
        "dropped values do not become 0",
        "A dropped value becomes 0. Yours becomes another number. Do parentheses lack? Without them "
        "x * kept / 1 - p divides by 1 and subtracts p from everything.",
        (
            _modes(lambda x, p: x * _kept(x, p) / 1 - p),
            _modes(lambda x, p: torch.where(_kept(x, p).bool(), x / (1 - p), x.mean()) if p else x),
        ),
    ),
    Misconception(
        "the mask instead of the values",
        "Yours returns the mask, which only says what is kept. Multiply x by it.",
        (
            _modes(lambda x, p: _kept(x, p) / (1 - p)),
            _modes(lambda x, p: _kept(x, p) / (1 - p) if p else x),
            lambda x, p, training: _kept(x, p if training else 0.0) / (1 - p),
        ),
    ),
    Misconception(
        "applied twice",
        "Yours drops twice, so that more values are lost than p says, and the rest grows too much.",
        (_modes(lambda x, p: _right(_right(x, p), p)),),
    ),
    Misconception(
        "nothing dropped",
        "While training, a share p of the values becomes 0, and a mask has no effect unless x is multiplied "
        "by it and the product returned.",
        (
            lambda x, p, training: x,
            _modes(lambda x, p: x / (1 - p)),
            _modes(lambda x, p: x * (1 - p)),
            lambda x, p, training: x * (1 - p),
        ),
    ),
    Misconception(
        "another shape",
        "The result has the shape of x: dropped values become 0, they are not taken out.",
        (
            _modes(lambda x, p: x[_kept(x, p).bool()] / (1 - p)),
            _modes(lambda x, p: _right(x, p).flatten()),
            _modes(lambda x, p: _right(x, p)[None]),
            _modes(lambda x, p: _right(x, p).sum()),
            _modes(lambda x, p: torch.stack([_right(x, p), _kept(x, p)])),
        ),
    ),
    Misconception(
        "everything dropped",
        "Only a share p of the values becomes 0. In yours none is left.",
        (
            _modes(lambda x, p: x * 0),
            _modes(lambda x, p: x * (torch.rand_like(x) >= 1)),
            lambda x, p, training: x * 0,
        ),
    ),
)
