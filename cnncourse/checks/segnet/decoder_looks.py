"""Look at what comes out of a stage of the decoder: maps of the given size, of values put back in place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..comparing import kind
from ..observing import Seen
from .looking import Look
from .stage_problems import Pairs, learning_problem, order_problem, padded_otherwise, way_problem
from .stages import Stage, close, convolved

Inputs = tuple[Tensor, Tensor, torch.Size]
# Images, rows, columns, and whether the pool that the indices come from kept a window that was cut off.
_SIZES = ((2, 9, 7, True), (3, 6, 8, True), (1, 5, 10, False), (2, 7, 11, False))


@cache
def _pooled(channels: int) -> tuple[Inputs, ...]:
    """Return values at random, where a pool of other maps found its maxima, and the size of those."""
    generator, all_inputs = torch.Generator().manual_seed(channels), []
    for number, height, width, ceil in _SIZES:
        maps = torch.randn(number, channels, height, width, generator=generator)
        pooled, indices = F.max_pool2d(maps, 2, ceil_mode=ceil, return_indices=True)
        values = torch.randn(pooled.shape, generator=generator)
        all_inputs.append((values, indices, maps.shape[2:]))
    return tuple(all_inputs)


def _pairs(inputs: int, outputs: int, convs: int) -> Pairs:
    return [*[(inputs, inputs)] * (convs - 1), (outputs, inputs)]


def _placed(x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    empty = x.new_zeros(*x.shape[:2], size.numel())
    return empty.scatter(2, indices.flatten(2), x.flatten(2)).view(*x.shape[:2], *size)


def _refused(error: Exception) -> Seen | None:
    """Say what an unpooling that refuses its arguments was given."""
    text = f"{type(error).__name__}: {error}".splitlines()[0][:120]
    if "invalid max index" in text:
        return Seen("size ignored", text)
    if "shape of indices" in text:
        return Seen("unpooled last", text)
    return Seen("unpool refused", text) if "invalid output_size" in text else None


def _results(stage: Stage, outputs: Any, inputs: Inputs, pairs: Pairs) -> Seen | None:
    """Compare maps with the unpooled values, convolved."""
    if outputs is None:
        return Seen("nothing", "a forward that returns None")
    if not isinstance(outputs, Tensor):
        return Seen("no maps", kind(outputs))
    expected = convolved(_placed(*inputs), pairs)
    if outputs.shape != expected.shape:
        return _shape_problem(stage, outputs, *inputs)
    if not close(outputs, expected):
        return _numbers_problem(stage, inputs, len(pairs))
    return Seen("changed", "a stage that changes what it is given") if stage.changed else None


def _shape_problem(stage: Stage, outputs: Tensor, x: Tensor, indices: Tensor, size: torch.Size) -> Seen:
    seen, got = stage.operations, tuple(outputs.shape[2:])
    text = f"maps of shape {list(outputs.shape)} for the size {tuple(size)}"
    if got == tuple(size):
        return learning_problem(stage) or Seen("other numbers", text)
    problem = way_problem(stage)
    if problem:
        return problem
    if padded_otherwise(stage):
        return Seen("padding", text)
    if "i" in seen and "u" not in seen:
        return Seen("spread", text)
    if got == tuple(x.shape[2:]):
        return Seen("not unpooled", text)
    return Seen("size ignored" if got == tuple(2 * n for n in x.shape[2:]) else "shape", text)


def _numbers_problem(stage: Stage, inputs: Inputs, convs: int) -> Seen:
    seen = stage.operations
    if "u" in seen and "c" in seen[: seen.index("u")]:
        return Seen("unpooled last", "a stage that convolves before it unpools")
    return (
        order_problem(stage, convs)
        or _placing_problem(stage, *inputs)
        or way_problem(stage)
        or Seen("other numbers", "other numbers than unpooling and convolutions give")
    )


def _placing_problem(stage: Stage, x: Tensor, indices: Tensor, size: torch.Size) -> Seen | None:
    """Compare what the first convolution was given with the unpooled values."""
    first = next(iter(stage.convolutions), None)
    entered, right = getattr(first, "_saved_input", None), _placed(x, indices, size)
    if entered is None or entered.shape != right.shape or close(entered, right):
        return None
    if any(close(entered, by) for by in _resized(x, indices, size)):
        return Seen("misplaced", "values that were unpooled to another size first")
    if entered.count_nonzero() > x.numel():
        return Seen("spread", "values that were spread over several cells")
    return Seen("elsewhere", "values that are not where the indices say")


def _resized(x: Tensor, indices: Tensor, size: torch.Size) -> Iterator[Tensor]:
    """Yield the values unpooled to twice their size, that map then brought to the wanted size."""
    double = torch.Size(2 * n for n in x.shape[2:])
    if indices.max() >= double.numel():
        return
    wrong = _placed(x, indices, double)
    rows, columns = (wanted - got for wanted, got in zip(size, double, strict=True))
    yield F.pad(wrong, (0, columns, 0, rows))
    yield F.pad(wrong, (columns, 0, rows, 0))
    for mode in ("nearest", "bilinear", "bicubic"):
        yield F.interpolate(wrong, size=size, mode=mode)
    yield F.interpolate(wrong, size=size, mode="bilinear", align_corners=True)
    yield F.adaptive_max_pool2d(wrong, tuple(size))
    yield F.adaptive_avg_pool2d(wrong, (size[0], size[1]))


LOOK = Look(
    arguments=("x", "indices", "size"),
    pairs=_pairs,
    inputs=_pooled,
    results=_results,
    refused=_refused,
    text="unpooling to the given size, then convolutions 3×3 with batch norm and ReLU",
)
