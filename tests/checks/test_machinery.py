"""What a probe can do with tensors, models and optimizers, and what an answer cannot do to the kernel."""

import contextlib
import dataclasses
import itertools
import random
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.checks import EXERCISES, card
from cnncourse.checks.catalog import Catalog
from cnncourse.checks.exercise import Exercise, Misconception, Probe, Unusable
from cnncourse.checks.grading import grade


def exercise(reference, *probes, misconceptions=(), seconds=60.0):
    return Exercise("answer", "9.1", "answer(...)", reference, probes, misconceptions, ("A.", "B."), seconds)


def texts(given, answer):
    verdict = grade(given, answer)
    return verdict, card.as_text(given, verdict, []), card.as_html(given, verdict, [])


X = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])
DOUBLED = exercise(lambda x: 2 * x, Probe((X,)))


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: x + x,
        lambda x: x.double() * 2,
        lambda x: x.requires_grad_() * 2,
        lambda x: nn.Parameter(2 * x),
        lambda x: 2 * x.T.contiguous().T,
    ],
)
def test_any_tensor_with_the_right_numbers_passes(answer):
    assert grade(DOUBLED, answer).passed


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda x: 2 * x.numpy(), "Expected a torch tensor of shape [2, 3], got an array of shape [2, 3]"),
        (lambda x: (2 * x).tolist(), "Expected a torch tensor of shape [2, 3], got a list of 2"),
        (lambda x: 2.0, "Expected a torch tensor of shape [2, 3], got the float 2.0"),
        (lambda x: 2 * x[None], "Expected shape [2, 3], got [1, 2, 3]"),
        (lambda x: (2 * x).cfloat(), "dtype torch.complex64"),
        (lambda x: x > 0, "dtype torch.bool"),
        (lambda x: 1 / X.sign().clamp(min=0), "3 of 6 values are infinite"),
        (lambda x: x * float("nan"), "6 of 6 values are NaN"),
        (lambda x: 3 * x, "5 of 6 values differ"),
        (lambda x: (2 * x).to_sparse(), "without plain numbers"),
        (lambda x: (2 * x).to("meta"), "without plain numbers"),
        (lambda x: x.mul_(2), "changes its input (argument 1)"),
        (lambda x: torch.empty(10**15), "RuntimeError"),
        (lambda x: torch.softmax(x.long(), 1), "not implemented for"),
        (lambda x: None, "returned None"),
        (lambda x: nn.Linear(3, 3), "an object of type Linear"),
    ],
)
def test_every_other_result_gets_its_own_message_and_card(answer, says):
    verdict, text, html = texts(DOUBLED, answer)
    assert not verdict.passed
    assert verdict.attempted
    assert says in verdict.message
    assert "answer(x)" in text
    assert "answer(x)" in html


def test_an_array_is_still_wanted_where_the_reference_returns_one():
    verdict = grade(exercise(lambda x: 2 * x, Probe((X.numpy(),))), lambda x: torch.tensor(2 * x))
    assert verdict.message == "Expected a NumPy array of shape [2, 3], got a torch tensor of shape [2, 3]."


@pytest.mark.parametrize("make", [np.array, torch.tensor], ids=["array", "tensor"])
def test_nan_is_right_exactly_where_it_is_expected(make):
    given = exercise(lambda x: x / x, Probe((make([1.0, 0.0, 2.0]),)))
    with np.errstate(invalid="ignore"):
        assert grade(given, lambda x: x / x).passed
    filled = grade(given, lambda x: make([1.0, 0.0, 1.0]))
    assert "1 of 3 values must be NaN" in filled.message
    spread = grade(given, lambda x: make([1.0, np.nan, np.nan]))
    assert "1 of 3 values are NaN" in spread.message


@pytest.mark.parametrize(
    ("right", "value", "passes"),
    [
        (0.5, 0.5, True),
        (0.5, np.float32(0.5), True),
        (0.5, 0.50001, True),
        (0.5, 0.51, False),
        (1.0, 1, False),
        (1.0, True, False),
        (0.5, torch.tensor(0.5), False),
        (0.5, np.array(0.5), False),
        (float("nan"), float("nan"), True),
        (True, True, True),
        (True, np.True_, True),
        (True, 1, False),
        (False, True, False),
    ],
)
def test_numbers_and_truth_values(right, value, passes):
    assert grade(exercise(lambda: right, Probe()), lambda: value).passed == passes


def models():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 2), nn.Dropout(0.5))
    return model, torch.optim.Adam(model.parameters(), lr=0.25)


def fit(model, optimizer, x):
    model.train()
    optimizer.zero_grad()
    loss = model(x).square().mean()
    loss.backward()
    optimizer.step()
    return loss.item()


def weights_after(answer, model, *rest):
    answer(model, *rest)
    return model[1].weight


FITTED = exercise(fit, Probe((*models(), X), drive=weights_after, note="weights after one step"))


def test_an_optimizer_still_belongs_to_its_copied_model():
    model, _ = FITTED.probes[0].args[:2]
    before = model[1].weight.detach().clone()
    assert grade(FITTED, fit).passed
    assert torch.equal(model[1].weight, before)
    assert not grade(FITTED, lambda model, optimizer, x: 0.0).passed
    assert torch.equal(model[1].weight, before)
    assert model[1].weight.grad is None


def test_the_card_names_models_and_optimizers_without_addresses():
    _, text, html = texts(FITTED, lambda model, optimizer, x: 0.0)
    for shown in (text, html):
        assert "answer(model, optimizer, x)" in shown
        assert "Sequential(Flatten, Linear, Dropout), 8 parameters" in shown
        assert "Adam, lr=0.25" in shown
        assert "0x" not in shown
    assert "weights after one step" in text


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.eval(),
        lambda model: model[1].weight.data.zero_(),
        lambda model: model[1].register_forward_hook(print),
        lambda model: model.requires_grad_(False) and setattr(model[1], "bias", None),
        lambda model: model.requires_grad_(False),
        lambda model: model.double(),
    ],
    ids=["mode", "weights", "hook", "bias", "frozen", "precision"],
)
def test_a_changed_model_is_told_where_no_drive_looks_at_it(change):
    def count(model):
        return sum(weight.numel() for weight in model.parameters())

    given = exercise(count, Probe((models()[0],)))

    def answer(model):
        number = count(model)
        change(model)
        return number

    assert grade(given, count).passed
    assert "changes its input (argument 1)" in grade(given, answer).message


def test_gradients_and_statistics_of_a_model_may_change():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))

    def answer(model, x):
        out = model(x).sum()
        out.backward()
        return out.detach()

    assert grade(exercise(answer, Probe((model, X))), answer).passed


class Counter:
    def __init__(self, limit):
        self.limit, self.seen = limit, 0

    def step(self, x):
        self.seen += x > 0
        return self.seen >= self.limit


def steps(cls, limit):
    counter = cls(limit)
    return [counter.step(x) for x in (1, -1, 2, 3)]


COUNTED = exercise(
    Counter,
    Probe((2,), drive=steps, note="1, −1, 2, 3"),
    misconceptions=(
        Misconception("off", "One too late.", (lambda limit: Counter(limit + 1), lambda limit: Counter(0))),
    ),
)


def test_a_class_is_driven_and_its_mistakes_too():
    assert grade(COUNTED, Counter).passed
    assert grade(COUNTED, lambda limit: Counter(limit)).passed

    class Late(Counter):
        def __init__(self, limit):
            super().__init__(limit + 1)

    verdict, text, _ = texts(COUNTED, Late)
    assert verdict.misconception is not None
    assert "answer(limit=2) (1, −1, 2, 3)" in text


@pytest.mark.parametrize("where", ["__init__", "step"])
def test_an_open_class_is_no_attempt(where):
    def still_open(self, *args):
        raise NotImplementedError("your turn")

    cls = type("Open", (Counter,), {where: still_open})
    assert not grade(COUNTED, cls).attempted


def test_what_a_drive_finds_unusable_is_told_and_none_before_that():
    def look(answer):
        value = answer()
        if not isinstance(value, nn.Module):
            raise Unusable("Expected a network.")
        return len(list(value.parameters()))

    given = exercise(lambda: nn.Linear(2, 3), Probe(drive=look))
    assert grade(given, lambda: nn.Linear(5, 5)).passed
    assert grade(given, lambda: 3).message == "Expected a network."
    assert "returned None" in grade(given, lambda: None).message
    assert "Pass the function itself" in grade(given, nn.Linear(2, 3)).message


def test_a_class_of_layers_is_told_to_be_passed_built():
    assert "got the class Softmax itself. Pass a layer that is built" in grade(DOUBLED, nn.Softmax).message


def state():
    return [
        random.getstate()[1],
        np.random.get_state()[1].tolist(),  # noqa: NPY002
        torch.get_rng_state().tolist(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_anomaly_enabled(),
        str(torch.get_default_device()),
        len(torch.nn.modules.module._global_forward_hooks),
    ]


def seeds(x):
    torch.manual_seed(7)
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002


def draws(x):
    torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002


HOSTILE = {
    "seeds": seeds,
    "draws": draws,
    "gradients off": lambda x: torch.set_grad_enabled(False),
    "inference mode": lambda x: torch.inference_mode().__enter__(),
    "default dtype": lambda x: torch.set_default_dtype(torch.float16),
    "default device": lambda x: torch.set_default_device("meta"),
    "threads": lambda x: torch.set_num_threads(3),
    "deterministic": lambda x: torch.use_deterministic_algorithms(True),
    "anomalies": lambda x: torch.autograd.set_detect_anomaly(True),
    "hooks": lambda x: nn.modules.module.register_module_forward_hook(lambda *_: 1 / 0),
    "autocast": lambda x: torch.autocast("cpu").__enter__(),
}


@pytest.mark.parametrize("harm", HOSTILE)
@pytest.mark.parametrize("then", ["returns", "raises", "exits", "loops"])
@pytest.mark.filterwarnings("ignore")
def test_global_state_is_as_before_whatever_an_answer_does(harm, then):
    layer = nn.Linear(3, 2)
    drawn = exercise(lambda x: layer(x).detach() + torch.rand(2), Probe((X,)), Probe((X,)), seconds=0.3)

    def answer(x):
        HOSTILE[harm](x)
        if then == "raises":
            raise ValueError
        if then == "exits":
            sys.exit(1)
        for _ in itertools.count() if then == "loops" else ():
            pass
        return 0

    before = state()
    assert not grade(drawn, answer).passed
    assert state() == before
    assert grade(dataclasses.replace(drawn, seconds=60), drawn.reference).passed
    assert state() == before


def test_every_probe_starts_from_the_same_seed_whatever_came_before():
    given = exercise(lambda: torch.rand(3), Probe(), Probe())
    torch.manual_seed(5)
    assert grade(given, lambda: torch.rand(3)).passed
    assert not grade(given, lambda: torch.rand(4)[1:]).passed
    seen = []
    grade(given, lambda: seen.append((torch.rand(2).tolist(), np.random.rand(), random.random())))  # noqa: NPY002
    assert seen[0] == seen[1]


def test_probes_compute_in_one_thread_and_the_kernel_keeps_its_own():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen = []
        grade(exercise(lambda: 0, Probe()), lambda: seen.append(torch.get_num_threads()))
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_settings_of_the_kernel_do_not_reach_the_probes():
    try:
        torch.set_default_dtype(torch.float64)
        with torch.no_grad():
            assert grade(EXERCISES["train_step"], EXERCISES["train_step"].reference).passed
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_an_answer_left_behind_runs_on_no_further_probe():
    calls = []

    def answer(x):
        calls.append(x)
        end = time.perf_counter() + 1.5
        while time.perf_counter() < end:
            with contextlib.suppress(BaseException):
                sum(range(1000))
        return x

    given = exercise(lambda x: x, *[Probe((X,))] * 3, seconds=0.2)
    assert "did not come back in time" in grade(given, answer).message
    time.sleep(2)
    assert len(calls) <= 1  # a busy machine may not even have started the first


def test_a_model_that_destroys_itself_harms_no_other_check():
    def destroys(model, images, labels, optimizer):
        for module in model.modules():
            module._parameters.clear()
        optimizer.param_groups.clear()
        return 0.5

    given = EXERCISES["train_step"]
    verdict, _, _ = texts(given, destroys)
    assert not verdict.passed
    assert grade(given, given.reference).passed


def test_the_line_that_failed_is_the_answers_own_not_torchs():
    def answer(model, optimizer, x):
        loss = model(x).sum()
        return F.cross_entropy(loss, x)

    message = grade(FITTED, answer).message
    assert "Line" in message
    assert "F.cross_entropy(loss, x)" in message


SUMMED = Misconception("summed", "Take the mean.", (lambda x: x.sum(),))
SAFE = exercise(
    lambda x: x.mean(),
    *(Probe((torch.tensor([i, 2.0, 4.0 + i, -1.0]),)) for i in range(5)),
    Probe((torch.tensor([900.0, 300.0]),)),
    misconceptions=(
        SUMMED,
        Misconception("overflow", "Too large.", (lambda x: x.mean() * (1 if x.max() < 100 else torch.inf),)),
    ),
)


def test_of_two_mistakes_the_one_that_shows_first_is_named():
    assert grade(SAFE, lambda x: x.sum() * (1 if x.max() < 100 else torch.inf)).misconception is SUMMED


def test_nan_in_every_result_is_no_sign_of_a_mistake_that_gives_nan_later():
    overflow = Misconception(
        "overflow", "Too large.", (lambda x: x.mean() * (1 if x.max() < 100 else torch.nan),)
    )
    probes = [Probe((torch.tensor([i, 2.0, scale]),)) for i in range(3) for scale in (1.0, 900.0)]
    given = exercise(lambda x: x.mean(), *probes, misconceptions=(overflow,))
    assert (
        grade(given, lambda x: 2 * x.mean() * (1 if x.max() < 100 else torch.nan)).misconception is overflow
    )
    verdict = grade(given, lambda x: x.mean() * torch.nan)
    assert verdict.misconception is None
    assert "NaN" in verdict.message


def test_lists_of_numbers_are_a_known_mistake_although_their_last_digits_differ():
    listed = Misconception(
        "listed", "Return the tensor.", (lambda x: (x / 3).tolist(), lambda x: list(x / 3))
    )
    given = exercise(lambda x: x / 3, Probe((X,)), Probe((X[:1],)), misconceptions=(listed,))
    assert grade(given, lambda x: (x * (1 / 3)).tolist()).misconception is listed
    assert grade(given, lambda x: list(x * (1 / 3))).misconception is listed
    assert grade(given, lambda x: (x / 2).tolist()).misconception is None


def test_a_card_that_shows_one_number_says_which():
    assert grade(SAFE, lambda x: torch.tensor(0.5)).message == "Expected 1.25, got 0.5."


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_exercises_without_torch_are_checked_without_torch():
    code = (
        "import sys, numpy as np; from cnncourse import check\n"
        "assert check('relu', lambda x: np.maximum(x, 0)).passed\n"
        "print('torch' in sys.modules)"
    )
    assert run(code).endswith("False\n")


def test_loading_a_room_leaves_no_mark_on_the_random_state(monkeypatch):
    EXERCISES["train_step"]
    for name in [name for name in sys.modules if name.startswith("cnncourse.checks.classification")]:
        monkeypatch.delitem(sys.modules, name)
    before = state()
    assert (
        Catalog({"classification.training_step": ("train_step",)})["train_step"]
        is not EXERCISES["train_step"]
    )
    assert state() == before


def test_each_room_holds_the_exercises_that_the_catalog_says():
    assert [exercise.name for exercise in EXERCISES.values()] == list(EXERCISES)
    numbers = [exercise.number for exercise in EXERCISES.values()]
    assert numbers == sorted(numbers)


def test_a_catalog_takes_replacements_and_knows_nothing_else():
    catalog = Catalog({"first_steps": ("crop",)})
    catalog["other"] = DOUBLED
    assert list(catalog) == ["crop", "other"]
    assert catalog["other"] is DOUBLED
    del catalog["other"]
    assert len(catalog) == 1
    with pytest.raises(KeyError):
        catalog["other"]
