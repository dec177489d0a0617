"""Exercise 2.4: how many input pixels one cell sees after a stack of layers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ...ops import receptive_field
from ..exercise import Exercise, Misconception, Probe

Layers = list[tuple[int, int]]


def _traced(
    grow: Callable[[int, int, int, int], int],
    jump: Callable[[int, int, int], int] = lambda jump, k, s: jump * s,
    start: tuple[int, int] = (1, 1),
    *,
    stride_first: bool = False,
    reverse: bool = False,
) -> Callable[[Layers], int]:
    """Trace a stack: ``grow(field, jump, k, s)`` is the next field, ``jump(jump, k, s)`` the next jump."""

    def wrong(layers: Layers) -> int:
        field, step = start
        for k, s in reversed(layers) if reverse else layers:
            if stride_first:
                step = jump(step, k, s)
            field = grow(field, step, k, s)
            if not stride_first:
                step = jump(step, k, s)
        return field

    return wrong


def _right(field: int, jump: int, k: int, s: int) -> int:
    return field + (k - 1) * jump


def _trace(layers: Layers) -> list[tuple[int, int]]:
    return [(receptive_field(layers[:i]), prod(s for _, s in layers[:i])) for i in range(1, len(layers) + 1)]


_MISCONCEPTIONS = (
    Misconception(
        "multiplied instead of added",
        "A layer does not multiply the field: it adds (kernel − 1) steps, each as long as the jump. Two 3×3 "
        "layers see 5 pixels, not 9.",
        (
            lambda layers: prod(k for k, _ in layers),
            lambda layers: prod(k * s for k, s in layers),
            _traced(lambda field, jump, k, s: field * k * jump),
            _traced(lambda field, jump, k, s: field * k * s),
            _traced(lambda field, jump, k, s: field * (k - 1) + 1),
        ),
    ),
    Misconception(
        "jump ignored",
        "After a stride of 2, neighbors in the map are 2 pixels apart in the input. So a later kernel cell "
        "adds the jump (the product of the strides so far), not 1.",
        (
            lambda layers: 1 + sum(k - 1 for k, _ in layers),
            _traced(_right, lambda jump, k, s: 1),
        ),
    ),
    Misconception(
        "only the previous stride",
        "Strides multiply up: after strides 2 and 2, neighbors are 4 pixels apart. Yours looks at one "
        "stride only.",
        (
            _traced(_right, lambda jump, k, s: s),
            lambda layers: 1 + sum((k - 1) * s for k, s in layers),
            lambda layers: 1 + sum((k - 1) * max(s for _, s in layers) for k, _ in layers),
        ),
    ),
    Misconception(
        "a layer's own stride counted too early",
        "A layer's stride spreads the cells of *its output*, so it counts for the layers after it. Add this "
        "layer's kernel first, then multiply the jump.",
        (
            _traced(_right, stride_first=True),
            lambda layers: 1 + sum((k - 1) * prod(s for _, s in layers) for k, _ in layers),
        ),
    ),
    Misconception(
        "last layer first",
        "The list starts with the layer next to the input. Yours is read from the wrong end.",
        (
            _traced(_right, reverse=True),
            _traced(lambda field, jump, k, s: (field - 1) * s + k),
            _traced(_right, reverse=True, stride_first=True),
        ),
    ),
    Misconception(
        "strides added instead of multiplied",
        "Two strides of 2 make a step of 2 · 2 pixels: the jump is the product of the strides before.",
        (
            _traced(_right, lambda jump, k, s: jump + s),
            _traced(_right, lambda jump, k, s: jump + s - 1),
            _traced(_right, lambda jump, k, s: jump + s, (1, 0)),
            _traced(_right, lambda jump, k, s: jump + s, (1, 0), stride_first=True),
        ),
    ),
    Misconception(
        "kernel instead of kernel − 1",
        "The kernel's cells lie around what was seen before: one of them is counted already. So kernel − 1 "
        "of them are new.",
        (
            _traced(lambda field, jump, k, s: field + k * jump),
            _traced(lambda field, jump, k, s: field + k * jump, start=(0, 1)),
            lambda layers: sum(k for k, _ in layers),
            lambda layers: 1 + sum(k for k, _ in layers),
            _traced(lambda field, jump, k, s: field * s + k, reverse=True, start=(0, 1)),
            _traced(lambda field, jump, k, s: field * s + k, reverse=True),
            _traced(lambda field, jump, k, s: field * s + k - 1, reverse=True),
        ),
    ),
    Misconception(
        "+1 forgotten",
        "Before the first layer a cell sees itself: the field starts at 1.",
        (
            _traced(_right, start=(0, 1)),
            lambda layers: sum(k - 1 for k, _ in layers),
        ),
    ),
    Misconception(
        "jump returned instead of the field",
        "The jump says how far apart neighbors are. The field is what one cell sees: 1 plus all the steps "
        "added.",
        (lambda layers: prod(s for _, s in layers),),
    ),
    Misconception(
        "only the last or the largest layer",
        "Every layer widens the field. Yours counts one of them.",
        (
            lambda layers: layers[-1][0],
            lambda layers: layers[0][0],
            lambda layers: max(k for k, _ in layers),
            lambda layers: receptive_field(layers[:-1]),
            lambda layers: receptive_field(layers[1:]),
            lambda layers: 1 + (layers[-1][0] - 1) * prod(s for _, s in layers[:-1]),
        ),
    ),
    Misconception(
        "more than the field returned",
        "Return the field after the last layer as one whole number.",
        (
            lambda layers: _trace(layers)[-1],
            _trace,
            lambda layers: [field for field, _ in _trace(layers)],
        ),
    ),
    Misconception(
        "an area instead of a length",
        "The receptive field is given along one axis: two 3×3 layers see 5 × 5 pixels, so return 5.",
        (lambda layers: receptive_field(layers) ** 2,),
    ),
)


def _probe(note: str, *layers: tuple[Any, Any]) -> Probe:
    return Probe((list(layers),), note=note)


EXERCISE = Exercise(
    name="receptive_field",
    number="2.4",
    signature="receptive_field(layers: list of (kernel, stride), first layer first) -> int",
    reference=receptive_field,
    probes=(
        _probe("one layer", (3, 1)),
        _probe("two layers", (3, 1), (3, 1)),
        _probe("convolution, pooling, convolution", (3, 1), (2, 2), (3, 1)),
        _probe("a stride at the start", (5, 2), (3, 1)),
        _probe("a stride at the end", (3, 1), (4, 2)),
        _probe("two strides", (3, 2), (3, 2), (3, 1)),
        _probe("three strides", (2, 2), (3, 3), (5, 2), (2, 1)),
        _probe("a 1×1 kernel with a stride", (1, 2), (3, 1), (1, 1), (7, 2), (2, 1)),
        _probe("the first layers of a ResNet", (7, 2), (3, 2), (3, 1), (3, 1), (3, 2), (3, 1)),
    ),
    misconceptions=_MISCONCEPTIONS,
    hints=(
        "Draw it: one cell of the second map looks at 3 cells of the first, and each of those at 3 pixels. "
        "How many different pixels are that?",
        "Walk from the first layer to the last with two numbers: the field (1 at the start) and the jump, "
        "the distance in pixels between neighbors of the current map (1 at the start).",
        "A layer adds kernel − 1 cells to the field, each one jump wide. Only then does its stride stretch "
        "the jump.",
    ),
)
