"""Train a network for a few steps, and print seconds per step, peak memory and size as JSON.

    python train_steps.py WHO NETWORK WIDTH STEPS THREADS

Only who is "ours" needs cnncourse: the others run in an environment that has none.
"""

import json
import resource
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

BATCH, SIZE, CLASSES = 8, (128, 128), 11
WARM = 2  # steps that are not counted: torch loads and prepares things in the first


class Clock:
    """Notes when a step ends."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.processor: list[float] = []

    def step(self, **_: float) -> None:
        """Note the time."""
        self.wall.append(time.perf_counter())
        self.processor.append(time.process_time())

    def epoch(self, **_: float) -> None:
        """Do nothing: there is one epoch."""


def train_ours(name: str, width: int, images: torch.Tensor, targets: torch.Tensor, clock: Clock) -> nn.Module:
    """Train with `fit`, as a lesson does."""
    from cnncourse import models
    from cnncourse.datasets import Dataset
    from cnncourse.training import fit

    data = Dataset(images, targets, tuple(map(str, range(CLASSES))))
    if name == "unet":
        model: nn.Module = models.UNet(3, CLASSES, width, padded=True, batch_norm=True)
    else:
        model = models.SegNet(CLASSES, width)
    options = {"optimizer": torch.optim.AdamW, "lr": 1e-3, "batch_size": BATCH, "device": "cpu"}
    fit(model, data, None, 1, **options, curves=clock, progress=False)
    return model


def train_theirs(
    who: str, name: str, width: int, images: torch.Tensor, targets: torch.Tensor, clock: Clock
) -> nn.Module:
    """Train with the loop of a tutorial; "smp in bfloat16" with the number format and layout of ours."""
    quick = who == "smp in bfloat16"
    if who == "plain":
        import plain

        model = {"unet": plain.UNet, "segnet": plain.SegNet}[name](CLASSES, width)
    else:
        import segmentation_models_pytorch as smp

        maps = [512, 256, 128, 64]
        model = smp.Unet("vgg13_bn", 4, None, decoder_channels=maps, classes=CLASSES)
    layout = torch.channels_last if quick else torch.contiguous_format
    model = model.to(memory_format=layout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for batch, target in zip(images.split(BATCH), targets.split(BATCH), strict=True):
        x = (batch.float() / 255).contiguous(memory_format=layout)
        with torch.autocast("cpu", torch.bfloat16, enabled=quick):
            logits = model(x)
        loss = F.cross_entropy(logits.float(), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        clock.step(loss=loss.item())
    return model


def main(who: str, name: str, width: int, steps: int, threads: int) -> dict:
    """Train, then count; 0 threads leaves the number to torch."""
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(0)
    count = BATCH * (WARM + steps)
    images = torch.randint(256, (count, 3, *SIZE), dtype=torch.uint8)
    targets = torch.randint(CLASSES, (count, *SIZE))
    clock, before = Clock(), peak()
    if who == "ours":
        model = train_ours(name, width, images, targets, clock)
    else:
        model = train_theirs(who, name, width, images, targets, clock)
    memory = peak() - before

    def step_times(ends: list[float]) -> float:
        return statistics.median(b - a for a, b in zip(ends[WARM - 1 :], ends[WARM:], strict=False))

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.zeros(1, 3, *SIZE))
    return {
        "seconds": step_times(clock.wall),
        "processor_seconds": step_times(clock.processor),
        "memory": memory,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "multiply_adds": counter.get_total_flops() / 2,
        "torch": torch.__version__.partition("+")[0],
    }


def peak() -> int:
    """Return the most memory that the process has held so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))))
