"""Convolution and transposed convolution, each written out as one matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .arrays import Array, pad, to_doubles, windows
from .convolution import Pair, check_kernel, settings
from .sizes import output_shape, pair
from .transposed import transposed_shape

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


def conv_transpose_matrix(
    kernel: Array,
    in_shape: int | Pair,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    output_size: int | Pair | None = None,
) -> csr_array:
    """Return the sparse matrix that does the same as :func:`conv_transpose2d` with this kernel.

    It is the transpose of the matrix of the convolution that leads the other way, hence the name; also what
    multiplies the gradient when that convolution is trained. It is *not* its inverse.

    Parameters
    ----------
    kernel
        [kh, kw].
    in_shape
        (H, W) of the maps that the matrix enlarges.
    stride, padding, output_size
        As in :func:`conv_transpose2d`.

    Returns
    -------
    scipy.sparse.csr_array
        [H'·W', H·W] float64, so that ``matrix @ x.ravel()`` is ``conv_transpose2d(x, kernel).ravel()``.

    Raises
    ------
    ValueError, TypeError
        As :func:`conv_transpose2d`.

    Source: Dumoulin & Visin 2016, *A guide to convolution arithmetic for deep learning*, section 4.2.

    Examples
    --------
    >>> conv_transpose_matrix([[1, 2]], in_shape=(1, 3)).toarray().astype(int)
    array([[1, 0, 0],
           [2, 1, 0],
           [0, 2, 1],
           [0, 0, 2]])
    """
    kernel = to_doubles(kernel, "kernel")
    check_kernel(kernel)
    stride, padding = pair(stride, "stride"), pair(padding, "padding", least=0)
    shape = pair(in_shape, "in_shape")
    out_shape = transposed_shape(shape, kernel.shape, stride, padding, output_size)
    return conv_matrix(kernel, out_shape, stride, padding).T.tocsr()
