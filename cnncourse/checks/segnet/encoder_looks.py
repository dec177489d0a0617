"""Look at a stage of the encoder: what is the first thing that is not as wanted, if there is one?"""

from __future__ import annotations

from collections.abc import Callable
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

SIZES = ((2, 9, 7), (3, 6, 8), (1, 5, 10))  # images, rows and columns: odd and even, never square


def look(build: Callable[..., Any], in_channels: int, out_channels: int, convs: int) -> Seen:
    """Build a stage and return the first thing that is not as wanted, or that all is."""
    model = build(in_channels, out_channels, convs)
    problem = no_stage(model, "x")
    if problem:
        return problem
    shapes = [(out_channels, in_channels), *[(out_channels, out_channels)] * (convs - 1)]
    first, *others = (_images(in_channels, *size) for size in SIZES)
    stage = Stage(model.train(), (first,))
    problem = weights_problem(stage, shapes) or norm_problem(stage, convs)
    if problem:
        return problem
    if stage.error:
        raise stage.error
    problem = _results(stage, stage.outputs, first, shapes) or learning_problem(stage)
    if problem:
        return problem
    for images in others:
        problem = _results(stage, stage.run(images), images, shapes)
        if problem:
            return problem
    return (
        _modes(stage)
        or _two_stages(build, stage, shapes, (in_channels, out_channels, convs))
        or Seen(WANTED, f"{convs} × (convolution 3×3, batch norm, ReLU), then pooling: a triple")
    )


def _images(channels: int, number: int, height: int, width: int) -> Tensor:
    return torch.randn(number, channels, height, width, generator=torch.Generator().manual_seed(height))


def _results(stage: Stage, outputs: Any, images: Tensor, shapes: list[tuple[int, int]]) -> Seen | None:
    """Compare what came out with the right map, pooled."""
    problem = _form(outputs)
    if problem:
        return problem
    pooled, indices, size = outputs
    maps = convolved(images, shapes)
    height, width = images.shape[2:]
    sizes = [(height // 2, width // 2), ((height + 1) // 2, (width + 1) // 2)]  # floor or ceil
    text = f"for maps of {height}×{width}: "
    if tuple(pooled.shape[2:]) not in sizes:
        return _pool_problem(stage, tuple(pooled.shape), (height, width), text)
    ceil = tuple(pooled.shape[2:]) == sizes[1]
    if not close(pooled, F.max_pool2d(maps, 2, ceil_mode=ceil)):
        return _numbers_problem(stage, pooled, maps, len(shapes), ceil)
    if stage.changed:
        return Seen("changed", "a stage that changes the images it is given")
    return _size_problem(size, pooled, images, text) or _indices_problem(indices, pooled, maps)


def _form(outputs: Any) -> Seen | None:
    """Say whether what came out is a triple of a tensor, indices and a size."""
    if isinstance(outputs, Tensor):
        return Seen("map alone", "the pooled maps alone")
    if not isinstance(outputs, tuple | list):
        return Seen("no triple", kind(outputs))
    if len(outputs) == 2 and all(isinstance(part, Tensor) for part in outputs):
        there = any(not part.is_floating_point() for part in outputs)
        return Seen("no size" if there else "no triple", "two results: " + " and ".join(map(kind, outputs)))
    if len(outputs) != 3:
        return Seen("no triple", f"{len(outputs)} results")
    if all(isinstance(part, Tensor) for part in outputs[:2]):
        if outputs[0].is_floating_point() and not outputs[1].is_floating_point():
            return None if not isinstance(outputs[2], Tensor) else Seen("size form", "a tensor for the size")
        if not outputs[0].is_floating_point() and outputs[1].is_floating_point():
            return Seen("order", "indices, maps, size: another order")
        return Seen("no indices", "a second result that is no tensor of indices")
    if sum(isinstance(part, Tensor) for part in outputs) >= 2:
        return Seen("order", "a triple in another order")
    return Seen("no indices", f"{', '.join(map(kind, outputs))}")


def _pool_problem(stage: Stage, shape: tuple[int, ...], size: tuple[int, int], text: str) -> Seen:
    text += f"pooled maps of {'×'.join(map(str, shape[2:]))}"
    problem = way_problem(stage)
    if problem:
        return problem
    if any(set(getattr(node, "_saved_padding", (1,))) != {1} for node in stage.convolutions):
        return Seen("padding", text)
    if shape[2:] == size:
        return Seen("not pooled", text)
    return Seen("pool", text)


def _numbers_problem(stage: Stage, pooled: Tensor, maps: Tensor, convs: int, ceil: bool) -> Seen:
    seen = stage.operations
    if "p" in seen and seen.rindex("c") > seen.index("p"):
        return Seen("pooled first", "a stage that pools before its convolutions are done")
    if close(pooled, F.avg_pool2d(maps, 2, ceil_mode=ceil)) or "a" in seen:
        return Seen("average", "averages of the windows")
    return (
        order_problem(stage, convs)
        or way_problem(stage)
        or Seen("other numbers", "other numbers than convolutions with batch norm and ReLU give")
    )


def _size_problem(size: Any, pooled: Tensor, images: Tensor, text: str) -> Seen | None:
    try:
        given = tuple(int(n) for n in size)
    except (TypeError, ValueError):
        return Seen("size form", f"{text}the size {size!r}"[:80])
    height, width = images.shape[2:]
    if given in ((height, width), (*pooled.shape[:2], height, width)):
        return None
    text += f"the size {given}"
    if given[-2:] == tuple(pooled.shape[2:]):
        return Seen("size after", text)
    return Seen("other size", text)


def _indices_problem(indices: Tensor, pooled: Tensor, maps: Tensor) -> Seen | None:
    """Compare the indices with their windows, and what lies there with what was pooled."""
    if indices.shape != pooled.shape:
        return Seen("indices", f"indices of shape {list(indices.shape)}")
    width = maps.shape[3]
    indices = indices.cpu().long()
    rows, columns = indices // width, indices % width
    own_rows, own_columns = (torch.arange(n) for n in indices.shape[2:])
    if not ((rows // 2 == own_rows[:, None]) & (columns // 2 == own_columns)).all():
        return Seen("indices", "indices of cells outside their windows")
    if not close(pooled, maps.flatten(2).gather(2, indices.flatten(2)).view_as(indices)):
        return Seen("indices", "indices of cells that do not hold the largest value")
    return None


def _modes(stage: Stage) -> Seen | None:
    """Say whether in eval mode each image is treated by itself."""
    stage.model.eval()
    images = stage.inputs[0]
    together, alone = stage.run(images)[0], stage.run(images[:1])[0]
    stage.model.train()
    if close(together[:1], alone.detach().cpu()):
        return None
    return Seen("batch in eval", "in eval mode another result for an image alone than in a batch")


def _two_stages(
    build: Callable[..., Any], stage: Stage, shapes: list[tuple[int, int]], sizes: tuple[int, int, int]
) -> Seen | None:
    """Say whether a second stage, and a second pass, leave the first alone."""
    other = Stage(build(*sizes).train(), (stage.inputs[0].flip(2, 3),))
    own = {weight.data_ptr() for weight in stage.weights}
    if any(weight.data_ptr() in own for weight in other.weights):
        return Seen("shared stage", "the same weights in a second stage")
    return _results(stage, stage.outputs, stage.inputs[0], shapes) and Seen(
        "shared results", "results of the first pass that a later pass changed"
    )
