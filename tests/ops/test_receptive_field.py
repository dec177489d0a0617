"""The formula agrees with what gradients reach."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.ops import receptive_field, receptive_fields

stacks = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=5)


def probe(layers, cell):
    """First and last input cell that one output cell depends on, by gradients through positive weights."""
    x = torch.ones(1, 1, 1200, dtype=torch.float64, requires_grad=True)
    out = x
    for kernel, stride in layers:
        out = torch.nn.functional.conv1d(out, torch.ones(1, 1, kernel, dtype=torch.float64), stride=stride)
    out[0, 0, cell].backward()
    reached = x.grad[0, 0].nonzero().ravel()
    return int(reached[0]), int(reached[-1])


@settings(deadline=None, derandomize=True, max_examples=60)
@given(stacks)
def test_formula_and_gradient_probe_agree(layers):
    for depth, (field, jump) in enumerate(receptive_fields(layers), start=1):
        first, last = probe(layers[:depth], cell=0)
        assert first == 0
        assert receptive_field(layers[:depth]) == field
        # A stride wider than the kernel leaves gaps, but not at the ends of the field.
        assert last + 1 == field
        assert probe(layers[:depth], cell=1)[0] == jump


def test_no_layer_sees_one_cell():
    assert receptive_field([]) == 1
    assert receptive_fields([]) == []


def test_strides_count_only_for_the_layers_after_them():
    assert receptive_field([(3, 2), (3, 1)]) == 7
    assert receptive_field([(3, 1), (3, 2)]) == 5


def test_any_sequence_of_layers_will_do():
    assert receptive_field((k, 1) for k in (3, 3)) == receptive_field(([3, 1], (3, 1))) == 5


@pytest.mark.parametrize("function", [receptive_field, receptive_fields])
@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ([(3, 1), (0, 1)], ValueError, "kernel of layer 1 is 0; expected at least 1"),
        ([(3, 0)], ValueError, "stride of layer 0 is 0"),
        ([(3.0, 1)], TypeError, "kernel of layer 0 is 3.0"),
        ([(3, True)], TypeError, "stride of layer 0 is True"),
        ([((3, 3), 1)], TypeError, r"kernel of layer 0 is \(3, 3\)"),
        ([3, 3], ValueError, r"layer 0 is 3; expected \(kernel, stride\)"),
        ([(3, 1, 1)], ValueError, r"layer 0 is \(3, 1, 1\); expected \(kernel, stride\)"),
        (["31"], ValueError, "layer 0 is '31'"),
        (3, TypeError, "layers is 3; expected a list"),
    ],
)
def test_bad_layers_are_refused_by_number(function, layers, error, message):
    with pytest.raises(error, match=message):
        function(layers)
