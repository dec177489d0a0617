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
    decoder,
    first_changes,
    last_changes,
    none_changes,
    unpool,
    unpooled,
)
from .stage_mistakes import shared_mistakes

Enlarge = Callable[[Tensor, Tensor, torch.Size], Tensor]


def _enlarged(*ways: Enlarge) -> tuple[Build, ...]:
    """Return builders of stages that enlarge the maps in other ways."""

    def builder(enlarge: Enlarge) -> Build:
        return decoder(lambda layers, x, indices, size: layers(enlarge(x, indices, size)))

    return tuple(map(builder, ways))


def _double(x: Tensor, indices: Tensor) -> Tensor:
    return F.max_unpool2d(x, indices, [2, 2])


def _cut(x: Tensor, size: torch.Size) -> Tensor:
    """Return ``x`` in that size: cut, or filled up with 0."""
    return F.pad(x, (0, size[1] - x.shape[3], 0, size[0] - x.shape[2]))


def _corners(x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    out = x.new_zeros(*x.shape[:2], *size)
    out[..., : 2 * x.shape[2] : 2, : 2 * x.shape[3] : 2] = x
    return out


def _first_channel(x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    return unpool(x, indices[:, :1].expand_as(indices).contiguous(), size)


def _unpooled_last(layers: nn.Module, x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    return unpool(layers(x), indices, size)


def _unpooled_last_where_it_fits(layers: nn.Module, x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    out = layers(x)
    return unpool(out, indices[:, :1].expand(-1, out.shape[1], -1, -1).contiguous(), size)


def _unpooled_between(layers: Layers, x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
    *before, last = layers.blocks
    for block in before:
        x = block(x)
    return last(unpool(x, indices, size))


class _OfMaps(Decoder):
    """A stage that asks for the maps alone."""

    def forward(self, x: Tensor) -> Any:  # type: ignore[override]
        """Use the layers."""
        return self.layers(x)


MISTAKES = (
    *shared_mistakes(decoder, last_changes, unpooled, Decoder),
    Misconception(
        "channels changed in the first convolution",
        "The decoder mirrors the encoder: its convolutions keep in_channels, and the last one goes to "
        "out_channels. Yours changes the channels in the first one.",
        (decoder(plan=first_changes),),
    ),
    Misconception(
        "every convolution goes to out_channels",
        "Only the last convolution goes to out_channels. Those before it go from in_channels to in_channels.",
        (decoder(plan=none_changes),),
    ),
    Misconception(
        "unpooled after the convolutions",
        "First the unpooling, then all convolutions: they fill the gaps that it leaves.",
        (
            decoder(_unpooled_last),
            decoder(_unpooled_last_where_it_fits),
            decoder(_unpooled_between),
        ),
    ),
    Misconception(
        "not unpooled",
        "The stage begins with unpooling to the given size: F.max_unpool2d(x, indices, 2, output_size=size).",
        (decoder(lambda layers, x, indices, size: layers(x)),),
    ),
    Misconception(
        "size ignored",
        "Unpool to the size that is given. Without output_size the maps come out twice as large, which is "
        "wrong where a row or column was odd.",
        _enlarged(lambda x, indices, size: _double(x, indices)),
    ),
    Misconception(
        "unpooled to another size first",
        "An index counts along the rows of a map of the given size. Unpool straight to it, output_size=size: "
        "to cut, pad or resize afterwards leaves the values in wrong places.",
        _enlarged(
            lambda x, indices, size: _cut(_double(x, indices), size),
            lambda x, indices, size: F.interpolate(_double(x, indices), size=tuple(size)),
        ),
    ),
    Misconception(
        "another window or size in the unpooling",
        "The pooling had windows of 2×2 cells, side by side, and the unpooling has the same. It takes the "
        "size as it came, rows first: F.max_unpool2d(x, indices, 2, output_size=size).",
        _enlarged(
            lambda x, indices, size: F.max_unpool2d(x, indices, [3, 3], output_size=list(size)),
            lambda x, indices, size: F.max_unpool2d(x, indices, [2, 2], [1, 1], output_size=list(size)),
            lambda x, indices, size: F.max_unpool2d(x, indices, [2, 2], output_size=[size[1], size[0]]),
        ),
    ),
    Misconception(
        "another size",
        "The maps have the size that is given, whatever it is: not one that is built in.",
        _enlarged(lambda x, indices, size: F.pad(unpool(x, indices, size), (0, 2, 0, 2))),
    ),
    Misconception(
        "interpolated instead of unpooled",
        "Put each value back where the pooling found it and leave 0 elsewhere. Yours spreads it over several "
        "cells, so that its place is lost.",
        _enlarged(
            lambda x, indices, size: F.interpolate(x, size=tuple(size), mode="bilinear"),
            lambda x, indices, size: F.interpolate(x, scale_factor=2),
        ),
    ),
    Misconception(
        "indices ignored",
        "The indices say where each value goes, in each image and each channel its own way. Yours puts "
        "values elsewhere.",
        _enlarged(_corners, _first_channel),
    ),
    Misconception(
        "not the maps alone",
        "Return one tensor, the maps: what the stage was given the caller has already.",
        (
            decoder(lambda layers, *given: (unpooled(layers, *given), *given[1:])),
            decoder(lambda layers, *given: [unpooled(layers, *given)]),
        ),
    ),
    Misconception(
        "a forward with other arguments",
        "The stage is called with three things: forward(self, x, indices, size). That of nn.Sequential takes "
        "one only: write your own.",
        (
            lambda *sizes: nn.Sequential(nn.MaxUnpool2d(2), Layers(last_changes(*sizes))),
            lambda *sizes: _OfMaps(Layers(last_changes(*sizes)), unpooled),
        ),
    ),
)
