"""Every form of upsampling agrees with torch, value and gradient, at odd sizes and both corner rules."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.ops import (
    conv_transpose2d,
    upsample_bilinear,
    upsample_bilinear_steps,
    upsample_nearest,
    upsample_nearest_steps,
)

repeatable = settings(deadline=None, derandomize=True, max_examples=60)
few = settings(repeatable, max_examples=12)
MAKERS = pytest.mark.parametrize("make", [np.asarray, torch.tensor])
FORMS = [upsample_nearest, upsample_nearest_steps, upsample_bilinear, upsample_bilinear_steps]


@st.composite
def maps(draw):
    """Random x [H, W] in float64, and either a scale or a size: larger, equal or smaller."""
    two = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    x = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(size=two(1, 6))
    return x, draw(
        st.sampled_from([{"scale": two(1, 4)}, {"scale": draw(st.integers(1, 5))}, {"size": two(1, 17)}])
    )


def by_torch(x, mode, scale=None, size=None, **options):
    if scale is not None:  # a size, so that torch does not work with the rounded inverse of the scale
        size = tuple(int(n) for n in np.multiply(x.shape[-2:], scale))
    return F.interpolate(torch.as_tensor(x)[None, None], size, mode=mode, **options)[0, 0]


@repeatable
@given(maps())
def test_nearest_gives_what_torch_gives(case):
    x, options = case
    for make in (np.asarray, torch.tensor):
        np.testing.assert_array_equal(upsample_nearest(make(x), **options), by_torch(x, "nearest", **options))


@repeatable
@given(maps(), st.booleans())
def test_bilinear_gives_what_torch_gives(case, align_corners):
    x, options = case
    options["align_corners"] = align_corners
    expected = by_torch(x, "bilinear", **options)
    for make in (np.asarray, torch.tensor):
        np.testing.assert_allclose(upsample_bilinear(make(x), **options), expected, atol=1e-12)


@repeatable
@given(maps(), st.booleans())
def test_gradients_are_those_of_torch(case, align_corners):
    x, options = case
    for ours, mode, more in (
        (upsample_nearest, "nearest", {}),
        (upsample_bilinear, "bilinear", {"align_corners": align_corners}),
    ):
        a, b = (torch.tensor(x, requires_grad=True) for _ in range(2))
        out = ours(a, **options, **more)
        upstream = torch.linspace(-1, 1, out.numel(), dtype=torch.float64).reshape(out.shape)
        out.backward(upstream)
        by_torch(b, mode, **options, **more).backward(upstream)
        torch.testing.assert_close(a.grad, b.grad)


@few
@given(maps(), st.booleans())
def test_gradcheck_holds(case, align_corners):
    x, options = case
    a = torch.tensor(x, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: upsample_nearest(t, **options), a)
    assert torch.autograd.gradcheck(lambda t: upsample_bilinear(t, align_corners=align_corners, **options), a)


@repeatable
@given(maps(), st.booleans())
def test_steps_tell_the_arithmetic_of_what_torch_gives(case, align_corners):
    x, options = case
    for steps, mode, most, more in (
        (upsample_nearest_steps, "nearest", 1, {}),
        (upsample_bilinear_steps, "bilinear", 4, {"align_corners": align_corners}),
    ):
        expected = by_torch(x, mode, **options, **more).numpy()
        told = list(steps(x, **options, **more))
        assert [step.position for step in told] == list(np.ndindex(*expected.shape))
        for step in told:
            assert [value for value, _ in step.terms] == [x[row, column] for _, row, column in step.window]
            assert all(channel == 0 for channel, _, _ in step.window)
            assert 1 <= len(step.window) == len(set(step.window)) <= most
            assert all(weight > 0 for _, weight in step.terms)
            assert sum(weight for _, weight in step.terms) == pytest.approx(1)
            assert sum(value * weight for value, weight in step.terms) == pytest.approx(step.value)
            assert step.value == pytest.approx(expected[step.position], abs=1e-12)


@MAKERS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(3))
def test_leading_axes_and_either_precision(make, dtype, seed):
    x = np.random.default_rng(seed).normal(size=(2, 3, 5, 7)).astype(dtype)
    tensor = torch.tensor(x)
    for options in ({"scale": (3, 2)}, {"size": (11, 16)}):
        torch_options = {"size": options.get("size", (15, 14))}
        got = upsample_nearest(make(x), **options)
        assert str(got.dtype).endswith(dtype)
        np.testing.assert_array_equal(got, F.interpolate(tensor, mode="nearest", **torch_options))
        for align_corners in (False, True):
            got = upsample_bilinear(make(x), align_corners=align_corners, **options)
            assert str(got.dtype).endswith(dtype)
            expected = F.interpolate(tensor, mode="bilinear", align_corners=align_corners, **torch_options)
            np.testing.assert_allclose(got, expected, atol=1e-5 if dtype == "float32" else 1e-12)


@MAKERS
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_nearest_keeps_the_type_so_that_class_numbers_stay_class_numbers(make, dtype):
    mask = np.array([[0, 1, 1]]).astype(dtype) * np.array(200 if dtype == "uint8" else 1, dtype)
    big = upsample_nearest(make(mask), 2)
    assert str(big.dtype).endswith(dtype)
    assert set(np.asarray(big).ravel().tolist()) == set(mask.ravel().tolist())


def test_bilinear_turns_integers_into_floats_before_it_blends():
    white = np.full((2, 3), 255, np.uint8)
    assert upsample_bilinear(white, 2).dtype == np.float64
    assert (upsample_bilinear(white, 2) == 255).all()
    assert upsample_bilinear(torch.full((2, 3), 200, dtype=torch.uint8), 2).dtype == torch.get_default_dtype()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scale", [(2, 3), (3, 2), (4, 1)])
def test_bilinear_is_a_transposed_convolution_of_the_map_with_repeated_edges(seed, scale):
    x = np.random.default_rng(seed).normal(size=(5, 4))
    tents = []
    for s in scale:
        offsets = np.arange(2 * s - s % 2) - (2 * s - s % 2 - 1) / 2
        tents.append(1 - np.abs(offsets) / s)
    kernel = np.outer(*tents)
    stamped = conv_transpose2d(np.pad(x, 1, mode="edge"), kernel, stride=scale)
    # A cell's center lands on its stamp's center; the added edge cells come before that of the first one.
    first = [s + (len(tent) - s) // 2 for s, tent in zip(scale, tents, strict=True)]
    height, width = np.multiply(x.shape, scale)
    cropped = stamped[first[0] : first[0] + height, first[1] : first[1] + width]
    np.testing.assert_allclose(upsample_bilinear(x, scale), cropped, atol=1e-12)


@pytest.mark.parametrize("align_corners", [False, True])
def test_bilinear_keeps_constants_and_invents_no_extremes(align_corners):
    flat = upsample_bilinear(np.full((3, 5), 7.0), (2, 3), align_corners)
    np.testing.assert_allclose(flat, np.full((6, 15), 7.0))
    x = np.random.default_rng(0).normal(size=(3, 5))
    big = upsample_bilinear(x, 5, align_corners)
    assert x.min() - 1e-12 <= big.min()
    assert big.max() <= x.max() + 1e-12
    corners = np.ix_([0, -1], [0, -1])
    np.testing.assert_array_equal(big[corners], x[corners])
    assert np.array_equal(upsample_bilinear(x, 3, align_corners)[1::3, 1::3], x) is not align_corners


def test_a_single_cell_fills_whatever_is_asked_for():
    for align_corners in (False, True):
        assert (
            upsample_bilinear([[3.0]], size=(2, 3), align_corners=align_corners).tolist() == [[3.0] * 3] * 2
        )
    assert upsample_nearest([[3]], size=(1, 2)).tolist() == [[3, 3]]


@MAKERS
def test_nearest_gives_each_cell_its_share_at_sizes_where_rounding_would_not(make):
    """41 · 2 / 82 is 1, but 0.99999994 in single precision, where torch then takes cell 0."""
    x = np.array([[0, 1]], np.float32)
    assert upsample_nearest(make(x), size=(1, 82)).tolist() == [[0] * 41 + [1] * 41]


def test_the_input_is_neither_changed_nor_handed_back():
    for upsample in (upsample_nearest, upsample_bilinear):
        x = np.ones((3, 4))
        out = upsample(x, 1)
        out += 7
        assert (x == 1).all()


@pytest.mark.parametrize("upsample", FORMS)
@pytest.mark.parametrize(
    ("x", "options", "error", "message"),
    [
        (np.ones(4), {"scale": 2}, ValueError, r"x has shape \(4,\)"),
        (np.ones((0, 4)), {"scale": 2}, ValueError, "no cell at all"),
        (np.ones((3, 4)), {}, ValueError, "neither scale nor size; expected one"),
        (
            np.ones((3, 4)),
            {"scale": 2, "size": (6, 8)},
            ValueError,
            r"scale 2 and size \(6, 8\); expected one",
        ),
        (np.ones((3, 4)), {"scale": 0}, ValueError, "scale is 0"),
        (np.ones((3, 4)), {"scale": 1.5}, TypeError, r"scale is 1.5; expected an int .* pass size=\(H, W\)"),
        (np.ones((3, 4)), {"scale": (2, 1.5)}, TypeError, r"scale is \(2, 1.5\); expected an int"),
        (np.ones((3, 4)), {"scale": "2"}, TypeError, "scale is '2'"),
        (np.ones((3, 4)), {"size": (6, 0)}, ValueError, "size is 0"),
        (np.ones((3, 4)), {"size": (6, 8, 3)}, ValueError, "size is .* with 3 numbers"),
        (np.ones((3, 4)), {"size": 6.0}, TypeError, "size is 6.0"),
        ([["a"]], {"scale": 2}, TypeError, "x holds .* expected real numbers"),
        ([[1, 2], [3]], {"scale": 2}, ValueError, "rows of different length"),
    ],
)
def test_bad_input_is_refused_at_once(upsample, x, options, error, message):
    with pytest.raises(error, match=message):
        upsample(x, **options)


@pytest.mark.parametrize("steps", [upsample_nearest_steps, upsample_bilinear_steps])
def test_steps_take_one_map_at_a_time(steps):
    with pytest.raises(ValueError, match=r"expected \[H, W\]: step through one map"):
        steps(np.ones((1, 4, 4)), 2)
