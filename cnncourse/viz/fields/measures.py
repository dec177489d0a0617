"""The receptive field of one cell, three ways: by formula, by exact dependency, and by gradient."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...ops import receptive_fields
from ..tracing import check_module
from ..tracing.recorder import labelled_tensors
from ..untouched import as_arguments, as_image, copy_if_lazy, home, is_shape, prepare, untouched
from . import Field, find_image, trace_fields
from .boxes import Box, box_of, extent, middle, slices, smallest
from .surrogate import Positive


@dataclass(frozen=True, eq=False)
class Measurement:
    """The receptive field of one cell as plain data; rows and columns are first and last, in input pixels.

    Attributes
    ----------
    layer, cell, shape
        The layer's qualified name, the cell (row, column) in its output, and the output's shape.
    box, unclipped : ((first row, last row), (first column, last column))
        By formula: inside the image, and on an endless one.
    mask : bool array [H, W]
        By exact dependency: the pixels that the cell is connected to; a dilated kernel leaves holes in it.
    mask_box : as box, or None
        The smallest box around the mask; equal to ``box`` unless ``unknown`` names an operation.
    effective : float array [H, W]
        By gradient: the share of each pixel in the gradient's magnitude, summing to 1 (or all 0).
    central_half : float
        The share inside the central half (in height and in width) of the field.
    sizes : dict of float to (height, width)
        The size of the smallest centered part of the field that holds a share of .5, .9, .95 of the gradient.
    formula : (field, jump) down and across, or None
        The closed formula of :func:`cnncourse.ops.receptive_fields`, for a plain chain of windows.
    unknown : tuple of str
        Operations that could only be bounded.
    training : bool
        Whether the model was in training mode.
    """

    layer: str
    cell: tuple[int, int]
    shape: tuple[int, ...]
    image: tuple[int, int]
    box: Box
    unclipped: Box
    mask: np.ndarray
    mask_box: Box | None
    effective: np.ndarray
    central_half: float
    sizes: dict[float, tuple[int, int]]
    formula: tuple[tuple[int, int], tuple[int, int]] | None
    jump: tuple[float, float]
    unknown: tuple[str, ...]
    training: bool

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the field, padding counted."""
        return extent(self.unclipped)

    @property
    def whole(self) -> bool:
        """Whether the cell can depend on the whole image."""
        return self.box == ((0, self.image[0] - 1), (0, self.image[1] - 1))

    @property
    def agree(self) -> bool:
        """Whether formula and dependency mark the same box."""
        return self.mask_box == self.box

    def part(self, share: float) -> Box:
        """Return the smallest centered part of the field that holds ``share`` of the gradient."""
        return smallest(self.effective, self.box if self.whole else self.unclipped, self.box, share)


def measure_field(model: nn.Module, layer: str | nn.Module, image: Any, cell: Any = None) -> Measurement:
    """Measure what one cell of ``layer`` depends on; arguments as of :func:`cnncourse.viz.receptive_field`.

    Examples
    --------
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 1, 3, dilation=2))
    >>> field = measure_field(model, "3", (1, 1, 20, 22))
    >>> field.cell, field.box, field.agree, int(field.mask.sum())
    ((2, 3), ((4, 15), (6, 17)), True, 144)
    >>> field.formula
    ((12, 2), (12, 2))
    """
    check_module(model)
    model, layer = _with_layer(model, layer)
    inputs = prepare(model, as_arguments(as_input(image)))
    at, x = find_image(inputs, image)
    name, call = layer_name(model, layer)
    fields = trace_fields(model, inputs)
    key = name if call == 1 else f"{name} #{call}"
    if key not in fields:
        raise ValueError(f"layer {key!r} did not run for this input; these did: {_some(fields)}")
    field = fields[key]
    chosen = _cell(field, cell)
    box, unclipped = field.box(*chosen), field.box(*chosen, clipped=False)
    target = (name, call, chosen if len(field.shape) == x.ndim else None)
    # Beyond the image there is nothing to weigh: a cell that sees all of it is centered on the image.
    whole = box == ((0, field.image[0] - 1), (0, field.image[1] - 1))
    basis = box if whole else unclipped
    mask = _connected(model, inputs, at, target)
    effective = _effective(model, inputs, at, target)
    total = effective.sum()
    effective = effective / total if total > 0 else effective
    return Measurement(
        layer=key,
        cell=chosen,
        shape=field.shape,
        image=field.image,
        box=box,
        unclipped=unclipped,
        mask=mask,
        mask_box=box_of(mask),
        effective=effective,
        central_half=float(effective[slices(middle(basis, 0.5))].sum()),
        sizes={share: extent(smallest(effective, basis, box, share)) for share in (0.5, 0.9, 0.95)},
        formula=_formula(field),
        jump=field.jump,
        unknown=field.unknown,
        training=model.training,
    )


def as_input(image: Any) -> Any:
    """Return what the model takes: a picture [H, W] or [H, W, 3] becomes [1, 1, H, W] or [1, 3, H, W].

    Raises
    ------
    ValueError
        For an array that is neither a picture nor a batch.
    """
    if is_shape(image):
        # Gradients at a zero image say little: biases alone decide which ReLU is on.
        return torch.randn(tuple(image), generator=torch.Generator().manual_seed(0))
    if isinstance(image, np.ndarray) and image.ndim != 4:
        return as_image(image)
    return image


def layer_name(model: nn.Module, layer: str | nn.Module) -> tuple[str, int]:
    """Return the qualified name of a layer and the number of its call: ``"pool #2"`` is the second.

    Raises
    ------
    ValueError
        When the model has no such layer; the message names similar ones.
    """
    names = {id(module): name for name, module in model.named_modules()}
    if isinstance(layer, nn.Module):
        if id(layer) not in names:
            raise ValueError(
                f"got a {type(layer).__name__} that is not part of this {type(model).__name__}; expected one "
                f"of its modules, or a name: {_some(names.values())}"
            )
        return names[id(layer)], 1
    if not isinstance(layer, str):
        raise TypeError(f"got layer {layer!r}; expected a qualified name such as {_some(names.values())}")
    path, mark, number = layer.partition(" #")
    try:
        return names[id(model.get_submodule(path))], int(number) if mark else 1
    except (AttributeError, ValueError):
        near = difflib.get_close_matches(layer, [n for n in names.values() if n], 3, 0.4)
        remedy = f"did you mean {', '.join(map(repr, near))}?" if near else f"it has {_some(names.values())}"
        raise ValueError(f"{type(model).__name__} has no layer {layer!r}; {remedy}") from None


def _with_layer(model: nn.Module, layer: str | nn.Module) -> tuple[nn.Module, str | nn.Module]:
    """Return the model, copied when its lazy layers would get their sizes; then the layer by its name."""
    copied = copy_if_lazy(model)
    if copied is model:
        return model, layer
    name, call = layer_name(model, layer)
    return copied, name if call == 1 else f"{name} #{call}"


def _cell(field: Field, cell: Any) -> tuple[int, int]:
    height, width = len(field.rows), len(field.columns)
    if cell is None:
        return height // 2, width // 2
    try:
        row, column = (int(part) for part in cell)
    except (TypeError, ValueError):
        raise ValueError(f"got cell={cell!r}; expected (row, column)") from None
    if not (-height <= row < height and -width <= column < width):
        raise ValueError(
            f"got cell=({row}, {column}); the layer's output has {height} rows and {width} columns: expected "
            f"0 ≤ row < {height} and 0 ≤ column < {width}"
        )
    return row % height, column % width


def _run(
    model: nn.Module, inputs: tuple, at: tuple, target: tuple, x: Tensor, mode: Any, replace: Callable
) -> Tensor | None:
    """Run the model on ``x`` in place of its image; return the sum over the chosen cell, with its graph."""
    name, call, cell = target
    calls = 0
    found: list[Tensor] = []

    def after(module: nn.Module, args: Any, result: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            # A later in-place operation would change the tensor itself, so the graph continues from a copy.
            found.extend(t.clone() for _, t in labelled_tensors(result) if t.is_floating_point())

    with ExitStack() as stack:
        stack.callback(model.get_submodule(name).register_forward_hook(after).remove)
        with mode:
            model(*replace(inputs, at, x))
    if not found:
        return None
    return found[0][..., cell[0], cell[1]].sum() if cell else found[0].sum()


def _connected(model: nn.Module, inputs: tuple, at: tuple, target: tuple) -> np.ndarray:
    """Return which pixels the positive linear stand-in connects to the cell."""
    image = _at(inputs, at)
    single = image[:1] if image.ndim == 4 else image
    with untouched(model), torch.enable_grad():
        leaf = torch.ones_like(single, dtype=torch.float64).requires_grad_()
        x = leaf * 1
        value = _run(model, inputs, at, target, x, Positive(x, home(model)[1]), _replaced)
        return _gradient(value, leaf) > 0


def _effective(model: nn.Module, inputs: tuple, at: tuple, target: tuple) -> np.ndarray:
    """Return the magnitude of the real gradient at each pixel, averaged over channels and images.

    Source: Luo et al. 2016, *Understanding the effective receptive field in deep convolutional neural
    networks* (arXiv:1701.04128): the partial derivative of the central output by each input pixel.
    """
    with untouched(model), torch.enable_grad():
        leaf = _at(inputs, at).detach().clone().requires_grad_()
        value = _run(model, inputs, at, target, leaf * 1, nullcontext(), _replaced)
        return _gradient(value, leaf)


def _gradient(value: Tensor | None, leaf: Tensor) -> np.ndarray:
    if value is None or not value.requires_grad:
        return np.zeros(tuple(leaf.shape[-2:]))
    (gradient,) = torch.autograd.grad(value, leaf, allow_unused=True)
    if gradient is None:
        return np.zeros(tuple(leaf.shape[-2:]))
    magnitude = gradient.detach().double().abs().reshape(-1, *leaf.shape[-2:]).mean(0)
    return np.nan_to_num(magnitude.cpu().numpy())


def _at(inputs: tuple, at: tuple) -> Tensor:
    value: Any = inputs
    for key in at:
        value = value[key]
    return value


def _replaced(value: Any, at: tuple, x: Tensor) -> Any:
    """Return the arguments with the image exchanged, and nothing changed in those that were given."""
    if not at:
        return x
    if isinstance(value, dict):
        return {key: _replaced(part, at[1:], x) if key == at[0] else part for key, part in value.items()}
    return type(value)(_replaced(part, at[1:], x) if k == at[0] else part for k, part in enumerate(value))


def _formula(field: Field) -> tuple[tuple[int, int], tuple[int, int]] | None:
    if not field.chain:
        return None
    down, across = ([link[axis] for link in field.chain] for axis in (0, 1))
    return receptive_fields(down)[-1], receptive_fields(across)[-1]


def _some(names: Any) -> str:
    listed = [repr(name) for name in names if name]
    return ", ".join(listed[:6]) + (f" and {len(listed) - 6} more" if len(listed) > 6 else "")
