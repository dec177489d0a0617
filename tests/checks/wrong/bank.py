"""The bank of wrong answers, and right pieces that learners build them from."""

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.right_answers import two

WRONG = []


def mistake(exercise, name):
    def add(function):
        WRONG.append((exercise, name, function))
        return function

    return add


def padded(image, padding):
    py, px = two(padding)
    return np.pad(image, ((py, py), (px, px)))


def slide(image, kernel, stride=(1, 1)):
    """A learner's sliding loop, right by itself."""
    sy, sx = two(stride)
    kh, kw = kernel.shape
    rows = range(0, image.shape[0] - kh + 1, sy)
    columns = range(0, image.shape[1] - kw + 1, sx)
    return np.array([[np.vdot(image[r : r + kh, c : c + kw], kernel) for c in columns] for r in rows])


def torch_conv(image, kernel, stride=1, padding=0):
    image, kernel = (torch.tensor(np.ascontiguousarray(a))[None, None] for a in (image, kernel))
    return F.conv2d(image, kernel, stride=stride, padding=padding)[0, 0].numpy()


def torch_channels(x, weight, bias, stride=1, padding=0, **options):
    x, weight = (torch.tensor(np.ascontiguousarray(a)) for a in (x, weight))
    bias = None if bias is None else torch.tensor(np.ascontiguousarray(bias))
    return F.conv2d(x[None], weight, bias, stride, padding, **options)[0].numpy()


def torch_max(x, size, stride=None, **options):
    values, indices = F.max_pool2d(
        torch.tensor(np.ascontiguousarray(x))[None, None], size, stride, return_indices=True, **options
    )
    return values[0, 0].numpy(), indices[0, 0].numpy()


def pool_loops(x, size, stride, cell):
    """A learner's loops, right by themselves; `cell(window, top, left)` gives value and index."""
    (kh, kw), (sy, sx) = two(size), two(size if stride is None else stride)
    height, width = (x.shape[0] - kh) // sy + 1, (x.shape[1] - kw) // sx + 1
    values, indices = np.zeros((height, width)), np.zeros((height, width), int)
    for i, j in np.ndindex(height, width):
        values[i, j], indices[i, j] = cell(x[i * sy : i * sy + kh, j * sx : j * sx + kw], i * sy, j * sx)
    return values, indices


def torch_average(x, size, stride=None, **options):
    return F.avg_pool2d(torch.tensor(np.ascontiguousarray(x))[None, None], size, stride, **options)[
        0, 0
    ].numpy()
