"""Compare a value with the expected one, and say in a sentence what differs."""

from __future__ import annotations

import re
from contextlib import suppress
from numbers import Integral
from typing import Any

import numpy as np

from ..ops.arrays import is_tensor
from .exercise import NOTHING_RETURNED
from .observing import Seen

RTOL, ATOL = 1e-4, 1e-5  # float32 answers pass; probes hold small numbers


def problem_with_value(expected: Any, value: Any) -> str:
    """Return how a value differs from the expected one in type, shape or numbers, or ''."""
    if value is None:
        return NOTHING_RETURNED
    if isinstance(expected, tuple):
        if not isinstance(value, tuple | list) or len(value) != len(expected):
            return f"Expected {len(expected)} results, as in `return a, b`; got {kind(value)}."
        problems = (problem_with_value(e, v) for e, v in zip(expected, value, strict=True))
        return next((f"Result {i}: {text}" for i, text in enumerate(problems, 1) if text), "")
    if isinstance(expected, np.ndarray) or is_tensor(expected):
        return _problem_with_array(expected, value)
    if isinstance(expected, bool | np.bool_):
        if not isinstance(value, bool | np.bool_):
            return f"Expected True or False (bool), got {kind(value)}."
        return "" if value == expected else f"Expected {expected}, got {value}."
    if isinstance(expected, Integral):
        if isinstance(value, bool) or not isinstance(value, Integral):
            return f"Expected a whole number (int), got {kind(value)}."
        return "" if value == expected else f"Expected {expected}, got {shown(int(value))}."
    if isinstance(expected, float | np.floating):
        if not isinstance(value, float | np.floating):
            return f"Expected a number (float), got {kind(value)}."
        return "" if _close(value, expected) else f"Expected {expected:.6g}, got {value:.6g}."
    return "" if _equal(expected, value) else f"Expected {expected}, got {shown(value)}."


def _equal(expected: Any, value: Any) -> bool:
    """Whether two values of one type are equal, lists of numbers nearly; what cannot be compared is not."""
    with suppress(Exception):
        if type(value) is type(expected) and bool(value == expected):
            return True
    with suppress(Exception):
        if isinstance(value, list) and isinstance(expected, list):
            a, b = np.asarray(expected, float), np.asarray(value, float)
            return a.shape == b.shape and not differs(a, b).any()
    return False


def differs(expected: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return which numbers of two arrays of one shape differ; NaN equals NaN."""
    return ~_close(value, expected)


def has_nan(value: Any) -> bool:
    """Whether a value is or holds NaN (not a number)."""
    numbers = as_array(value)
    if not isinstance(numbers, np.ndarray | float):
        return False
    return np.asarray(numbers).dtype.kind == "f" and bool(np.isnan(numbers).any())


def as_array(value: Any) -> Any:
    """Return a tensor as a NumPy array; anything else, also a tensor without numbers, as it is."""
    if not is_tensor(value):
        return value
    with suppress(Exception):  # one without storage (device meta), a sparse or a quantized one
        plain = value.detach().cpu()
        lacking = plain.is_floating_point() and plain.element_size() < 4  # NumPy has no bfloat16
        return (plain.float() if lacking else plain).numpy()
    return value


def kind(value: Any) -> str:
    """Return what a value is, in words: "an array of shape [3, 2]"."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {list(value.shape)}"
    if is_tensor(value):
        return f"a torch tensor of shape {list(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int | float | str | bool):
        return f"the {type(value).__name__} {shown(value):.40}"
    if isinstance(value, Seen):
        return str(value)
    return f"an object of type {type(value).__name__}"


def shown(value: Any) -> str:
    """Return ``repr(value)`` without addresses, which differ from run to run; it may fail in any way."""
    try:
        return re.sub(" at 0x[0-9a-fA-F]+", "", repr(value))
    except Exception:
        return f"<{type(value).__name__}>"


def said(error: BaseException) -> str:
    """Return the text of an error, if it can be had."""
    try:
        return str(error)
    except Exception:
        return ""


def numbers_in(value: Any) -> int:
    """Return how many numbers a result holds: on one agreement may be chance, on four or in words not."""
    if isinstance(value, Seen):
        return 4
    parts = value if isinstance(value, tuple) else (value,)
    arrays = [as_array(part) for part in parts]
    return sum(int(np.size(part)) for part in arrays if isinstance(part, np.ndarray | int | float))


def _problem_with_array(expected: Any, value: Any) -> str:
    noun = "torch tensor" if is_tensor(expected) else "NumPy array"
    if is_tensor(value) if noun == "NumPy array" else not is_tensor(value):
        return f"Expected a {noun} of shape {list(expected.shape)}, got {kind(value)}."
    right, numbers = as_array(expected), as_array(value)
    if not isinstance(numbers, np.ndarray):
        what = f"{kind(value)} without plain numbers" if is_tensor(value) else kind(value)
        return f"Expected a {noun} of shape {list(right.shape)}, got {what}."
    allowed, wanted = _WANTED[right.dtype.kind]
    if numbers.dtype.kind not in allowed:
        return (
            f"Expected {'a tensor' if is_tensor(value) else 'an array'} of {wanted}, got dtype {value.dtype}."
        )
    if numbers.shape != right.shape:
        return f"Expected shape {list(right.shape)}, got {list(numbers.shape)}."
    return _problem_with_numbers(right, numbers)


_INTEGERS = ("iu", "whole numbers (an int dtype)")
_WANTED = {
    "b": ("b", "True and False (a bool dtype)"),
    "i": _INTEGERS,
    "u": _INTEGERS,
    "f": ("fiu", "real numbers (float32 or float64)"),
}


def _problem_with_numbers(expected: np.ndarray, value: np.ndarray) -> str:
    off = differs(expected, value)
    if not off.any():
        return ""
    nan = np.isnan(value) & ~np.isnan(expected)
    if nan.any():
        share = f"{nan.sum()} of {value.size} values"
        return f"{share} are NaN (not a number). A division by zero, or an array that was never filled?"
    if (missing := np.isnan(expected) & ~np.isnan(value)).any():
        return f"{missing.sum()} of {value.size} values must be NaN (not a number), but are numbers in yours."
    if (infinite := np.isinf(value) & ~np.isinf(expected)).any():
        share = f"{infinite.sum()} of {value.size} values"
        return f"{share} are infinite. A division by zero, the exp of a large number, or the log of 0?"
    if value.ndim == 0:
        return f"Expected {expected:.6g}, got {value:.6g}."
    text = f"The shape is right, but {off.sum()} of {off.size} values differ."
    if value.dtype.kind in "iu" and np.array_equal(value, np.trunc(expected)):
        text += f" Yours has dtype {value.dtype}, which cuts off fractions."
    return text


def _close(value: Any, expected: Any) -> Any:
    return np.isclose(value, expected, rtol=RTOL, atol=ATOL, equal_nan=True)
