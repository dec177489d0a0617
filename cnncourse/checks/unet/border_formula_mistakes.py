"""How people get the formula of the border weights wrong: its exponent, and what stands before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...datasets import border_weight_map
from ..exercise import Misconception
from ..results import changed
from .border_maps import Array, Finish, Wrong, changed_at_the_end, drawn, equation, exponent, nothing_inside

Power = Callable[[Any, Any, float], Any]  # d1, d2, sigma -> what e is raised to

_VANISHING = "not divided by all of 2 · sigma²"  # nothing is left of them to tell anything else by
_POWERS: dict[str, tuple[Power, ...]] = {
    "sigma not squared": (
        lambda d1, d2, sigma: -((d1 + d2) ** 2) / (2 * sigma),
        lambda d1, d2, sigma: -((d1 + d2) ** 2) / sigma,
        lambda d1, d2, sigma: -((d1 + d2) ** 2) / (2 * np.sqrt(sigma)),
    ),
    "another factor than 2": (
        lambda d1, d2, sigma: -((d1 + d2) ** 2) / sigma**2,
        lambda d1, d2, sigma: -((d1 + d2) ** 2) / (2 * sigma) ** 2,
        lambda d1, d2, sigma: -2 * (d1 + d2) ** 2 / sigma**2,
    ),
    _VANISHING: (
        lambda d1, d2, sigma: -((d1 + d2) ** 2) / 2 * sigma**2,
        lambda d1, d2, sigma: -((d1 + d2) ** 2) / 2 * sigma,
        lambda d1, d2, sigma: -((d1 + d2) ** 2) / 2,
        lambda d1, d2, sigma: -((d1 + d2) ** 2),
    ),
    "squares added": (
        lambda d1, d2, sigma: -(d1**2 + d2**2) / (2 * sigma**2),
        lambda d1, d2, sigma: -(d1**2 + d2**2) / sigma**2,
        lambda d1, d2, sigma: -(d1 + d2**2) / (2 * sigma**2),
    ),
    "sum not squared": (
        lambda d1, d2, sigma: -(d1 + d2) / (2 * sigma**2),
        lambda d1, d2, sigma: -(d1 + d2) / (2 * sigma),
        lambda d1, d2, sigma: -(d1 + d2) / sigma,
    ),
    "distances not added": (
        lambda d1, d2, sigma: -((d1 - d2) ** 2) / (2 * sigma**2),
        lambda d1, d2, sigma: -((d1 * d2) ** 2) / (2 * sigma**2),
        lambda d1, d2, sigma: -d1 * d2 / (2 * sigma**2),
        lambda d1, d2, sigma: -(((d1 + d2) / 2) ** 2) / (2 * sigma**2),
    ),
    "square root missing": (
        lambda d1, d2, sigma: -((d1**2 + d2**2) ** 2) / (2 * sigma**2),
        lambda d1, d2, sigma: -((d1 + d2) ** 4) / (2 * sigma**2),
    ),
    "grows with the distance": (
        lambda d1, d2, sigma: (d1 + d2) ** 2 / (2 * sigma**2),
        lambda d1, d2, sigma: (-(d1 + d2)) ** 2 / (2 * sigma**2),
    ),
}

WRONG_POWERS = tuple(power for name, powers in _POWERS.items() if name != _VANISHING for power in powers)


def _with(**fixed: Any) -> Wrong:
    """Return the right map, with arguments that the caller cannot choose."""
    return lambda instances, w0=10, sigma=5: border_weight_map(
        instances, **{"w0": w0, "sigma": sigma, **fixed}
    )


_WITH_THE_FIRST_TERM: tuple[Finish, ...] = (
    lambda weights, instances: nothing_inside(weights, instances) + 1,
    lambda weights, instances: nothing_inside(weights + 1, instances),
)


def _frequencies(weights: Array, instances: Array, w0: float, sigma: float) -> Array:
    inside = (instances > 0).mean()
    return weights + np.where(instances > 0, 1 - inside, inside)


def _inverse_frequencies(weights: Array, instances: Array, w0: float, sigma: float) -> Array:
    inside = (instances > 0).mean()
    return weights + np.where(instances > 0, 1 / max(inside, 1e-6), 1 / (1 - inside))


def _far_away(reach: float) -> Wrong:
    return drawn(
        formula=lambda d1, d2, w0, sigma: np.where(d1 + d2 > reach * sigma, 0, equation(d1, d2, w0, sigma))
    )


FORMULA_MISTAKES = (
    Misconception(
        "sigma not squared",
        "Below stands 2 · sigma², the square of sigma: sigma ** 2.",
        tuple(map(exponent, _POWERS["sigma not squared"])),
    ),
    Misconception(
        "another factor than 2",
        "Below stands 2 · sigma²: 2 times the square of sigma. Yours lacks the 2, or squares it too.",
        tuple(map(exponent, _POWERS["another factor than 2"])),
    ),
    Misconception(
        "not divided by all of 2 · sigma²",
        "`a / 2 * b` divides by 2 and multiplies by b. Put what stands below into parentheses: / (2 * sigma "
        "** 2).",
        tuple(map(exponent, _POWERS[_VANISHING])),
    ),
    Misconception(
        "nothing but zeros",
        "Your map is 0 everywhere. Either it is never filled, or the exponent is so negative that nothing is "
        "left: divide by (2 * sigma ** 2), in parentheses.",
        (
            lambda instances, w0=10, sigma=5: np.zeros(instances.shape),
            exponent(lambda d1, d2, sigma: -((d1 + d2) ** 2) * (2 * sigma**2)),
        ),
    ),
    Misconception(
        "squares added",
        "First the distances are added, then the sum is squared: (d1 + d2) ** 2. Yours adds d1² and d2².",
        tuple(map(exponent, _POWERS["squares added"])),
    ),
    Misconception(
        "sum not squared",
        "The sum of the distances is squared: (d1 + d2) ** 2. Without the square the weight falls in another "
        "way.",
        tuple(map(exponent, _POWERS["sum not squared"])),
    ),
    Misconception(
        "distances not added",
        "The two distances are added, (d1 + d2) ** 2. Yours takes their difference, product or mean.",
        tuple(map(exponent, _POWERS["distances not added"])),
    ),
    Misconception(
        "square root missing",
        "A Euclidean distance is the root of dy² + dx². Yours adds the squared distances, and then squares "
        "once more.",
        tuple(map(exponent, _POWERS["square root missing"])),
    ),
    Misconception(
        "grows with the distance",
        "The exponent is negative, so that the weight is largest in a narrow gap and falls with the "
        "distance. Yours has another sign.",
        (
            *map(exponent, _POWERS["grows with the distance"]),
            changed(border_weight_map, np.negative),
            drawn(formula=lambda d1, d2, w0, sigma: w0 - equation(d1, d2, w0, sigma)),
            drawn(formula=lambda d1, d2, w0, sigma: 1 - equation(d1, d2, w0, sigma)),
        ),
    ),
    Misconception(
        "w0 is no factor",
        "The exponential is multiplied by w0. Yours leaves w0 out, or puts it elsewhere.",
        (
            _with(w0=1),
            drawn(formula=lambda d1, d2, w0, sigma: w0 + equation(d1, d2, 1, sigma)),
            drawn(formula=lambda d1, d2, w0, sigma: equation(d1, d2, 1, sigma) ** w0),
            drawn(formula=lambda d1, d2, w0, sigma: equation(d1, d2, 1, sigma) / w0),
            drawn(formula=lambda d1, d2, w0, sigma: equation(d1, d2, w0**2, sigma)),
        ),
    ),
    Misconception(
        "an argument ignored",
        "Take w0 and sigma as the caller asks for them: 10 and 5 are only their defaults.",
        (_with(w0=10), _with(sigma=5), _with(w0=10, sigma=5)),
    ),
    Misconception(
        "w0 and sigma swapped",
        "Here w0 is the height of the weights, sigma how far they reach; the caller gives w0 first. Yours "
        "takes one for the other.",
        (drawn(formula=lambda d1, d2, w0, sigma: equation(d1, d2, sigma, w0)),),
    ),
    Misconception(
        "class weights added",
        "Here the map holds only the second term of the equation. Leave out the first, w_c(x), which "
        "balances the classes.",
        (
            changed_at_the_end(lambda w, instances, w0, sigma: w + 1),
            changed_at_the_end(lambda w, instances, w0, sigma: w + (instances == 0)),
            changed_at_the_end(lambda w, instances, w0, sigma: w + (instances > 0)),
            *(drawn(finish=finish) for finish in _WITH_THE_FIRST_TERM),
            *(exponent(power, finish=finish) for power in WRONG_POWERS for finish in _WITH_THE_FIRST_TERM),
            changed_at_the_end(_frequencies),
            changed_at_the_end(_inverse_frequencies),
        ),
    ),
    Misconception(
        "normalized",
        "The weights are taken as the formula gives them: divide them neither by their maximum or sum, nor "
        "by the area under the bell.",
        (
            changed_at_the_end(lambda w, instances, w0, sigma: w / max(w.max(), 1e-12)),
            changed_at_the_end(lambda w, instances, w0, sigma: w0 * w / max(w.max(), 1e-12)),
            changed_at_the_end(lambda w, instances, w0, sigma: w / w.max()),
            changed_at_the_end(lambda w, instances, w0, sigma: w0 * w / w.max()),
            changed_at_the_end(lambda w, instances, w0, sigma: w / max(w.sum(), 1e-12)),
            changed_at_the_end(lambda w, instances, w0, sigma: w / max(w.mean(), 1e-12)),
            changed_at_the_end(lambda w, instances, w0, sigma: w / (sigma * np.sqrt(2 * np.pi))),
            changed_at_the_end(lambda w, instances, w0, sigma: w / (2 * np.pi * sigma**2)),
            changed_at_the_end(lambda w, instances, w0, sigma: np.clip(w, 0, 1)),
        ),
    ),
    Misconception(
        "nothing far away",
        "The formula holds on the whole background: far from cells the weights are small, not 0. Yours "
        "stops at some distance.",
        (_far_away(1), _far_away(2), _far_away(3)),
    ),
)
