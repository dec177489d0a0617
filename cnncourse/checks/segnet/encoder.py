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
        "A class with two methods: __init__ builds `convs` times convolution, batch norm and ReLU; forward "
        "lets x through them, then pools. Which convolution changes the number of channels?",
        "A block: nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), inputs being "
        "in_channels in the first block and out_channels in all others. nn.Sequential keeps them.",
        "At the end of forward: pooled, indices = F.max_pool2d(x, 2, return_indices=True) and return pooled, "
        "indices, x.shape[-2:].",
    ),
)

EXERCISES = (EXERCISE,)
