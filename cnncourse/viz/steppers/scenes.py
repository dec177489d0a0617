"""What a stepper shows: every text and every tint, so that the page has nothing left to compute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..style import number


def conv_scene(trace: dict) -> dict:
    """Return the scene of a `conv_trace`."""
    weight = np.array(trace["weight"])
    channels, size = len(weight), weight.shape[1:]
    several = channels > 1
    of = [f" channel {c}" if several else "" for c in range(channels)]
    inputs = [_input_plane(trace, c, f"input{of[c]}") for c in range(channels)]
    kernels = [grid_of(weight[c], f"kernel{of[c]}", np.abs(weight).max()) for c in range(channels)]
    layout: list[Any] = [[0], "⊛", [1], "=", [2]]
    if several:
        pairs = [part for c in range(channels) for part in ("+", [c, "⊛", channels + c])]
        layout = [*pairs[1:], "=", [2 * channels]]
    return {
        "title": "Convolution, step by step",
        "planes": [*inputs, *kernels, grid_of(_output(trace), "output")],
        "layout": layout,
        "inputs": list(range(channels)),
        "kernels": list(range(channels, 2 * channels)),
        "outputs": [2 * channels],
        "channels": [f"channel {c}" for c in range(channels)],
        "signed": True,
        "note": f"{_settings(trace)} · {_size_note(trace, size)}",
        "code": [
            *_loops(trace),
            f"        window = {_source(trace)}[{':, ' if several else ''}{_slices(trace, size)}]",
            "        out[i, j] = (window * kernel).sum()" + (" + bias" if trace["bias"] is not None else ""),
        ],
        "steps": [_conv_step(trace, step) for step in trace["steps"]],
    }


def pool_scene(trace: dict) -> dict:
    """Return the scene of a `pool_trace`."""
    size, stride, best = trace["size"], trace["stride"], trace["operation"] == "max"
    outputs = [grid_of(_output(trace), "values" if best else "output")]
    code = [*_loops(trace), f"        window = x[{_slices(trace, size)}]"]
    if best:
        outputs.append(grid_of(trace["indices"], "flat indices", shaded=False))
        flat = f"({_start('i', stride[0])} + a) * {_width(trace)} + {_start('j', stride[1])} + b"
        code += [
            f"        a, b = divmod(window.argmax(), {size[1]})",
            f"        values[i, j], indices[i, j] = window[a, b], {flat}",
        ]
    else:
        code.append("        out[i, j] = window.mean()")
    return {
        "title": f"{'Max' if best else 'Average'} pooling, step by step",
        "planes": [_input_plane(trace, 0, "input"), *outputs],
        "layout": [[0], "→", *([n + 1] for n in range(len(outputs)))],
        "inputs": [0],
        "kernels": [],
        "outputs": [n + 1 for n in range(len(outputs))],
        "channels": [],
        "signed": False,
        "note": f"window {size[0]} × {size[1]}, {_settings(trace)} · {_size_note(trace, size)}",
        "code": code,
        "steps": [(_max_step if best else _average_step)(trace, step) for step in trace["steps"]],
    }


def _conv_step(trace: dict, step: dict) -> dict:
    bias, several = trace["bias"], len(step["sums"]) > 1
    products = [v * w for v, w in step["terms"]]
    total, value, *sums = without_noise([sum(products), step["value"], *step["sums"]], products)
    sign = "=" if all(map(is_shown, [*products, *sums, bias or 0.0, value])) else "≈"
    added = [number(v) for v in sums] if several else []
    added += [] if bias is None else [f"{number(bias)} (bias)"]
    before = "+ " if added and not several else ""
    texts = [number(v) for v in products]
    size = len(texts) // len(sums)
    outside = sum(not _inside(trace, cell) for cell in step["window"])
    entry = _step(trace, step, number(value))
    entry["products"] = [texts[start : start + size] for start in range(0, len(texts), size)]
    entry["total"] = f"{before}{' + '.join(added)} {sign}".replace("+ −", "− ").strip()
    if several:
        entry["sums"] = [f"{sign} {number(v)}" for v in sums]
    entry["sentence"] += (
        f" {counted(len(products), 'product')} add{'s' * (len(products) == 1)} up to {number(total)}"
        + (f", with the bias to {number(value)}" if bias is not None else "")
        + (
            f". {outside} of them {'is' if outside == 1 else 'are'} 0 because of the padding."
            if outside
            else "."
        )
    )
    return entry


def _max_step(trace: dict, step: dict) -> dict:
    values, index, width = [value for value, _ in step["terms"]], step["index"], _width(trace)
    row, column = divmod(index, width)
    i, j = step["position"]
    largest = number(step["value"])
    entry = _step(trace, step, largest)
    entry["best"] = step["window"].index([0, row, column])
    entry["total"] = "largest:"
    entry["place"] = f"row {row}, column {column}: flat index {row}·{width} + {column} = {index}"
    first = ", the first of several equal ones" if values.count(step["value"]) > 1 else ""
    entry["sentence"] += f" the largest of its {counted(len(values), 'value')} is {largest}{first}."
    within = f"a, b = {row - i * trace['stride'][0]}, {column - j * trace['stride'][1]}"
    entry["variables"][3:] = [within, f"= {largest}, {index}"]
    return entry


def _average_step(trace: dict, step: dict) -> dict:
    values = [value for value, _ in step["terms"]]
    count = len(values)
    total, mean = without_noise([sum(values), step["value"]], values)
    sign = "=" if all(map(is_shown, [*values, total, mean])) else "≈"
    entry = _step(trace, step, number(mean))
    entry["total"] = f"sum {number(total)} ÷ {count} {sign}"
    entry["sentence"] += (
        f" its {counted(count, 'value')} add up to {number(total)}; "
        f"divided by {count} that is {number(mean)}."
    )
    return entry


def describe(scene: dict) -> str:
    """Return in words what a scene shows: every plane, the settings, the first step."""
    planes = scene["planes"]
    parts = [f"{plane['caption']}: {_rows(plane)}" for plane in planes]
    first = scene["steps"][0]
    return (
        f"{scene['title']}. {'. '.join(parts)}. {scene['note']}. "
        f"First of {len(scene['steps'])} steps: {first['sentence']}"
    )


def _rows(plane: dict) -> str:
    if len(plane["text"]) > 64:  # nobody listens to more
        return "too many numbers to read out"
    width = plane["columns"]
    return "; ".join(" ".join(plane["text"][r * width : (r + 1) * width]) for r in range(plane["rows"]))


def grid_of(values: Any, name: str, largest: float | None = None, shaded: bool = True) -> dict:
    """Return the plane of a matrix: its caption, its cells as texts, and how strongly each is tinted."""
    array = np.asarray(values)
    grid = {
        "caption": f"{name}, {array.shape[0]} × {array.shape[1]}",
        "rows": array.shape[0],
        "columns": array.shape[1],
        "text": [number(v) for v in array.flat],
    }
    if shaded:
        top = largest or np.abs(array).max() or 1.0
        grid["shade"] = [round(float(v) / top, 2) for v in array.flat]
    return grid


def _input_plane(trace: dict, channel: int, name: str) -> dict:
    values = np.array(trace["input"][channel])
    pads = trace["padding"]
    grid = grid_of(np.pad(values, [(p, p) for p in pads]), name, shaded=False)
    padding = f", padding {both(pads)}" if any(pads) else ""
    return grid | {"caption": f"{name}, {values.shape[0]} × {values.shape[1]}{padding}", "padding": pads}


def _step(trace: dict, step: dict, value: str) -> dict:
    """Return what all operations share; the sentence is left open."""
    i, j = step["position"]
    width = _width(trace) + 2 * trace["padding"][1]
    cells: list[list[int]] = [[] for _ in trace["input"]]
    for channel, row, column in step["window"]:
        cells[channel].append((row + trace["padding"][0]) * width + column + trace["padding"][1])
    pieces, words = [":"] if len(cells) > 1 else [], []
    for axis, name in ((1, "row"), (2, "column")):
        # Counted as the picture and the code count: from the first padded cell.
        visited = [cell[axis] + trace["padding"][axis - 1] for cell in step["window"]]
        low, high, gap = min(visited), max(visited), trace["dilation"][axis - 1]
        pieces.append(f"{low}:{high + 1}" + (f":{gap}" if gap > 1 else ""))
        every = "" if gap == 1 or low == high else f" in steps of {gap}"
        words.append(reach(name, low, high) + every)
    return {
        "at": f"output ({i}, {j})",
        "cells": cells,
        "value": value,
        "variables": [f"i = {i}", f"j = {j}", f"{_source(trace)}[{', '.join(pieces)}]", f"= {value}"],
        "sentence": f"Output ({i}, {j}) sees {words[0]} and {words[1]}:",
    }


def _inside(trace: dict, cell: list[int]) -> bool:
    return 0 <= cell[1] < len(trace["input"][0]) and 0 <= cell[2] < _width(trace)


def _width(trace: dict) -> int:
    return len(trace["input"][0][0])


def _output(trace: dict) -> np.ndarray:
    flat = [without_noise([step["value"]], [v * w for v, w in step["terms"]]) for step in trace["steps"]]
    return np.reshape(flat, np.shape(trace["output"]))


def without_noise(results: Sequence[float], terms: Sequence[float]) -> list[float]:
    """Return the results, with a 0 for what rounding leaves of terms that cancel."""
    tiny = 1e-6 * max(map(abs, terms))
    return [result if abs(result) > tiny else 0.0 for result in results]


def _settings(trace: dict) -> str:
    names = ["stride"] + [
        name for name in ("padding", "dilation") if trace[name] != [int(name == "dilation")] * 2
    ]
    return ", ".join(f"{name} {both(trace[name])}" for name in names)


def _size_note(trace: dict, size: Any) -> str:
    """Return the arithmetic of the output size, for both sides."""
    parts = []
    shape = (len(trace["input"][0]), len(trace["input"][0][0]))
    out = (len(trace["output"]), len(trace["output"][0]))
    for side, n, k, s, p, d, result in zip(
        ("height", "width"),
        shape,
        size,
        trace["stride"],
        trace["padding"],
        trace["dilation"],
        out,
        strict=True,
    ):
        padded = f"{n} + 2·{p}" if p else str(n)
        window = f"{d}·({k} − 1) − 1" if d > 1 else str(k)
        top = f"{padded} − {window}"
        inner = f"⌊({top}) / {s}⌋" if s > 1 else top
        parts.append(f"{side} {inner} + 1 = {result}")
    return "output " + ", ".join(parts)


def _loops(trace: dict) -> list[str]:
    rows, columns = len(trace["output"]), len(trace["output"][0])
    return [f"for i in range({rows}):", f"    for j in range({columns}):"]


def _slices(trace: dict, size: Any) -> str:
    parts = []
    for index, k, s, d in zip("ij", size, trace["stride"], trace["dilation"], strict=True):
        start = _start(index, s)
        parts.append(f"{start} : {start}+{d * (k - 1) + 1}" + (f" : {d}" if d > 1 else ""))
    return ", ".join(parts)


def _source(trace: dict) -> str:
    return "padded" if any(trace["padding"]) else "x"


def _start(index: str, stride: int) -> str:
    return index if stride == 1 else f"{index}*{stride}"


def reach(name: str, low: int, high: int) -> str:
    """Return which rows or columns something reaches over, both ends counted.

    Examples
    --------
    >>> reach("row", 2, 4), reach("column", 5, 5)
    ('rows 2 to 4', 'column 5')
    """
    return f"{name} {low}" if low == high else f"{name}s {low} to {high}"


def both(pair: list[int]) -> str:
    """Return a pair as one number when its numbers are equal."""
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} × {pair[1]}"


def counted(n: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it must be."""
    return f"{n} {noun}{'s' * (n != 1)}"


def is_shown(value: float) -> bool:
    """Whether the text of a number is the number, up to float32's rounding: then an equals sign is true."""
    return math.isclose(float(number(value).replace("−", "-")), value, rel_tol=1e-6, abs_tol=1e-12)
