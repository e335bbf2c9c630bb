"""What a fit borrows: device, threads, precision, modes of torch."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from skdl.engine import (
    Data,
    Net,
    Supervised,
    default_torch_modes,
    draw_seed,
    resolve_device,
    resolve_dtype,
    seeded,
    squared_error,
)
from skdl.engine._scope import autocast

CPU = torch.device("cpu")


@pytest.mark.parametrize("given", ["cpu", torch.device("cpu")])
def test_resolve_device(given):
    assert resolve_device(given) == CPU


@pytest.mark.parametrize(("there", "expected"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_cuda_when_there_is_one(monkeypatch, there, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert resolve_device("auto").type == expected


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:3"])
def test_cuda_without_cuda_says_so(monkeypatch, device):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(ValueError, match=r'torch finds 0 CUDA devices.*device="cpu"'):
        resolve_device(device)


@pytest.mark.parametrize("device", ["gpu", "", "cpu cpu", "meta"])
def test_a_device_that_is_none_names_those_that_are(device):
    with pytest.raises(ValueError, match=r'device must be "auto", "cpu"'):
        resolve_device(device)


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [
        ("auto", torch.float32),
        ("float32", torch.float32),
        ("bfloat16", torch.float32),
        ("float64", torch.float64),
    ],
)
def test_resolve_dtype(precision, dtype):
    assert resolve_dtype(precision) is dtype


def product_dtype(module, device, precision):
    with autocast(module, device, precision):
        return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


@pytest.mark.parametrize("safe", [True, False])
@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_auto_on_a_cpu_trains_in_bfloat16_where_it_is_fast_and_safe(
    monkeypatch, safe, fast, training
):
    monkeypatch.setattr("skdl.engine._scope.cpu_multiplies_bfloat16", lambda: fast)
    module = nn.Linear(1, 1).train(training)
    module.bfloat16_safe = safe
    mixed = torch.bfloat16 if safe and fast and training else torch.float32
    assert product_dtype(module, CPU, "auto") is mixed
    assert product_dtype(module, CPU, "bfloat16") is torch.bfloat16
    assert product_dtype(module, CPU, "float32") is torch.float32


@pytest.mark.parametrize("safe", [True, False])
def test_auto_on_cuda_asks_the_module(monkeypatch, safe):
    asked = []
    monkeypatch.setattr(torch, "autocast", lambda kind, dtype: asked.append((kind, dtype)))
    module = nn.Linear(1, 1)
    module.bfloat16_safe = safe
    autocast(module, torch.device("cuda"), "auto")
    assert asked == ([("cuda", torch.bfloat16)] if safe else [])


def test_draw_seed_of_an_int_is_itself():
    assert draw_seed(5) == draw_seed(np.int64(5)) == 5


def test_draw_seed_of_a_random_state_moves_it_on():
    first, second = np.random.RandomState(0), np.random.RandomState(0)
    seeds = [draw_seed(first), draw_seed(first)]
    assert seeds == [draw_seed(second), draw_seed(second)]
    assert seeds[0] != seeds[1]


def test_draw_seed_of_none_differs_and_leaves_numpy_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert len({draw_seed(None) for _ in range(5)}) == 5
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


# Modes of torch ----------------------------------------------------------------------------------


@contextlib.contextmanager
def float64_by_default():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


MODES = {
    "none": contextlib.nullcontext,
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "device": lambda: torch.device("meta"),
    "float64": float64_by_default,
}


def modes_of_torch():
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_default_device().type,
        torch.get_default_dtype(),
    )


DEFAULT = (True, False, False, "cpu", torch.float32)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_modes_are_the_default_inside_and_what_they_were_outside(mode):
    assert modes_of_torch() == DEFAULT
    with mode():
        before = modes_of_torch()
        with default_torch_modes():
            assert modes_of_torch() == DEFAULT
            with torch.no_grad(), default_torch_modes():
                assert modes_of_torch() == DEFAULT
            weight = torch.ones(2, requires_grad=True)
            (weight @ weight).backward()
            assert weight.grad.tolist() == [2, 2]
        assert modes_of_torch() == before
        with pytest.raises(RuntimeError, match="inside"), default_torch_modes():
            raise RuntimeError("inside")
        assert modes_of_torch() == before
    assert modes_of_torch() == DEFAULT


def test_the_default_dtype_stays_until_the_last_fit_has_ended():
    """All threads share it: the first fit that ends must not change it amid the others."""
    inside, ended = threading.Event(), threading.Event()

    def first():
        with default_torch_modes():
            inside.set()
            ended.wait(10)

    with float64_by_default(), ThreadPoolExecutor(1) as threads:
        one = threads.submit(first)
        inside.wait(10)
        with default_torch_modes():
            ended.set()
            one.result()
            assert torch.get_default_dtype() is torch.float32
        assert torch.get_default_dtype() is torch.float64


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_training_and_prediction_do_not_depend_on_modes(mode):
    data = Data({"x": torch.linspace(-1, 1, 60).reshape(20, 3), "y": torch.ones(20, 1)})

    def outcome():
        with seeded(0, CPU), default_torch_modes():
            module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.2), nn.Linear(4, 1))
            module = nn.ModuleDict({"inner": module})
        module.forward = lambda x: module["inner"](x)
        net = Net(module, Supervised(squared_error), max_epochs=3, batch_size=8, patience=2)
        net.initialize().train(data, data)
        return net.outputs(data).tolist(), net.history[:, "train_loss"]

    expected = outcome()
    with mode():
        assert outcome() == expected
