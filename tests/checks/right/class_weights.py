"""Right weights of median frequency: loops, one-hot tables, NumPy, pandas-like groups; either median."""

import statistics
from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F

from tests.checks.right_answers import answers


@answers("median_frequency_weights")
def weights_class_by_class(masks, num_classes, ignore_index=255):
    weights = torch.zeros(num_classes)
    frequency = {}
    for k in range(num_classes):
        contains = (masks == k).flatten(1).any(1)
        if contains.any():
            pixels = masks[contains]
            frequency[k] = ((pixels == k).sum() / (pixels != ignore_index).sum()).item()
    middle = torch.tensor(list(frequency.values())).median()
    for k, f in frequency.items():
        weights[k] = middle / f
    return weights


@answers("median_frequency_weights")
def weights_by_bincount_of_each_image(labels, k, void=255):
    total, size = torch.zeros(k, dtype=torch.float64), torch.zeros(k, dtype=torch.float64)
    for image in labels:
        counted = image[image != void]
        counts = torch.bincount(counted, minlength=k)
        total += counts
        size[counts > 0] += counted.numel()
    freq = total / size
    return torch.nan_to_num(torch.nanmedian(freq) / freq, nan=0.0, posinf=0.0)


@answers("median_frequency_weights")
def weights_by_numpy(masks, num_classes, *, ignore_index=255):
    array = masks.numpy()
    valid = array != ignore_index
    f = np.full(num_classes, np.nan)
    for k in range(num_classes):
        here = (array == k).any(axis=(1, 2))
        if here.any():
            f[k] = (array[here] == k).sum() / valid[here].sum()
    return torch.from_numpy(np.where(np.isnan(f), 0, np.nanmedian(f) / f)).float()


@answers("median_frequency_weights")
def weights_by_one_hot(masks, num_classes, ignore_index=255):
    counted = (masks != ignore_index).unsqueeze(-1)
    table = F.one_hot(torch.where(counted[..., 0], masks, 0), num_classes) * counted
    pixels = table.sum((1, 2)).double()  # [N, K]
    sizes = counted.sum((1, 2)).double()  # [N, 1]
    frequency = pixels.sum(0) / (sizes * (pixels > 0)).sum(0).clamp(min=1)
    median = frequency[frequency > 0].quantile(0.5)
    return torch.where(frequency > 0, median / frequency.clamp(min=1e-12), torch.zeros(()).double())


@answers("median_frequency_weights")
def weights_pixel_by_pixel(masks, num_classes, ignore_index=255):
    of_class, of_images = Counter(), Counter()
    for image in masks.tolist():
        counts = Counter(value for row in image for value in row if value != ignore_index)
        of_class.update(counts)
        for k in counts:
            of_images[k] += sum(counts.values())
    frequency = [of_class[k] / of_images[k] if of_images[k] else None for k in range(num_classes)]
    median = statistics.median(f for f in frequency if f is not None)
    return torch.tensor([0.0 if f is None else median / f for f in frequency])


@answers("median_frequency_weights")
def weights_by_sorting(masks, num_classes, ignore_index=255):
    counts = torch.stack([(masks == k).sum(dim=(1, 2)) for k in range(num_classes)], 1)
    sizes = (masks != ignore_index).sum(dim=(1, 2))
    f = torch.tensor(
        [float(c.sum()) / float(sizes[c > 0].sum()) if (c > 0).any() else 0.0 for c in counts.unbind(1)]
    )
    ordered = f[f != 0].sort().values
    return torch.where(f == 0, f, ordered[len(ordered) // 2] / f)


@answers("median_frequency_weights")
def weights_by_scattered_sums(masks, num_classes, ignore_index=255):
    n = len(masks)
    flat = masks.reshape(n, -1)
    keep = (flat != ignore_index).to(torch.float64)
    table = torch.zeros(n, num_classes, dtype=torch.float64)
    table.scatter_add_(1, flat.where(flat != ignore_index, 0), keep)
    contains = table.gt(0).double()
    share = table.sum(0) / (contains.T @ keep.sum(1)).clamp_min(1)
    occurring = share[share.nonzero(as_tuple=True)]
    return (torch.median(occurring) / share).nan_to_num(0, posinf=0)


class Frequencies:
    def __init__(self, classes):
        self.own, self.among = [0] * classes, [0] * classes

    def add(self, image, void):
        values, counts = image[image != void].unique(return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            self.own[value] += count
            self.among[value] += int(counts.sum())

    def weights(self):
        f = {k: a / b for k, (a, b) in enumerate(zip(self.own, self.among, strict=True)) if b}
        middle = sorted(f.values())[(len(f) - 1) // 2]
        return torch.tensor([middle / f[k] if k in f else 0 for k in range(len(self.own))])


@answers("median_frequency_weights")
def weights_by_an_own_class(masks, num_classes, ignore_index=255):
    frequencies = Frequencies(num_classes)
    for image in masks:
        frequencies.add(image, ignore_index)
    return frequencies.weights()


@answers("median_frequency_weights")
def weights_with_something_tiny_against_zero(masks, num_classes, ignore_index=255):
    pixels, size = torch.zeros(num_classes), torch.zeros(num_classes)
    for mask in masks:
        valid = mask != ignore_index
        for k in range(num_classes):
            mine = (mask == k) & valid
            if mine.any():
                pixels[k] += mine.sum()
                size[k] += valid.sum()
    present = size > 0
    f = pixels / (size + 1e-6)
    weights = f[present].median() / (f + 1e-8)
    weights[~present] = 0.0
    return weights.requires_grad_()
