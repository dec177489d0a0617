"""The classifiers: counts, shapes, and what they say to an image of another size."""

import copy
import pickle

import pytest
import torch
from torch import nn

from cnncourse.models import classic_cnn, simple_cnn, vgg16


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("build", "count"), [(simple_cnn, 54_410), (classic_cnn, 44_397_002), (vgg16, 138_357_544)]
)
def test_the_counts_are_those_of_the_papers(build, count):
    with torch.device("meta"):
        assert parameters(build()) == count


@pytest.mark.parametrize(
    ("model", "name", "shape"),
    [
        (simple_cnn(), "conv", (32, 26, 26)),
        (simple_cnn(), "pool", (32, 13, 13)),
        (simple_cnn(7, 3, (11, 8), 5), "pool", (5, 4, 3)),
        (classic_cnn(width=4, hidden=3), "pool1", (4, 111, 111)),
        (classic_cnn(width=4, hidden=3), "pool2", (8, 54, 54)),
        (classic_cnn(width=4, hidden=3), "conv3", (16, 52, 52)),
        (classic_cnn(width=4, size=(28, 41)), "relu3", (16, 3, 6)),
        (vgg16(width=1), "stage1", (1, 112, 112)),
        (vgg16(width=1), "stage5", (8, 7, 7)),
        (vgg16(width=1, size=(32, 96), batch_norm=True), "stage5", (8, 1, 3)),
    ],
)
def test_each_stage_has_the_documented_shape(model, name, shape):
    x = torch.rand(2, model.in_channels, *model.size)
    last = list(dict(model.named_children())).index(name)
    assert model[: last + 1](x).shape == (2, *shape)


@pytest.mark.parametrize("build", [simple_cnn, classic_cnn])
@pytest.mark.parametrize("size", [(18, 18), (19, 26), (33, 20)])
def test_any_image_size_becomes_logits(build, size):
    model = build(num_classes=7, in_channels=2, size=size, width=3)
    assert model(torch.rand(3, 2, *size)).shape == (3, 7)


def test_the_simple_network_is_the_five_layers_of_the_lesson():
    torch.manual_seed(0)
    model, x = simple_cnn(), torch.rand(3, 1, 28, 28)
    expected = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 13 * 13, 10)
    )
    expected.load_state_dict(dict(zip(expected.state_dict(), model.state_dict().values(), strict=True)))
    assert torch.equal(model(x), expected(x))
    assert [type(layer) for layer in model] == [type(layer) for layer in expected]


def test_dropout_acts_only_while_training():
    torch.manual_seed(0)
    model, x = classic_cnn(size=18, width=4, dropout=0.5), torch.rand(2, 3, 18, 18)
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))


def test_vgg_keeps_the_size_of_the_signal_from_a_random_start():
    torch.manual_seed(0)
    model = vgg16(width=16, size=32).eval()
    x = torch.randn(8, 3, 32, 32)
    with torch.no_grad():
        assert 0.05 < model(x).std() / x.std() < 20


def test_batch_norm_adds_two_numbers_per_map():
    maps = 2 * 64 + 2 * 128 + 3 * 256 + 6 * 512
    with torch.device("meta"):
        assert parameters(vgg16(batch_norm=True)) == 138_357_544 + 2 * maps


@pytest.mark.parametrize("size", [(29, 29), (28, 29), (27, 28), (56, 56)])
def test_another_size_is_refused_even_where_the_layers_would_take_it(size):
    y, x = size
    with pytest.raises(ValueError, match=rf"{y}×{x}; expected N×1×28×28.*size=\({y}, {x}\)"):
        simple_cnn()(torch.rand(2, 1, *size))


def test_other_channels_and_a_missing_batch_are_refused_with_a_remedy():
    with pytest.raises(ValueError, match=r"2×3×28×28; expected N×1×28×28.*in_channels=3"):
        simple_cnn()(torch.rand(2, 3, 28, 28))
    with pytest.raises(ValueError, match=r"1×28×28; expected N×1×28×28: add the batch axis with x\[None\]"):
        simple_cnn()(torch.rand(1, 28, 28))


@pytest.mark.parametrize(
    ("build", "size", "nearest"),
    [
        (simple_cnn, (3, 9), "4×9"),
        (classic_cnn, (30, 17), "30×18"),
        (vgg16, (225, 90), "224×96"),
        (vgg16, (5, 64), "32×64"),
    ],
)
def test_a_size_that_cannot_work_names_the_nearest_that_does(build, size, nearest):
    with pytest.raises(ValueError, match=f"{size[0]}×{size[1]}; expected.* {nearest}"):
        build(size=size)
    height, width = map(int, nearest.split("×"))
    build(size=(height, width), width=1)


def test_a_classifier_is_sliced_copied_and_pickled_like_a_sequential():
    model, x = simple_cnn(width=2), torch.rand(2, 1, 28, 28)
    assert type(model[:3]) is nn.Sequential
    assert list(dict(model[1:4].named_children())) == ["relu", "pool", "flatten"]
    assert model[0] is model.conv
    assert model[-1] is model.fc
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(x), model(x))
        with pytest.raises(ValueError, match="expected N×1×28×28"):
            other(torch.rand(2, 1, 29, 29))
