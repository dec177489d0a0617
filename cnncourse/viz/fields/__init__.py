"""Receptive fields by interval arithmetic: one real forward pass, followed operation by operation."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from ..tracing import check_module
from ..tracing.recorder import labelled_tensors
from ..untouched import as_arguments, copy_if_lazy, prepare, untouched
from .rules import CONSTANT, follow, name_of
from .spans import EMPTY, Chain, Span, deepen, image_span, mix, union

Box = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Field:
    """What the cells of one layer's output can depend on.

    Attributes
    ----------
    rows, columns : int array [h, 2], [w, 2]
        First and last input row (column) of each output row (column), inside the image; (0, −1) for a cell
        that sees padding only. A layer whose output has no rows and columns left counts as one row and one
        column.
    unclipped_rows, unclipped_columns : int array [h, 2], [w, 2]
        The same on an endless image, where padding is counted as more of it: before 0 and beyond the last.
    size : (height, width)
        Of the largest field of a cell, unclipped.
    jump : (down, across)
        Distance in input pixels between the fields of neighboring cells.
    shape : tuple of int
        The shape of the layer's output.
    image : (height, width)
        The size of the image.
    chain : list of ((kernel, stride) down, (kernel, stride) across), or None
        All windows up to here when they form a plain chain; a dilated kernel counts with its span.
    unknown : tuple of str
        Operations on the way that have no rule. They count as depending on everything that their operands
        depend on, so the field is then an upper bound.
    """

    rows: np.ndarray
    columns: np.ndarray
    unclipped_rows: np.ndarray
    unclipped_columns: np.ndarray
    size: tuple[int, int]
    jump: tuple[float, float]
    shape: tuple[int, ...]
    image: tuple[int, int]
    chain: Chain | None
    unknown: tuple[str, ...]
    planes: tuple[np.ndarray, ...] = field(repr=False)

    def box(self, row: int, column: int, clipped: bool = True) -> Box:
        """Return ((first row, last row), (first column, last column)) of one cell.

        That is ``(rows[row], columns[column])``, and more exact where a network exchanges rows and columns.
        """
        found = []
        for plane in self.planes[:4] if clipped else self.planes[4:]:
            found.append(int(plane[min(row, plane.shape[0] - 1), min(column, plane.shape[1] - 1)]))
        if min(found) <= EMPTY // 2:
            return (0, -1), (0, -1)
        return (-found[0], found[1]), (-found[2], found[3])

    @property
    def exact(self) -> bool:
        """Whether every operation up to here was followed."""
        return not self.unknown

    @property
    def everything(self) -> bool:
        """Whether every cell depends on the whole image."""
        return all(
            bool((lines == (0, n - 1)).all())
            for lines, n in zip((self.rows, self.columns), self.image, strict=True)
        )


def trace_fields(model: nn.Module, x: Any) -> dict[str, Field]:
    """Return the receptive field of every module of ``model``, by one real forward pass.

    The model runs in its own mode and is left as it was. In training mode batch normalization takes its mean
    over the whole image, so that all cells after it depend on everything; call ``model.eval()`` first to
    leave that out.

    Parameters
    ----------
    model : nn.Module
        Any model: branches, skips, reused modules, in-place operations, several outputs.
    x : tensor or array [N, C, H, W] or [C, H, W], a shape, or a tuple of arguments
        What the model is called with. The first floating tensor with at least three dimensions is the image;
        the other arguments are held fixed.

    Returns
    -------
    dict of str to Field
        By qualified name, in the order in which modules finish; ``""`` is the model itself. A further call of
        the same module is ``"name #2"``, and so on. Of several tensors, ``"name"`` is the first, and each is
        also found as ``"name[0]"`` or ``"name[key]"``.

    Raises
    ------
    TypeError
        When ``model`` is not an nn.Module that can be traced.
    ValueError
        When there is no image among the arguments.

    Examples
    --------
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3))
    >>> field = trace_fields(model, (1, 1, 10, 12))["2"]
    >>> field.size, field.jump, field.rows.tolist()
    ((8, 8), (2.0, 2.0), [[0, 6], [1, 8], [3, 9]])
    >>> field.unclipped_rows.tolist()
    [[-1, 6], [1, 8], [3, 10]]
    """
    check_module(model)
    model = copy_if_lazy(model)
    inputs = prepare(model, as_arguments(x))
    tracer = Tracer(find_image(inputs, x)[1])
    with untouched(model), ExitStack() as stack:
        for name, module in model.named_modules():
            stack.callback(module.register_forward_hook(tracer.watch(name)).remove)
        with tracer:
            model(*inputs)
    return tracer.fields()


def find_image(inputs: tuple, given: Any) -> tuple[tuple, Tensor]:
    """Return where among the arguments the image is, and the image: the first that could be one."""

    def search(value: Any, at: tuple) -> tuple[tuple, Tensor] | None:
        if isinstance(value, Tensor):
            return (at, value) if value.ndim >= 3 and value.is_floating_point() and value.numel() else None
        pairs = (
            value.items()
            if isinstance(value, dict)
            else enumerate(value)
            if isinstance(value, tuple | list)
            else ()
        )
        return next((found for key, part in pairs if (found := search(part, (*at, key)))), None)

    found = search(inputs, ())
    if found is None:
        got = [tuple(t.shape) for _, t in labelled_tensors(inputs)] or given
        raise ValueError(
            f"got {got!r}; expected an image [N, C, H, W] or [C, H, W] of floats: for one image of 3 "
            "channels, say, pass (1, 3, 64, 64)"
        )
    return found


class Tracer(TorchFunctionMode):
    """Carries the span of every tensor that depends on ``image`` while a model runs."""

    def __init__(self, image: Tensor):
        """Start from ``image``, on which each cell depends alone."""
        super().__init__()
        self.spans: Any = WeakTensorKeyDictionary()
        self.image = tuple(image.shape)
        self.spans[image] = image_span(image.shape)
        self.notes: dict[str, Span] = {}
        self.calls: Counter = Counter()
        self.left: str | None = None  # the operation by which values left torch

    def watch(self, name: str) -> Any:
        """Return a forward hook that notes the field of each tensor which the module gives."""

        def after(module: nn.Module, args: Any, result: Any) -> None:
            self.calls[name] += 1
            key = name if self.calls[name] == 1 else f"{name} #{self.calls[name]}"
            found = list(labelled_tensors(result))
            for number, (label, tensor) in enumerate(found):
                if number == 0:
                    self.note(key, tensor)
                if label:
                    self.note(f"{key}[{label}]", tensor)

        return after

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """Run the operation, then note what its results depend on."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        operands = [t for _, t in labelled_tensors((args, kwargs)) if t in self.spans]
        if operands:
            self.follow(func, args, kwargs, result, operands)
        return result

    def follow(self, func: Any, args: tuple, kwargs: dict, result: Any, operands: list[Tensor]) -> None:
        """Note the spans of an operation's results, and of the tensor that it changed in place."""
        name = name_of(func)
        given = [t for _, t in labelled_tensors(result)]
        if name in ("numpy", "array", "tolist"):
            self.left = name
        if name == "setitem":
            given = [args[0]]
        if not given:
            return
        if name in CONSTANT:
            for tensor in given:
                self.spans.pop(tensor, None)
            return
        tracked = [self.spans[t] for t in operands]
        shapes = [tuple(t.shape) for t in given]
        in_place = [t for t in given if any(t is old for old in operands)]
        spans = None
        if name == "setitem":
            spans = self.write(args)
        else:
            spans = follow(name, args, kwargs, func, shapes, self.look, tracked)
        if spans is not None and len(spans) == 1:
            spans = spans * len(given)
        if spans is None or not all(map(_fits, spans, shapes)):
            spans = [self.unknown(name, tracked, shape) for shape in shapes]
        for tensor, span in zip(given, spans, strict=True):
            self.spans[tensor] = span
        for tensor in in_place:
            base = getattr(tensor, "_base", None)
            if base is not None and base is not tensor and len(tracked) > 1:
                # A write through a view: the tensor behind it changed too, somewhere.
                known = [*tracked, *([self.spans[base]] if base in self.spans else [])]
                self.spans[base] = self.unknown(f"{name} through a view", known, tuple(base.shape))

    def look(self, value: Any) -> Span | None:
        """Return the span of ``value``, None when it does not depend on the image."""
        return self.spans.get(value) if isinstance(value, Tensor) else None

    def write(self, args: tuple) -> list[Span] | None:
        """Return the span after ``args[0][args[1]] = args[2]``."""
        target, index, value = args
        before, after = self.look(target), self.look(value)
        if any(self.look(part) is not None for part in (index if isinstance(index, tuple) else (index,))):
            return None
        shape = tuple(target.shape)
        known = before or after
        if known is None:
            return None

        def written(k: int) -> Tensor:
            old = before.bounds[k].expand(shape) if before else torch.full(shape, EMPTY, dtype=torch.int32)
            new = after.bounds[k].expand(after.shape) if after else torch.tensor(EMPTY, dtype=torch.int32)
            whole = old.clone()
            whole[index] = new
            return whole

        bounds = tuple(written(k) for k in range(8))
        names = frozenset().union(*(s.unknown for s in (before, after) if s))
        return [Span(shape, bounds, known.jump, None, names)]

    def unknown(self, name: str, tracked: list[Span], shape: tuple[int, ...]) -> Span:
        """Return the bound for an operation without a rule: all that any cell of its operands depends on."""
        flat = [mix(span).each(lambda _, bound: bound.reshape(())) for span in tracked]
        whole = union(flat)
        names = whole.unknown if all(s.uniform for s in tracked) else whole.unknown | {name}
        return Span(shape, deepen(whole, shape).bounds, whole.jump, None, names)

    def note(self, key: str, tensor: Tensor) -> None:
        """Keep the span of a module's output; it becomes a Field when the pass is over, outside this mode."""
        span, shape = self.look(tensor), tuple(tensor.shape)
        if span is None or self.left:
            why = self.left or "a value that was not followed back to the image"
            whole = mix(image_span(self.image))
            span = Span(shape, whole.bounds, whole.jump, None, frozenset([why]))
        self.notes[key] = span

    def fields(self) -> dict[str, Field]:
        """Return what was noted as plain data."""
        return {key: _field(span, self.image) for key, span in self.notes.items()}


def _field(span: Span, image: tuple[int, ...]) -> Field:
    planes = tuple(_plane(span, bound, len(image)) for bound in span.bounds)
    height, width = span.shape[-2:] if len(span.shape) == len(image) else (1, 1)
    rows, columns, endless_rows, endless_columns = (
        _lines(planes[k], planes[k + 1], axis, (height, width)[axis])
        for k, axis in ((0, 0), (2, 1), (4, 0), (6, 1))
    )
    return Field(
        rows,
        columns,
        endless_rows,
        endless_columns,
        (_widest(endless_rows), _widest(endless_columns)),
        (float(span.jump[0]), float(span.jump[1])),
        span.shape,
        (image[-2], image[-1]),
        span.chain,
        tuple(sorted(span.unknown)),
        planes,
    )


def _plane(span: Span, bound: Tensor, depth: int) -> np.ndarray:
    """Return a bound over rows and columns, [h or 1, w or 1], the widest over samples and channels."""
    values = bound.numpy().astype(np.int64)
    if len(span.shape) != depth:
        return values.max(keepdims=True).reshape(1, 1)
    return values.reshape(-1, *values.shape[-2:]).max(0)


def _lines(first: np.ndarray, last: np.ndarray, axis: int, n: int) -> np.ndarray:
    """Return first and last of each output row (axis 0) or column (axis 1), the widest over the other."""
    low, high = (np.broadcast_to(plane.max(1 - axis), n) for plane in (first, last))
    empty = (low <= EMPTY // 2) | (high <= EMPTY // 2)
    return np.stack([np.where(empty, 0, -low), np.where(empty, -1, high)], 1)


def _widest(lines: np.ndarray) -> int:
    return int((lines[:, 1] - lines[:, 0]).max()) + 1


def _fits(span: Span, shape: tuple[int, ...]) -> bool:
    """Whether the bounds can stand beside a tensor of ``shape``: a wrong rule is caught here, not shown."""
    return all(
        bound.ndim == len(shape) and all(b in (1, n) for b, n in zip(bound.shape, shape, strict=True))
        for bound in span.bounds
    )
