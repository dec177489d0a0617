"""Weights of median frequency, against a loop over pixels in NumPy."""

import numpy as np
import pytest
import torch

from cnncourse.training import median_frequency_weights


def by_pixels(masks, num_classes, ignore_index):
    """Return the weights by counting pixel by pixel, with NumPy's median."""
    pixels, sizes = np.zeros(num_classes), np.zeros(num_classes)
    for image in masks:
        counted = [value for value in image.ravel().tolist() if value != ignore_index]
        for k in set(counted):
            pixels[k] += counted.count(k)
            sizes[k] += len(counted)
    occurs = sizes > 0
    frequency = pixels[occurs] / sizes[occurs]
    weights = np.zeros(num_classes)
    weights[occurs] = np.median(frequency) / frequency
    return weights


def random_masks(seed, ignore_index, shape=(5, 7, 9), num_classes=6):
    """Return masks in which every image holds some of the classes, and class 4 is nowhere."""
    random = np.random.default_rng(seed)
    choices = [random.choice([0, 1, 2, 3, 5], size=random.integers(1, 5)) for _ in range(shape[0])]
    masks = np.stack([random.choice(choice, size=shape[1:]) for choice in choices])
    if ignore_index is not None:
        masks[random.random(shape) < 0.2] = ignore_index
    return masks, num_classes


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ignore_index", [255, -1, 6, 0, None])
@pytest.mark.parametrize("dtype", [torch.int64, torch.int16])
def test_the_weights_equal_those_counted_pixel_by_pixel(seed, ignore_index, dtype):
    masks, num_classes = random_masks(seed, ignore_index)
    weights = median_frequency_weights(torch.from_numpy(masks).to(dtype), num_classes, ignore_index)
    assert weights.dtype == torch.float32
    expected = torch.from_numpy(by_pixels(masks, num_classes, ignore_index)).float()
    torch.testing.assert_close(weights, expected)
    assert weights[4] == 0


def test_masks_of_bytes_may_hold_the_default_ignore_index():
    masks = torch.tensor([[[0, 0, 1, 255]]], dtype=torch.uint8)
    expected = torch.tensor([0.75, 1.5])  # frequencies 2/3 and 1/3, their median 1/2
    torch.testing.assert_close(median_frequency_weights(masks, 2), expected)


def test_images_without_a_class_do_not_change_its_weight_relative_to_one_beside_it():
    """Both classes of an image keep their ratio when images of other classes are added."""
    pair = torch.tensor([[[0, 0, 0, 1]]])
    more = torch.cat([pair, torch.full((7, 1, 4), 2)])
    before, after = median_frequency_weights(pair, 3), median_frequency_weights(more, 3)
    torch.testing.assert_close(after[1] / after[0], before[1] / before[0])


def test_the_class_in_the_middle_weighs_1_and_an_even_number_of_classes_has_no_such():
    odd = torch.tensor([[[0] * 6 + [1] * 3 + [2]]])
    assert median_frequency_weights(odd, 3)[1] == 1
    even = torch.tensor([[[0] * 6 + [1] * 2]])
    torch.testing.assert_close(median_frequency_weights(even, 2), torch.tensor([4 / 6, 2.0]))


def test_ignored_pixels_change_nothing():
    masks, _ = random_masks(3, None)
    masks = torch.from_numpy(masks)
    wider = torch.full((7, 8, 11), 255)
    wider[:5, :7, :9] = masks  # two images are ignored altogether
    torch.testing.assert_close(median_frequency_weights(wider, 6), median_frequency_weights(masks, 6))


@pytest.mark.parametrize(
    ("value", "ignore_index", "says"),
    [(3, 255, "3.*0 to 2 or 255"), (-1, 255, "-1"), (255, None, "255.*0 to 2:"), (7, 3, "7.*or 3")],
)
def test_another_value_is_refused_and_named(value, ignore_index, says):
    masks = torch.tensor([[[0, 1, value]]])
    with pytest.raises(ValueError, match=says):
        median_frequency_weights(masks, 3, ignore_index)


def test_masks_without_a_pixel_that_counts_are_refused():
    with pytest.raises(ValueError, match="no pixel counts"):
        median_frequency_weights(torch.full((2, 3, 4), 255), 3)
