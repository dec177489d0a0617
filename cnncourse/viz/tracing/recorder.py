"""Watch a forward pass: layers by forward hooks, operations between them by a ``TorchFunctionMode``.

Results are recognized by identity and held weakly, so that the pass needs no more memory than without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from ..untouched import untouched
from . import Failure, Node, Output, Shape, Source, Trace, TraceFailed
from .operations import (
    SETTINGS,
    argument_names,
    labelled_tensors,
    multiply_adds,
    operation,
    settings_of,
    version,
)


def record(
    model: nn.Module, inputs: tuple, call: Callable | None = None, keep: Callable | None = None
) -> Trace:
    """Trace one pass on prepared inputs; ``call`` stands in for the model itself.

    ``keep(node, results)`` is called as soon as a layer or operation has finished, before another can
    overwrite its results in place.
    """
    recorder = _Recorder(model, keep)
    with untouched(model), ExitStack() as stack:
        recorder.watch(model, "", stack)
        recorder.take(model, inputs)
        try:
            with recorder:
                result = (call or model)(*inputs)
        except Exception as error:
            raise TraceFailed(recorder.trace(()), recorder.failure(error)) from error
        outputs = [
            Output(label, recorder.source.get(tensor), tuple(tensor.shape))
            for label, tensor in labelled_tensors(result)
        ]
    return recorder.trace(tuple(outputs))


@dataclass
class _Call:
    """A module or operation that is running."""

    module: nn.Module | None
    name: str
    kind: str
    tensors: list[Tensor]
    sources: tuple[Source | None, ...]
    shapes: tuple[Shape, ...]
    arguments: tuple = ()
    layer: bool = False
    number: int = 1
    multiply_adds: int = 0


@dataclass
class _State:
    nodes: list[Node] = field(default_factory=list)
    stack: list[_Call] = field(default_factory=list)
    blocks: dict[str, str] = field(default_factory=dict)
    calls: Counter = field(default_factory=Counter)
    entered: Counter = field(default_factory=Counter)
    quiet: bool = False
    failed: tuple[Exception, _Call, list[_Call]] | None = None


class _Recorder(TorchFunctionMode):
    def __init__(self, model: nn.Module, keep: Callable | None = None):
        super().__init__()
        self.model, self.keep = type(model).__name__, keep
        self.state = _State()
        self.source: Any = WeakTensorKeyDictionary()
        self.carried: Any = WeakTensorKeyDictionary()  # tensors computed from parameters alone
        self.parameters = {id(p): p for p in model.parameters()}
        self.unseen = dict(self.parameters)

    def watch(self, module: nn.Module, path: str, stack: ExitStack, seen: set[int] | None = None) -> None:
        """Hook ``module`` and what it contains, each once."""
        seen = set() if seen is None else seen
        if id(module) in seen:
            return
        seen.add(id(module))
        children = {name: child for name, child in module.named_children() if name != "parametrizations"}
        # A root without children is one layer only if torch wrote it; a learner's forward is worth opening.
        layer = not children and (bool(path) or type(module).__module__.startswith("torch.nn"))

        def before(module, args, kwargs):
            call = self.call(module, path, type(module).__name__, (args, kwargs), layer)
            self.state.stack.append(call)
            if not layer:
                self.state.blocks[path] = type(module).__name__
                self.state.entered[path] += 1
                call.number = self.state.entered[path]

        def after(module, args, kwargs, result):
            return self.leave(module, result)

        stack.callback(module.register_forward_pre_hook(before, prepend=True, with_kwargs=True).remove)
        stack.callback(module.register_forward_hook(after, with_kwargs=True).remove)
        if not layer:
            for name, child in children.items():
                self.watch(child, f"{path}.{name}" if path else name, stack, seen)

    def take(self, model: nn.Module, inputs: tuple) -> None:
        """Record the model's inputs as nodes."""
        names = argument_names(model)
        found = [(i, label, t) for i, value in enumerate(inputs) for label, t in labelled_tensors(value)]
        for i, label, tensor in found:
            name = names[i] if i < len(names) and len(found) > 1 else "input"
            name = f"{name}.{label}" if label else name
            self.source[tensor] = Source(len(self.state.nodes))
            shape = tuple(tensor.shape)
            self.state.nodes.append(Node(name, "input", "", (), (), (shape,), module=False))

    def call(self, module: nn.Module | None, name: str, kind: str, arguments: Any, layer: bool) -> _Call:
        tensors = [t for _, t in labelled_tensors(arguments) if id(t) not in self.parameters]
        sources = tuple(self.source.get(t) for t in tensors)
        shapes = tuple(tuple(t.shape) for t in tensors)
        return _Call(module, name, kind, tensors, sources, shapes, arguments, layer)

    def leave(self, module: nn.Module, result: Any) -> Any:
        stack = self.state.stack
        while stack:  # calls above this one raised, and the model caught it
            call = stack.pop()
            if call.module is module:
                break
        else:
            return None
        if not call.layer:
            return None
        if isinstance(result, Tensor) and any(result is t for t in call.tensors) and not _in_place(module):
            # An identity hands back its argument: a new name for it keeps both branches apart.
            self.state.quiet = True
            result = result.view_as(result)
            self.state.quiet = False
        settings = {name: getattr(module, name) for name in SETTINGS if hasattr(module, name)}
        self.add(call, result, list(module.parameters()), settings)
        return result if isinstance(result, Tensor) else None

    def add(self, call: _Call, result: Any, parameters: list, settings: dict[str, Any]) -> None:
        """Append the node of a finished call; from here on its results are known."""
        index = len(self.state.nodes)
        outputs = [t for _, t in labelled_tensors(result)]
        for tensor in call.tensors:
            parameters = [*parameters, *self.carried.get(tensor, ())]
        for slot, tensor in enumerate(outputs):
            self.source[tensor] = Source(index, slot)
        self.state.nodes.append(
            Node(
                self.unique(call.name or call.kind),
                call.kind,
                call.name.rpartition(".")[0],
                call.sources,
                call.shapes,
                tuple(tuple(t.shape) for t in outputs),
                self.count(parameters),
                call.multiply_adds,
                call.layer,
                tuple((scope.name, scope.number) for scope in self.state.stack if not scope.layer),
                settings,
            )
        )
        if self.keep:
            self.state.quiet = True  # what is done to keep a result is no part of the pass
            self.keep(self.state.nodes[-1], outputs)
            self.state.quiet = False

    def count(self, parameters: list[Tensor]) -> int:
        """Return how many numbers these hold, of those not seen before."""
        self.state.quiet = True
        new = [self.unseen.pop(id(p)) for p in parameters if id(p) in self.unseen]
        total = sum(p.numel() for p in new)
        self.state.quiet = False
        return total

    def unique(self, name: str) -> str:
        self.state.calls[name] += 1
        return f"{name} #{self.state.calls[name]}" if self.state.calls[name] > 1 else name

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.state.quiet:
            return func(*args, **kwargs)
        stack = self.state.stack
        kind = operation(func)
        path = stack[-1].name if stack else ""
        inside = bool(stack) and stack[-1].layer
        call = self.call(None, f"{path}.{kind}" if path else kind, kind, (args, kwargs), False)
        versions = [version(t) for t in call.tensors]
        try:
            result = func(*args, **kwargs)
        except Exception as error:
            self.state.failed = (error, stack[-1] if inside else call, list(stack))
            raise
        call.multiply_adds = multiply_adds(kind, args, kwargs, result)
        if inside:
            stack[-1].multiply_adds += call.multiply_adds
            return result
        changed = [t for t, v in zip(call.tensors, versions, strict=True) if version(t) != v]
        fresh = [t for _, t in labelled_tensors(result) if not any(t is old for old in call.tensors)]
        if changed or fresh:
            parameters = [t for _, t in labelled_tensors((args, kwargs)) if id(t) in self.parameters]
            if any(call.sources):
                self.add(call, changed or result, parameters, settings_of(kind, args, kwargs))
            else:
                for tensor in call.tensors:
                    parameters += self.carried.get(tensor, ())
                for tensor in fresh if parameters else ():
                    self.carried[tensor] = parameters
        return result

    def failure(self, error: Exception) -> Failure:
        """Return where ``error`` arose: the operation or layer that raised, else the running module."""
        stack = self.state.stack
        call = stack[-1] if stack else _Call(None, "", "", [], (), ())
        if self.state.failed and self.state.failed[0] is error:
            call = self.state.failed[1]
        kind = call.kind if call.layer or call.module is None else ""
        return Failure(
            call.name or (call.kind if kind else ""),
            kind,
            call.name.rpartition(".")[0],
            call.sources,
            call.shapes,
            tuple(t.dtype for t in call.tensors),
            call.module,
            call.arguments,
            error,
            _size(call.module) if call.module and call.layer else 0,
        )

    def trace(self, outputs: tuple[Output, ...]) -> Trace:
        total = sum(p.numel() for p in self.parameters.values() if not is_lazy(p))
        return Trace(self.model, tuple(self.state.nodes), outputs, self.state.blocks, total)


def _in_place(module: nn.Module) -> bool:
    return bool(getattr(module, "inplace", False))


def _size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if not is_lazy(p))
