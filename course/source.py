"""Read a lesson source (jupytext percent) and make its two notebooks: open, and solved."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = 'raise NotImplementedError("your turn")'

# Kept by jupytext so that it could write the same text again; a notebook has no use for it.
_LAYOUT_KEYS = {"lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker"}


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson source; ``line`` is its ``# %%`` line, ``first`` the first line of its text."""

    kind: str
    id: str | None
    tags: tuple[str, ...]
    alt: str | None
    other: tuple[str, ...]
    text: str
    line: int
    first: int

    @property
    def opened(self) -> str:
        """The text with every solution replaced by the stub."""
        return split_solutions(self.text)[0]

    @property
    def solved(self) -> str:
        """The text with every solution kept and the marker lines gone."""
        return split_solutions(self.text)[1]


@dataclass(frozen=True)
class Lesson:
    """A lesson source: ``file`` as messages name it, ``name`` as its notebooks are called."""

    file: str
    name: str
    cells: tuple[Cell, ...]


def split_solutions(text: str) -> tuple[str, str, list[str]]:
    """Split the text of a cell at its (balanced) markers.

    Returns the open text, the solved text, and the solutions, each dedented.

    >>> opened, solved, solutions = split_solutions(
    ...     "def f(x):\\n    ### BEGIN SOLUTION\\n    return 2 * x\\n    ### END SOLUTION"
    ... )
    >>> print(opened)
    def f(x):
        raise NotImplementedError("your turn")
    >>> solutions
    ['return 2 * x']
    """
    opened: list[str] = []
    solved: list[str] = []
    solutions: list[str] = []
    hidden: list[str] | None = None
    for line in text.split("\n"):
        if line.strip() == BEGIN:
            hidden = []
            opened.append(line.replace(BEGIN, STUB))
        elif line.strip() == END:
            solutions.append(textwrap.dedent("\n".join(hidden or [])))
            hidden = None
        else:
            solved.append(line)
            (opened if hidden is None else hidden).append(line)
    return "\n".join(opened), "\n".join(solved), solutions


def read_lesson(path: Path, root: Path, repository: str) -> Lesson:
    """Read one source; ``${REPOSITORY}`` and ``${LESSON}`` are replaced, every other ``$`` is left alone."""
    text = path.read_text(encoding="utf-8")
    parsed = jupytext.reads(text, fmt="py:percent")
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines, 1) if re.match(r"# ?%%(\s|$)", line)]
    cells = []
    for found in parsed.cells:
        metadata = dict(found.metadata)
        identifier = metadata.pop("id", None)
        start = _start_line(starts, lines, identifier)
        starts = [number for number in starts if number > start]
        first = next((n for n in range(start + 1, len(lines) + 1) if lines[n - 1].strip()), start)
        source = found.source.replace("${REPOSITORY}", repository).replace("${LESSON}", path.stem)
        cells.append(
            Cell(
                kind=found.cell_type,
                id=identifier,
                tags=tuple(metadata.pop("tags", ())),
                alt=metadata.pop("alt", None),
                other=tuple(sorted(set(metadata) - _LAYOUT_KEYS)),
                text=source,
                line=start,
                first=first,
            )
        )
    return Lesson(path.relative_to(root).as_posix(), path.stem, tuple(cells))


def _start_line(starts: list[int], lines: list[str], identifier: str | None) -> int:
    # A "# %%" inside a string starts no cell, so a cell with an id is looked up by it.
    named = [n for n in starts if identifier and f'id="{identifier}"' in lines[n - 1]]
    return (named or starts or [len(lines)])[0]


def notebook(lesson: Lesson, *, solved: bool) -> NotebookNode:
    """Make one variant of a lesson without outputs; the same source always gives the same notebook."""
    made = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in lesson.cells:
        metadata: dict[str, object] = {"tags": list(cell.tags)} if cell.tags else {}
        if cell.alt:
            metadata["alt"] = cell.alt
        new = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        made.cells.append(new(cell.solved if solved else cell.opened, id=cell.id, metadata=metadata))
    return made


def dumps(made: NotebookNode) -> bytes:
    """The bytes of a notebook: sorted keys, one space of indentation, a newline at the end."""
    nbformat.validate(made)
    return (nbformat.writes(made, version=4).rstrip("\n") + "\n").encode()
