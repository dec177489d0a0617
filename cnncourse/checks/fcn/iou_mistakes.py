"""How people get intersection over union wrong."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...metrics import iou_per_class
from ..exercise import Misconception
from ..results import changed

Score = Callable[[Tensor], Tensor]
Parts = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # right, real, said, all -> some number per class
_TINY = (1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1.0)


def _parts(cm: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    cm = cm.double()
    return cm.diagonal(), cm.sum(1), cm.sum(0), cm.sum()


def _union(right: Tensor, real: Tensor, said: Tensor, every: Tensor) -> Tensor:
    return real + said - right


def _right(right: Tensor, real: Tensor, said: Tensor, every: Tensor) -> Tensor:
    return right


def _plain(a: Tensor, b: Tensor) -> Tensor:
    return a / b


def _never_nan(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(b > 0, a / b, 0.0)


def _one_if_nowhere(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(b > 0, a / b, 1.0)


def _share(above: Parts, below: Parts, divide: Callable[[Tensor, Tensor], Tensor] = _plain) -> Score:
    return lambda cm: divide(above(*_parts(cm)), below(*_parts(cm)))


def _shares(below: Parts, above: Parts = _right) -> tuple[Score, ...]:
    """Return a quotient for each way to treat a class that is nowhere, and its mean over the classes."""
    each = [_share(above, below, divide) for divide in (_plain, _never_nan, _one_if_nowhere)]
    return (
        *each,
        changed(each[0], lambda iou: iou[~iou.isnan()]),
        *(changed(one, lambda iou: iou.nanmean()) for one in each),
    )


def _with_tiny(above: float, below: float) -> tuple[Score, ...]:
    return tuple(
        _share(lambda *parts, by=by: parts[0] + above * by, lambda *parts, by=by: _union(*parts) + below * by)
        for by in _TINY
    )


def _of(shares: Tensor) -> Tensor:
    """Return the IoU of a matrix of any numbers, also NaN."""
    right = shares.diagonal()
    return right / (shares.sum(0) + shares.sum(1) - right)


def _nan_where(nowhere: Callable[[Tensor, Tensor], Tensor]) -> Score:
    """Return IoU with NaN for other classes: ``nowhere(real, said)``."""

    def wrong(cm: Tensor) -> Tensor:
        _, real, said, _ = _parts(cm)
        return torch.where(nowhere(real, said), torch.nan, iou_per_class(cm))

    return wrong


def _divided_by_python(cm: Tensor) -> Tensor:
    right, real, said, _ = (part.tolist() for part in _parts(cm))
    return torch.tensor([a / (b + c - a) for a, b, c in zip(right, real, said, strict=True)])


MISTAKES = (
    Misconception(
        "precision instead of IoU",
        "Yours divides by what was predicted as the class. The union also holds the pixels of the class that "
        "were missed: row sum + column sum − diagonal.",
        _shares(lambda right, real, said, every: said),
    ),
    Misconception(
        "recall instead of IoU",
        "Yours divides by what truly is the class. The union also holds the pixels that were wrongly called "
        "so: row sum + column sum − diagonal.",
        _shares(lambda right, real, said, every: real),
    ),
    Misconception(
        "intersection counted twice",
        "Row sum and column sum both hold the pixels that are right: take the diagonal off once, so that the "
        "union counts each pixel once.",
        (
            *_shares(lambda right, real, said, every: real + said),
            *_shares(lambda right, real, said, every: real + said + right),
        ),
    ),
    Misconception(
        "intersection taken off twice",
        "Row sum and column sum both hold the diagonal, so it is counted twice; the union holds it once: "
        "take it off once.",
        _shares(lambda right, real, said, every: real + said - 2 * right),
    ),
    Misconception(
        "Dice instead of IoU",
        "Yours is twice the intersection over the sum of both areas, the Dice score. IoU divides the "
        "intersection by the union.",
        _shares(lambda right, real, said, every: real + said, lambda right, *rest: 2 * right),
    ),
    Misconception(
        "one axis summed twice",
        "Sum along both axes: confusion.sum(dim=1) for the truth, confusion.sum(dim=0) for the prediction. "
        "Yours takes the same sums twice.",
        (
            *_shares(lambda right, real, said, every: 2 * real - right),
            *_shares(lambda right, real, said, every: 2 * said - right),
        ),
    ),
    Misconception(
        "accuracy instead of IoU",
        "Accuracy counts what is right in the whole image, so that a large background makes everything look "
        "good. IoU divides by the union of one class.",
        (
            lambda cm: cm.diagonal().sum() / cm.sum(),
            lambda cm: (cm.diagonal().sum() / cm.sum()).expand(len(cm)),
            *_shares(lambda right, real, said, every: every.expand(len(right))),
            _share(
                lambda right, real, said, every: every - real - said + 2 * right,
                lambda right, real, said, every: every,
            ),
        ),
    ),
    Misconception(
        "another union",
        "The union counts every pixel that is truly the class or was called so, each once: row sum + column "
        "sum − diagonal.",
        (
            *_shares(lambda right, real, said, every: torch.maximum(real, said)),
            *_shares(lambda right, real, said, every: torch.minimum(real, said)),
            *_shares(lambda right, real, said, every: (real + said) / 2 + right),
            *_shares(lambda right, real, said, every: real * said),
            *_shares(lambda right, real, said, every: every - right),
            *_shares(lambda right, real, said, every: every + real + said - right),
        ),
    ),
    Misconception(
        "another intersection",
        "The intersection of class k is the number at [k, k], on the diagonal.",
        (
            *_shares(_union, lambda right, real, said, every: real),
            *_shares(_union, lambda right, real, said, every: said),
            *_shares(_union, lambda right, real, said, every: torch.minimum(real, said)),
            *_shares(_union, lambda right, real, said, every: right.sum().expand(len(right))),
            *_shares(_union, lambda right, real, said, every: right.flip(0)),
        ),
    ),
    Misconception(
        "counts made shares of their row first",
        "Take intersection and union of the counts themselves. Divided by the sum of their row or column, "
        "they no longer say how many pixels they are.",
        tuple(
            lambda cm, axis=axis, fill=fill: _of(fill(cm / cm.sum(axis, keepdim=True)))
            for axis in (0, 1)
            for fill in (Tensor.clone, Tensor.nan_to_num)
        ),
    ),
    Misconception(
        "absent class as 0",
        "A class in neither truth nor prediction has nothing to measure: its IoU is NaN. With 0 it would "
        "pull down the mean although nothing is wrong.",
        (
            _share(_right, _union, _never_nan),
            *_with_tiny(0, 1),
            *(
                _share(
                    lambda right, *rest: right, lambda *parts, least=least: _union(*parts).clamp(min=least)
                )
                for least in (1e-8, 1)
            ),
        ),
    ),
    Misconception(
        "absent class as 1",
        "A class in neither truth nor prediction has nothing to measure: its IoU is NaN. With 1 a network "
        "that finds nothing would look good.",
        (_share(_right, _union, _one_if_nowhere), *_with_tiny(1, 1)),
    ),
    Misconception(
        "NaN for a class that was missed or invented",
        "Only a class in neither truth nor prediction is NaN. One that is in the truth only was missed, and "
        "one that is in the prediction only was invented: both have an IoU of 0.",
        (
            _nan_where(lambda real, said: real == 0),
            _nan_where(lambda real, said: said == 0),
            _nan_where(lambda real, said: (real == 0) | (said == 0)),
            lambda cm: torch.where(cm.diagonal() == 0, torch.nan, iou_per_class(cm)),
            lambda cm: 1 / (1 / _share(_right, lambda r, a, b, n: a)(cm) + cm.sum(0) / cm.diagonal() - 1),
            _share(_right, lambda r, a, b, n: torch.where(a > 0, a + b - r, torch.nan)),
            changed(_nan_where(lambda real, said: real == 0), lambda iou: iou.nanmean()),
            changed(_nan_where(lambda real, said: said == 0), lambda iou: iou.nanmean()),
            changed(_nan_where(lambda real, said: real == 0), lambda iou: iou[~iou.isnan()]),
        ),
    ),
    Misconception(
        "absent class left out",
        "Return one number for each of the K classes, NaN for one that is nowhere, so that number k belongs "
        "to class k.",
        (
            changed(iou_per_class, lambda iou: iou[~iou.isnan()]),
            changed(iou_per_class, lambda iou: iou[iou > 0]),
            changed(iou_per_class, lambda iou: iou[: int((~iou.isnan()).sum())]),
        ),
    ),
    Misconception(
        "mean instead of each class",
        "Return one number for each class, [K]. The mean comes afterwards, and it hides which class fails.",
        (
            changed(iou_per_class, lambda iou: iou.nanmean()),
            changed(iou_per_class, lambda iou: iou.mean()),
            changed(iou_per_class, lambda iou: iou.nan_to_num().mean()),
            changed(iou_per_class, lambda iou: iou.nan_to_num(1.0).mean()),
            changed(iou_per_class, lambda iou: iou.nanmean().item()),
            changed(iou_per_class, lambda iou: iou.mean().item()),
            changed(iou_per_class, lambda iou: iou.nanmean().expand(len(iou))),
            changed(iou_per_class, lambda iou: iou.nan_to_num().sum()),
            lambda cm: cm.diagonal().sum() / (2 * cm.sum() - cm.diagonal().sum()),
        ),
    ),
    Misconception(
        "class 0 left out",
        "The background is a class like the others: return its IoU too.",
        (
            changed(iou_per_class, lambda iou: iou[1:]),
            lambda cm: iou_per_class(cm[1:, 1:]) if len(cm) > 1 else torch.zeros(0),
            changed(iou_per_class, lambda iou: torch.cat([torch.zeros_like(iou[:1]), iou[1:]])),
            changed(iou_per_class, lambda iou: torch.cat([torch.full_like(iou[:1], torch.nan), iou[1:]])),
            changed(iou_per_class, lambda iou: iou[1:].nanmean()),
            changed(iou_per_class, lambda iou: iou[:-1]),
        ),
    ),
    Misconception(
        "one axis summed up to a scalar",
        "Without dim=, sum() adds up the whole matrix. Sum along each axis: dim=1 for the rows, dim=0 for "
        "the columns.",
        (
            *_shares(lambda right, real, said, every: real + every - right),
            *_shares(lambda right, real, said, every: said + every - right),
            *_shares(lambda right, real, said, every: 2 * every - right),
            *_shares(lambda right, real, said, every: real + said - right.sum()),
        ),
    ),
    Misconception(
        "fractions cut off",
        "An IoU lies between 0 and 1: divide by / and not by //, keep floats, and do not round.",
        (
            lambda cm: _union(*_parts(cm)).long().clamp(min=1).reciprocal().long() * 0,
            lambda cm: cm.diagonal() // (cm.sum(0) + cm.sum(1) - cm.diagonal()),
            _share(_right, _union, lambda a, b: a // b),
            changed(iou_per_class, lambda iou: iou.nan_to_num().long()),
            changed(iou_per_class, lambda iou: iou.round()),
            changed(iou_per_class, lambda iou: iou.nan_to_num().round()),
            changed(iou_per_class, lambda iou: iou.round(decimals=1)),
            changed(iou_per_class, lambda iou: iou.round(decimals=2)),
            changed(iou_per_class, lambda iou: iou.round(decimals=3)),
        ),
    ),
    Misconception(
        "percent instead of a share",
        "The result lies between 0 and 1: 0.75, not 75.",
        (
            changed(iou_per_class, lambda iou: 100 * iou),
            changed(iou_per_class, lambda iou: 100 * iou.nan_to_num()),
            changed(iou_per_class, lambda iou: (100 * iou).round(decimals=1)),
        ),
    ),
    Misconception(
        "the distance instead of the overlap",
        "Yours grows with the mistakes: it is 1 − IoU.",
        (
            changed(iou_per_class, lambda iou: 1 - iou),
            changed(iou_per_class, lambda iou: 1 - iou.nan_to_num()),
        ),
    ),
    Misconception(
        "divided by Python's numbers",
        "For Python's numbers 0 / 0 is an error. Divide tensors of floats, where it is NaN, or look first "
        "whether the union is 0.",
        (_divided_by_python,),
    ),
    Misconception(
        "not a tensor",
        "The result is a torch tensor [K], not a list or an array.",
        (
            changed(iou_per_class, lambda iou: iou.numpy()),
            changed(iou_per_class, lambda iou: iou.tolist()),
        ),
    ),
)
