"""SegNet and U-Net compute nearly the same in the fast format and layout as in float32, and train as well."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.models import SegNet, UNet
from cnncourse.training import Hardware

CPU = torch.device("cpu")
NETWORKS = {
    "SegNet": lambda: SegNet(5, 8, convs=(2, 2, 2)),
    "U-Net": lambda: UNet(3, 5, 8, depth=3, padded=True, batch_norm=True),
    "unpadded U-Net": lambda: UNet(3, 5, 8, depth=3),
}
EXACT = {
    "float32": Hardware(CPU),
    "float32, channels last": Hardware(CPU, channels_last=True),
}
QUICK = Hardware(CPU, torch.bfloat16, channels_last=True)


def passed(build, hardware):
    """Return logits and gradients of one training step's way there and back."""
    torch.manual_seed(0)
    model, images = hardware.put_model(build()), hardware.put(torch.rand(2, 3, 100, 108))
    with hardware.quick_steps(model):
        with hardware.precision():
            logits = model(images)
        targets = torch.randint(5, (2, *logits.shape[2:]), generator=torch.Generator().manual_seed(1))
        F.cross_entropy(logits.float(), targets).backward()
    return logits.detach().float(), torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def difference(a, b):
    """Return how long the difference is, against b."""
    return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_layout_changes_nothing_and_bfloat16_little(name):
    """Where two pixels of a window are nearly equal, rounding decides which SegNet puts the value back to."""
    logits, gradient = passed(NETWORKS[name], EXACT["float32"])
    logits_bound = 0.35 if name == "SegNet" else 0.1
    for hardware, bounds in ((EXACT["float32, channels last"], (1e-4, 0.05)), (QUICK, (logits_bound, 0.6))):
        found = passed(NETWORKS[name], hardware)
        assert difference(found[0], logits) < bounds[0]
        assert difference(found[1], gradient) < bounds[1]


@pytest.mark.parametrize("name", ["SegNet", "U-Net"])
def test_a_task_is_learned_as_well_in_either_format(name):
    """Tell bright squares from the rest, by the same steps from the same weights."""
    torch.manual_seed(0)
    images = 0.3 * torch.rand(16, 3, 32, 40)
    targets = torch.zeros(16, 32, 40, dtype=torch.int64)
    for image, target, y, x in zip(images, targets, *torch.randint(24, (2, 16)).tolist(), strict=True):
        image[:, y : y + 8, x : x + 8] += 0.4
        target[y : y + 8, x : x + 8] = 1
    start, right = NETWORKS[name](), []
    for hardware in (EXACT["float32"], QUICK):
        model = hardware.put_model(copy.deepcopy(start))
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        for step in range(40):
            some = slice(8 * (step % 2), 8 * (step % 2) + 8)
            with hardware.precision():
                logits = model(hardware.put(images[some]))
            optimizer.zero_grad()
            F.cross_entropy(logits.float(), targets[some]).backward()
            optimizer.step()
        with torch.no_grad():
            predicted = model.eval()(images).argmax(1)
            with QUICK.precision():
                quickly = model(QUICK.put(images)).argmax(1)
        assert (predicted == quickly).float().mean() > 0.995
        right.append((predicted == targets).float().mean().item())
    assert min(right) > 0.94, right
    assert abs(right[0] - right[1]) < 0.02, right


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_keep_their_layout_on_the_way_there_and_back(name):
    """One layer that hands on another layout makes all after it copy, or compute slowly."""
    torch.manual_seed(0)
    model, wrong = QUICK.put_model(NETWORKS[name]()), []

    def look(layer, _, out):
        out = out[0] if isinstance(out, tuple) else out
        if out.stride(1) != 1:
            wrong.append(f"{layer}, forward")
        if out.requires_grad:
            out.register_hook(lambda gradient, layer=layer: back(layer, gradient))

    def back(layer, gradient):
        if gradient.stride(1) != 1:  # a part of what was concatenated is not contiguous
            wrong.append(f"{layer}, backward")

    kinds = nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d | nn.ReLU | nn.MaxPool2d
    for layer in [layer for layer in model.modules() if isinstance(layer, kinds)][:-1]:  # not the scores
        layer.register_forward_hook(look)
    size = (100, 108) if name == "unpadded U-Net" else (96, 112)
    with QUICK.precision():
        logits = model(QUICK.put(torch.rand(2, 3, *size)))
    F.cross_entropy(logits.float(), torch.zeros(2, *logits.shape[2:], dtype=torch.int64)).backward()
    assert not wrong
