"""What the benchmarks share: the environment of the others, and a process for each measurement."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEPT = ROOT / ".benchmarks"
VENV = ROOT / ".venv-bench"
THEIRS = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
REQUIREMENTS = (HERE / "requirements-keras.txt", HERE / "requirements-smp.txt")
UNSET = ("OMP_NUM_THREADS", "GOMP_SPINCOUNT")  # of the shell or the Makefile: each decides by itself
# A thread keeps its core. Left to a scheduler that packs them, both threads of one training may share a core
# while the other is idle: steps of 1.7 ms took 2.4 and, on another day, 9. TensorFlow's threads ignore it.
SET = {"OMP_PROC_BIND": "true"}


def make_environment() -> None:
    """Make ``.venv-bench`` with the libraries ours is compared with, unless it is there as wanted."""
    torch, torchvision = (version(name) for name in ("torch", "torchvision"))
    same = [f"torch=={torch.partition('+')[0]}", f"torchvision=={torchvision.partition('+')[0]}"]
    wanted = "\n".join([*(path.read_text() for path in REQUIREMENTS), *same, ""])
    stamp = VENV / "requirements.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("making .venv-bench with Keras and segmentation-models-pytorch ...", flush=True)
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--clear", str(VENV)], check=True)
    install = ["pip", "install", "--quiet", "--python", str(THEIRS), *same]
    install += ["--torch-backend", "cpu"] if torch.endswith("+cpu") else []
    for path in REQUIREMENTS:
        install += ["--requirements", str(path)]
    subprocess.run([*uv, *install], check=True)
    stamp.write_text(wanted)


def measured(python: str | Path, script: str, *arguments: object) -> dict[str, Any]:
    """Run a script in a process of its own; return what it prints last, as JSON."""
    command = [str(python), str(HERE / script), *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name not in UNSET} | SET
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.strip()[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def keep(name: str, found: dict[str, Any]) -> None:
    """Write what was found to ``.benchmarks``, for ``report.py``."""
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
