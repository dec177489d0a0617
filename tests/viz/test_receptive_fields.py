"""Formula, dependency and gradient say the same where they must, and the picture says what the data say."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnncourse import viz
from cnncourse.ops import receptive_field as closed_formula
from cnncourse.viz.fields.measures import measure_field

from .nets import NETS, make
from .test_figures import pixels


def nothing(box):
    return box[0][1] < box[0][0] or box[1][1] < box[1][0]


@pytest.mark.parametrize("name", NETS)
def test_formula_equals_exact_dependency_and_contains_the_gradient(name):
    net, image = make(name)
    shape = measure_field(net, "", image).shape
    height, width = shape[-2:] if len(shape) == 4 else (1, 1)
    for cell in {(0, 0), (height // 2, width // 3), (height - 1, width - 1), (height // 3, width // 2)}:
        data = measure_field(net, "", image, cell)
        assert (data.mask_box == data.box) or (data.mask_box is None and nothing(data.box))
        assert not (data.effective > 0)[~data.mask].any()
        assert np.isclose(data.effective.sum(), 1) or not data.effective.any()


step = st.sampled_from(
    ["conv", "stride", "dilate", "pool", "up", "smooth", "transpose", "branch", "crop", "pad"]
)


class Random(nn.Module):
    """A random chain of steps, some with two branches."""

    def __init__(self, plan):
        super().__init__()
        self.plan = plan
        self.layers = nn.ModuleList(
            {
                "conv": lambda: nn.Conv2d(2, 2, (3, 2), padding=(1, 0)),
                "stride": lambda: nn.Conv2d(2, 2, 3, (2, 1), 1),
                "dilate": lambda: nn.Conv2d(2, 2, 2, dilation=(1, 3), padding=2),
                "pool": lambda: nn.MaxPool2d(2, ceil_mode=True),
                "up": lambda: nn.Upsample(scale_factor=(1, 2)),
                "smooth": lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
                "transpose": lambda: nn.ConvTranspose2d(2, 2, 3, 2, 1),
                "branch": lambda: nn.Conv2d(2, 2, 3, padding=1),
                "crop": nn.Identity,
                "pad": lambda: nn.ReplicationPad2d((1, 0, 2, 1)),
            }[name]()
            for name in plan
        )

    def forward(self, x):
        for name, layer in zip(self.plan, self.layers, strict=True):
            if name == "crop":
                x = x[:, :, 1:, :-1]
            elif name == "branch":
                x = torch.cat([x[:, :1] * 2, layer(x)[:, :1]], 1)
            else:
                x = layer(x)
        return x


@settings(max_examples=25, deadline=None)
@given(st.lists(step, min_size=1, max_size=4), st.floats(0, 0.999), st.floats(0, 0.999))
def test_formula_equals_exact_dependency_for_random_networks(plan, down, across):
    torch.manual_seed(0)
    net, image = Random(plan), torch.randn(1, 2, 17, 14)
    height, width = net(image).shape[2:]
    data = measure_field(net, "", image, (int(down * height), int(across * width)))
    assert (data.mask_box == data.box) or (data.mask_box is None and nothing(data.box))


@pytest.mark.parametrize(
    ("build", "layers"),
    [
        (torchvision.models.resnet18, ["layer1", "layer2.0.conv1"]),
        (
            torchvision.models.mobilenet_v3_small,
            ["features.1.block.0", "features.2"],
        ),
    ],
)
def test_formula_equals_exact_dependency_in_published_networks(build, layers):
    torch.manual_seed(0)
    net, image = build(weights=None).eval(), torch.randn(1, 3, 64, 96)
    for layer in layers:
        data = measure_field(net, layer, image)
        assert data.agree, layer
        assert not (data.effective > 0)[~data.mask].any()


def test_the_closed_formula_is_given_for_a_plain_chain_only():
    chain = nn.Sequential(nn.Conv2d(2, 2, 5, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(2, 2, 3))
    data = measure_field(chain, "3", (1, 2, 43, 51))
    assert data.formula == (2 * ((closed_formula([(5, 2), (3, 2), (3, 1)]), 4),))
    assert data.size == (data.formula[0][0], data.formula[1][0])
    net, image = make("skip")
    assert measure_field(net, "", image).formula is None


def test_the_mask_of_a_dilated_kernel_has_its_holes():
    data = measure_field(nn.Conv2d(1, 1, 3, dilation=3), "", (1, 1, 9, 11), (1, 2))
    assert np.argwhere(data.mask).tolist() == [[i, j] for i in (1, 4, 7) for j in (2, 5, 8)]


@pytest.mark.parametrize("kernel", [(3, 3), (1, 5)])
def test_the_effective_field_of_one_convolution_is_the_size_of_its_weights(kernel):
    torch.manual_seed(1)
    layer = nn.Conv2d(1, 1, kernel)
    data = measure_field(layer, "", (1, 1, 9, 11), (2, 3))
    weights = layer.weight.detach()[0, 0].abs().numpy()
    rows, columns = slice(2, 2 + kernel[0]), slice(3, 3 + kernel[1])
    assert np.allclose(data.effective[rows, columns], weights / weights.sum(), atol=1e-6)


def test_shares_of_an_even_gradient_follow_the_area():
    data = measure_field(nn.AvgPool2d(20), "", (1, 1, 20, 20))
    assert np.isclose(data.central_half, 0.25)
    assert data.sizes[0.5] == (16, 16)  # 14 × 14 is 49 %
    assert data.sizes[0.95] == (20, 20)


def test_several_images_are_averaged():
    net, _ = make("plain chain")
    torch.manual_seed(2)
    images = torch.randn(3, 2, 13, 16)
    single = [measure_field(net, "3", image[None]) for image in images]
    together = measure_field(net, "3", images)
    assert together.box == single[0].box
    assert (together.effective > 0).sum() >= max((one.effective > 0).sum() for one in single)


def test_an_in_place_activation_after_the_layer_does_not_hide_its_gradient():
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 1, 3)
    with torch.no_grad():
        conv.bias.fill_(-100)  # the ReLU is off everywhere
    data = measure_field(nn.Sequential(conv, nn.ReLU(inplace=True)), "0", (1, 1, 7, 9))
    assert data.effective.any()
    assert not measure_field(nn.Sequential(conv, nn.ReLU(inplace=True)), "1", (1, 1, 7, 9)).effective.any()


def test_measuring_leaves_the_model_as_it_was():
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Dropout()).train()
    before, state = {k: v.clone() for k, v in net.state_dict().items()}, torch.get_rng_state()
    assert measure_field(net, "3", (1, 2, 9, 11)).training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.grad is None for p in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())


@pytest.mark.parametrize(
    ("layer", "cell", "message"),
    [
        ("layer.2", None, r"no layer 'layer.2'; did you mean .*'layer2'"),
        ("layer2", (9, 0), r"cell=\(9, 0\).*8 rows and 12 columns"),
        ("layer2", 3, r"cell=3; expected \(row, column\)"),
        ("layer2 #2", None, "did not run"),
        (nn.ReLU(), None, "not part of this Sequential"),
    ],
)
def test_a_wrong_layer_or_cell_says_what_would_be_right(layer, cell, message):
    net = nn.Sequential(OrderedDict(layer1=nn.Conv2d(3, 2, 3, 8, 1), layer2=nn.ReLU()))
    with pytest.raises(ValueError, match=message):
        viz.receptive_field(net, layer, (1, 3, 64, 96), cell)


def test_the_picture_outlines_the_field_in_amber_and_says_the_numbers():
    net = nn.Sequential(nn.Conv2d(3, 4, 5), nn.MaxPool2d(2)).eval()
    figure = viz.receptive_field(net, net[1], np.random.default_rng(0).random((20, 31, 3)))
    assert figure.data.layer == "1"
    assert "can depend on 6 × 6 pixels of the 20 × 31 image" in repr(figure)
    assert "closed formula of a plain chain gives 6 with jump 2" in repr(figure)
    amber = np.abs(pixels(figure).astype(int) - (0xC2, 0x7C, 0)).sum(-1) < 12
    per_panel = [amber[:, start : start + 540].sum() for start in (0, 540, 1070)]
    assert min(per_panel) > 200
    assert viz.receptive_field is viz.receptive_field  # the function, not the module that it lives in
    assert callable(viz.receptive_field)


def test_a_layer_without_rows_and_columns_sees_the_whole_image_and_says_so():
    net, image = make("head")
    text = repr(viz.receptive_field(net, "2", image))
    assert "the whole image of 13 × 16: no rows and columns are left" in text


def test_an_image_of_many_channels_and_a_cell_in_the_padding_can_be_drawn():
    figure = viz.receptive_field(nn.Conv2d(5, 1, 3, padding=3), "", (1, 5, 9, 11), (0, 0))
    assert "depends on no pixel" in repr(figure)
    notes = [text.get_text() for text in figure.texts]
    assert "0 everywhere" in notes
    assert not any("90 %" in note or "in one pixel" in note for note in notes)
    assert len(figure.png()) > 1000
