"""Both forms of max-unpooling agree with torch, lead back to where pooling came from, and refuse riddles."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.ops import max_pool2d, max_unpool2d, max_unpool2d_steps

repeatable = settings(deadline=None, derandomize=True, max_examples=60)
few = settings(repeatable, max_examples=12)


@st.composite
def pooled(draw, overlap=False):
    """Random values [h, w], their indices, shape of the map, window: by torch, with rows left over."""
    two = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    size, extra = two(1, 3), two(0, 6)
    stride = tuple(draw(st.integers(1, k)) if overlap else k for k in size)
    shape = tuple(k + e for k, e in zip(size, extra, strict=True))
    x = torch.tensor(np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(size=shape))
    values, indices = F.max_pool2d(x[None], size, stride, return_indices=True)
    return values[0].numpy(), indices[0].numpy(), shape, (size, stride)


def by_torch(values, indices, shape, window):
    values, indices = torch.as_tensor(values), torch.as_tensor(indices)
    return F.max_unpool2d(values[None], indices[None], *window, output_size=shape)[0]


@repeatable
@given(pooled() | pooled(overlap=True))
def test_arrays_and_tensors_give_what_torch_gives(case):
    values, indices, shape, _ = case
    expected = by_torch(*case)
    for make in (np.asarray, torch.tensor):
        np.testing.assert_array_equal(max_unpool2d(make(values), make(indices), shape), expected)


@repeatable
@given(pooled() | pooled(overlap=True))
def test_gradients_are_those_of_torch(case):
    values, indices, shape, window = case
    ours, theirs = (torch.tensor(values, requires_grad=True) for _ in range(2))
    places, upstream = (
        torch.tensor(indices),
        torch.linspace(1, 2, shape[0] * shape[1]).double().reshape(shape),
    )
    max_unpool2d(ours, places, shape).backward(upstream)
    by_torch(theirs, places, shape, window).backward(upstream)
    torch.testing.assert_close(ours.grad, theirs.grad)


@few
@given(pooled())
def test_gradcheck_holds(case):
    values, indices, shape, _ = case
    a = torch.tensor(values, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: max_unpool2d(t, indices, shape), a)


@repeatable
@given(pooled(), st.integers(1, 3), st.integers(1, 3))
def test_pooling_again_gives_the_same_values_and_places(case, high, wide):
    """pool(unpool(pool(x))) = pool(x) where x is positive, whatever size is left over."""
    shape = case[2]
    x = np.random.default_rng(high * wide).uniform(1, 2, (shape[0] + high, shape[1] + wide))
    values, indices = max_pool2d(x, (high, wide))
    back = max_unpool2d(values, indices, x.shape)
    assert back.shape == x.shape
    again, places = max_pool2d(back, (high, wide))
    np.testing.assert_array_equal(again, values)
    np.testing.assert_array_equal(places, indices)
    np.testing.assert_array_equal(back[back != 0], x[back != 0])
    assert np.count_nonzero(back) == values.size


@repeatable
@given(pooled() | pooled(overlap=True))
def test_steps_build_up_what_torch_gives(case):
    values, indices, shape, _ = case
    out = np.zeros(shape)
    steps = list(max_unpool2d_steps(values, indices, shape))
    assert [step.position for step in steps] == list(np.ndindex(*values.shape))
    for step in steps:
        assert step.index == indices[step.position]
        assert step.value == values[step.position]
        assert (step.terms, step.sums) == ([(step.value, 1.0)], [step.value])
        (cell,) = step.cells
        assert cell == np.unravel_index(step.index, shape)
        out[cell] = step.value
    np.testing.assert_array_equal(out, by_torch(*case))


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_odd_sizes_come_back_whole_with_leading_axes(make):
    """Without the shape, torch's layer returns 4 × 6 and misplaces the values."""
    x = np.random.default_rng(8).uniform(1, 2, (2, 3, 5, 7))
    values, indices = F.max_pool2d(torch.tensor(x), 2, return_indices=True)
    back = max_unpool2d(make(values.numpy()), make(indices.numpy()), (5, 7))
    expected = torch.nn.MaxUnpool2d(2)(values, indices, output_size=(5, 7))
    np.testing.assert_array_equal(back, expected)
    assert (np.asarray(back)[..., -1, :] == 0).all()


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_the_type_of_the_values_is_kept(make, dtype):
    back = max_unpool2d(make(np.array([[3, 200]], dtype)), make(np.array([[5, 0]], np.int32)), (2, 3))
    assert str(back.dtype).endswith(dtype)
    assert back.tolist() == [[200, 0, 0], [0, 0, 3]]


def test_an_array_beside_a_tensor_becomes_a_tensor():
    back = max_unpool2d(torch.ones(1, 2), np.array([[3, 1]])[:, ::-1], 2)
    assert back.tolist() == [[0, 1], [0, 1]]
    assert max_unpool2d(np.ones((1, 2)), torch.tensor([[3, 1]]), 2).tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_a_repeated_index_is_fine_with_equal_values_and_refused_with_others(make):
    nan = np.nan
    again = max_unpool2d(make([[4.0, 4.0], [nan, nan]]), make([[1, 1], [2, 2]]), (2, 2))
    np.testing.assert_array_equal(again, [[0, 4], [nan, 0]])
    with pytest.raises(ValueError, match=r"index 1 occurs with different values.* do not overlap"):
        max_unpool2d(make([[4.0, 5.0]]), make([[1, 1]]), (2, 2))
    separate = make([[[4.0]], [[5.0]]])
    assert max_unpool2d(separate, make([[[1]], [[1]]]), 2)[:, 0, 1].tolist() == [4, 5]


def test_the_input_is_neither_changed_nor_handed_back():
    values, indices = np.array([[1.0, 2.0]]), np.array([[0, 1]])
    out = max_unpool2d(values, indices, (1, 2))
    out += 7
    list(max_unpool2d_steps(values, indices, (1, 2)))
    assert values.tolist() == [[1, 2]]
    assert indices.tolist() == [[0, 1]]


@pytest.mark.parametrize("unpool", [max_unpool2d, max_unpool2d_steps])
@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
@pytest.mark.parametrize(
    ("values", "indices", "shape", "error", "message"),
    [
        ([1.0], [0], (2, 2), ValueError, r"values has shape \(1,\)"),
        ([[1.0, 2.0]], [[0], [1]], (2, 2), ValueError, r"\(1, 2\) and indices \(2, 1\); expected the same"),
        (
            [[1.0, 2.0]],
            [[0, 6]],
            (2, 3),
            ValueError,
            "index 6 lies outside .* 2 × 3 = 6 cells; expected 0 to 5",
        ),
        ([[1.0, 2.0]], [[-1, 0]], (2, 3), ValueError, "index -1 lies outside"),
        ([[1.0]], [[0.0]], (2, 3), TypeError, "indices holds .*float.* expected integers"),
        ([[1.0]], [[True]], (2, 3), TypeError, "indices holds .*bool"),
        ([[1.0]], [[0]], (1, 1, 2, 3), ValueError, "output_shape is .* with 4 numbers"),
        ([[1.0]], [[0]], (2, 0), ValueError, "output_shape is 0"),
        ([[1.0]], [[0]], 2.0, TypeError, "output_shape is 2.0"),
    ],
)
def test_bad_input_is_refused_at_once(unpool, make, values, indices, shape, error, message):
    with pytest.raises(error, match=message):
        unpool(make(values), make(indices), shape)


def test_steps_take_one_map_at_a_time():
    with pytest.raises(ValueError, match=r"expected \[h, w\]: step through one map"):
        max_unpool2d_steps(np.ones((1, 1, 1)), np.zeros((1, 1, 1), int), 2)
