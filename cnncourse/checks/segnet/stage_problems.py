"""What may be wrong with a stage of encoder and decoder alike: its weights, its layers, their order."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from typing import Any

from torch import nn

from ..comparing import kind
from ..observing import Seen
from .stages import Stage, is_vector

Pairs = Sequence[tuple[int, int]]  # (outputs, inputs) of each convolution
_OTHER_NORMS = (
    *(nn.InstanceNorm2d, nn.GroupNorm, nn.LayerNorm, nn.LocalResponseNorm),
    *(nn.BatchNorm1d, nn.BatchNorm3d, nn.InstanceNorm1d),
)


def no_stage(model: Any, arguments: Sequence[str]) -> Seen | None:
    """Say what is wrong with what an answer returned, before anything goes through it."""
    if isinstance(model, type):
        return Seen("class", f"the class {model.__name__} itself")
    if not isinstance(model, nn.Module):
        return Seen("no module", kind(model))
    if getattr(model.forward, "__func__", None) is nn.Module.forward:
        return Seen("no forward", f"{type(model).__name__}, an nn.Module without a forward method")
    try:
        inspect.signature(model.forward).bind(*arguments)
    except TypeError:
        return Seen("arguments", f"a stage whose forward does not take ({', '.join(arguments)})")
    except ValueError:  # without a signature: only the call can tell
        return None
    return None


def weights_problem(stage: Stage, pairs: Pairs) -> Seen | None:
    """Compare the kernels, wherever they are kept, with those of 3×3 convolutions of these channels."""
    strangers = {id(weight) for weight in stage.strangers()}
    if strangers:
        again = Stage(stage.model, stage.inputs)
        if strangers & {id(weight) for weight in again.strangers()}:
            return Seen("unknown layers", "layers whose weights stage.parameters() does not list")
        return Seen("made anew", "layers that are made anew in each pass")
    kernels = [weight for weight in stage.weights if weight.dim() == 4 and not is_vector(weight.shape)]
    shapes = [tuple(weight.shape) for weight in kernels]
    text = "kernels of " + (", ".join("×".join(map(str, shape)) for shape in shapes) or "no convolution")
    if any(isinstance(module, nn.ConvTranspose2d) for module in stage.model.modules()):
        return Seen("transposed", f"{text}, of transposed convolutions")
    if len(kernels) < len(pairs) and _used_again(stage):
        return Seen("shared convolution", f"{text}, used several times")
    if any(shape[2:] != (3, 3) for shape in shapes):
        return Seen("kernel", text)
    if len(kernels) != len(pairs):
        return Seen("number", text)
    found = [shape[:2] for shape in shapes]
    if Counter(found) == Counter(pairs):
        return None
    if Counter(found) == Counter(_changed_elsewhere(pairs)):
        return Seen("changed elsewhere", text)
    outputs, inputs = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    if len(set(found)) == 1 and set(found) <= {(a, b) for a in outputs for b in inputs}:
        return Seen("all alike", text)
    return Seen("channels", text)


def _used_again(stage: Stage) -> bool:
    if any(stage.uses[id(weight)] > 1 for weight in stage.weights if not is_vector(weight.shape)):
        return True
    places = Counter(
        id(module)
        for _, module in stage.model.named_modules(remove_duplicate=False)
        if isinstance(module, nn.Conv2d)
    )
    return any(count > 1 for count in places.values())


def _changed_elsewhere(pairs: Pairs) -> list[tuple[int, ...]]:
    """Return the convolutions of which the last changes the channels if the first should, or the reverse."""
    first, last = pairs[0], pairs[-1]
    change = (last[0], first[1])
    kept = last[0] if first[0] == first[1] else first[1]
    return [change, *[(kept, kept)] * (len(pairs) - 1)]


def norm_problem(stage: Stage, pairs: Pairs) -> Seen | None:
    """Say whether a batch norm with weights of its own belongs to each convolution."""
    seen, vectors = stage.operations, [weight for weight in stage.weights if is_vector(weight.shape)]
    other = [type(module).__name__ for module in stage.model.modules() if isinstance(module, _OTHER_NORMS)]
    if other or "n" in seen:
        return Seen("another norm", f"a stage with {other[0] if other else 'another normalization'}")
    if any(stage.uses[id(weight)] > 1 for weight in vectors):
        return Seen("shared norm", "one batch norm that is used several times")
    if len(vectors) >= 2 * len(pairs):
        return _norm_sizes(stage, pairs) if stage.error else None
    if stage.error:
        return None
    if "b" not in seen:
        return Seen("no norm", "a stage without batch norm")
    if seen.count("b") < len(pairs):
        return Seen("norm missing", f"{seen.count('b')} × batch norm, {len(pairs)} × convolution")
    return Seen("norm without weights", "batch norms without weights")


def _norm_sizes(stage: Stage, pairs: Pairs) -> Seen | None:
    """Say whether the vectors of weights belong to other numbers of channels than the convolutions make."""
    found = Counter(weight.numel() for weight in stage.weights if is_vector(weight.shape))
    wanted = Counter(outputs for outputs, _ in pairs)
    if all(2 * wanted[size] <= found[size] <= 3 * wanted[size] for size in {*found, *wanted}):
        return None
    sizes = " and ".join(map(str, sorted(found)))
    return Seen("norm size", f"an error, with batch norms of {sizes} channels")


def order_problem(stage: Stage, convs: int) -> Seen | None:
    """Say what is wrong about the convolutions, batch norms and activations, and their order."""
    body = "".join(letter for letter in stage.operations if letter in "cbrx")
    if "x" in body:
        return Seen("another activation", "a stage with another activation than ReLU")
    if "b" not in body:
        return Seen("no norm", "a stage without batch norm")
    if "r" not in body:
        return Seen("no relu", "a stage without ReLU")
    if body.count("b") < convs:
        return Seen("norm missing", f"{body.count('b')} × batch norm, {convs} × convolution")
    if body.replace("r", "").startswith("b"):
        return Seen("norm first", "batch norm before the convolution")
    if "crb" in body:
        return Seen("relu before norm", "ReLU between convolution and batch norm")
    if body.startswith("r"):
        return Seen("relu first", "ReLU before the first convolution")
    if body.endswith("b"):
        return Seen("last relu missing", "no ReLU after the last convolution")
    if "bc" in body:
        return Seen("relu missing", f"{body.count('r')} × ReLU, {convs} × convolution")
    return None


def way_problem(stage: Stage) -> Seen | None:
    """Say what the convolutions do otherwise, if they do."""
    if any(max(getattr(node, "_saved_stride", None) or (1,)) > 1 for node in stage.convolutions):
        return Seen("stride", "convolutions with a stride")
    if any(max(getattr(node, "_saved_dilation", None) or (1,)) > 1 for node in stage.convolutions):
        return Seen("dilated", "kernels with gaps")
    modes = (getattr(module, "padding_mode", "zeros") for module in stage.model.modules())
    if "e" in stage.operations or any(mode != "zeros" for mode in modes):
        return Seen("padding mode", "convolutions that pad with something else than 0")
    return None


def padded_otherwise(stage: Stage) -> bool:
    """Whether a convolution has another padding than 1."""
    return any(set(getattr(node, "_saved_padding", None) or (1,)) != {1} for node in stage.convolutions)


def learning_problem(stage: Stage) -> Seen | None:
    """Say whether a gradient reaches every weight, and what came in."""
    lacking = [
        name
        for name, weight in stage.model.named_parameters()
        if not weight.requires_grad or not stage.uses[id(weight)]
    ]
    if lacking:
        return Seen("frozen", f"no gradient for {', '.join(lacking)}"[:100])
    if not stage.feels_its_input:
        return Seen("frozen", "no gradient for what comes in")
    return None
