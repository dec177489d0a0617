"""How people get weights of median frequency wrong."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import torch
from torch import Tensor

from ...training import median_frequency_weights
from ..exercise import Misconception
from ..results import changed
from .class_weights_ways import (
    Weights,
    built,
    classes_apart,
    every_way,
    family,
    image_by_image,
    logarithms,
    mean_share,
    middle,
    of_all_images,
    relabeled,
    right,
    shares,
    sized,
    with_median_of,
    with_tiny,
    zeros_too,
)

_TINY = (1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)


def _after(*changes: Callable[[Tensor], Any]) -> tuple[Weights, ...]:
    return tuple(changed(median_frequency_weights, change) for change in changes)


def _absent_as(weight: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Give the classes that occur nowhere a weight made from those of the others."""
    return lambda w: torch.where(w > 0, w, weight(w[w > 0]))


MISTAKES = (
    Misconception(
        "frequency over all images",
        "The frequency of a class is its share of the pixels of the images that contain it. Yours does not "
        "look at which images these are: a class that fills the few it is in passes for a small one.",
        (
            *every_way(of_all_images),
            *(
                with_median_of(a, b, x)
                for a, b in ((of_all_images, right), (right, of_all_images))
                for x in (0.0, torch.inf)
            ),
        ),
    ),
    Misconception(
        "ratio inverted",
        "The weight is median / frequency: a rare class must weigh more than a common one. In yours the "
        "common classes weigh most.",
        (
            *family(rule=lambda f: f / middle(f)),
            *family(of_all_images, lambda f: f / middle(f)),
            *family(rule=lambda f: f / f.mean()),
        ),
    ),
    Misconception(
        "frequencies returned",
        "These are the frequencies. The weights are one step further: the median of the frequencies, divided "
        "by each of them.",
        (
            *family(rule=lambda f: f),
            *family(of_all_images, lambda f: f),
            *family(lambda pixels, sizes: pixels.sum(0), lambda f: f),
        ),
    ),
    Misconception(
        "mean instead of median",
        "Divide the median of the frequencies by each of them. The mean is pulled up by one large class, "
        "such as the road.",
        (*family(rule=lambda f: f.mean() / f), *family(of_all_images, lambda f: f.mean() / f)),
    ),
    Misconception(
        "largest instead of the median",
        "The median is the frequency in the middle, once they are sorted. Yours divides the largest.",
        (
            *family(rule=lambda f: f.max() / f),
            *family(of_all_images, lambda f: f.max() / f),
        ),
    ),
    Misconception(
        "middle class instead of the median",
        "The median is the frequency in the middle once they are sorted. Yours takes that of the class in "
        "the middle of the list.",
        family(rule=lambda f: f[len(f) // 2] / f),
    ),
    Misconception(
        "median forgotten",
        "Divide the median by each frequency, so that a class of middle size weighs 1. Yours divides another "
        "number.",
        (
            *family(rule=lambda f: 1 / f),
            *family(of_all_images, lambda f: 1 / f),
            *family(rule=lambda f: 1 / (len(f) * f)),
            *family(rule=lambda f: f.sum() / f),
            built(lambda pixels, sizes: right(pixels, sizes) * pixels.shape[1], lambda f: 1 / f),
            built(lambda pixels, sizes: of_all_images(pixels, sizes) * pixels.shape[1], lambda f: 1 / f),
        ),
    ),
    Misconception(
        "subtracted instead of divided",
        "The weight is a quotient, median / frequency: a class half as common weighs twice as much.",
        (
            *family(rule=lambda f: middle(f) - f),
            *family(rule=lambda f: 1 - f),
            *family(of_all_images, lambda f: 1 - f),
            built(rule=lambda f: 1 - f, absent=1.0),
            built(of_all_images, lambda f: 1 - f, absent=1.0),
        ),
    ),
    Misconception(
        "absent classes in the median",
        "Take the median over the classes that occur. Zeros of classes that occur nowhere pull it down.",
        (*zeros_too(), *(with_tiny(by, zeros=True) for by in _TINY[1::2])),
    ),
    Misconception(
        "infinite or NaN for an absent class",
        "A class that occurs nowhere has nothing to teach, and its weight is 0. Division by its frequency of "
        "0 gives inf or NaN, and a tiny number added to it a huge weight: leave such classes out.",
        (
            built(absent=torch.inf),
            built(absent=torch.nan),
            *(with_tiny(by) for by in _TINY),
        ),
    ),
    Misconception(
        "a weight for an absent class",
        "A class that occurs nowhere weighs 0. Yours gives it a weight.",
        (
            built(absent=1.0),
            built(absent=-1.0),
            *_after(_absent_as(Tensor.max), _absent_as(Tensor.mean), _absent_as(Tensor.min)),
        ),
    ),
    Misconception(
        "absent class left out",
        "Return one number for each of the K classes, 0 for one that occurs nowhere, so that number k "
        "belongs to class k.",
        _after(
            lambda w: w[w > 0],
            lambda w: w[: int(w.nonzero().max()) + 1],
            lambda w: torch.cat([w[w > 0], w[w == 0]]),
        ),
    ),
    Misconception(
        "ignored pixels in the size of an image",
        "Pixels of ignore_index count nowhere: they are no class, and no part of an image's size either. "
        "Divide by the number of pixels that are not ignored.",
        sized(lambda flat, k, ignore: torch.full((len(flat),), flat.shape[1])),
    ),
    Misconception(
        "only 255 ignored",
        "The value 255 is only what ignore_index is by default. Compare the masks with ignore_index.",
        sized(lambda flat, k, ignore: (flat != 255).sum(1)),
    ),
    Misconception(
        "negative values counted in the size",
        "Which pixels count is told by ignore_index, which may be negative too: yours leaves out large "
        "values only.",
        sized(lambda flat, k, ignore: (flat < k).sum(1)),
    ),
    Misconception(
        "ignored pixels counted as a class",
        "A pixel of ignore_index belongs to no class. Yours counts it for one.",
        (
            *relabeled(lambda m, k, ignore: torch.where(m == ignore, 0, m)),
            *relabeled(lambda m, k, ignore: torch.where(m == ignore, k - 1, m)),
            *relabeled(lambda m, k, ignore: m.clamp(0, k - 1)),
            *relabeled(lambda m, k, ignore: m % k),
            *relabeled(lambda m, k, ignore: torch.where(m == ignore, k, m), more=1),
            *(
                changed(w, lambda w: w[:-1])
                for w in relabeled(lambda m, k, ignore: torch.where(m == ignore, k, m), more=1)
            ),
        ),
    ),
    Misconception(
        "shares of the images averaged",
        "Add up the pixels first, over all images that contain the class, and divide once. A mean or median "
        "of the images' shares is something else, since they need not count as many pixels each.",
        (
            *family(mean_share),
            *family(lambda pixels, sizes: (pixels / sizes[:, None]).nanmean(0)),
            *family(lambda pixels, sizes: shares(pixels, sizes).nanquantile(0.5, dim=0)),
            *family(lambda pixels, sizes: shares(pixels, sizes).nanmedian(0).values),
        ),
    ),
    Misconception(
        "images weighed one by one",
        "The weights are those of the whole data set: count over all images first, and take one median.",
        (
            image_by_image(lambda each: each),
            image_by_image(lambda each: each.mean(0)),
            image_by_image(lambda each: each.sum(0) / (each > 0).sum(0).clamp(min=1)),
            image_by_image(lambda each: each[0]),
            image_by_image(lambda each: each[-1]),
        ),
    ),
    Misconception(
        "images counted instead of pixels",
        "The frequency is a share of pixels, not of images: count how many pixels of those images the class "
        "has.",
        family(lambda pixels, sizes: (pixels > 0).double().mean(0)),
    ),
    Misconception(
        "odds instead of shares",
        "The frequency is the share of the class among all pixels that count, its own among them. Yours "
        "divides by those of the other classes.",
        family(lambda pixels, sizes: pixels.sum(0) / ((pixels > 0) * (sizes[:, None] - pixels)).sum(0)),
    ),
    Misconception(
        "class 0 left out",
        "The background is a class like the others: count it, and weigh it too.",
        _after(
            lambda w: w[1:],
            lambda w: torch.cat([torch.zeros(1), w[1:]]),
            lambda w: torch.cat([torch.ones(1), w[1:]]),
        ),
    ),
    Misconception(
        "classes off by one",
        "Classes are counted from 0: weight k belongs to class k.",
        (
            classes_apart(1),
            classes_apart(-1),
            *_after(lambda w: w.sort().values, lambda w: w.sort(descending=True).values, lambda w: w.flip(0)),
        ),
    ),
    Misconception(
        "normalized",
        "A class of middle size weighs 1, since its frequency is the median. Return median / frequency as it "
        "is, without dividing by the sum, the mean or the largest.",
        (
            *family(of_all_images, lambda f: 1 / f / (1 / f).sum()),
            *family(of_all_images, lambda f: len(f) / f / (1 / f).sum()),
            *_after(
                lambda w: w / w.sum(),
                lambda w: w / w.sum() * len(w),
                lambda w: w / w[w > 0].mean(),
                lambda w: w / w.max(),
                lambda w: w.softmax(0),
                lambda w: w / w.norm(),
                lambda w: w / len(w),
            ),
        ),
    ),
    Misconception(
        "square root or logarithm taken",
        "The weight is the ratio itself: median / frequency. A root, a power or a logarithm of it is another "
        "recipe.",
        (
            *family(rule=lambda f: (middle(f) / f).sqrt()),
            *family(of_all_images, lambda f: (middle(f) / f).sqrt()),
            *family(rule=lambda f: (middle(f) / f).log()),
            *family(rule=lambda f: (middle(f) / f) ** 2),
            built(rule=lambda f: (middle(f) / f).log1p()),
            built(rule=lambda f: 1 + (middle(f) / f).log()),
            *logarithms(),
            *logarithms(1 / log(1.02)),
            *logarithms(1 / log(1.1), constant=1.1),
        ),
    ),
    Misconception(
        "clipped",
        "Return the ratio as it is, above or below 1, however large.",
        _after(
            lambda w: w.clamp(max=1),
            lambda w: w.clamp(min=1),
            lambda w: torch.where(w > 0, w.clamp(min=1), 0),
            lambda w: w.clamp(max=10),
            lambda w: w.clamp(max=5),
        ),
    ),
    Misconception(
        "fractions cut off",
        "A weight is a fraction such as 0.64: divide by / and not by //, keep floats, and do not round.",
        _after(
            Tensor.long,
            Tensor.trunc,
            Tensor.ceil,
            Tensor.round,
            lambda w: w.round(decimals=1),
            lambda w: w.round(decimals=2),
        ),
    ),
    Misconception(
        "not a tensor",
        "The result is a torch tensor [K]: torch.tensor or torch.from_numpy makes one of a list or an array.",
        _after(
            Tensor.numpy,
            Tensor.tolist,
            lambda w: tuple(w.tolist()),
            lambda w: dict(enumerate(w.tolist())),
        ),
    ),
)
