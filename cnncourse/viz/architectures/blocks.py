"""From a trace to what is worth drawing: layers with their activations, repeated blocks, edges between."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ..tracing import Node, Shape, Trace
from .kinds import area, label_of, role_of

_FEW, _MANY = 14, 30  # blocks that fit in two rows, and the most that are worth drawing one by one


@dataclass(frozen=True)
class Block:
    """One drawn block: a layer with what follows it, a collapsed module, or ``times`` equal ones in a row.

    ``shape`` is the tensor drawn, ``out`` the one handed on (they differ after flattening), both without the
    batch.
    """

    label: str
    detail: str
    role: str
    shape: Shape
    out: Shape
    names: tuple[str, ...]
    parameters: int = 0
    multiply_adds: int = 0
    times: int = 1
    residual: bool = False


@dataclass(frozen=True)
class Edge:
    """A tensor of ``shape`` that goes from block ``source`` to block ``target``; ``indices`` of a pooling."""

    source: int
    target: int
    shape: Shape
    indices: bool = False


@dataclass(frozen=True)
class Diagram:
    """Blocks in the order of execution, the edges between them, the size of the batch (None without one)."""

    blocks: tuple[Block, ...]
    edges: tuple[Edge, ...]
    batch: int | None


@dataclass
class _Item:
    nodes: list[Node]
    role: str
    label: str
    shape: Shape
    out: Shape
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    path: str = ""
    residual: bool = False


def diagram(trace: Trace) -> Diagram:
    """Return the blocks of ``trace`` worth drawing: few enough to read, all parameters accounted for.

    Examples
    --------
    >>> from torch import nn
    >>> from ..tracing import trace
    >>> drawn = diagram(trace(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2)), (1, 1, 9, 11)))
    >>> [(b.label, b.detail, b.out) for b in drawn.blocks]
    [('input', '', (1, 9, 11)), ('Conv 3×3', 'ReLU', (4, 7, 9)), ('Max pool 2×2', '', (4, 3, 4)), \
('output', '', (4, 3, 4))]
    """
    best = None
    for collapsed, limit in _views(trace):
        drawn = _grouped(_contracted(trace, collapsed))
        if best is None or len(drawn.blocks) < len(best.blocks):
            best = drawn
        if len(drawn.blocks) <= limit:
            return drawn
    assert best is not None
    return best


def _views(trace: Trace):
    """Yield (modules drawn as one block, blocks allowed), from the most to the least detailed view."""
    yield set(), _FEW
    entries: dict[tuple[str, int], set] = defaultdict(set)
    inner: dict[tuple[str, int], list[int]] = defaultdict(list)
    for i, node in enumerate(trace.nodes):
        for scope in node.scopes:
            inner[scope].append(i)
    for scope, members in inner.items():
        own = set(members)
        entries[scope] = {s for i in members for s in trace.nodes[i].sources if s and s.node not in own}

    def fits(path: str) -> bool:
        calls = [scope for scope in inner if scope[0] == path]
        return bool(path) and all(
            len(entries[c]) <= 1
            and len(inner[c]) < 0.6 * len(trace.nodes)
            and not _hourglass([trace.nodes[i] for i in inner[c]])
            for c in calls
        )

    classes = defaultdict(list)
    for path, name in trace.blocks.items():
        classes[name].append(path)
    merging = {
        trace.blocks[n.block] for n in trace.nodes if n.block in trace.blocks and role_of(n) == "merge"
    }
    drawable = {name for name, paths in classes.items() if all(map(fits, paths))}
    branching = {p for name in drawable & merging for p in classes[name]}
    yield branching, _MANY
    repeated = {p for name in drawable - {"Sequential"} if len(classes[name]) > 1 for p in classes[name]}
    yield branching | repeated, _MANY
    for depth in (3, 2, 1):
        deep = {p for p in trace.blocks if p.count(".") + 1 == depth and fits(p)}
        yield branching | repeated | deep, _MANY


def _hourglass(nodes: list[Node]) -> bool:
    """Tell whether the image shrinks and grows again: an encoder–decoder, never drawn as one block."""
    roles = [(role_of(n), n) for n in nodes]
    shrinks = any(
        1 < area(n.out_shapes[0]) < 0.6 * area(n.in_shapes[0])
        for role, n in roles
        if role in ("conv", "pool")
    )
    return shrinks and any(role == "up" for role, _ in roles)


def _contracted(trace: Trace, collapsed: set[str]) -> tuple[list[_Item], list[Edge], int | None]:
    """Return the items to draw, and the edges between them: activations and norms go with their layer."""
    batch = _batch(trace)
    items: list[_Item] = []
    home: list[int] = []  # the item of each node
    opened: dict[tuple[str, int], int] = {}
    for node in trace.nodes:
        scope = next((s for s in node.scopes if s[0] in collapsed), None)
        if scope in opened:
            items[opened[scope]].nodes.append(node)
            home.append(opened[scope])
            continue
        if scope:
            opened[scope] = len(items)
        home.append(len(items))
        role = "block" if scope else role_of(node)
        label = _class_label(trace, scope[0]) if scope else label_of(node, role)
        items.append(_Item([node], role, label, (), (), path=scope[0] if scope else node.name))
        if node.module and " #" in node.name and role in ("conv", "linear", "up", "other"):
            items[-1].after.append("same weights")
    wires: dict[tuple[int, int], tuple[Shape, bool]] = {}
    for i, node in enumerate(trace.nodes):
        for s, shape in zip(node.sources, node.in_shapes, strict=True):
            if s and home[s.node] != home[i]:
                indices = s.slot == 1 and role_of(trace.nodes[s.node]) == "pool"
                wires.setdefault((home[s.node], home[i]), (_cut(shape, batch), indices))
    leaving: dict[int, int] = {}  # the node of each item whose output is used outside, the last one
    for i, node in enumerate(trace.nodes):
        for source in node.sources:
            if source and home[source.node] != home[i]:
                leaving[home[source.node]] = max(source.node, leaving.get(home[source.node], 0))
    for source in (output.source for output in trace.outputs):
        if source:
            leaving[home[source.node]] = max(source.node, leaving.get(home[source.node], 0))
    for i, item in enumerate(items):
        last = trace.nodes[leaving[i]] if i in leaving else item.nodes[-1]
        item.residual = item.role == "block" and any(
            n.kind == "add" and role_of(n) == "merge" for n in item.nodes
        )
        item.after += ["residual"] if item.residual else []
        item.shape = item.out = _cut(last.out_shapes[0], batch) if last.out_shapes else ()
    for output in trace.outputs:
        if output.source is not None:
            label = "output" if not output.label else f"output {output.label}"
            shape = _cut(output.shape, batch)
            items.append(_Item([], "output", label, shape, shape))
            wires[home[output.source.node], len(items) - 1] = shape, False
    return _absorb(items, wires, batch)


def _absorb(items: list[_Item], wires: dict, batch: int | None) -> tuple[list[_Item], list[Edge], int | None]:
    """Give followers (norms, activations, reshapes) to the layer before them, or else to the one after."""
    target = list(range(len(items)))

    def consumers(i: int) -> set[int]:
        return {target[b] for a, b in wires if target[a] == i and target[b] != i}

    def sources(i: int) -> set[int]:
        return {target[a] for a, b in wires if target[b] == i and target[a] != i}

    for i, item in enumerate(items):
        if item.role == "follower" and len(sources(i)) == 1:
            (before,) = sources(i)
            if consumers(before) == {i} and items[before].role not in ("input", "output"):
                host = items[before]
                host.nodes += item.nodes
                host.after += [item.label] if item.label else []
                host.out = item.out
                if len(item.out) == len(host.shape) or host.role == "follower":
                    host.shape = item.out
                target = [before if t == i else t for t in target]
    for i in reversed(range(len(items))):
        item = items[i]
        if item.role == "follower" and target[i] == i and len(consumers(i)) == 1 and len(sources(i)) <= 1:
            (after,) = consumers(i)
            if items[after].role in ("output", "input"):
                continue
            items[after].nodes = item.nodes + items[after].nodes
            items[after].before = ([item.label] if item.label else []) + item.after + items[after].before
            target = [after if t == i else t for t in target]
    kept = [i for i in range(len(items)) if target[i] == i]
    # An output stands right after the block that makes it, unless that one is used further.
    ends = {o: min(sources(o)) for o in kept if items[o].role == "output" and sources(o)}
    kept.sort(key=lambda i: (ends[i] + 0.5, i) if i in ends and consumers(ends[i]) == {i} else (i, i))
    place = {old: new for new, old in enumerate(kept)}
    edges: dict[tuple[int, int], tuple[Shape, bool]] = {}
    for (a, b), wire in wires.items():
        if target[a] != target[b]:
            edges.setdefault((place[target[a]], place[target[b]]), wire)
    return [items[i] for i in kept], [Edge(a, b, *wire) for (a, b), wire in sorted(edges.items())], batch


def _grouped(parts: tuple[list[_Item], list[Edge], int | None]) -> Diagram:
    """Join equal blocks that follow each other and are not branched from."""
    items, edges, batch = parts
    out, into = Counter(e.source for e in edges), Counter(e.target for e in edges)
    linked = {(e.source, e.target) for e in edges}
    groups: list[list[int]] = []
    for i, item in enumerate(items):
        last = items[groups[-1][-1]] if groups else None
        same = (
            last is not None
            and item.role in ("conv", "block", "other")
            and (last.role, last.label, last.before) == (item.role, item.label, item.before)
            and _alike(last.out, item.shape, exact=item.role != "conv")
            and (last.after == item.after or item.role == "block")
            and (i - 1, i) in linked
            and out[i - 1] == into[i] == 1
        )
        if same:
            groups[-1].append(i)
        else:
            groups.append([i])
    place = {i: g for g, group in enumerate(groups) for i in group}
    blocks = tuple(_block([items[i] for i in group]) for group in groups)
    between = {
        (place[e.source], place[e.target]): (e.shape, e.indices)
        for e in edges
        if place[e.source] != place[e.target]
    }
    return Diagram(blocks, tuple(Edge(a, b, *wire) for (a, b), wire in between.items()), batch)


def _alike(a: Shape, b: Shape, exact: bool) -> bool:
    """Tell whether two shapes are equal, or differ by what an unpadded convolution takes off the border."""
    if exact or len(a) != len(b):
        return a == b
    return a[:1] == b[:1] and all(0.85 * m < n <= m for m, n in zip(a[1:], b[1:], strict=True))


def _block(items: list[_Item]) -> Block:
    first, last = items[0], items[-1]
    words = ["after " + ", ".join(dict.fromkeys(first.before))] if first.before else []
    words += list(dict.fromkeys(word for item in items for word in item.after))
    nodes = [node for item in items for node in item.nodes]
    names = tuple(item.path for item in items if item.nodes)
    return Block(
        first.label,
        ", ".join(words),
        first.role,
        last.shape,
        last.out,
        names,
        sum(n.parameters for n in nodes),
        sum(n.multiply_adds for n in nodes),
        len(items),
        any(item.residual for item in items),
    )


def _batch(trace: Trace) -> int | None:
    """Return the size of the batch, None when the model was called without that dimension."""
    first = next((n.out_shapes[0] for n in trace.nodes if n.kind == "input"), ())
    for node in trace.nodes:
        size = next((d for d in (1, 2, 3) if f"{d}d" in node.kind), None)
        if size and node.in_shapes and role_of(node) in ("conv", "pool", "up"):
            return first[0] if len(node.in_shapes[0]) == size + 2 else None
    return first[0] if len(first) > 1 else None


def _cut(shape: Shape, batch: int | None) -> Shape:
    return shape if batch is None or len(shape) < 2 else shape[1:]


def _class_label(trace: Trace, path: str) -> str:
    """Return what a collapsed module is called: its class, or its own name where the class says nothing."""
    own = path.rpartition(".")[2]
    name = trace.blocks[path]
    return own if name in ("Sequential", "ModuleList") and not own.isdigit() else name.lstrip("_")
