"""Steppers: one output cell at a time, with its window, its arithmetic and the line of code that runs."""

from __future__ import annotations

from typing import Any

from ..hosting import Frozen
from .scenes import conv_scene, describe, pool_scene
from .traces import conv_trace, conv_transpose_trace, pool_trace, unpool_trace
from .upscenes import conv_transpose_scene, unpool_scene


def step_conv(
    x: Any,
    weight: Any,
    bias: float | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    code: bool = True,
) -> Frozen:
    """Step through a convolution with one output channel, in any notebook or exported page.

    Parameters
    ----------
    x : array or tensor [H, W] or [Cin, H, W]
        At most 20 × 20 with its padding, at most 4 channels.
    weight : array or tensor [kh, kw] or [Cin, kh, kw]
    bias : float, optional
    stride, padding, dilation : int or (y, x)
    code : bool
        Whether to show the loop that computes it; False where a learner is about to write that loop.

    Returns
    -------
    Frozen
        Displays itself; arrow keys, Home, End and space work while it has the focus. ``alt`` describes it.

    Raises
    ------
    ValueError
        When shapes do not agree, the kernel does not fit, or there is more than can be read.

    Examples
    --------
    >>> step_conv([[1, 2, 3], [4, 5, 6]], [[-1, 1]])
    <step_conv: output 2 × 2 in 4 steps>
    """
    return _stepper("step_conv", conv_scene(conv_trace(x, weight, bias, stride, padding, dilation)), code)


def step_pool(x: Any, size: Any, stride: Any = None, mode: str = "max", code: bool = True) -> Frozen:
    """Step through max pooling (with the flat index of each maximum) or average pooling.

    Parameters
    ----------
    x : array or tensor [H, W]
        At most 20 × 20.
    size : int or (y, x)
    stride : int or (y, x), optional
        The size when None.
    mode : {"max", "average"}
    code : bool
        As in `step_conv`.

    Returns
    -------
    Frozen
        As `step_conv`.

    Raises
    ------
    ValueError
        For another mode, a wrong shape, a window that does not fit, or more than can be read.

    Examples
    --------
    >>> step_pool([[1, 5, 2, 0], [4, 3, 8, 8]], 2)
    <step_pool: output 1 × 2 in 2 steps>
    """
    return _stepper("step_pool", pool_scene(pool_trace(x, size, stride, mode)), code)


def step_conv_transpose(x: Any, kernel: Any, stride: Any = 1, padding: Any = 0, code: bool = True) -> Frozen:
    """Step through a transposed convolution: each input cell stamps the kernel onto the output.

    Parameters
    ----------
    x : array or tensor [H, W]
    kernel : array or tensor [kh, kw]
        At most 25 weights; the output, before it is cropped, may have at most 20 × 20 cells.
    stride, padding : int or (y, x)
        Padding crops the output.
    code : bool
        As in `step_conv`.

    Returns
    -------
    Frozen
        As `step_conv`; one step for each input cell.

    Raises
    ------
    ValueError
        When shapes do not agree, cropping leaves nothing, or there is more than can be read.

    Examples
    --------
    >>> step_conv_transpose([[1, 2], [3, 4]], [[1, 1, 1]], stride=2)
    <step_conv_transpose: output 3 × 5 in 4 steps>
    """
    trace = conv_transpose_trace(x, kernel, stride, padding)
    return _stepper("step_conv_transpose", conv_transpose_scene(trace), code)


def step_unpool(x: Any, size: Any, stride: Any = None, code: bool = True) -> Frozen:
    """Step through max-unpooling: each maximum goes back to where max pooling found it.

    Parameters
    ----------
    x : array or tensor [H, W]
        What is pooled first; at most 20 × 20.
    size : int or (y, x)
    stride : int or (y, x), optional
        The size when None.
    code : bool
        As in `step_conv`.

    Returns
    -------
    Frozen
        As `step_conv`; one step for each maximum.

    Raises
    ------
    ValueError
        As `step_pool`.

    Examples
    --------
    >>> step_unpool([[1, 5, 2, 0], [4, 3, 8, 8]], 2)
    <step_unpool: output 2 × 4 in 2 steps>
    """
    trace = unpool_trace(x, size, stride)
    return _stepper("step_unpool", unpool_scene(trace), code)


def _stepper(name: str, scene: dict, code: bool) -> Frozen:
    output = scene["planes"][scene["outputs"][0]]
    top, left = output.get("padding", (0, 0))  # what is cropped does not count
    shape = f"{output['rows'] - 2 * top} × {output['columns'] - 2 * left}"
    if not code:
        scene = scene | {"code": [], "steps": [step | {"variables": []} for step in scene["steps"]]}

    def draw() -> bytes:
        from .stills import still  # matplotlib, only where a picture is wanted

        return still(scene)

    return Frozen(
        "stepper",
        {"scene": scene},
        name=f"{name}: output {shape} in {len(scene['steps'])} steps",
        alt=describe(scene),
        draw=draw,
    )
