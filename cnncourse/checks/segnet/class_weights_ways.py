"""Compute weights of median frequency in wrong ways."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...training import median_frequency_weights

Weights = Callable[..., Tensor]
Frequency = Callable[[Tensor, Tensor], Tensor]  # pixels [N, K], sizes of the images [N] -> [K], NaN: absent
Rule = Callable[[Tensor], Tensor]  # frequencies of the classes that occur -> their weights
Sizes = Callable[[Tensor, int, int], Tensor]  # masks [N, H·W], K, ignore_index -> [N]


def _counted(masks: Tensor, k: int, ignore: int) -> tuple[Tensor, Tensor]:
    flat = masks.flatten(1)
    pixels = (flat[:, :, None] == torch.arange(k)).sum(1)  # [N, K]
    return pixels.double(), (flat != ignore).sum(1).double()


def right(pixels: Tensor, sizes: Tensor) -> Tensor:
    """Return the frequency as it should be."""
    return pixels.sum(0) / ((pixels > 0) * sizes[:, None]).sum(0)


def of_all_images(pixels: Tensor, sizes: Tensor) -> Tensor:
    """Divide by the pixels of all images."""
    return pixels.sum(0) / sizes.sum()


def shares(pixels: Tensor, sizes: Tensor) -> Tensor:
    """Return each class's share [N, K] of the images that contain it, NaN elsewhere."""
    return torch.where(pixels > 0, pixels / sizes[:, None], torch.nan)


def mean_share(pixels: Tensor, sizes: Tensor) -> Tensor:
    """Average each class's share over the images that contain it."""
    return shares(pixels, sizes).nanmean(0)


def middle(f: Tensor) -> Tensor:
    """Return the median; of an even number the mean of the middle two."""
    ordered = f.sort().values
    return (ordered[(len(f) - 1) // 2] + ordered[len(f) // 2]) / 2


def _lower_middle(f: Tensor) -> Tensor:
    return f.median()


def _median_over(f: Tensor) -> Tensor:
    return middle(f) / f


def built(frequency: Frequency = right, rule: Rule = _median_over, absent: float = 0.0) -> Weights:
    """Return weights by another frequency or rule, or with another weight for classes that occur nowhere."""

    def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        pixels, sizes = _counted(masks, num_classes, ignore_index)
        occurs = pixels.sum(0) > 0
        weights = torch.full((num_classes,), absent, dtype=torch.float64)
        weights[occurs] = rule(frequency(pixels, sizes)[occurs])
        return weights

    return wrong


def over_all(frequency: Frequency, median: Callable[[Tensor], Tensor], absent: float) -> Weights:
    """Return weights whose median is taken over all classes, those that occur nowhere with a 0."""

    def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        f = frequency(*_counted(masks, num_classes, ignore_index)).nan_to_num()
        return torch.where(f > 0, median(f) / f, absent * median(f))  # 0 / 0 is NaN

    return wrong


ABSENT = (0.0, torch.inf, torch.nan)


def family(frequency: Frequency = right, rule: Rule = _median_over) -> tuple[Weights, ...]:
    """Return a mistake with each weight that a class that occurs nowhere may get beside it."""
    return tuple(built(frequency, rule, absent) for absent in ABSENT)


def zeros_too(frequency: Frequency = right) -> tuple[Weights, ...]:
    """Return a frequency with the median over all classes, as torch and as NumPy take it."""
    return tuple(
        over_all(frequency, median, absent) for median in (_lower_middle, middle) for absent in ABSENT
    )


def every_way(frequency: Frequency) -> tuple[Weights, ...]:
    """Return a wrong frequency, with the right median and with one over all classes."""
    return (*family(frequency), *zeros_too(frequency))


def relabeled(relabel: Callable[[Tensor, int, int], Tensor], more: int = 0) -> tuple[Weights, ...]:
    """Return weights of masks whose ignored pixels got a class, perhaps one of ``more`` classes."""

    def made(weigh: Weights) -> Weights:
        def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
            return weigh(relabel(masks, num_classes, ignore_index), num_classes + more, 10_000)

        return wrong

    return tuple(made(weigh) for weigh in family())


def sized(sizes: Sizes) -> tuple[Weights, ...]:
    """Return weights with other sizes of the images, in the right frequency and in that over all images."""

    def made(frequency: Frequency, absent: float) -> Weights:
        def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
            def other(pixels: Tensor, _: Tensor) -> Tensor:
                return frequency(pixels, sizes(masks.flatten(1), num_classes, ignore_index).double())

            return built(other, absent=absent)(masks, num_classes, ignore_index)

        return wrong

    return tuple(made(right, absent) for absent in ABSENT)


def image_by_image(join: Callable[[Tensor], Tensor]) -> Weights:
    """Weigh the classes in each image alone, and join the results [N, K]."""

    def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        counted = [mask for mask in masks if (mask != ignore_index).any()]
        return join(
            torch.stack([median_frequency_weights(m[None], num_classes, ignore_index) for m in counted])
        )

    return wrong


def classes_apart(shift: int) -> Weights:
    """Count class k as class k + shift."""

    def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        return median_frequency_weights(masks, num_classes, ignore_index).roll(shift)

    return wrong


def with_median_of(frequency: Frequency, divided_by: Frequency, absent: float) -> Weights:
    """Take the median of one kind of frequency and divide by another."""

    def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        pixels, sizes = _counted(masks, num_classes, ignore_index)
        occurs = pixels.sum(0) > 0
        weights = torch.full((num_classes,), absent, dtype=torch.float64)
        weights[occurs] = middle(frequency(pixels, sizes)[occurs]) / divided_by(pixels, sizes)[occurs]
        return weights

    return wrong


def logarithms(absent: float = 0.0, constant: float = 1.02) -> tuple[Weights, ...]:
    """Return 1 / log(constant + frequency), as ENet weighs its classes."""
    return tuple(
        built(frequency, lambda f: 1 / (constant + f).log(), absent) for frequency in (right, of_all_images)
    )


def with_tiny(by: float, zeros: bool = False) -> Weights:
    """Add something small to each frequency, so that no division by 0 happens."""

    def wrong(masks: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        f = right(*_counted(masks, num_classes, ignore_index)).nan_to_num()
        return (f.median() if zeros else middle(f[f > 0])) / (f + by)

    return wrong
