"""Road scenes: masks are exact, the same everywhere, and the knobs do what they say."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest
import torch

from cnncourse.datasets import Dataset, road_scenes
from cnncourse.viz import style

SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(11)


@pytest.fixture(scope="module")
def scenes():
    return road_scenes(80, seed=3)


def share(data):
    counts = torch.bincount(data.targets.flatten().long(), minlength=256).double()
    return counts / counts.sum()


def bands(mask, label):
    """Return the length of each run of a class in the rows of a mask."""
    inside = np.pad((mask == label).astype(np.int8), ((0, 0), (1, 1)))
    step = np.diff(inside, axis=1)
    return np.nonzero(step == -1)[1] - np.nonzero(step == 1)[1]


def test_a_data_set_of_eleven_named_classes_in_camvids_order(scenes):
    assert isinstance(scenes, Dataset)
    assert scenes.images.shape == (80, 3, 96, 128)
    assert scenes.images.dtype == scenes.targets.dtype == torch.uint8
    assert scenes.classes == (
        "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian",
        "Bicyclist",
    )  # fmt: skip
    assert scenes.ignore_index == 255
    assert set(scenes.palette) == set(style.PALETTE)  # one palette for the whole course


def test_every_class_occurs_and_nothing_else(scenes):
    assert set(scenes.targets.unique().tolist()) == {*range(11), 255}


def test_shares_of_the_classes_are_about_those_of_camvid(scenes):
    # Percent of CamVid's 367 training masks, its 3.95 % of unlabeled pixels left out.
    camvid = np.array([17.54, 24.21, 1.02, 32.96, 4.67, 10.12, 1.22, 1.17, 6.11, 0.67, 0.30])
    found = share(scenes).numpy()
    labeled = 100 * found[:11] / found[:11].sum()
    assert np.all(labeled / camvid < 2), labeled
    assert np.all(labeled / camvid > 0.5), labeled
    assert np.corrcoef(np.log(labeled), np.log(camvid))[0, 1] > 0.95
    assert 0 < found[255] < 0.02


@pytest.mark.parametrize("size", [(96, 128), (97, 131)])
def test_masks_are_the_same_on_every_machine(size):
    digests = {
        (96, 128): "4246b085129b99df",
        (97, 131): "bcb361244c271364",
    }
    masks = road_scenes(6, size=size, seed=2, split="test").targets.numpy()
    assert hashlib.sha256(masks.tobytes()).hexdigest()[:16] == digests[size]


def test_images_are_the_same_up_to_rounding():
    images = road_scenes(6, seed=2, split="test").images.double()
    means = [[110.66, 108.32, 105.12], [161.0, 150.62, 137.23]]
    np.testing.assert_allclose(images.mean((2, 3))[:2], means, atol=0.05)


def test_same_arguments_same_scenes_and_a_longer_set_begins_alike(scenes):
    again = road_scenes(7, seed=3)
    assert torch.equal(again.images, scenes.images[:7])
    assert torch.equal(again.targets, scenes.targets[:7])


def test_no_two_splits_seeds_or_indices_share_a_scene():
    sets = [
        road_scenes(8, size=(48, 64), seed=seed, split=split)
        for seed in (0, 1, 2**32, 2**40 + 1)
        for split in ("train", "val", "test")
    ]
    masks = torch.cat([data.targets for data in sets])
    # Mirrored too: no scene may be the flip of another one that trained the network.
    digests = {hashlib.sha256(m.numpy().tobytes()).digest() for m in torch.cat([masks, masks.flip(-1)])}
    assert len(digests) == 2 * len(masks)
    agreement = (masks[:8, None] == masks[None, 8:16]).double().mean((2, 3))
    assert agreement.max() < 0.95


def test_another_size_shows_the_same_scene_in_more_detail():
    small = road_scenes(12, seed=4).targets
    large = road_scenes(12, size=(192, 256), seed=4).targets[:, ::2, ::2]
    assert (small == large).double().mean() > 0.96
    assert bands(large[0].numpy(), ROAD).max() <= 128


@pytest.mark.parametrize("size", [(32, 32), (48, 64), (97, 131), (131, 60)])
def test_any_size_is_drawn_whole(size):
    data = road_scenes(4, size=size, seed=1)
    assert data.images.shape == (4, 3, *size)
    assert data.targets.shape == (4, *size)
    for mask in data.targets:  # sky above, ground below, nothing left unpainted
        assert (mask[: size[0] // 8] == SKY).any() or (mask[: size[0] // 8] == BUILDING).any()
        assert (mask[-2:] == ROAD).double().mean() > 0.2
        assert not (mask[-size[0] // 5 :] == SKY).any()


def test_image_and_mask_are_aligned(scenes):
    images, masks = scenes.images.double(), scenes.targets
    light = images.mean(1)
    means = {label: images.permute(1, 0, 2, 3)[:, masks == label].mean(1) for label in range(11)}
    assert light[masks == SKY].mean() > light[masks == ROAD].mean() + 40
    blue_over_red = {label: (mean[2] - mean[0]).item() for label, mean in means.items()}
    assert blue_over_red[SKY] > max(blue_over_red[ROAD], blue_over_red[BUILDING]) + 10
    green = {label: (mean[1] / mean[0]).item() for label, mean in means.items() if label != SKY}
    assert max(green, key=green.get) == TREE
    # A mask that is moved by two pixels fits worse: the edges of the image lie on those of the mask.
    edge = (light[:, :, 1:] - light[:, :, :-1]).abs()
    border = masks[:, :, 1:] != masks[:, :, :-1]
    fits = {shift: edge[border.roll(shift, -1)].mean().item() for shift in (-2, -1, 0, 1, 2)}
    assert max(fits, key=fits.get) == 0
    assert fits[0] > 1.4 * max(fits[-2], fits[2])


def test_poles_are_one_to_three_pixels_thin(scenes):
    # The few longer runs are the arms of lamps, which lie across.
    runs = np.concatenate([bands(mask.numpy(), POLE) for mask in scenes.targets])
    assert (runs <= 3).mean() > 0.9
    assert np.median(runs) == 1


def test_thin_makes_poles_thinner_and_more_of_them():
    def poles(thin):
        data = road_scenes(16, size=(144, 192), seed=6, thin=thin)
        widths = np.concatenate([bands(mask.numpy(), POLE) for mask in data.targets])
        return widths.mean(), len(widths), share(data)

    widths, rows, shares = zip(*(poles(thin) for thin in (0.25, 0.5, 1, 2)), strict=True)
    assert sorted(widths, reverse=True) == list(widths)
    assert widths[0] > 2.5 * widths[-1]
    assert all(1.3 * a < b for a, b in pairwise(rows))
    signs = [found[SIGN].item() for found in shares]
    assert all(1.3 * a < b for a, b in pairwise(signs))
    # The street is the same; only what the new poles hide is gone.
    assert shares[0][ROAD].item() == pytest.approx(shares[3][ROAD].item(), rel=0.02)


def test_imbalance_makes_rare_classes_rarer_and_leaves_the_street():
    shares = [share(road_scenes(40, size=(48, 64), seed=5, imbalance=k)) for k in (0, 1, 2)]
    for label in (SIGN, FENCE, PEDESTRIAN, BICYCLIST):
        found = [s[label].item() for s in shares]
        assert sorted(found, reverse=True) == found
        assert found[0] > 3 * found[-1]
    roads = [s[ROAD].item() for s in shares]
    assert max(roads) - min(roads) < 0.02


def neighbors(mask):
    padded = np.pad(mask, 1, constant_values=255)
    return np.stack([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]])


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
def test_label_noise_moves_exactly_that_share_of_the_border_pixels(noise):
    clean, noisy = road_scenes(5, seed=8), road_scenes(5, seed=8, label_noise=noise)
    assert torch.equal(clean.images, noisy.images)
    for before, after in zip(clean.targets.numpy(), noisy.targets.numpy(), strict=True):
        around = neighbors(before)
        border = ((around != before) & (around != 255)).any(0) & (before != 255)
        changed = before != after
        assert not (changed & ~border).any()
        assert changed.sum() == round(noise * border.sum())
        assert (around == after)[:, changed].any(0).all()


def test_label_noise_is_drawn_anew_for_each_scene_and_only_from_its_seed():
    first, again = (road_scenes(2, seed=8, label_noise=0.3).targets for _ in range(2))
    assert torch.equal(first, again)
    clean = road_scenes(2, seed=8).targets
    changed = first != clean
    assert not torch.equal(changed[0], changed[1])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"n": 0}, ValueError, "n is 0; expected at least 1"),
        ({"n": 2.5}, TypeError, "n is 2.5"),
        ({"size": (20, 64)}, ValueError, "size is 20; expected at least 32"),
        ({"size": (96, 128, 3)}, ValueError, "expected an int or a pair"),
        ({"seed": -1}, ValueError, "seed is -1; expected at least 0"),
        ({"split": "dev"}, ValueError, "no split 'dev'; expected 'train', 'val' or 'test'"),
        ({"thin": 0}, ValueError, "thin is 0; expected 0.25..4"),
        ({"thin": float("nan")}, ValueError, "thin is nan"),
        ({"imbalance": 2.1}, ValueError, "imbalance is 2.1; expected 0..2"),
        ({"label_noise": 1.5}, ValueError, "label_noise is 1.5; expected 0..1"),
        ({"label_noise": "much"}, TypeError, "label_noise is 'much' .str.; expected a number"),
        ({"imbalance": True}, TypeError, "imbalance is True"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_remedy(arguments, error, words):
    with pytest.raises(error, match=words):
        road_scenes(**{"n": 1, **arguments})
