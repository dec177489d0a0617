"""The digits are scikit-learn's, each in exactly one split, and enlarged without inventing anything."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import skimage.transform
import torch
from sklearn.datasets import load_digits

from cnncourse.datasets import digits, handwriting

SPLITS = ("train", "val", "test")


def test_splits_have_the_stated_sizes_and_share_no_picture():
    parts = {split: digits(split, size=8) for split in SPLITS}
    assert {split: len(part) for split, part in parts.items()} == {"train": 1198, "val": 302, "test": 297}
    ours = Counter(
        (image.numpy().tobytes(), int(target))
        for part in parts.values()
        for image, target in zip(part.images, part.targets, strict=True)
    )
    pixels, labels = load_digits(return_X_y=True)
    theirs = Counter(
        (np.round(row * 255 / 16).astype(np.uint8).tobytes(), int(label))
        for row, label in zip(pixels, labels, strict=True)
    )
    assert ours == theirs


def test_every_class_has_its_share_in_every_split():
    for split, low, high in (("train", 115, 123), ("val", 29, 31), ("test", 29, 31)):
        counts = torch.bincount(digits(split, size=8).targets, minlength=10)
        assert counts.min() >= low, split
        assert counts.max() <= high, split


def test_large_digits_are_the_small_ones_bilinearly_enlarged_inside_a_black_border():
    small, large = digits("val", size=8), digits("val")
    assert torch.equal(small.targets, large.targets)
    assert large.images.shape == (302, 1, 28, 28)
    inside = large.images[:, 0, 4:24, 4:24]
    assert int(large.images.sum()) == int(inside.sum())
    for i in (0, 17, 301):
        levels = small.images[i, 0].numpy().astype(float) / 255 * 16
        exact = np.round(levels) * 255 / 16
        expected = skimage.transform.resize(exact, (20, 20), order=1, mode="edge", anti_aliasing=False)
        assert np.abs(inside[i].numpy() - expected).max() <= 0.501


def test_digits_are_read_through_scikit_learn_where_its_file_lies_elsewhere(monkeypatch):
    usual = digits("test")
    monkeypatch.setattr(handwriting, "_file", lambda: Path("no such file"))
    other = digits("test")
    assert torch.equal(usual.images, other.images)
    assert torch.equal(usual.targets, other.targets)


@pytest.mark.parametrize("split", ["training", "Test", "", None])
def test_an_unknown_split_is_refused_with_those_there_are(split):
    with pytest.raises(ValueError, match="'train', 'val' or 'test'"):
        digits(split)


@pytest.mark.parametrize("size", [0, 32, (28, 28)])
def test_another_size_is_refused(size):
    with pytest.raises(ValueError, match="size 8 or 28"):
        digits(size=size)
