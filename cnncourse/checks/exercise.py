"""What an exercise is made of: a reference, probes, and the ways people get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature as parameters
from typing import Any

NOTHING_RETURNED = "Your function returned None. Is the `return` missing?"


class Unusable(Exception):
    """Raised by ``observe`` and ``drive`` functions: its text tells the learner what is wrong."""


@dataclass(frozen=True)
class Raises:
    """An expected outcome: the answer must raise this kind of error."""

    error: type[Exception]

    def __str__(self) -> str:
        """Return the words on the card."""
        return f"raises {self.error.__name__}"


@dataclass(frozen=True, eq=False)  # compared and hashed by identity: arrays are neither
class Probe:
    """One call of the answer with fixed arguments.

    Parameters
    ----------
    args
        Positional arguments; the answer receives copies, made together, so that an optimizer still belongs
        to its model.
    options
        Arguments that have a default in the exercise's signature: ``(("stride", 2), ("padding", 1))``,
        in the signature's order and without gaps, so that an answer with other names can be called too.
    drive
        What is done with the answer when one plain call is not enough: ``drive(answer, *args, **options)``
        calls the answer, perhaps more than once, uses what comes back, looks at what it did to the
        arguments, and returns the value to compare. It may raise ``Unusable``.
    observe
        What to look at in the returned value, when many return values are right; ``None``
        compares the value itself. It may raise ``Unusable``.
    note
        What this probe looks at, for the card: "stride 2 along rows only".

    Before each probe every random generator starts from the same seed.
    """

    args: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()
    drive: Callable[..., Any] | None = None
    observe: Callable[[Any], Any] | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class Misconception:
    """A named mistake: the sentence a learner reads, and code that makes it.

    ``wrong`` holds one implementation for each way in which the mistake shows.
    """

    name: str
    sentence: str
    wrong: tuple[Callable[..., Any], ...]


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise of the course.

    Parameters
    ----------
    name
        The name that ``check`` is called with and the learner's function has.
    number
        Lesson and place within it: ``"1.2"``.
    signature
        Arguments and result in one line, as shown when an answer cannot be called.
    reference
        The library's own version.
    probes
        Calls chosen so that no misconception below gives the reference's results.
    misconceptions
        Mistakes that are recognized and named.
    hints
        From a nudge to nearly the answer.
    seconds
        Time limit for all probes together.
    """

    name: str
    number: str
    signature: str
    reference: Callable[..., Any]
    probes: tuple[Probe, ...]
    misconceptions: tuple[Misconception, ...]
    hints: tuple[str, ...]
    seconds: float = 5.0

    @property
    def lesson(self) -> int:
        """The lesson's number."""
        return int(self.number.split(".")[0])

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments, as the lesson writes them."""
        return tuple(parameters(self.reference).parameters)
