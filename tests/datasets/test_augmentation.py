"""A flip moves image and mask alike, as torchvision does."""

import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from cnncourse import datasets


@pytest.mark.parametrize("shape", [(1, 3, 5), (3, 4, 1), (2, 1, 6), (3, 3, 3)])
def test_a_flip_is_torchvision_s_and_undone_by_another_one(shape):
    torch.manual_seed(0)
    image, mask = torch.rand(shape), torch.randint(0, 9, shape[1:])
    flipped = datasets.flip_pair(image, mask)
    wanted = v2.RandomHorizontalFlip(p=1)(tv_tensors.Image(image), tv_tensors.Mask(mask))
    assert all(torch.equal(got, torch.as_tensor(want)) for got, want in zip(flipped, wanted, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(datasets.flip_pair(*flipped), (image, mask), strict=True))


def test_it_can_augment_a_data_set_with_masks():
    data = datasets.shapes(4, size=(20, 24), target="mask")
    (images, masks), (flipped, flipped_masks) = (
        next(data.batches(4, augment=augment)) for augment in (None, datasets.flip_pair)
    )
    assert torch.equal(flipped, images.flip(-1))
    assert torch.equal(flipped_masks, masks.flip(-1))


@pytest.mark.parametrize(("image", "mask"), [((3, 4, 5), (5, 4)), ((3, 4, 5), (1, 4, 5)), ((4, 5), (4, 5))])
def test_shapes_that_do_not_fit_are_named(image, mask):
    with pytest.raises(ValueError, match=r"expected \[C, H, W\] and \[H, W\]"):
        datasets.flip_pair(torch.zeros(image), torch.zeros(mask, dtype=torch.long))
