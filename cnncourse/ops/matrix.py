"""Convolution written out as one matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .arrays import Array, pad, to_doubles, windows
from .convolution import Pair, check_kernel, settings
from .sizes import output_shape, pair

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def conv_matrix(
    kernel: Array,
    in_shape: int | Pair,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
) -> csr_array:
    """Return the sparse matrix that does the same as :func:`conv2d` with this kernel.

    Each row holds the kernel's weights for one output cell, in the columns of the input cells that they meet:
    a convolution is a linear layer with most weights fixed at 0 and the others shared.

    Parameters
    ----------
    kernel
        [kh, kw].
    in_shape
        (H, W) of the images that the matrix is for.
    stride, padding, dilation
        An int for both axes or (y, x).

    Returns
    -------
    scipy.sparse.csr_array
        [H'·W', H·W] float64, so that ``matrix @ image.ravel()`` is ``conv2d(image, kernel).ravel()``. Padding
        needs no column: its cells are 0.

    Raises
    ------
    ValueError, TypeError
        As :func:`conv2d`.

    Source: Dumoulin & Visin 2016, *A guide to convolution arithmetic for deep learning*, section 4.1.

    Examples
    --------
    >>> conv_matrix([[-1, 1]], in_shape=(2, 3)).toarray().astype(int)
    array([[-1,  1,  0,  0,  0,  0],
           [ 0, -1,  1,  0,  0,  0],
           [ 0,  0,  0, -1,  1,  0],
           [ 0,  0,  0,  0, -1,  1]])
    """
    from scipy.sparse import csr_array  # costs as much to import as all of NumPy

    kernel = to_doubles(kernel, "kernel")
    check_kernel(kernel)
    height, width = pair(in_shape, "in_shape")
    stride, padding, dilation = settings(stride, padding, dilation)
    out_height, out_width = output_shape((height, width), kernel.shape, stride, padding, dilation)

    number = np.arange(1, height * width + 1).reshape(height, width)  # from 1: 0 is the padding
    columns = windows(pad(number, padding), kernel.shape, stride, dilation) - 1
    rows = np.arange(out_height * out_width).reshape(out_height, out_width, 1, 1)
    rows, columns, weights = np.broadcast_arrays(rows, columns, kernel)
    kept = (columns >= 0) & (weights != 0)
    return csr_array(
        (weights[kept], (rows[kept], columns[kept])), shape=(out_height * out_width, height * width)
    )
