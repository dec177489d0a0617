"""Pictures: collect plain data first, then draw it as a figure or as a page that steps.

Names are loaded when they are first used, so that ``import cnncourse.viz`` brings in no drawing library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import style
    from .architectures import architecture
    from .confusions import confusion
    from .curves import live_curves
    from .fields.pictures import receptive_field
    from .figures import images, matrices
    from .grad_cams import grad_cam, grad_cam_map
    from .histories import learning_curves
    from .kernels import filters
    from .map_browser import feature_maps
    from .score_tables import score_table
    from .segmentations import segmentation
    from .shapes import explain_shapes
    from .spreads import scores
    from .steppers import step_conv, step_conv_transpose, step_pool, step_unpool

_HOMES = {
    "architecture": "architectures",
    "explain_shapes": "shapes",
    "confusion": "confusions",
    "feature_maps": "map_browser",
    "filters": "kernels",
    "grad_cam": "grad_cams",
    "grad_cam_map": "grad_cams",
    "learning_curves": "histories",
    "live_curves": "curves",
    "receptive_field": "fields.pictures",
    "score_table": "score_tables",
    "scores": "spreads",
    "segmentation": "segmentations",
    "images": "figures",
    "matrices": "figures",
    "step_conv": "steppers",
    "step_conv_transpose": "steppers",
    "step_pool": "steppers",
    "step_unpool": "steppers",
}

__all__ = [
    "architecture",
    "confusion",
    "explain_shapes",
    "feature_maps",
    "filters",
    "grad_cam",
    "grad_cam_map",
    "images",
    "learning_curves",
    "live_curves",
    "matrices",
    "receptive_field",
    "score_table",
    "scores",
    "segmentation",
    "step_conv",
    "step_conv_transpose",
    "step_pool",
    "step_unpool",
    "style",
]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    if name == "style":
        return import_module(".style", __name__)
    raise AttributeError(f"module 'cnncourse.viz' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return sorted([*globals(), *__all__])
