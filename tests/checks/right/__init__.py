"""Right answers in many styles, lesson by lesson; those without torch are in `right_answers`."""

from tests.checks.right import (  # noqa: F401  they fill the bank
    class_weights,
    classification,
    cropping,
    fcn,
    generalization,
    inside,
    segnet_stages,
    unet_borders,
    unet_sizes,
    unet_upward,
    upsampling,
)
from tests.checks.right_answers import RIGHT

__all__ = ["RIGHT"]
