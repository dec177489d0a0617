"""Right output sizes of the unpadded U-Net: walks, closed forms, recursion, a real network; many messages."""

import math

import numpy as np
import torch
from torch import nn

from tests.checks.right_answers import answers


@answers("unet_output_size")
def size_in_closed_form(n, depth=4):
    step = 2**depth
    if (n + 4) % step:
        below = (n + 4) // step * step - 4
        raise ValueError(f"{n} does not work; the nearest sizes are {below} and {below + step}")
    return n - 12 * step + 8


def walked(n, depth):
    for _ in range(depth):
        n -= 4
        if n % 2:
            return None
        n //= 2
    n -= 4
    for _ in range(depth):
        n = 2 * n - 4
    return n


@answers("unet_output_size")
def size_by_walking(n, depth=4):
    size = walked(n, depth)
    if size is None:
        lower = next(m for m in range(n, 0, -1) if walked(m, depth) is not None)
        upper = next(m for m in range(n, n + 2**depth) if walked(m, depth) is not None)
        raise ValueError("Got", n, "try", lower, upper)
    return size


@answers("unet_output_size")
def size_that_names_the_next_only(n, depth=4):
    if walked(n, depth) is None:
        next_size = n
        while walked(next_size, depth) is None:
            next_size += 1
        raise ValueError(f"n={n}: use {next_size} instead")
    return int(walked(n, depth))


@answers("unet_output_size")
def size_that_names_the_nearest_only(size, pools=4):
    nearest = min(range(size - 40, size + 40), key=lambda m: (walked(m, pools) is None, abs(m - size)))
    if nearest != size:
        raise ValueError(f"a pool would meet an odd size, {nearest}x{nearest} would do")
    return np.int64(walked(size, pools))


class SizeError(ValueError):
    def __init__(self, n, below, above):
        self.sizes = below, above
        super().__init__(f"image size {n} not possible ({below}, {above} are)")


@answers("unet_output_size")
def size_with_its_own_error(n, *, depth=4):
    remainder = (n - 572) % 2**depth if depth <= 4 else (n + 4) % 2**depth
    if remainder:
        raise SizeError(n, n - remainder, n - remainder + 2**depth)
    return n - sum(4 * 2**k for k in range(depth + 1)) - sum(4 * 2**k for k in range(depth))


@answers("unet_output_size")
def size_by_recursion(n, depth=4):
    def through(m, levels):
        m = m - 2 - 2
        if levels == 0:
            return m
        half, rest = divmod(m, 2)
        if rest:
            step = 2**depth
            raise ValueError(
                f"At level {depth - levels + 1} the pool gets {m}, an odd size. "
                f"Nearest sizes: {n - (n + 4) % step}, {math.ceil((n + 4) / step) * step - 4}."
            )
        return 2 * through(half, levels - 1) - 4

    return through(n, depth)


@answers("unet_output_size")
def size_by_a_real_network(n, depth=4):
    if (n + 4) % 2**depth:
        lower = n - (n + 4) % 2**depth
        raise ValueError(f"depth {depth}: {lower} or {lower + 2**depth}")
    pair = nn.MaxPool1d(5, 1)  # as long as two kernels of 3
    x = torch.zeros(1, 1, n)
    for _ in range(depth):
        x = nn.functional.max_pool1d(pair(x), 2)
    x = pair(x)
    for _ in range(depth):
        x = pair(nn.functional.interpolate(x, scale_factor=2))
    return x.shape[-1]


@answers("unet_output_size")
def size_that_lists_all_that_work(n, depth=4):
    works = [m for m in range(1, 1200) if (m + 4) % 2**depth == 0 and m - 12 * 2**depth + 8 > 0]
    if n not in works:
        raise ValueError(f"sizes that work: {works}")
    return n - 12 * 2**depth + 8


@answers("unet_output_size")
def size_with_a_note(n, depth=4):
    step = 1 << depth
    if (n + 4) & (step - 1):
        error = ValueError(f"got n={n}")
        error.add_note(f"nearest: {(n + 4) // step * step - 4}.0 and {-(-(n + 4) // step) * step - 4}.0")
        raise error
    return torch.tensor(n - 12 * step + 8).item()


@answers("unet_output_size")
def size_raised_from_another_error(n, depth=4):
    sizes = [n]
    try:
        for _ in range(depth):
            half = (sizes[-1] - 4) / 2
            assert half.is_integer()
            sizes.append(int(half))
    except AssertionError as error:
        low = n - (n + 4) % 2**depth
        raise ValueError(f"{sizes} cannot be halved; try {low}px or {low + 2**depth}px") from error
    size = sizes.pop() - 4
    for _ in sizes:
        size = size * 2 - 4
    return size
