"""How people get cross-entropy wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from ...ops.classification import cross_entropy
from ..exercise import Misconception
from ..results import changed

Loss = Callable[[Tensor, Tensor], Tensor]
_TINY = (1e-30, 1e-20, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)


def _one_hot(logits: Tensor, labels: Tensor) -> Tensor:
    return F.one_hot(labels, logits.shape[1]).to(logits.dtype)


def _picked(logits: Tensor, labels: Tensor) -> Tensor:
    return logits[torch.arange(len(labels)), labels]


def _logs(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits, 1)


def _each(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels, reduction="none")


def _naive(logits: Tensor) -> Tensor:
    exps = torch.exp(logits)
    return exps / exps.sum(1, keepdim=True)


def _minus_log(probabilities: Callable[[Tensor], Tensor]) -> Loss:
    return lambda logits, labels: -torch.log(_picked(probabilities(logits), labels)).mean()


def _softmax(logits: Tensor) -> Tensor:
    return torch.softmax(logits, 1)


def _clamped(logits: Tensor, how: Callable[[Tensor], Tensor], by: float) -> Tensor:
    return how(logits).clamp(min=by)


def _raised(logits: Tensor, how: Callable[[Tensor], Tensor], by: float) -> Tensor:
    return how(logits) + by


def _log_sum(shift: Callable[[Tensor], Tensor]) -> Loss:
    """Take ``shift`` out of the sum instead of the row's maximum."""

    def wrong(logits: Tensor, labels: Tensor) -> Tensor:
        by = shift(logits)
        sums = torch.exp(logits - by).sum(1, keepdim=True)
        return (by + torch.log(sums) - _picked(logits, labels)[:, None]).mean()

    return wrong


def _forgotten_shift(logits: Tensor, labels: Tensor) -> Tensor:
    shifted = logits - logits.amax(1, keepdim=True)
    return (torch.log(torch.exp(shifted).sum(1)) - _picked(logits, labels)).mean()


def _wrong_labels(choose: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    return lambda logits, labels: cross_entropy(logits, choose(logits, labels))


def _other_scores(pick: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    return lambda logits, labels: -pick(_logs(logits), labels).mean()


MISTAKES = (
    Misconception(
        "sum instead of mean",
        "The loss of a batch is the mean over its images, so that it does not grow with the batch. Yours is "
        "the sum.",
        (
            lambda x, y: F.cross_entropy(x, y, reduction="sum"),
            lambda x, y: -torch.log(_picked(_softmax(x), y)).sum(),
            lambda x, y: -torch.log(_picked(_naive(x), y)).sum(),
        ),
    ),
    Misconception(
        "minus forgotten",
        "The log of a probability is negative, and a loss is what gets smaller while things get better: put "
        "a minus in front.",
        (
            lambda x, y: -cross_entropy(x, y),
            lambda x, y: torch.log(_picked(_softmax(x), y)).mean(),
            lambda x, y: torch.log(_picked(_naive(x), y)).mean(),
            lambda x, y: -_each(x, y).sum(),
        ),
    ),
    Misconception(
        "mean over images and classes",
        "Only one number for each image counts, so divide by N, the number of images, and not by N · K.",
        (
            lambda x, y: cross_entropy(x, y) / x.shape[1],
            lambda x, y: -(_one_hot(x, y) * torch.log(_softmax(x))).mean(),
            lambda x, y: -(_one_hot(x, y) * torch.log(_naive(x))).mean(),
        ),
    ),
    Misconception(
        "divided by the wrong number",
        "Divide the sum of the losses by the number of images, N.",
        (
            lambda x, y: _each(x, y).sum() / x.shape[1],
            lambda x, y: cross_entropy(x, y) / len(y),
            lambda x, y: _each(x, y).sum() / (len(y) + 1),
            lambda x, y: cross_entropy(x, y) / 2,
            lambda x, y: cross_entropy(x, y) * 2,
        ),
    ),
    Misconception(
        "log of a probability that became 0",
        "For large scores exp overflows, or a probability is rounded to 0 and its log is −inf. Do not "
        "compute the probability: log softmax is z_k − log Σ exp(z_j), with the row's largest score taken "
        "out of the sum.",
        (
            _minus_log(_softmax),
            _minus_log(_naive),
            lambda x, y: -(_one_hot(x, y) * torch.log(_softmax(x))).sum(1).mean(),
            lambda x, y: -(_one_hot(x, y) * torch.log(_naive(x))).sum(1).mean(),
            lambda x, y: (torch.log(torch.exp(x).sum(1)) - _picked(x, y)).mean(),
            lambda x, y: (torch.log(torch.exp(x.double()).sum(1)) - _picked(x, y)).mean(),
            *(
                _minus_log(partial(kept_above_0, how=how, by=by))
                for kept_above_0 in (_clamped, _raised)
                for how in (_softmax, _naive)
                for by in _TINY
            ),
            lambda x, y: _minus_log(lambda x: _softmax(x.double()))(x, y),
            lambda x, y: cross_entropy(x.clamp(-50, 50), y),
            lambda x, y: cross_entropy(x.clamp(-80, 80), y),
            lambda x, y: cross_entropy(x.clamp(-100, 100), y),
        ),
    ),
    Misconception(
        "something else than the row's maximum taken out",
        "Take each row's own largest score out of its sum: log Σ exp(z_j) = m + log Σ exp(z_j − m).",
        (
            _log_sum(lambda x: x.max()),
            _log_sum(lambda x: x.amin(1, keepdim=True)),
            _log_sum(lambda x: x.min()),
            _log_sum(lambda x: x.mean(1, keepdim=True)),
            _log_sum(lambda x: x.mean()),
            _log_sum(lambda x: x.amax(0, keepdim=True)),
            _log_sum(lambda x: x[:, :1]),
        ),
    ),
    Misconception(
        "the maximum not put back",
        "You take the largest score out of the sum, but not out of the score of the right class, or you do "
        "not add it to the log again. Shift all scores of a row first, and use only the shifted ones.",
        (
            _forgotten_shift,
            lambda x, y: (torch.logsumexp(x, 1) - _picked(x - x.amax(1, keepdim=True), y)).mean(),
        ),
    ),
    Misconception(
        "softmax twice",
        "You make probabilities first and treat them as scores again: softmax is inside cross-entropy and "
        "must be applied once.",
        (
            lambda x, y: F.cross_entropy(_softmax(x), y),
            lambda x, y: F.cross_entropy(_naive(x), y),
            lambda x, y: F.cross_entropy(torch.sigmoid(x), y),
        ),
    ),
    Misconception(
        "softmax forgotten",
        "The logits are scores, not probabilities: they must go through softmax before the log.",
        (
            lambda x, y: F.nll_loss(x, y),
            lambda x, y: -torch.log(_picked(x, y)).mean(),
            lambda x, y: -torch.log(_picked(x, y).abs()).mean(),
            lambda x, y: -torch.log(torch.sigmoid(_picked(x, y))).mean(),
            lambda x, y: -F.logsigmoid(_picked(x, y)).mean(),
            lambda x, y: -torch.log(_picked(torch.exp(x), y)).mean(),
            lambda x, y: _picked(x, y).mean(),
        ),
    ),
    Misconception(
        "log forgotten",
        "The loss is −log of the probability of the right class. Yours uses the probability itself.",
        (
            lambda x, y: -_picked(_softmax(x), y).mean(),
            lambda x, y: 1 - _picked(_softmax(x), y).mean(),
            lambda x, y: _picked(_softmax(x), y).mean(),
            lambda x, y: F.nll_loss(_softmax(x), y),
            lambda x, y: -_picked(_naive(x), y).mean(),
        ),
    ),
    Misconception(
        "softmax over the wrong axis",
        "The classes of one image compete, so the sum runs along each row: dim=1. Yours runs over the images "
        "of the batch.",
        (
            lambda x, y: -_picked(torch.log_softmax(x, 0), y).mean(),
            lambda x, y: -torch.log(_picked(torch.softmax(x, 0), y)).mean(),
            lambda x, y: -_picked(torch.log_softmax(x.flatten(), 0).reshape(x.shape), y).mean(),
            lambda x, y: -torch.log(_picked(torch.exp(x) / torch.exp(x).sum(), y)).mean(),
            lambda x, y: -torch.log(_picked(torch.exp(x) / torch.exp(x).sum(0), y)).mean(),
            lambda x, y: F.cross_entropy(x.T, y),
        ),
    ),
    Misconception(
        "another logarithm",
        "The logarithm is the natural one (torch.log): with it the gradient is simply softmax − one-hot.",
        (
            lambda x, y: cross_entropy(x, y) / 0.6931472,
            lambda x, y: cross_entropy(x, y) / 2.3025851,
            lambda x, y: -torch.log2(_picked(_softmax(x), y)).mean(),
            lambda x, y: -torch.log10(_picked(_softmax(x), y)).mean(),
            lambda x, y: -torch.log1p(_picked(_softmax(x), y)).mean(),
        ),
    ),
    Misconception(
        "every class counted",
        "Only the probability of the right class counts: for each image pick that one, by its label. Yours "
        "uses the others too.",
        (
            lambda x, y: -_logs(x).mean(),
            lambda x, y: -_logs(x).sum(1).mean(),
            lambda x, y: -_logs(x).sum(),
            lambda x, y: -(_softmax(x) * _logs(x)).sum(1).mean(),
            lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1),
        ),
    ),
    Misconception(
        "log of the labels",
        "The log belongs to the probabilities, and the one-hot rows of the labels only pick: −Σ one-hot · "
        "log p. Yours takes the log of the one-hot rows, of zeros.",
        (
            lambda x, y: -(_softmax(x) * torch.log(_one_hot(x, y))).sum(1).mean(),
            *(
                lambda x, y, tiny=tiny: -(_softmax(x) * torch.log(_one_hot(x, y) + tiny)).sum(1).mean()
                for tiny in _TINY
            ),
            *(
                lambda x, y, tiny=tiny: -(_softmax(x) * _one_hot(x, y).clamp(min=tiny).log()).sum(1).mean()
                for tiny in _TINY
            ),
        ),
    ),
    Misconception(
        "every label for every image",
        "Indexing as in log_p[:, labels] takes the columns of all labels for every image: N · N numbers. "
        "Each image has one label: log_p[torch.arange(N), labels].",
        (
            _other_scores(lambda logs, y: logs[:, y]),
            lambda x, y: -torch.log(_softmax(x)[:, y]).mean(),
            lambda x, y: -_logs(x)[:, y].sum() / len(y),
            lambda x, y: -_logs(x)[:, y].sum(),
            _other_scores(lambda logs, y: logs[y % len(logs)]),
        ),
    ),
    Misconception(
        "another class than the label's",
        "Pick for each image the class that its label names, counted from 0, and not the class with the "
        "largest score or a neighbor.",
        (
            _wrong_labels(lambda x, y: x.argmax(1)),
            _wrong_labels(lambda x, y: x.argmin(1)),
            _wrong_labels(lambda x, y: (y - 1) % x.shape[1]),
            _wrong_labels(lambda x, y: (y + 1) % x.shape[1]),
            _wrong_labels(lambda x, y: torch.zeros_like(y)),
            _wrong_labels(lambda x, y: y.flip(0)),
            lambda x, y: -_logs(x).diag().mean(),
            lambda x, y: -torch.log(_softmax(x).amax(1)).mean(),
        ),
    ),
    Misconception(
        "one loss for each image",
        "Return one number for the batch: the mean of the losses of its images.",
        (
            _each,
            lambda x, y: -_each(x, y),
            lambda x, y: -torch.log(_picked(_softmax(x), y)),
            lambda x, y: -torch.log(_picked(_naive(x), y)),
            lambda x, y: _each(x, y)[:, None],
            lambda x, y: _one_hot(x, y) * -_logs(x),
            lambda x, y: -_logs(x),
        ),
    ),
    Misconception(
        "one image only",
        "Every image of the batch counts. Yours returns the loss of one: is the `return` inside the loop?",
        (
            lambda x, y: _each(x, y)[0],
            lambda x, y: _each(x, y)[-1],
            lambda x, y: _each(x, y).max(),
            lambda x, y: _each(x, y).min(),
            lambda x, y: _each(x, y).median(),
        ),
    ),
    Misconception(
        "another loss",
        "Cross-entropy is the mean of −log p of the right class. Yours measures something else (a squared or "
        "absolute difference, a margin, or each class by itself).",
        (
            lambda x, y: F.mse_loss(_softmax(x), _one_hot(x, y)),
            lambda x, y: F.mse_loss(x, _one_hot(x, y)),
            lambda x, y: F.l1_loss(_softmax(x), _one_hot(x, y)),
            lambda x, y: ((_softmax(x) - _one_hot(x, y)) ** 2).sum(1).mean(),
            lambda x, y: F.multi_margin_loss(x, y),
            lambda x, y: F.binary_cross_entropy_with_logits(x, _one_hot(x, y)),
            lambda x, y: F.binary_cross_entropy(_softmax(x), _one_hot(x, y)),
            lambda x, y: F.binary_cross_entropy(_softmax(x), _one_hot(x, y), reduction="sum") / len(y),
            lambda x, y: (x.argmax(1) != y).float().mean(),
            lambda x, y: torch.exp(cross_entropy(x, y)),
            lambda x, y: -torch.log(_picked(_softmax(x), y).mean()),
        ),
    ),
    Misconception(
        "a number cut off from its graph",
        "Return the tensor itself. A Python number or a NumPy array does not know what it was computed "
        "from, so backward() could not start from it.",
        (
            changed(cross_entropy, lambda loss: loss.item()),
            changed(cross_entropy, lambda loss: loss.numpy()),
            changed(cross_entropy, lambda loss: loss.numpy()[()]),
            lambda x, y: _minus_log(_softmax)(x, y).item(),
            lambda x, y: _minus_log(_naive)(x, y).item(),
            lambda x, y: F.cross_entropy(x, y, reduction="sum").item(),
        ),
    ),
    Misconception(
        "one number in a list",
        "The loss is a tensor without axes, of the shape []. Yours has an axis of length 1: what keeps it?",
        (
            changed(cross_entropy, lambda loss: loss[None]),
            changed(cross_entropy, lambda loss: loss[None, None]),
            changed(cross_entropy, lambda loss: [loss]),
        ),
    ),
)
