"""Wrong max and average pooling."""

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.right_answers import two
from tests.checks.wrong.bank import mistake, pool_loops, torch_average, torch_max


@mistake("max_pool2d", "index within the window")
def argmax_of_window(x, size, stride=None):
    return pool_loops(x, size, stride, lambda w, top, left: (np.max(w), np.argmax(w)))


@mistake("max_pool2d", "index within the window")
def argmax_by_views_as_float(x, size, stride=None):
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    view = np.lib.stride_tricks.sliding_window_view(x, (kh, kw))[::sy, ::sx]
    flat = view.reshape(*view.shape[:2], -1)
    return flat.max(-1), flat.argmax(-1).astype(np.float32)


@mistake("max_pool2d", "row or column instead of one flat index")
def rows_and_columns(x, size, stride=None):
    values, indices = torch_max(x, size, stride)
    return values, (indices // x.shape[1], indices % x.shape[1])


@mistake("max_pool2d", "row or column instead of one flat index")
def list_of_places(x, size, stride=None):
    values, indices = torch_max(x, size, stride)
    return values, np.array([[np.unravel_index(i, x.shape) for i in row] for row in indices])


@mistake("max_pool2d", "wrong row length in the index")
def height_as_row_length(x, size, stride=None):
    def cell(w, top, left):
        a, b = np.unravel_index(np.argmax(w), w.shape)
        return w[a, b], (top + a) * x.shape[0] + (left + b)

    return pool_loops(x, size, stride, cell)


@mistake("max_pool2d", "wrong row length in the index")
def counted_down_the_columns(x, size, stride=None):
    values, indices = torch_max(x, size, stride)
    return values, np.ravel_multi_index(np.unravel_index(indices, x.shape), x.shape, order="F")


@mistake("max_pool2d", "stride left out of the index")
def index_from_output_cell(x, size, stride=None):
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    height, width = (x.shape[0] - kh) // sy + 1, (x.shape[1] - kw) // sx + 1
    values, indices = np.zeros((height, width)), np.zeros((height, width), int)
    for i, j in np.ndindex(height, width):
        w = x[i * sy : i * sy + kh, j * sx : j * sx + kw]
        a, b = divmod(w.argmax(), kw)
        values[i, j], indices[i, j] = w.max(), (i + a) * x.shape[1] + j + b
    return values, indices


@mistake("max_pool2d", "last maximum wins")
def greater_or_equal(x, size, stride=None):
    def cell(w, top, left):
        best, place = -np.inf, 0
        for a, b in np.ndindex(w.shape):
            if w[a, b] >= best:
                best, place = w[a, b], (top + a) * x.shape[1] + left + b
        return best, place

    return pool_loops(x, size, stride, cell)


@mistake("max_pool2d", "maximum starts at 0")
def best_starts_at_zero(x, size, stride=None):
    def cell(w, top, left):
        best, place = 0, 0
        for a, b in np.ndindex(w.shape):
            if w[a, b] > best:
                best, place = w[a, b], (top + a) * x.shape[1] + left + b
        return best, place

    return pool_loops(x, size, stride, cell)


@mistake("max_pool2d", "index of an equal value elsewhere")
def looks_in_all_of_x(x, size, stride=None):
    return pool_loops(x, size, stride, lambda w, top, left: (w.max(), x.ravel().tolist().index(w.max())))


@mistake("max_pool2d", "largest absolute value")
def by_size_without_sign(x, size, stride=None):
    _, indices = torch_max(np.abs(x), size, stride)
    return x.ravel()[indices], indices


@mistake("max_pool2d", "minimum instead of maximum")
def smallest(x, size, stride=None):
    values, indices = torch_max(-x, size, stride)
    return -values, indices


@mistake("max_pool2d", "another number instead of the maximum")
def mean_with_argmax(x, size, stride=None):
    return F.avg_pool2d(torch.from_numpy(x)[None, None], size, stride)[0, 0].numpy(), torch_max(
        x, size, stride
    )[1]


@mistake("max_pool2d", "stride of 1 by default")
def default_stride_one(x, size, stride=1):
    return torch_max(x, size, 1 if stride is None else stride)


@mistake("max_pool2d", "stride ignored")
def always_the_size(x, size, stride=None):
    return torch_max(x, size)


@mistake("max_pool2d", "incomplete windows counted")
def ceil_mode(x, size, stride=None):
    return torch_max(x, size, stride, ceil_mode=True)


@mistake("max_pool2d", "incomplete windows counted")
def range_over_everything(x, size, stride=None):
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    values, indices = [], []
    for top in range(0, x.shape[0], sy):
        values.append([])
        indices.append([])
        for left in range(0, x.shape[1], sx):
            w = x[top : top + kh, left : left + kw]
            a, b = np.unravel_index(w.argmax(), w.shape)
            values[-1].append(w[a, b])
            indices[-1].append((top + a) * x.shape[1] + left + b)
    return np.array(values), np.array(indices)


@mistake("max_pool2d", "last window missing")
def pool_range_short(x, size, stride=None):
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    rows, columns = range(0, x.shape[0] - kh, sy), range(0, x.shape[1] - kw, sx)
    values, indices = torch_max(x, size, stride)
    return values[: len(rows), : len(columns)], indices[: len(rows), : len(columns)]


@mistake("max_pool2d", "last window missing")
def lists_one_short(x, size, stride=None):
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    values, indices = [], []
    for r in range(0, x.shape[0] - kh, sy):
        windows = [(c, x[r : r + kh, c : c + kw]) for c in range(0, x.shape[1] - kw, sx)]
        values.append([w.max() for _, w in windows])
        indices.append([(r + w.argmax() // kw) * x.shape[1] + c + w.argmax() % kw for c, w in windows])
    return np.array(values), np.array(indices)


@mistake("max_pool2d", "height and width swapped")
def size_as_x_y(x, size, stride=None):
    stride = two(size if stride is None else stride)
    return torch_max(x, two(size)[::-1], stride[::-1])


@mistake("max_pool2d", "one number for both axes")
def square_windows(x, size, stride=None):
    size = size if isinstance(size, int) else size[0]
    return torch_max(x, size, stride)


@mistake("max_pool2d", "results in the wrong order")
def indices_first(x, size, stride=None):
    return torch_max(x, size, stride)[::-1]


@mistake("max_pool2d", "only one of the two results")
def values_only(x, size, stride=None):
    return torch_max(x, size, stride)[0]


@mistake("avg_pool2d", "sum instead of average")
def sums(x, size, stride=None):
    return torch_average(x, size, stride, divisor_override=1)


@mistake("avg_pool2d", "divided by the wrong number")
def divided_by_size(x, size, stride=None):
    return torch_average(x, size, stride, divisor_override=two(size)[0])


@mistake("avg_pool2d", "divided by the wrong number")
def divided_by_width(x, size, stride=None):
    return pool_loops(x, size, stride, lambda w, *_: (w.sum() / w.shape[1], 0))[0]


@mistake("avg_pool2d", "average over some cells only")
def nonzero_only(x, size, stride=None):
    return pool_loops(x, size, stride, lambda w, *_: (w.sum() / max(1, np.count_nonzero(w)), 0))[0]


@mistake("avg_pool2d", "another number instead of the average")
def maximum_again(x, size, stride=None):
    return torch_max(x, size, stride)[0]


@mistake("avg_pool2d", "another number instead of the average")
def medians(x, size, stride=None):
    return pool_loops(x, size, stride, lambda w, *_: (np.median(w), 0))[0]


@mistake("avg_pool2d", "fractions cut off")
def whole_division(x, size, stride=None):
    return pool_loops(x, size, stride, lambda w, *_: (w.sum() // w.size, 0))[0]


@mistake("avg_pool2d", "incomplete windows counted")
def average_ceil_mode(x, size, stride=None):
    return torch_average(x, size, stride, ceil_mode=True)


@mistake("avg_pool2d", "incomplete windows counted")
def padded_to_fit(x, size, stride=None):
    size, stride = two(size), two(size if stride is None else stride)
    more = [-(n - k) % s for n, k, s in zip(x.shape, size, stride, strict=True)]
    return torch_average(np.pad(x, [(0, m) for m in more]), size, stride)


@mistake("avg_pool2d", "last window missing")
def average_range_short(x, size, stride=None):
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    rows, columns = range(0, x.shape[0] - kh, sy), range(0, x.shape[1] - kw, sx)
    return np.array([[x[r : r + kh, c : c + kw].mean() for c in columns] for r in rows])


@mistake("avg_pool2d", "stride of 1 by default")
def average_default_stride_one(x, size, stride=1):
    return torch_average(x, size, stride or 1)


@mistake("avg_pool2d", "stride ignored")
def average_always_the_size(x, size, stride=None):
    return torch_average(x, size)


@mistake("avg_pool2d", "height and width swapped")
def average_transposed(x, size, stride=None):
    return torch_average(x, size, stride).T.copy()
