"""The palette is measured as people with and without color vision deficiencies see it."""

import itertools

import matplotlib
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from cnncourse.viz import style

# Machado, Oliveira & Fernandes (2009), severity 1, for linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}
# What each kind of vision leaves of the smallest difference; a difference of 1 can just be seen.
FLOOR = {"normal": 21, "protanopia": 12, "deuteranopia": 11, "tritanopia": 10.5}


def linear(color):
    rgb = np.array(matplotlib.colors.to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def seen(color, vision):
    rgb = np.clip(np.array(VISION[vision]) @ linear(color), 0, 1)
    encoded = np.where(rgb <= 0.0031308, rgb * 12.92, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return rgb2lab(encoded[None])[0]


def contrast(first, second):
    lights = sorted(linear(color) @ [0.2126, 0.7152, 0.0722] + 0.05 for color in (first, second))
    return lights[1] / lights[0]


@pytest.mark.parametrize("vision", VISION)
def test_any_two_of_eleven_classes_and_ignore_differ(vision):
    colors = [*style.PALETTE, style.IGNORE]
    assert len(set(colors)) == 12
    smallest = min(
        (deltaE_ciede2000(seen(a, vision), seen(b, vision)), a, b)
        for a, b in itertools.combinations(colors, 2)
    )
    assert smallest[0] >= FLOOR[vision], smallest


def test_simulated_dichromats_confuse_what_they_are_known_to_confuse():
    red, green, blue = "#FF0000", "#9A8800", "#0000FF"
    assert deltaE_ciede2000(seen(red, "deuteranopia"), seen(green, "deuteranopia")) < 12
    assert deltaE_ciede2000(seen(red, "deuteranopia"), seen(blue, "deuteranopia")) > 40


@pytest.mark.parametrize("vision", VISION)
def test_positive_and_negative_differ(vision):
    assert deltaE_ciede2000(seen(style.POSITIVE, vision), seen(style.NEGATIVE, vision)) > 25


def test_text_and_outlines_stand_out_from_the_page():
    assert contrast(style.INK, style.SURFACE) > 7
    assert contrast(style.QUIET, style.SURFACE) > 4.5
    assert contrast(style.ACCENT, style.SURFACE) > 3


def test_style_leaves_matplotlib_as_it_was():
    before = dict(matplotlib.rcParams)
    with style.apply():
        assert matplotlib.rcParams["axes.titlesize"] != before["axes.titlesize"]
    assert dict(matplotlib.rcParams) == before


def test_signed_map_is_white_at_zero_and_as_dark_at_both_ends():
    colormap = style.signed_map()
    assert colormap(0.5) == (1, 1, 1, 1)
    low, high = (colormap(end)[:3] for end in (0.0, 1.0))
    assert low[0] > low[2], "below zero is orange"
    assert high[2] > high[0], "above zero is blue"
    assert abs(rgb2lab([low])[0, 0] - rgb2lab([high])[0, 0]) < 10


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (-0.0, "0"), (7.0, "7"), (-12, "−12"), (0.5, "0.5"), (2 / 3, "0.67"), (-9.999, "−10"),
        (12.34, "12.3"), (123.4, "123"), (0.0041, "0.004"), (0.00041, "4.1e−4"), (2.5e9, "2.5e9"),
        (1e6, "1e6"), (float("nan"), "nan"), (float("-inf"), "−∞"), (np.float32(0.1), "0.1"),
        (np.int64(3), "3"),
    ],
)  # fmt: skip
def test_numbers_are_short_and_true(value, text):
    assert style.number(value) == text
