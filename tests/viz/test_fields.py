"""The traced field of a cell is exactly the pixels that can change it, and the model is left as it was."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnncourse.ops import receptive_fields
from cnncourse.viz.fields import trace_fields

from .nets import NETS, SIZE, make


def changed_by_each_pixel(net, image):
    """Return [H, W, h, w] (or [H, W, 1, 1]): whether a pixel changes an output cell, tried one by one.

    Two large changes of several random sizes: a ReLU that is off or a lost maximum seldom hides all of them.
    """
    net, image = net.double(), image.double()
    height, width = image.shape[-2:]
    outputs = None
    with torch.no_grad():
        for seed in range(3):
            generator = torch.Generator().manual_seed(seed)
            base = torch.randn(image.shape, generator=generator, dtype=torch.float64)
            before = first_tensor(net(base))
            rows = []
            for i in range(height):
                batch = base.repeat(width, 1, 1, 1)
                for j in range(width):
                    batch[j, :, i, j] += 40 * torch.randn(
                        image.shape[1], generator=generator, dtype=torch.float64
                    )
                after = torch.cat([first_tensor(net(one[None])) for one in batch])
                rows.append((after != before).any(1))
            found = torch.stack(rows)
            outputs = found if outputs is None else outputs | found
    return (
        outputs.reshape(height, width, *outputs.shape[2:]) if outputs.ndim == 4 else outputs[..., None, None]
    )


def first_tensor(value):
    return value["out"] if isinstance(value, dict) else value


def hull(marks):
    """Return first and last true index, (0, −1) when there is none."""
    places = np.flatnonzero(marks)
    return (int(places[0]), int(places[-1])) if len(places) else (0, -1)


@pytest.mark.parametrize("name", NETS)
def test_no_pixel_outside_the_field_changes_the_cell(name):
    net, image = make(name)
    image = image[..., :11, :12] if name not in ("head", "bilinear") else image
    field = trace_fields(net, image)[""]
    changed = changed_by_each_pixel(net, image).numpy()
    assert field.exact
    for i, (top, bottom) in enumerate(field.rows):
        rows = hull(changed[:, :, i].any(axis=(1, 2)))
        assert rows == (0, -1) or (top <= rows[0] and rows[1] <= bottom)
    for j, (left, right) in enumerate(field.columns):
        columns = hull(changed[..., j].any(axis=(0, 2)))
        assert columns == (0, -1) or (left <= columns[0] and columns[1] <= right)


@pytest.mark.parametrize(
    "name", ["plain chain", "dilation", "groups", "transposed", "nearest", "skip", "moves", "head"]
)
def test_the_field_is_no_larger_than_what_changes_the_cell(name):
    net, image = make(name)
    image = image[..., :11, :12] if name != "head" else image
    field = trace_fields(net, image)[""]
    changed = changed_by_each_pixel(net, image).numpy()
    assert [hull(changed[:, :, i].any(axis=(1, 2))) for i in range(changed.shape[2])] == list(
        map(tuple, field.rows)
    )
    assert [hull(changed[..., j].any(axis=(0, 2))) for j in range(changed.shape[3])] == list(
        map(tuple, field.columns)
    )


layer = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2), st.booleans())


@settings(max_examples=25, deadline=None)
@given(st.lists(layer, min_size=1, max_size=4))
def test_a_plain_chain_has_the_field_and_the_jump_of_the_closed_formula(plan):
    layers, spans = [], []
    for kernel, stride, padding, dilation, pool in plan:
        if pool:
            layers.append(nn.MaxPool2d(kernel, stride, min(padding, kernel // 2), dilation))
        else:
            layers.append(nn.Conv2d(1, 1, kernel, stride, padding, dilation))
        spans.append((dilation * (kernel - 1) + 1, stride))
    field = trace_fields(nn.Sequential(*layers, nn.ReLU()), (1, 1, 167, 151))[""]
    size, jump = receptive_fields(spans)[-1]
    assert field.size == (size, size)
    assert field.jump == (jump, jump)
    assert (np.diff(field.unclipped_rows, axis=0) == jump).all()
    assert (field.unclipped_rows[:, 1] - field.unclipped_rows[:, 0] + 1 == size).all()


@pytest.mark.parametrize("seed", range(3))
def test_clipping_the_unclipped_field_of_a_padded_chain_gives_the_field(seed):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(2, 3, 3, 2, 1), nn.Conv2d(3, 3, 5, 1, 2), nn.MaxPool2d(3, 2, 1))
    field = trace_fields(net, (1, 2, 15 + seed, 22))[""]
    for inside, endless, n in (
        (field.rows, field.unclipped_rows, 15 + seed),
        (field.columns, field.unclipped_columns, 22),
    ):
        assert (inside == endless.clip(0, n - 1)).all()
        assert endless[0, 0] < 0


def test_known_sizes_of_published_networks():
    vgg = trace_fields(torchvision.models.vgg16(weights=None).features.eval(), (1, 3, 96, 96))
    assert [vgg[k].size[0] for k in ("4", "9", "16", "23", "30")] == [6, 16, 44, 100, 212]
    resnet = trace_fields(torchvision.models.resnet18(weights=None).eval(), (1, 3, 64, 96))
    assert [resnet[k].size[0] for k in ("conv1", "maxpool", "layer1", "layer2", "layer3", "layer4")] == [
        7, 11, 43, 99, 211, 435
    ]  # fmt: skip
    assert resnet["fc"].everything


def test_a_layer_called_twice_has_two_fields():
    net, image = make("reused")
    fields = trace_fields(net, image)
    assert (fields["conv"].size, fields["conv #2"].size) == ((3, 3), (5, 5))
    assert not fields["norm"].everything
    assert fields["gate"].everything  # through the mean over the image


def test_every_output_of_a_dictionary_and_of_a_tuple_has_its_field():
    net, image = make("unpool")
    fields = trace_fields(net, image)
    assert (fields["[out]"].size, fields["[aux]"].size) == ((6, 6), (2, 2))
    assert fields["pool[1]"].size == (2, 2)


def test_batch_norm_in_training_sees_the_whole_image():
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3))
    assert trace_fields(net, (1, 2, *SIZE))["1"].everything
    assert not trace_fields(net.eval(), (1, 2, *SIZE))["1"].everything


def test_an_operation_without_a_rule_is_named_and_bounded():
    class Odd(nn.Module):
        def forward(self, x):
            return torch.cumsum(F.relu(x), 3)

    field = trace_fields(Odd(), (1, 1, 5, 7))[""]
    assert field.unknown == ("cumsum",)
    assert field.everything
    assert not field.exact


def test_a_value_that_left_torch_is_not_called_independent():
    class Leaves(nn.Module):
        def forward(self, x):
            return torch.from_numpy(x.numpy()[:, :, 1:] * 2)

    field = trace_fields(Leaves(), (1, 1, 5, 7))[""]
    assert field.unknown
    assert field.everything


def test_a_cell_that_sees_only_padding_has_an_empty_field():
    field = trace_fields(nn.Conv2d(1, 1, 3, padding=3), (1, 1, 5, 7))[""]
    assert field.rows[0].tolist() == [0, -1]
    assert field.unclipped_rows[0].tolist() == [-3, -1]


def test_the_model_is_left_as_it_was():
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Dropout(), nn.ReLU(inplace=True)).train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    image = torch.randn(2, 2, *SIZE)
    kept, state = image.clone(), torch.get_rng_state()
    trace_fields(net, image)
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert net.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())
    assert all(p.grad is None for p in net.parameters())
    assert torch.equal(image, kept)


def test_an_input_without_an_image_says_what_is_expected():
    with pytest.raises(ValueError, match=r"got .*\(1, 5\).*expected an image"):
        trace_fields(nn.Linear(5, 2), (1, 5))
