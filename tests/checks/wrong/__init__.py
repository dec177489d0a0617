"""Mistakes written as learners write them, unlike the versions in `wrong=`."""

from tests.checks.wrong import (  # noqa: F401  they fill it
    channels,
    classification,
    conv2d,
    edge_kernel,
    fcn,
    generalization,
    inside,
    output_size,
    small,
    training,
    upsampling,
    windows,
)
from tests.checks.wrong.bank import WRONG

__all__ = ["WRONG"]
