"""Freeze an ES module, its style and its data into one piece of HTML that needs no kernel and no network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from html import escape
from importlib.resources import files
from typing import Any

_EXPORT = "export default { render };"


class Frozen:
    """An interactive visual as self-contained HTML.

    The same ES module can be hosted live: it is handed a ``model`` with ``get`` and an element to draw into,
    which is what anywidget hands it. Viewers that run no script show a picture with the text beside it.

    Parameters
    ----------
    module : str
        Name of the visual: ``static/<module>.js`` and ``static/<module>.css``.
    data : dict
        What ``model.get(name)`` returns; only what JSON can hold.
    name : str
        What ``repr`` shows, the same in every run.
    alt : str
        A description computed from the data, for readers who do not see the picture.
    draw : callable
        Draws the fallback and returns it as PNG; called when it is first needed.
    """

    def __init__(self, module: str, data: dict[str, Any], *, name: str, alt: str, draw: Callable[[], bytes]):
        """Keep the parts; nothing is drawn yet."""
        self.alt = alt
        self._module, self._data, self._name, self._draw = module, data, name, draw

    def __repr__(self) -> str:
        """Return the name, with no memory address."""
        return f"<{self._name}>"

    @cached_property
    def png(self) -> bytes:
        """The fallback picture."""
        return self._draw()

    @cached_property
    def html(self) -> str:
        """The whole visual, to be put into any page, as often as you like."""
        static = files("cnncourse.viz") / "static"
        source = (static / f"{self._module}.js").read_text(encoding="utf-8")
        css = (static / f"{self._module}.css").read_text(encoding="utf-8")
        image = base64.b64encode(self.png).decode()
        fallback = (
            f'<img style="max-width:100%" alt="{escape(self.alt)}" src="data:image/png;base64,{image}">'
        )
        return freeze(self._module, source, css, self._data, fallback)

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/html": self.html,
            "image/png": base64.b64encode(self.png).decode(),
            "text/plain": self.alt,
        }


def freeze(name: str, source: str, css: str, data: dict[str, Any], fallback: str = "") -> str:
    """Return HTML that runs an ES module on ``data`` once it is in a page.

    The module becomes the body of a function, since a page opened from disk cannot import a module script,
    and stricter hosts refuse blob URLs. Its element is found by an id made from the content; every element
    with that id that has not run yet is served, so the same visual may stand in a page twice.

    Parameters
    ----------
    name : str
        Short name, part of the id.
    source : str
        An ES module without imports that ends in ``export default { render };``.
    css : str
    data : dict
        What ``model.get(name)`` returns.
    fallback : str
        HTML shown until the module has drawn, and wherever it may not run. Escaping it is the caller's part.

    Raises
    ------
    ValueError
        When the module does not end in that line, or the sources would close their own element.

    Examples
    --------
    >>> source = "function render({model, el}) {}\\nexport default { render };"
    >>> html = freeze("demo", source, "", {"title": "</script>"})
    >>> html.count("</script>")
    1
    """
    body, export, rest = source.rpartition(_EXPORT)
    if not export or rest.strip():
        raise ValueError(f"module {name!r} must end in {_EXPORT!r}")
    for text, closing in ((source, "</script"), (source, "<!--"), (css, "</style")):
        if closing in text.lower():
            raise ValueError(f"module {name!r} contains {closing!r}, which a page would read as its own")
    payload = as_script(data)
    digest = hashlib.sha256("\0".join((source, css, payload)).encode()).hexdigest()[:12]
    identity = f"cnncourse-{name}-{digest}"
    return (
        f'<div id="{identity}">{fallback}</div>\n<style>\n{css}</style>\n'
        f'<script>\n(() => {{\n"use strict";\n'
        f"const render = (() => {{\n{body.rstrip()}\nreturn render;\n}})();\n"
        f"const data = {payload};\n"
        "const model = { get: (name) => data[name], set: (name, value) => { data[name] = value; },\n"
        "  on() {}, off() {}, save_changes() {} };\n"
        f"for (const place of document.querySelectorAll('[id=\"{identity}\"]:not([data-live])')) {{\n"
        '  const el = document.createElement("div");\n'
        '  render({ model, el });\n  place.dataset.live = "";\n  place.replaceChildren(el);\n}\n'
        "})();\n</script>"
    )


def as_script(data: Any) -> str:
    """Return data as a JavaScript expression that cannot end the script or start a comment.

    Examples
    --------
    >>> as_script({"title": "</script>"})
    '{"title":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(data, separators=(",", ":"), sort_keys=True, allow_nan=False)  # ASCII: no U+2028 either
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
