"""Run a model without leaving a mark on it, and give it inputs that it can take."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from .arrays import as_array


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Run without gradients; afterwards restore buffers, gradients' absence and every random state."""
    buffers = [
        (module, name, buffer, buffer.detach().clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    devices = {t.device for t in chain(model.parameters(), model.buffers()) if t.is_cuda}
    states = random.getstate(), np.random.get_state()  # noqa: NPY002  (models may use the global one)
    try:
        with (
            torch.random.fork_rng(devices=sorted(d.index for d in devices)),
            torch.inference_mode(False),
            torch.no_grad(),
        ):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        with torch.no_grad():
            for module, name, buffer, before in buffers:
                module._buffers[name] = buffer.copy_(before)


def copy_if_lazy(model: nn.Module) -> nn.Module:
    """Return ``model``, or a copy when a first pass would give its lazy layers their sizes."""
    lazy = any(is_lazy(t) for t in chain(model.parameters(), model.buffers()))
    if not lazy:
        return model
    return copy.deepcopy(model)


def prepare(model: nn.Module, inputs: tuple, exact: bool = False) -> tuple:
    """Return copies of ``inputs`` for ``model``: shapes become zeros, tensors go to its device and dtype.

    With ``exact`` a given tensor keeps its own device and dtype.
    """
    device, dtype = home(model)

    def ready(value: Any) -> Any:
        if is_shape(value):
            return torch.zeros(tuple(value), device=device, dtype=dtype)
        if isinstance(value, np.ndarray):
            value = torch.from_numpy(np.ascontiguousarray(value))
        if isinstance(value, Tensor):
            value = value.detach().clone()
            if exact:
                return value
            return value.to(device, dtype) if value.is_floating_point() else value.to(device)
        if isinstance(value, dict):
            return {key: ready(part) for key, part in value.items()}
        if type(value) in (list, tuple):
            return type(value)(ready(part) for part in value)
        return value

    return tuple(ready(value) for value in inputs)


def as_image(image: Any) -> Tensor:
    """Return an image as the tensor [1, C, H, W] that a model takes.

    Integers of type uint8 become 0..1; other numbers stay as they are, so an image that was normalized for
    the model stays normalized. Channels that come last are brought to the front.

    Raises
    ------
    ValueError
        For another number of axes, more than one image, or no real numbers.

    Examples
    --------
    >>> as_image(np.full((5, 7, 3), 255, dtype=np.uint8)).shape
    torch.Size([1, 3, 5, 7])
    """
    array = as_array(image, "the image")
    expected = "expected [H, W], [H, W, 3], [C, H, W] or [1, C, H, W]"
    if array.ndim == 4 and array.shape[0] != 1:
        raise ValueError(
            f"got {array.shape[0]} images in one array {array.shape}; {expected}: "
            "pass images[:1] for the first; only feature_maps takes several, as list(images[:2])"
        )
    if array.ndim == 4:
        array = array[0]
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(f"the image has shape {array.shape}; {expected}")
    if array.ndim == 2:
        array = array[None]
    elif array.shape[-1] == 3 and (array.shape[0] not in (1, 3) or not isinstance(image, Tensor)):
        array = np.moveaxis(array, -1, 0)
    if array.dtype == np.uint8:
        array = array / np.float32(255)
    dtype = array.dtype if array.dtype.kind == "f" else np.float32
    return torch.from_numpy(np.array(array, dtype=dtype))[None]


def home(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Return the device and the floating dtype of the model's weights."""
    tensors = [t for t in chain(model.parameters(), model.buffers()) if t.is_floating_point()]
    return (tensors[0].device, tensors[0].dtype) if tensors else (torch.device("cpu"), torch.float32)


def is_shape(value: Any) -> bool:
    """Tell whether ``value`` is a plain shape: a tuple or list of integers."""
    return (
        isinstance(value, tuple | list)
        and len(value) > 0
        and all(isinstance(n, int) and not isinstance(n, bool) for n in value)
    )


def as_arguments(value: Any) -> tuple:
    """Return the model's positional arguments: a tuple is several, unless it is a shape."""
    return value if isinstance(value, tuple) and not is_shape(value) else (value,)
