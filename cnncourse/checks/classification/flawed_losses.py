"""Pieces of a cross-entropy, some of them wrong."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from ...ops.classification import cross_entropy

Loss = Callable[[Tensor, Tensor], Tensor]
TINY = (1e-30, 1e-20, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)


def one_hot(logits: Tensor, labels: Tensor) -> Tensor:
    """Return a 1 for each image's class, 0 for the others."""
    return F.one_hot(labels, logits.shape[1]).to(logits.dtype)


def picked(logits: Tensor, labels: Tensor) -> Tensor:
    """Return for each image what stands at its class."""
    return logits[torch.arange(len(labels)), labels]


def logs(logits: Tensor) -> Tensor:
    """Return the logarithms of the probabilities, stably."""
    return torch.log_softmax(logits, 1)


def each(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of each image."""
    return F.cross_entropy(logits, labels, reduction="none")


def naive(logits: Tensor) -> Tensor:
    """Return softmax as in the textbook: it overflows."""
    exps = torch.exp(logits)
    return exps / exps.sum(1, keepdim=True)


def minus_log(probabilities: Callable[[Tensor], Tensor]) -> Loss:
    """Return the mean of −log of what ``probabilities`` gives the right classes."""
    return lambda logits, labels: -torch.log(picked(probabilities(logits), labels)).mean()


def softmax(logits: Tensor) -> Tensor:
    """Return the probabilities, stably: those of bad classes become 0."""
    return torch.softmax(logits, 1)


def clamped(logits: Tensor, how: Callable[[Tensor], Tensor], by: float) -> Tensor:
    """Return probabilities kept from 0 by a limit."""
    return how(logits).clamp(min=by)


def raised(logits: Tensor, how: Callable[[Tensor], Tensor], by: float) -> Tensor:
    """Return probabilities kept from 0 by adding to them."""
    return how(logits) + by


def log_sum(shift: Callable[[Tensor], Tensor]) -> Loss:
    """Take ``shift`` out of the sum instead of the row's maximum."""

    def wrong(logits: Tensor, labels: Tensor) -> Tensor:
        by = shift(logits)
        sums = torch.exp(logits - by).sum(1, keepdim=True)
        return (by + torch.log(sums) - picked(logits, labels)[:, None]).mean()

    return wrong


def forgotten_shift(logits: Tensor, labels: Tensor) -> Tensor:
    """Take the maximum out of the sum and forget it."""
    shifted = logits - logits.amax(1, keepdim=True)
    return (torch.log(torch.exp(shifted).sum(1)) - picked(logits, labels)).mean()


def wrong_labels(choose: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    """Return the loss for other labels."""
    return lambda logits, labels: cross_entropy(logits, choose(logits, labels))


def other_scores(pick: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    """Return the mean of other log probabilities than those of the labels."""
    return lambda logits, labels: -pick(logs(logits), labels).mean()
