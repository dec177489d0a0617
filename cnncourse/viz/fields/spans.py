"""Which rows and columns of the image a cell can depend on, carried through one operation at a time.

Every bound is held so that a union is a maximum: the first row as its negative, the last row as it is. A
bound has as many dimensions as its tensor, of size 1 where it does not vary, so that a map costs a few
hundred integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

EMPTY = -(1 << 28)  # the bound of a cell that depends on nothing; a power of two, so exact in float32 too

Chain = tuple[tuple[tuple[int, int], tuple[int, int]], ...]


@dataclass(frozen=True)
class Span:
    """What the cells of one tensor depend on.

    ``bounds`` are −first row, last row, −first column, last column, counting real pixels only, then the same
    four on an endless image, where padding is counted as more of it. ``jump`` is the distance between
    neighboring cells in input pixels. ``chain`` lists ((kernel, stride) down, (kernel, stride) across) of all
    layers so far when they form a plain chain. ``unknown`` names operations that were bounded, not followed.
    """

    shape: tuple[int, ...]
    bounds: tuple[Tensor, ...]
    jump: tuple[Fraction, Fraction]
    chain: Chain | None = ()
    unknown: frozenset[str] = frozenset()

    def each(self, change: Callable[[int, Tensor], Tensor], **others: Any) -> Span:
        """Return the span with ``change(number, bound)`` in place of each bound."""
        return replace(self, bounds=tuple(change(k, b) for k, b in enumerate(self.bounds)), **others)

    @property
    def uniform(self) -> bool:
        """Whether every cell depends on the same pixels."""
        return all(bound.numel() == 1 for bound in self.bounds)


def image_span(shape: Sequence[int]) -> Span:
    """Return the span of the image itself: every pixel depends on its own row and column."""
    rows = torch.arange(shape[-2], dtype=torch.int32)[:, None]
    columns = torch.arange(shape[-1], dtype=torch.int32)
    four = [
        b.reshape((1,) * (len(shape) - 2) + s)
        for b, s in zip(
            (-rows, rows, -columns, columns), 2 * [(shape[-2], 1)] + 2 * [(1, shape[-1])], strict=True
        )
    ]
    return Span(tuple(shape), (*four, *four), (Fraction(1), Fraction(1)))


def union(spans: Sequence[Span]) -> Span:
    """Return the span of cells that are computed from one cell of each operand, broadcast as torch does."""
    first = spans[0]
    if len(spans) == 1:
        return first
    depth = max(len(span.shape) for span in spans)
    bounds = []
    for parts in zip(*([_deeper(b, depth) for b in span.bounds] for span in spans), strict=True):
        whole = parts[0]
        for part in parts[1:]:
            whole = torch.maximum(whole, part)
        bounds.append(whole)
    return Span(
        max((span.shape for span in spans), key=len),
        tuple(bounds),
        (min(span.jump[0] for span in spans), min(span.jump[1] for span in spans)),
        first.chain if all(span.chain == first.chain for span in spans) else None,
        frozenset().union(*(span.unknown for span in spans)),
    )


def deepen(span: Span, shape: Sequence[int]) -> Span:
    """Return the span broadcast to a tensor of ``shape``."""
    return span.each(lambda _, bound: _deeper(bound, len(shape)), shape=tuple(shape))


def deepen_all(span: Span, shape: tuple[int, ...]) -> Span:
    """Return a span that is the same everywhere, for a tensor of another number of dimensions."""
    return span.each(lambda _, bound: bound.reshape((1,) * len(shape)), shape=shape)


def mix(span: Span, dims: Iterable[int] | None = None) -> Span:
    """Return the span when each cell depends on all cells along ``dims`` (along all of them when None)."""
    depth = len(span.shape)
    dims = range(depth) if dims is None else sorted({d % depth for d in dims})
    chosen = tuple(dims)
    if not chosen:
        return span
    jump = tuple(
        j
        * (span.shape[axis - 2] if depth >= 2 and (axis - 2) % depth in chosen and _varies(span, axis) else 1)
        for axis, j in enumerate(span.jump)
    )
    spatial = {depth - 2, depth - 1} & set(chosen)
    return span.each(
        lambda _, bound: bound.amax(chosen, keepdim=True), jump=jump, chain=None if spatial else span.chain
    )


def mix_channels(span: Span, dim: int, groups: int, out_channels: int) -> Span:
    """Return the span after a convolution's sum over the channels of each group."""

    def per_group(_: int, bound: Tensor) -> Tensor:
        if bound.shape[dim] == 1 or groups == 1:
            return bound.amax(dim, keepdim=True)
        grouped = bound.unflatten(dim, (groups, -1)).amax(dim + 1 if dim >= 0 else dim)
        return grouped.repeat_interleave(out_channels // groups, dim)

    return span.each(per_group)


@dataclass(frozen=True)
class Taps:
    """The cells that each output cell reads along one dimension: ``index`` [out, k], where ``used``."""

    index: Tensor
    used: Tensor | None = None
    stride: Fraction = Fraction(1)


def window(out: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Taps:
    """Return the taps of a sliding window."""
    index = (torch.arange(out) * stride - padding)[:, None] + torch.arange(kernel) * dilation
    return Taps(index, None, Fraction(stride))


def stamps(out: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Taps:
    """Return the taps of a transposed convolution: the inputs whose stamp covers the output cell."""
    reach = (torch.arange(out) + padding)[:, None] - torch.arange(kernel) * dilation
    return Taps(
        torch.div(reach, stride, rounding_mode="floor"), reach.remainder(stride) == 0, Fraction(1, stride)
    )


def bins(n: int, out: int) -> Taps:
    """Return the taps of adaptive pooling: output i covers floor(i·n/out) up to ceil((i+1)·n/out)."""
    start = [i * n // out for i in range(out)]
    end = [math.ceil((i + 1) * n / out) for i in range(out)]
    longest = max(e - s for s, e in zip(start, end, strict=True))
    index = torch.tensor(start)[:, None] + torch.arange(longest)
    return Taps(index, index < torch.tensor(end)[:, None], Fraction(n, out))


def weighted(weights: Tensor) -> Taps:
    """Return the taps of a linear map given by its matrix [out, in]: those whose weight is not zero."""
    out, n = weights.shape
    used = weights != 0
    places = torch.arange(n).expand(out, n)
    first = torch.where(used, places, n).amin(1).clamp(max=n - 1)
    longest = int((torch.where(used, places, -1).amax(1) - first).max()) + 1
    index = first[:, None] + torch.arange(max(longest, 1))
    inside = index < n
    return Taps(index, inside & used.gather(1, index.clamp(max=n - 1)), Fraction(n, out))


def gather(span: Span, taps: dict[int, Taps], chained: Any = None) -> Span:
    """Return the span after windows along the dimensions (negative numbers) of ``taps``."""
    for dim, tap in taps.items():
        axis = dim + 2
        bounds = tuple(_gather_bound(span, k, bound, dim, tap) for k, bound in enumerate(span.bounds))
        span = replace(span, bounds=bounds)
        if axis >= 0:
            jump = list(span.jump)
            jump[axis] *= tap.stride
            span = replace(span, jump=(jump[0], jump[1]))
        shape = list(span.shape)
        shape[dim] = tap.index.shape[0]
        span = replace(span, shape=tuple(shape))
    chain = None if chained is None or span.chain is None else (*span.chain, chained)
    return replace(span, chain=chain)


def _gather_bound(span: Span, number: int, bound: Tensor, dim: int, tap: Taps) -> Tensor:
    n, axis, endless = span.shape[dim], (number % 4) // 2, number >= 4
    own = dim == axis - 2
    index, used = tap.index, tap.used
    if bound.shape[dim] == 1 and (n > 1 or not own):
        # The same along this dimension, so the same in every window that holds a cell at all.
        if endless:
            return bound
        inside = (index >= 0) & (index < n)
        filled = (inside if used is None else inside & used).any(1)
        if filled.all():
            return bound
        return torch.where(filled.reshape((-1,) + (1,) * (-1 - dim)), bound, EMPTY)
    shift: Any = None
    if endless and own:
        # Beyond its border the grid goes on: q input pixels further every p cells.
        p, q = span.jump[axis].denominator, span.jump[axis].numerator
        turns = torch.where(index < 0, index // p, torch.where(index >= n, (index - n) // p + 1, 0))
        index = (index - turns * p).clamp(0, n - 1)
        shift = (turns * q if number % 2 else -turns * q).to(bound.dtype)
    else:
        inside = (index >= 0) & (index < n)
        used = inside if used is None else used & inside
        index = index.clamp(0, n - 1)
    cells = bound.movedim(dim, -1)[..., index]
    if shift is not None:
        cells = cells + shift
    if used is not None:
        cells = cells.masked_fill(~used, EMPTY)
    return cells.amax(-1).movedim(-1, dim)


def join(spans: Sequence[Span | None], shapes: Sequence[Sequence[int]], dim: int) -> Span:
    """Return the span of tensors laid end to end along ``dim``; None is one that depends on nothing."""
    known = [span for span in spans if span is not None]
    depth = len(shapes[0])
    dim %= depth
    bounds = []
    for k in range(8):
        parts = [
            torch.full((1,) * depth, EMPTY, dtype=torch.int32) if span is None else span.bounds[k]
            for span in spans
        ]
        sizes = [max(part.shape[d] for part in parts) for d in range(depth)]
        parts = [
            part.expand(*sizes[:dim], shape[dim], *sizes[dim + 1 :])
            for part, shape in zip(parts, shapes, strict=True)
        ]
        bounds.append(_squeeze_constant(torch.cat(parts, dim)))
    shape = list(shapes[0])
    shape[dim] = sum(s[dim] for s in shapes)
    same = all(span is not None and span.chain == known[0].chain for span in spans)
    chain = known[0].chain if same and dim < depth - 2 else None
    return Span(
        tuple(shape), tuple(bounds), known[0].jump, chain, frozenset().union(*(s.unknown for s in known))
    )


def move(span: Span, operation: Callable[[Tensor], Any]) -> list[Span]:
    """Return the spans after an operation that only moves cells, by applying it to the bounds."""
    results: list[list[Tensor]] = []
    for bound in span.bounds:
        moved = operation(bound.expand(span.shape))
        results.append([moved] if isinstance(moved, Tensor) else list(moved))
    spans = []
    for parts in zip(*results, strict=True):
        shape = tuple(parts[0].shape)
        bounds = tuple(_squeeze_constant(part) for part in parts)
        keeps = len(shape) == len(span.shape) and shape[-2:] == span.shape[-2:]
        spans.append(
            Span(shape, bounds, _steps(bounds, span.jump), span.chain if keeps else None, span.unknown)
        )
    return spans


def _steps(bounds: Sequence[Tensor], jump: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """Return the jumps after cells were moved: slicing with a step widens them."""
    found = []
    for axis, before in enumerate(jump):
        bound, dim = bounds[5 + 2 * axis], axis - 2
        if before.denominator == 1 and bound.ndim >= 2 and bound.shape[dim] > 1:
            line = bound.movedim(dim, 0).flatten(1)[:, 0]
            step = abs(int(line[1] - line[0]))
            before = Fraction(step) if 0 < step < -EMPTY // 2 else before
        found.append(before)
    return found[0], found[1]


def _varies(span: Span, axis: int) -> bool:
    return span.bounds[4 + 2 * axis].shape[axis - 2] > 1


def _squeeze_constant(bound: Tensor) -> Tensor:
    """Return the bound with size 1 where it does not vary."""
    for dim in range(bound.ndim):
        if bound.shape[dim] > 1:
            first = bound.narrow(dim, 0, 1)
            if bound.stride(dim) == 0 or bool((bound == first).all()):
                bound = first
    return bound


def _deeper(bound: Tensor, depth: int) -> Tensor:
    return bound.reshape((1,) * (depth - bound.ndim) + tuple(bound.shape))
