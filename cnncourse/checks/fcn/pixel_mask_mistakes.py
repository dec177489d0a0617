"""How people count the wrong pixels in a loss, or divide by the wrong number."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from ...ops.classification import pixel_cross_entropy
from ..exercise import Misconception
from .pixel_losses import (
    against_one_hot,
    as_class,
    divided,
    each,
    in_styles,
    keeping,
    looked_up,
    multiplied,
    per_class,
    per_image,
    put,
    silenced,
    stable,
    zeroed,
)

_MEAN_OF_ALL = "Pixels without a class count in neither the sum nor the number you divide by"

MISTAKES = (
    Misconception(
        "ignored pixels counted in the mean",
        _MEAN_OF_ALL + ": yours adds 0 for them, but divides by all N · H · W pixels.",
        (
            *in_styles(torch.mean, zeroed),
            *in_styles(torch.mean, multiplied),
            silenced,
        ),
    ),
    Misconception(
        "ignored pixels counted as a class",
        _MEAN_OF_ALL + ". Yours gives them a class, and then they count like the others.",
        (
            *as_class(lambda t, ignore, k: put(t, ignore, k, 0)),
            *as_class(lambda t, ignore, k: put(t, ignore, k, -1)),
            *as_class(lambda t, ignore, k: put(t, ignore, k, 1)),
            *as_class(lambda t, ignore, k: t.clamp(0, k - 1)),
            *as_class(lambda t, ignore, k: t % k),
            *as_class(lambda t, ignore, k: torch.where(t < k, t, 0) % k),
            *as_class(lambda t, ignore, k: t.clamp(max=k - 1) % k),
        ),
    ),
    Misconception(
        "ignored pixels divided out twice",
        "Divide by the number of pixels that count, counted in target: the shape of logits does not tell it. "
        "And do not count the others in the sum.",
        (
            lambda x, t, ignore_index=255: (
                each(stable, x, t, t != ignore_index).sum() / (t != ignore_index).sum()
            ),
            lambda x, t, ignore_index=255: (
                each(stable, x, t, t != ignore_index, x.shape[1] - 1).sum() / (t != ignore_index).sum()
            ),
            lambda x, t, ignore_index=255: (
                pixel_cross_entropy(x, t, ignore_index) / (t != ignore_index).float().mean()
            ),
        ),
    ),
    Misconception(
        "ignore_index not looked at",
        "Yours takes every pixel. Where target equals ignore_index there is no class: leave these pixels out "
        "of the sum and of the count.",
        (
            lambda x, t, ignore_index=255: F.cross_entropy(x, t),
            *keeping(lambda x, t, ignore: torch.ones_like(t, dtype=torch.bool)),
        ),
    ),
    Misconception(
        "a mark looked up as a class",
        "Where target is ignore_index there is no such class: 255 is no place among the K scores. Take the "
        "pixels that count first, and look up their classes only then.",
        (
            *looked_up(lambda logs, t: -logs.gather(1, t[:, None])[:, 0]),
            *looked_up(lambda logs, t: -logs.movedim(1, -1).flatten(0, 2)[range(t.numel()), t.flatten()]),
            *looked_up(lambda logs, t: F.nll_loss(logs, t, reduction="none")),
            *looked_up(lambda logs, t: -(F.one_hot(t, logs.shape[1]) * logs.movedim(1, -1)).sum(-1)),
        ),
    ),
    Misconception(
        "only 255 ignored",
        "The value 255 is only what ignore_index is by default. Compare target with ignore_index.",
        (
            lambda x, t, ignore_index=255: F.cross_entropy(x, t, ignore_index=255),
            *keeping(lambda x, t, ignore: t != 255),
        ),
    ),
    Misconception(
        "whatever is no class ignored",
        "Yours leaves out the targets that are no class. ignore_index may also be the number of a class, "
        "such as the background: compare target with ignore_index.",
        (
            *keeping(lambda x, t, ignore: (t >= 0) & (t < x.shape[1]))[:5],
            *keeping(lambda x, t, ignore: t < x.shape[1]),
            *keeping(lambda x, t, ignore: t != t.max().clamp(min=x.shape[1])),
        ),
    ),
    Misconception(
        "the wrong pixels ignored",
        "The pixels to leave out are those whose target equals ignore_index: whatever the network says "
        "there, and none of the others.",
        (
            *keeping(lambda x, t, ignore: x.argmax(1) != ignore),
            *keeping(lambda x, t, ignore: (x.argmax(1) != ignore) & (t != ignore)),
            *keeping(lambda x, t, ignore: (t != ignore) & (t != 0))[:5],
            *keeping(lambda x, t, ignore: (t != ignore) & (x.argmax(1) != t))[:5],
            *keeping(lambda x, t, ignore: t == ignore),
            *keeping(lambda x, t, ignore: t < ignore),
        ),
    ),
    Misconception(
        "mean of the images' means",
        "Every pixel counts alike. Yours takes the mean of each image first, so that a pixel of an image "
        "with few of them counts for more. Add up over the whole batch, then divide once.",
        (
            *per_image(lambda losses: torch.stack([each.mean() for each in losses]).mean()),
            *per_image(lambda losses: torch.stack([each.mean() for each in losses]).nanmean()),
            *per_image(
                lambda losses: torch.stack([each.sum() / max(len(each), 1) for each in losses]).mean()
            ),
            *per_image(lambda losses: torch.stack([each.mean() for each in losses]).sum()),
        ),
    ),
    Misconception(
        "mean of the classes' means",
        "Every pixel counts alike, whatever its class. Yours takes the mean of each class first.",
        (per_class,),
    ),
    Misconception(
        "sum instead of mean",
        "Divide the sum by the number of pixels that count, so that the loss does not grow with the image.",
        in_styles(torch.sum),
    ),
    Misconception(
        "divided by the wrong number",
        "Divide the sum by the number of pixels that count: those whose target is not ignore_index, in all "
        "images.",
        (
            *divided(lambda x: x.shape[0]),
            *divided(lambda x: x.shape[1]),
            *divided(lambda x: x.shape[2] * x.shape[3]),
            *divided(lambda x: x.numel()),
            *divided(lambda x: x.shape[0] * x.shape[1]),
            *in_styles(lambda losses: losses.sum() / (len(losses) + 1)),
            *in_styles(lambda losses: losses.mean() / 2),
            lambda x, t, ignore_index=255: pixel_cross_entropy(x, t, ignore_index) / len(x),
            lambda x, t, ignore_index=255: pixel_cross_entropy(x, t, ignore_index) / x.shape[1],
            against_one_hot(lambda rows, hot: -(hot * torch.log_softmax(rows, 1)).mean()),
            against_one_hot(lambda rows, hot: -(hot * torch.log(torch.softmax(rows, 1))).mean()),
        ),
    ),
)
