"""Exercise 1.3: a kernel that finds vertical edges.

Many kernels do, so their responses to small scenes are judged, not their weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops import conv2d
from ..exercise import Exercise, Misconception, Probe, Unusable
from ..observing import Seen

_EDGE = np.repeat([[0.0, 0, 1, 1]], 3, axis=0)
_FLAT = np.ones((3, 4))
_HORIZONTAL = np.repeat([[0.0], [0], [1], [1]], 3, axis=1)


def vertical_edge_kernel() -> np.ndarray:
    """Return a kernel [3, 3] that answers a vertical edge from dark to bright with a positive value: Sobel's.

    >>> conv2d(np.repeat([[0.0, 0, 1, 1]], 3, axis=0), vertical_edge_kernel())
    array([[4., 4.]])
    """
    return np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def _kernel(value: Any) -> np.ndarray:
    """Return the answer's kernel as float64 with the largest weight 1, or raise Unusable."""
    if isinstance(value, list | tuple):
        raise Unusable("That is a list. Make it a NumPy array: np.array([[…], […], […]]).")
    if not isinstance(value, np.ndarray):
        raise Unusable(f"Expected a NumPy array of shape [3, 3], got {type(value).__name__}.")
    if value.shape != (3, 3):
        raise Unusable(f"Expected an array of shape [3, 3], got {list(value.shape)}.")
    if value.dtype.kind not in "fiu":
        raise Unusable(f"Expected an array of real numbers, got dtype {value.dtype}.")
    if not np.isfinite(value).all():
        raise Unusable("The kernel holds NaN or infinity. Its weights must be ordinary numbers.")
    return value.astype(np.float64) / (np.abs(value.astype(np.float64)).max() or 1)


def _responses(value: Any, scene: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the signs of the kernel's responses, and the responses in words."""
    found = conv2d(scene, _kernel(value)).ravel()
    found[np.abs(found) < 1e-6] = 0
    shown = conv2d(scene, np.asarray(value, np.float64)).ravel()
    return np.sign(found), "responses " + ", ".join(f"{number:.4g}" for number in shown)


def _at_flat(value: Any) -> Seen:
    signs, text = _responses(value, _FLAT)
    return Seen("not 0", text) if signs.any() else Seen("0", "0 everywhere")


def _unless_flat_responds(judge: Callable[[Any], Seen]) -> Callable[[Any], Seen]:
    """Judge edges only when flat areas give 0: else brightness and edge are mixed up in the response."""
    return lambda value: judge(value) if _at_flat(value).kind == "0" else Seen("not yet")


def _at_edge(value: Any) -> Seen:
    signs, text = _responses(value, _EDGE)
    if signs.min() >= 0 and signs.max() > 0:
        return Seen("positive", "a positive response and none below 0")
    kinds = {(0, 0): "nothing", (-1, 1): "both signs"}
    return Seen(kinds.get((signs.min(), signs.max()), "negative"), text)


def _at_horizontal(value: Any) -> Seen:
    signs, text = _responses(value, _HORIZONTAL)
    return Seen("not 0", text) if signs.any() else Seen("0", "0 everywhere")


def _pattern(value: Any) -> Seen:
    """Tell kernels apart that respond to flat areas."""
    kernel = _kernel(value)
    if _at_flat(value).kind == "0":
        return Seen("weights that cancel")
    direct = kernel[[0, 1, 1, 2], [1, 0, 2, 1]]
    if not np.delete(kernel.ravel(), 4).any():
        return Seen("only the middle weight")
    if (kernel >= 0).all() or (kernel <= 0).all():
        return Seen("weights of one sign")
    if (direct * kernel[1, 1] < 0).all():
        return Seen("the middle against its neighbors")
    return Seen("weights of both signs")


def _always(*rows: list[float]) -> Callable[[], np.ndarray]:
    return lambda: np.array(rows, dtype=np.float64)


def _each(*kernels: list[list[float]]) -> tuple[Callable[[], np.ndarray], ...]:
    return tuple(_always(*kernel) for kernel in kernels)


_MISCONCEPTIONS = (
    Misconception(
        "sign reversed",
        "Your kernel answers edges from bright to dark. For dark to bright the left column must be negative "
        "and the right one positive: right minus left.",
        _each([[1, 0, -1], [2, 0, -2], [1, 0, -1]]),
    ),
    Misconception(
        "horizontal instead of vertical edges",
        "Your kernel compares top and bottom, so it answers horizontal edges. A vertical edge separates "
        "left from right: compare columns.",
        _each(
            [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
            [[-1, -1, -1], [2, 2, 2], [-1, -1, -1]],
        ),
    ),
    Misconception(
        "diagonal edges",
        "Your kernel answers horizontal edges too. Each row of the kernel must add up to 0: then what "
        "changes from row to row leaves it cold.",
        _each(
            [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]],
            [[2, 1, 0], [1, 0, -1], [0, -1, -2]],
            [[-1, 0, 0], [0, 1, 0], [0, 0, 0]],
            [[1, 0, 0], [0, -1, 0], [0, 0, 0]],
        ),
    ),
    Misconception(
        "blur",
        "Weights of one sign average the neighborhood, or add it up: flat areas answer as well. An edge "
        "kernel takes a difference, so it needs negative and positive weights.",
        _each([[1, 2, 1], [2, 4, 2], [1, 2, 1]], [[-1, -1, -1], [-1, -1, -1], [-1, -1, -1]], [[1, 0, 0]] * 3),
    ),
    Misconception(
        "identity",
        "One weight in the middle gives the image back unchanged. An edge is a difference of neighbors.",
        _each([[0, 0, 0], [0, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, -1, 0], [0, 0, 0]]),
    ),
    Misconception(
        "no response to edges",
        "Your kernel gives 0 even where dark meets bright. The columns must differ: bright minus dark, "
        "right minus left.",
        _each([[0, 0, 0]] * 3, [[1, 0, -1], [0, 0, 0], [-1, 0, 1]], [[-1, 1, 0], [1, -1, 0], [0, 0, 0]]),
    ),
    Misconception(
        "edges of every direction",
        "Your kernel compares the middle with all its neighbors (Laplace, sharpening). It answers edges of "
        "every direction, positive on one side and negative on the other. Compare left with right only.",
        _each(
            [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],
            [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
            [[0, 1, 0], [1, -5, 1], [0, 1, 0]],
        ),
    ),
    Misconception(
        "a line instead of an edge",
        "Your kernel compares the middle column with both sides, so it answers a thin line. At an edge it "
        "gives a positive and a negative value. An edge has two sides only: left and right.",
        _each([[-1, 2, -1]] * 3, [[0, 0, 0], [-1, 2, -1], [0, 0, 0]]),
    ),
    Misconception(
        "weights do not add up to 0",
        "A flat area gives its brightness times the sum of all weights. That must be 0, so the weights must "
        "cancel.",
        _each([[-1, 0, 1], [-2, 0, 2], [-1, 0, 2]], [[-1, 1, 1]] * 3, [[0, -1, 0], [-1, 5, 0], [0, 0, 0]]),
    ),
)

EXERCISE = Exercise(
    name="vertical_edge_kernel",
    number="1.3",
    signature="vertical_edge_kernel() -> [3,3]",
    reference=vertical_edge_kernel,
    probes=(
        Probe(observe=_at_flat, note="on a flat area, all 1"),
        Probe(observe=_unless_flat_responds(_at_edge), note="on a vertical edge, each row 0 0 1 1"),
        Probe(
            observe=_unless_flat_responds(_at_horizontal), note="on a horizontal edge, each column 0 0 1 1"
        ),
        Probe(observe=_pattern, note="the weights"),
    ),
    misconceptions=_MISCONCEPTIONS,
    hints=(
        "Lay your kernel on the scene 0 0 1 1: left of the edge is 0, right of it is 1. Which weights "
        "should meet the bright side?",
        "Take the right neighbor minus the left one: negative weights left, positive weights right. In flat "
        "areas they must cancel, so what do all the weights add up to?",
        "Each row of the kernel does the same job, −a 0 a, and may have its own a.",
    ),
)
