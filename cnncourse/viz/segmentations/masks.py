"""Label masks: what the pictures accept, and what follows from counting pixels. No drawing here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import style
from ..arrays import as_array

VOID = 255  # in a mask that was read here: a pixel that does not count


def read_mask(values: Any, what: str, classes: Sequence[str], ignore_index: int | None) -> np.ndarray:
    """Return a mask [H, W] as uint8, with VOID where it says ``ignore_index``.

    Raises
    ------
    ValueError
        For a color picture, scores, or a value that is no class; the message says where and what to do.
    """
    mask = as_array(values, what)
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(
            f"{what} has shape {mask.shape}; expected [H, W], a class number in every pixel{_advice(mask)}"
        )
    if mask.dtype.kind == "f":
        raise ValueError(
            f"{what} has type {mask.dtype}; expected integers: use .argmax(0) on scores [K, H, W], "
            "or .long() (.astype(int) in NumPy) on a mask whose values are whole numbers"
        )
    ignored = mask == ignore_index if ignore_index is not None else np.zeros(mask.shape, bool)
    wrong = ~ignored & ((mask < 0) | (mask >= len(classes)))
    if wrong.any():
        y, x = (int(n) for n in np.argwhere(wrong)[0])
        label, count = int(mask[y, x]), int(wrong.sum())
        where = f"at row {y}, column {x}" + (
            f" (and {count - 1:,} more pixels are no class)" if count > 1 else ""
        )
        skipped = "nothing is ignored" if ignore_index is None else f"{ignore_index} is ignored"
        raise ValueError(
            f"{what} holds {label} {where}; expected 0..{len(classes) - 1} for the {len(classes)} classes "
            f"({skipped}): give these pixels a class, or pass ignore_index={label}"
        )
    return np.where(ignored, VOID, mask).astype(np.uint8)


def check_pair(
    truth: np.ndarray, prediction: np.ndarray, classes: Sequence[str], ignore_index: int | None
) -> None:
    """Raise unless the masks have one size and the prediction names a class wherever the truth counts."""
    if truth.shape != prediction.shape:
        raise ValueError(
            f"truth is {truth.shape[0]} × {truth.shape[1]}, "
            f"prediction {prediction.shape[0]} × {prediction.shape[1]}; "
            "expected one size: resize the scores before .argmax(0), or the prediction by nearest neighbor"
        )
    missing = (prediction == VOID) & (truth != VOID)
    if missing.any():
        y, x = (int(n) for n in np.argwhere(missing)[0])
        raise ValueError(
            f"prediction holds {ignore_index}, which is ignored, at row {y}, column {x}, where the truth is "
            f"{classes[truth[y, x]]}; expected a class wherever the truth has one"
        )


def count_pairs(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> np.ndarray:
    """Return the confusion matrix [K, K] of two masks from `read_mask`: rows are the truth.

    Examples
    --------
    >>> count_pairs(np.array([[0, 1], [1, 255]]), np.array([[0, 0], [1, 1]]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    import torch  # costs more than any picture to import

    from ...metrics import confusion_matrix

    pair = torch.from_numpy(prediction), torch.from_numpy(truth)
    return confusion_matrix(*pair, num_classes, ignore_index=VOID).numpy()


def class_scores(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Return IoU, precision and recall of each class [K], NaN where there is nothing to divide by.

    Examples
    --------
    >>> class_scores(np.array([[3, 1, 0], [0, 0, 0], [0, 0, 0]]))["iou"].tolist()
    [0.75, 0.0, nan]
    """
    import torch

    from ...metrics import class_accuracy, iou_per_class, precision_per_class

    scores = {"iou": iou_per_class, "precision": precision_per_class, "recall": class_accuracy}
    return {name: score(torch.from_numpy(matrix)).numpy() for name, score in scores.items()}


def largest_confusion(matrix: np.ndarray, by_share: bool = True) -> tuple[int, int] | None:
    """Return (truth, prediction) of the largest cell beside the diagonal, by share of its row or by count."""
    rows = matrix.sum(1, keepdims=True)
    off = matrix * ~np.eye(len(matrix), dtype=bool)
    if not off.any():
        return None
    shares = off / np.maximum(rows, 1e-300)
    first, second = (shares, off) if by_share else (off, shares)
    best = np.lexsort((second.ravel(), first.ravel()))[-1]
    return divmod(int(best), len(matrix))


def confusion_sentence(
    matrix: np.ndarray, classes: Sequence[str], by_share: bool = True, things: str = "pixels"
) -> str:
    """Say which class is taken for which other most often.

    Examples
    --------
    >>> confusion_sentence(np.array([[90, 10], [3, 2]]), ["road", "pole"])
    'pole is taken for road in 60 % of its pixels (3 of 5)'
    """
    pair = largest_confusion(matrix, by_share)
    if pair is None:
        return "no class is taken for another"
    taken, total = matrix[pair], matrix[pair[0]].sum()
    names = f"{classes[pair[0]]} is taken for {classes[pair[1]]}"
    return f"{names} in {percent(taken / total)} of its {things} ({count(taken)} of {count(total)})"


def score(value: float) -> str:
    """Write a score of 0..1 with two decimals; one that does not exist as a dash, never as 1."""
    if math.isnan(value):
        return "–"
    return f"{min(value, 0.99):.2f}" if 0.99 < value < 1 else f"{value:.2f}"


def percent(share: float) -> str:
    """Write a share as percent; never 0 for something nor 100 for less than all.

    Examples
    --------
    >>> [percent(x) for x in (0, 0.0001, 0.034, 0.41, 0.9999, 1)]
    ['0 %', '< 0.1 %', '3.4 %', '41 %', '> 99.9 %', '100 %']
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    value = 100 * share
    return f"{value:.0f} %" if value in (0, 100) or 9.95 <= value < 99 else f"{value:.1f} %"


def count(number: float) -> str:
    """Write a count with its thousands apart, or a number that is no count as it is."""
    return f"{int(number):,}" if float(number).is_integer() else style.number(float(number))


def largest_regions(mask: np.ndarray, num_classes: int) -> list[tuple[int, int, int, float]]:
    """Return (class, y, x, radius) of the largest disk inside each class: where its label can stand."""
    from scipy.ndimage import distance_transform_edt

    spots = []
    for k in np.unique(mask[mask < num_classes]):
        radius = distance_transform_edt(np.pad(mask == k, 1))[1:-1, 1:-1]
        y, x = divmod(int(radius.argmax()), mask.shape[1])
        spots.append((int(k), y, x, round(float(radius[y, x]), 1)))
    return spots


def _advice(mask: np.ndarray) -> str:
    if mask.ndim == 3 and mask.shape[0] == 1:
        return ": use mask[0]"
    if mask.ndim == 3 and mask.shape[-1] in (3, 4) and (mask.dtype.kind != "f" or min(mask.shape) > 2):
        return ": if this is a color picture, replace each color by the number of its class first"
    if mask.ndim == 3 and mask.dtype.kind == "f":
        return ": if these are scores, one plane a class, use .argmax(0)"
    return ": pass one image's mask, such as masks[0]" if mask.ndim in (3, 4) else ""
