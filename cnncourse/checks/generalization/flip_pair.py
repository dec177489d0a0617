"""Exercise 4.4: mirror an image and its mask together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ...datasets.augmentation import flip_pair
from ..exercise import Exercise, Misconception, Probe
from ..observing import Seen
from ..results import changed

Flip = Callable[[Tensor, Tensor], Any]
Move = Callable[[Tensor], Tensor]
_CALLS = 20


def _always(flip_pair: Flip, image: Tensor, mask: Tensor) -> Any:
    """Return the result, if it is the same in every call; the last call is on the probe's own tensors."""
    results = [flip_pair(image.clone(), mask.clone()) for _ in range(_CALLS - 1)]
    results.append(flip_pair(image, mask))
    if any(_differ(results[0], other) for other in results[1:]):
        return Seen("at random", "another result in each call with the same arguments")
    return results[-1]


def _differ(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape != b.shape or not bool(torch.equal(a, b))
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) != len(b) or any(map(_differ, a, b))
    return type(a) is not type(b)


def _probe(note: str, image: Tensor, mask: Sequence[Sequence[int]]) -> Probe:
    return Probe((image, torch.tensor(mask)), drive=_always, note=note)


def _numbers(*shape: int) -> Tensor:
    """Return 0.01, 0.02, …: no row, column or channel like another one."""
    return (torch.arange(1.0, torch.Size(shape).numel() + 1) / 100).reshape(shape)


def _both(move: Move) -> Flip:
    """Move image and mask alike."""
    return lambda image, mask: (move(image), move(mask))


def _apart(move_image: Move, move_mask: Move) -> Flip:
    return lambda image, mask: (move_image(image), move_mask(mask))


def _same(x: Tensor) -> Tensor:
    return x.clone()


def _left_right(x: Tensor) -> Tensor:
    return x.flip(-1)


def _top_bottom(x: Tensor) -> Tensor:
    return x.flip(-2)


def _channels(x: Tensor) -> Tensor:
    return x.flip(0)


def _turned(x: Tensor) -> Tensor:
    return x.flip(-1, -2)


def _half_mirrored(x: Tensor) -> Tensor:
    """Write over the left half before it was read."""
    out = x.clone()
    for column in range(x.shape[-1]):
        out[..., column] = out[..., x.shape[-1] - 1 - column]
    return out


def _one_column_off(x: Tensor) -> Tensor:
    return x.flip(-1).roll(1, -1)


def _first_only(x: Tensor, axis: int) -> Tensor:
    """Mirror only the first channel, or only the first row."""
    first, *rest = x.split(1, axis)
    return torch.cat([first.flip(-1), *rest], axis)


def _first_column_forgotten(x: Tensor) -> Tensor:
    out = torch.zeros_like(x)
    for column in range(1, x.shape[-1]):
        out[..., x.shape[-1] - column] = x[..., column]
    return out


def _by_chance(image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    return flip_pair(image, mask) if torch.rand(()) < 0.5 else (image, mask)


def _each_by_chance(image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    return (
        image.flip(-1) if torch.rand(()) < 0.5 else image,
        mask.flip(-1) if torch.rand(()) < 0.5 else mask,
    )


EXERCISE = Exercise(
    name="flip_pair",
    number="4.4",
    signature="flip_pair(image[C,H,W], mask[H,W]) -> (image, mask)",
    reference=flip_pair,
    probes=(
        _probe("one channel, 2 rows, 3 columns", _numbers(1, 2, 3), [[0, 1, 2], [2, 0, 3]]),
        _probe(
            "three channels, 4 rows, 5 columns",
            _numbers(3, 4, 5),
            [[0, 0, 1, 2, 2], [0, 1, 1, 2, 3], [4, 1, 0, 0, 3], [4, 4, 0, 5, 5]],
        ),
        _probe(
            "as many channels as rows and columns",
            _numbers(3, 3, 3),
            [[1, 0, 2], [0, 3, 3], [255, 1, 1]],
        ),
        _probe("a single row", _numbers(2, 1, 4), [[3, 1, 0, 2]]),
        _probe("a single column", _numbers(2, 3, 1), [[1], [0], [2]]),
    ),
    misconceptions=(
        Misconception(
            "the mask not flipped",
            "Mirror the mask as well: otherwise it says of each pixel what stands on the other side.",
            (_apart(_left_right, _same), _apart(_turned, _same), _apart(_top_bottom, _same)),
        ),
        Misconception(
            "the image not flipped",
            "Mirror the image as well: yours changes only the mask.",
            (_apart(_same, _left_right), _apart(_same, _top_bottom), _apart(_same, _turned)),
        ),
        Misconception(
            "nothing flipped",
            "Both come back as they were. A flip makes a new tensor and leaves the old one alone: keep what "
            "it returns.",
            (_both(_same), _both(lambda x: x.flip(-1).flip(-1))),
        ),
        Misconception(
            "flipped top to bottom",
            "Left and right change places, top and bottom stay: mirror the columns, the last axis of both.",
            (_both(_top_bottom), _apart(_left_right, _top_bottom)),
        ),
        Misconception(
            "flipped both ways",
            "Yours turns the picture by half a circle: left–right and top–bottom. Mirror only the last axis.",
            (
                _both(_turned),
                _apart(_turned, _left_right),
                _apart(_left_right, _turned),
                _both(lambda x: x.rot90(2, (-2, -1))),
                _apart(_turned, _top_bottom),
                _apart(_top_bottom, _turned),
            ),
        ),
        Misconception(
            "the channels flipped",
            "An image is [channels, rows, columns]. Reversing the first axis gives red for blue and moves "
            "nothing: left–right is the last axis.",
            (
                _both(_channels),
                _apart(_channels, _left_right),
                _apart(_channels, _same),
                _apart(_channels, _turned),
                _apart(lambda x: x.flip(0, 1, 2), _turned),
                _apart(lambda x: x.flip(0, 2), _left_right),
                _apart(lambda x: x.flip(0, 1), _top_bottom),
                _apart(lambda x: x.flip(0, 1, 2), _left_right),
                _apart(lambda x: x.flip(0, 1), _left_right),
            ),
        ),
        Misconception(
            "the same axis number for both",
            "Axis 1 is the rows of the image [C, H, W], but the columns of the mask [H, W]. Count from the "
            "end: −1 is left–right in both.",
            (_both(lambda x: x.flip(1)),),
        ),
        Misconception(
            "rows and columns swapped",
            "A mirror keeps height and width. Yours transposes, or turns by a quarter of a circle.",
            (
                _both(lambda x: x.transpose(-1, -2)),
                _both(lambda x: x.rot90(1, (-2, -1))),
                _both(lambda x: x.rot90(-1, (-2, -1))),
                _apart(lambda x: x.transpose(-1, -2), _same),
            ),
        ),
        Misconception(
            "the left half written over",
            "While the loop writes the left half, the right half copies from what was written already. Read "
            "from the old tensor, write to a new one.",
            (
                _both(_half_mirrored),
                _apart(_half_mirrored, _left_right),
                _apart(_left_right, _half_mirrored),
            ),
        ),
        Misconception(
            "one column off",
            "The first column becomes the last one: column c goes to W − 1 − c. Yours is shifted.",
            (
                _both(_one_column_off),
                _both(lambda x: x.flip(-1).roll(-1, -1)),
                _both(lambda x: x.roll(1, -1)),
                _both(_first_column_forgotten),
                _both(lambda x: x.roll(-1, -1)),
                _both(lambda x: x.roll(x.shape[-1] // 2, -1)),
                _apart(_one_column_off, _left_right),
                _apart(_left_right, _one_column_off),
            ),
        ),
        Misconception(
            "only a part flipped",
            "Every channel and every row is mirrored. Yours leaves some of them as they were.",
            (
                _apart(lambda x: _first_only(x, 0), _left_right),
                _both(lambda x: _first_only(x, -2)),
                _apart(_left_right, lambda x: _first_only(x, -2)),
            ),
        ),
        Misconception(
            "flipped by chance",
            "Here everything is mirrored. Whether a sample is mirrored at all is decided outside.",
            (_by_chance, _each_by_chance),
        ),
        Misconception(
            "only one returned",
            "Return both: return image, mask.",
            (
                lambda image, mask: image.flip(-1),
                lambda image, mask: mask.flip(-1),
                lambda image, mask: (image.flip(-1),),
                lambda image, mask: torch.cat([image, mask[None]]).flip(-1),
            ),
        ),
        Misconception(
            "the wrong order",
            "First the image, then the mask.",
            (
                lambda image, mask: (mask.flip(-1), image.flip(-1)),
                lambda image, mask: (mask, image),
            ),
        ),
        Misconception(
            "the mask given a channel",
            "The mask keeps its shape [H, W]: take the axis that you added out again.",
            (
                _apart(_left_right, lambda x: x.flip(-1)[None]),
                _apart(_left_right, lambda x: x.flip(-1)[None, None]),
            ),
        ),
        Misconception(
            "the image lost its channels",
            "The image keeps its shape [C, H, W]: mirror every channel.",
            (
                _apart(lambda x: x[0].flip(-1), _left_right),
                _apart(lambda x: x.mean(0).flip(-1), _left_right),
                _apart(lambda x: x.flip(-1)[None], _left_right),
                _apart(lambda x: x[:1].flip(-1), _left_right),
            ),
        ),
        Misconception(
            "the mask no longer whole numbers",
            "A mask holds class numbers, integers. Mirror them as they are.",
            (
                changed(flip_pair, lambda pair: (pair[0], pair[1].float())),
                changed(flip_pair, lambda pair: (pair[0], pair[1] / 255)),
                changed(flip_pair, lambda pair: (pair[0], pair[1] > 0)),
            ),
        ),
        Misconception(
            "values changed",
            "A mirror moves pixels, it does not change them.",
            (
                _both(lambda x: -x.flip(-1)),
                _apart(lambda x: 1 - x.flip(-1), _left_right),
                _apart(lambda x: -x.flip(-1), _left_right),
                _apart(lambda x: 1 - x, _same),
                _both(lambda x: -x),
                _apart(lambda x: 255 * x.flip(-1), _left_right),
                _apart(lambda x: x.flip(-1) / 255, _left_right),
                _apart(_left_right, lambda x: x.flip(-1) + 1),
                _apart(_left_right, lambda x: x.max() - x.flip(-1)),
            ),
        ),
    ),
    hints=(
        "Which axis of [C, H, W] runs from left to right? And which one of [H, W]?",
        "It is the last axis of both, number −1. torch has a function that reverses an axis: torch.flip.",
        "A new tensor comes from torch.flip(x, dims=[-1]). Do so with both, and return both.",
    ),
)
