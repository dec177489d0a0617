"""Pictures show the data's own pixels, once, the same way each time, and refuse what they cannot show."""

import base64
import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from cnncourse import viz


def pixels(figure):
    """Return the picture as the reader gets it: [H, W, 3], 0..255."""
    return np.array(Image.open(io.BytesIO(figure.png())).convert("RGB"))


def dots_of(figure, panel=0):
    """Return the drawn dots of one picture, without what stands around it."""
    image = pixels(figure)
    box = figure.axes[panel].get_window_extent()
    height = image.shape[0]
    return image[height - round(box.y1) : height - round(box.y0), round(box.x0) : round(box.x1)]


@pytest.mark.parametrize("shape", [(5, 7), (3, 11), (13, 2), (64, 48)])
def test_every_pixel_becomes_an_equally_large_sharp_square(shape):
    picture = np.random.default_rng(0).random(shape)
    dots = dots_of(viz.images(picture))
    factor = dots.shape[0] // shape[0]
    assert dots.shape[:2] == (shape[0] * factor, shape[1] * factor)
    centers = dots[factor // 2 :: factor, factor // 2 :: factor, 0]
    assert np.abs(centers - picture * 255).max() <= 2  # 256 levels, rounded twice
    inner = dots[2:-2, 2:-2, 0]  # inside the hairline around the picture
    expected = np.kron(centers, np.ones((factor, factor)))[2:-2, 2:-2]
    assert np.array_equal(inner, expected)


def test_color_keeps_its_channels():
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[:, :, 1] = 200
    middle = dots_of(viz.images(picture))[20, 20]
    assert tuple(middle) == (0, 200, 0)


def test_signed_values_are_blue_above_and_orange_below_zero():
    dots = dots_of(viz.images(np.array([[-2.0, 0.0, 2.0]]), signed=True)).astype(int)
    y, width = dots.shape[0] // 2, dots.shape[1]
    low, zero, high = (dots[y, x] for x in (width // 6, width // 2, width * 5 // 6))
    assert low[0] > low[2]
    assert high[2] > high[0]
    assert tuple(zero) == (255, 255, 255)


def test_shared_scale_gives_equal_values_equal_colors():
    weak, strong = np.array([[0.0, 5.0]]), np.array([[0.0, 50.0]])
    apart, shared = viz.images([weak, strong]), viz.images([weak, strong], shared_scale=True)
    value = [dots_of(figure)[30, -30, 0] for figure in (apart, shared)]
    assert value[0] == 255
    assert value[1] == pytest.approx(25, abs=2)


def test_values_within_0_to_1_are_not_stretched():
    dots = dots_of(viz.images(np.full((3, 5), 0.5)))
    assert dots[40, 40, 0] in (127, 128)


def test_same_data_gives_the_same_bytes():
    picture = np.random.default_rng(1).normal(size=(9, 5))
    assert viz.images(picture, "a", signed=True).png() == viz.images(picture, "a", signed=True).png()
    assert viz.matrices(picture).png() == viz.matrices(picture).png()


def test_tensors_with_gradients_are_drawn_like_arrays():
    picture = torch.rand(5, 7, requires_grad=True)
    for kind in (picture, picture.detach().to(torch.float64)):
        assert viz.images(kind).png() == viz.images(picture.detach().numpy()).png()
    assert len(viz.images(torch.rand(3, 4, 5, dtype=torch.bfloat16)).axes) == 3


def test_a_stack_is_drawn_as_its_pictures():
    assert repr(viz.images(np.zeros((5, 4, 7)))).startswith("<Figure: 5 pictures: 4 × 7, ")
    assert repr(viz.images(np.zeros((2, 4, 7, 3)))) == "<Figure: 2 pictures: 4 × 7 in color, 4 × 7 in color>"
    assert repr(viz.images([[0, 1], [1, 0]])) == "<Figure: 1 picture: 2 × 2>"
    assert repr(viz.matrices([np.eye(2), np.eye(3)])) == "<Figure: 2 matrices: 2 × 2, 3 × 3>"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9, 40])
def test_figures_are_no_wider_than_a_notebook(count):
    figure = viz.images(np.zeros((count, 30, 50)), [f"a rather long title number {i}" for i in range(count)])
    assert figure.get_size_inches()[0] * 100 <= 800
    for box in (axes.get_position() for axes in figure.axes):
        assert box.x0 >= 0
        assert box.x1 <= 1
        assert box.y0 >= 0
        assert box.y1 <= 1


def test_missing_values_are_told_apart():
    picture = np.array([[0.0, np.nan, 1.0]])
    dots = dots_of(viz.images(picture, signed=True))
    assert tuple(dots[50, dots.shape[1] // 2]) == (218, 221, 218)
    assert viz.matrices(picture).png() != viz.matrices([[0.0, 0.0, 1.0]]).png()


def test_titles_are_not_read_as_formulas():
    viz.images(np.eye(2), "costs $5 or $x^{").png()
    viz.matrices(np.eye(2), r"$\unknown$").png()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: viz.images([np.zeros((3, 4, 5))]), r"picture 0 has shape \(3, 4, 5\).*permute\(1, 2, 0\)"),
        (lambda: viz.images([np.zeros(4), np.zeros(4)]), r"picture 0 has shape \(4,\).*\[H, W\]"),
        (lambda: viz.images(np.zeros((0, 4))), "nothing to draw|shape"),
        (lambda: viz.images(np.zeros((4, 4)), ["a", "b"]), "2 titles for 1 pictures"),
        (lambda: viz.images(np.full((4, 4, 3), 2.5)), r"2\.5 to 2\.5; expected 0\.\.1.*np\.clip"),
        (lambda: viz.images(np.zeros((4, 4, 3)), signed=True), "in color; signed=True"),
        (lambda: viz.images(np.full((4, 4), np.nan)), "no finite value"),
        (lambda: viz.images([["a", "b"]]), "expected real numbers"),
        (lambda: viz.images(np.zeros((2, 4, 4)), columns=0), "columns=0"),
        (lambda: viz.matrices(np.zeros((30, 4))), r"30 × 4.*viz\.images"),
        (lambda: viz.matrices([[[1, 2], [3]]]), "rows of different length"),
        (lambda: viz.matrices(np.zeros(4)), r"shape \(4,\); expected \[H, W\]"),
    ],
)
def test_errors_say_what_came_and_what_to_do(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_bare_kernel_displays_the_picture_once_as_png():
    from IPython.core.interactiveshell import InteractiveShell

    figure = viz.images(np.eye(3), "eye")
    data, metadata = InteractiveShell.instance().display_formatter.format(figure)
    assert base64.b64decode(data["image/png"]) == figure.png()
    assert data["text/plain"] == "<Figure: 1 picture: eye 3 × 3>"
    assert metadata["image/png"]["width"] == pixels(figure).shape[1] // 2


def test_pyplot_knows_nothing_of_the_pictures():
    import matplotlib.pyplot as plt

    viz.images(np.eye(3)).png()
    assert plt.get_fignums() == []


def test_importing_the_package_brings_in_no_drawing_library():
    heavy = "matplotlib", "torch", "anywidget"
    code = f"import sys, cnncourse.viz; print(*[m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


@pytest.mark.filterwarnings("error")
def test_an_infinite_cell_leaves_the_others_their_colors():
    finite, infinite = (viz.matrices([[1.0, -2.0, 0.0, end]]).axes[0] for end in (-2.0, -np.inf))
    colors = [[cell.get_facecolor() for cell in axes.patches] for axes in (finite, infinite)]
    assert colors[0] == colors[1]
    assert [text.get_text() for text in infinite.texts] == ["1", "−2", "0", "−∞"]
