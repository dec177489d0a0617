"""The record of a training: columns, the best epoch, and files that are whole or refused."""

import json
import math

import pytest

from cnncourse.training import History


def history(**columns):
    return History({name: list(map(float, values)) for name, values in columns.items()})


def test_columns_grow_by_one_value_per_epoch():
    record = History()
    record.add(train_loss=1, val_loss=2)
    record.add(val_loss=1, train_loss=0.5)
    assert len(record) == 2
    assert record["train_loss"] == [1.0, 0.5]
    assert record["val_loss"] == [2.0, 1.0]


@pytest.mark.parametrize("second", [{"train_loss": 1}, {"train_loss": 1, "val_loss": 1, "extra": 1}])
def test_an_epoch_with_other_columns_is_refused_as_a_whole(second):
    record = history(train_loss=[1], val_loss=[2])
    with pytest.raises(ValueError, match=r"got the columns .* expected train_loss, val_loss"):
        record.add(**second)
    assert record.columns == {"train_loss": [1.0], "val_loss": [2.0]}


def test_a_missing_column_is_told_with_those_there_are():
    with pytest.raises(KeyError, match="no column 'val_loss'; there are train_loss"):
        history(train_loss=[1])["val_loss"]
    with pytest.raises(KeyError, match="none yet"):
        History()["val_loss"]


@pytest.mark.parametrize(
    ("losses", "best"),
    [([3, 1, 2], 2), ([1, 1], 1), ([math.nan, 2], 2), ([math.inf, math.nan], None), ([], None)],
)
def test_the_best_epoch_has_the_lowest_finite_validation_loss(losses, best):
    assert history(val_loss=losses).best_epoch == best


def test_without_validation_there_is_no_best_epoch():
    assert history(train_loss=[2, 1]).best_epoch is None


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_file_gives_back_every_number(tmp_path, interrupted):
    record = history(train_loss=[0.1, 1 / 3], val_loss=[math.nan, math.inf], seconds=[1e-9, 12.5])
    record.interrupted = interrupted
    record.save(tmp_path / "run.json")
    read = History.load(tmp_path / "run.json")
    assert read.interrupted is interrupted
    assert list(read.columns) == list(record.columns)
    assert repr(read.columns) == repr(record.columns)  # repr: NaN is not equal to itself
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_every_truncated_file_is_refused_with_its_name(tmp_path):
    path = tmp_path / "run.json"
    history(train_loss=[0.5, 0.25], val_loss=[1, 2]).save(path)
    whole = path.read_bytes()
    for length in range(len(whole.rstrip())):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"run\.json is not a history that History\.save wrote"):
            History.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "cnncourse history 9"},
        {"columns": {"a": [1], "b": [1, 2]}},
        {"columns": {"a": ["one"]}},
        {"columns": [1, 2]},
    ],
)
def test_other_content_is_refused(tmp_path, change):
    path = tmp_path / "run.json"
    history(train_loss=[0.5]).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match="is not a history"):
        History.load(path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "weights.pt").write_bytes(bytes(range(256)))
    for name in ("list.json", "weights.pt"):
        with pytest.raises(ValueError, match=f"{name} is not a history"):
            History.load(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="absent"):
        History.load(tmp_path / "absent.json")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    history(train_loss=[1]).save(path)
    monkeypatch.setattr("pathlib.Path.replace", _fail)
    with pytest.raises(OSError, match="disk"):
        history(train_loss=[2]).save(path)
    assert History.load(path)["train_loss"] == [1.0]


def _fail(*_):
    raise OSError("disk full")


def test_the_table_shows_epochs_marks_the_best_and_hides_the_seconds():
    record = history(train_loss=[1, 0.5], val_loss=[0.9, 1.25], seconds=[7.7, 8.8])
    assert repr(record) == str(record)
    lines = str(record).splitlines()
    assert lines[0].split() == ["epoch", "train_loss", "val_loss"]
    assert lines[1].split() == ["1", "1.0000", "0.9000", "best"]
    assert lines[2].split() == ["2", "0.5000", "1.2500"]
    assert len({len(line.removesuffix("  best")) for line in lines}) == 1
