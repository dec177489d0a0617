"""Colors as three numbers, 0..255 for a thing and factors for light."""

from __future__ import annotations

Color = tuple[float, float, float]


def scaled(color: Color, factor: float) -> Color:
    """Return a darker or lighter color."""
    return color[0] * factor, color[1] * factor, color[2] * factor


def blend(first: Color, second: Color, share: float) -> Color:
    """Return ``share`` of the second color and the rest of the first."""
    rest = 1 - share
    return tuple(rest * a + share * b for a, b in zip(first, second, strict=True))  # type: ignore[return-value]
