"""Choice of device and precision on machines with other hardware, full memory, and towers on another device."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from indexer.models import DeviceFailed, DeviceUnavailable, open_checkpoint
from indexer.models.backends.accelerators import (
    Accelerator,
    ThisMachine,
    has_nvidia_card,
    is_memory_full,
    reason_of,
)
from indexer.models.backends.devices import choose_device, computes_bfloat16
from indexer.models.backends.fitting_passes import FittingPasses, MemoryTooSmall
from indexer.models.backends.linear import JOINED, PLAIN
from indexer.models.device_names import canonical
from indexer.models.siglip.torch_encoders import SiglipImageEncoder, TorchTextEncoder
from indexer.models.siglip.towers import TextTower, VisionTower

#: Memory of the CPU under another name, which stands for an accelerator.
OTHER = "cpu:1"
KINDS = ["v1", "v1 of 16 tokens", "v2", "v2 of two widths", "v2 of odd sizes", "naflex"]


class FakeMachine:
    """A machine with these accelerators, some of them with a fault in each precision or in one."""

    def __init__(self, *accelerators, faults=()):
        self._accelerators = accelerators
        self._faults = dict(faults)

    def accelerators(self):
        return self._accelerators

    def fault(self, accelerator, precision):
        return self._faults.get((accelerator.device, precision)) or self._faults.get(accelerator.device)


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
    assert choose_device(large, machine=FakeMachine(accelerator)) == (accelerator.device, expected)


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


class Memory:
    """Room for a number of items; with more, the error of full memory. Records the numbers of items."""

    def __init__(self, room, error=None):
        self._room = room
        self._error = error or torch.OutOfMemoryError("CUDA out of memory.")
        self.calls = []

    def __call__(self, items):
        self.calls.append(len(items))
        if len(items) > self._room:
            raise self._error
        return np.array([[each, 1] for each in items], np.float32)


def test_passes_are_halved_until_they_fit_and_that_is_remembered():
    memory, emptied = Memory(5), []
    passes = FittingPasses(memory, 16, lambda: emptied.append(True))
    expected = np.array([[each, 1] for each in range(16)], np.float32)
    np.testing.assert_array_equal(passes(range(16)), expected)
    assert memory.calls == [16, 8, 4, 4, 4, 4]
    assert (passes.most, len(emptied)) == (4, 2)
    np.testing.assert_array_equal(passes(range(16)), expected)
    assert memory.calls[6:] == [4, 4, 4, 4]


def test_a_single_item_that_does_not_fit_is_said():
    passes = FittingPasses(Memory(0), 4)
    with pytest.raises(MemoryTooSmall):
        passes(range(4))


def test_other_errors_are_not_retried():
    memory = Memory(1, RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        FittingPasses(memory, 4)(range(4))
    assert memory.calls == [4]


class SmallCard:
    """Makes true towers; those on the accelerator have room for a number of pictures, or not for their weights."""

    def __init__(self, room, *, holds_weights=True):
        self._room = room
        self._holds_weights = holds_weights
        self.calls = []

    def __call__(self, checkpoint, device, precision, layers):
        if device != OTHER:
            return VisionTower(checkpoint, device, precision, layers)
        if not self._holds_weights:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        tower = VisionTower(checkpoint, device, precision, layers)

        def limited(pixels):
            self.calls.append(len(pixels))
            if len(pixels) > self._room:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return tower(pixels)

        return limited


def encoder_on(card, checkpoint, told):
    return SiglipImageEncoder(
        checkpoint,
        OTHER,
        "float32",
        machine=FakeMachine(Accelerator(OTHER, "a card")),
        on_notice=told.append,
        make_tower=card,
    )


def noise(checkpoint, count):
    size = checkpoint.image_size
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


@pytest.mark.parametrize("room", [64, 9, 1])
def test_a_card_of_little_memory_makes_the_same_vectors(checkpoints, room):
    checkpoint, told = open_checkpoint(checkpoints["v2"]), []
    card = SmallCard(room)
    encoder = encoder_on(card, checkpoint, told)
    pixels = noise(checkpoint, 40)
    found = encoder.encode(pixels)
    np.testing.assert_allclose(found, SiglipImageEncoder(checkpoint, "cpu", "float32").encode(pixels), atol=1e-5)
    assert (encoder.device, told) == (OTHER, [])
    assert encoder.batch_size == {64: 64, 9: 5, 1: 1}[room]
    before = len(card.calls)
    encoder.encode(pixels)
    assert max(card.calls[before:]) <= room


@pytest.mark.parametrize(("room", "holds_weights"), [(0, True), (9, False)])
def test_the_cpu_goes_on_where_not_even_one_picture_fits(checkpoints, room, holds_weights):
    checkpoint, told = open_checkpoint(checkpoints["v2"]), []
    encoder = encoder_on(SmallCard(room, holds_weights=holds_weights), checkpoint, told)
    pixels = noise(checkpoint, 20)
    found = encoder.encode(pixels)
    np.testing.assert_array_equal(found, SiglipImageEncoder(checkpoint, "cpu", "float32").encode(pixels))
    assert (encoder.device, encoder.batch_size) == ("cpu", 8 * torch.get_num_threads())
    assert told == [f"The memory of {OTHER} is too small for this model. The CPU is used instead."]
    encoder.encode(pixels)
    assert len(told) == 1


def test_an_accelerator_computes_one_pass_at_a_time(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    names = set()

    class Card(SmallCard):
        def __call__(self, *arguments):
            limited = super().__call__(*arguments)

            def named(pixels):
                names.add(threading.current_thread().name)
                return limited(pixels)

            return named

    encoder_on(Card(64), checkpoint, []).encode(noise(checkpoint, 200))
    assert len(names) == 1


def test_texts_are_encoded_on_an_accelerator(checkpoints):
    checkpoint = open_checkpoint(checkpoints["v2"])
    found = TorchTextEncoder(checkpoint, OTHER, machine=FakeMachine(Accelerator(OTHER, "a card"))).encode_text(["snow"])
    np.testing.assert_allclose(found, TorchTextEncoder(checkpoint, "cpu").encode_text(["snow"]), atol=1e-6)


class OnOneDevice(TorchDispatchMode):
    """Fails at operations that take tensors of two devices. `meta` itself refuses only some of these."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        devices = {each.device.type for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)}
        assert len(devices) < 2 or func is torch.ops.aten._to_copy.default, f"{func} on {devices}"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("kit", [PLAIN, JOINED], ids=["apart", "joined"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_weights_of_a_tower_are_on_its_device(checkpoints, kind, precision, kit):
    checkpoint = open_checkpoint(checkpoints[kind])
    dtype = getattr(torch, precision)
    rows, columns = (checkpoint.grid, checkpoint.grid) if checkpoint.patches is None else (14, 18)
    side = checkpoint.patch_size
    with torch.inference_mode():
        tower = VisionTower(checkpoint, "meta", precision, kit)
        pixels = torch.empty(3, rows * side, columns * side, 3, dtype=dtype, device="meta")
        with OnOneDevice():
            found = tower(pixels)
    assert (found.device.type, found.dtype, tuple(found.shape)) == ("meta", dtype, (3, checkpoint.dimension))


@pytest.mark.parametrize("kind", KINDS)
def test_all_weights_of_a_text_tower_are_on_its_device(checkpoints, kind):
    checkpoint = open_checkpoint(checkpoints[kind])
    with torch.inference_mode():
        tower = TextTower(checkpoint, "meta")
        with OnOneDevice():
            found = tower(torch.zeros(2, checkpoint.text_length, dtype=torch.int64, device="meta"))
    assert (found.device.type, tuple(found.shape)) == ("meta", (2, checkpoint.dimension))


def test_a_weight_that_was_left_on_the_cpu_is_found():
    with pytest.raises(AssertionError, match="on"), OnOneDevice():
        torch.nn.functional.linear(torch.empty(2, 3, device="meta"), torch.ones(4, 3))
