"""A converted classifier equals the classifier on every crop."""

import copy

import pytest
import torch
from torch import nn
from torchvision import models as theirs

from cnncourse.models import classic_cnn, linear_to_conv, simple_cnn, to_fcn, vgg16


def mixed(*layers):
    """Return a Sequential in eval mode whose batch norms have statistics of their own."""
    model = nn.Sequential(*layers)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -1, 1)
            nn.init.uniform_(layer.running_var, 0.5, 2)
            nn.init.uniform_(layer.weight, 0.5, 2)
    return model.eval()


def assert_equal_on_every_crop(classifier, fcn, image):
    """Compare all positions, or the outer ones and some between where there are many."""
    (height, width), (dy, dx) = fcn.window, fcn.stride
    with torch.no_grad():
        heat = fcn(image)
        rows, columns = (image.shape[2] - height) // dy + 1, (image.shape[3] - width) // dx + 1
        assert heat.shape[2:] == (rows, columns)
        for i in range(rows):
            crops = [image[:, :, i * dy : i * dy + height, j * dx : j * dx + width] for j in range(columns)]
            logits = classifier(torch.cat(crops)).reshape(columns, len(image), -1).permute(1, 2, 0)
            torch.testing.assert_close(heat[:, :, i], logits, rtol=1e-4, atol=1e-4 * logits.abs().max())
    return heat


UNPADDED = {
    "one pool": ((12, 12), nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(100, 3)),
    "a pool that leaves out a row": (
        (13, 10), nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(80, 3),
    ),
    "strides, dilation and unequal axes": (
        (23, 19), nn.Conv2d(2, 4, (3, 5), stride=(2, 1), bias=False), nn.Tanh(),
        nn.Conv2d(4, 6, 3, dilation=(1, 2)),
        nn.AvgPool2d((2, 3), stride=(3, 2)), nn.Flatten(), nn.Linear(6 * 3 * 5, 7), nn.ReLU(),
        nn.Linear(7, 3),
    ),
    "overlapping pools": (
        (25, 21), nn.Conv2d(2, 4, 4), nn.MaxPool2d(3, 2), nn.Conv2d(4, 4, 2), nn.LeakyReLU(),
        nn.MaxPool2d(3, 2),
        nn.Flatten(), nn.Linear(4 * 4 * 3, 5),
    ),
    "groups, batch norms and dropout": (
        (9, 14), nn.BatchNorm2d(2), nn.Conv2d(2, 6, 3, groups=2), nn.BatchNorm2d(6), nn.PReLU(6),
        nn.Dropout2d(0.5),
        nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5), nn.Linear(6 * 3 * 6, 8), nn.BatchNorm1d(8),
        nn.GELU(),
        nn.Linear(8, 3), nn.LogSoftmax(-1),
    ),
    "global average": (
        (15, 17), nn.Conv2d(2, 5, 3), nn.SiLU(), nn.AvgPool2d(2), nn.Conv2d(5, 6, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(6, 3), nn.Softmax(dim=1),
    ),
    "adaptive pools into equal parts": (
        (14, 18), nn.Conv2d(2, 5, 3), nn.AdaptiveMaxPool2d((4, 8)), nn.AdaptiveAvgPool2d((2, 8)),
        nn.Flatten(),
        nn.Linear(5 * 2 * 8, 3),
    ),
    "ceil mode without a rest": (
        (12, 14), nn.Conv2d(2, 3, 3), nn.MaxPool2d(2, ceil_mode=True), nn.Flatten(), nn.Linear(90, 3),
    ),
    "no fully connected layer": (
        (11, 8), nn.Conv2d(2, 3, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    ),
    "nothing but fully connected": ((5, 4), nn.Flatten(), nn.Linear(40, 6), nn.Sigmoid(), nn.Linear(6, 3)),
    "nested": (
        (12, 9), nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(inplace=True)), nn.Sequential(nn.MaxPool2d(3)),
        nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(18, 4), nn.ReLU(inplace=True)),
        nn.Linear(4, 2)),
    ),
    "maps that end as 1×1": (
        (7, 7), nn.Conv2d(2, 4, 3, stride=2), nn.ReLU(), nn.Conv2d(4, 8, 3), nn.LocalResponseNorm(3),
        nn.Flatten(),
        nn.Linear(8, 3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNPADDED)
@pytest.mark.parametrize("more", [(0, 0), (1, 5), (16, 7), (13, 22)])
def test_without_padding_all_work_is_shared_and_every_crop_equal(name, more):
    torch.manual_seed(sum(more))
    size, *layers = UNPADDED[name]
    classifier = mixed(*layers)
    fcn = to_fcn(classifier, size)
    assert fcn.window_reason is None
    assert_equal_on_every_crop(classifier, fcn, torch.randn(2, 2, size[0] + more[0], size[1] + more[1]))


WINDOWED = {
    "padding": (
        (12, 15), "'2' pads", nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=(0, 1)),
        nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4 * 4 * 6, 3),
    ),
    "padding same": (
        (9, 9), "'0' pads", nn.Conv2d(2, 4, 5, padding="same"), nn.MaxPool2d(3), nn.Flatten(),
        nn.Linear(36, 3),
    ),
    "reflection": (
        (10, 8), "'1' pads", nn.MaxPool2d(2), nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"),
        nn.Flatten(),
        nn.Linear(80, 3),
    ),
    "a padded pool": (
        (11, 8), "'1' pads", nn.Conv2d(2, 4, 2, stride=2), nn.AvgPool2d(3, 2, padding=1), nn.Flatten(),
        nn.Linear(4 * 3 * 2, 3),
    ),
    "ceil mode with a rest": (
        (13, 12), "'1' pools a window that is cut off", nn.Conv2d(2, 3, 3), nn.MaxPool2d(2, ceil_mode=True),
        nn.Flatten(), nn.Linear(90, 3),
    ),
    "adaptive pool into unequal parts": (
        (14, 12), "'1' pools 12×10 cells into 5×5 unequal parts", nn.Conv2d(2, 3, 3),
        nn.AdaptiveAvgPool2d(5),
        nn.Flatten(), nn.Linear(75, 3),
    ),
    "a norm over the map": (
        (8, 9), "'1' normalizes", nn.Conv2d(2, 4, 2, stride=2), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(),
        nn.Linear(64, 3),
    ),
    "average after padding": (
        (12, 12), "'2' pads", nn.Conv2d(2, 4, 3, stride=2), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WINDOWED)
@pytest.mark.parametrize("more", [(0, 0), (3, 8), (11, 14)])
def test_what_ends_at_the_crop_is_evaluated_per_window_and_every_crop_equal(name, more):
    torch.manual_seed(sum(more))
    size, reason, *layers = WINDOWED[name]
    classifier = mixed(*layers)
    fcn = to_fcn(classifier, size)
    assert reason in fcn.window_reason
    assert_equal_on_every_crop(classifier, fcn, torch.randn(2, 2, size[0] + more[0], size[1] + more[1]))


def lively(model):
    """Give every layer weights that keep the signal, and biases, so that the logits depend on the image."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.uniform_(layer.bias, -0.5, 0.5)
    return model.eval()


@pytest.mark.parametrize(
    ("build", "size", "image_size"),
    [
        (theirs.alexnet, (224, 224), (256, 300)),
        (theirs.alexnet, (100, 131), (140, 164)),
        (theirs.vgg11, (224, 224), (256, 239)),
        (theirs.vgg11_bn, (64, 96), (96, 129)),
    ],
)
def test_torchvision_networks_are_equal_on_every_crop(build, size, image_size):
    torch.manual_seed(0)
    with torch.device("meta"):
        classifier = build(num_classes=5)
    dense = [i for i, layer in enumerate(classifier.classifier) if isinstance(layer, nn.Linear)]
    for i, outputs in zip(dense, (64, 64, 5), strict=True):  # 4,096 of each would only take longer
        inputs = classifier.classifier[i].in_features if i == dense[0] else 64
        classifier.classifier[i] = nn.Linear(inputs, outputs, device="meta")
    classifier = lively(classifier.to_empty(device="cpu"))
    for layer in classifier.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
    fcn = to_fcn(classifier, size)
    assert fcn.stride == (32, 32)
    assert fcn.window_reason == "layer 'features.0' pads its input"
    heat = assert_equal_on_every_crop(classifier, fcn, torch.rand(1, 3, *image_size))
    assert heat.std(dim=(2, 3)).min() > 0 or heat.shape[2:] == (1, 1)


@pytest.mark.parametrize("build", [simple_cnn, classic_cnn])
def test_our_classifiers_share_all_work(build):
    torch.manual_seed(0)
    classifier = build(num_classes=4, in_channels=2, size=(20, 23), width=3).eval()
    fcn = to_fcn(classifier, (20, 23))
    assert fcn.window_reason is None
    assert_equal_on_every_crop(classifier, fcn, torch.rand(2, 2, 37, 45))


def test_our_vgg_is_equal_on_every_crop():
    torch.manual_seed(0)
    classifier = vgg16(num_classes=4, width=2, size=(32, 64), batch_norm=True).eval()
    fcn = to_fcn(classifier, (32, 64))
    assert_equal_on_every_crop(classifier, fcn, torch.rand(1, 3, 97, 96))


def test_sharing_all_differs_only_where_a_window_touches_its_border():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 8 * 8, 3)
    classifier = mixed(*layers)
    fcn = to_fcn(classifier, 16, exact=False)
    assert fcn.window_reason is None
    image = torch.zeros(1, 1, 32, 32)
    image[:, :, 9:23, 9:23] = torch.rand(14, 14)
    heat = fcn(image)
    # around the window at (8, 8) the image holds the zeros that the classifier pads with, around others not
    torch.testing.assert_close(heat[:, :, 4, 4], classifier(image[:, :, 8:24, 8:24]))
    assert not torch.allclose(heat[:, :, 6, 6], classifier(image[:, :, 12:28, 12:28]), atol=1e-3)
    torch.testing.assert_close(fcn(image[:, :, 8:24, 8:24])[:, :, 0, 0], classifier(image[:, :, 8:24, 8:24]))


def test_sharing_all_refuses_what_needs_the_whole_map():
    classifier = mixed(*WINDOWED["adaptive pool into unequal parts"][2:])
    with pytest.raises(ValueError, match=r"'1', AdaptiveAvgPool2d.*unequal parts.*leave out exact=False"):
        to_fcn(classifier, (14, 12), exact=False)


def test_the_classifier_is_left_as_it_was_and_shares_no_weight():
    classifier = mixed(*UNPADDED["groups, batch norms and dropout"][1:])
    classifier[2].train()
    before = copy.deepcopy(classifier.state_dict())
    state = torch.get_rng_state()
    fcn = to_fcn(classifier, (9, 14))
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in classifier.modules()].count(True) == 1
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in classifier.modules())
    with torch.no_grad():
        for parameter in fcn.parameters():
            parameter.add_(1)
    for key, value in classifier.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert sum(p.numel() for p in fcn.parameters()) == sum(p.numel() for p in classifier.parameters())


def test_the_converted_network_trains():
    torch.manual_seed(0)
    classifier = mixed(*WINDOWED["padding"][2:]).train()
    fcn = to_fcn(classifier, (12, 15))
    assert fcn.training
    fcn(torch.rand(1, 2, 16, 19)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in fcn.parameters())


def test_it_can_be_converted_while_gradients_are_off():
    classifier = mixed(*WINDOWED["padding"][2:])
    with torch.inference_mode():
        fcn = to_fcn(classifier, (12, 15))
    fcn(torch.rand(1, 2, 12, 15)).sum().backward()


def test_double_precision_and_an_mlp_of_three_channels():
    torch.manual_seed(0)
    classifier = nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 5, 2)).double()
    assert_equal_on_every_crop(classifier, to_fcn(classifier, (4, 5)), torch.rand(1, 3, 6, 6).double())
    assert to_fcn(classifier, (3, 4, 5)).in_channels == 3


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 2, 3, padding=1), nn.Linear(2 * 36, 3)

    def forward(self, x):
        return self.fc((self.conv(x) + x).flatten(1))


class InPlace(Branches):
    def forward(self, x):
        x = self.conv(x)
        x.relu_()
        return self.fc(x.flatten(1))


class Scaled(Branches):
    def forward(self, x):
        return self.fc(self.conv(x).flatten(1)) * 2


class Shift(nn.Module):
    def forward(self, x):
        return x.roll(1, 2)


class SamePadding(nn.Conv2d):
    def forward(self, x):
        return super().forward(nn.functional.pad(x, (1, 1, 1, 1)))


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (Branches(), "between layer 'conv' and layer 'fc'.*write the network as an nn.Sequential"),
        (InPlace(), "between layer 'conv' and layer 'fc'"),
        (Scaled(), "between layer 'fc' and the output"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), Shift(), nn.Flatten(), nn.Linear(32, 3)),
            r"'1', Shift\(\), on .* 2×4×4",
        ),
        (nn.Sequential(SamePadding(1, 2, 3), nn.Flatten(), nn.Linear(72, 3)), "'0', SamePadding"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.BatchNorm1d(32), nn.Linear(32, 3)),
            "'2', BatchNorm1d",
        ),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(32, 3), nn.LayerNorm(3)),
            "'3', LayerNorm",
        ),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(4, 3), nn.Flatten()),
            r"'1', Linear.*on an input of 2×4×4",
        ),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()),
            r"ends with 2 maps of 4×4.*nn\.Linear\(32, num_classes\)",
        ),
        (nn.Sequential(nn.Conv2d(1, 2, 3)), "ends with 2 maps of 4×4"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(50, 3)),
            "does not take an image of 1×6×6",
        ),
        (nn.Sequential(nn.MaxPool2d(2, return_indices=True)), "neither a convolution"),
        (simple_cnn(), "the input is 1×1×6×6; expected N×1×28×28"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2, return_indices=True)), "'1' returns a tuple"),
    ],
)
def test_what_cannot_be_converted_is_named(classifier, message):
    with pytest.raises(ValueError, match=message):
        to_fcn(classifier, 6)


def test_a_function_is_no_classifier():
    with pytest.raises(TypeError, match=r"function; expected an nn\.Module"):
        to_fcn(lambda x: x, 6)


def test_images_that_hold_no_window_are_refused_with_the_nearest_size():
    fcn = to_fcn(mixed(*UNPADDED["one pool"][1:]), 12)
    with pytest.raises(ValueError, match=r"1×2×11×20; expected N×2×H×W.*at least 12.*nearest.* 12×20"):
        fcn(torch.rand(1, 2, 11, 20))
    with pytest.raises(ValueError, match=r"x\[None\]"):
        fcn(torch.rand(2, 12, 12))
    with pytest.raises(ValueError, match=r"1×3×12×12; expected N×2"):
        fcn(torch.rand(1, 3, 12, 12))


def test_a_linear_layer_without_bias_becomes_a_convolution_without_bias():
    linear = nn.Linear(24, 5, bias=False)
    conv, maps = linear_to_conv(linear, (2, 3, 4)), torch.rand(3, 2, 3, 4)
    assert conv.bias is None
    torch.testing.assert_close(conv(maps)[:, :, 0, 0], linear(maps.flatten(1)))
    with pytest.raises(ValueError, match="2×3×5 = 30 numbers; expected 24"):
        linear_to_conv(linear, (2, 3, 5))
