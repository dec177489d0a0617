"""Run a solution notebook in a kernel of this Python and keep only outputs that are the same every time."""

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

CELL_TIMEOUT = 600
SLOW_CELL = 45
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{8,}\b")  # as in an object's repr; a script may hold a color
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_FOREIGN_PATH = re.compile(r"[/\\]site-packages[/\\]|[/\\]ipykernel_\d+|(?<![\w.])/(?:home|Users)/\w+")


class CellFailed(Exception):
    """A cell raised, ran out of time or killed its kernel; the message holds the traceback."""

    def __init__(self, cell: str, message: str) -> None:
        """Keep the id of the cell beside the message."""
        super().__init__(message)
        self.cell = cell


@dataclass(frozen=True)
class Run:
    """An executed notebook with what it cost: seconds in all and per cell id, and peak memory in MB."""

    notebook: NotebookNode
    seconds: float
    peak_mb: float
    cells: dict[str, float]


def run(made: NotebookNode, folder: Path) -> Run:
    """Execute a notebook as if it lay in ``folder``, with an empty home for the learner's progress.

    Raises :class:`CellFailed` for the first cell that fails.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError

    folder.mkdir(exist_ok=True)
    # Without folders to search, "python3" can only mean the interpreter that runs this line.
    specs = KernelSpecManager(kernel_dirs=[])
    manager: Any = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    client = NotebookClient(
        made,
        km=manager,
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    started = time.perf_counter()
    seconds: dict[str, float] = {}
    peak = 0.0
    with (
        tempfile.TemporaryDirectory(prefix="cnncourse-") as home,
        client.setup_kernel(env=_environment(Path(home)), cleanup_kc=True),
    ):
        for index, cell in enumerate(made.cells):
            if cell.cell_type != "code":
                continue
            before = time.perf_counter()
            try:
                client.execute_cell(cell, index)
            except (CellExecutionError, CellControlSignal, DeadKernelError) as error:
                raise CellFailed(cell.id, _COLOR.sub("", str(error))) from error
            seconds[cell.id] = time.perf_counter() - before
            peak = max(peak, _memory_mb(manager.provisioner.pid))
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs = clean(cell.outputs)
            cell.metadata.pop("execution", None)
    return Run(made, time.perf_counter() - started, peak, seconds)


def _environment(home: Path) -> dict[str, str]:
    environment = {
        **os.environ,
        "CNNCOURSE_HOME": str(home / "progress"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONHASHSEED": "0",
    }
    for name in ("MPLBACKEND", "CNNCOURSE_STRICT"):
        environment.pop(name, None)
    return environment


def _memory_mb(pid: int) -> float:
    """The most memory that the kernel has held so far; outside Linux, what it holds now."""
    if sys.platform == "linux":
        status = Path(f"/proc/{pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1e3  # type: ignore[index]
    import psutil

    return psutil.Process(pid).memory_info().rss / 1e6


def clean(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Drop live widget views and join streams: between two other outputs, one stdout and one stderr."""
    cleaned: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type == "stream":
            streams.setdefault(output.name, NotebookNode(output, text="")).text += output.text
            continue
        # The kernel flushes each stream when it likes, so their interleaving means nothing.
        cleaned += [streams[name] for name in sorted(streams, reverse=True)]
        streams = {}
        if "data" in output:
            output.data.pop(WIDGET_VIEW, None)
        if output.get("data", True):
            cleaned.append(output)
    cleaned += [streams[name] for name in sorted(streams, reverse=True)]
    for output in cleaned:
        if output.output_type == "stream":
            output.text = final_text(output.text)
    return [output for output in cleaned if output.output_type != "stream" or output.text]


def final_text(text: str) -> str:
    r"""What a terminal shows in the end: a carriage return starts the line anew.

    >>> final_text("  0%|   \r 50%|#  \r100%|###\ndone\n")
    '100%|###\ndone\n'
    """
    lines = text.replace("\r\n", "\n").replace("\x1b[A", "").split("\n")
    return "\n".join(
        next((part for part in reversed(line.split("\r")) if part.strip()), "") for line in lines
    )


def stamp(cell: NotebookNode, count: int) -> None:
    """Number an executed cell and write its alt text where nbconvert's templates look for it."""
    cell.execution_count = count
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = count
        for kind in _pictures(output) if "alt" in cell.metadata else []:
            output.metadata[kind] = {**output.metadata.get(kind, {}), "alt": cell.metadata["alt"]}


def output_problems(cell: NotebookNode, root: Path) -> Iterator[str]:
    """What stored outputs may not contain: pictures out of reach, and what differs between two machines."""
    yield from dict.fromkeys(_problems(cell, root))


def _problems(cell: NotebookNode, root: Path) -> Iterator[str]:
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if output.output_type == "error":
            yield f"an error in the outputs: {output.get('ename')}"
        if WIDGET_VIEW in data:
            yield "a live widget in the outputs; it shows nothing without its kernel"
        if _pictures(output) and not cell.metadata.get("alt"):
            yield 'a picture without alt text; add alt="what the picture shows" to the # %% line'
        html = _joined(data.get("text/html", ""))
        if "<script" in html and "image/png" not in data:
            yield "HTML with a script and no image/png beside it; GitHub would show nothing"
        if re.search(r"<img\b(?![^>]*\balt=)", html):
            yield "HTML with an <img> that has no alt"
        texts = [output.get("text", "")]
        texts += [value for kind, value in data.items() if kind.startswith("text/") or kind.endswith("+xml")]
        for text in map(_joined, texts):
            if found := _ADDRESS.search(text):
                yield f"a memory address in the outputs: {found.group()}; give the object a stable repr"
            if path := _machine_path(text, root):
                yield f"a path of this machine in the outputs: {path}"


def _pictures(output: NotebookNode) -> list[str]:
    return [kind for kind in output.get("data", {}) if kind.startswith("image/")]


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _machine_path(text: str, root: Path) -> str | None:
    for folder in (root, Path.home(), Path(sys.prefix), Path(tempfile.gettempdir())):
        if len(folder.parts) > 1 and f"{folder}{os.sep}" in text:
            return f"{folder}{os.sep}"
    found = _FOREIGN_PATH.search(text)
    return found.group() if found else None
