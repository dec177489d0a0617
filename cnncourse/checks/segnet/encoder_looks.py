"""Look at what comes out of a stage of the encoder: pooled maps, indices, the size before pooling."""

from __future__ import annotations

from functools import cache
from operator import index
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..comparing import kind
from ..observing import Seen
from .looking import Look
from .stage_problems import Pairs, order_problem, padded_otherwise, way_problem
from .stages import Stage, close, convolved, tensors_in

_SIZES = ((2, 9, 7), (3, 6, 8), (1, 5, 10))  # images, rows and columns: odd and even, never square
_OF_A_POOL = ("kernel_size", "stride", "padding")


@cache
def _images(channels: int) -> tuple[tuple[Tensor], ...]:
    generator = torch.Generator().manual_seed(channels)
    return tuple((torch.randn(number, channels, *size, generator=generator),) for number, *size in _SIZES)


def _pairs(inputs: int, outputs: int, convs: int) -> Pairs:
    return [(outputs, inputs), *[(outputs, outputs)] * (convs - 1)]


def _results(stage: Stage, outputs: Any, inputs: tuple[Tensor], pairs: Pairs) -> Seen | None:
    """Compare a triple with the right maps, pooled."""
    problem = _form(outputs)
    if problem:
        return problem
    pooled, indices, size = outputs
    maps = convolved(*inputs, pairs)
    height, width = maps.shape[2:]
    floor, ceil = (height // 2, width // 2), ((height + 1) // 2, (width + 1) // 2)
    pooled_size = tuple(pooled.shape[2:])
    if len(pooled.shape) != 4 or pooled_size not in (floor, ceil):
        return _pool_problem(stage, pooled, maps)
    if not close(pooled, F.max_pool2d(maps, 2, ceil_mode=pooled_size == ceil)):
        return _numbers_problem(stage, pooled, maps, len(pairs))
    if stage.changed:
        return Seen("changed", "a stage that changes the maps it is given")
    return _size_problem(size, pooled, maps) or _indices_problem(indices, pooled, maps)


def _form(outputs: Any) -> Seen | None:
    """Say whether what came out is a triple of maps, indices and something else."""
    if outputs is None:
        return Seen("nothing", "a forward that returns None")
    if not isinstance(outputs, tuple | list):
        return Seen("no indices" if isinstance(outputs, Tensor) else "no triple", f"{kind(outputs)} alone")
    kinds = "".join(map(_letter, outputs))
    text = f"{len(outputs)} results: {', '.join(map(kind, outputs))}"[:200]
    if kinds == "mis":
        return None
    if kinds == "mi":
        return Seen("no size", text)
    if sorted(kinds) == ["i", "m", "s"]:
        return Seen("order", text)
    return Seen("no indices" if set(kinds) <= {"m", "s"} else "no triple", text)


def _letter(part: Any) -> str:
    if isinstance(part, Tensor) and part.dim() > 1:
        return "m" if part.is_floating_point() else "i"
    return "?" if isinstance(part, tuple | list) and tensors_in(part) else "s"


def _pool_problem(stage: Stage, pooled: Tensor, maps: Tensor) -> Seen:
    height, width = maps.shape[2:]
    text = f"for maps of {height}×{width} pooled ones of shape {list(pooled.shape)}"
    problem = way_problem(stage)
    if problem:
        return problem
    if padded_otherwise(stage):
        return Seen("padding", text)
    if pooled.shape[2:] == maps.shape[2:]:
        return Seen("not pooled", text)
    return Seen("pooled often" if stage.operations.count("p") > 1 else "pool", text)


def _numbers_problem(stage: Stage, pooled: Tensor, maps: Tensor, convs: int) -> Seen:
    seen = stage.operations
    if "a" in seen:
        return Seen("average", "averages of the windows")
    if "p" in seen and "p" in seen[: seen.rindex("c")]:
        return Seen("pooled first", "a stage that pools before its convolutions are done")
    return (
        order_problem(stage, convs)
        or _window_problem(stage)
        or way_problem(stage)
        or Seen("other numbers", "other numbers than convolutions with batch norm and ReLU give")
    )


def _window_problem(stage: Stage) -> Seen | None:
    for node in stage.nodes:
        if node.name().startswith("MaxPool2DWithIndices"):
            size, step, padding = (getattr(node, f"_saved_{name}", ()) for name in _OF_A_POOL)
            if {*size, *step} - {2} or any(padding):
                return Seen("pool", f"windows of {'×'.join(map(str, size))} or another stride or padding")
    return None


def _size_problem(size: Any, pooled: Tensor, maps: Tensor) -> Seen | None:
    height, width = maps.shape[2:]
    text = f"for maps of {height}×{width} the size {size!r}"[:100]
    try:
        given = tuple(index(n) for n in size)
    except TypeError:
        return Seen("another size", text)
    if given == (height, width):
        return Seen("another size", text) if isinstance(size, Tensor) else None
    if given[-2:] == tuple(pooled.shape[2:]):
        return Seen("size after", text)
    if given[-2:] == (height, width):
        return Seen("whole shape", text)
    return Seen("another size", text)


def _indices_problem(indices: Tensor, pooled: Tensor, maps: Tensor) -> Seen | None:
    """Compare the indices with their windows, and what lies there with what was pooled."""
    if indices.shape != pooled.shape:
        return Seen("indices", f"indices of shape {list(indices.shape)} for maps of {list(pooled.shape)}")
    indices = indices.cpu().long()
    rows, columns = indices // maps.shape[3], indices % maps.shape[3]
    own_rows, own_columns = (torch.arange(n) for n in indices.shape[2:])
    if indices.max() < 4:
        return Seen("indices in the window", "indices from 0 to 3")
    if not ((rows // 2 == own_rows[:, None]) & (columns // 2 == own_columns)).all():
        return Seen("indices", "indices of cells outside their windows")
    if not close(pooled, maps.flatten(2).gather(2, indices.flatten(2)).view_as(indices)):
        return Seen("indices", "indices of cells that do not hold the largest value")
    return None


LOOK = Look(
    arguments=("x",),
    pairs=_pairs,
    inputs=_images,
    results=_results,
    refused=lambda error: None,
    text="convolutions 3×3 with batch norm and ReLU, then pooling; pooled maps, indices and size returned",
)
