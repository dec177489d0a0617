"""Scores of class labels and label masks: the confusion matrix first, everything else from counts.

Counts of several batches add up, so that nothing but a few small tables is kept: see :class:`Scores`.
"""

from .borders import border_band, boundary_counts, boundary_iou, trimap_accuracy, trimap_confusion
from .confusion import (
    class_accuracy,
    confusion_matrix,
    dice_per_class,
    frequency_weighted_iou,
    iou_per_class,
    mean_class_accuracy,
    mean_dice,
    mean_iou,
    pixel_accuracy,
    precision_per_class,
)
from .streaming import Scores

__all__ = [
    "Scores",
    "border_band",
    "boundary_counts",
    "boundary_iou",
    "class_accuracy",
    "confusion_matrix",
    "dice_per_class",
    "frequency_weighted_iou",
    "iou_per_class",
    "mean_class_accuracy",
    "mean_dice",
    "mean_iou",
    "pixel_accuracy",
    "precision_per_class",
    "trimap_accuracy",
    "trimap_confusion",
]
