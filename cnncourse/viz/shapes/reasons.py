"""Why a forward pass failed, in plain words, and which change was tried and works."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from ..tracing import Failure, Trace
from .cases import Case, Reason, with_sizes
from .input_rules import batch, channels, device, dtype, nothing, signature
from .layer_rules import join, kernel, linear, norm, view
from .trying import Trial

_RULES = (nothing, signature, device, dtype, batch, channels, linear, join, view, norm, kernel)


def explain(model: nn.Module, inputs: tuple, trace: Trace, failure: Failure) -> Reason:
    """Return the reason for ``failure``; every remedy that names an input was run."""
    case = Case(model, inputs, trace, failure, Trial(model, inputs, failure))
    for rule in _RULES:
        reason = rule(case)
        if reason is not None:
            return reason
    first_line = next(iter(str(failure.error).strip().splitlines()), "")
    cause = f"{type(failure.error).__name__}: {first_line:.300}"
    return with_sizes(case, cause if not failure.kind else f"{case.where} raised {cause}")


def notes(trace: Trace) -> Iterator[str]:
    """Yield what is odd about a pass that did not fail."""
    batch = _batch_cut_apart(trace)
    if batch:
        yield (
            f"The batch came out as {batch}, more than went in: a view(-1, …) or reshape cut images "
            "apart. Use torch.flatten(x, 1)."
        )
    if trace.unused_parameters:
        yield f"{trace.unused_parameters:,} of the {trace.parameters:,} parameters were not used."


def _batch_cut_apart(trace: Trace) -> int:
    """Return the size of a batch that came out larger than it went in, else 0."""
    first = next((node.out_shapes[0] for node in trace.nodes if node.kind == "input"), ())
    batches = [output.shape[0] for output in trace.outputs if output.shape and len(first) > 2]
    return next((n for n in batches if n > first[0] > 0 and n % first[0] == 0), 0)
