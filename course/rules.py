"""What a lesson source may not contain. Each rule yields problems; none of them changes anything.

The rule against leaks. A statement of a solution is *telling* when its expression (what is returned or
assigned, otherwise the whole statement), written without spaces, has more than 20 characters, and it either
has at least two operations (a call, arithmetic, a comparison, an index) or is all there is to the solution.
A telling statement may appear nowhere in the finished lesson: not in prose, code, comments or alt text.
Spaces, line breaks and ``#`` do not hide it. Headers (``for``, ``if``, ``def``), docstrings, and statements
such as ``height, width = image.shape`` or ``return result`` are never telling. After a false alarm, name a
variable differently.
"""

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager
from source import BEGIN, END, Cell, Lesson, split_solutions

TAGS = {"setup", "exercise", "check", "gpu", "nbval-check-output"}

_MARKER_LIKE = re.compile(r"#+\s*(BEGIN|END)\s+(SOLUTION|HIDDEN\s+TESTS?)\b", re.IGNORECASE)
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+\S|<h([1-6])[\s>]", re.IGNORECASE)
_PLOTS = {"bar", "barh", "figure", "hist", "matshow", "pcolormesh", "plot", "scatter", "show", "subplots"}
_OPERATIONS = (ast.Call, ast.BinOp, ast.Compare, ast.Subscript, ast.BoolOp, ast.comprehension, ast.IfExp)


@dataclass(frozen=True)
class Problem:
    """One thing to mend: where it is, and what to do."""

    file: str
    line: int
    cell: str | None
    message: str

    def __str__(self) -> str:
        """Where an editor can jump to, the cell, the message."""
        return f"{self.file}:{self.line}: cell {self.cell or '(no id)'}: {self.message}"


def refusals(lesson: Lesson) -> list[Problem]:
    """Return every reason not to build this lesson, in the order of its lines."""
    found = []
    balanced = True
    for cell in lesson.cells:
        about = [*_identity(cell), *_metadata(cell), *_alt(cell), *_markdown_pictures(cell)]
        markers = list(_markers(cell))
        balanced &= not markers
        about += markers or _compiles(cell)
        found += [Problem(lesson.file, line, cell.id, message) for line, message in about]
    whole = [*_repeated(lesson), *_headings(lesson), *(_leaks(lesson) if balanced else ())]
    found += [Problem(lesson.file, line, cell.id, message) for cell, line, message in whole]
    return sorted(found, key=lambda problem: problem.line)


def _identity(cell: Cell) -> Iterator[tuple[int, str]]:
    if cell.id is None:
        yield cell.line, 'the cell has no id; write # %% id="some-name"'
    elif not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", cell.id):
        yield cell.line, f"the id {cell.id!r} is not 1 to 64 letters, digits, - or _"
    if not cell.text.strip():
        yield cell.line, "the cell is empty; remove it"


def _repeated(lesson: Lesson) -> Iterator[tuple[Cell, int, str]]:
    counts = Counter(cell.id for cell in lesson.cells if cell.id)
    for cell in lesson.cells:
        if cell.id and counts[cell.id] > 1:
            yield cell, cell.line, f"the id {cell.id!r} is used by {counts[cell.id]} cells; give each its own"


def _metadata(cell: Cell) -> Iterator[tuple[int, str]]:
    if cell.kind not in ("code", "markdown"):
        yield cell.line, f"cells are code or [markdown], not {cell.kind}"
    for tag in cell.tags:
        if tag not in TAGS:
            yield cell.line, f"unknown tag {tag!r}; known: {', '.join(sorted(TAGS))}"
    for key in cell.other:
        if key == "incorrectly_encoded_metadata":
            yield cell.line, "the # %% line cannot be read; is a quote missing?"
        else:
            yield cell.line, f"unknown key {key!r} in the # %% line; known: id, tags, alt"


def _markers(cell: Cell) -> Iterator[tuple[int, str]]:
    """Markers are exact, balanced, in an exercise, at the indentation of the code that they enclose."""
    begin: tuple[int, int] | None = None
    inside: list[str] = []
    seen = False
    for line, text in enumerate(cell.text.split("\n"), cell.first):
        indent = len(text) - len(text.lstrip())
        if text.strip() not in (BEGIN, END):
            inside.append(text)
            if like := _MARKER_LIKE.search(text):
                yield (
                    line,
                    f"{like.group()!r} is not a marker; the two are {BEGIN!r} and {END!r}, alone on a line",
                )
            continue
        seen = True
        if cell.kind != "code" or "exercise" not in cell.tags:
            yield line, "a solution marker outside a code cell with the tag exercise"
        if text.strip() == BEGIN:
            if begin:
                yield line, f"{BEGIN} inside the solution that began in line {begin[0]}"
            if indent == 0:
                yield line, "a solution outside a function: its stub would stop the untouched lesson"
            begin, inside = (line, indent), []
        elif begin is None:
            yield line, f"{END} without {BEGIN}"
        else:
            yield from ((line, message) for message in _indentation(inside, begin[1], indent))
            begin = None
    if begin:
        yield begin[0], f"{BEGIN} without {END}"
    if "exercise" in cell.tags and not seen:
        yield cell.line, "an exercise without a solution; mark it or drop the tag"


def _indentation(inside: list[str], begin: int, end: int) -> Iterator[str]:
    indents = [len(text) - len(text.lstrip()) for text in inside if text.strip()]
    if not indents:
        yield "there is nothing between the markers"
    elif not begin == end == indents[0] == min(indents):
        yield f"markers indented by {begin} and {end} spaces, their code by {indents[0]}; make them equal"


def _compiles(cell: Cell) -> Iterator[tuple[int, str]]:
    if cell.kind != "code":
        return
    for variant, text in (("solution", cell.solved), ("lesson", cell.opened)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                compile(_plain_python(text), "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            yield cell.first + (error.lineno or 1) - 1, f"the {variant} is not valid Python: {error.msg}"
            return


def _plain_python(text: str) -> str:
    return TransformerManager().transform_cell(text)


def _alt(cell: Cell) -> Iterator[tuple[int, str]]:
    if cell.alt is not None and cell.kind != "code":
        yield cell.line, "alt belongs to a code cell"
    elif cell.alt is not None and not cell.alt.strip():
        yield cell.line, "alt is empty; say what the picture shows"
    elif cell.kind == "code" and cell.alt is None and (call := _drawing(cell.solved)):
        yield cell.line, f'{call} draws; add alt="what the picture shows" to the # %% line'


def _drawing(text: str) -> str | None:
    """The first call outside functions that surely draws. The certain test is the executed notebook."""
    try:
        with warnings.catch_warnings(action="ignore"):
            waiting: list[ast.AST] = [ast.parse(_plain_python(text))]
    except SyntaxError:
        return None
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            if owner == "viz" or (owner == "plt" and node.func.attr in _PLOTS) or node.func.attr == "imshow":
                return ast.unparse(node.func)
        waiting += ast.iter_child_nodes(node)
    return None


def _markdown_pictures(cell: Cell) -> Iterator[tuple[int, str]]:
    if cell.kind != "markdown":
        return
    for line, text in enumerate(cell.text.split("\n"), cell.first):
        if re.search(r"!\[\s*\]\(", text) or re.search(r"<img\b(?![^>]*\balt=[\"'][^\"'])", text):
            yield line, "a picture without alt text"


def _headings(lesson: Lesson) -> Iterator[tuple[Cell, int, str]]:
    previous = 0
    for cell in lesson.cells:
        fenced = False
        for line, text in enumerate(cell.text.split("\n") if cell.kind == "markdown" else [], cell.first):
            fenced ^= text.lstrip().startswith(("```", "~~~"))
            if fenced or not (match := _HEADING.search(text)):
                continue
            level = len(match[1]) if match[1] else int(match[2])
            if level == 1 and previous:
                yield cell, line, "a second top-level heading; a lesson has one"
            elif level > previous + 1:
                jump = f"from level {previous} to level {level}" if previous else f"with level {level}, not 1"
                yield cell, line, f"the headings {'jump' if previous else 'start'} {jump}"
            previous = level
    if not previous and lesson.cells:
        yield lesson.cells[0], lesson.cells[0].line, "the lesson has no heading"


def _leaks(lesson: Lesson) -> Iterator[tuple[Cell, int, str]]:
    visible = [(cell, _squeeze(cell.opened), _squeeze(cell.alt or "")) for cell in lesson.cells]
    for cell in lesson.cells:
        for solution in split_solutions(cell.text)[2]:
            for telling in sorted(_telling(solution)):
                for where, text, alt in visible:
                    if _squeeze(telling) in text or _squeeze(telling) in alt:
                        yield (
                            where,
                            where.line,
                            f"the lesson would show {telling!r}, part of the solution of cell {cell.id}",
                        )


def _telling(solution: str) -> set[str]:
    source = _plain_python(solution)
    try:
        tree = ast.parse(source)
    except SyntaxError:  # part of a larger statement, such as an else branch: take it line by line
        return {line.strip() for line in solution.split("\n") if len(_squeeze(line)) > 20}
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not hasattr(node, "body")]
    found = set()
    for statement in statements:
        expression = getattr(statement, "value", None) or statement
        if isinstance(expression, ast.Constant):
            continue
        for part in (expression, statement):
            operations = sum(isinstance(node, _OPERATIONS) for node in ast.walk(part))
            text = ast.get_source_segment(source, part) or ""
            if len(_squeeze(text)) > 20 and (operations >= 2 or len(statements) == 1):
                found.add(text)
                break
    return found


def _squeeze(text: str) -> str:
    return re.sub(r"[\s#]+", "", text)
