"""Look at a stage that an answer built, however it is written: its weights, what it does, what comes out."""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parameter import is_lazy

from ..comparing import kind
from ..observing import Seen

WANTED = "as wanted"
# What each operation is called in the graph that leads back to the weights, and a letter for it.
_LETTERS = {
    "c": ("Convolution", "MkldnnConvolution", "SlowConv", "ThnnConv"),
    "b": ("NativeBatchNorm", "BatchNorm", "CudnnBatchNorm", "MiopenBatchNorm"),
    "n": ("NativeGroupNorm", "NativeLayerNorm", "FusedRmsNorm"),
    "r": ("Relu", "ClampMin", "Clamp", "Threshold", "Maximum"),
    "x": (
        *("LeakyRelu", "Elu", "Celu", "Gelu", "Silu", "Mish", "Softplus", "Hardtanh", "Hardswish"),
        *("PreluKernel", "RreluWithNoise", "Tanh", "Sigmoid", "Hardsigmoid", "LogSigmoid", "Softmax"),
    ),
    "p": ("MaxPool2DWithIndices", "AdaptiveMaxPool2D", "FractionalMaxPool2D"),
    "a": ("AvgPool2D", "AdaptiveAvgPool2D", "MkldnnAdaptiveAvgPool2D"),
    "u": ("MaxUnpool2D", "Scatter", "IndexPut"),
    "i": ("UpsampleBilinear2D", "UpsampleNearest2D", "UpsampleBicubic2D"),
}
_LETTER_OF = {name: letter for letter, names in _LETTERS.items() for name in names}


@dataclass
class Stage:
    """A built stage with known weights, and what one pass in train mode showed.

    ``inputs`` are those of the pass. Weights of one shape are all equal, so that their order does not matter.
    """

    model: nn.Module
    inputs: tuple[Any, ...]
    outputs: Any = None
    error: Exception | None = None
    changed: bool = False
    weights: list[nn.Parameter] = field(default_factory=list)
    leaves: list[Tensor] = field(default_factory=list)  # the inputs to which gradients lead

    def __post_init__(self) -> None:
        """Give the weights their values and let the inputs through."""
        if any(is_lazy(weight) for weight in self.model.parameters()):
            with suppress(Exception), torch.no_grad():  # gives lazy layers their sizes; errors show below
                self.model(*self.inputs)
        self.weights = [weight for weight in self.model.parameters() if not is_lazy(weight)]
        with torch.no_grad():
            for weight in self.weights:
                weight.copy_(weight_of(tuple(weight.shape)))
        try:
            self.outputs = self.run(*self.inputs)
        except Exception as error:
            self.error = error

    def run(self, *inputs: Any) -> Any:
        """Let inputs through, copies of them, in the number format of the weights."""
        like = self.weights[0] if self.weights else torch.zeros(())
        given = [
            (x.to(like) if x.is_floating_point() else x.to(like.device)).clone()
            if isinstance(x, Tensor)
            else x
            for x in inputs
        ]
        with torch.enable_grad():
            if isinstance(given[0], Tensor):
                self.leaves.append(given[0].requires_grad_())
            passed = [x.clone() if isinstance(x, Tensor) else x for x in given]
            outputs = self.model(*passed)
        self.changed |= any(
            not torch.equal(before, now)
            for before, now in zip(given, passed, strict=True)
            if isinstance(before, Tensor)
        )
        return outputs

    @cached_property
    def nodes(self) -> list[Any]:
        """The operations that made the outputs, first one first."""
        found: dict[Any, None] = {}
        for tensor in tensors_in(self.outputs):
            if tensor.grad_fn is not None:
                found |= dict.fromkeys(_in_order(tensor.grad_fn))
        return list(found)

    @cached_property
    def operations(self) -> str:
        """A letter for each operation that is known, ``"?"`` left out: ``"cbrcbrp"``."""
        names = (node.name().split("::")[-1].split("Backward")[0] for node in self.nodes)
        return "".join(_LETTER_OF.get(name, "") for name in names)

    @property
    def convolutions(self) -> list[Any]:
        """The operations that are convolutions."""
        return [node for node in self.nodes if node.name().startswith(_LETTERS["c"])]

    def uses(self) -> Counter[int]:
        """Return how often each weight is used, by its id."""
        nexts = (later for node in self.nodes for later, _ in node.next_functions)
        return Counter(id(later.variable) for later in nexts if hasattr(later, "variable"))

    def strangers(self) -> list[Tensor]:
        """Return the weights in use that the model does not know: no optimizer will change them."""
        known = {id(weight) for weight in (*self.model.parameters(), *self.leaves)}
        used = [node.variable for node in self.nodes if hasattr(node, "variable")]
        return [weight for weight in used if id(weight) not in known]


def _in_order(node: Any) -> Iterator[Any]:
    """Yield a graph's operations, those that come first in a pass before those that use their results."""
    seen, waiting = set(), [(node, False)]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            yield node
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(earlier, False) for earlier, _ in reversed(node.next_functions) if earlier]


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors of a result, be it one or a tuple of some."""
    if isinstance(value, tuple | list):
        return [tensor for part in value for tensor in tensors_in(part)]
    return [value] if isinstance(value, Tensor) else []


def weight_of(shape: tuple[int, ...]) -> Tensor:
    """Return the values that every weight of this shape gets: kernels at random, vectors positive."""
    if len(shape) < 2:
        return torch.linspace(0.5, 1.5, max(1, *shape) if shape else 1).reshape(shape)
    return torch.randn(shape, generator=torch.Generator().manual_seed(math.prod(shape)))


def convolved(x: Tensor, shapes: Sequence[tuple[int, int]]) -> Tensor:
    """Return what convolutions from and to these channels, with batch norm and ReLU, make of ``x``."""
    for outputs, inputs in shapes:
        x = F.conv2d(x, weight_of((outputs, inputs, 3, 3)), padding=1)
        scale = weight_of((outputs,))
        x = F.batch_norm(x, None, None, scale, scale, training=True).relu()
    return x


def no_stage(model: Any, arguments: str) -> Seen | None:
    """Say what is wrong with what an answer returned, before anything goes through it."""
    if isinstance(model, type):
        return Seen("class", f"the class {model.__name__} itself")
    if not isinstance(model, nn.Module):
        return Seen("no module", kind(model))
    if getattr(type(model), "forward", None) is getattr(nn.Module, "forward", None):
        return Seen("no forward", "an nn.Module without a forward method")
    try:
        inspect.signature(model.forward).bind(*arguments.split(", "))
    except TypeError:
        return Seen("arguments", f"a stage whose forward does not take ({arguments})")
    except ValueError:  # without a signature: only the call can tell
        return None
    return None


def weights_problem(stage: Stage, shapes: Sequence[tuple[int, int]]) -> Seen | None:
    """Compare the kernels, wherever they are kept, with convolutions 3×3 from and to these channels."""
    if stage.strangers():
        before = {id(weight) for weight in stage.strangers()}
        again = Stage(stage.model, stage.inputs)
        if before & {id(weight) for weight in again.strangers()}:
            return Seen("plain list", "layers whose weights stage.parameters() does not list")
        return Seen("made anew", "layers that are made anew in each pass")
    kernels = [tuple(weight.shape) for weight in stage.weights if weight.dim() == 4]
    text = f"kernels {' and '.join('×'.join(map(str, shape)) for shape in kernels) or 'of no convolution'}"
    uses = stage.uses()
    if len(kernels) < len(shapes) and any(
        uses[id(weight)] > 1 for weight in stage.weights if weight.dim() == 4
    ):
        return Seen("shared convolution", text + ", used several times")
    if any(shape[2:] != (3, 3) for shape in kernels):
        return Seen("kernel", text)
    wanted: list[tuple[int, ...]] = [(*channels, 3, 3) for channels in shapes]
    if len(kernels) != len(shapes):
        return Seen("number", text)
    if Counter(kernels) != Counter(wanted):
        return Seen(_channel_problem(kernels, wanted), text)
    return None


def _channel_problem(kernels: list[tuple[int, ...]], wanted: list[tuple[int, ...]]) -> str:
    outputs, inputs = {shape[0] for shape in wanted}, {shape[1] for shape in wanted}
    if len(wanted) > 1 and Counter(kernels) == Counter(_changed_elsewhere(wanted)):
        return "changed elsewhere"
    if {shape[0] for shape in kernels} <= inputs | outputs and len(set(kernels)) == 1:
        return "all alike"
    return "channels"


def _changed_elsewhere(wanted: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return the kernels of convolutions of which the last changes the channels if the first should."""
    inputs, outputs = wanted[0][1], wanted[-1][0]
    kept = outputs if wanted[0][0] == inputs else inputs
    return [(outputs, inputs, 3, 3), *[(kept, kept, 3, 3)] * (len(wanted) - 1)]


def norm_problem(stage: Stage, convs: int) -> Seen | None:
    """Say whether a batch norm with weights of its own belongs to each convolution."""
    norms = stage.operations.count("b")
    vectors = [weight for weight in stage.weights if weight.dim() == 1]
    uses = stage.uses()
    other = [
        type(module).__name__
        for module in stage.model.modules()
        if isinstance(module, nn.InstanceNorm2d | nn.GroupNorm | nn.LayerNorm | nn.LocalResponseNorm)
    ]
    if other or "n" in stage.operations:
        return Seen("another norm", f"a stage with {other[0] if other else 'another normalization'}")
    if any(uses[id(weight)] > 1 for weight in vectors):
        return Seen("shared norm", "one batch norm that is used several times")
    if len(vectors) >= 2 * convs:
        return None
    if norms == 0:
        return Seen("no norm", "a stage without batch norm")
    if norms < convs:
        return Seen("norm missing", f"{norms} batch norm{'s' * (norms > 1)} for {convs} convolutions")
    return Seen("norm without weights", "batch norms without weights")


def order_problem(stage: Stage, convs: int) -> Seen | None:
    """Say what is wrong about the order of the operations within the convolutions' part."""
    seen = stage.operations
    body = "".join(letter for letter in seen if letter in "cbrx")
    if "x" in body:
        return Seen("another activation", "a stage with another activation than ReLU")
    if "b" not in body:
        return Seen("no norm", "a stage without batch norm")
    if "r" not in body:
        return Seen("no relu", "a stage without ReLU")
    if body.count("b") < convs:
        return Seen("norm missing", f"{body.count('b')} batch norm for {convs} convolutions")
    if body.replace("r", "").startswith("b"):
        return Seen("norm first", "batch norm before the convolution")
    if "crb" in body:
        return Seen("relu before norm", "ReLU between convolution and batch norm")
    if body.endswith("b") and body.startswith("r"):
        return Seen("relu first", "ReLU before each convolution, none at the end")
    if body.endswith("b"):
        return Seen("last relu missing", "no ReLU after the last convolution")
    if body.count("r") < convs:
        return Seen("relu missing", f"{body.count('r')} ReLU for {convs} convolutions")
    return None


def way_problem(stage: Stage) -> Seen | None:
    """Say what the convolutions do otherwise, if they do."""
    for node in stage.convolutions:
        if 2 in getattr(node, "_saved_dilation", ()):
            return Seen("dilated", "kernels with gaps")
        if 2 in getattr(node, "_saved_stride", ()):
            return Seen("stride", "convolutions with a stride")
    if any(getattr(m, "padding_mode", "zeros") != "zeros" for m in stage.model.modules()):
        return Seen("padding mode", "convolutions that pad with something else than zeros")
    return None


def learning_problem(stage: Stage) -> Seen | None:
    """Say whether a gradient reaches every weight."""
    uses = stage.uses()
    lacking = [
        name
        for name, weight in stage.model.named_parameters()
        if not weight.requires_grad or not uses[id(weight)]
    ]
    if lacking:
        return Seen("frozen", f"no gradient for {', '.join(lacking)}")
    return None


def close(a: Tensor, b: Tensor) -> bool:
    """Whether two results are of one shape and agree."""
    return a.shape == b.shape and torch.allclose(a.detach().cpu().float(), b.detach().float(), 1e-3, 2e-3)


def first_problem(look: Callable[..., Seen], before: Sequence[tuple[int, int, int]]) -> Callable[..., Seen]:
    """Return a ``drive`` that looks at stages of earlier probes first, so that a mistake stays the same."""

    def drive(build: Callable[..., Any], *sizes: int) -> Seen:
        for each in (*before, sizes):
            seen = look(build, *each)
            if seen.kind != WANTED:
                break
        return seen

    return drive
