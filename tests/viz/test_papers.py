"""The networks of lessons 08 and 09 in every visual that takes a model."""

import re

import numpy as np
import pytest
import torch

from cnncourse.models import SegNet, SegNetBasic, UNet
from cnncourse.viz import architecture, explain_shapes, feature_maps

NETWORKS = {
    "SegNet": (lambda: SegNet(11, 4).eval(), (1, 3, 45, 71)),
    "shallow SegNet": (lambda: SegNet(11, 4, convs=(1, 1, 1)).eval(), (1, 3, 48, 64)),
    "SegNet-Basic": (lambda: SegNetBasic(11, 4).eval(), (1, 3, 45, 71)),
    "U-Net": (lambda: UNet(1, 2, 4), (1, 1, 188, 204)),
    "padded U-Net": (lambda: UNet(3, 11, 4, padded=True, batch_norm=True).eval(), (1, 3, 45, 71)),
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    build, shape = NETWORKS[request.param]
    torch.manual_seed(0)
    return request.param, build(), shape


def skips(picture):
    blocks = picture.diagram.blocks
    across = [edge for edge in picture.diagram.edges if edge.target != edge.source + 1]
    return [(blocks[e.source].label, blocks[e.target].label, e.indices) for e in across]


def test_architecture_shows_skips_or_indices_across(network):
    name, model, shape = network
    picture = architecture(model, shape)
    assert picture.totals.parameters == sum(parameter.numel() for parameter in model.parameters())
    if "SegNet" in name:  # the last stage's own indices go straight on
        depth = len(model.encoder)
        assert skips(picture) == [("Max pool 2×2", "Max-unpool", True)] * (depth - 1)
        assert [block.label for block in picture.diagram.blocks].count("Max-unpool") == depth
    else:
        assert skips(picture) == [("Conv 3×3", "concat", False)] * 4


def test_a_crop_is_shown_where_something_is_cut_off():
    def details(shape, **options):
        picture = architecture(UNet(1, 2, 2, depth=2, **options), shape)
        return [block.detail for block in picture.diagram.blocks if "crop" in block.detail]

    assert len(details((1, 1, 44, 60))) == 2
    assert details((1, 1, 32, 48), padded=True) == []
    assert details((1, 1, 32, 48), padded=True, skips=False) == []


def test_without_skips_nothing_goes_across():
    picture = architecture(UNet(1, 2, 2, depth=2, padded=True, skips=False), (1, 1, 32, 48))
    assert skips(picture) == []


def test_shapes_are_explained_layer_by_layer(network):
    _, model, shape = network
    with torch.no_grad():
        out = model(torch.rand(shape)).shape
    told = str(explain_shapes(model, shape))
    assert "×".join(map(str, out)) in told
    assert "fails" not in told


def test_a_wrong_size_is_explained_with_the_nearest():
    told = str(explain_shapes(UNet(1, 2, 2), (1, 1, 189, 204)))
    assert re.search(r"fails.*Nearest input size that works: 188×204", told, re.DOTALL)


def test_every_layers_maps_can_be_browsed_and_the_model_is_left_alone(network):
    _, model, shape = network
    image = torch.rand(shape[1:])
    browser = feature_maps(model, image)
    with torch.no_grad():
        scores = model(image[None])[0]
    np.testing.assert_allclose(browser.values(browser.layers[-1]), scores.numpy(), atol=1e-5)
    assert len(browser.layers) >= sum(not any(layer.children()) for layer in model.modules())
    assert not any(layer._forward_hooks for layer in model.modules())
