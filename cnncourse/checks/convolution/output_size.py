"""Exercise 1.1: how long the output of a convolution is."""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from operator import floordiv, truediv
from typing import Any

import numpy as np

from ...ops import conv_output_size
from ..exercise import Exercise, Misconception, Probe

Formula = Callable[[int, int, int, int, int], Any]  # of n, k, s, p, d
Parts = Callable[[int, int, int, int, int], tuple[int, int, int]]  # room, divisor and addend of a formula


def _span(k: int, d: int) -> int:
    return d * (k - 1) + 1


def _right(n: int, k: int, s: int, p: int, d: int) -> int:
    return (n + 2 * p - _span(k, d)) // s + 1


def _unchecked(formula: Formula) -> Callable[..., Any]:
    def wrong(n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Any:
        return formula(n, kernel, stride, padding, dilation)

    return wrong


def _raising(formula: Formula, when: Callable[..., bool]) -> Callable[..., Any]:
    def wrong(n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Any:
        if when(n, kernel, stride, padding, dilation):
            raise ValueError("the kernel does not fit")
        return formula(n, kernel, stride, padding, dilation)

    return wrong


def _divided(parts: Parts, divide: Callable[[int, int], Any]) -> Formula:
    def formula(*args: int) -> Any:
        room, divisor, addend = parts(*args)
        return divide(room, divisor) + addend

    return formula


def _mistake(name: str, sentence: str, *formulas: Parts) -> Misconception:
    """Divide by // and by int(/), and look in every way for a kernel that does not fit."""
    down = [_divided(parts, floordiv) for parts in formulas]
    to_zero = [_divided(parts, lambda room, divisor: int(room / divisor)) for parts in formulas]
    wrong = [_unchecked(formula) for formula in (*down, *to_zero)]
    wrong += [_raising(f, lambda n, k, s, p, d: _span(k, d) > n + 2 * p) for f in down]
    wrong += [_raising(f, lambda n, k, s, p, d: k > n + 2 * p) for f in down]
    wrong += [_raising(f, lambda *args, f=f: f(*args) < 1) for f in (*down, *to_zero)]
    return Misconception(name, sentence, tuple(wrong))


_FORMULAS: tuple[tuple[str, str, *tuple[Parts, ...]], ...] = (
    (
        "padding forgotten",
        "Padding makes the input longer before the kernel slides: by `padding` cells at both ends.",
        lambda n, k, s, p, d: (n - _span(k, d), s, 1),
    ),
    (
        "padding counted once",
        "`padding` cells are added at each of the two ends, so the input grows by 2 · padding.",
        lambda n, k, s, p, d: (n + p - _span(k, d), s, 1),
    ),
    (
        "padding subtracted",
        "Padding adds cells around the input: it makes the output larger, never smaller.",
        lambda n, k, s, p, d: (n - 2 * p - _span(k, d), s, 1),
        lambda n, k, s, p, d: (n - p - _span(k, d), s, 1),
    ),
    (
        "padding counted twice over",
        "2 · padding counts both ends already; your formula adds more than that.",
        lambda n, k, s, p, d: (n + 4 * p - _span(k, d), s, 1),
    ),
    (
        "padding added after the division",
        "Padding makes the input longer, so it belongs to n, before you divide by the stride.",
        lambda n, k, s, p, d: (n - _span(k, d), s, 1 + 2 * p),
    ),
    (
        "kernel forgotten",
        "A kernel wider than 1 cannot start at the last cells, so the output shrinks with the kernel: "
        "subtract the kernel's span first.",
        lambda n, k, s, p, d: (n + 2 * p, s, 0),
        lambda n, k, s, p, d: (n + 2 * p, s, 1),
        lambda n, k, s, p, d: (n + 2 * p - 1, s, 1),
        lambda n, k, s, p, d: (-(-n // s), 1, 0),
        lambda n, k, s, p, d: (n // s, 1, 0),
    ),
    (
        "stride ignored",
        "With a stride of s the kernel jumps s cells at a time: divide the room that is left by the stride.",
        lambda n, k, s, p, d: (n + 2 * p - _span(k, d) + 1, 1, 0),
    ),
    (
        "+1 forgotten",
        "The division counts the jumps. There is one more position than jumps: the one where you start.",
        lambda n, k, s, p, d: (n + 2 * p - _span(k, d), s, 0),
    ),
    (
        "+1 before the division",
        "The first position is added after dividing: jumps = room // stride, positions = jumps + 1. "
        "Inside the division the +1 vanishes as soon as the stride is larger than 1.",
        lambda n, k, s, p, d: (n + 2 * p - _span(k, d) + 1, s, 0),
    ),
    (
        "one position too many",
        "One position too many: the last one would reach beyond the end of the input.",
        lambda n, k, s, p, d: (n + 2 * p - _span(k, d), s, 2),
        lambda n, k, s, p, d: (n + 2 * p - d * (k - 1), s, 1),
    ),
    (
        "rounded up",
        "A last jump that would push the kernel over the edge is not taken: round down (//), not up.",
        lambda n, k, s, p, d: (-(-(n + 2 * p - _span(k, d)) // s), 1, 1),
    ),
    (
        "rounded to the nearest",
        "Half a jump is no jump: round down (//). round() goes up as often as down.",
        lambda n, k, s, p, d: (round((n + 2 * p - _span(k, d)) / s) + 1, 1, 0),
        lambda n, k, s, p, d: (floor((n + 2 * p - _span(k, d)) / s + 0.5) + 1, 1, 0),
        lambda n, k, s, p, d: (round((n + 2 * p - _span(k, d)) / s + 1), 1, 0),
    ),
    (
        "dilation ignored",
        "A dilated kernel has gaps and spans more cells: dilation · (kernel − 1) + 1 of them.",
        lambda n, k, s, p, d: (n + 2 * p - k, s, 1),
    ),
    (
        "dilation times the whole kernel",
        "Gaps lie between the kernel's cells: there are kernel − 1 of them. So the span is "
        "dilation · (kernel − 1) + 1, not dilation · kernel.",
        lambda n, k, s, p, d: (n + 2 * p - d * k, s, 1),
    ),
    (
        "dilation read as cells left out",
        "dilation is the distance from one kernel cell to the next: 1 means no gap, 2 leaves one cell out.",
        lambda n, k, s, p, d: (n + 2 * p - k - (k - 1) * d, s, 1),
    ),
    (
        "dilation counted for one gap only",
        "Every gap between two kernel cells is stretched, and there are kernel − 1 of them.",
        lambda n, k, s, p, d: (n + 2 * p - k - d + 1, s, 1),
        lambda n, k, s, p, d: (n + 2 * p - k - d, s, 1),
    ),
    (
        "dilation of the input or the padding",
        "Dilation spreads the kernel's cells. The input and its padding stay as they are.",
        lambda n, k, s, p, d: (d * n + 2 * p - k, s, 1),
        lambda n, k, s, p, d: (n // d + 2 * p - k, s, 1),
        lambda n, k, s, p, d: (n + 2 * p * d - k, s, 1),
        lambda n, k, s, p, d: (n + 2 * p * d - _span(k, d), s, 1),
        lambda n, k, s, p, d: (d * (n + 2 * p) - k, s, 1),
    ),
    (
        "stride divides too early",
        "The stride divides the room that is left beside the kernel: (n + 2 · padding − span) // stride + 1.",
        lambda n, k, s, p, d: ((n + 2 * p) // s - _span(k, d) + 1, 1, 0),
        lambda n, k, s, p, d: (n // s + 2 * p - _span(k, d) + 1, 1, 0),
        lambda n, k, s, p, d: (-(-(n + 2 * p) // s) - _span(k, d) + 1, 1, 0),
    ),
    (
        "kernel used as stride",
        "Windows may overlap: the next one starts `stride` cells further, not one kernel further.",
        lambda n, k, s, p, d: (n + 2 * p, _span(k, d), 0),
        lambda n, k, s, p, d: (n + 2 * p, k, 0),
        lambda n, k, s, p, d: (n + 2 * p - _span(k, d), k, 1),
        lambda n, k, s, p, d: (n + 2 * p - _span(k, d), _span(k, d), 1),
    ),
)

_RIGHT_PARTS: Parts = lambda n, k, s, p, d: (n + 2 * p - _span(k, d), s, 1)  # noqa: E731

_FLOATS = [
    *(_divided(parts, truediv) for parts in (_RIGHT_PARTS, *(f for _, _, *fs in _FORMULAS for f in fs))),
    _divided(_RIGHT_PARTS, lambda room, divisor: float(room // divisor)),
    _divided(_RIGHT_PARTS, lambda room, divisor: np.floor(room / divisor)),
]

_FLOAT = Misconception(
    "a float instead of a whole number",
    "A size is a whole number. / always gives a float: 6 / 2 is 3.0. // divides and rounds down, and gives "
    "an int.",
    (
        *(_unchecked(formula) for formula in _FLOATS),
        *(_raising(formula, lambda n, k, s, p, d: _span(k, d) > n + 2 * p) for formula in _FLOATS),
    ),
)

_FITTING = (
    Misconception(
        "no error for a kernel that does not fit",
        "A kernel that spans more than the padded input fits nowhere, and a size of 0 or less makes no "
        "sense: raise ValueError, so that the mistake shows where it is made.",
        (
            _unchecked(_right),
            _unchecked(lambda *a: max(0, _right(*a))),
            _unchecked(lambda *a: max(1, _right(*a))),
            _unchecked(lambda *a: abs(_right(*a))),
            _unchecked(lambda n, k, s, p, d: int((n + 2 * p - _span(k, d)) / s) + 1),
            _unchecked(lambda n, k, s, p, d: int((n + 2 * p - _span(k, d)) / s + 1)),
            _unchecked(lambda *a: _right(*a) if _right(*a) > 0 else None),
            _unchecked(lambda *a: _right(*a) if _right(*a) > 0 else -1),
            _raising(_right, lambda n, k, s, p, d: k > n + 2 * p),
            _raising(_right, lambda *a: _right(*a) < 0),
        ),
    ),
    Misconception(
        "ValueError for a kernel that just fits",
        "A kernel exactly as long as the padded input fits once: the answer is 1.",
        (
            _raising(_right, lambda n, k, s, p, d: _span(k, d) >= n + 2 * p),
            _raising(_right, lambda *a: _right(*a) <= 1),
            _raising(_right, lambda n, k, s, p, d: k >= n + 2 * p),
        ),
    ),
    Misconception(
        "kernel compared with the unpadded input",
        "Whether the kernel fits is decided after padding: compare its span with n + 2 · padding.",
        (
            _raising(_right, lambda n, k, s, p, d: _span(k, d) > n),
            _raising(_right, lambda n, k, s, p, d: k > n),
            _raising(_right, lambda n, k, s, p, d: k > n or _span(k, d) > n + 2 * p),
            _raising(_right, lambda n, k, s, p, d: k > n or _right(n, k, s, p, d) < 1),
        ),
    ),
)


def _probe(note: str, n: int, kernel: int, **options: int) -> Probe:
    return Probe((n, kernel), tuple(options.items()), note=note)


EXERCISE = Exercise(
    name="conv_output_size",
    number="1.1",
    signature="conv_output_size(n, kernel, stride=1, padding=0, dilation=1) -> int",
    reference=conv_output_size,
    probes=(
        _probe("a kernel of 3 on 5 cells", 5, 3),
        _probe("an even kernel", 6, 2),
        _probe("stride 2", 7, 3, stride=2),
        _probe("stride 2, half a jump is left", 10, 3, stride=2),
        _probe("stride 3, a third of a jump is left", 10, 3, stride=3),
        _probe("stride 3, two thirds of a jump are left", 9, 4, stride=3),
        _probe("padding 1 at both ends", 6, 3, stride=1, padding=1),
        _probe("dilation 2: the kernel spans 5 cells", 9, 3, stride=1, padding=0, dilation=2),
        _probe("a large image", 224, 7, stride=2, padding=3),
        _probe("stride and padding", 12, 5, stride=3, padding=2),
        _probe("an even kernel with dilation 4", 16, 2, stride=1, padding=1, dilation=4),
        _probe("everything at once", 20, 4, stride=3, padding=2, dilation=3),
        _probe("a kernel as long as the input", 3, 3),
        _probe("a kernel as long as the padded input", 1, 3, stride=2, padding=1),
        _probe("a dilated kernel as long as the input", 7, 3, stride=1, padding=0, dilation=3),
        _probe("the kernel does not fit", 2, 3),
        _probe("the kernel does not fit, stride 3", 4, 6, stride=3),
        _probe("the padding is too small for the kernel", 1, 5, stride=1, padding=1),
        _probe("the dilated kernel does not fit", 5, 3, stride=1, padding=0, dilation=3),
        _probe("the dilated kernel does not fit", 4, 2, stride=4, padding=1, dilation=6),
    ),
    misconceptions=(*(_mistake(*formula) for formula in _FORMULAS), _FLOAT, *_FITTING),
    hints=(
        "Draw 7 cells and a kernel of 3. How far can its left end move before its right end falls off?",
        "A kernel with dilation spans dilation · (kernel − 1) + 1 cells, and padding makes the input "
        "2 · padding longer. Their difference is the room to move.",
        "jumps = room // stride, and there is one position more than jumps. If the room is negative, "
        "the kernel does not fit: raise ValueError.",
    ),
)
