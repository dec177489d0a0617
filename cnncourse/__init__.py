"""Convolutional networks for classification and segmentation, built by hand.

Importing the package is cheap: each part is loaded when it is first used, so that
``import cnncourse`` pulls in neither torch nor matplotlib.

>>> import cnncourse
>>> cnncourse.ops.conv_output_size(7, kernel=3)
5
"""

from importlib import import_module

__version__ = "0.1.0"

_PARTS = ("checks", "comparison", "datasets", "metrics", "models", "ops", "training", "viz")

__all__ = ["check", *_PARTS]


def __getattr__(name):
    if name == "check":
        return import_module("cnncourse.checks").check
    if name in _PARTS:
        return import_module(f"cnncourse.{name}")
    raise AttributeError(f"module 'cnncourse' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return sorted([*globals(), *__all__])
