"""Colors as three numbers, 0..255 for a thing and factors for light."""

from __future__ import annotations

Color = tuple[float, float, float]


def scaled(color: Color, factor: float) -> Color:
    """Return a darker or lighter color."""
    return color[0] * factor, color[1] * factor, color[2] * factor


def blend(first: Color, second: Color, share: float) -> Color:
    """Return ``share`` of the second color and the rest of the first."""
    keep = 1 - share
    return (
        keep * first[0] + share * second[0],
        keep * first[1] + share * second[1],
        keep * first[2] + share * second[2],
    )
