"""Each operation from scratch, twice: a loop that yields its steps, and a vectorized form.

The vectorized forms take NumPy arrays and torch tensors alike, and keep the gradients of a tensor.
"""

from .activation import relu
from .classification import cross_entropy, pixel_cross_entropy, softmax
from .convolution import conv2d, conv2d_channels, conv2d_steps
from .dropout import dropout
from .matrix import conv_matrix, conv_transpose_matrix
from .pooling import avg_pool2d, avg_pool2d_steps, max_pool2d, max_pool2d_steps
from .receptive_field import receptive_field, receptive_fields
from .sizes import conv_output_size, pair
from .steps import Stamp, Step
from .transposed import conv_transpose2d, conv_transpose2d_steps
from .unpooling import max_unpool2d, max_unpool2d_steps
from .upsampling import (
    upsample_bilinear,
    upsample_bilinear_steps,
    upsample_nearest,
    upsample_nearest_steps,
)

__all__ = [
    "Stamp",
    "Step",
    "avg_pool2d",
    "avg_pool2d_steps",
    "conv2d",
    "conv2d_channels",
    "conv2d_steps",
    "conv_matrix",
    "conv_output_size",
    "conv_transpose2d",
    "conv_transpose2d_steps",
    "conv_transpose_matrix",
    "cross_entropy",
    "dropout",
    "max_pool2d",
    "max_pool2d_steps",
    "max_unpool2d",
    "max_unpool2d_steps",
    "pair",
    "pixel_cross_entropy",
    "receptive_field",
    "receptive_fields",
    "relu",
    "softmax",
    "upsample_bilinear",
    "upsample_bilinear_steps",
    "upsample_nearest",
    "upsample_nearest_steps",
]
