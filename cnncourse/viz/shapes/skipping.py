"""Run a model for its shapes alone: products and activations are left out, everything else happens.

The meta device would do the same, but its first use loads torch's compiler: four seconds on two cores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..tracing.operations import operation

_CONVOLUTIONS = {f"{name}{rank}d": rank for name in ("conv", "conv_transpose") for rank in (1, 2, 3)}
_POOLS = tuple(f"{kind}_pool" for kind in ("max", "avg", "adaptive_max", "adaptive_avg"))
_ACTIVATIONS = {"relu", "leaky_relu", "elu", "silu", "gelu", "hardswish", "sigmoid", "tanh", "dropout"}
_SUMS = {"add", "sub", "mul", "div"}
_NAMES = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "output_padding": 0}
_TRANSPOSED = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")


class Skipping(TorchFunctionMode):
    """Within this context layers give zeros of the right shape, which take no memory.

    The size after a convolution is computed, that after a pooling found on a single channel. A call whose
    arguments do not fit is made as it stands, so that it raises torch's own error.

    Examples
    --------
    >>> import torch
    >>> with Skipping():
    ...     torch.nn.functional.conv2d(torch.ones(2, 64, 9, 7), torch.ones(32, 64, 3, 3)).shape
    torch.Size([2, 32, 7, 5])
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):  # noqa: D105
        kwargs = kwargs or {}
        kind = operation(func)
        result = None
        if kind in _CONVOLUTIONS:
            result = _convolved(kind, args, kwargs)
        elif kind == "linear":
            result = _product(*args[:2], **kwargs)
        elif kind == "batch_norm" and not kwargs.get("training", (*args, *[None] * 6)[5]):
            fits = isinstance(args[1], Tensor) and args[0].ndim > 1 and args[0].shape[1] == len(args[1])
            result = args[0] if fits else None
        elif args and isinstance(args[0], Tensor) and _is_filler(args[0]):
            result = _filled(func, kind, args, kwargs)
        return func(*args, **kwargs) if result is None else result


def _filled(func: Callable, kind: str, args: tuple, kwargs: dict) -> Any:
    """Return the result of an operation on zeros that take no memory, None to have it computed."""
    first = args[0]
    if kind in _ACTIVATIONS:
        return first
    if kind == "view":  # what takes no memory cannot be viewed
        return func(first.contiguous(), *args[1:], **kwargs)
    if kind in _SUMS and len(args) > 1 and isinstance(args[1], Tensor):
        shapes = {first.shape, args[1].shape}
        return first if len(shapes) == 1 and first.dtype == args[1].dtype else None
    if kind.startswith(_POOLS) and first.ndim > 2:
        single = func(first.narrow(1, 0, 1), *args[1:], **kwargs)
        parts = single if isinstance(single, tuple) else (single,)
        grown = tuple(t.expand(t.shape[0], first.shape[1], *t.shape[2:]) for t in parts)
        return grown if isinstance(single, tuple) else grown[0]
    return None


def _is_filler(tensor: Tensor) -> bool:
    return tensor.ndim > 2 and tensor.shape[1] > 1 and tensor.stride(1) == 0


def _convolved(kind: str, args: tuple, kwargs: dict) -> Tensor | None:
    transposed, rank = "transpose" in kind, _CONVOLUTIONS[kind]
    given = dict(zip(_TRANSPOSED if transposed else _NAMES, args, strict=False)) | kwargs
    image, weight, groups = given.get("input"), given.get("weight"), given.get("groups", 1)
    if not (isinstance(image, Tensor) and isinstance(weight, Tensor)) or weight.ndim != rank + 2:
        return None
    axis = image.ndim - rank - 1
    if axis not in (0, 1) or (image.device, image.dtype) != (weight.device, weight.dtype):
        return None
    if image.shape[axis] != (weight.shape[0] if transposed else weight.shape[1] * groups):
        return None
    channels = weight.shape[1] * groups if transposed else weight.shape[0]
    settings = [_each(given.get(name), rank, default) for name, default in _DEFAULTS.items()]
    after = []
    for n, k, stride, padding, dilation, extra in zip(
        image.shape[axis + 1 :], weight.shape[2:], *settings, strict=True
    ):
        reach = dilation * (k - 1)
        if transposed:
            after.append((n - 1) * stride - 2 * padding + reach + extra + 1)
        elif padding == "same":
            after.append(n)
        else:
            after.append((n + 2 * (0 if padding == "valid" else padding) - reach - 1) // stride + 1)
    if min(after) < 1:
        return None
    return image.new_zeros(()).expand((*image.shape[:axis], channels, *after))


def _each(value: Any, rank: int, default: int) -> tuple:
    """Return one setting for each dimension."""
    value = default if value is None else value
    return tuple(value) * (rank // len(value)) if isinstance(value, tuple | list) else (value,) * rank


def _product(input: Any = None, weight: Any = None, **_: Any) -> Tensor | None:
    fits = isinstance(input, Tensor) and isinstance(weight, Tensor) and input.ndim and weight.ndim == 2
    if not fits or (input.shape[-1], input.dtype, input.device) != (
        weight.shape[1],
        weight.dtype,
        weight.device,
    ):
        return None
    return input.new_zeros((*input.shape[:-1], weight.shape[0]))
