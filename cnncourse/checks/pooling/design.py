"""Exercise 2.5: design a stack of layers that sees far with few layers. Many stacks are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral
from typing import Any

import numpy as np

from ...ops import receptive_fields
from ..exercise import Exercise, Misconception, Probe, Unusable
from ..observing import Seen

FIELD, JUMP, LAYERS, KERNELS, STRIDES = 40, 8, 6, (2, 3), (1, 2)
Layers = list[tuple[int, int]]

# The best six layers reach 63; 171 stacks of six layers and 8 of five reach 40. Habits do not: a convolution
# before each pooling sees 22 pixels, strides at the end 21, (2, 2) and (3, 1) in turn 36.
# Strides must come early.


def design_layers() -> Layers:
    """Return six layers (kernel, stride) with a receptive field of 63 and a jump of 8.

    >>> receptive_fields(design_layers())[-1]
    (63, 8)
    """
    return [(3, 2), (3, 2), (3, 2), (3, 1), (3, 1), (3, 1)]


def _layers(value: Any) -> Layers:
    """Return the answer as a list of pairs of ints, or raise Unusable."""
    example = "Return a list of pairs (kernel, stride), such as [(3, 1), (2, 2)]."
    if not isinstance(value, list | tuple | np.ndarray):
        raise Unusable(f"{example} Yours is of type {type(value).__name__}.")
    if len(value) == 0:
        raise Unusable(f"{example} Yours is empty.")
    for number, layer in enumerate(value, 1):
        pair = isinstance(layer, list | tuple | np.ndarray) and len(layer) == 2
        if not pair or any(isinstance(x, bool) or not isinstance(x, Integral) for x in layer):
            raise Unusable(f"{example} Layer {number} of yours is {layer!r:.60}.")
    return [(int(kernel), int(stride)) for kernel, stride in value]


def _allowed(layers: Layers) -> bool:
    return all(kernel in KERNELS and stride in STRIDES for kernel, stride in layers)


def _at_form(value: Any) -> Seen:
    layers = _layers(value)
    if not _allowed(layers) and _allowed([(kernel, stride) for stride, kernel in layers]):
        return Seen("swapped", f"pairs such as {layers[0]}")
    for kernel, stride in layers:
        if kernel not in KERNELS:
            return Seen("large kernel" if kernel > max(KERNELS) else "small kernel", f"a kernel of {kernel}")
        if stride not in STRIDES:
            return Seen("stride", f"a stride of {stride}")
    if len(layers) > LAYERS:
        return Seen("many layers", f"{len(layers)} layers")
    return Seen("kept", f"at most {LAYERS} layers, kernels 2 or 3, strides 1 or 2")


def _at_jump(value: Any) -> Seen:
    if _at_form(value).kind != "kept":
        return Seen("not yet")
    _, jump = receptive_fields(_layers(value))[-1]
    return Seen("large", f"a jump of {jump}") if jump > JUMP else Seen("kept", f"a jump of at most {JUMP}")


def _at_field(value: Any) -> Seen:
    if _at_jump(value).kind != "kept":
        return Seen("not yet")
    field, _ = receptive_fields(_layers(value))[-1]
    if field < FIELD:
        return Seen("small", f"a field of {field} pixels")
    return Seen("kept", f"a field of at least {FIELD} pixels")


def _always(layers: Iterable[Any]) -> Callable[[], Any]:
    fixed = list(layers)
    return lambda: fixed


EXERCISE = Exercise(
    name="design_layers",
    number="2.5",
    signature="design_layers() -> list of (kernel, stride)",
    reference=design_layers,
    probes=(
        Probe(observe=_at_form, note="the layers you may use"),
        Probe(observe=_at_jump, note="the product of the strides"),
        Probe(observe=_at_field, note="what one cell sees along one axis"),
    ),
    misconceptions=(
        Misconception(
            "pairs the wrong way round",
            "A layer is (kernel, stride): the kernel's size comes first. Yours reads as (stride, kernel).",
            (_always([(1, 3)]),),
        ),
        Misconception(
            "kernel too large",
            "The budget allows kernels of 2 and 3. A large kernel widens the field by brute force; small "
            "ones after a stride do it for less.",
            (_always([(7, 2)]),),
        ),
        Misconception(
            "kernel smaller than 2",
            "A kernel of 1 sees no neighbors, and the budget allows kernels of 2 and 3.",
            (_always([(1, 1)]),),
        ),
        Misconception(
            "stride not allowed",
            "Each stride is 1 or 2. A stride wider than the kernel would even skip pixels.",
            (_always([(2, 4)]),),
        ),
        Misconception(
            "too many layers",
            "At most 6 layers. Do not add layers: ask which order of the same layers sees more.",
            (_always([(3, 1)] * 20),),
        ),
        Misconception(
            "map too coarse",
            "The product of all strides may be 8 at most, so at most three layers can have a stride of 2. "
            "Yours makes the last map coarser than that.",
            (_always([(3, 2)] * 6),),
        ),
        Misconception(
            "field too small",
            "Your layers are allowed, but one cell sees too little. A layer adds (kernel − 1) · jump "
            "pixels, so every kernel after a stride counts more: where should the strides stand?",
            (_always([(3, 1), (2, 2)] * 3),),
        ),
    ),
    hints=(
        "Write down what each of your layers adds: (kernel − 1) · jump. Which of your layers add the least?",
        "The jump may grow to 8 by three strides of 2. The sooner it is large, the more layers profit.",
        "Use all six layers, and compare the two stacks that have their three strides of 2 at the start and "
        "at the end.",
    ),
)
