"""Look at a stage of the decoder: what is the first thing that is not as wanted, if there is one?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..comparing import kind
from ..observing import Seen
from .stages import (
    WANTED,
    Stage,
    close,
    convolved,
    learning_problem,
    no_stage,
    norm_problem,
    order_problem,
    way_problem,
    weights_problem,
)

Inputs = tuple[Tensor, Tensor, torch.Size]
# Images, rows, columns, and whether the pool that the indices come from kept a window that was cut off.
SIZES = ((2, 9, 7, True), (3, 6, 8, True), (1, 5, 10, False), (2, 7, 11, False))


def look(build: Callable[..., Any], in_channels: int, out_channels: int, convs: int) -> Seen:
    """Build a stage and return the first thing that is not as wanted, or that all is."""
    model = build(in_channels, out_channels, convs)
    problem = no_stage(model, "x, indices, size")
    if problem:
        return problem
    shapes = [*[(in_channels, in_channels)] * (convs - 1), (out_channels, in_channels)]
    first, *others = (_pooled(in_channels, *size) for size in SIZES)
    stage = Stage(model.train(), first)
    problem = weights_problem(stage, shapes) or norm_problem(stage, convs)
    if problem:
        return problem
    if stage.error:
        return _error_problem(stage.error)
    problem = _results(stage, stage.outputs, first, shapes) or _learning(stage)
    if problem:
        return problem
    for inputs in others:
        try:
            outputs = stage.run(*inputs)
        except RuntimeError as error:
            return _error_problem(error)
        problem = _results(stage, outputs, inputs, shapes)
        if problem:
            return problem
    return (
        _modes(stage)
        or _two_stages(build, stage, shapes, (in_channels, out_channels, convs))
        or Seen(WANTED, f"unpooling, then {convs} × (convolution 3×3, batch norm, ReLU)")
    )


def _pooled(channels: int, number: int, height: int, width: int, ceil: bool) -> Inputs:
    """Return values at random, and where a pool of other maps found its maxima."""
    generator = torch.Generator().manual_seed(height)
    maps = torch.randn(number, channels, height, width, generator=generator)
    pooled, indices = F.max_pool2d(maps, 2, ceil_mode=ceil, return_indices=True)
    return torch.randn(pooled.shape, generator=generator), indices, maps.shape[2:]


def _placed(x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    empty = torch.zeros(*x.shape[:2], size.numel())
    return empty.scatter(2, indices.flatten(2), x.flatten(2)).view(*x.shape[:2], *size)


def _error_problem(error: Exception) -> Seen:
    """Name an unpooling that was not told the size; raise any other error again."""
    if "invalid max index" in str(error) or "invalid output_size" in str(error):
        return Seen("size ignored", f"an error: {str(error).splitlines()[0]}"[:80])
    raise error


def _results(stage: Stage, outputs: Any, inputs: Inputs, shapes: list[tuple[int, int]]) -> Seen | None:
    """Compare what came out with the unpooled values, convolved."""
    if not isinstance(outputs, Tensor):
        return Seen("no map", kind(outputs))
    x, _, size = inputs
    expected = convolved(_placed(*inputs), shapes)
    if outputs.shape != expected.shape:
        text = f"shape {list(outputs.shape)} for the size {tuple(size)}"
        return way_problem(stage) or Seen(_shape_problem(stage, outputs, x), text)
    if not close(outputs, expected):
        return _numbers_problem(stage, outputs, inputs, shapes)
    return Seen("changed", "a stage that changes what it is given") if stage.changed else None


def _shape_problem(stage: Stage, outputs: Tensor, x: Tensor) -> str:
    if any(set(getattr(node, "_saved_padding", (1,))) != {1} for node in stage.convolutions):
        return "padding"
    rows, columns = outputs.shape[2:]
    if (rows, columns) == tuple(x.shape[2:]):
        return "not unpooled"
    if (rows, columns) == (2 * x.shape[2], 2 * x.shape[3]):
        return "size ignored"
    return "shape"


def _numbers_problem(stage: Stage, outputs: Tensor, inputs: Inputs, shapes: list[tuple[int, int]]) -> Seen:
    seen, convs = stage.operations, len(shapes)
    if "u" in seen and seen.index("u") > seen.index("c"):
        return Seen("unpooled last", "a stage that convolves before it unpools")
    problem = order_problem(stage, convs)
    if problem:
        return problem
    return (
        _placing_problem(stage, *inputs)
        or way_problem(stage)
        or Seen("other numbers", "other numbers than unpooling and convolutions give")
    )


def _placing_problem(stage: Stage, x: Tensor, indices: Tensor, size: torch.Size) -> Seen | None:
    """Compare what the first convolution was given with the unpooled values."""
    first = next(iter(stage.convolutions), None)
    entered = getattr(first, "_saved_input", None)
    if entered is None or close(entered, _placed(x, indices, size)):
        return None
    if any(entered.shape == by.shape and close(entered, by) for by in _resized(x, indices, size)):
        return Seen("misplaced", "values that were unpooled to another size first")
    if entered.count_nonzero() > x.numel():
        return Seen("spread", "values that were spread over several cells")
    return Seen("elsewhere", "values that are not where the indices say")


def _resized(x: Tensor, indices: Tensor, size: torch.Size) -> Iterator[Tensor]:
    """Yield the values unpooled to twice their size, and that map brought to the wanted size."""
    double = torch.Size(2 * n for n in x.shape[2:])
    if indices.max() >= double.numel():
        return
    wrong = _placed(x, indices, double)
    missing = [size[1] - double[1], size[0] - double[0]]
    yield F.pad(wrong, (0, missing[0], 0, missing[1]))
    yield F.pad(wrong, (missing[0], 0, missing[1], 0))
    for options in (
        {"mode": "nearest"},
        {"mode": "bilinear"},
        {"mode": "bilinear", "align_corners": True},
    ):
        yield F.interpolate(wrong, size=size, **options)
    yield F.adaptive_max_pool2d(wrong, tuple(size))
    yield F.adaptive_avg_pool2d(wrong, (size[0], size[1]))


def _learning(stage: Stage) -> Seen | None:
    problem = learning_problem(stage)
    if problem:
        return problem
    if id(stage.leaves[-1]) not in stage.uses():
        return Seen("cut", "no gradient for the values that come in")
    return None


def _modes(stage: Stage) -> Seen | None:
    """Say whether in eval mode each image is treated by itself."""
    stage.model.eval()
    x, indices, size = stage.inputs
    together, alone = stage.run(x, indices, size), stage.run(x[:1], indices[:1], size)
    stage.model.train()
    if close(together[:1], alone.detach().cpu()):
        return None
    return Seen("batch in eval", "in eval mode another result for an image alone than in a batch")


def _two_stages(
    build: Callable[..., Any], stage: Stage, shapes: list[tuple[int, int]], sizes: tuple[int, int, int]
) -> Seen | None:
    """Say whether a second stage, and a second pass, leave the first alone."""
    x, indices, size = stage.inputs
    other = Stage(build(*sizes).train(), (x.flip(2, 3), indices, size))
    own = {weight.data_ptr() for weight in stage.weights}
    if any(weight.data_ptr() in own for weight in other.weights):
        return Seen("shared stage", "the same weights in a second stage")
    return _results(stage, stage.outputs, stage.inputs, shapes) and Seen(
        "shared results", "results of the first pass that a later pass changed"
    )
