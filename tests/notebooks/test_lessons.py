"""What holds for every lesson and solution as they are committed."""

import json
import re
from pathlib import Path

import pytest

from cnncourse.checks import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "lessons").glob("*.ipynb"))

by_lesson = pytest.mark.parametrize("name", NAMES)


def cells(folder, name, tag):
    notebook = json.loads((ROOT / folder / f"{name}.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if tag in cell["metadata"].get("tags", [])]


def shown(cell):
    data = [output.get("data", {}) for output in cell["outputs"]]
    return "".join("".join(part.get("text/plain", "")) for part in data)


@by_lesson
def test_every_check_of_a_solution_passes(name):
    for cell in cells("solutions", name, "check"):
        assert "✓ passed" in shown(cell), cell["id"]


@by_lesson
def test_a_lesson_asks_for_exactly_the_exercises_of_its_number(name):
    source = "".join("".join(cell["source"]) for cell in cells("lessons", name, "check"))
    asked = re.findall(r'check\("(\w+)"', source)
    assert asked == [exercise.name for exercise in EXERCISES.values() if exercise.lesson == int(name[:2])]


@by_lesson
def test_every_lesson_begins_with_the_same_set_up(name):
    (first,) = cells("lessons", NAMES[0], "setup")
    (own,) = cells("lessons", name, "setup")
    assert own["source"] == first["source"]
