import pytest

# Answers, not tests: read again in search of doctests, they would all stand in their banks twice.
collect_ignore = ["right", "right_answers.py", "wrong"]


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CNNCOURSE_STRICT", raising=False)
