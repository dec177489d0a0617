"""How people get a stage of the encoder wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..exercise import Misconception
from .flawed_stages import (
    Build,
    Encoder,
    Layers,
    encoder,
    first_changes,
    last_changes,
    none_changes,
    pool,
    pooled,
)
from .stage_mistakes import shared_mistakes

_RESULTS: dict[str, Callable[[Tensor], Any]] = {
    "pooled": lambda maps: pool(maps)[0],
    "indices": lambda maps: pool(maps)[1],
    "size": lambda maps: maps.shape[-2:],
    "maps": lambda maps: maps,
    "size after": lambda maps: pool(maps)[0].shape[-2:],
    "shape": lambda maps: maps.shape,
    "shape after": lambda maps: pool(maps)[0].shape,
    "turned": lambda maps: (maps.shape[3], maps.shape[2]),
    "height": lambda maps: maps.shape[2],
    "tensor": lambda maps: torch.tensor(maps.shape[-2:]),
}


def _returned(*names: str) -> Build:
    """Return a builder of stages that return these things."""

    def function(layers: nn.Module, x: Tensor) -> Any:
        maps = layers(x)
        results = tuple(_RESULTS[name](maps) for name in names)
        return results if len(results) > 1 else results[0]

    return encoder(function)


def _pooled_by(pool: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Build:
    def function(layers: nn.Module, x: Tensor) -> Any:
        maps = layers(x)
        return *pool(maps), maps.shape[-2:]

    return encoder(function)


def _averages(maps: Tensor) -> tuple[Tensor, Tensor]:
    return F.avg_pool2d(maps, 2), pool(maps)[1]


def _with_indices(change: Callable[[Tensor, Tensor], Tensor]) -> Build:
    """Return a builder whose indices are changed, in maps of a given shape."""
    return _pooled_by(lambda maps: (F.max_pool2d(maps, 2), change(pool(maps)[1], maps)))


def _pooled_first(layers: nn.Module, x: Tensor) -> Any:
    small, indices = pool(x)
    return layers(small), indices, x.shape[-2:]


def _pooled_between(layers: Layers, x: Tensor) -> Any:
    maps = layers.blocks[0](x)
    small, indices = pool(maps)
    for block in list(layers.blocks)[1:]:
        small = block(small)
    return small, indices, maps.shape[-2:]


def _pooled_each_time(layers: Layers, x: Tensor) -> Any:
    for block in layers.blocks:
        maps = block(x)
        x, indices = pool(maps)
    return x, indices, maps.shape[-2:]


def _of_the_input(layers: nn.Module, x: Tensor) -> Any:
    maps = layers(x)
    indices = pool(x.mean(1, keepdim=True))[1]
    return F.max_pool2d(maps, 2), indices.expand(-1, maps.shape[1], -1, -1), maps.shape[-2:]


class _WithSize(Encoder):
    """A stage that wants to be told the size."""

    def forward(self, x: Tensor, size: Any) -> Any:  # type: ignore[override]
        """Return it as it came."""
        return *pool(self.layers(x)), size


def _in_a_row(*sizes: int) -> nn.Module:
    return nn.Sequential(Layers(first_changes(*sizes)), nn.MaxPool2d(2, return_indices=True))


MISTAKES = (
    *shared_mistakes(encoder, first_changes, pooled, Encoder),
    Misconception(
        "channels changed in the last convolution",
        "In the encoder the first convolution goes from in_channels to out_channels, and the others stay "
        "there. Yours changes the channels in the last one.",
        (encoder(plan=last_changes),),
    ),
    Misconception(
        "every convolution takes in_channels",
        "Only the first convolution takes in_channels maps. Those behind it take what it made: out_channels.",
        (encoder(plan=none_changes),),
    ),
    Misconception(
        "pooled before the convolutions",
        "First all convolutions, then the pooling: they still see the maps at full size.",
        (encoder(_pooled_first), encoder(_pooled_between)),
    ),
    Misconception(
        "pooled after each convolution",
        "A stage pools once, after its last convolution.",
        (encoder(_pooled_each_time),),
    ),
    Misconception(
        "not pooled",
        "After the convolutions comes a pooling that halves the maps, and its result comes first in what the "
        "stage returns: nn.MaxPool2d(2, return_indices=True).",
        (_returned("maps", "indices", "size"),),
    ),
    Misconception(
        "another window or stride",
        "The windows of the pooling have 2×2 cells and lie side by side: nn.MaxPool2d(2, "
        "return_indices=True).",
        (
            _pooled_by(lambda maps: pool(maps, stride=1)),
            _pooled_by(lambda maps: pool(maps, 3)),
            _pooled_by(lambda maps: pool(maps, padding=1)),
        ),
    ),
    Misconception(
        "average instead of maximum",
        "SegNet pools by maximum: an average has no place that an index could name.",
        (_pooled_by(_averages),),
    ),
    Misconception(
        "indices left out",
        "Return three things: pooled maps, the indices of the maxima (return_indices=True), and the size of "
        "the maps before pooling. Yours lacks the indices.",
        (_returned("pooled"), _returned("pooled", "size"), _returned("pooled", "maps", "size")),
    ),
    Misconception(
        "size left out",
        "Return three things: pooled maps, indices, and the size of the maps before pooling. Yours lacks the "
        "size: a pooling at the end of nn.Sequential returns two, and needs a forward of your own.",
        (_returned("pooled", "indices"), _in_a_row),
    ),
    Misconception(
        "another order of the results",
        "Return them in this order: pooled maps, indices, size.",
        (_returned("indices", "pooled", "size"), _returned("pooled", "size", "indices")),
    ),
    Misconception(
        "not three results",
        "Return three things, as in `return pooled, indices, size`: pooled maps, the indices of the maxima, "
        "and the size (H, W) of the maps before pooling.",
        (
            _returned("pooled", "indices", "size", "size"),
            encoder(lambda layers, x: dict(zip("abc", pooled(layers, x), strict=True))),
        ),
    ),
    Misconception(
        "size after pooling",
        "The size is that of the maps before pooling. From the size after it nobody can tell whether there "
        "was an odd row.",
        (_returned("pooled", "indices", "size after"), _returned("pooled", "indices", "shape after")),
    ),
    Misconception(
        "the whole shape as size",
        "The size is height and width alone, (H, W): maps.shape[-2:]. Yours has the batch or the channels in "
        "it too.",
        (_returned("pooled", "indices", "shape"),),
    ),
    Misconception(
        "another size",
        "The size is a pair of whole numbers, height and width of the maps before pooling: maps.shape[-2:].",
        tuple(_returned("pooled", "indices", name) for name in ("turned", "height", "tensor")),
    ),
    Misconception(
        "indices counted in the window",
        "An index counts through the whole map, row by row: from 0 to H · W − 1, as "
        "return_indices=True gives it. Yours counts the cells of a window.",
        (
            _with_indices(
                lambda indices, maps: indices // maps.shape[3] % 2 * 2 + indices % maps.shape[3] % 2
            ),
        ),
    ),
    Misconception(
        "indices of something else",
        "The indices belong to the pooling of these very maps: F.max_pool2d(maps, 2, return_indices=True) "
        "returns values and indices together.",
        (
            encoder(_of_the_input),
            _with_indices(lambda indices, maps: indices // 2),
            _with_indices(lambda indices, maps: indices[:, :1]),
        ),
    ),
    Misconception(
        "a forward with other arguments",
        "The stage is called with the maps alone: forward(self, x).",
        (lambda *sizes: _WithSize(Layers(first_changes(*sizes)), pooled),),
    ),
)
