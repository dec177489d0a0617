"""What NumPy arrays and torch tensors share, so that each operation is written once.

Nothing here imports torch unless a tensor comes in.
"""

from __future__ import annotations

import sys
from functools import reduce
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

# A NumPy array or a torch tensor; a union of the two would make every caller narrow it again.
Array: TypeAlias = Any


def namespace(x: Array) -> ModuleType:
    """Return the module whose functions work on ``x``: torch for a tensor, else numpy.

    Examples
    --------
    >>> namespace(np.zeros(2)).__name__
    'numpy'
    """
    return sys.modules["torch"] if is_tensor(x) else np


def is_tensor(x: Any) -> bool:
    """Whether ``x`` is a torch tensor. There is no tensor where torch was never imported.

    Examples
    --------
    >>> is_tensor(np.zeros(2))
    False
    """
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def as_real(x: Any, name: str) -> Array:
    """Return ``x`` as a tensor (if it is one) or a NumPy array of real numbers, its type kept.

    Raises
    ------
    TypeError
        When it does not hold real numbers.
    ValueError
        When its rows differ in length.

    Examples
    --------
    >>> as_real([[1, 2], [3, 4]], "x").shape
    (2, 2)
    """
    if is_tensor(x):
        if x.is_complex():
            raise TypeError(
                f"{name} holds {x.dtype}; expected real numbers: pass {name}.real or {name}.abs()"
            )
        return x
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(
            f"{name} has rows of different length; expected a rectangle of numbers: fill up the short rows"
        ) from None
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} holds {array.dtype} ({type(x).__name__}); expected real numbers: "
            f"pass a NumPy array or a tensor of floats"
        )
    return array


def as_floats(**arrays: Any) -> list[Array]:
    """Return the arrays in one floating type: that of the floats among them.

    Integers are converted before anything is computed, since 200 + 100 is 44 in uint8. With no float among
    them the type is float64 for NumPy, torch's default type for tensors. When one is a tensor, all become
    tensors on its device.

    Examples
    --------
    >>> [a.dtype.name for a in as_floats(x=np.ones(2, np.uint8), y=[1, 2])]
    ['float64', 'float64']
    >>> [a.dtype.name for a in as_floats(x=np.ones(2, np.float32), y=[1, 2])]
    ['float32', 'float32']
    """
    real = [as_real(x, name) for name, x in arrays.items()]
    tensor = next((x for x in real if is_tensor(x)), None)
    if tensor is None:
        dtype = np.result_type(*[x for x in real if x.dtype.kind == "f"] or [np.dtype(float)])
        return [x.astype(dtype, copy=False) for x in real]
    return _as_float_tensors(real, tensor.device)


def to_doubles(x: Any, name: str) -> np.ndarray:
    """Return a float64 NumPy copy of ``x``, cut off from a tensor's gradients; errors as :func:`as_real`."""
    x = as_real(x, name)
    return x.detach().cpu().double().numpy().copy() if is_tensor(x) else x.astype(float)


def check_images(x: Array, name: str, shape: str = "[..., H, W]") -> None:
    """Refuse ``x`` unless it has a height and a width, neither of them 0."""
    if x.ndim < 2:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}; expected {shape}: give it a height and a width, "
            f"as in {name}.reshape(1, -1)"
        )
    if 0 in x.shape[-2:]:
        raise ValueError(
            f"{name} has shape {tuple(x.shape)}, no cell at all; expected {shape} with at least 1 × 1"
        )


def pad(x: Array, padding: tuple[int, int]) -> Array:
    """Return ``x`` [..., H, W] with rows and columns of zeros around it: [..., H + 2 py, W + 2 px]."""
    py, px = padding
    if is_tensor(x):
        return namespace(x).nn.functional.pad(x, (px, px, py, py))
    return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(py, py), (px, px)])


def windows(
    x: Array, size: tuple[int, int], stride: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)
) -> Array:
    """Return every window of ``x`` [..., H, W] that lies wholly inside, as a view [..., H', W', kh, kw].

    Examples
    --------
    >>> windows(np.arange(8).reshape(2, 4), size=(2, 2), stride=(1, 2))[0, 1]
    array([[2, 3],
           [6, 7]])
    """
    (sy, sx), (dy, dx) = stride, dilation
    span_y, span_x = ((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    if is_tensor(x):
        return x.unfold(-2, span_y, sy).unfold(-2, span_x, sx)[..., ::dy, ::dx]
    every = np.lib.stride_tricks.sliding_window_view(x, (span_y, span_x), axis=(-2, -1))
    return every[..., ::sy, ::sx, ::dy, ::dx]


def _as_float_tensors(arrays: list[Array], device: Any) -> list[Array]:
    import torch

    tensors = []
    for x in arrays:
        if not is_tensor(x):
            # A fresh copy: torch takes no negative strides (a flipped kernel), and no read-only memory.
            native = x.dtype.newbyteorder("=") if x.dtype.kind == "f" else np.int64
            x = torch.from_numpy(np.array(x, dtype=native, order="C")).to(device)
        tensors.append(x)
    floating = [x.dtype for x in tensors if x.is_floating_point()] or [torch.get_default_dtype()]
    dtype = reduce(torch.promote_types, floating)
    return [x.to(dtype) for x in tensors]
