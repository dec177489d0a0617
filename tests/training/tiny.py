"""Small data sets and models to train in milliseconds."""

import torch
from torch import nn

from cnncourse.datasets import Dataset


def classes_data(count=21, size=(5, 7), channels=1, classes=3, seed=0, name="tiny"):
    """Return noise with class numbers: a mean brightness that grows with the class, so it can be learned."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(classes, (count,), generator=generator)
    noise = torch.randint(0, 60, (count, channels, *size), generator=generator)
    images = (noise + 60 * targets[:, None, None, None]).to(torch.uint8)
    return Dataset(images, targets, classes=tuple("abcdefgh"[:classes]), name=name)


def masks_data(count=5, size=(6, 9), classes=3, ignore_index=255, seed=0):
    """Return images whose brightness tells the class of each pixel, a tenth of them ignored."""
    generator = torch.Generator().manual_seed(seed)
    masks = torch.randint(classes, (count, *size), generator=generator)
    noise = torch.randint(0, 40, (count, 3, *size), generator=generator)
    images = (noise + 60 * masks[:, None]).to(torch.uint8)
    if ignore_index is not None:
        masks[torch.rand(masks.shape, generator=generator) < 0.1] = ignore_index
    return Dataset(images, masks, tuple("abcdefgh"[:classes]), ignore_index=ignore_index, name="tiny masks")


def classifier(channels=1, size=(5, 7), classes=3, seed=0, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(4 * ((size[0] - 2) // 2) * ((size[1] - 2) // 2), classes),
    )


def segmenter(classes=3, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, classes, 1)
    )


def copy_of(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    """Whether two state dicts hold the same numbers, to the last bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
