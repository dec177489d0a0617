"""How people get the conversion of a linear layer wrong."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from ...models import linear_to_conv
from ..exercise import Misconception
from .conversions import (
    PUTS,
    back,
    bias_asked_for,
    bias_copied,
    bias_copy,
    bias_data,
    bias_dropped,
    bias_fresh,
    bias_if_there_is_one,
    bias_loaded,
    biased_away,
    built,
    copied,
    flip,
    fresh,
    in_order,
    kernel_of,
    other_bias,
    reshaped,
    reshaped_in_place,
    sized,
    then,
    with_every_bias,
    wrapped,
)

MISTAKES = (
    Misconception(
        "weights read channels last",
        "You read each row of weights as (H, W, C). nn.Flatten goes through the channels first: the row of "
        "one output has the shape (C, H, W) as it stands, without any permute.",
        with_every_bias(back(1, 2, 0), back(2, 1, 0)),
    ),
    Misconception(
        "rows and columns swapped",
        "Within a channel the weights run row by row: (C, H, W), not (C, W, H). Swap no axes.",
        with_every_bias(back(0, 2, 1)),
    ),
    Misconception(
        "weights in another order",
        "Each output has its own weights, but they stand in the wrong cells of its kernel. The row of "
        "weights takes the shape (C, H, W) as it stands: view(-1, C, H, W), and no other step.",
        tuple(
            built(arrange)
            for arrange in (
                back(1, 0, 2),
                back(2, 0, 1),
                lambda matrix, shape: matrix.roll(1, 1).reshape(-1, *shape),
                lambda matrix, shape: matrix.sort().values.reshape(-1, *shape),
            )
        ),
    ),
    Misconception(
        "kernel flipped",
        "You turn the kernels around. torch's convolution lays the kernel on the maps as it is "
        "(cross-correlation), so nothing is flipped.",
        (*with_every_bias(flip(2, 3)), *map(built, (flip(2), flip(3), flip(1, 2, 3), flip(1)))),
    ),
    Misconception(
        "weights of the outputs mixed",
        "The matrix linear.weight has the shape [outputs, inputs]: one row for each output. Reshape it as it "
        "is: with a transpose, or with the outputs on another axis, a kernel mixes several outputs.",
        (
            *with_every_bias(lambda matrix, shape: matrix.T.reshape(-1, *shape)),
            *map(
                built,
                (
                    lambda matrix, shape: matrix.reshape(shape[0], -1, *shape[1:]).transpose(0, 1),
                    lambda matrix, shape: matrix.reshape(shape[1], shape[2], shape[0], -1).permute(
                        3, 2, 0, 1
                    ),
                    lambda matrix, shape: matrix.reshape(*shape, -1).permute(3, 0, 1, 2),
                    lambda matrix, shape: matrix.flip(0).reshape(-1, *shape),
                    lambda matrix, shape: matrix.flatten().flip(0).reshape(-1, *shape),
                ),
            ),
        ),
    ),
    Misconception(
        "weights not copied",
        "Your convolution has weights of its own, drawn at random or zero. Copy those of the linear layer "
        "into it.",
        (
            *with_every_bias(
                lambda matrix, shape: torch.randn(len(matrix), *shape),
                lambda matrix, shape: torch.zeros(len(matrix), *shape),
            ),
            built(lambda matrix, shape: torch.ones(len(matrix), *shape)),
        ),
    ),
    Misconception(
        "weights scaled",
        "A convolution adds up its products, as the linear layer does: copy the weights, and divide or "
        "multiply them by nothing.",
        (
            built(lambda matrix, shape: -in_order(matrix, shape)),
            built(lambda matrix, shape: in_order(matrix, shape) / 2),
            built(lambda matrix, shape: in_order(matrix, shape) / (shape[1] * shape[2])),
            built(lambda matrix, shape: in_order(matrix, shape) / (shape[0] * shape[1] * shape[2])),
        ),
    ),
    Misconception(
        "a kernel of one cell",
        "Your kernels have 1×1 cells and would need maps that are flattened already. Here C maps of H×W "
        "arrive, and one output looks at all of them: C input channels and kernel_size=(H, W).",
        (
            built(lambda matrix, shape: matrix[:, :, None, None]),
            built(lambda matrix, shape: matrix[:, :, None, None], bias_dropped),
            built(lambda matrix, shape: matrix[:, :, None, None], bias_fresh),
            built(lambda matrix, shape: matrix[:, : shape[0], None, None]),
            built(lambda matrix, shape: in_order(matrix, shape).sum((2, 3), keepdim=True)),
            built(lambda matrix, shape: torch.randn(len(matrix), shape[0], 1, 1), bias_fresh),
            *(sized(lambda shape: 1, put) for put in PUTS),
        ),
    ),
    Misconception(
        "a kernel of another size",
        "The kernel is as large as the maps, rows first: kernel_size=(H, W). A square one fits square maps "
        "only, and 7×7 is what VGG needs.",
        (
            *(
                sized(size, put)
                for put in PUTS
                for size in (
                    lambda shape: shape[1],
                    lambda shape: shape[2],
                    lambda shape: (shape[2], shape[1]),
                    lambda shape: 3,
                    lambda shape: 7,
                )
            ),
            *(
                sized(size, put, bias)
                for size in (lambda shape: shape[1], lambda shape: shape[2])
                for put in (copied, reshaped)
                for bias in (bias_dropped, bias_fresh)
            ),
            fresh(3),
            fresh(7),
        ),
    ),
    Misconception(
        "in_shape read in another order",
        "The shape of the maps comes as (C, H, W), channels first, as torch has them. Yours takes another of "
        "the three for the channels.",
        tuple(
            built(reading, bias)
            for reading in (
                lambda matrix, shape: matrix.reshape(-1, shape[2], shape[0], shape[1]),
                lambda matrix, shape: matrix.reshape(-1, shape[2], shape[1], shape[0]),
            )
            for bias in (bias_copied, bias_dropped, bias_fresh)
        ),
    ),
    Misconception(
        "input and output channels swapped",
        "Tell nn.Conv2d the input channels first, then the outputs: nn.Conv2d(C, linear.out_features, …).",
        (
            built(lambda matrix, shape: in_order(matrix, shape).transpose(0, 1), bias_dropped),
            built(lambda matrix, shape: in_order(matrix, shape).transpose(0, 1), bias_copied),
            built(lambda matrix, shape: matrix.reshape(shape[0], -1, *shape[1:]), bias_fresh),
            built(lambda matrix, shape: matrix.reshape(shape[0], -1, *shape[1:]), bias_dropped),
            *(
                sized(kernel_of, put, bias, swapped=True)
                for put in PUTS
                for bias in (bias_copied, bias_dropped)
            ),
        ),
    ),
    Misconception(
        "other numbers of channels",
        "The convolution takes C maps and makes linear.out_features of them, each from all C maps (no "
        "groups).",
        (
            built(lambda matrix, shape: in_order(matrix, shape).mean(1, keepdim=True)),
            built(lambda matrix, shape: in_order(matrix, shape)[:1], bias_dropped),
            built(lambda matrix, shape: torch.randn(matrix.shape[1], *shape), bias_fresh),
            built(lambda matrix, shape: torch.randn(10, *shape), bias_fresh),
            built(lambda matrix, shape: torch.randn(len(matrix), matrix.shape[1], *shape[1:]), bias_copied),
        ),
    ),
    Misconception(
        "bias dropped",
        "The linear layer adds a bias to each output, and the convolution must add the same: copy "
        "linear.bias too, and build it with bias=True.",
        (
            built(bias=bias_dropped),
            built(bias=other_bias(torch.zeros_like)),
            built(bias=bias_dropped, stride=kernel_of),
        ),
    ),
    Misconception(
        "bias not copied",
        "The weights are right, but the bias is another one than the linear layer's: copy linear.bias too.",
        (
            built(bias=bias_fresh),
            built(bias=other_bias(torch.ones_like)),
            built(bias=other_bias(torch.neg)),
            built(bias=bias_asked_for),
            built(bias=other_bias(lambda bias: bias.flip(0))),
            built(bias=other_bias(lambda bias: bias.mean().expand(len(bias)).clone())),
        ),
    ),
    Misconception(
        "a linear layer without bias forgotten",
        "A linear layer may have no bias, linear.bias is None then. The convolution must have none either: "
        "bias=linear.bias is not None.",
        (
            built(bias=bias_if_there_is_one),
            built(bias=bias_data),
            built(bias=bias_copy),
            built(bias=bias_loaded),
        ),
    ),
    Misconception(
        "padded",
        "Your convolution pads the maps, so that a map of results comes out for each window that hangs over "
        "the edge. On maps of H×W one result is wanted: padding=0.",
        (
            *(
                built(bias=bias, padding=padding)
                for bias in (bias_copied, bias_dropped)
                for padding in (
                    lambda shape: "same",
                    lambda shape: (shape[1] // 2, shape[2] // 2),
                    lambda shape: (shape[1] - 1, shape[2] - 1),
                    lambda shape: 1,
                    lambda shape: 3,
                    lambda shape: shape[1] // 2,
                )
            ),
        ),
    ),
    Misconception(
        "stride as large as the kernel",
        "On larger maps your windows lie side by side. Leave stride=1, so that the convolution looks at "
        "every position.",
        tuple(
            built(stride=stride)
            for stride in (
                kernel_of,
                lambda shape: shape[1],
                lambda shape: shape[2],
                lambda shape: 2,
                lambda shape: 32,
            )
        ),
    ),
    Misconception(
        "dilated",
        "The cells of the kernel lie side by side, as those of the maps: dilation=1.",
        (built(dilation=lambda shape: 2), built(dilation=kernel_of)),
    ),
    Misconception(
        "another layer than nn.Conv2d",
        "Return the convolution itself, an nn.Conv2d, and nothing around it: no linear layer, no flattening, "
        "no network.",
        (
            lambda linear, shape: linear,
            lambda linear, shape: nn.Sequential(nn.Flatten(), linear),
            wrapped(),
            wrapped(nn.Flatten),
            lambda linear, shape: nn.ConvTranspose2d(shape[0], linear.out_features, shape[1:]),
            lambda linear, shape: nn.Conv1d(shape[0], linear.out_features, shape[1]),
        ),
    ),
    Misconception(
        "no layer",
        "Return a layer, an nn.Conv2d that holds the weights: not the weights alone, and not a result.",
        (
            lambda linear, shape: in_order(linear.weight, shape),
            lambda linear, shape: (in_order(linear.weight, shape), linear.bias),
            lambda linear, shape: partial(nn.functional.conv2d, weight=in_order(linear.weight, shape)),
            lambda linear, shape: linear_to_conv(linear, shape)(torch.zeros(1, *shape)),
            lambda linear, shape: linear_to_conv(linear, shape).state_dict(),
        ),
    ),
    Misconception(
        "the linear layer changed",
        "The convolution is right, but the linear layer is no longer what it was: view and reshape return a "
        "new tensor, so leave linear.weight and linear.bias as they are.",
        (
            then(reshaped_in_place),
            then(biased_away),
            then(lambda linear, conv, shape: linear.weight.data.zero_()),
            then(lambda linear, conv, shape: linear.eval()),
        ),
    ),
    Misconception(
        "weights rounded",
        "The weights came out less exact than they were. Copy them in float32, as they are.",
        (
            lambda linear, shape: linear_to_conv(linear, shape).half(),
            lambda linear, shape: linear_to_conv(linear, shape).bfloat16(),
            built(lambda matrix, shape: in_order(matrix, shape).mul(100).round() / 100),
        ),
    ),
)
