"""Right border weight maps: loops, SciPy, scikit-learn, torch, other names."""

import math

import numpy as np
import torch
from scipy import ndimage
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from tests.checks.right_answers import answers


@answers("border_weight_map")
def weights_by_loops(instances, w0=10, sigma=5):
    height, width = instances.shape
    cells = {}
    for y in range(height):
        for x in range(width):
            if instances[y, x] != 0:
                cells.setdefault(instances[y, x], []).append((y, x))
    result = np.zeros((height, width))
    if len(cells) < 2:
        return result
    for y in range(height):
        for x in range(width):
            if instances[y, x] == 0:
                nearest = [
                    min(math.sqrt((y - a) ** 2 + (x - b) ** 2) for a, b in cell) for cell in cells.values()
                ]
                d1 = min(nearest)
                nearest.remove(d1)
                result[y, x] = w0 * math.exp(-((d1 + min(nearest)) ** 2) / (2 * sigma**2))
    return result


@answers("border_weight_map")
def weights_by_distance_transforms(instances, w0=10, sigma=5):
    ids = np.unique(instances)
    ids = ids[ids > 0]
    if len(ids) < 2:
        return np.zeros(instances.shape)
    maps = np.sort([ndimage.distance_transform_edt(instances != k) for k in ids], axis=0)
    return w0 * np.exp(-((maps[0] + maps[1]) ** 2) / (2 * sigma**2)) * (instances == 0)


@answers("border_weight_map")
def weights_of_every_number_up_to_the_largest(labels, w0=10.0, sigma=5.0):
    d1 = np.full(labels.shape, np.inf)
    d2 = d1.copy()
    for k in range(1, labels.max() + 1):
        if (labels == k).any():
            d = ndimage.distance_transform_edt(labels != k)
            closer = d < d1
            d2 = np.where(closer, d1, np.minimum(d2, d))
            d1 = np.where(closer, d, d1)
    weights = np.zeros(labels.shape, np.float32)
    background = labels == 0
    weights[background] = w0 * np.exp(-np.square((d1 + d2)[background] / sigma) / 2)
    return weights


@answers("border_weight_map")
def weights_by_trees(instances, *, w0=10, sigma=5):
    out = np.zeros_like(instances, dtype=float)
    background = np.argwhere(instances == 0)
    numbers = set(instances.flatten()) - {0}
    if len(numbers) < 2 or len(background) == 0:
        return out
    distances = np.stack([KDTree(np.argwhere(instances == k)).query(background)[0] for k in numbers], 1)
    distances.partition(1, axis=1)
    out[tuple(background.T)] = w0 * np.exp(-(distances[:, :2].sum(1) ** 2) / 2 / sigma**2)
    return out


@answers("border_weight_map")
def weights_by_all_pairs(instances, w, s):
    grid = np.argwhere(np.ones(instances.shape))
    columns = [cdist(grid, np.argwhere(instances == k)).min(1) for k in np.unique(instances) if k]
    if len(columns) <= 1:
        return 0.0 * instances
    d1, d2 = np.sort(np.array(columns), axis=0)[:2]
    z = (d1 + d2) / (math.sqrt(2) * s)
    out = (w * np.exp(-z * z)).reshape(instances.shape)
    out[instances.nonzero()] = 0
    return out


weights_by_all_pairs.__defaults__ = (10, 5)


@answers("border_weight_map")
def weights_by_torch(instances, w0=10, sigma=5):
    labels = torch.from_numpy(instances)
    y, x = torch.meshgrid(*[torch.arange(n) for n in labels.shape], indexing="ij")
    maps = [
        torch.stack([(y - a).square() + (x - b).square() for a, b in (labels == k).nonzero()]).amin(0)
        for k in labels.unique()
        if k > 0
    ]
    if len(maps) < 2:
        return torch.zeros(labels.shape).numpy()
    d1, d2 = torch.stack(maps).float().sqrt().topk(2, dim=0, largest=False).values
    weights = w0 * torch.exp(-((d1 + d2) ** 2) / (2 * sigma**2))
    return weights.masked_fill(labels > 0, 0).numpy()


@answers("border_weight_map")
def weights_without_asking_how_many(instances, w0=10, sigma=5):
    """Two cells at infinity stand in for those that lack."""
    far = np.full((2, *instances.shape), np.inf)
    maps = [ndimage.distance_transform_edt(~(instances == k)) for k in np.unique(instances[instances > 0])]
    d1, d2 = np.partition(np.concatenate([far, *[m[None] for m in maps]]), [0, 1], axis=0)[:2]
    return np.where(instances, 0, w0 * np.exp(-0.5 * ((d1 + d2) / sigma) ** 2))


@answers("border_weight_map")
def weights_by_growing_rings(instances, w0=10, sigma=5):
    """Each background pixel looks outward: sorted squared radii, until two numbers have been met."""
    offsets = sorted(
        ((dy * dy + dx * dx), dy, dx) for dy in range(-12, 13) for dx in range(-12, 13) if (dy, dx) != (0, 0)
    )
    out = np.zeros(instances.shape)
    if len(set(instances.ravel().tolist()) - {0}) < 2:
        return out
    for y, x in np.argwhere(instances == 0):
        met = {}
        for squared, dy, dx in offsets:
            r, c = y + dy, x + dx
            if 0 <= r < instances.shape[0] and 0 <= c < instances.shape[1] and instances[r, c]:
                met.setdefault(int(instances[r, c]), math.sqrt(squared))
                if len(met) == 2:
                    break
        out[y, x] = w0 * math.exp(-(sum(met.values()) ** 2) / (2 * sigma * sigma))
    return out
