"""The layers of a network in the order of their calls, where each takes what the one before returned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .modes import evaluating


@dataclass(frozen=True)
class Call:
    """One layer that was called: its name in the network, and the shapes [N, …] that went in and came out."""

    name: str
    layer: nn.Module
    before: tuple[int, ...]
    after: tuple[int, ...]


def chain(model: nn.Module, x: Tensor) -> list[Call]:
    """Return the layers that ``model`` calls on ``x``, first one first.

    A layer is a module without children. It is run in eval mode, once, and left as it was. Flattening that
    is no layer, as ``torch.flatten(x, 1)`` in torchvision's networks, is added as one.

    Parameters
    ----------
    model
        The network.
    x
        An image with a batch axis, [1, C, H, W], of random numbers: equal ones would hide what happens
        between the layers.

    Raises
    ------
    ValueError
        When something other than flattening happens between two layers, or a layer takes or returns several
        tensors: the layers alone would then compute something else.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    >>> for call in chain(model, torch.rand(1, 1, 4, 4)):
    ...     print(call.name, call.before, call.after)
    0 (1, 1, 4, 4) (1, 2, 2, 2)
    1 (1, 2, 2, 2) (1, 2, 2, 2)
    2 (1, 2, 2, 2) (1, 8)
    3 (1, 8) (1, 3)
    """
    recorder = _Recorder(x)
    handles = []
    try:
        for name, layer in model.named_modules():
            if not any(layer.children()):
                handles.append(layer.register_forward_pre_hook(recorder.before(name), with_kwargs=True))
                handles.append(layer.register_forward_hook(recorder.after(name)))
        with torch.no_grad(), evaluating(model):
            recorder.expect(model(x), "the output")
    finally:
        for handle in handles:
            handle.remove()
    return recorder.calls


@dataclass
class _Recorder:
    """Follows one tensor from layer to layer."""

    tensor: Tensor
    version: int = 0
    place: str = "the input"
    shape: tuple[int, ...] = ()
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.version = self.tensor._version

    def before(self, name: str) -> Any:
        def hook(layer: nn.Module, args: tuple, kwargs: dict) -> None:
            values = [*args, *kwargs.values()]
            if len(values) != 1 or not isinstance(values[0], Tensor):
                raise ValueError(_no_chain(f"layer {name!r} takes more than one tensor"))
            self.expect(values[0], f"layer {name!r}")
            self.shape = tuple(values[0].shape)

        return hook

    def after(self, name: str) -> Any:
        def hook(layer: nn.Module, args: tuple, output: Any) -> None:
            if not isinstance(output, Tensor):
                raise ValueError(
                    _no_chain(f"layer {name!r} returns a {type(output).__name__}, not one tensor")
                )
            self.calls.append(Call(name, layer, self.shape, tuple(output.shape)))
            self.tensor, self.version, self.place = output, output._version, f"layer {name!r}"

        return hook

    def expect(self, tensor: Any, place: str) -> None:
        """Check that ``tensor`` is the one that came last, as it was then, or only flattened."""
        if isinstance(tensor, Tensor) and self.tensor._version == self.version:
            if tensor is self.tensor:
                return
            flat = self.tensor.flatten(1)
            if tensor.shape == flat.shape != self.tensor.shape and torch.equal(tensor, flat):
                self.calls.append(Call("flatten", nn.Flatten(), tuple(self.tensor.shape), tuple(flat.shape)))
                self.tensor = tensor
                return
        raise ValueError(_no_chain(f"something that is no layer happens between {self.place} and {place}"))


def _no_chain(what: str) -> str:
    return (
        f"{what}; expected layers one after another: write the network as an nn.Sequential, with nn.ReLU(), "
        f"nn.MaxPool2d(…) and nn.Flatten() instead of functions, and without branches"
    )
