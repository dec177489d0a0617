"""A stage that an answer built, with known weights in it, and what one pass through it shows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parameter import is_lazy

from ..modules import operations_behind

# What each operation is called in the graph that leads back to the weights, and a letter for it.
_NAMES = {
    "c": "Convolution",
    "b": "NativeBatchNorm CudnnBatchNorm",
    "n": "NativeGroupNorm NativeLayerNorm",
    "r": "Relu ClampMin Clamp Threshold Maximum",
    "x": "LeakyRelu Elu Celu Gelu Silu Mish Softplus Hardtanh Hardswish PreluKernel RreluWithNoise Tanh "
    "Sigmoid Hardsigmoid LogSigmoid Softmax",
    "p": "MaxPool2DWithIndices AdaptiveMaxPool2D FractionalMaxPool2D",
    "a": "AvgPool2D AdaptiveAvgPool2D MkldnnAdaptiveAvgPool2D",
    "u": "MaxUnpool2D Scatter ScatterAdd IndexPut CopySlices",
    "i": "UpsampleBilinear2D UpsampleNearest2D UpsampleBicubic2D",
    "e": "ReflectionPad2D ReplicationPad2D",
}
_LETTERS = {name: letter for letter, names in _NAMES.items() for name in names.split()}


class Stage:
    """A model, looked at while inputs go through it in train mode.

    Weights of one shape all get the same values, so that neither their order nor their names matter.

    Parameters
    ----------
    model
        What the answer built.
    inputs
        What its forward is given; the first is a tensor of numbers.
    """

    def __init__(self, model: nn.Module, inputs: tuple[Any, ...]) -> None:
        """Give the weights their values and let the inputs through."""
        self.model, self.inputs = model, inputs
        self.outputs: Any = None
        self.error: Exception | None = None
        self.changed = False  # whether a pass changed what it was given
        self._entered: list[Tensor] = []
        model.train()
        if any(is_lazy(weight) for weight in model.parameters()):
            with suppress(Exception), torch.no_grad():  # gives lazy layers their sizes; errors show below
                model(*inputs)
        self.weights = [weight for weight in model.parameters() if not is_lazy(weight)]
        with torch.no_grad():
            for weight in self.weights:
                weight.copy_(weight_of(tuple(weight.shape)))
        try:
            self.outputs = self.run(*inputs)
        except Exception as error:
            self.error = error

    def run(self, *inputs: Any) -> Any:
        """Let copies of inputs through, in the number format and on the device of the weights."""
        like = self.weights[0] if self.weights else torch.zeros(())
        given = [x.to(like if x.is_floating_point() else like.device) for x in tensors_in(inputs)]
        with torch.enable_grad():
            self._entered.append(given[0].clone().requires_grad_())
            copies = [self._entered[-1].clone(), *(x.clone() for x in given[1:])]
            waiting = iter(copies)
            outputs = self.model(*(next(waiting) if isinstance(x, Tensor) else x for x in inputs))
        self.changed |= not all(map(torch.equal, given, copies))
        return outputs

    @cached_property
    def nodes(self) -> list[Any]:
        """The operations of the first pass, in their order."""
        return operations_behind(*tensors_in(self.outputs))

    @cached_property
    def operations(self) -> str:
        """A letter for each operation that has one: ``"cbrcbrp"``."""
        names = (node.name().split("::")[-1].split("Backward")[0] for node in self.nodes)
        return "".join(_LETTERS.get(name, "") for name in names)

    @property
    def convolutions(self) -> list[Any]:
        """Those of the operations that are convolutions."""
        return [node for node in self.nodes if node.name().startswith(_NAMES["c"])]

    @cached_property
    def uses(self) -> Counter[int]:
        """How often the pass used each weight, by its id."""
        later = (after for node in self.nodes for after, _ in node.next_functions)
        return Counter(id(after.variable) for after in later if hasattr(after, "variable"))

    @property
    def feels_its_input(self) -> bool:
        """Whether a gradient reaches what the first pass was given."""
        return id(self._entered[0]) in self.uses

    def strangers(self) -> list[Tensor]:
        """Return the weights in use that the model does not know of: no optimizer will change them."""
        known = {id(weight) for weight in (*self.model.parameters(), *self._entered)}
        used = [node.variable for node in self.nodes if hasattr(node, "variable")]
        return [weight for weight in used if id(weight) not in known]


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors of a result, be it one or a tuple of some."""
    if isinstance(value, tuple | list):
        return [tensor for part in value for tensor in tensors_in(part)]
    return [value] if isinstance(value, Tensor) else []


def is_vector(shape: tuple[int, ...]) -> bool:
    """Whether weights of this shape are a vector, one for each map: [C], or [1, C, 1, 1] to be multiplied."""
    return math.prod(shape) == max(shape, default=1)


@cache
def weight_of(shape: tuple[int, ...]) -> Tensor:
    """Return the values that every weight of this shape gets: kernels at random, vectors positive."""
    if is_vector(shape):
        return torch.linspace(0.5, 2.5, math.prod(shape)).reshape(shape)
    return torch.randn(shape, generator=torch.Generator().manual_seed(math.prod(shape)))


def convolved(x: Tensor, shapes: Sequence[tuple[int, int]]) -> Tensor:
    """Return what convolutions of these (outputs, inputs), each with batch norm and ReLU, make of ``x``."""
    for outputs, inputs in shapes:
        x = F.conv2d(x, weight_of((outputs, inputs, 3, 3)), padding=1)
        scale = weight_of((outputs,))
        x = F.batch_norm(x, None, None, scale, scale, training=True).relu()
    return x


def close(a: Tensor, b: Tensor) -> bool:
    """Whether two results are of one shape and agree, also where batch norm has another small epsilon."""
    return a.shape == b.shape and torch.allclose(_plain(a), _plain(b), rtol=1e-3, atol=2e-3)


def _plain(x: Tensor) -> Tensor:
    return x.detach().cpu().float()
