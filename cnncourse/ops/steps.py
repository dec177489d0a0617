"""What a loop form yields: the arithmetic of one output cell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One output cell and how its value came about.

    Attributes
    ----------
    position
        (row, column) in the output.
    window
        The input cells that were looked at, as (channel, row, column). Rows and columns count from the
        unpadded input, so that a cell in the padding has a row or column below 0 or past the end.
    terms
        (input value, weight) of each cell, in the same order. The weight is 1 / area for average pooling, 1.0
        for max pooling.
    value
        The result in this output cell.
    index
        Max pooling only: where the maximum lies, flat into the input [H, W].

    Examples
    --------
    >>> step = Step(position=(0, 0), window=[(0, 0, 0), (0, 0, 1)], terms=[(3.0, 0.5), (4.0, 0.5)], value=3.5)
    >>> sum(x * w for x, w in step.terms) == step.value
    True
    """

    position: tuple[int, int]
    window: list[tuple[int, int, int]]
    terms: list[tuple[float, float]]
    value: float
    index: int | None = None
