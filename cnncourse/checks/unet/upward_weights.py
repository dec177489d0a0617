"""Tell from the shapes of a block's weights which layers it has."""

from __future__ import annotations

import math
from collections import Counter
from itertools import permutations

from ..observing import Seen

Shape = tuple[int, ...]


def wanted_kernels(inputs: int, outputs: int) -> list[Shape]:
    """Return the kernels of the up-convolution and of the two convolutions."""
    return [(inputs, inputs // 2, 2, 2), (outputs, inputs, 3, 3), (outputs, outputs, 3, 3)]


def kernels_problem(kernels: list[Shape], inputs: int, outputs: int) -> str:
    """Return what is wrong with the kernels, or ''; "half" where the first convolution takes half of them.

    Kernels that hold as many numbers as they should are right, however they are shaped.
    """
    wanted = wanted_kernels(inputs, outputs)
    if _counts(kernels) == _counts(wanted):
        return ""
    by_size: dict[Shape, list[Shape]] = {}
    for shape in kernels:
        by_size.setdefault(shape[2:], []).append(shape)
    ups, convs = by_size.pop((2, 2), []), by_size.pop((3, 3), [])
    others = [shape for shapes in by_size.values() for shape in shapes]
    if not kernels:
        return "no weights"
    if not ups:
        return _without_up_convolution(convs, others, wanted)
    if len(convs) + len(others) != 2:
        return "one convolution" if len(convs) + len(others) < 2 else "more convolutions"
    if others:
        return "kernel"
    if math.prod(ups[0]) != math.prod(wanted[0]):
        return _up_problem(ups[0], inputs, outputs)
    return _channel_problem(convs, inputs, outputs)


def _without_up_convolution(convs: list[Shape], others: list[Shape], wanted: list[Shape]) -> str:
    """Return what stands in place of the up-convolution, which has kernels of 2×2."""
    left = others or list((Counter(convs) - Counter(wanted[1:])).elements())
    if any(shape[:2] == wanted[0][:2] for shape in left):
        return "up kernel"
    return "more convolutions" if len(convs) + len(others) > 3 else "interpolated"


def _up_problem(up: Shape, inputs: int, outputs: int) -> str:
    if up[:2] == (inputs, outputs):
        return "up to outputs"
    return "not halved" if up[0] == up[1] == inputs else "up channels"


def _channel_problem(convs: list[Shape], inputs: int, outputs: int) -> str:
    half = inputs // 2
    pairs = [shape[:2] for shape in convs]  # channels out and in
    for first, last in permutations(pairs):
        if first[1] == inputs and last[0] == outputs and first[0] == last[1]:
            return "between"
    if all(out == half for out, _ in pairs):
        return "outputs ignored"
    return "half" if sorted(pairs) == sorted([(outputs, half), (outputs, outputs)]) else "first channels"


def vectors_problem(vectors: list[Shape], inputs: int, outputs: int) -> Seen | None:
    """Return what is wrong with weights that are no kernels: only biases may be there, and need not."""
    half = inputs // 2
    for up in (half, 4 * half):  # four biases a channel where the four cells of a block are made one by one
        if not _counts(vectors) - Counter([up, outputs, outputs]):
            return None
    sizes = ", ".join(str(math.prod(shape)) for shape in vectors)
    return Seen("more weights", f"other weights than kernels and their biases: vectors of {sizes}")


def _counts(shapes: list[Shape]) -> Counter[int]:
    return Counter(map(math.prod, shapes))
