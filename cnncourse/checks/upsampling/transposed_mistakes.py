"""How people get the transposed convolution wrong."""

from __future__ import annotations

import numpy as np

from ..exercise import Misconception
from ..results import fractions_cut_off, negative_sums_lost
from .grids import last_row_missing, pair, turned
from .stamps import (
    combined,
    conv_transpose2d,
    correlated,
    correlated_smaller,
    correlated_wide,
    cropped,
    divided,
    grown,
    inverted,
    padded,
    resized,
    sliced,
    sliced_if_padded,
    spread,
    with_crop,
    with_kernel,
    with_pairs,
    with_steps,
)

MISTAKES = (
    Misconception(
        "taken for the inverse",
        "A transposed convolution does not undo a convolution: it gives its shape back, not its values. "
        "Yours solves for the image, or divides; only stamp and add.",
        (inverted, divided),
    ),
    Misconception(
        "ordinary convolution",
        "Here each input cell writes a whole stamp: x[i, j] · kernel is added to the output. Yours reads "
        "windows of the input, and the map becomes smaller.",
        (
            correlated,
            correlated_smaller,
            correlated_wide,
            lambda x, kernel, stride=1, padding=0: correlated(x, kernel[::-1, ::-1], stride, padding),
            lambda x, kernel, stride=1, padding=0: correlated_wide(x, kernel[::-1, ::-1], stride, padding),
            lambda x, kernel, stride=1, padding=0: correlated(x, kernel),
        ),
    ),
    Misconception(
        "overlaps overwritten",
        "Where stamps overlap they add up: out[...] += and not =. Yours keeps one of them, or their mean.",
        (
            combined(lambda heap: heap[-1]),
            combined(lambda heap: heap[0]),
            combined(max),
            combined(lambda heap: sum(heap) / len(heap)),
            combined(lambda heap: max(heap, key=abs)),
            combined(min),
        ),
    ),
    Misconception(
        "kernel flipped",
        "Stamp the kernel as it is: kernel[0, 0] goes to the top left. Yours is turned or mirrored. (Who "
        "slides windows over an input spread by zeros has to turn it once.)",
        (
            with_kernel(lambda kernel: kernel[::-1, ::-1]),
            with_kernel(lambda kernel: kernel[::-1]),
            with_kernel(lambda kernel: kernel[:, ::-1]),
            with_kernel(np.transpose),
            with_kernel(lambda kernel: kernel[::-1, ::-1].T),
        ),
    ),
    Misconception(
        "padding added instead of cropped",
        "The padding of a transposed convolution belongs to the convolution that it transposes: here it "
        "takes rows and columns away from the output. Yours adds some.",
        (
            grown(lambda py, px: (py, py, px, px), crop=False),
            grown(lambda py, px: (py, py, px, px), crop=True),
            grown(lambda py, px: (2 * py, 2 * py, 2 * px, 2 * px), crop=True),
            lambda x, kernel, stride=1, padding=0: conv_transpose2d(padded(x, padding), kernel, stride),
            lambda x, kernel, stride=1, padding=0: conv_transpose2d(
                padded(x, padding), kernel, stride, padding
            ),
        ),
    ),
    Misconception(
        "padding ignored",
        "With padding (py, px) the first and last py rows and px columns of the stamped map are cropped. "
        "Yours keeps them, or crops the input.",
        (
            with_pairs(lambda stride, padding: (stride, 0)),
            lambda x, kernel, stride=1, padding=0: conv_transpose2d(
                cropped(x, *2 * pair(padding)[:1], *2 * pair(padding)[1:]), kernel, stride
            ),
        ),
    ),
    Misconception(
        "cropped on one side only",
        "Padding crops all four sides: py rows above and below, px columns left and right. Yours crops "
        "some of them, or everything at one end.",
        (
            with_crop(lambda py, px, kh, kw: (py, 0, px, 0)),
            with_crop(lambda py, px, kh, kw: (0, py, 0, px)),
            with_crop(lambda py, px, kh, kw: (2 * py, 0, 2 * px, 0)),
            with_crop(lambda py, px, kh, kw: (0, 2 * py, 0, 2 * px)),
            with_crop(lambda py, px, kh, kw: (py, py, 0, 0)),
            with_crop(lambda py, px, kh, kw: (0, 0, px, px)),
        ),
    ),
    Misconception(
        "sliced up to -0",
        "A slice out[p:-p] is empty when p is 0, for -0 is the beginning. Count the end from the front: "
        "out[p : rows − p].",
        (sliced, sliced_if_padded),
    ),
    Misconception(
        "stride ignored",
        "The stamp of cell (i, j) begins at row i · stride and column j · stride. Yours sets all stamps one "
        "cell apart.",
        (
            with_pairs(lambda stride, padding: (1, padding)),
            with_pairs(lambda stride, padding: ((stride[0], 1), padding)),
            with_pairs(lambda stride, padding: ((1, stride[1]), padding)),
            resized(lambda n, k, s, p: (n - 1) * s + k - 2 * p, steps=1),
        ),
    ),
    Misconception(
        "stamps at a wrong distance",
        "The stride alone says how far apart the stamps are: with stride s there are s − 1 zeros between two "
        "cells of a spread input. Yours uses another distance.",
        (
            with_steps(lambda stride, kernel: (stride[0] + 1, stride[1] + 1)),
            with_steps(lambda stride, kernel: (max(stride[0] - 1, 1), max(stride[1] - 1, 1))),
            with_steps(lambda stride, kernel: (kernel[0], kernel[1])),
            with_steps(lambda stride, kernel: (2, 2)),
            with_steps(lambda stride, kernel: (stride[0] * kernel[0], stride[1] * kernel[1])),
        ),
    ),
    Misconception(
        "cells repeated instead of spread",
        "A stride leaves cells between the corners of the stamps, which hold zeros when the input is spread. "
        "Yours repeats the input cells there.",
        (
            spread(lambda s: s - 1, blocks=True),
            spread(lambda s: s - 1, blocks=True, ends=True),
        ),
    ),
    Misconception(
        "output size is wrong",
        "H rows of stamps reach over (H − 1) · stride + kh rows, of which padding takes 2 · py away. Yours "
        "has another size.",
        (
            spread(lambda s: s - 1, ends=True),
            *(
                resized(length)
                for length in (
                    lambda n, k, s, p: n * s,
                    lambda n, k, s, p: n * s + k,
                    lambda n, k, s, p: n * s + k - 2 * p,
                    lambda n, k, s, p: n * s + k - 1,
                    lambda n, k, s, p: n * s - 2 * p,
                    lambda n, k, s, p: n * s + k - s - p,
                    lambda n, k, s, p: (n + 2 * p - k) // s + 1,
                    lambda n, k, s, p: n,
                    lambda n, k, s, p: n * s + k - s - 2 * p + 1,
                )
            ),
        ),
    ),
    Misconception(
        "kernel centered",
        "The stamp of cell (0, 0) has its corner at the output's first cell, before padding crops. Yours is "
        "centered on the cell, as in a convolution that keeps the size.",
        (
            with_crop(lambda py, px, kh, kw: (kh // 2, (kh - 1) // 2, kw // 2, (kw - 1) // 2)),
            with_crop(lambda py, px, kh, kw: ((kh - 1) // 2, kh // 2, (kw - 1) // 2, kw // 2)),
            with_crop(
                lambda py, px, kh, kw: (kh // 2 + py, (kh - 1) // 2 + py, kw // 2 + px, (kw - 1) // 2 + px)
            ),
            with_crop(
                lambda py, px, kh, kw: ((kh - 1) // 2 + py, kh // 2 + py, (kw - 1) // 2 + px, kw // 2 + px)
            ),
        ),
    ),
    Misconception(
        "pairs swapped",
        "Pairs are (y, x): the first number holds down, the second to the right. Yours reads them the other "
        "way round.",
        (
            with_pairs(lambda stride, padding: (stride[::-1], padding[::-1])),
            with_pairs(lambda stride, padding: (stride[::-1], padding)),
            with_pairs(lambda stride, padding: (stride, padding[::-1])),
        ),
    ),
    Misconception(
        "one number for both axes",
        "Stride and padding may be pairs (y, x). Yours takes one number of the pair for both axes.",
        (
            with_pairs(lambda stride, padding: (stride[0], padding[0])),
            with_pairs(lambda stride, padding: (stride[1], padding[1])),
            with_pairs(lambda stride, padding: (stride[0], padding)),
            with_pairs(lambda stride, padding: (stride[1], padding)),
            with_pairs(lambda stride, padding: (stride, padding[0])),
            with_pairs(lambda stride, padding: (stride, padding[1])),
        ),
    ),
    last_row_missing(conv_transpose2d),
    turned(conv_transpose2d),
    fractions_cut_off(conv_transpose2d),
    negative_sums_lost(conv_transpose2d),
)
