"""Generated cells: exact numbers, one pixel between two that touch, the same bytes everywhere."""

import hashlib

import numpy as np
import pytest
import torch
from scipy import ndimage

from cnncourse.datasets import Dataset, border_weight_map, cells, instance_boxes

EIGHT = np.ones((3, 3), int)


@pytest.fixture(scope="module")
def both():
    return tuple(cells(24, seed=5, target=target) for target in ("mask", "instances"))


def same(a, b):
    return torch.equal(a.images, b.images) and torch.equal(a.targets, b.targets)


def test_a_data_set_of_gray_pictures_with_two_views_of_the_same_cells(both):
    masks, instances = both
    assert isinstance(masks, Dataset)
    assert masks.images.shape == (24, 1, 124, 124)
    assert masks.images.dtype == torch.uint8
    assert (masks.classes, masks.ignore_index) == (("background", "cell"), None)
    assert torch.equal(masks.images, instances.images)
    assert torch.equal(masks.targets == 1, instances.targets > 0)
    for numbers in instances.targets:
        assert torch.unique(numbers).tolist() == list(range(int(numbers.max()) + 1))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("neighbors", [None, EIGHT], ids=["4", "8"])
def test_connected_components_of_the_mask_are_the_instances(seed, neighbors):
    sizes = ((16, 23), (77, 61), (124, 124))
    for size in sizes:
        masks, instances = (cells(6, size, seed, target=target).targets for target in ("mask", "instances"))
        for mask, numbers in zip(masks.numpy(), instances.numpy(), strict=True):
            pieces, found = ndimage.label(mask, neighbors)
            assert found == numbers.max()
            assert len(np.unique(pieces.astype(int) * 1000 + numbers)) == found + 1  # one to one


def test_most_cells_touch_another_across_one_pixel(both):
    close = total = 0
    for numbers in both[1].targets.numpy():
        for k in range(1, numbers.max() + 1):
            ring = ndimage.binary_dilation(numbers == k, EIGHT, iterations=2)
            close += bool(np.setdiff1d(numbers[ring], [0, k]).size)
        total += int(numbers.max())
    assert 0.8 < close / total < 1  # and some lie alone


def test_a_gap_is_background_that_weighs_most(both):
    numbers = both[1].targets[0]
    weights = border_weight_map(numbers.long())
    heavy = weights > 9.2  # d1 + d2 = 2: a neighbor on two sides
    assert heavy.sum() > 50
    assert torch.all(numbers[heavy] == 0)


def test_a_gap_is_darker_than_its_cells_but_brighter_than_the_ground(both):
    gap, inside, ground = [], [], []
    for image, numbers in zip(both[0].images[:, 0].numpy(), both[1].targets.numpy(), strict=True):
        near = ndimage.distance_transform_edt(numbers == 0)
        weights = border_weight_map(numbers.astype(int))
        gap.append(image[weights > 9.2].mean())
        inside.append(image[numbers > 0].mean())
        ground.append(image[near > 6].mean() if (near > 6).any() else np.nan)
    gap, inside, ground = map(np.array, (gap, inside, ground))
    assert np.all(gap < inside)
    assert np.nanmean(gap < ground + 5) < 0.1
    assert 0.2 < np.nanmean((inside - gap) / (inside - ground)) < 0.7  # faint, as in a microscope


def test_pictures_vary_in_number_light_focus_and_exposure(both):
    masks, instances = both
    counts = instances.targets.amax((1, 2))
    assert counts.min() < 20
    assert counts.max() > 40
    means = masks.images.float().mean((1, 2, 3))
    assert means.max() > 1.6 * means.min()
    rough = (masks.images[:, :, :, 1:].float() - masks.images[:, :, :, :-1].float()).abs().mean(
        (1, 2, 3)
    ) / means
    assert rough.max() > 1.5 * rough.min()


def test_edges_cut_cells_but_leave_no_scraps(both):
    cut = 0
    for numbers in both[1].targets:
        area = torch.bincount(numbers.flatten().long())[1:]
        assert area.min() >= 16
        boxes = instance_boxes(numbers)
        cut += int(((boxes[:, :2] == 0).any(1) | (boxes[:, 2:] == 124).any(1)).sum())
        sides = boxes[:, 2:] - boxes[:, :2]
        assert sides.max() < 45
    assert cut > 100


@pytest.mark.parametrize("size", [(124, 124), (97, 131)])
def test_bytes_are_the_same_on_every_machine(size):
    digests = {(124, 124): "e114c06e69a6023a", (97, 131): "abf87976673bd927"}
    data = cells(6, size, seed=2, split="test", target="instances")
    found = hashlib.sha256(data.images.numpy().tobytes() + data.targets.numpy().tobytes()).hexdigest()
    assert found[:16] == digests[size]


def test_same_arguments_same_pictures_and_a_longer_set_begins_alike(both):
    assert same(cells(5, seed=5), both[0].subset(slice(5)))
    assert not torch.equal(cells(5, seed=6).images, both[0].images[:5])


def test_no_two_splits_seeds_or_indices_share_a_picture():
    parts = [
        cells(6, (32, 40), seed, split)
        for seed in (0, 1, 2**32, 2**40 + 1)
        for split in ("train", "val", "test")
    ]
    images = torch.cat([part.images for part in parts])
    digests = {
        hashlib.sha256(image.numpy().tobytes()).digest() for image in torch.cat([images, images.flip(-1)])
    }
    assert len(digests) == 2 * len(images)


@pytest.mark.parametrize("size", [16, (16, 16), (17, 61), (50, 23), (220, 300)])
def test_any_size_from_16_on(size):
    shape = (size, size) if isinstance(size, int) else size
    data = cells(2, size, target="instances")
    assert data.images.shape == (2, 1, *shape)
    assert data.targets.shape == (2, *shape)
    assert len(data.palette) == data.num_classes > int(data.targets.max())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"split": "dev"}, ValueError, "cells has no split 'dev'; expected 'train', 'val' or 'test'"),
        ({"target": "boxes"}, ValueError, "cells has no target 'boxes'; expected 'mask' or 'instances'"),
        ({"size": (15, 40)}, ValueError, "size is 15; expected at least 16"),
        ({"n": 0}, ValueError, "n is 0; expected at least 1"),
        ({"n": 2.5}, TypeError, "n is 2.5"),
        ({"seed": -1}, ValueError, "seed is -1"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        cells(**{"n": 2, **arguments})
