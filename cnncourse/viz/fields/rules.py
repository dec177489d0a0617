"""What each torch operation does to the span of its operands; one without a rule is named, never guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .spans import (
    Span,
    Taps,
    bins,
    deepen,
    gather,
    join,
    mix,
    mix_channels,
    move,
    stamps,
    union,
    weighted,
    window,
)

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

Call = tuple[tuple, dict[str, Any]]
Lookup = Callable[[Any], Span | None]


def name_of(func: Any) -> str:
    """Return the plain name of an operation: ``relu`` for ``relu_``, ``iadd`` for ``__iadd__``."""
    name = getattr(func, "__name__", type(func).__name__)
    if name == "__get__":
        name = getattr(getattr(func, "__self__", None), "__name__", name)
    return name.strip("_") or name


def arguments(names: str, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return positional and named arguments under the names given in order."""
    return {**dict(zip(names.split(), args, strict=False)), **kwargs}


def pair(value: Any, count: int) -> list[int]:
    """Return one number for each of ``count`` dimensions."""
    return (
        [int(v) for v in value]
        if isinstance(value, tuple | list) and len(value) > 1
        else [int(value[0] if isinstance(value, tuple | list) else value)] * count
    )


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
        return [_pad(first, args, kwargs)]
    if name == "interpolate":
        return [_interpolate(first, args, kwargs)]
    if spatial:
        return _windows(name, spatial, first, args, kwargs, shapes, look)
    return None


def deepen_all(span: Span, shape: tuple[int, ...]) -> Span:
    """Return a span that is the same everywhere, for a tensor of another number of dimensions."""
    return span.each(lambda _, bound: bound.reshape((1,) * len(shape)), shape=shape)


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


def _pad(span: Span, args: tuple, kwargs: dict) -> Span:
    given = arguments("input pad mode value", args, kwargs)
    amounts, mode = list(given["pad"]), given.get("mode", "constant")
    taps = {}
    for k in range(len(amounts) // 2):
        dim, before, after = -1 - k, int(amounts[2 * k]), int(amounts[2 * k + 1])
        if not (before or after):
            continue
        n = span.shape[dim]
        if mode == "constant":
            index = torch.arange(-before, n + after)
        else:
            index = F.pad(torch.arange(n, dtype=torch.float64)[None, None], (before, after), mode)[
                0, 0
            ].long()
        taps[dim] = Taps(index[:, None])
    # Extra rows move no cell closer together, so the chain goes on; its jump and size are the same.
    return replace(gather(span, taps), chain=span.chain)


def _interpolate(span: Span, args: tuple, kwargs: dict) -> Span:
    given = arguments(
        "input size scale_factor mode align_corners recompute_scale_factor antialias", args, kwargs
    )
    count = len(span.shape) - 2
    options = {k: v for k, v in given.items() if k not in ("input", "size", "scale_factor")}
    taps = {}
    for k in range(count):
        n, dim = span.shape[2 + k], 2 + k - len(span.shape)
        size: dict[str, Any] = {}
        if given.get("size") is not None:
            value = given["size"]
            size["size"] = [1] * count
            size["size"][0] = int(value[k] if isinstance(value, tuple | list) else value)
            across = 1
        else:
            value = given["scale_factor"]
            factor = float(value[k] if isinstance(value, tuple | list) else value)
            size["scale_factor"] = (factor, *[1.0] * (count - 1))
            across = 1
        # Each input cell alone, sent through the operation itself: what arrives is its column of the matrix.
        probes = torch.eye(n).reshape(n, 1, n, *[across] * (count - 1))
        result = F.interpolate(probes, **size, **options)
        taps[dim] = weighted(result.reshape(n, -1).T)
    return gather(span, taps)


def _windows(
    name: str, count: int, span: Span, args: tuple, kwargs: dict, shapes: list[tuple[int, ...]], look: Lookup
) -> list[Span] | None:
    shape = shapes[0]
    out = shape[-count:]
    sizes = span.shape[-count:]
    dims = range(-count, 0)
    if name.startswith("adaptive"):
        return [gather(span, {d: bins(n, o) for d, n, o in zip(dims, sizes, out, strict=True)})]
    if name.startswith("conv_transpose"):
        given = arguments("input weight bias stride padding output_padding groups dilation", args, kwargs)
        weight, groups = given["weight"], given.get("groups", 1)
        span = mix_channels(span, -count - 1, groups, weight.shape[1] * groups)
        taps = _taps(stamps, given, weight.shape[2:], out, count)
        return [replace(gather(span, taps), shape=shape)]
    if name.startswith("conv"):
        given = arguments("input weight bias stride padding dilation groups", args, kwargs)
        weight = given["weight"]
        dynamic = look(weight)
        if dynamic is not None:
            return [deepen_all(union([mix(span), deepen_all(mix(dynamic), span.shape)]), shape)]
        span = mix_channels(span, -count - 1, given.get("groups", 1), weight.shape[0])
        kernel, dilation = weight.shape[2:], pair(given.get("dilation", 1), count)
        if given.get("padding") == "valid":
            given["padding"] = 0
        if given.get("padding") == "same":
            given["padding"] = [(k - 1) * d // 2 for k, d in zip(kernel, dilation, strict=True)]
        return [replace(_chained(span, given, kernel, out, count), shape=shape)]
    if "unpool" in name:
        given = arguments("input indices kernel_size stride padding output_size", args, kwargs)
        kernel = pair(given["kernel_size"], count)
        given["stride"] = given.get("stride") or kernel
        places = look(given["indices"])
        if not _within_window(given, kernel, out, count):
            return None
        both = span if places is None else union([span, places])
        return [gather(both, _taps(stamps, given, kernel, out, count))]
    if "max_pool" in name and "fractional" not in name:
        given = arguments("input kernel_size stride padding dilation", args, kwargs)
    elif name.startswith("avg_pool"):
        given = arguments("input kernel_size stride padding", args, kwargs)
    elif name.startswith("lp_pool"):
        given = arguments("input norm_type kernel_size stride", args, kwargs)
    else:
        return None
    kernel = pair(given["kernel_size"], count)
    given["stride"] = given.get("stride") or kernel
    return [_chained(span, given, kernel, out, count)]


def _taps(
    kind: Callable, given: dict, kernel: Sequence[int], out: Sequence[int], count: int
) -> dict[int, Taps]:
    options = [
        pair(given.get(key, default), count)
        for key, default in (("stride", 1), ("padding", 0), ("dilation", 1))
    ]
    return {k - count: kind(out[k], kernel[k], *(option[k] for option in options)) for k in range(count)}


def _chained(span: Span, given: dict, kernel: Sequence[int], out: Sequence[int], count: int) -> Span:
    """Return the span after a sliding window, which a plain chain may contain."""
    link: Any = None
    if count == 2:
        dilation, stride = pair(given.get("dilation", 1), 2), pair(given.get("stride", 1), 2)
        link = tuple((d * (k - 1) + 1, s) for d, k, s in zip(dilation, kernel, stride, strict=True))
    return gather(span, _taps(window, given, kernel, out, count), link)


def _within_window(given: dict, kernel: list[int], out: Sequence[int], count: int) -> bool:
    """Whether every index of an unpooling points into the window that the value came from."""
    index = given["indices"].detach().cpu()
    sizes = index.shape[-count:]
    for k in reversed(range(count)):
        place, index = index % out[k], index // out[k]
        stride, padding = pair(given["stride"], count)[k], pair(given.get("padding", 0), count)[k]
        start = torch.arange(sizes[k]) * stride - padding
        start = start.reshape([-1 if d == k else 1 for d in range(count)])
        if not bool(((place >= start) & (place < start + kernel[k])).all()):
            return False
    return True
