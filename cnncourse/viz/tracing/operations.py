"""What a torch function is called with: names, settings, tensors, and what it computes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn

_ALIASES = {
    **dict.fromkeys(("iadd", "radd"), "add"),
    **dict.fromkeys(("isub", "rsub", "subtract"), "sub"),
    **dict.fromkeys(("imul", "rmul", "multiply"), "mul"),
    **dict.fromkeys(("truediv", "itruediv", "rtruediv", "divide", "true_divide"), "div"),
    **dict.fromkeys(("concat", "concatenate"), "cat"),
    **dict.fromkeys(("rmatmul", "mm", "bmm"), "matmul"),
}


SETTINGS = ("kernel_size", "stride", "padding", "dilation", "groups", "scale_factor", "output_size", "p")


def labelled_tensors(value: Any, label: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor in nested tuples, lists, dictionaries and dataclasses, with its key or position."""
    if isinstance(value, Tensor):
        yield label, value
        return
    if isinstance(value, dict):
        items = [(str(key), part) for key, part in value.items()]
    elif isinstance(value, tuple | list):
        names = getattr(value, "_fields", range(len(value)))
        items = [(str(key), part) for key, part in zip(names, value, strict=False)]
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        items = [(key, getattr(value, key)) for key in value.__dataclass_fields__]
    else:
        return
    for key, part in items:
        yield from labelled_tensors(part, f"{label}.{key}" if label else key)


def operation(func: Callable) -> str:
    """Return the name of an operation, one for all ways to write it."""
    name = getattr(func, "__name__", type(func).__name__)
    if name == "__get__":
        name = getattr(getattr(func, "__self__", None), "__name__", name)
    name = name.strip("_") or name
    return _ALIASES.get(name, name)


def settings_of(kind: str, args: tuple, kwargs: dict) -> dict[str, Any]:
    """Return what is known of an operation's settings, under the names that layers use."""
    found = {name: kwargs[name] for name in SETTINGS if name in kwargs}
    order: tuple[str, ...] = ()
    if kind.startswith("conv"):
        weight = kwargs.get("weight", args[1] if len(args) > 1 else None)
        if isinstance(weight, Tensor):
            found["kernel_size"] = tuple(weight.shape[2:])
        order = ("", "", "", "stride", "padding", "dilation", "groups")
        if kind.startswith("conv_transpose"):
            order = ("", "", "", "stride", "padding", "output_padding", "groups", "dilation")
    elif "adaptive" in kind:
        order = ("", "output_size")
    elif "pool" in kind:
        order = ("", "kernel_size", "stride", "padding", "dilation")
    elif "dropout" in kind:
        order = ("", "p")
    return {**found, **{name: value for name, value in zip(order, args, strict=False) if name}}


def argument_names(model: nn.Module) -> list[str]:
    """Return the names of the arguments of ``forward``."""
    try:
        return list(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        return []


def version(tensor: Tensor) -> int:
    """Return how often the tensor was written to."""
    try:
        return tensor._version
    except RuntimeError:  # a tensor made under inference_mode keeps none
        return 0


def multiply_adds(kind: str, args: tuple, kwargs: dict, result: Any) -> int:
    """Return the multiply–adds of one call: exact for convolutions, linear and matrix products, else 0."""
    if not isinstance(result, Tensor):
        return 0
    given = [*args, *kwargs.values()]
    weight = kwargs.get("weight", args[1] if len(args) > 1 else None)
    if kind.startswith("conv_transpose") and isinstance(weight, Tensor):
        return given[0].numel() * math.prod(weight.shape[1:])
    if kind in ("conv1d", "conv2d", "conv3d") and isinstance(weight, Tensor):
        return result.numel() * math.prod(weight.shape[1:])
    if kind == "linear" and isinstance(weight, Tensor):
        return result.numel() * weight.shape[-1]
    if kind == "matmul" and isinstance(given[0], Tensor) and given[0].ndim:
        return result.numel() * given[0].shape[-1]
    return 0
