"""A download arrives whole or not at all, and a failure says what to do."""

import gzip
import hashlib
import io
import os
import socket
import tarfile

import pytest

from cnncourse.datasets import storage

CONTENT = bytes(range(256)) * 300


def md5(content):
    return hashlib.md5(content).hexdigest()


def contents(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_file_arrives_with_progress_shown(server, tmp_path, capfd):
    server.files["bytes.bin"] = CONTENT
    storage.fetch([server.url + "bytes.bin"], tmp_path / "new" / "bytes.bin", md5(CONTENT))
    assert (tmp_path / "new" / "bytes.bin").read_bytes() == CONTENT
    assert contents(tmp_path) == ["new", "new/bytes.bin"]
    assert "100%" in capfd.readouterr().err


def test_the_next_address_is_tried_when_one_fails(server, tmp_path):
    server.files["good"] = CONTENT
    storage.fetch([server.url + "missing", server.url + "good"], tmp_path / "file", md5(CONTENT))
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_an_interrupted_transfer_leaves_nothing_and_starts_anew(server, tmp_path):
    server.files["bytes.bin"], server.cut["bytes.bin"] = CONTENT, 40_000
    path = tmp_path / "bytes.bin"
    with pytest.raises(ConnectionError, match=r"bytes\.bin") as caught:
        storage.fetch([server.url + "bytes.bin"], path, md5(CONTENT))
    assert str(path) in str(caught.value)
    assert contents(tmp_path) == []
    server.cut.clear()
    storage.fetch([server.url + "bytes.bin"], path, md5(CONTENT))
    assert path.read_bytes() == CONTENT


def test_another_content_than_expected_is_not_kept(server, tmp_path):
    server.files["bytes.bin"] = b"<html>please log in</html>"
    with pytest.raises(ConnectionError, match=f"26 bytes arrived .*expected {md5(CONTENT)}"):
        storage.fetch([server.url + "bytes.bin"], tmp_path / "bytes.bin", md5(CONTENT))
    assert contents(tmp_path) == []


def test_an_absent_file_and_an_absent_server_are_named(server, tmp_path):
    with pytest.raises(ConnectionError, match="404"):
        storage.fetch([server.url + "bytes.bin"], tmp_path / "bytes.bin", md5(CONTENT))
    nobody = "http://127.0.0.1:9/bytes.bin"
    with pytest.raises(ConnectionError, match=nobody) as caught:
        storage.fetch([nobody], tmp_path / "bytes.bin", md5(CONTENT))
    assert f"put it at\n  {tmp_path / 'bytes.bin'}" in str(caught.value)
    assert contents(tmp_path) == []


def test_stopping_a_download_by_hand_leaves_nothing(tmp_path, monkeypatch):
    def stopped(url, folder, name):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(CONTENT[:100])
        raise KeyboardInterrupt

    monkeypatch.setattr("torchvision.datasets.utils.download_url", stopped)
    with pytest.raises(KeyboardInterrupt):
        storage.fetch(["http://127.0.0.1/x"], tmp_path / "bytes.bin", md5(CONTENT))
    assert contents(tmp_path) == []


def test_a_compressed_file_is_unpacked_beside(tmp_path):
    archive = tmp_path / "bytes.gz"
    archive.write_bytes(gzip.compress(CONTENT))
    storage.unpack(archive, tmp_path / "here", storage.md5_of(archive))
    assert (tmp_path / "here" / "bytes").read_bytes() == CONTENT


def test_an_archive_completes_a_folder_that_is_partly_there(tmp_path):
    archive = tmp_path / "set.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("set/a", "set/deep/b"):
            entry = tarfile.TarInfo(name)
            entry.size = len(CONTENT)
            tar.addfile(entry, io.BytesIO(CONTENT))
    (tmp_path / "set" / "deep").mkdir(parents=True)
    (tmp_path / "set" / "mine").write_text("kept")
    storage.unpack(archive, tmp_path, storage.md5_of(archive))
    assert contents(tmp_path / "set") == ["a", "deep", "deep/b", "mine"]


def test_a_damaged_archive_is_named_and_unpacks_nothing(tmp_path):
    archive = tmp_path / "bytes.gz"
    archive.write_bytes(gzip.compress(CONTENT)[:-9])
    with pytest.raises(ValueError, match=rf"bytes\.gz is damaged.*expected {md5(CONTENT)}; delete"):
        storage.unpack(archive, tmp_path / "here", md5(CONTENT))
    assert contents(tmp_path) == ["bytes.gz"]


def test_the_data_folder_is_root_or_what_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CNNCOURSE_DATA", raising=False)
    assert storage.data_folder() == tmp_path / "home" / "data"
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path / "data"))
    assert storage.data_folder() == tmp_path / "data"
    assert storage.data_folder(tmp_path) == tmp_path


def test_a_server_that_stays_silent_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/bytes.bin"
        with pytest.raises(ConnectionError, match="timed out"):
            storage.fetch([url], tmp_path / "bytes.bin", md5(CONTENT))
    assert socket.getdefaulttimeout() is None
    assert contents(tmp_path) == []
