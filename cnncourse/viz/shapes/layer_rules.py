"""Failures where layers meet: features, joined branches, views, norms, windows larger than the maps."""

from __future__ import annotations

import math
import re
from typing import Any

from torch import Tensor

from ..architectures.boxes import shape_text
from ..tracing import Shape, Source
from .cases import Case, Reason, channel_count, listed, with_sizes
from .trying import nearest, reaching, smallest


def linear(case: Case) -> Reason | None:
    """A fully connected layer that got another number of features than it was made for."""
    failure = case.failure
    expected = getattr(failure.module, "in_features", None)
    if failure.kind == "linear" and len(failure.arguments) and len(failure.arguments[0]) > 1:
        expected = failure.arguments[0][1].shape[-1]
    if expected is None or not case.shape or case.shape[-1] == expected:
        return None
    got = case.shape[-1]
    cause = f"{case.where} expects {expected} features and got {got}"
    node = case.node()
    maps = _before_flatten(case)
    if len(case.shape) == 1 and maps and math.prod(maps[1:]) == expected:
        return Reason(
            f"{cause}: the batch was flattened too.", "Keep it: torch.flatten(x, 1), or nn.Flatten()."
        )
    if len(case.shape) > 2 and math.prod(case.shape[1:]) == expected:
        what = (
            f"{cause}: it works on the last dimension of {shape_text(case.shape)}, which nothing flattened."
        )
        return Reason(
            what, f"Put nn.Flatten() before it: {shape_text(case.shape[1:])} = {expected} features."
        )
    if maps and len(maps) > 2 and math.prod(maps[1:]) == got:
        cause += f" = {shape_text(maps[1:])}"
    size = case.trial.size
    cause += f", because the input was {shape_text(size)}." if size and maps else "."
    outs = getattr(failure.module, "out_features", "…")
    change = f"nn.Linear({got}, {outs})"
    if not size or not maps:
        maker = f" {node.kind} ({node.name}) gives {got}." if node else ""
        return Reason(cause + maker, f"Make it {change}.")
    sizes = reaching(case.trial, failure.name, expected) if len(set(size)) == 1 else nearest(case.trial)
    if not sizes:
        sizes = reaching(case.trial, failure.name, expected)
    if not sizes:
        tried = "" if case.trial.over else f"No square input gives {expected} features here. "
        return Reason(cause, f"{tried}Make the layer {change}.")
    span = len(set(size)) == 1 and len(sizes) > 1
    words = " to ".join(map(shape_text, sizes)) if span else listed(sizes)
    cure = (
        f"Inputs of {words} give {expected}." if len(sizes) > 1 else f"An input of {words} gives {expected}."
    )
    remedy = f"{cure} Or keep this size and make the layer {change}."
    return Reason(cause, remedy, tuple(sizes))


def _before_flatten(case: Case) -> Shape:
    """Return the shape of the maps that were flattened on the way to the failing layer."""
    node = case.node()
    while node is not None and node.sources:
        if len(node.in_shapes[0]) > len(node.out_shapes[0]):
            return node.in_shapes[0]
        source = node.sources[0]
        node = case.trace.nodes[source.node] if source else None
    return ()


def join(case: Case) -> Reason | None:
    """Branches that are added or concatenated but differ in size."""
    failure = case.failure
    shapes = failure.in_shapes
    if len(shapes) < 2 or len(set(map(len, shapes))) > 1 or failure.module is not None:
        return None
    along = -1
    if failure.kind == "cat":
        args, kwargs = failure.arguments
        along = kwargs.get("dim", args[1] if len(args) > 1 else 0) % len(shapes[0])
    differ = [d for d in range(len(shapes[0])) if d != along and len({s[d] for s in shapes}) > 1]
    if failure.kind != "cat":
        differ = [d for d in differ if 1 not in {s[d] for s in shapes}]
    if not differ:
        return None
    names = [_origin(case, source) for source in failure.sources]
    parts = [f"{shape_text(s[1:])} from {n}" for s, n in zip(shapes, names, strict=True)]
    verb = {"cat": "concatenates", "add": "adds"}.get(failure.kind, f"({failure.kind}) joins")
    kind = case.trace.blocks.get(failure.block, "")
    place = f"{kind} ({failure.block})" if failure.block and kind else case.trace.model
    cause = f"{place} {verb} branches of different sizes: {' meets '.join(parts)}."
    if differ == [1]:
        return Reason(
            cause, "Both need the same number of channels: a 1×1 convolution on one branch would do."
        )
    larger = max(shape[differ[-1]] for shape in shapes)
    for node in case.trace.nodes:
        if not node.in_shapes or len(node.in_shapes[0]) != len(shapes[0]) or not node.out_shapes:
            continue
        before, after = node.in_shapes[0][differ[-1]], node.out_shapes[0][differ[-1]]
        if before == larger and after == larger // 2 and larger % 2:
            maker = f"{node.kind} ({node.name})"
            cause += f" {larger} is odd: {maker} halved it to {after}, and doubling gives {2 * after}."
            break
    return with_sizes(case, cause)


def _origin(case: Case, source: Source | None) -> str:
    if source is None:
        return "a tensor made in forward"
    node = case.trace.nodes[source.node]
    return "the input" if node.kind == "input" else f"{node.kind} ({node.name})"


def view(case: Case) -> Reason | None:
    """A view or reshape to a shape that the values do not fill."""
    if "view size is not compatible" in case.message:
        cause = f"{case.where}: view cannot rearrange a tensor whose values are not in order in memory."
        return Reason(cause, "Use x.reshape(...) or x.flatten(1).")
    found = re.search(r"shape '\[(.*)\]' is invalid for input of size (\d+)", case.message)
    if not found:
        return None
    wanted = [int(n) for n in found[1].split(",")]
    known = math.prod(n for n in wanted if n != -1)
    goal = ", ".join(map(str, wanted))
    cause = f"{case.where} cannot arrange {shape_text(case.shape)} = {found[2]} numbers as ({goal}): "
    cause += f"{found[2]} is not a multiple of {known}." if -1 in wanted else f"that would be {known}."
    if case.shape[1:]:
        cause += f" One image holds {math.prod(case.shape[1:])}."
    return with_sizes(case, cause, "Let the size follow the tensor: torch.flatten(x, 1).")


def norm(case: Case) -> Reason | None:
    """A norm made for other channels, or one that has a single value to take the mean of."""
    if "Expected more than 1 value per channel" in case.message:
        cause = f"{case.where} is in training mode and got one value per channel ({shape_text(case.shape)}): "
        return Reason(
            cause + "no mean can be taken.", "Call model.eval() first, or give a batch of two or more."
        )
    features = getattr(case.failure.module, "num_features", None) or getattr(
        case.failure.module, "num_channels", None
    )
    if features is None or len(case.shape) < 2 or case.shape[1] == features:
        return None
    node = case.node()
    maker = f": {node.kind} ({node.name}) gives {node.out_shapes[0][1]}" if node and node.out_shapes else ""
    cause = f"{case.where} expects {channel_count(features)} and got {case.shape[1]}{maker}."
    return Reason(cause, f"Make it {case.failure.kind}({case.shape[1]}).")


def kernel(case: Case) -> Reason | None:
    """A window that is larger than its maps."""
    signs = (
        "Kernel size can't be greater",
        "Output size is too small",
        "kernel size",
        "Padding size should be",
    )
    if not any(sign.lower() in case.message.lower() for sign in signs) or not case.trial.rank:
        return None
    rank, shape = case.trial.rank, case.shape
    kernel = getattr(case.failure.module, "kernel_size", None)
    if kernel is None and case.failure.arguments and len(case.failure.arguments[0]) > 1:
        second = case.failure.arguments[0][1]
        kernel = tuple(second.shape[2:]) if isinstance(second, Tensor) else second
    window = f"a window of {_sides(kernel, rank)}" if kernel is not None else "its window"
    cause = (
        f"{case.where} slides {window} over maps of {shape_text(shape[-rank:])}: they have become too small."
    )
    size = smallest(case.trial)
    if size is None:
        remedy = "" if case.trial.over else "No larger input helped: remove a pooling, or add padding."
        return Reason(cause, remedy)
    which = "An input that works" if case.trial.over else "The smallest input that works here"
    return Reason(cause, f"{which} is {shape_text(size)}.", (size,))


def _sides(value: Any, rank: int) -> str:
    return shape_text(tuple(value) if isinstance(value, tuple | list) else (value,) * rank)
