"""Exercise 2.1: ReLU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ...ops import relu
from ..exercise import Exercise, Misconception, Probe

Array = np.ndarray


def _leaky(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


def _gelu(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _along(axis: int) -> Callable[[Array], Array]:
    return lambda x: x.max(axis=axis)


_EYE = np.array([[-2.0, 3, 0, -1], [5, -4, 1, 2]])
_RNG = np.random.default_rng(1)

EXERCISE = Exercise(
    name="relu",
    number="2.1",
    signature="relu(x) -> array of x's shape, whatever that is",
    reference=relu,
    probes=(
        Probe((_EYE,), note="negative, zero, positive"),
        Probe((np.array([[0.25, -0.5, 1.5], [-0.75, 9.5, -8.25]]),), note="fractions"),
        Probe((-np.arange(1.0, 7).reshape(3, 2),), note="all negative"),
        Probe((_RNG.integers(-9, 10, (2, 3, 4)).astype(np.float64),), note="two channels"),
        Probe((_RNG.integers(-9, 10, 5).astype(np.float64),), note="one row"),
        Probe(((_RNG.integers(-30, 31, (3, 5)) / 4).astype(np.float32),), note="float32 input"),
    ),
    misconceptions=(
        Misconception(
            "absolute value",
            "ReLU does not turn negative values around, it cuts them off: −3 becomes 0, not 3.",
            (np.abs, lambda x: np.sqrt(x**2)),
        ),
        Misconception(
            "negative part kept",
            "ReLU keeps what is above 0 and puts 0 for the rest. Yours does it the other way round.",
            (
                lambda x: np.minimum(x, 0),
                lambda x: np.maximum(-x, 0),
                lambda x: np.minimum(-x, 0),
                lambda x: -np.maximum(x, 0),
            ),
        ),
        Misconception(
            "clipped above",
            "ReLU has no upper limit: positive values pass as they are.",
            (
                lambda x: np.clip(x, 0, 1),
                lambda x: np.clip(x, 0, 6),
                lambda x: np.clip(x, -1, 1),
                lambda x: np.maximum(x, 0) / (x.max() if x.max() > 0 else 1),
            ),
        ),
        Misconception(
            "a step instead of a ramp",
            "A positive value passes unchanged: 3 stays 3. Yours only says on which side of 0 it lies.",
            (
                lambda x: (x > 0).astype(x.dtype),
                lambda x: (x >= 0).astype(x.dtype),
                np.sign,
                lambda x: np.where(x > 0, 1, -1),
                lambda x: np.heaviside(x, 0.5),
            ),
        ),
        Misconception(
            "negative values shrunk",
            "ReLU makes every negative value exactly 0. Yours lets a part of it through (as leaky ReLU and "
            "ELU do).",
            (
                *(partial(_leaky, slope=s) for s in (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5)),
                lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
            ),
        ),
        Misconception(
            "smooth instead of a corner",
            "ReLU is exactly 0 below 0 and exactly x above. Yours bends smoothly, as sigmoid, tanh or "
            "softplus do.",
            (
                lambda x: 1 / (1 + np.exp(-x)),
                np.tanh,
                lambda x: np.log1p(np.exp(x)),
                lambda x: x / (1 + np.exp(-x)),
                _gelu,
            ),
        ),
        Misconception(
            "threshold at the wrong place",
            "The corner is at 0: every positive value passes, 0.25 too.",
            (
                lambda x: np.where(x >= 1, x, 0),
                lambda x: np.where(x > 1, x, 0),
                lambda x: np.maximum(x, 1),
                lambda x: np.where(x > 0.5, x, 0),
                lambda x: np.where(x >= -1, x, 0),
                lambda x: np.maximum(x - 1, 0),
            ),
        ),
        Misconception(
            "shifted instead of cut",
            "ReLU looks at each value alone. Yours moves all of them, so that positive ones change too.",
            (lambda x: x - x.min(), lambda x: x - x.mean(), lambda x: np.maximum(x - x.mean(), 0)),
        ),
        Misconception(
            "np.max instead of np.maximum",
            "np.max(x, 0) looks for the largest value along axis 0. np.maximum(x, 0) compares each value "
            "with 0.",
            (_along(0), _along(-1), lambda x: max(x.max(), 0), lambda x: np.full_like(x, max(x.max(), 0))),
        ),
        Misconception(
            "negative values removed",
            "The result has the shape of x: a negative value is replaced by 0, not left out.",
            (lambda x: x[x > 0], lambda x: x[x >= 0]),
        ),
        Misconception(
            "shape lost",
            "The result has the shape of x. Yours is flat.",
            (lambda x: np.maximum(x, 0).ravel(), lambda x: np.maximum(x, 0)[None]),
        ),
        Misconception(
            "nothing cut",
            "Negative values must become 0. Yours come back as they went in.",
            (np.copy, np.negative),
        ),
        Misconception(
            "fractions cut off",
            "Positive values pass as they are, 0.25 too. Yours are rounded to whole numbers.",
            (
                lambda x: np.maximum(x, 0).astype(int),
                lambda x: np.floor(np.maximum(x, 0)),
                lambda x: np.round(np.maximum(x, 0)),
            ),
        ),
    ),
    hints=(
        "Each value decides alone: is it above 0?",
        "NumPy compares a whole array with one number at a time: x > 0 is an array of True and False. "
        "np.maximum and np.where take arrays too.",
    ),
)
