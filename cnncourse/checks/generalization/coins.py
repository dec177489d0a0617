"""Look at many calls of a random operation: by how much it multiplies, how often it drops, and where.

Each right answer draws its own random numbers, so that only shares and rules are looked at. The limits lie
at six standard deviations or more: no right answer meets them by chance, and all mistakes lie beyond.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..exercise import Unusable
from ..observing import Seen

Drop = Callable[..., Any]
_IN_A_ROW = 40  # calls
_FEWEST = 600  # decisions, for a share
_AXES = ("all samples", "all channels", "all rows", "all columns")


def steady(dropout: Drop, x: Tensor, p: float, training: bool) -> Any:
    """Return what comes out, if it is the same in every call."""
    results = [dropout(x.clone(), p, training) for _ in range(6)]
    out = dropout(x, p, training)
    if isinstance(out, Tensor) and not all(
        torch.equal(out.nan_to_num(), other.nan_to_num()) for other in results
    ):
        return Seen("at random", "other values in each call")
    return out


def factors(calls: int, dropout: Drop, x: Tensor, p: float, training: bool) -> Seen:
    """Return the numbers that the kept values are multiplied by, as a kind."""
    found = _multiplied(calls, dropout, x, p, training)
    if isinstance(found, Seen):
        return found
    distinct = found[found != 0].round(decimals=3).unique().tolist()
    if len(distinct) > 3:
        return Seen("many", f"{len(distinct)} different factors, {distinct[0]:.3g} to {distinct[-1]:.3g}")
    text = " or ".join(f"{value:.4g}" for value in distinct)
    return Seen(text, f"kept values times {text}") if text else Seen("none", "no value kept")


def share(calls: int, dropout: Drop, x: Tensor, p: float, training: bool) -> Seen:
    """Return how large a share of the values is dropped, as a kind."""
    found = _multiplied(calls, dropout, x, p, training)
    if isinstance(found, Seen):
        return found
    dropped = found == 0
    for axis in range(dropped.ndim):
        if _equal(dropped, axis) == 1:
            dropped = dropped.narrow(axis, 0, 1)
    part = dropped.double().mean().item()
    if dropped.numel() < _FEWEST and 0 < found.count_nonzero() < found.numel():
        return Seen("one decision for many", "one decision for many values, or the same in each call")
    text = f"{100 * part:.0f} % of the values dropped"
    for kind, expected in (("none", 0.0), ("all", 1.0)):
        if part == expected:
            return Seen(kind, text)
    for kind, expected in (("as asked", p), ("the opposite", 1 - p)):
        if abs(part - expected) < 0.06:
            return Seen(kind, f"about {100 * expected:.0f} % of the values dropped")
    return Seen("other", text)


def ties(calls: int, dropout: Drop, x: Tensor, p: float, training: bool) -> Seen:
    """Return between which values of one call, along which axes of [N, C, H, W], a decision is shared."""
    found = _multiplied(calls, dropout, x, p, training)
    if isinstance(found, Seen):
        return found
    dropped = found == 0
    part = dropped.double().mean().item()
    by_chance = part**2 + (1 - part) ** 2
    equal = [_equal(dropped, axis + 1) for axis in range(x.ndim)]
    tied = [axis for axis, share in enumerate(equal) if share == 1]
    if not tied:  # few decisions are left where some are shared, and chance ties them, too
        tied = [axis for axis, share in enumerate(equal) if abs(share - by_chance) > 0.07]
    if not 0 < part < 1:
        return Seen("nothing", "nothing dropped" if part == 0 else "everything dropped")
    if bool((dropped == dropped[0]).all()):
        return Seen("same places", "the same places in each call")
    if tied:
        return Seen(f"tied along {tied}", f"one decision for {' and '.join(_AXES[axis] for axis in tied)}")
    return Seen("alone", "a decision for each value alone")


def between_calls(dropout: Drop, x: Tensor, p: float, training: bool) -> Seen:
    """Return what the places of the dropped values follow from call to call, while the values move on."""
    moved = [x.flatten().roll(number).reshape(x.shape) for number in range(_IN_A_ROW)]
    found = _ratio(dropout, moved, p, training)
    if isinstance(found, Seen):
        return found
    dropped = (found == 0).flatten(1)  # [calls, values]
    if not dropped.any() or dropped.all():
        return Seen("nothing", "nothing dropped" if not dropped.any() else "everything dropped")
    if bool((dropped == dropped[0]).all()):
        return Seen("same places", "the same places in each call")
    followed = torch.stack([row.roll(-number) for number, row in enumerate(dropped)])
    if bool((followed == followed[0]).all()):
        return Seen("same values", "the same values, wherever they are")
    if len(dropped.sum(1).unique()) == 1:
        return Seen("same number", f"exactly {int(dropped[0].sum())} of {dropped.shape[1]} in each call")
    if (dropped.double().mean(0) - dropped.double().mean()).abs().max() > 0.4:
        return Seen("preferred places", "some places far more often than others")
    return Seen("anew", "other places in each call, now more, now fewer")


def _multiplied(calls: int, dropout: Drop, x: Tensor, p: float, training: bool) -> Tensor | Seen:
    """Call the answer often; return output / input [calls, *x.shape], or what cannot be divided."""
    return _ratio(dropout, [*(x.clone() for _ in range(calls - 1)), x], p, training)  # a changed x is seen


def _ratio(dropout: Drop, inputs: list[Tensor], p: float, training: bool) -> Tensor | Seen:
    before, results = torch.stack(inputs), []
    for x in inputs:
        out = dropout(x, p, training)
        if not isinstance(out, Tensor):
            raise Unusable(
                f"Expected a torch tensor like x while training, got an object of type {type(out).__name__}."
            )
        if out.shape != x.shape:
            return Seen("another shape", f"shape {list(out.shape)} instead of {list(x.shape)}")
        if not out.is_floating_point():
            raise Unusable(f"Expected a tensor of real numbers, like x; got dtype {out.dtype}.")
        results.append(out.detach().clone())
    return _no_multiples(torch.stack(results)) or torch.stack(results) / before


def _no_multiples(results: Tensor) -> Seen | None:
    """Say so if results are no numbers, or many of them one number other than 0, though all inputs differ."""
    if not results.isfinite().all():
        return Seen("not finite", "values that are NaN or infinite")
    numbers, counts = results.round(decimals=3).unique(return_counts=True)
    often = numbers[(counts > 0.1 * results.numel()) & (numbers != 0)]
    if not len(often):
        return None
    if (results == 0).double().mean() > 0.05:
        return Seen("mask", f"{often[0]:.4g} for every value that is kept")
    return Seen("filled", f"{often[0]:.4g} instead of 0")


def _equal(dropped: Tensor, axis: int) -> float:
    """Return the share of neighbors along an axis whose fate is the same."""
    length = dropped.shape[axis]
    if length < 2:
        return 0.5
    pairs = dropped.narrow(axis, 0, length - 1) == dropped.narrow(axis, 1, length - 1)
    return pairs.double().mean().item()
