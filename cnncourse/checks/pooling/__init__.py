"""The exercises of lesson 02: ReLU, pooling, the receptive field, and a stack designed for it."""

from . import design, receptive_field, relu, windows

EXERCISES = (
    relu.EXERCISE,
    windows.MAX_POOL2D,
    windows.AVG_POOL2D,
    receptive_field.EXERCISE,
    design.EXERCISE,
)
