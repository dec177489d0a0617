"""Each trace agrees with torch, step by step, for random parameters."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.viz.steppers.traces import conv_trace, conv_transpose_trace, pool_trace, unpool_trace

sides = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def convolutions(draw):
    channels, kernel = draw(st.integers(1, 3)), draw(sides)
    stride, dilation = draw(sides), draw(sides)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding, strict=True)]
    size = tuple(n + draw(st.integers(0, 4)) for n in least)
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    x, weight = rng.normal(size=(channels, *size)), rng.normal(size=(channels, *kernel))
    bias = draw(st.none() | st.floats(-3, 3))
    return x, weight, bias, {"stride": stride, "padding": padding, "dilation": dilation}


@settings(max_examples=60, deadline=None)
@given(convolutions())
def test_convolution_trace_is_what_torch_computes(case):
    x, weight, bias, options = case
    trace = conv_trace(x, weight, bias, **options)
    expected = F.conv2d(
        torch.tensor(x)[None],
        torch.tensor(weight)[None],
        None if bias is None else torch.tensor([bias], dtype=torch.float64),
        **options,
    )[0, 0].numpy()
    np.testing.assert_allclose(trace["output"], expected, rtol=1e-9, atol=1e-9)
    py, px = options["padding"]
    padded = np.pad(x, ((0, 0), (py, py), (px, px)))
    cells = [(i, j) for i in range(expected.shape[0]) for j in range(expected.shape[1])]
    assert [tuple(step["position"]) for step in trace["steps"]] == cells
    for step, cell in zip(trace["steps"], cells, strict=True):
        seen = [padded[c, row + py, column + px] for c, row, column in step["window"]]
        assert [value for value, _ in step["terms"]] == seen
        assert [w for _, w in step["terms"]] == list(weight.ravel())
        assert sum(step["sums"]) + (bias or 0) == pytest.approx(expected[cell], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(sides, sides | st.none(), st.integers(0, 5), st.integers(0, 5), st.integers(0, 10**6))
def test_pooling_traces_are_what_torch_computes(size, stride, taller, wider, seed):
    # Few different integers: ties are frequent, and the first maximum must win.
    x = np.random.default_rng(seed).integers(-2, 3, (size[0] + taller, size[1] + wider)).astype(float)
    tensor = torch.tensor(x)[None, None]
    values, indices = F.max_pool2d(tensor, size, stride, return_indices=True)
    largest = pool_trace(x, size, stride)
    assert largest["output"] == values[0, 0].tolist()
    assert largest["indices"] == indices[0, 0].tolist()
    average = pool_trace(x, size, stride, mode="average")
    np.testing.assert_allclose(
        average["output"], F.avg_pool2d(tensor, size, stride)[0, 0].numpy(), atol=1e-12
    )


@settings(max_examples=60, deadline=None)
@given(sides, sides, sides, st.integers(0, 2), st.integers(0, 10**6))
def test_transposed_convolution_trace_is_what_torch_computes(shape, kernel, stride, padding, seed):
    rng = np.random.default_rng(seed)
    pads = [min(padding, ((n - 1) * s + k - 1) // 2) for n, k, s in zip(shape, kernel, stride, strict=True)]
    x, weight = rng.normal(size=shape), rng.normal(size=kernel)
    trace = conv_transpose_trace(x, weight, stride, pads)
    expected = F.conv_transpose2d(
        torch.tensor(x)[None], torch.tensor(weight)[None, None], stride=stride, padding=pads
    )[0].numpy()
    np.testing.assert_allclose(trace["output"], expected, atol=1e-12)
    assert [tuple(step["position"]) for step in trace["steps"]] == list(np.ndindex(*shape))
    built = np.full(expected.shape, np.nan)
    for step in trace["steps"]:
        top, left = np.multiply(step["position"], stride) - pads
        spots = [[top + a, left + b] for a, b in np.ndindex(*kernel)]
        assert step["cells"] == spots
        for cell, (value, w), before, total in zip(
            step["cells"], step["terms"], step["before"], step["sums"], strict=True
        ):
            assert total == pytest.approx((before or 0) + value * w, abs=1e-12)
            if all(0 <= c < n for c, n in zip(cell, built.shape, strict=True)):
                stood = built[tuple(cell)]
                assert before is None if np.isnan(stood) else before == stood
                built[tuple(cell)] = total
    np.testing.assert_allclose(np.nan_to_num(built), expected, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(sides, sides | st.none(), st.integers(0, 5), st.integers(0, 5), st.integers(0, 10**6))
def test_unpooling_trace_is_what_torch_computes(size, stride, taller, wider, seed):
    x = np.random.default_rng(seed).integers(-4, 5, (size[0] + taller, size[1] + wider)).astype(float)
    values, indices = F.max_pool2d(torch.tensor(x)[None], size, stride, return_indices=True)
    expected = np.zeros(x.size)
    expected[indices.ravel()] = values.ravel()
    trace = unpool_trace(x, size, stride)
    assert trace["pool"] == pool_trace(x, size, stride)
    assert trace["output"] == expected.reshape(x.shape).tolist()
    assert [step["index"] for step in trace["steps"]] == indices.ravel().tolist()
    assert [step["value"] for step in trace["steps"]] == values.ravel().tolist()
    places = [tuple(step["cells"][0]) for step in trace["steps"]]
    assert places == [np.unravel_index(index, x.shape) for index in indices.ravel().tolist()]
    repeats = [index in indices.ravel().tolist()[:n] for n, index in enumerate(indices.ravel().tolist())]
    assert [step["again"] for step in trace["steps"]] == repeats


def test_traces_are_plain_json():
    for trace in (
        conv_trace(torch.ones(2, 3, 4), torch.ones(2, 2, 1), torch.tensor([1.0])),
        pool_trace(np.eye(4), 2),
        conv_transpose_trace(torch.ones(2, 3), torch.ones(2, 2), padding=1),
        unpool_trace(torch.eye(4), 2),
    ):
        assert json.loads(json.dumps(trace, allow_nan=False)) == trace


def test_traces_leave_their_input_alone():
    x, weight = np.arange(12.0).reshape(3, 4), np.ones((2, 2))
    conv_trace(x, weight, padding=1)
    pool_trace(x, 2)
    conv_transpose_trace(x, weight)
    unpool_trace(x, 2)
    assert np.array_equal(x, np.arange(12.0).reshape(3, 4))
    assert np.array_equal(weight, np.ones((2, 2)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conv_trace(np.zeros((3, 5, 5)), np.zeros((3, 3))), r"got x \(3, 5, 5\).*expected \[H, W\]"),
        (lambda: conv_trace(np.zeros((2, 5, 5)), np.zeros((3, 3, 3))), "expected"),
        (lambda: conv_trace(np.zeros((3, 5, 5)), np.zeros((8, 3, 3, 3))), r"one output channel.*weight\[0\]"),
        (lambda: conv_trace(np.zeros((5, 5)), np.zeros((3, 3)), bias=[1.0, 2.0]), "2 biases"),
        (lambda: conv_trace(np.zeros((30, 5)), np.zeros((3, 3))), r"30 × 5.*20 × 20.*x\[\.\.\., :8, :8\]"),
        (lambda: conv_trace(np.zeros((19, 19)), np.zeros((3, 3)), padding=1), "21 × 21 with its padding"),
        (lambda: conv_trace(np.zeros((9, 9)), np.zeros((8, 8))), "64 cells.*smaller window"),
        (lambda: conv_trace(np.zeros((5, 4, 4)), np.zeros((5, 2, 2))), "5 channels"),
        (lambda: conv_trace(np.full((4, 4), np.nan), np.zeros((2, 2))), "NaN"),
        (lambda: conv_trace(np.zeros((4, 4)), np.full((2, 2), np.inf)), "weight.*infinite"),
        (lambda: conv_trace(np.zeros((2, 2)), np.zeros((3, 3))), "kernel|fit"),
        (lambda: pool_trace(np.zeros((4, 4)), 2, mode="sum"), 'mode=\'sum\'; expected "max" or "average"'),
        (lambda: pool_trace(np.zeros((2, 4, 4)), 2), r"one plane \[H, W\].*x\[0\]"),
        (lambda: pool_trace(np.zeros((2, 2)), 3), "fit|window|larger"),
        (lambda: conv_transpose_trace(np.zeros((2, 3, 3)), np.zeros((2, 2))), r"one plane \[H, W\].*x\[0\]"),
        (
            lambda: conv_transpose_trace(np.zeros((9, 9)), np.zeros((4, 4)), 3),
            r"the output is 28 × 28;.*20 × 20",
        ),
        (
            lambda: conv_transpose_trace(np.zeros((9, 9)), np.zeros((4, 4)), 3, 1),
            "the output, before it is cropped, is 28 × 28",
        ),
        (lambda: conv_transpose_trace(np.zeros((2, 2)), np.zeros((6, 5))), "30 cells.*up to 25"),
        (lambda: conv_transpose_trace(np.zeros((2, 2)), np.full((2, 2), np.nan)), "kernel.*NaN"),
        (lambda: conv_transpose_trace(np.zeros((2, 2)), np.zeros((1, 1)), padding=1), "nothing is left"),
        (lambda: unpool_trace(np.zeros((2, 4, 4)), 2), r"one plane \[H, W\]"),
        (lambda: unpool_trace(np.zeros((2, 2)), 3), "window does not fit"),
    ],
)
def test_errors_say_what_came_and_what_to_do(call, message):
    with pytest.raises(ValueError, match=message):
        call()
