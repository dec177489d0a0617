"""Wrong upsampling, transposed convolution and unpooling."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage, signal

from tests.checks.right_answers import two
from tests.checks.wrong.bank import mistake, torch_conv


def tensor(x):
    return torch.from_numpy(np.ascontiguousarray(x))[None, None]


@mistake("upsample_nearest", "repeated along one axis only")
def repeat_once(x, scale):
    return np.repeat(x, scale, axis=1)


@mistake("upsample_nearest", "repeated along one axis only")
def repeat_axis_zero_twice(x, scale):
    return np.array([row for row in x for _ in range(scale)])


@mistake("upsample_nearest", "tiled instead of repeated")
def tile(x, scale):
    return np.tile(x, scale).repeat(scale, 0)


@mistake("upsample_nearest", "tiled instead of repeated")
def blocks_of_copies(x, scale):
    return np.block([[x] * scale] * scale)


@mistake("upsample_nearest", "tiled instead of repeated")
def modulo_of_the_size(x, scale):
    rows, columns = np.indices((x.shape[0] * scale, x.shape[1] * scale))
    return x[rows % x.shape[0], columns % x.shape[1]]


@mistake("upsample_nearest", "repeated in flat order")
def repeat_without_an_axis(x, scale):
    return np.repeat(x, scale * scale).reshape(x.shape[0] * scale, -1)


@mistake("upsample_nearest", "zeros between")
def assigned_every_scale(x, scale):
    out = np.zeros((x.shape[0] * scale, x.shape[1] * scale))
    out[::scale, ::scale] = x
    return out


@mistake("upsample_nearest", "zeros between")
def transposed_without_a_kernel(x, scale):
    out = F.conv_transpose2d(tensor(x).double(), torch.ones(1, 1, 1, 1).double(), stride=scale)
    return np.pad(out[0, 0].numpy(), ((0, scale - 1), (0, scale - 1)))


@mistake("upsample_nearest", "rounded instead of cut off")
def rounds(x, scale):
    out = np.zeros((x.shape[0] * scale, x.shape[1] * scale))
    for i, j in np.ndindex(out.shape):
        out[i, j] = x[min(round(i / scale), x.shape[0] - 1), min(round(j / scale), x.shape[1] - 1)]
    return out


@mistake("upsample_nearest", "rounded instead of cut off")
def rounds_out_of_the_map(x, scale):
    out = np.zeros((x.shape[0] * scale, x.shape[1] * scale))
    for i, j in np.ndindex(out.shape):
        out[i, j] = x[int(i / scale + 0.5), int(j / scale + 0.5)]
    return out


@mistake("upsample_nearest", "rounded instead of cut off")
def rounds_up(x, scale):
    rows, columns = (np.minimum(-(-np.arange(n * scale) // scale), n - 1) for n in x.shape)
    return x[rows][:, columns]


@mistake("upsample_nearest", "shifted by a cell")
def blocks_one_too_early(x, scale):
    return np.roll(nearest(x, scale), (1, 1), (0, 1))


def nearest(x, scale):
    """Nearest upsampling, right by itself."""
    return np.kron(x, np.ones((scale, scale)))


@mistake("upsample_nearest", "corners aligned")
def places_by_linspace(x, scale):
    rows, columns = (np.linspace(0, n - 1, n * scale).round().astype(int) for n in x.shape)
    return x[rows][:, columns]


@mistake("upsample_nearest", "blended instead of repeated")
def bilinear_instead(x, scale):
    return bilinear(x, scale)


def bilinear(x, scale, **options):
    return F.interpolate(tensor(x), scale_factor=scale, mode="bilinear", **options)[0, 0].numpy()


@mistake("upsample_nearest", "scale squared")
def repeats_twice_too_often(x, scale):
    for _ in range(2):
        x = x.repeat(scale, 0).repeat(scale, 1)
    return x


@mistake("upsample_nearest", "scale off by one")
def scale_more_cells(x, scale):
    return nearest(x, scale + 1)


@mistake("upsample_nearest", "made smaller")
def every_other_cell(x, scale):
    return x[::scale, ::scale]


@mistake("upsample_nearest", "height and width swapped")
def columns_first(x, scale):
    out = np.zeros((x.shape[1] * scale, x.shape[0] * scale))
    for i, j in np.ndindex(out.shape):
        out[i, j] = x[j // scale, i // scale]
    return out


@mistake("upsample_nearest", "output one short")
def starts_only(x, scale):
    return nearest(x, scale)[: (x.shape[0] - 1) * scale + 1, : (x.shape[1] - 1) * scale + 1]


@mistake("upsample_nearest", "fractions cut off")
def integer_array(x, scale):
    out = np.zeros((x.shape[0] * scale, x.shape[1] * scale), dtype=int)
    out[:] = nearest(x, scale)
    return out


@mistake("upsample_bilinear", "corners aligned")
def torch_aligned(x, scale):
    return bilinear(x, scale, align_corners=True)


@mistake("upsample_bilinear", "corners aligned")
def scipy_zoom(x, scale):
    return ndimage.zoom(x.astype(float), scale, order=1)


@mistake("upsample_bilinear", "corners aligned")
def interp_over_linspace(x, scale):
    for _ in range(2):
        x = np.array(
            [np.interp(np.linspace(0, len(c) - 1, len(c) * scale), np.arange(len(c)), c) for c in x.T]
        )
    return x


def by_places(x, scale, place, clip=True):
    """A learner's blending, right by itself; `place(i, scale)` says where output cells lie."""
    for _ in range(2):
        n = len(x)
        places = place(np.arange(n * scale), scale)
        places = places.clip(0, n - 1) if clip else places
        low = np.floor(places).astype(int)
        t = (places - low)[:, None]
        x = (x[low.clip(0, n - 1)] * (1 - t) + x[(low + 1).clip(0, n - 1)] * t).T
    return x


@mistake("upsample_bilinear", "half-pixel offset forgotten")
def divides_only(x, scale):
    return by_places(x, scale, lambda i, s: i / s)


@mistake("upsample_bilinear", "half-pixel offset forgotten")
def divides_only_in_loops(x, scale):
    height, width = x.shape
    out = np.zeros((height * scale, width * scale))
    for i, j in np.ndindex(out.shape):
        a, b = i // scale, j // scale
        t, u = i / scale - a, j / scale - b
        c, d = min(a + 1, height - 1), min(b + 1, width - 1)
        out[i, j] = (x[a, b] * (1 - u) + x[a, d] * u) * (1 - t) + (x[c, b] * (1 - u) + x[c, d] * u) * t
    return out


@mistake("upsample_bilinear", "half a pixel on one side only")
def first_half_only(x, scale):
    return by_places(x, scale, lambda i, s: (i + 0.5) / s)


@mistake("upsample_bilinear", "half a pixel on one side only")
def second_half_only(x, scale):
    return by_places(x, scale, lambda i, s: i / s - 0.5)


@mistake("upsample_bilinear", "edges not clamped")
def negative_index_wraps(x, scale):
    for _ in range(2):
        n = len(x)
        places = (np.arange(n * scale) + 0.5) / scale - 0.5
        low = np.floor(places).astype(int)
        t = (places - low)[:, None]
        x = (x[low] * (1 - t) + x[np.minimum(low + 1, n - 1)] * t).T
    return x


@mistake("upsample_bilinear", "edges not clamped")
def int_cuts_toward_zero(x, scale):
    height, width = x.shape
    out = np.zeros((height * scale, width * scale))
    for i, j in np.ndindex(out.shape):
        y, z = (i + 0.5) / scale - 0.5, (j + 0.5) / scale - 0.5
        a, b = int(y), int(z)
        t, u = y - a, z - b
        c, d = min(a + 1, height - 1), min(b + 1, width - 1)
        out[i, j] = (x[a, b] * (1 - u) + x[a, d] * u) * (1 - t) + (x[c, b] * (1 - u) + x[c, d] * u) * t
    return out


@mistake("upsample_bilinear", "edges not clamped")
def zeros_around(x, scale):
    places = np.meshgrid(*((np.arange(n * scale) + 0.5) / scale - 0.5 for n in x.shape), indexing="ij")
    return ndimage.map_coordinates(x.astype(float), places, order=1, mode="grid-constant")


@mistake("upsample_bilinear", "edges not clamped")
def hat_stamps_without_edge(x, scale):
    k = 2 * scale - scale % 2
    hat = 1 - abs(np.arange(k) - (k - 1) / 2) / scale
    kernel = torch.from_numpy(np.outer(hat, hat))[None, None]
    return F.conv_transpose2d(tensor(x).double(), kernel, stride=scale, padding=(k - scale) // 2)[
        0, 0
    ].numpy()


@mistake("upsample_bilinear", "blended along one axis only")
def rows_only(x, scale):
    n = len(x)
    places = ((np.arange(n * scale) + 0.5) / scale - 0.5).clip(0, n - 1)
    low = places.astype(int)
    t = (places - low)[:, None]
    return x[low] * (1 - t) + x[np.minimum(low + 1, n - 1)] * t


@mistake("upsample_bilinear", "nearest instead of bilinear")
def nearest_instead(x, scale):
    return nearest(x, scale)


@mistake("upsample_bilinear", "smoother than linear")
def bicubic(x, scale):
    return F.interpolate(tensor(x), scale_factor=scale, mode="bicubic", align_corners=False)[0, 0].numpy()


@mistake("upsample_bilinear", "weights swapped")
def far_cell_weighs_more(x, scale):
    for _ in range(2):
        n = len(x)
        places = ((np.arange(n * scale) + 0.5) / scale - 0.5).clip(0, n - 1)
        low = np.floor(places).astype(int)
        t = (places - low)[:, None]
        x = (x[low] * t + x[np.minimum(low + 1, n - 1)] * (1 - t)).T
    return x


@mistake("upsample_bilinear", "scale turned round")
def multiplies(x, scale):
    return by_places(x, scale, lambda i, s: (i + 0.5) * s - 0.5)


@mistake("upsample_bilinear", "output one short")
def bilinear_range_short(x, scale):
    return bilinear(x, scale)[:-1, :-1]


@mistake("upsample_bilinear", "height and width swapped")
def turned_after_one_axis(x, scale):
    return bilinear(x, scale).T.copy()


@mistake("upsample_bilinear", "fractions cut off")
def filled_into_integers(x, scale):
    out = np.zeros((x.shape[0] * scale, x.shape[1] * scale), int)
    out[...] = bilinear(x, scale)
    return out


def transposed(x, kernel, stride=1, padding=0, **options):
    return F.conv_transpose2d(tensor(x), tensor(kernel), None, stride, padding, **options)[0, 0].numpy()


def stamp_loops(x, kernel, stride, padding, stamp):
    """A learner's loops, right by themselves; `stamp(canvas part, values)` writes one stamp."""
    (sy, sx), (py, px), (kh, kw) = two(stride), two(padding), kernel.shape
    canvas = np.zeros(((x.shape[0] - 1) * sy + kh, (x.shape[1] - 1) * sx + kw))
    for i, j in np.ndindex(x.shape):
        stamp(canvas[i * sy : i * sy + kh, j * sx : j * sx + kw], x[i, j] * kernel)
    return canvas[py : canvas.shape[0] - py, px : canvas.shape[1] - px]


@mistake("conv_transpose2d", "overlaps overwritten")
def last_stamp_wins(x, kernel, stride=1, padding=0):
    return stamp_loops(x, kernel, stride, padding, lambda part, values: np.copyto(part, values))


@mistake("conv_transpose2d", "overlaps overwritten")
def fancy_index_keeps_one(x, kernel, stride=1, padding=0):
    (sy, sx), (py, px), (kh, kw) = two(stride), two(padding), kernel.shape
    out = np.zeros(((x.shape[0] - 1) * sy + kh, (x.shape[1] - 1) * sx + kw))
    i, j, u, v = np.indices((*x.shape, kh, kw))
    out[i * sy + u, j * sx + v] += x[..., None, None] * kernel
    return out[py : out.shape[0] - py, px : out.shape[1] - px]


@mistake("conv_transpose2d", "taken for the inverse")
def least_squares(x, kernel, stride=1, padding=0):
    shape = transposed(x, kernel, stride, padding).shape
    units = np.eye(shape[0] * shape[1]).reshape(-1, *shape)
    matrix = np.array([torch_conv(unit.astype(x.dtype), kernel, stride, padding).ravel() for unit in units]).T
    return np.linalg.lstsq(matrix.astype(float), x.ravel().astype(float))[0].reshape(shape)


@mistake("conv_transpose2d", "padding added instead of cropped")
def pads_the_result(x, kernel, stride=1, padding=0):
    py, px = two(padding)
    return np.pad(transposed(x, kernel, stride), ((py, py), (px, px)))


@mistake("conv_transpose2d", "padding added instead of cropped")
def pads_the_input(x, kernel, stride=1, padding=0):
    py, px = two(padding)
    return transposed(np.pad(x, ((py, py), (px, px))), kernel, stride)


@mistake("conv_transpose2d", "padding ignored")
def no_padding(x, kernel, stride=1, padding=0):
    return transposed(x, kernel, stride)


@mistake("conv_transpose2d", "cropped on one side only")
def from_the_front(x, kernel, stride=1, padding=0):
    py, px = two(padding)
    return transposed(x, kernel, stride)[py:, px:]


@mistake("conv_transpose2d", "sliced up to -0")
def negative_ends(x, kernel, stride=1, padding=0):
    py, px = two(padding)
    rows = transposed(x, kernel, stride)[slice(py, -py)]
    return rows[:, slice(px, -px)]


@mistake("conv_transpose2d", "sliced up to -0")
def negative_ends_when_there_is_padding(x, kernel, stride=1, padding=0):
    full = transposed(x, kernel, stride)
    if padding == 0:
        return full
    py, px = two(padding)
    return full[py:-py, px:-px]


@mistake("conv_transpose2d", "kernel flipped")
def spread_and_slid_without_turning(x, kernel, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    wide = np.zeros(((x.shape[0] - 1) * sy + 1, (x.shape[1] - 1) * sx + 1))
    wide[::sy, ::sx] = x
    full = signal.correlate2d(wide, kernel, mode="full")
    return full[py : full.shape[0] - py, px : full.shape[1] - px]


@mistake("conv_transpose2d", "kernel flipped")
def kernel_transposed(x, kernel, stride=1, padding=0):
    return transposed(x, kernel.T.copy(), stride, padding)


@mistake("conv_transpose2d", "stride ignored")
def stride_one(x, kernel, stride=1, padding=0):
    return transposed(x, kernel, 1, padding)


@mistake("conv_transpose2d", "stamps at a wrong distance")
def as_many_zeros_as_the_stride(x, kernel, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    wide = np.zeros(((x.shape[0] - 1) * (sy + 1) + 1, (x.shape[1] - 1) * (sx + 1) + 1))
    wide[:: sy + 1, :: sx + 1] = x
    full = signal.convolve2d(wide, kernel)
    return full[py : full.shape[0] - py, px : full.shape[1] - px]


@mistake("conv_transpose2d", "output size is wrong")
def zeros_behind_the_last_cell(x, kernel, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    wide = np.zeros((x.shape[0] * sy, x.shape[1] * sx))
    wide[::sy, ::sx] = x
    full = signal.convolve2d(wide, kernel)
    return full[py : full.shape[0] - py, px : full.shape[1] - px]


@mistake("conv_transpose2d", "cells repeated instead of spread")
def upsampled_then_convolved(x, kernel, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    full = signal.convolve2d(x.repeat(sy, 0).repeat(sx, 1), kernel)
    return full[py : full.shape[0] - py, px : full.shape[1] - px]


@mistake("conv_transpose2d", "ordinary convolution")
def lesson_one(x, kernel, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    full = signal.correlate2d(np.pad(x, ((py, py), (px, px))), kernel, mode="valid")
    return full[::sy, ::sx]


@mistake("conv_transpose2d", "kernel centered")
def same_size(x, kernel, stride=1, padding=0):
    (sy, sx), (kh, kw) = two(stride), kernel.shape
    full = transposed(x, kernel, stride)
    top, left = (kh - 1) // 2, (kw - 1) // 2
    return full[top : top + (x.shape[0] - 1) * sy + 1, left : left + (x.shape[1] - 1) * sx + 1]


@mistake("conv_transpose2d", "pairs swapped")
def x_before_y(x, kernel, stride=1, padding=0):
    return transposed(x, kernel, two(stride)[::-1], two(padding)[::-1])


@mistake("conv_transpose2d", "one number for both axes")
def first_of_the_pair(x, kernel, stride=1, padding=0):
    return transposed(x, kernel, two(stride)[0], two(padding)[0])


@mistake("conv_transpose2d", "height and width swapped")
def result_turned(x, kernel, stride=1, padding=0):
    return transposed(x, kernel, stride, padding).T.copy()


@mistake("conv_transpose2d", "output one short")
def canvas_one_short(x, kernel, stride=1, padding=0):
    return transposed(x, kernel, stride, padding)[:-1, :-1]


@mistake("max_unpool2d", "put into the top-left corner")
def every_second_cell(values, indices, output_shape):
    out = np.zeros(output_shape)
    for i, j in np.ndindex(values.shape):
        out[2 * i, 2 * j] = values[i, j]
    return out


@mistake("max_unpool2d", "put into the top-left corner")
def corner_of_guessed_windows(values, indices, output_shape):
    (height, width), out = (
        (b // a for a, b in zip(values.shape, output_shape, strict=True)),
        np.zeros(output_shape),
    )
    out[: height * len(values) : height, : width * values.shape[1] : width] = values
    return out


@mistake("max_unpool2d", "copied to the whole window")
def copies(values, indices, output_shape):
    out = np.zeros(output_shape)
    for i, j in np.ndindex(values.shape):
        out[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = values[i, j]
    return out


@mistake("max_unpool2d", "indices taken per window")
def within_windows(values, indices, output_shape):
    out = np.zeros(output_shape)
    for i, j in np.ndindex(values.shape):
        r, c = divmod(indices[i, j] % 4, 2)
        if 2 * i + r < output_shape[0] and 2 * j + c < output_shape[1]:
            out[2 * i + r, 2 * j + c] = values[i, j]
    return out


@mistake("max_unpool2d", "indices taken per window")
def corner_plus_index(values, indices, output_shape):
    out = np.zeros(output_shape)
    for i, j in np.ndindex(values.shape):
        r, c = divmod(indices[i, j], 2)
        out[2 * i + r, 2 * j + c] = values[i, j]
    return out


@mistake("max_unpool2d", "wrong row length")
def divided_by_the_height(values, indices, output_shape):
    out = np.zeros(output_shape)
    for value, index in zip(values.flat, indices.flat, strict=True):
        out[index // output_shape[0], index % output_shape[0]] = value
    return out


@mistake("max_unpool2d", "wrong row length")
def column_order(values, indices, output_shape):
    out = np.zeros(output_shape)
    out[np.unravel_index(indices, output_shape, order="F")] = values
    return out


@mistake("max_unpool2d", "wrong row length")
def column_then_row(values, indices, output_shape):
    out = np.zeros(output_shape)
    row, column = np.divmod(indices, output_shape[1])
    out[column, row] = values
    return out


@mistake("max_unpool2d", "output_shape ignored")
def torch_without_output_size(values, indices, output_shape):
    return F.max_unpool2d(tensor(values), tensor(indices), 2)[0, 0].numpy()


@mistake("max_unpool2d", "output_shape ignored")
def twice_the_size(values, indices, output_shape):
    out = np.zeros((2 * values.shape[0], 2 * values.shape[1]))
    out.flat[indices] = values
    return out


@mistake("max_unpool2d", "height and width swapped")
def shape_turned(values, indices, output_shape):
    out = np.zeros(output_shape[::-1])
    out.flat[indices] = values
    return out


@mistake("max_unpool2d", "output flat")
def never_reshaped(values, indices, output_shape):
    out = np.zeros(output_shape[0] * output_shape[1])
    out[indices] = values
    return out


@mistake("max_unpool2d", "no zeros between")
def begins_with_nan(values, indices, output_shape):
    out = np.full(output_shape, np.nan)
    out.flat[indices] = values
    return out


@mistake("max_unpool2d", "negative values lost")
def only_if_larger(values, indices, output_shape):
    out = np.zeros(output_shape)
    for value, index in zip(values.flat, indices.flat, strict=True):
        if value > out.flat[index]:
            out.flat[index] = value
    return out


@mistake("max_unpool2d", "pairs torn apart")
def by_a_mask(values, indices, output_shape):
    out = np.zeros(output_shape)
    out[np.isin(np.arange(out.size), indices).reshape(output_shape)] = values.ravel()
    return out


@mistake("max_unpool2d", "values and indices mixed up")
def indices_written(values, indices, output_shape):
    out = np.zeros(output_shape)
    out.flat[indices] = indices
    return out


@mistake("max_unpool2d", "indices counted from 1")
def one_too_far(values, indices, output_shape):
    out = np.zeros(output_shape)
    out.flat[indices - 1] = values
    return out


@mistake("max_unpool2d", "fractions cut off")
def integers_only(values, indices, output_shape):
    out = np.zeros(output_shape, int)
    out.flat[indices] = values
    return out


@mistake("design_doubling", "output too small")
def as_a_convolution_of_three():
    return 3, 2, 1


@mistake("design_doubling", "output too large")
def three_without_padding():
    return 3, 2, 0


@mistake("design_doubling", "blocks side by side")
def one_block_for_each_cell():
    return 2, 2, 0


@mistake("design_doubling", "stride of 1")
def keeps_the_size():
    return 3, 1, 1


@mistake("design_doubling", "kernel and stride swapped")
def stride_before_kernel():
    return 2, 4, 1
