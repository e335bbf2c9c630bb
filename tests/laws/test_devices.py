"""Laws of devices."""

import pickle

import pytest
import torch

from tests.laws.common import answers, assert_close, assert_same, every


@every()
def test_to_moves_and_returns_self(instance):
    """The device can be changed after fit, to one that there is."""
    X, y = instance.data()
    model = instance.fitted(X, y)
    before = answers(model, X)
    assert model.to("cpu") is model
    assert model.device_ == "cpu"
    assert_same(answers(model, X), before)
    with pytest.raises(ValueError, match="device"):
        model.to("nowhere")
    with pytest.raises(ValueError, match="device"):
        instance.fitted(X, y, device="nowhere")
    assert_same(answers(model, X), before)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@every()
def test_cpu_and_cuda_agree(instance):
    """Fits are alike, moved models predict the same."""
    X, y = instance.data()
    params = instance.known(precision="float32", dropout=0.0)
    on_cpu = instance.fitted(X, y, **params)
    on_cuda = instance.fitted(X, y, device="cuda", **params)
    assert on_cuda.device_.startswith("cuda")
    expected = answers(on_cpu, X)
    assert_close(answers(on_cuda, X), expected, atol=1e-2)
    assert_close(answers(on_cpu.to("cuda"), X), expected, atol=1e-4)
    assert_close(answers(pickle.loads(pickle.dumps(on_cpu)).to("cpu"), X), expected, atol=1e-4)
