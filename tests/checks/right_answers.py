"""Right answers in many styles: loops, vectorized, FFT, SciPy, torch, other names, keyword-only, float32."""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy import signal
from skimage.measure import block_reduce

RIGHT = {}


def answers(name):
    def add(function):
        RIGHT.setdefault(name, []).append(function)
        return function

    return add


def two(value):
    return tuple(value) if isinstance(value, tuple) else (value, value)


@answers("crop")
def crop_by_loops(picture, y, x, h, w):
    return np.array([[picture[y + i][x + j] for j in range(w)] for i in range(h)], dtype=np.float32)


@answers("crop")
def crop_by_deleting(image, top, left, height, width):
    rows = [r for r in range(image.shape[0]) if not top <= r < top + height]
    columns = [c for c in range(image.shape[1]) if not left <= c < left + width]
    return np.delete(np.delete(image, rows, 0), columns, 1)


@answers("crop")
def crop_by_take(image, top, left, height, width):
    return image.take(range(top, top + height), axis=0).take(range(left, left + width), axis=1)


@answers("crop")
def crop_by_torch(image, top, left, height, width):
    return torch.from_numpy(image).narrow(0, top, height).narrow(1, left, width).numpy()


@answers("conv_output_size")
def size_by_counting(length, k, step=1, zeros=0, gap=1):
    starts = [i for i in range(0, length + 2 * zeros, step) if i + gap * (k - 1) < length + 2 * zeros]
    if not starts:
        raise ValueError("too large")
    return len(starts)


@answers("conv_output_size")
def size_by_floor(n, kernel, *, stride=1, padding=0, dilation=1):
    size = math.floor((n + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
    if size <= 0:
        raise ValueError
    return size


@answers("conv_output_size")
def size_as_numpy_integer(n, kernel, stride=1, padding=0, dilation=1):
    effective = kernel + (kernel - 1) * (dilation - 1)
    if effective > n + 2 * padding:
        raise ValueError(f"{effective} > {n}")
    return np.int64((n + 2 * padding - effective + stride) // stride)


class TooSmall(ValueError):
    pass


@answers("conv_output_size")
def size_with_own_error(n, kernel, stride=1, padding=0, dilation=1):
    room = n + 2 * padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise TooSmall("does not fit")
    return int(room / stride) + 1


@answers("conv_output_size")
def size_by_range(n, kernel, stride=1, padding=0, dilation=1):
    size = len(range(dilation * (kernel - 1), n + 2 * padding, stride))
    if size == 0:
        raise ValueError
    return size


@answers("conv2d")
def conv2d_by_four_loops(image, kernel, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    height = (image.shape[0] + 2 * py - kernel.shape[0]) // sy + 1
    width = (image.shape[1] + 2 * px - kernel.shape[1]) // sx + 1
    out = np.zeros((height, width))
    for i, j in itertools.product(range(height), range(width)):
        for a, b in itertools.product(*map(range, kernel.shape)):
            row, column = i * sy + a - py, j * sx + b - px
            if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
                out[i, j] += image[row, column] * kernel[a, b]
    return out


@answers("conv2d")
def conv2d_by_slices_of_kernel_cells(picture, weights, *, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    p = np.pad(picture, ((py, py), (px, px)), mode="constant")
    kh, kw = weights.shape
    h, w = p.shape[0] - kh + 1, p.shape[1] - kw + 1
    full = sum(weights[a, b] * p[a : a + h, b : b + w] for a in range(kh) for b in range(kw))
    return full[::sy, ::sx]


@answers("conv2d")
def conv2d_by_im2col(img, k, s=1, p=0):
    s, p = two(s), two(p)
    img = np.pad(img, [(v, v) for v in p])
    view = np.lib.stride_tricks.sliding_window_view(img, k.shape)[:: s[0], :: s[1]]
    return (view.reshape(-1, k.size) @ k.reshape(-1)).reshape(view.shape[:2])


@answers("conv2d")
def conv2d_by_scipy(image, kernel, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    padded = np.pad(image, ((py, py), (px, px)))
    out = signal.convolve2d(padded, kernel[::-1, ::-1], mode="full")
    kh, kw = kernel.shape
    return out[kh - 1 : padded.shape[0], kw - 1 : padded.shape[1]][::sy, ::sx]


@answers("conv2d")
def conv2d_by_fft(image, kernel, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    padded = np.pad(image, ((py, py), (px, px)))
    spectrum = np.fft.rfft2(padded) * np.conj(np.fft.rfft2(kernel, padded.shape))
    out = np.fft.irfft2(spectrum, padded.shape)
    return out[: padded.shape[0] - kernel.shape[0] + 1 : sy, : padded.shape[1] - kernel.shape[1] + 1 : sx]


@answers("conv2d")
def conv2d_by_torch_in_float32(image, kernel, stride=1, padding=0):
    image, kernel = (torch.tensor(a, dtype=torch.float32)[None, None] for a in (image, kernel))
    return F.conv2d(image, kernel, stride=stride, padding=padding)[0, 0].numpy()


@answers("conv2d")
def conv2d_by_lists(image, kernel, stride=(1, 1), padding=(0, 0)):
    (sy, sx), (py, px) = two(stride), two(padding)
    wide = [[0.0] * (image.shape[1] + 2 * px) for _ in range(image.shape[0] + 2 * py)]
    for r, row in enumerate(image.tolist(), py):
        for c, value in enumerate(row, px):
            wide[r][c] = value
    kh, kw = kernel.shape
    rows = []
    for top in range(0, len(wide) - kh + 1, sy):
        row = []
        for left in range(0, len(wide[0]) - kw + 1, sx):
            row.append(sum(wide[top + a][left + b] * kernel[a, b] for a in range(kh) for b in range(kw)))
        rows.append(row)
    return np.array(rows)


@answers("vertical_edge_kernel")
def sobel():
    return np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


@answers("vertical_edge_kernel")
def prewitt_float32():
    return np.tile(np.array([-1, 0, 1], np.float32), (3, 1))


@answers("vertical_edge_kernel")
def scharr_scaled():
    return np.outer([3, 10, 3], [-1, 0, 1]) / 32


@answers("vertical_edge_kernel")
def one_row():
    return np.array([[0, 0, 0], [-1, 0, 1], [0, 0, 0.0]])


@answers("vertical_edge_kernel")
def right_neighbor_minus_middle():
    return np.array([[0, -1, 1]] * 3)


@answers("vertical_edge_kernel")
def middle_minus_left_neighbor():
    return np.array([[0, 0, 0], [-1, 1, 0], [0, 0, 0]])


@answers("vertical_edge_kernel")
def tiny():
    return sobel() * 1e-9


@answers("vertical_edge_kernel")
def huge_and_uneven():
    return np.array([[-700, 300, 400], [0, 0, 0], [-1, -1, 2]], np.int32)


@answers("vertical_edge_kernel")
def thirds():
    return np.array([[-2 / 3, 1 / 3, 1 / 3]] * 3, np.float32)


@answers("vertical_edge_kernel")
def from_torch():
    return torch.tensor([[-1.0, 0, 1]]).repeat(3, 1).numpy()


@answers("conv2d_channels")
def channels_by_loops(x, weight, bias, stride=1, padding=0):
    out = []
    for kernels, b in zip(weight, bias, strict=True):
        out.append(
            b + sum(conv2d_by_four_loops(c, k, stride, padding) for c, k in zip(x, kernels, strict=True))
        )
    return np.stack(out)


@answers("conv2d_channels")
def channels_by_einsum(x, weight, bias, stride=1, padding=0):
    (sy, sx), (py, px) = two(stride), two(padding)
    x = np.pad(x, ((0, 0), (py, py), (px, px)))
    view = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(1, 2))[:, ::sy, ::sx]
    return np.einsum("cijab,ocab->oij", view, weight) + bias.reshape(-1, 1, 1)


@answers("conv2d_channels")
def channels_by_torch(features, filters, b, *, stride=1, padding=0):
    features, filters, b = (torch.from_numpy(a) for a in (features, filters, b))
    return F.conv2d(features[None], filters, b, stride, padding).squeeze(0).numpy()


@answers("conv2d_channels")
def channels_by_three_dimensional_correlation(x, w, b, s=1, p=0):
    (sy, sx), (py, px) = two(s), two(p)
    x = np.pad(x, ((0, 0), (py, py), (px, px)))
    maps = [signal.correlate(x, kernels, mode="valid", method="direct")[0] for kernels in w]
    return np.array([m[::sy, ::sx] + bias for m, bias in zip(maps, b, strict=True)])


@answers("conv2d_channels")
def channels_starting_with_the_bias(x, weight, bias, stride=1, padding=0):
    first = conv2d_by_im2col(x[0], weight[0, 0], stride, padding)
    out = np.empty((len(weight), *first.shape), dtype=np.float32)
    for o in range(len(weight)):
        out[o] = bias[o]
        for c in range(len(x)):
            out[o] += conv2d_by_fft(x[c], weight[o, c], stride, padding)
    return out


@answers("relu")
def relu_where(values):
    return np.where(values > 0, values, 0)


@answers("relu")
def relu_by_mask(x):
    return x * (x > 0)


@answers("relu")
def relu_by_half_sum(x):
    return (np.abs(x) + x) / 2


@answers("relu")
def relu_by_cells(x):
    out = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        out[place] = max(0.0, x[place])
    return out


@answers("relu")
def relu_on_a_copy(x):
    x = x.copy()
    x[x < 0] = 0
    return x


@answers("relu")
def relu_by_torch(x):
    return torch.relu(torch.from_numpy(x)).numpy()


@answers("relu")
def relu_by_clip(x):
    return np.clip(x, 0, None).astype(np.float64)


@answers("max_pool2d")
def max_by_loops(x, size, stride=None):
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    rows, columns = range(0, x.shape[0] - kh + 1, sy), range(0, x.shape[1] - kw + 1, sx)
    values = np.full((len(rows), len(columns)), -np.inf)
    indices = np.zeros(values.shape, dtype=np.int32)
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            for r in range(top, top + kh):
                for c in range(left, left + kw):
                    if x[r, c] > values[i, j]:
                        values[i, j], indices[i, j] = x[r, c], r * x.shape[1] + c
    return values, indices


@answers("max_pool2d")
def max_by_torch(x, size, stride=None):
    values, indices = F.max_pool2d(torch.from_numpy(x)[None, None], size, stride, return_indices=True)
    return values[0, 0].numpy(), indices[0, 0].numpy()


@answers("max_pool2d")
def max_by_windows(picture, window, *, stride=None):
    k, s = two(window), two(window if stride is None else stride)
    numbers = np.arange(picture.size).reshape(picture.shape)
    view, places = (
        np.lib.stride_tricks.sliding_window_view(a, k)[:: s[0], :: s[1]].reshape(-1, k[0] * k[1])
        for a in (picture, numbers)
    )
    shape = (picture.shape[0] - k[0]) // s[0] + 1, (picture.shape[1] - k[1]) // s[1] + 1
    best = view.argmax(axis=1)[:, None]
    return [np.take_along_axis(a, best, 1).reshape(shape) for a in (view, places)]


@answers("max_pool2d")
def max_by_unravel_index(x, size, stride=None):
    if isinstance(size, int):
        size = (size, size)
    if stride is None:
        stride = size
    elif isinstance(stride, int):
        stride = (stride, stride)
    values, indices = [], []
    for top in range(0, x.shape[0] - size[0] + 1, stride[0]):
        values.append([])
        indices.append([])
        for left in range(0, x.shape[1] - size[1] + 1, stride[1]):
            window = x[top : top + size[0], left : left + size[1]]
            r, c = np.unravel_index(window.argmax(), window.shape)
            values[-1].append(window[r, c])
            indices[-1].append(np.ravel_multi_index((top + r, left + c), x.shape))
    return np.array(values, np.float32), np.array(indices)


@answers("avg_pool2d")
def average_by_loops(x, size, stride=None):
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    rows, columns = range(0, x.shape[0] - kh + 1, sy), range(0, x.shape[1] - kw + 1, sx)
    return np.array([[sum(x[r : r + kh, c : c + kw].ravel()) / (kh * kw) for c in columns] for r in rows])


@answers("avg_pool2d")
def average_by_torch(x, size, stride=None):
    return F.avg_pool2d(torch.from_numpy(x)[None, None], size, stride)[0, 0].numpy()


@answers("avg_pool2d")
def average_by_convolution(x, size, *, stride=None):
    size = two(size)
    return conv2d_by_torch_in_float32(x, np.full(size, 1 / np.prod(size)), size if stride is None else stride)


@answers("avg_pool2d")
def average_by_cumulative_sums(x, size, stride=None):
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    c = np.pad(x.astype(float), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    sums = c[kh:, kw:] - c[:-kh, kw:] - c[kh:, :-kw] + c[:-kh, :-kw]
    return sums[::sy, ::sx] / kh / kw


@answers("avg_pool2d")
def average_by_scikit_image_or_windows(x, k, s=None):
    k = two(k)
    if s is None:
        whole = x[: x.shape[0] // k[0] * k[0], : x.shape[1] // k[1] * k[1]]
        return block_reduce(whole, k, np.mean)
    return np.lib.stride_tricks.sliding_window_view(x, k)[:: two(s)[0], :: two(s)[1]].mean((2, 3))


@answers("receptive_field")
def field_forward(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


@answers("receptive_field")
def field_backward(stack):
    field = 1
    for kernel, stride in reversed(stack):
        field = (field - 1) * stride + kernel
    return field


@answers("receptive_field")
def field_by_product(layers):
    return np.int64(1) + sum((k - 1) * math.prod(s for _, s in layers[:i]) for i, (k, _) in enumerate(layers))


@answers("receptive_field")
def field_by_sets(layers):
    cells = {0}
    for kernel, stride in layers[::-1]:
        cells = {cell * stride + k for cell in cells for k in range(kernel)}
    return max(cells) - min(cells) + 1


@answers("receptive_field")
def field_by_recursion(layers):
    if not layers:
        return 1
    (kernel, stride), *rest = layers
    return (field_by_recursion(rest) - 1) * stride + kernel


@answers("receptive_field")
def field_by_interval(layers):
    low = high = 0
    for k, s in reversed(layers):
        low, high = low * s, high * s + k - 1
    return high - low + 1


@answers("design_layers")
def strides_first():
    return [(3, 2), (3, 2), (3, 2), (3, 1), (3, 1), (3, 1)]


@answers("design_layers")
def pooling_first_as_tuple_of_lists():
    return ([2, 2], [2, 2], [2, 2], [3, 1], [3, 1], [3, 1])


@answers("design_layers")
def five_layers():
    return [(3, 2), (3, 2), (3, 2), (3, 1), (3, 1)]


@answers("design_layers")
def in_turn_as_an_array():
    return np.array([(3, 2), (3, 1)] * 3)


@answers("design_layers")
def numpy_integers():
    return [(np.int64(3), np.int32(2))] * 3 + [(3, 1)] * 2 + [(2, 1)]
