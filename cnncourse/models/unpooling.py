"""The way back through a pool: where a pooled value is put in a map twice as large."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Unpooling(nn.Module):
    """Enlarge maps to the size that they had before a 2×2 max pool.

    Parameters
    ----------
    how
        ==========  ====================================================================================
        "indices"   where the pool found it: SegNet
        "shuffled"  at a random position of its 2×2 window, a new one at each call: the right number of values
                    in each window, but their place is lost
        "top_left"  at the first position of its window
        "bilinear"  at no single position: bilinear interpolation, as FCN begins with
        ==========  ====================================================================================

        All but the last fill 1 of 4 positions and leave 0 at the others. May be changed at any time.

    Raises
    ------
    ValueError
        For another word.

    Source: Badrinarayanan et al. 2017, *SegNet*, section 3, figure 3; the other three are for comparison.

    Examples
    --------
    >>> values, indices = torch.tensor([[[[5.0, 8.0]]]]), torch.tensor([[[[1, 6]]]])
    >>> Unpooling("indices")(values, indices, (2, 4))
    tensor([[[[0., 5., 0., 0.],
              [0., 0., 8., 0.]]]])
    >>> Unpooling("top_left")(values, indices, (2, 4))
    tensor([[[[5., 0., 8., 0.],
              [0., 0., 0., 0.]]]])
    """

    def __init__(self, how: str = "indices") -> None:
        """Remember how."""
        super().__init__()
        self.how = how

    @property
    def how(self) -> str:
        """How: one of the four words."""
        return self._how

    @how.setter
    def how(self, how: str) -> None:
        if how not in PLACES and how != "bilinear":
            words = ", ".join(map(repr, PLACES))
            raise ValueError(f"got unpool={how!r}; expected {words} or 'bilinear'")
        self._how = how

    def forward(self, x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
        """Return maps [N, C, *size] for values and indices [N, C, h, w]."""
        if self.how == "bilinear":
            return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)
        return place(x, PLACES[self.how](indices, size), size)

    def extra_repr(self) -> str:
        """Return how, for the printed network."""
        return repr(self.how)


def place(x: Tensor, indices: Tensor, size: Sequence[int]) -> Tensor:
    """Put each value at its flat index in a map of zeros [N, C, *size]."""
    return _Placing.apply(x, indices, tuple(size))


class _Placing(torch.autograd.Function):
    """torch's unpooling with a way back that keeps the layout, which torch's own copies into another."""

    @staticmethod
    def forward(x: Tensor, indices: Tensor, size: tuple[int, int]) -> Tensor:
        return F.max_unpool2d(x, indices, [2, 2], output_size=list(size))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, tuple[int, int]], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """A value's gradient is the one of the cell that it was put at."""
        (indices,) = ctx.saved_tensors
        if not indices.is_contiguous(memory_format=torch.channels_last):
            return gradient.flatten(2).gather(2, indices.flatten(2)).view_as(indices), None, None
        cells, places = (maps.movedim(1, 3).flatten(1, 2) for maps in (gradient, indices))  # [N, H·W, C]
        return cells.gather(1, places).view_as(indices.movedim(1, 3)).movedim(3, 1), None, None


def _recorded(indices: Tensor, size: Sequence[int]) -> Tensor:
    return indices


def _top_left(indices: Tensor, size: Sequence[int]) -> Tensor:
    rows, columns = _first_rows_and_columns(indices)
    return (rows * size[1] + columns).expand_as(indices).contiguous()


def _shuffled(indices: Tensor, size: Sequence[int]) -> Tensor:
    rows, columns = _first_rows_and_columns(indices)
    # a window that the border cuts off has one row or column only
    rows = (rows + torch.randint_like(indices, 2)).clamp(max=size[0] - 1)
    columns = (columns + torch.randint_like(indices, 2)).clamp(max=size[1] - 1)
    return rows * size[1] + columns


def _first_rows_and_columns(indices: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first row [h, 1] and the first column [w] of each 2×2 window."""
    height, width = indices.shape[-2:]
    rows = torch.arange(0, 2 * height, 2, device=indices.device)[:, None]
    return rows, torch.arange(0, 2 * width, 2, device=indices.device)


# What becomes of the recorded indices [N, C, h, w], given the size before the pool.
PLACES = {"indices": _recorded, "shuffled": _shuffled, "top_left": _top_left}
