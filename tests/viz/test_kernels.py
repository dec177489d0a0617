"""Filters drawn: which, in what colors, and what the title admits."""

import numpy as np
import pytest
import torch
from torch import nn

from cnncourse import viz
from cnncourse.viz import style
from cnncourse.viz.kernels import kernel_array


def tiles(figure):
    """The arrays of all tiles, without the color bar."""
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes[1:]]


def notes(figure):
    return [text.get_text() for text in figure.texts]


def test_one_channel_is_one_signed_tile_a_filter_on_a_common_scale():
    layer = nn.Conv2d(1, 6, (3, 5))
    figure = viz.filters(layer)
    np.testing.assert_allclose(tiles(figure), layer.weight.detach()[:, 0], rtol=1e-6)
    limits = {axes.images[0].get_clim() for axes in figure.axes[1:]}
    largest = float(layer.weight.detach().abs().max())
    assert limits == {(-largest, largest)}


def test_three_channels_are_colors_with_zero_as_middle_gray():
    weight = np.zeros((2, 3, 2, 4))
    weight[0, 0, 0, 1], weight[1, 2, 1, 3] = 2, -1
    red, blue = tiles(viz.filters(weight))
    assert red[0, 1].tolist() == [1, 0.5, 0.5]
    assert blue[1, 3].tolist() == [0.5, 0.5, 0.25]
    assert blue[0, 0].tolist() == [0.5, 0.5, 0.5]


def test_other_channel_counts_are_a_row_a_filter_and_a_column_a_channel():
    weight = np.random.default_rng(0).normal(size=(4, 5, 3, 2))
    shown = tiles(viz.filters(weight))
    assert len(shown) == 20
    np.testing.assert_array_equal(shown[5 * 2 + 3], weight[2, 3])


@pytest.mark.parametrize(
    ("shape", "start", "title", "count"),
    [
        ((512, 3, 3, 3), 0, "Filters 0 to 63: 64 of 512", 64),
        ((512, 3, 3, 3), 448, "Filters 448 to 511: 64 of 512", 64),
        ((70, 1, 3, 3), 64, "Filters 64 to 69: 6 of 70", 6),
        ((8, 3, 5, 5), 0, "Filters 8 of 8", 8),
        ((40, 64, 3, 3), 32, "Filters 32 to 39: 8 of 40", 8 * 16),
    ],
)
def test_the_title_says_how_many_of_how_many(shape, start, title, count):
    figure = viz.filters(np.ones(shape), start=start)
    assert title in notes(figure)
    assert len(tiles(figure)) == count
    assert any(f"next page: start={start + 64}" in note for note in notes(figure)) == (start + 64 < shape[0])


def test_channels_left_out_are_said_in_title_and_text():
    figure = viz.filters(np.ones((40, 64, 3, 3)), columns=5)
    assert any("5 of 64" in note for note in notes(figure))
    assert "16 of 40 filters, 5 of 64 input channels" in repr(figure)


def test_text_gives_the_range_and_the_place_of_the_largest_weight():
    weight = np.zeros((5, 3, 2, 2))
    weight[3, 1, 0, 1], weight[4, 0, 0, 0] = -1.5, 0.25
    assert repr(viz.filters(weight)).endswith("weights from −1.5 to 0.25, the largest by size in filter 3>")


@pytest.mark.parametrize("groups", [1, 2])
def test_a_transposed_convolution_is_shown_by_output_channel(groups):
    layer = nn.ConvTranspose2d(4, 6, (2, 3), groups=groups, bias=False)
    array = kernel_array(layer)
    assert array.shape == (6, 4 // groups, 2, 3)
    # Output channel o answers a spike in input channel i with that kernel.
    for i in range(4):
        x = torch.zeros(1, 4, 1, 1)
        x[0, i] = 1
        answer = layer(x)[0].detach().numpy()
        for o in range(6):
            same_group = i // (4 // groups) == o // (6 // groups)
            expected = array[o, i % (4 // groups)] if same_group else np.zeros((2, 3))
            np.testing.assert_allclose(answer[o], expected, rtol=1e-6)


@pytest.mark.parametrize(
    "shape", [(96, 3, 7, 7), (20, 40, 3, 3), (2, 1, 31, 5), (9, 6, 1, 1), (1, 3, 1, 1), (3, 2, 1, 60)]
)
def test_every_tile_is_inside_the_page(shape):
    figure = viz.filters(np.random.default_rng(0).normal(size=shape))
    width, _ = figure.get_size_inches() * style.DPI
    assert width <= style.WIDTH + 1
    for axes in figure.axes:
        box = axes.get_position()
        assert -1e-6 <= box.x0 < box.x1 <= 1 + 1e-6
        assert -1e-6 <= box.y0 < box.y1 <= 1 + 1e-6


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.Sequential(nn.ReLU(), nn.Conv2d(1, 1, 2)), "Sequential has no weight of its own.*'1'"),
        (nn.Linear(3, 4), r"Linear has a weight of shape \(4, 3\)"),
        (nn.ReLU(), "ReLU has no weight"),
        (np.ones((3, 3)), r"expected \[Cout, Cin, kh, kw\]: weight\[None, None\]"),
        (np.full((1, 1, 2, 2), np.nan), "not finite"),
    ],
)
def test_what_has_no_kernels_is_named(layer, message):
    with pytest.raises(ValueError, match=message):
        viz.filters(layer)


def test_a_page_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match=r"start=4; expected 0\.\.3"):
        viz.filters(np.ones((4, 1, 2, 2)), start=4)
