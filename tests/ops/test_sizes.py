"""Sizes agree with what torch computes, and refuse what cannot be one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.ops import conv_output_size, pair

repeatable = settings(deadline=None, derandomize=True, max_examples=80)


@repeatable
@given(
    n=st.integers(1, 30),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 5),
    padding=st.integers(0, 6),
    dilation=st.integers(1, 4),
)
def test_output_size_is_that_of_torch_or_both_refuse(n, kernel, stride, padding, dilation):
    sizes = {"stride": stride, "padding": padding, "dilation": dilation}
    try:
        expected = torch.nn.functional.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, kernel), **sizes).shape[
            -1
        ]
    except RuntimeError:
        with pytest.raises(ValueError, match="does not fit"):
            conv_output_size(n, kernel, **sizes)
    else:
        got = conv_output_size(n, kernel, **sizes)
        assert got == expected
        assert type(got) is int


@repeatable
@given(n=st.integers(1, 9), kernel=st.integers(2, 7), dilation=st.integers(1, 4))
def test_padding_named_in_the_error_is_the_least_that_fits(n, kernel, dilation):
    try:
        conv_output_size(n, kernel, dilation=dilation)
    except ValueError as error:
        least = int(str(error).rsplit(" ", 1)[1])
        assert conv_output_size(n, kernel, padding=least, dilation=dilation) >= 1
        with pytest.raises(ValueError, match="does not fit"):
            conv_output_size(n, kernel, padding=least - 1, dilation=dilation)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 3), ValueError, "n is 0; expected at least 1"),
        ((5, 0), ValueError, "kernel is 0; expected at least 1"),
        ((5, 3, 0), ValueError, "stride is 0; expected at least 1"),
        ((5, 3, 1, -1), ValueError, "padding is -1; expected at least 0"),
        ((5, 3, 1, 0, 0), ValueError, "dilation is 0; expected at least 1"),
        ((5.0, 3), TypeError, r"n is 5.0 \(float\); expected an integer"),
        ((5, True), TypeError, r"kernel is True \(bool\); expected an integer"),
        ((5, 3, np.True_), TypeError, "stride is .*True.* expected an integer"),
        ((5, "3"), TypeError, r"kernel is '3' \(str\); expected an integer"),
        ((5, None), TypeError, "kernel is None .* expected an integer"),
        ((5, (3, 3)), TypeError, r"kernel is \(3, 3\) .* expected an integer"),
    ],
)
def test_sizes_that_are_none_are_refused_by_name(arguments, error, message):
    with pytest.raises(error, match=message):
        conv_output_size(*arguments)


@pytest.mark.parametrize("value", [(2, 3), [2, 3], np.array([2, 3]), torch.Size((2, 3)), (np.int64(2), 3)])
def test_a_pair_is_kept_in_its_order(value):
    assert pair(value, "stride") == (2, 3)


@pytest.mark.parametrize("value", [4, np.uint8(4), np.array(4), torch.tensor(4)])
def test_an_int_stands_for_both_axes(value):
    assert pair(value, "stride") == (4, 4)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ((1, 2, 3), ValueError, r"stride is \(1, 2, 3\) with 3 numbers; expected an int or a pair"),
        ((), ValueError, r"stride is \(\) with 0 numbers"),
        ((1, 0), ValueError, "stride is 0; expected at least 1"),
        ((1, 2.0), TypeError, "stride is 2.0"),
        ((False, 1), TypeError, "stride is False"),
        ("12", TypeError, "stride is '12'"),
        (np.array([1.0, 2.0]), TypeError, "stride is .*1.0"),
    ],
)
def test_what_is_no_pair_is_refused(value, error, message):
    with pytest.raises(error, match=message):
        pair(value, "stride")
