"""How people get the loss of a pixel wrong, or what they return."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from ...ops.classification import pixel_cross_entropy
from ..exercise import Misconception
from ..results import changed
from .pixel_losses import (
    UNSTABLE,
    against_one_hot,
    in_styles,
    loss,
    minus_log_sum,
    multiplied,
    of_logs,
    of_prediction,
    over,
    own_choice,
    per_image,
    rows,
    scores,
    stable,
    with_default,
    zeroed,
)

MISTAKES = (
    Misconception(
        "minus forgotten",
        "The log of a probability is negative, and a loss gets smaller while things get better: put a minus "
        "in front.",
        (*in_styles(lambda losses: -losses.mean()), *in_styles(lambda losses: -losses.sum())),
    ),
    Misconception(
        "softmax before cross-entropy",
        "You make probabilities first and treat them as scores again: softmax is inside cross-entropy and "
        "must be applied once.",
        (
            *of_logs(
                lambda x: stable(torch.softmax(x, 1)),
                lambda x: stable(torch.exp(x) / torch.exp(x).sum(1, keepdim=True)),
                lambda x: stable(torch.sigmoid(x)),
            ),
            loss(torch.mean, lambda x: stable(torch.softmax(x, 1)), zeroed),
            loss(torch.sum, lambda x: stable(torch.softmax(x, 1))),
            loss(lambda losses: -losses.mean(), lambda x: stable(torch.softmax(x, 1))),
            lambda x, t, ignore_index=255: F.cross_entropy(torch.softmax(x, 1), t),
        ),
    ),
    Misconception(
        "softmax over the wrong axis",
        "The classes of one pixel compete: softmax runs along axis 1, the classes. Yours runs over the "
        "pixels or the images.",
        (
            *over(0),
            *over(2),
            *over(3),
            *over((2, 3)),
            *over((1, 2, 3)),
            *over((0, 1, 2, 3)),
            *over((0, 2, 3)),
        ),
    ),
    Misconception(
        "classes not moved to the end",
        "A reshape does not move axes: it cuts the numbers into new rows, so that a row holds pixels instead "
        "of classes. Move the classes to the end first: logits.permute(0, 2, 3, 1).reshape(-1, K).",
        (
            *rows(lambda x: x.reshape(-1, x.shape[1])),
            *rows(lambda x: x.reshape(x.shape[1], -1).T),
            *rows(lambda x: x.permute(0, 3, 2, 1).reshape(-1, x.shape[1])),
            *rows(lambda x: x.permute(2, 3, 0, 1).reshape(-1, x.shape[1])),
            *rows(lambda x: x.transpose(1, 2).reshape(-1, x.shape[1])),
            *rows(lambda x: x.permute(3, 2, 0, 1).reshape(-1, x.shape[1])),
        ),
    ),
    Misconception(
        "log of a probability that became 0",
        "For large scores exp overflows, or a probability is rounded to 0 and its log is −inf. Do not "
        "compute the probability: use log_softmax, or take the pixel's largest score out of the sum.",
        (
            *of_logs(*UNSTABLE),
            *(loss(lambda losses: losses.nan_to_num().mean(), logs) for logs in UNSTABLE),
            *(loss(lambda losses: losses.sum() / (losses != 0).sum(), logs, multiplied) for logs in UNSTABLE),
            *of_logs(
                *(
                    partial(lambda x, how, by: torch.log(how(x, by)), how=how, by=by)
                    for how in (
                        lambda x, by: torch.softmax(x, 1) + by,
                        lambda x, by: torch.softmax(x, 1).clamp(min=by),
                        lambda x, by: torch.softmax(x, 1).clamp(by, 1 - by),
                    )
                    for by in (1e-20, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6)
                ),
                lambda x: torch.log(torch.softmax(x.double(), 1)),
                lambda x: minus_log_sum(x.double()),
                lambda x: stable(x.clamp(-50, 50)),
                lambda x: stable(x.clamp(-100, 100)),
                lambda x: x - x.max() - torch.log(torch.exp(x - x.max()).sum(1, keepdim=True)),
            ),
        ),
    ),
    Misconception(
        "softmax forgotten",
        "The logits are scores, not logs of probabilities: log_softmax along the classes comes first.",
        (
            *of_logs(
                scores,
                torch.log,
                lambda x: torch.log(x.abs()),
                lambda x: torch.log(torch.sigmoid(x)),
                F.logsigmoid,
            ),
            loss(torch.mean, scores, zeroed),
            loss(lambda losses: -losses.mean(), scores),
        ),
    ),
    Misconception(
        "log forgotten",
        "The loss is −log of the probability of the right class. Yours uses the probability itself.",
        (
            *of_logs(lambda x: torch.softmax(x, 1)),
            loss(lambda losses: -losses.mean(), lambda x: torch.softmax(x, 1)),
            loss(lambda losses: 1 + losses.mean(), lambda x: torch.softmax(x, 1)),
            loss(torch.mean, lambda x: torch.softmax(x, 1), zeroed),
        ),
    ),
    Misconception(
        "another logarithm",
        "The logarithm is the natural one, torch.log.",
        (*in_styles(lambda losses: losses.mean() / 0.6931472), *in_styles(lambda e: e.mean() / 2.3025851)),
    ),
    Misconception(
        "a share of right pixels",
        "The loss asks how sure the network is of the right class. Yours decides first and counts, and no "
        "gradient leads back through argmax.",
        (
            *of_prediction(lambda p, t: (p == t).float().mean()),
            *of_prediction(lambda p, t: (p != t).float().mean()),
            *of_prediction(lambda p, t: (p == t).float().sum()),
            *of_prediction(lambda p, t: (p != t).float().sum()),
        ),
    ),
    Misconception(
        "another class than the target's",
        "Pick for each pixel the score of the class that target names, counted from 0: not the largest, and "
        "not all of them.",
        (
            own_choice,
            with_default(lambda x, t, ignore: -stable(x).amax(1)[t != ignore].mean()),
            with_default(lambda x, t, ignore: -stable(x).movedim(1, -1)[t != ignore].mean()),
            with_default(lambda x, t, ignore: -stable(x).movedim(1, -1)[t != ignore].sum(1).mean()),
            with_default(lambda x, t, ignore: pixel_cross_entropy(x.roll(1, 1), t, ignore)),
            with_default(lambda x, t, ignore: pixel_cross_entropy(x.roll(-1, 1), t, ignore)),
        ),
    ),
    Misconception(
        "another loss",
        "Cross-entropy is the mean of −log p of the right class. Yours measures something else (a squared "
        "difference, an overlap, or each class by itself).",
        tuple(
            map(
                against_one_hot,
                (
                    F.binary_cross_entropy_with_logits,
                    lambda rows, hot: F.binary_cross_entropy(torch.softmax(rows, 1), hot),
                    lambda rows, hot: F.mse_loss(torch.softmax(rows, 1), hot),
                    lambda rows, hot: F.mse_loss(rows, hot),
                    lambda rows, hot: F.l1_loss(torch.softmax(rows, 1), hot),
                    lambda rows, hot: ((torch.softmax(rows, 1) - hot) ** 2).sum(1).mean(),
                    lambda rows, hot: F.cross_entropy(rows, hot, label_smoothing=0.1),
                    lambda rows, hot: torch.exp(F.cross_entropy(rows, hot)),
                ),
            )
        ),
    ),
    Misconception(
        "one loss for each pixel",
        "Return one number for the batch: the mean of the losses of its pixels.",
        (
            *in_styles(lambda losses: losses),
            *in_styles(lambda losses: losses, zeroed),
            *in_styles(lambda losses: losses.mean((1, 2)), zeroed),
            with_default(lambda x, t, ignore: -stable(x)),
            *per_image(lambda losses: torch.stack([each.mean() for each in losses])),
        ),
    ),
    Misconception(
        "one image only",
        "Every image of the batch counts. Yours returns the loss of one: is the `return` inside the loop?",
        (*per_image(lambda losses: losses[0].mean()), *per_image(lambda losses: losses[-1].mean())),
    ),
    Misconception(
        "a number cut off from its graph",
        "Return the tensor itself. A Python number or a NumPy array does not know what it was computed from, "
        "so backward() could not start from it.",
        (
            changed(pixel_cross_entropy, lambda loss: loss.item()),
            changed(pixel_cross_entropy, lambda loss: loss.numpy()),
            changed(pixel_cross_entropy, lambda loss: loss.numpy()[()]),
            *(changed(loss, lambda value: value.item()) for loss in in_styles(torch.mean)[1:]),
            changed(loss(torch.mean, stable, zeroed), lambda loss: loss.item()),
        ),
    ),
    Misconception(
        "one number in a list",
        "The loss is a tensor without axes, of the shape []. Yours has an axis of length 1: what keeps it?",
        (
            changed(pixel_cross_entropy, lambda loss: loss[None]),
            changed(pixel_cross_entropy, lambda loss: loss[None, None]),
            changed(pixel_cross_entropy, lambda loss: [loss]),
        ),
    ),
)
