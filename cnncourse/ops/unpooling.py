"""Max-unpooling: carry each value back to where pooling found it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .arrays import Array, as_real, check_images, is_tensor, namespace, to_doubles
from .sizes import pair
from .steps import Stamp

Pair = tuple[int, int]


def max_unpool2d(values: Array, indices: Array, output_shape: int | Pair) -> Array:
    """Put each value at its flat index in a map of zeros.

    Parameters
    ----------
    values
        [..., h, w], NumPy array or torch tensor.
    indices
        [..., h, w] integers, flat into the H·W cells of the map (row · W + column), as :func:`max_pool2d`
        returns them.
    output_shape
        (H, W) of the map, or an int for both. Pooling drops rows and columns left over, so that the shape
        cannot be told from ``values``: pass that of the map before pooling.

    Returns
    -------
    array or tensor
        [..., H, W] in the type of ``values``, 0 wherever no index points. A tensor keeps its gradients.
        Windows that overlap may share their maximum: an index may repeat with *equal* values.

    Raises
    ------
    ValueError
        When shapes differ, an index lies outside the map, or an index repeats with different values. (torch
        keeps one of those, not always the same one.)
    TypeError
        When the indices are not integers, or ``values`` does not hold real numbers.

    Source: Zeiler & Fergus 2014, *Visualizing and understanding convolutional networks*, section 2.1;
    Badrinarayanan et al. 2017, *SegNet*, section 3.

    Examples
    --------
    >>> max_unpool2d([[5, 8]], [[1, 6]], output_shape=(2, 4))
    array([[0, 5, 0, 0],
           [0, 0, 8, 0]])
    """
    values, indices = as_real(values, "values"), as_real(indices, "indices")
    if is_tensor(values) != is_tensor(indices):
        values, indices = _as_tensors(values, indices)
    height, width = _check(values, indices, output_shape)
    many = values.shape[:-2]
    flat, places = values.reshape(*many, -1), indices.reshape(*many, -1)
    if is_tensor(flat):
        places = places.long()
        out = flat.new_zeros((*many, height * width)).scatter(-1, places, flat)
        back = out.gather(-1, places)
    else:
        out = np.zeros((*many, height * width), flat.dtype)
        np.put_along_axis(out, places, flat, -1)
        back = np.take_along_axis(out, places, -1)
    # What does not come back was overwritten by another value; only NaN differs from itself.
    lost = (back != flat) & (flat == flat)
    if lost.any():
        raise ValueError(
            f"index {int(places[lost][0])} occurs with different values, such as {flat[lost][0]:g} and "
            f"{back[lost][0]:g}; expected one value for each cell: use indices of windows that do not overlap"
        )
    return out.reshape(*many, height, width)


def max_unpool2d_steps(values: Array, indices: Array, output_shape: int | Pair) -> Iterator[Stamp]:
    """Yield max-unpooling one value after the other, row by row.

    Parameters
    ----------
    values, indices
        [h, w].
    output_shape
        As in :func:`max_unpool2d`.

    Yields
    ------
    Stamp
        ``cells`` holds the one cell that ``index`` names; its weight is 1.0.

    Raises
    ------
    ValueError, TypeError
        As :func:`max_unpool2d`, at once and not only at the first step.

    Examples
    --------
    >>> [(step.value, step.cells) for step in max_unpool2d_steps([[5, 8]], [[1, 6]], (2, 4))]
    [(5.0, [(0, 1)]), (8.0, [(1, 2)])]
    """
    max_unpool2d(values, indices, output_shape)
    numbers, places = to_doubles(values, "values"), to_doubles(indices, "indices").astype(int)
    if numbers.ndim > 2:
        raise ValueError(
            f"values has shape {numbers.shape}; expected [h, w]: step through one map at a time, "
            f"such as values[0] with indices[0]"
        )
    return _steps(numbers, places, pair(output_shape, "output_shape")[1])


def _steps(values: np.ndarray, indices: np.ndarray, width: int) -> Iterator[Stamp]:
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            value, index = float(values[i, j]), int(indices[i, j])
            yield Stamp((i, j), value, [divmod(index, width)], [(value, 1.0)], [value], index)


def _check(values: Array, indices: Array, output_shape: Any) -> Pair:
    check_images(values, "values", "[..., h, w]")
    if tuple(values.shape) != tuple(indices.shape):
        raise ValueError(
            f"values has shape {tuple(values.shape)} and indices {tuple(indices.shape)}; expected the same: "
            f"pass both results of one max_pool2d"
        )
    kind = str(indices.dtype).removeprefix("torch.")
    if not kind.startswith(("int", "uint")):
        raise TypeError(
            f"indices holds {indices.dtype}; expected integers: max_pool2d returns them beside the values"
        )
    height, width = pair(output_shape, "output_shape")
    outside = (indices < 0) | (indices >= height * width)
    if outside.any():
        raise ValueError(
            f"index {int(indices[outside][0])} lies outside a map of {height} × {width} = {height * width} "
            f"cells; expected 0 to {height * width - 1}: pass the shape of the map before pooling"
        )
    return height, width


def _as_tensors(*arrays: Array) -> list[Array]:
    """Return the arrays as tensors on the device of the one that is a tensor."""
    tensor = next(x for x in arrays if is_tensor(x))
    torch = namespace(tensor)
    # A fresh copy: torch takes no negative strides, and no read-only memory.
    return [x if is_tensor(x) else torch.from_numpy(np.array(x, order="C")).to(tensor.device) for x in arrays]
