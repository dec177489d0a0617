"""The set-up: what it takes for broken, what it takes for whole, and what it says when it cannot go on."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap

PYPROJECT = """
[build-system]
requires = ["setuptools"]
[project]
name = "cnncourse"
[project.optional-dependencies]
lab = ["jupyterlab"]
author = ["jupytext"]
test = ["cnncourse[lab, author]", "pytest"]
[tool.ruff]
line-length = 100
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a set-up of its own: a tiny project whose .venv is complete and holds two distributions."""
    site = tmp_path / ".venv/lib/site-packages"
    for name, value in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "SITE_PACKAGES": site,
        "STAMP": tmp_path / ".venv/stamp.json",
    }.items():
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setattr(bootstrap, "venv_version", lambda: sys.version_info[:2])
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "constraints.txt").write_text("pytest==9.0\nuv==1.2.3\n")
    records = {
        "torch-2.0": "torch/__init__.py,,\ntorchgen/x.py,,\n../../bin/torchrun,,\n",
        "six-1.0": "six.py,,\n__pycache__/six.pyc,,\nsix-1.0.dist-info/RECORD,,\n",
    }
    for name, record in records.items():
        (site / f"{name}.dist-info").mkdir(parents=True)
        (site / f"{name}.dist-info/RECORD").write_text(record)
    for folder in ("torch", "torchgen", "pip"):
        (site / folder).mkdir()
    (site / "six.py").touch()
    stamp(project=tmp_path, extras=["test"])
    return tmp_path


def stamp(project, **changes):
    key, _ = bootstrap.wanted([])
    whole = {"complete": True, "root": str(project), "key": key, "extras": ["lab"], "torch": "default"}
    bootstrap.write_stamp({**whole, "distributions": bootstrap.distributions(), **changes})


@pytest.fixture
def done(monkeypatch):
    """Return the list that the steps of a set-up are noted in instead of being done."""
    steps = []
    monkeypatch.setattr(bootstrap, "check_disk", lambda torch: steps.append(f"disk for {torch}"))
    monkeypatch.setattr(bootstrap, "rebuild", lambda fault: steps.append(f"rebuild: {fault}"))
    monkeypatch.setattr(bootstrap, "install_uv", lambda: None)
    monkeypatch.setattr(bootstrap, "install", lambda *arguments: steps.append(arguments))
    return steps


def test_a_whole_environment_is_left_alone(project, done):
    assert not bootstrap.set_up("test", "")
    assert not done


def test_test_holds_all_that_lab_needs_but_not_the_other_way_round(project, done):
    assert not bootstrap.set_up("lab", "")
    stamp(project, extras=["lab"])
    assert bootstrap.set_up("test", "")
    assert done == [(["lab", "test"], "default", [], False)]


@pytest.mark.parametrize(
    ("lost", "owner"), [("six.py", "six"), ("torchgen", "torch"), ("six-1.0.dist-info", "six")]
)
def test_what_is_gone_is_installed_again(project, done, lost, owner):
    (bootstrap.SITE_PACKAGES / lost).rename(project / "elsewhere")
    bootstrap.set_up("test", "")
    assert done == [(["test"], "default", [owner], False)]


def test_a_new_pin_installs_but_a_new_lint_rule_does_not(project, done):
    (project / "pyproject.toml").write_text(PYPROJECT.replace("100", "110"))
    assert not bootstrap.set_up("test", "")
    (project / "constraints.txt").write_text("pytest==9.1\nuv==1.2.3\n")
    assert bootstrap.set_up("test", "")
    assert done == [(["test"], "default", [], False)]


def test_the_choice_of_torch_is_remembered_and_changed_without_a_rebuild(project, done):
    stamp(project, extras=["test"], torch="cpu")
    assert not bootstrap.set_up("lab", "")
    assert not bootstrap.set_up("lab", "cpu")
    assert bootstrap.set_up("lab", "default")
    assert done == ["disk for default", (["lab", "test"], "default", [], True)]
    with pytest.raises(bootstrap.SetupError, match=r"TORCH=gpu is unknown. Use TORCH=cpu"):
        bootstrap.set_up("lab", "gpu")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"complete": False}, "its first set-up did not finish"),
        ({"root": "/before"}, "the project was in /before before"),
    ],
)
def test_an_unfinished_or_moved_environment_is_made_again(project, done, change, reason):
    stamp(project, **change)
    bootstrap.set_up("lab", "")
    assert f"rebuild: {reason}" in done


@pytest.mark.parametrize(
    ("version", "reason"), [((), "its Python does not start"), ((3, 9), "it was made with Python 3.9")]
)
def test_an_environment_without_the_right_python_is_made_again(project, done, monkeypatch, version, reason):
    monkeypatch.setattr(bootstrap, "venv_version", lambda: version)
    bootstrap.set_up("lab", "")
    assert any(str(step).startswith(f"rebuild: {reason}") for step in done)


def test_a_damaged_stamp_costs_an_install_and_no_more(project, done):
    bootstrap.STAMP.write_text("[broken")
    assert bootstrap.set_up("lab", "")
    assert done == [(["lab"], "default", [], False)]
    assert json.loads(bootstrap.STAMP.read_text())["complete"]


def test_a_full_disk_is_said_before_anything_is_touched(project, monkeypatch):
    stamp(project, complete=False)
    monkeypatch.setitem(bootstrap.NEEDED_GB, "default", 1e9)
    with pytest.raises(bootstrap.SetupError, match=r"disk is full: .* GB are free .* add TORCH=cpu"):
        bootstrap.set_up("lab", "")
    assert (bootstrap.SITE_PACKAGES / "six.py").exists()


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("failed to write to file: No space left on device (os error 28)", r"^the disk is full \(\d+\.\d GB"),
        ("ERROR: [Errno 28] No space left on device", "^the disk is full"),
        (
            "error: Failed to fetch: https://me:secret@example.org/simple/x/\n dns error",
            "no way to example.org",
        ),
        ("WARNING: Retrying (...) after connection broken by 'ProxyError'", "^the network is away"),
        ("https://example.org/ invalid peer certificate: UnknownIssuer", "certificate of example.org"),
        ("No solution found", "installer failed.*\n.*No solution found"),
    ],
)
def test_what_the_installers_say_becomes_what_to_do(output, line):
    with pytest.raises(bootstrap.SetupError, match=line):
        raise bootstrap.explain(output)


def test_a_failure_is_one_line_and_status_1(project, monkeypatch, capsys):
    monkeypatch.setenv("TORCH", "gpu")
    assert bootstrap.main(["lab"]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err == "Stopped: TORCH=gpu is unknown. Use TORCH=cpu, TORCH=default, or leave it out.\n"


def test_without_a_network_the_cache_is_tried_and_the_network_is_blamed(project, monkeypatch):
    tried = []

    def no_network(label, command, environment):
        tried.append("--offline" in command)
        raise bootstrap.explain("dns error" if len(tried) == 1 else "No solution found")

    monkeypatch.setattr(bootstrap, "run", no_network)
    monkeypatch.setattr(bootstrap, "uv_environment", dict)
    with pytest.raises(bootstrap.NetworkAway, match="the network is away"):
        bootstrap.install(["lab"], "default", [], False)
    assert tried == [False, True]


def test_an_old_python_is_told_which_one_to_use(tmp_path, monkeypatch):
    works, switched_off = tmp_path / "python3.12", tmp_path / "python3.13"
    works.write_text("#!/bin/sh\nexit 0\n")
    switched_off.write_text("#!/bin/sh\nexit 127\n")
    for path in (works, switched_off):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(bootstrap.SetupError, match=r"Python 3.9.18 .* 3.11 or newer .* PYTHON=python3.12"):
        bootstrap.check_python((3, 9, 18))
    works.unlink()
    with pytest.raises(bootstrap.SetupError, match=r"Install a newer one"):
        bootstrap.check_python((3, 9, 18))


def test_an_old_python_can_read_the_file():
    ast.parse(Path(bootstrap.__file__).read_text(encoding="utf-8"), feature_version=(3, 7))


def test_make_names_its_targets():
    listing = subprocess.run(
        ["make", "help"], cwd=Path(bootstrap.__file__).parent, capture_output=True, text=True, check=True
    ).stdout
    for target in ("lab", "test", "check", "build", "restore", "colab-check", "clean"):
        assert f"\n  {target} " in listing
