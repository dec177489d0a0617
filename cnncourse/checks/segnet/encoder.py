"""Exercise 8.1: a stage of SegNet's encoder."""

from __future__ import annotations

from ...models.segnet import encoder_stage
from ..exercise import Exercise, Probe
from .encoder_looks import LOOK
from .encoder_mistakes import MISTAKES

_STAGES = ((3, 5, 2), (2, 4, 1), (4, 2, 3))
_NOTES = ("two convolutions", "a single convolution", "three convolutions")

EXERCISE = Exercise(
    name="encoder_stage",
    number="8.1",
    signature="encoder_stage(in_channels, out_channels, convs) -> nn.Module with forward(x) -> (pooled, "
    "indices, (H, W) before pooling)",
    reference=encoder_stage,
    probes=tuple(
        Probe(sizes, drive=LOOK.after(*_STAGES[:number]), note=note)
        for number, (sizes, note) in enumerate(zip(_STAGES, _NOTES, strict=True))
    ),
    misconceptions=MISTAKES,
    hints=(
        "In forward, x goes through the blocks and is then pooled. Three things are returned: which of them "
        "is gone once the maps are pooled?",
        "F.max_pool2d(x, 2, return_indices=True) returns two of them. If you write the blocks yourself, too: "
        "nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), where only the first "
        "goes from in_channels to out_channels.",
        "At the end of forward: pooled, indices = F.max_pool2d(x, 2, return_indices=True) and return pooled, "
        "indices, x.shape[-2:].",
    ),
)

EXERCISES = (EXERCISE,)
