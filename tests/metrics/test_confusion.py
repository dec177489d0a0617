"""Counts and scores equal those of scikit-learn and torchmetrics; what cannot be measured is NaN."""

import math

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics
from torchmetrics.functional import classification as theirs
from torchmetrics.segmentation import MeanIoU

from cnncourse import metrics
from tests.metrics.masks import random_masks

NAN = math.nan
K = 6
SHAPES = [(3, 23, 17), (1, 5, 31), (2, 1, 9)]
SCORES = [metrics.pixel_accuracy, metrics.mean_class_accuracy, metrics.mean_iou, metrics.mean_dice]
SCORES += [metrics.frequency_weighted_iou]
SCORES_PER_CLASS = [metrics.class_accuracy, metrics.precision_per_class]
SCORES_PER_CLASS += [metrics.iou_per_class, metrics.dice_per_class]

cases = pytest.mark.parametrize("shape", SHAPES)
seeds = pytest.mark.parametrize("seed", range(5))


@seeds
@cases
@pytest.mark.parametrize("ignore_index", [255, -1, 0, None])
def test_counts_equal_those_of_torchmetrics_and_scikit_learn(seed, shape, ignore_index):
    prediction, target = random_masks(seed, K, shape, 0.15 if ignore_index else 0, ignore_index or 0)
    ours = metrics.confusion_matrix(prediction, target, K, ignore_index)
    assert ours.dtype == torch.int64
    torch.testing.assert_close(
        ours, theirs.multiclass_confusion_matrix(prediction, target, K, ignore_index=ignore_index)
    )
    counted = torch.ones_like(target, dtype=torch.bool) if ignore_index is None else target != ignore_index
    pair = target[counted].numpy(), prediction[counted].numpy()
    np.testing.assert_array_equal(ours, sklearn_metrics.confusion_matrix(*pair, labels=range(K)))


@seeds
@cases
def test_scores_per_class_equal_those_of_scikit_learn(seed, shape):
    prediction, target = random_masks(seed, K, shape)
    confusion = metrics.confusion_matrix(prediction, target, K)
    truth, said = target[target != 255].numpy(), prediction[target != 255].numpy()
    options = {"labels": range(K), "average": None, "zero_division": NAN}
    recall = sklearn_metrics.recall_score(truth, said, **options)
    np.testing.assert_allclose(metrics.class_accuracy(confusion), recall)
    precision = sklearn_metrics.precision_score(truth, said, **options)
    np.testing.assert_allclose(metrics.precision_per_class(confusion), precision)
    f1 = sklearn_metrics.f1_score(truth, said, **options)
    np.testing.assert_allclose(metrics.dice_per_class(confusion), f1)
    # scikit-learn cannot say NaN for a Jaccard index; with 0 and with 1 it shows which classes are absent.
    zero, one = (
        sklearn_metrics.jaccard_score(truth, said, labels=range(K), average=None, zero_division=d)
        for d in (0, 1)
    )
    np.testing.assert_allclose(metrics.iou_per_class(confusion), np.where(zero == one, zero, NAN))
    assert metrics.iou_per_class(confusion)[K - 1].isnan(), "the last class is in neither mask"


@seeds
@cases
def test_overall_scores_equal_those_of_scikit_learn(seed, shape):
    prediction, target = random_masks(seed, K, shape)
    confusion = metrics.confusion_matrix(prediction, target, K)
    truth, said = target[target != 255].numpy(), prediction[target != 255].numpy()
    assert float(metrics.pixel_accuracy(confusion)) == pytest.approx(
        sklearn_metrics.accuracy_score(truth, said)
    )
    occur = np.union1d(truth, said)
    macro = {"labels": occur, "average": "macro"}
    assert float(metrics.mean_iou(confusion)) == pytest.approx(
        sklearn_metrics.jaccard_score(truth, said, **macro)
    )
    assert float(metrics.mean_dice(confusion)) == pytest.approx(
        sklearn_metrics.f1_score(truth, said, **macro)
    )
    weighted = sklearn_metrics.jaccard_score(truth, said, labels=occur, average="weighted")
    assert float(metrics.frequency_weighted_iou(confusion)) == pytest.approx(weighted)
    recall = sklearn_metrics.recall_score(truth, said, labels=np.unique(truth), average="macro")
    assert float(metrics.mean_class_accuracy(confusion)) == pytest.approx(recall)


@seeds
@cases
def test_scores_equal_those_of_torchmetrics(seed, shape):
    prediction, target = random_masks(seed, K, shape)
    confusion = metrics.confusion_matrix(prediction, target, K)
    pair, options = (prediction, target, K), {"ignore_index": 255}
    expected = theirs.multiclass_jaccard_index(*pair, average=None, **options).double()
    got = metrics.iou_per_class(confusion)
    torch.testing.assert_close(got.nan_to_num(0), expected, rtol=1e-6, atol=1e-6)
    macro = theirs.multiclass_jaccard_index(*pair, average="macro", **options)
    assert float(metrics.mean_iou(confusion)) == pytest.approx(float(macro), rel=1e-5)
    micro = theirs.multiclass_accuracy(*pair, average="micro", **options)
    assert float(metrics.pixel_accuracy(confusion)) == pytest.approx(float(micro), rel=1e-5)
    recall = theirs.multiclass_accuracy(*pair, average=None, **options).double()
    torch.testing.assert_close(metrics.class_accuracy(confusion).nan_to_num(0), recall, rtol=1e-6, atol=1e-6)
    f1 = theirs.multiclass_f1_score(*pair, average=None, **options).double()
    torch.testing.assert_close(metrics.dice_per_class(confusion).nan_to_num(0), f1, rtol=1e-6, atol=1e-6)


def test_mean_iou_of_one_image_equals_that_of_torchmetrics_for_segmentation():
    """Theirs averages over images, so that one image is what can be compared."""
    prediction, target = random_masks(7, K, (1, 23, 17), ignored=0)
    reference = MeanIoU(K, input_format="index", per_class=True)
    got = metrics.iou_per_class(metrics.confusion_matrix(prediction, target, K))
    expected = reference(prediction, target).double()
    occur = ~got.isnan()
    torch.testing.assert_close(got[occur], expected[occur], rtol=1e-6, atol=1e-6)


def test_rows_are_the_truth():
    confusion = metrics.confusion_matrix(torch.tensor([2, 2, 0]), torch.tensor([0, 0, 1]), 3)
    assert confusion.tolist() == [[0, 0, 2], [1, 0, 0], [0, 0, 0]]
    assert metrics.class_accuracy(confusion).tolist()[:2] == [0, 0]
    assert math.isnan(metrics.class_accuracy(confusion)[2])
    assert metrics.precision_per_class(confusion).tolist() == pytest.approx([0, NAN, 0], nan_ok=True)


def test_all_background_gets_no_credit_for_classes_that_are_not_there():
    """Dice that counts absent classes as 1 gives such a prediction nearly full marks."""
    empty = torch.zeros(2, 5, 7, dtype=torch.long)
    confusion = metrics.confusion_matrix(empty, empty, 4)
    for score in SCORES_PER_CLASS:
        assert score(confusion).tolist() == pytest.approx([1, NAN, NAN, NAN], nan_ok=True)
    target = empty.clone()
    target[0, :2] = 3
    missed = metrics.confusion_matrix(empty, target, 4)
    assert metrics.iou_per_class(missed).tolist() == pytest.approx([56 / 70, NAN, NAN, 0], nan_ok=True)
    assert float(metrics.mean_iou(missed)) == pytest.approx(0.4)
    assert float(metrics.mean_dice(missed)) == pytest.approx(2 * 56 / (2 * 56 + 14) / 2)
    invented = metrics.confusion_matrix(target, empty, 4)
    assert metrics.iou_per_class(invented).tolist() == pytest.approx([56 / 70, NAN, NAN, 0], nan_ok=True)
    assert metrics.class_accuracy(invented).tolist() == pytest.approx([0.8, NAN, NAN, NAN], nan_ok=True)


@pytest.mark.parametrize("target", [torch.full((2, 3, 5), 255), torch.zeros(0, 3, 5, dtype=torch.long)])
def test_where_nothing_counts_every_score_is_nan(target):
    confusion = metrics.confusion_matrix(torch.zeros_like(target), target, 3)
    assert confusion.tolist() == [[0] * 3] * 3
    for score in SCORES:
        assert math.isnan(score(confusion)), score
    for score in SCORES_PER_CLASS:
        assert score(confusion).isnan().all(), score


def test_what_the_prediction_says_at_ignored_places_does_not_matter():
    prediction, target = random_masks(3, K)
    other = prediction.clone()
    other[target == 255] = 99
    torch.testing.assert_close(
        metrics.confusion_matrix(prediction, target, K), metrics.confusion_matrix(other, target, K)
    )


def test_matrices_of_batches_add_up():
    prediction, target = random_masks(4, K, (7, 5, 9))
    parts = [metrics.confusion_matrix(prediction[i : i + 3], target[i : i + 3], K) for i in (0, 3, 6)]
    torch.testing.assert_close(sum(parts), metrics.confusion_matrix(prediction, target, K))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_small_integers_do_not_overflow(dtype):
    prediction, target = (labels.to(dtype) for labels in random_masks(5, 100, (1, 40, 41), 0.1, 101))
    ours = metrics.confusion_matrix(prediction, target, 100, ignore_index=101)
    expected = metrics.confusion_matrix(prediction.long(), target.long(), 100, ignore_index=101)
    torch.testing.assert_close(ours, expected)
    assert metrics.confusion_matrix(prediction > 3, target > 3, 2).sum() == target.numel()


def test_inputs_are_left_as_they_were():
    prediction, target = random_masks(6, K)
    before = prediction.clone(), target.clone()
    confusion = metrics.confusion_matrix(prediction, target, K)
    counts = confusion.clone()
    for score in SCORES + SCORES_PER_CLASS:
        score(confusion)
    metrics.boundary_iou(prediction, target, K)
    torch.testing.assert_close((prediction, target, confusion), (*before, counts))


ONES = torch.ones(2, 3, 4, dtype=torch.long)


def with_value(value, where=(1, 2, 3)):
    labels = ONES.clone()
    labels[where] = value
    return labels


@pytest.mark.parametrize(
    ("prediction", "target", "error", "message"),
    [
        (
            ONES,
            with_value(37),
            ValueError,
            r"target holds 37 at 1 of 24 places, first at \[1, 2, 3\]; expected 0..10 .*ignore_index=37",
        ),
        (
            ONES,
            with_value(-1, (0, 0)),
            ValueError,
            r"target holds -1 at 4 of 24 places, first at \[0, 0, 0\]",
        ),
        (with_value(11), ONES, ValueError, "prediction holds 11 at 1 .*larger num_classes"),
        (with_value(255), ONES, ValueError, "prediction holds 255"),
        (ONES, torch.arange(30, 54).reshape(2, 3, 4), ValueError, "holds 30, 31, 32, 33, 34, … at 24 of 24"),
        (ONES[:, :2], ONES, ValueError, r"prediction has shape \(2, 2, 4\), target \(2, 3, 4\).*resize"),
        (ONES[:, None].expand(2, 11, 3, 4), ONES, ValueError, r"use .argmax\(1\)"),
        (ONES, ONES[..., None].expand(2, 3, 4, 3), ValueError, "color picture"),
        (ONES.float(), ONES, TypeError, r"prediction holds torch.float32; expected integers.*argmax\(1\)"),
        (ONES, ONES.double(), TypeError, "target holds torch.float64; expected integers.*long"),
        (ONES.numpy(), ONES, TypeError, "prediction is a ndarray; expected a torch tensor.*as_tensor"),
        (ONES, ONES.to("meta"), ValueError, "prediction is on cpu, target on meta; expected one device"),
    ],
)
@pytest.mark.parametrize(
    "count",
    [metrics.confusion_matrix, metrics.boundary_counts, metrics.boundary_iou, metrics.trimap_confusion],
)
def test_bad_labels_are_refused(count, prediction, target, error, message):
    with pytest.raises(error, match=message):
        count(prediction, target, 11)


@pytest.mark.parametrize(("number", "error"), [(0, ValueError), (2.0, TypeError)])
def test_a_number_of_classes_that_is_none_is_refused(number, error):
    with pytest.raises(error, match=f"num_classes is {number}"):
        metrics.confusion_matrix(ONES, ONES, number)


@pytest.mark.parametrize("score", SCORES + SCORES_PER_CLASS)
def test_scores_refuse_what_is_no_confusion_matrix(score):
    with pytest.raises(ValueError, match=r"confusion has shape \(2, 3\); expected \[K, K\]"):
        score(torch.ones(2, 3))
    with pytest.raises(TypeError, match="confusion is a ndarray"):
        score(np.eye(3))
