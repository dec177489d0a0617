"""How people get a convolution wrong: ``SLIDING`` is shared with the exercise on channels."""

from __future__ import annotations

from functools import partial

import numpy as np

from ...ops import conv2d
from ..exercise import Misconception
from ..results import fractions_cut_off, negative_sums_lost
from . import flawed

SLIDING = (
    Misconception(
        "kernel flipped",
        "You turn the kernel around before multiplying. That is the convolution of mathematics. "
        "In deep learning the kernel is laid on the window as it is (cross-correlation): "
        "kernel[0, 0] meets the window's first cell.",
        (
            flawed.with_kernel(lambda k: k[::-1, ::-1]),
            flawed.with_kernel(lambda k: k[::-1]),
            flawed.with_kernel(lambda k: k[:, ::-1]),
        ),
    ),
    Misconception(
        "kernel's rows and columns swapped",
        "kernel[a, b] belongs to row a and column b of the window. Yours is transposed or turned "
        "by a quarter.",
        (
            flawed.with_kernel(lambda k: k.T),
            flawed.with_kernel(lambda k: np.rot90(k)),
            flawed.with_kernel(lambda k: np.rot90(k, 3)),
            flawed.with_kernel(lambda k: k[::-1, ::-1].T),
            flawed.with_kernel(lambda k: k.T.reshape(k.shape)),
            flawed.with_kernel(lambda k: k.reshape(k.shape[::-1])),
        ),
    ),
    Misconception(
        "padding forgotten",
        "Padding puts rows and columns of zeros around the image before the kernel slides, so the output "
        "grows. Yours is computed on the bare image.",
        (
            flawed.with_padding(lambda py, px: (0, 0, 0, 0)),
            *flawed.counted(flawed.right, "left out", pads=False),
        ),
    ),
    Misconception(
        "padding counted twice",
        "The image is padded once, by `padding` at each side, and the padded image's size holds "
        "that already. Yours pads again, or adds 2 · padding to a size that has it.",
        (
            flawed.with_padding(lambda py, px: (2 * py, 2 * py, 2 * px, 2 * px)),
            *flawed.counted(lambda n, k, s, p: (n + 4 * p - k) // s + 1, "zeros", "left out"),
        ),
    ),
    Misconception(
        "image and output size disagree on padding",
        "Your windows reach beyond the image that they slide over. Either the size of your output counts "
        "the padding and the image has none, or the padded image's size counts it a second time.",
        (
            *flawed.counted(flawed.right, "slice", "index", pads=False),
            *flawed.counted(lambda n, k, s, p: (n + 4 * p - k) // s + 1, "slice", "index"),
        ),
    ),
    Misconception(
        "padding missing in the output size",
        "After padding, the kernel slides over the padded image: its size, n + 2 · padding, "
        "decides how many positions there are. Yours stops where the bare image would.",
        (partial(flawed.sliding, count=lambda n, k, s, p: (n - k) // s + 1, beyond="slice"),),
    ),
    Misconception(
        "padding on one side only",
        "`padding` rows go above and below, and as many columns to the left and to the right. "
        "Yours come on one side only.",
        (
            flawed.with_padding(lambda py, px: (0, py, 0, px)),
            flawed.with_padding(lambda py, px: (py, 0, px, 0)),
            flawed.with_padding(lambda py, px: (0, 2 * py, 0, 2 * px)),
            flawed.with_padding(lambda py, px: (2 * py, 0, 2 * px, 0)),
        ),
    ),
    Misconception(
        "padding along one axis only",
        "Padding surrounds the image: rows above and below, and columns at both sides. Yours "
        "covers one axis.",
        (
            flawed.with_padding(lambda py, px: (py, py, 0, 0)),
            flawed.with_padding(lambda py, px: (0, 0, px, px)),
        ),
    ),
    Misconception(
        "one padding for both axes",
        "padding may be a pair (y, x): y for the rows above and below, x for the columns at the "
        "sides. Yours takes one of them for both.",
        (
            flawed.with_padding(lambda py, px: (py, py, py, py)),
            flawed.with_padding(lambda py, px: (px, px, px, px)),
        ),
    ),
    Misconception(
        "padding tuple read as (before, after)",
        "np.pad(image, (a, b)) puts a before and b after every axis. For y rows above and below "
        "and x columns at both sides it needs ((y, y), (x, x)).",
        (flawed.before_after,),
    ),
    Misconception(
        "padding not with zeros",
        "The cells around the image count as 0. Yours repeat the image's own values, come from "
        "its other side (a negative index counts from the end), or hold another number.",
        (
            flawed.padded_with(mode="edge"),
            flawed.padded_with(mode="reflect"),
            flawed.padded_with(mode="symmetric"),
            flawed.padded_with(mode="wrap"),
            flawed.padded_with(constant_values=1),
            flawed.padded_with(constant_values=-1),
            flawed.padded_with(mode="mean"),
            flawed.padded_with(mode="minimum"),
        ),
    ),
    Misconception(
        "output padded instead of the image",
        "The zeros go around the image, before the kernel slides: at the border, windows then "
        "hold image cells and zeros. Yours puts zeros around the finished output.",
        (flawed.output_padded,),
    ),
    Misconception(
        "output kept at the image's size",
        "The output has a cell for each position of the kernel inside the (padded) image, no more: a k-wide "
        "kernel without padding shortens it by k − 1. Yours pads by itself to keep the size.",
        (
            flawed.kept_size,
            partial(flawed.kept_size, before=1),
        ),
    ),
    Misconception(
        "windows that only touch the image",
        "The kernel must lie inside the (padded) image completely. Yours also counts positions "
        "where it hangs over.",
        (flawed.every_touching,),
    ),
    Misconception(
        "height and width swapped",
        "Rows come first: shapes are (height, width), and pairs are (y, x), y for down and x for "
        "right. Somewhere yours uses them the other way round.",
        (
            flawed.swapped,
            partial(flawed.swapped, pads=False),
            partial(flawed.swapped, strides=False),
            flawed.with_result(lambda out: out.T),
            flawed.with_result(lambda out: out.reshape(out.shape[::-1])),
            flawed.turned,
            lambda *args: flawed.turned(*args).T,
            *flawed.counted(flawed.right, swap=True),
        ),
    ),
    Misconception(
        "one stride for both axes",
        "stride may be a pair (y, x): y cells down, x cells to the right. Yours takes one of them for both "
        "axes.",
        (
            flawed.with_stride(lambda sy, sx: (sy, sy)),
            flawed.with_stride(lambda sy, sx: (sx, sx)),
        ),
    ),
    Misconception(
        "stride along one axis only",
        "The stride holds down and to the right. Yours jumps along one axis and walks cell by "
        "cell along the other.",
        (
            flawed.with_stride(lambda sy, sx: (sy, 1)),
            flawed.with_stride(lambda sy, sx: (1, sx)),
        ),
    ),
    Misconception(
        "stride ignored",
        "Output cell (i, j) looks at the window that starts at (i · stride, j · stride). Yours "
        "starts at (i, j).",
        (
            flawed.with_stride(lambda sy, sx: (1, 1)),
            flawed.steps_of_one,
        ),
    ),
    Misconception(
        "stride applied to the output cells",
        "The stride moves the window over the image; the output cells stand side by side. Yours "
        "leaves gaps of zeros in the output.",
        (flawed.holes,),
    ),
    Misconception(
        "image thinned out first",
        "With stride 2 every second window is taken, and each window still holds neighboring "
        "cells. Yours drops cells of the image before the kernel sees them.",
        (flawed.thinned, flawed.thinned_then_padded),
    ),
    Misconception(
        "stride one too large",
        "With stride s the next window starts s cells further: stride 1 takes every window. Yours jumps s + "
        "1.",
        (flawed.with_stride(lambda sy, sx: (sy + 1, sx + 1)),),
    ),
    Misconception(
        "windows do not overlap",
        "The next window starts `stride` cells further, even if it then overlaps the last one. "
        "Yours start where the last one ends.",
        (flawed.side_by_side,),
    ),
    Misconception(
        "last position missing",
        "Your windows end one too early. There are (n − k) // stride + 1 positions, and range(m) "
        "leaves m out: the last window ends exactly with the image.",
        (
            flawed.short(1, 1, zeros=False),
            flawed.short(1, 0, zeros=False),
            flawed.short(0, 1, zeros=False),
            flawed.listed(1, 1),
            flawed.listed(1, 0),
            flawed.listed(0, 1),
            flawed.short(1, 1, zeros=True),
            flawed.short(1, 0, zeros=True),
            flawed.short(0, 1, zeros=True),
            partial(flawed.sliding, count=lambda n, k, s, p: -((n + 2 * p - k) // -s), beyond="slice"),
        ),
    ),
    Misconception(
        "one position too many",
        "Your windows go one position too far: the last one reaches beyond the image. There are "
        "(n − k) // stride + 1 positions along each axis.",
        (
            *flawed.counted(lambda n, k, s, p: (n + 2 * p - k) // s + 2),
            *flawed.counted(lambda n, k, s, p: (n + 2 * p - k + 1) // s + 1),
        ),
    ),
    Misconception(
        "output size without the kernel",
        "A kernel wider than 1 cannot start at the last cells. The number of positions is (n − k) // stride "
        "+ 1, not n or n // stride.",
        (
            *flawed.counted(lambda n, k, s, p: (n + 2 * p) // s),
            *flawed.counted(lambda n, k, s, p: -((n + 2 * p) // -s)),
        ),
    ),
    Misconception(
        "output size rounded up",
        "When the last jump would push the window over the edge, it is not taken: round down. "
        "Yours rounds up.",
        flawed.counted(
            lambda n, k, s, p: -((n + 2 * p - k) // -s) + 1, "slice", "zeros", "left out", "index"
        ),
    ),
    Misconception(
        "products not added up",
        "An output cell is the plain sum of all products of window and kernel: no mean, no "
        "maximum, and no division at the end.",
        (
            flawed.cellwise(lambda window, kernel: np.mean(window * kernel)),
            flawed.cellwise(lambda window, kernel: np.max(window * kernel)),
            flawed.cellwise(lambda window, kernel: np.prod(window * kernel)),
            flawed.cellwise(lambda window, kernel: np.median(window * kernel)),
            flawed.cellwise(lambda window, kernel: np.sum(window * kernel) / (kernel.sum() or 1)),
            flawed.cellwise(lambda window, kernel: np.sum(window * kernel) / np.abs(kernel).sum()),
            flawed.cellwise(lambda window, kernel: (window * kernel)[-1, -1]),
            flawed.cellwise(lambda window, kernel: window * kernel),
            flawed.cellwise(lambda window, kernel: np.sum(window * kernel, axis=0)),
            flawed.cellwise(lambda window, kernel: np.sum(window * kernel, axis=1)),
            flawed.cellwise(lambda window, kernel: np.sum(window * kernel, axis=0)[0]),
            flawed.cellwise(lambda window, kernel: np.sum(window * kernel, axis=1)[0]),
        ),
    ),
    Misconception(
        "window and kernel not multiplied",
        "Each cell of the window is multiplied with the kernel cell on top of it. Yours adds, "
        "subtracts, or leaves the kernel's values out.",
        (
            flawed.cellwise(lambda window, kernel: np.sum(window + kernel)),
            flawed.cellwise(lambda window, kernel: np.sum(window - kernel)),
            flawed.cellwise(lambda window, kernel: np.sum((window - kernel) ** 2)),
            flawed.cellwise(lambda window, kernel: np.sum(window)),
            flawed.cellwise(lambda window, kernel: np.mean(window)),
            flawed.cellwise(lambda window, kernel: np.sum(window) * np.sum(kernel)),
        ),
    ),
    Misconception(
        "matrix product instead of cell by cell",
        "Window and kernel are multiplied cell by cell (window * kernel). The @ of NumPy, and "
        "np.dot, multiply rows with columns.",
        (
            flawed.cellwise(lambda window, kernel: np.sum(window @ kernel)),
            flawed.cellwise(lambda window, kernel: np.trace(window @ kernel)),
            flawed.cellwise(lambda window, kernel: window @ kernel),
        ),
    ),
)

MISTAKES = (*SLIDING, negative_sums_lost(conv2d), fractions_cut_off(conv2d))
