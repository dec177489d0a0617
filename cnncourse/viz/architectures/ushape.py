"""The U of an encoder–decoder: down as the image shrinks, up as it grows, skips across."""

from __future__ import annotations

import math
from itertools import pairwise

from .blocks import Diagram, Edge
from .boxes import LINE, Box, Layout, Text, Wire, amount, captions, measure, shape_text, shifted, side, wide

_TALLEST, _WIDEST = 96, 1000
_STEP = 20  # pixels from the vertical line to the block it leads to


def u_layout(diagram: Diagram) -> Layout | None:
    """Place the diagram as a U, or return None when it is none or does not fit."""
    levels = _levels(diagram)
    if levels is None:
        return None
    placed = _place(diagram, levels)
    return placed if placed.width <= _WIDEST else None


def _levels(diagram: Diagram) -> list[int] | None:
    """Return how often the image was halved at each block; None unless it goes down, then up, in steps."""
    blocks = diagram.blocks
    into: dict[int, list[Edge]] = {}
    for edge in diagram.edges:
        if not edge.indices:
            into.setdefault(edge.target, []).append(edge)
    ends = [sum(b.role == role for b in blocks) for role in ("input", "output")]
    if ends != [1, 1] or any(len(b.shape) < 3 or b.out != b.shape for b in blocks):
        return None
    levels = [0]
    for i in range(1, len(blocks)):
        if i - 1 not in [e.source for e in into.get(i, [])]:
            return None
        ratio = side(blocks[i].shape) / side(blocks[i - 1].shape)
        changes = abs(math.log2(ratio)) > 0.55 and blocks[i].role in ("pool", "conv", "up", "block")
        levels.append(levels[-1] + (round(-math.log2(ratio)) if changes else 0))
    depth = max(levels)
    turn = levels.index(depth)
    steps = [b - a for a, b in pairwise(levels)]
    climbs = sum(step < 0 for step in steps)
    if depth < 1 or any(s < 0 for s in steps[:turn]) or any(s > 0 for s in steps[turn:]):
        return None
    if climbs < max(1, math.ceil(depth / 2)) or min(levels) < 0 or max(map(abs, steps)) > 2:
        return None
    for edge in (e for e in diagram.edges if e.target != e.source + 1):
        across = edge.source < turn and levels[edge.target - edge.indices] - edge.indices >= 0
        same = levels[edge.source] - edge.indices == levels[edge.target] and edge.target > turn
        if not (across and same):
            return None
    return levels


def _place(diagram: Diagram, levels: list[int]) -> Layout:
    blocks, depth = diagram.blocks, max(levels)
    turn = levels.index(depth)
    steps = {  # pools and up-convs that lead to a block of the same level are drawn as the line to it
        i
        for i in range(1, len(blocks) - 1)
        if blocks[i].role in ("pool", "up")
        and levels[i - 1] != levels[i] == levels[i + 1]
        and blocks[i + 1].role != "output"
    }
    boxes = dict(enumerate(measure(blocks, _TALLEST, 0.9)))
    links = {(e.source, e.target): e for e in diagram.edges}
    words = {i: _words(diagram, i) for i in boxes if i not in steps}
    sides = {
        i: "down" if levels[i] < depth and i < turn else "up" if levels[i] < depth else "turn" for i in words
    }
    groups: list[list[int]] = []
    for i in words:
        last = groups[-1][-1] if groups else None
        if last is not None and levels[last] == levels[i] and sides[last] == sides[i]:
            groups[-1].append(i)
        else:
            groups.append([i])

    wires = _Wires(diagram, steps)
    columns: list[float] = []  # where the line from or to each group runs
    cursor = 0.0
    for g, group in enumerate(groups):
        side = sides[group[0]]
        head = side == "up"
        if g and sides[groups[g - 1][0]] == "turn":
            # the labels beside both inner lines of the lowest level must not meet
            inner = wires.label_width(groups[g - 2][-1], groups[g - 1][0]) if g > 1 else 0
            inner += wires.label_width(groups[g - 1][-1], group[0])
            cursor = max(cursor, (columns[-2] if g > 1 else 0) + inner + 34)
        text_end = -math.inf
        for k, i in enumerate(group):
            box, text = boxes[i], max((wide(w, r) for w, r in words[i]), default=0)
            if k == 0:
                left = cursor - box.width / 2 if head else cursor
            else:
                previous = boxes[group[k - 1]]
                merged = blocks[group[k - 1]].role == "merge"
                shape = wide(shape_text(links[group[k - 1], i].shape), "shape")
                left = previous.right + (20 if merged else shape + 18)
                start = left + box.width / 2 - 8 - text if side == "down" and k == len(group) - 1 else left
                if side != "turn" and not merged:
                    left += max(0, text_end + 12 - start)
            boxes[i] = box.moved(left, 0)
            text_end = left + (box.width / 2 + text / 2 if side == "down" else text)
            text_end += box.width / 2 + 8 if side == "up" and k == 0 else 0
        columns.append(boxes[group[0]].middle if head else boxes[group[-1]].middle)
        end = boxes[group[-1]].right
        straight = side == "up" and g + 1 < len(groups) and blocks[groups[g + 1][0]].role == "merge"
        cursor = (
            boxes[group[-1]].middle
            if straight
            else (boxes[group[-1]].middle if side == "down" else end) + _STEP
        )
    _center_turn(boxes, groups, sides, columns)

    axis = _axes(boxes, groups, levels, words, wires)
    placed = Layout()
    for i in words:
        boxes[i] = boxes[i].moved(0, axis[levels[i]] - boxes[i].height / 2)
    for g, group in enumerate(groups):
        _captions(
            placed, boxes, group, sides[group[0]], words, blocks, boxes[groups[g - 1][-1]] if g else None
        )
    wires.draw(placed, boxes, groups, sides, levels)
    placed.boxes = [boxes[i] for i in words]
    return _framed(placed)


def _words(diagram: Diagram, i: int) -> list[tuple[str, str]]:
    block = diagram.blocks[i]
    lines = captions(block)
    if block.role in ("merge", "output"):
        return []
    if block.role == "input":
        return lines
    return [lines[0], (f"→ {shape_text(block.shape)}", "shape"), *lines[1:]]


def _center_turn(boxes, groups, sides, columns) -> None:
    """Put the lowest blocks midway between the lines that lead down and up."""
    g = next((g for g, group in enumerate(groups) if sides[group[0]] == "turn"), None)
    if g is None or g == 0 or g + 1 >= len(groups):
        return
    middle = (columns[g - 1] + columns[g + 1]) / 2
    shift = middle - (boxes[groups[g][0]].left + boxes[groups[g][-1]].right) / 2
    for i in groups[g]:
        boxes[i] = boxes[i].moved(shift, 0)


def _axes(boxes, groups, levels, words, wires) -> list[float]:
    """Return the axis of each level: deep enough for blocks, captions and the labels beside the lines."""
    axis = [0.0]
    half = [
        max(boxes[i].height for g in groups for i in g if levels[i] == k) / 2 for k in range(max(levels) + 1)
    ]
    text = [
        max(len(words[i]) for g in groups for i in g if levels[i] == k) * LINE for k in range(max(levels) + 1)
    ]
    for k in range(1, len(half)):
        below = axis[-1] + half[k - 1]
        axis.append(below + max(half[k] + wires.label_height(), text[k - 1] + 8 - half[k]))
    return axis


def _captions(placed: Layout, boxes, group, side, words, blocks, before: Box | None) -> None:
    for k, i in enumerate(group):
        box, anchor = boxes[i], "middle"
        x, bottom = box.middle, box.top + box.height
        if side == "down" and k == len(group) - 1:
            x, anchor = box.middle - 8, "end"
        elif side == "up":
            x, anchor = box.left + (box.width / 2 + 8 if k == 0 else 0), "start"
            # beside the block below, which stands under the first one of this level
            x = max(x, before.right + 6) if before and k == 1 else x
        for n, (line, role) in enumerate(words[i]):
            placed.texts.append(Text(x, bottom + 15 + LINE * n, line, role, anchor))
        if blocks[i].role == "merge" and blocks[i].label == "concat":
            placed.texts.append(Text(box.middle, box.top - 5, "concat", "quiet"))


class _Wires:
    """The lines of a U: which block each of them stands for, and what is written beside it."""

    def __init__(self, diagram: Diagram, steps: set[int]):
        self.diagram, self.steps = diagram, steps
        self.links = {(e.source, e.target): e for e in diagram.edges}
        self.indices = any(e.indices for e in diagram.edges)
        self.merges = any(b.role == "merge" for b in diagram.blocks)

    def label(self, a: int, b: int) -> list[tuple[str, str]]:
        """Return the lines beside the line from block ``a`` to block ``b`` of another level."""
        step = next((i for i in range(a + 1, b) if i in self.steps), None)
        if step is None:
            return [(shape_text(self.links[a, b].shape), "shape")] if (a, b) in self.links else []
        block = self.diagram.blocks[step]
        lines = [(block.label, "quiet"), (shape_text(block.shape), "shape")]
        if block.detail:
            lines.insert(1, (block.detail, "quiet"))
        if block.parameters:
            lines.append((f"{amount(block.parameters)} params", "count"))
        if block.multiply_adds:
            lines.append((f"{amount(block.multiply_adds)} MACs", "count"))
        return lines

    def label_width(self, a: int, b: int) -> float:
        return max((wide(w, r) for w, r in self.label(a, b)), default=0)

    def label_height(self) -> float:
        lines = max((len(self.label(i - 1, i + 1)) for i in self.steps), default=1)
        return lines * LINE + (26 if self.indices or self.merges else 12)

    def draw(self, placed: Layout, boxes, groups, sides, levels) -> None:
        anchors: dict[int, tuple[float, float]] = {}
        for group in groups:
            for a, b in pairwise(group):
                self.flat(placed, boxes[a], boxes[b], self.links[a, b])
        for before, after in pairwise(groups):
            a, b = before[-1], after[0]
            step = next((i for i in range(a + 1, b) if i in self.steps), None)
            anchors.update(self.bent(placed, boxes[a], boxes[b], a, b, step, sides[a] != "down"))
        for edge in self.diagram.edges:
            if edge.target != edge.source + 1:
                self.across(placed, boxes, anchors, edge)

    def flat(self, placed: Layout, a: Box, b: Box, edge: Edge) -> None:
        y = a.top + a.height / 2
        placed.wires.append(Wire(f"M{a.right + 2:.1f} {y:.1f}H{b.left - 3:.1f}"))
        if self.diagram.blocks[edge.source].role != "merge":
            placed.texts.append(Text((a.right + b.left) / 2, y - 5, shape_text(edge.shape), "shape"))

    def bent(self, placed, a: Box, b: Box, i: int, j: int, step: int | None, upward: bool) -> dict:
        """Draw the line down out of ``a``, or up into ``b``, with its label on the inner side."""
        outer, inner = (b, a) if upward else (a, b)
        x, border = outer.middle, outer.top + outer.height
        axis, r = inner.top + inner.height / 2, 8
        if upward and a.middle == x:
            path = f"M{x:.1f} {a.top - 2:.1f}V{border + 4:.1f}"
        elif upward:
            path = f"M{a.right + 2:.1f} {axis:.1f}H{x - r:.1f}q{r} 0 {r} -{r}V{border + 4:.1f}"
        else:
            path = f"M{x:.1f} {border + 2:.1f}V{axis - r:.1f}q0 {r} {r} {r}H{b.left - 3:.1f}"
        placed.wires.append(Wire(path, "flow", step))
        offset = 27 if self.indices else 15
        for n, (line, role) in enumerate(self.label(i, j)):
            y = border + offset + LINE * n
            placed.texts.append(Text(x - 7 if upward else x + 7, y, line, role, "end" if upward else "start"))
        return {step: (x, border + 9)} if step is not None else {}

    def across(self, placed: Layout, boxes, anchors, edge: Edge) -> None:
        if edge.indices:
            (x, y), (u, v) = (anchors.get(i) or _side_of(boxes[i]) for i in (edge.source, edge.target))
            label, role, x, u = f"indices {shape_text(edge.shape)}", "indices", x + 2, u - 4
        else:
            a, b = boxes[edge.source], boxes[edge.target]
            x, u, label, role = a.right + 2, b.left - 4, shape_text(edge.shape), "skip"
            label += ", cropped" if "crop" in self.diagram.blocks[edge.target].detail else ""
            y = v = a.top + a.height / 2 - min(a.height, b.height) / 4
        placed.wires.append(Wire(f"M{x:.1f} {y:.1f}Q{(x + u) / 2:.1f} {y - 22:.1f} {u:.1f} {v:.1f}", role))
        placed.texts.append(Text((x + u) / 2, y - 15, label, "shape"))


def _side_of(box: Box) -> tuple[float, float]:
    return box.right, box.top + box.height / 2


def _framed(placed: Layout) -> Layout:
    """Move everything into the frame and measure it."""
    extents = [(b.left, b.right) for b in placed.boxes]
    for text in placed.texts:
        width = wide(text.words, text.role)
        start = text.x - {"middle": width / 2, "end": width, "start": 0}[text.anchor]
        extents.append((start, start + width))
    bottoms = [b.top + b.height for b in placed.boxes] + [t.y + 4 for t in placed.texts]
    tops = [b.top for b in placed.boxes] + [t.y - 11 for t in placed.texts]
    left, top = min(e[0] for e in extents), min(tops)
    moved = shifted(placed, -left, -top)
    moved.width, moved.height = max(e[1] for e in extents) - left, max(bottoms) - top
    return moved
