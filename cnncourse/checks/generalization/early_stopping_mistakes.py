"""How people get early stopping wrong. Each wrong version is built from the same four parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

from ..exercise import Misconception

INFINITY = float("inf")
Make = Callable[[int], Any]


class _Stopping:
    """Early stopping with parts to exchange; each is called with this object and the new loss."""

    patience: int
    best: float
    waited: int

    def __init__(
        self,
        patience: int,
        start: float = INFINITY,
        improved: Callable[[_Stopping, float], bool] = lambda own, loss: loss < own.best,
        when_better: Callable[[_Stopping, float], None] = lambda own, loss: own.found(loss),
        when_worse: Callable[[_Stopping, float], None] = lambda own, loss: own.wait(),
        stop: Callable[[_Stopping, float], Any] = lambda own, loss: own.waited >= own.patience,
        waited: int = 0,
    ) -> None:
        """Start before the first epoch."""
        self.patience, self.best, self.waited = patience, start, waited
        self.losses: list[float] = []
        self._improved, self._stop = improved, stop
        self._when_better, self._when_worse = when_better, when_worse

    def found(self, loss: float, waited: int = 0) -> None:
        self.best, self.waited = loss, waited

    def keep(self, loss: float) -> None:
        self.best = loss

    def restart(self) -> None:
        self.waited = 0

    def wait(self) -> None:
        self.waited += 1

    def also_keep(self, loss: float) -> None:
        self.best = loss
        self.waited += 1

    def step(self, loss: float) -> Any:
        self.losses.append(loss)
        better = self._improved(self, loss)
        (self._when_better if better else self._when_worse)(self, loss)
        return self._stop(self, loss)


def _with(**parts: Any) -> Make:
    return partial(_Stopping, **parts)


def _stop(rule: Callable[[_Stopping, float], Any]) -> Make:
    return _with(stop=rule)


def _stop_after(epochs: int) -> Make:
    return _stop(lambda own, loss: own.waited >= epochs)


def _previous(own: _Stopping, loss: float) -> bool:
    return len(own.losses) < 2 or loss < own.losses[-2]


def _none_below(own: _Stopping, loss: float) -> bool:
    """Whether the loss is above that of ``patience`` epochs ago."""
    return len(own.losses) > own.patience and loss > own.losses[-1 - own.patience]


def _lowest_of_the_last(own: _Stopping) -> float:
    return min(own.losses[-1 - own.patience : -1])


def _average(own: _Stopping, loss: float) -> float:
    return sum(own.losses) / len(own.losses)


def _rising(own: _Stopping, loss: float) -> bool:
    last = own.losses[-own.patience - 1 :]
    return len(last) > own.patience and all(a < b for a, b in pairwise(last))


MISTAKES = (
    Misconception(
        "one epoch too late",
        "Stop in the epoch in which the waiting reaches `patience`: with patience 2, in the second epoch "
        "without a new best, not in the third. Use >=, not >.",
        (
            _stop(lambda own, loss: own.waited > own.patience),
            _stop(lambda own, loss: own.waited == own.patience + 1),
            _with(waited=-1, when_better=lambda own, loss: own.found(loss, -1)),
        ),
    ),
    Misconception(
        "one epoch too early",
        "With patience 2 there must be two epochs in a row without a new best. Yours stops one epoch sooner.",
        (
            _stop(lambda own, loss: own.waited >= own.patience - 1),
            _stop(lambda own, loss: own.waited + 1 >= own.patience),
            _stop(lambda own, loss: 0 < own.waited >= own.patience - 1),
            _stop(lambda own, loss: own.waited > own.patience - 2),
            _with(when_better=lambda own, loss: own.found(loss, 1)),
            _with(when_better=lambda own, loss: own.found(loss, int(len(own.losses) == 1))),
            _with(
                waited=1,
                when_better=lambda own, loss: own.found(loss, 1),
                stop=lambda own, loss: own.waited > own.patience - 1,
            ),
        ),
    ),
    Misconception(
        "compared with the previous epoch",
        "Compare with the best loss so far, not with that of the epoch before: a loss that falls again is "
        "no new best as long as it stays above the lowest one.",
        (
            _with(improved=_previous),
            _with(when_worse=_Stopping.also_keep),
            _with(improved=lambda own, loss: len(own.losses) < 2 or loss <= own.losses[-2]),
            _stop(_rising),
        ),
    ),
    Misconception(
        "never set back",
        "Epochs without a new best count only in a row: a new best sets the waiting back to 0. Yours counts "
        "all of them.",
        (
            _with(when_better=_Stopping.keep),
            _with(when_better=_Stopping.keep, improved=_previous),
        ),
    ),
    Misconception(
        "only lowered by one",
        "A new best sets the waiting back to 0, however long it has lasted. Yours only takes one off.",
        (_with(when_better=lambda own, loss: own.found(loss, max(0, own.waited - 1))),),
    ),
    Misconception(
        "an equal loss counts as a new best",
        "A new best is lower than the best so far, not equal to it: use <. Otherwise a network that has "
        "stopped learning is trained for ever.",
        (_with(improved=lambda own, loss: loss <= own.best),),
    ),
    Misconception(
        "waits for a higher loss",
        "A loss is good when it is low. Yours takes the highest one as the best.",
        (
            _with(start=-INFINITY, improved=lambda own, loss: loss > own.best),
            _with(start=0.0, improved=lambda own, loss: loss > own.best),
            _with(start=-INFINITY, improved=lambda own, loss: loss >= own.best),
        ),
    ),
    Misconception(
        "the start of the best",
        "Before the first epoch there is no best yet: start with float('inf'), so that the first loss is a "
        "new best, however large it is.",
        tuple(_with(start=start) for start in (1.0, 10.0, 100.0, 1000.0)),
    ),
    Misconception(
        "the best never renewed",
        "A loss below the best is the new best: remember it. Yours always compares with the first loss.",
        (
            _with(when_better=lambda own, loss: own.keep(own.losses[0]) or own.restart()),
            _with(improved=lambda own, loss: loss <= own.losses[0]),
        ),
    ),
    Misconception(
        "the patience ignored",
        "One epoch without a new best is no reason to stop yet: wait for `patience` of them in a row.",
        (
            _stop(lambda own, loss: own.waited > 0),
            _stop(lambda own, loss: loss > own.best),
            _stop(lambda own, loss: len(own.losses) > 1 and loss > own.losses[-2]),
            *map(_stop_after, (2, 3, 5)),
        ),
    ),
    Misconception(
        "no new best is ever seen",
        "Yours stops after `patience` epochs, however good they are. Only epochs without a new best count; "
        "a loss below the best is one; and the best starts at float('inf'), so that the first loss is below.",
        (
            _with(start=0.0),
            _with(start=-1.0),
            _with(improved=lambda own, loss: loss > own.best),
            _stop(lambda own, loss: len(own.losses) >= own.patience),
            _stop(lambda own, loss: len(own.losses) > own.patience),
            _with(when_better=lambda own, loss: own.also_keep(loss)),
        ),
    ),
    Misconception(
        "never stops",
        "Yours returns False in every epoch. Return True as soon as the waiting has reached the patience. "
        "And is a new best remembered, so that a higher loss can be worse than it?",
        (
            _stop(lambda own, loss: False),
            _with(when_worse=lambda own, loss: own.restart()),
            _with(when_better=lambda own, loss: own.restart()),
        ),
    ),
    Misconception(
        "stops at once",
        "Yours returns True in the very first epoch, which is always a new best.",
        (
            _stop(lambda own, loss: True),
            _stop(lambda own, loss: own.waited <= own.patience),
            _stop(lambda own, loss: own.waited < own.patience),
            _stop(lambda own, loss: not own.waited >= own.patience),
        ),
    ),
    Misconception(
        "stops at a new best",
        "Yours stops when the loss gets better. It must stop when it no longer does.",
        (
            _stop(lambda own, loss: len(own.losses) > 1 and loss == own.best),
            _stop(lambda own, loss: len(own.losses) > own.patience and own.waited == 0),
            _with(
                when_better=lambda own, loss: own.also_keep(loss), when_worse=lambda own, loss: own.restart()
            ),
            _with(
                when_better=lambda own, loss: own.found(loss, own.waited + 1),
                when_worse=lambda own, loss: own.restart(),
                waited=-1,
            ),
        ),
    ),
    Misconception(
        "small improvements ignored",
        "Every loss below the best is a new best, by however little: nothing here asks for a least step.",
        (
            *(
                _with(improved=lambda own, loss, least=least: loss < own.best - least)
                for least in (1e-4, 1e-3, 0.01)
            ),
            *(
                _with(improved=lambda own, loss, places=places: round(loss, places) < round(own.best, places))
                for places in (2, 3, 4)
            ),
            _with(improved=lambda own, loss: loss < 0.99 * own.best),
            _with(improved=lambda own, loss: loss < 0.999 * own.best),
        ),
    ),
    Misconception(
        "a best of 0 taken for none",
        "A loss of 0 is a best like any other, but `not self.best` is True for it. Ask `self.best is None`, "
        "or start with float('inf').",
        (_with(improved=lambda own, loss: not own.best or loss < own.best),),
    ),
    Misconception(
        "only some epochs ago",
        "The best of all epochs counts, also when it is long ago. Yours looks back only `patience` epochs.",
        (
            _stop(_none_below),
            _stop(lambda own, loss: len(own.losses) > own.patience and loss >= own.losses[-1 - own.patience]),
            _stop(lambda own, loss: len(own.losses) > own.patience and loss > _lowest_of_the_last(own)),
            _stop(lambda own, loss: len(own.losses) > own.patience and loss >= _lowest_of_the_last(own)),
        ),
    ),
    Misconception(
        "compared with the average",
        "Compare with the lowest loss so far, not with an average of them.",
        (
            _with(improved=lambda own, loss: len(own.losses) < 2 or loss < _average(own, loss)),
            _stop(lambda own, loss: loss > _average(own, loss)),
        ),
    ),
    Misconception(
        "nothing returned",
        "A step must return True to stop, and False to go on, in every epoch. In yours a return is missing.",
        (
            _stop(lambda own, loss: None),
            _stop(lambda own, loss: True if own.waited >= own.patience else None),
            _stop(lambda own, loss: None if own.waited >= own.patience else False),
            _stop(lambda own, loss: False if own.waited == 0 else None),
        ),
    ),
    Misconception(
        "neither True nor False",
        "A step must return True or False: a comparison gives that. Yours returns something else.",
        (
            _stop(lambda own, loss: own.waited),
            _stop(lambda own, loss: own.best),
            _stop(lambda own, loss: int(own.waited >= own.patience)),
            _stop(lambda own, loss: "stop" if own.waited >= own.patience else "continue"),
            _stop(lambda own, loss: (own.waited >= own.patience, own.best)),
            _stop(lambda own, loss: own),
        ),
    ),
)
