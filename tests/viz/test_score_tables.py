"""Scores side by side: every seed drawn, means in numbers, rows that belong together."""

from itertools import pairwise

import numpy as np
import pytest

from cnncourse import viz


def drawn(seed, names=("a", "second one", "c"), panels=("mIoU", "a long title of a score"), seeds=4):
    rng = np.random.default_rng(seed)
    return {title: {name: rng.random(seeds) for name in names} for title in panels}


def texts(figure):
    return [text.get_text() for text in figure.texts]


@pytest.mark.parametrize("seed", range(3))
def test_every_panel_shows_every_seed_in_its_row_and_the_mean_as_a_number(seed):
    scores = drawn(seed)
    figure = viz.score_table(scores)
    for axes, values in zip(figure.axes, scores.values(), strict=True):
        circles = [line for line in axes.lines if line.get_marker() == "o"]
        assert [list(line.get_xdata()) for line in circles] == [list(own) for own in values.values()]
        assert [int(line.get_ydata()[0]) for line in circles] == [0, 1, 2]
        numbers = [float(text.get_text()) for text in axes.texts]
        assert numbers == pytest.approx([own.mean() for own in values.values()], abs=0.05)
        for bar, own in zip(axes.containers, values.values(), strict=True):
            low, high = bar.lines[2][0].get_segments()[0][:, 0]
            assert (high - low) / 2 == pytest.approx(own.std(ddof=1))


def test_facts_stand_in_the_row_of_their_name_whatever_their_order():
    facts = {"weights": {"c": "three", "a": "one", "second one": "two"}}
    found = texts(viz.score_table(drawn(0), facts))
    assert [text for text in found if text in ("one", "two", "three")] == ["one", "two", "three"]


@pytest.mark.parametrize("panels", [1, 2, 4])
def test_texts_stay_on_the_page_and_titles_do_not_touch(panels):
    titles = [f"a title of some length {n}" for n in range(panels)]
    names = ("short", "a much longer name of a network")
    figure = viz.score_table(drawn(1, names, titles), {"memory": dict.fromkeys(names, "1,024 MB")})
    figure.draw_without_rendering()
    page = figure.bbox
    boxes = [text.get_window_extent() for text in figure.texts]
    assert all(page.x0 <= box.x0 and box.x1 <= page.x1 for box in boxes)
    heads = sorted(
        (box.x0, box.x1)
        for box, text in zip(boxes, texts(figure), strict=True)
        if text in [*titles, "memory"]
    )
    assert all(end < start for (_, end), (start, _) in pairwise(heads))


@pytest.mark.parametrize(
    ("scores", "facts", "message"),
    [
        ({}, {}, "got no scores"),
        ({"x": {}}, {}, "an empty dict"),
        ({"x": {"a": [1.0]}, "y": {"b": [1.0]}}, {}, r"'y' has the names \['b'\]; expected \['a'\], as 'x'"),
        ({"x": {"a": [1.0]}}, {"fact": {}}, r"'fact' has the names \[\]; expected \['a'\]"),
    ],
)
def test_what_does_not_belong_together_is_named(scores, facts, message):
    with pytest.raises(ValueError, match=message):
        viz.score_table(scores, facts)
