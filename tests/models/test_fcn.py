"""FCN-32s, 16s and 8s: counts, sizes, and that every score lies where it belongs."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.models import FCN8s, FCN16s, FCN32s, vgg16
from cnncourse.models.fcn import BilinearUpsampling

ALL = (FCN32s, FCN16s, FCN8s)


@pytest.mark.parametrize(
    ("build", "count"), [(FCN32s, 136_152_917), (FCN16s, 134_815_994), (FCN8s, 134_489_759)]
)
def test_the_counts_are_those_of_the_paper(build, count):
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in build().parameters()) == count


@pytest.mark.parametrize("build", ALL)
def test_width_and_hidden_shrink_the_network(build):
    small = build(11, 16, hidden=384, batch_norm=True, dropout=0.1)
    assert small.head.fc6.weight.shape == (384, 128, 7, 7)
    assert small.encoder.stage1.conv1_1.weight.shape == (16, 3, 3, 3)
    assert sum(parameter.numel() for parameter in small.parameters()) < 4_200_000


@pytest.mark.parametrize("build", ALL)
@pytest.mark.parametrize("size", [(32, 32), (33, 63), (64, 65), (47, 81), (96, 128), (95, 127)])
def test_the_output_has_the_size_of_the_input(build, size):
    with torch.no_grad():
        assert build(5, 1, in_channels=2)(torch.rand(2, 2, *size)).shape == (2, 5, *size)


@pytest.mark.parametrize("build", ALL)
def test_every_size_from_the_smallest_on_fits(build):
    with torch.device("meta"):
        model = build(3, 1)
        for n in range(32, 131):
            assert model(torch.empty(1, 3, n, 163 - n)).shape == (1, 3, n, 163 - n)


@pytest.mark.parametrize(("size", "nearest"), [((31, 40), "32×40"), ((64, 8), "64×32"), ((1, 1), "32×32")])
def test_a_smaller_image_is_refused_with_the_nearest_size(size, nearest):
    with pytest.raises(ValueError, match=f"1×3×{size[0]}×{size[1]}; expected N×3×H×W.*works is {nearest}"):
        FCN8s(3, 1)(torch.rand(1, 3, *size))


def test_other_channels_and_a_missing_batch_are_refused():
    with pytest.raises(ValueError, match=r"1×1×40×40; expected N×3.*in_channels=1"):
        FCN8s(3, 1)(torch.rand(1, 1, 40, 40))
    with pytest.raises(ValueError, match=r"x\[None\]"):
        FCN8s(3, 1)(torch.rand(3, 40, 40))


@pytest.mark.parametrize("stride", [2, 8, 16, 32])
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (5, 3)])
def test_upsampling_begins_as_bilinear_interpolation_up_to_the_border(stride, size):
    torch.manual_seed(stride)
    maps = torch.randn(2, 3, *size)
    expected = F.interpolate(maps, scale_factor=stride, mode="bilinear", align_corners=False)
    torch.testing.assert_close(BilinearUpsampling(3, stride)(maps), expected)


def symmetrical(model):
    """Let every convolution treat left and right, up and down alike, and the scores be far from equal."""
    torch.manual_seed(0)
    for layer in model.modules():
        if type(layer) is nn.Conv2d:
            layer.weight.data += layer.weight.data.flip(2, 3)
            layer.weight.data += layer.weight.data.flip(3)
            layer.weight.data /= layer.weight.data.std() * layer.weight[0].numel() ** 0.5 / 2**0.5
    return model.eval()


@pytest.mark.parametrize("build", ALL)
@pytest.mark.parametrize("axis", [2, 3])
def test_a_mirrored_image_gives_mirrored_scores(build, axis):
    """Any shift of the scores against the image would be doubled by mirroring."""
    model = symmetrical(build(3, 2, hidden=16).double())
    x = torch.rand(1, 3, 64, 96, dtype=torch.double)
    with torch.no_grad():
        scores = model(x)
        assert scores.std() > 0.01
        torch.testing.assert_close(model(x.flip(axis)), scores.flip(axis))


def passing(model, score):
    """Make every layer pass its center cell on: a map's cell is then the maximum of the pixels under it."""
    for layer in model.modules():
        if type(layer) is nn.Conv2d:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    for name, layer in model.named_modules():
        if type(layer) is nn.Conv2d and (name == score or not name.startswith("score")):
            channels = range(min(layer.weight.shape[:2]))
            layer.weight.data[channels, channels, layer.kernel_size[0] // 2, layer.kernel_size[1] // 2] = 1
    return model.eval()


@pytest.mark.parametrize(
    ("build", "score", "steps"),
    [
        (FCN32s, "score", (32,)),
        (FCN16s, "score", (2, 16)),
        (FCN16s, "score_pool4", (16,)),
        (FCN8s, "score", (2, 2, 8)),
        (FCN8s, "score_pool4", (2, 8)),
        (FCN8s, "score_pool3", (8,)),
    ],
)
@pytest.mark.parametrize("size", [(96, 64), (95, 65), (90, 77), (33, 128)])
def test_scores_lie_over_their_pixels_at_any_size(build, score, steps, size):
    model = passing(build(2, 2, in_channels=2, hidden=2), score)
    cell = torch.tensor(steps).prod().item()
    cells = torch.rand(1, 2, -(-size[0] // cell), -(-size[1] // cell))
    image = cells.repeat_interleave(cell, 2).repeat_interleave(cell, 3)[:, :, : size[0], : size[1]]
    expected, left = cells, cell
    for step in steps:
        left //= step
        expected = F.interpolate(expected, scale_factor=step, mode="bilinear", align_corners=False)
        expected = expected[:, :, : -(-size[0] // left), : -(-size[1] // left)]
    with torch.no_grad():
        torch.testing.assert_close(model(image), expected)


@pytest.mark.parametrize("build", ALL)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_every_parameter_learns(build, batch_norm):
    torch.manual_seed(0)
    model = build(4, 4, hidden=8, batch_norm=batch_norm)
    logits = model(torch.rand(2, 3, 64, 96))
    F.cross_entropy(logits, torch.randint(4, (2, 64, 96))).backward()
    for name, parameter in model.named_parameters():
        followed_by_norm = batch_norm and name.endswith(".bias") and ("conv" in name or "fc" in name)
        assert parameter.grad.abs().max() > 0 or followed_by_norm, name


def test_a_finer_network_starts_from_a_coarser_one():
    coarse, middle, fine = FCN32s(3, 1), FCN16s(3, 1), FCN8s(3, 1)
    missing, unexpected = middle.load_state_dict(coarse.state_dict(), strict=False)
    assert set(missing) == {"score_pool4.weight", "score_pool4.bias", "upscore2.weight", "upscore16.weight"}
    assert unexpected == ["upscore32.weight"]
    missing, unexpected = fine.load_state_dict(middle.state_dict(), strict=False)
    assert set(missing) == {
        "score_pool3.weight",
        "score_pool3.bias",
        "upscore_pool4.weight",
        "upscore8.weight",
    }
    assert unexpected == ["upscore16.weight"]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_center_of_fc7_is_that_of_the_classifier_it_came_from(batch_norm):
    torch.manual_seed(0)
    vgg = vgg16(num_classes=5, width=2, batch_norm=batch_norm).eval()
    model = FCN8s(3, 2, batch_norm=batch_norm).eval()
    assert model.load_vgg16(vgg) is model
    x = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        expected = vgg[:-2](x)
        assert expected.std() > 0.01
        head = nn.Sequential(*(layer for layer in model.head if not isinstance(layer, nn.BatchNorm2d)))
        maps = head(model.encoder(x))  # at the center fc6 sees the whole 7×7 maps, and no padding
        torch.testing.assert_close(maps[:, :, 3, 3], expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 4}, r"in_shape is 16×7×7 = 784 numbers; expected 1568"),
        ({"width": 2, "size": 64}, r"in_shape is 16×7×7 = 784 numbers; expected 64"),
        ({"width": 2, "batch_norm": True}, r"bn\d.*expected missing.*same width, in_channels and batch_norm"),
        (
            {"width": 2, "in_channels": 1},
            r"conv1_1.weight is \(2, 1, 3, 3\) in the classifier; expected \(2, 3, 3, 3\)",
        ),
    ],
)
def test_a_classifier_of_other_sizes_is_refused_before_anything_is_copied(options, message):
    model = FCN32s(3, 2)
    before = model.encoder.stage3.conv3_1.weight.clone()
    with pytest.raises(ValueError, match=message):
        model.load_vgg16(vgg16(num_classes=2, **options))
    assert torch.equal(model.encoder.stage3.conv3_1.weight, before)
