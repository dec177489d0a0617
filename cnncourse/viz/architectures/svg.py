"""Draw a laid-out architecture as SVG: escaped, without script, the same bytes for the same model."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from .. import style
from ..tracing import Trace
from .blocks import Block, Diagram
from .boxes import Box, Layout, Wire, amount, shape_text

_SHOWN = 900  # the widest picture in page pixels; a wider one is scaled down
_MARGIN, _HEADER, _FOOTER = 20, 54, 34
_FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif'
# Fill and border of each kind of block; the names below the blocks say the same in words.
_COLORS = {
    "conv": style.PALETTE[0],
    "pool": style.PALETTE[1],
    "up": style.PALETTE[2],
    "linear": style.PALETTE[3],
    "block": style.PALETTE[4],
    "merge": style.PALETTE[6],
    "other": style.PALETTE[10],
    "input": style.QUIET,
}
_KINDS = {"conv": "convolution", "up": "upsampling", "pool": "pooling", "linear": "fully connected"}
_KINDS |= {"merge": "add or concat", "block": "block of layers"}
_LIGHT = {
    "ink": style.INK,
    "quiet": style.QUIET,
    "line": style.LINE,
    "card": style.SURFACE,
}
_DARK = {"ink": "#E6E8EB", "quiet": "#A6ADB6", "line": "#444B54", "card": "#14181D"}


def tooltip(block: Block) -> str:
    """Return what hovering over a block says."""
    names = f"{block.names[0]} to {block.names[-1]}" if len(block.names) > 1 else "".join(block.names)
    lines = [f"{block.times} × {block.label}" if block.times > 1 else block.label]
    lines += [block.detail] if block.detail else []
    lines += [names] if names and names != block.label else []
    lines.append("output " + shape_text(block.out))
    lines.append(f"{block.parameters:,} parameters, {block.multiply_adds:,} multiply–adds")
    return "\n".join(lines)


def draw(trace: Trace, drawn: Diagram, placed: Layout, alt: str, adaptive: bool = False) -> str:
    """Return the SVG; ``adaptive`` ones turn dark where the page around them does."""
    frame, height, x, y = _frame(placed)
    body = [
        *(_wire(wire, drawn) for wire in placed.wires),
        *(_box(box, drawn.blocks[box.block]) for box in placed.boxes),
        *(
            f'<circle class="mark" cx="{m.x:.1f}" cy="{m.y:.1f}" r="8"/><text class="tag" x="{m.x:.1f}" '
            f'y="{m.y + 3.5:.1f}" text-anchor="middle">{escape(m.words)}</text>'
            for m in placed.marks
        ),
        *(
            f'<text class="{t.role}" x="{t.x:.1f}" y="{t.y:.1f}" text-anchor="{t.anchor}">'
            f"{escape(t.words)}</text>"
            for t in placed.texts
        ),
    ]
    batch = f", batch of {drawn.batch}" if drawn.batch and drawn.batch > 1 else ""
    unused = f", {amount(trace.unused_parameters)} of them unused" if trace.unused_parameters else ""
    used = [role for role in _KINDS if any(b.role == role for b in drawn.blocks)]
    parts = [
        f'<rect class="card" x=".5" y=".5" width="{frame - 1:.1f}" height="{height - 1:.1f}" rx="8"/>',
        f'<text class="title" x="{_MARGIN}" y="26">{escape(trace.model)}</text>',
        f'<text class="quiet" x="{_MARGIN}" y="44">{trace.parameters:,} parameters{unused} · '
        f"{amount(trace.multiply_adds)} multiply–adds (MACs){batch}</text>",
        f'<path class="rule" d="M0 {_HEADER}.5H{frame:.0f}M0 {height - _FOOTER:.0f}.5H{frame:.0f}"/>',
        f'<g transform="translate({x:.1f} {y:.1f})">{"".join(body)}</g>',
        _legend(used, height - _FOOTER / 2),
    ]
    content = "".join(parts)
    identity = "cnncourse-architecture-" + hashlib.sha256(f"{adaptive}{content}".encode()).hexdigest()[:12]
    shown = min(frame, _SHOWN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{identity}" role="img" width="{shown:.0f}" '
        f'height="{height * shown / frame:.0f}" viewBox="0 0 {frame:.0f} {height:.0f}" '
        f'aria-label="{escape(alt)}" style="max-width:100%;height:auto">'
        f"<style>{_css(identity, adaptive)}</style>{_arrows(identity)}"
        f"{content.replace('@id', identity)}</svg>"
    )


def _box(box: Box, block: Block) -> str:
    title = f"<title>{escape(tooltip(block))}</title>"
    middle = box.top + box.height / 2
    if block.role == "output":
        place = f'x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}"'
        shape = f'<rect class="output" {place} height="24" rx="12"/>'
        shape += f'<text class="label" x="{box.middle:.1f}" y="{middle + 4:.1f}" text-anchor="middle">'
        return f"<g>{title}{shape}{escape(block.label)}</text></g>"
    if block.role == "merge" and block.label != "concat":
        sign = block.label if len(block.label) == 1 else "∘"
        shape = f'<circle class="merge" cx="{box.middle:.1f}" cy="{middle:.1f}" r="12"/>'
        shape += f'<text class="sign" x="{box.middle:.1f}" y="{middle + 5.5:.1f}" text-anchor="middle">'
        return f"<g>{title}{shape}{escape(sign)}</text></g>"
    width = (box.width - 3 * (box.slabs - 1)) / box.slabs
    shapes = []
    for k in range(box.slabs):
        left = box.left + k * (width + 3)
        shapes.append(
            f'<rect class="{block.role}" x="{left:.1f}" y="{box.top:.1f}" width="{width:.1f}" '
            f'height="{box.height:.1f}" rx="{min(3, width / 3):.1f}"/>'
        )
        if block.residual:
            top = box.top - 3
            shapes.append(
                f'<path class="skip" marker-end="url(#@id-skip)" d="M{left + 2:.1f} {top:.1f}'
                f'Q{left + width / 2:.1f} {top - 20:.1f} {left + width - 2:.1f} {top - 2:.1f}"/>'
            )
    return f"<g>{title}{''.join(shapes)}</g>"


def _wire(wire: Wire, drawn: Diagram) -> str:
    title = f"<title>{escape(tooltip(drawn.blocks[wire.block]))}</title>" if wire.block is not None else ""
    moved = "" if wire.shift == (0, 0) else f' transform="translate({wire.shift[0]:.1f} {wire.shift[1]:.1f})"'
    role = f"{drawn.blocks[wire.block].role}-line" if wire.block is not None else wire.role
    kind = {"indices": "skip", "pool-line": "pool", "up-line": "up"}.get(role, role)
    end = "" if wire.role == "stub" else f' marker-end="url(#@id-{kind})"'
    return f'<g{moved}>{title}<path class="{role}"{end} d="{wire.path}"/></g>'


def _legend(used: list[str], y: float) -> str:
    parts, x = [], float(_MARGIN)
    for role in used:
        parts.append(f'<rect class="{role}" x="{x:.0f}" y="{y - 6:.0f}" width="11" height="11" rx="2"/>')
        parts.append(f'<text class="quiet" x="{x + 16:.0f}" y="{y + 3.5:.1f}">{_KINDS[role]}</text>')
        x += 16 + 6.3 * len(_KINDS[role]) + 14
    return "".join(parts)


def _arrows(identity: str) -> str:
    return (
        "<defs>"
        + "".join(
            f'<marker id="{identity}-{kind}" viewBox="0 0 8 8" refX="5" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path class="{kind}-head" d="M0 .8 7 4 0 7.2z"/></marker>'
            for kind in ("flow", "skip", "pool", "up")
        )
        + "</defs>"
    )


def _css(identity: str, adaptive: bool) -> str:
    """Return the style, bound to this picture, so that it neither changes its page nor is changed by it."""
    here = f"#{identity}"
    rules = [
        f"{here} text{{font:10.5px {_FONT};fill:var(--quiet)}}",
        f"{here} .title{{font-size:14px;font-weight:650;fill:var(--ink)}}",
        f"{here} .label,{here} .tag{{font-size:11.5px;font-weight:600;fill:var(--ink)}}",
        f"{here} .tag{{font-size:10px}}{here} .sign{{font-size:17px;fill:var(--ink)}}",
        f"{here} .shape,{here} .count{{font-variant-numeric:tabular-nums}}{here} .shape{{fill:var(--ink)}}",
        f"{here} .card{{fill:var(--card);stroke:var(--line)}}{here} .rule{{stroke:var(--line)}}",
        f"{here} .output{{fill:none;stroke:var(--quiet)}}{here} .mark{{fill:var(--card);stroke:var(--skip)}}",
        f"{here} path{{fill:none}}{here} .flow,{here} .stub{{stroke:var(--quiet);stroke-width:1.3}}",
        f"{here} .skip,{here} .indices{{stroke:var(--skip);stroke-width:1.5}}",
        f"{here} .indices{{stroke-dasharray:5 3}}",
        f"{here} .flow-head{{fill:var(--quiet)}}{here} .skip-head{{fill:var(--skip)}}",
        *(
            f"{here} .{role}-line{{stroke:var(--{role}-edge);stroke-width:1.8}}"
            f"{here} .{role}-head{{fill:var(--{role}-edge)}}"
            for role in ("pool", "up")
        ),
    ]
    for role in _COLORS:
        rules.append(f"{here} .{role}{{fill:var(--{role});stroke:var(--{role}-edge);stroke-width:1.2}}")

    def values(theme: dict[str, str], share: float, skip: str) -> str:
        colors = theme | {"skip": skip}
        for role, color in _COLORS.items():
            colors[role] = _mix(color, theme["card"], share)
            colors[f"{role}-edge"] = _mix(color, theme["ink"], 0.8)
        return here + "{" + ";".join(f"--{name}:{value}" for name, value in colors.items()) + "}"

    rules.insert(0, values(_LIGHT, 0.38, style.NEGATIVE))
    if adaptive:
        rules.append(f"@media (prefers-color-scheme:dark){{{values(_DARK, 0.5, '#FF9F5A')}}}")
    return "".join(rules)


def _mix(color: str, ground: str, share: float) -> str:
    pairs = zip(bytes.fromhex(color[1:]), bytes.fromhex(ground[1:]), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def page(trace: Trace, drawn: Diagram, placed: Layout, alt: str) -> str:
    """Return the picture for a page: an image, which viewers that strip SVG keep, under its tooltips."""
    svg = draw(trace, drawn, placed, alt, adaptive=True)
    frame, height, x, y = _frame(placed)
    spots = "".join(
        f'<span title="{escape(tooltip(drawn.blocks[box.block]))}" style="position:absolute;'
        f"left:{100 * (box.left + x - 4) / frame:.2f}%;top:{100 * (box.top + y) / height:.2f}%;"
        f'width:{100 * (box.width + 8) / frame:.2f}%;height:{100 * box.height / height:.2f}%"></span>'
        for box in placed.boxes
    )
    data = base64.b64encode(svg.encode()).decode()
    return (
        "<style>.cnncourse-architecture img{color-scheme:light}"
        'body[data-jp-theme-light="false"] .cnncourse-architecture img,'
        'html[theme="dark"] .cnncourse-architecture img,'
        'html[data-theme="dark"] .cnncourse-architecture img{color-scheme:dark}</style>'
        f'<div class="cnncourse-architecture" style="position:relative;max-width:{min(frame, _SHOWN):.0f}px">'
        f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}" style="display:block;width:100%">'
        f"{spots}</div>"
    )


def _frame(placed: Layout) -> tuple[float, float, float, float]:
    """Return the card's width and height, and where the drawing starts in it."""
    width = max(placed.width + 2 * _MARGIN, 430)
    return width, _HEADER + 12 + placed.height + 22 + _FOOTER, (width - placed.width) / 2, _HEADER + 12
