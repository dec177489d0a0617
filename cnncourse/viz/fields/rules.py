"""What each torch operation does to the span of its operands; one without a rule is named, never guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from .spans import Span, deepen, deepen_all, join, mix, mix_channels, move, union
from .windows import Lookup, arguments, interpolate, pad, slide

ELEMENTWISE = frozenset(
    """abs add addcdiv addcmul alpha_dropout atan and batch_norm bool celu ceil clamp clamp_max
    clamp_min clip clone contiguous copy cos cpu cuda data detach div divide double dropout
    dropout1d dropout2d dropout3d elu eq erf exp expm1 feature_alpha_dropout feature_dropout float
    floor floor_divide ge gelu gt half hardshrink hardsigmoid hardswish hardtanh iadd iand imul int
    isub itruediv ior ipow le leaky_relu lerp log log10 log1p log2 logical_and logical_not
    logical_or logical_xor logit logsigmoid long lt masked_fill maximum minimum mish mul multiply
    nan_to_num ne neg negative or positive pow prelu radd rand real reciprocal relu relu6 remainder
    requires_grad rmul ror round rpow rrelu rsqrt rsub rtruediv selu sigmoid sign silu sin softplus
    softshrink softsign sqrt square sub subtract tan tanh tanhshrink threshold to true_divide
    truediv trunc type type_as where xor""".split()  # noqa: SIM905
)
MOVES = frozenset(
    """H T adjoint broadcast_to channel_shuffle chunk expand expand_as flatten flip fliplr flipud
    getitem hsplit index_select mH mT moveaxis movedim narrow permute pixel_shuffle pixel_unshuffle
    ravel repeat repeat_interleave reshape reshape_as roll rot90 select split split_with_sizes
    squeeze swapaxes swapdims t tensor_split tile transpose unbind unflatten unfold unsqueeze view
    view_as vsplit native_channel_shuffle""".split()  # noqa: SIM905
)
REDUCTIONS = frozenset(
    """all amax amin any argmax argmin logsumexp max mean min nanmean norm prod std std_mean sum var
    var_mean vector_norm""".split()  # noqa: SIM905
)
ALONG = frozenset(
    ["log_softmax", "normalize", "softmax", "softmin", "sort", "argsort", "topk"]
)  # mix cells of one dimension
EVERYTHING = frozenset(["multi_head_attention_forward", "_native_multi_head_attention"])
CONSTANT = frozenset(
    """empty_like full_like ones_like rand_like randint_like randn_like zeros_like new_empty new_full
    new_ones new_zeros zero fill bernoulli normal uniform""".split()  # noqa: SIM905
)


def name_of(func: Any) -> str:
    """Return the plain name of an operation: ``relu`` for ``relu_``, ``iadd`` for ``__iadd__``."""
    name = getattr(func, "__name__", type(func).__name__)
    if name == "__get__":
        name = getattr(getattr(func, "__self__", None), "__name__", name)
    return name.strip("_") or name


def follow(
    name: str,
    args: tuple,
    kwargs: dict[str, Any],
    func: Any,
    shapes: list[tuple[int, ...]],
    look: Lookup,
    tracked: list[Span],
) -> list[Span] | None:
    """Return the spans of an operation's results (one for all, or one each); None without a rule."""
    first = look(args[0]) if args else None
    whole = union([deepen(s, s.shape) for s in tracked])
    shape = shapes[0]
    spatial = dimensions(name)
    if name in ELEMENTWISE:
        if name == "batch_norm" and normalizes_by_image(args, kwargs):
            whole = mix(whole, _spatial_dims(whole, 2))
        return [deepen(whole, shape)]
    if name in ("cat", "concat", "concatenate", "stack"):
        given = arguments("tensors dim", args, kwargs)
        parts, dim = list(given["tensors"]), given.get("dim", given.get("axis", 0))
        spans, sizes = [look(part) for part in parts], [tuple(part.shape) for part in parts]
        if name == "stack":
            spans = [s and move(s, lambda bound: bound.unsqueeze(dim))[0] for s in spans]
            sizes = [tuple(part.unsqueeze(dim).shape) for part in parts]
        return [join(spans, sizes, dim)]
    if first is None:
        return _weights_only(name, whole, shapes)
    if name in MOVES and not (name == "unfold" and len(args) < 4 and "size" not in kwargs):
        if len(tracked) > 1:  # cells chosen by other tracked values
            return None
        if name in ("view", "view_as"):  # the bounds are not laid out in memory as their tensor is
            return (
                [first]
                if len(args) > 1 and isinstance(args[1], torch.dtype)
                else move(first, lambda bound: bound.reshape(shape))
            )
        rest = [a.cpu() if isinstance(a, Tensor) else a for a in args[1:]]
        if isinstance(args[1] if len(args) > 1 else None, tuple):
            rest[0] = tuple(a.cpu() if isinstance(a, Tensor) else a for a in args[1])
        return move(first, lambda bound: func(bound, *rest, **kwargs))
    if name in REDUCTIONS or name in ALONG:
        return _reduce(name, args, kwargs, whole, shape)
    if name in EVERYTHING:
        return [deepen_all(mix(whole), s) for s in shapes]
    if name in ("layer_norm", "rms_norm"):
        return [mix(first, range(-len(args[1]), 0))]
    if name in ("instance_norm", "group_norm"):
        span = mix(first, _spatial_dims(first, 2))
        groups = len(args) > 1 and args[1]
        return [mix_channels(span, 1, groups, first.shape[1]) if name == "group_norm" and groups else span]
    if name == "local_response_norm":
        return [mix(first, [1])]
    if name == "linear":
        return [replace(mix(first, [-1]), shape=shape)]
    if name in ("matmul", "bmm", "mm"):
        sides = [(look(args[0]), -1), (look(args[1]), -2 if len(args[1].shape) > 1 else -1)]
        parts = [mix(span, [dim]) for span, dim in sides if span is not None]
        return [deepen(union(parts), shape)] if len(shape) == len(first.shape) else None
    if name == "scaled_dot_product_attention":
        query, key, value = (look(a) for a in args[:3])
        if query is None or key is None or value is None:
            return None
        return [replace(union([mix(query, [-1]), mix(key, [-1, -2]), mix(value, [-2])]), shape=shape)]
    if name == "pad":
        return [pad(first, args, kwargs)]
    if name == "interpolate":
        return [interpolate(first, args, kwargs)]
    if spatial:
        return slide(name, spatial, first, args, kwargs, shapes, look)
    return None


def normalizes_by_image(args: tuple, kwargs: dict[str, Any]) -> bool:
    """Whether a batch normalization takes mean and variance from its input, not from running statistics."""
    given = arguments("input running_mean running_var weight bias training", args, kwargs)
    return bool(given.get("training")) or given.get("running_mean") is None


def dimensions(name: str) -> int:
    """Return 1, 2 or 3 for an operation such as ``conv2d``, and 0 for others."""
    for count in (1, 2, 3):
        if f"{count}d" in name:
            return count
    return 0


def _spatial_dims(span: Span, first: int) -> range:
    return range(first, len(span.shape))


def _weights_only(name: str, whole: Span, shapes: list[tuple[int, ...]]) -> list[Span] | None:
    """Return everything when only the weights or the second operand depend on the image."""
    if name.startswith("conv") or name in ("linear", "matmul", "bmm", "mm"):
        return [deepen_all(mix(whole), shape) for shape in shapes]
    return None


def chosen_dims(name: str, args: tuple, kwargs: dict) -> Any:
    """Return the dimensions that a reduction names, None for all; a tensor when it compares two tensors."""
    position = 2 if name in ("norm", "vector_norm", "normalize", "topk") else 1
    dims = kwargs.get("dim", kwargs.get("axis"))
    if dims is None and len(args) > position:
        dims = args[position]
    return {"normalize": 1, "topk": -1, "sort": -1, "argsort": -1}.get(name) if dims is None else dims


def _reduce(name: str, args: tuple, kwargs: dict, span: Span, shape: tuple[int, ...]) -> list[Span] | None:
    dims = chosen_dims(name, args, kwargs)
    if isinstance(dims, Tensor):  # the larger of two tensors, cell by cell
        return [deepen(span, shape)]
    if dims is None and name in ALONG:
        return None
    depth = len(span.shape)
    chosen = {d % depth for d in ([dims] if isinstance(dims, int) else dims or range(depth))}
    mixed = mix(span, chosen)
    if len(shape) == depth:
        return [replace(mixed, shape=shape)]
    kept = [d for d in range(depth) if d not in chosen]
    return [mixed.each(lambda _, bound: bound.reshape([bound.shape[d] for d in kept]), shape=shape)]
