"""Bands around class borders equal those of SciPy and scikit-image, and of the paper's own rule."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.segmentation import find_boundaries
from sklearn.metrics import accuracy_score, confusion_matrix

from cnncourse import metrics
from tests.metrics.masks import random_masks

K = 6
SQUARE = np.ones((3, 3), bool)
bands = pytest.mark.parametrize("band", [1, 2, 4, 40])
seeds = pytest.mark.parametrize("seed", range(4))


def inner_region(labels, counted, k, band):
    """Pixels of class k whose chessboard distance to a counted pixel of another class is at most band."""
    other = counted & (labels != k)
    if not other.any():
        return np.zeros(labels.shape, bool)
    distance = ndimage.distance_transform_cdt(~other, metric="chessboard")
    return counted & (labels == k) & (distance <= band)


def counts_by_distance(prediction, target, num_classes, band, ignore_index=255):
    intersection, union = np.zeros((2, num_classes), int)
    for said, truth in zip(prediction.numpy(), target.numpy(), strict=True):
        counted = truth != ignore_index
        for k in range(num_classes):
            a, b = (inner_region(labels, counted, k, band) for labels in (truth, said))
            intersection[k] += (a & b).sum()
            union[k] += (a | b).sum()
    return intersection, union


@seeds
@bands
@pytest.mark.parametrize("ignored", [0, 0.02, 0.4])
@pytest.mark.parametrize("shape", [(3, 23, 17), (2, 1, 19), (1, 9, 1)])
def test_boundary_regions_equal_those_by_distance_transform(seed, band, ignored, shape):
    pair = random_masks(seed, K, shape, ignored)
    intersection, union = metrics.boundary_counts(*pair, K, band)
    expected = counts_by_distance(*pair, K, band)
    np.testing.assert_array_equal(intersection, expected[0])
    np.testing.assert_array_equal(union, expected[1])
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(metrics.boundary_iou(*pair, K, band), expected[0] / expected[1])


@seeds
@pytest.mark.parametrize("band", [1, 3])
@pytest.mark.parametrize("frame", [False, True])
def test_boundary_iou_equals_mask_minus_eroded_mask_as_in_the_paper(seed, band, frame):
    """With a frame of one more class around both masks it equals the paper's code, which erodes there too."""
    prediction, target = random_masks(seed, K, (1, 23, 17), ignored=0)
    regions = [
        np.stack(
            [
                (m == k) & ~ndimage.binary_erosion(m == k, SQUARE, iterations=band, border_value=not frame)
                for k in range(K)
            ]
        )
        for m in (target[0].numpy(), prediction[0].numpy())
    ]
    both, either = (regions[0] & regions[1]).sum((1, 2)), (regions[0] | regions[1]).sum((1, 2))
    if frame:
        prediction, target = (torch.nn.functional.pad(m, (1, 1, 1, 1), value=K) for m in (prediction, target))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(metrics.boundary_iou(prediction, target, K + 1, band)[:K], both / either)


@seeds
@bands
def test_trimap_equals_widened_boundaries_of_scikit_image(seed, band):
    prediction, target = random_masks(seed, K, (1, 23, 17), ignored=0)
    truth, said = target[0].numpy(), prediction[0].numpy()
    near = find_boundaries(truth, connectivity=2, mode="thick")
    if band > 1:
        near = ndimage.binary_dilation(near, SQUARE, iterations=band - 1)
    np.testing.assert_array_equal(metrics.border_band(target, band)[0], near)
    confusion = metrics.trimap_confusion(prediction, target, K, band)
    np.testing.assert_array_equal(confusion, confusion_matrix(truth[near], said[near], labels=range(K)))
    expected = accuracy_score(truth[near], said[near])
    assert float(metrics.trimap_accuracy(prediction, target, K, band)) == pytest.approx(expected)


@pytest.mark.parametrize("band", [1, 2])
def test_a_wide_error_at_the_border_costs_little_iou_and_much_boundary_iou(band):
    target = torch.zeros(1, 41, 43, dtype=torch.long)
    target[:, 10:30, 12:33] = 1
    prediction = torch.zeros_like(target)
    prediction[:, 8:28, 12:33] = 1
    iou = metrics.iou_per_class(metrics.confusion_matrix(prediction, target, 2))[1]
    boundary = metrics.boundary_iou(prediction, target, 2, band)[1]
    assert iou > 0.8 > 0.6 > boundary


def test_a_mask_that_is_right_scores_one_and_one_without_borders_nothing():
    _, target = random_masks(1, K, ignored=0)
    scores = metrics.boundary_iou(target, target, K)
    assert scores[:2].tolist() == [1, 1]
    assert math.isnan(scores[K - 1])
    flat = torch.zeros(2, 5, 7, dtype=torch.long)
    assert metrics.boundary_iou(flat, flat, 3).isnan().all()
    assert math.isnan(metrics.trimap_accuracy(flat, flat, 3))
    spot = flat.clone()
    spot[0, 2, 3] = 1
    for pair in ((spot, flat), (flat, spot)):
        scores = metrics.boundary_iou(*pair, 3)
        assert scores[:2].tolist() == [0, 0]
        assert math.isnan(scores[2])


def test_where_all_is_ignored_nothing_is_scored():
    target = torch.full((2, 5, 7), 255)
    prediction = torch.arange(70).reshape(2, 5, 7) % 3
    assert metrics.boundary_iou(prediction, target, 3).isnan().all()
    assert math.isnan(metrics.trimap_accuracy(prediction, target, 3))


def test_an_ignored_class_number_makes_no_border():
    """ignore_index may be one of the classes; the prediction's own pixels of that class still count."""
    target = torch.tensor([[0, 0, 1, 1, 1, 1]])
    assert not metrics.border_band(target, 2, ignore_index=0).any()
    prediction = torch.tensor([[1, 1, 1, 0, 0, 1]])
    intersection, union = metrics.boundary_counts(prediction, target, 2, band=1, ignore_index=0)
    assert (intersection.tolist(), union.tolist()) == ([0, 0], [2, 2])


def test_images_of_a_batch_do_not_touch_each_other():
    target = torch.tensor([[[0, 0, 0]], [[1, 1, 1]]])
    assert not metrics.border_band(target, 2).any()
    assert metrics.border_band(target.reshape(2, 1, 1, 1, 3), 2).shape == (2, 1, 1, 1, 3)


@pytest.mark.parametrize(("band", "error"), [(0, ValueError), (1.5, TypeError)])
def test_a_band_that_is_none_is_refused(band, error):
    labels = torch.zeros(2, 3, dtype=torch.long)
    with pytest.raises(error, match=f"band is {band}"):
        metrics.border_band(labels, band)
    with pytest.raises(error, match=f"band is {band}"):
        metrics.boundary_iou(labels, labels, 2, band)


@pytest.mark.parametrize("shape", [(3,), (2, 0, 3)])
def test_labels_without_height_and_width_are_refused(shape):
    labels = torch.zeros(shape, dtype=torch.long)
    with pytest.raises(ValueError, match=r"shape \(.*\); expected \[..., H, W\]: a border needs"):
        metrics.trimap_accuracy(labels, labels, 2)


def test_a_batch_without_images_adds_nothing():
    labels = torch.zeros(0, 5, 7, dtype=torch.long)
    assert [counts.tolist() for counts in metrics.boundary_counts(labels, labels, 2)] == [[0, 0], [0, 0]]
