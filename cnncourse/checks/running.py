"""Run an answer on an exercise's probes without letting it hang, crash or change anything."""

from __future__ import annotations

import copy
import ctypes
import inspect
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from .exercise import Probe


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
    """Call ``answer`` on every probe, in a thread that is abandoned after ``seconds``.

    A thread, since signals do not exist on Windows and a forked kernel is not safe with torch.
    The list ends with the first probe that did not come back in time.
    """
    outcomes: list[Outcome] = []

    def work() -> None:
        with suppress(_TimeUp):
            for probe in probes:
                outcomes.append(run_probe(answer, probe))

    worker = threading.Thread(target=work, name="cnncourse-check", daemon=True)
    worker.start()
    try:
        worker.join(seconds)
    finally:  # also when the learner interrupts the cell
        finished = list(outcomes)
        _stop(worker)
    return finished if len(finished) == len(probes) else [*finished, Outcome(timed_out=True)]


def run_probe(answer: Callable[..., Any], probe: Probe) -> Outcome:
    """Call ``answer`` once, on copies of the probe's arguments."""
    args = copy.deepcopy(probe.args)
    options = dict(copy.deepcopy(probe.options))
    try:
        value = (
            answer(*args, **options) if _binds(answer, args, options) else answer(*args, *options.values())
        )
        if probe.observe is not None and value is not None:
            value = probe.observe(value)
        with suppress(Exception):  # a generator cannot be copied
            value = copy.deepcopy(value)
    except _TimeUp:
        raise
    except BaseException as error:  # SystemExit too: nothing that an answer raises may end the kernel
        return Outcome(error=error)
    changed = tuple(
        i for i, (was, now) in enumerate(zip(probe.args, args, strict=True)) if not _equal(was, now)
    )
    return Outcome(value=value, changed=changed)


def can_be_called(answer: Callable[..., Any], probe: Probe) -> bool:
    """Whether the answer takes the probe's arguments, options by name or by position."""
    options = dict(probe.options)
    return _binds(answer, probe.args, options) or _binds(answer, (*probe.args, *options.values()), {})


def _binds(answer: Callable[..., Any], args: Sequence[Any], options: dict[str, Any]) -> bool:
    try:
        inspect.signature(answer).bind(*args, **options)
    except ValueError:  # a built-in without a signature: only the call can tell
        return True
    except TypeError:
        return False
    return True


def _equal(was: Any, now: Any) -> bool:
    if isinstance(was, np.ndarray):
        return was.shape == now.shape and was.dtype == now.dtype and np.array_equal(was, now, equal_nan=True)
    return bool(was == now)


def _stop(worker: threading.Thread, attempts: int = 20) -> None:
    """Raise ``_TimeUp`` in the worker until it ends; one that swallows even that stays behind as a daemon."""
    for _ in range(attempts):
        if not worker.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(worker.ident or 0), ctypes.py_object(_TimeUp)
        )
        worker.join(0.05)
