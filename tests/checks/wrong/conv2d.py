"""Wrong convolutions."""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage, signal

from tests.checks.right_answers import two
from tests.checks.wrong.bank import mistake, padded, slide, torch_conv


@mistake("conv2d", "kernel flipped")
def scipy_convolve(image, kernel, stride=1, padding=0):
    sy, sx = two(stride)
    return signal.convolve2d(padded(image, padding), kernel, mode="valid")[::sy, ::sx]


@mistake("conv2d", "kernel flipped")
def fft_convolve_float32(image, kernel, stride=1, padding=0):
    sy, sx = two(stride)
    return signal.fftconvolve(padded(image, padding), kernel, mode="valid")[::sy, ::sx].astype(np.float32)


@mistake("conv2d", "kernel flipped")
def indexed_backwards(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    out = np.zeros(((image.shape[0] - kh) // sy + 1, (image.shape[1] - kw) // sx + 1))
    for i, j in np.ndindex(out.shape):
        for a in range(kh):
            for b in range(kw):
                out[i, j] += image[i * sy + a, j * sx + b] * kernel[kh - 1 - a, kw - 1 - b]
    return out


@mistake("conv2d", "kernel flipped")
def flipped_and_only_ints(image, kernel, stride=1, padding=0):
    image = np.pad(image, padding)
    out = np.zeros(
        ((image.shape[0] - kernel.shape[0]) // stride + 1, (image.shape[1] - kernel.shape[1]) // stride + 1)
    )
    flipped = kernel[::-1, ::-1]
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            y, x = i * stride, j * stride
            out[i, j] = (image[y : y + kernel.shape[0], x : x + kernel.shape[1]] * flipped).sum()
    return out


@mistake("conv2d", "kernel's rows and columns swapped")
def kernel_indices_swapped(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    out = np.zeros(((image.shape[0] - kh) // sy + 1, (image.shape[1] - kw) // sx + 1))
    for i, j in np.ndindex(out.shape):
        for a in range(kh):
            for b in range(kw):
                out[i, j] += image[i * sy + a, j * sx + b] * kernel[b, a]
    return out


@mistake("conv2d", "kernel's rows and columns swapped")
def raveled_by_columns(image, kernel, stride=1, padding=0):
    image, (sy, sx) = padded(image, padding), two(stride)
    view = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)[::sy, ::sx]
    return view.reshape(*view.shape[:2], -1) @ kernel.ravel(order="F")


@mistake("conv2d", "padding forgotten")
def torch_without_padding(image, kernel, stride=1, padding=0):
    return torch_conv(image, kernel, stride)


@mistake("conv2d", "padding forgotten")
def loops_without_padding(image, kernel, stride=1, padding=0):
    return slide(image, kernel, stride)


@mistake("conv2d", "padding counted twice")
def padded_and_told_torch(image, kernel, stride=1, padding=0):
    return torch_conv(padded(image, padding), kernel, stride, padding)


@mistake("conv2d", "padding counted twice")
def size_counts_padding_again(image, kernel, stride=1, padding=0):
    image, (sy, sx), (py, px), (kh, kw) = padded(image, padding), two(stride), two(padding), kernel.shape
    out = np.zeros(((image.shape[0] + 2 * py - kh) // sy + 1, (image.shape[1] + 2 * px - kw) // sx + 1))
    for i, j in np.ndindex(out.shape):
        for a, b in itertools.product(range(kh), range(kw)):
            if i * sy + a < image.shape[0] and j * sx + b < image.shape[1]:
                out[i, j] += image[i * sy + a, j * sx + b] * kernel[a, b]
    return out


@mistake("conv2d", "padding on one side only")
def pads_below_and_right(image, kernel, stride=1, padding=0):
    py, px = two(padding)
    wide = np.zeros((image.shape[0] + py, image.shape[1] + px))
    wide[: image.shape[0], : image.shape[1]] = image
    return slide(wide, kernel, stride)


@mistake("conv2d", "padding on one side only")
def image_in_the_corner(image, kernel, stride=1, padding=0):
    py, px = two(padding)
    wide = np.zeros((image.shape[0] + 2 * py, image.shape[1] + 2 * px))
    wide[: image.shape[0], : image.shape[1]] = image
    return slide(wide, kernel, stride)


@mistake("conv2d", "padding along one axis only")
def pads_columns(image, kernel, stride=1, padding=0):
    zeros = np.zeros((image.shape[0], two(padding)[1]))
    return slide(np.hstack([zeros, image, zeros]), kernel, stride)


@mistake("conv2d", "one padding for both axes")
def first_padding_for_both(image, kernel, stride=1, padding=0):
    return torch_conv(image, kernel, stride, two(padding)[0])


@mistake("conv2d", "padding tuple read as (before, after)")
def np_pad_as_it_is(image, kernel, stride=1, padding=0):
    return torch_conv(np.pad(image, padding, mode="constant"), kernel, stride)


@mistake("conv2d", "padding not with zeros")
def negative_indices(image, kernel, stride=1, padding=0):
    (sy, sx), (py, px), (kh, kw), (height, width) = two(stride), two(padding), kernel.shape, image.shape
    out = np.zeros(((height + 2 * py - kh) // sy + 1, (width + 2 * px - kw) // sx + 1))
    for i, j in np.ndindex(out.shape):
        for a, b in itertools.product(range(kh), range(kw)):
            out[i, j] += image[(i * sy + a - py) % height, (j * sx + b - px) % width] * kernel[a, b]
    return out


@mistake("conv2d", "padding not with zeros")
def clamped_indices(image, kernel, stride=1, padding=0):
    py, px = two(padding)
    rows = np.clip(np.arange(-py, image.shape[0] + py), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(-px, image.shape[1] + px), 0, image.shape[1] - 1)
    return slide(image[rows][:, columns], kernel, stride)


@mistake("conv2d", "padding not with zeros")
def padded_by_torch_reflect(image, kernel, stride=1, padding=0):
    py, px = two(padding)
    image = F.pad(torch.tensor(image)[None, None], (px, px, py, py), mode="reflect")[0, 0].numpy()
    return slide(image, kernel, stride)


@mistake("conv2d", "output padded instead of the image")
def zeros_around_the_output(image, kernel, stride=1, padding=0):
    inner, (py, px) = slide(image, kernel, stride), two(padding)
    out = np.zeros((inner.shape[0] + 2 * py, inner.shape[1] + 2 * px))
    out[py : py + inner.shape[0], px : px + inner.shape[1]] = inner
    return out


@mistake("conv2d", "output kept at the image's size")
def scipy_same(image, kernel, stride=1, padding=0):
    sy, sx = two(stride)
    return signal.correlate2d(image, kernel, mode="same")[::sy, ::sx]


@mistake("conv2d", "output kept at the image's size")
def ndimage_correlate(image, kernel, stride=1, padding=0):
    sy, sx = two(stride)
    return ndimage.correlate(image, kernel, mode="constant")[::sy, ::sx]


@mistake("conv2d", "windows that only touch the image")
def scipy_full(image, kernel, stride=1, padding=0):
    sy, sx = two(stride)
    return signal.correlate2d(image, kernel, mode="full")[::sy, ::sx]


@mistake("conv2d", "height and width swapped")
def stride_as_x_y(image, kernel, stride=1, padding=0):
    sx, sy = two(stride)
    return slide(padded(image, padding), kernel, (sy, sx))


@mistake("conv2d", "height and width swapped")
def padding_as_torch_pad(image, kernel, stride=1, padding=0):
    py, px = two(padding)
    image = F.pad(torch.tensor(image), (py, py, px, px)).numpy()
    return torch_conv(image, kernel, stride)


@mistake("conv2d", "height and width swapped")
def columns_first(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    columns = range(0, image.shape[1] - kw + 1, sx)
    rows = range(0, image.shape[0] - kh + 1, sy)
    return np.array([[np.sum(image[r : r + kh, c : c + kw] * kernel) for r in rows] for c in columns])


@mistake("conv2d", "one stride for both axes")
def stride_of_rows_for_both(image, kernel, stride=1, padding=0):
    step = stride if isinstance(stride, int) else stride[0]
    return torch_conv(padded(image, padding), kernel, step)


@mistake("conv2d", "stride along one axis only")
def stride_for_rows_only(image, kernel, stride=1, padding=0):
    image, (kh, kw) = padded(image, padding), kernel.shape
    rows = range(0, image.shape[0] - kh + 1, two(stride)[0])
    return np.array(
        [
            [(image[r : r + kh, c : c + kw] * kernel).sum() for c in range(image.shape[1] - kw + 1)]
            for r in rows
        ]
    )


@mistake("conv2d", "stride ignored")
def size_with_stride_windows_without(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    out = np.empty(((image.shape[0] - kh) // sy + 1, (image.shape[1] - kw) // sx + 1), np.float32)
    for i, j in np.ndindex(out.shape):
        out[i, j] = np.tensordot(image[i : i + kh, j : j + kw], kernel)
    return out


@mistake("conv2d", "stride ignored")
def correlate_without_stride(image, kernel, stride=1, padding=0):
    return signal.correlate2d(padded(image, padding), kernel, mode="valid")


@mistake("conv2d", "stride applied to the output cells")
def writes_at_window_start(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    out = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for r in range(0, out.shape[0], sy):
        for c in range(0, out.shape[1], sx):
            out[r, c] = np.sum(image[r : r + kh, c : c + kw] * kernel)
    return out


@mistake("conv2d", "image thinned out first")
def subsamples_first(image, kernel, stride=1, padding=0):
    sy, sx = two(stride)
    return torch_conv(padded(image, padding)[::sy, ::sx], kernel)


@mistake("conv2d", "last position missing")
def range_one_short(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    out = []
    for r in range(0, image.shape[0] - kh, sy):
        out.append(
            [np.sum(image[r : r + kh, c : c + kw] * kernel) for c in range(0, image.shape[1] - kw, sx)]
        )
    return np.array(out)


@mistake("conv2d", "last position missing")
def last_row_never_filled(image, kernel, stride=1, padding=0):
    out = torch_conv(image, kernel, stride, padding)
    out[-1:] = 0
    return out


@mistake("conv2d", "last position missing")
def size_without_plus_one(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    out = np.zeros(((image.shape[0] - kh) // sy, (image.shape[1] - kw) // sx))
    for i, j in np.ndindex(out.shape):
        out[i, j] = np.sum(image[i * sy : i * sy + kh, j * sx : j * sx + kw] * kernel)
    return out


@mistake("conv2d", "one position too many")
def one_more(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    out = np.zeros(((image.shape[0] - kh) // sy + 2, (image.shape[1] - kw) // sx + 2))
    for i, j in np.ndindex(out.shape):
        patch = image[i * sy : i * sy + kh, j * sx : j * sx + kw]
        out[i, j] = np.sum(patch * kernel[: patch.shape[0], : patch.shape[1]])
    return out


@mistake("conv2d", "output size rounded up")
def rounds_up(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    out = np.zeros((math.ceil((image.shape[0] - kh) / sy) + 1, math.ceil((image.shape[1] - kw) / sx) + 1))
    for i, j in np.ndindex(out.shape):
        for a, b in itertools.product(range(kh), range(kw)):
            out[i, j] += image[i * sy + a, j * sx + b] * kernel[a, b]
    return out


@mistake("conv2d", "output size rounded up")
def rounds_up_with_zeros(image, kernel, stride=1, padding=0):
    image, (sy, sx) = padded(image, padding), two(stride)
    more = [-(n - k) % s for n, k, s in zip(image.shape, kernel.shape, (sy, sx), strict=True)]
    return torch_conv(np.pad(image, [(0, m) for m in more]), kernel, stride)


@mistake("conv2d", "products not added up")
def averages(image, kernel, stride=1, padding=0):
    return torch_conv(image, kernel, stride, padding) / kernel.size


@mistake("conv2d", "products not added up")
def largest_product(image, kernel, stride=1, padding=0):
    image, (sy, sx) = padded(image, padding), two(stride)
    view = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)[::sy, ::sx]
    return (view * kernel).max(axis=(-1, -2))


@mistake("conv2d", "window and kernel not multiplied")
def box_sum(image, kernel, stride=1, padding=0):
    return torch_conv(image, np.ones_like(kernel), stride, padding)


@mistake("conv2d", "matrix product instead of cell by cell")
def dot(image, kernel, stride=1, padding=0):
    image, (sy, sx), (kh, kw) = padded(image, padding), two(stride), kernel.shape
    rows, columns = range(0, image.shape[0] - kh + 1, sy), range(0, image.shape[1] - kw + 1, sx)
    return np.array([[np.dot(image[r : r + kh, c : c + kw], kernel).sum() for c in columns] for r in rows])


@mistake("conv2d", "fractions cut off")
def int_output(image, kernel, stride=1, padding=0):
    result = slide(padded(image, padding), kernel, stride)
    out = np.zeros(result.shape, dtype=int)
    out[:] = result
    return out


@mistake("conv2d", "negative sums lost")
def relu_after(image, kernel, stride=1, padding=0):
    return torch.relu(torch.from_numpy(torch_conv(image, kernel, stride, padding))).numpy()


@mistake("conv2d", "kernel flipped")
def flipped_and_padding_forgotten(image, kernel, stride=1, padding=0):
    return slide(image, kernel[::-1, ::-1], stride)


@mistake("conv2d", "stride ignored")
def padding_right_stride_ignored_and_flat_kernel(image, kernel, stride=1, padding=0):
    return slide(padded(image, padding), kernel)
