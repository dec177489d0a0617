"""Collect what every layer of a model computes from one image: plain arrays, ready to be drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...models.modes import evaluating
from ..fields import Field, Tracer
from ..tracing import Node, check_module
from ..tracing.recorder import record
from ..untouched import as_image, copy_if_lazy, prepare

BUDGET = (
    256 * 2**20
)  # bytes of maps kept from the first pass; what exceeds it is computed again when asked for

# Operations that only rearrange values: their results would show the same picture twice.
_MOVES = {"view", "reshape", "view_as", "getitem", "permute", "transpose", "T", "mT", "movedim", "contiguous"}
_MOVES |= {"to", "type", "float", "half", "bfloat16", "double", "cpu", "cuda", "detach", "clone", "alias"}
_MOVES |= {"unsqueeze", "squeeze", "expand", "expand_as", "chunk", "split", "unbind", "narrow", "select"}


@dataclass(frozen=True)
class Layer:
    """What one layer or operation gave: its name as in ``named_modules``, its kind, its shape in torch."""

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def maps(self) -> tuple[int, int, int]:
        """Number of maps, rows and columns; a vector is that many maps of one cell."""
        shape = self.shape[1:] if len(self.shape) > 1 and self.shape[0] == 1 else self.shape
        if len(shape) < 2:
            return math.prod(shape), 1, 1
        return math.prod(shape[:-2]), *shape[-2:]  # type: ignore[return-value]

    @property
    def is_vector(self) -> bool:
        """Whether there is one number for each channel and nothing to look at in space."""
        return self.maps[1:] == (1, 1)


@dataclass
class Capture:
    """One image, and the result of every layer for it, as it was when the layer had just run."""

    model: nn.Module
    inputs: Tensor
    layers: tuple[Layer, ...]
    kept: dict[int, np.ndarray] = field(repr=False)

    def values(self, index: int) -> np.ndarray:
        """Return the maps of a layer, float32 [maps, rows, columns].

        Beyond the budget of `collect` they are computed again, by the model as it is by then.
        """
        if index not in self.kept:
            again = _run(self.model, self.inputs, only=index)
            return again.kept[index]
        return self.kept[index]


def collect(model: nn.Module, image: Any, budget: int = BUDGET) -> Capture:
    """Run a model on one image and keep a copy of what every layer and operation gives.

    The model runs in evaluation mode and without gradients. Afterwards each module's mode, its buffers and
    the random state are as before, and no hook is left, also when the pass fails. A copy is made the moment a
    layer has finished, so that an in-place operation behind it changes nothing here.

    Parameters
    ----------
    model : nn.Module
        Layers are modules without children; operations that a forward pass does itself (``F.relu``, ``+``,
        ``torch.cat``) are layers too. A layer used again appears again, as ``relu #2``. Each tensor of a
        tuple or dictionary is a layer of its own: ``pool`` and ``pool[1]``.
    image : array or tensor [H, W], [H, W, 3], [C, H, W] or [1, C, H, W]
        As `as_image` takes it.
    budget : int
        Bytes of maps to keep.

    Returns
    -------
    Capture
        ``layers``, the first of which is the input; ``values(index)`` float32 [maps, rows, columns].

    Raises
    ------
    TypeError
        When ``model`` is not an nn.Module that can be traced.
    ValueError
        When the image has another shape.
    TraceFailed
        When the forward pass raises; the message names the layer.

    Examples
    --------
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True))
    >>> captured = collect(model, torch.ones(5, 7))
    >>> [(layer.name, layer.kind, layer.maps) for layer in captured.layers[1:]]
    [('0', 'Conv2d', (2, 3, 5)), ('1', 'ReLU', (2, 3, 5))]
    >>> captured.values(1).shape
    (2, 3, 5)
    """
    check_module(model)
    inputs = as_image(image)
    model = copy_if_lazy(model)
    return _run(model, prepare(model, (inputs,))[0], budget=budget)


def as_images(image: Any, titles: Any) -> tuple[list[Any], list[str]]:
    """Return one image, a list or a dictionary of them as a list, and a name for each."""
    if isinstance(image, Mapping):
        names, images = [str(name) for name in image], list(image.values())
    elif isinstance(image, list | tuple) and image and all(np.ndim(_plain(one)) >= 2 for one in image):
        names, images = [f"image {n}" for n in range(len(image))], list(image)
    else:
        names, images = ["image"], [image]
    if not images:
        raise ValueError("got no image; expected at least one")
    if titles is not None:
        names = [str(title) for title in ([titles] if isinstance(titles, str) else titles)]
    if len(names) != len(images):
        raise ValueError(f"got {len(names)} titles for {len(images)} images; expected one for each")
    return images, names


def _plain(value: Any) -> Any:
    return value.detach().cpu() if hasattr(value, "detach") else value


def see(capture: Capture) -> list[Field]:
    """Return what the cells of each layer of a capture can depend on, in the order of its layers.

    One more pass, followed operation by operation: layers and the operations between them.

    Examples
    --------
    >>> from torch import nn
    >>> fields = see(collect(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), torch.ones(5, 7)))
    >>> fields[2].rows.tolist()
    [[0, 2], [1, 3], [2, 4]]
    """
    inputs = capture.inputs.clone()
    tracer = Tracer(inputs)
    tracer.note("0", inputs)

    def keep(node: Node, results: list[Tensor]) -> None:
        for tensor in _shown(node, results):
            tracer.note(str(len(tracer.notes)), tensor)

    with evaluating(capture.model), tracer:
        record(capture.model, (inputs,), keep=keep)
    return list(tracer.fields().values())


def _run(model: nn.Module, inputs: Tensor, only: int | None = None, budget: int = BUDGET) -> Capture:
    layers = [Layer("input", "input", tuple(inputs.shape))]
    kept = {0: _copy(inputs, layers[0])}
    used = kept[0].nbytes

    def keep(node: Node, results: list[Tensor]) -> None:
        nonlocal used
        for slot, tensor in enumerate(_shown(node, results)):
            index = len(layers)
            name = node.name if slot == 0 else f"{node.name}[{slot}]"
            layers.append(Layer(name, node.kind, tuple(tensor.shape)))
            fits = used + 4 * tensor.numel() <= budget
            if fits if only is None else index == only:
                kept[index] = _copy(tensor, layers[-1])
                used += kept[index].nbytes

    with evaluating(model):
        record(model, (inputs.clone(),), keep=keep)
    return Capture(model, inputs, tuple(layers), kept)


def _shown(node: Node, results: list[Tensor]) -> list[Tensor]:
    """The results that hold numbers to look at, and new ones."""
    if not node.module and node.kind in _MOVES:
        return []
    return [t for t in results if t.numel() and not t.is_complex() and t.layout == torch.strided]


def _copy(tensor: Tensor, layer: Layer) -> np.ndarray:
    return tensor.detach().to("cpu", torch.float32, copy=True).numpy().reshape(layer.maps)
