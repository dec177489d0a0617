"""Judge what came out of an answer: equal to the reference, a known mistake, or what differs first."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from .exercise import Exercise, Misconception, Raises, Unusable
from .running import Outcome, can_be_called, run_probe, run_probes

RTOL, ATOL = 1e-4, 1e-5  # float32 answers pass; probes hold small numbers


@dataclass(frozen=True)
class Verdict:
    """How an answer did: the first probe that differs, and what to say about it."""

    passed: bool
    message: str
    attempted: bool = True
    misconception: Misconception | None = None
    probe: int | None = None  # index of the first probe that differs
    expected: Any = None
    outcome: Outcome | None = None


def grade(exercise: Exercise, answer: Any) -> Verdict:
    """Run an answer on all probes and say what is wrong first, or that nothing is."""
    problem = _cannot_run(exercise, answer)
    if problem:
        return Verdict(False, problem)
    outcomes = run_probes(answer, exercise.probes, exercise.seconds)
    if isinstance(outcomes[0].error, NotImplementedError):
        return Verdict(False, "Not written yet.", attempted=False)
    expected = expected_results(exercise)
    wrong = [i for i, outcome in enumerate(outcomes) if _problem(expected[i], outcome)]
    if not wrong:
        return _passed_unless_input_changed(exercise, outcomes)
    misconception = recognize(exercise, outcomes)
    first = wrong[0]
    message = misconception.sentence if misconception else _problem(expected[first], outcomes[first])
    return Verdict(False, message, True, misconception, first, expected[first], outcomes[first])


def expected_results(exercise: Exercise) -> tuple[Any, ...]:
    """Return the reference's value on each probe, or the kind of error that an answer must raise there."""
    return tuple(
        Raises(type(outcome.error)) if isinstance(outcome.error, Exception) else outcome.value
        for outcome in _reference_outcomes(exercise)
    )


def recognize(exercise: Exercise, outcomes: Sequence[Outcome]) -> Misconception | None:
    """Return the misconception that explains an answer's outcomes, or None.

    One that gives the same on every probe comes first. Else one whose every deviation the answer shares,
    wherever the answer returned anything: a flipped kernel stays one if the answer also fails on tuples.
    Else the only one that explains the first wrong array, so that of two mistakes the first is named.
    """
    correct = _reference_outcomes(exercise)
    partial: list[tuple[int, Misconception]] = []
    first_only: set[str] = set()
    wrong = [i for i, outcome in enumerate(outcomes) if not _same(correct[i], outcome)]
    for misconception, results in _wrong_outcomes(exercise):
        agrees = [_same(result, outcome) for result, outcome in zip(results, outcomes, strict=False)]
        if all(agrees) and len(outcomes) == len(results):
            return misconception
        telling = [i for i in range(len(outcomes)) if not _same(correct[i], results[i])]
        evidence = sum(_numbers(outcomes[i]) for i in telling if agrees[i])
        if evidence >= 3 and all(agrees[i] or not outcomes[i].returned for i in telling):
            partial.append((evidence, misconception))
        if wrong and agrees[wrong[0]] and _numbers(outcomes[wrong[0]]) >= 4:
            first_only.add(misconception.name)
    if partial:
        return max(partial, key=lambda pair: pair[0])[1]
    if len(first_only) == 1:
        return next(m for m in exercise.misconceptions if m.name in first_only)
    return None


@cache
def _reference_outcomes(exercise: Exercise) -> tuple[Outcome, ...]:
    return tuple(run_probe(exercise.reference, probe) for probe in exercise.probes)


@cache
def _wrong_outcomes(exercise: Exercise) -> tuple[tuple[Misconception, tuple[Outcome, ...]], ...]:
    return tuple(
        (misconception, tuple(run_probe(wrong, probe) for probe in exercise.probes))
        for misconception in exercise.misconceptions
        for wrong in misconception.wrong
    )


def _cannot_run(exercise: Exercise, answer: Any) -> str:
    if not callable(answer):
        called = f" Pass the function itself: check({exercise.name!r}, {exercise.name}), without calling it."
        return f"Expected your function {exercise.name}, got {_kind(answer)}.{called}"
    if not all(can_be_called(answer, probe) for probe in exercise.probes):
        return f"Your function does not take the arguments of the exercise. Expected: {exercise.signature}"
    return ""


def _passed_unless_input_changed(exercise: Exercise, outcomes: Sequence[Outcome]) -> Verdict:
    for i, outcome in enumerate(outcomes):
        if outcome.changed:
            which = " and ".join(f"argument {position + 1}" for position in outcome.changed)
            message = f"The result is right, but your function changes its input ({which}). Work on a copy."
            return Verdict(False, message, probe=i, expected=expected_results(exercise)[i], outcome=outcome)
    return Verdict(True, "Correct.")


def _problem(expected: Any, outcome: Outcome) -> str:
    """Return one or two sentences on how an outcome differs from what was expected, or ''."""
    if outcome.timed_out:
        return (
            "Your function did not come back in time, so the check went on without it. Does a loop never end?"
        )
    if isinstance(expected, Raises):
        return _problem_with_error(expected, outcome)
    if isinstance(outcome.error, Unusable):
        return str(outcome.error)
    if outcome.error is not None:
        return _where_it_failed(outcome.error)
    return problem_with_value(expected, outcome.value)


def problem_with_value(expected: Any, value: Any) -> str:
    """Return how a value differs from the expected one in type, shape or numbers, or ''."""
    if value is None:
        return "Your function returned None. Is the `return` missing?"
    if isinstance(expected, tuple):
        if not isinstance(value, tuple | list) or len(value) != len(expected):
            return f"Expected {len(expected)} results, as in `return a, b`; got {_kind(value)}."
        problems = (problem_with_value(e, v) for e, v in zip(expected, value, strict=True))
        return next((f"Result {i}: {text}" for i, text in enumerate(problems, 1) if text), "")
    if isinstance(expected, np.ndarray):
        return _problem_with_array(expected, value)
    if isinstance(expected, int | np.integer):
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
            return f"Expected a whole number (int), got {_kind(value)}."
        return "" if value == expected else f"Expected {expected}, got {value}."
    return "" if type(value) is type(expected) and value == expected else f"Expected {expected}, got {value}."


def _problem_with_array(expected: np.ndarray, value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return f"Expected a NumPy array of shape {list(expected.shape)}, got {_kind(value)}."
    if value.dtype.kind not in "fiu" or (expected.dtype.kind in "iu" and value.dtype.kind not in "iu"):
        wanted = (
            "whole numbers (an int dtype)"
            if expected.dtype.kind in "iu"
            else "real numbers (float32 or float64)"
        )
        return f"Expected an array of {wanted}, got dtype {value.dtype}."
    if value.shape != expected.shape:
        return f"Expected shape {list(expected.shape)}, got {list(value.shape)}."
    if np.isnan(value).any():
        share = f"{np.isnan(value).sum()} of {value.size} values"
        return f"{share} are NaN (not a number). A division by zero, or an array that was never filled?"
    off = ~np.isclose(value, expected, rtol=RTOL, atol=ATOL)
    if not off.any():
        return ""
    text = f"The shape is right, but {off.sum()} of {off.size} values differ."
    if value.dtype.kind in "iu" and np.array_equal(value, np.trunc(expected)):
        text += f" Your array has dtype {value.dtype}, which cuts off fractions."
    return text


def _problem_with_error(expected: Raises, outcome: Outcome) -> str:
    if isinstance(outcome.error, expected.error):
        return ""
    name = expected.error.__name__
    got = f"returned {outcome.value!r}" if outcome.returned else f"raised {type(outcome.error).__name__}"
    return f"Here your function must raise {name} (`raise {name}(...)`), but it {got}."


def _where_it_failed(error: BaseException) -> str:
    """Name the error and the line of the answer that it comes from."""
    text = (
        f"Your function raised {type(error).__name__}: {error}"
        if str(error)
        else f"Your function raised {type(error).__name__}."
    )
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is ours
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    return f"{text}\nLine {own[-1].lineno}: {own[-1].line}" if own and own[-1].line else text


def _same(a: Outcome, b: Outcome) -> bool:
    """Whether two outcomes are the same: equal values, or the same kind of error."""
    if not (a.returned and b.returned):
        return not (a.timed_out or b.timed_out) and type(a.error) is type(b.error)
    if a.value is None or b.value is None:
        return a.value is b.value
    return not problem_with_value(a.value, b.value)


def _numbers(outcome: Outcome) -> int:
    """How many numbers were returned: agreement on one may be chance, on four it is not."""
    parts = outcome.value if isinstance(outcome.value, tuple) else (outcome.value,)
    return sum(int(np.size(part)) for part in parts if isinstance(part, np.ndarray | int | float))


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {list(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int | float | str | bool):
        return f"the {type(value).__name__} {value!r:.40}"
    return f"an object of type {type(value).__name__}"
