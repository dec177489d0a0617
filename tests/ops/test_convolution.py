"""Both forms of convolution agree with torch, values and gradients, whatever the sizes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.ops import conv2d, conv2d_channels, conv2d_steps

repeatable = settings(deadline=None, derandomize=True, max_examples=60)
few = settings(repeatable, max_examples=12)


@st.composite
def layers(draw):
    """Random (x [Cin, H, W], weight [Cout, Cin, kh, kw], bias [Cout]) in float64, and settings that fit."""
    two = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    kernel, stride, padding, dilation = two(1, 4), two(1, 3), two(0, 3), two(1, 3)
    extra = two(0, 5)
    shape = [
        max(1, d * (k - 1) + 1 - 2 * p) + e
        for k, d, p, e in zip(kernel, dilation, padding, extra, strict=True)
    ]
    c_in, c_out = two(1, 3)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x, weight = rng.normal(size=(c_in, *shape)), rng.normal(size=(c_out, c_in, *kernel))
    return x, weight, rng.normal(size=c_out), {"stride": stride, "padding": padding, "dilation": dilation}


def by_torch(*arrays, **sizes):
    x, weight, bias = map(torch.tensor, arrays)
    return F.conv2d(x[None], weight, bias, **sizes)[0].numpy()


@repeatable
@given(layers())
def test_arrays_and_tensors_give_what_torch_gives(layer):
    x, weight, bias, sizes = layer
    expected = by_torch(x, weight, bias, **sizes)
    np.testing.assert_allclose(conv2d_channels(x, weight, bias, **sizes), expected, atol=1e-12)
    tensors = (torch.tensor(a) for a in (x, weight, bias))
    np.testing.assert_allclose(conv2d_channels(*tensors, **sizes).numpy(), expected, atol=1e-12)

    alone = by_torch(x[:1], weight[:1, :1], np.zeros(1), **sizes)[0]
    np.testing.assert_allclose(conv2d(x[0], weight[0, 0], **sizes), alone, atol=1e-12)
    of_tensors = conv2d(torch.tensor(x[0]), torch.tensor(weight[0, 0]), **sizes)
    np.testing.assert_allclose(of_tensors.numpy(), alone, atol=1e-12)


@repeatable
@given(layers())
def test_gradients_are_those_of_torch(layer):
    x, weight, bias, sizes = layer
    ours = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    out = conv2d_channels(*ours, **sizes)
    expected = F.conv2d(*theirs, **sizes)
    upstream = torch.linspace(-1, 1, out.numel(), dtype=torch.float64).reshape(out.shape)
    for got, want in zip(
        torch.autograd.grad(out, ours, upstream), torch.autograd.grad(expected, theirs, upstream), strict=True
    ):
        torch.testing.assert_close(got, want)


@few
@given(layers())
def test_gradcheck_holds(layer):
    x, weight, _, sizes = layer
    x, kernel = (torch.tensor(a, requires_grad=True) for a in (x[0], weight[0, 0]))
    assert torch.autograd.gradcheck(lambda a, b: conv2d(a, b, **sizes), (x, kernel))


@repeatable
@given(layers())
def test_steps_add_up_to_what_torch_gives(layer):
    x, weight, bias, sizes = layer
    expected = by_torch(x, weight, bias, **sizes)[-1]
    got = np.full(expected.shape, np.nan)
    padded = np.pad(x, [(0, 0), *((p, p) for p in sizes["padding"])])
    for step in conv2d_steps(x, weight[-1], bias[-1], **sizes):
        got[step.position] = step.value
        assert step.value == pytest.approx(bias[-1] + sum(a * w for a, w in step.terms))
        assert [w for _, w in step.terms] == weight[-1].ravel().tolist()
        for (c, row, column), (value, _) in zip(step.window, step.terms, strict=True):
            assert value == padded[c, row + sizes["padding"][0], column + sizes["padding"][1]]
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_steps_come_row_by_row_with_padding_outside_the_image():
    steps = list(conv2d_steps([[1, 2, 3], [4, 5, 6]], [[1, 10]], stride=(1, 2), padding=(0, 1)))
    assert [step.position for step in steps] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert steps[2].window == [(0, 1, -1), (0, 1, 0)]
    assert steps[2].terms == [(0.0, 1.0), (4.0, 10.0)]
    assert [step.value for step in steps] == [10.0, 32.0, 40.0, 65.0]
    assert steps[0].index is None


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_leading_axes_are_convolved_one_by_one(make):
    rng = np.random.default_rng(3)
    x, weight = rng.normal(size=(2, 3, 4, 7, 5)), rng.normal(size=(6, 4, 3, 2))
    expected = F.conv2d(torch.tensor(x).reshape(6, 4, 7, 5), torch.tensor(weight), stride=(2, 1))
    got = conv2d_channels(make(x), make(weight), None, stride=(2, 1))
    np.testing.assert_allclose(np.asarray(got), expected.reshape(2, 3, *expected.shape[1:]), atol=1e-12)
    one = conv2d(make(x), make(weight[1, 2]))
    np.testing.assert_allclose(np.asarray(one[1, 2, 3]), conv2d(x[1, 2, 3], weight[1, 2]), atol=1e-12)


def test_bytes_do_not_overflow():
    white = np.full((5, 7), 255, np.uint8)
    assert conv2d(white, np.ones((3, 3), np.uint8)).max() == 9 * 255
    assert conv2d(white, np.array([[1, -1]], np.int8)).tolist() == np.zeros((5, 6)).tolist()
    assert conv2d_channels(white[None], np.ones((1, 1, 3, 3), np.uint8), np.uint8([255])).max() == 10 * 255
    assert conv2d(torch.tensor(white), torch.ones(3, 3, dtype=torch.uint8)).max() == 9 * 255
    assert next(conv2d_steps(white, np.ones((3, 3), np.uint8))).value == 9 * 255


@pytest.mark.parametrize(
    ("image", "kernel", "result"),
    [
        ("float32", "float32", "float32"),
        ("float64", "float64", "float64"),
        ("float32", "float64", "float64"),
        ("float32", "int64", "float32"),
        ("uint8", "float32", "float32"),
        ("bool", "int8", "float64"),
    ],
)
def test_floats_keep_their_type_and_integers_take_it(image, kernel, result):
    x, k = np.ones((4, 5), image), np.ones((2, 3), kernel)
    assert conv2d(x, k).dtype == result
    assert conv2d_channels(x[None], k[None, None], None).dtype == result
    if "float" in image:
        tensor = conv2d(torch.tensor(x), k)
        assert tensor.dtype == getattr(torch, result)


def test_a_flipped_read_only_array_may_meet_a_tensor():
    kernel = np.arange(6.0).reshape(2, 3)
    kernel.flags.writeable = False
    got = conv2d(torch.arange(20.0, dtype=torch.float64).reshape(4, 5), kernel[::-1, ::-1])
    np.testing.assert_allclose(got, conv2d(np.arange(20.0).reshape(4, 5), kernel[::-1, ::-1]))


@pytest.mark.parametrize("padding", [0, 1])
def test_the_input_is_neither_changed_nor_handed_back(padding):
    x, weight, bias = np.ones((1, 3, 5)), np.ones((1, 1, 1, 1)), np.ones(1)
    before = [a.copy() for a in (x, weight, bias)]
    for out in (
        conv2d(x[0], weight[0, 0], padding=padding),
        conv2d_channels(x, weight, bias, padding=padding),
    ):
        out += 7
    list(conv2d_steps(x, weight[0], 1.0, padding=padding))
    for now, then in zip((x, weight, bias), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: conv2d(np.ones(5), np.ones((1, 1))),
            ValueError,
            r"image has shape \(5,\); expected \[..., H, W\]",
        ),
        (
            lambda: conv2d(np.ones((0, 5)), np.ones((1, 1))),
            ValueError,
            r"image has shape \(0, 5\), no cell at all",
        ),
        (
            lambda: conv2d(np.ones((4, 5)), np.ones(3)),
            ValueError,
            r"kernel has shape \(3,\); expected \[kh, kw\]",
        ),
        (lambda: conv2d(np.ones((4, 5)), np.ones((0, 3))), ValueError, r"kernel has shape \(0, 3\)"),
        (lambda: conv2d(np.ones((4, 5)), np.ones((1, 3, 3))), ValueError, "conv2d_channels takes kernels"),
        (
            lambda: conv2d(np.ones((4, 5)), np.ones((5, 3))),
            ValueError,
            "fit along the height: it spans 5 cells",
        ),
        (
            lambda: conv2d(np.ones((4, 5)), np.ones((3, 4)), dilation=(1, 2)),
            ValueError,
            "along the width: it spans 7",
        ),
        (lambda: conv2d(np.ones((4, 5)), np.ones((3, 3)), padding=-1), ValueError, "padding is -1"),
        (lambda: conv2d(np.ones((4, 5)), np.ones((3, 3)), stride=(1, 0)), ValueError, "stride is 0"),
        (lambda: conv2d(np.ones((4, 5)), np.ones((3, 3)), stride=2.0), TypeError, "stride is 2.0"),
        (lambda: conv2d([[1, 2], [3]], [[1]]), ValueError, "image has rows of different length"),
        (lambda: conv2d("cat", [[1]]), TypeError, "image holds .* expected real numbers"),
        (lambda: conv2d([[1j]], [[1]]), TypeError, "image holds complex128"),
        (lambda: conv2d(torch.ones(2, 2) * 1j, [[1]]), TypeError, "image holds torch.complex64"),
        (
            lambda: conv2d_channels(np.ones((4, 5)), np.ones((1, 1, 2, 2)), None),
            ValueError,
            r"a channel too, x\[None",
        ),
        (
            lambda: conv2d_channels(np.ones((1, 4, 5)), np.ones((2, 2)), None),
            ValueError,
            r"weight has shape \(2, 2\)",
        ),
        (
            lambda: conv2d_channels(np.ones((2, 4, 5)), np.ones((1, 3, 2, 2)), None),
            ValueError,
            "x has 2 channels, but weight is for 3",
        ),
        (
            lambda: conv2d_channels(np.ones((2, 4, 5)), np.ones((3, 2, 2, 2)), np.ones(2)),
            ValueError,
            r"bias has shape \(2,\); expected \(3,\)",
        ),
        (
            lambda: conv2d_steps(np.ones((4, 5)), np.ones((1, 2, 2))),
            ValueError,
            r"x has shape \(4, 5\) and weight",
        ),
        (
            lambda: conv2d_steps(np.ones((2, 4, 5)), np.ones((1, 2, 2))),
            ValueError,
            "x has 2 channels, but weight",
        ),
        (lambda: conv2d_steps(np.ones((4, 5)), np.ones((2, 2)), [1, 2]), ValueError, "bias has shape"),
        (lambda: conv2d_steps(np.ones((4, 5)), np.ones((5, 2))), ValueError, "does not fit along the height"),
    ],
)
def test_bad_input_is_refused_before_anything_is_computed(call, error, message):
    with pytest.raises(error, match=message):
        call()
