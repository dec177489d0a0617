"""What a trained model gets right: loss and confusion matrix over a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..datasets.dataset import Dataset
from ..metrics import confusion_matrix, iou_per_class, mean_iou, pixel_accuracy
from ..models.modes import evaluating
from .hardware import Hardware

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The mean loss of a model on a data set, and what it took for what.

    ``confusion[t, p]`` counts the images (in segmentation: pixels) of class t that were taken for p.
    """

    loss: float
    confusion: Tensor  # int64 [K, K]

    @property
    def accuracy(self) -> float:
        """The share of images, or of pixels that count, whose class is right; 0..1."""
        return float(pixel_accuracy(self.confusion))

    @property
    def iou_per_class(self) -> Tensor:
        """Intersection over union of each class, NaN for one that occurs nowhere."""
        return iou_per_class(self.confusion)

    @property
    def mean_iou(self) -> float:
        """The mean intersection over union of the classes that occur; 0..1."""
        return float(mean_iou(self.confusion))

    def __repr__(self) -> str:
        """Return loss and accuracy."""
        return f"Evaluation(loss={self.loss:.4f}, accuracy={self.accuracy:.4f})"


@dataclass(frozen=True, eq=False)
class CrossEntropy:
    """The mean cross-entropy over the targets that count, each as heavy as its class."""

    ignore_index: int | None = None
    class_weights: Tensor | None = None

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean of a batch."""
        ignored = -100 if self.ignore_index is None else self.ignore_index  # torch's own "none"
        return F.cross_entropy(logits, targets, weight=self.class_weights, ignore_index=ignored)

    def total_weight(self, targets: Tensor) -> float:
        """Return what the mean of a batch was divided by."""
        counted = targets if self.ignore_index is None else targets[targets != self.ignore_index]
        return counted.numel() if self.class_weights is None else float(self.class_weights[counted].sum())


def cross_entropy_for(data: Dataset, class_weights: Tensor | None = None) -> CrossEntropy:
    """Return the default loss for a data set, on its device."""
    on_device = None if class_weights is None else class_weights.to(data.images.device, torch.float32)
    return CrossEntropy(data.ignore_index, on_device)


@torch.no_grad()
def evaluate(
    model: nn.Module,
    data: Dataset,
    *,
    batch_size: int = 250,
    loss: Loss | None = None,
    hardware: Hardware | None = None,
) -> Evaluation:
    """Return loss and confusion matrix of a model on a data set, in eval mode; the mode is put back.

    Parameters
    ----------
    model : nn.Module
        Images [B, C, H, W] to logits [B, K], or [B, K, H, W] for masks.
    data : Dataset
        With K classes.
    batch_size : int
        Changes the memory needed, not the result.
    loss : callable, optional
        ``loss(logits, targets)``, a mean; cross-entropy by default.
    hardware : Hardware, optional
        By default where the model lies, in float32.

    Raises
    ------
    ValueError
        When the model does not return one logit for each class, at each pixel if the data has masks.

    Examples
    --------
    >>> from cnncourse import datasets
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> evaluate(model, datasets.digits("test", size=8)).confusion.shape
    torch.Size([10, 10])
    """
    hardware = hardware or where(model)
    loss = loss or cross_entropy_for(data)
    confusion = torch.zeros(data.num_classes, data.num_classes, dtype=torch.int64, device=hardware.device)
    weigh = (
        loss.total_weight if isinstance(loss, CrossEntropy) else CrossEntropy(data.ignore_index).total_weight
    )
    total = weights = 0.0
    for logits, targets in _forward(model, data, batch_size, hardware):
        weight = weigh(targets)
        if weight:  # where nothing counts, there is no mean
            total, weights = total + weight * float(loss(logits, targets)), weights + weight
        confusion += confusion_matrix(logits.argmax(1), targets, data.num_classes, data.ignore_index)
    return Evaluation(total / weights if weights else float("nan"), confusion.cpu())


@torch.no_grad()
def predict(
    model: nn.Module, data: Dataset, *, batch_size: int = 250, hardware: Hardware | None = None
) -> Tensor:
    """Return the logits of a model for every sample of a data set, in order: float32 [N, K] or [N, K, H, W].

    Arguments and errors as for `evaluate`.
    """
    hardware = hardware or where(model)
    return torch.cat([logits.cpu() for logits, _ in _forward(model, data, batch_size, hardware)])


def where(model: nn.Module) -> Hardware:
    """Return the hardware a model lies on, as it lies there."""
    parameter = next(model.parameters(), torch.empty(0))
    return Hardware(parameter.device)


def _forward(
    model: nn.Module, data: Dataset, batch_size: int, hardware: Hardware
) -> Iterator[tuple[Tensor, Tensor]]:
    with evaluating(model):
        for images, targets in data.batches(batch_size):
            with hardware.precision():
                logits = model(hardware.put(images))
            check_logits(logits, targets, data)
            yield logits.float(), targets.to(hardware.device)


def check_logits(logits: Tensor, targets: Tensor, data: Dataset) -> None:
    """Refuse what a loss would refuse with a message about dimensions, or would average over wrongly."""
    expected = [len(targets), data.num_classes, *targets.shape[1:]]
    if list(logits.shape) != expected:
        kind = "a mask" if data.has_masks else "one class"
        raise ValueError(
            f"the model returned {list(logits.shape)}, expected logits {expected}: a batch of "
            f"{len(targets)}, {data.num_classes} classes, {kind} for each image of {data.name}"
        )
