"""All forms of transposed convolution agree with torch, and are what they are called: the transpose."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.ops import (
    conv2d,
    conv_matrix,
    conv_transpose2d,
    conv_transpose2d_steps,
    conv_transpose_matrix,
)

repeatable = settings(deadline=None, derandomize=True, max_examples=60)
few = settings(repeatable, max_examples=12)


@st.composite
def stamps(draw):
    """Random (x [H, W], kernel [kh, kw]) in float64, and settings, all sizes that a convolution came from."""
    two = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    shape, size, stride = two(1, 5), two(1, 4), two(1, 4)
    most = [((n - 1) * s + k - 1) // 2 for n, s, k in zip(shape, stride, size, strict=True)]
    padding = tuple(draw(st.integers(0, min(3, p))) for p in most)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    options = {"stride": stride, "padding": padding}
    if draw(st.booleans()):
        least = smallest(shape, size, **options)
        options["output_size"] = tuple(
            n + draw(st.integers(0, s - 1)) for n, s in zip(least, stride, strict=True)
        )
    return rng.normal(size=shape), rng.normal(size=size), options


def smallest(shape, kernel, stride=1, padding=0):
    axes = (np.broadcast_to(value, 2) for value in (shape, kernel, stride, padding))
    return tuple((n - 1) * s + k - 2 * p for n, k, s, p in zip(*axes, strict=True))


def by_torch(x, kernel, output_size=None, **options):
    if output_size is not None:
        least = smallest(x.shape, kernel.shape, **options)
        options["output_padding"] = tuple(n - m for n, m in zip(output_size, least, strict=True))
    return F.conv_transpose2d(torch.as_tensor(x)[None], torch.as_tensor(kernel)[None, None], **options)[0]


@repeatable
@given(stamps())
def test_arrays_and_tensors_give_what_torch_gives(case):
    x, kernel, options = case
    expected = by_torch(x, kernel, **options)
    for make in (np.asarray, torch.tensor):
        np.testing.assert_allclose(conv_transpose2d(make(x), make(kernel), **options), expected, atol=1e-12)


@repeatable
@given(stamps())
def test_gradients_are_those_of_torch(case):
    x, kernel, options = case
    ours = [torch.tensor(a, requires_grad=True) for a in (x, kernel)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, kernel)]
    out, expected = conv_transpose2d(*ours, **options), by_torch(*theirs, **options)
    upstream = torch.linspace(-1, 1, out.numel(), dtype=torch.float64).reshape(out.shape)
    for got, want in zip(
        torch.autograd.grad(out, ours, upstream), torch.autograd.grad(expected, theirs, upstream), strict=True
    ):
        torch.testing.assert_close(got, want)


@few
@given(stamps())
def test_gradcheck_holds(case):
    x, kernel, options = case
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, kernel)]
    assert torch.autograd.gradcheck(lambda a, b: conv_transpose2d(a, b, **options), tensors)


@repeatable
@given(stamps())
def test_it_is_the_adjoint_of_convolution(case):
    """⟨conv(a), b⟩ = ⟨a, convT(b)⟩, where a has any of the sizes that conv turns into that of b."""
    b, kernel, options = case
    back = conv_transpose2d(b, kernel, **options)
    options.pop("output_size", None)
    a = np.random.default_rng(1).normal(size=back.shape)
    there = conv2d(a, kernel, **options)
    assert there.shape == b.shape
    assert (there * b).sum() == pytest.approx((a * back).sum(), abs=1e-10)


@repeatable
@given(stamps())
def test_stamps_matrix_transpose_and_gradient_of_a_convolution_are_the_same(case):
    x, kernel, options = case
    stamped = np.zeros(conv_transpose2d(x, kernel, **options).shape)
    for step in conv_transpose2d_steps(x, kernel, **options):
        for cell, (value, weight) in zip(step.cells, step.terms, strict=True):
            if all(0 <= c < n for c, n in zip(cell, stamped.shape, strict=True)):
                stamped[cell] += value * weight
    there = {key: options[key] for key in ("stride", "padding")}
    by_matrix = conv_matrix(kernel, stamped.shape, **there).T @ x.ravel()
    np.testing.assert_allclose(stamped.ravel(), by_matrix, atol=1e-12)
    matrix = conv_transpose_matrix(kernel, x.shape, **options)
    np.testing.assert_array_equal(matrix @ x.ravel(), by_matrix)
    image = torch.zeros(stamped.shape, dtype=torch.float64, requires_grad=True)
    out = F.conv2d(image[None, None], torch.tensor(kernel)[None, None], **there)
    (gradient,) = torch.autograd.grad(out, image, torch.tensor(x)[None, None])
    np.testing.assert_allclose(stamped, gradient, atol=1e-12)
    np.testing.assert_allclose(conv_transpose2d(x, kernel, **options), gradient, atol=1e-12)


def test_it_does_not_undo_a_convolution():
    x = np.random.default_rng(2).normal(size=(5, 7))
    kernel = np.random.default_rng(3).normal(size=(3, 2))
    assert abs(conv_transpose2d(conv2d(x, kernel), kernel) - x).max() > 0.5


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_every_size_that_leads_to_the_same_map_comes_back(make):
    """Stride 3 turns heights 7, 8, 9 and widths 5, 6, 7 into 3 × 2."""
    rng = np.random.default_rng(9)
    x, kernel = rng.normal(size=(3, 2)), rng.normal(size=(3, 4))
    for size in [(h, w) for h in (7, 8, 9) for w in (5, 6, 7)]:
        options = {"stride": 3, "padding": (1, 1)}
        got = conv_transpose2d(make(x), make(kernel), output_size=size, **options)
        assert tuple(got.shape) == size
        np.testing.assert_allclose(got, by_torch(x, kernel, size, **options), atol=1e-12)
        assert conv2d(got, make(kernel), **options).shape == x.shape


def test_the_size_may_be_one_that_cropping_alone_leaves_nothing_of():
    """The smallest width would be 0: padding crops both cells that the stamp fills; this one ends later."""
    options = {"stride": 3, "padding": (0, 1), "output_size": (1, 2)}
    x, kernel = np.array([[2.0]]), np.array([[3.0, 5.0]])
    got = conv_transpose2d(x, kernel, **options)
    assert got.tolist() == [[10.0, 0.0]]
    assert by_torch(x, kernel, **options).tolist() == got.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(3))
def test_either_precision_agrees_with_torch(dtype, seed):
    rng = np.random.default_rng(seed)
    x, kernel = rng.normal(size=(7, 5)).astype(dtype), rng.normal(size=(4, 3)).astype(dtype)
    options = {"stride": (2, 3), "padding": (1, 0)}
    got = conv_transpose2d(x, kernel, output_size=(15, 17), **options)
    assert got.dtype == dtype
    expected = by_torch(x, kernel, (15, 17), **options)
    np.testing.assert_allclose(got, expected, atol=1e-5 if dtype == "float32" else 1e-12)


@repeatable
@given(stamps())
def test_steps_build_up_what_torch_gives(case):
    x, kernel, options = case
    expected = by_torch(x, kernel, **options).numpy()
    out, cropped = np.zeros(expected.shape), {}
    steps = list(conv_transpose2d_steps(x, kernel, **options))
    assert [step.position for step in steps] == list(np.ndindex(*x.shape))
    for step in steps:
        assert step.value == x[step.position]
        assert step.index is None
        assert step.terms == [(step.value, w) for w in kernel.ravel()]
        top = np.multiply(step.position, options["stride"]) - options["padding"]
        assert step.cells == [tuple(top + offset) for offset in np.ndindex(*kernel.shape)]
        for cell, (value, weight), total in zip(step.cells, step.terms, step.sums, strict=True):
            inside = all(0 <= c < n for c, n in zip(cell, out.shape, strict=True))
            before = out[cell] if inside else cropped.get(cell, 0.0)
            assert total == pytest.approx(before + value * weight, abs=1e-12)
            if inside:
                out[cell] = total
            else:
                cropped[cell] = total
    np.testing.assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_leading_axes_are_stamped_one_by_one(make):
    rng = np.random.default_rng(4)
    x, kernel = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 2))
    got = conv_transpose2d(make(x), make(kernel), stride=(2, 1), padding=(1, 0))
    assert got.shape == (2, 3, 7, 6)
    for n, c in np.ndindex(2, 3):
        np.testing.assert_allclose(got[n, c], by_torch(x[n, c], kernel, stride=(2, 1), padding=(1, 0)))


def test_types_are_those_of_a_convolution():
    white = np.full((3, 4), 255, np.uint8)
    assert conv_transpose2d(white, np.ones((2, 2), np.uint8)).max() == 4 * 255
    assert conv_transpose2d(white.astype(np.float32), [[1, 2]]).dtype == np.float32
    assert conv_transpose2d(torch.ones(2, 3), np.ones((2, 2))).dtype == torch.float64
    assert conv_transpose2d(torch.ones(2, 3), [[1, 2]]).dtype == torch.float32
    mirrored = conv_transpose2d(np.ones((2, 3)), torch.ones(2, 2), padding=1)
    assert mirrored.tolist() == [[4.0, 4.0]]


def test_the_input_is_neither_changed_nor_handed_back():
    x, kernel = np.ones((3, 4)), np.ones((1, 1))
    out = conv_transpose2d(x, kernel)
    out += 7
    list(conv_transpose2d_steps(x, kernel))
    assert (x == 1).all()
    assert (kernel == 1).all()


def test_nothing_of_the_cropped_margins_stays_in_memory():
    for make in (np.ones, torch.ones):
        out = conv_transpose2d(make((3, 4)), make((5, 5)), padding=2)
        size = out.untyped_storage().nbytes() / 4 if isinstance(out, torch.Tensor) else out.size
        assert (out.base if isinstance(out, np.ndarray) else None) is None
        assert size == 12


@pytest.mark.parametrize("transpose", [conv_transpose2d, conv_transpose2d_steps])
@pytest.mark.parametrize(
    ("x", "kernel", "options", "error", "message"),
    [
        (np.ones(4), np.ones((2, 2)), {}, ValueError, r"x has shape \(4,\)"),
        (np.ones((0, 4)), np.ones((2, 2)), {}, ValueError, "no cell at all"),
        (np.ones((3, 4)), np.ones(2), {}, ValueError, r"kernel has shape \(2,\); expected \[kh, kw\]"),
        (np.ones((3, 4)), np.ones((2, 0)), {}, ValueError, "not empty"),
        (
            np.ones((2, 9)),
            np.ones((3, 3)),
            {"padding": (2, 0)},
            ValueError,
            "height: the stamps fill 4.*at most 1",
        ),
        (np.ones((9, 2)), np.ones((3, 3)), {"padding": 2}, ValueError, "along the width"),
        (np.ones((3, 4)), np.ones((2, 2)), {"stride": 0}, ValueError, "stride is 0"),
        (np.ones((3, 4)), np.ones((2, 2)), {"padding": -1}, ValueError, "padding is -1"),
        (np.ones((3, 4)), np.ones((2, 2)), {"stride": 1.5}, TypeError, "stride is 1.5"),
        (
            np.ones((3, 4)),
            np.ones((3, 3)),
            {"stride": 2, "padding": 1, "output_size": (5, 9)},
            ValueError,
            r"output_size is 9 along the width; expected 7..8, .*stride 2 and padding 1 makes 4 of these",
        ),
        (
            np.ones((3, 4)),
            np.ones((3, 3)),
            {"output_size": 4},
            ValueError,
            "output_size is 4 along the height; expected 5, ",
        ),
        (np.ones((3, 4)), np.ones((3, 3)), {"output_size": 0}, ValueError, "output_size is 0"),
        (np.ones((3, 4)), np.ones((3, 3)), {"output_size": (5.0, 6)}, TypeError, "output_size is 5.0"),
        ([["a"]], np.ones((2, 2)), {}, TypeError, "x holds .* expected real numbers"),
    ],
)
def test_bad_input_is_refused_at_once(transpose, x, kernel, options, error, message):
    with pytest.raises(error, match=message):
        transpose(x, kernel, **options)


def test_steps_take_one_map_at_a_time():
    with pytest.raises(ValueError, match=r"expected \[H, W\]: step through one map"):
        conv_transpose2d_steps(np.ones((1, 4, 4)), np.ones((2, 2)))
