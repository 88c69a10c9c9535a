"""Choice of device and precision on machines with other hardware."""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
import sys

import pytest
import torch

from indexer.models import DeviceFailed, DeviceUnavailable, open_checkpoint
from indexer.models.backends.accelerators import (
    Accelerator,
    ThisMachine,
    has_nvidia_card,
    is_memory_full,
    reason_of,
)
from indexer.models.backends.devices import best_precision, choose_device, computes_bfloat16
from indexer.models.device_names import canonical
from tests.indexer.models.machines import OTHER, FakeMachine


def cuda(index, *capability):
    return Accelerator(f"cuda:{index}", f"Card {index}", capability)


@pytest.fixture
def large(checkpoints):
    return dataclasses.replace(open_checkpoint(checkpoints["v2"]), vision_parameters=92_900_000)


@pytest.mark.parametrize(
    ("accelerator", "expected"),
    [
        (cuda(0, 12, 0), "bfloat16"),
        (cuda(0, 9, 0), "bfloat16"),
        (cuda(0, 8, 0), "bfloat16"),
        (cuda(0, 7, 5), "float16"),
        (cuda(0, 7, 0), "float16"),
        (cuda(0, 6, 1), "float32"),
        (cuda(0, 5, 2), "float32"),
        (Accelerator("xpu:0", "Arc", has_bfloat16=True), "bfloat16"),
        (Accelerator("xpu:0", "Iris"), "float32"),
        (Accelerator("mps", "Apple's GPU"), "float32"),
    ],
)
def test_the_precision_is_the_fastest_of_the_hardware(large, accelerator, expected):
    machine = FakeMachine(accelerator)
    assert choose_device(large, machine=machine) == (accelerator.device, expected)
    assert best_precision(large, accelerator.device, machine) == expected


def test_small_models_run_in_float32_on_any_hardware(checkpoints):
    small = open_checkpoint(checkpoints["v2"])
    assert choose_device(small, machine=FakeMachine(cuda(0, 9, 0))) == ("cuda:0", "float32")


def test_the_capability_is_that_of_the_chosen_device(large):
    machine = FakeMachine(cuda(0, 9, 0), cuda(1, 7, 5), cuda(2, 6, 1))
    found = {
        name: choose_device(large, name, machine=machine) for name in ("auto", "cuda", "cuda:0", "cuda:1", "cuda:2")
    }
    assert found == {
        "auto": ("cuda:0", "bfloat16"),
        "cuda": ("cuda:0", "bfloat16"),
        "cuda:0": ("cuda:0", "bfloat16"),
        "cuda:1": ("cuda:1", "float16"),
        "cuda:2": ("cuda:2", "float32"),
    }


@pytest.mark.parametrize("name", ["cuda:3", "xpu", "mps", "cpu:1"])
def test_a_device_that_is_not_there_is_refused_with_the_others(large, name):
    with pytest.raises(DeviceUnavailable, match=r"cuda:0, cpu\.$"):
        choose_device(large, name, machine=FakeMachine(cuda(0, 9, 0)))


def test_names_of_a_device_have_one_spelling():
    names = [None, "auto", "cpu", "cpu:0", "cuda", "cuda:0", "cuda:2", "xpu", "mps:0"]
    found = [canonical(name) for name in names]
    assert found == [None, None, "cpu", "cpu", "cuda:0", "cuda:0", "cuda:2", "xpu:0", "mps"]


NO_KERNEL = "this version of torch does not support the card (compute capability 6.1)"


def test_a_card_that_does_not_work_leaves_the_cpu_and_a_sentence(large):
    machine, told = FakeMachine(cuda(0, 6, 1), faults={"cuda:0": NO_KERNEL}), []
    device, precision = choose_device(large, machine=machine, on_notice=told.append)
    assert (device, precision) == ("cpu", "bfloat16" if computes_bfloat16() else "float32")
    assert told == [f"Card 0 (cuda:0) cannot be used in float32: {NO_KERNEL}. The CPU is used instead."]


def test_the_next_card_is_used_if_the_first_does_not_work(large):
    machine, told = FakeMachine(cuda(0, 6, 1), cuda(1, 8, 6), faults={"cuda:0": NO_KERNEL}), []
    assert choose_device(large, machine=machine, on_notice=told.append) == ("cuda:1", "bfloat16")
    assert told[0].endswith("cuda:1 is used instead.")


def test_a_card_that_was_asked_for_and_does_not_work_is_an_error(large):
    machine = FakeMachine(cuda(0, 6, 1), faults={"cuda:0": NO_KERNEL})
    with pytest.raises(DeviceFailed, match=r"Card 0 \(cuda:0\) cannot be used in float32: .*--device cpu or auto\.$"):
        choose_device(large, "cuda", machine=machine)


def test_a_library_in_bfloat16_is_made_on_older_cards_if_they_can(large):
    old = cuda(0, 7, 5)
    assert choose_device(large, precision="bfloat16", machine=FakeMachine(old)) == ("cuda:0", "bfloat16")
    told = []
    machine = FakeMachine(old, faults={("cuda:0", "bfloat16"): "torch says 'no'"})
    assert choose_device(large, precision="bfloat16", machine=machine, on_notice=told.append) == ("cpu", "bfloat16")
    assert len(told) == 1


def test_int8_is_for_the_cpu_also_beside_a_gpu(large):
    machine = FakeMachine(cuda(0, 9, 0))
    assert choose_device(large, precision="int8", machine=machine) == ("cpu", "int8")
    assert choose_device(large, "auto", "int8-narrow", machine=machine) == ("cpu", "int8-narrow")
    with pytest.raises(DeviceUnavailable, match="'int8 on cuda'"):
        choose_device(large, "cuda", "int8", machine=machine)


def test_bfloat16_is_not_chosen_where_the_processor_emulates_it():
    # The limit is oneDNN's own; without it, some processors that run this test compute in bfloat16.
    code = "from indexer.models.backends.devices import computes_bfloat16; print(computes_bfloat16())"
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False" or platform.machine() not in {"x86_64", "AMD64"}


def test_the_devices_of_this_machine_are_named_as_torch_names_them():
    for accelerator in ThisMachine().accelerators():
        assert torch.device(accelerator.device).type == accelerator.kind


def test_a_fault_is_found_by_trying():
    machine = ThisMachine()
    assert machine.fault(Accelerator(OTHER, "another name of this CPU"), "float32") is None
    # No machine has a card of that number.
    assert machine.fault(Accelerator("cuda:99", "none"), "float32") is not None


def test_errors_of_torch_become_reasons():
    kernel = RuntimeError("CUDA error: no kernel image is available for execution on the device\nCUDA kernel errors …")
    assert reason_of(kernel, (6, 1)) == NO_KERNEL
    driver = RuntimeError("The NVIDIA driver on your system is too old (found version 11040).")
    assert reason_of(driver) == "its driver is missing or too old for this version of torch"
    assert reason_of(torch.OutOfMemoryError("CUDA out of memory.")) == "its memory is full"
    assert reason_of(RuntimeError("strange\nmore")) == "torch says 'strange'"


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB, max allowed: 9.07 GB)."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"),
    ],
)
def test_full_memory_is_told_from_other_errors(error):
    assert is_memory_full(error)
    assert not is_memory_full(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_memory_full(MemoryError())


def test_cards_by_nvidia_are_found_without_a_driver(tmp_path):
    assert not has_nvidia_card(tmp_path / "nothing")
    for name, vendor, kind in [("sound", "0x10de", "0x040300"), ("intel", "0x8086", "0x030000")]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendor").write_text(f"{vendor}\n")
        (tmp_path / name / "class").write_text(f"{kind}\n")
    assert not has_nvidia_card(tmp_path)
    (tmp_path / "sound" / "class").write_text("0x030200\n")
    assert has_nvidia_card(tmp_path)
