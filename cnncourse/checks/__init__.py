"""Exercises and their checks.

>>> from cnncourse import check
>>> def relu(x):
...     return abs(x)
>>> result = check("relu", relu)                                    # doctest: +ELLIPSIS
Exercise 2.1 · relu: ✗ not yet: ...
>>> result.passed
False
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import wraps
from typing import Any

from . import card, progress
from .catalog import Catalog
from .exercise import Exercise
from .grading import Verdict, grade

EXERCISES = Catalog(
    {
        "first_steps": ("crop",),
        "convolution": ("conv_output_size", "conv2d", "vertical_edge_kernel", "conv2d_channels"),
        "pooling": ("relu", "max_pool2d", "avg_pool2d", "receptive_field", "design_layers"),
        "classification.softmax": ("softmax",),
        "classification.cross_entropy": ("cross_entropy",),
        "classification.network": ("simple_cnn",),
        "classification.training_step": ("train_step",),
        "classification.accuracy": ("accuracy",),
        "generalization": ("dropout", "l2_penalty", "EarlyStopping", "flip_pair"),
        "inside": ("capture", "grad_cam"),
        "fcn": ("linear_to_conv", "pixel_cross_entropy", "confusion_matrix", "iou_per_class"),
        "upsampling": (
            "upsample_nearest",
            "upsample_bilinear",
            "conv_transpose2d",
            "design_doubling",
            "max_unpool2d",
        ),
        "segnet.encoder": ("encoder_stage",),
        "segnet.decoder": ("decoder_stage",),
        "segnet.class_weights": ("median_frequency_weights",),
        "unet.cropping": ("center_crop",),
        "unet.sizes": ("unet_output_size",),
        "unet.upward": ("up_block",),
        "unet.borders": ("border_weight_map",),
    }
)

__all__ = ["EXERCISES", "CheckFailed", "Result", "check"]


class CheckFailed(AssertionError):
    """Raised for an open or wrong answer when ``CNNCOURSE_STRICT=1`` is set, for grading."""


@dataclass(frozen=True)
class Result:
    """What a check found.

    ``passed``, ``attempted`` (False while the exercise is open), ``misconception`` (the name of a recognized
    mistake, or None), ``message`` (what the card says) and ``hints`` (those opened so far).
    """

    name: str
    passed: bool
    attempted: bool
    misconception: str | None
    message: str
    hints: list[str]
    _use: Callable[..., Any] = field(repr=False)

    def use(self) -> Callable[..., Any]:
        """Return the answer if it passed, else the library's version, so that the lesson goes on."""
        return self._use

    def _ipython_display_(self) -> None:
        """Show nothing: ``check`` has shown the card already."""


def check(name: str, answer: Any, hint: int = 0) -> Result:
    """Check an answer to an exercise and show a card that says what is right or wrong.

    Parameters
    ----------
    name
        The exercise: ``"conv2d"``; ``cnncourse.checks.EXERCISES`` lists them.
    answer
        Your function. Whatever it does (raise, return nonsense, never end) is caught and reported.
    hint
        How many hints to open: 1 for the first, 2 for the first two.

    Raises
    ------
    KeyError
        No exercise has this name.
    CheckFailed
        Under ``CNNCOURSE_STRICT=1``, for an open or wrong answer.

    Examples
    --------
    >>> import numpy as np
    >>> relu = check("relu", lambda x: np.maximum(x, 0)).use()      # doctest: +ELLIPSIS
    Exercise 2.1 · relu: ✓ passed
    ...
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    exercise = _find(name)
    if _stands_in_for(answer, name):
        verdict = Verdict(
            False, f"This is the library's {name}. Run the cell with your own first.", attempted=False
        )
    else:
        verdict = grade(exercise, answer)
    note = progress.record(name, passed=verdict.passed) if verdict.attempted else ""
    hints = list(exercise.hints[: max(0, int(hint))])
    _show(card.as_text(exercise, verdict, hints, note), card.as_html(exercise, verdict, hints, note))
    if os.environ.get("CNNCOURSE_STRICT") == "1" and not verdict.passed:
        raise CheckFailed(f"{name}: {verdict.message}")
    misconception = verdict.misconception.name if verdict.misconception else None
    use = answer if verdict.passed else _stand_in(exercise)
    return Result(name, verdict.passed, verdict.attempted, misconception, verdict.message, hints, use)


def _find(name: str) -> Exercise:
    if name in EXERCISES:
        return EXERCISES[name]
    near = get_close_matches(str(name), EXERCISES, n=3)
    known = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"There are: {', '.join(EXERCISES)}."
    raise KeyError(f"no exercise is called {name!r}. {known}")


def _stand_in(exercise: Exercise) -> Callable[..., Any]:
    """Return the reference, marked: when the check cell runs again, it must not count as the learner's."""
    if isinstance(exercise.reference, type):
        return type(exercise.reference.__name__, (exercise.reference,), {"_stands_in_for": exercise.name})

    @wraps(exercise.reference)
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        return exercise.reference(*args, **kwargs)

    stand_in._stands_in_for = exercise.name  # type: ignore[attr-defined]
    return stand_in


def _stands_in_for(answer: Any, name: str) -> bool:
    try:
        return bool(answer._stands_in_for == name)
    except Exception:  # an answer's attributes may do anything
        return False


def _show(text: str, html: str) -> None:
    from IPython import get_ipython
    from IPython.display import display

    if getattr(get_ipython(), "kernel", None) is None:  # a terminal
        print(text)
    else:
        display({"text/plain": text, "text/html": html}, raw=True)
