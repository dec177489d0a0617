"""Exercise 9.2: how large the output of an unpadded U-Net is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ...models import unet_output_size
from ..exercise import Exercise, Probe
from ..observing import Seen
from .sizes_mistakes import MISTAKES


def _refused(answer: Callable[..., Any], n: int, near: tuple[int, int], depth: int | None = None) -> Any:
    """Return which sizes a ValueError names, or what came back instead of one.

    Enough is to name the next larger size that works, or the nearest of all.
    """
    below, above = near
    try:
        return answer(n) if depth is None else answer(n, depth=depth)
    except ValueError as error:
        text = "\n".join([str(error), *getattr(error, "__notes__", ())])
    named = {int(digits) for digits in re.findall(r"\d+", text)}
    close = {m for m in named if abs(m - n) <= above - below} - {n}
    if len(close) > 8:
        return Seen("names everything", f"a ValueError that names {len(close)} sizes near {n}")
    if above in named or (below in named and n - below <= above - n):
        return Seen("names the nearest", f"a ValueError that names {below} and {above}")
    if close:
        return Seen("names others", f"ValueError: {text}")
    return Seen("names none", f"a ValueError that names no size that works: {text!r}")


def _works(note: str, n: int, depth: int | None = None) -> Probe:
    return Probe((n,), () if depth is None else (("depth", depth),), note=note)


def _refuses(note: str, n: int, depth: int | None, below: int, above: int) -> Probe:
    return replace(_works(note, n, depth), drive=partial(_refused, near=(below, above)))


EXERCISE = Exercise(
    name="unet_output_size",
    number="9.2",
    signature="unet_output_size(n, depth=4) -> int",
    reference=unet_output_size,
    probes=(
        _works("the size in the paper", 572),
        _works("the smallest size of the paper's network", 188),
        _works("one pool", 30, 1),
        _works("two pools", 100, 2),
        _works("three pools", 156, 3),
        _works("four pools", 300, 4),
        _works("five pools", 700, 5),
        _refuses("an odd size", 571, None, 556, 572),
        _refuses("the second pool meets an odd size", 302, 4, 300, 316),
        _refuses("the third pool meets an odd size", 312, 4, 300, 316),
        _refuses("the last pool meets an odd size", 580, 4, 572, 588),
        _refuses("a multiple of 16", 320, 4, 316, 332),
        _refuses("one pool, an odd size", 31, 1, 30, 32),
        _refuses("two pools, a multiple of 2 only", 102, 2, 100, 104),
        _refuses("three pools", 253, 3, 252, 260),
        _refuses("five pools, a size for four", 716, 5, 700, 732),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Walk through the network with one number. Two unpadded 3×3 convolutions take 4 away, a pool halves, "
        "an up-convolution doubles. How many pairs of convolutions are there on each level?",
        "On the way down: n − 4, then // 2, for each pool. At the bottom: n − 4. On the way up: 2 · n, then "
        "n − 4, for each up-convolution. Before you halve, look whether n % 2 is 0.",
        "The sizes that work lie 2^depth apart, and 572 is one of them for depth 4: they are 4 less than a "
        "multiple of 2^depth. Name the one below n and the one above in the text of the ValueError.",
    ),
)

EXERCISES = (EXERCISE,)
