"""Overlapping tiles: the same logits as the whole, mirrored image at once, and no seam."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.models import UNet
from cnncourse.models.unet import lost_border, nearest_sizes
from cnncourse.training import Hardware, predict_tiled
from cnncourse.training.tiling import mirrored


def network(depth, padded=False, **options):
    torch.manual_seed(depth)
    return UNet(2, 3, 2, depth=depth, padded=padded, **options).double().eval()


def whole(model, images):
    """Return the logits of the image with numpy's mirrored borders, in one piece."""
    grid, margin = 2**model.depth, lost_border(model.depth)
    sizes = images.shape[2:]
    if model.padded:  # much more than is seen; the pools begin at the image's first pixel
        margin = 2 * margin // grid * grid
        ends = [margin] * 2
    else:  # a size that works; what is too much at the end is cut off again
        ends = [nearest_sizes(n + 2 * margin, model.depth)[1] - n - margin for n in sizes]
    around = [(0, 0), (0, 0), (margin, ends[0]), (margin, ends[1])]
    with torch.no_grad():
        scores = model(torch.from_numpy(np.pad(images.numpy(), around, mode="reflect")))
    start = margin if model.padded else 0
    return scores[:, :, start : start + sizes[0], start : start + sizes[1]]


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize(
    ("depth", "size", "tiles"), [(1, (37, 50), [22, 28, 36]), (2, (61, 90), [60, 64, 100])]
)
def test_tiles_give_the_logits_of_the_whole_mirrored_image(padded, skips, depth, size, tiles):
    model = network(depth, padded, skips=skips)
    images = torch.rand(2, 2, *size, dtype=torch.double)
    expected = whole(model, images)
    assert expected.std() > 0.01
    for tile in tiles:
        torch.testing.assert_close(predict_tiled(model, images, tile).double(), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("padded", "tile"), [(False, 204), (True, 213)])
def test_the_paper_sized_network_has_no_seam_either(padded, tile):
    model = network(4, padded)
    images = torch.rand(1, 2, 109, 150, dtype=torch.double)
    expected = whole(model, images)
    torch.testing.assert_close(predict_tiled(model, images, tile).double(), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("tiles", list(itertools.permutations([(44, 60), (60, 44), (100, 76)], 2)))
def test_the_tile_changes_nothing_and_need_not_be_square(tiles):
    model, images = network(2), torch.rand(1, 2, 45, 71, dtype=torch.double)
    first, second = (predict_tiled(model, images, tile) for tile in tiles)
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 9)])
def test_an_image_smaller_than_a_margin_is_mirrored_again_and_again(padded, size):
    model, images = network(1, padded), torch.rand(1, 2, *size, dtype=torch.double)
    found = predict_tiled(model, images, 24)
    torch.testing.assert_close(found.double(), whole(model, images), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [2, 3, 7, 20])
def test_mirroring_is_that_of_torch_as_far_as_that_goes(size):
    row = torch.arange(size, dtype=torch.double)
    for pad in range(size):
        expected = F.pad(row[None, None], (pad, pad), mode="reflect")[0, 0]
        assert torch.equal(row[mirrored(-pad, size + 2 * pad, size)], expected)
    far = mirrored(-5 * size, 11 * size, size)  # numpy goes on as far as one likes
    assert far.tolist() == np.pad(range(size), (5 * size, 5 * size), mode="reflect").tolist()


def test_of_a_single_row_every_row_is_that_one():
    assert mirrored(-3, 7, 1).tolist() == [0] * 7


@pytest.mark.parametrize(
    ("padded", "tile", "message"),
    [
        (False, 188 - 16, "leaves -16×-16 between margins of 92 at each side; expected at least 16.*200"),
        (False, (572, 190), "leaves 384×0 between margins of 92"),
        (False, 203, "H=203 does not work, 188 and 204 do"),
        (True, 207, "leaves 0×0 between margins of 96 at each side; .*208"),
    ],
)
def test_a_tile_that_leaves_nothing_or_does_not_fit_is_refused(padded, tile, message):
    with pytest.raises(ValueError, match=message):
        predict_tiled(UNet(1, 2, 1, padded=padded), torch.rand(1, 1, 64, 64), tile)


@pytest.mark.parametrize("training", [False, True])
def test_it_predicts_in_eval_mode_without_a_graph_and_leaves_the_mode(training):
    model = UNet(1, 2, 2, depth=1, padded=True, batch_norm=True, dropout=0.5).train(training)
    images = torch.rand(3, 1, 20, 30)
    before = [buffer.clone() for buffer in model.buffers()]
    first, second = (predict_tiled(model, images, 40) for _ in range(2))
    assert torch.equal(first, second)
    assert not first.requires_grad
    assert model.training == training
    assert all(torch.equal(a, b) for a, b in zip(before, model.buffers(), strict=True))


def test_logits_are_float32_whatever_it_computes_in():
    model, images = UNet(1, 2, 2, depth=1), torch.rand(1, 1, 30, 20)
    quick = Hardware(torch.device("cpu"), torch.bfloat16, channels_last=True)
    exact, rough = predict_tiled(model, images, 28), predict_tiled(model, images, 28, hardware=quick)
    assert exact.dtype == rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, atol=0.05 * exact.abs().max().item(), rtol=0)
    assert not torch.equal(rough, exact)


def test_every_pixel_is_predicted_once(monkeypatch):
    """The tiles' results touch: the work is that of the fewest tiles that cover the image."""
    model, calls = network(1), []
    forward = nn.Module.__call__
    monkeypatch.setattr(UNet, "__call__", lambda self, x: calls.append(x.shape) or forward(self, x))
    predict_tiled(model, torch.rand(2, 2, 41, 50, dtype=torch.double), (36, 28))
    assert calls == 3 * 5 * [(2, 2, 36, 28)]  # steps of 20 and 12... rounded down to the grid of 2
