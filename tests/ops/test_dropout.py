"""Dropout drops as often as torch's, keeps the mean, and lets gradients through where it kept a value."""

import pytest
import torch
from torch.nn import functional as F

from cnncourse.ops.dropout import dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_values_are_those_of_torch_and_as_many_are_dropped(p):
    torch.manual_seed(0)
    x = torch.rand(200, 7, 11) + 0.5
    ours, theirs = dropout(x, p, True), F.dropout(x, p, True)
    for out in (ours, theirs):
        kept = out != 0
        torch.testing.assert_close(out[kept], (x / (1 - p))[kept])
        assert abs(kept.float().mean() - (1 - p)) < 0.02
    assert abs(ours.mean() - x.mean()) < 0.05


def test_nothing_happens_outside_of_training_or_with_p_0():
    x = torch.randn(3, 5)
    assert torch.equal(dropout(x, 0.7, False), x)
    assert torch.equal(dropout(x, 0.0, True), x)


def test_p_1_drops_everything_as_torch_does():
    x = torch.randn(3, 5)
    assert not dropout(x, 1.0, True).any()
    assert torch.equal(dropout(x, 1.0, True).abs(), F.dropout(x, 1.0, True).abs())


def test_the_gradient_is_the_factor_of_each_value():
    torch.manual_seed(1)
    x = torch.randn(40, 3, requires_grad=True)
    out = dropout(x, 0.6, True)
    out.sum().backward()
    torch.testing.assert_close(x.grad, (out.detach() != 0) / 0.4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_type_stays(dtype):
    assert dropout(torch.ones(4, dtype=dtype), 0.5, True).dtype == dtype


def test_the_seed_decides_and_the_input_stays():
    x = torch.ones(50)
    torch.manual_seed(2)
    first, second = dropout(x, 0.5, True), dropout(x, 0.5, True)
    torch.manual_seed(2)
    assert torch.equal(dropout(x, 0.5, True), first)
    assert not torch.equal(first, second)
    assert torch.equal(x, torch.ones(50))


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        dropout(torch.ones(2), p, True)
