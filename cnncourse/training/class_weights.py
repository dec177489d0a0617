"""How much each class should count in a loss, when some fill the picture and others a few pixels."""

from __future__ import annotations

import torch
from torch import Tensor


def median_frequency_weights(masks: Tensor, num_classes: int, ignore_index: int | None = 255) -> Tensor:
    """Return median frequency / frequency for each class: rare classes weigh more than 1, common ones less.

    The frequency of a class is its share of the pixels of *the images that contain it*, so that a class that
    fills the few images it appears in is not taken for a small one.

    Parameters
    ----------
    masks : Tensor
        The class of each pixel, [N, H, W].
    num_classes : int
        K.
    ignore_index : int, optional
        Pixels of this value count nowhere, nor in the size of an image.

    Returns
    -------
    Tensor
        float32 [K], 0 for a class that occurs nowhere. The median is taken over the classes that occur; of an
        even number of them it is the mean of the middle two.

    Raises
    ------
    ValueError
        When a mask holds another value, or nothing counts.

    Source: Eigen & Fergus 2015, *Predicting depth, surface normals and semantic labels with a common
    multi-scale convolutional architecture*; Badrinarayanan et al. 2017, *SegNet*, section 3.2.

    Examples
    --------
    >>> masks = torch.tensor([[[0, 0, 0, 1]], [[0, 0, 0, 0]]])
    >>> median_frequency_weights(masks, 3)    # frequencies 7 / 8 and 1 / 4, their median 9 / 16
    tensor([0.6429, 2.2500, 0.0000])
    """
    flat = masks.flatten(1).long()
    counted = torch.ones_like(flat, dtype=torch.bool) if ignore_index is None else flat != ignore_index
    wrong = counted & ((flat < 0) | (flat >= num_classes))
    if wrong.any():
        ignored = "" if ignore_index is None else f" or {ignore_index} (ignored)"
        raise ValueError(
            f"masks hold {int(flat[wrong][0])}; expected classes 0 to {num_classes - 1}{ignored}: check "
            f"num_classes and ignore_index"
        )
    if not counted.any():
        raise ValueError("no pixel counts; expected masks with at least one class")
    # [N, K] pixels of each class in each image
    per_image = torch.stack([(counted & (flat == k)).sum(1) for k in range(num_classes)], dim=1).double()
    of_images_with_it = ((per_image > 0) * counted.sum(1, keepdim=True)).sum(0)
    occurs = per_image.sum(0) > 0
    frequency = per_image.sum(0)[occurs] / of_images_with_it[occurs]
    weights = torch.zeros(num_classes, device=masks.device)
    weights[occurs] = (frequency.quantile(0.5) / frequency).float()
    return weights
