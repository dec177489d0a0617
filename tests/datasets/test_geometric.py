"""Generated shapes: exact, the same for the same seed, and told apart by nothing but their outline."""

import numpy as np
import pytest
import torch
from torchvision.ops import masks_to_boxes

from cnncourse.datasets import geometric, instance_boxes, instance_classes, shapes
from cnncourse.datasets.outlines import CORNERS, KINDS, Shape, coverage

TARGETS = ("class", "mask", "instances")
LUMINANCE = torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]


def same(a, b):
    return torch.equal(a.images, b.images) and torch.equal(a.targets, b.targets)


def area(kind):
    """The area of a shape of radius 1, from formulas that are not in the library."""
    edge = (1 - 0.3**2) ** 0.5  # from the center of a cross to the end of an arm
    return {
        "circle": np.pi,
        "square": 2.0,
        "triangle": 3 * 3**0.5 / 4,
        "cross": 2 * (2 * edge * 0.6) - 0.6**2,
        "star": 5 * 0.45 * np.sin(np.pi / 5),
    }[kind]


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=KINDS)
@pytest.mark.parametrize("turn", [0.0, 0.4, 2.0, 5.5])
def test_a_shape_covers_its_area_around_its_center(kind, turn):
    covered = coverage(Shape(kind, y=22.3, x=31.6, radius=17.5, turn=turn), (43, 57))
    assert covered.sum() == pytest.approx(area(KINDS[kind]) * 17.5**2, rel=0.01)
    y, x = (np.average(np.arange(n) + 0.5, weights=covered.sum(axis)) for n, axis in ((43, 1), (57, 0)))
    assert (y, x) == (pytest.approx(22.3, abs=0.1), pytest.approx(31.6, abs=0.1))
    assert 0 < ((covered > 0) & (covered < 1)).mean() < 0.2


@pytest.mark.parametrize("kind", CORNERS)
def test_corners_reach_the_circle_around_the_shape_and_turn_with_it(kind):
    assert np.linalg.norm(CORNERS[kind], axis=1).max() == pytest.approx(1)
    number = KINDS.index(kind)
    upright, quarter = (coverage(Shape(number, 16, 16, 12.3, turn), (32, 32)) for turn in (0, np.pi / 2))
    assert np.abs(np.rot90(upright) - quarter).mean() < 0.003


@pytest.mark.parametrize("place", [(-2.0, 5.0), (3.0, 13.0), (20.5, 8.0), (-30.0, 5.0), (5.0, 300.0)])
def test_what_lies_outside_is_cut_off(place):
    y, x = place
    covered = coverage(Shape(0, y, x, 4.2, 0.0), (19, 12))
    whole = coverage(Shape(0, y + 50, x + 50, 4.2, 0.0), (400, 400))
    assert np.array_equal(covered, whole[50:69, 50:62])


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_seed_gives_the_same_pictures_for_any_number(target):
    some = shapes(7, size=(33, 40), seed=3, target=target)
    assert same(some, shapes(7, size=(33, 40), seed=3, target=target))
    assert same(some.subset(slice(4)), shapes(4, size=(33, 40), seed=3, target=target))
    assert not same(some, shapes(7, size=(33, 40), seed=4, target=target))


def test_splits_and_seeds_share_no_picture():
    parts = [shapes(30, size=16, seed=seed, split=s) for seed in (0, 1, 2) for s in ("train", "val", "test")]
    pictures = {image.numpy().tobytes() for part in parts for image in part.images}
    assert len(pictures) == 9 * 30


@pytest.mark.parametrize("size", [(16, 16), (17, 61), (50, 23), 21])
def test_any_size_from_16_on(size):
    shape = (size, size) if isinstance(size, int) else size
    for target in TARGETS:
        data = shapes(3, size=size, target=target)
        assert data.images.shape == (3, 3, *shape)
        assert data.targets.shape == ((3,) if target == "class" else (3, *shape))


def test_all_kinds_and_numbers_of_objects_occur():
    assert torch.bincount(shapes(300, size=16).targets, minlength=5).min() > 30
    counts = shapes(100, target="instances").targets.amax((1, 2))
    assert set(counts.tolist()) == {1, 2, 3, 4, 5}


def test_masks_and_instances_are_two_views_of_the_same_pictures():
    masks, instances = (shapes(40, (41, 56), seed=5, target=target) for target in ("mask", "instances"))
    assert torch.equal(masks.images, instances.images)
    assert torch.equal(masks.targets == 0, instances.targets == 0)
    for mask, numbers in zip(masks.targets, instances.targets, strict=True):
        kinds = instance_classes(numbers, mask)  # refuses an object of two classes
        assert len(kinds) == numbers.max()  # every number up to the last occurs
        assert all(1 <= kind <= 5 for kind in kinds.tolist())


def test_an_object_keeps_most_of_itself_in_sight():
    for i in range(60):
        rng = np.random.default_rng([9, i])
        found = geometric._several(rng, (48, 64))
        _, numbers = geometric._draw(rng, found, (48, 64))
        for number, (_, covered) in enumerate(found, start=1):
            assert (numbers == number).sum() >= 0.6 * (covered >= 0.5).sum()


def test_objects_differ_from_the_ground_in_brightness_exactly_where_the_mask_says():
    data = shapes(60, (48, 64), seed=1, target="instances")
    light = (data.images.float() / 255 * LUMINANCE).sum(1)

    def contrast(i, inside):
        return abs(light[i][inside].mean() - light[i][data.targets[i] == 0].mean()).item()

    def each(shift):
        return [
            contrast(i, torch.roll(numbers, shift, (0, 1)) == k)
            for i, numbers in enumerate(data.targets)
            for k in range(1, int(numbers.max()) + 1)
        ]

    there = each((0, 0))
    assert min(there) > 0.05
    for shift in ((3, 0), (-3, 0), (0, 3), (0, -3)):
        assert np.mean(each(shift)) < 0.9 * np.mean(there)


def test_color_and_place_do_not_tell_the_class():
    data = shapes(600, size=16, seed=2)
    channels = data.images.float().mean((2, 3))
    means = torch.stack([channels[data.targets == k].mean(0) for k in range(5)])
    assert (means.amax(0) - means.amin(0)).max() < 25  # the standard error of such a mean is about 5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"split": "dev"}, ValueError, "shapes has no split 'dev'; expected 'train', 'val' or 'test'"),
        ({"target": "boxes"}, ValueError, "no target 'boxes'; expected 'class', 'mask' or 'instances'"),
        ({"size": (15, 40)}, ValueError, "size is 15; expected at least 16"),
        ({"n": 0}, ValueError, "n is 0; expected at least 1"),
        ({"n": 2.5}, TypeError, "n is 2.5"),
        ({"seed": -1}, ValueError, "seed is -1"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        shapes(**{"n": 2, **arguments})


def test_boxes_are_torchvisions_with_pixel_edges():
    numbers = shapes(30, (37, 52), seed=8, target="instances").targets
    for one in numbers:
        masks = torch.stack([one == k for k in range(1, int(one.max()) + 1)])
        assert torch.equal(instance_boxes(one), masks_to_boxes(masks) + torch.tensor([0, 0, 1, 1]))
    assert instance_boxes(torch.zeros(4, 5, dtype=torch.int64)).shape == (0, 4)


def test_instances_that_fit_no_mask_are_refused():
    numbers = torch.tensor([[0, 1], [2, 2]])
    with pytest.raises(ValueError, match="object 2 has pixels of the classes"):
        instance_classes(numbers, torch.tensor([[0, 1], [3, 4]]))
    with pytest.raises(ValueError, match=r"\[2, 2\], the mask is \[2, 3\]"):
        instance_classes(numbers, torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"one picture \[H, W\], got \[1, 2, 2\]"):
        instance_boxes(numbers[None])
