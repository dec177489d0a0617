"""Wrong weights of median frequency."""

import numpy as np
import torch

from tests.checks.wrong.bank import mistake


def by_loops(masks, k, ignore, *, everywhere=False, voids=False):
    """Return a learner's frequencies, NaN where a class is absent."""
    frequency = []
    for c in range(k):
        own = [image for image in masks if (image == c).any()]
        among = masks if everywhere else own
        size = sum(image.numel() if voids else int((image != ignore).sum()) for image in among)
        frequency.append(sum(int((image == c).sum()) for image in own) / size if own else float("nan"))
    return torch.tensor(frequency)


@mistake("median_frequency_weights", "frequency over all images")
def of_the_whole_data_set(masks, num_classes, ignore_index=255):
    kept = masks[masks != ignore_index]
    frequency = torch.bincount(kept, minlength=num_classes) / kept.numel()
    weights = frequency[frequency > 0].median() / frequency
    weights[frequency == 0] = 0
    return weights


@mistake("median_frequency_weights", "ratio inverted")
def frequency_over_median(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return (f / f.nanmedian()).nan_to_num()


@mistake("median_frequency_weights", "mean instead of median")
def mean_over_frequency(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return (f.nanmean() / f).nan_to_num()


@mistake("median_frequency_weights", "absent classes in the median")
def zeros_in_the_median(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index).nan_to_num().numpy()
    return torch.tensor([np.median(f) / v if v > 0 else 0.0 for v in f])


@mistake("median_frequency_weights", "infinite or NaN for an absent class")
def nan_left(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return f.nanmedian() / f


@mistake("median_frequency_weights", "1 for an absent class")
def ones_at_the_start(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    weights = torch.ones(num_classes)
    weights[~f.isnan()] = (f.nanmedian() / f)[~f.isnan()]
    return weights


@mistake("median_frequency_weights", "ignored pixels in the size of an image")
def height_times_width(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index, voids=True)
    return (f.nanmedian() / f).nan_to_num()
