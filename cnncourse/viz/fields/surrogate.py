"""A positive linear stand-in for any network: its gradient shows on which pixels the network can depend.

Real gradients vanish where a ReLU is off, where a maximum is elsewhere or where two paths cancel. Here every
weight is positive, maxima are averages, activations and normalizations pass their input on, and products are
sums, so that nothing can vanish; what remains is which pixel is connected to which cell. The windows
themselves are torch's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from ..tracing.recorder import labelled_tensors
from .rules import (
    ALONG,
    CONSTANT,
    ELEMENTWISE,
    EVERYTHING,
    MOVES,
    REDUCTIONS,
    chosen_dims,
    dimensions,
    name_of,
    normalizes_by_image,
)
from .windows import arguments, pair

_JOIN = frozenset(["cat", "concat", "concatenate", "stack", "pad", "interpolate"])
_QUERIES = frozenset(
    [
        *(
            "device",
            "dim",
            "dtype",
            "is_complex",
            "is_contiguous",
            "is_cuda",
            "is_floating_point",
            "is_nested",
        ),
        *("layout", "ndim", "ndimension", "nelement", "numel", "requires_grad", "shape", "size", "stride"),
    ]
)


class Positive(TorchFunctionMode):
    """Runs a model as its positive linear stand-in, in float64, on the tensors that depend on ``image``."""

    def __init__(self, image: Tensor, dtype: torch.dtype):
        """Start from ``image``; ``dtype`` is what the model's own operations take."""
        super().__init__()
        self.dtype = dtype
        self.known: Any = WeakTensorKeyDictionary()  # tensors, and for integer indices what they depend on
        self.known[image] = image
        self.unknown: set[str] = set()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """Run the operation, or its stand-in when it depends on the image."""
        kwargs = kwargs or {}
        raw = getattr(func, "__name__", "")
        if raw == "_set_grad_enabled":
            return None  # a model's own no_grad() would hide a dependency
        operands = [self.known[t] for _, t in labelled_tensors((args, kwargs)) if t in self.known]
        name = name_of(func)
        if not operands or name in CONSTANT:
            return func(*args, **kwargs)
        if name == "setitem":
            func(
                args[0], args[1], self.known.get(args[2], args[2]) if isinstance(args[2], Tensor) else args[2]
            )
            self.known[args[0]] = args[0]
            return None
        if not raw.startswith("__") and raw.endswith("_") and args and isinstance(args[0], Tensor):
            return self.in_place(args, operands)
        result = self.stand_in(name, func, args, kwargs, operands)
        for _, tensor in labelled_tensors(result):
            if tensor.is_floating_point():
                self.known[tensor] = tensor
        return result

    def in_place(self, args: tuple, operands: list[Tensor]) -> Tensor:
        """Add to ``args[0]`` what else the operation reads; an activation in place changes nothing."""
        others = [t for t in operands if t is not args[0]]
        for other in others:
            args[0].add_(other)
        self.known[args[0]] = args[0]
        return args[0]

    def stand_in(self, name: str, func: Any, args: tuple, kwargs: dict, operands: list[Tensor]) -> Any:
        """Return the result of the stand-in of one operation."""
        if name in ELEMENTWISE:
            return self.elementwise(name, args, kwargs, operands)
        if name == "view":  # the stand-in is not laid out in memory as the tensor is
            return args[0] if isinstance(args[1], torch.dtype) else args[0].reshape(*args[1:])
        if name == "view_as":
            return args[0].reshape_as(args[1])
        if (name in MOVES and (name != "unfold" or len(args) == 4)) or name in _JOIN:
            return func(*args, **kwargs)
        first = self.known.get(args[0]) if isinstance(args[0], Tensor) else None
        count = dimensions(name)
        if first is not None and name == "linear":
            return first.mean(-1, keepdim=True).expand(*first.shape[:-1], args[1].shape[0]).contiguous()
        if first is not None and name.startswith("conv") and count and len(operands) == 1:
            return _convolution(name, func, count, first, args, kwargs)
        if first is not None and name in ("layer_norm", "rms_norm"):
            return first + first.mean(tuple(range(-len(args[1]), 0)), keepdim=True)
        if first is not None and name in ("instance_norm", "group_norm"):
            groups = int(args[1]) if name == "group_norm" else first.shape[1]
            return (first.unflatten(1, (groups, -1)) + _rest(first.unflatten(1, (groups, -1)))).flatten(1, 2)
        if first is not None and name == "local_response_norm":
            return first + first.mean(1, keepdim=True)

        if name in _QUERIES:
            return func(*args, **kwargs)
        real = self.real(func, args, kwargs)
        found = [t for _, t in labelled_tensors(real)]
        if not found:
            return real
        shape = found[0].shape
        if name in REDUCTIONS or name in ALONG:
            value = self.reduced(name, args, kwargs, operands, shape)
        elif first is not None and count and "pool" in name and not name.startswith("fractional"):
            value = self.pooled(name, count, first, args, kwargs, shape)
        elif name in ("matmul", "bmm", "mm"):
            sides = [self.known.get(a) for a in args[:2]]
            value = sum(
                s.mean(d, keepdim=True) for s, d in zip(sides, (-1, -2), strict=True) if s is not None
            )
            value = value.expand(shape)
        elif name == "scaled_dot_product_attention" and len(operands) == 3:
            query, key, values = operands
            value = (
                query.mean(-1, keepdim=True)
                + key.mean((-1, -2), keepdim=True)
                + values.mean(-2, keepdim=True)
            )
            value = value.expand(shape)
        else:
            if name not in EVERYTHING:
                self.unknown.add(name)
            value = sum(o.mean() for o in operands).expand(shape)  # type: ignore[union-attr]
        if isinstance(real, Tensor):
            return value
        for tensor in found[1:]:  # indices beside the values: what they depend on is remembered
            self.known[tensor] = value
        rest = [value if t is found[0] else t for t in real]
        return type(real)(rest) if type(real) in (tuple, list) else type(real)(tuple(rest))

    def elementwise(self, name: str, args: tuple, kwargs: dict, operands: list[Tensor]) -> Tensor:
        """Return the sum of the operands, in the shape that torch would give."""
        if name == "batch_norm":
            return args[0] + _rest(args[0]) if normalizes_by_image(args, kwargs) else args[0]
        total = operands[0]
        for other in operands[1:]:
            total = total + other
        shapes = (
            [t.shape for _, t in labelled_tensors((args, kwargs))] if name not in ("type_as", "to") else []
        )
        return total.expand(torch.broadcast_shapes(total.shape, *shapes)).contiguous()

    def real(self, func: Any, args: tuple, kwargs: dict) -> Any:
        """Run the operation itself on what has the right shape, for the shape and kind of its result."""

        def plain(value: Any) -> Any:
            if isinstance(value, Tensor):
                return value.detach().to(self.dtype) if value.is_floating_point() else value
            return type(value)(map(plain, value)) if type(value) in (tuple, list) else value

        with torch.no_grad():
            return func(*map(plain, args), **{key: plain(value) for key, value in kwargs.items()})

    def reduced(
        self, name: str, args: tuple, kwargs: dict, operands: list[Tensor], shape: Sequence[int]
    ) -> Tensor:
        """Return the mean along the dimensions that the operation reduces or mixes."""
        whole = sum(operands[1:], operands[0])
        dims = chosen_dims(name, args, kwargs)
        if isinstance(dims, Tensor):
            return whole.expand(shape)
        mean = whole.mean(dims, keepdim=True) if dims is not None else whole.mean()
        return mean.expand(shape) if len(shape) == whole.ndim else mean.reshape(shape)

    def pooled(
        self, name: str, count: int, x: Tensor, args: tuple, kwargs: dict, shape: Sequence[int]
    ) -> Tensor:
        """Return the average over the windows of a pooling, or the spread of an unpooling."""
        if name.startswith("adaptive"):
            pool: Any = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)[count - 1]
            return pool(x, tuple(shape[-count:]))
        names = "input kernel_size stride padding dilation"
        if "unpool" in name:
            names = "input indices kernel_size stride padding"
        elif name.startswith("avg"):
            names = "input kernel_size stride padding"
        elif name.startswith("lp"):
            names = "input norm_type kernel_size stride"
        given = arguments(names, args, kwargs)
        kernel = pair(given["kernel_size"], count)
        stride = pair(given.get("stride") or kernel, count)
        padding = pair(given.get("padding", 0), count)
        dilation = pair(given.get("dilation", 1), count)
        if "unpool" in name:
            return _spread(x + self.known.get(given["indices"], 0), kernel, stride, padding, shape)
        return _slide(x, kernel, stride, padding, dilation, shape)


def _rest(x: Tensor) -> Tensor:
    """Return the mean over everything but samples and channels (or groups)."""
    return x.mean(tuple(range(2, x.ndim)), keepdim=True)


def _convolution(name: str, func: Any, count: int, x: Tensor, args: tuple, kwargs: dict) -> Tensor:
    """Return the convolution with equal weights: one kernel a group, its result shared by the group."""
    transposed = name.startswith("conv_transpose")
    names = "input weight bias stride padding dilation groups"
    if transposed:
        names = "input weight bias stride padding output_padding groups dilation"
    given = arguments(names, args, kwargs)
    weight, groups = given.pop("weight"), given.pop("groups", 1)
    del given["input"]
    given.pop("bias", None)
    out = weight.shape[1] * groups if transposed else weight.shape[0]
    channels = -count - 1
    narrow = x.unflatten(channels, (groups, -1)).mean(channels)
    ones = torch.full(
        (groups, 1, *weight.shape[2:]), 1 / math.prod(weight.shape[2:]), dtype=x.dtype, device=x.device
    )
    return func(narrow, ones, None, groups=groups, **given).repeat_interleave(out // groups, channels)


def _slide(
    x: Tensor,
    kernel: list[int],
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    shape: Sequence[int],
) -> Tensor:
    count = len(kernel)
    edges: list[int] = []
    for k in reversed(range(count)):
        reach = (shape[k - count] - 1) * stride[k] + dilation[k] * (kernel[k] - 1) + 1
        edges += [padding[k], reach - padding[k] - x.shape[k - count]]  # ceil_mode reaches beyond the padding
    flat = F.pad(x, edges).reshape(
        -1,
        1,
        *(
            n + edges[2 * (count - 1 - k)] + edges[2 * (count - 1 - k) + 1]
            for k, n in enumerate(x.shape[-count:])
        ),
    )
    ones = torch.full((1, 1, *kernel), 1 / math.prod(kernel), dtype=x.dtype, device=x.device)
    convolve = (F.conv1d, F.conv2d, F.conv3d)[count - 1]
    return convolve(flat, ones, None, stride, 0, dilation).reshape(tuple(shape))


def _spread(
    x: Tensor, kernel: list[int], stride: list[int], padding: list[int], shape: Sequence[int]
) -> Tensor:
    count = len(kernel)
    ones = torch.ones((1, 1, *kernel), dtype=x.dtype, device=x.device)
    convolve = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[count - 1]
    wide = convolve(x.reshape(-1, 1, *x.shape[-count:]), ones, None, stride, padding)
    edges = [e for k in reversed(range(count)) for e in (0, shape[k - count] - wide.shape[k - count])]
    return F.pad(wide, edges).reshape(tuple(shape))
