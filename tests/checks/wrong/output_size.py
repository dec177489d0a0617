"""Wrong output sizes, and wrong windows in lesson 00."""

import math

import numpy as np
import torch

from tests.checks.wrong.bank import mistake


@mistake("conv_output_size", "padding forgotten")
def without_padding(n, kernel, stride=1, padding=0, dilation=1):
    span = kernel + (kernel - 1) * (dilation - 1)
    count = 0
    start = 0
    while start + span <= n:
        count += 1
        start += stride
    if count == 0:
        raise ValueError
    return count


@mistake("conv_output_size", "padding counted once")
def one_padding(n, kernel, stride=1, padding=0, dilation=1):
    length = n + padding
    return (length - dilation * (kernel - 1) - 1) // stride + 1


@mistake("conv_output_size", "rounded up")
def ceiling(n, kernel, stride=1, padding=0, dilation=1):
    if dilation * (kernel - 1) + 1 > n + 2 * padding:
        raise ValueError("too big")
    return 1 + math.ceil((n + 2 * padding - dilation * (kernel - 1) - 1) / stride)


@mistake("conv_output_size", "rounded up")
def ceiling_by_remainder(n, kernel, stride=1, padding=0, dilation=1):
    room = n + 2 * padding - dilation * (kernel - 1) - 1
    return room // stride + 1 + (1 if room % stride else 0)


@mistake("conv_output_size", "rounded to the nearest")
def half_up(n, kernel, stride=1, padding=0, dilation=1):
    if dilation * (kernel - 1) + 1 > n + 2 * padding:
        raise ValueError
    return int((n + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1.5)


@mistake("conv_output_size", "dilation ignored")
def no_dilation(n, kernel, stride=1, padding=0, dilation=1):
    return len(range(0, n + 2 * padding - kernel + 1, stride))


@mistake("conv_output_size", "+1 forgotten")
def jumps_only(n, kernel, stride=1, padding=0, dilation=1):
    return int((n + 2 * padding - dilation * (kernel - 1) - 1) / stride)


@mistake("conv_output_size", "stride ignored")
def no_stride(n, kernel, stride=1, padding=0, dilation=1):
    return n - dilation * (kernel - 1) + 2 * padding


@mistake("conv_output_size", "a float instead of a whole number")
def slash(n, kernel, stride=1, padding=0, dilation=1):
    size = 1 + (2 * padding + n - dilation * (kernel - 1) - 1) / stride
    if size < 1:
        raise ValueError("kernel does not fit")
    return size


@mistake("conv_output_size", "a float instead of a whole number")
def numpy_floor(n, kernel, stride=1, padding=0, dilation=1):
    if n + 2 * padding < dilation * (kernel - 1) + 1:
        raise ValueError("kernel does not fit")
    return np.floor((n + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1)


@mistake("conv_output_size", "no error for a kernel that does not fit")
def counts_without_error(n, kernel, stride=1, padding=0, dilation=1):
    return len(range(0, n + 2 * padding - dilation * (kernel - 1), stride))


@mistake("conv_output_size", "no error for a kernel that does not fit")
def prints_instead(n, kernel, stride=1, padding=0, dilation=1):
    if dilation * (kernel - 1) + 1 > n + 2 * padding:
        return None
    return (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@mistake("conv_output_size", "ValueError for a kernel that just fits")
def too_strict(n, kernel, stride=1, padding=0, dilation=1):
    room = n + 2 * padding - dilation * (kernel - 1) - 1
    if not room > 0:
        raise ValueError
    return room // stride + 1


@mistake("conv_output_size", "kernel compared with the unpadded input")
def checks_before_padding(n, kernel, stride=1, padding=0, dilation=1):
    if kernel > n:
        raise ValueError("kernel too large")
    size = (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    if size < 1:
        raise ValueError("kernel too large")
    return size


@mistake("conv_output_size", "dilation times the whole kernel")
def dilated_wholly(n, kernel, stride=1, padding=0, dilation=1):
    kernel = kernel * dilation
    if kernel > n + 2 * padding:
        raise ValueError
    return (n + 2 * padding - kernel) // stride + 1


@mistake("crop", "size taken as end")
def end_is_size(image, top, left, height, width):
    return image[slice(top, height), slice(left, width)]


@mistake("crop", "one row and column too many")
def inclusive(image, top, left, height, width):
    rows = [r for r in range(image.shape[0]) if top <= r <= top + height]
    columns = [c for c in range(image.shape[1]) if left <= c <= left + width]
    return image[np.ix_(rows, columns)]


@mistake("crop", "rows and columns swapped")
def x_before_y(image, top, left, height, width):
    return torch.from_numpy(image)[left : left + width, top : top + height].numpy()


@mistake("conv_output_size", "dilation ignored")
def int_of_quotient_without_dilation(n, kernel, stride=1, padding=0, dilation=1):
    return int((n - kernel + 2 * padding) / stride) + 1


@mistake("conv_output_size", "a float instead of a whole number")
def float_without_dilation(n, kernel, stride=1, padding=0, dilation=1):
    return (n - kernel + 2 * padding) / stride + 1


@mistake("conv_output_size", "padding forgotten")
def int_of_quotient_without_padding(n, kernel, stride=1, padding=0, dilation=1):
    if dilation * (kernel - 1) + 1 > n + 2 * padding:
        raise ValueError
    return int((n - dilation * (kernel - 1) - 1) / stride) + 1
