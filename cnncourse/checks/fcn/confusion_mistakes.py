"""How people get a confusion matrix wrong."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from ...metrics import confusion_matrix
from ..exercise import Misconception
from ..results import changed
from .counting import (
    WAYS,
    after,
    by_cutting,
    by_histogram,
    by_one_hot,
    counts,
    extra_row,
    extra_rows_only,
    images,
    keeping,
    largest,
    made,
    of_those_that_occur,
    once,
    relabeled,
    right_or_wrong,
    sized,
    without_diagonal,
)

MISTAKES = (
    Misconception(
        "rows and columns swapped",
        "Rows are the truth and columns the prediction: a pixel adds to the cell [target, prediction].",
        (
            *after(lambda cm: cm.T),
            lambda p, t, num_classes, ignore_index=255: confusion_matrix(t, p, num_classes, None),
        ),
    ),
    Misconception(
        "pixels of a cell counted once",
        "In matrix[target, prediction] += 1 each cell grows by 1 once, however many pixels fall into "
        "it, since the indices are read and written all at once. Add in a loop, with index_put_(…, "
        "accumulate=True), or by torch.bincount.",
        tuple(
            version
            for once in (once(0), once(0, instead=True), once(1), once(2))
            for version in (
                once,
                changed(once, lambda cm: cm.float()),
                changed(once, lambda cm: cm.T),
            )
        ),
    ),
    Misconception(
        "ignored pixels counted as a class",
        "A pixel whose target is ignore_index adds to no cell. Yours counts it for one of the classes.",
        (
            *relabeled(lambda t, k, ignore: torch.where(t == ignore, 0, t)),
            *relabeled(lambda t, k, ignore: torch.where(t == ignore, k - 1, t)),
            *relabeled(lambda t, k, ignore: t.clamp(0, k - 1)),
            *relabeled(lambda t, k, ignore: t.clamp(max=k - 1) % k),
            *relabeled(lambda t, k, ignore: t % k),
            *relabeled(lambda t, k, ignore: torch.where(t < k, t, 0) % k),
        ),
    ),
    Misconception(
        "a row for ignored pixels",
        "A pixel whose target is ignore_index is left out altogether: the matrix has one row and one column "
        "for each of the K classes, and no more.",
        (
            extra_row,
            extra_rows_only,
            changed(extra_row, lambda cm: cm.float()),
            changed(extra_rows_only, lambda cm: cm.float()),
        ),
    ),
    Misconception(
        "ignore_index not looked at",
        "Where target equals ignore_index there is no truth to compare with: leave these pixels out first, "
        "in target and in prediction.",
        keeping(lambda p, t, k, ignore: torch.ones_like(t, dtype=torch.bool), *WAYS[:3], by_one_hot),
    ),
    Misconception(
        "only 255 ignored",
        "The value 255 is only what ignore_index is by default. Compare target with ignore_index.",
        keeping(lambda p, t, k, ignore: t != 255, *WAYS[:3], by_one_hot),
    ),
    Misconception(
        "whatever is no class ignored",
        "Yours leaves out the targets that are no class, or all large ones. ignore_index may also be the "
        "number of a class, such as the background: leave out the targets that equal it.",
        (
            *keeping(lambda p, t, k, ignore: (t >= 0) & (t < k), counts),
            *keeping(lambda p, t, k, ignore: t < k, *WAYS[:3], by_one_hot),
            *keeping(lambda p, t, k, ignore: t < ignore, counts),
            *keeping(lambda p, t, k, ignore: torch.ones_like(t, dtype=torch.bool), by_cutting),
        ),
    ),
    Misconception(
        "predictions ignored",
        "Which pixels count is told by target alone: whatever the network says at a pixel with a true class, "
        "it counts.",
        (
            *keeping(lambda p, t, k, ignore: p != ignore),
            *keeping(lambda p, t, k, ignore: (p != ignore) & (t != ignore), counts),
        ),
    ),
    Misconception(
        "only wrong pixels counted",
        "Pixels that are right count too: they stand on the diagonal.",
        (
            *keeping(lambda p, t, k, ignore: (t != ignore) & (p != t), counts),
            *after(lambda cm: without_diagonal(cm).T),
        ),
    ),
    Misconception(
        "only right pixels counted",
        "Pixels that are wrong count too: they stand beside the diagonal, in the row of their truth.",
        (
            *keeping(lambda p, t, k, ignore: (t != ignore) & (p == t), counts),
            *after(lambda cm: cm.diagonal()),
            *after(lambda cm: cm.diagonal().sum()),
        ),
    ),
    Misconception(
        "class 0 left out",
        "The background is a class like the others, with a row and a column of its own, unless ignore_index "
        "says otherwise.",
        (
            *keeping(lambda p, t, k, ignore: (t != ignore) & (t != 0), counts),
            *keeping(lambda p, t, k, ignore: (t != ignore) & (p != 0), counts),
            *keeping(lambda p, t, k, ignore: (t != ignore) & (t != 0) & (p != 0), counts),
            *keeping(lambda p, t, k, ignore: (t != ignore) & ((t != 0) | (p != 0)), counts),
            *after(lambda cm: cm[1:, 1:]),
        ),
    ),
    Misconception(
        "classes off by one",
        "Classes are counted from 0: class k has row k and column k. Add or subtract nothing.",
        (
            *after(lambda cm: cm.roll((1, 1), (0, 1))),
            *after(lambda cm: cm.roll((-1, -1), (0, 1))),
            *after(lambda cm: cm.roll(1, 0)),
            *after(lambda cm: cm.roll(-1, 0)),
            *after(lambda cm: F.pad(cm, (1, 0, 1, 0))),
            *after(lambda cm: cm.flip((0, 1))),
        ),
    ),
    Misconception(
        "pairs of classes mixed up",
        "Each pair of classes needs a number of its own: target · K + prediction runs from 0 to K² − 1.",
        (
            *made(lambda p, t, k: torch.bincount(t * (k - 1) + p, minlength=k * k).reshape(k, k)),
            *made(lambda p, t, k: torch.bincount(t + p, minlength=k * k).reshape(k, k)),
            *made(lambda p, t, k: torch.bincount(t * p, minlength=k * k).reshape(k, k)),
            *made(lambda p, t, k: torch.bincount(t * 10 + p, minlength=k * k)[: k * k].reshape(k, k)),
            *made(lambda p, t, k: torch.bincount(t * k + p, minlength=k * k)),
        ),
    ),
    Misconception(
        "shares instead of counts",
        "The matrix holds counts, whole numbers: those of several batches can be added up, shares cannot.",
        tuple(
            changed(confusion_matrix, change)
            for change in (
                lambda cm: cm / cm.sum(),
                lambda cm: 100 * cm / cm.sum(),
                lambda cm: cm / cm.sum(1, keepdim=True),
                lambda cm: cm / cm.sum(0, keepdim=True),
                lambda cm: cm / cm.sum(1),
                lambda cm: (cm / cm.sum(1, keepdim=True)).nan_to_num(),
                lambda cm: (cm / cm.sum(0, keepdim=True)).nan_to_num(),
                lambda cm: cm / cm.sum(1, keepdim=True).clamp(min=1),
                lambda cm: cm / (cm.sum(1, keepdim=True) + 1e-8),
                lambda cm: cm / cm.max(),
                lambda cm: cm.T / cm.sum(),
                lambda cm: cm.T / cm.sum(1),
            )
        ),
    ),
    Misconception(
        "floats instead of whole numbers",
        "Counts are whole numbers: make the matrix with dtype=torch.int64. A float32 cannot even count on "
        "past 16,777,216 pixels.",
        (
            changed(confusion_matrix, lambda cm: cm.float()),
            changed(confusion_matrix, lambda cm: cm.double()),
            keeping(lambda p, t, k, ignore: t != ignore, by_histogram)[0],
        ),
    ),
    Misconception(
        "another type than int64",
        "The counts are right, but their dtype is not int64. Smaller types overflow: uint8 counts to 255.",
        tuple(
            changed(confusion_matrix, partial(Tensor.to, dtype=dtype))
            for dtype in (torch.int32, torch.int16, torch.uint8, torch.int8)
        ),
    ),
    Misconception(
        "as large as the classes that occur",
        "The matrix is K×K with K = num_classes, also when some classes do not occur in this batch: so the "
        "matrices of all batches can be added up. torch.bincount needs minlength=K² for that.",
        (
            *made(lambda p, t, k: torch.bincount(t * k + p).reshape(k, k)),
            *sized(largest),
            *made(of_those_that_occur),
            *sized(lambda p, t: int(t.max()) + 1),
            *sized(lambda p, t: len(t.unique())),
            *sized(lambda p, t: len(torch.cat([p, t]).unique())),
        ),
    ),
    Misconception(
        "two classes only",
        "Yours has one row for right and one for wrong, or counts hits for one class. Each of the K classes "
        "has a row and a column of its own.",
        (
            *made(right_or_wrong),
            *made(lambda p, t, k: counts((p > 0).long(), (t > 0).long(), 2)),
            *made(lambda p, t, k: counts((p == t).long(), torch.ones_like(t), 2)),
            *made(lambda p, t, k: counts((p == 1).long(), (t == 1).long(), 2)),
        ),
    ),
    Misconception(
        "the images not added up",
        "One matrix counts all pixels of the batch. Add up those of its images; take no mean, and return "
        "after the loop.",
        (
            *images(lambda each: each),
            *images(lambda each: each.float().mean(0)),
            *images(lambda each: each[0]),
            *images(lambda each: each[-1]),
            *images(lambda each: each.sum(0) // len(each)),
        ),
    ),
    Misconception(
        "counted twice",
        "Each pixel adds 1 to one cell, once: [target, prediction] and not [prediction, target] as well.",
        (
            *after(lambda cm: cm + cm.T),
            *after(lambda cm: 2 * cm),
            *after(lambda cm: cm + 1),
            *after(lambda cm: cm + torch.diag(cm.diagonal())),
            *after(lambda cm: (cm + cm.T) - torch.diag(cm.diagonal())),
        ),
    ),
    Misconception(
        "not a tensor",
        "The result is a torch tensor. torch.from_numpy or torch.tensor makes one of an array or a list.",
        (
            changed(confusion_matrix, lambda cm: cm.numpy()),
            changed(confusion_matrix, lambda cm: cm.tolist()),
            changed(confusion_matrix, lambda cm: cm.T.numpy()),
            changed(confusion_matrix, lambda cm: cm.float().numpy()),
        ),
    ),
)
