"""Collect what an operation does at each step, as plain lists and numbers that any drawing can use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cnncourse import ops

from ..arrays import as_array

LARGEST = 20  # rows or columns of a grid that can still be read; also bounds the number of steps by 400
_MOST_CHANNELS, _MOST_TERMS = 4, 49
_MOST_STAMPED = 25  # each of these cells is written anew in every step


def conv_trace(
    x: Any, weight: Any, bias: float | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> dict:
    """Return every step of a convolution with one output channel.

    Parameters
    ----------
    x : array or tensor [H, W] or [Cin, H, W]
        At most 20 × 20 with its padding, at most 4 channels.
    weight : array or tensor [kh, kw] or [Cin, kh, kw]
        One kernel plane for each input channel.
    bias : float, optional
    stride, padding, dilation : int or (y, x)

    Returns
    -------
    dict
        ``input`` [Cin][H][W], ``weight`` [Cin][kh][kw], ``bias``, ``stride``, ``padding``, ``dilation`` as
        [y, x], ``output`` [H'][W'], and ``steps``, one for each output cell in scan order: ``position``,
        ``window`` ([channel, row, column] of each input cell, in unpadded coordinates), ``terms``
        ([input value, weight] in the same order), ``sums`` (one for each channel), ``value``.

    Raises
    ------
    ValueError
        When shapes do not agree, or there is more than can be read.

    Examples
    --------
    >>> trace = conv_trace([[1, 2, 3]], [[-1, 1]])
    >>> trace["output"], trace["steps"][1]["terms"]
    ([[1.0, 1.0]], [[2.0, -1.0], [3.0, 1.0]])
    """
    planes, kernel = as_array(x, "x").astype(float), as_array(weight, "weight").astype(float)
    if planes.ndim == 2 and kernel.ndim == 2:
        planes, kernel = planes[None], kernel[None]
    if planes.ndim != 3 or kernel.ndim != 3 or len(planes) != len(kernel) or not planes.size:
        advice = "; show one output channel at a time: weight[0]" if kernel.ndim == 4 else ""
        raise ValueError(
            f"got x {planes.shape} and weight {kernel.shape}; expected [H, W] with [kh, kw], or "
            f"[Cin, H, W] with [Cin, kh, kw]{advice}"
        )
    if bias is not None and np.size(as_array(bias, "bias")) != 1:
        raise ValueError(f"got {np.size(as_array(bias))} biases; expected one number: bias[0]")
    shift = None if bias is None else float(as_array(bias).reshape(()))
    pads, strides = ops.pair(padding, "padding", least=0), ops.pair(stride, "stride")
    dilations = ops.pair(dilation, "dilation")
    _check_finite(x=planes, weight=kernel, bias=np.array(shift or 0.0))
    _check_readable(planes, pads, kernel.size)
    steps = ops.conv2d_steps(planes, kernel, shift or 0.0, stride=strides, padding=pads, dilation=dilations)
    return {
        "operation": "conv",
        "input": planes.tolist(),
        "weight": kernel.tolist(),
        "bias": shift,
        "stride": list(strides),
        "padding": list(pads),
        "dilation": list(dilations),
        **_collect(steps, channels=len(planes)),
    }


def pool_trace(x: Any, size: Any, stride: Any = None, mode: str = "max") -> dict:
    """Return every step of max or average pooling.

    Parameters
    ----------
    x : array or tensor [H, W]
        At most 20 × 20.
    size : int or (y, x)
    stride : int or (y, x), optional
        The size when None.
    mode : {"max", "average"}

    Returns
    -------
    dict
        As `conv_trace`, with ``size`` in place of the weight; for "max" each step has the flat ``index`` of
        its first maximum in x, and ``indices`` [H'][W'] holds them all.

    Raises
    ------
    ValueError
        For another mode, a wrong shape, or more than can be read.

    Examples
    --------
    >>> trace = pool_trace([[1, 5, 2, 0], [4, 3, 8, 8]], 2)
    >>> trace["output"], trace["indices"]
    ([[5.0, 8.0]], [[1, 6]])
    """
    if mode not in ("max", "average"):
        raise ValueError(f'got mode={mode!r}; expected "max" or "average"')
    plane = _plane(x, "x")
    sizes = ops.pair(size, "size")
    strides = sizes if stride is None else ops.pair(stride, "stride")
    _check_finite(x=plane)
    _check_readable(plane[None], (0, 0), sizes[0] * sizes[1])
    run = ops.max_pool2d_steps if mode == "max" else ops.avg_pool2d_steps
    return {
        "operation": mode,
        "input": [plane.tolist()],
        "size": list(sizes),
        "stride": list(strides),
        "padding": [0, 0],
        "dilation": [1, 1],
        **_collect(run(plane, sizes, strides), channels=1),
    }


def conv_transpose_trace(x: Any, kernel: Any, stride: Any = 1, padding: Any = 0) -> dict:
    """Return every stamp of a transposed convolution.

    Parameters
    ----------
    x : array or tensor [H, W]
    kernel : array or tensor [kh, kw]
        At most 25 weights; the output, before it is cropped, may have at most 20 × 20 cells.
    stride, padding : int or (y, x)
        Padding crops the output.

    Returns
    -------
    dict
        ``input`` [H][W], ``weight`` [kh][kw], ``stride`` and ``padding`` as [y, x], ``canvas`` (the output
        before it is cropped), ``output`` [H'][W'], and ``steps``, one for each input cell in scan order:
        ``position``, ``value``, ``cells`` ([row, column] of each output cell, in cropped coordinates),
        ``terms`` ([input value, weight] in the same order), ``before`` (what stood there, None where nothing
        had been added yet), ``sums`` (what stands there now).

    Raises
    ------
    ValueError
        When shapes do not agree, cropping leaves nothing, or there is more than can be read.

    Examples
    --------
    >>> trace = conv_transpose_trace([[1, 2]], [[1, 10]])
    >>> trace["output"], trace["steps"][1]["before"], trace["steps"][1]["sums"]
    ([[1.0, 12.0, 20.0]], [10.0, None], [12.0, 20.0])
    """
    plane, weights = _plane(x, "x"), as_array(kernel, "kernel").astype(float)
    _check_finite(x=plane, kernel=weights)
    pads, strides = ops.pair(padding, "padding", least=0), ops.pair(stride, "stride")
    output = ops.conv_transpose2d(plane, weights, strides, pads)
    canvas = ops.conv_transpose2d(plane, weights, strides)
    what = "output" + ", before it is cropped," * any(pads)
    _check_readable(canvas[None], (0, 0), weights.size, what, _MOST_STAMPED)
    stood: dict[tuple[int, int], float] = {}
    steps = []
    for step in ops.conv_transpose2d_steps(plane, weights, strides, pads):
        before = [stood.get(cell) for cell in step.cells]
        stood.update(zip(step.cells, step.sums, strict=True))
        steps.append(_collect_stamp(step) | {"before": before})
    return {
        "operation": "conv_transpose",
        "input": plane.tolist(),
        "weight": weights.tolist(),
        "stride": list(strides),
        "padding": list(pads),
        "canvas": canvas.tolist(),
        "output": output.tolist(),
        "steps": steps,
    }


def unpool_trace(x: Any, size: Any, stride: Any = None) -> dict:
    """Return max pooling of a plane, and every step of the unpooling that follows.

    Parameters
    ----------
    x, size, stride
        As in `pool_trace`.

    Returns
    -------
    dict
        ``pool`` (the `pool_trace`), ``output`` [H][W], and ``steps``, one for each pooled value in scan
        order: ``position``, ``value``, ``cells`` (the one [row, column] that is written), ``terms``,
        ``sums``, ``index``, ``again`` (whether a window before had the same maximum).

    Raises
    ------
    ValueError
        As `pool_trace`.

    Examples
    --------
    >>> trace = unpool_trace([[1, 5, 2, 0], [4, 3, 8, 8]], 2)
    >>> trace["output"]
    [[0.0, 5.0, 0.0, 0.0], [0.0, 0.0, 8.0, 0.0]]
    """
    pool = pool_trace(x, size, stride)
    shape = (len(pool["input"][0]), len(pool["input"][0][0]))
    values, indices = np.array(pool["output"]), np.array(pool["indices"])
    seen: set[int | None] = set()
    steps = []
    for step in ops.max_unpool2d_steps(values, indices, shape):
        steps.append(_collect_stamp(step) | {"index": step.index, "again": step.index in seen})
        seen.add(step.index)
    output = ops.max_unpool2d(values, indices, shape)
    return {"operation": "unpool", "pool": pool, "output": output.tolist(), "steps": steps}


def _collect_stamp(step: ops.Stamp) -> dict:
    return {
        "position": list(step.position),
        "value": step.value,
        "cells": [list(cell) for cell in step.cells],
        "terms": [list(term) for term in step.terms],
        "sums": list(step.sums),
    }


def _collect(steps: Iterable[Any], channels: int) -> dict:
    collected: list[dict[str, Any]] = []
    for step in steps:
        terms = [[float(value), float(weight)] for value, weight in step.terms]
        per_channel = len(terms) // channels
        entry = {
            "position": [int(v) for v in step.position],
            "window": [[int(v) for v in cell] for cell in step.window],
            "terms": terms,
            "sums": [
                sum(v * w for v, w in terms[c * per_channel : (c + 1) * per_channel]) for c in range(channels)
            ],
            "value": float(step.value),
        }
        if step.index is not None:
            entry["index"] = int(step.index)
        collected.append(entry)
    width = collected[-1]["position"][1] + 1

    def table(key: str) -> list[list[Any]]:
        flat = [step[key] for step in collected]
        return [flat[start : start + width] for start in range(0, len(flat), width)]

    indices = {"indices": table("index")} if "index" in collected[0] else {}
    return {"output": table("value"), **indices, "steps": collected}


def _plane(x: Any, name: str) -> np.ndarray:
    plane = as_array(x, name).astype(float)
    if plane.ndim != 2 or not plane.size:
        advice = f"; step through one channel at a time: {name}[0]" if plane.ndim > 2 else ""
        raise ValueError(f"got {name} {plane.shape}; expected one plane [H, W]{advice}")
    return plane


def _check_finite(**arrays: np.ndarray) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(
                f"{name} holds NaN or infinite values; expected numbers that can be added up by hand"
            )


def _check_readable(
    planes: np.ndarray, padding: tuple[int, int], terms: int, what: str = "input", most: int = _MOST_TERMS
) -> None:
    channels, height, width = planes.shape
    rows, columns = height + 2 * padding[0], width + 2 * padding[1]
    if max(rows, columns) > LARGEST:
        raise ValueError(
            f"the {what} is {rows} × {columns}{' with its padding' * any(padding)}; "
            f"cells can be read up to {LARGEST} × {LARGEST}: step through a part, such as x[..., :8, :8]"
        )
    if channels > _MOST_CHANNELS or terms > most:
        raise ValueError(
            f"each step would combine {terms} cells of {channels} channels; up to {most} cells and "
            f"{_MOST_CHANNELS} channels can be read: use a smaller window, or channels x[:3] and weight[:3]"
        )
