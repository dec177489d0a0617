"""SegNet and SegNet-Basic: counts of the paper, any size, and every maximum back in its place."""

import re
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.models import SegNet, SegNetBasic, load_torchvision_vgg16, vgg16
from cnncourse.models.segnet import EncoderStage, decoder_stage, encoder_stage
from cnncourse.models.unpooling import Unpooling

BOTH = (SegNet, SegNetBasic)
HOW = ("indices", "shuffled", "top_left", "bilinear")
SIZES = [(1, 1), (1, 7), (2, 3), (33, 47), (45, 71), (64, 95)]


def convolutions(model):
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_counts_are_those_of_the_paper():
    with torch.device("meta"):
        model, vgg = SegNet(11), vgg16()
    assert count(model) == 29_449_355
    assert len(convolutions(model.encoder)) == len(convolutions(model.decoder)) == 13
    down = [(layer.in_channels, layer.out_channels) for layer in convolutions(model.encoder)]
    assert down == [(layer.in_channels, layer.out_channels) for layer in convolutions(vgg)]
    # the decoder is the encoder's mirror image, but for the last layer
    up = [(layer.out_channels, layer.in_channels) for layer in convolutions(model.decoder)]
    assert up[:-1] == down[:0:-1]
    assert up[-1] == (11, 64)
    assert all(layer.kernel_size == (3, 3) and layer.bias is not None for layer in convolutions(model))
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(norms) == 25  # none after the scores


def test_the_basic_one_has_four_wide_convolutions_each_way():
    with torch.device("meta"):
        model = SegNetBasic(11)
    assert count(model) == 1_416_587
    wide = [layer for layer in convolutions(model) if layer.kernel_size == (7, 7)]
    assert len(wide) == 8
    assert [layer.out_channels for layer in convolutions(model) if layer not in wide] == [11]
    assert not any(isinstance(layer, nn.ReLU) for layer in model.decoder.modules())


def test_a_cell_of_the_basic_ones_deepest_maps_sees_106_pixels():
    """A lit pixel reaches the cell through convolutions that only add, or it does not."""
    model = SegNetBasic(2, 1, in_channels=1).eval()
    for layer in convolutions(model):
        nn.init.constant_(layer.weight, 0.1)
    for axis in (2, 3):
        x = torch.eye(192).reshape(192, 1, 1, 192).transpose(axis, 3)  # image k is lit in row, or column, k
        x = x.expand(192, 1, *((16, 192) if axis == 3 else (192, 16)))
        with torch.no_grad():
            for stage in model.encoder.values():
                x, *_ = stage(x)
        seen = x.movedim(axis, 1)[:, 6].flatten(1).any(1).nonzero()  # of cell 6 of 12
        assert len(seen) == seen.max() - seen.min() + 1 == 106


@pytest.mark.parametrize("build", BOTH)
def test_every_size_from_one_pixel_on_fits(build):
    model = build(5, 1).eval()
    with torch.no_grad():
        for n in range(1, 67):
            assert model(torch.rand(1, 3, n, 67 - n)).shape == (1, 5, n, 67 - n)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("build", BOTH)
def test_scores_have_the_size_of_the_image_however_it_unpools(build, how):
    model = build(4, 2, in_channels=2, unpool=how).eval()
    for size in SIZES:
        with torch.no_grad():
            assert model(torch.rand(2, 2, *size)).shape == (2, 4, *size)


def passing(model):
    """Make every convolution pass its channels on as they are, and batch norm change nothing."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.weight)
            center = layer.kernel_size[0] // 2
            channels = range(min(layer.weight.shape[:2]))
            layer.weight.data[channels, channels, center, center] = 1
        elif isinstance(layer, nn.BatchNorm2d):
            layer.eps = 0.0
    return model.eval()


def only_maxima(x, side):
    """Return maps that are 0 but for the largest pixel of each block, those at the border cut off."""
    kept = torch.zeros_like(x)
    for top in range(0, x.shape[2], side):
        for left in range(0, x.shape[3], side):
            block = x[:, :, top : top + side, left : left + side]
            largest = block.amax((2, 3), keepdim=True)
            kept[:, :, top : top + side, left : left + side] = block * (block == largest)
    return kept


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stages", [1, 2, 3, 4, 5])
def test_every_maximum_comes_back_to_its_own_pixel(stages, size):
    """Through all levels: convolutions pass on, so what comes out is the image's block maxima in place."""
    for seed in range(3):
        torch.manual_seed(seed)
        model = passing(SegNet(3, 3, convs=(2, 1, 3, 1, 2)[:stages]))
        x = torch.rand(2, 3, *size)
        with torch.no_grad():
            assert torch.equal(model(x), only_maxima(x, 2**stages))


@pytest.mark.parametrize("size", SIZES)
def test_the_basic_one_misplaces_nothing_either(size):
    torch.manual_seed(0)
    model, x = passing(SegNetBasic(2, 2, in_channels=2)), torch.rand(2, 2, *size)
    with torch.no_grad():
        assert torch.equal(model(x), only_maxima(x, 16))


def test_a_pixel_of_a_last_odd_row_or_column_counts():
    """Pools that keep whole windows only would be blind to it."""
    model, x = passing(SegNet(1, 1, in_channels=1, convs=(1, 1))), torch.rand(1, 1, 9, 7)
    x[0, 0, 8, 3], x[0, 0, 2, 6] = 5, 7
    with torch.no_grad():
        scores = model(x)
    assert (scores[0, 0, 8, 3], scores[0, 0, 2, 6]) == (5, 7)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.double, torch.bfloat16])
def test_a_stage_pools_and_unpools_as_torch_does(size, dtype):
    for seed in range(3):
        torch.manual_seed(seed)
        x = torch.randn(2, 3, *size).to(dtype).to(memory_format=torch.channels_last)
        x.requires_grad_()
        pooled, indices, before = EncoderStage(OrderedDict())(x)
        expected, places = F.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
        assert before == torch.Size(size)
        assert torch.equal(pooled, expected)
        assert torch.equal(indices, places)
        upstream = torch.randn(x.shape).to(dtype)
        found = Unpooling()(pooled, indices, before)
        reference = F.max_unpool2d(expected, places, 2, output_size=size)
        assert torch.equal(found, reference)
        gradient, theirs = (
            torch.autograd.grad(y, x, upstream, retain_graph=True)[0] for y in (found, reference)
        )
        assert torch.equal(gradient, theirs)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(7, 10), (8, 6)])
def test_gradients_come_back_in_the_layout_of_the_maps(layout, size):
    """Else the layers before would copy maps, or compute slowly."""
    x = torch.rand(2, 3, *size).contiguous(memory_format=layout).requires_grad_()
    pooled, indices = F.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
    maps = Unpooling()(pooled, indices, size)
    assert maps.is_contiguous(memory_format=layout)
    for upstream in (torch.contiguous_format, torch.channels_last):
        given = torch.rand(2, 3, *size).contiguous(memory_format=upstream)
        gradient, earlier = torch.autograd.grad(maps, (pooled, x), given, retain_graph=True)
        assert gradient.is_contiguous(memory_format=layout)
        assert earlier.is_contiguous(memory_format=layout)


def test_unpooling_can_be_differentiated_twice():
    pooled, indices = F.max_pool2d(torch.rand(1, 2, 5, 4).double(), 2, ceil_mode=True, return_indices=True)

    def squares(values):
        return Unpooling()(values, indices, (5, 4)).square()

    assert torch.autograd.gradcheck(squares, pooled.requires_grad_())
    assert torch.autograd.gradgradcheck(squares, pooled)


def test_indices_reach_the_pixels_that_stood_there():
    """Taking from the map before the pool at the recorded places gives what was pooled."""
    torch.manual_seed(0)
    stage = encoder_stage(2, 3, convs=2)
    x = torch.randn(2, 2, 9, 13)
    pooled, indices, size = stage(x)
    before = x
    for layer in list(stage)[:-1]:
        before = layer(before)
    assert size == before.shape[2:] == (9, 13)
    torch.testing.assert_close(before.flatten(2).gather(2, indices.flatten(2)).view_as(pooled), pooled)


def windows(size):
    """Return the number of the 2×2 window that each cell of a map lies in."""
    rows, columns = (torch.arange(n) // 2 for n in size)
    return rows[:, None] * -(-size[1] // 2) + columns


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("how", ["indices", "shuffled", "top_left"])
def test_each_value_stays_in_its_window(how, size):
    for seed in range(5):
        torch.manual_seed(seed)
        pooled, indices = F.max_pool2d(torch.rand(2, 3, *size) + 1, 2, ceil_mode=True, return_indices=True)
        maps = Unpooling(how)(pooled, indices, size)
        assert (maps != 0).sum() == pooled.numel()
        window = windows(size).expand_as(maps)[maps != 0].view(2, 3, -1)
        values = maps[maps != 0].view(2, 3, -1)
        found = torch.zeros_like(pooled).flatten(2).scatter(2, window, values).view_as(pooled)
        assert torch.equal(found, pooled)


def test_top_left_is_the_first_of_each_window():
    pooled, indices = F.max_pool2d(torch.rand(2, 3, 7, 10), 2, ceil_mode=True, return_indices=True)
    maps = Unpooling("top_left")(pooled, indices, (7, 10))
    assert torch.equal(maps[:, :, ::2, ::2], pooled)


def test_shuffled_visits_all_four_places_anew_at_each_call():
    torch.manual_seed(0)
    pooled, indices = F.max_pool2d(torch.rand(4, 8, 32, 32), 2, return_indices=True)
    unpool = Unpooling("shuffled")
    first, second = (unpool(pooled, indices, (32, 32)) for _ in range(2))
    assert not torch.equal(first, second)
    shares = [(first[:, :, y::2, x::2] != 0).float().mean() for y in (0, 1) for x in (0, 1)]
    assert all(abs(share - 0.25) < 0.02 for share in shares)
    # the places of the maxima are lost: no more values lie at them than chance puts there
    kept = (first.flatten(2).gather(2, indices.flatten(2)) != 0).float().mean()
    assert abs(kept - 0.25) < 0.02
    torch.manual_seed(7)
    again = unpool(pooled, indices, (32, 32))
    torch.manual_seed(7)
    assert torch.equal(unpool(pooled, indices, (32, 32)), again)


@pytest.mark.parametrize("size", SIZES)
def test_bilinear_is_interpolation(size):
    pooled, indices = F.max_pool2d(torch.rand(2, 3, *size), 2, ceil_mode=True, return_indices=True)
    expected = F.interpolate(pooled, size=size, mode="bilinear", align_corners=False)
    assert torch.equal(Unpooling("bilinear")(pooled, indices, size), expected)


@pytest.mark.parametrize("build", BOTH)
def test_another_word_is_refused_when_building_and_when_assigning(build):
    words = "'indices', 'shuffled', 'top_left' or 'bilinear'"
    with pytest.raises(ValueError, match=f"got unpool='nearest'; expected {words}"):
        build(3, 1, unpool="nearest")
    model = build(3, 1)
    with pytest.raises(ValueError, match=f"got unpool=None; expected {words}"):
        model.unpool = None
    assert model.unpool == "indices"


@pytest.mark.parametrize("build", BOTH)
@pytest.mark.parametrize("how", HOW)
def test_a_lesion_changes_every_stage_and_can_be_undone(build, how):
    """A network changed after training does what one built that way does."""
    torch.manual_seed(0)
    x, model, built = torch.rand(1, 3, 37, 50), build(3, 2).eval(), build(3, 2, unpool=how).eval()
    built.load_state_dict(model.state_dict())
    with torch.no_grad():
        whole = model(x)
        model.unpool = how
        assert model.unpool == how
        torch.manual_seed(1)
        lesioned = model(x)
        torch.manual_seed(1)
        assert torch.equal(built(x), lesioned)
        assert torch.equal(whole, lesioned) == (how == "indices")
        model.unpool = "indices"
        assert torch.equal(model(x), whole)


def test_a_decoder_stage_goes_to_the_size_and_channels_asked_for():
    pooled, indices, size = encoder_stage(3, 8, convs=3)(torch.rand(2, 3, 11, 14))
    stage = decoder_stage(8, 4, convs=3)
    assert stage(pooled, indices, size).shape == (2, 4, 11, 14)
    assert [(c.in_channels, c.out_channels) for c in convolutions(stage)] == [(8, 8), (8, 8), (8, 4)]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("build", BOTH)
def test_every_parameter_learns(build, how):
    torch.manual_seed(0)
    model = build(4, 4, unpool=how)
    F.cross_entropy(model(torch.rand(2, 3, 35, 50)), torch.randint(4, (2, 35, 50))).backward()
    for name, parameter in model.named_parameters():
        # a bias in front of batch norm is taken out again
        scores = name.startswith("decoder.stage1") and ("classifier" in name or "conv1_1" in name)
        before_norm = name.endswith(".bias") and "conv" in name and not scores
        assert parameter.grad.abs().max() > 0 or before_norm, name


@pytest.mark.parametrize("build", BOTH)
def test_convolutions_start_from_he(build):
    torch.manual_seed(0)
    for layer in convolutions(build(11, 32)):
        inputs = layer.weight[0].numel()
        if layer.weight.numel() > 5000:
            assert layer.weight.var().item() * inputs == pytest.approx(2, rel=0.1)
        assert not layer.bias.any()


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_encoder_of_a_trained_vgg16_computes_the_same(batch_norm):
    torch.manual_seed(0)
    vgg = vgg16(5, 2, size=64, batch_norm=batch_norm)
    for layer in vgg.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
        elif isinstance(layer, nn.Conv2d):
            layer.bias.data.normal_(std=0.1)
    model = SegNet(3, 2)
    decoder = {key: value.clone() for key, value in model.decoder.state_dict().items()}
    assert model.load_vgg16(vgg) is model
    model.eval()
    x = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        expected = vgg.eval()[:5](x)
        if not batch_norm:
            for layer in model.encoder.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.eps = 0.0
        for stage in model.encoder.values():
            x, *_ = stage(x)
    assert expected.std() > 0.01
    torch.testing.assert_close(x, expected)
    assert all(torch.equal(value, decoder[key]) for key, value in model.decoder.state_dict().items())


def test_torchvisions_weights_come_in_through_the_classifier():
    """Every convolution of `vgg16_bn` has its place in the full-width encoder."""
    theirs = pytest.importorskip("torchvision").models.vgg16_bn
    with torch.device("meta"):
        source = theirs(init_weights=False).state_dict()
        ours = SegNet(11)
        loaded = load_torchvision_vgg16(vgg16(batch_norm=True), source)
        assert ours.load_vgg16(loaded) is ours


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 3}, "stage1.conv1_1.weight is (3, 3, 3, 3) in the classifier; expected (2, 3, 3, 3)"),
        ({"in_channels": 1}, "stage1.conv1_1.weight is (2, 1, 3, 3) in the classifier"),
    ],
)
def test_a_classifier_of_another_width_is_refused_before_anything_is_copied(options, message):
    model = SegNet(3, 2)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=re.escape(message) + ".*same width and in_channels"):
        model.load_vgg16(vgg16(2, **({"width": 2, "size": 32} | options)))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_shallow_encoder_takes_its_part_and_a_deeper_one_is_refused():
    with pytest.raises(ValueError, match=r"stage5.conv5_4.weight is missing.*5 stages of VGG-16"):
        SegNet(3, 2, convs=(2, 2, 3, 3, 4)).load_vgg16(vgg16(2, 2, size=32))


@pytest.mark.parametrize("convs", [(), (2, 0, 1)])
def test_stages_without_convolutions_are_refused(convs):
    with pytest.raises(ValueError, match=r"expected at least 1 for each of at least one stage"):
        SegNet(3, 2, convs=convs)


@pytest.mark.parametrize("build", BOTH)
def test_other_channels_and_a_missing_batch_are_refused(build):
    with pytest.raises(ValueError, match=r"1×1×40×40; expected N×3.*in_channels=1"):
        build(3, 1)(torch.rand(1, 1, 40, 40))
    with pytest.raises(ValueError, match=r"x\[None\]"):
        build(3, 1)(torch.rand(3, 40, 40))
    with pytest.raises(ValueError, match="nearest size that works is 1×5"):
        build(3, 1)(torch.rand(1, 3, 0, 5))
