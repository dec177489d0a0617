"""Softmax and cross-entropy are torch's, on arrays too, also where exp would overflow."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnncourse.ops import cross_entropy, pixel_cross_entropy, softmax


def batch(seed, number, classes, scale):
    random = np.random.default_rng(seed)
    return random.normal(scale=scale, size=(number, classes)), random.integers(0, classes, number)


CASES = [batch(0, 5, 3, 1.0), batch(1, 1, 7, 5.0), batch(2, 4, 4, 2000.0), batch(3, 6, 1, 3.0)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("logits", "labels"), CASES)
def test_values_and_types_are_those_of_torch(logits, labels, dtype):
    logits = logits.astype(dtype)
    x, y = torch.tensor(logits), torch.tensor(labels)
    np.testing.assert_allclose(softmax(logits), F.softmax(x, 1), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(cross_entropy(logits, labels), F.cross_entropy(x, y), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(softmax(x), F.softmax(x, 1))
    torch.testing.assert_close(cross_entropy(x, y), F.cross_entropy(x, y), rtol=1e-5, atol=1e-6)
    assert softmax(logits).dtype == softmax(x).numpy().dtype == dtype


@pytest.mark.parametrize(("logits", "labels"), CASES)
def test_gradients_are_those_of_torch(logits, labels):
    a, b = (torch.tensor(logits, requires_grad=True) for _ in range(2))
    weights = torch.arange(float(a.numel()), dtype=a.dtype).reshape(a.shape)
    (softmax(a) * weights).sum().backward()
    (F.softmax(b, 1) * weights).sum().backward()
    torch.testing.assert_close(a.grad, b.grad)
    a.grad, b.grad = None, None
    cross_entropy(a, torch.tensor(labels)).backward()
    F.cross_entropy(b, torch.tensor(labels)).backward()
    torch.testing.assert_close(a.grad, b.grad)


def test_rows_sum_to_one_and_a_shift_changes_nothing():
    logits, labels = batch(4, 5, 4, 3.0)
    np.testing.assert_allclose(softmax(logits).sum(1), 1)
    shift = np.array([[500.0], [-500.0], [0.0], [7.0], [-3.0]])
    np.testing.assert_allclose(softmax(logits + shift), softmax(logits))
    np.testing.assert_allclose(cross_entropy(logits + shift, labels), cross_entropy(logits, labels))


def test_whole_numbers_and_lists_are_welcome_and_inputs_stay():
    logits, labels = torch.tensor([[1, 2, 3]]), torch.tensor([0])
    torch.testing.assert_close(softmax(logits), F.softmax(logits.float(), 1))
    torch.testing.assert_close(cross_entropy(logits, labels), F.cross_entropy(logits.float(), labels))
    assert logits.tolist() == [[1, 2, 3]]
    assert cross_entropy([[0, 0]], [1]) == pytest.approx(np.log(2))


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4, 4), (0, 3), (3, 0)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \[N, K\]"):
        softmax(np.zeros(shape))
    with pytest.raises(ValueError, match=r"expected \[N, K\]"):
        cross_entropy(np.zeros(shape), [0])


@pytest.mark.parametrize(
    ("labels", "error", "says"),
    [
        ([0, 3], ValueError, "0 to 2"),
        ([-1, 0], ValueError, "0 to 2"),
        ([0], ValueError, r"expected \[2\]"),
        ([[0, 1]], ValueError, r"expected \[2\]"),
        ([0.0, 1.0], TypeError, "integers"),
    ],
)
@pytest.mark.parametrize("kind", [np.array, torch.tensor], ids=["array", "tensor"])
def test_labels_that_are_no_classes_are_refused(kind, labels, error, says):
    with pytest.raises(error, match=says):
        cross_entropy(kind(np.zeros((2, 3))), kind(labels))


def scene(seed, images, classes, height, width, ignored, ignore_index=255, scale=2.0):
    random = np.random.default_rng(seed)
    target = random.integers(0, classes, (images, height, width))
    target[random.random(target.shape) < ignored] = ignore_index
    return random.normal(scale=scale, size=(images, classes, height, width)), target


SCENES = [
    (scene(0, 2, 3, 4, 5, 0.0), 255),
    (scene(1, 3, 11, 3, 7, 0.4), 255),
    (scene(2, 2, 4, 5, 2, 0.5, ignore_index=-1, scale=2000.0), -1),
    (scene(3, 1, 3, 6, 6, 0.0), 0),  # a class that does not count
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("batch", "ignore_index"), SCENES)
def test_the_loss_of_pixels_is_that_of_torch(batch, ignore_index, dtype):
    logits, target = batch[0].astype(dtype), batch[1]
    a, b, labels = (
        torch.tensor(logits, requires_grad=True),
        torch.tensor(logits, requires_grad=True),
        torch.tensor(target),
    )
    expected = F.cross_entropy(b, labels, ignore_index=ignore_index)
    got = pixel_cross_entropy(a, labels, ignore_index)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        pixel_cross_entropy(logits, target, ignore_index), expected.detach(), rtol=1e-5
    )
    got.backward()
    expected.backward()
    torch.testing.assert_close(a.grad, b.grad)


@pytest.mark.parametrize(
    ("logits", "target", "error", "says"),
    [
        ((2, 3, 4, 5), np.zeros((2, 5, 4), int), ValueError, r"expected \[N, K, H, W\]"),
        ((2, 3, 4), np.zeros((2, 4), int), ValueError, r"expected \[N, K, H, W\]"),
        ((1, 3, 2, 2), np.full((1, 2, 2), 255), ValueError, "all pixels have the ignore_index 255"),
        ((1, 3, 2, 2), np.full((1, 2, 2), 37), ValueError, "from 37 to 37"),
        ((1, 3, 2, 2), np.zeros((1, 2, 2)), TypeError, "integers"),
    ],
)
def test_masks_that_do_not_fit_are_refused(logits, target, error, says):
    with pytest.raises(error, match=says):
        pixel_cross_entropy(np.zeros(logits), target)
    with pytest.raises(error, match=says):
        pixel_cross_entropy(torch.zeros(logits), torch.tensor(target))
