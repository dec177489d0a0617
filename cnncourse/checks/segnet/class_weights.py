"""Exercise 8.3: class weights by median frequency."""

from __future__ import annotations

import torch
from torch import Tensor

from ...training import median_frequency_weights
from ..exercise import Exercise, Probe
from .class_weights_mistakes import MISTAKES


def _masks(
    seed: int, shape: tuple[int, int, int], *present: str, void: float = 0.0, mark: int = 255
) -> Tensor:
    """Return masks whose image i holds the classes in the text ``present[i]``: '0011' is half 0, half 1."""
    generator = torch.Generator().manual_seed(seed)
    count, height, width = shape
    images = []
    for text in present:
        picks = torch.randint(len(text), (height, width), generator=generator)
        image = torch.tensor([int(digit) for digit in text])[picks]
        image[torch.rand(height, width, generator=generator) < void] = mark
        images.append(image)
    return torch.stack(images).reshape(count, height, width)


def _probe(note: str, masks: Tensor, num_classes: int, **options: int) -> Probe:
    return Probe((masks, num_classes), tuple(options.items()), note=note)


_SKY = torch.tensor(
    [
        [[0, 0, 0, 1], [0, 0, 2, 1], [0, 0, 2, 1]],
        [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]],
    ]
)
_VOID = torch.tensor(
    [
        [[0, 0, 0, 1, 1], [0, 2, 1, 1, 255]],
        [[255, 255, 255, 255, 255], [255, 255, 255, 255, 255]],
        [[255, 255, 255, 0, 0], [255, 255, 0, 0, 2]],
    ]
)
_RARE = torch.tensor([8 * [0] + 4 * [1]]).repeat(6, 1)[None]
_RARE[0, 2, 5] = 2

EXERCISE = Exercise(
    name="median_frequency_weights",
    number="8.3",
    signature="median_frequency_weights(masks[N,H,W], num_classes, ignore_index=255) -> [K]",
    reference=median_frequency_weights,
    probes=(
        _probe("class 2 is in the first image only", _SKY, 3),
        _probe("one image", _masks(1, (1, 4, 5), "0001112"), 3),
        _probe("pixels of 255 do not count", _masks(2, (3, 3, 4), "001", "0012", "0022", void=0.3), 3),
        _probe("one image is 255 all over", _VOID, 3),
        _probe("classes 1 and 4 occur nowhere", _masks(3, (2, 4, 5), "0002233", "00022"), 5),
        _probe("five classes", _masks(4, (3, 4, 5), "00012", "0013", "0012444"), 5),
        _probe("a rare class weighs much", _RARE, 3),
        _probe("class 0 occurs nowhere", _masks(5, (3, 3, 5), "12", "1113", "222233", void=0.2), 4),
        _probe("pixels of −1 do not count", _masks(6, (3, 4, 3), "00012", "0112", "11", void=0.3, mark=-1), 3,
               ignore_index=-1),
        _probe("pixels of 4 do not count, classes are 0 to 3", _masks(7, (3, 3, 4), "0012", "01", "0222",
               void=0.25, mark=4), 4, ignore_index=4),
        _probe("only class 2 occurs", torch.full((1, 2, 3), 2), 4),
    ),
    misconceptions=MISTAKES,
    hints=(
        "Take one class at a time. In which images does it occur, how many of their pixels count, and how "
        "many of those are of the class? The quotient is its frequency.",
        "A mask of booleans, (masks == k), finds the pixels; .flatten(1).any(1) tells which images hold one. "
        "Pixels of ignore_index are no part of an image's size.",
        "The median is taken over the frequencies of the classes that occur. weights[k] = median / "
        "frequency[k] for those, and 0 for the others, so start from torch.zeros(num_classes).",
    ),
)  # fmt: skip

EXERCISES = (EXERCISE,)
