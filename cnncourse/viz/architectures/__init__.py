"""An architecture as a picture: traced from a real forward pass, drawn to scale as SVG."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from torch import nn

from ..tracing import Trace, trace
from ..untouched import as_arguments
from .blocks import Diagram, diagram
from .boxes import Layout, shape_text
from .layout import layout
from .svg import draw, page


class Totals(NamedTuple):
    """What the whole model holds, and what one pass of it computes."""

    parameters: int
    multiply_adds: int


class Architecture:
    """A drawn model: shows itself in a notebook; ``svg``, ``alt``, ``totals``, ``trace`` are its parts."""

    def __init__(self, trace: Trace):
        """Keep the trace; it is drawn when it is first shown."""
        self.trace = trace
        self.totals = Totals(trace.parameters, trace.multiply_adds)

    def __repr__(self) -> str:
        """Return the totals, with no memory address."""
        return (
            f"<Architecture {self.trace.model}: {self.totals.parameters:,} parameters, "
            f"{self.totals.multiply_adds:,} multiply–adds>"
        )

    @cached_property
    def diagram(self) -> Diagram:
        """The blocks and edges that are drawn."""
        return diagram(self.trace)

    @cached_property
    def layout(self) -> Layout:
        """Where they are drawn."""
        return layout(self.diagram)

    @cached_property
    def alt(self) -> str:
        """A description in words, computed from what is drawn."""
        return describe(self.trace, self.diagram)

    @cached_property
    def svg(self) -> str:
        """The picture: a light card that can be read in any theme, with tooltips and without script."""
        return draw(self.trace, self.diagram, self.layout, self.alt)

    @cached_property
    def html(self) -> str:
        """The picture for a page: it follows JupyterLab's theme, and a sanitizing viewer still shows it."""
        return page(self.trace, self.diagram, self.layout, self.alt)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "image/svg+xml": self.svg, "text/plain": self.alt}


def architecture(model: nn.Module, input: Any) -> Architecture:
    """Draw ``model`` as it runs: blocks to scale, shapes on the edges, skips as arcs, counts below.

    The height of a block is the square root of the image's side, its width that of the number of channels.
    An encoder–decoder becomes a U. Activations, norms and reshapes are named with the layer they follow;
    equal neighbors stand together under their number; in a large model, a module with a branch of its own
    becomes one block.

    Parameters
    ----------
    model : nn.Module
        Left as it was; it runs once, in its own mode.
    input : tensor, shape, or tuple of tensors
        What the model is called with; ``(1, 3, 224, 224)`` stands for zeros of that shape, a tuple of tensors
        for several arguments.

    Returns
    -------
    Architecture
        ``.totals`` (parameters, multiply_adds), ``.svg``, ``.alt`` and ``.trace``. All parameters count once,
        also those that the pass did not use. For what counts as a multiply–add see
        :func:`cnncourse.viz.tracing.trace`.

    Raises
    ------
    TypeError
        When ``model`` is not an nn.Module.
    TraceFailed
        When the model cannot run on ``input``; ``viz.explain_shapes`` says why.

    Examples
    --------
    >>> from torch import nn
    >>> cnn = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(280, 10))
    >>> architecture(cnn, (1, 1, 7, 9))
    <Architecture Sequential: 2,890 parameters, 5,320 multiply–adds>
    """
    return Architecture(trace(model, *as_arguments(input)))


def describe(trace: Trace, drawn: Diagram) -> str:
    """Return the diagram in words."""
    steps = []
    for block in drawn.blocks:
        if block.role == "input":
            steps.append(f"{block.label} {shape_text(block.shape)}")
        elif block.role == "output":
            continue
        else:
            words = f"{block.times} × {block.label}" if block.times > 1 else block.label
            words += f" ({block.detail})" if block.detail else ""
            steps.append(f"{words} to {shape_text(block.out)}")
    skips = [
        f"{drawn.blocks[e.source].label} {shape_text(e.shape)}" + (" (indices)" if e.indices else "")
        for e in drawn.edges
        if e.target != e.source + 1 and drawn.blocks[e.target].role != "output"
    ]
    outputs = ", ".join(f"{o.label} {'×'.join(map(str, o.shape))}".strip() for o in trace.outputs)
    lines = f"{trace.model}: {'; '.join(steps)}. "
    lines += f"Skip connections from {', '.join(skips)}. " if skips else ""
    lines += f"Returns {outputs}. " if outputs else ""
    return lines + f"{trace.parameters:,} parameters, {trace.multiply_adds:,} multiply–adds."
