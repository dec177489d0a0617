"""Whatever is wrong with a picture or a mask is said with the name of its file."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from cnncourse.datasets import pairs

LABELS = {0: 0, 1: 1, 2: 2, 7: 255}
SIZE = (9, 14)  # height, width


@pytest.fixture
def folders(tmp_path):
    """Three pictures with their masks in the folders images and masks; returns (images, masks)."""
    rng = np.random.default_rng(0)
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    for name in ("s2", "s10", "s1"):
        Image.fromarray(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)).save(images / f"{name}.png")
        labels = rng.choice(list(LABELS), SIZE).astype(np.uint8)
        Image.fromarray(labels).save(masks / f"{name}.png")
    return images, masks


def read(folders, **options):
    return pairs.stack(pairs.opened(pairs.match(*folders)), **{"mode": "RGB", "labels": LABELS, **options})


def array(path):
    return np.array(Image.open(path))


def test_pictures_and_masks_come_in_pairs_in_the_order_of_their_numbers(folders):
    images, masks = read(folders)
    assert (images.dtype, images.shape) == (torch.uint8, (3, 3, *SIZE))
    for i, name in enumerate(("s1", "s2", "s10")):
        assert np.array_equal(images[i].permute(1, 2, 0).numpy(), array(folders[0] / f"{name}.png"))
        labels = array(folders[1] / f"{name}.png")
        assert np.array_equal(masks[i].numpy(), np.where(labels == 7, 255, labels))


def test_jpeg_pictures_palette_masks_and_other_files_beside_are_fine(folders):
    images, masks = folders
    picture, mask = array(images / "s1.png"), Image.open(masks / "s1.png")
    Image.fromarray(picture).save(images / "s1.jpg", quality=95)
    (images / "s1.png").unlink()
    indexed = Image.fromarray(np.array(mask))
    indexed.putpalette([200, 10, 10] * 256)
    indexed.save(masks / "s1.png")
    (images / "._s9.png").write_bytes(b"what a Mac leaves behind")
    (images / "Thumbs.db").write_bytes(b"what Windows leaves behind")
    assert Image.open(masks / "s1.png").mode == "P"
    read_images, read_masks = read(folders)
    assert np.array_equal(read_images[0].permute(1, 2, 0).numpy(), array(images / "s1.jpg"))
    assert np.array_equal(read_masks[0].numpy(), np.where(np.array(mask) == 7, 255, np.array(mask)))


def test_gray_pictures_have_one_channel(folders):
    images, _ = read(folders, mode="L")
    assert images.shape == (3, 1, *SIZE)


@pytest.mark.parametrize("size", [(5, 7), (20, 28), (13, 4), 6])
def test_resizing_smooths_images_and_takes_the_nearest_label(size, folders):
    shape = (size, size) if isinstance(size, int) else size
    plain_images, plain_masks = read(folders)
    images, masks = read(folders, size=size)
    expected = F.interpolate(plain_images.double(), shape, mode="bilinear", antialias=True)
    assert (images - expected).abs().max() <= 1.01  # Pillow rounds after each axis
    nearest = F.interpolate(plain_masks[:, None].float(), shape, mode="nearest-exact")[:, 0]
    assert torch.equal(masks, nearest.to(torch.uint8))


def broken(images, masks, case):
    mask = masks / "s2.png"
    match case:
        case "label 37":
            labels = array(mask)
            labels[4, 3:5] = 37
            Image.fromarray(labels).save(mask)
        case "label 263 in 16 bits":  # its low byte is 7
            Image.fromarray(np.full(SIZE, 263, np.uint16)).save(mask)
        case "a mask in color":
            Image.fromarray(array(images / "s2.png")).save(mask)
        case "a mask of another size":
            Image.fromarray(array(mask)[:, :-1]).save(mask)
        case "a mask turned":
            Image.fromarray(array(mask).T.copy()).save(mask)
        case "a cut mask":
            mask.write_bytes(mask.read_bytes()[:-40])
        case "a cut picture":
            (images / "s2.png").write_bytes((images / "s2.png").read_bytes()[:200])
        case "an empty picture":
            (images / "s2.png").write_bytes(b"")
        case "a text":
            (images / "s2.png").write_text("<html>not found</html>")
        case "16 bits":
            Image.fromarray(np.full(SIZE, 4000, np.uint16)).save(images / "s2.png")
        case "pictures that differ":
            for path in (images / "s2.png", mask):
                Image.fromarray(array(path)[:-2]).save(path)
        case "twice":
            Image.fromarray(array(images / "s2.png")).save(images / "s2.jpg")


PROBLEMS = {
    "label 37": r"masks.s2\.png holds the label 37 in row 4, column 3 \(2 pixels .* 0 to 2, or 7 \(ignored\)",
    "label 263 in 16 bits": r"masks.s2\.png holds the label 263 in row 0, column 0 \(126 pixels",
    "a mask in color": r"masks.s2\.png is a picture in RGB; expected a mask with one label per pixel",
    "a mask of another size": r"masks.s2\.png is 9×13, its picture .*images.s2\.png is 9×14",
    "a mask turned": r"masks.s2\.png is 14×9, its picture .*images.s2\.png is 9×14",
    "a cut mask": r"masks.s2\.png cannot be read as a picture",
    "a cut picture": r"images.s2\.png cannot be read as a picture",
    "an empty picture": r"images.s2\.png cannot be read as a picture",
    "a text": r"images.s2\.png cannot be read as a picture",
    "16 bits": r"images.s2\.png has more than 8 bits",
    "pictures that differ": r"images.s2\.png is 7×14, unlike .*s1\.png; pass size=",
    "twice": r"s2\.jpg and s2\.png have one name",
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_file_that_cannot_be_used_is_named(case, folders):
    broken(*folders, case)
    with pytest.raises(ValueError, match=PROBLEMS[case]):
        read(folders)


@pytest.mark.parametrize("case", ["a mask of another size", "a mask in color", "label 37", "a cut mask"])
def test_resizing_hides_no_problem(case, folders):
    broken(*folders, case)
    with pytest.raises(ValueError, match=r"s2\.png"):
        read(folders, size=(5, 7))


def test_pictures_that_differ_can_be_read_in_one_size(folders):
    broken(*folders, "pictures that differ")
    images, masks = read(folders, size=(5, 7))
    assert (images.shape, masks.shape) == ((3, 3, 5, 7), (3, 5, 7))


def test_a_missing_partner_is_named_on_either_side(folders):
    images, masks = folders
    (masks / "s2.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"images.s2\.png has no partner: expected a mask s2\.png in"):
        read(folders)
    (masks / "s10.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"s2\.png has no partner.*; 1 more lack theirs"):
        read(folders)
    (images / "s2.png").unlink()
    (images / "s10.png").unlink()
    Image.new("L", SIZE[::-1]).save(masks / "s3.png")
    with pytest.raises(
        FileNotFoundError, match=r"masks.s3\.png has no partner: .* a picture s3\.png or s3\.jpg"
    ):
        read(folders)


def test_a_mask_in_jpeg_is_none(folders):
    _, masks = folders
    Image.fromarray(array(masks / "s2.png")).save(masks / "s2.jpg")
    (masks / "s2.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"expected a mask s2\.png"):
        read(folders)


def test_missing_and_empty_folders_are_named(folders, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        pairs.match(folders[0], tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no pictures \(\.png.* in .*empty"):
        pairs.match(tmp_path / "empty", folders[1])
