import sys

import build
import execute
import nbformat
import pytest
from nbconvert import HTMLExporter

RICH = """

# %% [markdown] id="more"
# ## More

# %% id="where"
import os, sys
print(sys.executable == EXECUTABLE, os.path.basename(os.getcwd()), "CNNCOURSE_STRICT" in os.environ)
print(os.path.exists(os.environ["CNNCOURSE_HOME"]))

# %% id="progress"
for step in range(3):
    print(f"\\r{step + 1} of 3", end="", file=sys.stderr)
    print("step", step)

# %% id="value"
sorted({"b", "a"})
"""

FAULTY = """
# %% id="bare"
plt.gcf().add_subplot()
plt.gcf()

# %% id="address"
print(object())

# %% id="path"
import os
print(os.__file__)

# %% id="script"
from IPython.display import HTML
HTML("<script>1</script><img src='x'>")

# %% id="widget"
import ipywidgets
ipywidgets.IntSlider(3)
"""


def cells(path):
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A course that was run: what was printed, and the bytes of the first and of the second run."""
    from .conftest import Course

    course = Course(tmp_path_factory.mktemp("course"))
    with open(course.source, "a") as file:
        file.write(RICH.replace("EXECUTABLE", repr(sys.executable)))
    assert build.main(["--root", str(course.root), "--execute"]) == 0
    course.first = course.solution.read_bytes()
    assert build.main(["--root", str(course.root), "--execute", "all"]) == 0
    return course


def test_two_runs_give_the_same_bytes(executed):
    assert executed.solution.read_bytes() == executed.first
    assert b'"image/png": "' in executed.first


def test_check_and_a_second_build_are_content_with_a_run(executed):
    assert build.check(executed.root, []) == []
    assert build.build(executed.root, [], "stale") == 0
    assert executed.solution.read_bytes() == executed.first


def test_kernel_is_this_python_in_the_notebooks_folder_with_an_empty_home(executed):
    text = cells(executed.solution)["where"].outputs[0].text
    assert text.split("\n")[:2] == ["True solutions False", "False"]


def test_progress_is_stored_as_its_last_state_after_the_printed_text(executed):
    outputs = cells(executed.solution)["progress"].outputs
    assert [(output.name, output.text) for output in outputs] == [
        ("stdout", "step 0\nstep 1\nstep 2\n"),
        ("stderr", "3 of 3"),
    ]


def test_cells_are_numbered_in_order_and_carry_no_times(executed):
    made = [cell for cell in cells(executed.solution).values() if cell.cell_type == "code"]
    assert [cell.execution_count for cell in made] == [1, 2, 3, 4, 5, 6, 7]
    assert made[-1].outputs[0].execution_count == 7
    assert all("execution" not in cell.metadata for cell in made)


def test_exported_page_describes_the_picture(executed):
    page, _ = HTMLExporter(template_name="classic").from_filename(str(executed.solution))
    assert 'alt="A line that rises from 0 to 3"' in page
    assert "No description has been provided" not in page


def test_only_what_changed_is_run_again_by_stale(executed, monkeypatch):
    def refuse(*_):
        raise AssertionError("nothing is stale")

    monkeypatch.setattr(build, "run", refuse)
    assert build.build(executed.root, [], "stale") == 0
    with pytest.raises(AssertionError, match="nothing is stale"):
        build.build(executed.root, [], "all")


def test_a_run_reports_seconds_memory_size_and_slow_cells(course, capsys, monkeypatch):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", id="setup")])
    result = execute.Run(made, 61.0, 321.0, {"setup": 46.0, "mean": 2.0})
    monkeypatch.setattr(build, "run", lambda *_: result)
    build.build(course.root, [], "all")
    shown = capsys.readouterr().out
    assert "07_tiny: ran in 61.0 s, 321 MB, 0 kB" in shown
    assert "46.0 s  07_tiny: cell setup  OVER 45 s" in shown
    assert "2.0 s  07_tiny: cell mean\n" in shown


def test_a_failing_cell_is_named_with_its_traceback_and_nothing_is_written(course, capsys):
    course.edit('print("two and", 2)', "1 / 0")
    assert build.build(course.root, [], "all") == 1
    shown = capsys.readouterr().out
    assert "course/07_tiny.py:20: cell print: " in shown
    assert "ZeroDivisionError: division by zero" in shown
    assert not course.lesson.exists()
    assert not course.solution.exists()


def test_outputs_that_cannot_be_kept_are_refused_by_cell(course, capsys):
    with open(course.source, "a") as file:
        file.write(FAULTY)
    assert build.build(course.root, [], "all") == 1
    complaints = [
        line.split(": ", 2)[1:] for line in capsys.readouterr().out.split("\n") if ": cell " in line
    ]
    assert [cell for cell, _ in complaints] == [
        f"cell {name}" for name in ("bare", "address", "path", "script", "script")
    ]
    for (_, message), expected in zip(
        complaints, ["without alt", "memory address", "path of this machine", "script", "<img>"], strict=True
    ):
        assert expected in message
    assert not course.solution.exists()


def test_live_widget_views_are_dropped():
    view = nbformat.v4.new_output(
        "display_data", data={execute.WIDGET_VIEW: {"model_id": "1"}, "text/plain": "w"}
    )
    only = nbformat.v4.new_output("display_data", data={execute.WIDGET_VIEW: {"model_id": "1"}})
    assert [dict(output.data) for output in execute.clean([view, only])] == [{"text/plain": "w"}]


def test_order_of_text_and_pictures_is_kept():
    def stream(name, text):
        return nbformat.v4.new_output("stream", name=name, text=text)

    picture = nbformat.v4.new_output("display_data", data={"image/png": "aGk="})
    outputs = [
        stream("stdout", "a"),
        stream("stderr", "e"),
        stream("stdout", "b"),
        picture,
        stream("stdout", "c"),
    ]
    assert [output.get("text", "picture") for output in execute.clean(outputs)] == ["ab", "e", "picture", "c"]
