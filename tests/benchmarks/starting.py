"""Measure what a learner waits for before and between the cells: the import, and each check."""

import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / ".benchmarks"
IMPORT = """
import time, torch
start = time.perf_counter()
import cnncourse
print(time.perf_counter() - start)
"""


def main() -> None:
    """Measure, print and keep."""
    imports = [
        float(
            subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(7)
    ]
    from cnncourse.checks import EXERCISES

    # The reference as the answer: it passes, so that every probe is run. The first use loads things.
    checks = {name: [_seconds(name) for _ in range(2)] for name in EXERCISES}
    found = {"import": statistics.median(imports), "checks": checks, "date": time.strftime("%Y-%m-%d")}
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "starting.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"import cnncourse beyond torch: {found['import']:.4f} s")
    for name, (first, second) in sorted(checks.items(), key=lambda item: -max(item[1])):
        print(f"check {name}: {first:.2f} s the first time, then {second:.2f} s")


def _seconds(name: str) -> float:
    from cnncourse.checks import EXERCISES, check

    answer = EXERCISES[name].reference
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):  # the card
        passed = check(name, answer).passed
    assert passed, name
    return time.perf_counter() - start


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="cnncourse-bench-") as folder:
        os.environ["CNNCOURSE_HOME"] = folder  # the learner's own progress is none of ours
        main()
