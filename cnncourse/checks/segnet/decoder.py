"""Exercise 8.2: a stage of SegNet's decoder."""

from __future__ import annotations

from ...models.segnet import decoder_stage
from ..exercise import Exercise, Probe
from .decoder_looks import LOOK
from .decoder_mistakes import MISTAKES

_STAGES = ((5, 3, 2), (2, 4, 1), (4, 2, 3))
_NOTES = ("two convolutions", "a single convolution", "three convolutions")

EXERCISE = Exercise(
    name="decoder_stage",
    number="8.2",
    signature="decoder_stage(in_channels, out_channels, convs) -> nn.Module with "
    "forward(x, indices, size) -> maps of that size",
    reference=decoder_stage,
    probes=tuple(
        Probe(sizes, drive=LOOK.after(*_STAGES[:number]), note=note)
        for number, (sizes, note) in enumerate(zip(_STAGES, _NOTES, strict=True))
    ),
    misconceptions=MISTAKES,
    hints=(
        "The mirror image of the encoder's stage: first unpool, then `convs` times convolution, batch norm "
        "and ReLU. Which convolution changes the number of channels here?",
        "Blocks as in the encoder, from in_channels to in_channels; only the last goes to out_channels. What "
        "forward gets is forward(self, x, indices, size).",
        "Let forward begin with x = F.max_unpool2d(x, indices, 2, output_size=size) and end with return "
        "self.layers(x).",
    ),
)

EXERCISES = (EXERCISE,)
