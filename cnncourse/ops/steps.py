"""What a loop form yields: the arithmetic of one output cell, or of one input cell that is spread out."""

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


@dataclass(frozen=True)
class Stamp:
    """One input cell and what it adds to the output: the reverse of a :class:`Step`.

    Attributes
    ----------
    position
        (row, column) in the input.
    value
        What stands there.
    cells
        The output cells that are written to, as (row, column). A cell that padding crops has a row or column
        below 0 or past the end.
    terms
        (input value, weight) of each cell, in the same order; 1.0 for unpooling.
    sums
        What stands in each cell afterwards, in the same order.
    index
        Unpooling only: where the value goes, flat into the output [H, W].

    Examples
    --------
    >>> stamp = Stamp((0, 1), 3.0, cells=[(0, 1), (0, 2)], terms=[(3.0, 1.0), (3.0, 2.0)], sums=[7.0, 6.0])
    >>> [total - x * w for total, (x, w) in zip(stamp.sums, stamp.terms)]  # what stood there before
    [4.0, 0.0]
    """

    position: tuple[int, int]
    value: float
    cells: list[tuple[int, int]]
    terms: list[tuple[float, float]]
    sums: list[float]
    index: int | None = None
