"""A JupyterLab of the tests' own, and a notebook in it, driven as a learner does."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90  # for any one wait: a busy machine is slow, a broken one is slower

READY = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget, kernel = panel?.sessionContext?.session?.kernel;
  return !!panel?.content?.widgets && panel.context.isReady
    && kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""
RUN = """command => {
  window.ran = false;
  window.jupyterapp.commands.execute(command).finally(() => { window.ran = true; });
}"""
SELECT = """async id => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const index = notebook.widgets.findIndex(cell => cell.model.id === id);
  if (index < 0) throw new Error('no cell ' + id);
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index, 'center');
}"""
OUTPUTS = """id => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === 'code' && (!id || cell.model.id === id))
  .flatMap(cell => cell.model.outputs.toJSON().map(output => ({cell: cell.model.id, ...output})))"""


class Lab:
    """JupyterLab in ``folder``, with a home and settings of its own."""

    def __init__(self, folder: Path, home: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        own = {
            name: str(home / name)
            for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "CNNCOURSE_HOME")
        }
        options = {
            "IdentityProvider.token": "",
            "LabApp.expose_app_in_browser": "True",
            "LabApp.news_url": "None",
            "ServerApp.port": port,
            "ServerApp.root_dir": folder,
        }
        self.log = home / "lab.log"
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser"]
                + [f"--{name}={value}" for name, value in options.items()],
                env=os.environ | own,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        for _ in range(SECONDS * 4):
            try:
                with urllib.request.urlopen(f"{self.url}/api", timeout=1):
                    return
            except OSError:
                time.sleep(0.25)
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text(encoding='utf-8')}")

    def stop(self) -> None:
        """End the server; one that is still shutting down kernels is not waited for (they end with it)."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Notebook:
    """An open notebook: cells are named by their id."""

    def __init__(self, page: Page, lab: Lab, name: str):
        self.page = page
        page.goto(f"{lab.url}/lab/tree/{name}?reset", wait_until="domcontentloaded")
        page.wait_for_function(READY)

    def run_all(self) -> None:
        self._execute("notebook:run-all-cells")

    def select(self, cell: str) -> Locator:
        self.page.evaluate(SELECT, cell)
        active = self.page.locator(".jp-Notebook .jp-Cell.jp-mod-active")
        active.wait_for()
        return active

    def type(self, cell: str, code: str) -> None:
        """Replace a cell's text, as typed into its editor, and run it."""
        self.select(cell).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(code)
        self.run(cell)

    def run(self, cell: str) -> None:
        self.select(cell)
        self._execute("notebook:run-cell")

    def _execute(self, command: str) -> None:
        self.page.evaluate(RUN, command)
        self.page.wait_for_function("() => window.ran")  # the command ends when the cells have
        self.page.wait_for_function(READY)

    def card(self, cell: str) -> Locator:
        """Run a check cell and return the card under it."""
        self.run(cell)
        card = self.select(cell).locator(".cnncourse-card")
        card.wait_for()
        return card

    def errors(self) -> list[str]:
        outputs = self.page.evaluate(OUTPUTS, None)
        return [f"{o['cell']}: {o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]

    def cards(self) -> dict[str, str]:
        """Return the kind of every card: passed, wrong or open, by its cell."""
        found = {}
        for output in self.page.evaluate(OUTPUTS, None):
            html = output.get("data", {}).get("text/html", "")
            kind = re.search(r'class="cnncourse-card (\w+)"', "".join(html))
            if kind:
                found[output["cell"]] = kind[1]
        return found


def copy_lessons(to: Path) -> Path:
    """Copy the lessons, so that a test never changes the built ones."""
    return Path(shutil.copytree(ROOT / "lessons", to / "lessons"))
