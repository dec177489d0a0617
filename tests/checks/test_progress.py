"""The progress file: kept, merged, never lost."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnncourse.checks import progress


def test_attempts_add_up_and_the_first_pass_stays():
    progress.record("conv2d", passed=False)
    progress.record("conv2d", passed=True)
    first = progress.load()["conv2d"]
    progress.record("conv2d", passed=False)
    last = progress.load()["conv2d"]
    assert first["attempts"] == 2
    assert last == {"attempts": 3, "passed": first["passed"]}
    assert first["passed"] is not None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"exercises": []}',
        '{"exercises": {"relu": 3}}',
        '{"exercises": {"relu": {"attempts": "x", "passed": null}}}',
    ],
)
def test_a_damaged_file_is_set_aside_with_a_message_and_nothing_of_it_is_lost(content):
    path = progress.progress_file()
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    note = progress.record("relu", passed=True)
    (aside,) = path.parent.glob("progress.damaged-*.json")
    assert aside.name in note
    assert aside.read_text(encoding="utf-8") == content
    assert progress.load()["relu"]["attempts"] == 1


def test_a_binary_file_is_damaged_too():
    path = progress.progress_file()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe\x00")
    assert "could not be read" in progress.record("relu", passed=False)


def test_a_folder_that_cannot_be_made_costs_only_the_record(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("CNNCOURSE_HOME", str(tmp_path / "file" / "home"))
    note = progress.record("relu", passed=True)
    assert "CNNCOURSE_HOME" in note


def test_two_kernels_at_once_lose_no_record():
    names = [f"exercise{i}" for i in range(20)]
    with ThreadPoolExecutor(8) as pool:
        notes = list(pool.map(lambda name: progress.record(name, passed=True), names))
    assert set(notes) == {""}
    assert sorted(progress.load()) == sorted(names)


def test_a_crash_while_writing_leaves_the_old_file(monkeypatch):
    progress.record("relu", passed=True)
    before = progress.progress_file().read_text(encoding="utf-8")

    def crash(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", crash)
    assert "disk full" in progress.record("relu", passed=False)
    assert progress.progress_file().read_text(encoding="utf-8") == before


def test_the_report_in_a_terminal_lists_lessons_and_states():
    progress.record("crop", passed=True)
    run = subprocess.run(
        [sys.executable, "-m", "cnncourse", "progress"],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=True,
    )
    assert "Lesson 0: 1 of 1" in run.stdout
    assert "conv2d" in run.stdout


def test_the_report_on_a_damaged_file_says_so_and_leaves_it():
    path = progress.progress_file()
    path.parent.mkdir(parents=True)
    path.write_text("{", encoding="utf-8")
    assert "damaged" in progress.report()
    assert path.read_text(encoding="utf-8") == "{"


def test_what_is_written_is_plain_json():
    progress.record("relu", passed=True)
    content = json.loads(progress.progress_file().read_text(encoding="utf-8"))
    assert content["version"] == 1
