"""The exercises of lesson 04: dropout, the L2 penalty, early stopping, a flip of image and mask."""

from . import dropout, early_stopping, flip_pair, l2_penalty

EXERCISES = (
    dropout.EXERCISE,
    l2_penalty.EXERCISE,
    early_stopping.EXERCISE,
    flip_pair.EXERCISE,
)
