import doctest

import execute
import pytest
import source
from rules import refusals

MEAN = """    total = sum(values)
    return total / max(len(values), 1)
"""
BEGIN, END = "    ### BEGIN SOLUTION\n", "    ### END SOLUTION\n"
DRAW = ' alt="A line that rises from 0 to 3"'


def problems(course):
    return [str(problem) for problem in refusals(source.read_lesson(course.source, course.root, "a/b"))]


def test_a_sound_lesson_is_not_refused(course):
    assert problems(course) == []


@pytest.mark.parametrize(
    ("before", "after", "where", "message"),
    [
        ('"setup" tags', '"set up" tags', "5: cell set up", "the id 'set up' is not 1 to 64 letters"),
        (' id="print"', "", "20: cell (no id)", "the cell has no id"),
        ('id="draw"', 'id="print"', "20: cell print", "the id 'print' is used by 2 cells"),
        ('id="draw"', 'id="draw', "23: cell (no id)", "cannot be read; is a quote missing?"),
        ('"nbval-check-output"', '"slow"', "20: cell print", "unknown tag 'slow'"),
        (' id="draw"', ' id="draw" note="x"', "23: cell draw", "unknown key 'note'"),
        ("plt.plot([0, 1, 3]);\n", "\n", "23: cell draw", "the cell is empty"),
        (END, "", "15: cell mean", "### BEGIN SOLUTION without ### END SOLUTION"),
        (BEGIN, "", "17: cell mean", "### END SOLUTION without ### BEGIN SOLUTION"),
        (MEAN, BEGIN + MEAN, "16: cell mean", "inside the solution that began in line 15"),
        (MEAN, "", "16: cell mean", "there is nothing between the markers"),
        (END, "### END SOLUTION\n", "18: cell mean", "markers indented by 4 and 0 spaces"),
        (MEAN, "        return 0\n", "17: cell mean", "their code by 8"),
        (END, "    ## end solution\n", "18: cell mean", "'## end solution' is not a marker"),
        (BEGIN, "    ### BEGIN HIDDEN TESTS\n", "15: cell mean", "'### BEGIN HIDDEN TESTS' is not a marker"),
        (' tags=["exercise"]', "", "15: cell mean", "outside a code cell with the tag exercise"),
        (BEGIN + MEAN + END, MEAN, "12: cell mean", "an exercise without a solution"),
        ("# Average the", "# ### BEGIN SOLUTION\n# the", "10: cell task", "outside a code cell with the tag"),
        ("# Average the", "# (### BEGIN SOLUTION) the", "10: cell task", "is not a marker"),
        ("# ## Exercise", "# ### Exercise", "9: cell task", "the headings jump from level 1 to level 3"),
        ("# ## Exercise", "# # Exercise", "9: cell task", "a second top-level heading"),
        ("# # Tiny", "# ## Tiny", "2: cell title", "the headings start with level 2, not 1"),
        (DRAW, "", "23: cell draw", "plt.plot draws; add alt="),
        (DRAW, ' alt=" "', "23: cell draw", "alt is empty"),
        ("# Average the", "# ![](picture.png)", "10: cell task", "a picture without alt text"),
        ('print("two and", 2)', 'print("two and", 2', "21: cell print", "the solution is not valid Python"),
        ('"two and"', r'"\d"', "21: cell print", "the solution is not valid Python"),
    ],
)
def test_refusal_names_line_cell_and_reason(course, before, after, where, message):
    course.edit(before, after)
    found = [line for line in problems(course) if message in line]
    assert found
    assert found[0].startswith(f"course/07_tiny.py:{where}: ")


def test_all_problems_are_listed_at_once(course):
    course.edit(DRAW, "")
    course.edit("# ## Exercise", "# ### Exercise")
    course.edit('setup"]', 'set-up"]')
    assert [line.split(": ")[1] for line in problems(course)] == ["cell setup", "cell task", "cell draw"]


def test_a_solution_outside_a_function_is_refused(course):
    course.edit('print("two and", 2)', "### BEGIN SOLUTION\nprint(2)\n### END SOLUTION")
    course.edit('tags=["nbval-check-output"]', 'tags=["exercise"]')
    assert any("cell print: a solution outside a function" in line for line in problems(course))


@pytest.mark.parametrize(
    "shown",
    [
        "# Write `total / max(len(values), 1)`.",
        "# Divide: total/max(len(values),1).",
    ],
)
def test_solution_text_in_prose_is_a_leak(course, shown):
    course.edit("# Average the values.", shown)
    (line,) = problems(course)
    assert line.startswith(
        "course/07_tiny.py:8: cell task: the lesson would show 'total / max(len(values), 1)'"
    )


@pytest.mark.parametrize(
    "shown",
    ["average = total / max(len(values), 1)", "# total / max(\n#     len(values), 1\n# )\npass"],
)
def test_solution_text_in_other_code_or_a_comment_is_a_leak(course, shown):
    course.edit('print("two and", 2)', shown)
    assert [line.split(": ")[1] for line in problems(course)] == ["cell print"]


def test_solution_text_in_alt_text_or_in_the_same_cell_is_a_leak(course):
    course.edit("A line that rises", "total / max(len(values), 1)")
    course.edit("Average a list.", "Return total / max(len(values), 1).")
    assert [line.split(": ")[1] for line in problems(course)] == ["cell mean", "cell draw"]


def test_a_one_line_solution_is_telling_even_when_it_is_simple(course):
    course.edit(MEAN, "    return statistics.fmean(values)\n")
    course.edit('print("two and", 2)', "statistics.fmean(values)")
    assert "the lesson would show 'statistics.fmean(values)'" in problems(course)[0]


@pytest.mark.parametrize(
    "common",
    [
        "total = sum(values)",
        "height, width, channels = image.shape",
        "for row in range(height - size + 1):\n    pass",
        "output = np.zeros((height, width))",
        "return accumulated_result_of_it_all",
    ],
)
def test_what_everybody_writes_is_no_leak(course, common):
    course.edit("    total = sum(values)\n", "".join(f"    {line}\n" for line in common.split("\n")))
    course.edit(
        "# Average the values.", "# ```\n" + "".join(f"# {line}\n" for line in common.split("\n")) + "# ```"
    )
    assert problems(course) == []


def test_a_solution_that_is_only_a_branch_is_compared_line_by_line(course):
    branch = (
        "if values:\n        pass\n    ### BEGIN SOLUTION\n    else:\n        return 'nothing to average'\n"
    )
    course.edit(BEGIN + MEAN, "    " + branch)
    course.edit("# Average the values.", "# Then return 'nothing to average'.")
    assert [line.split(": ")[1] for line in problems(course)] == ["cell task"]


@pytest.mark.parametrize(
    "harmless",
    [
        "def draw(picture):\n    plt.plot(picture)",
        "plt.rcParams.update({})",
        "figure = None",
    ],
)
def test_code_that_draws_nothing_needs_no_alt(course, harmless):
    course.edit('print("two and", 2)', harmless)
    assert problems(course) == []


@pytest.mark.parametrize("drawing", ["viz.images([a])", "axes[0].imshow(a)", "for a in b:\n    plt.show()"])
def test_code_that_draws_needs_alt(course, drawing):
    course.edit('print("two and", 2)', drawing)
    assert [line.split(": ")[1] for line in problems(course)] == ["cell print"]


def test_a_heading_in_a_code_block_is_not_a_heading(course):
    course.edit("# Average the values.", "# ```python\n# # a comment\n# ```")
    assert problems(course) == []


def test_magics_are_valid_code(course):
    course.edit('print("two and", 2)', "%matplotlib inline\n!ls")
    assert problems(course) == []


def test_a_cell_marker_inside_a_string_starts_no_cell(course):
    course.edit('print("two and", 2)', 'print("""\n# %% not a cell\n""")')
    course.edit(DRAW, "")
    (line,) = problems(course)
    assert line.startswith("course/07_tiny.py:25: cell draw: ")


@pytest.mark.parametrize("module", [source, execute], ids=lambda module: module.__name__)
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed
