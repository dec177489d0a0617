"""Go through a stage step by step, and stop at the first thing that is not as wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..observing import Seen
from .stage_problems import Pairs, learning_problem, no_stage, norm_problem, weights_problem
from .stages import Stage, close, tensors_in

Build = Callable[..., Any]
Sizes = tuple[int, int, int]  # input channels, output channels, number of convolutions
_WANTED = "as wanted"


@dataclass(frozen=True)
class Look:
    """What a stage is given and what must come out.

    Parameters
    ----------
    arguments
        Those of its forward.
    pairs
        (outputs, inputs) of each convolution, for the sizes of a stage.
    inputs
        What goes through a stage of so many input channels: several, one after the other.
    results
        The first thing wrong with what came out: ``results(stage, outputs, inputs, pairs)``.
    refused
        What an error in a pass shows, or None for one that speaks for itself.
    text
        A right stage, on the card.
    """

    arguments: tuple[str, ...]
    pairs: Callable[[int, int, int], Pairs]
    inputs: Callable[[int], Sequence[tuple[Any, ...]]]
    results: Callable[[Stage, Any, tuple[Any, ...], Pairs], Seen | None]
    refused: Callable[[Exception], Seen | None]
    text: str

    def after(self, *earlier: Sizes) -> Callable[..., Seen]:
        """Return a ``drive`` that looks at stages of earlier probes first.

        So a mistake is the same in all probes from the one on where it first shows.
        """

        def drive(build: Build, *sizes: int) -> Seen:
            for each in (*earlier, sizes):
                problem = self._problem(build, each)
                if problem:
                    return problem
            return Seen(_WANTED, self.text)

        return drive

    def _problem(self, build: Build, sizes: Sequence[int]) -> Seen | None:
        model = build(*sizes)
        problem = no_stage(model, self.arguments)
        if problem:
            return problem
        pairs, (first, *others) = self.pairs(*sizes), self.inputs(sizes[0])
        stage = Stage(model, first)
        if isinstance(stage.error, NotImplementedError):
            raise stage.error
        problem = weights_problem(stage, pairs) or norm_problem(stage, pairs)
        if problem:
            return problem
        if stage.error:
            return self._refused(stage.error)
        problem = self.results(stage, stage.outputs, first, pairs) or learning_problem(stage)
        if problem:
            return problem
        for inputs in others:
            try:
                outputs = stage.run(*inputs)
            except Exception as error:
                return self._refused(error)
            problem = self.results(stage, outputs, inputs, pairs)
            if problem:
                return problem
        return _in_eval_mode(stage) or self._beside_another(stage, build(*sizes), pairs)

    def _refused(self, error: Exception) -> Seen:
        problem = self.refused(error)
        if problem is None:
            raise error
        return problem

    def _beside_another(self, stage: Stage, model: Any, pairs: Pairs) -> Seen | None:
        """Say whether a second stage leaves the first alone."""
        first, *rest = stage.inputs
        other = Stage(model, (first.flip(2, 3), *rest))
        own = {weight.data_ptr() for weight in stage.weights}
        if any(weight.data_ptr() in own for weight in other.weights):
            return Seen("shared stage", "the same weights in a second stage")
        if self.results(stage, stage.outputs, stage.inputs, pairs):
            return Seen("shared results", "results that a later pass changes")
        return None


def _in_eval_mode(stage: Stage) -> Seen | None:
    """Say whether in eval mode the result for an image depends on the others of its batch."""
    stage.model.eval()
    together = tensors_in(stage.run(*stage.inputs))
    alone = tensors_in(stage.run(*(x[:1] if isinstance(x, Tensor) else x for x in stage.inputs)))
    if together and alone and close(together[0][:1], alone[0]):
        return None
    return Seen("batch in eval mode", "in eval mode another result for an image alone than in a batch")
