"""What a model is trained on: device, number format and memory layout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .memory import keep_freed_memory


@dataclass(frozen=True)
class Hardware:
    """A device, and the fastest way to compute on it that trains as well as float32.

    Parameters
    ----------
    device : torch.device
    dtype : torch.dtype
        In which convolutions and matrix products are computed. Weights, losses and sums stay float32.
    channels_last : bool
        Whether the channels of a pixel lie next to each other in memory, as convolutions read them.

    Examples
    --------
    >>> hardware = choose_hardware("cpu", torch.float32)
    >>> hardware
    CPU, float32
    >>> with hardware.precision():
    ...     nn.Linear(3, 2)(hardware.put(torch.ones(4, 3))).dtype
    torch.float32
    """

    device: torch.device
    dtype: torch.dtype = torch.float32
    channels_last: bool = False

    def put(self, images: Tensor) -> Tensor:
        """Return a batch on the device, in the layout that the model reads."""
        images = images.to(self.device, non_blocking=True)
        return _channels_last(images) if self.channels_last and images.ndim == 4 else images

    def put_model(self, model: nn.Module) -> nn.Module:
        """Move a model to the device, in place, and return it."""
        model.to(self.device)
        return model.to(memory_format=torch.channels_last) if self.channels_last else model

    def precision(self) -> AbstractContextManager[None]:
        """Return a context in which the forward pass computes in ``dtype``."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    @contextmanager
    def quick_steps(self, model: nn.Module) -> Iterator[None]:
        """Take away what would slow training steps down; the numbers stay the same.

        Memory is kept from step to step, see `keep_freed_memory`. And max pooling is handed its gradients in
        the layout of its maps, until the context ends: torch goes back through it in the layout of the
        gradient, which behind ``Flatten`` is another one, and would copy the maps there and back.
        """
        if self.device.type == "cpu":
            keep_freed_memory()

        def hand_over(_: nn.Module, __: object, pooled: object) -> None:
            if isinstance(pooled, Tensor) and pooled.requires_grad and pooled.ndim == 4:
                pooled.register_hook(_channels_last)

        pools = [m for m in model.modules() if isinstance(m, nn.MaxPool2d)] if self.channels_last else []
        hooks = [pool.register_forward_hook(hand_over) for pool in pools]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def __repr__(self) -> str:
        """Return device and number format, as `fit` prints them."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else None
        return f"{name or self.device.type.upper()}, {str(self.dtype).removeprefix('torch.')}"


def choose_hardware(
    device: torch.device | str | None = None, precision: torch.dtype | None = None
) -> Hardware:
    """Choose the device, number format and layout for training.

    Parameters
    ----------
    device : torch.device or str, optional
        By default a CUDA device, else Apple's (``"mps"``), else the CPU.
    precision : torch.dtype, optional
        By default bfloat16 where the processor computes in it, else float32. bfloat16 has the range of
        float32 with 8 instead of 24 significant bits; a processor that only imitates it is slower with it.

    Raises
    ------
    ValueError
        When the device is not there, or precision is neither float32 nor bfloat16.
    """
    if device is None:
        mps = torch.backends.mps.is_available()
        device = "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
    else:
        _require(device)
    device = torch.device(device)
    if precision not in (None, torch.float32, torch.bfloat16):
        raise ValueError(f"got precision={precision}, expected torch.float32 or torch.bfloat16")
    if precision is None:
        precision = torch.bfloat16 if _computes_bfloat16(device) else torch.float32
    return Hardware(device, precision, channels_last=device.type in ("cpu", "cuda"))


def _require(device: torch.device | str) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device={str(device)!r} cannot be used here ({reason}); leave it out to have one chosen"
        ) from None


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


def _computes_bfloat16(device: torch.device) -> bool:
    """Whether the processor itself computes in bfloat16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        has = torch.cpu.get_capabilities()
        return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    return False
