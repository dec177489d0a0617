"""The sparse matrix does what a convolution does."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.ops import conv_matrix, conv_transpose_matrix

two = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(two, two, two, two, two, st.integers(0, 2**32 - 1))
def test_product_with_an_image_is_its_convolution(kernel, stride, padding, dilation, extra, seed):
    shape = tuple(d * (k - 1) + e for k, d, e in zip(kernel, dilation, extra, strict=True))
    rng = np.random.default_rng(seed)
    image, weights = rng.normal(size=shape), rng.normal(size=kernel)
    sizes = {"stride": stride, "padding": padding, "dilation": dilation}
    expected = F.conv2d(torch.tensor(image)[None, None], torch.tensor(weights)[None, None], **sizes)[0, 0]
    matrix = conv_matrix(weights, shape, **sizes)
    assert matrix.shape == (expected.numel(), image.size)
    np.testing.assert_allclose(matrix @ image.ravel(), expected.ravel(), atol=1e-12)


def test_its_transpose_is_the_transposed_convolution():
    rng = np.random.default_rng(1)
    kernel, y = rng.normal(size=(3, 2)), rng.normal(size=(3, 5))
    matrix = conv_matrix(kernel, (7, 6), stride=(2, 1), padding=(0, 0))
    expected = F.conv_transpose2d(
        torch.tensor(y)[None, None], torch.tensor(kernel)[None, None], stride=(2, 1)
    )
    np.testing.assert_allclose(matrix.T @ y.ravel(), expected.ravel(), atol=1e-12)


def test_only_weights_that_count_are_stored():
    matrix = conv_matrix([[1, 0, 2]], (4, 5))
    assert matrix.nnz == 4 * 3 * 2  # 12 places, two weights in each
    assert conv_matrix([[1, 1, 1]], (1, 3), padding=(0, 1)).nnz == 2 + 3 + 2


def test_a_kernel_that_learns_may_be_a_tensor():
    kernel = torch.tensor([[1.0, -1.0]], requires_grad=True)
    np.testing.assert_array_equal(conv_matrix(kernel, (1, 2)).toarray(), [[1.0, -1.0]])


@pytest.mark.parametrize(
    ("kernel", "in_shape", "error", "message"),
    [
        (np.ones((3, 3)), (2, 9), ValueError, "does not fit along the height"),
        (np.ones(3), (5, 5), ValueError, r"kernel has shape \(3,\)"),
        (np.ones((3, 3)), (5, 5, 5), ValueError, "in_shape is .* with 3 numbers"),
        (np.ones((3, 3)), (0, 5), ValueError, "in_shape is 0"),
        (np.ones((3, 3)), (5.0, 5), TypeError, "in_shape is 5.0"),
    ],
)
def test_bad_input_is_refused(kernel, in_shape, error, message):
    with pytest.raises(error, match=message):
        conv_matrix(kernel, in_shape)


@pytest.mark.parametrize(
    ("kernel", "in_shape", "options", "error", "message"),
    [
        (np.ones(3), (5, 5), {}, ValueError, r"kernel has shape \(3,\)"),
        (np.ones((3, 3)), (5, 5, 5), {}, ValueError, "in_shape is .* with 3 numbers"),
        (np.ones((3, 3)), (1, 5), {"padding": 2}, ValueError, "nothing is left along the height"),
        (np.ones((3, 3)), (2, 5), {"output_size": (5, 7)}, ValueError, "output_size is 5 .*expected 4, "),
        (np.ones((3, 3)), (2, 5), {"stride": 0}, ValueError, "stride is 0"),
    ],
)
def test_bad_input_of_the_transposed_matrix_is_refused(kernel, in_shape, options, error, message):
    with pytest.raises(error, match=message):
        conv_transpose_matrix(kernel, in_shape, **options)
