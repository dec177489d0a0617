"""The exercises of lesson 07: nearest, bilinear, transposed convolution, and max-unpooling."""

from . import bilinear, nearest, transposed, unpooling

EXERCISES = (nearest.EXERCISE, bilinear.EXERCISE, transposed.EXERCISE, unpooling.EXERCISE)
