"""How people get the output size of an unpadded U-Net wrong."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from math import ceil
from typing import Any

from ...models import unet_output_size
from ..exercise import Misconception

Size = Callable[[int, int], Any]  # n, depth -> what comes out
Answer = Callable[..., Any]


def _floor(n: int) -> int:
    return n // 2


def _strict(n: int) -> int:
    if n % 2:
        raise ValueError("a pool would meet an odd size")
    return n // 2


def _walk(
    n: int, depth: int, down: int = 4, bottom: int = 4, up: int = 4, halve: Callable = _floor, lost: int = 0
) -> Any:
    """Walk through the network: ``down``, ``bottom``, ``up`` pixels go with each pair of convolutions."""
    for _ in range(depth):
        n = halve(n - down)
    n -= bottom
    for _ in range(depth):
        n = 2 * n - lost - up
    return n


def _open(size: Size) -> Answer:
    def wrong(n: int, depth: int = 4) -> Any:
        return size(n, depth)

    return wrong


def _guarded(size: Size) -> Answer:
    """Refuse the right sizes in the right way, and compute another one."""

    def wrong(n: int, depth: int = 4) -> Any:
        unet_output_size(n, depth)
        return size(n, depth)

    return wrong


def _naming(size: Size, works: Callable[[int, int], bool]) -> Answer:
    """Refuse sizes that ``works`` does not like, and name the nearest that it does."""

    def wrong(n: int, depth: int = 4) -> Any:
        if not works(n, depth):
            below = next(m for m in count(n, -1) if works(m, depth) or m < 0)
            above = next(m for m in count(n) if works(m, depth))
            raise ValueError(f"{n} does not work, {below} and {above} do")
        return size(n, depth)

    return wrong


def _walks(**changes: Any) -> tuple[Answer, ...]:
    """Return a wrong walk: unchecked, with the right check, and with one of its own."""

    def size(n: int, depth: int) -> Any:
        return _walk(n, depth, **changes)

    def checked(n: int, depth: int) -> Any:
        return _walk(n, depth, halve=_strict, **changes)

    def works(n: int, depth: int) -> bool:
        try:
            checked(n, depth)
        except ValueError:
            return False
        return True

    return (_open(size), _guarded(size), _open(checked), _naming(size, works))


def _divides(n: int, depth: int) -> bool:
    return n % 2**depth == 0


def _right(n: int, depth: int) -> int:
    return n - 12 * 2**depth + 8


def _refusing(message: Callable[[int, int], str]) -> Answer:
    def wrong(n: int, depth: int = 4) -> int:
        if (n + 4) % 2**depth:
            raise ValueError(message(n, depth))
        return _right(n, depth)

    return wrong


def _both(size: Size) -> tuple[Answer, ...]:
    return _open(size), _guarded(size), _naming(size, _divides)


MISTAKES = (
    Misconception(
        "one convolution of each pair forgotten",
        "Each level has two 3×3 convolutions, and each takes 2 pixels, one at each end: 4 for the pair.",
        (*_walks(down=2, bottom=2, up=2), *_walks(down=4, bottom=2, up=4)),
    ),
    Misconception(
        "the bottom forgotten",
        "Between the last pool and the first up-convolution lie two convolutions too: another 4 go, there "
        "where a pixel stands for 2^depth of the image.",
        _walks(bottom=0),
    ),
    Misconception(
        "the way up stops too early",
        "The size is wanted at the end of the network: after the bottom each up-convolution doubles, as "
        "often as a pool has halved.",
        (*_both(lambda n, depth: n // 2**depth),),
    ),
    Misconception(
        "the convolutions on the way up forgotten",
        "After each up-convolution come two more 3×3 convolutions without padding: take 4 away there too.",
        _walks(up=0),
    ),
    Misconception(
        "the convolutions on the way down forgotten",
        "Before each pool come two 3×3 convolutions without padding: take 4 away before you halve.",
        _walks(down=0),
    ),
    Misconception(
        "padded convolutions",
        "This U-Net does not pad: each 3×3 convolution takes 2 pixels away. Yours gives back the size of the "
        "image.",
        (*_walks(down=0, bottom=0, up=0), *_both(lambda n, depth: n)),
    ),
    Misconception(
        "184 for every depth",
        "Only at depth 4 are 184 pixels lost. With another number of pools there are fewer or more "
        "convolutions, and each counts for more pixels of the image the deeper it lies.",
        _both(lambda n, depth: n - 184),
    ),
    Misconception(
        "every convolution counted in pixels of the image",
        "A convolution below k pools takes 2 pixels of its own map, and each of these stands for 2^k pixels "
        "of the image.",
        _both(lambda n, depth: n - 4 * (2 * depth + 1)),
    ),
    Misconception(
        "depth off by one",
        "The depth is the number of pools: at depth 4 there are 4 pools, 4 up-convolutions and 5 levels.",
        (
            *(_open(lambda n, depth, by=by: _walk(n, depth + by)) for by in (-1, 1)),
            *(_guarded(lambda n, depth, by=by: _walk(n, depth + by)) for by in (-1, 1)),
            *(_open(lambda n, depth, by=by: _walk(n, depth + by, halve=_strict)) for by in (-1, 1)),
        ),
    ),
    Misconception(
        "no error where a pool does not divide",
        "Half of an odd size is no size, and a pool that rounds drops a row without a word, so that crops no "
        "longer fit: raise ValueError when a pool would meet an odd size.",
        (
            _open(_walk),
            _open(_right),
            _open(lambda n, depth: _walk(n, depth, halve=lambda n: ceil(n / 2))),
            _open(lambda n, depth: _walk(n, depth, halve=lambda n: round(n / 2))),
        ),
    ),
    Misconception(
        "only the first pool checked",
        "Every pool must halve without remainder, not the first alone: look at the size before each of them.",
        (
            _naming(_walk, lambda n, depth: n % 2 == 0),
            _naming(_right, lambda n, depth: n % 2 == 0),
        ),
    ),
    Misconception(
        "multiples of 2^depth demanded",
        "Two convolutions come before the first pool, so it meets n − 4, not n. Multiples of 2^depth are "
        "right for padded networks; here 572 works, and 576 does not.",
        (_naming(_walk, _divides), _naming(_right, _divides)),
    ),
    Misconception(
        "no size named",
        "The error must help: its text names the nearest sizes that work, below and above.",
        (_refusing(lambda n, depth: "this size does not work"),),
    ),
    Misconception(
        "sizes named that do not work",
        "The sizes that your error names do not work. Those that do lie 2^depth apart, 4 less than a "
        "multiple of it, such as 572 for 4 pools.",
        (_refusing(lambda n, depth: f"try {n - n % 2**depth - 1} or {n + 1}"),),
    ),
    Misconception(
        "a float instead of a whole number",
        "A size is a whole number. / always gives a float: 568 / 2 is 284.0. // gives an int.",
        (
            _guarded(lambda n, depth: float(_right(n, depth))),
            _open(lambda n, depth: float(_right(n, depth))),
            _open(lambda n, depth: float(_walk(n, depth))),
        ),
    ),
)
