"""The exercises of lesson 07: nearest, bilinear, transposed convolution, max-unpooling, and a design."""

from . import bilinear, doubling, nearest, transposed, unpooling

EXERCISES = (
    nearest.EXERCISE,
    bilinear.EXERCISE,
    transposed.EXERCISE,
    doubling.EXERCISE,
    unpooling.EXERCISE,
)
