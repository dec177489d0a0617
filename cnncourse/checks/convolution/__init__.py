"""The exercises of lesson 01: output size, convolution, an edge kernel, channels."""

from . import channels, conv2d, edge_kernel, output_size

EXERCISES = (output_size.EXERCISE, conv2d.EXERCISE, edge_kernel.EXERCISE, channels.EXERCISE)
