import json
import os

import build
import nbformat
import pytest


def cells(path):
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


def changed_cells(before, after):
    assert list(before) == list(after)
    return [name for name in before if before[name] != after[name]]


def pretend_to_have_run(course):
    """Store what a run would have stored, without a kernel."""
    made = nbformat.read(course.solution, as_version=4)
    for number, cell in enumerate((cell for cell in made.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", text=f"output of {cell.id}\n")]
    made.metadata["cnncourse"] = {"executed": build.code_digest(made)}
    course.solution.write_bytes(build.dumps(made))


@pytest.fixture
def built(course):
    assert build.build(course.root, []) == 0
    return course


@pytest.fixture
def ran(built):
    pretend_to_have_run(built)
    assert build.check(built.root, []) == []
    return built


def test_two_builds_give_the_same_bytes(built):
    first = built.lesson.read_bytes(), built.solution.read_bytes()
    built.lesson.unlink()
    built.solution.unlink()
    build.build(built.root, [])
    assert (built.lesson.read_bytes(), built.solution.read_bytes()) == first


def test_unchanged_notebooks_are_not_written_again(ran):
    for path in (ran.lesson, ran.solution):
        os.utime(path, (1, 1))
    build.build(ran.root, [])
    assert ran.lesson.stat().st_mtime == ran.solution.stat().st_mtime == 1


def test_lesson_is_open_and_solution_is_not(built):
    exercise = cells(built.lesson)["mean"].source
    assert exercise.endswith('"""Average a list."""\n    raise NotImplementedError("your turn")')
    assert "return total / max(len(values), 1)" in cells(built.solution)["mean"].source


@pytest.mark.parametrize("hidden", ["SOLUTION", "sum(values)", "return total"])
def test_lesson_holds_nothing_of_the_solution(built, hidden):
    assert hidden not in built.lesson.read_text()


def test_solution_keeps_no_marker(built):
    assert "### " not in cells(built.solution)["mean"].source


def test_only_the_two_names_are_substituted(built):
    for path in (built.lesson, built.solution):
        assert cells(path)["title"].source == (
            "# Tiny 07_tiny\nFrom someone/somewhere, at $5 or ${x}_{i}$ each."
        )


def test_ids_tags_and_alt_reach_the_notebooks(built):
    made = cells(built.solution)
    assert list(made) == ["title", "setup", "task", "mean", "print", "draw"]
    assert made["print"].metadata == {"tags": ["nbval-check-output"]}
    assert made["draw"].metadata == {"alt": "A line that rises from 0 to 3"}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("task", "Average the", "Average all"),
        ("print", "two and", "three less"),
        ("mean", "a list", "numbers"),
    ],
)
def test_editing_one_source_cell_changes_that_cell_only(ran, name, before, after):
    lesson, solution = cells(ran.lesson), cells(ran.solution)
    ran.edit(before, after)
    build.build(ran.root, [])
    assert changed_cells(lesson, cells(ran.lesson)) == [name]
    assert changed_cells(solution, cells(ran.solution)) == [name]


def test_editing_a_solution_leaves_the_lesson_as_it_was(ran):
    lesson = ran.lesson.read_bytes()
    ran.edit("max(len(values), 1)", "(len(values) or 1)")
    build.build(ran.root, [])
    assert ran.lesson.read_bytes() == lesson


def test_outputs_are_kept_for_unchanged_cells_and_dropped_for_changed_ones(ran):
    ran.edit("two and", "three less")
    build.build(ran.root, [])
    made = cells(ran.solution)
    assert made["print"].outputs == []
    assert made["print"].execution_count is None
    assert made["draw"].outputs[0].text == "output of draw\n"


def test_a_solution_whose_code_changed_is_stale_even_when_the_change_is_undone(ran, capsys):
    original = ran.source.read_text()
    ran.edit("two and", "three less")
    build.build(ran.root, [])
    assert "stale: 07_tiny; run: python course/build.py --execute stale" in capsys.readouterr().out
    ran.source.write_text(original)
    build.build(ran.root, [])
    assert "stale: 07_tiny" in capsys.readouterr().out
    assert "solutions/07_tiny.ipynb: cell print: not run since it changed" in build.check(ran.root, [])


def test_editing_prose_makes_nothing_stale(ran):
    ran.edit("Average the", "Average all")
    build.build(ran.root, [])
    assert build.check(ran.root, []) == []


def test_a_new_description_reaches_the_stored_picture_without_a_run(ran):
    made = nbformat.read(ran.solution, as_version=4)
    made.cells[-1].outputs = [nbformat.v4.new_output("display_data", data={"image/png": "aGk="})]
    ran.solution.write_bytes(build.dumps(made))
    ran.edit("rises from 0 to 3", "climbs")
    build.build(ran.root, [])
    assert cells(ran.solution)["draw"].outputs[0].metadata == {"image/png": {"alt": "A line that climbs"}}
    assert build.check(ran.root, []) == []


def test_check_writes_nothing(course):
    build.check(course.root, [])
    assert not course.lesson.exists()
    assert not course.solution.exists()


def edit_notebook(path, change):
    made = json.loads(path.read_text())
    change(made)
    path.write_text(json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


TAMPERING = {
    "cell task: source differs": lambda nb: nb["cells"][2].update(source=["## Exercise\n", "Guess."]),
    "cell draw: missing": lambda nb: nb["cells"].pop(),
    "cell note: extra": lambda nb: nb["cells"].append(
        {"cell_type": "markdown", "id": "note", "metadata": {}, "source": []}
    ),
    "cell task: the order of the cells differs from here on": lambda nb: nb["cells"].insert(
        3, nb["cells"].pop(2)
    ),
    "cell title: metadata not as built": lambda nb: nb["cells"][0].update(metadata={"collapsed": True}),
    "notebook metadata not as built": lambda nb: nb["metadata"].update(widgets={}),
    "cell print: outputs where there should be none": lambda nb: nb["cells"][4].update(
        outputs=[{"output_type": "stream", "name": "stdout", "text": ["hello\n"]}]
    ),
}


@pytest.mark.parametrize("complaint", TAMPERING)
def test_check_names_the_cell_and_what_differs_in_a_lesson(ran, complaint):
    edit_notebook(ran.lesson, TAMPERING[complaint])
    assert build.check(ran.root, []) == [f"lessons/07_tiny.ipynb: {complaint}"]


def test_check_names_the_cell_of_an_edited_source_in_both_notebooks(ran):
    ran.edit("two and", "three less")
    assert build.check(ran.root, []) == [
        "lessons/07_tiny.ipynb: cell print: source differs",
        "solutions/07_tiny.ipynb: cell print: source differs",
    ]


def test_check_notices_other_bytes_of_the_same_cells(ran):
    ran.lesson.write_text(json.dumps(json.loads(ran.lesson.read_text())))
    (line,) = build.check(ran.root, [])
    assert line.startswith("lessons/07_tiny.ipynb: the same cells, but other bytes")


def test_check_notices_missing_unreadable_and_orphaned_notebooks(ran):
    ran.lesson.unlink()
    ran.solution.write_text("<<<<<<< merge conflict")
    (ran.root / "lessons" / "99_gone.ipynb").write_text("{}")
    assert build.check(ran.root, []) == [
        "lessons/07_tiny.ipynb: missing",
        "solutions/07_tiny.ipynb: not a readable notebook",
        "lessons/99_gone.ipynb: its lesson source is gone",
    ]


def test_building_reports_a_notebook_without_source_and_leaves_it(ran, capsys):
    gone = ran.root / "solutions" / "99_gone.ipynb"
    gone.write_text("{}")
    assert build.build(ran.root, []) == 0
    assert "solutions/99_gone.ipynb: its lesson source is gone" in capsys.readouterr().out
    assert gone.exists()


def test_check_bounds_the_size_of_a_notebook(course):
    course.edit("Average the values.", "# ".join(["Average the values.\n"] * 8000))
    build.build(course.root, [])
    assert any(
        "lessons/07_tiny.ipynb: " in line and "at most 100" in line for line in build.check(course.root, [])
    )


def test_check_looks_into_stored_outputs(ran):
    made = nbformat.read(ran.solution, as_version=4)
    made.cells[1].outputs = [nbformat.v4.new_output("display_data", data={"image/png": "aGk="})]
    ran.solution.write_bytes(build.dumps(made))
    (line,) = build.check(ran.root, [])
    assert line.startswith("solutions/07_tiny.ipynb: cell setup: a picture without alt text")


def test_a_refused_source_writes_nothing_and_fails(ran, capsys):
    ran.edit(' id="print"', "")
    before = ran.lesson.read_bytes()
    assert build.build(ran.root, []) == 1
    assert "course/07_tiny.py:20: cell (no id): the cell has no id" in capsys.readouterr().out
    assert ran.lesson.read_bytes() == before
    assert build.check(ran.root, [])[0].startswith("course/07_tiny.py:20: ")


def test_command_line_builds_what_it_is_asked_for(course, capsys):
    (course.root / "course" / "08_other.py").write_text('# %% [markdown] id="title"\n# # Other\n')
    assert build.main(["--root", str(course.root), "08"]) == 0
    assert not course.lesson.exists()
    assert (course.root / "lessons" / "08_other.ipynb").exists()
    assert build.main(["--root", str(course.root), "--check"]) == 1
    assert "lessons/07_tiny.ipynb: missing" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="no lesson source named 55; there are: 07_tiny, 08_other"):
        build.main(["--root", str(course.root), "55"])


def test_the_notebooks_of_this_course_are_up_to_date():
    assert build.check(build.ROOT, []) == []
