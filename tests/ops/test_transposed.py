"""Both forms of transposed convolution agree with torch, and are what they are called: the transpose."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.ops import conv2d, conv_matrix, conv_transpose2d, conv_transpose2d_steps

repeatable = settings(deadline=None, derandomize=True, max_examples=60)
few = settings(repeatable, max_examples=12)


@st.composite
def stamps(draw):
    """Random (x [H, W], kernel [kh, kw]) in float64, and settings that leave at least one cell."""
    two = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    shape, size, stride = two(1, 5), two(1, 4), two(1, 4)
    most = [((n - 1) * s + k - 1) // 2 for n, s, k in zip(shape, stride, size, strict=True)]
    padding = tuple(draw(st.integers(0, min(3, p))) for p in most)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.normal(size=shape), rng.normal(size=size), {"stride": stride, "padding": padding}


def by_torch(x, kernel, **options):
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
    """⟨conv(a), b⟩ = ⟨a, convT(b)⟩, and the matrix of the one is the transpose of the other's."""
    b, kernel, options = case
    back = conv_transpose2d(b, kernel, **options)
    a = np.random.default_rng(1).normal(size=back.shape)
    there = conv2d(a, kernel, **options)
    assert there.shape == b.shape
    assert (there * b).sum() == pytest.approx((a * back).sum(), abs=1e-10)
    matrix = conv_matrix(kernel, back.shape, **options)
    np.testing.assert_allclose(matrix.T @ b.ravel(), back.ravel(), atol=1e-12)


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
        ([["a"]], np.ones((2, 2)), {}, TypeError, "x holds .* expected real numbers"),
    ],
)
def test_bad_input_is_refused_at_once(transpose, x, kernel, options, error, message):
    with pytest.raises(error, match=message):
        transpose(x, kernel, **options)


def test_steps_take_one_map_at_a_time():
    with pytest.raises(ValueError, match=r"expected \[H, W\]: step through one map"):
        conv_transpose2d_steps(np.ones((1, 4, 4)), np.ones((2, 2)))
