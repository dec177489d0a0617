"""Exercise 1.4: a convolution with many input and output channels, and a bias."""

from __future__ import annotations

import numpy as np

from ...ops import conv2d_channels
from ..exercise import Exercise, Probe
from .channels_mistakes import MISTAKES
from .conv2d import integers


def _probe(note: str, seed: int, x: tuple, weight: tuple, scale: float = 1, **options: object) -> Probe:
    args = (integers(seed, *x), integers(seed + 1, *weight) * scale, integers(seed + 2, weight[0]) * scale)
    return Probe(args, tuple(options.items()), note=note)


_FIRST = Probe(
    (
        np.array(
            [[[1.0, 2, 0, 1], [0, 1, 3, 2], [2, 0, -1, 1]], [[2, 0, 1, 3], [1, 4, 0, 1], [0, -2, 1, 0]]]
        ),
        np.array([[[[1.0, -1]], [[2, 1]]]]),
        np.array([10.0]),
    ),
    note="two input channels, one output channel, a kernel of 1 row and 2 columns",
)
_FLOAT32 = Probe(
    tuple(
        part.astype(np.float32)
        for part in (integers(90, 3, 4, 3) / 4, integers(91, 2, 3, 2, 1), integers(92, 2) / 2)
    ),
    note="float32 input",
)

EXERCISE = Exercise(
    name="conv2d_channels",
    number="1.4",
    signature="conv2d_channels(x[Cin,H,W], weight[Cout,Cin,kh,kw], bias[Cout], stride=1, padding=0) "
    "-> [Cout,H',W']",
    reference=conv2d_channels,
    probes=(
        _FIRST,
        _probe("one input channel, two output channels", 10, (1, 3, 5), (2, 1, 2, 2)),
        _probe("2 channels in, 3 out; 3 columns", 20, (2, 3, 4), (3, 2, 2, 2)),
        _probe("3 channels in, 2 out; 2 rows", 30, (3, 3, 5), (2, 3, 2, 2)),
        _probe("2 channels in, 2 out", 40, (2, 4, 5), (2, 2, 2, 2)),
        _probe("padding 1", 50, (2, 3, 4), (3, 2, 3, 3), stride=1, padding=1),
        _probe("stride 2", 60, (2, 6, 5), (2, 2, 3, 2), stride=2),
        _probe("padding 2 and 1", 100, (2, 3, 4), (2, 2, 2, 3), stride=1, padding=(2, 1)),
        _probe("stride 1 down, 2 to the right", 110, (2, 4, 6), (2, 2, 2, 3), stride=(1, 2)),
        _probe("all unequal", 70, (3, 6, 7), (2, 3, 2, 3), stride=(2, 3), padding=(1, 2)),
        _probe("fractions", 80, (2, 3, 4), (2, 2, 1, 2), 0.25),
        _FLOAT32,
    ),
    misconceptions=MISTAKES,
    hints=(
        "One output channel, one input channel, no bias: that is your conv2d. Use it, and build up from "
        "there.",
        "For output channel o: run conv2d on each input channel c with its own kernel weight[o, c], and add "
        "the maps.",
        "The bias comes last: add the one number bias[o] to the whole map. Collect the maps along a new "
        "first axis.",
    ),
)
