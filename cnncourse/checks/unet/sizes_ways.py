"""Compute and refuse sizes of an unpadded U-Net in wrong ways."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from ...models import unet_output_size

Size = Callable[[int, int], Any]  # n, depth -> what comes out
Works = Callable[[int, int], bool]  # n, depth -> whether this size is taken
Halve = Callable[[Any], Any]
Answer = Callable[..., Any]


def floor(n: int) -> int:
    """Halve, and drop a half."""
    return n // 2


def _strict(n: int) -> int:
    if n % 2:
        raise ValueError("a pool would meet an odd size")
    return n // 2


def walk(
    n: Any,
    depth: int,
    halve: Halve = floor,
    /,
    *,
    down: int = 4,
    bottom: int = 4,
    up: int = 4,
    joint: int = 0,
    head: int = 0,
    below: int = 0,
    grown: int = 2,
) -> Any:
    """Return what is left of ``n`` after a walk through the network.

    ``down``, ``bottom`` and ``up`` pixels go with each pair of convolutions, ``joint`` with each
    up-convolution and ``head`` with the last layer; ``below`` pixels go after each pool. An up-convolution
    makes a map ``grown`` times as large.
    """
    for _ in range(depth):
        n = halve(n - down) - below
    n -= bottom
    for _ in range(depth):
        n = grown * n - joint - up
    return n - head


def right(n: int, depth: int) -> int:
    """Return the right size, whether the pools divide or not."""
    return n - 12 * 2**depth + 8


def fits(n: int, depth: int) -> bool:
    """Whether every pool divides."""
    return (n + 4) % 2**depth == 0


def divides(n: int, depth: int) -> bool:
    """Whether a padded network's pools would divide."""
    return n % 2**depth == 0


def unchecked(size: Size) -> Answer:
    """Refuse nothing."""

    def wrong(n: int, depth: int = 4) -> Any:
        return size(n, depth)

    return wrong


def guarded(size: Size) -> Answer:
    """Refuse the right sizes in the right way, and compute another one."""

    def wrong(n: int, depth: int = 4) -> Any:
        unet_output_size(n, depth)
        return size(n, depth)

    return wrong


def naming(size: Size, works: Works) -> Answer:
    """Refuse sizes that ``works`` does not take, and name the nearest that it does."""

    def wrong(n: int, depth: int = 4) -> Any:
        if not works(n, depth):
            below = next(m for m in count(n, -1) if m < 0 or works(m, depth))
            above = next(m for m in count(n) if works(m, depth))
            raise ValueError(f"{n} does not work, {below} and {above} do")
        return size(n, depth)

    return wrong


def terse(size: Size, works: Works) -> Answer:
    """Refuse sizes that ``works`` does not take, and name none."""

    def wrong(n: int, depth: int = 4) -> Any:
        if not works(n, depth):
            raise ValueError("this size does not work")
        return size(n, depth)

    return wrong


def walks(**losses: int) -> tuple[Answer, ...]:
    """Return a wrong walk: unchecked, with the right check, and with one of its own."""

    def size(n: int, depth: int) -> Any:
        return walk(n, depth, **losses)

    def works(n: int, depth: int) -> bool:
        try:
            walk(n, depth, _strict, **losses)
        except ValueError:
            return False
        return True

    return (unchecked(size), guarded(size), naming(size, works), terse(size, works), terse(size, fits))


def down_only(lost: int) -> tuple[Answer, ...]:
    """Return the size at the bottom, in which a pair of convolutions takes ``lost``."""

    def size(n: int, depth: int) -> int:
        for _ in range(depth):
            n = (n - 4) // 2
        return n - lost

    return unchecked(size), guarded(size), terse(size, fits)


def deeper(by: int) -> tuple[Answer, ...]:
    """Return the sizes of a network with more pools, or fewer."""

    def size(n: int, depth: int) -> int:
        return walk(n, depth + by)

    def works(n: int, depth: int) -> bool:
        return fits(n, depth + by)

    return (*every_check(size), naming(size, works), terse(size, works))


def named(sizes: Callable[[int, int], tuple[int, ...]]) -> Answer:
    """Refuse the right sizes and name others."""
    return refusing(lambda n, depth: f"{n} does not work, use {' or '.join(map(str, sizes(n, depth)))}")


def every_check(size: Size) -> tuple[Answer, ...]:
    """Return a wrong size with the checks that people write."""
    return (
        unchecked(size),
        guarded(size),
        terse(size, fits),
        *(
            check(size, works)
            for check in (naming, terse)
            for works in (divides, lambda n, depth: n % 2 == 0)
        ),
    )


def refusing(message: Callable[[int, int], str], error: type[Exception] = ValueError) -> Answer:
    """Return right sizes, and refuse others in other words."""

    def wrong(n: int, depth: int = 4) -> int:
        if not fits(n, depth):
            raise error(message(n, depth))
        return right(n, depth)

    return wrong


def instead(value: Callable[[int, int], Any]) -> Answer:
    """Return right sizes, and something else where an error is due."""

    def wrong(n: int, depth: int = 4) -> Any:
        return right(n, depth) if fits(n, depth) else value(n, depth)

    return wrong


def below(n: int, depth: int) -> int:
    """Return the next smaller size that works."""
    return n - (n + 4) % 2**depth


def odd(n: int, depth: int) -> int:
    """Return the odd size that a pool would meet."""
    for _ in range(depth):
        n -= 4
        if n % 2:
            break
        n //= 2
    return n


def multiple(n: int, step: int) -> int:
    """Return the next smaller multiple of a step."""
    return n // step * step
