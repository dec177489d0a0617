"""U-Net: the counts and shapes of figure 1, the sizes that work, and what the skips carry."""

import itertools
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.models import UNet, unet_output_size
from cnncourse.models.unet import UpBlock, center_crop, lost_border, nearest_sizes

DEPTHS = (1, 2, 3, 4, 5)


def convolutions(model):
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.fixture(scope="module")
def faithful():
    with torch.device("meta"):
        return UNet(1, 2)


def test_the_counts_are_those_of_the_paper(faithful):
    assert count(faithful) == 31_030_658
    kinds = [(type(layer), layer.kernel_size) for layer in convolutions(faithful)]
    assert len(kinds) == 23
    assert kinds.count((nn.Conv2d, (3, 3))) == 18
    assert kinds.count((nn.ConvTranspose2d, (2, 2))) == 4
    assert kinds.count((nn.Conv2d, (1, 1))) == 1
    assert all(layer.padding == (0, 0) and layer.bias is not None for layer in convolutions(faithful))
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in faithful.modules())


def test_every_shape_is_that_of_figure_1(faithful):
    """The numbers at the boxes of the figure, in the order in which the arrows pass them."""
    shapes = []
    hooks = [
        layer.register_forward_hook(lambda layer, _, out: shapes.append((type(layer), *out.shape[1:])))
        for layer in faithful.modules()
        if not any(layer.children()) and not isinstance(layer, nn.ReLU | nn.Dropout)
    ]
    assert faithful(torch.empty(1, 1, 572, 572, device="meta")).shape == (1, 2, 388, 388)
    for hook in hooks:
        hook.remove()
    conv, pool, up = nn.Conv2d, nn.MaxPool2d, nn.ConvTranspose2d
    down = [
        *[(conv, 64, 570, 570), (conv, 64, 568, 568), (pool, 64, 284, 284)],
        *[(conv, 128, 282, 282), (conv, 128, 280, 280), (pool, 128, 140, 140)],
        *[(conv, 256, 138, 138), (conv, 256, 136, 136), (pool, 256, 68, 68)],
        *[(conv, 512, 66, 66), (conv, 512, 64, 64), (pool, 512, 32, 32)],
        *[(conv, 1024, 30, 30), (conv, 1024, 28, 28)],
    ]
    upward = [
        *[(up, 512, 56, 56), (conv, 512, 54, 54), (conv, 512, 52, 52)],
        *[(up, 256, 104, 104), (conv, 256, 102, 102), (conv, 256, 100, 100)],
        *[(up, 128, 200, 200), (conv, 128, 198, 198), (conv, 128, 196, 196)],
        *[(up, 64, 392, 392), (conv, 64, 390, 390), (conv, 64, 388, 388), (conv, 2, 388, 388)],
    ]
    assert shapes == down + upward


def output_size(n, depth):
    """Follow the size through figure 1; None where a pool would drop a row or nothing is left."""
    for _ in range(depth):
        n -= 4
        if n <= 0 or n % 2:
            return None
        n //= 2
    n -= 4
    if n <= 0:
        return None
    for _ in range(depth):
        n = 2 * n - 4
    return n if n > 0 else None


@pytest.mark.parametrize("depth", DEPTHS)
def test_sizes_that_work_are_told_from_all_others(depth):
    works = {n: output_size(n, depth) for n in range(1, 801)}
    works = {n: out for n, out in works.items() if out is not None}
    for n in range(1, 701):
        below, above = nearest_sizes(n, depth)
        assert below == max((m for m in works if m <= n), default=None)
        assert above == min(m for m in works if m >= n)
        if n in works:
            assert unet_output_size(n, depth) == works[n] == n - 2 * lost_border(depth)
        else:
            names = f"{above}" if below is None else f"{below} and {above}"
            message = f"got n={n} with {depth} pools; .*{names}$"
            with pytest.raises(ValueError, match=message):
                unet_output_size(n, depth)


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_network_takes_the_sizes_that_work_and_refuses_the_others(depth):
    model = UNet(2, 3, 1, depth=depth)
    smallest = nearest_sizes(1, depth)[1]
    with torch.no_grad():
        for n in range(1, 701):
            axis, size, scores = ("W", [smallest, n], [output_size(m, depth) for m in (smallest, n)])
            if n % 3 == 0:
                axis, size, scores = "H", size[::-1], scores[::-1]
            image = torch.empty(1, 2, *size)
            if None not in scores:
                assert model(image).shape == (1, 3, *scores)
            else:
                with pytest.raises(ValueError, match=f"2×{size[0]}×{size[1]}; expected .*: {axis}={n} does"):
                    model(image)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((571, 572), "the input is 1×1×571×572; expected N×1×H×W .*: H=571 does not work, 556 and 572 do"),
        ((573, 190), "H=573 does not work, 572 and 588 do; W=190 does not work, 188 and 204 do"),
        ((188, 100), "W=100 does not work, 188 is the smallest that does"),
    ],
)
def test_a_wrong_size_is_refused_with_the_nearest_that_work(size, message):
    with pytest.raises(ValueError, match=message):
        UNet(1, 2, 1)(torch.empty(1, 1, *size))


def test_other_channels_a_missing_batch_and_no_pool_are_refused():
    for padded in (False, True):
        with pytest.raises(ValueError, match=r"1×3×188×188; expected N×1.*in_channels=3"):
            UNet(1, 2, 1, padded=padded)(torch.empty(1, 3, 188, 188))
        with pytest.raises(ValueError, match=r"x\[None\]"):
            UNet(1, 2, 1, padded=padded)(torch.empty(1, 188, 188))
    with pytest.raises(ValueError, match="got depth=0; expected at least 1 pool"):
        UNet(depth=0)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_padded_every_size_from_one_pixel_on_fits(depth, batch_norm):
    model = UNet(3, 4, 1, depth=depth, padded=True, batch_norm=batch_norm).eval()
    with torch.no_grad():
        for n in (1, 2, 3, 5, 8, 13, 17, 31, 32, 33, 45, 63, 64, 65):
            assert model(torch.rand(2, 3, n, 66 - n)).shape == (2, 4, n, 66 - n)


@pytest.mark.parametrize("skips", [True, False, (1,), (2, 3)])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_unpadded_scores_are_the_interior_of_the_padded_ones(depth, skips):
    """Pools must start on the same pixels: the unpadded one lost 2 · (2^k − 1) before pool k."""
    torch.manual_seed(depth)
    skips = skips if isinstance(skips, bool) else [level for level in skips if level <= depth]
    unpadded, padded = (UNet(2, 3, 2, depth=depth, skips=skips, padded=p).double() for p in (False, True))
    padded.load_state_dict(unpadded.state_dict())
    step, lost = 2**depth, lost_border(depth)
    height, width = (nearest_sizes(1, depth)[1] + more * step for more in (1, 3))
    for top, left in ((2, 2), (2 + step, 2), (2, 2 + 3 * step)):
        image = torch.randn(1, 2, top + height + 5, left + width + 1, dtype=torch.double)
        with torch.no_grad():
            scores = unpadded(image[:, :, top : top + height, left : left + width])
            whole = padded(image)
        interior = whole[:, :, top + lost : top + height - lost, left + lost : left + width - lost]
        assert scores.std() > 0.01
        torch.testing.assert_close(scores, interior)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_interiors_agree_only_where_the_pools_coincide(depth):
    torch.manual_seed(0)
    unpadded, padded = UNet(1, 3, 2, depth=depth), UNet(1, 3, 2, depth=depth, padded=True)
    padded.load_state_dict(unpadded.state_dict())
    size, lost, step = nearest_sizes(1, depth)[1] + 2**depth, lost_border(depth), 2**depth
    image = torch.randn(1, 1, size + 2 * step + 2, size + 2)
    with torch.no_grad():
        whole = padded(image)
        for top in range(2 * step + 1):
            scores = unpadded(image[:, :, top : top + size, 2 : 2 + size])
            interior = whole[:, :, top + lost : top + size - lost, 2 + lost : 2 + size - lost]
            assert torch.allclose(scores, interior, atol=1e-5) == ((top - 2) % step == 0), top


@pytest.mark.parametrize("size", [(1, 1), (7, 12), (33, 47), (45, 71)])
@pytest.mark.parametrize(("depth", "across"), [(1, 1), (1, 2), (3, 1), (3, 2), (3, 3), (3, 4), (4, 5)])
def test_padded_nothing_is_misplaced_at_any_size(depth, across, size):
    """Layers that pass on: the path that crosses at a level brings block maxima back over their blocks."""
    torch.manual_seed(0)
    model, x = UNet(1, 1, 1, depth=depth, padded=True), torch.rand(2, 1, *size)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.weight)
            layer.weight.data[:, -1, layer.kernel_size[0] // 2, layer.kernel_size[1] // 2] = 1
        elif isinstance(layer, nn.ConvTranspose2d):
            nn.init.zeros_(layer.weight)
            layer.weight.data[0] = 1
    if across <= depth:
        conv = model.get_submodule(f"up{across}").convs.conv1
        conv.weight.data = conv.weight.data.flip(1)  # from its first map: the skip comes first
    expected, side = torch.zeros_like(x), 2 ** (across - 1)
    for top, left in itertools.product(range(0, size[0], side), range(0, size[1], side)):
        block = x[:, :, top : top + side, left : left + side]
        expected[:, :, top : top + side, left : left + side] = block.amax((2, 3), keepdim=True)
    with torch.no_grad():
        assert torch.equal(model(x), expected)


class Cut(nn.Module):
    """A pool that passes values down and no gradient up."""

    def forward(self, x):
        return F.max_pool2d(x, 2, ceil_mode=True).detach()


@pytest.mark.parametrize("skips", [True, False, (1,), (4,), (1, 3), {2, 3, 4}, [], (1, 2, 3, 4)])
def test_gradients_take_the_skips_that_there_are_and_no_others(skips):
    """With the pools cut, what is before them learns through its skip or not at all."""
    torch.manual_seed(0)
    model = UNet(1, 2, 4, padded=True, skips=skips)
    assert count(model) == count(UNet(1, 2, 4))
    model.pool = Cut()
    F.cross_entropy(model(torch.rand(2, 1, 32, 48)), torch.randint(2, (2, 32, 48))).backward()
    kept = set(range(1, 5)) if skips is True else set(skips or ())
    for level in range(1, 5):
        gradient = model.get_submodule(f"down{level}").conv1.weight.grad
        assert (gradient is not None and gradient.any().item()) == (level in kept)
    assert model.down5.conv1.weight.grad.any()


def test_a_skip_taken_away_leaves_shapes_and_weights_as_they_are():
    whole, none = UNet(1, 2, 2), UNet(1, 2, 2, skips=False)
    none.load_state_dict(whole.state_dict())
    x = torch.rand(1, 1, 188, 204)
    with torch.no_grad():
        assert whole(x).shape == none(x).shape == (1, 2, 4, 20)
        assert not torch.allclose(whole(x), none(x))
        each = [UNet(1, 2, 2, skips=[level]) for level in (1, 2, 3, 4)]
        for model in each:
            model.load_state_dict(whole.state_dict())
        scores = [model(x) for model in each]
    assert not any(torch.allclose(a, b) for a, b in itertools.combinations(scores, 2))


@pytest.mark.parametrize(("skips", "level"), [((0,), 0), ((1, 5), 5), ((-1, 2), -1)])
def test_a_level_that_is_not_there_is_named(skips, level):
    with pytest.raises(ValueError, match=f"got a skip at level {level}; expected levels 1, the finest, to 4"):
        UNet(1, 2, 1, skips=skips)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("skips", [True, False])
def test_every_parameter_learns(padded, batch_norm, skips):
    torch.manual_seed(0)
    model = UNet(3, 4, 4, depth=2, padded=padded, batch_norm=batch_norm, skips=skips)
    size = (35, 50) if padded else (44, 60)
    logits = model(torch.rand(2, 3, *size))
    F.cross_entropy(logits, torch.randint(4, (2, *logits.shape[2:]))).backward()
    for name, parameter in model.named_parameters():
        before_norm = batch_norm and re.search(r"conv\d\.bias", name)
        assert parameter.grad.abs().max() > 0 or before_norm, name


def test_weights_start_with_variance_two_over_inputs_and_convolutions_keep_the_signal():
    torch.manual_seed(0)
    model = UNet(1, 2, 32, depth=3)
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            # a pixel gets one number of each map from an up-convolution: its windows do not overlap
            inputs = layer.weight[:, 0, 0, 0] if isinstance(layer, nn.ConvTranspose2d) else layer.weight[0]
            if layer.weight.numel() > 5000:
                assert layer.weight.var().item() * inputs.numel() == pytest.approx(2, rel=0.1), name
            assert not layer.bias.any()
    squares = {}
    for name, layer in model.named_modules():
        if isinstance(layer, nn.ReLU):
            layer.register_forward_hook(
                lambda _, __, out, name=name: squares.update({name: out.square().mean().item()})
            )
    with torch.no_grad():
        model(torch.randn(1, 1, 140, 140))
    pairs = [(squares[name], squares[name[:-1] + "2"]) for name in squares if name.endswith("relu1")]
    assert len(pairs) == 7
    assert all(0.5 < second / first < 2 for first, second in pairs), pairs


def test_dropout_silences_numbers_at_the_end_of_the_way_down_while_training():
    torch.manual_seed(0)
    model = UNet(1, 2, 4, depth=2, padded=True, dropout=0.5)
    given = []
    model.up2.register_forward_pre_hook(lambda _, args: given.append(args[0]))
    x = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        model.eval()(x)
        model.train()(x)
    sure, dropped = given
    silenced = (dropped == 0) & (sure > 0)
    assert 0.4 < silenced.sum() / (sure > 0).sum() < 0.6
    assert torch.equal(dropped[~silenced], 2 * sure[~silenced])


@pytest.mark.parametrize("size", [(9, 12), (8, 13), (7, 7)])
def test_the_middle_is_where_torchvision_cuts_it(size):
    from torchvision.transforms.v2.functional import center_crop as theirs

    x = torch.rand(2, 3, *size)
    for height, width in itertools.product(range(1, size[0] + 1), range(1, size[1] + 1)):
        middle = center_crop(x, height, width)
        top, left = (size[0] - height) // 2, (size[1] - width) // 2
        assert torch.equal(middle, x[:, :, top:, left:][:, :, :height, :width])
        assert middle.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
        if (size[0] - height) % 2 == (size[1] - width) % 2 == 0:  # it rounds halves to even
            assert torch.equal(middle, theirs(x, [height, width]))


@pytest.mark.parametrize("crop", [(10, 4), (4, 8), (10, 8)])
def test_a_crop_larger_than_the_maps_is_refused(crop):
    with pytest.raises(ValueError, match=f"got maps of 9×7 and a crop of {crop[0]}×{crop[1]}.*no larger"):
        center_crop(torch.rand(1, 1, 9, 7), *crop)


@pytest.mark.parametrize("size", [(24, 33), (25, 32), (20, 24)])
def test_a_step_up_is_up_convolution_crop_concatenation_and_two_convolutions(size):
    torch.manual_seed(0)
    block, x, skip = UpBlock(6, 4), torch.rand(2, 6, 10, 12), torch.rand(2, 3, *size)
    up, convs = block.up, block.convs
    beside = F.conv_transpose2d(x, up.weight, up.bias, stride=2)
    top, left = (size[0] - 20) // 2, (size[1] - 24) // 2
    y = torch.cat([skip[:, :, top : top + 20, left : left + 24], beside], 1)
    for conv in (convs.conv1, convs.conv2):
        y = F.relu(F.conv2d(y, conv.weight, conv.bias))
    torch.testing.assert_close(block(x, skip), y)
    assert y.shape == (2, 4, 16, 20)
