"""Failures whose cause is the input: its number, device, dtype, missing dimensions, channels."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from ..architectures.boxes import shape_text
from ..tracing import Failure, Shape
from ..tracing.operations import labelled_tensors
from ..untouched import home
from .cases import Case, Reason, channel_count
from .trying import image


def nothing(case: Case) -> Reason | None:
    """No tensor at all."""
    if any(True for _ in labelled_tensors(case.inputs)):
        return None
    got = ", ".join(type(value).__name__ for value in case.inputs) or "nothing"
    return Reason(f"The model was called with {got}.", "Give a tensor, or a shape such as (1, 3, 224, 224).")


def signature(case: Case) -> Reason | None:
    """A forward that takes other arguments."""
    found = re.search(r"forward\(\) (missing .*|takes .*|got an unexpected .*)", case.message)
    if not found or not isinstance(case.failure.error, TypeError):
        return None
    who = case.failure.name or case.trace.model
    remedy = (
        "Several inputs are given as a tuple: explain_shapes(model, (x1, x2))."
        if "missing" in found[1]
        else ""
    )
    return Reason(f"The forward of {who} was called with other arguments than it takes: {found[1]}.", remedy)


def device(case: Case) -> Reason | None:
    """An input on another device than the weights."""
    device, _ = home(case.model)
    first = image(case.inputs)
    if first is None or first.device == device:
        return None
    cause = f"The input is on {first.device}, the model's weights are on {device}."
    return Reason(cause, f'Move it there: x = x.to("{device}").')


def dtype(case: Case) -> Reason | None:
    """An input of another dtype than the weights."""
    first, (_, dtype) = image(case.inputs), home(case.model)
    if first is None or first.dtype == dtype or not case.from_input():
        return None
    name = str(first.dtype).removeprefix("torch.")
    wanted = str(dtype).removeprefix("torch.")
    if not case.try_image(lambda t: t.to(dtype)):
        return None
    call = "x.float()" if dtype == torch.float32 else f"x.to({dtype})"
    if first.is_floating_point():
        return Reason(f"The input holds {name} numbers, the model's weights are {wanted}.", f"Use {call}.")
    scale = " / 255" if first.dtype == torch.uint8 else ""
    return Reason(
        f"The input holds whole numbers ({name}), the model computes with {wanted}.",
        f"Use {call}{scale}" + (", which also brings 0..255 to 0..1." if scale else "."),
    )


def batch(case: Case) -> Reason | None:
    """An image without its batch dimension."""
    first = image(case.inputs)
    if first is None or first.ndim not in (2, 3):
        return None
    got = shape_text(tuple(first.shape))
    for extra, call in ((1, "x[None]"), (2, "x[None, None]")):
        lead = (1,) * extra
        if case.try_image(partial(_with_dimensions, lead)):
            kind = "batch dimension" if extra == 1 else "batch and channel dimensions"
            wanted = shape_text(lead + tuple(first.shape))
            verb = "is" if extra == 1 else "are"
            return Reason(f"The {kind} {verb} missing: got {got}, expected {wanted}.", f"Use {call}.")
    return None


def _with_dimensions(lead: Shape, tensor: Tensor) -> Tensor:
    return tensor.reshape(*lead, *tensor.shape)


def _convolution(failure: Failure) -> tuple[int, int, int] | None:
    """Return (channels expected, channels got, dimensions) of a failing convolution."""
    rank = next((d for d in (1, 2, 3) if f"{d}d" in failure.kind), 0)
    if not failure.kind.lower().replace("_", "").startswith("conv") or not rank or not failure.in_shapes:
        return None
    shape = failure.in_shapes[0]
    if len(shape) not in (rank + 1, rank + 2):
        return None
    expected = getattr(failure.module, "in_channels", None)
    if expected is None:
        found = re.search(r"expected input.* to have (\d+) channels", str(failure.error))
        expected = int(found[1]) if found else None
    return None if expected is None else (int(expected), shape[-rank - 1], rank)


def channels(case: Case) -> Reason | None:
    """A convolution that got another number of channels."""
    found = _convolution(case.failure)
    if found is None or found[0] == found[1]:
        return None
    expected, got, rank = found
    cause = f"{case.where} expects {channel_count(expected)} and got {channel_count(got)}"
    if not case.from_input():
        node = case.node()
        maker = f"{node.kind} ({node.name})" if node else "the layer before"
        cause += f": {maker} gives {shape_text(node.out_shapes[0][1:]) if node else got}."
        wanted = channel_count(expected)
        return Reason(cause, f"Give it in_channels={got}, or let the layer before give {wanted}.")
    dims = len(case.shape)
    expand = f"x.expand({', '.join('-1' if d != dims - rank - 1 else str(expected) for d in range(dims))})"
    order = (0, dims - 1, *range(1, dims - 1))
    ideas: list[tuple[str, str, Callable[[Tensor], Tensor]]] = [
        (
            ": the channels stand last",
            f"Bring them to the front: x.permute{order}.",
            lambda t: t.permute(order),
        ),
        (
            ": a grayscale image where RGB is expected" if (got, expected) == (1, 3) else "",
            f"Repeat the one channel: {expand}.",
            lambda t: t.expand(*(expected if d == dims - rank - 1 else -1 for d in range(dims))),
        ),
        (
            ": an RGB image where grayscale is expected" if (got, expected) == (3, 1) else "",
            f"Average the channels: x.mean(dim={dims - rank - 1}, keepdim=True).",
            lambda t: t.mean(dim=dims - rank - 1, keepdim=True) if expected == 1 else t[:0],
        ),
        (
            ": an image with transparency (RGBA)" if (got, expected) == (4, 3) else "",
            f"Keep the first {expected}: x[:, :{expected}].",
            lambda t: t.narrow(dims - rank - 1, 0, expected),
        ),
    ]
    for what, remedy, change in ideas:
        if case.try_image(change):
            return Reason(f"{cause}{what}.", remedy)
    return Reason(f"{cause}.", f"The model's input needs {channel_count(expected)}.")
