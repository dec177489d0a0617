"""Five kinds of shapes, and which part of each pixel one covers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

KINDS = ("circle", "square", "triangle", "cross", "star")
GRID = 4  # points per pixel and axis at which a shape is sampled


class Shape(NamedTuple):
    """A shape: center and radius of the circle around it in pixels, turned counterclockwise by radians."""

    kind: int
    y: float
    x: float
    radius: float
    turn: float


def coverage(shape: Shape, size: tuple[int, int]) -> np.ndarray:
    """Return which part of each pixel the shape covers, in sixteenths: float32 [H, W] in 0..1.

    Pixel (y, x) is the square from y to y + 1 and from x to x + 1. What lies outside the picture is cut off.

    Examples
    --------
    >>> coverage(Shape(0, y=2.0, x=2.0, radius=1.0, turn=0.0), (4, 4))[1:3, 1:3]
    array([[0.8125, 0.8125],
           [0.8125, 0.8125]], dtype=float32)
    """
    height, width = size
    top, bottom = max(0, int(shape.y - shape.radius)), min(height, int(shape.y + shape.radius) + 1)
    left, right = max(0, int(shape.x - shape.radius)), min(width, int(shape.x + shape.radius) + 1)
    covered = np.zeros(size, np.float32)
    if top >= bottom or left >= right:
        return covered
    ys = (np.arange((bottom - top) * GRID) + 0.5) / GRID + top - shape.y
    xs = (np.arange((right - left) * GRID) + 0.5) / GRID + left - shape.x
    inside = _inside(shape, ys[:, None], xs[None, :])
    blocks = inside.reshape(bottom - top, GRID, right - left, GRID)
    covered[top:bottom, left:right] = blocks.mean(axis=(1, 3))
    return covered


def _inside(shape: Shape, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Whether points, relative to the center, lie inside."""
    if KINDS[shape.kind] == "circle":
        return y * y + x * x <= shape.radius**2
    corners = CORNERS[KINDS[shape.kind]] * shape.radius
    sin, cos = np.sin(shape.turn), np.cos(shape.turn)
    turned = corners @ np.array([[cos, sin], [-sin, cos]])
    inside = np.zeros(np.broadcast_shapes(y.shape, x.shape), bool)
    # A ray from an inner point to the right crosses the outline an odd number of times.
    for (y1, x1), (y2, x2) in zip(turned, np.roll(turned, -1, axis=0), strict=True):
        if y1 != y2:
            crosses = ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
            inside ^= crosses
    return inside


def _corners(radii: list[float], angles: list[float]) -> np.ndarray:
    """Return corners (y, x) by their distance from the center and their angle in degrees, 0 at the top."""
    radians = np.deg2rad(angles)
    return np.stack([-np.cos(radians) * radii, np.sin(radians) * radii], axis=1)


def _regular(n: int) -> np.ndarray:
    return _corners([1.0] * n, [360 * k / n for k in range(n)])


def _cross(arm: float) -> np.ndarray:
    """Return a cross whose arms are ``2 * arm`` wide, with all outer corners at distance 1."""
    reach = (1 - arm**2) ** 0.5
    quarter = np.array([(-reach, -arm), (-reach, arm), (-arm, arm)])
    turn = np.array([[0, -1], [1, 0]])  # (y, x) -> (x, -y), a quarter turn clockwise
    return np.concatenate([quarter @ np.linalg.matrix_power(turn, k) for k in range(4)])


CORNERS = {
    "square": _regular(4),
    "triangle": _regular(3),
    "cross": _cross(0.3),
    "star": _corners([1.0, 0.45] * 5, [36.0 * k for k in range(10)]),
}
