"""The places that name packages agree: pyproject.toml, environment.yml, constraints.txt and Colab's list."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import bootstrap

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE = [Requirement(text) for text in PROJECT["dependencies"]]
LAB = [Requirement(text) for text in PROJECT["optional-dependencies"]["lab"]]
EVERY = [
    *CORE,
    *(Requirement(text) for extra in PROJECT["optional-dependencies"].values() for text in extra),
]
CONDA_NAMES = {"torch": "pytorch"}
# Conda needs these beside the project's own dependencies: to install the checkout without a network.
ONLY_CONDA = {"python", "pip", "setuptools"}
# In no list of Colab's, but every Colab has them: torch requires filelock, ipykernel requires psutil.
BROUGHT_ALONG = {"filelock", "psutil"}


def pins(path: Path) -> dict[str, Version]:
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def conda() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def conda_bounds() -> dict[str, str]:
    return dict(re.split("(?=>)", spec, maxsplit=1) for spec in conda()["dependencies"] if ">" in spec)


def lower_bound(requirement: Requirement) -> Version:
    (specifier,) = requirement.specifier
    assert specifier.operator == ">=", (
        f"{requirement}: only a lower bound, so that Colab keeps its own version"
    )
    return Version(specifier.version)


def test_environment_yml_is_one_that_conda_reads():
    environment = conda()
    assert environment.keys() == {"name", "channels", "dependencies"}
    assert environment["channels"][0] == "conda-forge"
    *specs, pip = environment["dependencies"]
    assert pip == {"pip": ["--editable ."]}
    for spec in specs:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_.-]*(>=\d+(\.\d+)*)?", spec), spec
    names = [re.split(">=", spec)[0] for spec in specs]
    assert len(names) == len(set(names))


def test_environment_yml_asks_for_the_same_as_pyproject():
    wanted = {CONDA_NAMES.get(each.name, each.name): str(each.specifier) for each in CORE + LAB}
    bounds = conda_bounds()
    assert {name: bounds[name] for name in bounds.keys() - ONLY_CONDA} == wanted
    assert bounds["python"] == PROJECT["requires-python"]


@pytest.mark.parametrize("requirement", EVERY, ids=str)
def test_tested_pins_meet_every_requirement(requirement):
    if requirement.name != "cnncourse":
        tested = pins(ROOT / "constraints.txt")
        assert requirement.specifier.contains(tested[canonicalize_name(requirement.name)])


def test_pins_are_exact_sorted_and_name_no_host():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    assert lines == sorted(lines)
    for line in lines:
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[0-9][0-9a-z.]*", line), line
    assert {"uv", "torch", "torchvision"} <= pins(ROOT / "constraints.txt").keys()


@pytest.mark.parametrize("requirement", CORE, ids=str)
def test_colabs_own_versions_meet_every_requirement_of_the_package(requirement):
    colab = pins(ROOT / "tests/colab/constraints-colab.txt")
    if requirement.name in BROUGHT_ALONG:
        assert requirement.name not in colab, "now listed: take it out of BROUGHT_ALONG"
    else:
        assert colab[requirement.name] >= lower_bound(requirement)


def test_bootstrap_asks_for_the_python_that_pyproject_requires():
    assert SpecifierSet(PROJECT["requires-python"]) == SpecifierSet(
        ">=" + ".".join(map(str, bootstrap.MINIMUM))
    )
