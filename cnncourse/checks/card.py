"""The card that a check shows: as HTML for light and dark themes, and as text."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from html import escape
from importlib.resources import files
from numbers import Real
from typing import Any

import numpy as np

from ..ops.arrays import is_tensor
from .comparing import as_array, differs, said, shown
from .exercise import Exercise, Probe, Raises, Unusable
from .grading import Verdict
from .modules import described, is_module, is_optimizer

_LARGEST = 12  # rows and columns of an array that still reads as a table


def as_text(exercise: Exercise, verdict: Verdict, hints: list[str], note: str = "") -> str:
    """Return the card for a terminal."""
    lines = [f"Exercise {exercise.number} · {exercise.name}: {status(verdict)}", _message(exercise, verdict)]
    if verdict.probe is not None:
        probe = exercise.probes[verdict.probe]
        lines += [
            " ".join(filter(None, [f"{_where(exercise, verdict)}: {_call(exercise, probe)}", _note(probe)]))
        ]
        parts = _arguments_in(exercise, verdict) + _results(verdict)
        lines += [
            f"{title}:".ljust(12) + _format(value).replace("\n", "\n" + " " * 12) for title, value in parts
        ]
    lines += [f"Hint {i}: {hint}" for i, hint in enumerate(hints, 1)]
    label, command = _next_hint(exercise, verdict, hints)
    return "\n".join([*lines, *filter(None, [f"{label}{command}", note])])


def as_html(exercise: Exercise, verdict: Verdict, hints: list[str], note: str = "") -> str:
    """Return the card for a notebook; everything that comes from the answer is escaped."""
    kind = "passed" if verdict.passed else "wrong" if verdict.attempted else "open"
    parts = [f"<p>{escape(_message(exercise, verdict))}</p>"]
    if verdict.probe is not None:
        probe = exercise.probes[verdict.probe]
        columns = [_column(title, _table(value)) for title, value in _arguments_in(exercise, verdict)]
        off = _differing_cells(verdict)
        columns += [_column(title, _table(value, off.get(title))) for title, value in _results(verdict)]
        parts.append(f"<p><code>{escape(_call(exercise, probe))}</code> {escape(_note(probe))}</p>")
        parts.append(f'<div class="probe">{"".join(columns)}</div>')
    parts += [f"<p><b>Hint {i}</b> {escape(hint)}</p>" for i, hint in enumerate(hints, 1)]
    label, command = _next_hint(exercise, verdict, hints)
    parts.append(
        f'<p class="next">{escape(label)}{f"<code>{escape(command)}</code>" if command else ""}</p>'
        if label
        else ""
    )
    parts.append(f'<p class="next">{escape(note)}</p>' if note else "")
    return (
        f"<style>{_css()}</style>"
        f'<section class="cnncourse-card {kind}" aria-label="check {escape(exercise.name)}">'
        f"<header><b>Exercise {exercise.number} · {escape(exercise.name)}</b>"
        f'<span class="status">{escape(status(verdict))}</span>'
        f'<span class="where">{escape(_where(exercise, verdict))}</span></header>'
        f'<div class="body">{"".join(parts)}</div></section>'
    )


def status(verdict: Verdict) -> str:
    """Return the verdict in a few words; a sign stands beside each, so that color is not needed."""
    if verdict.passed:
        return "✓ passed"
    if not verdict.attempted:
        return "○ open"
    return f"✗ not yet: {verdict.misconception.name}" if verdict.misconception else "✗ not yet"


def _message(exercise: Exercise, verdict: Verdict) -> str:
    if verdict.passed:
        probes = f"All {len(exercise.probes)} probes agree."
        return f"{verdict.message} {probes} From here on the lesson uses your {exercise.name}."
    if not verdict.attempted:
        return f"{verdict.message} Until you solve it, the lesson uses the library's {exercise.name}."
    return verdict.message


def _where(exercise: Exercise, verdict: Verdict) -> str:
    if verdict.probe is None:
        return ""
    return f"probe {verdict.probe + 1} of {len(exercise.probes)}"


def _note(probe: Probe) -> str:
    return f"({probe.note})" if probe.note else ""


def _call(exercise: Exercise, probe: Probe) -> str:
    """Return the probe as the learner would write it; arrays, modules and the like by their names."""
    given = [*zip(exercise.arguments, probe.args, strict=False), *probe.options]
    shown = ", ".join(f"{name}={value!r}" if _is_plain(value) else name for name, value in given)
    return f"{exercise.name}({shown})"


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return isinstance(value, int | float | str | None)


def _arguments_in(exercise: Exercise, verdict: Verdict) -> list[tuple[str, Any]]:
    """Return the arguments that the call only names: arrays as they are, modules in words."""
    probe = exercise.probes[verdict.probe or 0]
    return [
        (name, described(value) if is_module(value) or is_optimizer(value) else value)
        for name, value in zip(exercise.arguments, probe.args, strict=False)
        if not _is_plain(value)
    ]


def _results(verdict: Verdict) -> list[tuple[str, Any]]:
    """Return what was expected and what came out: a pair one by one, an error by its name."""
    parts = _titled("expected", verdict.expected)
    outcome = verdict.outcome
    if outcome is None or outcome.timed_out or isinstance(outcome.error, Unusable):
        return parts
    if outcome.error is not None:
        return [*parts, ("got", f"{type(outcome.error).__name__}: {said(outcome.error)}")]
    return parts + _titled("got", outcome.value)


def _titled(title: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, tuple):
        return [(title, value)]
    return [(f"{title} {i}", part) for i, part in enumerate(value, 1)]


def _differing_cells(verdict: Verdict) -> dict[str, np.ndarray]:
    """Return, for each returned array that has the right shape, which of its cells differ."""
    if verdict.outcome is None or not verdict.outcome.returned:
        return {}
    expected, got = _titled("got", verdict.expected), _titled("got", verdict.outcome.value)
    return {
        title: differs(e, g)
        for title, g, e in (
            (title, _readable(g), _readable(e)) for (title, g), (_, e) in zip(got, expected, strict=False)
        )
        if isinstance(g, np.ndarray)
        and isinstance(e, np.ndarray)
        and g.shape == e.shape
        and g.dtype.kind in "fiu"
    }


def _next_hint(exercise: Exercise, verdict: Verdict, hints: list[str]) -> tuple[str, str]:
    if verdict.passed or not exercise.hints:
        return "", ""
    if len(hints) == len(exercise.hints):
        return f"These are all {len(hints)} hints.", ""
    number = len(hints) + 1
    return (
        f"Hint {number} of {len(exercise.hints)}: ",
        f"check({exercise.name!r}, {exercise.name}, hint={number})",
    )


def _column(title: str, content: str) -> str:
    return f'<div class="value"><p class="what">{escape(title)}</p>{content}</div>'


def _table(value: Any, off: np.ndarray | None = None) -> str:
    """Return a small array as a table, the cells of ``off`` marked; a larger rank as planes in a column."""
    value = _readable(value)
    if (
        not isinstance(value, np.ndarray)
        or not 1 <= value.ndim <= 4
        or max(value.shape) > _LARGEST
        or not 0 < value.size <= 200
    ):
        return f"<code>{escape(_format(value))}</code>"
    off = np.zeros(value.shape, bool) if off is None else off
    if value.ndim > 2:
        return "".join(_table(plane, bad) for plane, bad in zip(value, off, strict=True))
    rows = (
        "".join(
            f"<td{' class=off' if bad else ''}>{escape(_number(v))}</td>"
            for v, bad in zip(*pair, strict=True)
        )
        for pair in zip(np.atleast_2d(value), np.atleast_2d(off), strict=True)
    )
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def _readable(value: Any) -> Any:
    """Return a tensor as an array; one number stays a tensor, so that it does not look like a float."""
    return as_array(value) if is_tensor(value) and value.ndim else value


def _format(value: Any) -> str:
    value = _readable(value)
    if isinstance(value, np.ndarray):
        if value.size == 0 or max(value.shape, default=0) > _LARGEST:
            return f"{'an empty array' if value.size == 0 else 'an array'} of shape {list(value.shape)}"
        width = max((len(_number(v)) for v in value.flat), default=0)
        text = np.array2string(value, formatter={"all": lambda v: _number(v).rjust(width)}, separator=" ")
        return re.sub("\n( *\n)+", "\n", text)  # without the empty lines between planes
    if isinstance(value, str | Raises):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    with suppress(Exception):  # an answer's own class may do anything
        if is_module(value):
            return described(value)
    return shown(value)[:300]


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, Real) else f"{value!s:.20}"


@cache
def _css() -> str:
    return files(__package__).joinpath("card.css").read_text(encoding="utf-8")
