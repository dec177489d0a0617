"""How people get cross-entropy wrong."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from ...ops.classification import cross_entropy
from ..exercise import Misconception
from ..results import changed
from .flawed_losses import (
    TINY,
    clamped,
    each,
    forgotten_shift,
    log_sum,
    logs,
    minus_log,
    naive,
    one_hot,
    other_scores,
    picked,
    raised,
    softmax,
    wrong_labels,
)

MISTAKES = (
    Misconception(
        "sum instead of mean",
        "The loss of a batch is the mean over its images, so that it does not grow with the batch. Yours is "
        "the sum.",
        (
            lambda x, y: F.cross_entropy(x, y, reduction="sum"),
            lambda x, y: -torch.log(picked(softmax(x), y)).sum(),
            lambda x, y: -torch.log(picked(naive(x), y)).sum(),
        ),
    ),
    Misconception(
        "minus forgotten",
        "The log of a probability is negative, and a loss is what gets smaller while things get better: put "
        "a minus in front.",
        (
            lambda x, y: -cross_entropy(x, y),
            lambda x, y: torch.log(picked(softmax(x), y)).mean(),
            lambda x, y: torch.log(picked(naive(x), y)).mean(),
            lambda x, y: -each(x, y).sum(),
        ),
    ),
    Misconception(
        "mean over images and classes",
        "Only one number for each image counts, so divide by N, the number of images, and not by N · K.",
        (
            lambda x, y: cross_entropy(x, y) / x.shape[1],
            lambda x, y: -(one_hot(x, y) * torch.log(softmax(x))).mean(),
            lambda x, y: -(one_hot(x, y) * torch.log(naive(x))).mean(),
        ),
    ),
    Misconception(
        "divided by the wrong number",
        "Divide the sum of the losses by the number of images, N.",
        (
            lambda x, y: each(x, y).sum() / x.shape[1],
            lambda x, y: cross_entropy(x, y) / len(y),
            lambda x, y: each(x, y).sum() / (len(y) + 1),
            lambda x, y: each(x, y).sum() / max(len(y) - 1, 1),
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
            minus_log(softmax),
            minus_log(naive),
            lambda x, y: -(one_hot(x, y) * torch.log(softmax(x))).sum(1).mean(),
            lambda x, y: -(one_hot(x, y) * torch.log(naive(x))).sum(1).mean(),
            lambda x, y: (torch.log(torch.exp(x).sum(1)) - picked(x, y)).mean(),
            lambda x, y: (torch.log(torch.exp(x.double()).sum(1)) - picked(x, y)).mean(),
            *(
                minus_log(partial(kept_above_0, how=how, by=by))
                for kept_above_0 in (clamped, raised)
                for how in (softmax, naive)
                for by in TINY
            ),
            lambda x, y: minus_log(lambda x: softmax(x.double()))(x, y),
            lambda x, y: cross_entropy(x.clamp(-50, 50), y),
            lambda x, y: cross_entropy(x.clamp(-80, 80), y),
            lambda x, y: cross_entropy(x.clamp(-100, 100), y),
        ),
    ),
    Misconception(
        "something else than the row's maximum taken out",
        "Take each row's own largest score out of its sum: log Σ exp(z_j) = m + log Σ exp(z_j − m).",
        (
            log_sum(lambda x: x.max()),
            log_sum(lambda x: x.amin(1, keepdim=True)),
            log_sum(lambda x: x.min()),
            log_sum(lambda x: x.mean(1, keepdim=True)),
            log_sum(lambda x: x.mean()),
            log_sum(lambda x: x.amax(0, keepdim=True)),
            log_sum(lambda x: x[:, :1]),
        ),
    ),
    Misconception(
        "the maximum not put back",
        "You take the largest score out of the sum, but not out of the score of the right class, or you do "
        "not add it to the log again. Shift all scores of a row first, and use only the shifted ones.",
        (
            forgotten_shift,
            lambda x, y: forgotten_shift(x, y) - x.amax(1).mean(),
            lambda x, y: (torch.logsumexp(x, 1) - picked(x - x.amax(1, keepdim=True), y)).mean(),
        ),
    ),
    Misconception(
        "softmax twice",
        "You make probabilities first and treat them as scores again: softmax is inside cross-entropy and "
        "must be applied once.",
        (
            lambda x, y: F.cross_entropy(softmax(x), y),
            lambda x, y: F.cross_entropy(naive(x), y),
            lambda x, y: F.cross_entropy(torch.sigmoid(x), y),
        ),
    ),
    Misconception(
        "softmax forgotten",
        "The logits are scores, not probabilities: they must go through softmax before the log.",
        (
            lambda x, y: F.nll_loss(x, y),
            lambda x, y: -torch.log(picked(x, y)).mean(),
            lambda x, y: -torch.log(picked(x, y).abs()).mean(),
            lambda x, y: -torch.log(torch.sigmoid(picked(x, y))).mean(),
            lambda x, y: -F.logsigmoid(picked(x, y)).mean(),
            lambda x, y: -torch.log(picked(torch.exp(x), y)).mean(),
            lambda x, y: picked(x, y).mean(),
        ),
    ),
    Misconception(
        "log forgotten",
        "The loss is −log of the probability of the right class. Yours uses the probability itself.",
        (
            lambda x, y: -picked(softmax(x), y).mean(),
            lambda x, y: 1 - picked(softmax(x), y).mean(),
            lambda x, y: picked(softmax(x), y).mean(),
            lambda x, y: F.nll_loss(softmax(x), y),
            lambda x, y: -picked(naive(x), y).mean(),
        ),
    ),
    Misconception(
        "softmax over the wrong axis",
        "The classes of one image compete, so the sum runs along each row: dim=1. Yours runs over the images "
        "of the batch.",
        (
            lambda x, y: -picked(torch.log_softmax(x, 0), y).mean(),
            lambda x, y: -torch.log(picked(torch.softmax(x, 0), y)).mean(),
            lambda x, y: -picked(torch.log_softmax(x.flatten(), 0).reshape(x.shape), y).mean(),
            lambda x, y: -torch.log(picked(torch.exp(x) / torch.exp(x).sum(), y)).mean(),
            lambda x, y: -torch.log(picked(torch.exp(x) / torch.exp(x).sum(0), y)).mean(),
            lambda x, y: F.cross_entropy(x.T, y),
        ),
    ),
    Misconception(
        "another logarithm",
        "The logarithm is the natural one (torch.log): with it the gradient is simply softmax − one-hot.",
        (
            lambda x, y: cross_entropy(x, y) / 0.6931472,
            lambda x, y: cross_entropy(x, y) / 2.3025851,
            lambda x, y: -torch.log2(picked(softmax(x), y)).mean(),
            lambda x, y: -torch.log10(picked(softmax(x), y)).mean(),
            lambda x, y: -torch.log1p(picked(softmax(x), y)).mean(),
        ),
    ),
    Misconception(
        "every class counted",
        "Only the probability of the right class counts: for each image pick that one, by its label. Yours "
        "uses the others too.",
        (
            lambda x, y: -logs(x).mean(),
            lambda x, y: -logs(x).sum(1).mean(),
            lambda x, y: -logs(x).sum(),
            lambda x, y: -(softmax(x) * logs(x)).sum(1).mean(),
            lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1),
        ),
    ),
    Misconception(
        "log of the labels",
        "The log belongs to the probabilities, and the one-hot rows of the labels only pick: −Σ one-hot · "
        "log p. Yours takes the log of the one-hot rows, of zeros.",
        (
            lambda x, y: -(softmax(x) * torch.log(one_hot(x, y))).sum(1).mean(),
            *(
                lambda x, y, tiny=tiny: -(softmax(x) * torch.log(one_hot(x, y) + tiny)).sum(1).mean()
                for tiny in TINY
            ),
            *(
                lambda x, y, tiny=tiny: -(softmax(x) * one_hot(x, y).clamp(min=tiny).log()).sum(1).mean()
                for tiny in TINY
            ),
        ),
    ),
    Misconception(
        "every label for every image",
        "Indexing as in log_p[:, labels] takes the columns of all labels for every image: N · N numbers. "
        "Each image has one label: log_p[torch.arange(N), labels].",
        (
            other_scores(lambda logs, y: logs[:, y]),
            lambda x, y: -torch.log(softmax(x)[:, y]).mean(),
            lambda x, y: -logs(x)[:, y].sum() / len(y),
            lambda x, y: -logs(x)[:, y].sum(),
            other_scores(lambda logs, y: logs[y % len(logs)]),
        ),
    ),
    Misconception(
        "another class than the label's",
        "Pick for each image the class that its label names, counted from 0, and not the class with the "
        "largest score or a neighbor.",
        (
            wrong_labels(lambda x, y: x.argmax(1)),
            wrong_labels(lambda x, y: x.argmin(1)),
            wrong_labels(lambda x, y: (y - 1) % x.shape[1]),
            wrong_labels(lambda x, y: (y + 1) % x.shape[1]),
            wrong_labels(lambda x, y: torch.zeros_like(y)),
            wrong_labels(lambda x, y: y.flip(0)),
            lambda x, y: -logs(x).diag().mean(),
            lambda x, y: -torch.log(softmax(x).amax(1)).mean(),
        ),
    ),
    Misconception(
        "one loss for each image",
        "Return one number for the batch: the mean of the losses of its images.",
        (
            each,
            lambda x, y: -each(x, y),
            lambda x, y: -torch.log(picked(softmax(x), y)),
            lambda x, y: -torch.log(picked(naive(x), y)),
            lambda x, y: each(x, y)[:, None],
            lambda x, y: one_hot(x, y) * -logs(x),
            lambda x, y: -logs(x),
        ),
    ),
    Misconception(
        "one image only",
        "Every image of the batch counts. Yours returns the loss of one: is the `return` inside the loop?",
        (
            lambda x, y: each(x, y)[0],
            lambda x, y: each(x, y)[-1],
            lambda x, y: each(x, y)[0] / len(y),
            lambda x, y: each(x, y)[-1] / len(y),
            lambda x, y: each(x, y).max(),
            lambda x, y: each(x, y).min(),
            lambda x, y: each(x, y).median(),
        ),
    ),
    Misconception(
        "another loss",
        "Cross-entropy is the mean of −log p of the right class. Yours measures something else (a squared or "
        "absolute difference, a margin, or each class by itself).",
        (
            lambda x, y: F.mse_loss(softmax(x), one_hot(x, y)),
            lambda x, y: F.mse_loss(x, one_hot(x, y)),
            lambda x, y: F.l1_loss(softmax(x), one_hot(x, y)),
            lambda x, y: ((softmax(x) - one_hot(x, y)) ** 2).sum(1).mean(),
            lambda x, y: F.multi_margin_loss(x, y),
            lambda x, y: F.binary_cross_entropy_with_logits(x, one_hot(x, y)),
            lambda x, y: F.binary_cross_entropy(softmax(x), one_hot(x, y)),
            lambda x, y: F.binary_cross_entropy(softmax(x), one_hot(x, y), reduction="sum") / len(y),
            lambda x, y: (x.argmax(1) != y).float().mean(),
            lambda x, y: F.mse_loss(x.argmax(1).float(), y.float()),
            lambda x, y: F.l1_loss(x.argmax(1).float(), y.float()),
            lambda x, y: torch.exp(cross_entropy(x, y)),
            lambda x, y: -torch.log(picked(softmax(x), y).mean()),
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
            lambda x, y: minus_log(softmax)(x, y).item(),
            lambda x, y: minus_log(naive)(x, y).item(),
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
