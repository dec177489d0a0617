"""How people get channels and bias wrong; what they get wrong within a channel is ``conv2d_mistakes``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops import conv2d_channels
from ..exercise import Misconception
from ..results import changed, fractions_cut_off, negative_sums_lost
from .conv2d_mistakes import SLIDING
from .flawed import Wrong, conv2d, padded

Array = np.ndarray


def _in_channels(wrong: Wrong) -> Wrong:
    """Do with every pair of channels what ``wrong`` does with one image."""

    def wrong_in_channels(x: Array, weight: Array, bias: Array, stride: Any = 1, padding: Any = 0) -> Array:
        return np.array(
            [
                sum(wrong(image, kernel, stride, padding) for image, kernel in zip(x, kernels, strict=True))
                + b
                for kernels, b in zip(weight, bias, strict=True)
            ]
        )

    return wrong_in_channels


def _with(change: Callable[[Array, Array, Array], tuple[Array, Array, Array]]) -> Wrong:
    """Change x, weight and bias first."""

    def wrong(x: Array, weight: Array, bias: Array, stride: Any = 1, padding: Any = 0) -> Array:
        return conv2d_channels(*change(x, weight, bias), stride, padding)

    return wrong


def _combined(combine: Callable[[Array], Array]) -> Wrong:
    """Combine the maps of the input channels, [Cout, Cin, H', W'], by something else than their sum."""

    def wrong(x: Array, weight: Array, bias: Array, stride: Any = 1, padding: Any = 0) -> Array:
        out = combine(_maps(x, weight, stride, padding))
        return out + bias.reshape(-1, *[1] * (out.ndim - 1))

    return wrong


def _biased(add: Callable[[Array, Array, Array], Array]) -> Wrong:
    """Add the bias to the sums [Cout, H', W'] by ``add(sums, bias, weight)``."""

    def wrong(x: Array, weight: Array, bias: Array, stride: Any = 1, padding: Any = 0) -> Array:
        return add(conv2d_channels(x, weight, None, stride, padding), bias, weight)

    return wrong


def _maps(x: Array, weight: Array, stride: Any, padding: Any) -> Array:
    return np.array(
        [[conv2d(x[c], kernels[c], stride, padding) for c in range(len(x))] for kernels in weight]
    )


def _per_row(out: Array, bias: Array, weight: Array) -> Array:
    out = out.copy()
    for row in range(out.shape[1]):
        out[:, row] += bias[row]
    return out


def _counted(out: Array) -> Array:
    """Count the rows of the maps from 1."""
    return np.arange(1, out.shape[1] + 1)


def _own_channel_only(x: Array, weight: Array, bias: Array, stride: Any = 1, padding: Any = 0) -> Array:
    maps = _maps(x, weight, stride, padding)
    return np.array([maps[o, o] + bias[o] for o in range(len(weight))])


def _channels_padded(x: Array, weight: Array, bias: Array, stride: Any = 1, padding: Any = 0) -> Array:
    grown = np.pad(x, padding) if isinstance(padding, int) else padded(x, padding)
    return conv2d_channels(grown[: len(x)], weight, bias, stride)


_CHANNELS = (
    Misconception(
        "input channels not added up",
        "Each output channel is one map: convolve every input channel with its own kernel and add the "
        "results up. Yours keeps them apart.",
        (
            _combined(lambda maps: maps),
            _combined(lambda maps: maps.swapaxes(0, 1)[:, 0]),
            lambda x, weight, bias, stride=1, padding=0: _maps(x, weight, stride, padding),
            lambda x, weight, bias, stride=1, padding=0: (
                _maps(x, weight, stride, padding) + bias[:, None, None, None]
            ).reshape(-1, *_maps(x, weight, stride, padding).shape[2:]),
        ),
    ),
    Misconception(
        "only one input channel used",
        "Every output channel looks at all input channels and adds up what it finds. Yours uses one of them.",
        (
            _combined(lambda maps: maps[:, 0]),
            _combined(lambda maps: maps[:, -1]),
            _own_channel_only,
            _with(lambda x, w, b: (np.repeat(x[:1], len(x), axis=0), w, b)),
        ),
    ),
    Misconception(
        "input channels averaged",
        "What the input channels give is added up, not averaged or compared.",
        (
            _combined(lambda maps: maps.mean(axis=1)),
            _combined(lambda maps: maps.max(axis=1)),
            _combined(lambda maps: maps.prod(axis=1)),
        ),
    ),
    Misconception(
        "input channels mixed before the kernels",
        "Each input channel has a kernel of its own, weight[o, c]. Yours adds or averages the channels "
        "first, as if the picture were gray, so all see the same kernel.",
        (
            _with(lambda x, w, b: (np.repeat(x.mean(axis=0, keepdims=True), len(x), axis=0), w, b)),
            _with(lambda x, w, b: (np.repeat(x.sum(axis=0, keepdims=True), len(x), axis=0), w, b)),
            _with(lambda x, w, b: (x.mean(axis=0, keepdims=True), w[:, :1], b)),
        ),
    ),
    Misconception(
        "one kernel for all input channels",
        "weight[o] is a stack: input channel c has its own kernel weight[o, c]. Yours uses one kernel for "
        "all.",
        (
            _with(lambda x, w, b: (x, np.repeat(w[:, :1], len(x), axis=1), b)),
            _with(lambda x, w, b: (x, np.repeat(w[:, -1:], len(x), axis=1), b)),
        ),
    ),
    Misconception(
        "one filter for all output channels",
        "Output channel o uses its own filter weight[o] and its own bias[o]. Yours uses one filter for all "
        "of them.",
        (
            _with(lambda x, w, b: (x, np.repeat(w[:1], len(w), axis=0), b)),
            _with(lambda x, w, b: (x, np.repeat(w[-1:], len(w), axis=0), b)),
            _with(lambda x, w, b: (x, np.repeat(w[:1], len(w), axis=0), np.repeat(b[:1], len(b)))),
            _with(lambda x, w, b: (x, w[:1], b[:1])),
            lambda *args: conv2d_channels(*args)[0],
            _with(lambda x, w, b: (x, np.repeat(w.sum(axis=0, keepdims=True), len(w), axis=0), b)),
        ),
    ),
    Misconception(
        "weight's axes swapped",
        "weight is [Cout, Cin, kh, kw]: weight[o, c] leads from input channel c to output channel o. "
        "Yours reads it as [Cin, Cout, kh, kw].",
        (
            _with(lambda x, w, b: (x, w.swapaxes(0, 1), b)),
            _with(lambda x, w, b: (x, w.swapaxes(0, 1), b[: len(x)])),
            _with(lambda x, w, b: (x, w.reshape(w.shape[1], w.shape[0], *w.shape[2:]).swapaxes(0, 1), b)),
        ),
    ),
    Misconception(
        "channels last",
        "Channels come first: the result is [Cout, H', W']. Yours has them elsewhere.",
        (
            changed(conv2d_channels, lambda out: np.moveaxis(out, 0, -1)),
            changed(conv2d_channels, lambda out: np.moveaxis(out, 0, 1)),
            changed(conv2d_channels, lambda out: out.reshape(*out.shape[1:], out.shape[0])),
        ),
    ),
    Misconception(
        "output channels added up",
        "Each filter gives a map of its own: the result has Cout of them. Only input channels are added up.",
        (
            changed(conv2d_channels, lambda out: out.sum(axis=0)),
            changed(conv2d_channels, lambda out: out.sum(axis=0, keepdims=True)),
            changed(conv2d_channels, lambda out: out.mean(axis=0)),
        ),
    ),
    Misconception(
        "channels padded too",
        "Padding goes around each image, not in front of and behind the channels: "
        "np.pad(x, ((0, 0), (y, y), (x, x))).",
        (_channels_padded,),
    ),
)

_BIAS = (
    Misconception(
        "bias forgotten",
        "bias[o] is added to every cell of output channel o. Yours leaves it out.",
        (_biased(lambda out, bias, weight: out),),
    ),
    Misconception(
        "bias added per row or column",
        "Each output channel has one bias, the same for all its cells. Yours goes along the rows or "
        "columns: bias[:, None, None] lines it up with the channels.",
        (
            _biased(lambda out, bias, weight: out + bias),
            _biased(lambda out, bias, weight: out + bias[:, None]),
            _biased(_per_row),
            _biased(lambda out, bias, weight: out + np.resize(bias, out.shape[2])),
            _biased(lambda out, bias, weight: out + np.resize(bias, out.shape[1])[:, None]),
        ),
    ),
    Misconception(
        "bias added once per input channel",
        "The bias is added once for each output cell, after all products are added up. Yours is inside the "
        "sum over the input channels, so it counts Cin times.",
        (_biased(lambda out, bias, weight: out + weight.shape[1] * bias[:, None, None]),),
    ),
    Misconception(
        "bias added once per product",
        "The bias is added once for each output cell, after all products are added up. Yours is inside the "
        "sum over the kernel's cells, so it counts many times.",
        (
            _biased(lambda out, bias, weight: out + weight[0].size * bias[:, None, None]),
            _biased(lambda out, bias, weight: out + weight[0, 0].size * bias[:, None, None]),
        ),
    ),
    Misconception(
        "bias added again for each row",
        "The bias is added once for each output cell. Yours stands inside a loop over rows or columns, so "
        "cells get it several times.",
        (
            _biased(lambda out, bias, weight: out + bias[:, None, None] * out.shape[1]),
            _biased(lambda out, bias, weight: out + bias[:, None, None] * out.shape[2]),
            _biased(lambda out, bias, weight: out + bias[:, None, None] * out[0].size),
            _biased(lambda out, bias, weight: out + bias[:, None, None] * _counted(out)[:, None]),
            _biased(lambda out, bias, weight: out + bias[:, None, None] * _counted(out)[::-1, None]),
            _biased(lambda out, bias, weight: out + bias[:, None, None] * weight.shape[2]),
            _biased(lambda out, bias, weight: out + bias[:, None, None] * weight.shape[3]),
            _biased(lambda out, bias, weight: out + bias[:, None, None] * weight[0, :, :, 0].size),
            _biased(lambda out, bias, weight: out + bias[:, None, None] * weight[0, :, 0].size),
        ),
    ),
    Misconception(
        "one bias for all output channels",
        "Output channel o gets bias[o], and no other. Yours adds the same number to all, or all of them to "
        "each.",
        (
            _biased(lambda out, bias, weight: out + bias[0]),
            _biased(lambda out, bias, weight: out + bias[-1]),
            _biased(lambda out, bias, weight: out + bias.sum()),
            _biased(lambda out, bias, weight: out + bias.mean()),
        ),
    ),
    Misconception(
        "bias of the input channel",
        "There is one bias for each output channel: bias[o]. Yours takes them by input channel.",
        (_biased(lambda out, bias, weight: out + bias[: weight.shape[1]].sum()),),
    ),
    Misconception(
        "bias subtracted or multiplied",
        "The bias is added: sum of products + bias[o].",
        (
            _biased(lambda out, bias, weight: out - bias[:, None, None]),
            _biased(lambda out, bias, weight: out * bias[:, None, None]),
        ),
    ),
)

_ALSO = {
    "kernel flipped": (  # as scipy.signal.convolve does with three axes
        _with(lambda x, w, b: (x, w[:, ::-1, ::-1, ::-1], b)),
        _with(lambda x, w, b: (x, w[:, ::-1], b)),
    ),
}

MISTAKES = (
    *_CHANNELS,
    *_BIAS,
    *(
        Misconception(m.name, m.sentence, (*map(_in_channels, m.wrong), *_ALSO.get(m.name, ())))
        for m in SLIDING
    ),
    negative_sums_lost(conv2d_channels),
    fractions_cut_off(conv2d_channels),
)
