"""Grad-CAMs with one of their parts exchanged."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .capture_mistakes import Pick, _named

Cam = Callable[[nn.Module, str, Tensor, int], Any]
Score = Callable[[Tensor, int], Tensor]
Change = Callable[[Tensor], Tensor]
Combine = Callable[[Tensor, Tensor], Tensor]  # of maps and their gradient, [1, K, h, w] each


def _logit(logits: Tensor, class_index: int) -> Tensor:
    return logits[0, class_index]


def logit_at(k: int) -> Score:
    """Return a score that is always the logit of class k."""
    return lambda logits, _: logits[0, k]


def weights(gradient: Tensor) -> Tensor:
    """Return equation 1: [1, K, 1, 1]."""
    return gradient.mean((2, 3), keepdim=True)


def summed(maps: Tensor, gradient: Tensor) -> Tensor:
    """Return equation 2 before its ReLU: [h, w]."""
    return (weights(gradient) * maps).sum(1)[0]


def right(maps: Tensor, gradient: Tensor) -> Tensor:
    """Return equation 2."""
    return summed(maps, gradient).relu()


def weighted_along(axis: int, maps: Tensor, gradient: Tensor) -> Tensor:
    """Average the gradient over rows or over columns, not over both."""
    return (gradient.mean(axis, keepdim=True) * maps).sum(1)[0].relu()


def flawed(
    combine: Combine = right,
    score: Score = _logit,
    pick: Pick = _named,
    *,
    remove: bool = True,
    before: Callable[[nn.Module], Any] | None = None,
    after: Callable[[nn.Module], Any] | None = None,
    of_input: bool = False,
) -> Cam:
    """Return a Grad-CAM with one of its parts exchanged."""

    def cam(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
        x = x.clone().requires_grad_()
        seen: list[Tensor] = []
        handle = pick(model, layer_name).register_forward_hook(
            lambda module, given, output: seen.append(given[0] if of_input else output)
        )
        if before:
            before(model)
        logits = model(x)
        if remove:
            handle.remove()
        if after:
            after(model)
        (gradient,) = torch.autograd.grad(score(logits, class_index), seen[0])
        return combine(seen[0].detach(), gradient)

    return cam


def saliency(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
    """Return the largest slope of each pixel."""
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x)[0, class_index], x)
    return gradient.abs().amax(1)[0]


def rescaled(how: Change) -> Cam:
    """Return a right Grad-CAM with its map changed."""
    return flawed(lambda maps, gradient: how(right(maps, gradient)))


def to_one(cam: Tensor) -> Tensor:
    """Return a map stretched to 0…1."""
    return (cam - cam.min()) / (cam.max() - cam.min()).clamp(min=1e-8)


def by_largest(cam: Tensor) -> Tensor:
    """Return a map whose largest value is 1."""
    return cam / cam.max().clamp(min=1e-8)


def _as_it_is(cam: Tensor) -> Tensor:
    return cam


def enlarged(mode: str, before: Change = _as_it_is, after: Change = _as_it_is) -> Cam:
    """Return a Grad-CAM of the picture's size, perhaps rescaled before or after."""

    def cam(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
        result = before(flawed()(model, layer_name, x, class_index))
        return after(F.interpolate(result[None, None], size=x.shape[2:], mode=mode)[0, 0])

    return cam


def in_one_list_per_model(model: nn.Module, *rest: Any) -> Tensor:
    """Return the first result for this model, again and again."""
    return _SEEN.setdefault(model, flawed()(model, *rest))


def in_one_list() -> Cam:
    """Return a Grad-CAM that keeps the maps of all its calls in one list, and uses the first."""
    first: list[Tensor] = []

    def cam(*arguments: Any) -> Tensor:
        first.append(flawed()(*arguments))
        return first[0]

    return cam


_SEEN: WeakKeyDictionary[nn.Module, Tensor] = WeakKeyDictionary()


def cut_off(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
    """Take the gradient with respect to maps that the hook has detached."""
    seen: list[Tensor] = []
    with model.get_submodule(layer_name).register_forward_hook(lambda *given: seen.append(given[2].detach())):
        logits = model(x)
    (gradient,) = torch.autograd.grad(logits[0, class_index], seen[0])
    return right(seen[0], gradient)


def of_two_passes(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
    """Take the maps from one pass and the logits from another."""
    seen: list[Tensor] = []
    with model.get_submodule(layer_name).register_forward_hook(lambda *given: seen.append(given[2])):
        model(x)
    (gradient,) = torch.autograd.grad(model(x)[0, class_index], seen[0])
    return right(seen[0], gradient)


def not_kept(model: nn.Module, layer_name: str, x: Tensor, class_index: int) -> Tensor:
    """Look for .grad on maps that do not keep it."""
    seen: list[Tensor] = []
    with model.get_submodule(layer_name).register_forward_hook(lambda *given: seen.append(given[2])):
        model(x)[0, class_index].backward()
    with warnings.catch_warnings(action="ignore"):  # torch says it, too
        gradient = seen[0].grad
    return right(seen[0].detach(), gradient)  # type: ignore[arg-type]
