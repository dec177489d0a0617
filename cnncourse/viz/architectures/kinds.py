"""What a node of a trace is for a reader: its role, and the words for it."""

from __future__ import annotations

import math
from typing import Any

from ..tracing import Node, Shape

_SHORT = {
    **{f"BatchNorm{d}d": "BN" for d in (1, 2, 3)},
    **{f"InstanceNorm{d}d": "IN" for d in (1, 2, 3)},
    "batch_norm": "BN",
    "LayerNorm": "LN",
    "LayerNorm2d": "LN",
    "layer_norm": "LN",
    "GroupNorm": "GN",
    "group_norm": "GN",
    "FrozenBatchNorm2d": "BN",
    "relu": "ReLU",
    "relu_": "ReLU",
    "leaky_relu": "LeakyReLU",
    "silu": "SiLU",
    "gelu": "GELU",
    "elu": "ELU",
    "dropout": "dropout",
    **{f"Dropout{d}": "dropout" for d in ("", "1d", "2d", "3d")},
    "Flatten": "flatten",
    "Softmax": "softmax",
    "LogSoftmax": "log-softmax",
    "log_softmax": "log-softmax",
    "pad": "pad",
    "permute": "permute",
    "transpose": "transpose",
}
_QUIET = {
    "Identity",
    "Sequential",
    "contiguous",
    "to",
    "detach",
    "clone",
    "float",
    "half",
    "bfloat16",
    "type",
}
_RESHAPES = {"view", "reshape", "flatten", "squeeze", "unsqueeze", "Unflatten", "unflatten"}
_MERGES = {"add", "sub", "mul", "div", "cat", "stack", "maximum", "minimum", "matmul", "where", "einsum"}
_MERGE_LABELS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "cat": "concat"}


def role_of(node: Node) -> str:
    """Return input, conv, pool, up, linear, merge, other, or follower (named with the layer before)."""
    kind, lower = node.kind, node.kind.lower().replace("_", "")
    if kind == "input":
        return "input"
    if kind in _QUIET | _RESHAPES or kind in _SHORT:
        return "follower"
    grows = 0
    if node.in_shapes and node.out_shapes:
        grows = area(node.out_shapes[0]) - area(node.in_shapes[0])
    if "convtranspose" in lower or "unpool" in lower or "pixelshuffle" in lower:
        return "up"
    if lower.startswith(("conv1d", "conv2d", "conv3d", "lazyconv")):
        return "conv"
    if "upsampl" in lower or "interpolate" in lower:
        return "up" if grows > 0 else "pool" if grows < 0 else "follower"
    if "pool" in lower or (kind in ("mean", "amax") and grows < 0):
        return "pool"
    if "linear" in lower and node.parameters + node.multiply_adds:
        return "linear"
    if len({s for s in node.sources if s}) > 1 and not node.module:
        return "merge"
    if node.multiply_adds or "attention" in lower:
        return "other"
    return (
        "other"
        if node.module and node.parameters and node.in_shapes[:1] != node.out_shapes[:1]
        else "follower"
    )


def label_of(node: Node, role: str) -> str:
    """Return the words for a node; empty for one not worth naming."""
    kind, lower = node.kind, node.kind.lower().replace("_", "")
    kernel = _times(node.settings.get("kernel_size"), node)
    if role == "input":
        return node.name
    if role == "conv":
        groups = node.settings.get("groups", 1)
        channels = node.in_shapes[0][1] if node.in_shapes and len(node.in_shapes[0]) > 1 else 0
        name = "Depthwise" if groups not in (1, None) and groups == channels else "Conv"
        dilated = _times(node.settings.get("dilation"), node)
        return f"{name} {kernel}" + (" dilated" if dilated.strip("1×") else "")
    if role == "up":
        if "unpool" in lower:
            return "Max-unpool"
        if kernel:  # a transposed convolution, whatever its class is called
            return f"Up-conv {kernel}"
        return "Pixel shuffle" if "pixel" in lower else "Upsample"
    if role == "pool":
        name = "Max pool" if "max" in lower else "Average pool"
        return "Resize" if "sample" in lower or "interpol" in lower else f"{name} {kernel}".strip()
    if role == "merge":
        return _MERGE_LABELS.get(kind, kind)
    if role == "follower":
        if kind in _QUIET or ("dropout" in lower and node.settings.get("p") == 0):
            return ""
        if kind in _RESHAPES:
            return "flatten" if node.out_shapes and len(node.out_shapes[0]) == 2 else "reshape"
        if kind == "getitem":
            same_rank = node.out_shapes and len(node.out_shapes[0]) == len(node.in_shapes[0])
            return "crop" if same_rank and node.out_shapes[0] != node.in_shapes[0] else ""
        return _SHORT.get(kind, kind)
    return "Linear" if role == "linear" else "Attention" if "attention" in lower else kind


def _times(value: Any, node: Node) -> str:
    """Write a kernel: ``3×3`` for 3 in a layer over two dimensions."""
    if value is None:
        return ""
    rank = next((d for d in (1, 2, 3) if f"{d}d" in node.kind), 2)
    sizes = value if isinstance(value, tuple | list) else (value,) * rank
    return "×".join(map(str, sizes))


def area(shape: Shape) -> int:
    """Return the number of pixels of ``[N, C, ...]``."""
    return math.prod(shape[2:])
