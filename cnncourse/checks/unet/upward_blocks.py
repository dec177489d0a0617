"""Blocks of the way up with something wrong about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...models import center_crop

Build = Callable[..., Any]
Pair = tuple[Tensor, Tensor]
Up = Callable[[int, int], nn.Module]  # from the block's channels in and out
Fit = Callable[[Tensor, Tensor], Pair]  # x and skip -> both in one size
Join = Callable[[Tensor, Tensor], Tensor]
Layers = Callable[[int, int], Sequence[nn.Module]]


class Block(nn.Module):
    """An up-convolution, a way to fit and join x and skip, and the rest of the layers."""

    def __init__(self, up: nn.Module, fit: Fit, join: Join, layers: Sequence[nn.Module]) -> None:
        """Keep the parts."""
        super().__init__()
        self.up = up
        self.layers = nn.Sequential(*layers)
        self.fit, self.join = fit, join

    def forward(self, x: Tensor, skip: Tensor) -> Any:
        """Use them."""
        return self.layers(self.join(*self.fit(self.up(x), skip)))


def doubling(inputs: int, outputs: int, **options: Any) -> nn.Module:
    """Return the right up-convolution, unless ``options`` say otherwise."""
    return nn.ConvTranspose2d(
        inputs, **{"out_channels": inputs // 2, "kernel_size": 2, "stride": 2, **options}
    )


def cropped(x: Tensor, skip: Tensor) -> Pair:
    """Crop the skip to the size of x, from its middle."""
    return x, center_crop(skip, *x.shape[-2:])


def skip_first(x: Tensor, skip: Tensor) -> Tensor:
    """Concatenate in the right order."""
    return torch.cat([skip, x], 1)


def two_convolutions(inputs: int, outputs: int) -> list[nn.Module]:
    """Return the right layers after the concatenation."""
    return [nn.Conv2d(inputs, outputs, 3), nn.ReLU(), nn.Conv2d(outputs, outputs, 3), nn.ReLU()]


def block(
    up: Up = doubling, fit: Fit = cropped, join: Join = skip_first, layers: Layers = two_convolutions
) -> Build:
    """Return a builder of blocks with these parts."""
    return lambda in_channels, out_channels: Block(
        up(in_channels, out_channels), fit, join, layers(in_channels, out_channels)
    )


def ups(*more: Callable[[], nn.Module], **options: Any) -> Up:
    """Return an up-convolution with other options, and with layers behind it."""
    return lambda inputs, outputs: nn.Sequential(
        doubling(inputs, outputs, **options), *(make() for make in more)
    )


def upsampled(mode: str, *layers: Callable[[int], nn.Module]) -> Up:
    """Return an interpolation followed by layers, each made for the block's channels in."""
    return lambda inputs, outputs: nn.Sequential(
        nn.Upsample(scale_factor=2, mode=mode), *(make(inputs) for make in layers)
    )


def convolutions(
    plan: Callable[[int, int], Sequence[tuple[int, int]]] = lambda inputs, outputs: (
        (inputs, outputs),
        (outputs, outputs),
    ),
    order: str = "cr",
    last: str | None = None,
    activation: Callable[[], nn.Module] = nn.ReLU,
    norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    options: Sequence[dict[str, Any]] = ({}, {}),
) -> Layers:
    """Return layers: ``order`` holds c, r, b for the parts of a convolution, ``last`` for the last one."""

    def make(inputs: int, outputs: int) -> list[nn.Module]:
        pairs = plan(inputs, outputs)
        layers: list[nn.Module] = []
        for number, (a, b) in enumerate(pairs):
            given = {"kernel_size": 3, **options[min(number, len(options) - 1)]}
            is_last = number == len(pairs) - 1
            for letter in order if last is None or not is_last else last:
                if letter == "c":
                    layers.append(nn.Conv2d(a, b, **given))
                else:
                    layers.append(activation() if letter == "r" else norm(b))
        return layers

    return make


PADDED = ({"padding": 1}, {"padding": 1})


def wider(more: Any) -> Any:
    """Return convolutions of which the first takes another number of channels."""
    return convolutions(lambda i, o: ((more(i, o), o), (o, o)))


def offset(place: Callable[[int], int]) -> Fit:
    """Crop the skip, beginning at ``place`` of how many rows or columns are too many."""

    def fit(x: Tensor, skip: Tensor) -> Pair:
        (height, width), (tall, wide) = x.shape[-2:], skip.shape[-2:]
        top, left = place(tall - height), place(wide - width)
        return x, skip[..., top : top + height, left : left + width]

    return fit


def resized(mode: str) -> Fit:
    """Interpolate the skip to the size of x."""
    return lambda x, skip: (x, F.interpolate(skip, size=x.shape[-2:], mode=mode))


def padded_to_skip(x: Tensor, skip: Tensor) -> Pair:
    """Put zeros around x until it is as large as the skip."""
    rows, columns = (b - a for a, b in zip(x.shape[-2:], skip.shape[-2:], strict=True))
    around = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    return F.pad(x, around), skip


def enlarged_to_skip(mode: str) -> Fit:
    """Interpolate x to the size of the skip."""
    return lambda x, skip: (F.interpolate(x, size=skip.shape[-2:], mode=mode), skip)


def as_they_are(x: Tensor, skip: Tensor) -> Pair:
    """Crop nothing."""
    return x, skip


def from_both_ends(x: Tensor, skip: Tensor) -> Pair:
    """Cut the same number off at both ends, counted from the end."""
    dy, dx = ((b - a) // 2 for a, b in zip(x.shape[-2:], skip.shape[-2:], strict=True))
    return x, skip[..., dy:-dy, dx:-dx]


def the_same_at_both_ends(x: Tensor, skip: Tensor) -> Pair:
    """Cut the same number off at both ends: one too many rows stay where the difference is odd."""
    (tall, wide) = skip.shape[-2:]
    dy, dx = ((b - a) // 2 for a, b in zip(x.shape[-2:], skip.shape[-2:], strict=True))
    return x, skip[..., dy : tall - dy, dx : wide - dx]


def x_cropped(x: Tensor, skip: Tensor) -> Pair:
    """Crop the smaller of the two."""
    return center_crop(x, *skip.shape[-2:]), skip


def turned_crop(x: Tensor, skip: Tensor) -> Pair:
    """Take the place of the columns for that of the rows."""
    (height, width), (tall, wide) = x.shape[-2:], skip.shape[-2:]
    top, left = (wide - width) // 2, (tall - height) // 2
    return x, skip[..., top : top + height, left : left + width]


def then(build: Build, change: Callable[[Any], Any]) -> Build:
    """Return a builder whose block is changed before it is handed out."""
    return lambda in_channels, out_channels: change(build(in_channels, out_channels))


class Around(nn.Module):
    """A block, and a function that uses it: ``function(block, x, skip)``."""

    def __init__(self, inner: nn.Module, function: Callable[..., Any]) -> None:
        """Keep both."""
        super().__init__()
        self.inner, self.function = inner, function

    def forward(self, x: Tensor, skip: Tensor) -> Any:
        """Call the function."""
        return self.function(self.inner, x, skip)


def used(function: Callable[..., Any], build: Build | None = None) -> Build:
    """Return a builder of right blocks that are used in another way."""
    return then(build or block(), lambda inner: Around(inner, function))
