"""What a stepper says is what happens: window, arithmetic, index, size and code."""

import ast
import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnncourse import viz
from cnncourse.viz.steppers.scenes import conv_scene, pool_scene
from cnncourse.viz.steppers.traces import conv_trace, conv_transpose_trace, pool_trace, unpool_trace
from cnncourse.viz.steppers.upscenes import conv_transpose_scene, unpool_scene

GRID = np.random.default_rng(3).integers(0, 10, (5, 6))
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def value_of(text):
    return float(text.replace("−", "-"))


def run(scene, **names):
    """Run the code that the stepper shows, as Python, and return its variables."""
    exec("\n".join(scene["code"]), {"range": range, "divmod": divmod, "np": np}, names)
    return names


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=40, deadline=None)
@given(pairs, pairs, st.tuples(st.integers(0, 2), st.integers(0, 2)), pairs, st.integers(1, 2), st.booleans())
def test_the_code_shown_for_a_convolution_computes_its_output(
    size, stride, padding, dilation, channels, biased
):
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(channels, 7, 8)), rng.normal(size=(channels, *size))
    bias = 0.75 if biased else None
    trace = conv_trace(x, weight, bias, stride, padding, dilation)
    py, px = padding
    padded = np.pad(x, ((0, 0), (py, py), (px, px)))
    out = np.full(np.shape(trace["output"]), np.nan)
    planes = slice(None) if channels > 1 else 0
    run(conv_scene(trace), x=x[planes], padded=padded[planes], kernel=weight[planes], bias=bias, out=out)
    np.testing.assert_allclose(out, trace["output"], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(pairs, pairs, st.sampled_from(["max", "average"]))
def test_the_code_shown_for_pooling_computes_its_output(size, stride, mode):
    x = np.random.default_rng(1).integers(-3, 4, (6, 8)).astype(float)
    trace = pool_trace(x, size, stride, mode)
    out = np.full(np.shape(trace["output"]), np.nan)
    indices = np.zeros(out.shape, int)
    run(pool_scene(trace), x=x, out=out, values=out, indices=indices)
    np.testing.assert_allclose(out, trace["output"], atol=1e-12)
    if mode == "max":
        assert indices.tolist() == trace["indices"]


@settings(max_examples=40, deadline=None)
@given(pairs, pairs, st.tuples(st.integers(0, 2), st.integers(0, 2)))
def test_the_code_shown_for_a_transposed_convolution_computes_its_output(size, stride, padding):
    rng = np.random.default_rng(2)
    x, kernel = rng.normal(size=(5, 6)), rng.normal(size=size)
    trace = conv_transpose_trace(x, kernel, stride, padding)
    scene = conv_transpose_scene(trace)
    out = run(scene, x=x, kernel=kernel)["out"]
    np.testing.assert_allclose(out, trace["output"], atol=1e-12)
    assert "+=" in scene["code"][scene["running"]]


@settings(max_examples=40, deadline=None)
@given(pairs, pairs)
def test_the_code_shown_for_unpooling_computes_its_output(size, stride):
    trace = unpool_trace(np.random.default_rng(1).integers(-3, 4, (6, 8)), size, stride)
    values, indices = np.array(trace["pool"]["output"]), np.array(trace["pool"]["indices"])
    out = run(unpool_scene(trace), values=values, indices=indices)["out"]
    np.testing.assert_array_equal(out, trace["output"])


def test_what_stamps_write_ends_as_the_output_that_is_shown():
    scene = conv_transpose_scene(conv_transpose_trace(GRID / 3, SOBEL, (2, 1), (1, 0)))
    (output,) = (scene["planes"][n] for n in scene["outputs"])
    cells = ["0"] * len(output["text"])
    for step in scene["steps"]:
        for cell, text, share in step["writes"]:
            assert 0 <= share <= 1
            cells[cell] = text
    assert cells == output["text"]


def test_the_sentence_of_a_stamp_counts_what_overlaps_and_what_is_cropped():
    steps = conv_transpose_scene(conv_transpose_trace([[1, 2], [3, 0.5]], np.ones((2, 3)), (2, 1), (1, 0)))
    assert [step["sentence"] for step in steps["steps"]] == [
        "Input (0, 0), value 1, stamps rows 0 to 1 and columns 0 to 2; 3 of 6 cells will be cropped.",
        "Input (0, 1), value 2, stamps rows 0 to 1 and columns 1 to 3; 4 of 6 cells held a value already: "
        "the two add up; 3 of 6 cells will be cropped.",
        "Input (1, 0), value 3, stamps rows 2 to 3 and columns 0 to 2; 3 of 6 cells will be cropped.",
        "Input (1, 1), value 0.5, stamps rows 2 to 3 and columns 1 to 3; 4 of 6 cells held a value already: "
        "the two add up; 3 of 6 cells will be cropped.",
    ]
    assert steps["note"] == (
        "stride 2 × 1, padding 1 × 0 · output height (2 − 1)·2 + 2 − 2·1 = 2, width 2 − 1 + 3 = 4"
    )


def test_stamps_that_cancel_leave_zero_and_rounded_sums_are_not_called_equal():
    steps = conv_transpose_scene(conv_transpose_trace([[0.3, -0.1]], [[0.1, 0.3]]))["steps"]
    assert steps[1]["writes"][0][1:] == ["0.08", 0.89]
    canceled = conv_transpose_scene(conv_transpose_trace([[0.1, 0.2, -0.3]], [[1, 1, 1]]))["steps"][2]
    assert canceled["writes"][0][1:] == ["0", 0.0]
    assert (steps[0]["sign"], steps[1]["sign"]) == ("=", "=")
    assert conv_transpose_scene(conv_transpose_trace([[1 / 3]], [[1]]))["steps"][0]["sign"] == "≈"


def test_unpooling_says_where_the_index_leads_and_when_two_windows_share_it():
    scene = unpool_scene(unpool_trace([[0, 1, 2, 0], [0, 7, 7, 0], [3, 7, 1, 1]], (2, 2), 1))
    first, second, third = scene["steps"][:3]
    assert (first["total"], first["value"]) == ("index 5 = 1·4 + 1 → row 1, column 1:", "7")
    assert second["sentence"] == (
        "Value (0, 1) is 7. It came from row 1, column 1, and goes back there, "
        "where an overlapping window has put it before."
    )
    assert third["sentence"] == "Value (0, 2) is 7. It came from row 1, column 2, and goes back there."
    assert scene["note"].endswith("2 of 12 cells get their value back, all others are 0")


def test_code_can_be_left_out_and_changes_nothing_else():
    for make in (
        lambda **code: viz.step_conv(GRID, SOBEL, **code),
        lambda **code: viz.step_pool(GRID, 2, **code),
        lambda **code: viz.step_conv_transpose(GRID, SOBEL, **code),
        lambda **code: viz.step_unpool(GRID, 2, **code),
    ):
        with_code, without = make(), make(code=False)
        assert "for i in" in with_code.html
        assert "for i in" not in without.html
        assert without.alt == with_code.alt
        assert without.png == with_code.png


def test_products_add_up_to_the_value_that_is_shown():
    scene = conv_scene(
        conv_trace(np.stack([GRID, GRID.T[:5, :5].repeat(2, 1)[:, :6]]), [SOBEL, SOBEL.T], bias=-3)
    )
    for step in scene["steps"]:
        sums = [sum(map(value_of, row)) for row in step["products"]]
        assert step["sums"] == [f"= {'−' * (s < 0)}{abs(s):g}" for s in sums]
        assert value_of(step["value"]) == sum(sums) - 3
        assert step["total"].endswith("− 3 (bias) =")


def test_first_sentence_of_a_padded_strided_convolution():
    scene = conv_scene(conv_trace([[1, 2, 3], [4, 5, 6]], [[1, -1], [0, 2]], stride=(1, 2), padding=(0, 1)))
    assert scene["steps"][0]["sentence"] == (
        "Output (0, 0) sees rows 0 to 1 and columns 0 to 1: 4 products add up to 7. "
        "2 of them are 0 because of the padding."
    )
    assert scene["note"] == (
        "stride 1 × 2, padding 0 × 1 · output height 2 − 2 + 1 = 1, width ⌊(3 + 2·1 − 2) / 2⌋ + 1 = 2"
    )


def test_dilation_names_only_the_rows_it_touches():
    step = conv_scene(conv_trace(GRID, [[1, 1], [1, 1]], dilation=(2, 3)))["steps"][0]
    assert step["sentence"].startswith(
        "Output (0, 0) sees rows 0 to 2 in steps of 2 and columns 0 to 3 in steps of 3:"
    )
    assert step["cells"] == [[0, 3, 12, 15]]
    assert step["variables"][2] == "x[0:3:2, 0:4:3]"


def test_rounded_numbers_are_not_called_equal():
    exact = conv_scene(conv_trace([[0.5, 0.25]], [[1, 2]]))["steps"][0]
    rounded = conv_scene(conv_trace([[1 / 3, 0.25]], [[1, 2]]))["steps"][0]
    single = conv_scene(conv_trace(np.array([[0.1, 0.2]], np.float32), [[1, 2]]))["steps"][0]
    assert (exact["total"], rounded["total"], single["total"]) == ("=", "≈", "=")


def test_floats_that_cancel_are_shown_as_zero():
    average = pool_scene(pool_trace([[0.1, 0.2, -0.3]], (1, 3), mode="average"))
    assert average["steps"][0]["value"] == "0"
    scene = conv_scene(conv_trace([[0.1, 0.2, 0.3]], [[1, 1, -1]]))
    assert scene["steps"][0]["value"] == "0"
    assert scene["planes"][-1]["text"] == ["0"]


def test_the_first_of_equal_maxima_wins_and_has_its_flat_index():
    scene = pool_scene(pool_trace([[0, 1, 2, 0], [0, 7, 7, 0], [3, 7, 1, 1]], (2, 2), 1))
    step = scene["steps"][4]
    assert step["place"] == "row 1, column 1: flat index 1·4 + 1 = 5"
    assert step["sentence"].endswith("the largest of its 4 values is 7, the first of several equal ones.")
    assert step["cells"][0][step["best"]] == 5


def test_average_divides_by_the_size_of_the_window():
    step = pool_scene(pool_trace([[1, 2, 3], [4, 5, 6]], (2, 3), mode="average"))["steps"][0]
    assert (step["total"], step["value"]) == ("sum 21 ÷ 6 =", "3.5")


@pytest.mark.parametrize(
    "stepper",
    [
        viz.step_conv(GRID, SOBEL, stride=2, padding=1),
        viz.step_conv(GRID, SOBEL, bias=1.5),
        viz.step_pool(GRID, 2),
        viz.step_pool(GRID, (2, 3), (1, 2), mode="average"),
        viz.step_conv_transpose(GRID[:3, :3], SOBEL, stride=2, padding=1),
        viz.step_unpool(GRID, 2),
    ],
)
def test_a_stepper_is_small_and_the_same_every_time(stepper):
    assert len(stepper.html.encode()) <= 49_000
    assert re.fullmatch(
        r"<step_(conv|pool|conv_transpose|unpool): output \d × \d in \d+ steps>", repr(stepper)
    )
    again = type(stepper)(stepper._module, stepper._data, name="", alt=stepper.alt, draw=stepper._draw)
    assert again.html == stepper.html


def test_the_largest_stepper_allowed_still_fits_into_an_output():
    rng = np.random.default_rng(0)
    for stepper in (
        viz.step_conv(rng.normal(size=(20, 20)), rng.normal(size=(2, 2))),
        viz.step_conv_transpose(rng.normal(size=(16, 16)), rng.normal(size=(5, 5))),
    ):
        assert len(stepper.html.encode()) < 450_000  # an inline script of 700 kB did not display in Colab


def test_alt_text_gives_the_numbers():
    alt = viz.step_conv([[1, 2, 3], [4, 5, 6]], [[-1, 1]]).alt
    assert "input, 2 × 3: 1 2 3; 4 5 6" in alt
    assert "output, 2 × 2: 1 1; 1 1" in alt
    alt = viz.step_conv_transpose([[1, 2]], [[1, 10]]).alt
    assert "input, 1 × 2: 1 2. kernel, 1 × 2: 1 10. output, 1 × 3: 1 12 20" in alt
    assert "unpooled, 1 × 3: 0 5 0" in viz.step_unpool([[1, 5, 7]], (1, 2)).alt
    assert "too many numbers" in viz.step_pool(np.zeros((9, 9)), 3).alt


def test_the_still_picture_is_a_png():
    picture = Image.open(io.BytesIO(viz.step_pool(GRID, 2).png))
    assert picture.format == "PNG"
    assert picture.width <= 800


def test_code_is_valid_python():
    for scene in (
        conv_scene(conv_trace(GRID, SOBEL, bias=1)),
        pool_scene(pool_trace(GRID, 2)),
        conv_transpose_scene(conv_transpose_trace(GRID, SOBEL, padding=1)),
        unpool_scene(unpool_trace(GRID, 2)),
    ):
        ast.parse("\n".join(scene["code"]))
