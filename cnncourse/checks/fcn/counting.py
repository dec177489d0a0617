"""Count pairs of classes in right and wrong ways."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from ...metrics import confusion_matrix
from ..results import changed

Count = Callable[..., Tensor]
Keep = Callable[[Tensor, Tensor, int, int], Tensor]  # prediction, target, K, ignore_index -> which count


def counts(p: Tensor, t: Tensor, k: int) -> Tensor:
    """Count pairs of classes 0..k−1, rows the first of the two."""
    return torch.bincount(t.flatten() * k + p.flatten(), minlength=k * k).reshape(k, k)


def _counted(p: Tensor, t: Tensor, ignore: int) -> tuple[Tensor, Tensor]:
    keep = t != ignore
    return p[keep], t[keep]


def after(change: Callable[[Tensor], Tensor]) -> tuple[Count, ...]:
    """Return the right matrix with a change, of whole numbers and of floats."""
    return changed(confusion_matrix, change), changed(confusion_matrix, lambda cm: change(cm.float()))


def made(count: Callable[[Tensor, Tensor, int], Tensor]) -> tuple[Count, ...]:
    """Return other ways to count the pixels that count, in whole numbers and in floats."""

    def wrong(p: Tensor, t: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        return count(*_counted(p, t, ignore_index), num_classes)

    return wrong, changed(wrong, lambda cm: cm.float())


def relabeled(relabel: Callable[[Tensor, int, int], Tensor]) -> tuple[Count, ...]:
    """Return counts over all pixels, where those that should not count got a class."""

    def wrong(p: Tensor, t: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        return counts(p, relabel(t, num_classes, ignore_index), num_classes)

    return wrong, changed(wrong, lambda cm: cm.float())


def _by_loop(p: Tensor, t: Tensor, k: int) -> Tensor:
    cm = torch.zeros(k, k, dtype=torch.int64)
    for truth, said in zip(t.tolist(), p.tolist(), strict=True):
        cm[truth, said] += 1
    return cm


def _by_index_put(p: Tensor, t: Tensor, k: int) -> Tensor:
    return torch.zeros(k, k, dtype=torch.int64).index_put_((t, p), torch.tensor(1), accumulate=True)


def _by_comparing(p: Tensor, t: Tensor, k: int) -> Tensor:
    """Count cell by cell: a target that is no class falls into none."""
    return torch.stack([torch.stack([((t == i) & (p == j)).sum() for j in range(k)]) for i in range(k)])


def by_one_hot(p: Tensor, t: Tensor, k: int) -> Tensor:
    """Count by a product of one-hot tables."""
    return F.one_hot(t, k).T @ F.one_hot(p, k)


def by_cutting(p: Tensor, t: Tensor, k: int) -> Tensor:
    """Count all pairs and keep the first K²: a target of K or more falls behind them."""
    return torch.bincount(t * k + p, minlength=k * k)[: k * k].reshape(k, k)


def by_histogram(p: Tensor, t: Tensor, k: int) -> Tensor:
    """Count by a histogram of pairs."""
    pairs = torch.stack([t, p], 1).float()
    return torch.histogramdd(pairs, bins=[k, k], range=[0.0, float(k)] * 2).hist


WAYS = (_by_loop, _by_index_put, counts, _by_comparing, by_one_hot, by_cutting)


def keeping(keep: Keep, *ways: Callable[[Tensor, Tensor, int], Tensor]) -> tuple[Count, ...]:
    """Return counts of other pixels, in several ways: they meet a target that is no class differently."""

    def made(way: Callable[[Tensor, Tensor, int], Tensor]) -> Count:
        def wrong(p: Tensor, t: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
            which = keep(p, t, num_classes, ignore_index)
            return way(p[which], t[which], num_classes)

        return wrong

    counts = [made(way) for way in ways or WAYS]
    return (*counts, *(changed(count, lambda cm: cm.float()) for count in counts))


def once(per: int, instead: bool = False) -> Count:
    """Lose duplicates: in the whole batch, or within each part along the first ``per`` axes."""

    def wrong(p: Tensor, t: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        cm = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        shape = (-1, *p.shape[per:])
        for said, truth in zip(p.reshape(shape), t.reshape(shape), strict=True) if per else [(p, t)]:
            said, truth = _counted(said, truth, ignore_index)
            cm[truth, said] = 1 if instead else cm[truth, said] + 1
        return cm

    return wrong


def images(
    join: Callable[[Tensor], Tensor],
) -> tuple[Count, ...]:
    """Count each image, and join the matrices in some way."""

    def wrong(p: Tensor, t: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        return join(
            torch.stack(
                [confusion_matrix(a, b, num_classes, ignore_index) for a, b in zip(p, t, strict=True)]
            )
        )

    return wrong, changed(wrong, lambda cm: cm.float())


def sized(size: Callable[[Tensor, Tensor], int]) -> tuple[Count, ...]:
    """Cut the matrix to another size, found from the pixels that count."""

    def wrong(p: Tensor, t: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
        p, t = _counted(p, t, ignore_index)
        return counts(p, t, 300)[: size(p, t), : size(p, t)]

    return wrong, changed(wrong, lambda cm: cm.float())


def of_those_that_occur(p: Tensor, t: Tensor, k: int) -> Tensor:
    """Number the classes that occur anew, as scikit-learn does without labels=."""
    classes = torch.cat([p, t]).unique()
    return counts(torch.searchsorted(classes, p), torch.searchsorted(classes, t), len(classes))


def largest(p: Tensor, t: Tensor) -> int:
    """Return one more than the largest class that occurs."""
    return int(max(p.max(), t.max())) + 1


def extra_row(p: Tensor, t: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
    """Count ignored pixels as a class of their own."""
    return counts(p, torch.where(t == ignore_index, num_classes, t), num_classes + 1)


def extra_rows_only(p: Tensor, t: Tensor, num_classes: int, ignore_index: int = 255) -> Tensor:
    """Count ignored pixels in a row of their own."""
    return extra_row(p, t, num_classes, ignore_index)[:, :num_classes]


def right_or_wrong(p: Tensor, t: Tensor, k: int) -> Tensor:
    """Count right and wrong pixels only."""
    right = (p == t).sum()
    wrong = len(p) - right
    return torch.stack([torch.stack([right, wrong]), torch.stack([wrong, right])])


def without_diagonal(cm: Tensor) -> Tensor:
    """Take the right pixels out."""
    return cm - torch.diag(cm.diagonal())
