"""Mistakes written as learners write them, unlike the versions in `wrong=`."""

from tests.checks.wrong import (  # noqa: F401  they fill it
    channels,
    class_weights,
    classification,
    conv2d,
    cropping,
    edge_kernel,
    fcn,
    generalization,
    inside,
    output_size,
    segnet_decoder,
    segnet_encoder,
    small,
    training,
    unet_borders,
    unet_sizes,
    unet_upward,
    upsampling,
    windows,
)
from tests.checks.wrong.bank import WRONG

__all__ = ["WRONG"]
