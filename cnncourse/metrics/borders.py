"""Scores close to class borders, where fine detail is won or lost and plain IoU hardly looks.

A pixel is *in the band* of a mask when a pixel of another class lies at most ``band`` pixels away, in rows
and in columns (a square window of 2·band + 1: diagonal neighbors are one pixel away). Only pixels that count
make borders: the edge of the image is none, nor is that of an ignored region: nobody knows what lies beyond.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .confusion import count_pairs, pixel_accuracy
from .labels import at_least_one, check_labels, counted_places, read_pair


def border_band(labels: Tensor, band: int = 2, ignore_index: int | None = 255) -> Tensor:
    """Return which pixels lie within ``band`` pixels of another class: the unknown strip of a trimap.

    Parameters
    ----------
    labels
        [..., H, W] class numbers.
    band
        Width in pixels, at least 1, on *each* side of a border.
    ignore_index
        Pixels of this value are in no band, and make no border; None where every value is a class.

    Returns
    -------
    Tensor
        Like ``labels``, bool.

    Raises
    ------
    TypeError, ValueError
        When ``labels`` holds no integers or has no height and width, or ``band`` is below 1.

    Examples
    --------
    >>> border_band(torch.tensor([[0, 0, 0, 0, 1, 1, 1, 255, 2]]), band=2).int()
    tensor([[0, 0, 1, 1, 1, 1, 1, 0, 1]], dtype=torch.int32)
    """
    check_labels(labels, "labels")
    return _near_border(labels, counted_places(labels, ignore_index), band)


def boundary_counts(
    prediction: Tensor, target: Tensor, num_classes: int, band: int = 2, ignore_index: int | None = 255
) -> tuple[Tensor, Tensor]:
    """Return intersection and union of the inner boundary regions of each class, in pixels.

    Parameters
    ----------
    prediction, target
        [..., H, W] class numbers.
    num_classes
        K.
    band
        Width of the region in pixels, at least 1.
    ignore_index
        Pixels where the *target* has this value do not count in either mask; None counts all.

    Returns
    -------
    intersection, union
        [K] int64. Counts of several batches add up; :func:`boundary_iou` is the one over the other.

    Raises
    ------
    TypeError, ValueError
        As :func:`confusion_matrix`; when there is no height and width, or ``band`` is below 1.

    Examples
    --------
    >>> truth, said = torch.tensor([[0, 0, 0, 1, 1, 1]]), torch.tensor([[0, 0, 1, 1, 1, 1]])
    >>> boundary_counts(said, truth, num_classes=2, band=2)
    (tensor([1, 1]), tensor([3, 3]))
    """
    prediction, target, counted = read_pair(prediction, target, num_classes, ignore_index)
    in_truth, in_prediction = (_near_border(labels, counted, band) for labels in (target, prediction))
    agreed = in_truth & in_prediction & (prediction == target)
    intersection, real, said = (
        torch.bincount(labels[where], minlength=num_classes)
        for labels, where in ((target, agreed), (target, in_truth), (prediction, in_prediction))
    )
    return intersection, real + said - intersection


def boundary_iou(
    prediction: Tensor, target: Tensor, num_classes: int, band: int = 2, ignore_index: int | None = 255
) -> Tensor:
    """Return the boundary IoU of each class: the IoU of those pixels of its masks that are near a contour.

    With the true pixels G of a class, its predicted pixels P, and G_d, P_d all pixels within d pixels of the
    contour of G and of P::

        |(G_d ∩ G) ∩ (P_d ∩ P)|  /  |(G_d ∩ G) ∪ (P_d ∩ P)|

    A large object with a ragged outline has a high IoU and a low boundary IoU. Pixels are summed over all
    images before dividing, as in the IoU of a data set.

    Parameters
    ----------
    prediction, target, num_classes, band, ignore_index
        As in :func:`boundary_counts`; ``band`` is d.

    Returns
    -------
    Tensor
        [K] float64; NaN for a class that has a contour in neither mask. So a class that fills all images in
        both is not scored at all: it has no boundary. The paper's own code also counts the edge of the image
        as a contour, which credits every prediction for the frame; here it is none.

    Source: Cheng et al. 2021, *Boundary IoU: improving object-centric image segmentation evaluation*.

    Examples
    --------
    >>> truth, said = torch.tensor([[0, 0, 0, 1, 1, 1]]), torch.tensor([[0, 0, 1, 1, 1, 1]])
    >>> boundary_iou(said, truth, num_classes=3, band=1)
    tensor([0., 0., nan], dtype=torch.float64)
    """
    intersection, union = boundary_counts(prediction, target, num_classes, band, ignore_index)
    return ratio(intersection, union)


def trimap_confusion(
    prediction: Tensor, target: Tensor, num_classes: int, band: int = 2, ignore_index: int | None = 255
) -> Tensor:
    """Return the confusion matrix of only the pixels within ``band`` pixels of a *true* class border.

    Arguments as in :func:`boundary_counts`. [K, K] int64, rows are the truth; every score of a confusion
    matrix can be taken of it.

    Examples
    --------
    >>> truth, said = torch.tensor([[0, 0, 0, 1, 1, 1]]), torch.tensor([[0, 0, 1, 1, 1, 0]])
    >>> trimap_confusion(said, truth, num_classes=2, band=2)  # the last pixel is too far from the border
    tensor([[1, 1],
            [0, 2]])
    """
    prediction, target, counted = read_pair(prediction, target, num_classes, ignore_index)
    return count_pairs(prediction, target, _near_border(target, counted, band), num_classes)


def trimap_accuracy(
    prediction: Tensor, target: Tensor, num_classes: int, band: int = 2, ignore_index: int | None = 255
) -> Tensor:
    """Return the share of right pixels among those within ``band`` pixels of a true border, a scalar.

    Arguments as in :func:`boundary_counts`; NaN where the truth has no border.

    Source: Kohli, Ladický & Torr 2009, *Robust higher order potentials for enforcing label consistency*, who
    count the wrong pixels in such bands of several widths.

    Examples
    --------
    >>> truth, said = torch.tensor([[0, 0, 0, 1, 1, 1]]), torch.tensor([[0, 0, 1, 1, 1, 0]])
    >>> float(trimap_accuracy(said, truth, num_classes=2, band=2))
    0.75
    """
    return pixel_accuracy(trimap_confusion(prediction, target, num_classes, band, ignore_index))


def ratio(part: Tensor, whole: Tensor) -> Tensor:
    """Return part / whole in double precision on the CPU, NaN for 0 / 0."""
    return part.cpu().double() / whole.cpu().double()


def _near_border(labels: Tensor, counted: Tensor, band: int) -> Tensor:
    """Return which counted pixels have a counted pixel of another class within ``band``."""
    reach = at_least_one(band, "band")
    if labels.ndim < 2 or 0 in labels.shape[-2:]:
        raise ValueError(
            f"got labels of shape {tuple(labels.shape)}; expected [..., H, W]: "
            f"a border needs a height and a width"
        )
    # A window with two classes has different extremes, whichever classes they are: no loop over classes.
    classes = labels.reshape(-1, *labels.shape[-2:]).float()
    extremes = torch.stack([classes, -classes], 1)
    extremes.masked_fill_(~counted.reshape(-1, 1, *labels.shape[-2:]), -torch.inf)
    extremes = F.max_pool2d(extremes, (2 * reach + 1, 1), stride=1, padding=(reach, 0))
    extremes = F.max_pool2d(extremes, (1, 2 * reach + 1), stride=1, padding=(0, reach))
    highest, lowest = extremes[:, 0], -extremes[:, 1]
    return (highest != lowest).reshape(labels.shape) & counted
