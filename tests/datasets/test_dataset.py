"""One contract for all data sets: what they refuse, their batches, transforms of image and target."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torchvision import tv_tensors
from torchvision.transforms import v2

import cnncourse
from cnncourse import datasets
from cnncourse.datasets import Dataset, Sample

BLACK, WHITE = 0, 1


def labelled(n=10, size=(5, 7)):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, 3, *size), dtype=torch.uint8, generator=generator)
    return Dataset(images, torch.arange(n) % 3, ("a", "b", "c"), name="labelled")


def blobs(n=6, size=(41, 56)):
    """Smooth white blobs, and masks that say where an image is brighter than a half."""
    noise = torch.rand(n, 1, 5, 6, generator=torch.Generator().manual_seed(1))
    smooth = nn.functional.interpolate(noise, size, mode="bicubic", align_corners=True)
    images = ((smooth - 0.5) * 8 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8)
    return Dataset(images, (images[:, 0] > 127).to(torch.uint8), ("black", "white"), ignore_index=255)


def test_a_sample_is_an_image_in_0_to_1_and_an_integer_target():
    data = labelled()
    image, target = data[-1]
    assert isinstance(data[0], Sample)
    assert torch.equal((image * 255).round().to(torch.uint8), data.images[9])
    assert (image.dtype, target.dtype, target.shape) == (torch.float32, torch.int64, ())
    assert len(list(data)) == len(data) == 10
    mask = blobs()[2].target
    assert (mask.dtype, mask.shape) == (torch.int64, (41, 56))


@pytest.mark.parametrize("size", [1, 3, 10, 64])
def test_batches_hold_every_sample_once_in_order(size):
    data = labelled()
    batches = list(data.batches(size))
    assert [len(images) for images, _ in batches[:-1]] == [size] * (len(batches) - 1)
    images, targets = (torch.cat(parts) for parts in zip(*batches, strict=True))
    assert torch.equal(images, data.images.float() / 255)
    assert torch.equal(targets, data.targets)


def test_shuffled_batches_are_a_permutation_that_the_seed_decides():
    data = labelled(40)

    def order(seed):
        images = torch.cat([images for images, _ in data.batches(7, shuffle=True, seed=seed)])
        return [next(i for i in range(40) if torch.equal(image, data[i].image)) for image in images]

    assert order(0) == order(0) != order(1)
    assert sorted(order(0)) == list(range(40)) != order(0)


def test_batches_leave_the_random_numbers_of_others_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    list(blobs().batches(2, shuffle=True, augment=v2.RandomAffine(20)))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    "transform",
    [
        v2.RandomHorizontalFlip(1.0),
        v2.RandomAffine(degrees=40, translate=(0.2, 0.2), scale=(0.7, 1.4), shear=15),
        v2.ElasticTransform(alpha=120.0, sigma=5.0),
        v2.RandomPerspective(0.4, p=1.0),
        v2.RandomResizedCrop((29, 33), antialias=True),
        v2.Compose([v2.RandomVerticalFlip(), v2.RandomRotation(90)]),
    ],
    ids=lambda transform: type(transform).__name__,
)
def test_a_torchvision_transform_moves_image_and_mask_together(transform):
    data = blobs()
    images, masks = next(data.batches(6, augment=transform, seed=3))
    assert type(images) is type(masks) is torch.Tensor
    assert masks.dtype == torch.int64
    assert set(masks.unique().tolist()) <= {BLACK, WHITE}  # nearest: no label in between
    shown = images[:, 0] > 0.5
    assert (shown != masks.bool()).float().mean() < 0.04  # bilinear and nearest differ along the edges
    assert (shown.roll(1, 0) != masks.bool()).float().mean() > 0.2
    if shown.shape == data.targets.shape:
        assert (masks != data.targets).float().mean() > 0.05


def test_uncovered_pixels_become_what_the_transform_is_told():
    fill = {tv_tensors.Image: 1.0, tv_tensors.Mask: 255}
    shifted = v2.RandomAffine(0, translate=(0.5, 0.5), fill=fill)
    images, masks = next(blobs().batches(6, augment=shifted, seed=1))
    assert (masks == 255).float().mean() > 0.05
    assert images[:, 0][masks == 255].min() == 1


def test_augmentation_differs_by_sample_and_seed_and_can_be_repeated():
    data = blobs()
    same = data.subset([0] * 6)
    rotation = v2.RandomRotation(180)

    def rotated(seed, size=6):
        return torch.cat([masks for _, masks in same.batches(size, augment=rotation, seed=seed)])

    assert torch.equal(rotated(0), rotated(0))
    assert not torch.equal(rotated(0), rotated(1))
    assert len({mask.numpy().tobytes() for mask in rotated(0)}) == 6
    assert len({mask.numpy().tobytes() for mask in rotated(0, size=2)}) == 6


def test_a_function_of_your_own_gets_image_and_mask():
    def flip_pair(image, mask):
        return image.flip(-1), mask.flip(-1)

    data = blobs()
    images, masks = next(data.batches(6, augment=flip_pair))
    assert torch.equal(images, data.images.float().flip(-1) / 255)
    assert torch.equal(masks, data.targets.long().flip(-1))


def test_a_class_stays_what_it_is_while_the_image_moves():
    data = labelled()
    images, targets = next(data.batches(10, augment=v2.RandomHorizontalFlip(1.0)))
    assert torch.equal(targets, data.targets)
    assert torch.equal(images, data.images.float().flip(-1) / 255)


def test_unequal_sizes_after_augmentation_are_refused():
    with pytest.raises(ValueError, match=r"augment returned the sizes .* crop or resize to a fixed one"):
        list(blobs().batches(3, augment=v2.RandomResize(20, 60)))
    with pytest.raises(ValueError, match="augment returned the sizes"):
        list(blobs().batches(3, augment=lambda image, mask: (image[:, :-1], mask)))


def test_an_augmentation_that_forgets_the_target_is_named():
    with pytest.raises(TypeError, match=r"augment returned Image, expected \(image, target\)"):
        list(labelled().batches(3, augment=lambda image, target: image))


def test_subsets_are_chosen_by_slice_number_or_truth():
    data = labelled()
    assert torch.equal(data.subset(slice(2, 9, 3)).images, data.images[2:9:3])
    assert data.subset([4, 4, 0]).targets.tolist() == [1, 1, 0]
    assert data.subset(data.targets == 2).targets.tolist() == [2, 2, 2]
    assert len(data.subset([])) == 0
    assert data.subset(range(3)).name == "labelled"


IMAGES = torch.zeros(3, 1, 4, 5, dtype=torch.uint8)
LABELS = torch.tensor([0, 1, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": IMAGES.float()}, r"images uint8 \[N, C, H, W\], got float32 \[3, 1, 4, 5\]"),
        ({"images": IMAGES[:, 0]}, r"got uint8 \[3, 4, 5\]"),
        ({"targets": LABELS[:2]}, r"targets \[3\] or masks \[3, 4, 5\] .*, got int64 \[2\]"),
        ({"targets": torch.zeros(3, 5, 4)}, r"masks \[3, 4, 5\]"),
        ({"targets": LABELS.float()}, "whole-number targets"),
        ({"targets": LABELS + 1}, "targets hold 2, expected 0 to 1"),
        ({"targets": LABELS - 1}, "targets hold -1"),
        (
            {"targets": torch.full((3, 4, 5), 254, dtype=torch.uint8), "ignore_index": 255},
            r"254.* or 255 \(ignored\)",
        ),
        ({"palette": ("#000000",)}, "1 colors for 2 classes"),
    ],
)
def test_what_does_not_belong_together_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Dataset(**{"images": IMAGES, "targets": LABELS, "classes": ("a", "b"), **arguments})


def test_ignored_targets_of_any_value_are_accepted():
    for ignored in (255, -100):
        assert (
            Dataset(IMAGES, LABELS.where(LABELS == 0, ignored), ("a",), ignore_index=ignored).num_classes == 1
        )


@pytest.mark.parametrize(
    ("size", "error"), [(0, ValueError), (-3, ValueError), (2.5, TypeError), ("4", TypeError)]
)
def test_a_batch_size_that_is_none_is_refused_at_once(size, error):
    with pytest.raises(error, match="batch size"):
        labelled().batches(size)


def test_the_room_is_opened_without_loading_a_reader():
    code = "import sys, cnncourse.datasets; print({'torch', 'numpy', 'PIL', 'sklearn'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize("name", datasets.__all__)
def test_no_module_takes_the_place_of_a_function_once_it_is_loaded(name):
    first = getattr(datasets, name)
    assert getattr(datasets, name) is first
    assert callable(first) or name == "PHOTOGRAPHS"


def test_an_unknown_data_set_is_refused_with_those_there_are():
    with pytest.raises(AttributeError, match="digits"):
        cnncourse.datasets.mnits  # noqa: B018
