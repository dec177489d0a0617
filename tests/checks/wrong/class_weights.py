"""Wrong weights of median frequency."""

import statistics

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


@mistake("median_frequency_weights", "frequency over all images")
def of_the_whole_data_set_and_infinite(masks, num_classes, ignore_index=255):
    counts = torch.zeros(num_classes)
    for image in masks:
        for k in range(num_classes):
            counts[k] += (image == k).sum()
    frequency = counts / counts.sum()
    return torch.median(frequency) / frequency


@mistake("median_frequency_weights", "frequency over all images")
def counts_by_numpy(masks, num_classes, ignore_index=255):
    values, counts = np.unique(masks[masks != ignore_index].numpy(), return_counts=True)
    weights = np.zeros(num_classes)
    weights[values] = np.median(counts) / counts
    return torch.from_numpy(weights)


@mistake("median_frequency_weights", "ratio inverted")
def frequency_over_median(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return (f / f.nanmedian()).nan_to_num()


@mistake("median_frequency_weights", "ratio inverted")
def frequency_over_median_with_nan(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index).numpy()
    return torch.from_numpy(f / np.nanmedian(f))


@mistake("median_frequency_weights", "mean instead of median")
def mean_over_frequency(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return (f.nanmean() / f).nan_to_num()


@mistake("median_frequency_weights", "mean instead of median")
def balanced_as_in_scikit_learn(masks, num_classes, ignore_index=255):
    kept = masks[masks != ignore_index]
    classes, counts = kept.unique(return_counts=True)
    weights = torch.zeros(num_classes)
    weights[classes] = kept.numel() / (len(classes) * counts)
    return weights


@mistake("median_frequency_weights", "largest instead of the median")
def most_common_over_frequency(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index).nan_to_num()
    return torch.where(f > 0, f.max() / f, 0.0)


@mistake("median_frequency_weights", "middle class instead of the median")
def not_sorted(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    present = [value for value in f.tolist() if value == value]
    return (present[len(present) // 2] / f).nan_to_num()


@mistake("median_frequency_weights", "median forgotten")
def inverse_frequency(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return torch.where(f.isnan(), torch.zeros(()), 1 / f)


@mistake("median_frequency_weights", "subtracted instead of divided")
def what_is_missing(masks, num_classes, ignore_index=255):
    return 1 - by_loops(masks, num_classes, ignore_index).nan_to_num()


@mistake("median_frequency_weights", "absent classes in the median")
def zeros_in_the_median(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index).nan_to_num().numpy()
    return torch.tensor([np.median(f) / v if v > 0 else 0.0 for v in f])


@mistake("median_frequency_weights", "absent classes in the median")
def zeros_in_torchs_median(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index).nan_to_num()
    return f.median() / f


@mistake("median_frequency_weights", "infinite or NaN for an absent class")
def nan_left(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return f.nanmedian() / f


@mistake("median_frequency_weights", "infinite or NaN for an absent class")
def divided_by_zero(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index).nan_to_num()
    return f[f > 0].median() / f


@mistake("median_frequency_weights", "infinite or NaN for an absent class")
def something_small_added(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index).nan_to_num()
    return f[f > 0].median() / (f + 1e-8)


@mistake("median_frequency_weights", "a weight for an absent class")
def ones_at_the_start(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    weights = torch.ones(num_classes)
    weights[~f.isnan()] = (f.nanmedian() / f)[~f.isnan()]
    return weights


@mistake("median_frequency_weights", "absent class left out")
def classes_found(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    f = f[~f.isnan()]
    return f.median() / f


@mistake("median_frequency_weights", "ignored pixels in the size of an image")
def height_times_width(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index, voids=True)
    return (f.nanmedian() / f).nan_to_num()


@mistake("median_frequency_weights", "ignored pixels in the size of an image")
def pixels_for_each_image_with_it(masks, num_classes, ignore_index=255):
    counts = torch.stack([torch.bincount(m[m != ignore_index], minlength=num_classes) for m in masks])
    f = counts.sum(0) / (counts > 0).sum(0)
    return (f.nanmedian() / f).nan_to_num()


@mistake("median_frequency_weights", "only 255 ignored")
def void_is_always_255(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, 255)
    return (f.nanmedian() / f).nan_to_num()


@mistake("median_frequency_weights", "ignored pixels counted as a class")
def void_as_background(masks, num_classes, ignore_index=255):
    masks = masks.clone()
    masks[masks == ignore_index] = 0
    f = by_loops(masks, num_classes, ignore_index)
    return (f.nanmedian() / f).nan_to_num()


@mistake("median_frequency_weights", "shares of the images averaged")
def mean_of_shares(masks, num_classes, ignore_index=255):
    shares = [[] for _ in range(num_classes)]
    for image in masks:
        kept = image[image != ignore_index]
        for k in kept.unique().tolist():
            shares[k].append((kept == k).float().mean().item())
    f = torch.tensor([np.mean(each) if each else float("nan") for each in shares])
    return (f.nanmedian() / f).nan_to_num()


@mistake("median_frequency_weights", "images weighed one by one")
def mean_of_weights(masks, num_classes, ignore_index=255):
    each = []
    for image in masks:
        if (image != ignore_index).any():
            f = by_loops(image[None], num_classes, ignore_index)
            middle = f[~f.isnan()].quantile(0.5)
            each.append((middle / f).nan_to_num())
    return torch.stack(each).mean(0)


@mistake("median_frequency_weights", "images counted instead of pixels")
def share_of_the_images(masks, num_classes, ignore_index=255):
    f = torch.tensor([(masks == k).flatten(1).any(1).float().mean() for k in range(num_classes)])
    return torch.where(f > 0, f[f > 0].median() / f, 0)


@mistake("median_frequency_weights", "class 0 left out")
def background_first(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    weights = (f.nanmedian() / f).nan_to_num()
    weights[0] = 0
    return weights


@mistake("median_frequency_weights", "normalized")
def adding_up_to_one(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    weights = (f.nanmedian() / f).nan_to_num()
    return weights / weights.sum()


@mistake("median_frequency_weights", "square root or logarithm taken")
def softened(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return torch.sqrt(f.nanmedian() / f).nan_to_num()


@mistake("median_frequency_weights", "square root or logarithm taken")
def as_in_enet(masks, num_classes, ignore_index=255):
    kept = masks[masks != ignore_index]
    share = torch.bincount(kept, minlength=num_classes) / len(kept)
    return 1 / torch.log(1.02 + share)


@mistake("median_frequency_weights", "clipped")
def never_below_one(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return (f.nanmedian() / f).clamp(min=1).nan_to_num()


@mistake("median_frequency_weights", "fractions cut off")
def whole_numbers(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return (f.nanmedian() / f).nan_to_num().long()


@mistake("median_frequency_weights", "not a tensor")
def an_array(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index).numpy()
    return np.nan_to_num(np.nanmedian(f) / f)


@mistake("median_frequency_weights", "not a tensor")
def a_list(masks, num_classes, ignore_index=255):
    f = by_loops(masks, num_classes, ignore_index)
    return (f.nanmedian() / f).nan_to_num().tolist()


@mistake("median_frequency_weights", "clipped")
def weights_of_ten_at_most(masks, num_classes, ignore_index=255):
    frequency = by_loops(masks, num_classes, ignore_index)
    weights = frequency[frequency > 0].quantile(0.5) / frequency
    return weights.nan_to_num(0).clip(0, 10)


@mistake("median_frequency_weights", "shares of the images averaged")
def weights_by_the_median_image(masks, num_classes, ignore_index=255):
    shares = [
        [((m == k).sum() / (m != ignore_index).sum()).item() for m in masks if (m == k).any()]
        for k in range(num_classes)
    ]
    frequency = torch.tensor([statistics.median(found) if found else 0 for found in shares])
    weights = statistics.median(f for f in frequency.tolist() if f) / frequency
    return torch.where(frequency > 0, weights, 0)
