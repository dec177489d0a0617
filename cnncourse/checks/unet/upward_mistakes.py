"""How people get the block of the way up wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from torch import Tensor, nn

from ...models.unet import UpBlock
from ..exercise import Misconception
from .upward_blocks import (
    PADDED,
    block,
    convolutions,
    doubling,
    resized,
    skip_first,
    then,
    two_convolutions,
    ups,
    upsampled,
    used,
    wider,
)
from .upward_skip_mistakes import SKIP_MISTAKES
from .upward_unusual import Anew, Listed, OneInput, TurnedInputs, frozen

_ACTIVATIONS: tuple[Callable[[], nn.Module], ...] = (
    nn.LeakyReLU,
    lambda: nn.LeakyReLU(0.1),
    lambda: nn.LeakyReLU(0.2),
    nn.GELU,
    nn.ELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Tanh,
    nn.Softplus,
    nn.ReLU6,
)


def _zeros(sides: tuple[int, int, int, int]) -> Any:
    return lambda channels: nn.ZeroPad2d(sides)


def _between(middle: Any) -> Any:
    return convolutions(lambda i, o: ((i, middle(i, o)), (middle(i, o), o)))


MISTAKES = (
    *SKIP_MISTAKES,
    Misconception(
        "up-convolution does not halve the channels",
        "The up-convolution leads from in_channels to in_channels // 2, so that skip and x together have "
        "in_channels again.",
        (
            block(lambda i, o: ups(out_channels=i)(i, o), layers=wider(lambda i, o: i + i // 2)),
            block(lambda i, o: ups(out_channels=i)(i, o)),
            block(lambda i, o: ups(out_channels=i)(i, o), layers=wider(lambda i, o: 2 * i)),
        ),
    ),
    Misconception(
        "up-convolution to out_channels",
        "The up-convolution leads to in_channels // 2 channels, which need not be out_channels: only the two "
        "convolutions lead there.",
        (
            block(lambda i, o: ups(out_channels=o)(i, o), layers=wider(lambda i, o: o + i // 2)),
            block(lambda i, o: ups(out_channels=o)(i, o), layers=wider(lambda i, o: 2 * o)),
            block(lambda i, o: ups(out_channels=o)(i, o)),
        ),
    ),
    Misconception(
        "up-convolution of other maps",
        "The block begins with the up-convolution of what comes from below: it takes in_channels, and makes "
        "in_channels // 2 of them. Skip and convolutions come after it.",
        (
            block(lambda i, o: doubling(i + i // 2, o, out_channels=i)),
            block(lambda i, o: doubling(o, i)),
        ),
    ),
    Misconception(
        "out_channels ignored",
        "The two convolutions lead to out_channels, which need not be in_channels // 2.",
        (
            block(layers=convolutions(lambda i, o: ((i, i // 2), (i // 2, i // 2)))),
            block(layers=convolutions(lambda i, o: ((i, i // 2), (i // 2, i // 2)), options=PADDED)),
        ),
    ),
    Misconception(
        "first convolution takes another number of channels",
        "The first convolution takes in_channels: half of them come with the skip, half from below.",
        (
            block(layers=wider(lambda i, o: 2 * o)),
            block(layers=wider(lambda i, o: i + i // 2)),
            block(layers=wider(lambda i, o: 2 * i)),
            block(layers=wider(lambda i, o: o + i // 2)),
        ),
    ),
    Misconception(
        "channels between the convolutions",
        "The first convolution leads to out_channels already, the second from out_channels to out_channels.",
        (
            block(layers=_between(lambda i, o: i)),
            block(layers=_between(lambda i, o: i // 2)),
            block(layers=_between(lambda i, o: 2 * o)),
        ),
    ),
    Misconception(
        "padded convolutions",
        "The convolutions are not padded here: each takes away two rows and two columns.",
        (
            block(layers=convolutions(options=PADDED)),
            block(layers=convolutions(options=({"padding": 1}, {}))),
            block(layers=convolutions(options=({}, {"padding": 1}))),
            block(layers=convolutions(options=({"padding": 1, "padding_mode": "reflect"},))),
            block(layers=convolutions(options=PADDED), fit=resized("nearest")),
        ),
    ),
    Misconception(
        "a ReLU is missing",
        "After each of the two convolutions comes a ReLU, also after the last. Yours lacks one, or both.",
        (
            block(layers=convolutions(order="c")),
            block(layers=convolutions(last="c")),
            block(layers=convolutions(order="c", last="cr")),
            block(layers=convolutions(order="rc")),
            block(layers=convolutions(order="rc", last="c")),
            block(ups(nn.ReLU), layers=convolutions(order="c")),
            block(ups(nn.ReLU), layers=convolutions(last="c")),
            block(ups(nn.ReLU), layers=convolutions(order="c", last="cr")),
        ),
    ),
    Misconception(
        "a ReLU too many",
        "Only the two convolutions have a ReLU. What comes out of the up-convolution, and the skip, is "
        "concatenated as it is.",
        (
            block(ups(nn.ReLU)),
            block(join=lambda x, skip: skip_first(x, skip).relu()),
            block(join=lambda x, skip: skip_first(x, skip.relu())),
        ),
    ),
    Misconception(
        "another activation",
        "The activation is ReLU: negative numbers become 0, positive ones pass as they are.",
        (
            *(block(layers=convolutions(activation=activation)) for activation in _ACTIVATIONS),
            # With another mistake about activations it is named first.
            *(
                block(layers=convolutions(order=order, last=last, activation=leaky))
                for leaky in _ACTIVATIONS[:3]
                for order, last in (("cr", "c"), ("c", "cr"))
            ),
            *(block(ups(leaky), layers=convolutions(activation=leaky)) for leaky in _ACTIVATIONS[:3]),
        ),
    ),
    Misconception(
        "another kernel in the up-convolution",
        "The up-convolution has kernels of 2×2 and stride 2: each cell becomes a block of 2×2 cells of its "
        "own, by nn.ConvTranspose2d(in_channels, in_channels // 2, 2, stride=2).",
        (
            block(ups(kernel_size=3, padding=1, output_padding=1)),
            block(ups(kernel_size=4, padding=1)),
            block(ups(kernel_size=3)),
            block(ups(kernel_size=1, output_padding=1)),
        ),
    ),
    Misconception(
        "height and width not doubled",
        "The up-convolution doubles height and width: it needs stride=2.",
        (
            block(ups(stride=1)),
            block(ups(stride=1, padding=1)),
            block(ups(stride=1), layers=convolutions(options=PADDED)),
        ),
    ),
    Misconception(
        "interpolated",
        "Between two levels stands an up-convolution, whose weights are learned: nn.ConvTranspose2d("
        "in_channels, in_channels // 2, 2, stride=2). Yours interpolates.",
        (
            block(upsampled("bilinear"), layers=wider(lambda i, o: i + i // 2)),
            block(upsampled("nearest"), layers=wider(lambda i, o: i + i // 2)),
            block(upsampled("bilinear")),
            block(upsampled("bilinear", lambda i: nn.Conv2d(i, i // 2, 1))),
            block(upsampled("nearest", lambda i: nn.Conv2d(i, i // 2, 3, padding=1))),
            *(
                block(upsampled(mode, _zeros(sides), lambda i: nn.Conv2d(i, i // 2, 2)))
                for mode in ("nearest", "bilinear")
                for sides in ((0, 1, 0, 1), (1, 0, 1, 0))
            ),
            block(upsampled("nearest", lambda i: nn.Conv2d(i, i // 2, 2))),
        ),
    ),
    Misconception(
        "batch norm",
        "No batch norm here: the original U-Net has none. A block is an up-convolution and two convolutions, "
        "each of these with a ReLU.",
        (
            block(layers=convolutions(order="cbr")),
            block(layers=convolutions(order="crb")),
            block(layers=convolutions(order="cbr", norm=nn.InstanceNorm2d)),
            block(layers=convolutions(order="cbr", options=PADDED)),
        ),
    ),
    Misconception(
        "one convolution",
        "Two convolutions follow the concatenation: the first to out_channels, the second from there to "
        "out_channels.",
        (
            block(layers=convolutions(lambda i, o: ((i, o),))),
            block(layers=convolutions(lambda i, o: ())),
        ),
    ),
    Misconception(
        "more layers",
        "Three layers have weights: the up-convolution and two convolutions. Yours has more.",
        (
            block(layers=convolutions(lambda i, o: ((i, o), (o, o), (o, o)))),
            block(layers=lambda i, o: [*two_convolutions(i, o), nn.Conv2d(o, o, 1)]),
            block(layers=convolutions(activation=nn.PReLU)),
        ),
    ),
    Misconception(
        "another kernel in the convolutions",
        "The two convolutions have kernels of 3×3.",
        (
            block(layers=convolutions(options=({"kernel_size": 5},))),
            block(layers=convolutions(options=({"kernel_size": 1},))),
            block(layers=convolutions(options=({"kernel_size": 5, "padding": 1},))),
        ),
    ),
    Misconception(
        "layers made in forward",
        "Make the layers once, in __init__, and keep them: self.up = …. Yours makes new ones in each pass, "
        "which cannot learn, and which no optimizer ever sees.",
        (
            lambda inputs, outputs: Anew(inputs, outputs),
            lambda inputs, outputs: Anew(inputs, outputs, kept=True),
        ),
    ),
    Misconception(
        "layers in a plain list",
        "Layers in a Python list or dictionary are unknown to block.parameters(), so no optimizer trains "
        "them. Use nn.ModuleList or nn.Sequential.",
        (
            lambda inputs, outputs: Listed(inputs, outputs),
            lambda inputs, outputs: Listed(inputs, outputs, up_too=False),
        ),
    ),
    Misconception(
        "forward does not take x and skip",
        "The block is called with two tensors, block(x, skip): forward(self, x, skip). nn.Sequential alone "
        "takes one.",
        (
            lambda inputs, outputs: nn.Sequential(*two_convolutions(inputs, outputs)),
            lambda inputs, outputs: OneInput(inputs, outputs),
        ),
    ),
    Misconception(
        "skip taken first",
        "What comes from below is the first argument, the skip the second: forward(self, x, skip).",
        (lambda inputs, outputs: TurnedInputs(inputs, outputs),),
    ),
    Misconception(
        "dropout",
        "Yours gives other numbers in train mode than in eval mode. No dropout here.",
        (
            block(layers=lambda i, o: [*two_convolutions(i, o), nn.Dropout()]),
            block(
                join=lambda x, skip: skip_first(x, skip),
                layers=lambda i, o: [nn.Dropout2d(), *two_convolutions(i, o)],
            ),
        ),
    ),
    Misconception(
        "weights that cannot learn",
        "Gradients must reach every weight, x and the skip: nothing may cut the way back (detach, .data, "
        "no_grad), and requires_grad must stay True.",
        (
            then(UpBlock, frozen),
            used(lambda inner, x, skip: inner(x, skip).detach()),
            used(lambda inner, x, skip: inner(x, skip.detach())),
            used(lambda inner, x, skip: inner(x.detach(), skip)),
        ),
    ),
    Misconception(
        "one block for all",
        "Each call builds a block of its own: yours hands out the same layers again.",
        (cache(UpBlock),),
    ),
    Misconception(
        "the maps given are changed",
        "The skip and x still belong to the caller: work on new tensors, without relu_() or other steps in "
        "place.",
        (
            used(lambda inner, x, skip: inner(x, skip.relu_())),
            used(lambda inner, x, skip: _right_but_changing(inner, x, skip)),
        ),
    ),
    Misconception(
        "not one tensor",
        "Return the maps and nothing else: one tensor [N, out_channels, H', W'].",
        (
            used(lambda inner, x, skip: (inner(x, skip), skip)),
            used(lambda inner, x, skip: [inner(x, skip)]),
        ),
    ),
)


def _right_but_changing(inner: nn.Module, x: Tensor, skip: Tensor) -> Tensor:
    out = inner(x, skip)
    x.mul_(0)
    return out
