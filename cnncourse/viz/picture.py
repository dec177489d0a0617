"""A figure that no pyplot knows about and that shows itself in any notebook."""

from __future__ import annotations

import base64
import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from . import style


def text_width(text: str, size: float = 9.5) -> float:
    """Return the page pixels that a text takes at this font size."""
    font = FontProperties(family=style.FONT, size=size)
    return text_to_path.get_text_width_height_descent(text, font, False)[0] * style.DPI / 72


class Picture(Figure):
    """A figure drawn in page pixels, displayed once, as PNG.

    A plain ``Figure`` is displayed only where the inline backend has registered a formatter for it; this one
    carries its own, so it is drawn in a bare kernel too, once, without metadata that changes between runs.
    """

    def __init__(self, width: float, height: float, summary: str, ratio: int = 2):
        """Make an empty figure of ``width`` × ``height`` page pixels, ``ratio`` dots to each of them."""
        super().__init__(figsize=(width / style.DPI, height / style.DPI), dpi=style.DPI * ratio)
        FigureCanvasAgg(self)
        self._summary, self._shown = summary, {"width": round(width), "height": round(height)}

    def __repr__(self) -> str:
        """Return what is drawn, with no memory address."""
        return f"<Figure: {self._summary}>"

    def png(self) -> bytes:
        """Return the figure as PNG, the same bytes for the same content."""
        buffer = io.BytesIO()
        with style.apply():
            self.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def add_box(self, left: float, top: float, width: float, height: float) -> Axes:
        """Add axes without frame or ticks, placed in page pixels from the upper left corner."""
        page_width, page_height = self.get_size_inches() * style.DPI
        axes = self.add_axes(
            (left / page_width, 1 - (top + height) / page_height, width / page_width, height / page_height)
        )
        axes.set_axis_off()
        return axes

    def add_note(self, left: float, baseline: float, text: str, **kwargs: Any) -> None:
        """Write text, placed in page pixels from the upper left corner."""
        page_width, page_height = self.get_size_inches() * style.DPI
        self.text(left / page_width, 1 - baseline / page_height, text, parse_math=False, **kwargs)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        png = base64.b64encode(self.png()).decode()
        return {"image/png": png, "text/plain": repr(self)}, {"image/png": self._shown}
