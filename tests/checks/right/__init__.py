"""Right answers in many styles, lesson by lesson; those without torch are in `right_answers`."""

from tests.checks.right import (  # noqa: F401  they fill the bank
    classification,
    fcn,
    generalization,
    inside,
    upsampling,
)
from tests.checks.right_answers import RIGHT

__all__ = ["RIGHT"]
