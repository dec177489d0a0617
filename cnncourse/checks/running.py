"""Run an answer on an exercise's probes without letting it hang, crash or change anything."""

from __future__ import annotations

import copy
import ctypes
import inspect
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ..ops.arrays import is_tensor
from .exercise import NOTHING_RETURNED, Probe, Unusable
from .isolation import start_afresh, state_kept
from .modules import is_module, state_of

_T = TypeVar("_T")


class _TimeUp(BaseException):
    """Raised inside an answer that runs for too long; no Exception, so that `except Exception` lets it by."""


@dataclass(frozen=True)
class Outcome:
    """What one probe brought out of an answer: a value, an error, or no end in time."""

    value: Any = None
    error: BaseException | None = None
    timed_out: bool = False
    changed: tuple[int, ...] = ()  # positions of the arguments that the answer changed

    @property
    def returned(self) -> bool:
        """Whether the answer came back with a value."""
        return self.error is None and not self.timed_out


def run_probes(answer: Callable[..., Any], probes: Sequence[Probe], seconds: float) -> list[Outcome]:
    """Call ``answer`` on every probe; give up after ``seconds`` in all.

    The list ends with the first probe that did not come back in time.
    """
    end = time.monotonic() + seconds
    outcomes: list[Outcome] = []
    with state_kept():
        for probe in probes:
            # A new thread for each: torch keeps gradients on or off and the default device per thread.
            outcome = _in_thread(partial(_run, answer, probe), max(0.0, end - time.monotonic()))
            outcomes.append(outcome or Outcome(timed_out=True))
            if outcome is None:
                break
    return outcomes


def run_trusted(
    implementations: Iterable[Callable[..., Any]], probes: Sequence[Probe]
) -> list[tuple[Outcome, ...]]:
    """Call each of the library's own implementations on every probe; all of them do end."""

    def work() -> list[tuple[Outcome, ...]]:
        return [tuple(_run(own, probe) for probe in probes) for own in implementations]

    with state_kept():
        return _in_thread(work) or []


def _in_thread(work: Callable[[], _T], seconds: float | None = None) -> _T | None:
    """Return what ``work`` returns in a thread that is abandoned after ``seconds``, and then None.

    A thread, since signals do not exist on Windows and a forked kernel is not safe with torch.
    """
    results: list[_T] = []

    def run() -> None:
        with suppress(_TimeUp):
            results.append(work())

    worker = threading.Thread(target=run, name="cnncourse-check", daemon=True)
    worker.start()
    try:
        worker.join(seconds)
    finally:  # also when the learner interrupts the cell
        finished = list(results)
        _stop(worker)
    return finished[0] if finished else None


def _run(answer: Callable[..., Any], probe: Probe) -> Outcome:
    """Call ``answer`` once, on copies of the probe's arguments."""
    args, options = copy.deepcopy((probe.args, dict(probe.options)))
    start_afresh()
    try:
        if probe.drive is None:
            value = _call(answer, *args, **options)
        else:
            value = probe.drive(_usable(answer), *args, **options)
        if probe.observe is not None and value is not None:
            value = probe.observe(value)
        value = _kept(value)
    except _TimeUp:
        raise
    except BaseException as error:  # SystemExit too: nothing that an answer raises may end the kernel
        return Outcome(error=error)
    changed = tuple(
        i
        for i, (was, now) in enumerate(zip(probe.args, args, strict=True))
        if not _unchanged(was, now, driven=probe.drive is not None)
    )
    return Outcome(value=value, changed=changed)


def can_be_called(answer: Callable[..., Any], probe: Probe) -> bool:
    """Whether the answer takes the probe's arguments, options by name or by position."""
    options = dict(probe.options)
    return _binds(answer, probe.args, options) or _binds(answer, (*probe.args, *options.values()), {})


def _call(answer: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
    """Call the answer, options by name if it knows these names, else by position."""
    if _binds(answer, args, options):
        return answer(*args, **options)
    return answer(*args, *options.values())


def _usable(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return the answer for a ``drive`` function, which wants something to go on with."""

    def call(*args: Any, **options: Any) -> Any:
        value = _call(answer, *args, **options)
        if value is None:
            raise Unusable(NOTHING_RETURNED)
        if inspect.isgenerator(value):
            raise Unusable("Your function is a generator: because of its `yield` a call runs nothing of it.")
        return value

    return call


def _binds(answer: Callable[..., Any], args: Sequence[Any], options: dict[str, Any]) -> bool:
    called = getattr(answer, "forward", answer) if is_module(answer) else answer  # __call__ takes anything
    try:
        inspect.signature(called).bind(*args, **options)
    except TypeError:
        return False
    except Exception:  # no signature, as some built-ins: only the call can tell
        return True
    return True


def _kept(value: Any) -> Any:
    """Return a copy that later probes cannot change; a tensor leaves its graph."""
    if is_tensor(value):
        return value.detach().clone()
    if type(value) in (tuple, list):
        return type(value)(map(_kept, value))
    with suppress(Exception):  # a generator cannot be copied
        return copy.deepcopy(value)
    return value


def _unchanged(was: Any, now: Any, driven: bool) -> bool:
    if type(was) is not type(now):
        return False
    if isinstance(was, np.ndarray):
        return was.shape == now.shape and was.dtype == now.dtype and np.array_equal(was, now, equal_nan=True)
    if is_tensor(was):
        same_kind = was.shape == now.shape and was.dtype == now.dtype
        return same_kind and _unchanged(was.detach().numpy(), now.detach().numpy(), driven)
    if is_module(was):
        return driven or state_of(was) == state_of(now)
    if isinstance(was, tuple | list):
        return len(was) == len(now) and all(_unchanged(a, b, driven) for a, b in zip(was, now, strict=True))
    plain = isinstance(was, int | float | str | None)
    return bool(was == now) if plain else True  # what an optimizer did, its probe looks at


def _stop(worker: threading.Thread, attempts: int = 20) -> None:
    """Raise ``_TimeUp`` in the worker until it ends; one that swallows even that stays behind as a daemon."""
    for _ in range(attempts):
        if not worker.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(worker.ident or 0), ctypes.py_object(_TimeUp)
        )
        worker.join(0.05)
