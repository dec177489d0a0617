"""Photographs come from the installed scikit-image, as floats in 0..1."""

from pathlib import Path

import numpy as np
import pytest
import skimage

from cnncourse.datasets import PHOTOGRAPHS, photograph

COLOR = {"astronaut", "chelsea", "coffee", "rocket"}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_every_photograph_is_the_shipped_one_between_0_and_1(name):
    picture = photograph(name)
    original = getattr(skimage.data, name)()
    np.testing.assert_allclose(picture, original / 255, atol=1e-6)
    assert picture.dtype == np.float32
    assert picture.ndim == (3 if name in COLOR else 2)
    assert 0 <= picture.min() < picture.max() <= 1


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_no_photograph_needs_the_network(name):
    folder = Path(skimage.data.__file__).parent
    assert any((folder / f"{name}.{ending}").is_file() for ending in ("png", "jpg"))


@pytest.mark.parametrize(
    ("name", "gray", "shape"), [("chelsea", False, (61, 90, 3)), ("coins", True, (61, 90))]
)
def test_size_is_height_by_width(name, gray, shape):
    picture = photograph(name, size=(61, 90), gray=gray)
    assert picture.shape == shape
    assert picture.dtype == np.float32
    assert 0 <= picture.min() < picture.max() <= 1


def test_gray_is_the_luminance_of_the_colors():
    expected = skimage.data.rocket() / 255 @ [0.2125, 0.7154, 0.0721]
    np.testing.assert_allclose(photograph("rocket", gray=True), expected, atol=1e-6)
    np.testing.assert_array_equal(photograph("coins", gray=True), photograph("coins"))


def test_shrinking_smooths_instead_of_picking_pixels():
    small = photograph("brick", size=(32, 32))
    blocks = photograph("brick").reshape(32, 16, 32, 16)
    picked = blocks[:, 8, :, 8]
    assert np.abs(small - blocks.mean((1, 3))).mean() < 0.5 * np.abs(picked - blocks.mean((1, 3))).mean()


def test_camera_is_the_default_and_each_call_gives_a_fresh_array():
    first = photograph()
    first[:] = 0
    np.testing.assert_array_equal(photograph(), photograph("camera"))
    assert photograph().max() > 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "cat"}, ValueError, "no photograph 'cat'; expected one of astronaut, .*camera, .*rocket"),
        ({"name": None}, ValueError, "no photograph None"),
        ({"size": (0, 5)}, ValueError, "size is 0"),
        ({"size": (4, 5, 3)}, ValueError, "size is .* with 3 numbers"),
        ({"size": 0.5}, TypeError, "size is 0.5"),
    ],
)
def test_bad_input_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        photograph(**arguments)
