"""The exercises of lesson 06: from a linear layer to a convolution, the loss per pixel, confusion and IoU."""

from . import confusion, conversion, iou, pixel_loss

EXERCISES = (conversion.EXERCISE, pixel_loss.EXERCISE, confusion.EXERCISE, iou.EXERCISE)
