"""Wrong output sizes of the unpadded U-Net."""

from tests.checks.wrong.bank import mistake


@mistake("unet_output_size", "184 for every depth")
def as_in_the_paper(n, depth=4):
    return n - 184


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
