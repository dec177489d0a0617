"""Both forms of pooling agree with torch: values, indices, gradients, ties."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.ops import avg_pool2d, avg_pool2d_steps, max_pool2d, max_pool2d_steps

repeatable = settings(deadline=None, derandomize=True, max_examples=60)
few = settings(repeatable, max_examples=12)


@st.composite
def pools(draw, ties=True):
    """Random (x [H, W] float64, size, stride or None); with few different values, so that ties abound."""
    two = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    size, stride, extra = two(1, 4), two(1, 4), two(0, 6)
    shape = tuple(k + e for k, e in zip(size, extra, strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    few_values = ties and draw(st.booleans())
    x = rng.integers(-2, 2, shape).astype(float) if few_values else rng.normal(size=shape)
    return x, size, draw(st.sampled_from([None, stride]))


@repeatable
@given(pools())
def test_max_pooling_gives_the_values_and_indices_of_torch(pool):
    x, size, stride = pool
    values, indices = F.max_pool2d(torch.tensor(x)[None], size, stride, return_indices=True)
    for make in (np.asarray, torch.tensor):
        got_values, got_indices = max_pool2d(make(x), size, stride)
        np.testing.assert_array_equal(got_values, values[0])
        np.testing.assert_array_equal(got_indices, indices[0])
        assert str(got_indices.dtype).endswith("int64")


@repeatable
@given(pools())
def test_average_pooling_gives_the_values_of_torch(pool):
    x, size, stride = pool
    expected = F.avg_pool2d(torch.tensor(x)[None], size, stride)[0]
    for make in (np.asarray, torch.tensor):
        np.testing.assert_allclose(avg_pool2d(make(x), size, stride), expected, atol=1e-14)


@repeatable
@given(pools())
def test_gradients_are_those_of_torch_ties_included(pool):
    x, size, stride = pool
    for ours, theirs in (
        (lambda a: max_pool2d(a, size, stride)[0], lambda a: F.max_pool2d(a[None], size, stride)[0]),
        (lambda a: avg_pool2d(a, size, stride), lambda a: F.avg_pool2d(a[None], size, stride)[0]),
    ):
        a, b = (torch.tensor(x, requires_grad=True) for _ in range(2))
        out = ours(a)
        upstream = torch.linspace(1, 2, out.numel(), dtype=torch.float64).reshape(out.shape)
        out.backward(upstream)
        theirs(b).backward(upstream)
        torch.testing.assert_close(a.grad, b.grad)


@few
@given(pools(ties=False))
def test_gradcheck_holds(pool):
    x, size, stride = pool
    a = torch.tensor(x, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: max_pool2d(t, size, stride)[0], a)
    assert torch.autograd.gradcheck(lambda t: avg_pool2d(t, size, stride), a)


@repeatable
@given(pools())
def test_steps_tell_what_torch_computes(pool):
    x, size, stride = pool
    values, indices = (a[0] for a in F.max_pool2d(torch.tensor(x)[None], size, stride, return_indices=True))
    means = F.avg_pool2d(torch.tensor(x)[None], size, stride)[0]
    highest, average = list(max_pool2d_steps(x, size, stride)), list(avg_pool2d_steps(x, size, stride))
    places = [(i, j) for i in range(values.shape[0]) for j in range(values.shape[1])]
    assert [step.position for step in highest] == [step.position for step in average] == places
    for high, mean in zip(highest, average, strict=True):
        assert high.value == values[high.position]
        assert high.index == indices[high.position]
        assert mean.value == pytest.approx(float(means[mean.position]))
        assert mean.index is None
        assert high.window == mean.window
        assert [x[row, column] for _, row, column in high.window] == [v for v, _ in high.terms]
        assert [v for v, _ in mean.terms] == [v for v, _ in high.terms]
        assert {w for _, w in high.terms} == {1.0}
        assert {w for _, w in mean.terms} == {1 / (size[0] * size[1])}


@pytest.mark.parametrize("value", [0.0, -3.0, -np.inf, np.inf])
@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_first_of_equal_maxima_wins_and_nothing_becomes_nan(value, make):
    values, indices = max_pool2d(make(np.full((5, 7), value)), size=(2, 3))
    np.testing.assert_array_equal(values, np.full((2, 2), value))
    np.testing.assert_array_equal(indices, [[0, 3], [14, 17]])
    assert [step.index for step in max_pool2d_steps(np.full((5, 7), value), (2, 3))] == [0, 3, 14, 17]


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_leading_axes_are_pooled_one_by_one_with_indices_of_their_own_map(make):
    x = np.random.default_rng(5).normal(size=(2, 3, 7, 5))
    expected, places = F.max_pool2d(torch.tensor(x), (3, 2), (2, 1), return_indices=True)
    values, indices = max_pool2d(make(x), (3, 2), (2, 1))
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(indices, places)
    np.testing.assert_allclose(avg_pool2d(make(x), 2), F.avg_pool2d(torch.tensor(x), 2), atol=1e-14)


def test_indices_lead_torch_back_to_where_the_maxima_were():
    x = torch.tensor(np.random.default_rng(2).normal(size=(1, 2, 6, 8)))
    values, indices = max_pool2d(x, 2)
    back = F.max_unpool2d(values, indices, 2)
    kept = back != 0
    assert int(kept.sum()) == values.numel()
    torch.testing.assert_close(back[kept], x[kept])


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "bool"])
def test_max_pooling_keeps_the_type(dtype):
    x = np.arange(30).reshape(5, 6).astype(dtype)
    for made in (x, torch.tensor(x)):
        values, _ = max_pool2d(made, 2)
        assert values.dtype == made.dtype
        np.testing.assert_array_equal(values, x[1:4:2, 1::2])


def test_bytes_do_not_overflow_in_a_mean():
    white = np.full((4, 6), 255, np.uint8)
    np.testing.assert_array_equal(avg_pool2d(white, 2), np.full((2, 3), 255.0))
    np.testing.assert_array_equal(avg_pool2d(torch.tensor(white), 2), np.full((2, 3), 255.0))
    assert next(avg_pool2d_steps(white, 2)).value == 255.0
    assert avg_pool2d(white.astype(np.float32), 2).dtype == np.float32


def test_nan_stays_to_be_seen():
    x = np.array([[1.0, np.nan, 2.0, 3.0]])
    for made in (x, torch.tensor(x)):
        assert np.isnan(np.asarray(max_pool2d(made, (1, 2))[0])).tolist() == [[True, False]]
    with pytest.raises(ValueError, match="x holds NaN"):
        max_pool2d_steps(x, (1, 2))


def test_the_input_is_neither_changed_nor_handed_back():
    x = np.random.default_rng(0).normal(size=(3, 5))
    before = x.copy()
    for out in (max_pool2d(x, 1)[0], avg_pool2d(x, 1)):
        out += 7
    list(max_pool2d_steps(x, 2)), list(avg_pool2d_steps(x, 2))
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d, max_pool2d_steps, avg_pool2d_steps])
@pytest.mark.parametrize(
    ("x", "size", "stride", "error", "message"),
    [
        (np.ones(4), 2, None, ValueError, r"x has shape \(4,\)"),
        (np.ones((0, 4)), 2, None, ValueError, "no cell at all"),
        (np.ones((3, 5)), 4, None, ValueError, "fit along the height: size 4, but x has only 3"),
        (np.ones((5, 3)), (2, 4), None, ValueError, "fit along the width: size 4, but x has only 3"),
        (np.ones((3, 5)), 0, None, ValueError, "size is 0"),
        (np.ones((3, 5)), 2, 0, ValueError, "stride is 0"),
        (np.ones((3, 5)), 2.0, None, TypeError, "size is 2.0"),
        (np.ones((3, 5)), True, None, TypeError, "size is True"),
        (np.ones((3, 5)), 2, (1, 1.0), TypeError, "stride is 1.0"),
        ([["a", "b"]], 1, None, TypeError, "x holds .* expected real numbers"),
    ],
)
def test_bad_input_is_refused_at_once(pool, x, size, stride, error, message):
    with pytest.raises(error, match=message):
        pool(x, size, stride)


@pytest.mark.parametrize("steps", [max_pool2d_steps, avg_pool2d_steps])
def test_steps_take_one_map_at_a_time(steps):
    with pytest.raises(ValueError, match=r"expected \[H, W\]: step through one map"):
        steps(np.ones((1, 4, 4)), 2)
