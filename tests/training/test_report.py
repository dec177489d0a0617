"""What a training says: nothing that changes from run to run, and to live curves what they draw."""

import re

import torch
from tqdm import tqdm

from cnncourse.training import EarlyStopping, fit

from .tiny import classes_data, classifier, masks_data, segmenter

_start = tqdm.__init__
TRAIN, VAL = classes_data(seed=0), classes_data(count=13, seed=1)


def on_screen(text):
    """Return what a notebook keeps of a text: each carriage return starts its line over."""
    lines = []
    for raw in text.split("\n"):
        line = ""
        for part in raw.split("\r"):
            line = part + line[len(part) :]
        lines.append(line.rstrip())
    return "\n".join(lines).strip()


def said(capsys, **options):
    arguments = {"epochs": 2, "batch_size": 7, "precision": torch.float32, "device": "cpu"} | options
    history = fit(classifier(), TRAIN, VAL, **arguments)
    captured = capsys.readouterr()
    assert captured.err == ""
    return history, on_screen(captured.out)


def test_it_says_what_it_runs_on_and_a_line_per_epoch_without_seconds(capsys):
    history, text = said(capsys)
    first, *epochs = text.splitlines()
    assert first == "Training on CPU, float32."
    assert len(epochs) == 2
    for epoch, line in enumerate(epochs, 1):
        numbers = {name: history[name][epoch - 1] for name in ("train_loss", "val_loss", "val_accuracy")}
        told = ", ".join(f"{name} {value:.4f}" for name, value in numbers.items())
        assert line == f"epoch {epoch}/2: {told}"


def test_twice_the_same_training_is_twice_the_same_text(capsys, monkeypatch):
    """Also when the bar is drawn at every step, as in a slow training."""
    monkeypatch.setattr("cnncourse.training.report.tqdm.__init__", _drawing_always)
    first, second = said(capsys)[1], said(capsys)[1]
    assert first == second
    assert not re.search(r"it/s|step/s|\d\d:\d\d|%", first)


def _drawing_always(self, *args, **options):
    _start(self, *args, **options | {"mininterval": 0, "miniters": 1})


def test_silence_when_asked_for(capsys):
    assert said(capsys, progress=False)[1] == ""


def test_it_says_why_it_stopped_and_what_the_model_has_now(capsys):
    history, text = said(capsys, epochs=30, lr=3.0, optimizer=torch.optim.SGD, stopping=EarlyStopping(2))
    assert 2 < len(history) < 30
    assert text.splitlines()[-1] == f"Stopped: kept the weights of epoch {history.best_epoch}, the best."
    history, text = said(capsys, epochs=2, stopping=EarlyStopping(5))
    assert text.splitlines()[-1] == f"Finished: kept the weights of epoch {history.best_epoch}, the best."


def test_an_interrupted_training_says_what_was_kept(capsys):
    def breaking(calls):
        def augment(image, target):
            nonlocal calls
            calls -= 1
            if not calls:
                raise KeyboardInterrupt
            return image, target

        return augment

    assert said(capsys, augment=breaking(3))[1].splitlines()[-1] == (
        "Interrupted in epoch 1: kept the weights as they are now."
    )
    assert said(capsys, augment=breaking(len(TRAIN) + 3))[1].splitlines()[-1] == (
        "Interrupted in epoch 2: kept the weights of epoch 1, the best."
    )


class Curves:
    def __init__(self):
        self.steps, self.epochs = [], []

    def step(self, **values):
        self.steps.append(values)

    def epoch(self, **values):
        self.epochs.append(values)


def test_live_curves_get_every_step_and_every_epoch_and_no_bar_is_drawn(capsys):
    curves, data = Curves(), masks_data()
    history = fit(segmenter(), data, data, 2, batch_size=2, curves=curves, device="cpu")
    assert len(curves.steps) == 2 * 3
    assert {tuple(step) for step in curves.steps} == {("loss",)}
    names = ["val_loss", "val_accuracy", "val_mean_iou"]
    assert curves.epochs == [{name: history[name][k] for name in names} for k in range(2)]
    means = [
        (2 * a["loss"] + 2 * b["loss"] + c["loss"]) / 5 for a, b, c in (curves.steps[:3], curves.steps[3:])
    ]
    torch.testing.assert_close(history["train_loss"], means)
    assert "\r" not in capsys.readouterr().out


def test_the_courses_own_live_curves_can_be_fed():
    from cnncourse import viz

    curves = viz.live_curves()
    with curves:
        history = fit(classifier(), TRAIN, VAL, 2, batch_size=7, curves=curves, progress=False)
    assert len(history) == 2
    assert "2 epochs" in repr(curves) or "epoch 2" in repr(curves)
