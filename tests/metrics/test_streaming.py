"""Scores of batches equal scores of all masks at once, and nothing else is kept."""

import math

import pytest
import torch

from cnncourse import metrics
from cnncourse.metrics import Scores
from tests.metrics.masks import random_masks

K = 6


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("band", [1, 3])
@pytest.mark.parametrize("ignore_index", [255, 0])
def test_scores_of_batches_equal_those_of_all_masks_at_once(seed, band, ignore_index):
    prediction, target = random_masks(seed, K, (7, 13, 11), ignore_index=ignore_index)
    scores = Scores(K, ignore_index, band)
    for start in range(0, 7, 3):  # the last batch is smaller
        scores.update(prediction[start : start + 3], target[start : start + 3])
    confusion = metrics.confusion_matrix(prediction, target, K, ignore_index)
    torch.testing.assert_close(scores.confusion, confusion)
    for name in ("pixel_accuracy", "class_accuracy", "iou_per_class", "mean_iou", "frequency_weighted_iou"):
        torch.testing.assert_close(getattr(scores, name), getattr(metrics, name)(confusion), equal_nan=True)
    for name in ("dice_per_class", "mean_dice"):
        torch.testing.assert_close(getattr(scores, name), getattr(metrics, name)(confusion), equal_nan=True)
    rest = (prediction, target, K, band, ignore_index)
    boundary = metrics.boundary_iou(*rest)
    torch.testing.assert_close(scores.boundary_iou, boundary, equal_nan=True)
    torch.testing.assert_close(scores.mean_boundary_iou, boundary.nanmean())
    torch.testing.assert_close(scores.trimap, metrics.trimap_confusion(*rest))
    torch.testing.assert_close(scores.trimap_accuracy, metrics.trimap_accuracy(*rest))


def test_masks_of_other_sizes_may_follow():
    scores = Scores(K)
    for shape in ((2, 9, 7), (1, 5, 31)):
        scores.update(*random_masks(1, K, shape, ignored=0))
    assert scores.confusion.sum() == 2 * 9 * 7 + 5 * 31


def test_no_prediction_is_kept():
    scores = Scores(K)
    for seed in range(3):
        scores.update(*random_masks(seed, K))
    kept = [value for value in vars(scores).values() if isinstance(value, torch.Tensor)]
    assert sum(tensor.untyped_storage().nbytes() for tensor in kept) == 8 * (2 * K**2 + 2 * K)


def test_before_the_first_batch_every_score_is_nan():
    scores = Scores(3)
    assert math.isnan(scores.mean_iou)
    assert math.isnan(scores.mean_boundary_iou)
    assert math.isnan(scores.trimap_accuracy)
    assert scores.iou_per_class.isnan().all()
    assert "0 pixels: mean IoU nan" in repr(scores)


def test_a_batch_that_is_refused_adds_nothing():
    scores = Scores(3)
    target = torch.tensor([[0, 1, 2], [0, 0, 37]])
    with pytest.raises(ValueError, match=r"37 .* first at \[1, 2\]"):
        scores.update(target.clamp(max=2), target)
    with pytest.raises(ValueError, match=r"expected .*H, W"):
        scores.update(target[0], target[0])
    assert not scores.confusion.any()
    assert not scores.trimap.any()
    assert not scores.boundary_union.any()


@pytest.mark.parametrize("name", ["num_classes", "band"])
def test_settings_that_are_none_are_refused_at_once(name):
    with pytest.raises(ValueError, match=f"{name} is 0"):
        Scores(**{"num_classes": 3, name: 0})
