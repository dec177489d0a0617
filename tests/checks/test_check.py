"""What a learner meets when calling check(): the card, use(), hints, strict mode, hostile answers."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from cnncourse import check
from cnncourse.checks import EXERCISES, CheckFailed
from cnncourse.checks.progress import load


def right(image, top, left, height, width):
    return np.array([[image[top + i, left + j] for j in range(width)] for i in range(height)])


def swapped(image, top, left, height, width):
    return image[left : left + width, top : top + height]


def still_open(image, top, left, height, width):
    raise NotImplementedError("your turn")


def test_a_right_answer_passes_and_is_used():
    result = check("crop", right)
    assert result.passed
    assert result.attempted
    assert result.misconception is None
    assert result.use() is right


def test_an_open_exercise_is_not_an_attempt_and_the_library_steps_in():
    result = check("crop", still_open)
    assert not result.passed
    assert not result.attempted
    image = np.random.default_rng(0).normal(size=(5, 8))
    np.testing.assert_array_equal(result.use()(image, 1, 2, 3, 4), image[1:4, 2:6])
    assert load() == {}


def test_a_wrong_answer_is_replaced_and_its_mistake_named():
    result = check("crop", swapped)
    assert result.misconception == "rows and columns swapped"
    assert "row" in result.message
    assert result.use() is not swapped


def test_the_stand_in_of_an_earlier_check_does_not_count_as_an_answer():
    crop = check("crop", still_open).use()
    again = check("crop", crop)
    assert not again.passed
    assert not again.attempted
    assert again.use()(np.arange(6.0).reshape(2, 3), 0, 1, 1, 2).tolist() == [[1.0, 2.0]]


def test_a_half_finished_answer_is_named_although_it_also_fails_elsewhere():
    def swapped_and_unfinished(image, top, left, height, width):
        if height == 1:
            raise TypeError("not for single rows yet")
        return swapped(image, top, left, height, width)

    assert check("crop", swapped_and_unfinished).misconception == "rows and columns swapped"


def test_hints_open_one_after_the_other():
    assert check("crop", swapped).hints == []
    one = check("crop", swapped, hint=1).hints
    two = check("crop", swapped, hint=2).hints
    assert len(one) == 1
    assert two[0] == one[0]
    assert len(two) == 2
    assert check("crop", swapped, hint=99).hints == two


def test_the_card_shows_the_call_and_the_first_probe_that_differs(capsys):
    check("crop", swapped, hint=1)
    card = capsys.readouterr().out
    for piece in (
        "Exercise 0.1 · crop: ✗ not yet",
        "crop(image, top=1",
        "expected:",
        "got:",
        "Hint 1:",
        "hint=2",
    ):
        assert piece in card


def test_an_unknown_name_says_which_ones_are_near():
    with pytest.raises(KeyError, match="'crop'"):
        check("corp", right)


@pytest.mark.parametrize("answer", [still_open, swapped, 5])
def test_strict_mode_raises_for_anything_but_a_pass(monkeypatch, answer):
    monkeypatch.setenv("CNNCOURSE_STRICT", "1")
    with pytest.raises(CheckFailed, match="crop"):
        check("crop", answer)


def test_strict_mode_lets_a_right_answer_by(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_STRICT", "1")
    assert check("crop", right).passed


def ends_the_kernel(*args):
    raise SystemExit(3)


def interrupts(*args):
    raise KeyboardInterrupt


def calls_itself(*args):
    return calls_itself(*args)


def changes_its_input(image, top, left, height, width):
    result = image[top : top + height, left : left + width].copy()
    image[:] = 0
    return result


def empties_its_input(image, *_):
    image[:] = 0
    return image


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no repr")


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def raises_without_words(*_):
    raise Unspeakable


class Evasive:
    def __getattr__(self, name):
        raise RuntimeError("no attributes")

    def __call__(self, *args):
        return right(*args)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda image, *_: image / undefined, "NameError: name 'undefined'"),  # noqa: F821
        (ends_the_kernel, "SystemExit"),
        (interrupts, "KeyboardInterrupt"),
        (calls_itself, "RecursionError"),
        (lambda *_: None, "returned None"),
        (lambda *_: "a window", "got the str 'a window'"),
        (lambda *_: [[9, 10], [16, 17], [23, 24]], "got a list"),
        (lambda *_: (i for i in range(3)), "generator"),
        (lambda *_: Unprintable(), "Unprintable"),
        (lambda *_: np.full((3, 2), np.nan), "NaN"),
        (lambda *_: np.full((3, 2), "x"), "dtype"),
        (lambda *a: right(*a).astype(complex), "dtype complex128"),
        (lambda *a: right(*a).astype(object), "dtype object"),
        (lambda *a: right(*a)[None], r"shape [3, 2], got [1, 3, 2]"),
        (changes_its_input, "changes its input (argument 1)"),
        (empties_its_input, "Besides, your function changes its input (argument 1)"),
        (raises_without_words, "raised Unspeakable."),
        (lambda *_: 10**5000, "the int <int>"),  # too long for Python to write down
        (lambda image: image, "does not take the arguments"),
        (5, "got the int 5"),
        (None, "NoneType"),
        (np.zeros((3, 2)), "an array of shape [3, 2]"),
        (np.zeros, "does not take the arguments"),
    ],
)
def test_whatever_an_answer_does_it_gets_a_message_of_its_own(answer, says, capsys):
    result = check("crop", answer)
    assert not result.passed
    assert says in result.message
    assert result.message in capsys.readouterr().out


def test_an_answer_need_not_have_attributes():
    assert check("crop", Evasive()).passed


def loops_for_ever(*_):
    for _ in itertools.count():
        pass


def swallows_everything(*_):
    end = time.perf_counter() + 5  # or it would slow down every test that follows
    while time.perf_counter() < end:
        try:
            sum(range(100))
        except BaseException:
            sum(range(10))


def sleeps(*_):
    time.sleep(60)


@pytest.mark.parametrize("answer", [loops_for_ever, swallows_everything, sleeps])
def test_an_answer_that_never_ends_is_left_behind(monkeypatch, answer):
    monkeypatch.setitem(EXERCISES, "crop", replace(EXERCISES["crop"], seconds=0.3))
    start = time.perf_counter()
    result = check("crop", answer)
    assert "did not come back in time" in result.message
    assert time.perf_counter() - start < 30  # the sleeper sleeps for 60


def test_float32_is_as_welcome_as_float64():
    assert check("crop", lambda *a: right(*a).astype(np.float32)).passed
