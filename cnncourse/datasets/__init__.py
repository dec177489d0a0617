"""Pictures and data sets to learn on: generated, real ones that come with the packages, and public ones.

Names are loaded when they are first used, so that ``import cnncourse.datasets`` brings in no reader.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .augmentation import flip_pair
    from .borders import border_weight_map
    from .dataset import Dataset, Sample
    from .elastic import ElasticDeformation
    from .geometric import shapes
    from .handwriting import digits
    from .instances import instance_boxes, instance_classes
    from .membranes import isbi2012
    from .microscopy import cells
    from .nuclei import dsb2018
    from .pets import oxford_pets
    from .photographs import PHOTOGRAPHS, photograph
    from .road import road_scenes
    from .streets import camvid
    from .torchvision_sets import cifar10, fashion_mnist, mnist

# A file is not named like a function in it: importing `datasets.digits` as a module would hide the function.
_HOMES = {
    "Dataset": "dataset",
    "ElasticDeformation": "elastic",
    "PHOTOGRAPHS": "photographs",
    "Sample": "dataset",
    "border_weight_map": "borders",
    "camvid": "streets",
    "cells": "microscopy",
    "cifar10": "torchvision_sets",
    "digits": "handwriting",
    "dsb2018": "nuclei",
    "fashion_mnist": "torchvision_sets",
    "flip_pair": "augmentation",
    "instance_boxes": "instances",
    "instance_classes": "instances",
    "isbi2012": "membranes",
    "mnist": "torchvision_sets",
    "oxford_pets": "pets",
    "photograph": "photographs",
    "road_scenes": "road",
    "shapes": "geometric",
}

__all__ = [
    "PHOTOGRAPHS",
    "Dataset",
    "ElasticDeformation",
    "Sample",
    "border_weight_map",
    "camvid",
    "cells",
    "cifar10",
    "digits",
    "dsb2018",
    "fashion_mnist",
    "flip_pair",
    "instance_boxes",
    "instance_classes",
    "isbi2012",
    "mnist",
    "oxford_pets",
    "photograph",
    "road_scenes",
    "shapes",
]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(
        f"module 'cnncourse.datasets' has no attribute {name!r}; it has {', '.join(__all__)}"
    )


def __dir__():
    return sorted([*globals(), *__all__])
