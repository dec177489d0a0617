"""What each layer of a classifier becomes when it slides over a larger image."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..ops.sizes import pair
from .chain import Call

# Each number out of these depends on one number in, or on those of one cell: sliding changes nothing.
ELEMENTWISE = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid,
    nn.Tanh, nn.Softplus, nn.Softsign, nn.LogSigmoid, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid,
    nn.Identity, nn.Dropout,
)  # fmt: skip
CELLWISE = (nn.BatchNorm2d, nn.Dropout2d, nn.LocalResponseNorm, nn.PReLU)
POOLS = (nn.MaxPool2d, nn.AvgPool2d)
ADAPTIVE = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
MAPWISE = (nn.GroupNorm, nn.InstanceNorm2d)


@dataclass(frozen=True)
class Step:
    """A layer of the converted network; ``reason`` says why windows cannot share it, if they cannot."""

    name: str
    layer: nn.Module
    stride: tuple[int, int] = (1, 1)
    reason: str | None = None


def body_step(call: Call, exact: bool) -> Step:
    """Return the step for a layer on maps: a copy of it, with its stride and what hinders sharing.

    Raises
    ------
    ValueError
        When the layer is unknown, or works on whole maps and ``exact`` is False.
    """
    layer: Any = copy.deepcopy(call.layer)
    if len(call.before) != 4:
        raise unknown(call, f"it takes {len(call.before)} axes where maps [N, C, H, W] are expected")
    if is_one_of(layer, *ELEMENTWISE, *CELLWISE):
        return Step(call.name, layer)
    if is_one_of(layer, *ADAPTIVE):
        return _adaptive(call, layer, exact)
    if is_one_of(layer, *MAPWISE):
        return _whole_map(call, layer, exact, "normalizes by the mean of its whole map")
    if not is_one_of(layer, nn.Conv2d, *POOLS):
        raise unknown(call, "it is none of the layers known here")
    stride = pair(layer.stride, "stride")
    if not exact:
        return Step(call.name, layer, stride)
    if _pads(layer):
        return Step(call.name, layer, stride, "pads its input")
    if getattr(layer, "ceil_mode", False):
        layer.ceil_mode = False
        with torch.no_grad():
            floor = layer(torch.zeros(call.before)).shape
        if floor != call.after:
            return Step(call.name, copy.deepcopy(call.layer), stride, "pools a window that is cut off")
    return Step(call.name, layer, stride)


def _pads(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Conv2d):
        return any(layer._reversed_padding_repeated_twice)  # also right for padding="same"
    return pair(layer.padding, "padding", least=0) != (0, 0)


def _adaptive(call: Call, layer: nn.Module, exact: bool) -> Step:
    """An adaptive pool whose parts divide the map is an ordinary pool; down to 1×1 it moves cell by cell."""
    (height, width), (rows, columns) = call.before[2:], call.after[2:]
    if height % rows or width % columns:
        reason = f"pools {height}×{width} cells into {rows}×{columns} unequal parts"
        return _whole_map(call, layer, exact, reason)
    kernel = (height // rows, width // columns)
    if kernel == (1, 1):
        return Step(call.name, nn.Identity())
    stride = (1 if rows == 1 else kernel[0], 1 if columns == 1 else kernel[1])
    pool = nn.MaxPool2d if isinstance(layer, nn.AdaptiveMaxPool2d) else nn.AvgPool2d
    return Step(call.name, pool(kernel, stride), stride)


def _whole_map(call: Call, layer: nn.Module, exact: bool, reason: str) -> Step:
    if not exact:
        raise unknown(call, f"it {reason}, so that windows cannot share it: leave out exact=False")
    return Step(call.name, layer, reason=reason)


def head_steps(calls: list[Call], maps: tuple[int, ...]) -> list[Step]:
    """Return the steps for the layers from the flattening on, where ``maps`` [1, C, h, w] arrive.

    Raises
    ------
    ValueError
        When a layer is unknown, or works on the flattened numbers in a way that a convolution does not.
    """
    steps = []
    for call in calls:
        layer: Any = call.layer
        shape = (maps[1], maps[2], maps[3])
        single = shape[1:] == (1, 1)
        if is_one_of(layer, nn.Flatten) and len(call.after) == 2 and call.before[0] == call.after[0]:
            continue
        if is_one_of(layer, nn.Linear) and len(call.before) == 2:
            steps.append(Step(call.name, linear_to_conv(layer, shape)))
            maps = (1, layer.out_features, 1, 1)
        elif is_one_of(layer, *ELEMENTWISE) or (single and is_one_of(layer, nn.PReLU)):
            steps.append(Step(call.name, copy.deepcopy(layer)))
        elif single and is_one_of(layer, nn.BatchNorm1d):
            steps.append(Step(call.name, _batch_norm_2d(layer)))
        elif single and is_one_of(layer, nn.Softmax, nn.LogSoftmax) and layer.dim in (1, -1, None):
            steps.append(Step(call.name, type(layer)(dim=1)))
        elif single:
            raise unknown(
                call, "after the flattening only nn.Linear, nn.BatchNorm1d and activations may stand"
            )
        else:
            raise unknown(call, "between the flattening and the first nn.Linear only activations may stand")
    if maps[2:] != (1, 1):
        raise ValueError(
            f"the classifier ends with {maps[1]} maps of {maps[2]}×{maps[3]} cells; expected one number per "
            f"class: end it with nn.Flatten() and nn.Linear({maps[1] * maps[2] * maps[3]}, num_classes)"
        )
    return steps


def linear_to_conv(linear: nn.Linear, in_shape: tuple[int, int, int]) -> nn.Conv2d:
    """Return a convolution that computes on maps [N, C, H, W] what ``linear`` computes on the flattened maps.

    Flattening goes through the channels, in each through the rows, in each through the columns, so the
    weights of one output take the shape [C, H, W] as they stand: they are a kernel as large as the maps.

    Parameters
    ----------
    linear
        With C · H · W inputs. It keeps its weights; the convolution has copies.
    in_shape
        (C, H, W) of the maps that were flattened.

    Returns
    -------
    nn.Conv2d
        With kernel H×W: on maps of that size it gives [N, out_features, 1, 1], on larger ones more positions.

    Raises
    ------
    ValueError
        When C · H · W is not the number of inputs.

    Source: Long et al. 2015, *Fully convolutional networks for semantic segmentation*, section 3.1.

    Examples
    --------
    >>> linear, maps = nn.Linear(2 * 3 * 4, 5), torch.rand(1, 2, 3, 4)
    >>> conv = linear_to_conv(linear, (2, 3, 4))
    >>> torch.allclose(conv(maps)[:, :, 0, 0], linear(maps.flatten(1)), atol=1e-6)
    True
    >>> conv(torch.rand(1, 2, 6, 4)).shape
    torch.Size([1, 5, 4, 1])
    """
    channels, height, width = in_shape
    if channels * height * width != linear.in_features:
        raise ValueError(
            f"in_shape is {channels}×{height}×{width} = {channels * height * width} numbers; expected "
            f"{linear.in_features}, the inputs of the linear layer: pass the shape of the maps that it gets"
        )
    weight, bias = linear.weight, linear.bias
    conv = nn.Conv2d(
        channels, linear.out_features, (height, width), bias=bias is not None, device="meta"
    )  # no memory and no random numbers for weights that are replaced at once
    kernel = weight.detach().clone().view(-1, *in_shape)
    conv.weight = nn.Parameter(kernel, weight.requires_grad)
    if bias is not None:
        conv.bias = nn.Parameter(bias.detach().clone(), bias.requires_grad)
    return conv.train(linear.training)


def _batch_norm_2d(layer: nn.BatchNorm1d) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(
        layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats
    )
    norm.load_state_dict(copy.deepcopy(layer.state_dict()), assign=True)
    return norm


def is_one_of(layer: nn.Module, *kinds: type[nn.Module]) -> bool:
    """Say whether ``layer`` computes what one of ``kinds`` does; a subclass with its own forward may not."""
    return any(isinstance(layer, kind) and type(layer).forward is kind.forward for kind in kinds)


def unknown(call: Call, why: str) -> ValueError:
    """Return the error that names a layer which cannot be converted."""
    shape = "×".join(map(str, call.before[1:]))
    return ValueError(
        f"layer {call.name!r}, {call.layer}, on an input of {shape}, cannot be converted: {why}. Replace it "
        f"before the conversion, by layers such as nn.Conv2d, nn.ReLU, nn.MaxPool2d and nn.Linear"
    )
