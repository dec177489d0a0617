"""Learning curves and scores: the drawn lines and dots are the data, and the text says what they show."""

import math

import numpy as np
import pytest
import torch

from cnncourse import viz
from cnncourse.training import History
from cnncourse.viz import histories as module


def history(*losses, **others):
    return History({"train_loss": [loss / 2 for loss in losses], "val_loss": list(losses), **others})


def lines_of(figure, panel=0):
    """Return the thick lines of a panel as (epochs, values)."""
    plots = [axes for axes in figure.axes if axes.get_xlabel() == "epoch"]
    thick = [line for line in plots[panel].lines if line.get_linewidth() > 1.8 and len(line.get_xdata())]
    return [(list(line.get_xdata()), list(line.get_ydata())) for line in thick if line.get_marker() != "x"]


def texts_of(figure):
    return [text.get_text() for text in figure.texts]


def outside(figure):
    """Return the texts that are not wholly on the page."""
    renderer, page = figure.canvas.get_renderer(), figure.bbox
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in figure.texts}
    return [
        text
        for text, b in boxes.items()
        if b.x0 < page.x0 or b.x1 > page.x1 or b.y0 < page.y0 or b.y1 > page.y1
    ]


def test_one_training_has_its_losses_in_one_panel_and_its_accuracy_in_another():
    run = history(2.0, 0.6, 0.8, val_accuracy=[0.3, 0.8, 0.7], seconds=[1.0, 1.0, 1.0])
    figure = viz.learning_curves(run, ("train_loss", "val_loss", "val_accuracy"))
    assert [values for _, values in lines_of(figure)] == [[1.0, 0.3, 0.4], [2.0, 0.6, 0.8]]
    assert lines_of(figure, 1) == [([1, 2, 3], [0.3, 0.8, 0.7])]
    assert {"loss", "accuracy", "training", "validation"} <= set(texts_of(figure))
    assert "validation loss 2.00 to 0.800, lowest 0.600 in epoch 2" in repr(figure)
    assert "validation accuracy 0.300 to 0.700, highest 0.800 in epoch 2" in repr(figure)


def test_several_trainings_have_a_panel_for_each_column_on_one_scale():
    figure = viz.learning_curves({"plain": history(2.0, 1.0), "long": history(4.0, 1.0, 0.5)})
    assert [values for _, values in lines_of(figure, 1)] == [[2.0, 1.0], [4.0, 1.0, 0.5]]
    assert {"training loss", "validation loss", "plain", "long"} <= set(texts_of(figure))
    first, second = (axes.get_ylim() for axes in figure.axes if axes.get_xlabel() == "epoch")
    assert first == second
    assert first[0] == 0


@pytest.mark.parametrize("losses", [(2.0,), (2.0, 1.9), (2.0, 0.01)])
def test_the_highest_mark_has_its_room_below_the_frame(losses):
    axes = viz.learning_curves(history(*losses), "val_loss").axes[0]
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] >= 1.05 * max(losses)


@pytest.mark.parametrize("seed", range(3))
def test_thick_line_is_the_mean_as_far_as_all_runs_go(seed):
    rng = np.random.default_rng(seed)
    runs = [history(*rng.random(length)) for length in (5, 7, 6)]
    figure = viz.learning_curves({"plain": runs}, "val_loss")
    (epochs, values), *rest = lines_of(figure)
    assert not rest
    assert epochs == [1, 2, 3, 4, 5]
    assert values == pytest.approx(np.mean([run["val_loss"][:5] for run in runs], axis=0))
    thin = [line for line in figure.axes[0].lines if line.get_linewidth() == 0.8]
    assert [len(line.get_xdata()) for line in thin] == [5, 7, 6]
    assert "plain (mean of 3 runs)" in repr(figure)


def test_best_epoch_is_ringed_and_training_columns_are_not():
    figure = viz.learning_curves(history(2.0, 0.5, 1.0, 0.7))
    rings = [
        (int(line.get_xdata()[0]), line.get_ydata()[0])
        for axes in figure.axes
        for line in axes.lines
        if line.get_markersize() == 10
    ]
    assert rings == [(2, 0.5)]


def test_values_that_are_not_finite_are_marked_and_told():
    figure = viz.learning_curves({"calm": history(2.0, 1.0), "wild": history(2.0, math.nan, math.nan)})
    crosses = [line.get_xdata() for line in figure.axes[-1].lines if line.get_marker() == "x"]
    assert [list(x) for x in crosses] == [[], [2]]
    assert "wild 2.00 to NaN, lowest 2.00 in epoch 1, not finite (from epoch 2)" in repr(figure)
    assert any("×: not finite" in text for text in texts_of(figure))


def test_a_run_without_any_finite_value_is_drawn_too():
    assert "NaN" in repr(viz.learning_curves(history(math.nan, math.nan)))
    assert viz.learning_curves(history(math.inf)).png()


def test_up_to_eight_lines_differ_in_more_than_color():
    names = {f"number {k}": history(1.0 + k, 0.5 + k) for k in range(8)}
    plots = [axes for axes in viz.learning_curves(names, "val_loss").axes if axes.get_xlabel() == "epoch"]
    looks = [line.get_marker() for line in plots[0].lines if line.get_linewidth() == 1.9]
    assert len(set(looks)) == 8


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_long_names_stay_on_the_page(count):
    names = {
        f"{k} a long name that goes on and on and on and on and on": history(1.0, 0.5) for k in range(count)
    }
    assert not outside(viz.learning_curves(names, ("train_loss", "val_loss")))
    assert not outside(viz.learning_curves(names, "val_loss"))
    assert not outside(viz.scores({name: [0.5, 0.6] for name in names}))


def test_dollar_signs_are_no_formula():
    assert viz.learning_curves({"$x_": history(1.0, 0.5), "$y$": history(1.0, 0.5)}).png()
    assert viz.scores({"$x_": [1, 2], "$y$": [1, 2]}, "cost in $ and $").png()


def test_equal_histories_give_equal_bytes():
    assert viz.learning_curves(history(2.0, 1.0)).png() == viz.learning_curves(history(2.0, 1.0)).png()


@pytest.mark.parametrize(
    ("histories", "columns", "message"),
    [
        ({}, "val_loss", "0 histories"),
        ([], "val_loss", "no history"),
        (History(), "val_loss", "without an epoch"),
        ({"plain": []}, "val_loss", "no history for 'plain'"),
        ({"plain": [history(1.0), History()]}, "val_loss", "'plain', or one without an epoch"),
        (
            history(1.0),
            "val_mean_iou",
            r"no column 'val_mean_iou'; choose among columns=\('train_loss', 'val",
        ),
        ({"plain": history(1.0)}, "acc", "history for 'plain' has no column 'acc'"),
        ({"plain": [1.0, 0.5]}, "val_loss", "got list for 'plain'; expected a History"),
        ("history.json", "val_loss", "got str; expected a History"),
        (history(1.0), (), "0 columns"),
        ({str(k): history(1.0) for k in range(9)}, "val_loss", "9 names .* up to 8"),
    ],
)
def test_what_cannot_be_drawn_is_named(histories, columns, message):
    with pytest.raises(ValueError, match=message):
        viz.learning_curves(histories, columns)


def test_a_column_of_ones_own_is_spoken_as_written():
    figure = viz.learning_curves(History({"mask_iou": [0.5, 0.75]}), "mask_iou")
    assert "mask IoU 0.500 to 0.750" in repr(figure)


def test_plain_data_comes_before_the_drawing():
    panels = module.collect({"a": history(3.0, 1.0, 2.0)}, ["val_loss", "train_loss"])
    assert [(panel.title, panel.epochs) for panel in panels] == [("validation loss", 3), ("training loss", 3)]
    assert [panel.lines[0].best for panel in panels] == [2, None]


# Scores -----------------------------------------------------------------------------------------------------


def dots(figure):
    return [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_markersize() == 7]


@pytest.mark.parametrize("seed", range(3))
def test_every_seed_is_a_dot_and_the_bar_is_mean_and_sample_deviation(seed):
    rng = np.random.default_rng(seed)
    values = {"plain": rng.random(3), "dropout": torch.tensor(rng.random(5)), "one": 0.5}
    figure = viz.scores(values, "accuracy")
    assert sorted(dots(figure)) == pytest.approx(sorted([*values["plain"], *values["dropout"].tolist(), 0.5]))
    bars = [c for c in figure.axes[0].containers if c.get_label() is not None]
    for bar, name in zip(bars, ("plain", "dropout"), strict=True):
        data, _, (whisker,) = bar.lines
        given = np.asarray(values[name])
        assert data.get_xdata() == pytest.approx([given.mean()])
        low, high = whisker.get_segments()[0][:, 0]
        assert (high - low) / 2 == pytest.approx(given.std(ddof=1))


def test_equal_seeds_do_not_hide_each_other():
    heights = [
        line.get_ydata()[0]
        for line in viz.scores({"a": [0.5, 0.5, 0.75]}).axes[0].lines
        if line.get_markersize() == 7
    ]
    assert len(set(heights[:2])) == 2


def test_text_gives_mean_and_deviation_of_each_name():
    figure = viz.scores({"plain": [0.90, 0.91, 0.92], "dropout": [0.93, 0.95, 0.94]}, "test accuracy")
    assert repr(figure).startswith("<Figure: test accuracy, mean ± sd over 3 seeds: plain 0.910 ± 0.010")
    assert "0.940 ± 0.010" in texts_of(figure)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"a": [91.0, 92.5, 90.0]}, "a 91.2 ± 1.3"),
        ({"a": [0.9812, 0.9815, 0.9818]}, "a 0.98150 ± 0.00030"),
        ({"a": [-2e-3, -1e-3]}, "a −0.0015 ± 0.0007"),
        ({"a": 0.5}, "score: a 0.500"),
        ({"a": [0.5, 0.5]}, "a 0.500 ± 0.000"),
        ({"a": [0.0]}, "score: a 0.000"),
        ({"a": [0.5, math.nan, 0.75]}, "a 1 of 3 not finite"),
        ({"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]}, "over 2 to 3 seeds"),
    ],
)
def test_numbers_have_the_digits_that_their_spread_leaves(given, told):
    assert told in repr(viz.scores(given))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "an empty dict"),
        ([0.5], "got list; expected a dict"),
        ({"a": []}, r"'a' has scores of shape \(0,\)"),
        ({"a": [[0.5]]}, r"'a' has scores of shape \(1, 1\)"),
        ({str(k): 1.0 for k in range(25)}, "25 names; up to 24"),
    ],
)
def test_what_are_no_scores_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        viz.scores(given)
