"""The table of a model's layers with their shapes, which stops at the layer that fails and says why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

from torch import nn

from ..architectures.boxes import amount
from ..tracing import Failure, Shape, Trace, TraceFailed, check_module
from ..tracing.recorder import record
from ..untouched import as_arguments, copy_if_lazy, prepare
from .reasons import Reason, explain, notes

_MOST_LINES = 60


class Row(NamedTuple):
    """One layer or operation of the table."""

    layer: str
    kind: str
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    parameters: int


@dataclass(frozen=True, repr=False)
class ShapeTable:
    """A model's layers with their shapes, and why it failed if it did.

    ``ok`` tells whether it ran; ``cause`` and ``remedy`` are sentences, empty when it did; ``sizes`` are
    sizes of the image that were tried and work; ``failed`` is the row of the call that failed; ``error`` the
    original exception.
    """

    trace: Trace
    rows: tuple[Row, ...]
    failed: Row | None = None
    cause: str = ""
    remedy: str = ""
    sizes: tuple[tuple[int, ...], ...] = ()
    error: Exception | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the model ran to its end."""
        return self.error is None

    @property
    def text(self) -> str:
        """The table for a terminal."""
        return _as_text(self)

    @property
    def html(self) -> str:
        """The table for a notebook; everything that comes from the model is escaped."""
        return _as_html(self)

    def __str__(self) -> str:
        """Return the table."""
        return self.text

    def __repr__(self) -> str:
        """Return the outcome, with no memory address."""
        state = "runs" if self.ok else f"fails at {self.failed.layer if self.failed else self.trace.model}"
        return f"<ShapeTable {self.trace.model}: {state}, {len(self.rows)} rows>"

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def explain_shapes(model: nn.Module, input: Any) -> ShapeTable:
    """Run ``model`` and list the shape after each layer; where it fails, say why and which input would work.

    Parameters
    ----------
    model : nn.Module
        Left as it was, also when it fails.
    input : tensor, array, shape, or tuple of tensors
        What the model is called with; ``(1, 3, 224, 224)`` stands for zeros of that shape. A tensor keeps its
        own dtype and device, so that a wrong one is found.

    Returns
    -------
    ShapeTable
        ``.ok``, ``.rows``, ``.cause``, ``.remedy``, ``.sizes`` (image sizes that were run and work). Shows
        itself in a notebook; ``print`` it elsewhere. A model that fails raises nothing here.

    Raises
    ------
    TypeError
        When ``model`` is not an nn.Module.

    Examples
    --------
    >>> from torch import nn
    >>> layers = nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5408, 10)
    >>> cnn = nn.Sequential(*layers)
    >>> table = explain_shapes(cnn, (1, 1, 32, 32))
    >>> table.ok, table.failed.layer, table.sizes
    (False, '4', ((28, 28), (29, 29)))
    >>> print(table.cause)
    Linear (4) expects 5408 features and got 7200 = 32×15×15, because the input was 32×32.
    """
    check_module(model)
    model = copy_if_lazy(model)
    inputs = prepare(model, as_arguments(input), exact=True)
    try:
        trace = record(model, inputs)
    except TraceFailed as failed:
        return _failing(model, inputs, failed.trace, failed.failure)
    return ShapeTable(trace, _rows(trace), notes=tuple(notes(trace)))


def _failing(model: nn.Module, inputs: tuple, trace: Trace, failure: Failure) -> ShapeTable:
    try:
        reason = explain(model, inputs, trace, failure)
    except Exception:  # a model may do anything when tried on other inputs; its own message is still true
        reason = Reason(f"{type(failure.error).__name__}: {failure.error}")
    row = Row(failure.name or trace.model, failure.kind, failure.in_shapes, (), failure.parameters)
    return ShapeTable(trace, _rows(trace), row, reason.cause, reason.remedy, reason.sizes, failure.error)


def _rows(trace: Trace) -> tuple[Row, ...]:
    return tuple(Row(n.name, n.kind, n.in_shapes, n.out_shapes, n.parameters) for n in trace.nodes)


def _cells(row: Row, failed: bool = False) -> tuple[str, str, str, str]:
    before = ", ".join("×".join(map(str, s)) or "scalar" for s in dict.fromkeys(row.inputs))
    after = ", ".join("×".join(map(str, s)) or "scalar" for s in row.outputs)
    arrow = f"{before} → ✗ fails" if failed else f"{before} → {after}" if before else after
    return (
        row.layer,
        "" if row.kind == row.layer else row.kind,
        arrow,
        f"{row.parameters:,}" if row.parameters else "",
    )


def _totals(table: ShapeTable) -> str:
    words = f"{table.trace.parameters:,} parameters"
    return words + (
        f", {amount(table.trace.multiply_adds)} multiply–adds" if table.ok else " in the whole model"
    )


def _as_text(table: ShapeTable) -> str:
    cells = [("layer", "kind", "in → out", "parameters"), *map(_cells, table.rows)]
    if table.failed is not None:
        cells.append(_cells(table.failed, failed=True))
    if len(cells) > _MOST_LINES:
        hidden = len(cells) - _MOST_LINES
        cells[_MOST_LINES // 2 : _MOST_LINES // 2 + hidden] = [(f"… {hidden} more", "", "", "")]
    widths = [max(len(row[k]) for row in cells) for k in range(4)]
    lines = [
        f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d:>{widths[3]}}".rstrip()
        for a, b, c, d in cells
    ]
    lines.insert(1, "─" * (sum(widths) + 6))
    lines += [
        "",
        *(f"✗ {table.cause}" for _ in [0] if table.cause),
        *([table.remedy] if table.remedy else []),
    ]
    return "\n".join([*lines, *table.notes, _totals(table)])


def _as_html(table: ShapeTable) -> str:
    def line(cells: tuple[str, str, str, str], mark: str = "") -> str:
        a, b, c, d = map(escape, cells)
        return f"<tr{mark}><td>{a}</td><td>{b}</td><td>{c}</td><td class=n>{d}</td></tr>"

    body = "".join(line(_cells(row)) for row in table.rows)
    reason = ""
    if table.failed is not None:
        body += line(_cells(table.failed, failed=True), " class=failed")
        reason = f"<p><b>✗ Why</b> {escape(table.cause)}</p>"
        reason += f"<p><b>→ Try</b> {escape(table.remedy)}</p>" if table.remedy else ""
        reason = f'<div class="reason">{reason}</div>'
    reason += "".join(f'<div class="reason"><p>{escape(note)}</p></div>' for note in table.notes)
    state = "runs" if table.ok else "fails"
    return (
        f"<style>{_css()}</style>"
        f'<section class="cnncourse-shapes" aria-label="shapes of {escape(table.trace.model)}">'
        f"<header><b>{escape(table.trace.model)}</b> {state}</header>"
        "<div class=rows><table><thead><tr><th>layer</th><th>kind</th><th>in → out</th>"
        f"<th class=n>parameters</th></tr></thead><tbody>{body}</tbody></table></div>{reason}"
        f"<footer>{escape(_totals(table))}</footer></section>"
    )


@cache
def _css() -> str:
    return (files("cnncourse.viz") / "static" / "shapes.css").read_text(encoding="utf-8")
