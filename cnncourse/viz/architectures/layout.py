"""Where the blocks of an architecture go: in rows, with skips as arcs above, or as a U."""

from __future__ import annotations

from .blocks import Diagram, Edge
from .boxes import LINE, Box, Layout, Text, Wire, captions, measure, shape_text, wide

_ROOM = 860  # pixels for blocks; with a margin of 20 on each side the card is 900 wide
_TALLEST = 130


def layout(diagram: Diagram) -> Layout:
    """Place a diagram: as a U when the image shrinks and grows again, else in rows.

    Examples
    --------
    >>> from .blocks import Block
    >>> blocks = (Block("input", "", "input", (3, 8, 8), (3, 8, 8), ()),
    ...           Block("Conv 3×3", "", "conv", (4, 8, 8), (4, 8, 8), ("conv",)))
    >>> placed = layout(Diagram(blocks, (Edge(0, 1, (3, 8, 8)),), 1))
    >>> placed.boxes[0].right < placed.boxes[1].left
    True
    """
    from .ushape import u_layout

    return u_layout(diagram) or rows_layout(diagram)


def rows_layout(diagram: Diagram) -> Layout:
    """Place blocks in the order of execution, left to right, in as few rows of even length as fit."""
    boxes = measure(diagram.blocks, _TALLEST)
    links = {(e.source, e.target): e for e in diagram.edges}
    words = [captions(block) for block in diagram.blocks]
    columns = [
        max(box.width, *(wide(w, role) for w, role in lines), 0)
        for box, lines in zip(boxes, words, strict=True)
    ]
    gaps = [0.0]
    for i in range(1, len(boxes)):
        # The arrow runs from border to border of the boxes, and its shape stands on it.
        free = (columns[i - 1] - boxes[i - 1].width + columns[i] - boxes[i].width) / 2
        needed = wide(shape_text(links[i - 1, i].shape), "shape") + 18 if (i - 1, i) in links else 0
        gaps.append(max(12, needed - free))
    rows = _rows(columns, gaps)
    for slack in (20, 15, 10, 5):  # room that the rows leave is given to the arrows
        wider = [gaps[0], *(gap + slack for gap in gaps[1:])]
        if len(spread := _rows(columns, wider)) == len(rows):
            rows, gaps = spread, wider
            break
    placed = Layout()
    row_of = {i: r for r, row in enumerate(rows) for i in row}
    top = 0.0
    apexes: list[tuple[float, float, float, float]] = []
    for row in rows:
        arcs = [e for e in diagram.edges if e.source in row and e.target in row and e.target > e.source + 1]
        tags = any(
            e.target > e.source + 1
            and row_of[e.source] != row_of[e.target]
            and {e.source, e.target} & set(row)
            for e in diagram.edges
        )
        lanes = _lanes(arcs)
        above = max((30 + 20 * lane for lane in lanes.values()), default=0)
        above = max(above, 18 if any(diagram.blocks[i].residual for i in row) else 0) + (34 if tags else 0)
        tallest = max(boxes[i].height for i in row)
        axis = top + above + tallest / 2
        left = 0.0
        for position, i in enumerate(row):
            left += (
                gaps[i]
                if position
                else (
                    wide(shape_text(links[i - 1, i].shape), "shape") + 30 if i and (i - 1, i) in links else 0
                )
            )
            boxes[i] = boxes[i].moved(left + (columns[i] - boxes[i].width) / 2, axis - boxes[i].height / 2)
            left += columns[i]
            for k, (line, role) in enumerate(words[i]):
                placed.texts.append(Text(boxes[i].middle, axis + tallest / 2 + 16 + LINE * k, line, role))
        placed.width = max(placed.width, left)
        for edge, lane in lanes.items():
            apexes.append(_arc(placed, boxes, edge, lane, row, diagram))
        top = axis + tallest / 2 + 12 + LINE * max(len(words[i]) for i in row) + 26
    placed.boxes = boxes
    for i in range(1, len(boxes)):
        if (i - 1, i) not in links:
            continue
        label = shape_text(links[i - 1, i].shape)
        a, b = boxes[i - 1], boxes[i]
        y = a.top + a.height / 2
        if row_of[i] == row_of[i - 1]:
            placed.wires.append(Wire(f"M{a.right + 2:.1f} {y:.1f}H{b.left - 3:.1f}"))
            placed.texts.append(Text((a.right + b.left - 3) / 2, y - 5, label, "shape"))
        else:
            _turn(placed, a, b, row_of, rows, boxes, words, label)
    _tags(placed, boxes, diagram, row_of, apexes)
    placed.height = top - 26
    return placed


def _rows(columns: list[float], gaps: list[float]) -> list[list[int]]:
    """Break the chain into as few rows as fit, then make the rows as even as that number allows."""

    def broken(limit: float) -> list[list[int]]:
        rows: list[list[int]] = [[]]
        used = 0.0
        for i, (column, gap) in enumerate(zip(columns, gaps, strict=True)):
            used += gap + column
            if rows[-1] and used > limit:
                rows.append([])
                used = column + 90  # the shape before the first block of a row
            rows[-1].append(i)
        return rows

    best = broken(_ROOM)
    for limit in range(_ROOM - 10, 200, -10):
        tighter = broken(limit)
        if len(tighter) > len(best):
            break
        best = tighter
    return best


def _lanes(arcs: list[Edge]) -> dict[Edge, int]:
    """Give each arc a height, short ones low, so that none runs along another."""
    lanes: dict[Edge, int] = {}
    for arc in sorted(arcs, key=lambda e: (e.target - e.source, e.source)):
        taken = {
            lane for other, lane in lanes.items() if other.source < arc.target and arc.source < other.target
        }
        lanes[arc] = min(set(range(len(arcs))) - taken)
    return lanes


def _arc(placed: Layout, boxes: list[Box], edge: Edge, lane: int, row: list[int], diagram: Diagram):
    a, b = boxes[edge.source], boxes[edge.target]
    # Two arcs that meet at one block leave and enter it a little apart.
    x, y = a.middle + min(6, a.width / 4), b.middle - min(6, b.width / 4)
    apex = min(boxes[i].top for i in row if edge.source <= i <= edge.target) - 14 - 20 * lane
    r = min(22, (y - x) / 2)
    placed.wires.append(
        Wire(
            f"M{x:.1f} {a.top - 2:.1f}V{apex + r:.1f}Q{x:.1f} {apex:.1f} {x + r:.1f} {apex:.1f}"
            f"H{y - r:.1f}Q{y:.1f} {apex:.1f} {y:.1f} {apex + r:.1f}V{b.top - 4:.1f}",
            "indices" if edge.indices else "skip" if _merges(diagram, edge.target) else "flow",
        )
    )
    label = ("indices " if edge.indices else "") + shape_text(edge.shape)
    placed.texts.append(Text((x + y) / 2, apex - 4, label, "shape"))
    return x, y, apex, max(a.top, b.top)


def _merges(diagram: Diagram, i: int) -> bool:
    """Tell whether block ``i`` joins several tensors: what reaches it over other blocks is then a skip."""
    return sum(edge.target == i for edge in diagram.edges) > 1


def _turn(placed, a: Box, b: Box, row_of, rows, boxes, words, label: str) -> None:
    """Lead an edge from the end of one row to the start of the next."""
    row = rows[row_of[a.block]]
    y, z = a.top + a.height / 2, b.top + b.height / 2
    bottom = max(boxes[i].top + boxes[i].height for i in row)
    lane = bottom + 12 + LINE * max(len(words[i]) for i in row) + 8
    right = max(a.right, a.middle + max((wide(w, r) for w, r in words[a.block]), default=0) / 2) + 14
    left, r = 4, 8
    placed.wires.append(
        Wire(
            f"M{a.right + 2:.1f} {y:.1f}H{right - r:.1f}q{r} 0 {r} {r}V{lane - r:.1f}q0 {r} -{r} {r}"
            f"H{left + r:.1f}q-{r} 0 -{r} {r}V{z - r:.1f}q0 {r} {r} {r}H{b.left - 3:.1f}"
        )
    )
    placed.width = max(placed.width, right)
    placed.texts.append(Text((left + b.left) / 2 + 2, z - 5, label, "shape"))


def _tags(placed: Layout, boxes: list[Box], diagram: Diagram, row_of: dict[int, int], arcs: list) -> None:
    """Mark both ends of an edge that leads to another row by the same letter."""
    far = [e for e in diagram.edges if e.target > e.source + 1 and row_of[e.source] != row_of[e.target]]
    letters = {source: chr(ord("A") + k % 26) for k, source in enumerate(sorted({e.source for e in far}))}

    def above(i: int) -> float:
        box = boxes[i]
        near = [y for a, b, y, low in arcs if a - 70 < box.middle < b + 14 and y < box.top <= low + _TALLEST]
        return min([box.top - 16 * diagram.blocks[i].residual, *(y - 18 for y in near)])

    for source, letter in letters.items():
        x, top = boxes[source].middle, above(source)
        shape = shape_text(next(e.shape for e in far if e.source == source))
        placed.wires.append(Wire(f"M{x:.1f} {boxes[source].top - 2:.1f}V{top - 10:.1f}", "stub"))
        placed.marks.append(Text(x, top - 18, letter))
        placed.texts.append(Text(x + 12, top - 14, shape, "shape", "start"))
    for edge in far:
        x, top = boxes[edge.target].middle, above(edge.target)
        role = "skip" if _merges(diagram, edge.target) else "flow"
        placed.wires.append(Wire(f"M{x:.1f} {top - 12:.1f}V{boxes[edge.target].top - 4:.1f}", role))
        placed.marks.append(Text(x, top - 20, letters[edge.source]))
