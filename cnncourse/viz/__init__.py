"""Pictures: collect plain data first, then draw it as a figure or as a page that steps.

Names are loaded when they are first used, so that ``import cnncourse.viz`` brings in no drawing library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import style
    from .figures import images, matrices
    from .steppers import step_conv, step_pool

_HOMES = {"images": "figures", "matrices": "figures", "step_conv": "steppers", "step_pool": "steppers"}

__all__ = ["images", "matrices", "step_conv", "step_pool", "style"]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    if name == "style":
        return import_module(".style", __name__)
    raise AttributeError(f"module 'cnncourse.viz' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return sorted([*globals(), *__all__])
