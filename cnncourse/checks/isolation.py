"""Keep what an answer does to global state away from the learner's kernel and from the next check."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np

SEED = 0


@contextmanager
def state_kept() -> Iterator[None]:
    """Restore afterwards all random states, and torch's global settings if torch is in use.

    Meanwhile torch computes in one thread: probes are so small that threads would mostly wait for each other,
    which beside another busy process has made seconds into minutes.

    What torch keeps per thread (gradients on or off, the default device, autocast) needs no care here: each
    probe runs in a thread of its own.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  (answers may use the global one)
    torch = sys.modules.get("torch")
    restore = _remember(torch) if torch else _make_fresh
    if torch:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        restore()


def start_afresh() -> None:
    """Give the next call the state in which every probe starts."""
    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch:
        torch.default_generator.manual_seed(SEED)
        torch.set_default_dtype(torch.float32)


def _remember(torch: ModuleType) -> Callable[[], None]:
    """Return a function that brings torch back to its present state."""
    generator = torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    strictness = _strictness(torch)
    hooks = [(every, dict(every)) for every in _hooks_on_every_module(torch)]

    def restore() -> None:
        torch.set_rng_state(generator)
        if devices:
            torch.cuda.set_rng_state_all(devices)
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
        if _strictness(torch) != strictness:  # setting it imports much: seconds
            deterministic, only_warns, anomalies = strictness
            torch.use_deterministic_algorithms(deterministic, warn_only=only_warns)
            torch.autograd.set_detect_anomaly(anomalies)
        for every, before in hooks:
            every.clear()
            every.update(before)

    return restore


def _make_fresh() -> None:
    """Bring a torch that was imported in between to the state in which it starts, with a seed of its own."""
    torch = sys.modules.get("torch")
    if torch:
        torch.default_generator.seed()
        torch.set_default_dtype(torch.float32)


def _strictness(torch: ModuleType) -> tuple[bool, bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.is_anomaly_enabled(),
    )


def _hooks_on_every_module(torch: ModuleType) -> list[dict]:
    names = vars(torch.nn.modules.module).items()
    return [value for name, value in names if name.startswith("_global_") and isinstance(value, dict)]
