"""The live host: the ES module that `hosting.Frozen` freezes, joined to the running kernel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from .hosting import _EXPORT

LIMIT = 512 * 2**20  # bytes that all live visuals together may hold; the oldest are closed first
Answer = Callable[[dict[str, Any]], tuple[dict[str, Any], list[bytes]]]

# A notebook stores what a cell displayed, and a widget's view shows nothing once its kernel is gone, nor in
# an exported page. So the frozen copy is displayed; this joins it to its model once both are in the page.
_CONNECT = """
function initialize({ model }) {
  const places = (globalThis.cnncourse ??= new Map());
  const key = model.get("key");
  const place = places.get(key) ?? { listeners: new Set() };
  places.set(key, place);
  place.model = model;
  for (const listener of place.listeners) listener(model);
  return () => {
    if (place.model !== model) return;
    place.model = null;
    for (const listener of place.listeners) listener(null);
  };
}

export default { initialize, render };
"""
_open: list[Live] = []


class Live(anywidget.AnyWidget):
    """A visual that may ask the kernel.

    Parameters
    ----------
    module : str
        Name of the visual, as for `hosting.Frozen`.
    data : dict
        What ``model.get(name)`` returns; ``data["key"]`` is what a frozen copy finds it by.
    answer : callable
        Called with what the page sent; returns a message and its buffers, which go back with the same ``id``.
        An exception becomes a message with ``error``.
    size : int
        Bytes that this visual keeps in memory.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    def __init__(self, module: str, data: dict[str, Any], answer: Answer, size: int = 0):
        """Open the visual, and close the oldest ones when all together hold too much."""
        static = files("cnncourse.viz") / "static"
        source = (static / f"{module}.js").read_text(encoding="utf-8")
        self._name, self._answer, self._size = module, answer, size
        self.add_traits(**{name: traitlets.Any(value).tag(sync=True) for name, value in data.items()})
        super().__init__(
            _esm=source.replace(_EXPORT, _CONNECT),
            _css=(static / f"{module}.css").read_text(encoding="utf-8"),
        )
        self.on_msg(lambda widget, content, buffers: self._reply(content))
        _open[:] = [live for live in _open if live.comm is not None] + [self]
        while len(_open) > 1 and sum(live._size for live in _open) > LIMIT:
            _open.pop(0).close()

    def __repr__(self) -> str:
        """Return the visual's name, with no memory address."""
        return f"<{self._name}, live>"

    def _reply(self, content: dict[str, Any]) -> None:
        try:
            message, buffers = self._answer(content)
        except Exception as error:  # whatever went wrong belongs into the page; here nobody would see it
            message, buffers = {"error": f"{type(error).__name__}: {error}"}, []
        self.send({**message, "id": content.get("id")}, buffers=buffers)

    def close(self) -> None:
        """End the connection and let go of what the answers need."""
        self._answer = _closed
        super().close()


def has_front_end() -> bool:
    """Tell whether this is a notebook's kernel, where a page may listen."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def needs_view() -> bool:
    """Tell whether the front end makes a widget's model only for a view of it: Colab, Visual Studio Code."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return "google.colab" in sys.modules or "__vsc_ipynb_file__" in getattr(shell, "user_ns", ())


def _closed(content: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    raise RuntimeError("this visual was closed to save memory; run its cell again")
