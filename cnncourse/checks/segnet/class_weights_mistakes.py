"""How people get weights of median frequency wrong."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...training import median_frequency_weights
from ..exercise import Misconception
from ..results import changed

Weights = Callable[..., Tensor]
Frequency = Callable[[Tensor, Tensor], Tensor]  # pixels [N, K], sizes of the images [N] -> [K], NaN: absent
Rule = Callable[[Tensor], Tensor]  # frequencies of the classes that occur -> their weights


def _counted(masks: Tensor, k: int, ignore: int) -> tuple[Tensor, Tensor]:
    flat = masks.flatten(1)
    pixels = torch.stack([(flat == c).sum(1) for c in range(k)], dim=1)
    return pixels.double(), (flat != ignore).sum(1).double()


def _right(pixels: Tensor, sizes: Tensor) -> Tensor:
    return pixels.sum(0) / ((pixels > 0) * sizes[:, None]).sum(0)


def _of_all_images(pixels: Tensor, sizes: Tensor) -> Tensor:
    return pixels.sum(0) / sizes.sum()


def _mean_share(pixels: Tensor, sizes: Tensor) -> Tensor:
    """Average each class's share over the images that contain it."""
    return torch.where(pixels > 0, pixels / sizes[:, None], torch.nan).nanmean(0)


def _median_over(f: Tensor) -> Tensor:
    return f.quantile(0.5) / f


def _built(frequency: Frequency = _right, rule: Rule = _median_over, absent: float = 0.0) -> Weights:
    """Return weights by another frequency or rule, or with another weight for classes that occur nowhere."""

    def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        pixels, sizes = _counted(masks, num_classes, ignore_index)
        occurs = pixels.sum(0) > 0
        weights = torch.full((num_classes,), absent, dtype=torch.float64)
        weights[occurs] = rule(frequency(pixels, sizes)[occurs])
        return weights

    return wrong


def _over_all(
    frequency: Frequency = _right, middle: Callable[[Tensor], Tensor] = torch.median, absent: float = 0.0
) -> Weights:
    """Return weights whose median is taken over all classes, those that occur nowhere with a 0."""

    def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        f = frequency(*_counted(masks, num_classes, ignore_index)).nan_to_num()
        return torch.where(f > 0, middle(f) / f, absent)

    return wrong


def _mean_of_two(f: Tensor) -> Tensor:
    return f.quantile(0.5)


_ABSENT = (0.0, 1.0, torch.inf, torch.nan)


def _family(frequency: Frequency = _right, rule: Rule = _median_over) -> tuple[Weights, ...]:
    """Return a mistake with each weight that people give to a class that occurs nowhere."""
    return tuple(_built(frequency, rule, absent) for absent in _ABSENT)


def _every_way(frequency: Frequency) -> tuple[Weights, ...]:
    """Return a wrong frequency, also with the median over all classes."""
    return (
        *_family(frequency),
        *(_over_all(frequency, middle, a) for middle in (torch.median, _mean_of_two) for a in _ABSENT),
    )


def _relabeled(relabel: Callable[[Tensor, int, int], Tensor]) -> tuple[Weights, ...]:
    """Return weights of masks whose ignored pixels got a class."""

    def made(weigh: Weights) -> Weights:
        def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
            return weigh(relabel(masks, num_classes, ignore_index), num_classes, 10_000)

        return wrong

    return tuple(made(weigh) for weigh in _family())


def _sized(sizes: Callable[[Tensor, int], Tensor]) -> tuple[Weights, ...]:
    """Return weights with other sizes of the images, which then may hold pixels that should not count."""

    def made(frequency: Frequency, absent: float) -> Weights:
        def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
            def other(pixels: Tensor, _: Tensor) -> Tensor:
                return frequency(pixels, sizes(masks.flatten(1), ignore_index).double())

            return _built(other, absent=absent)(masks, num_classes, ignore_index)

        return wrong

    return tuple(made(_right, absent) for absent in _ABSENT)


def _as_a_class_of_its_own(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
    masks = torch.where(masks == ignore_index, num_classes, masks)
    return median_frequency_weights(masks, num_classes + 1, None)


MISTAKES = (
    Misconception(
        "frequency over all images",
        "The frequency of a class is taken over the images that contain it. Yours divides by the pixels of "
        "all images, so that a class that fills the few images it is in passes for a small one.",
        _every_way(_of_all_images),
    ),
    Misconception(
        "ratio inverted",
        "The weight is median / frequency: a rare class must weigh more than a common one. In yours the "
        "common classes weigh most.",
        (*_family(rule=lambda f: f / f.quantile(0.5)), *_family(_of_all_images, lambda f: f / f.median())),
    ),
    Misconception(
        "mean instead of median",
        "Divide the median of the frequencies by each of them. The mean is pulled up by one large class, "
        "such as the road.",
        (*_family(rule=lambda f: f.mean() / f), *_family(_of_all_images, lambda f: f.mean() / f)),
    ),
    Misconception(
        "absent classes in the median",
        "Take the median over the classes that occur. Zeros of classes that occur nowhere pull it down.",
        tuple(_over_all(middle=middle, absent=a) for middle in (torch.median, _mean_of_two) for a in _ABSENT),
    ),
    Misconception(
        "infinite or NaN for an absent class",
        "A class that occurs nowhere has nothing to learn from, and its weight is 0. Division by its "
        "frequency of 0 gives inf or NaN: leave such classes out.",
        (_built(absent=torch.inf), _built(absent=torch.nan)),
    ),
    Misconception(
        "1 for an absent class",
        "A class that occurs nowhere weighs 0, not 1.",
        (_built(absent=1.0),),
    ),
    Misconception(
        "ignored pixels in the size of an image",
        "Pixels of ignore_index count nowhere: they are no class, and no part of an image's size either. "
        "Divide by the number of pixels that are not ignored.",
        _sized(lambda flat, ignore: torch.full((len(flat),), flat.shape[1])),
    ),
    Misconception(
        "ignored pixels counted as a class",
        "A pixel of ignore_index belongs to no class. Yours counts it for one.",
        (
            *_relabeled(lambda m, k, ignore: torch.where(m == ignore, 0, m)),
            *_relabeled(lambda m, k, ignore: torch.where(m == ignore, k - 1, m)),
            _as_a_class_of_its_own,
            changed(_as_a_class_of_its_own, lambda w: w[:-1]),
        ),
    ),
    Misconception(
        "normalized",
        "A class of middle size weighs 1, since its frequency is the median. Return median / frequency as it "
        "is, without dividing by the sum, the mean or the largest.",
        tuple(
            changed(median_frequency_weights, change)
            for change in (
                lambda w: w / w.sum(),
                lambda w: w / w.sum() * len(w),
                lambda w: w / w[w > 0].mean(),
                lambda w: w / w.max(),
                lambda w: w.softmax(0),
            )
        ),
    ),
    Misconception(
        "square root or logarithm taken",
        "The weight is the ratio itself: median / frequency. A root or a logarithm of it is another, milder "
        "recipe.",
        (
            *_family(rule=lambda f: (f.quantile(0.5) / f).sqrt()),
            *_family(rule=lambda f: (f.quantile(0.5) / f).log()),
            *_family(rule=lambda f: (f.quantile(0.5) / f).log1p()),
            *_family(rule=lambda f: 1 / (1.02 + f).log()),
        ),
    ),
    Misconception(
        "shares of the images averaged",
        "Add up the pixels first, over all images that contain the class, and divide once. The mean of each "
        "image's share is something else when the images count different numbers of pixels.",
        (*_every_way(_mean_share), *_every_way(lambda pixels, sizes: (pixels / sizes[:, None]).nanmean(0))),
    ),
    Misconception(
        "images counted instead of pixels",
        "The frequency is a share of pixels, not of images: count how many pixels of those images the class "
        "has.",
        _family(lambda pixels, sizes: (pixels > 0).double().mean(0)),
    ),
)
