"""Look at torch modules: what they are, in words, what a result was made with, whether they were changed."""

from __future__ import annotations

import sys
from typing import Any


def is_module(value: Any) -> bool:
    """Whether ``value`` is a torch module (not a class of them)."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def is_module_class(value: Any) -> bool:
    """Whether ``value`` is a class of torch modules, and none of them."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, type) and issubclass(value, torch.nn.Module)


def is_optimizer(value: Any) -> bool:
    """Whether ``value`` is a torch optimizer."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.optim.Optimizer)


def described(value: Any) -> str:
    """Return a module or an optimizer in a few words that are the same in every run.

    Examples
    --------
    >>> from torch import nn, optim
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(6, 2))
    >>> described(model)
    'Sequential(Flatten, Linear), 14 parameters'
    >>> described(optim.SGD(model.parameters(), lr=0.5))
    'SGD, lr=0.5'
    """
    name = type(value).__name__
    if is_optimizer(value):
        return f"{name}, lr={value.param_groups[0]['lr']}"
    parts = ", ".join(type(child).__name__ for child in value.children())
    count = sum(weight.numel() for weight in value.parameters())
    return f"{name}({parts}), {count:,} parameters"[:200]


def operations_behind(*tensors: Any) -> list[Any]:
    """Return the operations that tensors were made with, each after those whose results it uses.

    Weights are among them: what has a ``variable`` stands for one.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> [node.name() for node in operations_behind((3 * x).relu())]
    ['torch::autograd::AccumulateGrad', 'MulBackward0', 'ReluBackward0']
    """
    found, seen = [], set()
    waiting = [(tensor.grad_fn, False) for tensor in reversed(tensors) if tensor.grad_fn is not None]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            found.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(earlier, False) for earlier, _ in reversed(node.next_functions) if earlier]
    return found


def hooks_on(model: Any) -> int:
    """Return how many hooks are registered on a module and its parts."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)


def state_of(model: Any) -> tuple:
    """Return what an answer must leave as it was: weights and what they are, mode and hooks of every part.

    Not the gradients and running statistics, which a mere pass through the model changes.
    """
    weights = [
        (
            name,
            tuple(weight.shape),
            weight.dtype,
            weight.requires_grad,
            weight.detach().cpu().double().numpy().tobytes(),
        )
        for name, weight in model.named_parameters()
    ]
    return weights, [module.training for module in model.modules()], hooks_on(model)
