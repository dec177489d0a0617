"""The doctor finds what is broken, says what to do, and never breaks itself."""

import re
import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from cnncourse import __main__, doctor

HEALTHY = '{"built_for": null, "name": "", "memory": 0, "mps": false}'


def answering(text):
    return lambda executable, code, folder=None: text


def test_here_nothing_is_broken():
    findings = doctor.diagnose()
    assert not [finding for finding in findings if finding.broken]
    topics = ["Python", "packages", "torch", "GPU", "kernel", "widgets", "machine", "disk", "browser"]
    assert [finding.topic for finding in findings] == topics


def test_a_package_below_its_lower_bound_is_named_with_the_bound(monkeypatch):
    monkeypatch.setattr(
        metadata, "requires", lambda name: ["numpy>=99.1", "scipy>=1", 'nosuch>=1; extra == "lab"']
    )
    too_old, rest = doctor.packages()
    assert too_old.broken
    assert "numpy" in too_old.text
    assert ">=99.1" in too_old.text
    assert "make lab" in too_old.remedy
    assert not rest.broken
    assert rest.text.startswith("scipy")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: ["no-such-package>=1"])
    assert next(doctor.packages()).text == "no-such-package is missing"


def test_torchvision_of_another_build_is_found(monkeypatch):
    monkeypatch.setattr(
        doctor, "TORCH_PROBE", "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    (finding,) = doctor.torch_and_gpu()
    assert finding.broken
    assert "torchvision::nms does not exist" in finding.text
    assert "make clean" in finding.remedy


def test_torch_that_ends_the_process_does_not_end_the_doctor(monkeypatch):
    monkeypatch.setattr(doctor, "TORCH_PROBE", "import os; os.abort()")
    (finding,) = doctor.torch_and_gpu()
    assert finding.broken


@pytest.mark.parametrize(
    ("answer", "driver", "text", "remedy"),
    [
        (HEALTHY, "", "everything runs on the CPU", ""),
        (HEALTHY, "RTX 9", "RTX 9, but torch was built for the CPU", "make lab TORCH=default"),
        (HEALTHY.replace("null", '"13.2"'), "RTX 9", "RTX 9, but torch cannot use it", "driver"),
        (
            HEALTHY.replace('"name": ""', '"name": "RTX 9"').replace("0", "17179869184"),
            "",
            "RTX 9, 16 GiB",
            "",
        ),
        (HEALTHY.replace("false", "true"), "", "Apple GPU", ""),
    ],
)
def test_gpu(monkeypatch, answer, driver, text, remedy):
    monkeypatch.setattr(doctor, "_ask", answering(answer))
    monkeypatch.setattr(doctor, "_nvidia_gpu", lambda: driver)
    _, gpu = doctor.torch_and_gpu()
    assert text in gpu.text
    assert remedy in gpu.remedy
    assert bool(gpu.remedy) == bool(remedy)
    assert not gpu.broken


def test_a_kernel_of_another_python_is_found(monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager

    elsewhere = SimpleNamespace(argv=["/elsewhere/bin/python", "-m", "ipykernel_launcher"])
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda self, name: elsewhere)
    (finding,) = doctor.kernel()
    assert finding.broken
    assert "/elsewhere/bin/python" in finding.text
    assert "ipykernel install" in finding.remedy


def test_a_missing_module_is_a_finding_not_a_crash(monkeypatch):
    def kernel():
        raise ModuleNotFoundError("No module named 'jupyter_client'", name="jupyter_client")

    monkeypatch.setattr(doctor, "kernel", kernel)
    monkeypatch.setattr(doctor, "_ask", answering(HEALTHY))
    (broken,) = [finding for finding in doctor.diagnose() if finding.broken]
    assert (broken.topic, broken.text) == ("kernel", "jupyter_client is missing")


def test_little_memory_is_a_note_with_a_remedy(monkeypatch):
    import psutil

    memory = SimpleNamespace(available=2**29, total=2**33)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    (finding,) = doctor.machine()
    assert "0.5 of 8.0 GiB" in finding.text
    assert "close other programs" in finding.remedy
    assert not finding.broken


@pytest.mark.parametrize("broken", [False, True])
def test_the_exit_status_says_whether_something_is_broken(monkeypatch, capsys, broken):
    finding = doctor.Finding("disk", "full", "Make room.", broken)
    monkeypatch.setattr(doctor, "diagnose", lambda: [finding])
    assert __main__.main(["doctor"]) == int(broken)
    printed = capsys.readouterr().out
    assert "disk" in printed
    assert "-> Make room." in printed
    assert ("lessons will not run" in printed) == broken


def test_progress_prints_the_report(monkeypatch, capsys):
    from cnncourse.checks import progress

    monkeypatch.setattr(progress, "report", lambda: "Lesson 1: 2 of 4")
    assert __main__.main(["progress"]) == 0
    assert capsys.readouterr().out == "Lesson 1: 2 of 4\n"


def test_an_unknown_command_lists_the_known_ones(capsys):
    with pytest.raises(SystemExit) as stopped:
        __main__.main(["docter"])
    assert stopped.value.code == 2
    assert re.search("docter.*doctor.*progress", capsys.readouterr().err)


def test_help_needs_neither_torch_nor_numpy():
    code = """
import sys
from cnncourse.__main__ import main
try:
    main(["--help"])
except SystemExit:
    print({"torch", "numpy", "matplotlib"} & sys.modules.keys())
"""
    asked = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "doctor" in asked.stdout
    assert asked.stdout.endswith("set()\n")
