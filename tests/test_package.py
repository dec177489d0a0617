"""What the package promises as a whole: cheap to import, one direction of imports, names that stay."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cnncourse
from cnncourse import viz

PACKAGE = Path(cnncourse.__file__).parent
LIBRARY = {"ops", "datasets", "metrics", "models", "training"}
MAY_IMPORT = {
    "ops": set(),
    "datasets": {"ops"},
    "metrics": set(),
    "models": {"ops"},
    "training": {"ops", "datasets", "metrics", "models"},
    "comparison": {"ops", "datasets", "metrics", "models", "training"},
    "viz": LIBRARY,
    "checks": LIBRARY,
}


def test_import_brings_in_no_heavy_library():
    heavy = {"torch", "torchvision", "matplotlib", "anywidget", "skimage", "numpy"}
    code = f"import sys, cnncourse; print(sorted({heavy!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_rooms_import_in_one_direction():
    for room, allowed in MAY_IMPORT.items():
        paths = list((PACKAGE / room).rglob("*.py"))
        assert paths, f"no such room: {room}"
        for path in paths:
            others = rooms_imported(path) - {room}
            assert others <= allowed, (path, others)


def rooms_imported(path):
    """Return the rooms that a file imports from, by relative or absolute imports."""
    package = ("cnncourse", *path.relative_to(PACKAGE).parts[:-1])
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            names += [f"{module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("cnncourse.")} & set(MAY_IMPORT)


@pytest.mark.parametrize("name", viz.__all__)
def test_no_module_takes_the_place_of_a_visual_once_it_is_loaded(name):
    first = getattr(viz, name)
    assert getattr(viz, name) is first
    assert callable(first) or name == "style"


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(AttributeError, match="viz"):
        cnncourse.vis  # noqa: B018
