"""How people get a stage of the encoder wrong."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..exercise import Misconception
from .flawed_stages import (
    Build,
    Encoder,
    Layers,
    conv,
    counted,
    encoder,
    first_changes,
    last_changes,
    once,
    others_from_inputs,
    pool,
    pooled,
    turned,
)


def _given(*names: str) -> Build:
    """Return a builder of right stages that return these things."""

    def function(layers: nn.Module, x: Tensor) -> Any:
        maps = layers(x)
        small, indices = pool(maps)
        size = maps.shape[-2:]
        things = {
            "maps": small,
            "indices": indices,
            "size": size,
            "before": maps,
            "after": small.shape[-2:],
            "channels": maps.shape[1:],
            "swapped": (size[1], size[0]),
            "doubled": tuple(2 * n for n in small.shape[-2:]),
            "height": size[0],
            "tensor": torch.tensor(size),
        }
        return tuple(things[name] for name in names) if len(names) > 1 else things[names[0]]

    return encoder(function)


def _pooled_by(**options: Any) -> Build:
    def function(layers: nn.Module, x: Tensor) -> Any:
        maps = layers(x)
        return *pool(maps, **options), maps.shape[-2:]

    return encoder(function)


def _pooled_first(layers: nn.Module, x: Tensor) -> Any:
    small, indices = pool(x)
    return layers(small), indices, x.shape[-2:]


def _pooled_between(layers: nn.Sequential, x: Tensor) -> Any:
    first, *others = layers
    maps = first(x)
    small, indices = pool(maps)
    return nn.Sequential(*others)(small), indices, maps.shape[-2:]


def _averaged(layers: nn.Module, x: Tensor) -> Any:
    maps = layers(x)
    return F.avg_pool2d(maps, 2), pool(maps)[1], maps.shape[-2:]


def _input_indices(layers: nn.Module, x: Tensor) -> Any:
    maps = layers(x)
    indices = pool(x.mean(1, keepdim=True))[1]
    return F.max_pool2d(maps, 2), indices.expand(-1, maps.shape[1], -1, -1), maps.shape[-2:]


def _window_indices(layers: nn.Module, x: Tensor) -> Any:
    maps = layers(x)
    small, indices = pool(maps)
    rows, columns = indices // maps.shape[3], indices % maps.shape[3]
    return small, rows % 2 * 2 + columns % 2, maps.shape[-2:]


def _anew(inputs: int, outputs: int, convs: int) -> nn.Module:
    return Encoder(nn.Identity(), lambda _, x: pooled(Layers(first_changes(inputs, outputs, convs)), x))


def _listed(inputs: int, outputs: int, convs: int) -> nn.Module:
    hidden = Layers(first_changes(inputs, outputs, convs))
    return Encoder(nn.Identity(), lambda _, x: pooled(hidden, x))


def _same_again(inputs: int, outputs: int, convs: int) -> nn.Module:
    first, again = Layers([(inputs, outputs)]), Layers([(outputs, outputs)])
    layers = [first, *[again] * (convs - 1)]
    return Encoder(nn.Sequential(*layers), pooled)


def _sequential(inputs: int, outputs: int, convs: int) -> nn.Module:
    return nn.Sequential(*Layers(first_changes(inputs, outputs, convs)), nn.MaxPool2d(2, return_indices=True))


MISTAKES = (
    Misconception(
        "no batch norm",
        "Batch norm follows each convolution: nn.BatchNorm2d with as many channels as the convolution has "
        "outputs. Yours lacks it.",
        (encoder(order="cr"), encoder(order="cr", make=conv(bias=False))),
    ),
    Misconception(
        "batch norm once only",
        "Each convolution has a batch norm of its own. Yours has fewer, or uses one several times.",
        (encoder(order="cr", last="cbr"), encoder(order="cbr", last="cr")),
    ),
    Misconception(
        "no ReLU after the last convolution",
        "The last convolution has a ReLU too, before the pooling. Yours leaves it out.",
        (encoder(last="cb"),),
    ),
    Misconception(
        "no ReLU",
        "A ReLU follows each convolution and its batch norm. Without one between them several convolutions "
        "compute no more than a single one.",
        (encoder(order="cb"), encoder(order="cb", last="cbr")),
    ),
    Misconception(
        "ReLU before batch norm",
        "The order is convolution, batch norm, ReLU. Yours normalizes what the ReLU has already cut.",
        (encoder(order="crb"),),
    ),
    Misconception(
        "ReLU and batch norm before the convolution",
        "Convolution first, then batch norm, then ReLU. Yours begins a block with one of the others.",
        (encoder(order="rcb"), encoder(order="brc"), encoder(order="bcr")),
    ),
    Misconception(
        "padding",
        "A 3×3 convolution with padding=1 keeps the size of the maps. Yours pads otherwise, and they shrink "
        "or grow.",
        (encoder(make=conv(padding=0)), encoder(make=conv(padding=2))),
    ),
    Misconception(
        "another kernel",
        "All kernels have 3×3 cells: kernel_size=3.",
        (encoder(make=conv(kernel_size=5, padding=2)), encoder(make=conv(kernel_size=1, padding=0))),
    ),
    Misconception(
        "another number of convolutions",
        "The stage has as many convolutions as `convs` says, the first one counted.",
        tuple(
            encoder(plan=counted(first_changes, count))
            for count in (lambda n: n + 1, lambda n: max(1, n - 1), lambda n: 1, lambda n: 2)
        ),
    ),
    Misconception(
        "channels changed in the last convolution",
        "In the encoder the first convolution goes from in_channels to out_channels, and the others stay "
        "there. Yours changes the channels in the last one.",
        (encoder(plan=last_changes),),
    ),
    Misconception(
        "every convolution takes in_channels",
        "Only the first convolution takes in_channels maps. Those behind it take what it made: out_channels.",
        (encoder(plan=others_from_inputs),),
    ),
    Misconception(
        "other channels",
        "The first convolution goes from in_channels to out_channels, the others from out_channels to "
        "out_channels.",
        (encoder(plan=turned(first_changes)), encoder(plan=turned(last_changes))),
    ),
    Misconception(
        "the same convolution again",
        "Each convolution has weights of its own. Yours builds a layer once and uses it several times.",
        (_same_again,),
    ),
    Misconception(
        "layers made anew in each pass",
        "Build the layers in __init__, not in forward: layers that are made anew in each pass have random "
        "weights every time and never learn.",
        (_anew,),
    ),
    Misconception(
        "layers in a plain list",
        "An nn.Module does not see layers in a plain list, so no optimizer will change them. Use "
        "nn.Sequential or nn.ModuleList.",
        (_listed,),
    ),
    Misconception(
        "pooled before the convolutions",
        "First the convolutions, then the pooling: they still see the maps at full size.",
        (encoder(_pooled_first), encoder(_pooled_between)),
    ),
    Misconception(
        "not pooled",
        "After the convolutions comes a 2×2 pooling that halves the maps: nn.MaxPool2d(2, "
        "return_indices=True).",
        (_given("before", "indices", "size"), _pooled_by(size=1)),
    ),
    Misconception(
        "another window or stride",
        "The windows of the pooling have 2×2 cells and lie side by side: nn.MaxPool2d(2, "
        "return_indices=True).",
        (_pooled_by(stride=1), _pooled_by(size=3), _pooled_by(padding=1), _pooled_by(size=4)),
    ),
    Misconception(
        "average instead of maximum",
        "SegNet pools by maximum: an average has no place that an index could name.",
        (encoder(_averaged),),
    ),
    Misconception(
        "indices left out",
        "Return three things: the pooled maps, the indices of the maxima (return_indices=True), and the size "
        "of the maps before pooling.",
        (_given("maps"), _given("maps", "size"), _given("maps", "before", "size")),
    ),
    Misconception(
        "size left out",
        "Return three things: pooled maps, indices, and the size of the maps before pooling. Yours lacks the "
        "size: does nn.Sequential run without a forward of your own?",
        (_given("maps", "indices"), _sequential),
    ),
    Misconception(
        "another order of the results",
        "Return them in this order: pooled maps, indices, size.",
        (
            _given("indices", "maps", "size"),
            _given("maps", "size", "indices"),
            _given("size", "maps", "indices"),
        ),
    ),
    Misconception(
        "size after pooling",
        "The size is that of the maps before pooling. From the size after it nobody can tell whether a row "
        "was odd.",
        (_given("maps", "indices", "after"),),
    ),
    Misconception(
        "another size",
        "The size is height and width of the maps before pooling: maps.shape[-2:].",
        (
            _given("maps", "indices", "swapped"),
            _given("maps", "indices", "doubled"),
            _given("maps", "indices", "channels"),
        ),
    ),
    Misconception(
        "other indices",
        "The indices are those of the pooling that made the maps: F.max_pool2d(maps, 2, return_indices=True) "
        "returns both together.",
        (encoder(_input_indices), encoder(_window_indices)),
    ),
    Misconception(
        "a class instead of a stage",
        "Return a stage that is built, not the class: call it with its arguments.",
        (lambda inputs, outputs, convs: Encoder,),
    ),
    Misconception(
        "one stage for all",
        "Each call builds a new stage with weights of its own: yours hands out the same again.",
        (once(encoder()),),
    ),
)
