"""CamVid, ISBI 2012 and the Oxford pets, from small folders in their layouts and from the real ones."""

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from cnncourse.datasets import camvid, isbi2012, oxford_pets

REAL = Path(__file__).parents[3] / "shared" / "data"


def picture(rng, *shape):
    return Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))


@pytest.fixture
def streets(tmp_path):
    """A small CamVid: (folder, its label arrays by split and name)."""
    rng, labels = np.random.default_rng(1), {}
    for split, count, suffix in (("train", 4, "png"), ("val", 2, "jpg"), ("test", 3, "png")):
        for folder in (split, f"{split}annot"):
            (tmp_path / "CamVid" / folder).mkdir(parents=True)
        for i in range(count):
            name = f"0001TP_{6690 + 30 * i:06d}"
            picture(rng, 18, 24, 3).save(tmp_path / "CamVid" / split / f"{name}.{suffix}")
            labels[split, i] = rng.integers(0, 12, (18, 24), dtype=np.uint8)
            Image.fromarray(labels[split, i]).save(tmp_path / "CamVid" / f"{split}annot" / f"{name}.png")
    return tmp_path / "CamVid", labels


@pytest.mark.parametrize(("split", "count"), [("train", 4), ("val", 2), ("test", 3)])
def test_camvid_is_read_from_its_folder_or_the_one_above(split, count, streets):
    folder, labels = streets
    for root in (folder, folder.parent):
        data = camvid(root, split)
        assert data.images.shape == (count, 3, 18, 24)
        for i in range(count):
            expected = labels[split, i].astype(int)
            assert np.array_equal(data[i].target.numpy(), np.where(expected == 11, 255, expected))
    assert (data.num_classes, data.ignore_index, len(data.palette)) == (11, 255, 11)
    assert camvid(folder, split, size=(6, 9)).targets.shape == (count, 6, 9)


def test_a_label_outside_camvid_is_named_with_its_file(streets):
    folder, labels = streets
    labels["val", 1][2, 3] = 37
    Image.fromarray(labels["val", 1]).save(folder / "valannot" / "0001TP_006720.png")
    message = (
        r"valannot.0001TP_006720\.png holds the label 37 in row 2, column 3 .*0 to 10, or 11 \(ignored\)"
    )
    with pytest.raises(ValueError, match=message):
        camvid(folder, "val")
    assert len(camvid(folder, "train")) == 4


def test_a_missing_camvid_split_or_folder_says_what_there_is(streets, tmp_path):
    folder, _ = streets
    for path in [*(folder / "test").iterdir()]:
        path.unlink()
    (folder / "test").rmdir()
    with pytest.raises(FileNotFoundError, match=r"CamVid.test; this copy has only train, val"):
        camvid(tmp_path, "test")
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere.train; get CamVid from"):
        camvid(tmp_path / "nowhere")


@pytest.mark.parametrize("read", [camvid, isbi2012, oxford_pets])
def test_an_unknown_split_is_refused(read, tmp_path):
    with pytest.raises(
        ValueError, match=f"{read.__name__} has no split 'dev'; expected 'train', 'val' or 'test'"
    ):
        read(tmp_path, "dev")


def membranes(count):
    rng = np.random.default_rng(2)
    slices = rng.integers(0, 256, (count, 10, 12), dtype=np.uint8)
    return slices, np.where(rng.random((count, 10, 12)) < 0.8, 255, 0).astype(np.uint8)


def save_slices(root, slices, labels):
    for folder, arrays in (("image", slices), ("label", labels)):
        (root / folder).mkdir(parents=True)
        for i, values in enumerate(arrays):
            Image.fromarray(values).save(root / folder / f"{i}.png")


def save_stacks(root, slices, labels):
    root.mkdir(parents=True)
    for name, arrays in (("train-volume.tif", slices), ("train-labels.tif", labels)):
        first, *rest = map(Image.fromarray, arrays)
        first.save(root / name, save_all=True, append_images=rest)


@pytest.mark.parametrize("save", [save_slices, save_stacks])
def test_isbi_is_split_into_consecutive_blocks(save, tmp_path):
    slices, labels = membranes(12)
    save(tmp_path / "isbi2012", slices, labels)
    for split, block in (("train", slice(0, 8)), ("val", slice(8, 10)), ("test", slice(10, 12))):
        data = isbi2012(tmp_path, split)
        assert np.array_equal(data.images[:, 0].numpy(), slices[block])
        assert np.array_equal(data.targets.numpy(), labels[block] // 255)
    assert data.classes == ("membrane", "cell")


def test_a_bad_isbi_label_and_stacks_of_unequal_length_are_named(tmp_path):
    slices, labels = membranes(6)
    save_stacks(tmp_path / "stacks", slices, labels[:-1])
    with pytest.raises(ValueError, match=r"train-labels\.tif has 5 slices, .*train-volume\.tif has 6"):
        isbi2012(tmp_path / "stacks")
    labels[1, 0, 4] = 128
    save_slices(tmp_path / "slices", slices, labels)
    with pytest.raises(ValueError, match=r"label.1\.png holds the label 128 .*expected 0 or 255"):
        isbi2012(tmp_path / "slices")
    with pytest.raises(FileNotFoundError, match=r"neither a folder .*image nor a file .*train-volume\.tif"):
        isbi2012(tmp_path / "nowhere")


def png(image, format="PNG"):
    buffer = io.BytesIO()
    image.save(buffer, format=format)
    return buffer.getvalue()


def packed(contents):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def pets(server, monkeypatch):
    """The archives of 20 + 3 small pets of various sizes on our own server; returns the trimaps by name."""
    rng, trimaps, images, annotations = np.random.default_rng(4), {}, {}, {}
    names = [f"Breed_{i // 5}_{i % 5}" for i in range(23)]
    for i, name in enumerate(names):
        shape = (8 + i % 3, 10 + i % 2)
        images[f"images/{name}.jpg"] = png(picture(rng, *shape, 3), "JPEG")
        trimaps[name] = rng.integers(1, 4, shape, dtype=np.uint8)
        annotations[f"annotations/trimaps/{name}.png"] = png(Image.fromarray(trimaps[name]))
    for listed, chosen in (("trainval", names[:20]), ("test", names[20:])):
        lines = "".join(f"{name} 1 1 1\n" for name in chosen)
        annotations[f"annotations/{listed}.txt"] = lines.encode()
    resources = []
    for name, contents in (("images.tar.gz", images), ("annotations.tar.gz", annotations)):
        server.files[name] = packed(contents)
        resources.append((server.url + name, hashlib.md5(server.files[name]).hexdigest()))
    monkeypatch.setattr(torchvision.datasets.OxfordIIITPet, "_RESOURCES", tuple(resources))
    return trimaps


def test_pets_are_downloaded_and_split_across_breeds(pets, tmp_path):
    parts = {split: oxford_pets(tmp_path, split, size=(8, 10)) for split in ("train", "val", "test")}
    assert {split: len(part) for split, part in parts.items()} == {"train": 18, "val": 2, "test": 3}
    theirs = torchvision.datasets.OxfordIIITPet(tmp_path, "trainval", target_types="segmentation")
    for ours, index in zip(parts["val"].targets, (9, 19), strict=True):
        trimap = np.array(theirs[index][1].resize((10, 8), Image.Resampling.NEAREST))
        assert np.array_equal(ours.numpy(), np.select([trimap == 1, trimap == 2], [1, 0], 255))


def test_missing_pets_are_named(pets, tmp_path, server):
    with pytest.raises(
        FileNotFoundError, match=r"oxford-iiit-pet.images\.tar\.gz; pass download=True, or get it"
    ):
        oxford_pets(tmp_path, download=False)
    server.cut["annotations.tar.gz"] = 50
    with pytest.raises(ConnectionError, match=r"annotations\.tar\.gz"):
        oxford_pets(tmp_path)
    server.cut.clear()
    oxford_pets(tmp_path, "test")
    (tmp_path / "oxford-iiit-pet" / "images" / "Breed_4_1.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"no .*images.Breed_4_1\.jpg"):
        oxford_pets(tmp_path, "test")


@pytest.mark.skipif(not (REAL / "CamVid").exists(), reason="needs CamVid in ../shared/data")
def test_the_real_camvid():
    data = camvid(REAL, "val", size=(90, 120))
    assert data.images.shape == (101, 3, 90, 120)
    assert torch.unique(data.targets).tolist() == [*range(11), 255]


@pytest.mark.skipif(not (REAL / "isbi2012").exists(), reason="needs isbi2012 in ../shared/data")
def test_the_real_isbi_stack():
    parts = [isbi2012(REAL, split) for split in ("train", "val", "test")]
    assert [len(part) for part in parts] == [20, 5, 5]
    tenth = np.array(Image.open(REAL / "isbi2012" / "image" / "10.png"))
    assert np.array_equal(parts[0].images[10, 0].numpy(), tenth)
    for part in parts:
        dark, bright = (part.images[:, 0][part.targets == k].float().mean() for k in (0, 1))
        assert dark < bright - 30  # membranes are the dark lines
