"""One real forward pass as plain data: what ran, on what, and who used the results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import nn

Shape = tuple[int, ...]


class Source(NamedTuple):
    """Where a tensor comes from: the ``slot``-th output of node ``node``."""

    node: int
    slot: int = 0


@dataclass(frozen=True)
class Node:
    """One call of a layer or an operation, or one input of the model (kind ``"input"``).

    ``sources`` stands beside ``in_shapes``, one entry for each tensor that came in; None for one that the
    forward pass made itself. ``parameters`` counts those first used here. ``module`` is False for an
    operation. ``scopes`` names the enclosing modules from the outside in, each with the number of its call;
    ``block`` is the innermost. ``settings`` holds kernel_size, stride, groups and the like.
    """

    name: str
    kind: str
    block: str
    sources: tuple[Source | None, ...]
    in_shapes: tuple[Shape, ...]
    out_shapes: tuple[Shape, ...]
    parameters: int = 0
    multiply_adds: int = 0
    module: bool = True
    scopes: tuple[tuple[str, int], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


class Output(NamedTuple):
    """One tensor that the model returns, by its key or position; ``label`` is empty for a bare tensor."""

    label: str
    source: Source | None
    shape: Shape


@dataclass(frozen=True)
class Trace:
    """One forward pass as plain data: nodes in the order of execution, and what came out."""

    model: str
    nodes: tuple[Node, ...]
    outputs: tuple[Output, ...]
    blocks: dict[str, str]
    parameters: int

    @property
    def multiply_adds(self) -> int:
        """Multiplications with an addition, over all nodes."""
        return sum(node.multiply_adds for node in self.nodes)

    @property
    def unused_parameters(self) -> int:
        """Parameters that this pass did not touch."""
        return self.parameters - sum(node.parameters for node in self.nodes)


@dataclass(frozen=True)
class Failure:
    """The call that failed: ``kind`` is empty when the model's own code raised, outside any layer."""

    name: str
    kind: str
    block: str
    sources: tuple[Source | None, ...]
    in_shapes: tuple[Shape, ...]
    dtypes: tuple[torch.dtype, ...]
    module: nn.Module | None
    arguments: tuple[Any, ...]
    error: Exception
    parameters: int = 0


class TraceFailed(RuntimeError):
    """The forward pass raised: ``.trace`` holds what ran before, ``.failure`` the call that failed."""

    def __init__(self, trace: Trace, failure: Failure):
        """Keep both, and say where it failed."""
        where = " ".join(filter(None, [failure.kind, failure.name])) or trace.model
        shapes = ", ".join("×".join(map(str, shape)) for shape in failure.in_shapes) or "no tensor"
        super().__init__(
            f"{trace.model} failed at {where}, which got {shapes}: {str(failure.error).rstrip('.')}. "
            "Call viz.explain_shapes(model, input) for the reason and a size that works."
        )
        self.trace, self.failure = trace, failure


def trace(model: nn.Module, *inputs: Any) -> Trace:
    """Run ``model`` once and return what happened, as plain data.

    The model runs in its own mode (training or evaluation) and is left as it was: buffers such as running
    statistics, hooks, gradients and the random state are restored, also when the pass fails. Attributes that
    a model's own forward sets are not.

    Parameters
    ----------
    model : nn.Module
        Any model. A layer is a module without children (and any parametrized one); the operations between
        layers are recorded one by one, those within a layer only counted.
    *inputs
        What the model is called with. A plain shape such as ``(1, 3, 224, 224)`` stands for zeros. Tensors
        are copied to the model's device, floating ones to its dtype; anything else is handed on.

    Returns
    -------
    Trace
        ``nodes``, ``outputs``, ``parameters``, ``multiply_adds``. Counted exactly: convolutions, transposed
        convolutions, linear layers and matrix products. Not counted: biases, normalization, activations,
        pooling, resizing, recurrent layers, einsum and fused attention.

    Raises
    ------
    TypeError
        When ``model`` is not an nn.Module that can be traced.
    TraceFailed
        When the forward pass raises; the exception carries the trace up to there.

    Examples
    --------
    >>> from torch import nn
    >>> pass_ = trace(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten()), (1, 3, 5, 7))
    >>> [(node.name, node.kind, node.out_shapes[0]) for node in pass_.nodes[1:]]
    [('0', 'Conv2d', (1, 8, 3, 5)), ('1', 'ReLU', (1, 8, 3, 5)), ('2', 'Flatten', (1, 120))]
    >>> pass_.parameters, pass_.multiply_adds
    (224, 3240)
    """
    from ..untouched import copy_if_lazy, prepare
    from .recorder import record

    check_module(model)
    model = copy_if_lazy(model)
    return record(model, prepare(model, inputs))


def check_module(model: Any) -> None:
    """Raise a TypeError with a remedy unless ``model`` can be traced."""
    if isinstance(model, nn.Module) and not isinstance(model, torch.jit.ScriptModule):
        return
    remedy = "pass an nn.Module"
    if isinstance(model, type) and issubclass(model, nn.Module):
        remedy = f"make one first: {model.__name__}(...)"
    elif isinstance(model, torch.jit.ScriptModule):
        remedy = "its layers cannot be watched; pass the module it was scripted from"
    got = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
    raise TypeError(f"got {got}; expected an nn.Module: {remedy}")
