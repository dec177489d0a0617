"""Elastic deformation: SciPy's spline sampling of the same field, and image and mask moved together."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from cnncourse import datasets
from cnncourse.datasets import ElasticDeformation

SIZES = [(33, 47), (64, 64), (7, 90), (41, 5)]


def keys(t, a=-0.75):
    """The cubic convolution kernel of Keys 1981 that torch uses, at a distance t."""
    t = abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def along(length):
    """How much each of three grid points, the outer ones repeated outward, counts at each pixel."""
    weights = np.zeros((length, 3))
    for pixel in range(length):
        place = 2 * pixel / (length - 1)
        for point in range(-2, 5):
            weights[pixel, min(max(point, 0), 2)] += keys(place - point)
    return weights


def displaced(seed, deviation, size):
    """Where each pixel looks, by the definition: torch's own random vectors, interpolated by hand."""
    torch.manual_seed(seed)
    vectors = deviation * torch.randn(1, 2, 3, 3).double().numpy()[0]
    rows, columns = map(along, size)
    return np.mgrid[: size[0], : size[1]] + np.einsum("yi,dij,xj->dyx", rows, vectors, columns)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("deviation", [0.5, 4, 30])
def test_it_is_scipy_s_sampling_of_the_interpolated_field(size, deviation):
    rng = np.random.default_rng(3)
    image, mask = rng.random((2, *size)), rng.integers(0, 9, size)
    for seed in range(3):
        places = displaced(seed, deviation, size)
        torch.manual_seed(seed)
        moved, labels = ElasticDeformation(deviation)(torch.tensor(image), torch.tensor(mask))
        for got, plane in zip(moved.numpy(), image, strict=True):
            # The field itself is float32: half a thousandth of a pixel at the most.
            expected = ndimage.map_coordinates(plane, places, order=1, mode="reflect")
            np.testing.assert_allclose(got, expected, atol=1e-3)
        nearest = ndimage.map_coordinates(mask, places, order=0, mode="reflect")
        clear = (np.abs(places - np.floor(places) - 0.5) > 1e-3).all(0)  # no tie between two pixels
        assert clear.mean() > 0.98
        assert np.array_equal(labels.numpy()[clear], nearest[clear])


@pytest.mark.parametrize("size", SIZES)
def test_no_deviation_changes_nothing(size):
    torch.manual_seed(0)
    image, mask = torch.rand(3, *size), torch.randint(0, 300, size)
    moved, labels = ElasticDeformation(0)(image, mask)
    torch.testing.assert_close(moved, image, atol=1e-5, rtol=0)
    assert torch.equal(labels, mask)


def test_image_and_mask_move_together():
    y, x = torch.meshgrid(torch.arange(71.0), torch.arange(58.0), indexing="ij")
    mask = (((y - 30) ** 2 + (x - 31) ** 2) < 400).long()
    deform = ElasticDeformation(6)
    for seed in range(5):
        torch.manual_seed(seed)
        image, labels = deform(mask[None].float(), mask)
        assert (labels != mask).float().mean() > 0.02
        assert torch.equal(
            (image[0] > 0.5).long()[(image[0] - 0.5).abs() > 0.45], labels[(image[0] - 0.5).abs() > 0.45]
        )
        assert ((image[0] > 0.5).long() != labels).float().mean() < 0.02


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_labels_and_types_stay(dtype):
    mask = torch.tensor([[0, 3], [77, 120]], dtype=dtype).repeat_interleave(20, 0).repeat_interleave(17, 1)
    torch.manual_seed(1)
    image, labels = ElasticDeformation(8)(torch.rand(1, 40, 34, dtype=torch.float64), mask)
    assert (image.dtype, labels.dtype) == (torch.float64, dtype)
    assert set(labels.unique().tolist()) <= {0, 3, 77, 120}
    large = torch.full((9, 9), 2**40 + 1)
    assert torch.equal(ElasticDeformation(2)(torch.rand(1, 9, 9), large)[1], large)


def test_outside_lies_the_mirror_image():
    mask = torch.zeros(40, 40, dtype=torch.long)
    mask[:, :] = torch.arange(40)  # columns
    torch.manual_seed(2)
    _, labels = ElasticDeformation(40)(torch.zeros(1, 40, 40), mask)
    ones = torch.ones(1, 40, 40)
    torch.testing.assert_close(ElasticDeformation(40)(ones, mask)[0], ones)  # nothing dark comes in
    assert labels.min() >= 0
    assert labels.max() <= 39


def test_displacements_have_the_deviation_asked_for():
    corners = []
    mask = torch.arange(1001).repeat(3, 1)  # the label is the column
    for seed in range(400):
        torch.manual_seed(seed)
        labels = ElasticDeformation(10)(torch.zeros(1, 3, 1001), mask)[1]
        corners.append(labels[1, 500].item() - 500)  # the middle point of the grid
    assert abs(np.mean(corners)) < 2  # four standard errors
    assert 8.6 < np.std(corners) < 11.4


def test_batches_deform_instances_with_their_image_the_same_for_the_same_seed():
    data = datasets.cells(4, (60, 44), target="instances")
    deform = ElasticDeformation(3)
    (images, numbers), (again, same), (other, _) = (
        next(data.batches(4, seed=seed, augment=deform)) for seed in (1, 1, 2)
    )
    assert torch.equal(images, again)
    assert torch.equal(numbers, same)
    assert not torch.equal(images, other)
    plain, before = next(data.batches(4))
    assert not torch.equal(images, plain)
    for after, whole in zip(numbers, before, strict=True):
        assert set(after.unique().tolist()) <= set(whole.unique().tolist())
    bright = [(images[:, 0][on].mean() - images[:, 0][~on].mean()).item() for on in (numbers > 0, before > 0)]
    assert bright[0] > 1.15 * bright[1]  # its own mask fits better than the one from before


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="deviation is -1; expected a number of pixels, 0 or more"):
        ElasticDeformation(-1)
    with pytest.raises(ValueError, match=r"got image \[1, 4, 5\] and mask \[5, 4\], expected"):
        ElasticDeformation()(torch.zeros(1, 4, 5), torch.zeros(5, 4, dtype=torch.long))
    with pytest.raises(
        TypeError, match=r"holds torch\.uint8; expected real numbers.*use image\.float\(\) / 255"
    ):
        ElasticDeformation()(torch.zeros(1, 4, 5, dtype=torch.uint8), torch.zeros(4, 5, dtype=torch.long))
