"""Run every solution, and every visual once, with exactly the packages of Google Colab: ``make colab-check``.

Makes ``.venv-colab`` from nothing with the versions of ``constraints-colab.txt`` and installs the built wheel
by pip, as a lesson's first cell does there. Fails if that changes a version or if a solution fails.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-colab"
# Linux, as Colab is, or a Mac.
PYTHON = str(VENV / "bin" / "python")
UV = [sys.executable, "-m", "uv"]
VERSIONS = Path(__file__).with_name("constraints-colab.txt")
RUNNER = Path(__file__).with_name("run_notebook.py")
# Colab's own first, then the older ones that this project takes.
MINORS = (13, 12, 11)


def main(notebooks: list[Path]) -> int:
    """Check the notebooks and return the exit status."""
    started = time.time()
    if not notebooks:
        print("FAILED: there is no solution to run. `make build` makes them.")
        return 1
    base = find_python()
    with tempfile.TemporaryDirectory(prefix="cnncourse-colab-") as name:
        folder = Path(name)
        timed("environment", make_environment, base)
        before = installed()
        wheel = timed("wheel", build_wheel, folder)
        timed("pip install", run, [PYTHON, "-m", "pip", "install", "--quiet", str(wheel)])
        if not compare(before, installed()):
            return 1
        failed = [path for path in notebooks if not run_notebook(path, folder)]
    passed = len(notebooks) - len(failed)
    total = time.time() - started
    print(f"{passed} of {len(notebooks)} notebooks run with Colab's packages; {total:.0f} s in all")
    return int(bool(failed))


def find_python() -> str:
    """Return the path of a Python for Colab's packages, and say which it is."""
    homes = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    question = "import sys, platform; print(sys._base_executable); print(platform.python_version())"
    for minor in MINORS:
        installs = sorted(map(str, homes.glob(f"3.{minor}.*/bin/python")))
        for place in (sys.executable, shutil.which(f"python3.{minor}"), *installs):
            answer = (
                subprocess.run([place, "-c", question], capture_output=True, text=True) if place else None
            )
            if (
                answer and answer.returncode == 0
            ):  # else a version manager's stand-in for a version switched off
                executable, version = answer.stdout.splitlines()
                if version.startswith(f"3.{minor}."):
                    print(f"Python {version} (Colab has 3.{MINORS[0]})", flush=True)
                    return executable
    raise SystemExit(f"FAILED: no Python 3.{', 3.'.join(map(str, MINORS))} on the PATH")


def make_environment(base: str) -> None:
    """Make ``.venv-colab`` from nothing."""
    shutil.rmtree(VENV, ignore_errors=True)
    run([*UV, "venv", "--quiet", "--seed", "--python", base, str(VENV)])
    backend = ["--torch-backend", "cpu"] if os.environ.get("TORCH") == "cpu" else []
    run([*UV, "pip", "install", "--quiet", "--python", PYTHON, *backend, "--requirements", str(VERSIONS)])


def build_wheel(folder: Path) -> Path:
    """Build the wheel through an sdist, so that no leftover in ``build/`` gets into it."""
    run([*UV, "build", "--quiet", "--out-dir", str(folder), str(ROOT)])
    return next(folder.glob("*.whl"))


def installed() -> dict[str, str]:
    """Return the version of each package in the environment."""
    listing = run([*UV, "pip", "list", "--quiet", "--format", "json", "--python", PYTHON])
    return {entry["name"]: entry["version"] for entry in json.loads(listing)}


def compare(before: dict[str, str], after: dict[str, str]) -> bool:
    """Say what the wheel changed and added; return whether every package kept its version."""
    changed = [name for name in before if after.get(name) != before[name]]
    for name in changed:
        now = after.get(name, "nothing")
        print(f"FAILED: {name} {before[name]} became {now}: pyproject.toml asks for more than Colab has")
    added = ", ".join(sorted(f"{name} {after[name]}" for name in after.keys() - before.keys()))
    print(f"   {len(before)} packages, {len(changed)} changed; added: {added}", flush=True)
    return not changed


def run_notebook(path: Path, folder: Path) -> bool:
    """Run one notebook away from the checkout; say how long it took or what failed."""
    home = folder / path.stem
    home.mkdir()
    environment = os.environ | {
        "CNNCOURSE_HOME": str(home),
        "IPYTHONDIR": str(home),
        "JUPYTER_DATA_DIR": str(home),
    }
    command = [PYTHON, str(RUNNER), str(path), str(home)]
    answer = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    outcome = answer.stdout.strip() if answer.returncode == 0 else f"FAILED\n{answer.stderr.strip()[-3000:]}"
    print(f"   {path.name}: {outcome}", flush=True)
    return answer.returncode == 0


def timed(label: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function, print its seconds, and return its result."""
    started = time.time()
    result = function(*arguments)
    print(f"   {label}: {time.time() - started:.1f} s", flush=True)
    return result


def run(command: list[str]) -> str:
    """Run a command and return what it printed; end everything if it fails."""
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if answer.returncode:
        raise SystemExit(f"FAILED: {' '.join(command)}\n{answer.stderr.strip()[-3000:]}")
    return answer.stdout


if __name__ == "__main__":
    chosen = [Path(name).resolve() for name in sys.argv[1:]]
    every = [*sorted((ROOT / "solutions").glob("*.ipynb")), Path(__file__).with_name("visuals.ipynb")]
    sys.exit(main(chosen or every))
