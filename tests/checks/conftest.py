import pytest


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CNNCOURSE_STRICT", raising=False)
