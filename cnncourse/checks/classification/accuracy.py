"""Exercise 3.5: accuracy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from ..exercise import Exercise, Misconception, Probe
from ..results import changed

_SEVEN = [
    [0.5, 2.0, -1.0, 0.0],
    [1.5, -0.5, 1.0, 0.25],
    [-1.0, 0.0, -2.0, -0.5],
    [3.0, 1.0, 2.0, 0.0],
    [0.0, -1.0, 0.75, 0.5],
    [-3.0, -2.0, -1.0, -4.0],
    [0.25, 0.5, 0.0, 1.0],
]
_SQUARE = [[2.0, 1.0, 0.0, -1.0], [0.0, 1.0, 3.0, 2.0], [1.5, -1.0, 0.0, 0.5], [-1.0, 0.5, 1.0, 4.0]]
_NEGATIVE = [
    [-3.0, -1.0, -2.0],
    [-0.5, -4.0, -1.0],
    [-2.0, -3.0, -0.25],
    [-1.5, -1.0, -3.0],
    [-2.0, -6.0, -5.0],
]

Labels = Tensor
Score = Callable[[Tensor, Labels], float]


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of images [N, K] whose largest score belongs to their label, 0..1.

    >>> accuracy(torch.tensor([[2.0, 0.0], [1.0, 3.0], [0.0, 1.0]]), torch.tensor([0, 1, 0]))
    0.6666666865348816
    """
    return (logits.argmax(dim=1) == labels).float().mean().item()


def _probe(note: str, logits: list[list[float]], labels: list[int]) -> Probe:
    return Probe((torch.tensor(logits), torch.tensor(labels)), note=note)


def _share(right: Callable[[Tensor, Tensor], Tensor]) -> Score:
    """Return the mean of other comparisons."""
    return lambda logits, labels: right(logits, labels).float().mean().item()


def _per_class(logits: Tensor, labels: Tensor, of: str) -> float:
    """Return the mean over classes of the share right among the images of that label, or prediction."""
    predicted = logits.argmax(1)
    groups = labels if of == "label" else predicted
    shares = [(predicted == labels)[groups == k].float().mean() for k in groups.unique()]
    return torch.stack(shares).mean().item()


def _mean_of_batches(logits: Tensor, labels: Tensor, size: int) -> float:
    parts = zip(logits.split(size), labels.split(size), strict=True)
    shares = [accuracy(*part) for part in parts]
    return sum(shares) / len(shares)


def _within(best: int) -> Score:
    return _share(lambda x, y: (x.topk(min(best, x.shape[1]), 1).indices == y[:, None]).any(1))


def _one_hot_mean(logits: Tensor, labels: Tensor) -> Tensor:
    classes = logits.shape[1]
    return F.one_hot(logits.argmax(1), classes) == F.one_hot(labels, classes)


EXERCISE = Exercise(
    name="accuracy",
    number="3.5",
    signature="accuracy(logits[N,K], labels[N]) -> float between 0 and 1",
    reference=accuracy,
    probes=(
        _probe("seven images, four classes", _SEVEN, [1, 2, 1, 0, 3, 2, 0]),
        _probe("as many images as classes", _SQUARE, [3, 2, 0, 3]),
        _probe("all scores negative", _NEGATIVE, [1, 2, 2, 0, 0]),
        _probe("one class has most of the images", _SEVEN, [1, 1, 1, 1, 1, 1, 3]),
        _probe("all right", _SQUARE, [0, 2, 0, 3]),
        _probe("all wrong", _NEGATIVE, [0, 1, 1, 2, 1]),
        _probe("one image", [[0.5, 0.25, 1.5]], [2]),
        _probe("large scores", [[90.0, 100.0], [3.0, 2.0], [-80.0, -95.0]], [1, 1, 0]),
    ),
    misconceptions=(
        Misconception(
            "percent instead of a share",
            "The result lies between 0 and 1: 0.75, not 75.",
            (
                changed(accuracy, lambda share: 100 * share),
                changed(accuracy, lambda share: round(100 * share)),
                changed(accuracy, lambda share: round(100 * share, 1)),
                changed(accuracy, lambda share: round(100 * share, 2)),
            ),
        ),
        Misconception(
            "a count instead of a share",
            "Yours counts the images that are right. Divide by how many there are.",
            (
                lambda x, y: (x.argmax(1) == y).sum().item(),
                lambda x, y: float((x.argmax(1) == y).sum()),
            ),
        ),
        Misconception(
            "a tensor instead of a number",
            "A float is wanted, and yours is a tensor: .item() makes a Python number of it.",
            (
                lambda x, y: (x.argmax(1) == y).float().mean(),
                lambda x, y: (x.argmax(1) == y).float().mean()[None],
                lambda x, y: (x.argmax(1) == y).float().mean().numpy(),
                lambda x, y: (x.argmax(1) == y).sum() / len(y),
                lambda x, y: (x.argmax(1) == y).sum(),
                lambda x, y: 100 * (x.argmax(1) == y).float().mean(),
            ),
        ),
        Misconception(
            "one verdict for each image",
            "Yours says for each image whether it is right. Take the mean of that.",
            (
                lambda x, y: x.argmax(1) == y,
                lambda x, y: (x.argmax(1) == y).float(),
                lambda x, y: (x.argmax(1) == y).int(),
                lambda x, y: (x.argmax(1) == y).tolist(),
            ),
        ),
        Misconception(
            "the error instead of the accuracy",
            "Yours is the share of wrong images. Count where the prediction equals the label.",
            (
                changed(accuracy, lambda share: 1 - share),
                lambda x, y: (x.argmax(1) != y).sum().item(),
                changed(accuracy, lambda share: 100 - 100 * share),
            ),
        ),
        Misconception(
            "the largest along the wrong axis",
            "The prediction for an image is the class with the largest score in its row: argmax along dim=1. "
            "Along dim=0 you look for the best image of each class.",
            (
                _share(lambda x, y: x.argmax(0) == y),
                _share(lambda x, y: x.argmax(0)[: len(y)] == y[: x.shape[1]]),
                _share(lambda x, y: x.softmax(0).argmax(1) == y),
                lambda x, y: (x.argmax(0)[: len(y)] == y[: x.shape[1]]).sum().item() / len(y),
                lambda x, y: (x.argmax(0)[: len(y)] == y[: x.shape[1]]).sum().item() / x.shape[1],
            ),
        ),
        Misconception(
            "the position in the whole batch",
            "Without dim=, argmax counts through the whole batch and returns one number. Look for the "
            "largest score of each row: dim=1.",
            (_share(lambda x, y: x.argmax() == y), _share(lambda x, y: x.argmax() % x.shape[1] == y)),
        ),
        Misconception(
            "the smallest score",
            "The prediction is the class with the largest score, not the smallest.",
            (_share(lambda x, y: x.argmin(1) == y), _share(lambda x, y: x.abs().argmin(1) == y)),
        ),
        Misconception(
            "scores without their sign",
            "A score of −4 is lower than one of 1: compare the scores themselves, not their sizes.",
            (_share(lambda x, y: x.abs().argmax(1) == y), _share(lambda x, y: (x**2).argmax(1) == y)),
        ),
        Misconception(
            "the score compared with the label",
            "You compare the largest score itself. The label is a class number, so compare it with the "
            "position of the largest score: argmax, or the second thing that max(dim=1) returns.",
            (
                _share(lambda x, y: x.amax(1) == y),
                _share(lambda x, y: x.amax(1).round() == y),
                _share(lambda x, y: x.amax(1).long() == y),
                _share(lambda x, y: torch.softmax(x, 1).amax(1) == y),
            ),
        ),
        Misconception(
            "labels off by one",
            "Classes are counted from 0, as argmax does: add or subtract nothing.",
            (
                _share(lambda x, y: x.argmax(1) + 1 == y),
                _share(lambda x, y: x.argmax(1) - 1 == y),
            ),
        ),
        Misconception(
            "counted over all classes",
            "An image is right or wrong as a whole. Yours counts every class of every image, so that the "
            "many classes that are rightly not chosen count too.",
            (
                _share(_one_hot_mean),
                _share(lambda x, y: (x > 0) == F.one_hot(y, x.shape[1])),
                _share(lambda x, y: (torch.softmax(x, 1) > 0.5) == F.one_hot(y, x.shape[1])),
            ),
        ),
        Misconception(
            "every image compared with every label",
            "Both sides of == need the shape [N]. A column [N, 1] beside a row [N] is compared with all of "
            "it, which gives N · N verdicts: leave keepdim=True away.",
            (
                _share(lambda x, y: x.argmax(1)[:, None] == y),
                lambda x, y: (x.argmax(1)[:, None] == y).sum().item() / len(y),
                lambda x, y: (x.argmax(1)[:, None] == y).sum().item(),
                _share(lambda x, y: (x.argmax(1)[:, None] == y).any(1)),
            ),
        ),
        Misconception(
            "one image only",
            "Every image of the batch counts. Yours looks at one: is the `return` inside the loop?",
            (
                lambda x, y: float(x[0].argmax() == y[0]) / len(y),
                lambda x, y: float(x[-1].argmax() == y[-1]) / len(y),
                lambda x, y: float(x[0].argmax() == y[0]),
                lambda x, y: float(x[-1].argmax() == y[-1]),
            ),
        ),
        Misconception(
            "divided by the wrong number",
            "Divide by the number of images, N: the length of labels.",
            (
                lambda x, y: (x.argmax(1) == y).sum().item() / x.shape[1],
                lambda x, y: (x.argmax(1) == y).sum().item() / x.numel(),
                lambda x, y: (x.argmax(1) == y).sum().item() / (len(y) + 1),
                lambda x, y: (x.argmax(1) == y).sum().item() / max(len(y) - 1, 1),
                lambda x, y: (x.argmax(1) == y).sum().item() / len(y.unique()),
                lambda x, y: (x.argmax(1) == y).sum().item() / 10,
                lambda x, y: (x.argmax(1) == y).sum().item() / 100,
            ),
        ),
        Misconception(
            "averaged over classes",
            "Every image counts alike. Yours takes the mean of the shares of each class, so that an image "
            "of a rare class counts for more.",
            (partial(_per_class, of="label"), partial(_per_class, of="prediction")),
        ),
        Misconception(
            "averaged over unequal batches",
            "Yours averages the accuracies of parts that are not of one size, so that an image of a small "
            "part counts for more. Count all that are right first, then divide once.",
            tuple(partial(_mean_of_batches, size=size) for size in (2, 3, 4, 5)),
        ),
        Misconception(
            "right if among the best",
            "Only the class with the very largest score counts as the prediction.",
            (_within(2), _within(3)),
        ),
        Misconception(
            "probability instead of decision",
            "Accuracy asks for each image: right or wrong? Yours also counts how sure the network is.",
            (
                lambda x, y: torch.softmax(x, 1)[range(len(y)), y].mean().item(),
                lambda x, y: torch.softmax(x, 1).amax(1).mean().item(),
                lambda x, y: x[range(len(y)), y].mean().item(),
                _share(lambda x, y: (x > 0).float().argmax(1) == y),
                _share(lambda x, y: (torch.softmax(x, 1) > 0.5).float().argmax(1) == y),
                _share(lambda x, y: (torch.softmax(x, 1).amax(1) > 0.5) & (x.argmax(1) == y)),
                _share(lambda x, y: torch.softmax(x, 1)[range(len(y)), y] > 0.5),
                _share(lambda x, y: x[range(len(y)), y] > 0),
                lambda x, y: F.cross_entropy(x, y).item(),
                lambda x, y: torch.exp(-F.cross_entropy(x, y)).item(),
            ),
        ),
        Misconception(
            "all or nothing",
            "Some images may be right and others wrong: return the share, 0.75. Yours is only ever 0 or 1.",
            (
                lambda x, y: float(torch.equal(x.argmax(1), y)),
                lambda x, y: float((x.argmax(1) == y).any()),
                lambda x, y: torch.equal(x.argmax(1), y),
                changed(accuracy, int),
                changed(accuracy, lambda share: float(int(share))),
                changed(accuracy, lambda share: float(round(share))),
                changed(accuracy, round),
                lambda x, y: (x.argmax(1) == y).sum().item() // len(y),
            ),
        ),
        Misconception(
            "rounded",
            "Return the share as it is: 3 of 7 is 0.428571…, not 0.43.",
            (
                changed(accuracy, lambda share: round(share, 1)),
                changed(accuracy, lambda share: round(share, 2)),
                changed(accuracy, lambda share: round(share, 3)),
            ),
        ),
    ),
    hints=(
        "What does the network decide for one image? The position of the largest score in its row.",
        "Compare all decisions with the labels at once: == gives True or False for each image. What is the "
        "mean of these?",
        "The mean needs floats: .float(). And .item() makes a Python number of a tensor with one value.",
    ),
)

EXERCISES = (EXERCISE,)
