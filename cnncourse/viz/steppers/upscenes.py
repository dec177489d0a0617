"""What the steppers of transposed convolution and unpooling show: one input cell is spread out at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..style import number
from .scenes import both, counted, grid_of, is_shown, reach, without_noise


def conv_transpose_scene(trace: dict) -> dict:
    """Return the scene of a `conv_transpose_trace`."""
    weight, canvas = np.array(trace["weight"]), np.array(trace["canvas"])
    stamps = [_rounded(step) for step in trace["steps"]]
    largest = max(abs(total) for sums in stamps for total in sums) or 1.0
    pads, out = trace["padding"], np.shape(trace["output"])
    output = grid_of(_last(trace, stamps, canvas.shape), "output", largest)
    cropped = "; hatched: cropped" if any(pads) else ""
    output |= {"caption": f"output, {out[0]} × {out[1]}{cropped}", "padding": pads, "start": "0"}
    return {
        "title": "Transposed convolution, step by step",
        "planes": [
            grid_of(trace["input"], "input"),
            grid_of(weight, "kernel"),
            output,
        ],
        "layout": [[0], "×", [1], "→", [2]],
        "inputs": [0],
        "kernels": [1],
        "outputs": [2],
        "order": [0],
        "channels": [],
        "signed": True,
        "note": f"stride {both(trace['stride'])}"
        + (f", padding {both(pads)}" if any(pads) else "")
        + f" · {_size_note(trace, weight.shape)}",
        "code": _conv_transpose_code(trace, weight.shape, canvas.shape),
        "running": 3,
        "steps": [
            _stamp(trace, step, sums, largest) for step, sums in zip(trace["steps"], stamps, strict=True)
        ],
    }


def unpool_scene(trace: dict) -> dict:
    """Return the scene of an `unpool_trace`."""
    pool, output = trace["pool"], np.array(trace["output"])
    values, (height, width) = np.array(pool["output"]), output.shape
    filled = len({step["index"] for step in trace["steps"]})
    return {
        "title": "Max-unpooling, step by step",
        "planes": [
            grid_of(pool["input"][0], "before pooling", shaded=False),
            grid_of(values, "values"),
            grid_of(pool["indices"], "flat indices", shaded=False),
            grid_of(output, "unpooled") | {"start": "0"},
        ],
        "layout": [[0], "→", [1, 2], "→", [3]],
        "inputs": [0, 1, 2],
        "kernels": [],
        "outputs": [3],
        "order": [1, 2],
        "channels": [],
        "signed": False,
        "note": f"max pooling: window {pool['size'][0]} × {pool['size'][1]}, stride {both(pool['stride'])} · "
        f"{filled} of {height * width} cells get their value back, all others are 0",
        "code": [
            f"out = np.zeros(({height}, {width}))",
            f"for i in range({values.shape[0]}):",
            f"    for j in range({values.shape[1]}):",
            f"        row, column = divmod(indices[i, j], {width})",
            "        out[row, column] = values[i, j]",
        ],
        "steps": [_carry(trace, n) for n in range(values.size)],
    }


def _stamp(trace: dict, step: dict, sums: list[float], largest: float) -> dict:
    (i, j), value, pads = step["position"], step["value"], trace["padding"]
    shape, width = np.shape(trace["output"]), len(trace["canvas"][0])
    products = [v * w for v, w in step["terms"]]
    spots = [(row + pads[0], column + pads[1]) for row, column in step["cells"]]  # as the picture counts
    first, last = spots[0], spots[-1]
    target = f"out[{first[0]}:{last[0] + 1}, {first[1]}:{last[1] + 1}]"
    held = sum(before is not None for before in step["before"])
    outside = sum(not (0 <= row < shape[0] and 0 <= col < shape[1]) for row, col in step["cells"])
    size, one = len(products), number(value)
    sentence = (
        f"Input ({i}, {j}), value {one}, stamps {reach('row', first[0], last[0])} and "
        f"{reach('column', first[1], last[1])}"
    )
    if held:
        sentence += f"; {held} of {counted(size, 'cell')} held a value already: the two add up"
    if outside:
        sentence += f"; {outside} of {counted(size, 'cell')} will be cropped"
    return {
        "at": f"input ({i}, {j})",
        "cells": [[i * len(trace["input"][0]) + j]],
        "writes": [
            [row * width + column, number(total), round(abs(total) / largest, 2)]
            for (row, column), total in zip(spots, sums, strict=True)
        ],
        "products": [[number(v) for v in products]],
        "sign": "=" if all(map(is_shown, [*products, *sums])) else "≈",
        "total": "added to",
        "value": target,
        "variables": [
            "",
            f"i = {i}",
            f"j = {j}",
            f"{target} += {one} * kernel",
            "the hatched frame falls away",
        ],
        "sentence": f"{sentence}.",
    }


def _carry(trace: dict, n: int) -> dict:
    pool, step = trace["pool"], trace["steps"][n]
    width = len(trace["output"][0])
    (i, j), index, value = step["position"], step["index"], number(step["value"])
    row, column = step["cells"][0]
    window = [r * width + c for _, r, c in pool["steps"][n]["window"]]
    sentence = f"Value ({i}, {j}) is {value}. It came from row {row}, column {column}, and goes back there"
    sentence += ", where an overlapping window has put it before." if step["again"] else "."
    largest = np.abs(trace["output"]).max() or 1.0
    return {
        "at": f"value ({i}, {j})",
        "cells": [window, [n], [n]],
        "best": window.index(index),
        "writes": [[index, value, round(abs(step["value"]) / largest, 2)]],
        "products": [],
        "total": f"index {index} = {row}·{width} + {column} → row {row}, column {column}:",
        "value": value,
        "variables": ["", f"i = {i}", f"j = {j}", f"row, column = {row}, {column}", f"= {value}"],
        "sentence": sentence,
    }


def _rounded(step: dict) -> list[float]:
    """Return the sums of a stamp, with a 0 for what rounding leaves of terms that cancel."""
    totals = []
    for (value, weight), before, total in zip(step["terms"], step["before"], step["sums"], strict=True):
        totals += without_noise([total], [value * weight, before or 0.0])
    return totals


def _last(trace: dict, stamps: list[list[float]], shape: Any) -> np.ndarray:
    """Return what stands in the uncropped output in the end."""
    canvas = np.zeros(shape)
    for step, sums in zip(trace["steps"], stamps, strict=True):
        for cell, total in zip(step["cells"], sums, strict=True):
            canvas[tuple(np.add(cell, trace["padding"]))] = total
    return canvas


def _conv_transpose_code(trace: dict, size: Any, shape: Any) -> list[str]:
    slices = []
    for index, k, s in zip("ij", size, trace["stride"], strict=True):
        start = index if s == 1 else f"{index}*{s}"
        slices.append(f"{start} : {start}+{k}")
    crop = ", ".join(f"{p}:-{p}" if p else ":" for p in trace["padding"])
    return [
        f"out = np.zeros(({shape[0]}, {shape[1]}))",
        f"for i in range({len(trace['input'])}):",
        f"    for j in range({len(trace['input'][0])}):",
        f"        out[{', '.join(slices)}] += x[i, j] * kernel",
        *([f"out = out[{crop}]"] if any(trace["padding"]) else []),
    ]


def _size_note(trace: dict, size: Any) -> str:
    """Return the arithmetic of the output size, for both sides."""
    parts = []
    for side, n, k, s, p, result in zip(
        ("height", "width"),
        np.shape(trace["input"]),
        size,
        trace["stride"],
        trace["padding"],
        np.shape(trace["output"]),
        strict=True,
    ):
        steps = f"({n} − 1)·{s}" if s > 1 else f"{n} − 1"
        parts.append(f"{side} {steps} + {k}" + (f" − 2·{p}" if p else "") + f" = {result}")
    return "output " + ", ".join(parts)
