"""Upsampling without weights: repeat the nearest cell, or blend the four around."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .arrays import Array, as_floats, as_real, check_images, is_tensor, namespace, to_doubles
from .sizes import pair
from .steps import Step

Pair = tuple[int, int]
Weighted = list[tuple[int, float]]  # input cells along one axis, and the weight of each


def upsample_nearest(x: Array, scale: int | Pair | None = None, *, size: int | Pair | None = None) -> Array:
    """Enlarge each map by repeating its cells.

    ::

        out[i, j] = x[⌊i·H / H'⌋, ⌊j·W / W'⌋]        which is x[i // s, j // s] for a whole scale s

    Parameters
    ----------
    x
        [..., H, W], NumPy array or torch tensor; each leading index is enlarged by itself.
    scale
        How many times each cell is repeated: an int or (y, x).
    size
        (H', W') of the result instead of a scale, or an int for both: for sizes that no scale leads to. A
        smaller one leaves cells out.

    Returns
    -------
    array or tensor
        [..., H', W'], H' = H·sy and W' = W·sx with a scale, in the type of ``x``: class numbers stay class
        numbers. It is what torch's ``mode="nearest"`` gives, but for a few sizes (from 2 to 82 cells, say)
        where torch rounds the quotient, in single precision, below a whole number.

    Raises
    ------
    ValueError
        When ``x`` has no height and width, a number is too small, or not exactly one of scale and size is
        given.
    TypeError
        When scale or size is not an integer, or ``x`` does not hold real numbers.

    Source: Odena et al. 2016, *Deconvolution and checkerboard artifacts*, for its use before a convolution.

    Examples
    --------
    >>> upsample_nearest([[1, 2]], scale=(1, 3))
    array([[1, 1, 1, 2, 2, 2]])
    >>> upsample_nearest([[1, 2]], size=(2, 3))
    array([[1, 1, 2],
           [1, 1, 2]])
    """
    x = as_real(x, "x")
    out_shape = _out_shape(x, scale, size)
    rows, columns = (_like(_nearest(n, m), x) for n, m in zip(x.shape[-2:], out_shape, strict=True))
    return x[..., rows[:, None], columns]


def upsample_bilinear(
    x: Array,
    scale: int | Pair | None = None,
    align_corners: bool = False,
    *,
    size: int | Pair | None = None,
) -> Array:
    """Enlarge each map by blending, for each output cell, the input cells around its place.

    Where output cell i lies among n input cells when there are m output cells::

        align_corners=False:   (i + ½)·n / m − ½      cells are areas; both maps cover the same area
        align_corners=True:     i·(n − 1) / (m − 1)    cells are points; the first and last ones coincide

    A place beyond the first or last cell's center is moved back onto it: the edge is repeated. Then row and
    column are blended, each cell weighted by 1 − its distance from the place.

    Parameters
    ----------
    x
        [..., H, W], NumPy array or torch tensor; each leading index is enlarged by itself.
    scale
        An int or (y, x).
    align_corners
        Which of the two rules above.
    size
        (H', W') of the result instead of a scale, or an int for both. A smaller one blends only the nearest
        cells, which leaves others out.

    Returns
    -------
    array or tensor
        [..., H', W'], H' = H·sy and W' = W·sx with a scale. Integers are converted to floats first. A tensor
        keeps its gradients.

    Raises
    ------
    ValueError, TypeError
        As :func:`upsample_nearest`.

    Source: Long et al. 2015, *Fully convolutional networks for semantic segmentation*, section 3.3, who do it
    by a transposed convolution with fixed weights.

    Examples
    --------
    >>> upsample_bilinear([[0, 4]], scale=(1, 2))
    array([[0., 1., 3., 4.]])
    >>> upsample_bilinear([[0, 3]], scale=(1, 2), align_corners=True)
    array([[0., 1., 2., 3.]])
    """
    (x,) = as_floats(x=x)
    out_shape = _out_shape(x, scale, size)
    height, width = (_between(n, m, align_corners) for n, m in zip(x.shape[-2:], out_shape, strict=True))
    above, below, share = (_like(part, x) for part in height)
    x = x[..., above, :] * (1 - share[:, None]) + x[..., below, :] * share[:, None]
    left, right, share = (_like(part, x) for part in width)
    return x[..., left] * (1 - share) + x[..., right] * share


def upsample_nearest_steps(
    x: Array, scale: int | Pair | None = None, *, size: int | Pair | None = None
) -> Iterator[Step]:
    """Yield nearest upsampling one output cell after the other, row by row.

    Parameters
    ----------
    x
        [H, W].
    scale, size
        As in :func:`upsample_nearest`.

    Yields
    ------
    Step
        ``window`` holds the one cell that is repeated; its weight is 1.0.

    Raises
    ------
    ValueError, TypeError
        As :func:`upsample_nearest`, at once and not only at the first step.

    Examples
    --------
    >>> [(step.value, step.window) for step in upsample_nearest_steps([[5, 8]], size=(1, 3))]
    [(5.0, [(0, 0, 0)]), (5.0, [(0, 0, 0)]), (8.0, [(0, 0, 1)])]
    """
    image, out_shape = _check_map(x, scale, size)
    height, width = (
        [[(int(place), 1.0)] for place in _nearest(n, m)] for n, m in zip(image.shape, out_shape, strict=True)
    )
    return _steps(image, height, width)


def upsample_bilinear_steps(
    x: Array,
    scale: int | Pair | None = None,
    align_corners: bool = False,
    *,
    size: int | Pair | None = None,
) -> Iterator[Step]:
    """Yield bilinear upsampling one output cell after the other, row by row.

    Parameters
    ----------
    x
        [H, W].
    scale, align_corners, size
        As in :func:`upsample_bilinear`.

    Yields
    ------
    Step
        ``window`` holds one, two or four cells: those whose weight is not 0. The weights sum to 1.

    Raises
    ------
    ValueError, TypeError
        As :func:`upsample_bilinear`, at once and not only at the first step.

    Examples
    --------
    >>> [(step.value, step.terms) for step in upsample_bilinear_steps([[0, 4]], scale=(1, 2))][:2]
    [(0.0, [(0.0, 1.0)]), (1.0, [(0.0, 0.75), (4.0, 0.25)])]
    """
    image, out_shape = _check_map(x, scale, size)
    height, width = (
        [
            [(int(place), float(w)) for place, w in ((i, 1 - t), (j, t)) if w]
            for i, j, t in zip(*_between(n, m, align_corners), strict=True)
        ]
        for n, m in zip(image.shape, out_shape, strict=True)
    )
    return _steps(image, height, width)


def _nearest(n: int, out: int) -> np.ndarray:
    """Return which of ``n`` cells each of ``out`` cells repeats."""
    return np.arange(out) * n // out


def _between(n: int, out: int, align_corners: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each of ``out`` cells the two of ``n`` that it lies between, and the share of the second."""
    i = np.arange(out)
    # Places as whole numerators over one denominator, so that a place on a cell is exactly on it.
    if align_corners:
        place, unit = i * (n - 1), max(out - 1, 1)
    else:
        place, unit = (2 * i + 1) * n - out, 2 * out
    place = place.clip(0, (n - 1) * unit)
    low = place // unit
    return low, np.minimum(low + 1, n - 1), place % unit / unit


def _steps(x: np.ndarray, height: list[Weighted], width: list[Weighted]) -> Iterator[Step]:
    for i, rows in enumerate(height):
        for j, columns in enumerate(width):
            window, terms, value = [], [], 0.0
            for row, row_weight in rows:
                for column, column_weight in columns:
                    weight, cell = row_weight * column_weight, float(x[row, column])
                    window.append((0, row, column))
                    terms.append((cell, weight))
                    value += cell * weight
            yield Step((i, j), window, terms, value)


def _like(numbers: np.ndarray, x: Array) -> Array:
    """Return places as they are and shares in the type of ``x``, as a tensor beside it if it is one."""
    if not is_tensor(x):
        return numbers.astype(x.dtype) if numbers.dtype.kind == "f" else numbers
    tensor = namespace(x).from_numpy(numbers).to(x.device)
    return tensor.to(x.dtype) if tensor.is_floating_point() else tensor


def _check_map(x: Array, scale: Any, size: Any) -> tuple[np.ndarray, Pair]:
    image = to_doubles(x, "x")
    if image.ndim > 2:
        raise ValueError(
            f"x has shape {image.shape}; expected [H, W]: step through one map at a time, such as x[0]"
        )
    return image, _out_shape(image, scale, size)


def _out_shape(x: Array, scale: Any, size: Any) -> Pair:
    check_images(x, "x")
    if (scale is None) == (size is None):
        given = "neither scale nor size" if scale is None else f"scale {scale!r} and size {size!r}"
        raise ValueError(f"got {given}; expected one of them: pass scale=2, or size=(H, W) of the result")
    if size is not None:
        return pair(size, "size")
    parts = scale if isinstance(scale, (tuple, list)) else (scale,)
    if any(isinstance(part, float) for part in parts):
        raise TypeError(
            f"scale is {scale!r}; expected an int or a pair of ints (y, x): pass size=(H, W) of the result "
            f"for a scale that is not whole"
        )
    sy, sx = pair(scale, "scale")
    return x.shape[-2] * sy, x.shape[-1] * sx
