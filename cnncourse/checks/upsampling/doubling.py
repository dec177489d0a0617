"""Exercise 7.4: choose kernel, stride and padding of a transposed convolution. Two choices are right."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np

from ...ops import conv_transpose2d
from ..exercise import Exercise, Misconception, Probe, Unusable
from ..observing import Seen

Design = tuple[int, int, int]
LARGEST = 6
_SIZES = (5, 6, 9)

# (n − 1)·s + k − 2·p = 2·n for every n only if s = 2 and k = 2 + 2·p: (2, 2, 0), (4, 2, 1), (6, 2, 2), …
# So k is even, and coverage comes for free; k = 2 puts each input cell into a block of its own.


def design_doubling() -> Design:
    """Return kernel, stride and padding that double any map, evenly and with overlap.

    >>> kernel, stride, padding = design_doubling()
    >>> conv_transpose2d(np.ones((5, 7)), np.ones((kernel, kernel)), stride, padding).shape
    (10, 14)
    """
    return 4, 2, 1


def _design(value: Any) -> Design:
    """Return the answer as three ints, or raise Unusable."""
    expected = "Expected three whole numbers: return kernel, stride, padding."
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != 3:
        raise Unusable(f"{expected} Yours is {value!r:.60}.")
    if any(isinstance(x, bool) or not isinstance(x, Integral) for x in value):
        raise Unusable(f"{expected} Yours is {value!r:.60}.")
    return int(value[0]), int(value[1]), int(value[2])


def _possible(design: Design) -> bool:
    kernel, stride, padding = design
    return 1 <= kernel <= LARGEST and 1 <= stride <= LARGEST and 0 <= padding <= LARGEST


def _out(n: int, design: Design) -> int:
    kernel, stride, padding = design
    return (n - 1) * stride + kernel - 2 * padding


def _doubles(design: Design) -> bool:
    return _possible(design) and all(_out(n, design) == 2 * n for n in _SIZES)


def _at_form(value: Any) -> Seen:
    kernel, stride, padding = design = _design(value)
    if not _doubles(design) and _doubles((stride, kernel, padding)):
        return Seen("swapped", f"kernel {kernel}, stride {stride}, padding {padding}")
    if kernel > LARGEST:
        return Seen("large kernel", f"a kernel of {kernel}")
    if not _possible(design):
        return Seen("impossible", f"kernel {kernel}, stride {stride}, padding {padding}")
    return Seen("kept", f"a kernel of 1 to {LARGEST}, a stride of at least 1, a padding of at least 0")


def _at_size(value: Any) -> Seen:
    design = _design(value)
    if _at_form(value).kind != "kept":
        return Seen("not yet")
    text = ", ".join(f"{n} → {max(0, _out(n, design))}" for n in _SIZES)
    if _doubles(design):
        return Seen("kept", text)
    if design[1] == 1:
        return Seen("stride of 1", text)
    return Seen("too large" if _out(_SIZES[-1], design) > 2 * _SIZES[-1] else "too small", text)


def _at_cover(value: Any) -> Seen:
    kernel, stride, padding = _design(value)
    if _at_size(value).kind != "kept":
        return Seen("not yet")
    row = conv_transpose2d(np.ones((1, 9)), np.ones((1, kernel)), (1, stride), (0, padding))[0]
    counts = sorted({int(count) for count in row[kernel:-kernel]})
    if counts == [1]:
        return Seen("alone", "each output cell is under 1 stamp along each axis")
    return Seen("kept", "each output cell is under 2 or more stamps along each axis, all under equally many")


def _always(*design: int) -> Callable[[], Design]:
    return lambda: (design[0], design[1], design[2])


EXERCISE = Exercise(
    name="design_doubling",
    number="7.4",
    signature="design_doubling() -> (kernel, stride, padding)",
    reference=design_doubling,
    probes=(
        Probe(observe=_at_form, note="three numbers within the budget"),
        Probe(observe=_at_size, note="output sizes for maps of 5, 6 and 9 cells"),
        Probe(observe=_at_cover, note="how many stamps lie on a cell in the middle"),
    ),
    misconceptions=(
        Misconception(
            "kernel and stride swapped",
            "The order is kernel, stride, padding. Yours would be right with the first two exchanged.",
            (_always(2, 4, 1),),
        ),
        Misconception(
            "kernel too large",
            "The kernel may be 6 at most: its weights grow with the square.",
            (_always(8, 2, 3),),
        ),
        Misconception(
            "no such layer",
            "Kernel and stride are 1 or more and at most 6, the padding is 0 or more.",
            (_always(4, 0, 1),),
        ),
        Misconception(
            "stride of 1",
            "With a stride of 1 each further input cell adds one output cell: the map grows by a fixed "
            "number. Doubling needs two for each.",
            (_always(4, 1, 0),),
        ),
        Misconception(
            "output too small",
            "The output is (n − 1) · stride + kernel − 2 · padding. With yours it is smaller than 2 · n.",
            (_always(3, 2, 1),),
        ),
        Misconception(
            "output too large",
            "The output is (n − 1) · stride + kernel − 2 · padding. With yours it is larger than 2 · n.",
            (_always(4, 2, 0), _always(3, 3, 0)),
        ),
        Misconception(
            "blocks side by side",
            "Your map doubles, but each input cell writes a block of its own, and no output cell mixes two "
            "of them. A larger kernel makes stamps overlap; the padding then brings the size back.",
            (_always(2, 2, 0),),
        ),
    ),
    hints=(
        "Each further input cell must add exactly two output cells. Which of the three numbers decides that?",
        "With that stride, what do kernel − 2 · padding have to be for the sizes to fit?",
        "Of the kernels that fit, the smallest makes blocks side by side. Take the next one.",
    ),
)
