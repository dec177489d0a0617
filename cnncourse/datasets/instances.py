"""From a mask in which each object has its own number to boxes and classes."""

from __future__ import annotations

import torch
from torch import Tensor


def instance_boxes(instances: Tensor) -> Tensor:
    """Return the smallest box around each object.

    Parameters
    ----------
    instances : Tensor
        Whole numbers [H, W]: 0 where there is no object, k in object k.

    Returns
    -------
    Tensor
        float32 [K, 4] with x1, y1, x2, y2 for the objects that occur, in the order of their numbers. They
        are pixel edges: x2 - x1 is the width, so the box of the single pixel (0, 0) is 0, 0, 1, 1.

    Raises
    ------
    ValueError
        When the mask has another number of dimensions.

    Examples
    --------
    >>> instance_boxes(torch.tensor([[0, 1, 1], [0, 1, 0], [3, 0, 0]]))
    tensor([[1., 0., 3., 2.],
            [0., 2., 1., 3.]])
    """
    boxes = []
    for number in _numbers(instances):
        y, x = torch.nonzero(instances == number, as_tuple=True)
        boxes.append([x.min(), y.min(), x.max() + 1, y.max() + 1])
    return torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)


def instance_classes(instances: Tensor, mask: Tensor) -> Tensor:
    """Return the class of each object, int64 [K]: what the mask of classes holds where the object is.

    Parameters
    ----------
    instances : Tensor
        Whole numbers [H, W]: 0 where there is no object, k in object k.
    mask : Tensor
        The class of each pixel, [H, W].

    Raises
    ------
    ValueError
        When the shapes differ, or an object has pixels of two classes.

    Examples
    --------
    >>> instance_classes(torch.tensor([[0, 1, 1], [2, 2, 0]]), torch.tensor([[0, 4, 4], [3, 3, 0]]))
    tensor([4, 3])
    """
    if instances.shape != mask.shape:
        raise ValueError(
            f"instances are {list(instances.shape)}, the mask is {list(mask.shape)}; "
            "expected both [H, W] of one picture"
        )
    classes = []
    for number in _numbers(instances):
        found = torch.unique(mask[instances == number]).tolist()
        if len(found) > 1:
            raise ValueError(
                f"object {number} has pixels of the classes {found}; expected one class per object"
            )
        classes += found
    return torch.tensor(classes, dtype=torch.int64)


def _numbers(instances: Tensor) -> list[int]:
    if instances.ndim != 2:
        raise ValueError(f"expected the instances of one picture [H, W], got {list(instances.shape)}")
    return [number for number in torch.unique(instances).tolist() if number != 0]
