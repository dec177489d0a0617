"""The exercises of lesson 03: softmax, cross-entropy, a first network, one training step, accuracy."""

from . import accuracy, cross_entropy, network, softmax, training_step

EXERCISES = (
    softmax.EXERCISE,
    cross_entropy.EXERCISE,
    network.EXERCISE,
    training_step.EXERCISE,
    accuracy.EXERCISE,
)
