"""Random label masks with regions, absent classes and ignored places."""

import numpy as np
import torch


def random_masks(seed, num_classes=6, shape=(3, 23, 17), ignored=0.15, ignore_index=255):
    """Return int64 (prediction, target): class 2 never predicted, class 3 never true, the last in neither."""
    rng = np.random.default_rng(seed)
    n, height, width = shape
    blocks = rng.integers(0, num_classes - 1, (n, height // 4 + 1, width // 3 + 1))
    target = blocks.repeat(4, 1).repeat(3, 2)[:, :height, :width].copy()
    prediction = np.roll(target, rng.integers(-2, 3, 2), (1, 2))
    noise = rng.random(shape) < 0.1
    prediction[noise] = rng.integers(0, num_classes - 1, noise.sum())
    target[target == 3] = 0
    prediction[prediction == 2] = 1
    target[rng.random(shape) < ignored] = ignore_index
    return torch.from_numpy(prediction), torch.from_numpy(target)
