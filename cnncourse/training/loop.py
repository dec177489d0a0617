"""The training loop: one epoch, and all of them."""

from __future__ import annotations

import copy
import inspect
import math
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR

from ..datasets.dataset import Augment, Dataset
from ..models.modes import evaluating
from .early_stopping import BestWeights, EarlyStopping
from .evaluation import Loss, check_logits, cross_entropy_for, evaluate, where
from .hardware import Hardware, choose_hardware
from .history import History
from .penalty import decay_weights_only
from .report import Report


def train_epoch(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    loss: Loss = F.cross_entropy,
    *,
    hardware: Hardware | None = None,
    after_step: Callable[[float], None] | None = None,
) -> float:
    """Train a model on every batch once; return the mean loss over the samples.

    Parameters
    ----------
    model : nn.Module
        Images [B, C, H, W] to logits; is left in training mode.
    batches : iterable of (images, targets)
        As ``data.batches(32, shuffle=True, seed=epoch)`` gives them.
    optimizer : torch.optim.Optimizer
        Over the model's parameters.
    loss : callable
        ``loss(logits, targets)``, the mean over a batch.
    hardware : Hardware, optional
        By default where the model lies, in float32.
    after_step : callable, optional
        Called with the loss of each batch.

    Raises
    ------
    FloatingPointError
        When the loss of a batch is NaN or infinite; the weights are those from before that batch.
    ValueError
        When there is no batch.

    Examples
    --------
    >>> from cnncourse import datasets
    >>> data = datasets.digits("train", size=8)
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> losses = [train_epoch(model, data.batches(32), optimizer) for epoch in range(2)]
    >>> losses[1] < losses[0]
    True
    """
    hardware = hardware or where(model)
    total = samples = 0.0
    model.train()
    for number, (images, targets) in enumerate(batches, 1):
        with hardware.precision():
            logits = model(hardware.put(images))
        batch_loss = loss(logits.float(), targets.to(hardware.device))
        value = batch_loss.item()
        if not math.isfinite(value):
            raise FloatingPointError(_diverged(value, number, images, logits))
        optimizer.zero_grad()
        batch_loss.backward()
        optimizer.step()
        total, samples = total + value * len(images), samples + len(images)
        if after_step:
            after_step(value)
    if not samples:
        raise ValueError(
            "there was no batch; an iterator gives its batches once, so call data.batches(...) in each epoch"
        )
    return total / samples


def fit(
    model: nn.Module,
    train: Dataset,
    val: Dataset | None,
    epochs: int,
    *,
    lr: float = 1e-3,
    batch_size: int = 32,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    one_cycle: bool = False,
    weight_decay: float = 0.0,
    loss: Loss | None = None,
    class_weights: Tensor | None = None,
    augment: Augment | None = None,
    stopping: EarlyStopping | None = None,
    seed: int = 0,
    device: torch.device | str | None = None,
    precision: torch.dtype | None = None,
    curves: Any = None,
    progress: bool = True,
) -> History:
    """Train a model, measure it after each epoch, and return what happened.

    The same seed on the same machine gives the same numbers. Ctrl-C, or the Interrupt button, ends the
    training and leaves the model with the best weights so far.

    Parameters
    ----------
    model : nn.Module
        Images [B, C, H, W] to logits [B, K], or [B, K, H, W] for masks. Trained in place.
    train, val : Dataset
        Without validation data there is no "best" epoch.
    epochs : int
        How often every training sample is seen.
    lr : float
        The learning rate; with ``one_cycle`` the highest.
    batch_size : int
        Samples in a training step.
    optimizer : callable
        ``optimizer(parameters, lr=lr)``, as a class of ``torch.optim`` or a ``functools.partial`` of one with
        its other settings.
    one_cycle : bool
        Let the learning rate rise over the first 30 % of the steps and then fall to nearly 0 (Smith & Topin
        2018, *Super-Convergence*).
    weight_decay : float
        Handed to the optimizer for weights, not for biases and norm parameters.
    loss : callable, optional
        ``loss(logits, targets)``. By default cross-entropy, without the targets that the data ignores.
    class_weights : Tensor [K], optional
        Of the default loss: how much each class counts.
    augment : callable, optional
        See `Dataset.batches`. Only training samples are changed.
    stopping : EarlyStopping, optional
        ``EarlyStopping(patience=3)``, or another object with its ``step``; a copy of it is asked after each
        epoch. In the end the model has the weights of the best epoch.
    seed : int
        Of the order, the augmentation and dropout; the initial weights are the model's own.
    device, precision : optional
        See `choose_hardware`. The model stays on the device.
    curves : optional
        A running `viz.live_curves`, or anything with its ``step`` and ``epoch``.
    progress : bool
        Whether to print the hardware, a progress bar and a line per epoch.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        When the model does not fit the data, or arguments do not fit each other.
    FloatingPointError
        When the loss becomes NaN or infinite: which batch, and what to try.

    Examples
    --------
    >>> from cnncourse import datasets
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> history = fit(model, datasets.digits("train", size=8), datasets.digits("val", size=8), epochs=3,
    ...     progress=False)
    >>> history["val_loss"][2] < history["val_loss"][0]
    True
    """
    _check(train, val, epochs, optimizer, loss, class_weights, stopping)
    hardware = choose_hardware(device, precision)
    model, train, val = hardware.put_model(model), train.to(hardware.device), val and val.to(hardware.device)
    stopping = copy.deepcopy(stopping)  # one that has watched a training would stop the next one too early
    loss = loss or cross_entropy_for(train, class_weights)
    _check_model(model, train, hardware)
    chosen = _fused(optimizer, hardware)(decay_weights_only(model, weight_decay), lr=lr)
    steps = math.ceil(len(train) / batch_size)
    schedule = one_cycle and OneCycleLR(chosen, lr, total_steps=steps * epochs + 1, cycle_momentum=False)
    history, best, report = History(), BestWeights(model), Report(steps, epochs, hardware, progress, curves)

    def after_step(batch_loss: float) -> None:
        report.step(batch_loss)
        if schedule:
            schedule.step()

    with report, torch.random.fork_rng(), hardware.quick_steps(model):
        torch.manual_seed(seed)
        try:
            for epoch in range(1, epochs + 1):
                started = time.perf_counter()
                batches = train.batches(batch_size, shuffle=True, seed=seed * 10_007 + epoch, augment=augment)
                numbers = {
                    "train_loss": train_epoch(
                        model, batches, chosen, loss, hardware=hardware, after_step=after_step
                    )
                }
                numbers |= _validate(model, val, loss, hardware) if val else {}
                seconds = time.perf_counter() - started
                if val:
                    best.offer(numbers["val_loss"])  # before anything that Ctrl-C could come into
                history.add(**numbers, seconds=seconds)
                report.epoch(numbers)
                if stopping and stopping.step(numbers["val_loss"]):
                    break
        except FloatingPointError as error:
            raise FloatingPointError(f"epoch {epoch}, {error}") from None
        except KeyboardInterrupt:
            history.interrupted = True
    if stopping or history.interrupted:
        best.restore()
        report.kept(history)
    return history


def _validate(model: nn.Module, val: Dataset, loss: Loss, hardware: Hardware) -> dict[str, float]:
    found = evaluate(model, val, loss=loss, hardware=hardware)
    numbers = {"val_loss": found.loss, "val_accuracy": found.accuracy}
    return numbers | ({"val_mean_iou": found.mean_iou} if val.has_masks else {})


def _fused(
    optimizer: Callable[..., torch.optim.Optimizer], hardware: Hardware
) -> Callable[..., torch.optim.Optimizer]:
    """Let an optimizer update all weights in one pass where it can: the same numbers, sooner."""
    if hardware.device.type in ("cpu", "cuda") and "fused" in inspect.signature(optimizer).parameters:
        return partial(optimizer, fused=True)
    return optimizer


def _diverged(value: float, number: int, images: Tensor, logits: Tensor) -> str:
    """Say in which batch the loss was lost, where it began, and what to try."""
    if not images.isfinite().all():
        where_from = "The images of this batch already hold NaN or infinity: look at the data."
    elif not logits.isfinite().all():
        where_from = (
            "The logits are not finite: the weights have grown too large. Try a smaller learning rate."
        )
    else:
        where_from = (
            "The logits are finite, so the loss makes it: does at least one target of the batch count, and "
            "does your own loss stay finite for large logits?"
        )
    return f"batch {number}: the loss is {value}. {where_from}"


def _check_model(model: nn.Module, train: Dataset, hardware: Hardware) -> None:
    """Send one image through the model before the first step."""
    with torch.no_grad(), evaluating(model), hardware.precision():
        images, targets = next(train.batches(1))
        check_logits(model(hardware.put(images)), targets, train)


def _check(
    train: Dataset,
    val: Dataset | None,
    epochs: int,
    optimizer: Callable[..., torch.optim.Optimizer],
    loss: Loss | None,
    class_weights: Tensor | None,
    stopping: EarlyStopping | None,
) -> None:
    if epochs < 1:
        raise ValueError(f"got epochs={epochs}, expected at least 1")
    for data in (train, val):
        if data is not None and not len(data):
            raise ValueError(f"{data.name} has no samples; expected at least one")
    given = {"lr", "weight_decay"} & getattr(optimizer, "keywords", {}).keys()
    if given:
        raise ValueError(f"the optimizer is given {' and '.join(sorted(given))}; give it to fit instead")
    if val and val.classes != train.classes:
        raise ValueError(f"train has the classes {train.classes}, val has {val.classes}; expected the same")
    if class_weights is not None and loss is not None:
        raise ValueError("class_weights belong to the default loss; weigh the classes inside your own loss")
    if class_weights is not None and list(class_weights.shape) != [train.num_classes]:
        raise ValueError(f"got class_weights {list(class_weights.shape)}, expected [{train.num_classes}]")
    if stopping and val is None:
        raise ValueError("early stopping watches the validation loss; give validation data, or no stopping")
