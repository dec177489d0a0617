"""Which pixels of the background keep two cells apart, and what a mistake there should cost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import ndimage

from ..ops.arrays import Array, as_real, check_images, is_tensor

_NEGLIGIBLE = 1e-8  # of w0: below it a weight is 0, so that each cell is measured in its own corner only


def border_weight_map(instances: Array, w0: float = 10, sigma: float = 5) -> Array:
    """Return how much more a pixel of the background should count the closer it is to two cells.

    The second term of the paper's equation 2::

        w0 · exp(−(d1 + d2)² / (2 sigma²))

    with d1 and d2 the Euclidean distances, in pixels, to the nearest pixel of the nearest and of the
    second-nearest cell. In a gap of one pixel between two cells d1 = d2 = 1: with sigma 5 a pixel there
    weighs 0.92 · w0. The loss at each pixel is multiplied by 1 plus this, or, as in the paper, by a weight of
    its class plus this.

    Parameters
    ----------
    instances : array or Tensor
        Whole numbers [H, W]: 0 in the background, k in cell k. The numbers may have gaps; pixels of one
        number are one cell, also where they do not touch, and cells that touch are two.
    w0 : float
        The weight where both distances would be 0, at least 0.
    sigma : float
        How far the weight reaches, in pixels: it is below 1 % of w0 where d1 + d2 is above 3.04 sigma.

    Returns
    -------
    array or Tensor
        [H, W], float64 for an array, torch's default type for a tensor. 0 inside cells, and everywhere when
        there are fewer than two. Weights below 1e-8 · w0 are 0.

    Raises
    ------
    TypeError
        When ``instances`` holds no whole numbers.
    ValueError
        When it is no [H, W] or holds a negative number, or for a ``w0`` below 0, a ``sigma`` of 0 or less.

    Source: Ronneberger, Fischer & Brox 2015, *U-Net*, section 3, equation 2, with w0 = 10 and sigma ≈ 5.

    Examples
    --------
    >>> border_weight_map(np.array([[1, 1, 0, 2, 0, 0, 0, 0]])).round(2)
    array([[0.  , 0.  , 9.23, 0.  , 7.26, 4.87, 2.78, 1.35]])
    """
    for name, value, enough in (("w0", w0, w0 >= 0), ("sigma", sigma, sigma > 0)):
        if not (enough and math.isfinite(value)):
            raise ValueError(
                f"{name} is {value}; expected a number {'above 0' if name == 'sigma' else '≥ 0'}"
            )
    cells = _numbered_from_one(instances)
    nearest, second = np.full((2, *cells.shape), np.inf)
    reach = math.ceil(sigma * math.sqrt(-2 * math.log(_NEGLIGIBLE)))
    for cell, (rows, columns) in enumerate(ndimage.find_objects(cells), start=1):
        around = tuple(slice(max(0, s.start - reach), s.stop + reach) for s in (rows, columns))
        distance = ndimage.distance_transform_edt(cells[around] != cell)
        second[around] = np.minimum(second[around], np.maximum(nearest[around], distance))
        nearest[around] = np.minimum(nearest[around], distance)
    weights = w0 * np.exp(-((nearest + second) ** 2) / (2 * sigma**2))
    weights[cells > 0] = 0
    return _like(instances, weights)


def _numbered_from_one(instances: Any) -> np.ndarray:
    """Return a NumPy array [H, W] with the cells numbered 1, 2, … without gaps."""
    instances = as_real(instances, "instances")
    numbers = instances.detach().cpu().numpy() if is_tensor(instances) else instances
    if numbers.dtype.kind not in "iu":
        raise TypeError(
            f"instances hold {numbers.dtype}; expected whole numbers, 0 in the background and k in cell k: "
            "a mask that does not tell cells apart can be numbered by scipy.ndimage.label(mask)[0]"
        )
    check_images(numbers, "instances", "[H, W]")
    if numbers.ndim != 2:
        raise ValueError(
            f"instances have shape {numbers.shape}; expected [H, W], one picture: call it for each picture"
        )
    found, cells = np.unique(numbers, return_inverse=True)
    if found[0] < 0:
        raise ValueError(
            f"instances hold {found[0]}; expected 0 in the background and k > 0 in cell k: set it to 0 there"
        )
    return cells.reshape(numbers.shape) + int(found[0] > 0)


def _like(instances: Any, weights: np.ndarray) -> Array:
    if not is_tensor(instances):
        return weights
    import torch

    return torch.from_numpy(weights).to(instances.device, torch.get_default_dtype())
