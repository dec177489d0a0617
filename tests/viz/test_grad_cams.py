"""Grad-CAM against hand-written autograd, against finite differences, and without a mark on the model."""

import numpy as np
import pytest
import torch
from torch import nn

from cnncourse import viz
from cnncourse.viz.grad_cams.pictures import enlarge


def classifier(seed=0, inplace=False):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace), nn.MaxPool2d(2), nn.Conv2d(4, 5, 2),
        nn.ReLU(inplace), nn.Dropout(0.5), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3),
    )  # fmt: skip


def segmenter(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.Conv2d(6, 4, 3, padding=1),
        nn.ConvTranspose2d(4, 5, 2, 2),
    )


def by_hand(layers, split, x, pick):
    """Grad-CAM of the output of ``layers[split]`` in NumPy; ``pick`` makes a score of the output."""
    maps = layers[: split + 1](x).detach().requires_grad_()
    pick(layers[split + 1 :](maps)).backward()
    activation, gradient = maps.detach()[0].numpy(), maps.grad[0].numpy()
    total = np.zeros(activation.shape[1:])
    for k in range(len(activation)):
        total += gradient[k].sum() / gradient[k].size * activation[k]
    return np.maximum(total, 0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("layer", [0, 2, 4, 5])
@pytest.mark.parametrize("inplace", [False, True])
def test_map_of_a_classifier_equals_one_computed_by_hand(seed, layer, inplace):
    x = torch.randn(1, 2, 11, 14)
    cam = viz.grad_cam_map(classifier(seed, inplace), x, str(layer), 1)
    expected = by_hand(classifier(seed).eval(), layer, x, lambda y: y[0, 1])
    np.testing.assert_allclose(cam, expected, atol=1e-6)


REGIONS = {
    "pixel": ((4, 9), lambda m: m[4, 9]),
    "box": ((2, 1, 7, 4), lambda m: m[1:4, 2:7].sum()),
    "all": (None, lambda m: m.sum()),
}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("seed", range(3))
def test_map_of_a_pixel_or_region_equals_one_computed_by_hand(seed, region):
    x = torch.randn(1, 3, 10, 14)
    given, pick = REGIONS[region]
    cam = viz.grad_cam_map(segmenter(seed), x, "1", 3, region=given)
    np.testing.assert_allclose(cam, by_hand(segmenter(seed), 1, x, lambda y: pick(y[0, 3])), atol=1e-6)


def test_any_set_of_pixels_is_a_region():
    x = torch.randn(1, 3, 10, 14)
    mask = torch.rand(10, 14) > 0.7
    cam = viz.grad_cam_map(segmenter(), x, "2", 0, region=mask)
    np.testing.assert_allclose(cam, by_hand(segmenter(), 2, x, lambda y: y[0, 0][mask].sum()), atol=1e-6)
    assert torch.equal(cam, viz.grad_cam_map(segmenter(), x, "2", 0, region=mask.numpy()))


def test_weights_are_mean_finite_differences_of_the_score():
    torch.manual_seed(4)
    head = nn.Linear(3 * 4 * 5, 2).double()
    model = nn.Sequential(nn.Conv2d(1, 3, 2), nn.Flatten(), head).double()
    x = torch.randn(1, 1, 5, 6, dtype=torch.double)
    maps = model[0](x).detach()
    weights = torch.zeros(3, dtype=torch.double)
    for k in range(3):
        moved = maps.clone()
        moved[0, k] += 1e-3  # all places at once: the sum of their derivatives
        weights[k] = (model[1:](moved) - model[1:](maps))[0, 1] / 1e-3 / 20
    expected = (weights[:, None, None] * maps[0]).sum(0).clamp(min=0)
    torch.testing.assert_close(viz.grad_cam_map(model, x, "0", 1), expected, atol=1e-9, rtol=1e-6)


def test_without_a_class_the_predicted_one_is_taken_and_said():
    model, x = classifier(), torch.randn(1, 2, 11, 14)
    winner = int(model.eval()(x).argmax())
    assert torch.equal(viz.grad_cam_map(model, x, "4"), viz.grad_cam_map(model, x, "4", winner))
    figure = viz.grad_cam(model, x, "4")
    assert any(f"class {winner}, the predicted one" in text.get_text() for text in figure.texts)


def test_without_a_class_a_region_has_its_most_frequent_one():
    model, x = segmenter(), torch.randn(1, 3, 10, 14)
    labels = model(x)[0].argmax(0)[1:4, 2:7]
    winner = int(labels.flatten().mode().values)
    box = (2, 1, 7, 4)
    assert torch.equal(
        viz.grad_cam_map(model, x, "0", region=box), viz.grad_cam_map(model, x, "0", winner, region=box)
    )


class Reused(nn.Module):
    """One convolution twice, a tuple from pooling, a dict as answer."""

    def __init__(self):
        super().__init__()
        self.conv, self.pool = nn.Conv2d(3, 3, 3, padding=1), nn.MaxPool2d(2, return_indices=True)
        self.relu, self.head, self.unused = nn.ReLU(inplace=True), nn.Conv2d(3, 4, 1), nn.Conv2d(1, 1, 1)

    def forward(self, x):
        x, _ = self.pool(self.relu(self.conv(self.relu(self.conv(x)))))
        return {"aux": x, "out": self.head(x)}


def test_a_dict_a_tuple_and_a_reused_layer():
    torch.manual_seed(1)
    model, x = Reused(), torch.randn(1, 3, 8, 10)
    maps = model.conv(model.conv(x).relu()).detach().requires_grad_()
    pooled = model.pool(maps.relu())[0]
    model.head(pooled)[0, 2, 1, 3].backward()
    expected = (maps.grad.mean((2, 3), keepdim=True) * maps).sum(1)[0].relu().detach()
    torch.testing.assert_close(viz.grad_cam_map(model, x, "conv", 2, region=(1, 3)), expected)
    assert viz.grad_cam_map(model, x, model.pool, 2).shape == (4, 5)
    figure = viz.grad_cam(model, x, model.conv, 2, region=(1, 3))
    assert any("runs 2 times; this is the last" in text.get_text() for text in figure.texts)


def test_the_model_is_left_as_it_was():
    model = classifier().train()
    model[6].eval()  # a mixture of modes
    model[0].weight.requires_grad_(False)
    model[4].weight.grad = torch.ones_like(model[4].weight)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    state = torch.random.get_rng_state()
    x = torch.randn(1, 2, 11, 14, generator=torch.Generator().manual_seed(0))
    copy = x.clone()
    viz.grad_cam_map(model, x, "2", 0)
    with pytest.raises(RuntimeError):
        viz.grad_cam_map(model, torch.randn(1, 7, 11, 14, generator=torch.Generator()), "2", 0)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes
    assert [p.grad is None for p in model.parameters()] == [i != 4 for i in range(8)]
    assert torch.equal(model[4].weight.grad, torch.ones_like(model[4].weight))
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(x, copy)
    assert not x.requires_grad


def test_frozen_weights_and_no_grad_do_not_stop_it():
    model = classifier().requires_grad_(False)
    x = torch.randn(1, 2, 11, 14)
    with torch.no_grad():
        cam = viz.grad_cam_map(model, x, "0", 2)
    np.testing.assert_allclose(cam, by_hand(classifier().eval(), 0, x, lambda y: y[0, 2]), atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 11, 14), (1, 2, 11, 14)])
def test_one_image_with_or_without_batch_as_tensor_or_array(shape):
    x = torch.randn(shape)
    assert torch.equal(
        viz.grad_cam_map(classifier(), x, "0", 0), viz.grad_cam_map(classifier(), x.numpy(), "0", 0)
    )


@pytest.mark.parametrize(
    ("layer", "target", "region", "message"),
    [
        ("conv1", 0, None, r"no layer 'conv1'.*'0', '4'"),
        ("10", 0, None, "no layer '10'"),
        ("8", 0, None, r"layer '8' gives shape \[1, 5\]; expected maps"),
        ("9", 0, None, "convolutional layer"),
        ("0", 3, None, r"class 3; expected 0\.\.2"),
        ("0", -1, None, "class -1"),
        ("0", 0, (1, 1), "one score for each class"),
        (nn.ReLU(), 0, None, "ReLU that was given as layer is not part"),
    ],
)
def test_what_cannot_be_asked_of_a_classifier_is_named(layer, target, region, message):
    with pytest.raises(ValueError, match=message):
        viz.grad_cam_map(classifier(), torch.randn(1, 2, 11, 14), layer, target, region=region)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ((10, 0), r"\(10, 0\) is outside the scores of 10 × 14"),
        ((3, 3, 3, 5), "is empty or leaves"),
        ((0, 0, 15, 5), "is empty or leaves"),
        (np.zeros((10, 14), bool), "a mask without any pixel"),
        (np.ones((5, 7), bool), r"bool mask \[10, 14\]"),
        ((1.5, 2.0), "expected a pixel"),
    ],
)
def test_a_region_that_is_none_is_named(region, message):
    with pytest.raises(ValueError, match=message):
        viz.grad_cam_map(segmenter(), torch.randn(1, 3, 10, 14), "0", 0, region=region)


def test_near_names_unused_layers_and_layers_off_the_path_are_named():
    model, x = Reused(), torch.randn(1, 3, 8, 10)
    with pytest.raises(ValueError, match="did you mean 'conv'"):
        viz.grad_cam_map(model, x, "convs", 0)
    with pytest.raises(ValueError, match="'unused' did not run"):
        viz.grad_cam_map(model, x, "unused", 0)
    aside = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1))
    aside.forward = lambda x: (x.mean((2, 3)), aside[0](x))
    with pytest.raises(ValueError, match="does not depend on layer '0'"):
        viz.grad_cam_map(aside, x, "0", 0)


@pytest.mark.parametrize(
    ("image", "message"), [(torch.zeros(2, 2, 9, 9), "2 images in one array"), (torch.zeros(9), r"\(9,\)")]
)
def test_what_is_no_single_image_is_named(image, message):
    with pytest.raises(ValueError, match=message):
        viz.grad_cam_map(classifier(), image, "0", 0)


def test_a_photograph_with_channels_last_and_bytes_is_the_same_image():
    photo = np.random.default_rng(0).integers(0, 256, (11, 14, 3), dtype=np.uint8)
    tensor = torch.from_numpy(photo).permute(2, 0, 1)[None] / 255
    cam = viz.grad_cam_map(segmenter(), photo, "2", 0)
    torch.testing.assert_close(cam, viz.grad_cam_map(segmenter(), tensor, "2", 0))


@pytest.mark.parametrize("size", [(12, 17), (5, 4), (3, 30)])
def test_enlarging_equals_bilinear_interpolation_of_torch(size):
    cam = torch.rand(5, 7, dtype=torch.double)
    expected = nn.functional.interpolate(cam[None, None], size=size, mode="bilinear", align_corners=False)[
        0, 0
    ]
    np.testing.assert_allclose(enlarge(cam.numpy(), size), expected, atol=1e-12)


def summing(value):
    """A network whose map is its input times ``value``."""
    model = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(), nn.Linear(6 * 9, 2, bias=False))
    nn.init.constant_(model[0].weight, value)
    nn.init.ones_(model[2].weight)
    return model


def test_text_gives_the_strongest_place_or_says_that_there_is_none():
    x = torch.zeros(1, 6, 9)
    x[0, 5, 1] = 1
    figure = viz.grad_cam(summing(1.0), x, "0", 1, classes=["cat", "dog"])
    assert repr(figure) == (
        "<Figure: Grad-CAM of layer 0 for class 1 (dog): strongest at row 5, column 1 of its 6 × 9 map, "
        "lower left of the image>"
    )
    assert "0 everywhere, no place" in repr(viz.grad_cam(summing(-1.0), x, "0", 1))


def test_the_picture_outlines_the_region_on_the_image():
    model, x = segmenter(), torch.rand(3, 10, 14)
    figure = viz.grad_cam(model, x, "0", 1, region=(3, 2, 6, 8))
    lines = np.concatenate([line.get_xydata() for line in figure.axes[0].lines])
    assert (lines.min(0) + 0.5).tolist() == [3, 2]
    assert (lines.max(0) + 0.5).tolist() == [6, 8]
    (box, _) = viz.grad_cam(model, x, "0", 1, region=(4, 9)).axes[0].patches[:2]
    center = np.add(box.get_xy(), [box.get_width() / 2, box.get_height() / 2])
    np.testing.assert_allclose(center, [9, 4])
