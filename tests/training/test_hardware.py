"""What is chosen on which machine; the machines are pretended."""

import os
import platform
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn

from cnncourse.training import Hardware, choose_hardware

from .tiny import classes_data, classifier


@pytest.fixture
def machine(monkeypatch):
    """Return a function that pretends to be on a machine."""

    def pretend(cuda=False, cuda_bf16=False, mps=False, cpu=()):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: cuda_bf16)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(cpu, True), raising=False)

    return pretend


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        ({}, ("cpu", torch.float32, True)),
        ({"cpu": ["avx2", "avx512_bf16"]}, ("cpu", torch.bfloat16, True)),
        ({"cpu": ["amx_bf16"]}, ("cpu", torch.bfloat16, True)),
        ({"mps": True, "cpu": ["avx512_bf16"]}, ("mps", torch.float32, False)),
        ({"cuda": True}, ("cuda", torch.float32, True)),
        ({"cuda": True, "cuda_bf16": True, "mps": True}, ("cuda", torch.bfloat16, True)),
    ],
)
def test_the_fastest_device_and_the_format_that_it_has_are_chosen(machine, has, expected):
    machine(**has)
    found = choose_hardware()
    assert (found.device.type, found.dtype, found.channels_last) == expected


def test_an_old_torch_that_cannot_tell_what_the_processor_has_computes_in_float32(machine, monkeypatch):
    machine(cpu=["avx512_bf16"])
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert choose_hardware().dtype == torch.float32


def test_what_is_asked_for_is_taken(machine):
    machine(cuda=True, cuda_bf16=True, cpu=["avx512_bf16"])
    assert choose_hardware("cpu", torch.float32) == Hardware(torch.device("cpu"), torch.float32, True)
    assert choose_hardware(torch.device("cpu")).dtype == torch.bfloat16


@pytest.mark.parametrize("device", ["cuda:99", "mps:7", "gpu"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(ValueError, match=f"device='{device}' cannot be used here .*leave it out"):
        choose_hardware(device)


@pytest.mark.parametrize("precision", [torch.float16, torch.float64, "bfloat16"])
def test_other_formats_are_refused(precision):
    with pytest.raises(ValueError, match=r"expected torch\.float32 or torch\.bfloat16"):
        choose_hardware("cpu", precision)


def test_it_says_what_it_is(machine):
    machine()
    assert repr(choose_hardware()) == "CPU, float32"
    assert repr(Hardware(torch.device("cpu"), torch.bfloat16)) == "CPU, bfloat16"
    assert repr(Hardware(torch.device("mps"))) == "MPS, float32"


def test_layers_compute_in_the_chosen_format_and_weights_stay():
    layer = nn.Linear(3, 2)
    with Hardware(torch.device("cpu"), torch.bfloat16).precision():
        assert layer(torch.ones(1, 3)).dtype == torch.bfloat16
    assert layer.weight.dtype == torch.float32


def test_images_and_model_lie_in_the_layout():
    hardware = Hardware(torch.device("cpu"), channels_last=True)
    images = torch.rand(2, 3, 5, 7)
    assert hardware.put(images).is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(hardware.put(images), images)
    model = hardware.put_model(nn.Conv2d(3, 4, 3))
    assert model.weight.is_contiguous(memory_format=torch.channels_last)
    assert Hardware(torch.device("cpu")).put(images).is_contiguous()


@pytest.mark.parametrize("channels", [1, 3])
def test_gradients_are_the_same_in_quick_steps_and_no_hook_stays(channels):
    """A maximum of ties goes to the first in either layout, so this holds to the last bit."""
    data = classes_data(count=4, size=(9, 11), channels=channels)
    images, targets = next(data.batches(4))
    hardware, gradients = Hardware(torch.device("cpu"), channels_last=True), []
    for inside in (True, False):
        model = hardware.put_model(classifier(channels, (9, 11)))
        maps = []
        model[2].register_forward_pre_hook(lambda _, given, maps=maps: maps.append(given[0]))
        with hardware.quick_steps(model if inside else nn.Identity()):
            logits = model(hardware.put(images))
        maps[0].retain_grad()
        nn.functional.cross_entropy(logits, targets).backward()
        gradients.append([maps[0].grad, *(parameter.grad for parameter in model.parameters())])
        assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc hands memory back so soon")
def test_steps_ask_the_system_for_no_memory_again():
    program = """
        import resource, torch
        from cnncourse.datasets import Dataset
        from cnncourse.models import simple_cnn
        from cnncourse.training import fit

        images = torch.zeros(32 * 40, 1, 28, 28, dtype=torch.uint8)
        data, model = Dataset(images, torch.zeros(len(images), dtype=torch.int64), ("a", "b")), simple_cnn(2)
        for epoch in range(3):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            fit(model, data, None, 1, device="cpu", progress=False)
        print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 40)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert float(done.stdout) < 100  # page faults in a step; more than a thousand otherwise


def test_pooling_with_indices_is_left_alone():
    hardware = Hardware(torch.device("cpu"), channels_last=True)
    pool = nn.MaxPool2d(2, return_indices=True)
    with hardware.quick_steps(pool):
        values, indices = pool(torch.rand(1, 2, 4, 4, requires_grad=True))
        values.sum().backward()
    assert indices.shape == (1, 2, 2, 2)
