"""Curves keep what counts of many values, say it in words, and leave a picture however a run ends."""

import base64
import io
import json
import math
import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image, ImageColor

from cnncourse import viz
from cnncourse.viz.curves.data import POINTS, SMOOTHED, Curve, Record, smoothed, write
from cnncourse.viz.curves.film import small_picture, thinned
from cnncourse.viz.style import PALETTE

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def floats(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def curve_of(values, lowest=True):
    curve = Curve("loss", "step", lowest)
    for step, value in enumerate(values, 1):
        curve.add(value, step, 0)
    return curve


@pytest.mark.parametrize("count", [1, 37, POINTS, POINTS + 1, 5 * POINTS + 3, 40 * POINTS + 11])
def test_points_keep_range_mean_and_place_of_every_value(count):
    values = np.random.default_rng(count).normal(size=count)
    arrays = curve_of(values.tolist()).arrays("step")
    points = len(arrays["x"])
    assert points <= POINTS
    assert count < POINTS or points > POINTS // 2 - 2
    share = 2 ** math.ceil(math.log2(max(1, count / POINTS)))
    pieces = [values[n : n + share] for n in range(0, count, share)]
    assert len(pieces) == points
    np.testing.assert_allclose(arrays["low"], [p.min() for p in pieces])
    np.testing.assert_allclose(arrays["high"], [p.max() for p in pieces])
    np.testing.assert_allclose(arrays["mean"], [p.mean() for p in pieces])
    np.testing.assert_allclose(arrays["x"], [1 + n * share + (len(p) - 1) / 2 for n, p in enumerate(pieces)])


@given(st.lists(NUMBERS, min_size=1, max_size=90), st.booleans())
def test_best_is_the_first_of_the_best_values(values, lowest):
    value, step, _ = curve_of(values, lowest).best
    expected = min(values) if lowest else max(values)
    assert value == expected
    assert step == values.index(expected) + 1


def test_smoothing_is_the_plain_mean_of_an_even_window():
    values = np.random.default_rng(3).normal(size=97)
    average, last = smoothed(values, np.ones(97))
    reach = 5  # a 20th of 97
    for n in (0, 1, 3, 17, 60, 91):
        half = min(n, reach)
        assert average[n] == pytest.approx(values[n - half : n + half + 1].mean()), n
    assert average[96] == pytest.approx(values[-6:].mean())
    assert last == 6


def test_smoothing_keeps_a_straight_line_and_never_leaves_the_range():
    line = np.linspace(3, -2, 203)
    np.testing.assert_allclose(smoothed(line, np.ones(203))[0][:190], line[:190])
    noisy = np.random.default_rng(1).uniform(size=300)
    average = smoothed(noisy, np.ones(300))[0]
    assert noisy.min() < average.min() <= average.max() < noisy.max()
    assert average[20:].std() < noisy.std() / 3


@pytest.mark.parametrize(("count", "smooth"), [(SMOOTHED - 1, 0), (SMOOTHED, SMOOTHED)])
def test_only_a_long_curve_is_smoothed(count, smooth):
    assert len(curve_of([1.0] * count).arrays("step")["smooth"]) == smooth


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_marked_and_drawn_nowhere(odd):
    record = Record(["loss"], [])
    for value in (2.0, odd, 1.0, odd):
        record.add_step({"loss": value})
    [curve] = record.scene()["panels"][0]["curves"]
    assert floats(curve["points"]["mean"]).tolist() == [2.0, 1.0]
    assert floats(curve["points"]["x"]).tolist() == [1.0, 3.0]
    assert curve["odd"] == [2, 4]
    assert curve["now"] == write(odd)
    assert record.summary() == (
        f"loss went from 2.00 to {write(odd)} in 4 steps, lowest 1.00 in step 3 "
        f"({write(odd)} in step 2 and 1 more not finite)"
    )
    json.dumps(record.scene(), allow_nan=False)


def test_a_run_that_is_nan_from_the_start_says_so():
    curves = viz.live_curves()
    for _ in range(60):
        curves.step(loss=math.nan)
    assert curves.alt == "Training: loss was never a finite number (NaN in step 1 and 59 more not finite)."
    assert curves.frozen.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("value", [1e39, -1e300, 5e-324])
def test_numbers_beyond_single_precision_are_drawn(value):
    curves = viz.live_curves()
    curves.step(loss=value)
    curves.step(loss=1.0)
    [curve] = curves.scene()["panels"][0]["curves"]
    assert np.isfinite(floats(curve["points"]["mean"])).all()


@pytest.mark.parametrize(
    ("losses", "sentence"),
    [
        ([2.3], "loss was 2.30 in step 1"),
        ([2.3, 0.21], "loss fell from 2.30 to 0.210 in 2 steps"),
        ([2.3, 0.1, 0.21], "loss fell from 2.30 to 0.210 in 3 steps, lowest 0.100 in step 2"),
        ([1.0, 4.0], "loss rose from 1.00 to 4.00 in 2 steps"),
        ([1.0, 1.0001], "loss stayed at 1.00 in 2 steps"),
    ],
)
def test_the_summary_says_where_a_loss_went(losses, sentence):
    curves = viz.live_curves()
    for loss in losses:
        curves.step(loss=loss)
    assert curves.alt == f"Training: {sentence}."


def test_the_summary_of_a_long_run_is_that_of_its_data():
    rng = random.Random(5)
    losses = [2.3 * 0.99**n + 0.2 + rng.uniform(-0.1, 0.1) for n in range(500)]
    curves = viz.live_curves(metrics="val_accuracy")
    for epoch in range(4):
        for loss in losses[125 * epoch : 125 * (epoch + 1)]:
            curves.step(loss=loss)
        curves.epoch(val_accuracy=[0.5, 0.9, 0.98, 0.97][epoch])
    end = np.mean(losses[-26:])
    assert curves.alt == (
        f"Training: loss fell from {losses[0]:.2f} to {end:.3f} in 500 steps (mean of the last 26); "
        "best val accuracy 0.980 in epoch 3."
    )
    assert repr(curves) == "<live_curves: 500 steps, 4 epochs>"


def test_metrics_may_start_late_and_be_missing():
    curves = viz.live_curves(metrics="recall")
    curves.step(loss=2.0)
    curves.epoch()
    for value in (0.5, None, 0.7):
        curves.step(loss=1.0)
        curves.epoch(**({"mIoU": value} if value else {}))
    loss, metrics = curves.scene()["panels"]
    assert [curve["label"] for curve in metrics["curves"]] == ["recall", "mIoU"]
    assert [curve["now"] for curve in metrics["curves"]] == ["–", "0.700"]
    assert floats(metrics["curves"][1]["points"]["x"]).tolist() == [2.0, 4.0]
    assert curves.scene()["ends"] == [1, 2, 3, 4]
    assert loss["curves"][0]["label"] == "loss"


def test_without_steps_epochs_run_along_the_axis():
    curves = viz.live_curves(("loss", "val_loss"))
    for epoch in range(3):
        curves.epoch(loss=3.0 - epoch, val_loss=4.0 - epoch)
    scene = curves.scene()
    assert (scene["unit"], scene["ends"]) == ("epoch", [])
    assert floats(scene["panels"][0]["curves"][1]["points"]["x"]).tolist() == [1.0, 2.0, 3.0]


def test_tensors_and_arrays_are_numbers_and_a_tensor_that_changes_later_does_not_matter():
    torch = pytest.importorskip("torch")
    curves = viz.live_curves()
    running = torch.tensor([2.5], requires_grad=True)
    curves.step(loss=running)
    with torch.no_grad():
        running += 1
    curves.step(loss=np.float32(1.25))
    curves.step(loss=np.array([0.75]))
    assert floats(curves.scene()["panels"][0]["curves"][0]["points"]["mean"]).tolist() == [2.5, 1.25, 0.75]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0.3.1", "loss has type str; expected one number"),
        (None, "loss has type NoneType"),
        (np.zeros(3), r"loss has shape \(3,\)"),
    ],
)
def test_what_is_no_number_is_named_at_once(value, message):
    with pytest.raises(ValueError, match=message):
        viz.live_curves().step(loss=value)


def test_a_batch_of_losses_is_told_to_be_averaged():
    torch = pytest.importorskip("torch")
    with pytest.raises(
        ValueError, match=r"loss is a tensor of shape \(4,\); expected one number: use .mean\(\)"
    ):
        viz.live_curves().step(loss=torch.zeros(4))


def test_a_film_of_masks_uses_the_palette():
    mask = np.array([[0, 1, 255], [3, -1, 2]])
    colors = small_picture(mask)
    assert ["#" + bytes(c).hex().upper() for c in colors[:, :, :].reshape(-1, 3)[[0, 1, 3, 5]]] == [
        PALETTE[n] for n in (0, 1, 3, 2)
    ]
    assert (colors[0, 2] == colors[1, 1]).all()
    with pytest.raises(ValueError, match=r"holds class 3; expected 0\.\.1"):
        small_picture(mask, ["#000000", "#ffffff"])


@pytest.mark.parametrize("shape", [(300, 171), (64, 513, 3), (5, 7), (1, 4000)])
def test_a_film_picture_is_small_and_keeps_its_proportions(shape):
    picture = small_picture(np.random.default_rng(0).uniform(size=shape))
    height, width, _ = picture.shape
    assert max(height, width) <= 128
    assert height / width == pytest.approx(shape[0] / shape[1], abs=0.01 + 0.5 / width * shape[0] / shape[1])


def test_a_gray_picture_keeps_0_to_1_and_is_stretched_beyond():
    assert small_picture([[0.0, 0.5]])[0, :, 0].tolist() == [0, 128]
    assert small_picture([[-3.0, 5.0]])[0, :, 0].tolist() == [0, 255]
    assert small_picture([[7.0, 7.0, math.nan]]).shape == (1, 3, 3)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 8, 9), "permute"),
        ((1, 8, 9), r"x\[0\]"),
        ((11, 8, 9), "argmax"),
        ((2, 3, 8, 9), "batch"),
        ((0, 3), r"\(0, 3\)"),
    ],
)
def test_a_film_picture_of_another_shape_says_what_to_do(shape, message):
    with pytest.raises(ValueError, match=message):
        viz.live_curves().film(np.zeros(shape))


def test_a_long_film_keeps_its_last_picture_and_is_spread_evenly():
    film = []
    for n in range(1, 101):
        film = thinned([*film, n])
        assert film[-1] == n
        assert len(film) <= 16
    assert film == sorted(film)


def test_film_pictures_say_when_they_were_made():
    curves = viz.live_curves()
    curves.film(np.zeros((3, 5)))
    curves.step(loss=1.0)
    curves.film(np.ones((3, 5)))
    curves.epoch()
    curves.film(np.eye(5))
    assert [frame["caption"] for frame in curves.frames] == ["untrained", "step 1", "epoch 1"]
    assert curves.alt.endswith("Film of the prediction: untrained, step 1, epoch 1.")


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (KeyboardInterrupt(), "Interrupted after 2 steps, 1 epoch."),
        (ZeroDivisionError("x"), "Stopped by ZeroDivisionError after 2 steps, 1 epoch."),
    ],
)
def test_what_ends_a_run_goes_on_and_nothing_is_lost(error, end, capsys):
    curves = viz.live_curves()

    def train():
        with curves:
            curves.step(loss=2.0)
            curves.step(loss=1.0)
            curves.epoch(accuracy=0.5)
            raise error

    with pytest.raises(type(error)):
        train()
    said = f"Training: loss fell from 2.00 to 1.00 in 2 steps; best accuracy 0.500 in epoch 1. {end}"
    assert curves.alt == said
    assert capsys.readouterr().out == said + "\n"


def test_names_cannot_leave_the_page():
    name = "</script><img src=x onerror=alert(1)>"
    curves = viz.live_curves(title=name)
    curves.epoch(**{name: 0.5, "$a_$": 1.0})
    html = curves.html
    assert html.count("</script>") == 1
    assert "<img src=x" not in html
    assert curves.frozen.png.startswith(b"\x89PNG")


def test_the_same_run_leaves_the_same_bytes():
    def run():
        curves = viz.live_curves()
        for n in range(90):
            curves.step(loss=1 / (n + 1))
        curves.film(np.eye(4, dtype=int))
        return curves._repr_mimebundle_()

    assert run() == run()


RUN = """\
from cnncourse import viz
with viz.live_curves(metrics="accuracy") as curves:
    for epoch in range(2):
        print("epoch", epoch)
        for step in range(30):
            curves.step(loss=3.0 / (step + 30 * epoch + 1))
            {inside}
        curves.epoch(accuracy=0.5 + epoch / 4)
        curves.film([[0, 1], [2, epoch]])
"""


def executed(*cells):
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    # Nobody listens: as in nbconvert or nbval.
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", allow_errors=False, store_widget_state=False
    )
    failed = None
    try:
        client.execute()
    except CellExecutionError as error:
        failed = error
    return notebook, failed


def test_executed_without_a_page_the_picture_alone_is_stored():
    notebook, failed = executed(RUN.format(inside="pass"), RUN.format(inside="pass"), "curves")
    assert failed is None
    assert "widgets" not in notebook.metadata
    stored = [[o for o in cell.outputs if o.output_type != "stream"] for cell in notebook.cells]
    assert [len(outputs) for outputs in stored] == [1, 1, 1]
    for [output] in stored:
        assert set(output.data) == {"text/html", "text/plain", "image/png"}
        assert output.data["text/plain"].startswith("Training: loss fell from 3.00 to")
    assert stored[0][0].data == stored[1][0].data, "the same in every run"


def test_where_a_view_is_needed_to_be_live_none_is_stored_either():
    notebook, failed = executed("__vsc_ipynb_file__ = 'lesson.ipynb'", RUN.format(inside="pass"))
    assert failed is None
    [output] = [o for o in notebook.cells[1].outputs if o.output_type != "stream"]
    assert set(output.data) == {"text/html", "text/plain", "image/png"}


def test_an_interrupted_cell_keeps_its_picture_when_nobody_watches():
    notebook, failed = executed(RUN.format(inside="if step == 7: raise KeyboardInterrupt"))
    assert failed.ename == "KeyboardInterrupt"
    [picture] = [o for o in notebook.cells[0].outputs if o.output_type == "display_data"]
    assert picture.data["text/plain"].endswith("Interrupted after 8 steps.")
    assert notebook.cells[0].outputs[-1].output_type == "error"


def test_a_plain_script_prints_one_line_and_draws_nothing():
    code = (
        RUN.format(inside="pass")
        .replace('        print("epoch", epoch)\n', "")
        .replace("        curves.film([[0, 1], [2, epoch]])\n", "")
    )
    code += "\nimport sys; assert 'matplotlib' not in sys.modules and 'torch' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ}
    )
    assert done.stderr == ""
    [line] = done.stdout.splitlines()
    assert line.startswith("Training: loss fell from 3.00 to")


def test_cost_of_a_step_without_a_page_is_printed():
    curves = viz.live_curves()
    seconds = []
    for n in range(5000):
        started = time.perf_counter()
        curves.step(loss=1 / (n + 1), accuracy=0.5)
        seconds.append(time.perf_counter() - started)
    median, p95 = np.percentile(seconds, [50, 95]) * 1e6
    started = time.perf_counter()
    curves.scene()
    scene = 1e3 * (time.perf_counter() - started)
    print(f"step: median {median:.1f} µs, p95 {p95:.1f} µs; what is sent after 5,000 steps: {scene:.2f} ms")
    assert curves.scene()["steps"] == 5000


def test_the_picture_of_one_step_keeps_the_colors_of_its_marks():
    curves = viz.live_curves(("loss", "val_loss"), "val_mean_iou")
    curves.step(loss=2.0)
    curves.epoch(val_loss=2.1, val_mean_iou=0.5)
    assert curves.alt == (
        "Training: loss was 2.00 in step 1; val loss was 2.10 in epoch 1; best val mean IoU 0.500 in epoch 1."
    )
    pixels = np.asarray(Image.open(io.BytesIO(curves.frozen.png)).convert("RGB")).reshape(-1, 3).astype(int)
    for number in (0, 5, 2):
        away = np.abs(pixels - ImageColor.getrgb(PALETTE[number])).max(1)
        assert away.min() < 8, PALETTE[number]
