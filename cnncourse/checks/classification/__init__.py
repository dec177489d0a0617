"""The exercises of lesson 03: softmax, cross-entropy, a first network, one training step, accuracy.

Each file is loaded by itself: the training step has optimizers in its probes, and the first optimizer that is
made brings in a part of torch that takes more than a second to load.
"""
