"""Look at a network that an answer built, whatever its layers are called and however they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..exercise import Unusable
from ..observing import Seen

Build = Callable[..., Any]
KERNEL, MAPS, FEATURES = (3, 3), 32, 32 * 13 * 13
_KINDS = {
    MAPS * 26 * 26: "not pooled",
    MAPS * 14 * 14: "padded",
    MAPS * 28 * 28: "padded",
    13 * 13: "one map",
}


def built(build: Build, **options: Any) -> nn.Module:
    """Call the answer; raise Unusable unless it returns a network that can be looked at."""
    model = build(**options)
    if isinstance(model, type):
        raise Unusable(f"You returned the class {model.__name__} itself. Call it: return {model.__name__}().")
    if not isinstance(model, nn.Module):
        raise Unusable(f"Expected a network, an nn.Module; got an object of type {type(model).__name__}.")
    if getattr(type(model), "forward", None) is nn.Module.forward:
        raise Unusable("Your network has no forward method, so nothing can go through it.")
    if any(is_lazy(weight) for weight in model.parameters()):
        with suppress(Exception), torch.no_grad():  # gives lazy layers their sizes; errors show later
            model(torch.zeros(2, 1, 28, 28))
    if any(is_lazy(weight) for weight in model.parameters()):
        raise Unusable("A lazy layer of your network did not get its size: no image reached it.")
    return model


def images_for(model: nn.Module, number: int, seed: int = 0) -> Tensor:
    """Return images in the precision of the network's weights: a float64 network is welcome."""
    images = torch.randn(number, 1, 28, 28, generator=torch.Generator().manual_seed(seed))
    return images.to(next((weight.dtype for weight in model.parameters()), images.dtype))


def layers_of(model: nn.Module, classes: int) -> Seen:
    """Return what the weights tell about the layers: the first that is not as wanted, or that all are."""
    shapes = [tuple(weight.shape) for weight in model.parameters()]
    expected = [(MAPS, 1, *KERNEL), (MAPS,), (classes, FEATURES), (classes,)]
    if sorted(map(math.prod, shapes)) == sorted(map(math.prod, expected)):
        return Seen(
            "as wanted", f"{MAPS} kernels 3×3, a linear layer from {FEATURES:,} numbers to {classes}, biases"
        )
    if len(shapes) <= 2 and (unknown := _layers_unknown_to(model)):
        return Seen("unknown", f"layers that the network does not know: {unknown}")
    kernels = [shape for shape in shapes if len(shape) == 4]
    matrices = [shape for shape in shapes if len(shape) == 2]
    problem = _problem_with_kernels(kernels) or _problem_with_matrices(matrices, classes)
    if problem:
        return problem
    if len(shapes) < len(expected):
        return Seen("no bias", "layers without biases")
    return Seen("more", f"other weights too: {len(shapes)} tensors of weights")


def _layers_unknown_to(model: nn.Module) -> str:
    """Return the kinds of layers with weights that a pass uses, but that are no parts of the network."""
    known, unknown = set(model.modules()), []

    def note(layer: nn.Module, *_: Any) -> None:
        if layer not in known and next(layer.parameters(), None) is not None:
            unknown.append(type(layer).__name__)

    hook = nn.modules.module.register_module_forward_pre_hook(note)
    with suppress(Exception), torch.no_grad():  # errors show in the next probe
        model(images_for(model, 2))
    hook.remove()
    return ", ".join(unknown)


def _problem_with_kernels(kernels: Sequence[tuple[int, ...]]) -> Seen | None:
    if len(kernels) != 1:
        return Seen("no convolution" if not kernels else "convolutions", f"{len(kernels)} convolutions")
    maps, channels, *kernel = kernels[0]
    if tuple(kernel) != KERNEL:
        return Seen("kernel", f"kernels of {kernel[0]}×{kernel[1]}")
    if channels != 1:
        return Seen("channels", f"kernels for {channels} input channels")
    if maps != MAPS:
        return Seen("maps", f"{maps} kernels")
    return None


def _problem_with_matrices(matrices: Sequence[tuple[int, ...]], classes: int) -> Seen | None:
    if len(matrices) != 1:
        return Seen("no linear" if not matrices else "hidden", f"{len(matrices)} linear layers")
    outputs, features = matrices[0]
    if outputs != classes:
        return Seen("classes", f"{outputs} outputs")
    if features != FEATURES:
        return Seen(_KINDS.get(features, "features"), f"a linear layer from {features:,} numbers")
    return None


def shape_of(model: nn.Module, images: Tensor, classes: int) -> Seen:
    """Return what comes out, by its shape; where a layer refuses, what arrived there."""
    arrived: list[tuple[nn.Module, tuple[int, ...]]] = []
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.MaxPool2d):
            layer.register_forward_pre_hook(lambda layer, x: arrived.append((layer, tuple(x[0].shape))))
    try:
        with torch.no_grad():
            out = model(images)
    except RuntimeError:
        refused = _refused(*arrived[-1], number=len(images)) if arrived else None
        if refused is None:
            raise
        return refused
    if not isinstance(out, Tensor):
        raise Unusable(
            f"Your network returns an object of type {type(out).__name__}; expected logits [N, K]."
        )
    shape = tuple(out.shape)
    text = f"shape {list(shape)}"
    if shape == (len(images), classes):
        return Seen("as wanted", text)
    if len(shape) != 2:
        return Seen("not flat", text)
    return Seen("batch" if shape[0] != len(images) else "classes", text)


def _refused(layer: nn.Module, shape: tuple[int, ...], number: int) -> Seen | None:
    if not isinstance(layer, nn.Linear):
        return (
            None if len(shape) > 2 else Seen("flat", f"an error: {type(layer).__name__} gets {list(shape)}")
        )
    if shape[-1] == layer.in_features:
        return None
    text = (
        f"an error: the linear layer has weights for {layer.in_features:,} numbers, and {list(shape)} arrives"
    )
    if len(shape) > 2:
        return Seen("not flat", text)
    return Seen("batch" if len(shape) == 1 or shape[0] != number else "size", text)


def logits_of(model: nn.Module, images: Tensor, seed: int) -> Tensor:
    """Return the logits of ``images`` after every network of these layers was given the same weights.

    The four tensors of weights are told apart by how many numbers they hold, so that their names, their order
    and a transposed matrix do not matter.
    """
    classes = _classes_of(model)
    generator = torch.Generator().manual_seed(seed)
    for shape, scale in (
        ((MAPS, 1, *KERNEL), 1.5),
        ((MAPS,), 0.5),
        ((classes, FEATURES), 0.05),
        ((classes,), 2.0),
    ):
        values = scale * torch.randn(shape, generator=generator)
        (weight,) = [weight for weight in model.parameters() if weight.numel() == math.prod(shape)]
        turned = len(shape) == 2 and tuple(weight.shape) == shape[::-1]
        with torch.no_grad():
            weight.copy_(values.T if turned else values.reshape(weight.shape))
    torch.manual_seed(seed)  # a network may draw too, and building it has drawn more or less before
    with torch.no_grad():
        return model(images)


def _classes_of(model: nn.Module) -> int:
    """Return the number of classes of a network that has the wanted weights, else raise Unusable."""
    counts = sorted(weight.numel() for weight in model.parameters())
    if len(counts) == 4 and counts[0] < MAPS and counts[1:] == sorted([MAPS, MAPS * 9, counts[0] * FEATURES]):
        return counts[0]
    raise Unusable(
        f"Your network has other weights than a convolution with {MAPS} kernels 3×3 and a linear layer, both "
        "with biases."
    )
