"""What counts as a prediction and a target: class numbers, one for each place, and which places count."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor


def read_pair(
    prediction: Tensor, target: Tensor, num_classes: int, ignore_index: int | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return prediction and target as int64, and where the target counts (bool), all of one shape.

    Raises
    ------
    TypeError
        When one is no tensor or holds no integers, or a number is no integer.
    ValueError
        When shapes or devices differ, or a value at a place that counts is no class.

    Examples
    --------
    >>> read_pair(torch.tensor([0, 1]), torch.tensor([1, 255]), num_classes=2, ignore_index=255)[2]
    tensor([ True, False])
    """
    classes = at_least_one(num_classes, "num_classes")
    for labels, name in ((prediction, "prediction"), (target, "target")):
        check_labels(labels, name)
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction has shape {tuple(prediction.shape)}, target {tuple(target.shape)}; expected "
            f"the same shape: {_how_to_match(prediction, target, classes)}"
        )
    if prediction.device != target.device:
        raise ValueError(
            f"prediction is on {prediction.device}, target on {target.device}; expected one device: "
            f"use target.to(prediction.device)"
        )
    prediction, target = prediction.long(), target.long()
    counted = counted_places(target, ignore_index)
    _check_values(target, counted, classes, "target", ignore_index)
    _check_values(prediction, counted, classes, "prediction", ignore_index)
    return prediction, target, counted


def check_labels(labels: Any, name: str) -> None:
    """Refuse what is no tensor of integers (or bools, which stand for the classes 0 and 1)."""
    if not isinstance(labels, Tensor):
        raise TypeError(
            f"{name} is a {type(labels).__name__}; expected a torch tensor of class numbers: "
            f"use torch.as_tensor({name})"
        )
    if labels.is_floating_point() or labels.is_complex():
        raise TypeError(
            f"{name} holds {labels.dtype}; expected integers, the class of each place: use .argmax(1) on "
            f"scores [N, K, ...], or .long() on class numbers"
        )


def counted_places(labels: Tensor, ignore_index: int | None) -> Tensor:
    """Return where ``labels`` is not ``ignore_index``; everywhere when that is None."""
    if ignore_index is None:
        return torch.ones_like(labels, dtype=torch.bool)
    return labels != operator.index(ignore_index)


def at_least_one(number: Any, name: str) -> int:
    """Return ``number`` as an int of at least 1.

    Examples
    --------
    >>> at_least_one(0, "band")
    Traceback (most recent call last):
    ValueError: band is 0; expected at least 1: pass a larger integer
    """
    try:
        number = operator.index(number)
    except TypeError:
        raise TypeError(
            f"{name} is {number!r} ({type(number).__name__}); expected an integer: pass a whole number"
        ) from None
    if number < 1:
        raise ValueError(f"{name} is {number}; expected at least 1: pass a larger integer")
    return number


def _check_values(
    labels: Tensor, counted: Tensor, num_classes: int, name: str, ignore_index: int | None
) -> None:
    wrong = counted & ((labels < 0) | (labels >= num_classes))
    if not wrong.any():
        return
    values = labels[wrong].unique().tolist()
    shown = ", ".join(map(str, values[:5])) + (", …" if len(values) > 5 else "")
    first, count = wrong.nonzero()[0].tolist(), int(wrong.sum())
    skipped = "nothing is ignored" if ignore_index is None else f"targets of {ignore_index} are ignored"
    if name == "target":
        remedy = f"give these places a class, or pass ignore_index={values[0]} if they shall not count"
    else:
        remedy = "let the model score exactly these classes, or pass a larger num_classes"
    raise ValueError(
        f"{name} holds {shown} at {count:,} of {labels.numel():,} places, first at {first}; expected "
        f"0..{num_classes - 1} for {num_classes} classes ({skipped}): {remedy}"
    )


def _how_to_match(prediction: Tensor, target: Tensor, num_classes: int) -> str:
    if prediction.ndim == target.ndim + 1 and prediction.shape[:1] == target.shape[:1]:
        return "if these are scores [N, K, ...], use .argmax(1)"
    if target.ndim == prediction.ndim + 1 and 3 in (target.shape[-1], target.shape[1]):
        return "if the target is a color picture, replace each color by the number of its class first"
    return "resize the scores before .argmax(1), or the prediction by nearest neighbor"
