"""``python -m cnncourse doctor``: is everything here that the course needs, and what to do if not."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ENOUGH_MEMORY_GB = 1.5
ENOUGH_DISK_GB = 1.0
BROWSERS = ("chromium", "chromium-browser")

# Run in a process of its own, which a torch that does not fit the machine may end. A torchvision made for
# another build of torch often fails only at its first compiled operation.
TORCH_PROBE = """
import json, torch, torchvision
kept = torchvision.ops.nms(torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2]]), torch.tensor([1.0, 0.5]), 0.5)
assert kept.tolist() == [0], kept
found = {"built_for": torch.version.cuda, "name": "", "memory": 0, "mps": torch.backends.mps.is_available()}
if torch.cuda.is_available():
    assert torch.ones(3, device="cuda").sum().item() == 3
    found["name"] = torch.cuda.get_device_name()
    found["memory"] = torch.cuda.get_device_properties(0).total_memory
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    ``topic`` and ``text`` say what was found. ``remedy`` says what to do and is empty when all is well.
    ``broken`` is True when lessons cannot run.
    """

    topic: str
    text: str
    remedy: str = ""
    broken: bool = False


def diagnose() -> list[Finding]:
    """Look at Python, the packages, torch, the notebook kernel, memory, disk and browser.

    Returns
    -------
    list of Finding
        In a fixed order of topics. Takes a few seconds, most of them to import torch.
    """
    findings: list[Finding] = []
    for probe in (python, packages, torch_and_gpu, kernel, widgets, machine, disk, browser):
        try:
            findings += probe()
        except ImportError as error:
            findings.append(Finding(probe.__name__, f"{error.name} is missing", _reinstall(), broken=True))
    return findings


def report(findings: list[Finding]) -> str:
    """Return the findings as text, one paragraph each, with a closing line.

    >>> print(report([Finding("Python", "3.9", "Install a newer one.", broken=True)]))
    [!!] Python    3.9
                   -> Install a newer one.
    1 problem: lessons will not run until it is solved.
    """
    lines = []
    for finding in findings:
        mark = "!!" if finding.broken else " ?" if finding.remedy else "ok"
        start = f"[{mark}] {finding.topic:<9} "
        for part in filter(None, [finding.text, finding.remedy and f"-> {finding.remedy}"]):
            lines += textwrap.wrap(
                part, 110, initial_indent=start, subsequent_indent=" " * 15, break_long_words=False
            )
            start = " " * 15
    problems = sum(finding.broken for finding in findings)
    if problems:
        it = "it is" if problems == 1 else "they are"
        closing = f"{problems} problem{'s' * (problems > 1)}: lessons will not run until {it} solved."
    else:
        closing = "Everything that the lessons need is here."
    return "\n".join([*lines, closing])


def python() -> Iterator[Finding]:
    """Report the interpreter."""
    text = f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}"
    yield Finding("Python", text)


def packages() -> Iterator[Finding]:
    """Compare what is installed with the lower bounds that the package itself declares."""
    from packaging.requirements import Requirement

    requirements = [Requirement(text) for text in metadata.requires("cnncourse") or []]
    well = []
    for requirement in requirements:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Finding("packages", f"{requirement.name} is missing", _reinstall(), broken=True)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            well.append(f"{requirement.name} {version}")
        else:
            text = f"{requirement.name} {version} does not meet {requirement.specifier}"
            yield Finding("packages", text, _reinstall(), broken=True)
    yield Finding("packages", ", ".join(well))


def torch_and_gpu() -> Iterator[Finding]:
    """Import torch with torchvision, run an operation of each, and report the GPU."""
    try:
        found = json.loads(_ask(sys.executable, TORCH_PROBE).splitlines()[-1])
    except (OSError, subprocess.SubprocessError) as error:
        output = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        text = f"torch and torchvision do not work together here: {output[-1] if output else error}"
        yield Finding(
            "torch", text, f"{_reinstall()} If that does not help, run `make clean` first.", broken=True
        )
        return
    build = f"CUDA {found['built_for']}" if found["built_for"] else "the CPU"
    yield Finding("torch", f"torch and torchvision work together, built for {build}")
    if found["name"]:
        yield Finding("GPU", f"{found['name']}, {found['memory'] / 2**30:.0f} GiB")
    elif found["mps"]:
        yield Finding("GPU", "Apple GPU (mps)")
    elif _nvidia_gpu() and not found["built_for"]:
        text = f"{_nvidia_gpu()}, but torch was built for the CPU"
        yield Finding(
            "GPU", text, "To use it: make lab TORCH=default. Until then everything runs on the CPU."
        )
    elif _nvidia_gpu():
        text = f"{_nvidia_gpu()}, but torch cannot use it"
        yield Finding(
            "GPU", text, f"Update the NVIDIA driver: torch needs one for {build}. The CPU is used meanwhile."
        )
    else:
        yield Finding("GPU", "no GPU: everything runs on the CPU, which every lesson is made for")


def kernel() -> Iterator[Finding]:
    """Report whether notebooks run in a Python that has the package."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        yield Finding("kernel", "Jupyter knows no Python kernel", _reinstall(), broken=True)
        return
    executable = (
        sys.executable if Path(command).name.startswith("python") and os.sep not in command else command
    )
    try:
        with (
            tempfile.TemporaryDirectory() as elsewhere
        ):  # not the checkout, from which every Python can import it
            _ask(executable, "import cnncourse", folder=elsewhere)
    except (OSError, subprocess.SubprocessError):
        text = f"notebooks run in {executable}, which cannot import cnncourse"
        remedy = f"Make this Python the kernel: {sys.executable} -m ipykernel install --user"
        yield Finding("kernel", text, remedy, broken=True)
    else:
        yield Finding("kernel", f"notebooks run in {executable} and can import cnncourse")


def widgets() -> Iterator[Finding]:
    """Report what draws interactive visuals."""
    versions = {
        name: _version(name) for name in ("ipywidgets", "anywidget", "jupyterlab", "jupyterlab_widgets")
    }
    text = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    if not versions["ipywidgets"] or not versions["anywidget"]:
        yield Finding("widgets", text, _reinstall(), broken=True)
    elif "google.colab" not in sys.modules and versions["jupyterlab"] and not versions["jupyterlab_widgets"]:
        yield Finding(
            "widgets", text, f"JupyterLab cannot draw widgets without jupyterlab_widgets. {_reinstall()}"
        )
    else:
        yield Finding("widgets", text)


def machine() -> Iterator[Finding]:
    """Report processor cores and memory."""
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory()
    text = (
        f"{cores} CPU cores, {memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB of memory free"
    )
    short = memory.available / 2**30 < ENOUGH_MEMORY_GB
    remedy = (
        f"A lesson needs up to {ENOUGH_MEMORY_GB} GiB: close other programs and notebooks." if short else ""
    )
    yield Finding("machine", text, remedy)


def disk() -> Iterator[Finding]:
    """Report the room for data sets and saved models."""
    free = shutil.disk_usage(Path.home()).free / 1e9
    remedy = (
        f"Lessons save data there; make at least {ENOUGH_DISK_GB:.0f} GB free."
        if free < ENOUGH_DISK_GB
        else ""
    )
    yield Finding("disk", f"{free:.1f} GB free in {Path.home()}", remedy)


def browser() -> Iterator[Finding]:
    """Report the browser that `make test` drives; learners need none of this kind."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    text = f"{found} (for `make test` only)" if found else "no Chromium: `make test` skips the browser tests"
    yield Finding(
        "browser", text, "" if found else "For them only: apt-get install chromium, or let CHROMIUM name one."
    )


def _ask(executable: str, code: str, folder: str | None = None) -> str:
    """Return what another Python prints, or raise what `subprocess.run` does."""
    asked = subprocess.run(
        [executable, "-c", code], capture_output=True, text=True, check=True, timeout=180, cwd=folder
    )
    return asked.stdout


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _nvidia_gpu() -> str:
    """Return the name of the NVIDIA GPU that the driver sees, or an empty string."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        names = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return names.splitlines()[0] if names.strip() else ""


def _reinstall() -> str:
    """Return the command that brings what is missing, for the place that we are in."""
    root = Path(__file__).resolve().parents[1]
    if (root / "bootstrap.py").exists():
        return f"Run `make lab` in {root}: it repairs the environment."
    return "Run the first cell of a lesson in a fresh session: it installs what is missing."
