"""Scores of a whole data set, batch by batch, without keeping a prediction."""

from __future__ import annotations

import torch
from torch import Tensor

from . import confusion as scores_of
from .borders import boundary_counts, ratio, trimap_confusion
from .labels import at_least_one


class Scores:
    """Add up the counts of every batch; each score is computed from all counts so far when it is read.

    Parameters
    ----------
    num_classes
        K.
    ignore_index
        Pixels where the target has this value do not count; None counts all.
    band
        Width in pixels of the band in which :attr:`boundary_iou` and :attr:`trimap_accuracy` look.

    Attributes
    ----------
    confusion
        [K, K] int64: confusion matrix of all pixels, rows are the truth.
    trimap
        [K, K] int64: the same of the pixels within ``band`` of a true border.
    boundary_intersection, boundary_union
        [K] int64: see :func:`boundary_counts`.

    Examples
    --------
    >>> scores = Scores(num_classes=2, band=1)
    >>> scores.update(torch.tensor([[[0, 0, 1, 1]]]), torch.tensor([[[0, 1, 1, 1]]]))
    >>> scores.update(torch.tensor([[[0, 0, 0, 1]]]), torch.tensor([[[0, 0, 0, 1]]]))
    >>> scores
    Scores(2 classes, 8 pixels: mean IoU 0.775, pixel accuracy 0.875, boundary IoU 0.333 and trimap accuracy \
0.750 within 1 px)
    """

    def __init__(self, num_classes: int, ignore_index: int | None = 255, band: int = 2) -> None:
        """Start with no batch counted."""
        self.num_classes = at_least_one(num_classes, "num_classes")
        self.ignore_index = ignore_index
        self.band = at_least_one(band, "band")
        self.confusion = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        self.trimap = self.confusion.clone()
        self.boundary_intersection = torch.zeros(num_classes, dtype=torch.int64)
        self.boundary_union = self.boundary_intersection.clone()

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add a batch of masks, [..., H, W] class numbers on any device; one that is refused adds nothing.

        Raises
        ------
        TypeError, ValueError
            As :func:`confusion_matrix` and :func:`boundary_counts`.
        """
        pair, ignore = (prediction, target, self.num_classes), self.ignore_index
        trimap = trimap_confusion(*pair, self.band, ignore)
        intersection, union = boundary_counts(*pair, self.band, ignore)
        self.confusion += scores_of.confusion_matrix(*pair, ignore).cpu()
        self.trimap += trimap.cpu()
        self.boundary_intersection += intersection.cpu()
        self.boundary_union += union.cpu()

    @property
    def pixel_accuracy(self) -> Tensor:
        """Share of pixels that are right, a scalar."""
        return scores_of.pixel_accuracy(self.confusion)

    @property
    def class_accuracy(self) -> Tensor:
        """Share of each class's pixels that are found, [K]."""
        return scores_of.class_accuracy(self.confusion)

    @property
    def iou_per_class(self) -> Tensor:
        """IoU of each class, [K], NaN for one that occurs nowhere."""
        return scores_of.iou_per_class(self.confusion)

    @property
    def mean_iou(self) -> Tensor:
        """Mean IoU over the classes that occur, a scalar."""
        return scores_of.mean_iou(self.confusion)

    @property
    def frequency_weighted_iou(self) -> Tensor:
        """IoU weighted by each class's share of the true pixels, a scalar."""
        return scores_of.frequency_weighted_iou(self.confusion)

    @property
    def dice_per_class(self) -> Tensor:
        """Dice score of each class, [K]."""
        return scores_of.dice_per_class(self.confusion)

    @property
    def mean_dice(self) -> Tensor:
        """Mean Dice score over the classes that occur, a scalar."""
        return scores_of.mean_dice(self.confusion)

    @property
    def boundary_iou(self) -> Tensor:
        """Boundary IoU of each class, [K], NaN for one without a contour."""
        return ratio(self.boundary_intersection, self.boundary_union)

    @property
    def mean_boundary_iou(self) -> Tensor:
        """Mean boundary IoU over the classes that have a contour, a scalar."""
        return self.boundary_iou.nanmean()

    @property
    def trimap_accuracy(self) -> Tensor:
        """Share of right pixels within the band of a true border, a scalar."""
        return scores_of.pixel_accuracy(self.trimap)

    def __repr__(self) -> str:
        """Tell the main scores so far."""
        return (
            f"Scores({self.num_classes} classes, {int(self.confusion.sum()):,} pixels: "
            f"mean IoU {self.mean_iou:.3f}, pixel accuracy {self.pixel_accuracy:.3f}, "
            f"boundary IoU {self.mean_boundary_iou:.3f} and "
            f"trimap accuracy {self.trimap_accuracy:.3f} within {self.band} px)"
        )
