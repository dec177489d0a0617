"""Sliding windows, padding and resizing: which cells of the input each cell of the output stands over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F

from .spans import Span, Taps, bins, deepen_all, gather, mix, mix_channels, stamps, union, weighted, window

Lookup = Callable[[Any], Span | None]


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


def pad(span: Span, args: tuple, kwargs: dict) -> Span:
    """Return the span after padding."""
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


def interpolate(span: Span, args: tuple, kwargs: dict) -> Span:
    """Return the span after resizing."""
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


def slide(
    name: str, count: int, span: Span, args: tuple, kwargs: dict, shapes: list[tuple[int, ...]], look: Lookup
) -> list[Span] | None:
    """Return the span after a convolution, a pooling or an unpooling over ``count`` dimensions."""
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
