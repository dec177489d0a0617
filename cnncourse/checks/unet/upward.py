"""Exercise 9.3: one step of the way up. What the block computes counts, not how it is written."""

from __future__ import annotations

from functools import partial

from ...models.unet import UpBlock
from ..exercise import Exercise, Probe
from .upward_looks import Size, behavior, look, result
from .upward_mistakes import MISTAKES


def _result(
    note: str, channels: tuple[int, int], size: Size, skip_size: Size, *, positive: bool = False
) -> Probe:
    drive = partial(result, size=size, skip_size=skip_size, positive=positive)
    return Probe(channels, drive=drive, note=note)


EXERCISE = Exercise(
    name="up_block",
    number="9.3",
    signature="up_block(in_channels, out_channels) -> nn.Module with forward(x, skip)",
    reference=UpBlock,
    # Odd differences are 5 and 9: there rounding half to even, as torchvision's center_crop does, cuts alike.
    probes=(
        Probe((4, 3), drive=look, note="its layers"),
        # From what shows one mistake at a time to what shows several.
        _result("no crop, nothing negative", (2, 5), (4, 3), (8, 6), positive=True),
        _result("no crop", (6, 4), (3, 4), (6, 8)),
        _result("x of 5×4 and a skip of 14×10", (6, 2), (5, 4), (14, 10)),
        _result("x of 4×5 and a skip of 13×19", (4, 3), (4, 5), (13, 19)),
        Probe((4, 3), drive=behavior, note="both modes, the way back, two blocks"),
    ),
    misconceptions=MISTAKES,
    hints=(
        "A class with two methods: __init__ makes three layers with weights, forward uses them. How many "
        "channels has the result of the up-convolution, how many has the skip, how many both together?",
        "The up-convolution is nn.ConvTranspose2d(in_channels, in_channels // 2, 2, stride=2). The first "
        "convolution goes from in_channels to out_channels, the second from out_channels to out_channels; "
        "neither is padded.",
        "In forward: x = self.up(x), then skip = center_crop(skip, *x.shape[-2:]), then torch.cat([skip, x], "
        "dim=1), and each convolution with a ReLU behind it.",
    ),
    seconds=10.0,
)

EXERCISES = (EXERCISE,)
