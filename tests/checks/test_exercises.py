"""Every exercise: right answers pass in any style, mistakes are rejected and named, nothing cheap passes."""

import copy
import dataclasses
import itertools
import sys

import numpy as np
import pytest
import torch

from cnncourse.checks import EXERCISES
from cnncourse.checks.grading import _reference_outcomes, _same, _wrong_outcomes, grade
from tests.checks.right import RIGHT
from tests.checks.wrong import WRONG

ALL = list(EXERCISES.values())
NO_ARGUMENTS = {"vertical_edge_kernel", "design_layers"}
# what they return is looked at, not compared
BUILDERS = {"simple_cnn", "EarlyStopping", "linear_to_conv", "encoder_stage", "decoder_stage", "up_block"}

by_exercise = pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.name)


by_misconception = pytest.mark.parametrize(
    ("exercise", "misconception"),
    [
        pytest.param(exercise, misconception, id=f"{exercise.name}-{misconception.name}")
        for exercise in ALL
        for misconception in exercise.misconceptions
    ],
)


@by_exercise
def test_the_reference_passes(exercise):
    assert grade(exercise, exercise.reference).passed


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        pytest.param(name, answer, id=f"{name}-{answer.__name__}")
        for name, bank in RIGHT.items()
        for answer in bank
    ],
)
def test_a_right_answer_in_another_style_passes(name, answer):
    verdict = grade(EXERCISES[name], answer)
    assert verdict.passed, verdict.message


@by_exercise
def test_there_are_right_answers_in_four_styles(exercise):
    assert len(RIGHT[exercise.name]) >= 4


@by_misconception
def test_every_wrong_version_is_rejected_and_named(exercise, misconception):
    for i, wrong in enumerate(misconception.wrong):
        verdict = grade(exercise, wrong)
        assert not verdict.passed, i
        assert verdict.misconception is misconception, (i, verdict.misconception)
        assert verdict.message == misconception.sentence


@by_exercise
def test_probes_separate_all_mistakes_from_the_reference_and_from_each_other(exercise):
    right = _reference_outcomes(exercise)
    for misconception, outcomes in _wrong_outcomes(exercise):
        assert not all(map(_same, right, outcomes)), misconception.name
    for (one, a), (other, b) in itertools.combinations(_wrong_outcomes(exercise), 2):
        assert one is other or not all(map(_same, a, b)), (one.name, other.name)


@by_exercise
def test_a_mistake_is_known_by_what_it_returns_and_not_by_errors_alone(exercise):
    for misconception, outcomes in _wrong_outcomes(exercise):
        assert any(outcome.returned for outcome in outcomes), misconception.name


@by_exercise
def test_names_are_unique_and_there_are_enough(exercise):
    names = [misconception.name for misconception in exercise.misconceptions]
    assert len(names) == len(set(names))
    assert len(names) >= 5


@pytest.mark.parametrize(
    ("name", "expected", "answer"),
    [
        pytest.param(name, expected, answer, id=f"{name}-{answer.__name__}")
        for name, expected, answer in WRONG
    ],
)
def test_a_mistake_made_in_another_way_is_rejected_and_named(name, expected, answer):
    verdict = grade(EXERCISES[name], answer)
    assert not verdict.passed
    assert verdict.misconception is not None, verdict.message
    assert verdict.misconception.name == expected


@pytest.mark.parametrize("seed", range(4))
def test_every_wrong_edge_kernel_is_named(seed):
    exercise, random = EXERCISES["vertical_edge_kernel"], np.random.default_rng(seed)
    kernels = [random.integers(-2, 3, (3, 3)) for _ in range(60)] + [
        random.normal(size=(3, 3)) for _ in range(20)
    ]
    for kernel in kernels:
        verdict = grade(exercise, kernel.copy)
        columns, rows = kernel.sum(axis=0), kernel.sum(axis=1)
        right = not rows.any() and columns[2] >= 0 and columns[0] <= 0 and columns.any()
        assert verdict.passed == right
        assert right or verdict.misconception is not None, kernel


@pytest.mark.parametrize("seed", range(4))
def test_a_design_passes_exactly_within_the_budget(seed):
    exercise, random = EXERCISES["design_layers"], np.random.default_rng(seed)
    for _ in range(100):
        layers = [
            (int(k), int(s))
            for k, s in zip(random.integers(2, 4, 6), random.choice([1, 1, 2], 6), strict=True)
        ]
        jumps = np.cumprod([1, *(s for _, s in layers)])
        field = 1 + sum((k - 1) * int(jump) for (k, _), jump in zip(layers, jumps, strict=False))
        verdict = grade(exercise, lambda layers=layers: layers)
        assert verdict.passed == (field >= 40 and jumps[-1] <= 8)
        assert verdict.passed or verdict.misconception is not None


def called_without_arguments(exercise, value):
    return (lambda: value) if exercise.name in NO_ARGUMENTS else (lambda *args, **options: value)


def changed(exercise, change):
    """Return the reference with its result changed."""
    return lambda *args, **options: change(exercise.reference(*args, **options))


def zeros(value):
    if isinstance(value, tuple):
        return tuple(map(zeros, value))
    if isinstance(value, torch.nn.Module):
        return torch.nn.Flatten()
    return torch.zeros_like(value) if isinstance(value, torch.Tensor) else np.zeros_like(value)[()]


@by_exercise
@pytest.mark.parametrize(
    "value",
    [None, 0, 1, 3, 0.0, np.zeros((3, 3)), np.eye(3), (), [], {}, object()],
    ids=lambda value: repr(value)[:8],
)
def test_a_constant_never_passes(exercise, value):
    assert not grade(exercise, called_without_arguments(exercise, value)).passed


@by_exercise
def test_zeros_of_the_right_shape_never_pass(exercise):
    assert not grade(exercise, changed(exercise, zeros)).passed


@by_exercise
def test_the_input_itself_never_passes(exercise):
    assert not grade(exercise, lambda first=None, *args, **options: first).passed


@by_exercise
def test_the_reference_of_another_exercise_never_passes(exercise):
    for other in ALL:
        if other is not exercise:
            assert not grade(exercise, other.reference).passed, other.name


class Odd:
    def __array__(self, *args, **options):
        raise RuntimeError("not an array")

    def __eq__(self, other):
        raise RuntimeError("not comparable")

    __hash__ = None


def raises(*args, **options):
    raise RuntimeError("something broke")


def generates(*args, **options):
    yield 1


def exits(*args, **options):
    sys.exit(3)


RETURNED = {
    "string": "a string",
    "list of strings": ["a", "b"],
    "dictionary": {"a": 1},
    "NaN": float("nan"),
    "infinity": float("inf"),
    "array of NaN": np.full((3, 3), np.nan),
    "complex array": np.full((3, 3), 1j),
    "object array": np.full((3, 3), None),
    "array of strings": np.full((3, 3), "x"),
    "bool array": np.full((3, 3), True),
    "bool": True,
    "nested list": [[1.0, 0, -1]] * 3,
    "tensor": torch.ones(3, 3),
    "list of tensors": [torch.ones(3), torch.ones(3)],
    "empty array": np.zeros((0, 0)),
    "array of rank 0": np.array(3.0),
    "array of rank 5": np.zeros((1, 1, 1, 1, 1)),
    "masked array": np.ma.masked_all((3, 3)),
    "odd object": Odd(),
    "class": Odd,
    "function": raises,
}


@by_exercise
@pytest.mark.parametrize("kind", RETURNED)
def test_whatever_is_returned_gets_a_message(exercise, kind):
    verdict = grade(exercise, called_without_arguments(exercise, RETURNED[kind]))
    assert not verdict.passed
    assert verdict.attempted
    assert len(verdict.message) > 10


@by_exercise
@pytest.mark.parametrize(
    ("answer", "says"),
    [(raises, "RuntimeError: something broke"), (exits, "SystemExit"), (generates, "generator")],
    ids=["raises", "exits", "generator"],
)
def test_errors_are_caught_and_told(exercise, answer, says):
    verdict = grade(exercise, answer)
    assert not verdict.passed
    assert says in verdict.message


@by_exercise
def test_an_answer_with_other_arguments_is_told_the_signature(exercise):
    verdict = grade(exercise, lambda a, b, c, d, e, f, g, h: None)
    assert not verdict.passed
    assert exercise.signature in verdict.message


@pytest.mark.parametrize("name", sorted(BUILDERS - {"EarlyStopping", "linear_to_conv"}))
def test_a_module_that_is_built_already_is_told_to_be_passed_unbuilt(name):
    built = EXERCISES[name].reference(*EXERCISES[name].probes[0].args)
    assert f"Pass the function itself: check({name!r}, {name})" in grade(EXERCISES[name], built).message


@pytest.mark.parametrize(
    "exercise", [e for e in ALL if e.name not in NO_ARGUMENTS | BUILDERS], ids=lambda e: e.name
)
@pytest.mark.parametrize("dtype", [complex, object, bool, str], ids=lambda d: d.__name__)
def test_right_numbers_of_a_wrong_dtype_never_pass(exercise, dtype):
    def convert(value):
        if isinstance(value, tuple):
            return tuple(map(convert, value))
        if isinstance(value, torch.Tensor) and dtype in (complex, bool):
            return value.detach().to(torch.complex64 if dtype is complex else torch.bool)
        return np.asarray(value.detach() if isinstance(value, torch.Tensor) else value).astype(dtype)

    verdict = grade(exercise, changed(exercise, convert))
    assert not verdict.passed
    assert "Expected" in verdict.message


@pytest.mark.parametrize(
    "convert",
    [lambda v: v.tolist(), torch.from_numpy, lambda v: v.astype(complex)],
    ids=["list", "tensor", "complex"],
)
@pytest.mark.parametrize("name", ["conv2d", "conv2d_channels", "relu", "avg_pool2d", "vertical_edge_kernel"])
def test_right_numbers_in_a_list_or_tensor_are_told_what_is_expected(name, convert):
    verdict = grade(EXERCISES[name], changed(EXERCISES[name], convert))
    assert not verdict.passed
    assert "array" in verdict.message


@pytest.mark.parametrize("name", ["softmax", "cross_entropy"])
@pytest.mark.parametrize(
    "convert",
    [lambda v: v.tolist(), lambda v: v.numpy(), lambda v: v.cfloat()],
    ids=["list", "array", "complex"],
)
def test_right_numbers_outside_a_tensor_never_pass(name, convert):
    verdict = grade(EXERCISES[name], changed(EXERCISES[name], convert))
    assert not verdict.passed
    assert "tensor" in verdict.message


@pytest.mark.parametrize("name", ["softmax", "cross_entropy"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_tensors_of_both_precisions_pass_with_a_graph_or_without(name, dtype):
    reference = EXERCISES[name].reference
    assert grade(EXERCISES[name], lambda x, *rest: reference(x.to(dtype), *rest)).passed
    assert grade(EXERCISES[name], lambda x, *rest: reference(x.to(dtype).requires_grad_(), *rest)).passed


@pytest.mark.parametrize(
    "name",
    [
        "crop",
        "conv2d",
        "conv2d_channels",
        "relu",
        "max_pool2d",
        "avg_pool2d",
        "receptive_field",
        "softmax",
        "cross_entropy",
        "accuracy",
    ],
)
def test_a_changed_input_is_told(name):
    exercise = EXERCISES[name]

    def answer(first, *args, **options):
        result = exercise.reference(first, *args, **options)
        result = copy.deepcopy(result)
        first[0] = 7
        return result

    verdict = grade(exercise, answer)
    assert not verdict.passed
    assert "changes its input (argument 1)" in verdict.message


def test_an_answer_that_never_ends_is_left():
    def answer(*args, **options):
        for _ in itertools.count():
            pass

    verdict = grade(dataclasses.replace(EXERCISES["conv2d"], seconds=0.3), answer)
    assert not verdict.passed
    assert "did not come back in time" in verdict.message


def test_results_of_whole_numbers_are_told_apart_from_right_ones():
    exercise = EXERCISES["conv2d"]
    verdict = grade(exercise, lambda *args, **options: exercise.reference(*args, **options).astype(int))
    assert verdict.misconception is not None
    assert verdict.misconception.name == "fractions cut off"


@by_exercise
def test_what_a_card_shows_stays_small(exercise):
    for probe in exercise.probes:
        for value in probe.args:
            if isinstance(value, np.ndarray):
                assert max(value.shape) <= 12
                assert np.abs(value).max() < 100
            if isinstance(value, torch.Tensor):
                assert max(value.shape) <= 12
                assert value.numel() <= 200


@by_exercise
def test_texts_are_whole_sentences(exercise):
    assert 2 <= len(exercise.hints) <= 3
    for text in (*exercise.hints, *(misconception.sentence for misconception in exercise.misconceptions)):
        assert text[0].isupper() or text.startswith(
            (
                "`",
                "np.",
                "image[",
                "kernel[",
                "weight",
                "bias",
                "size",
                "−",
                "dilation",
                "padding",
                "stride",
                "jumps",
                "2 ·",
            )
        )
        assert text.endswith((".", "?", ").", ")"))
