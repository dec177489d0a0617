"""Find inputs that a model can take by running it, without the products where the values do not matter."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from itertools import product
from typing import Any

from torch import Tensor, nn

from ..tracing import Failure, Shape, TraceFailed
from ..tracing.operations import labelled_tensors
from ..tracing.recorder import record
from ..untouched import untouched
from .skipping import Skipping

Size = tuple[int, ...]
_COMMON = (28, 32, 48, 64, 96, 112, 128, 160, 192, 224, 227, 256, 299, 320, 384, 448, 512, 572, 640, 1024)


class Trial:
    """Runs ``model`` on other inputs than the given ones, for at most ``seconds`` altogether."""

    def __init__(self, model: nn.Module, inputs: tuple, failure: Failure, seconds: float = 1.0):
        """Leave out the products when ``failure`` shows without them too."""
        self.model, self.inputs = model, inputs
        self._seen: dict[Size, bool] = {}
        # Where the same call does not fail (the model looks at values), the whole arithmetic must be done.
        self._context: Callable = Skipping
        seen = self._failure(inputs)
        if seen is None or seen.name != failure.name:
            self._context = nullcontext
        self.deadline = time.thread_time() + seconds

    @property
    def over(self) -> bool:
        """Whether the time is up: processor time, so that a busy machine finds the same."""
        return time.thread_time() > self.deadline

    def works(self, inputs: tuple) -> bool:
        """Tell whether the model runs on ``inputs`` and hands back as many images as it got."""
        with untouched(self.model), self._context():
            try:
                result = self.model(*_copied(inputs))
            except Exception:  # whatever it is, the model does not run
                return False
        return not cut_apart(inputs, result)

    def works_at(self, size: Size) -> bool:
        """Tell whether the model runs at another size of the image."""
        if size not in self._seen:
            self._seen[size] = self.works(resized(self.inputs, size, self.rank))
        return self._seen[size]

    def failure_at(self, size: Size) -> Failure | None:
        """Return what fails at another size of the image, None when nothing does."""
        return self._failure(resized(self.inputs, size, self.rank))

    @property
    def size(self) -> Size:
        """The size of the given image."""
        tensor = image(self.inputs)
        return tuple(tensor.shape[-self.rank :]) if tensor is not None and self.rank else ()

    @property
    def rank(self) -> int:
        """How many dimensions of the input are those of an image: 2 for [N, C, H, W]."""
        tensor = image(self.inputs)
        others = {t.shape for t in self.inputs if isinstance(t, Tensor)}
        if tensor is None or tensor.ndim < 3 or len(others) > 1:
            return 0
        kinds = [type(m).__name__ for m in self.model.modules()]
        rank = next((d for kind in kinds for d in (1, 2, 3) if kind.endswith(f"{d}d")), tensor.ndim - 2)
        return rank if tensor.ndim in (rank + 1, rank + 2) else 0

    def _failure(self, inputs: tuple) -> Failure | None:
        try:
            with self._context():
                record(self.model, _copied(inputs))
        except TraceFailed as failed:
            return failed.failure
        return None


def _copied(inputs: tuple) -> tuple:
    """Return copies, which a model may write into."""
    return mapped(inputs, Tensor.clone)


def cut_apart(inputs: Any, result: Any) -> int:
    """Return how many images came out if more than went in, as a careless view makes them, else 0."""
    first = next((t.shape for _, t in labelled_tensors(inputs)), ())
    for _, tensor in labelled_tensors(result):
        batch = tensor.shape[0] if tensor.ndim else 0
        if len(first) > 2 and batch > first[0] > 0 and batch % first[0] == 0:
            return batch
    return 0


def nearest(trial: Trial) -> list[Size]:
    """Return the nearest image size that works and the nearest on its other side, smaller ones first."""
    given = trial.size
    best: dict[bool, Size] = {}

    def far(size: Size) -> tuple[int, Size]:
        return sum(abs(a - b) for a, b in zip(size, given, strict=True)), size

    def consider(size: Size) -> None:
        larger = sum(size) > sum(given)
        if not (larger in best and far(best[larger]) <= far(size)) and trial.works_at(size):
            best[larger] = size

    # Multiples of a power of two first: they nearly always work, and bound the search for something nearer.
    for step in (2, 4, 8, 16, 32, 64):
        for size in sorted(product(*({n // step * step, -(-n // step) * step} for n in given)), key=far):
            if min(size) > 0 and size != given and len(set(size)) <= len(set(given)) and not trial.over:
                consider(size)
        if len(best) == 2:
            break
    for size in sorted(_around(given), key=far):
        if trial.over or (len(best) == 2 and far(size) > max(map(far, best.values()))):
            break
        consider(size)
    return sorted(best.values())


def smallest(trial: Trial) -> Size | None:
    """Return the smallest enlargement of the image that works, supposing that all larger ones do."""
    given = trial.size

    def grown(side: int) -> Size:
        return tuple(max(n, side) for n in given)

    low = min(given)
    sides = [side for side in (8, 16, 32, 64, 128, 256, 512, 1024) if side > low]
    high = next((side for side in sides if not trial.over and trial.works_at(grown(side))), None)
    if high is None:
        return None
    while high - low > 1 and not trial.over:
        middle = (low + high) // 2
        low, high = (low, middle) if trial.works_at(grown(middle)) else (middle, high)
    return grown(high)


def reaching(trial: Trial, layer: str, features: int) -> list[Size]:
    """Return the square sizes at which ``layer`` gets ``features`` values: the smallest and the largest."""

    def got(side: int) -> float:
        """Return the features at this size: none where the image is too small to get there."""
        failure = trial.failure_at((side,) * trial.rank)
        if failure is None:
            return features
        return _features(failure) if failure.name == layer else 0

    def first(low: int, high: int, enough: float) -> int:
        """Return the first side above ``low`` that gives ``enough``, where ``high`` does."""
        while high - low > 1 and not trial.over:
            middle = (low + high) // 2
            low, high = (low, middle) if got(middle) >= enough else (middle, high)
        return high

    top = max(trial.size)
    while got(top) <= features and top < 4096 and not trial.over:
        top *= 2
    side = first(0, top, features)
    if trial.over or got(side) != features:
        return []
    last = first(side, top, features + 1) - 1
    return [(n,) * trial.rank for n in ([side] if last == side else [side, last])]


def _features(failure: Failure) -> int:
    return failure.in_shapes[0][-1] if failure.in_shapes and failure.in_shapes[0] else 0


def _around(given: Size) -> set[Size]:
    """Return sizes to try; square ones only when the given one is square."""
    if len(set(given)) == 1:
        n = given[0]
        sides = {n + d for d in range(-64, 65)} | {s for s in _COMMON if s < 5 * n}
        candidates = {(side,) * len(given) for side in sides}
    else:
        axes = []
        for n in given:
            near = {n + d for d in range(-3, 4)}
            near |= {step * (n // step + k) for step in (2, 4, 8, 16, 32, 64) for k in (0, 1)}
            axes.append(near)
        candidates = set(product(*axes))
    return {size for size in candidates - {given} if min(size) > 0}


def image(inputs: tuple) -> Tensor | None:
    """Return the first tensor that the model is called with."""
    return next((value for value in inputs if isinstance(value, Tensor)), None)


def resized(inputs: tuple, size: Size, rank: int) -> tuple:
    """Return zeros of another image size; a second input of the same size changes with the first."""
    first = image(inputs)
    if first is None:
        return inputs
    before = first.shape[-rank:]

    def change(tensor: Tensor) -> Tensor:
        if tensor.shape[-rank:] != before:
            return tensor
        shape: Shape = (*tensor.shape[:-rank], *size)
        return tensor.new_zeros(shape)

    return mapped(inputs, change)


def mapped(inputs: tuple, change: Callable[[Tensor], Tensor]) -> tuple:
    """Return ``inputs`` with each top-level tensor changed."""
    return tuple(change(value) if isinstance(value, Tensor) else value for value in inputs)
