"""The parts of a drawn architecture: boxes to scale, wires, lines of text and how wide they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from ..tracing import Shape
from .blocks import Block

LINE = 14
SMALL = 10.5
_MOST_SLABS = 4


@dataclass(frozen=True)
class Text:
    """A line of text at a baseline; ``anchor`` as in SVG; ``role`` is label, quiet or shape."""

    x: float
    y: float
    words: str
    role: str = "quiet"
    anchor: str = "middle"


@dataclass(frozen=True)
class Box:
    """Where block ``block`` is drawn: ``slabs`` equal rectangles side by side within the given frame."""

    block: int
    left: float
    top: float
    width: float
    height: float
    slabs: int = 1

    @property
    def middle(self) -> float:
        """The horizontal center."""
        return self.left + self.width / 2

    @property
    def right(self) -> float:
        """The right border."""
        return self.left + self.width

    def moved(self, x: float, y: float) -> Box:
        """Return the same box elsewhere."""
        return replace(self, left=self.left + x, top=self.top + y)


@dataclass(frozen=True)
class Wire:
    """A line as an SVG path; ``role`` is flow, skip, indices or stub; ``block`` if it stands for one."""

    path: str
    role: str = "flow"
    block: int | None = None
    shift: tuple[float, float] = (0, 0)


@dataclass
class Layout:
    """Everything placed."""

    width: float = 0
    height: float = 0
    boxes: list[Box] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    marks: list[Text] = field(default_factory=list)


def shifted(placed: Layout, x: float, y: float) -> Layout:
    """Return everything ``x`` to the right and ``y`` down."""
    return Layout(
        placed.width,
        placed.height,
        [box.moved(x, y) for box in placed.boxes],
        [replace(wire, shift=(wire.shift[0] + x, wire.shift[1] + y)) for wire in placed.wires],
        [replace(text, x=text.x + x, y=text.y + y) for text in placed.texts],
        [replace(mark, x=mark.x + x, y=mark.y + y) for mark in placed.marks],
    )


def measure(blocks: tuple[Block, ...], tallest: float, breadth: float = 1.3) -> list[Box]:
    """Return boxes at the origin: height by the root of the image's side, width by that of the channels."""
    largest = max((side(b.shape) for b in blocks if len(b.shape) > 1), default=1)
    boxes = []
    for i, block in enumerate(blocks):
        if block.role == "output":
            boxes.append(Box(i, 0, 0, wide(block.label, "label") + 16, 24))
            continue
        if block.role == "merge" and block.label != "concat":
            boxes.append(Box(i, 0, 0, 24, 24))
            continue
        slabs = min(block.times, _MOST_SLABS)
        if len(block.shape) > 1:
            height = max(8, tallest * math.sqrt(side(block.shape) / largest))
            width = min(46, 5 + breadth * math.sqrt(block.shape[0]))
        else:
            height, width = 16 + 14 * math.log10(max(1, *block.shape, 1)), 9
        boxes.append(Box(i, 0, 0, slabs * width + 3 * (slabs - 1), height, slabs))
    return boxes


def side(shape: Shape) -> float:
    """Return the side of a square image as large as this one."""
    return math.prod(shape[1:]) ** (1 / (len(shape) - 1)) if len(shape) > 1 else 1


def captions(block: Block) -> list[tuple[str, str]]:
    """Return the lines below a block, each with its role."""
    if block.role == "output":
        return []
    label = {"+": "add", "−": "subtract", "×": "multiply", "÷": "divide"}.get(block.label, block.label)
    times = f"{block.times} × " if block.times > 1 else ""
    lines = [(times + label, "label")]
    if times and len(label) > 14:
        lines = [(times.strip(), "label"), (label, "label")]
    line = ""
    for word in block.detail.split(", ") if block.detail else []:
        word = word if len(word) <= 18 else word[:17] + "…"
        if line and len(line) + len(word) > 14:
            lines.append((line + ",", "quiet"))
            line = word
        else:
            line = f"{line}, {word}" if line else word
    lines += [(line, "quiet")] if line else []
    if block.parameters:
        lines.append((f"{amount(block.parameters)} params", "count"))
    if block.multiply_adds:
        lines.append((f"{amount(block.multiply_adds)} MACs", "count"))
    return lines


def amount(number: float) -> str:
    """Write a count to three digits.

    Examples
    --------
    >>> amount(320), amount(38_720), amount(102_764_544), amount(1_849_688_064)
    ('320', '38.7 k', '103 M', '1.85 G')
    """
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 0.9995 * size:
            value = number / size
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"
    return f"{number:.0f}"


def shape_text(shape: Shape) -> str:
    """Write a shape.

    Examples
    --------
    >>> shape_text((64, 112, 112))
    '64×112×112'
    """
    return "×".join(map(str, shape)) or "scalar"


def wide(words: str, role: str = "quiet") -> float:
    """Return about how wide a text is drawn, on the safe side: the widest font in the list is DejaVu Sans."""
    size, bold = (11.5, 1.09) if role == "label" else (SMALL, 1)
    narrow = sum(c in "iljtfrI.,:;'|()[] /·" for c in words)
    broad = sum(c in "mwMW×–→%" for c in words)
    upper = sum(c.isupper() for c in words)
    return size * bold * (0.635 * len(words) - 0.24 * narrow + 0.22 * broad + 0.06 * upper)
