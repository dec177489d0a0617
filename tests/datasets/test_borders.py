"""The border weight map equals equation 2 of the U-Net paper, taken pixel by pixel."""

import itertools
import math

import numpy as np
import pytest
import torch
from skimage.draw import disk

from cnncourse.datasets import border_weight_map


def by_the_formula(instances, w0, sigma):
    """Equation 2 in plain loops: from each pixel of the background to every pixel of every cell."""
    cells = {
        number: list(zip(*np.nonzero(instances == number), strict=True))
        for number in set(instances.ravel().tolist()) - {0}
    }
    weights = np.zeros(instances.shape)
    for pixel in itertools.product(*map(range, instances.shape)):
        if instances[pixel] == 0 and len(cells) >= 2:
            d1, d2 = sorted(min(math.dist(pixel, other) for other in cell) for cell in cells.values())[:2]
            weights[pixel] = w0 * math.exp(-((d1 + d2) ** 2) / (2 * sigma**2))
    return weights


def random_cells(seed, shape, count, radius=4):
    """Disks that overlap, so that some touch, some are cut in two and some have gone; ids with gaps."""
    rng = np.random.default_rng(seed)
    instances = np.zeros(shape, int)
    for number in rng.choice(1000, count, replace=False) + 1:
        instances[disk(rng.uniform(0, shape), rng.uniform(1, radius), shape=shape)] = number
    return instances


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("shape", "count"), [((23, 17), 5), ((9, 31), 2), ((1, 19), 3), ((14, 15), 40)])
@pytest.mark.parametrize(("w0", "sigma"), [(10, 5), (3.5, 1.7), (1, 0.3)])
def test_weights_equal_the_formula_in_loops(seed, shape, count, w0, sigma):
    instances = random_cells(seed, shape, count)
    expected = by_the_formula(instances, w0, sigma)
    np.testing.assert_allclose(border_weight_map(instances, w0, sigma), expected, atol=1e-7 * w0)


@pytest.mark.parametrize("seed", range(3))
def test_measuring_each_cell_in_its_own_corner_loses_nothing_that_counts(seed):
    """In a picture much wider than a weight reaches, in all places."""
    instances = random_cells(seed, (40, 160), 12)
    np.testing.assert_allclose(
        border_weight_map(instances, 10, 2), by_the_formula(instances, 10, 2), atol=1e-6
    )


def test_defaults_are_the_papers():
    instances = random_cells(1, (20, 30), 4)
    np.testing.assert_array_equal(border_weight_map(instances), border_weight_map(instances, w0=10, sigma=5))
    assert border_weight_map(np.array([[4, 0, 9]]))[0, 1] == pytest.approx(10 * math.exp(-4 / 50))


def test_a_ridge_runs_between_two_cells_and_nothing_is_inside_them():
    instances = np.zeros((21, 33), int)
    instances[5:16, 3:15], instances[5:16, 18:30] = 1, 2
    weights = border_weight_map(instances)
    assert not weights[instances > 0].any()
    assert (weights[instances == 0] > 0).all()
    assert weights.max() == weights[10, 16]  # in the gap of three pixels d1 + d2 is the same everywhere
    np.testing.assert_allclose(weights[5:16, 15:18], weights[10, 16])
    np.testing.assert_allclose(weights, weights[:, ::-1])


@pytest.mark.parametrize("picture", [np.zeros((4, 7), int), np.eye(5, dtype=int), np.full((3, 4), 6)])
def test_with_fewer_than_two_cells_nothing_weighs(picture):
    weights = border_weight_map(picture)
    assert weights.shape == picture.shape
    assert not weights.any()


def test_numbers_mean_cells_and_connection_does_not():
    parts = np.array([[7, 0, 0, 7, 0, 0]])
    assert not border_weight_map(parts).any()
    touching = np.array([[1, 2, 0, 0]])
    np.testing.assert_allclose(border_weight_map(touching), [[0, 0, *10 * np.exp([-9 / 50, -25 / 50])]])


def test_which_number_a_cell_has_does_not_matter():
    instances = random_cells(3, (19, 26), 6)
    renamed = np.where(instances > 0, 100_000 - 3 * instances, 0)
    np.testing.assert_array_equal(border_weight_map(instances), border_weight_map(renamed))
    np.testing.assert_allclose(border_weight_map(instances.T), border_weight_map(instances).T)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
def test_every_integer_type_is_read_and_left_alone(dtype):
    instances = (random_cells(2, (13, 18), 4) % 251).astype(dtype)
    before = instances.copy()
    weights = border_weight_map(instances)
    assert weights.dtype == np.float64
    np.testing.assert_array_equal(weights, border_weight_map(instances.astype(int)))
    np.testing.assert_array_equal(instances, before)


def test_a_tensor_gives_a_tensor():
    instances = random_cells(4, (12, 21), 4)
    weights = border_weight_map(torch.tensor(instances))
    assert weights.dtype == torch.float32
    np.testing.assert_allclose(weights.numpy(), border_weight_map(instances), rtol=1e-6)


@pytest.mark.parametrize(
    ("instances", "error", "words"),
    [
        (np.zeros((3, 4), bool), TypeError, r"hold bool; expected whole numbers.*ndimage\.label"),
        (torch.zeros(3, 4), TypeError, "hold float32; expected whole numbers"),
        (np.zeros((2, 3, 4), int), ValueError, r"shape \(2, 3, 4\); expected \[H, W\].*each picture"),
        (np.zeros(4, int), ValueError, r"shape \(4,\); expected \[H, W\]"),
        (np.zeros((0, 4), int), ValueError, "no cell at all"),
        (np.array([[1, -1, 2]]), ValueError, "hold -1; expected 0 in the background"),
        ([[1, 0], [2]], ValueError, "rows of different length"),
    ],
)
def test_what_is_no_picture_of_instances_is_refused(instances, error, words):
    with pytest.raises(error, match=words):
        border_weight_map(instances)


@pytest.mark.parametrize("sigma", [0, -5, math.nan, math.inf])
def test_a_sigma_that_is_no_width_is_refused(sigma):
    with pytest.raises(ValueError, match=f"sigma is {sigma}; expected a number above 0"):
        border_weight_map(np.array([[1, 0, 2]]), sigma=sigma)


def test_a_negative_w0_is_refused():
    with pytest.raises(ValueError, match="w0 is -1; expected a number ≥ 0"):
        border_weight_map(np.array([[1, 0, 2]]), w0=-1)
