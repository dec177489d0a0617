"""Look at a block of the way up that an answer built: its weights, and what comes out with known ones."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..comparing import kind
from ..exercise import Unusable
from ..modules import operations_behind
from ..observing import Seen
from .upward_weights import kernels_problem, vectors_problem, wanted_kernels

Build = Callable[..., Any]
Size = tuple[int, int]
SIZE, SKIP_SIZE = (4, 5), (8, 10)  # nothing to crop
_NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.LocalResponseNorm)


def look(build: Build, inputs: int, outputs: int) -> Seen:
    """Return what is wrong with the layers of a block, or that they are as wanted."""
    return _Look(build, inputs, outputs).problem or Seen(
        "as wanted",
        f"an up-convolution from {inputs} to {inputs // 2} channels and two convolutions 3×3 to {outputs}",
    )


def result(
    build: Build, inputs: int, outputs: int, size: Size, skip_size: Size, positive: bool = False
) -> Any:
    """Return what a block makes of two images when its weights are given, or what is wrong with it.

    Where weights and maps are ``positive`` a ReLU does nothing, so that of two mistakes only one shows.
    """
    seen = _Look(build, inputs, outputs, passing=False)
    problem = seen.problem or _give_weights(seen.model, inputs, outputs)
    if problem:
        return problem
    given = [maps(inputs, size, seed=1), maps(inputs // 2, skip_size, seed=2)]
    if positive:
        for tensor in (*seen.model.parameters(), *given):
            tensor.detach().abs_()
    try:
        out = _passed(seen.model.eval(), *given)
    except Exception:
        problem = seen.shape_problem()
        if problem:
            return problem
        raise
    return out if isinstance(out, Seen) else _shape_problem(out, size, skip_size) or out


def behavior(build: Build, inputs: int, outputs: int) -> Seen:
    """Return what else is wrong: modes that differ, weights that cannot learn or that blocks share."""
    seen = _Look(build, inputs, outputs)
    if seen.problem:
        return seen.problem
    evaluated = _passed(seen.model.eval(), *seen.given)
    if not isinstance(evaluated, Tensor):
        return evaluated
    if evaluated.shape != seen.out.shape or not torch.allclose(evaluated, seen.out, atol=1e-4):
        return Seen("modes", "other numbers in train mode than in eval mode")
    other = [weight for weight in build(inputs, outputs).parameters() if not is_lazy(weight)]
    places = {weight.data_ptr() for weight in other}
    if any(weight.data_ptr() in places for weight in seen.model.parameters()):
        return Seen("shared", "two blocks with the same weights")
    return seen.learning_problem() or Seen(
        "as wanted", "the same in both modes, a gradient for every weight, own weights in each block"
    )


def maps(channels: int, size: Size, seed: int) -> Tensor:
    """Return maps of two images, some numbers negative."""
    return _drawn((2, channels, *size), seed)


def _drawn(shape: tuple[int, ...], seed: int) -> Tensor:
    # Of one type always: an answer may set another as default.
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float32)


class _Look:
    """A block, one pass through it, and what is wrong with its layers."""

    def __init__(self, build: Build, inputs: int, outputs: int, passing: bool = True) -> None:
        """Build it and let maps through, at least where lazy layers get their sizes by that."""
        self.model = _built(build, inputs, outputs)
        self.given = [maps(inputs, SIZE, seed=5), maps(inputs // 2, SKIP_SIZE, seed=6)]
        self.out: Any = None
        self.used: list[Tensor] = []
        self.leaves: set[int] = set()
        if any(is_lazy(weight) for weight in self.model.parameters()):
            self._pass()
        if passing:
            self._pass()
        self.problem = self._arguments_problem() or self._layers_problem(inputs, outputs)
        if passing and not self.problem:
            self.problem = self.shape_problem()

    def _pass(self) -> None:
        leaves = [tensor.requires_grad_() for tensor in _like(self.model, *self.given)]
        with suppress(Exception), torch.enable_grad():  # errors show when numbers are asked for
            self.out = self.model(*(leaf.clone() for leaf in leaves))
            # Kept, since another tensor could get the id of one that is gone.
            self.used = [*leaves, *_leaves(self.out)]
            self.leaves = set(map(id, self.used[2:]))

    def _arguments_problem(self) -> Seen | None:
        with suppress(ValueError):  # without a signature only the call can tell
            try:
                inspect.signature(self.model.forward).bind("x", "skip")
            except TypeError:
                return Seen("arguments", f"{type(self.model).__name__}, whose forward takes no (x, skip)")
        return None

    def _layers_problem(self, inputs: int, outputs: int) -> Seen | None:
        parameters = list(self.model.parameters())
        strangers = self.leaves - set(map(id, [*parameters, *self.used[:2]])) if self.leaves else set()
        if strangers:
            self._pass()
            if strangers & self.leaves:
                return Seen("plain list", "layers that block.parameters() does not list")
            return Seen("made anew", "layers that are made anew in each pass")
        norms = [type(layer).__name__ for layer in self.model.modules() if isinstance(layer, _NORMS)]
        if norms:
            return Seen("norm", f"a block with {norms[0]}")
        shapes = [tuple(weight.shape) for weight in parameters if not is_lazy(weight)]
        kernels = [shape for shape in shapes if len(shape) > 1]
        problem = kernels_problem(kernels, inputs, outputs)
        if problem == "interpolated" and self._up_convolutions():
            problem = "up kernel"
        if problem == "half":
            problem = self._what_became_of_the_skip(outputs)
        if problem:
            text = " and ".join("×".join(map(str, shape)) for shape in kernels)
            return Seen(problem, f"kernels {text}" if kernels else "no weights")
        return vectors_problem([shape for shape in shapes if len(shape) < 2], inputs, outputs)

    def _what_became_of_the_skip(self, outputs: int) -> str:
        """Say why the first convolution takes half of the channels."""
        out = self._what_comes_out()
        if not isinstance(out, Tensor):
            return "added"
        if out.shape[0] != 2 or any(n > most for n, most in zip(out.shape[2:], SKIP_SIZE, strict=False)):
            return "another axis"
        if out.shape[1] > outputs:
            return "joined last"
        return "added" if id(self.used[1]) in self.leaves else "left out"

    def _what_comes_out(self) -> Any:
        if not self.used:
            self._pass()
        return self.out

    def shape_problem(self) -> Seen | None:
        """Say whether maps come out in another size where nothing must be cropped, or cannot."""
        out = self._what_comes_out()
        if isinstance(out, Tensor):
            return _shape_problem(out, SIZE, SKIP_SIZE)
        if any(set(layer.stride) == {1} for layer in self._up_convolutions()):
            return Seen("not doubled", "an up-convolution with stride 1")
        return None

    def _up_convolutions(self) -> list[nn.ConvTranspose2d]:
        return [layer for layer in self.model.modules() if isinstance(layer, nn.ConvTranspose2d)]

    def learning_problem(self) -> Seen | None:
        """Say whether a gradient reaches every weight, x and the skip."""
        wanted = [*self.model.named_parameters(), *zip(("x", "skip"), self.used, strict=False)]
        lacking = [name for name, tensor in wanted if id(tensor) not in self.leaves]
        return Seen("cut", f"no gradient for {', '.join(lacking)}") if lacking else None


def _built(build: Build, inputs: int, outputs: int) -> nn.Module:
    model = build(inputs, outputs)
    if isinstance(model, type):
        raise Unusable(
            f"You returned the class {model.__name__} itself. Build a block by calling it: "
            f"return {model.__name__}(in_channels, out_channels)."
        )
    if not isinstance(model, nn.Module):
        raise Unusable(f"Expected a block, an nn.Module; got {kind(model)}.")
    lacking = getattr(model.forward, "__func__", None) is nn.Module.forward
    if lacking and type(model).__call__ is nn.Module.__call__:
        raise Unusable("Your block has no forward method, so nothing can go through it.")
    return model


def _like(model: nn.Module, *tensors: Tensor) -> list[Tensor]:
    """Return copies in the number format of the weights."""
    weight = next((w for w in model.parameters() if not is_lazy(w)), torch.zeros(()))
    return [tensor.to(weight).clone() for tensor in tensors]


def _leaves(out: Any) -> list[Tensor]:
    """Return the weights that a result was made with."""
    nodes = operations_behind(out) if isinstance(out, Tensor) else []
    return [node.variable for node in nodes if hasattr(node, "variable")]


def _give_weights(model: nn.Module, inputs: int, outputs: int) -> Seen | None:
    """Give every block of these layers the same weights, whatever they are called; biases are 0."""
    by_count = {math.prod(shape): shape for shape in wanted_kernels(inputs, outputs)}
    up, *convs = by_count
    weights = {weight.numel(): weight for weight in model.parameters() if weight.dim() > 1}
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() < 2:
                weight.zero_()
        places = torch.arange(up)
        if tuple(weights[up].shape) != by_count[up]:
            found = _where_kernels_are(model, weights, inputs, outputs)
            if found is None:
                return Seen("mixed", "maps in which a cell does not become a block of 2×2 cells of its own")
            places = found
        for count in (up, *convs):
            values = _drawn(by_count[count], seed=count)
            if count == up:
                flat = torch.empty(up, dtype=values.dtype)
                flat[places] = values.flatten()
                values = flat
            weights[count].copy_(values.reshape(weights[count].shape))
    return None


def _where_kernels_are(
    model: nn.Module, weights: Mapping[int, Tensor], inputs: int, outputs: int
) -> Tensor | None:
    """Return where in an up-convolution that is written in another way each weight of the usual one stands.

    The convolutions let one channel through, and one cell of x after another is 1.
    """
    half = inputs // 2
    up, first, second = (weights[math.prod(shape)] for shape in wanted_kernels(inputs, outputs))
    up.copy_(torch.arange(1.0, up.numel() + 1).reshape(up.shape))
    second.zero_().view(outputs, outputs, 3, 3)[0, 0, 1, 1] = 1
    x = torch.zeros(inputs, inputs, 4, 4)
    x[:, :, 1, 1] = torch.eye(inputs)
    seen = []
    for channel in range(half):
        first.zero_().view(outputs, inputs, 3, 3)[0, [channel, half + channel], 1, 1] = 1
        seen.append(model(*_like(model, x, torch.zeros(inputs, half, 8, 8)))[:, 0])
    blocks = torch.stack(seen, 1)  # [inputs, half, 4, 4]: of 8×8 cells the convolutions leave the middle
    places = blocks[..., :2, :2].flatten().long() - 1
    whole = places.numel() == up.numel() and torch.equal(places.sort().values, torch.arange(up.numel()))
    return places if whole and not blocks[..., 2:, :].any() and not blocks[..., 2:].any() else None


def _passed(model: nn.Module, x: Tensor, skip: Tensor) -> Any:
    """Return what comes out for maps, or what is wrong about the pass."""
    given = _like(model, x, skip)
    before = [tensor.clone() for tensor in given]
    try:
        with torch.no_grad():
            out = model(*given)
    except Exception:
        with suppress(Exception), torch.no_grad():
            model(*_like(model, skip, x))
            return Seen("turned", "a block that takes the skip first")
        raise
    if not isinstance(out, Tensor):
        return Seen("no tensor", kind(out))
    if not all(map(torch.equal, given, before)):
        return Seen("changed", "a block that changes the maps it is given")
    return out


def _shape_problem(out: Tensor, size: Size, skip_size: Size) -> Seen | None:
    """Say which mistake makes maps of this size, if one does."""
    doubled = [2 * n for n in size]
    found = list(out.shape[2:])
    if found == [n - 4 for n in doubled]:
        return None
    sizes = {
        "padded": [doubled, [n - 2 for n in doubled]],
        "enlarged": [[n - 4 for n in skip_size], list(skip_size), [n - 2 for n in skip_size]],
        "not doubled": [[n + more for n in size] for more in (-4, -3, -2, -1, 0, 1)],
    }
    what = next((what for what, likely in sizes.items() if found in likely), None)
    return Seen(what, f"shape {list(out.shape)}") if what else None
