"""How people get a training step wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F

from ..exercise import Misconception

Step = Callable[..., Any]
Loss = Callable[[Tensor, Tensor], Tensor]
PARTS = ("train", "zero", "loss", "backward", "step")


def _in_order(
    *parts: str, loss: Loss = F.cross_entropy, returns: Callable[[Tensor], Any] = Tensor.item
) -> Step:
    """Return a training step that does these things one after another."""

    def step(model: nn.Module, images: Tensor, labels: Tensor, optimizer: optim.Optimizer) -> Any:
        value = torch.zeros(())
        for part in parts:
            if part == "loss":
                value = loss(model(images), labels)
            else:
                _DONE[part](model, optimizer, value)
        return returns(value)

    return step


def _backward_if_possible(model: nn.Module, optimizer: optim.Optimizer, loss: Tensor) -> None:
    if loss.requires_grad:
        loss.backward(retain_graph=True)


_DONE: dict[str, Callable[[nn.Module, optim.Optimizer, Tensor], Any]] = {
    "train": lambda model, optimizer, loss: model.train(),
    "eval": lambda model, optimizer, loss: model.eval(),
    "zero": lambda model, optimizer, loss: optimizer.zero_grad(),
    "backward": _backward_if_possible,
    "step": lambda model, optimizer, loss: optimizer.step(),
}


def _with(loss: Loss) -> Step:
    return _in_order(*PARTS, loss=loss)


def _returning(returns: Callable[[Tensor], Any]) -> Step:
    return _in_order(*PARTS, returns=returns)


def _one_hot(logits: Tensor, labels: Tensor) -> Tensor:
    return F.one_hot(labels, logits.shape[1]).float()


def _then(what: Callable[..., Any]) -> Step:
    """Do everything right, and return something else, computed after the step."""

    def step(model: nn.Module, images: Tensor, labels: Tensor, optimizer: optim.Optimizer) -> Any:
        loss = _in_order(*PARTS)(model, images, labels, optimizer)
        return what(model(images), labels, loss)

    return step


def _with_own(make: Callable[..., optim.Optimizer]) -> Step:
    """Use another optimizer than the given one."""

    def step(model: nn.Module, images: Tensor, labels: Tensor, optimizer: optim.Optimizer) -> float:
        return _in_order(*PARTS)(model, images, labels, make(model, optimizer.param_groups[0]["lr"]))

    return step


def _made_anew(model: nn.Module, images: Tensor, labels: Tensor, optimizer: Any) -> float:
    return _with_own(lambda model, rate: type(optimizer)(model.parameters(), lr=rate))(
        model, images, labels, optimizer
    )


def _by_hand(
    model: nn.Module, images: Tensor, labels: Tensor, optimizer: optim.Optimizer, rate: float | None
) -> float:
    loss = _in_order("train", "zero", "loss", "backward")(model, images, labels, optimizer)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.grad is not None:
                weight.sub_((rate or optimizer.param_groups[0]["lr"]) * weight.grad)
    return loss


def _one_after_another(
    model: nn.Module, images: Tensor, labels: Tensor, optimizer: optim.Optimizer, mean: bool
) -> float:
    parts = zip(images.split(1), labels.split(1), strict=True)
    losses = [_in_order(*PARTS)(model, *part, optimizer) for part in parts]
    return sum(losses) / len(losses) if mean else losses[-1]


def _first_only(model: nn.Module, images: Tensor, labels: Tensor, optimizer: optim.Optimizer) -> float:
    return _in_order(*PARTS)(model, images[:1], labels[:1], optimizer)


def _often(times: int) -> Step:
    def step(*arguments: Any) -> float:
        losses = [_in_order(*PARTS)(*arguments) for _ in range(times)]
        return losses[0]

    return step


def _cut_off(model: nn.Module, images: Tensor, labels: Tensor, optimizer: optim.Optimizer) -> float:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images).detach(), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def _clipped(
    model: nn.Module, images: Tensor, labels: Tensor, optimizer: optim.Optimizer, limit: float
) -> float:
    loss = _in_order("train", "zero", "loss", "backward")(model, images, labels, optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), limit)
    optimizer.step()
    return loss


MISTAKES = (
    Misconception(
        "gradients not zeroed",
        "A call of backward() adds to the gradients that are already there. Without optimizer.zero_grad() "
        "each step still follows the batches before.",
        (_in_order("train", "loss", "backward", "step"),),
    ),
    Misconception(
        "gradients zeroed before they are used",
        "In yours zero_grad() stands between backward() and step(), so the step finds no gradients and the "
        "weights stay as they are. Zero first, then compute.",
        (_in_order("train", "loss", "backward", "zero", "step"),),
    ),
    Misconception(
        "no step",
        "The gradients are there, but nothing uses them: optimizer.step() is missing, or stands behind the "
        "return.",
        (_in_order("train", "zero", "loss", "backward"), _in_order("train", "loss", "backward")),
    ),
    Misconception(
        "no gradients",
        "No gradient reaches the weights: loss.backward() is missing, or the loss is cut off from the model "
        "before it, by .item(), .detach(), argmax, NumPy or torch.no_grad(), here or in your cross_entropy.",
        (
            _cut_off,
            _in_order("train", "zero", "loss", "step"),
            _in_order("train", "loss", "step"),
            _with(lambda logits, labels: F.cross_entropy(logits.detach(), labels).requires_grad_()),
        ),
    ),
    Misconception(
        "nothing learned",
        "Your step changes nothing: no gradient is computed and no weight moves. backward() and step() are "
        "missing.",
        (_in_order("train", "zero", "loss"), _in_order("loss")),
    ),
    Misconception(
        "step before backward",
        "The call of step() uses the gradients that backward() computes, so it comes last. In yours the "
        "first step finds none, and each later one uses those of the batch before.",
        (
            _in_order("train", "loss", "step", "backward"),
            _in_order("train", "loss", "step", "zero", "backward"),
            _in_order("train", "zero", "loss", "step", "backward"),
        ),
    ),
    Misconception(
        "not in train mode",
        "Before the batch goes through, call model.train(): after an evaluation the model is still in eval "
        "mode, where dropout does nothing and batch norm does not learn.",
        (
            _in_order("zero", "loss", "backward", "step"),
            _in_order("eval", "zero", "loss", "backward", "step"),
            _in_order("zero", "loss", "train", "backward", "step"),
        ),
    ),
    Misconception(
        "a tensor instead of a number",
        "A float is wanted. The tensor keeps everything that it was computed from in memory: return "
        "loss.item().",
        (
            _returning(lambda loss: loss),
            _returning(Tensor.detach),
            _returning(lambda loss: loss.detach().numpy()),
            _returning(lambda loss: loss[None]),
        ),
    ),
    Misconception(
        "the loss after the step",
        "Return the loss that you have computed already, before the step. Another pass through the model "
        "costs time and measures something else.",
        (_then(lambda logits, labels, _: F.cross_entropy(logits, labels).item()),),
    ),
    Misconception(
        "accuracy instead of the loss",
        "Return the loss of the batch. How many images are right is another question.",
        (
            _then(lambda logits, labels, _: (logits.argmax(1) == labels).float().mean().item()),
            _then(lambda logits, labels, _: (logits.argmax(1) == labels).sum().item()),
            _then(lambda logits, labels, loss: (loss, (logits.argmax(1) == labels).float().mean().item())),
        ),
    ),
    Misconception(
        "another number returned",
        "The step is right, but the loss that you return is not the mean over the batch: return the very "
        "number that was differentiated.",
        (
            _then(lambda logits, labels, loss: loss * len(labels)),
            _then(lambda logits, labels, loss: loss / len(labels)),
            _then(lambda logits, labels, loss: round(loss, 2)),
            _then(lambda logits, labels, loss: 0.0),
        ),
    ),
    Misconception(
        "sum instead of mean",
        "The loss of a batch is the mean over its images. With a sum each step grows with the batch.",
        (
            _with(partial(F.cross_entropy, reduction="sum")),
            _with(lambda logits, labels: F.cross_entropy(logits, labels) / len(labels)),
            _with(lambda logits, labels: F.cross_entropy(logits, labels) / logits.shape[1]),
        ),
    ),
    Misconception(
        "softmax before the loss",
        "F.cross_entropy wants logits, the scores as they leave the model: it applies softmax itself.",
        (
            _with(lambda logits, labels: F.cross_entropy(logits.softmax(1), labels)),
            _with(lambda logits, labels: F.cross_entropy(logits.softmax(0), labels)),
            _with(lambda logits, labels: F.cross_entropy(logits.sigmoid(), labels)),
        ),
    ),
    Misconception(
        "another loss",
        "The loss here is the cross-entropy between the model's logits and the labels.",
        (
            _with(F.nll_loss),
            _with(lambda logits, labels: F.nll_loss(logits.softmax(1), labels)),
            _with(lambda logits, labels: F.mse_loss(logits, _one_hot(logits, labels))),
            _with(lambda logits, labels: F.mse_loss(logits.softmax(1), _one_hot(logits, labels))),
            _with(
                lambda logits, labels: F.binary_cross_entropy_with_logits(logits, _one_hot(logits, labels))
            ),
            _with(F.multi_margin_loss),
            _with(lambda logits, labels: F.nll_loss(logits.log_softmax(0), labels)),
            _with(lambda logits, labels: F.cross_entropy(logits, logits.argmax(1))),
            _with(partial(F.cross_entropy, label_smoothing=0.1)),
        ),
    ),
    Misconception(
        "uphill",
        "The step must make the loss smaller. Yours climbs: there is a minus too many.",
        (
            _with(lambda logits, labels: -F.cross_entropy(logits, labels)),
            _in_order(
                *PARTS,
                loss=lambda logits, labels: -F.cross_entropy(logits, labels),
                returns=lambda loss: -loss.item(),
            ),
        ),
    ),
    Misconception(
        "another optimizer than the given one",
        "Use the optimizer that comes as an argument: it knows the learning rate, which weights to change, "
        "and what it remembers of earlier steps.",
        (
            _made_anew,
            *(partial(_by_hand, rate=rate) for rate in (None, 0.1, 0.01, 0.001)),
            _with_own(lambda model, rate: optim.SGD(model.parameters(), lr=rate)),
            _with_own(lambda model, rate: optim.Adam(model.parameters(), lr=rate)),
            *(
                _with_own(lambda model, _, make=make, rate=rate: make(model.parameters(), lr=rate))
                for make in (optim.SGD, optim.Adam)
                for rate in (0.1, 0.01, 0.001)
            ),
        ),
    ),
    Misconception(
        "more than one step",
        "One call is one step: the loop over batches and epochs stands outside.",
        (_often(2), _often(3), _in_order(*PARTS, "step"), _often(5), _often(10)),
    ),
    Misconception(
        "image by image",
        "The batch is one thing: one pass, one loss, one step for all its images together.",
        (
            partial(_one_after_another, mean=True),
            partial(_one_after_another, mean=False),
            _first_only,
        ),
    ),
    Misconception(
        "gradients cut",
        "Use the gradients as backward() computes them: nothing here asks for clipping or scaling.",
        (*(partial(_clipped, limit=limit) for limit in (0.1, 0.5, 1.0)),),
    ),
)
