"""Noise and blur made of sums, products and square roots only, so that every machine gets the same bytes.

The order of each sum is written out: ``sum`` and ``mean`` of NumPy add up in an order of their own, and a
Fourier transform, an exponential or a resampling by another library differs in the last digit from one
version to the next.
"""

from __future__ import annotations

import numpy as np

from ..road.dice import Dice

_THIRD = 1 / 3


def bytes_of(dice: Dice, *shape: int) -> np.ndarray:
    """Return random numbers 0..255, float32 of this shape, straight from the bits of the generator."""
    count = int(np.prod(shape))
    words = dice.rng.bit_generator.random_raw(-(-count // 8)).astype("<u8")
    return words.view(np.uint8)[:count].reshape(shape).astype(np.float32)


def grain(dice: Dice, height: int, width: int) -> np.ndarray:
    """Return white noise float32 [H, W] of mean 0 and variance 1, nearly normal: the sum of four bytes."""
    four = bytes_of(dice, 4, height, width)
    total = four[0] + four[1] + four[2] + four[3]
    return (total - 510) * (1 / 147.8)  # the variance of a byte is (256² − 1) / 12


def smooth_noise(dice: Dice, height: int, width: int, step: int) -> np.ndarray:
    """Return noise float32 [H, W] of mean 0 in about −1..1 whose hills are ``step`` pixels apart."""
    knots = bytes_of(dice, height // step + 5, width // step + 5) * (2 / 255) - 1
    return spread(knots, height, width, step, dice.whole(0, step - 1))


def spread(knots: np.ndarray, height: int, width: int, step: int, start: int = 0) -> np.ndarray:
    """Return the cubic B-spline [H, W] over knots that lie ``step`` pixels apart."""
    rows = _along_rows(knots, height, step, start)
    return _along_rows(np.ascontiguousarray(rows.T), width, step, start).T


def _along_rows(knots: np.ndarray, length: int, step: int, start: int) -> np.ndarray:
    place = np.arange(start, start + length)
    first, t = place // step, (place % step / step).astype(np.float32)[:, None]
    left = 1 - t
    half, sixth = (1 / 2), (1 / 6)
    weights = (
        sixth * left * left * left,
        2 * _THIRD - half * t * t * (2 - t),
        2 * _THIRD - half * left * left * (2 - left),
        sixth * t * t * t,
    )
    total = weights[0] * knots[first]
    for k in (1, 2, 3):
        total += weights[k] * knots[first + k]
    return total


def soften(picture: np.ndarray, times: int = 1) -> np.ndarray:
    """Return the picture [H, W] blurred by (1 2 1) / 4 along both axes, of variance 1/2, that many times."""
    for _ in range(times):
        for axis in (0, 1):
            picture = _tap(picture, axis)
    return picture


def _tap(picture: np.ndarray, axis: int) -> np.ndarray:
    """Return (1 2 1) / 4 along an axis; the border repeats."""
    swapped = picture.swapaxes(0, axis)
    result = np.empty_like(picture)
    into = result.swapaxes(0, axis)
    into[1:-1] = swapped[1:-1] * 2 + (swapped[:-2] + swapped[2:])
    into[0], into[-1] = swapped[0] * 3 + swapped[1], swapped[-1] * 3 + swapped[-2]
    result *= 0.25
    return result


def haze(picture: np.ndarray, step: int = 8) -> np.ndarray:
    """Return the picture [H, W] blurred over about ``step`` pixels, by way of a small one."""
    height, width = picture.shape
    padded = np.pad(picture, ((0, -height % step), (0, -width % step)), "edge")
    rows = padded[0::step].copy()
    for k in range(1, step):
        rows += padded[k::step]
    small = rows[:, 0::step].copy()
    for k in range(1, step):
        small += rows[:, k::step]
    small *= 1 / step**2
    # Knot k of the spline lies (k − 1) · step from the start, a block's middle half a step further.
    return spread(np.pad(small, ((2, 3), (2, 3)), "edge"), height, width, step, step - step // 2)
