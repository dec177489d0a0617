"""A failed pass as the rules see it: the call that failed, what led to it, and a way to try other inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ..architectures.boxes import shape_text
from ..tracing import Failure, Node, Shape, Trace
from .trying import Size, Trial, image, mapped, nearest


@dataclass(frozen=True)
class Reason:
    """What went wrong, what to do, and the input sizes that were tried and work."""

    cause: str
    remedy: str = ""
    sizes: tuple[Size, ...] = ()


@dataclass
class Case:
    """One failed pass."""

    model: nn.Module
    inputs: tuple
    trace: Trace
    failure: Failure
    trial: Trial

    @property
    def where(self) -> str:
        """The failing call, as ``Linear (fc)``."""
        kind, name = self.failure.kind, self.failure.name
        return f"{kind} ({name})" if kind and name and name != kind else kind or name or self.trace.model

    @property
    def message(self) -> str:
        """What the exception says."""
        return str(self.failure.error)

    @property
    def shape(self) -> Shape:
        """The shape of the first tensor that the failing call got."""
        return self.failure.in_shapes[0] if self.failure.in_shapes else ()

    def node(self, position: int = 0) -> Node | None:
        """Return the node that made the given input of the failing call."""
        sources = self.failure.sources
        source = sources[position] if position < len(sources) else None
        return self.trace.nodes[source.node] if source else None

    def from_input(self) -> bool:
        """Tell whether the failing call works on the model's input, at most with its values changed."""
        node = self.node()
        while node is not None and node.kind != "input":
            source = node.sources[0] if node.sources else None
            if source is None or node.in_shapes[0] != node.out_shapes[0]:
                return False
            node = self.trace.nodes[source.node]
        return node is not None

    def try_image(self, change: Callable[[Tensor], Tensor]) -> bool:
        """Tell whether the model runs when its first tensor is changed."""
        first = image(self.inputs)
        try:
            changed = mapped(self.inputs, lambda t: change(t) if t is first else t)
        except (RuntimeError, IndexError):
            return False
        return self.trial.works(changed)


def with_sizes(case: Case, cause: str, remedy: str = "") -> Reason:
    """Return the reason with the nearest sizes that work."""
    sizes = nearest(case.trial) if case.trial.rank else []
    if sizes:
        tried = (
            f"Nearest input {'sizes that work' if len(sizes) > 1 else 'size that works'}: {listed(sizes)}."
        )
        remedy = f"{remedy} {tried}".strip()
    return Reason(cause, remedy, tuple(sizes))


def channel_count(number: int) -> str:
    """Write a number of channels."""
    return f"{number} channel{'s' * (number != 1)}"


def listed(sizes: list[Size]) -> str:
    """Write sizes: ``32×32 or 40×40``."""
    return " or ".join(shape_text(size) if len(size) > 1 else f"length {size[0]}" for size in sizes)
