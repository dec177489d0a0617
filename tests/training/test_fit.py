"""Whole trainings: repeatable, interruptible, measured as `evaluate` measures, refused before they fail."""

import math
import os
import signal
import subprocess
import sys
import textwrap
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnncourse.training import EarlyStopping, evaluate, fit, train_epoch
from cnncourse.training.evaluation import cross_entropy_for

from .tiny import classes_data, classifier, copy_of, masks_data, same, segmenter

run = partial(fit, batch_size=7, progress=False, precision=torch.float32)
TRAIN, VAL = classes_data(seed=0), classes_data(count=13, seed=1)


def flip(image, target):
    return (image.flip(-1) if torch.rand(()) < 0.5 else image), target


# What it computes -------------------------------------------------------------------------------------------


def test_it_is_train_epoch_and_evaluate_epoch_after_epoch():
    model, by_hand = classifier(), classifier()
    history = run(model, TRAIN, VAL, 3, lr=0.01, seed=2)
    optimizer = torch.optim.Adam(by_hand.parameters(), lr=0.01)
    for epoch in range(1, 4):
        batches = TRAIN.batches(7, shuffle=True, seed=2 * 10_007 + epoch)
        loss = train_epoch(by_hand, batches, optimizer)
        found = evaluate(by_hand, VAL)
        assert history["train_loss"][epoch - 1] == pytest.approx(loss, rel=1e-5)
        assert history["val_loss"][epoch - 1] == pytest.approx(found.loss, rel=1e-5)
        assert history["val_accuracy"][epoch - 1] == found.accuracy
    assert list(history.columns) == ["train_loss", "val_loss", "val_accuracy", "seconds"]
    assert all(seconds > 0 for seconds in history["seconds"])


def test_masks_get_a_mean_iou_too():
    data = masks_data()
    model = segmenter()
    history = run(model, data, data, 2)
    assert list(history.columns) == ["train_loss", "val_loss", "val_accuracy", "val_mean_iou", "seconds"]
    assert history["val_mean_iou"][-1] == evaluate(model, data).mean_iou


def test_it_learns():
    history = run(classifier(), TRAIN, VAL, 40, lr=0.02)
    assert history["val_accuracy"][-1] > 0.9
    assert history["train_loss"][-1] < 0.3 * history["train_loss"][0]


@pytest.mark.parametrize("one_cycle", [False, True])
@pytest.mark.parametrize(
    "optimizer",
    [
        torch.optim.SGD,
        torch.optim.RMSprop,
        torch.optim.Adam,
        torch.optim.AdamW,
        partial(torch.optim.SGD, momentum=0.9, nesterov=True),
        partial(torch.optim.Adam, betas=(0.8, 0.9)),
        lambda parameters, lr: torch.optim.Adagrad(parameters, lr),
    ],
)
def test_any_optimizer_trains(optimizer, one_cycle):
    history = run(classifier(), TRAIN, VAL, 4, lr=0.03, optimizer=optimizer, one_cycle=one_cycle)
    assert history["train_loss"][-1] < history["train_loss"][0]


def test_one_cycle_is_torchs_schedule_step_by_step():
    rates = []

    def spying(parameters, lr):
        optimizer = torch.optim.SGD(parameters, lr=lr)
        optimizer.register_step_pre_hook(lambda *_: rates.append([g["lr"] for g in optimizer.param_groups]))
        return optimizer

    run(classifier(), TRAIN, None, 4, lr=0.5, batch_size=8, one_cycle=True, optimizer=spying)
    reference = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(reference, 0.5, total_steps=13, cycle_momentum=False)
    expected = []
    for _ in range(4 * math.ceil(len(TRAIN) / 8)):
        expected.append(schedule.get_last_lr())
        reference.step()
        schedule.step()
    assert len(rates) == 12
    assert [rate[0] for rate in rates] == pytest.approx([rate[0] for rate in expected])
    assert all(rate[0] == rate[1] for rate in rates)
    assert max(rate[0] for rate in rates) == pytest.approx(0.5, rel=0.01)
    assert rates[-1][0] < 0.03


def test_class_weights_and_ignored_pixels_reach_the_loss():
    data, weights = masks_data(), torch.tensor([0.5, 1.0, 4.0])
    history = run(segmenter(), data, data, 1, class_weights=weights, batch_size=5, lr=0.0)
    model = segmenter().train()
    kept = data.targets != 255
    logits, truth = model(data.images / 255).movedim(1, -1)[kept], data.targets[kept]
    expected = nn.CrossEntropyLoss(weight=weights)(logits, truth)
    assert history["train_loss"] == pytest.approx([expected.item()], rel=1e-5)
    # The model has updated its running means, so this is another number, measured the same way.
    again = run(segmenter(), data, data, 1, loss=cross_entropy_for(data, weights), batch_size=5, lr=0.0)
    assert again["val_loss"] == history["val_loss"]


def test_a_loss_of_ones_own_is_trained_on_and_reported():
    def squared(logits, targets):
        return (logits.softmax(1) - F.one_hot(targets, 3)).square().mean()

    model = classifier()
    history = run(model, TRAIN, VAL, 30, lr=0.02, loss=squared)
    assert history["val_loss"][-1] < 0.5 * history["val_loss"][0]
    assert history["val_loss"][-1] == pytest.approx(evaluate(model, VAL, loss=squared).loss, rel=1e-5)


def test_bfloat16_trains_too_with_float32_weights():
    model = classifier()
    history = run(model, TRAIN, VAL, 30, lr=0.02, precision=torch.bfloat16)
    assert history["train_loss"][-1] < 0.5 * history["train_loss"][0]
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


# The same numbers twice -------------------------------------------------------------------------------------


def outcome(seed, data=TRAIN, before=0, **options):
    model = classifier(dropout=0.5)
    torch.manual_seed(before)
    history = run(model, data, VAL, 2, lr=0.01, seed=seed, **options)
    del history.columns["seconds"]
    return history.columns, copy_of(model)


@pytest.mark.parametrize("augment", [None, flip])
def test_the_same_seed_gives_the_same_numbers_whatever_happened_before(augment):
    first, weights = outcome(5, augment=augment)
    second, weights_again = outcome(5, augment=augment, before=99)
    assert first == second
    assert same(weights, weights_again)
    assert outcome(6, augment=augment)[0] != first


def test_the_seed_decides_the_dropout_too():
    """With the same image again and again, dropout is all that chance decides."""
    same_image = TRAIN.subset([0] * 21)
    losses = [outcome(seed, same_image)[0]["train_loss"][0] for seed in (0, 1)]
    assert losses[0] != pytest.approx(losses[1], rel=1e-4)


def test_the_callers_random_numbers_go_on_as_if_nothing_had_happened():
    torch.manual_seed(3)
    expected = [torch.rand(2).tolist(), torch.rand(2).tolist()]
    model = classifier(dropout=0.5)
    torch.manual_seed(3)
    found = [torch.rand(2).tolist()]
    run(model, TRAIN, VAL, 1, seed=8, augment=flip)
    found.append(torch.rand(2).tolist())
    assert found == expected


# Stopping ---------------------------------------------------------------------------------------------------


class Scripted(nn.Module):
    """A model whose validation loss follows a script; its one weight counts the epochs."""

    def __init__(self, errors):
        super().__init__()
        self.errors = errors
        self.epoch = nn.Parameter(torch.zeros(()))

    def forward(self, images):
        if not self.training and len(images) == len(VAL):  # not the one image that fit tries first
            return self.errors[round(self.epoch.item()) - 1] + torch.zeros(len(images), 3)
        return self.epoch + torch.zeros(len(images), 3)


class CountingUp(torch.optim.SGD):
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data += 1


def first_logit(logits, targets):
    return logits[:, 0].mean()


def scripted(errors, epochs=None, **options):
    model = Scripted(errors)
    history = run(
        model,
        TRAIN,
        VAL,
        epochs or len(errors),
        batch_size=len(TRAIN),
        optimizer=CountingUp,
        loss=first_logit,
        **options,
    )
    return history, round(model.epoch.item())


@pytest.mark.parametrize(
    ("errors", "patience", "epochs", "kept"),
    [
        ([3, 1, 2, 2, 0], 2, 4, 2),
        ([3, 1, 2, 0.5, 2], 2, 5, 4),
        ([3, 2, 1], 1, 3, 3),
        ([1, 1, 1], 1, 2, 1),
    ],
)
def test_early_stopping_ends_the_training_and_puts_the_best_weights_back(errors, patience, epochs, kept):
    history, weights = scripted(errors, stopping=EarlyStopping(patience))
    assert history["val_loss"] == errors[:epochs]
    assert weights == kept == history.best_epoch
    assert not history.interrupted


def test_without_stopping_the_last_weights_stay():
    assert scripted([3, 1, 2])[1] == 3


def test_the_same_stopping_can_watch_several_trainings():
    stopping = EarlyStopping(1)
    assert [len(scripted([3, 2, 1, 2, 2], stopping=stopping)[0]) for _ in range(2)] == [4, 4]


def test_a_stopping_of_ones_own_is_asked():
    class AfterTwo:
        asked = 0

        def step(self, loss):
            self.asked += 1
            return self.asked == 2

    history, weights = scripted([1, 2, 3], stopping=AfterTwo())
    assert (len(history), weights) == (2, 1)


class Interrupting:
    """Raises what Ctrl-C raises, in the n-th call."""

    def __init__(self, call):
        self.left = call

    def count(self):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt

    def augment(self, image, target):
        self.count()
        return image, target

    def loss(self, logits, targets):
        self.count()
        return F.cross_entropy(logits, targets)


@pytest.mark.parametrize("epochs_before", [0, 1, 3])
def test_ctrl_c_while_a_batch_is_made_keeps_the_best_of_the_epochs_before(epochs_before):
    model, whole = classifier(), classifier()
    breaking = Interrupting(epochs_before * len(TRAIN) + 3)
    history = run(model, TRAIN, VAL, 9, lr=0.02, augment=breaking.augment)
    assert history.interrupted
    assert len(history) == epochs_before
    if epochs_before:
        best = history.best_epoch
        expected = run(whole, TRAIN, VAL, best, lr=0.02)
        assert expected["val_loss"] == history["val_loss"][:best]
    assert same(copy_of(model), copy_of(whole))


def test_ctrl_c_in_the_loss_of_training_or_validation():
    for call in (5, 7):  # three training batches and one of validation are an epoch
        model = classifier()
        breaking = Interrupting(call)
        history = run(model, TRAIN, VAL, 9, lr=0.02, loss=breaking.loss)
        assert (history.interrupted, len(history)) == (True, 1)
        found = evaluate(model, VAL, loss=F.cross_entropy)
        assert found.loss == pytest.approx(history["val_loss"][0], rel=1e-5)


def test_ctrl_c_while_an_epoch_is_reported_keeps_that_epoch():
    """What takes time after an epoch is to show it, so this is where Ctrl-C falls."""

    class Curves:
        def step(self, **_):
            pass

        def epoch(self, **_):
            if len(seen) == 2:
                raise KeyboardInterrupt
            seen.append(1)

    seen, model, whole = [], classifier(), classifier()
    history = run(model, TRAIN, VAL, 9, lr=0.02, curves=Curves())
    run(whole, TRAIN, VAL, 3, lr=0.02)
    assert len(history) == history.best_epoch == 3
    assert same(copy_of(model), copy_of(whole))


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a single process")
def test_a_real_interrupt_leaves_the_best_weights_and_the_program_goes_on():
    program = """
        import signal
        import torch
        from cnncourse.training import evaluate, fit
        from tests.training.tiny import classes_data, classifier

        signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background begins with none

        data, model = classes_data(), classifier()
        class Curves:
            def step(self, loss): pass
            def epoch(self, **values): print("epoch", flush=True)
        history = fit(model, data, data, 10**9, curves=Curves(), precision=torch.float32)
        print("kept", history.interrupted, evaluate(model, data).loss - min(history["val_loss"]))
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    lines = iter(process.stdout.readline, "")
    for line in lines:
        if line == "epoch\n":
            break
    os.kill(process.pid, signal.SIGINT)
    *_, kept, difference = list(lines)[-1].split()
    assert process.wait(60) == 0
    assert kept == "True"
    assert abs(float(difference)) < 1e-6


# What goes wrong --------------------------------------------------------------------------------------------


def test_a_lost_loss_names_the_epoch_and_the_batch():
    calls = 0

    def breaking(logits, targets):
        nonlocal calls
        calls += 1
        return F.cross_entropy(logits, targets) * (math.nan if calls == 4 + 2 else 1)

    with pytest.raises(FloatingPointError, match=r"epoch 2, batch 2: the loss is nan\. The logits are"):
        run(classifier(), TRAIN, VAL, 3, loss=breaking)


def test_too_large_a_learning_rate_is_told_to_shrink():
    with pytest.raises(FloatingPointError, match=r"epoch \d+, batch \d: .* Try a smaller learning rate"):
        run(classifier(), TRAIN, None, 50, lr=1e30, optimizer=torch.optim.SGD)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "got epochs=0, expected at least 1"),
        ({"train": TRAIN.subset(slice(0))}, "tiny has no samples"),
        ({"val": VAL.subset(slice(0))}, "tiny has no samples"),
        ({"val": classes_data(classes=2)}, r"train has the classes \('a', 'b', 'c'\), val has \('a', 'b'\)"),
        ({"class_weights": torch.ones(2)}, r"class_weights \[2\], expected \[3\]"),
        ({"class_weights": torch.ones(3), "loss": first_logit}, "weigh the classes inside your own loss"),
        ({"val": None, "stopping": EarlyStopping(1)}, "early stopping watches the validation loss"),
        ({"model": classifier(classes=4)}, r"returned \[1, 4\], expected logits \[1, 3\]"),
        ({"optimizer": partial(torch.optim.SGD, lr=1, weight_decay=1)}, "given lr and weight_decay; give it"),
        ({"device": "cuda:99"}, "device='cuda:99' cannot be used here"),
        ({"precision": torch.float16}, "expected torch.float32 or torch.bfloat16"),
    ],
)
def test_what_does_not_fit_together_is_told_before_the_first_step(options, message):
    arguments = {"model": classifier(), "train": TRAIN, "val": VAL, "epochs": 1} | options
    before = copy_of(arguments["model"])
    with pytest.raises(ValueError, match=message):
        run(**arguments)
    assert same(copy_of(arguments["model"]), before)
