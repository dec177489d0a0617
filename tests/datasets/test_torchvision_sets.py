"""MNIST, Fashion-MNIST and CIFAR-10 from small files in the genuine formats; the real MNIST."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from cnncourse.datasets import cifar10, fashion_mnist, mnist

REAL = Path(__file__).parents[3] / "shared" / "data"
NAMES = {"train": 40, "t10k": 11}


def idx(array):
    """The bytes of an idx file, written as its definition says."""
    return struct.pack(f">BBBB{array.ndim}i", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def files(seed=0):
    """Names and contents of a small MNIST of 40 + 11 pictures."""
    rng = np.random.default_rng(seed)
    made = {}
    for start, count in NAMES.items():
        made[f"{start}-images-idx3-ubyte"] = idx(rng.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        made[f"{start}-labels-idx1-ubyte"] = idx(rng.integers(0, 10, count, dtype=np.uint8))
    return made


@pytest.fixture(params=[(mnist, "MNIST"), (fashion_mnist, "FashionMNIST")], ids=["mnist", "fashion_mnist"])
def kind(request, tmp_path):
    """A reader with the folder of its raw files."""
    read, name = request.param
    raw = tmp_path / name / "raw"
    raw.mkdir(parents=True)
    return read, raw


def fill(raw, **changed):
    for name, content in {**files(), **changed}.items():
        (raw / name).write_bytes(content)


def test_the_files_are_read_as_torchvision_reads_them(kind, tmp_path):
    read, raw = kind
    fill(raw)
    public = getattr(torchvision.datasets, raw.parent.name)
    for split, train in (("train+val", True), ("test", False)):
        ours, theirs = read(split, root=tmp_path, download=False), public(tmp_path, train=train)
        assert torch.equal(ours.images[:, 0], theirs.data)
        assert torch.equal(ours.targets, theirs.targets)
        assert ours.images.dtype == torch.uint8
    assert list(ours.classes) == [name.split(" - ")[0] for name in public.classes]


def test_val_is_the_end_of_the_pictures_for_training(kind, tmp_path):
    read, raw = kind
    fill(raw)
    whole, train, val = (read(split, tmp_path) for split in ("train+val", "train", "val"))
    assert (len(whole), len(train), len(val)) == (40, 36, 4)
    assert torch.equal(torch.cat([train.images, val.images]), whole.images)
    assert torch.equal(torch.cat([train.targets, val.targets]), whole.targets)


def test_an_unknown_split_is_refused_before_anything_is_read(kind, tmp_path):
    read, _ = kind
    with pytest.raises(ValueError, match="no split 'dev'; expected 'train', 'val', 'train\\+val' or 'test'"):
        read("dev", tmp_path)


images = np.zeros((40, 28, 28), np.uint8)
labels = np.zeros(40, np.uint8)
DAMAGE = {
    "truncated": ("train-images-idx3-ubyte", idx(images)[:-100], r"31,376 bytes, found 31,276 bytes"),
    "too long": ("train-images-idx3-ubyte", idx(images) + b"x", r"31,376 bytes, found 31,377 bytes"),
    "empty": ("train-images-idx3-ubyte", b"", "0 0 8 3, found 0 bytes"),
    "a page": ("train-images-idx3-ubyte", b"<html>log in</html>", "0 0 8 3, found 19 bytes"),
    "still packed": ("train-labels-idx1-ubyte", gzip.compress(idx(labels)), r"unpacked .*found.*\[31, 139"),
    "other size": ("train-images-idx3-ubyte", idx(np.zeros((40, 27, 28), np.uint8)), "28×28, found 27×28"),
    "one label less": ("train-labels-idx1-ubyte", idx(labels[1:]), "each of the 40 pictures, found 39"),
    "no such class": ("train-labels-idx1-ubyte", idx(labels + 10), "labels 0 to 9, found label 10"),
    "images as labels": ("train-labels-idx1-ubyte", idx(images), "0 0 8 1, found .*0, 0, 8, 3"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_is_named_with_what_was_expected(case, kind, tmp_path):
    name, content, message = DAMAGE[case]
    read, raw = kind
    fill(raw, **{name: content})
    with pytest.raises(ValueError, match=f"{name} is damaged.*{message}.*delete it"):
        read("train", tmp_path)
    assert len(read("test", tmp_path)) == 11  # the other files are as they were


def test_a_missing_file_is_named_where_nothing_may_be_downloaded(kind, tmp_path):
    read, raw = kind
    fill(raw)
    (raw / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match=r"raw/t10k-labels-idx1-ubyte; pass download=True.*ubyte\.gz"):
        read("test", tmp_path, download=False)
    assert len(read("train", tmp_path, download=False)) == 36


def served(server, monkeypatch, name):
    """Make torchvision's addresses and checksums those of a small set on our own server."""
    public = getattr(torchvision.datasets, name)
    packed = {f"{file}.gz": gzip.compress(content, mtime=0) for file, content in files(1).items()}
    monkeypatch.setattr(public, "mirrors", [server.url])
    sums = [(file, hashlib.md5(content).hexdigest()) for file, content in packed.items()]
    monkeypatch.setattr(public, "resources", sums)
    server.files.update(packed)


def test_what_is_missing_is_downloaded_once(kind, server, monkeypatch, tmp_path):
    read, raw = kind
    served(server, monkeypatch, raw.parent.name)
    first = read("test", tmp_path)
    asked = len(server.asked)
    again = read("test", tmp_path)
    assert len(server.asked) == asked
    assert torch.equal(first.images, again.images)
    assert idx(first.images[:, 0].numpy()) == files(1)["t10k-images-idx3-ubyte"]
    assert not list(raw.glob(".*"))
    assert not list(raw.glob("train*"))  # only what the split needs


def test_a_compressed_file_put_there_by_hand_needs_no_network(kind, server, monkeypatch, tmp_path):
    read, raw = kind
    served(server, monkeypatch, raw.parent.name)
    for name, content in server.files.items():
        (raw / name).write_bytes(content)
    assert len(read("val", tmp_path, download=False)) == 4
    assert server.asked == []


def test_an_interrupted_download_can_be_repeated(kind, server, monkeypatch, tmp_path):
    read, raw = kind
    served(server, monkeypatch, raw.parent.name)
    server.cut["t10k-labels-idx1-ubyte.gz"] = 5
    with pytest.raises(ConnectionError, match=r"t10k-labels-idx1-ubyte\.gz") as caught:
        read("test", tmp_path)
    assert str(raw / "t10k-labels-idx1-ubyte.gz") in str(caught.value)
    assert not list(raw.glob("*labels*"))
    server.cut.clear()
    assert len(read("test", tmp_path)) == 11


@pytest.fixture
def small_cifar(server, monkeypatch):
    """CIFAR-10 in its format with 6 pictures a batch, its archive on our own server."""
    public, rng = torchvision.datasets.CIFAR10, np.random.default_rng(3)
    contents = {}
    for name in ["data_batch_1", "data_batch_2", "test_batch"]:
        data = rng.integers(0, 256, (6, 3072), dtype=np.uint8)
        contents[name] = pickle.dumps({"data": data, "labels": rng.integers(0, 10, 6).tolist()})
    contents["batches.meta"] = pickle.dumps({"label_names": [f"kind {k}" for k in range(10)]})
    sums = [[name, hashlib.md5(content).hexdigest()] for name, content in contents.items()]
    monkeypatch.setattr(public, "train_list", sums[:2])
    monkeypatch.setattr(public, "test_list", sums[2:3])
    monkeypatch.setattr(public, "meta", {"filename": sums[3][0], "key": "label_names", "md5": sums[3][1]})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    server.files["cifar.tar.gz"] = buffer.getvalue()
    monkeypatch.setattr(public, "url", f"{server.url}cifar.tar.gz")
    monkeypatch.setattr(public, "tgz_md5", hashlib.md5(buffer.getvalue()).hexdigest())
    return contents


def test_cifar_is_downloaded_and_read_in_planes(small_cifar, tmp_path):
    whole, val, test = (cifar10(split, tmp_path) for split in ("train+val", "val", "test"))
    assert (len(whole), len(val), len(test)) == (12, 1, 6)
    batches = [pickle.loads(small_cifar[name]) for name in ("data_batch_1", "data_batch_2")]
    planes = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    assert np.array_equal(whole.images.numpy(), planes)
    assert whole.targets.tolist() == batches[0]["labels"] + batches[1]["labels"]
    assert torch.equal(val.images, whole.images[-1:])
    assert test.classes[3] == "kind 3"


def test_a_damaged_batch_is_never_unpickled(small_cifar, tmp_path):
    cifar10("test", tmp_path)
    path = tmp_path / "cifar-10-batches-py" / "data_batch_2"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"data_batch_2 is damaged.*expected MD5.*delete it"):
        cifar10("train", tmp_path)
    path.unlink()
    assert len(cifar10("train", tmp_path, download=False)) == 11  # from the archive that is still there


def test_missing_cifar_is_named(tmp_path, small_cifar):
    with pytest.raises(
        FileNotFoundError, match=r"cifar-10-python\.tar\.gz; pass download=True, or get it from"
    ):
        cifar10("train", tmp_path, download=False)


@pytest.mark.skipif(not (REAL / "MNIST" / "raw").exists(), reason="needs the real MNIST in ../shared/data")
def test_the_real_mnist():
    sizes = {split: mnist(split, REAL, download=False) for split in ("train", "val", "train+val", "test")}
    assert [len(data) for data in sizes.values()] == [55_000, 5_000, 60_000, 10_000]
    whole = sizes["train+val"]
    theirs = torchvision.datasets.MNIST(REAL, train=True)
    assert torch.equal(whole.images[:, 0], theirs.data)
    assert whole.targets[:5].tolist() == [5, 0, 4, 1, 9]
    # Mean and standard deviation as they are stated everywhere for MNIST.
    counts, values = np.bincount(whole.images.numpy().ravel(), minlength=256), np.arange(256) / 255
    mean = np.average(values, weights=counts)
    deviation = np.average((values - mean) ** 2, weights=counts) ** 0.5
    assert (round(mean, 4), round(deviation, 4)) == (0.1307, 0.3081)
