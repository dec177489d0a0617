"""Steppers: one output cell at a time, with its window, its arithmetic and the line of code that runs."""

from __future__ import annotations

from typing import Any

from .hosting import Frozen
from .scenes import conv_scene, describe, pool_scene
from .traces import conv_trace, pool_trace


def step_conv(
    x: Any, weight: Any, bias: float | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> Frozen:
    """Step through a convolution with one output channel, in any notebook or exported page.

    Parameters
    ----------
    x : array or tensor [H, W] or [Cin, H, W]
        At most 20 × 20 with its padding, at most 4 channels.
    weight : array or tensor [kh, kw] or [Cin, kh, kw]
    bias : float, optional
    stride, padding, dilation : int or (y, x)

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
    return _stepper("step_conv", conv_scene(conv_trace(x, weight, bias, stride, padding, dilation)))


def step_pool(x: Any, size: Any, stride: Any = None, mode: str = "max") -> Frozen:
    """Step through max pooling (with the flat index of each maximum) or average pooling.

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
    return _stepper("step_pool", pool_scene(pool_trace(x, size, stride, mode)))


def _stepper(name: str, scene: dict) -> Frozen:
    output = scene["planes"][scene["outputs"][0]]
    shape = f"{output['rows']} × {output['columns']}"

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
