"""How people get the skip wrong: how it is cropped, and how it is joined with what comes from below."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from ..exercise import Misconception
from .upward_blocks import (
    PADDED,
    as_they_are,
    block,
    convolutions,
    cropped,
    enlarged_to_skip,
    from_both_ends,
    offset,
    padded_to_skip,
    resized,
    the_same_at_both_ends,
    turned_crop,
    used,
    wider,
    x_cropped,
)


def _pooled(pool: Any) -> Any:
    return lambda x, skip: (x, pool(skip, x.shape[-2:]))


SKIP_MISTAKES = (
    Misconception(
        "skip behind",
        "The skip comes first: torch.cat([skip, x], dim=1). Yours puts it behind what came from below, so "
        "that each meets the weights that belong to the other.",
        (
            block(join=lambda x, skip: torch.cat([x, skip], 1)),
            block(join=lambda x, skip: torch.stack([skip, x], 2).flatten(1, 2)),
            block(join=lambda x, skip: torch.cat([x, skip], 1).flip(1)),
        ),
    ),
    Misconception(
        "skip added",
        "The skip is concatenated, not added: in_channels / 2 channels of it beside in_channels / 2 from "
        "below are in_channels, and so many the first convolution takes.",
        (
            block(join=torch.add, layers=wider(lambda i, o: i // 2)),
            block(join=torch.mul, layers=wider(lambda i, o: i // 2)),
            block(join=torch.maximum, layers=wider(lambda i, o: i // 2)),
            block(join=lambda x, skip: torch.cat([x + skip, x + skip], 1)),
            block(join=lambda x, skip: torch.cat([skip, x + skip], 1)),
        ),
    ),
    Misconception(
        "skip left out",
        "The result must depend on the skip: concatenate it with what came from below. Yours does not use "
        "it.",
        (
            block(join=lambda x, skip: x, layers=wider(lambda i, o: i // 2)),
            block(join=lambda x, skip: torch.cat([x, x], 1)),
            block(join=lambda x, skip: torch.cat([torch.zeros_like(skip), x], 1)),
        ),
    ),
    Misconception(
        "what came from below left out",
        "The result must depend on x, what came from below. Yours uses the skip alone.",
        (
            block(join=lambda x, skip: torch.cat([skip, skip], 1)),
            block(join=lambda x, skip: torch.cat([skip, torch.zeros_like(x)], 1)),
        ),
    ),
    Misconception(
        "concatenated along another axis",
        "The channels are axis 1 of [N, C, H, W]: torch.cat([skip, x], dim=1).",
        tuple(
            block(
                join=lambda x, skip, axis=axis: torch.cat([skip, x], axis),  # type: ignore[misc]
                layers=wider(lambda i, o: i // 2),
            )
            for axis in (0, 2, 3)
        ),
    ),
    Misconception(
        "skip joined last",
        "The skip is concatenated before the two convolutions, which learn what to make of it. Yours comes "
        "behind them.",
        (
            used(
                lambda inner, x, skip: torch.cat(cropped(inner(x, skip), skip)[::-1], 1),
                block(join=lambda x, skip: x, layers=wider(lambda i, o: i // 2)),
            ),
        ),
    ),
    Misconception(
        "skip not cropped",
        "The skip has more rows and columns than x, since unpadded convolutions cut the way down off at the "
        "sides. Crop the skip to the size of x before concatenating.",
        (block(fit=as_they_are), block(fit=x_cropped)),
    ),
    Misconception(
        "skip cropped from a corner",
        "The skip's middle is what lies above x: crop it from row (H − height) // 2 and column (W − width) "
        "// 2 on. Yours starts in a corner.",
        (
            block(fit=offset(lambda more: 0)),
            block(fit=offset(lambda more: more)),
            block(fit=lambda x, skip: (x, skip[..., -x.shape[-2] :, : x.shape[-1]])),
            block(fit=lambda x, skip: (x, skip[..., : x.shape[-2], -x.shape[-1] :])),
        ),
    ),
    Misconception(
        "crop off by one",
        "Where an odd number of rows is too many, (H − height) // 2 of them lie above the crop, and the crop "
        "ends at the start plus height, not at a number counted from the end.",
        (
            block(fit=offset(lambda more: (more + 1) // 2)),
            block(fit=offset(lambda more: more // 2 + more % 2)),
            block(fit=offset(lambda more: more // 2 + 1)),
            block(fit=offset(lambda more: max(more // 2 - 1, 0))),
            block(fit=from_both_ends),
            block(fit=the_same_at_both_ends),
        ),
    ),
    Misconception(
        "height and width swapped",
        "Rows are axis 2 and columns axis 3 of [N, C, H, W]. Somewhere your crop takes one for the other.",
        (block(fit=turned_crop),),
    ),
    Misconception(
        "skip resized",
        "The skip is cropped, its values stay as they are. Yours squeezes all of it into the size of x, so "
        "that it no longer lies above what came from below.",
        (
            block(fit=resized("bilinear")),
            block(fit=resized("nearest")),
            block(fit=resized("area")),
            block(fit=_pooled(F.adaptive_avg_pool2d)),
            block(fit=_pooled(F.adaptive_max_pool2d)),
        ),
    ),
    Misconception(
        "x enlarged instead",
        "The skip is cropped to the size of x. Yours brings x to the size of the skip: what came from below "
        "is stretched, or surrounded by zeros.",
        (
            block(fit=padded_to_skip),
            block(fit=enlarged_to_skip("bilinear")),
            block(fit=enlarged_to_skip("nearest")),
            block(fit=padded_to_skip, layers=convolutions(options=PADDED)),
            block(fit=enlarged_to_skip("bilinear"), layers=convolutions(options=PADDED)),
        ),
    ),
)
