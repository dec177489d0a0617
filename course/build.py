"""Make lessons/ and solutions/ from the lesson sources course/NN_name.py.

    python course/build.py [NAME ...]                        write what has changed
    python course/build.py [NAME ...] --execute [all|stale]  also run the solutions and store their outputs
    python course/build.py [NAME ...] --check                write nothing; name every cell that differs

A lesson has its exercises open and no outputs. A solution has the answers and the outputs of its last run;
those of a changed cell are dropped, and the solution is stale until it is run again. When a source breaks a
rule (rules.py), nothing is written.
"""

import argparse
import hashlib
import json
import sys
import tomllib
from pathlib import Path

import nbformat
from execute import SLOW_CELL, CellFailed, Run, output_problems, run, stamp
from nbformat import NotebookNode
from rules import Problem, refusals
from source import Lesson, dumps, notebook, read_lesson

ROOT = Path(__file__).resolve().parents[1]
SOURCES = "[0-9][0-9]_*.py"
_PARTS = ("source", "cell_type", "metadata", "outputs", "execution_count")
MOST_BYTES = {"lessons": 100_000, "solutions": 1_500_000}


def read_course(root: Path, names: list[str]) -> tuple[list[Lesson], list[str]]:
    """Read the named sources, or all: the lessons that may be built, and what stands against the others."""
    with open(root / "course" / "settings.toml", "rb") as file:
        repository = tomllib.load(file)["repository"]
    paths = sorted((root / "course").glob(SOURCES))
    wanted = [Path(name).stem for name in names]
    unknown = [name for name in wanted if not any(path.stem.startswith(name) for path in paths)]
    if unknown:
        known = ", ".join(path.stem for path in paths) or "none"
        raise SystemExit(f"no lesson source named {', '.join(unknown)}; there are: {known}")
    paths = [path for path in paths if not wanted or any(path.stem.startswith(name) for name in wanted)]
    lessons, problems = [], []
    for path in paths:
        lesson = read_lesson(path, root, repository)
        found = refusals(lesson)
        problems += [str(problem) for problem in found]
        if not found:
            lessons.append(lesson)
    return lessons, problems


def code_digest(made: NotebookNode) -> str:
    """The digest of all code of a notebook, in order: what the outputs depend on."""
    sources = [cell.source for cell in made.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def solution(lesson: Lesson, stored: NotebookNode | None) -> NotebookNode:
    """The solution notebook, with the stored outputs of every code cell whose source has not changed."""
    made = notebook(lesson, solved=True)
    before = {cell.get("id"): cell for cell in stored.cells if cell.cell_type == "code"} if stored else {}
    complete = True
    for number, cell in enumerate((cell for cell in made.cells if cell.cell_type == "code"), 1):
        old = before.get(cell.id)
        if old is None or old.source != cell.source or old.execution_count is None:
            complete = False
        else:
            cell.outputs = old.outputs
            stamp(cell, number)
    digest = code_digest(made)
    if stored and complete and stored.metadata.get("cnncourse", {}).get("executed") == digest:
        made.metadata["cnncourse"] = {"executed": digest}
    return made


def is_stale(made: NotebookNode) -> bool:
    """Whether a solution has yet to be run as it is now."""
    return "cnncourse" not in made.metadata


def executed(lesson: Lesson, root: Path) -> tuple[Run | None, list[str]]:
    """Run a solution from nothing: the run, unless a cell failed, and what stands against storing it."""
    try:
        result = run(notebook(lesson, solved=True), root / "solutions")
    except CellFailed as failure:
        return None, [_located(lesson, failure.cell, str(failure))]
    made = result.notebook
    problems = []
    for number, cell in enumerate((cell for cell in made.cells if cell.cell_type == "code"), 1):
        stamp(cell, number)
        problems += [_located(lesson, cell.id, text) for text in output_problems(cell, root)]
    made.metadata["cnncourse"] = {"executed": code_digest(made)}
    return result, problems


def _located(lesson: Lesson, name: str, message: str) -> str:
    line = next(cell.line for cell in lesson.cells if cell.id == name)
    return str(Problem(lesson.file, line, name, message))


def stored_notebook(path: Path) -> NotebookNode | None:
    """The notebook in a file; None when there is none, or when it cannot be read."""
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, nbformat.ValidationError):
        return None


def build(root: Path, names: list[str], execute: str | None = None) -> int:
    """Write lessons and solutions; return the exit status."""
    lessons, problems = read_course(root, names)
    if problems:
        print(*problems, f"{len(problems)} problems; nothing was written", sep="\n")
        return 1
    seconds: dict[str, float] = {}
    stale: list[str] = []
    for lesson in lessons:
        made = solution(lesson, stored_notebook(_path(root, "solutions", lesson)))
        if execute == "all" or (execute == "stale" and is_stale(made)):
            result, found = executed(lesson, root)
            if result is None or found:
                print(*found, f"{lesson.name}: neither lesson nor solution was written", sep="\n")
                problems += found
                continue
            made = result.notebook
            seconds |= {f"{lesson.name}: cell {name}": spent for name, spent in result.cells.items()}
            size = len(dumps(made)) / 1e3
            print(f"{lesson.name}: ran in {result.seconds:.1f} s, {result.peak_mb:.0f} MB, {size:.0f} kB")
        elif is_stale(made):
            stale.append(lesson.name)
        _write(_path(root, "lessons", lesson), notebook(lesson, solved=False))
        _write(_path(root, "solutions", lesson), made)
    _report_slowest(seconds)
    for line in orphans(root):
        print(line)
    if stale:
        print(f"stale: {', '.join(stale)}; run: python course/build.py --execute stale")
    return 1 if problems else 0


def _path(root: Path, folder: str, lesson: Lesson) -> Path:
    return root / folder / f"{lesson.name}.ipynb"


def _write(path: Path, made: NotebookNode) -> None:
    data = dumps(made)
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        print(f"{path.parent.name}/{path.name}: written")


def _report_slowest(seconds: dict[str, float]) -> None:
    slowest = sorted(seconds.items(), key=lambda item: -item[1])
    for rank, (cell, spent) in enumerate(slowest):
        if rank < 5 or spent > SLOW_CELL:
            print(f"  {spent:6.1f} s  {cell}{f'  OVER {SLOW_CELL} s' if spent > SLOW_CELL else ''}")


def orphans(root: Path) -> list[str]:
    """One line for each generated notebook whose source is gone."""
    names = {path.stem for path in (root / "course").glob(SOURCES)}
    paths = [path for folder in MOST_BYTES for path in sorted((root / folder).glob("*.ipynb"))]
    return [f"{p.parent.name}/{p.name}: its lesson source is gone" for p in paths if p.stem not in names]


def check(root: Path, names: list[str]) -> list[str]:
    """One line for each difference between the sources and the notebooks on disk."""
    lessons, lines = read_course(root, names)
    for lesson in lessons:
        for folder, limit in MOST_BYTES.items():
            path = _path(root, folder, lesson)
            shown = f"{folder}/{path.name}"
            if not path.exists():
                lines.append(f"{shown}: missing")
                continue
            stored = stored_notebook(path)
            if stored is None:
                lines.append(f"{shown}: not a readable notebook")
                continue
            made = solution(lesson, stored) if folder == "solutions" else notebook(lesson, solved=False)
            found = [*differences(made, stored), *_stored_faults(stored, folder, root)]
            if not found and folder == "solutions" and is_stale(made):
                unrun = [c.id for c in made.cells if c.cell_type == "code" and c.execution_count is None]
                found += [f"cell {name}: not run since it changed" for name in unrun]
                found.append("stale outputs; run: python course/build.py --execute stale")
            if not found and dumps(made) != path.read_bytes():
                found.append("the same cells, but other bytes; run: python course/build.py")
            if path.stat().st_size > limit:
                found.append(f"{path.stat().st_size / 1e3:.0f} kB; at most {limit / 1e3:.0f}")
            lines += [f"{shown}: {text}" for text in found]
    return lines if names else lines + orphans(root)


def differences(made: NotebookNode, stored: NotebookNode) -> list[str]:
    """Name each cell in which a stored notebook differs from the one just made."""
    now = {cell.id: cell for cell in made.cells}
    before = {cell.get("id"): cell for cell in stored.cells}
    found = [f"cell {name}: missing" for name in now if name not in before]
    found += [f"cell {name}: extra" for name in before if name not in now]
    if len(before) < len(stored.cells):
        found.append("a cell id is used twice")
    both = [name for name in now if name in before]
    if not found and list(now) != list(before):
        moved = next(new for new, old in zip(now, before, strict=True) if new != old)
        found.append(f"cell {moved}: the order of the cells differs from here on")
    for name in both:
        new, old = now[name], before[name]
        parts = [part for part in _PARTS if new.get(part) != old.get(part)]
        # Outputs are dropped because the source changed: one difference, not three.
        if "source" in parts:
            found.append(f"cell {name}: source differs")
        elif "outputs" in parts and not new.outputs:
            found.append(f"cell {name}: outputs where there should be none")
        else:
            found += [f"cell {name}: {part.replace('_', ' ')} not as built" for part in parts]
    if _plain(made.metadata) != _plain(stored.metadata):
        found.append("notebook metadata not as built")
    return found


def _plain(metadata: NotebookNode) -> dict[str, object]:
    return {key: value for key, value in metadata.items() if key != "cnncourse"}


def _stored_faults(stored: NotebookNode, folder: str, root: Path) -> list[str]:
    if folder == "lessons":
        return []
    return [f"cell {cell.get('id')}: {text}" for cell in stored.cells for text in output_problems(cell, root)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Make lessons/ and solutions/ from course/NN_name.py.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="lesson sources, such as 01 (default: all)")
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="the folder with course/, lessons/, solutions/"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a notebook is out of date"
    )
    mode.add_argument("--execute", nargs="?", const="all", choices=["all", "stale"], help="run the solutions")
    given = parser.parse_args(arguments)
    if not given.check:
        return build(given.root.resolve(), given.names, given.execute)
    lines = check(given.root.resolve(), given.names)
    print(*lines or ["every notebook is up to date"], sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
