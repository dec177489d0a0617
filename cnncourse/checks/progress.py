"""Which exercises were tried and passed: one small JSON file in the learner's home.

The folder is ``~/.cnncourse``, or what the environment variable ``CNNCOURSE_HOME`` names.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout


def progress_file() -> Path:
    """Return where progress is kept; the file need not exist."""
    home = os.environ.get("CNNCOURSE_HOME")
    return (Path(home) if home else Path.home() / ".cnncourse") / "progress.json"


def load() -> dict[str, dict]:
    """Return the record of each exercise by name: ``{"attempts": 3, "passed": "2026-11-20T10:15:00+00:00"}``.

    ``passed`` is the time of the first pass, or None. A damaged file raises ValueError.
    """
    path = progress_file()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        records = json.loads(text)["exercises"]
        readable = all(
            isinstance(r["attempts"], int) and isinstance(r["passed"], str | None) for r in records.values()
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not readable:
        raise ValueError(
            f"{path} is damaged: a record is not of the form {{'attempts': int, 'passed': time or null}}"
        )
    return records


def record(name: str, *, passed: bool) -> str:
    """Note one attempt. Return a sentence for the learner if something is wrong with the file, else ``""``.

    A damaged file is renamed, never overwritten; a folder that cannot be written costs only the record.
    """
    path = progress_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=2):  # two lessons may be open at once
            records, note = _load_or_set_aside(path)
            entry = records.setdefault(name, {"attempts": 0, "passed": None})
            entry["attempts"] += 1
            if passed and entry["passed"] is None:
                entry["passed"] = datetime.now(UTC).isoformat(timespec="seconds")
            _write(path, records)
    except (OSError, Timeout) as error:
        remedy = "Set CNNCOURSE_HOME to a folder that can be written."
        return f"Your progress could not be saved in {path} ({error}). {remedy}"
    return note


def report() -> str:
    """Return the learner's progress as text, lesson by lesson."""
    from . import EXERCISES

    try:
        records = load()
    except ValueError as error:
        return f"{error}\nThe next check sets it aside and starts a new one."
    lines = []
    for lesson in sorted({exercise.lesson for exercise in EXERCISES.values()}):
        exercises = [exercise for exercise in EXERCISES.values() if exercise.lesson == lesson]
        done = sum(bool(records.get(exercise.name, {}).get("passed")) for exercise in exercises)
        lines.append(f"Lesson {lesson}: {done} of {len(exercises)}")
        for exercise in exercises:
            entry = records.get(exercise.name)
            state = "open" if entry is None else "passed" if entry["passed"] else "not yet"
            attempts = "" if entry is None else f"{entry['attempts']} attempt{'s' * (entry['attempts'] != 1)}"
            lines.append(f"  {exercise.number}  {exercise.name:<22} {state:<8} {attempts}".rstrip())
    return "\n".join([*lines, f"(kept in {progress_file()})"])


def _load_or_set_aside(path: Path) -> tuple[dict[str, dict], str]:
    try:
        return load(), ""
    except ValueError:
        aside = path.with_name(f"progress.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.json")
        path.rename(aside)
        return (
            {},
            f"Your progress file could not be read. It was kept as {aside.name}, and a new one was started.",
        )


def _write(path: Path, records: dict[str, dict]) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new one."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump({"version": 1, "exercises": records}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
