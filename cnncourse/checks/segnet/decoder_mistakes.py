"""How people get a stage of the decoder wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..exercise import Misconception
from .flawed_stages import (
    Build,
    Decoder,
    Layers,
    conv,
    counted,
    decoder,
    first_changes,
    last_changes,
    once,
    others_from_inputs,
    turned,
    unpool,
    unpooled,
)

Enlarge = Callable[[Tensor, Tensor, torch.Size], Tensor]


def _enlarged(enlarge: Enlarge) -> Build:
    """Return a builder of stages that enlarge the maps in another way."""
    return decoder(lambda layers, x, indices, size: layers(enlarge(x, indices, size)))


def _interpolated(**options: Any) -> Build:
    return _enlarged(lambda x, indices, size: F.interpolate(x, size=tuple(size), **options))


def _cut(x: Tensor, size: torch.Size) -> Tensor:
    """Return ``x`` in that size: cut, or filled up with 0."""
    return F.pad(x, (0, size[1] - x.shape[3], 0, size[0] - x.shape[2]))


def _doubled(x: Tensor, indices: Tensor) -> Tensor:
    return F.max_unpool2d(x, indices, [2, 2])


def _corners(x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    out = x.new_zeros(*x.shape[:2], *size)
    out[..., : 2 * x.shape[2] : 2, : 2 * x.shape[3] : 2] = x
    return out


def _first_channel(x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    return unpool(x, indices[:, :1].expand_as(indices).contiguous(), size)


def _first_image(x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    return unpool(x, indices[:1].expand_as(indices).contiguous(), size)


def _own_indices(x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    grown = F.interpolate(x, size=tuple(size))
    places = F.max_pool2d(grown, 2, ceil_mode=True, return_indices=True)[1]
    return unpool(x, places[..., : x.shape[2], : x.shape[3]].contiguous(), size)


def _unpooled_last(layers: nn.Module, x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    out = layers(x)
    channels = min(out.shape[1], indices.shape[1])
    places = indices[:, :1].expand(-1, out.shape[1], -1, -1).clone()
    places[:, :channels] = indices[:, :channels]
    return unpool(out, places, size)


def _not_unpooled(layers: nn.Module, x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    return layers(x)


def _pair(layers: nn.Module, x: Tensor, indices: Tensor, size: torch.Size) -> Any:
    return unpooled(layers, x, indices, size), indices


def _anew(inputs: int, outputs: int, convs: int) -> nn.Module:
    return Decoder(
        nn.Identity(), lambda _, *given: unpooled(Layers(last_changes(inputs, outputs, convs)), *given)
    )


def _listed(inputs: int, outputs: int, convs: int) -> nn.Module:
    hidden = Layers(last_changes(inputs, outputs, convs))
    return Decoder(nn.Identity(), lambda _, *given: unpooled(hidden, *given))


def _same_again(inputs: int, outputs: int, convs: int) -> nn.Module:
    again, last = Layers([(inputs, inputs)]), Layers([(inputs, outputs)])
    return Decoder(nn.Sequential(*[again] * (convs - 1), last), unpooled)


def _sequential(inputs: int, outputs: int, convs: int) -> nn.Module:
    return nn.Sequential(nn.MaxUnpool2d(2), *Layers(last_changes(inputs, outputs, convs)))


MISTAKES = (
    Misconception(
        "no batch norm",
        "Batch norm follows each convolution: nn.BatchNorm2d with as many channels as the convolution has "
        "outputs. Yours lacks it.",
        (decoder(order="cr"), decoder(order="cr", make=conv(bias=False))),
    ),
    Misconception(
        "batch norm once only",
        "Each convolution has a batch norm of its own. Yours has fewer, or uses one several times.",
        (decoder(order="cr", last="cbr"), decoder(order="cbr", last="cr")),
    ),
    Misconception(
        "ReLU after the unpooling",
        "ReLU comes after each convolution and its batch norm, the last one too. Yours comes before: after "
        "the unpooling, and none at the end.",
        (decoder(order="rcb"),),
    ),
    Misconception(
        "no ReLU after the last convolution",
        "The last convolution has a ReLU too. Only the very last of a whole SegNet, which makes the scores, "
        "goes without.",
        (decoder(last="cb"),),
    ),
    Misconception(
        "no ReLU",
        "A ReLU follows each convolution and its batch norm. Without one between them several convolutions "
        "compute no more than a single one.",
        (decoder(order="cb"), decoder(order="cb", last="cbr")),
    ),
    Misconception(
        "ReLU before batch norm",
        "The order is convolution, batch norm, ReLU. Yours normalizes what the ReLU has already cut.",
        (decoder(order="crb"),),
    ),
    Misconception(
        "batch norm before the convolution",
        "Convolution first, then batch norm, then ReLU. Yours begins a block with batch norm.",
        (decoder(order="brc"), decoder(order="bcr")),
    ),
    Misconception(
        "padding",
        "A 3×3 convolution with padding=1 keeps the size of the maps. Yours pads otherwise, and they shrink "
        "or grow.",
        (decoder(make=conv(padding=0)), decoder(make=conv(padding=2))),
    ),
    Misconception(
        "another kernel",
        "All kernels have 3×3 cells: kernel_size=3.",
        (decoder(make=conv(kernel_size=5, padding=2)), decoder(make=conv(kernel_size=1, padding=0))),
    ),
    Misconception(
        "another number of convolutions",
        "The stage has as many convolutions as `convs` says, the last one counted.",
        tuple(
            decoder(plan=counted(last_changes, count))
            for count in (lambda n: n + 1, lambda n: max(1, n - 1), lambda n: 1, lambda n: 2)
        ),
    ),
    Misconception(
        "channels changed in the first convolution",
        "The decoder mirrors the encoder: its convolutions keep in_channels, and the last one goes to "
        "out_channels. Yours changes the channels in the first one.",
        (decoder(plan=first_changes),),
    ),
    Misconception(
        "every convolution goes to out_channels",
        "Only the last convolution goes to out_channels. Those before it go from in_channels to in_channels.",
        (decoder(plan=others_from_inputs),),
    ),
    Misconception(
        "other channels",
        "The last convolution goes from in_channels to out_channels, those before it from in_channels to "
        "in_channels.",
        (decoder(plan=turned(first_changes)), decoder(plan=turned(last_changes))),
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
        "unpooled after the convolutions",
        "First the unpooling, then the convolutions: they fill the gaps that the unpooling leaves.",
        (decoder(_unpooled_last),),
    ),
    Misconception(
        "not unpooled",
        "The stage begins with unpooling to `size`: F.max_unpool2d(x, indices, 2, output_size=size).",
        (decoder(_not_unpooled),),
    ),
    Misconception(
        "size ignored",
        "Unpool to the size that is given: without output_size the result has an even size, and where a row "
        "or column was odd the indices point elsewhere.",
        (_enlarged(lambda x, indices, size: _doubled(x, indices)),),
    ),
    Misconception(
        "misplaced: unpooled to another size first",
        "An index counts along the rows of a map of the given size. Unpool straight to that size "
        "(output_size=size): to cut, pad or resize afterwards moves the values.",
        (
            _enlarged(lambda x, indices, size: _cut(_doubled(x, indices), size)),
            _enlarged(lambda x, indices, size: F.interpolate(_doubled(x, indices), size=tuple(size))),
            _enlarged(
                lambda x, indices, size: F.interpolate(
                    _doubled(x, indices), size=tuple(size), mode="bilinear"
                )
            ),
        ),
    ),
    Misconception(
        "interpolated instead of unpooled",
        "Put each value back where the pooling found it and leave 0 elsewhere. Yours spreads the values, and "
        "the places are lost.",
        (
            _interpolated(mode="bilinear"),
            _interpolated(mode="bilinear", align_corners=True),
            _interpolated(mode="nearest"),
            _interpolated(mode="bicubic"),
        ),
    ),
    Misconception(
        "indices ignored",
        "The indices say where each value goes, for each image and channel its own places. Yours puts values "
        "elsewhere.",
        (_enlarged(_corners), _enlarged(_first_channel), _enlarged(_first_image), _enlarged(_own_indices)),
    ),
    Misconception(
        "more than the maps returned",
        "Return the maps alone: what the stage was given the caller has already.",
        (decoder(_pair),),
    ),
    Misconception(
        "a forward with other arguments",
        "The stage is called with three things: forward(self, x, indices, size). That of nn.Sequential takes "
        "one only: write your own.",
        (_sequential,),
    ),
    Misconception(
        "a class instead of a stage",
        "Return a stage that is built, not the class: call it with its arguments.",
        (lambda inputs, outputs, convs: Decoder,),
    ),
    Misconception(
        "one stage for all",
        "Each call builds a new stage with weights of its own: yours hands out the same again.",
        (once(decoder()),),
    ),
)
