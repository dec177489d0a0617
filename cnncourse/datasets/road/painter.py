"""A pinhole camera and a brush: what lies in the street, in metres, becomes pixels with their class."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .colors import Color
from .moods import Mood

SCALE = 2  # the painting has this many rows and columns for each of the picture
NEAR, FAR = 0.8, 90.0  # metres between which things are drawn

Point = tuple[int, int]
Ink = tuple[int, int, int, int]  # red, green, blue, class


@dataclass(frozen=True)
class Camera:
    """Looks along the street (z) from the middle of the lane; x points right, y up from the ground.

    All in pixels of the painting but ``eye``, the metres above the ground. ``bend`` turns the street: a
    thing z metres away moves sideways by ``bend * z`` pixels.
    """

    focal: float
    center: float
    horizon: float
    eye: float
    bend: float

    def at(self, x: float, y: float, z: float) -> Point:
        """Return the pixel in which a place is seen."""
        scale = self.focal / z
        return (
            round(self.center + scale * x + self.bend * z),
            round(self.horizon + scale * (self.eye - y)),
        )


@dataclass
class Painter:
    """Paints color and class in one stroke: the class is the fourth channel of the painting."""

    camera: Camera
    mood: Mood
    size: tuple[int, int]  # of the painting
    painting: Image.Image = field(init=False)
    glows: list[tuple[Point, float, Color]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take a new sheet, and one for the shadows."""
        height, width = self.size
        self.painting = Image.new("RGBA", (width, height), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.painting)
        self._light = Image.new("L", (width, height), 255)
        self._shade = ImageDraw.Draw(self._light)
        self.at = self.camera.at

    def ink(self, color: Color, label: int, z: float, light: Color = (1.0, 1.0, 1.0)) -> Ink:
        """Return the color of a thing z metres away, lit and veiled by the air, with its class."""
        air = math.exp(-self.mood.haze * z)
        far = self.mood.horizon
        return (
            min(255, max(0, int(air * color[0] * light[0] + (1 - air) * far[0]))),
            min(255, max(0, int(air * color[1] * light[1] + (1 - air) * far[1]))),
            min(255, max(0, int(air * color[2] * light[2] + (1 - air) * far[2]))),
            label,
        )

    def poly(self, points: Iterable[Point], ink: Ink) -> None:
        """Fill a polygon."""
        self._draw.polygon(list(points), fill=ink)

    def line(self, points: Iterable[Point], ink: Ink, width: float = 1) -> None:
        """Draw a line, at least a pixel of the painting wide."""
        self._draw.line(list(points), fill=ink, width=max(1, round(width)))

    def disc(self, center: Point, radius: float, ink: Ink, tall: float = 1.0) -> None:
        """Fill an ellipse; ``tall`` is its height over its width."""
        x, y, dx, dy = *center, round(radius), round(radius * tall)
        self._draw.ellipse((x - dx, y - dy, x + dx, y + dy), fill=ink)

    def box(self, left: float, top: float, right: float, bottom: float, ink: Ink) -> None:
        """Fill an upright rectangle, given in pixels."""
        x0, y0, x1, y1 = round(left), round(top), round(right), round(bottom)
        self._draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), fill=ink)

    def ring(self, center: Point, radius: float, ink: Ink, width: float) -> None:
        """Draw a circle that is not filled."""
        x, y, r = *center, round(radius)
        self._draw.ellipse((x - r, y - r, x + r, y + r), outline=ink, width=max(1, round(width)))

    def bar(self, x: float, z: float, y0: float, y1: float, width: float, ink: Ink) -> None:
        """Draw an upright bar of a width in metres, but never thinner than a pixel of the picture."""
        foot, top = self.at(x, y0, z), self.at(x, y1, z)
        wide = max(SCALE, round(width * self.camera.focal / z))
        left = foot[0] - wide // 2
        self._draw.rectangle((left, min(top[1], foot[1]), left + wide - 1, foot[1]), fill=ink)

    def ground(self, x0: float, x1: float, z0: float, z1: float, ink: Ink) -> None:
        """Fill a rectangle that lies on the ground."""
        at = self.at
        self._draw.polygon([at(x0, 0, z1), at(x1, 0, z1), at(x1, 0, z0), at(x0, 0, z0)], fill=ink)

    def wall(self, x: float, z0: float, z1: float, y0: float, y1: float, ink: Ink) -> None:
        """Fill an upright rectangle that runs along the street."""
        at = self.at
        self._draw.polygon([at(x, y0, z0), at(x, y0, z1), at(x, y1, z1), at(x, y1, z0)], fill=ink)

    def front(self, x0: float, x1: float, y0: float, y1: float, z: float, ink: Ink) -> None:
        """Fill an upright rectangle that faces the camera."""
        self._draw.rectangle((*self.at(x0, y1, z), *self.at(x1, y0, z)), fill=ink)

    def relabel(self, points: list[Point], label: int) -> None:
        """Give a class to a polygon that one sees through, such as railings, and leave its colors."""
        height, width = self.size
        xs, ys = zip(*points, strict=True)
        left, right = max(0, min(xs)), min(width, max(xs) + 1)
        top, bottom = max(0, min(ys)), min(height, max(ys) + 1)
        if left >= right or top >= bottom:
            return
        patch = self.painting.crop((left, top, right, bottom))
        labels = patch.getchannel("A")
        ImageDraw.Draw(labels).polygon([(x - left, y - top) for x, y in points], fill=label)
        patch.putalpha(labels)
        self.painting.paste(patch, (left, top))

    def shadow(self, places: Iterable[tuple[float, float, float]]) -> None:
        """Let a polygon of places in the air (x, y, z) keep the sun from the ground."""
        mood = self.mood
        if not mood.shadow:
            return
        across, along = -mood.side * mood.slant, (0.45 if mood.behind else -0.3) * mood.slant
        points = [self.at(x + across * y, 0, max(NEAR, z + along * y)) for x, y, z in places]
        self._shade.polygon(points, fill=int(255 * (1 - mood.shadow)))

    def contact(self, x0: float, x1: float, z0: float, z1: float, depth: float = 0.55) -> None:
        """Darken the ground under a thing that stands on it, in any weather."""
        at = self.at
        points = [at(x0, 0, z1), at(x1, 0, z1), at(x1, 0, max(NEAR, z0)), at(x0, 0, max(NEAR, z0))]
        self._shade.polygon(points, fill=int(255 * (1 - depth)))

    def cast_shadows(self) -> None:
        """Lay the shadows over all that is painted so far; those of the sun are a little blue."""
        soft = self._light.filter(ImageFilter.BoxBlur(1))
        blue = soft.point([255 - (255 - v) * 4 // 5 for v in range(256)])
        opaque = Image.new("L", soft.size, 255)  # times 255 of 255: leaves the class as it is
        shade = Image.merge("RGBA", (soft, soft, blue, opaque))
        self.painting.paste(ImageChops.multiply(self.painting, shade))

    def glow(self, center: Point, radius: float, color: Color) -> None:
        """Remember a light that shines into the picture; it is added last, and changes no class."""
        self.glows.append((center, radius, color))

    def finish(self) -> tuple[Image.Image, np.ndarray]:
        """Return the picture, each pixel the mean of four, and the class of the upper left of the four."""
        labels = np.asarray(self.painting.getchannel("A"))[::SCALE, ::SCALE].copy()
        return self.painting.convert("RGB").reduce(SCALE), labels
