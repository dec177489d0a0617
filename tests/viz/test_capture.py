"""Captured maps are what torch computes, layer by layer, and the model is left as it was."""

import copy
from collections import Counter

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from cnncourse.viz.map_browser.capture import collect, see
from cnncourse.viz.tracing import TraceFailed
from cnncourse.viz.untouched import as_image

SEEDS = (0, 1, 2)


class Small(nn.Module):
    """In-place ReLU used twice, a function between layers, a skip, a vector at the end."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(5, 5, (3, 1), padding=(1, 0))
        self.relu, self.linear = nn.ReLU(inplace=True), nn.Linear(5 * 4 * 6, 7)

    def forward(self, x):
        skip = self.relu(self.conv1(x))
        y = self.conv2(skip)
        y += skip
        return self.linear(F.max_pool2d(self.relu(y), 2).flatten(1))


class Indices(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)

    def forward(self, x):
        values, indices = self.pool(x)
        return {"out": self.unpool(values, indices, output_size=x.shape), "pooled": values}


class Stumbles(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.wrong = nn.Conv2d(1, 4, 3), nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.wrong(self.conv(x))


def by_hooks(model, x):
    """Every leaf's first output by torch's own hooks, copied when it was made; evaluation mode."""
    model, found, calls = copy.deepcopy(model).eval(), {}, Counter()

    def watch(name):
        def after(module, args, result):
            calls[name] += 1
            key = name if calls[name] == 1 else f"{name} #{calls[name]}"
            found[key] = (result[0] if isinstance(result, tuple) else result).detach().clone()

        return after

    for name, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(watch(name))
    with torch.no_grad():
        model(x)
    return found


def snapshot(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_maps_of_a_small_network_equal_its_layers_called_by_hand(seed):
    torch.manual_seed(seed)
    net, x = Small(), torch.randn(1, 3, 8, 13)
    captured = collect(net, x)
    with torch.no_grad():
        conv1 = F.conv2d(x, net.conv1.weight, net.conv1.bias, padding=1)
        relu = conv1.clamp(min=0)
        conv2 = F.conv2d(relu, net.conv2.weight, net.conv2.bias, padding=(1, 0))
        again = (conv2 + relu).clamp(min=0)
        pooled = F.max_pool2d(again, 2)
        logits = pooled.flatten(1) @ net.linear.weight.T + net.linear.bias
    expected = {
        "input": x,
        "conv1": conv1,
        "relu": relu,
        "conv2": conv2,
        "add": conv2 + relu,
        "relu #2": again,
        "max_pool2d": pooled,
        "flatten": pooled.flatten(1),
        "linear": logits,
    }
    assert [layer.name for layer in captured.layers] == list(expected)
    for index, (name, tensor) in enumerate(expected.items()):
        assert captured.layers[index].shape == tuple(tensor.shape), name
        np.testing.assert_allclose(
            captured.values(index).ravel(), tensor.numpy().ravel(), atol=1e-5, err_msg=name
        )


@pytest.mark.parametrize(
    ("build", "size"),
    [
        (lambda: torchvision.models.resnet18(weights=None), (65, 49)),
        (lambda: torchvision.models.vgg16_bn(weights=None, num_classes=3).features, (37, 45)),
        (lambda: torchvision.models.mobilenet_v3_small(weights=None), (47, 64)),
    ],
    ids=["resnet18", "vgg16", "mobilenet_v3"],
)
def test_maps_of_torchvision_models_equal_those_of_torch_hooks(build, size):
    torch.manual_seed(0)
    model = build()
    x = torch.randn(1, 3, *size)
    captured, expected = collect(model, x), by_hooks(model, x)
    names = [layer.name for layer in captured.layers]
    assert set(expected) <= set(names)
    for name, tensor in expected.items():
        index = names.index(name)
        np.testing.assert_array_equal(
            captured.values(index), tensor.numpy().reshape(captured.layers[index].maps)
        )


def test_a_map_is_copied_before_the_layer_behind_it_overwrites_it():
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True))
    with torch.no_grad():
        model[0].bias.fill_(-5.0)
    captured = collect(model, torch.rand(1, 7, 5))
    assert captured.values(1).max() < 0
    assert np.all(captured.values(2) == 0)


def test_each_tensor_of_a_tuple_is_a_layer_and_indices_are_those_of_torch():
    x = torch.randn(1, 2, 6, 9)
    captured = collect(Indices(), x)
    assert [layer.name for layer in captured.layers] == ["input", "pool", "pool[1]", "unpool"]
    values, indices = F.max_pool2d(x, 2, return_indices=True)
    np.testing.assert_array_equal(captured.values(1), values[0].numpy())
    np.testing.assert_array_equal(captured.values(2), indices[0].numpy())
    np.testing.assert_array_equal(
        captured.values(3), F.max_unpool2d(values, indices, 2, output_size=x.shape)[0]
    )


def test_the_model_keeps_modes_buffers_gradients_hooks_and_random_state():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 2, 3)).train()
    model[1].eval()
    image = torch.rand(9, 11)
    before, state = snapshot(model), torch.get_rng_state()
    captured = collect(model, image)
    see(captured)
    assert [module.training for module in model.modules()] == [True, True, False, True, True]
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in model.modules())
    np.testing.assert_array_equal(captured.values(2), captured.values(3), err_msg="dropout is off")


def test_a_failing_layer_is_named_and_leaves_no_hook():
    model = Stumbles().train()
    with pytest.raises(TraceFailed, match=r"Conv2d wrong, which got 1×4×5×7[\s\S]*explain_shapes"):
        collect(model, torch.rand(7, 9))
    assert model.training
    assert model.wrong.training
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize(
    ("image", "shape"),
    [
        (np.zeros((5, 7)), (1, 1, 5, 7)),
        (np.zeros((5, 7, 3)), (1, 3, 5, 7)),
        (np.zeros((3, 7, 3)), (1, 3, 3, 7)),
        (torch.zeros(3, 7, 3), (1, 3, 7, 3)),
        (torch.zeros(2, 5, 7), (1, 2, 5, 7)),
        (torch.zeros(1, 4, 5, 7, requires_grad=True), (1, 4, 5, 7)),
    ],
)
def test_images_of_every_layout_become_one_batch(image, shape):
    assert as_image(image).shape == shape


def test_uint8_becomes_zero_to_one_and_channels_stay_apart():
    image = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    np.testing.assert_allclose(as_image(image)[0, 2, 4, 6], image[4, 6, 2] / 255, atol=1e-7)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((2, 3, 5, 7)), r"got 2 images.*images\[:1\]"),
        (np.zeros(5), r"shape \(5,\); expected \[H, W\]"),
        (np.zeros((0, 5)), "shape"),
        (np.array([["a"]]), "real numbers"),
    ],
)
def test_other_images_are_refused_with_a_remedy(image, message):
    with pytest.raises(ValueError, match=message):
        as_image(image)


def test_maps_beyond_the_budget_are_computed_again_and_equal():
    torch.manual_seed(0)
    net, x = Small(), torch.randn(1, 3, 8, 13)
    all_kept, few = collect(net, x), collect(net, x, budget=4000)
    assert len(few.kept) < len(few.layers) == len(all_kept.kept)
    for index in range(len(few.layers)):
        np.testing.assert_array_equal(few.values(index), all_kept.values(index))


@pytest.mark.parametrize("seed", SEEDS)
def test_receptive_fields_are_where_a_changed_pixel_changes_the_cell(seed):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.Softplus(), nn.Conv2d(2, 1, (3, 2), dilation=(1, 2))
    )
    x = torch.rand(1, 1, 9, 12)
    captured = collect(net, x)
    fields = see(captured)
    pixels = [(row, column) for row in range(9) for column in range(12)]
    precise, nudged = copy.deepcopy(net).double(), x.double() + torch.eye(len(pixels)).reshape(-1, 1, 9, 12)
    for index, layer in enumerate(captured.layers[1:], 1):
        with torch.no_grad():
            moved = (precise[:index](nudged) - precise[:index](x.double())).abs().amax(1) > 1e-9
        reaches = {}
        for n, row, column in moved.nonzero().tolist():
            reaches.setdefault((row, column), []).append(pixels[n])
        assert len(reaches) == layer.maps[1] * layer.maps[2]
        for (i, j), seen in reaches.items():
            rows, columns = np.transpose(seen)
            assert fields[index].rows[i].tolist() == [rows.min(), rows.max()], (layer.name, i, j)
            assert fields[index].columns[j].tolist() == [columns.min(), columns.max()], (layer.name, i, j)


def test_vectors_and_odd_ranks_have_a_way_to_be_shown():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(2), nn.Flatten(), nn.Linear(60, 2))
    layers = collect(model, torch.rand(5, 7)).layers
    assert [layer.maps for layer in layers] == [(1, 5, 7), (4, 3, 5), (1, 4, 15), (60, 1, 1), (2, 1, 1)]
    assert [layer.is_vector for layer in layers] == [False, False, False, True, True]
