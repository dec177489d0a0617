"""ReLU is torch's ReLU, on arrays too."""

import numpy as np
import pytest
import torch

from cnncourse.ops import relu

X = np.array([[-2.5, -0.0, 0.0], [1e-6, 3.0, -1e4], [np.inf, -np.inf, np.nan]])


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int8"])
def test_values_and_type_are_those_of_torch(dtype):
    x = X.astype(dtype) if "float" in dtype else np.arange(-4, 5).reshape(3, 3).astype(dtype)
    expected = torch.relu(torch.tensor(x))
    for got in (relu(x), relu(torch.tensor(x))):
        np.testing.assert_array_equal(got, expected)
    assert relu(x).dtype == x.dtype
    assert relu(torch.tensor(x)).dtype == expected.dtype


def test_bytes_and_lists_are_welcome():
    np.testing.assert_array_equal(relu(np.array([0, 200], np.uint8)), np.array([0, 200], np.uint8))
    assert relu([-1, 2]).tolist() == [0, 2]
    assert float(relu(-3.0)) == 0.0


def test_gradient_is_that_of_torch_at_zero_too():
    a, b = (torch.tensor([-2.0, -0.0, 0.0, 3.0], requires_grad=True) for _ in range(2))
    relu(a).sum().backward()
    torch.relu(b).sum().backward()
    assert a.grad.tolist() == b.grad.tolist() == [0, 0, 0, 1]


def test_the_input_is_neither_changed_nor_handed_back():
    x = np.array([1.0, -2.0, 3.0])
    out = relu(x)
    out += 1
    assert x.tolist() == [1.0, -2.0, 3.0]


@pytest.mark.parametrize("x", [None, "a", [1j], torch.tensor([1j])])
def test_what_is_no_number_is_refused(x):
    with pytest.raises(TypeError, match="expected real numbers"):
        relu(x)
