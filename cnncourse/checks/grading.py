"""Judge what came out of an answer: equal to the reference, a known mistake, or what differs first."""

from __future__ import annotations

import dis
import math
import sysconfig
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.arrays import is_tensor
from .comparing import has_nan, kind, numbers_in, problem_with_value, said, shown
from .exercise import Exercise, Misconception, Raises, Unusable
from .modules import is_module, is_module_class
from .observing import Seen
from .running import Outcome, can_be_called, run_probes, run_trusted

_OURS = str(Path(__file__).parents[1])
_INSTALLED = tuple(sysconfig.get_path(scheme) for scheme in ("purelib", "platlib", "stdlib"))


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
    # The reference first: what torch loads at its first use must not count against the answer's time.
    expected = expected_results(exercise)
    outcomes = run_probes(answer, exercise.probes, exercise.seconds)
    if _is_open(outcomes[0].error):
        return Verdict(False, "Not written yet.", attempted=False)
    wrong = [i for i, outcome in enumerate(outcomes) if _problem(expected[i], outcome)]
    if not wrong:
        return _passed_unless_input_changed(exercise, outcomes)
    misconception = recognize(exercise, outcomes)
    first = wrong[0]
    message = misconception.sentence if misconception else _problem(expected[first], outcomes[first])
    if not misconception and outcomes[first].changed:
        message += f" Besides, {_what_changed(outcomes[first])}"
    return Verdict(False, message, True, misconception, first, expected[first], outcomes[first])


def expected_results(exercise: Exercise) -> tuple[Any, ...]:
    """Return the reference's value on each probe, or the kind of error that an answer must raise there."""
    return tuple(
        Raises(type(outcome.error)) if isinstance(outcome.error, Exception) else outcome.value
        for outcome in _reference_outcomes(exercise)
    )


def recognize(exercise: Exercise, outcomes: Sequence[Outcome]) -> Misconception | None:
    """Return the misconception that explains an answer's outcomes, or None.

    One that gives the same on every probe comes first, best if it also changes the same arguments. Else one
    whose every deviation the answer shares, wherever the answer returned anything, and which explains the
    first wrong value, which the card shows: a flipped kernel stays one if the answer also fails on tuples.
    Else the only one that explains the first four wrong numbers, so that of two mistakes the first is named.
    Else one that explains later ones only, in numbers, unless NaN comes first, which spreads to all others.
    """
    correct = _reference_outcomes(exercise)
    partial: list[tuple[float, Misconception]] = []
    later: list[tuple[float, Misconception]] = []
    first_only: set[str] = set()
    wrong = [i for i, outcome in enumerate(outcomes) if not _alike(correct[i], outcome)]
    displayed = next((i for i in wrong if outcomes[i].returned), None)
    unexplained_nan = displayed is not None and has_nan(outcomes[displayed].value)
    for (misconception, results), deviations in zip(
        _wrong_outcomes(exercise), _deviations(exercise), strict=True
    ):
        agrees = [_alike(result, outcome) for result, outcome in zip(results, outcomes, strict=False)]
        if all(agrees) and len(outcomes) == len(results):
            if all(map(_same, results, outcomes)):
                return misconception
            partial.append((math.inf, misconception))
        telling = [i for i in deviations if i < len(outcomes)]
        evidence = sum(numbers_in(outcomes[i].value) for i in telling if agrees[i])
        if evidence >= 3 and all(agrees[i] or not outcomes[i].returned for i in telling):
            if displayed is None or agrees[displayed]:
                partial.append((evidence, misconception))
            elif not (unexplained_nan or any(isinstance(outcomes[i].value, Seen) for i in telling)):
                later.append((evidence, misconception))
        explained = takewhile(lambda i: agrees[i], wrong)  # noqa: B023  (used at once)
        if sum(numbers_in(outcomes[i].value) for i in explained) >= 4:
            first_only.add(misconception.name)
    if partial:
        return max(partial, key=lambda pair: pair[0])[1]
    if len(first_only) == 1:
        return next(m for m in exercise.misconceptions if m.name in first_only)
    return max(later, key=lambda pair: pair[0])[1] if later else None


@cache
def _reference_outcomes(exercise: Exercise) -> tuple[Outcome, ...]:
    return run_trusted([exercise.reference], exercise.probes)[0]


@cache
def _wrong_outcomes(exercise: Exercise) -> tuple[tuple[Misconception, tuple[Outcome, ...]], ...]:
    wrong = [
        (misconception, made) for misconception in exercise.misconceptions for made in misconception.wrong
    ]
    outcomes = run_trusted([made for _, made in wrong], exercise.probes)
    return tuple(
        (misconception, results) for (misconception, _), results in zip(wrong, outcomes, strict=True)
    )


@cache
def _deviations(exercise: Exercise) -> tuple[tuple[int, ...], ...]:
    """Return for each wrong version the probes on which it differs from the reference."""
    correct = _reference_outcomes(exercise)
    return tuple(
        tuple(i for i, result in enumerate(results) if not _alike(correct[i], result))
        for _, results in _wrong_outcomes(exercise)
    )


def _cannot_run(exercise: Exercise, answer: Any) -> str:
    computes = _gets_arrays(exercise)
    if not callable(answer) or (is_module(answer) and not computes):
        called = f" Pass the function itself: check({exercise.name!r}, {exercise.name}), without calling it."
        return f"Expected your function {exercise.name}, got {kind(answer)}.{called}"
    if is_module_class(answer) and computes:
        built = f"Pass a layer that is built: check({exercise.name!r}, {answer.__name__}(…))."
        return f"Expected your function {exercise.name}, got the class {answer.__name__} itself. {built}"
    if not all(can_be_called(answer, probe) for probe in exercise.probes):
        return f"Your function does not take the arguments of the exercise. Expected: {exercise.signature}"
    return ""


def _gets_arrays(exercise: Exercise) -> bool:
    """Whether an answer computes with arrays, as a layer does, and does not build one from sizes."""
    given = (arg for probe in exercise.probes for arg in probe.args)
    return any(isinstance(arg, np.ndarray) or is_tensor(arg) for arg in given)


def _passed_unless_input_changed(exercise: Exercise, outcomes: Sequence[Outcome]) -> Verdict:
    for i, outcome in enumerate(outcomes):
        if outcome.changed:
            message = f"The result is right, but {_what_changed(outcome)}"
            return Verdict(False, message, probe=i, expected=expected_results(exercise)[i], outcome=outcome)
    return Verdict(True, "Correct.")


def _what_changed(outcome: Outcome) -> str:
    which = " and ".join(f"argument {position + 1}" for position in outcome.changed)
    return f"your function changes its input ({which}). Work on a copy."


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


def _problem_with_error(expected: Raises, outcome: Outcome) -> str:
    if isinstance(outcome.error, expected.error):
        return ""
    name = expected.error.__name__
    got = f"returned {shown(outcome.value)}" if outcome.returned else f"raised {type(outcome.error).__name__}"
    return f"Here your function must raise {name} (`raise {name}(...)`), but it {got}."


def _is_open(error: BaseException | None) -> bool:
    """Whether the answer itself says that it is not written; torch too raises NotImplementedError."""
    if not isinstance(error, NotImplementedError) or error.__traceback__ is None:
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    raised = frame.f_code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return raised and _is_the_answers(frame.f_code.co_filename)


def _is_the_answers(filename: str) -> bool:
    return not filename.startswith((_OURS, *_INSTALLED))


def _where_it_failed(error: BaseException) -> str:
    """Name the error and the line of the answer that it comes from."""
    text = said(error)
    text = f"Your function raised {type(error).__name__}{f': {text}' if text else '.'}"
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_the_answers(frame.filename)]
    return f"{text}\nLine {own[-1].lineno}: {own[-1].line}" if own and own[-1].line else text


def _same(a: Outcome, b: Outcome) -> bool:
    """Whether two outcomes are the same, what was done to the arguments included."""
    return a.changed == b.changed and _alike(a, b)


def _alike(a: Outcome, b: Outcome) -> bool:
    """Whether two outcomes show the same: equal values, or the same kind of error."""
    if not (a.returned and b.returned):
        if a.timed_out or b.timed_out or type(a.error) is not type(b.error):
            return False
        return not isinstance(a.error, Unusable) or str(a.error) == str(b.error)
    if a.value is None or b.value is None:
        return a.value is b.value
    return not problem_with_value(a.value, b.value)
