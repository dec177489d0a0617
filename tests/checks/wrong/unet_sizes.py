"""Wrong output sizes of the unpadded U-Net."""

import math

import torch
from torch import nn

from tests.checks.wrong.bank import mistake


def helpful(n, depth):
    """A learner's check, right by itself."""
    step = 2**depth
    if (n + 4) % step:
        low = (n + 4) // step * step - 4
        raise ValueError(f"{n} does not work with {depth} pools, but {low} and {low + step} do")


@mistake("unet_output_size", "184 for every depth")
def as_in_the_paper(n, depth=4):
    return n - 184


@mistake("unet_output_size", "184 for every depth")
def as_in_the_paper_but_checked(n, depth=4):
    helpful(n, depth)
    return n - (572 - 388)


@mistake("unet_output_size", "184 for every depth")
def always_four_pools(n, depth=4):
    helpful(n, depth)
    for level in (1, 2, 3, 4):
        n -= 2 * 2 * 2**level // 2
    for level in (4, 3, 2, 1):
        n -= 4 * 2 ** (level - 1)
    return n - 4 * 16


@mistake("unet_output_size", "no error where a pool does not divide")
def rounding_on_the_way(n, depth=4):
    sizes = []
    for _ in range(depth):
        n = n - 2 - 2
        sizes.append(n)
        n = n // 2
    n = n - 2 - 2
    while sizes:
        sizes.pop()
        n = n * 2 - 2 - 2
    return n


@mistake("unet_output_size", "no error where a pool does not divide")
def warning_only(n, depth=4):
    border = 2 * sum(2**level for level in range(depth + 1)) + 2 * sum(2**level for level in range(depth))
    if (n + 4) % 2**depth:
        print("this size does not divide")
    return n - 2 * border


@mistake("unet_output_size", "no error where a pool does not divide")
def rounding_up_to_the_next(n, depth=4):
    while (n + 4) % 2**depth != 0:
        n += 1
    return n - 12 * 2**depth + 8


@mistake("unet_output_size", "no error where a pool does not divide")
def none_if_it_does_not_divide(n, depth=4):
    for _ in range(depth):
        n -= 4
        if n % 2:
            return None
        n //= 2
    n -= 4
    for _ in range(depth):
        n = 2 * n - 4
    return n


@mistake("unet_output_size", "multiples of 2^depth demanded")
def as_for_padded_ones(n, depth=4):
    if n % (2**depth) != 0:
        near = n // 2**depth * 2**depth
        raise ValueError(f"use {near} or {near + 2**depth}")
    for _ in range(depth):
        n = (n - 4) // 2
    n = n - 4
    for _ in range(depth):
        n = n * 2 - 4
    return n


@mistake("unet_output_size", "no size named")
def terse(n, depth=4):
    m = n
    for _ in range(depth):
        m -= 4
        if m % 2 == 1:
            raise ValueError(f"{n} is not a valid size for {depth} pools")
        m //= 2
    return n - 12 * 2**depth + 8


@mistake("unet_output_size", "no size named")
def bare(n, depth=4):
    if (n - 572) % min(2**depth, 16) or (n + 4) % 2**depth:
        raise ValueError
    return n + 8 - 3 * 2 ** (depth + 2)


@mistake("unet_output_size", "no size named")
def only_its_own_size(n, depth=4):
    if (n + 4) % (1 << depth):
        raise ValueError("got", n, "depth", depth, "step", 1 << depth)
    return n - 3 * (4 << depth) + 8


@mistake("unet_output_size", "a float instead of a whole number")
def true_division(n, depth=4):
    if (n + 4) % 2**depth:
        near = (n + 4) // 2**depth * 2**depth - 4
        raise ValueError(f"use {near} or {near + 2**depth}")
    for _ in range(depth):
        n = (n - 4) / 2
    n -= 4
    for _ in range(depth):
        n = n * 2 - 4
    return n


@mistake("unet_output_size", "another loss than 4 for a pair of convolutions")
def one_convolution_a_level(n, depth=4):
    helpful(n, depth)
    for _ in range(depth):
        n = (n - 3 + 1) // 2
    n = n - 3 + 1
    for _ in range(depth):
        n = n * 2 - 3 + 1
    return n


@mistake("unet_output_size", "another loss than 4 for a pair of convolutions")
def kernel_taken_off(n, depth=4):
    helpful(n, depth)

    def pair(m):
        return m - 3 - 3

    for _ in range(depth):
        n = pair(n) // 2
    n = pair(n)
    for _ in range(depth):
        n = pair(2 * n)
    return n


@mistake("unet_output_size", "the bottom forgotten")
def straight_back(n, depth=4):
    helpful(n, depth)
    for step in [-1] * depth + [1] * depth:
        n = (n - 4) // 2 if step < 0 else 2 * n - 4
    return n


@mistake("unet_output_size", "the convolutions on the way up forgotten")
def doubled_at_the_end(n, depth=4):
    m = n
    for _ in range(depth):
        m -= 4
        if m % 2:
            helpful(n, depth)
        m //= 2
    return (m - 4) * 2**depth


@mistake("unet_output_size", "the convolutions on the way down forgotten")
def pools_alone(n, depth=4):
    m = n // 2**depth - 4
    for _ in range(depth):
        m = m * 2 - 4
    return m


@mistake("unet_output_size", "the way up forgotten")
def only_down(n, depth=4):
    helpful(n, depth)
    for _ in range(depth):
        n = (n - 4) // 2
    return n - 4


@mistake("unet_output_size", "padded convolutions")
def same_size(n, depth=4):
    if n % 2**depth:
        low = n - n % 2**depth
        raise ValueError(f"{low} or {low + 2**depth}")
    return n


@mistake("unet_output_size", "padded convolutions")
def network_with_padding(n, depth=4):
    helpful(n, depth)
    x = torch.zeros(1, 1, n)
    conv = nn.Conv1d(1, 1, 3, padding=1)
    return conv(conv(x)).shape[-1]


@mistake("unet_output_size", "convolutions before the up-convolution")
def up_last(n, depth=4):
    helpful(n, depth)
    for _ in range(depth):
        n = (n - 4) // 2
    n = n - 4
    for _ in range(depth):
        n = 2 * (n - 4)
    return n


@mistake("unet_output_size", "pool before the convolutions")
def pool_first(n, depth=4):
    helpful(n, depth)
    for _ in range(depth):
        n = n // 2 - 4
    n -= 4
    for _ in range(depth):
        n = 2 * n - 4
    return n


@mistake("unet_output_size", "depth off by one")
def depth_as_levels(n, depth=4):
    helpful(n, depth)
    for _ in range(1, depth):
        n = (n - 4) // 2
    n -= 4
    for _ in range(1, depth):
        n = 2 * n - 4
    return n


@mistake("unet_output_size", "every convolution counted in pixels of the image")
def eighteen_times_two(n, depth=4):
    helpful(n, depth)
    return n - 2 * 2 * (depth + 1 + depth)


@mistake("unet_output_size", "the up-convolution takes pixels")
def two_by_two_as_unpadded(n, depth=4):
    helpful(n, depth)
    for _ in range(depth):
        n = (n - 4) // 2
    n -= 4
    for _ in range(depth):
        n = 2 * n
        n = n - 2 + 1
        n = n - 4
    return n


@mistake("unet_output_size", "only the first pool checked")
def odd_numbers_refused(n, depth=4):
    if n % 2 == 1:
        raise ValueError(f"{n} is odd: use {n - 1} or {n + 1}")
    return n - 12 * 2**depth + 8


@mistake("unet_output_size", "another number of pools checked")
def checked_for_the_papers_network(n, depth=4):
    if (n + 4) % 16 != 0:
        low = n - (n + 4) % 16
        raise ValueError(f"sizes that work: {low}, {low + 16}")
    return n - 4 * (2 ** (depth + 1) - 1) - 4 * (2**depth - 1)


@mistake("unet_output_size", "convolutions before later pools forgotten")
def first_convolutions_only(n, depth=4):
    if (n - 4) % 2**depth:
        low = (n - 4) // 2**depth * 2**depth + 4
        raise ValueError(f"{low} and {low + 2**depth} work")
    m = n
    for _ in range(depth):
        m = math.floor((m - 4) / 2)
    m -= 4
    for _ in range(depth):
        m = 2 * m - 4
    return m


@mistake("unet_output_size", "sizes named that do not work")
def neighbors_named(n, depth=4):
    if (n + 4) % 2**depth:
        raise ValueError(f"try {n - 1} or {n + 1} instead of {n}")
    return n - 12 * 2**depth + 8


@mistake("unet_output_size", "sizes named that do not work")
def multiples_named(n, depth=4):
    if (n + 4) % 2**depth:
        step = 2**depth
        raise ValueError(f"try {math.floor(n / step) * step} or {math.ceil((n + 1) / step) * step}")
    return n - 12 * 2**depth + 8


@mistake("unet_output_size", "only the next smaller size named")
def rounded_down_in_the_message(n, depth=4):
    rest = (n + 4) % 2**depth
    if rest != 0:
        raise ValueError("the nearest size that works is " + str(n - rest))
    return n - 12 * 2**depth + 8


@mistake("unet_output_size", "another error than ValueError")
def asserted(n, depth=4):
    low = n - (n + 4) % 2**depth
    assert low == n, f"use {low} or {low + 2**depth}"
    return n - 12 * 2**depth + 8


@mistake("unet_output_size", "the last layer takes pixels")
def with_three_by_three_head(n, depth=4):
    helpful(n, depth)
    return n - 12 * 2**depth + 8 - 2


@mistake("unet_output_size", "lost at one end only")
def one_border(n, depth=4):
    helpful(n, depth)
    return n - (6 * 2**depth - 4)


@mistake("unet_output_size", "no size named")
def neighbors_of_the_odd_size_named(n, depth=4):
    size = n
    for _ in range(depth):
        size -= 4
        if size % 2:
            raise ValueError(f"{size} is odd, try {size - 1} or {size + 1}")
        size //= 2
    size -= 4
    for _ in range(depth):
        size = 2 * size - 4
    return size


@mistake("unet_output_size", "doubling forgotten")
def never_doubles(n, depth=4):
    for _ in range(depth):
        n = (n - 4) // 2
    return n - 4 - depth * 4
