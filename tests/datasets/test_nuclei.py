"""The nuclei of the Data Science Bowl, from small folders in the genuine layout."""

import hashlib
import shutil
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from cnncourse import datasets, models, training
from cnncourse.datasets import cells, dsb2018, instance_boxes, isbi2012

SIZES = [(26, 30), (21, 45)]


def name(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()  # ids and mask names are such hashes


def write_stage1(root, count, seed=0, sizes=SIZES):
    """Write pictures in the layout of stage1_train; return picture [H, W, 3] and numbers [H, W] by id."""
    rng, truth = np.random.default_rng(seed), {}
    for k in range(count):
        picture_id, size = name(seed, k), sizes[k % len(sizes)]
        numbers = np.zeros(size, int)
        for y in range(2, size[0] - 6, 7):
            for x in range(1, size[1] - 5, 5):  # neighbors touch
                if rng.random() < 0.6:
                    numbers[y : y + 6, x : x + 5] = numbers.max() + 1
        numbers[0, 0] = numbers.max() + 1  # never none
        gray = np.where(numbers > 0, 180, 30) + rng.integers(0, 20, size)
        picture = np.stack([gray] * 3 if k % 2 else [gray, gray // 2, 255 - gray], -1).astype(np.uint8)
        folder = root / "stage1_train" / picture_id
        (folder / "images").mkdir(parents=True)
        (folder / "masks").mkdir()
        opaque = np.full((*size, 1), 255, np.uint8)
        Image.fromarray(np.concatenate([picture, opaque], -1)).save(folder / "images" / f"{picture_id}.png")
        ordered = np.zeros(size, int)
        files = sorted((name(seed, k, number), number) for number in range(1, numbers.max() + 1))
        for place, (mask, number) in enumerate(files, start=1):
            inside = numbers == number
            Image.fromarray((255 * inside).astype(np.uint8)).save(folder / "masks" / f"{mask}.png")
            ordered[inside] = place
        truth[picture_id] = picture, ordered
    return dict(sorted(truth.items()))


@pytest.fixture
def stage1(tmp_path):
    return tmp_path, write_stage1(tmp_path, 12, sizes=[(26, 30)])


@pytest.mark.parametrize("inner", [".", "stage1_train"])
def test_pictures_and_numbers_come_as_they_were_written(stage1, inner):
    root, truth = stage1
    places = {"train": [0, 1, 2, 3, 5, 6, 7, 8, 10, 11], "val": [4], "test": [9]}
    for split, expected in places.items():
        masks, instances = (dsb2018(root / inner, split, target=target) for target in ("mask", "instances"))
        chosen = [list(truth.values())[place] for place in expected]
        for k, (picture, numbers) in enumerate(chosen):
            assert np.array_equal(masks.images[k].permute(1, 2, 0).numpy(), picture)
            assert np.array_equal(instances.targets[k].numpy(), numbers)
            assert np.array_equal(masks.targets[k].numpy(), numbers > 0)
            assert len(instance_boxes(instances.targets[k])) == numbers.max()
        assert len(masks) == len(instances) == len(chosen)
        assert torch.equal(masks.images, instances.images)
    assert masks.classes == ("background", "nucleus")
    assert instances.classes[:2] == ("background", "nucleus 1")
    assert masks.targets.dtype == torch.uint8


def test_a_folder_named_after_the_set_is_found(stage1, monkeypatch):
    root, _ = stage1
    (root / "dsb2018").mkdir()
    shutil.move(root / "stage1_train", root / "dsb2018")
    assert len(dsb2018(root, "train")) == 10
    monkeypatch.setenv("CNNCOURSE_DATA", str(root))
    assert len(dsb2018(split="test")) == 1


def test_pictures_of_many_sizes_need_one(tmp_path):
    truth = write_stage1(tmp_path, 6)
    with pytest.raises(ValueError, match=r"unlike .*pass size=\(height, width\) to resize all of them"):
        dsb2018(tmp_path)
    data = dsb2018(tmp_path, size=(13, 40), target="instances")
    assert data.images.shape == (5, 3, 13, 40)
    picture, numbers = next(iter(truth.values()))
    nearest = Image.fromarray(numbers.astype(np.int32)).resize((40, 13), Image.Resampling.NEAREST)
    smooth = Image.fromarray(picture).resize((40, 13), Image.Resampling.BILINEAR)
    assert np.array_equal(data.targets[0].numpy(), np.array(nearest))
    assert np.array_equal(data.images[0].permute(1, 2, 0).numpy(), np.array(smooth))
    assert torch.equal(dsb2018(tmp_path, size=(13, 40)).targets, (data.targets > 0).byte())


def test_more_nuclei_than_a_byte_counts_stay_apart(tmp_path):
    folder = tmp_path / "stage1_train" / name("many")
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    Image.new("RGBA", (40, 40)).save(folder / "images" / "x.png")
    for k in range(375):
        mask = np.zeros((40, 40), np.uint8)
        mask[2 * (k // 20), 2 * (k % 20)] = 255
        Image.fromarray(mask).save(folder / "masks" / f"{k:03}.png")
    data = dsb2018(tmp_path, target="instances")
    assert torch.unique(data.targets).tolist() == list(range(376))
    assert data.targets[0, 2, 2] == 22
    assert data.num_classes == 376


def damaged(truth, root, place=0):
    """Return the folder of a picture that belongs to train, and its mask files."""
    folder = root / "stage1_train" / list(truth)[place]
    return folder, sorted((folder / "masks").iterdir())


def test_what_is_missing_is_named(stage1, tmp_path):
    root, truth = stage1
    (tmp_path / "nowhere" / "oxford-iiit-pet" / "images").mkdir(parents=True)  # another set
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere.stage1_train .*get stage1_train\.zip"):
        dsb2018(tmp_path / "nowhere")
    folder, masks = damaged(truth, root)
    for path in masks:
        path.unlink()
    with pytest.raises(
        FileNotFoundError, match=rf"no \.png in .*{folder.name}.masks; .*take the folder away"
    ):
        dsb2018(root)
    assert len(dsb2018(root, "val")) == 1  # another split does not read it
    shutil.rmtree(folder / "images")
    with pytest.raises(FileNotFoundError, match=rf"{folder.name}.images; expected the picture"):
        dsb2018(root)


def test_a_split_that_is_too_small_says_why(tmp_path):
    write_stage1(tmp_path, 7)
    with pytest.raises(
        ValueError, match=r"holds 7 pictures, and none of them is test: .* number 10 of each ten"
    ):
        dsb2018(tmp_path, "test")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: Image.new("L", (30, 27), 255).save(p), r"is 27×30, but .*png is 26×30; .*get both again"),
        (
            lambda p: Image.new("L", (30, 26), 128).save(p),
            r"the value 128 \(780 pixels hold neither 0 nor 255\)",
        ),
        (
            lambda p: Image.new("RGB", (30, 26), (255, 0, 0)).save(p),
            r"holds the value 76 .*255 \* \(mask > 127\)",
        ),
        (
            lambda p: p.write_bytes(p.read_bytes()[:40]),
            r"cannot be read as a picture .*truncated.*get it again",
        ),
        (lambda p: p.write_bytes(b""), r"cannot be read as a picture .*get it again"),
    ],
    ids=["size", "value", "color", "truncated", "empty file"],
)
def test_a_damaged_mask_is_named(stage1, damage, message):
    root, truth = stage1
    _, masks = damaged(truth, root, place=3)
    damage(masks[-1])
    with pytest.raises(ValueError, match=rf"{masks[-1].name}.*{message}"):
        dsb2018(root)


def test_a_truncated_picture_is_named(stage1):
    root, truth = stage1
    folder, _ = damaged(truth, root)
    path = folder / "images" / f"{folder.name}.png"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match=rf"{path.name} cannot be read as a picture"):
        dsb2018(root)


def test_masks_in_other_modes_mean_the_same(stage1):
    root, truth = stage1
    before = dsb2018(root, target="instances").targets
    _, masks = damaged(truth, root)
    for path, mode in zip(masks, ("1", "RGBA", "RGB", "LA"), strict=False):
        Image.open(path).convert(mode).save(path)
    assert torch.equal(dsb2018(root, target="instances").targets, before)


def test_a_pixel_in_two_masks_stays_with_the_first_and_is_told(stage1):
    root, truth = stage1
    before = dsb2018(root, target="instances").targets
    folder, masks = damaged(truth, root)
    first, second = (np.array(Image.open(path)) for path in masks[:2])
    Image.fromarray(np.maximum(first, second)).save(masks[1])
    Image.new("L", (30, 26)).save(folder / "masks" / "zz.png")
    told = (
        rf"{(first > 0).sum()} pixels of .*{masks[1].name} lie in {masks[0].name} too.*\(and 1 flaws more\)"
    )
    with pytest.warns(UserWarning, match=told):
        after = dsb2018(root, target="instances")
    assert torch.equal(after.targets, before)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dsb2018(root, "val")


def test_the_layout_with_numbers_in_the_files_is_read_too(tmp_path):
    rng, labels = np.random.default_rng(0), {}
    for part, count in (("train", 10), ("test", 2)):
        for kind in ("images", "masks"):
            (tmp_path / "dsb2018" / part / kind).mkdir(parents=True)
        for k in range(count):
            file = f"{name(part, k)}.tif"
            numbers = np.where(rng.random((18, 22)) < 0.5, 0, rng.choice([3, 300, 40000], (18, 22)))
            labels[part, file] = numbers
            Image.fromarray(numbers.astype(np.uint16)).save(tmp_path / "dsb2018" / part / "masks" / file)
            Image.fromarray(rng.integers(0, 256, (18, 22), dtype=np.uint8)).save(
                tmp_path / "dsb2018" / part / "images" / file
            )
    sizes = {split: len(dsb2018(tmp_path, split)) for split in ("train", "val", "test")}
    assert sizes == {"train": 9, "val": 1, "test": 2}
    data = dsb2018(tmp_path, "test", target="instances")
    in_order = [labels[key] for key in sorted(labels) if key[0] == "test"]
    for numbers, targets in zip(in_order, data.targets.numpy(), strict=True):
        assert np.array_equal(np.select([numbers == 3, numbers == 300, numbers == 40000], [1, 2, 3]), targets)
    next((tmp_path / "dsb2018" / "test" / "masks").iterdir()).unlink()
    with pytest.raises(FileNotFoundError, match="has no partner: expected a mask"):
        dsb2018(tmp_path, "test")


def test_membranes_nuclei_and_cells_train_with_the_same_code(tmp_path):
    write_stage1(tmp_path, 10)
    for folder in ("image", "label"):
        (tmp_path / "isbi2012" / folder).mkdir(parents=True)
    generated = cells(12, (40, 44))
    for k, (image, mask) in enumerate(zip(generated.images[:, 0], generated.targets, strict=True)):
        Image.fromarray(image.numpy()).save(tmp_path / "isbi2012" / "image" / f"{k}.png")
        Image.fromarray(255 * (1 - mask).numpy()).save(tmp_path / "isbi2012" / "label" / f"{k}.png")

    def generate(split):
        return cells(8, (40, 44), split=split)

    for read in (lambda s: isbi2012(tmp_path, s), lambda s: dsb2018(tmp_path, s, (40, 44)), generate):
        train, val = read("train"), read("val")
        torch.manual_seed(0)
        net = models.UNet(train.images.shape[1], train.num_classes, 4, depth=2, padded=True, batch_norm=True)
        history = training.fit(
            net, train, val, 6, lr=0.01, batch_size=4, augment=datasets.ElasticDeformation(2), progress=False
        )
        assert history["train_loss"][-1] < 0.8 * history["train_loss"][0]
        assert len(history["val_mean_iou"]) == 6


def test_an_unknown_split_or_target_is_refused(tmp_path):
    with pytest.raises(ValueError, match="dsb2018 has no split 'dev'; expected 'train', 'val' or 'test'"):
        dsb2018(tmp_path, "dev")
    with pytest.raises(ValueError, match="dsb2018 has no target 'boxes'; expected 'mask' or 'instances'"):
        dsb2018(tmp_path, target="boxes")
