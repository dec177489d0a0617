"""The confusion matrix, and the scores that follow from it.

A score that would divide by 0 is NaN, never 1 and never 0, and the means leave it out. Scores come back as
float64 on the CPU: a [K, K] matrix is small, and some accelerators have no float64.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .labels import read_pair


def confusion_matrix(
    prediction: Tensor, target: Tensor, num_classes: int, ignore_index: int | None = 255
) -> Tensor:
    """Count how often each class is taken for each other.

    Parameters
    ----------
    prediction, target
        Class numbers 0..K−1, integers in any shape, the same for both: [N] labels, [N, H, W] masks.
    num_classes
        K.
    ignore_index
        Places where the *target* has this value do not count, whatever the prediction says; None counts all.

    Returns
    -------
    Tensor
        [K, K] int64 on the same device: row = truth, column = prediction. Matrices of several batches add up.

    Raises
    ------
    ValueError
        When shapes differ, or a place that counts holds no class.
    TypeError
        When prediction or target is no tensor of integers.

    Source: Long et al. 2015, *Fully convolutional networks for semantic segmentation*, section 5 (n_ij).

    Examples
    --------
    >>> confusion_matrix(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 255]), num_classes=2)
    tensor([[1, 0],
            [1, 1]])
    """
    prediction, target, counted = read_pair(prediction, target, num_classes, ignore_index)
    return count_pairs(prediction, target, counted, num_classes)


def count_pairs(prediction: Tensor, target: Tensor, counted: Tensor, num_classes: int) -> Tensor:
    """Return the confusion matrix of the places where ``counted``; see `read_pair` for what is checked."""
    pairs = target[counted] * num_classes + prediction[counted]
    return torch.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def pixel_accuracy(confusion: Tensor) -> Tensor:
    """Return the share of places that are right, a scalar; NaN where nothing counts.

    Examples
    --------
    >>> float(pixel_accuracy(torch.tensor([[6, 2], [0, 2]])))
    0.8
    """
    right, real, _ = _parts(confusion)
    return right.sum() / real.sum()


def class_accuracy(confusion: Tensor) -> Tensor:
    """Return the share of each class's places that are found (its recall), [K]; NaN without a true place.

    Examples
    --------
    >>> class_accuracy(torch.tensor([[6, 2], [0, 0]])).tolist()
    [0.75, nan]
    """
    right, real, _ = _parts(confusion)
    return right / real


def mean_class_accuracy(confusion: Tensor) -> Tensor:
    """Return the mean of :func:`class_accuracy` over the classes that have true places, a scalar.

    Examples
    --------
    >>> float(mean_class_accuracy(torch.tensor([[6, 2], [0, 0]])))
    0.75
    """
    return class_accuracy(confusion).nanmean()


def precision_per_class(confusion: Tensor) -> Tensor:
    """Return the share of the places given to each class that belong to it, [K]; NaN for one never given.

    Examples
    --------
    >>> precision_per_class(torch.tensor([[6, 0], [2, 0]])).tolist()
    [0.75, nan]
    """
    right, _, said = _parts(confusion)
    return right / said


def iou_per_class(confusion: Tensor) -> Tensor:
    """Return intersection over union of each class: places in both masks, over places in either.

    Parameters
    ----------
    confusion
        [K, K], rows are the truth.

    Returns
    -------
    Tensor
        [K]. NaN for a class that is in neither truth nor prediction: there is nothing to measure. 0 for one
        that is only in the truth (missed) or only in the prediction (invented).

    Raises
    ------
    TypeError, ValueError
        When ``confusion`` is no square matrix; so do all scores here.

    Source: Everingham et al. 2015, *The PASCAL visual object classes challenge: a retrospective*, for
    segmentation; Long et al. 2015, section 5.

    Examples
    --------
    >>> iou_per_class(torch.tensor([[3, 1, 0], [0, 0, 0], [0, 0, 0]])).tolist()
    [0.75, 0.0, nan]
    """
    right, real, said = _parts(confusion)
    return right / (real + said - right)


def mean_iou(confusion: Tensor) -> Tensor:
    """Return the mean of :func:`iou_per_class` over the classes that occur, a scalar; NaN without any.

    Examples
    --------
    >>> float(mean_iou(torch.tensor([[3, 1, 0], [0, 0, 0], [0, 0, 0]])))
    0.375
    """
    return iou_per_class(confusion).nanmean()


def frequency_weighted_iou(confusion: Tensor) -> Tensor:
    """Return the mean of :func:`iou_per_class`, weighted by each class's share of the true places, a scalar.

    Source: Long et al. 2015, section 5.

    Examples
    --------
    >>> float(frequency_weighted_iou(torch.tensor([[6, 2], [0, 2]])))  # 0.8 · 6/8 + 0.2 · 2/4
    0.7
    """
    _, real, _ = _parts(confusion)
    present = real > 0  # the others have weight 0, but their IoU may be NaN
    return (iou_per_class(confusion)[present] * real[present]).sum() / real.sum()


def dice_per_class(confusion: Tensor) -> Tensor:
    """Return the Dice score of each class, [K]: twice the intersection over the sum of both areas.

    The same as the F1 score, and 2·IoU / (1 + IoU): both put results for one class in the same order. NaN
    and 0 as in :func:`iou_per_class`.

    Source: Dice 1945, *Measures of the amount of ecologic association between species*.

    Examples
    --------
    >>> dice_per_class(torch.tensor([[3, 2, 0], [0, 0, 0], [0, 0, 0]])).tolist()
    [0.75, 0.0, nan]
    """
    right, real, said = _parts(confusion)
    return 2 * right / (real + said)


def mean_dice(confusion: Tensor) -> Tensor:
    """Return the mean of :func:`dice_per_class` over the classes that occur, a scalar; NaN without any.

    Examples
    --------
    >>> float(mean_dice(torch.tensor([[3, 2, 0], [0, 0, 0], [0, 0, 0]])))
    0.375
    """
    return dice_per_class(confusion).nanmean()


def _parts(confusion: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return for each class, in double precision: places that are right, that are real, that were said."""
    if not isinstance(confusion, Tensor):
        raise TypeError(
            f"confusion is a {type(confusion).__name__}; expected a tensor [K, K]: "
            f"use confusion_matrix(prediction, target, num_classes), or torch.as_tensor on counts"
        )
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or confusion.numel() == 0:
        raise ValueError(
            f"confusion has shape {tuple(confusion.shape)}; expected [K, K], rows the truth: "
            f"use confusion_matrix(prediction, target, num_classes)"
        )
    counts = confusion.detach().cpu().double()
    return counts.diag(), counts.sum(1), counts.sum(0)
