"""What a forked child process finds."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from skdl.engine import default_torch_modes
from skdl.engine._scope import FLOAT32_BY_DEFAULT
from skdl.engine._threads import LIMITED, scoped_threads
from skdl.estimators import CNNClassifier
from tests.fits import in_fork

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)


def test_torch_computes_in_a_child_of_a_parent_that_used_threads():
    expected = torch.ones(2**20).exp().sum()
    assert in_fork(lambda: torch.ones(2**20).exp().sum().item()) == pytest.approx(expected.item())


def test_a_child_has_one_thread_and_the_parent_keeps_its_own():
    before = torch.get_num_threads()
    assert in_fork(torch.get_num_threads) == 1
    assert torch.get_num_threads() == before


def test_threads_that_are_asked_for_in_the_child_stay():
    def asked():
        torch.set_num_threads(3)
        with scoped_threads(2):
            inside = torch.get_num_threads()
        return inside, torch.get_num_threads()

    assert in_fork(asked) == (2, 3)


@pytest.mark.parametrize("method", ["fit", "predict"])
def test_a_child_that_asks_for_threads_fits_and_predicts(method):
    """Its number of threads stays as it is set, and one does the work."""
    X = np.random.default_rng(0).normal(size=(64, 32, 32)).astype(np.float32)
    model = CNNClassifier((8,), max_epochs=1, random_state=0).fit(X, np.arange(64) % 2)

    def with_threads():
        torch.set_num_threads(2)
        fitted = model.fit(X, np.arange(64) % 2) if method == "fit" else model
        return len(fitted.predict(X)), torch.get_num_threads()

    assert in_fork(with_threads) == (64, 2)


@pytest.fixture
def float64_and_a_fit_elsewhere():
    """float64 is the default; another thread is amid a fit, which wants float32."""
    torch.set_default_dtype(torch.float64)
    entered, over = threading.Event(), threading.Event()

    def fit():
        with default_torch_modes(), scoped_threads(1):
            entered.set()
            over.wait()

    with ThreadPoolExecutor(1) as other:
        done = other.submit(fit)
        entered.wait()
        assert torch.get_default_dtype() == torch.float32
        try:
            yield
        finally:
            over.set()
        done.result()
    assert torch.get_default_dtype() == torch.float64
    torch.set_default_dtype(torch.float32)


def modes():
    """The default dtype outside, inside and after a fit; what is left of limits."""
    seen = [str(torch.get_default_dtype())]
    with default_torch_modes():
        seen.append(str(torch.get_default_dtype()))
    return [*seen, str(torch.get_default_dtype())], dict(LIMITED)


@pytest.mark.usefixtures("float64_and_a_fit_elsewhere")
def test_a_fit_in_another_thread_of_the_parent_is_over_in_the_child():
    assert in_fork(modes) == (["torch.float64", "torch.float32", "torch.float64"], {})


def test_a_lock_that_another_thread_holds_is_free_in_the_child():
    held, over = threading.Event(), threading.Event()

    def hold():
        with FLOAT32_BY_DEFAULT.lock:
            held.set()
            over.wait()

    with ThreadPoolExecutor(1) as other:
        other.submit(hold)
        held.wait()
        try:
            seen, _ = in_fork(modes)
        finally:
            over.set()
    assert seen == ["torch.float32"] * 3


def test_a_fork_amid_a_fit_stays_amid_it():
    """A callback that forks: the child is inside too."""
    torch.set_default_dtype(torch.float64)
    try:
        with default_torch_modes():
            seen, _ = in_fork(modes)
        assert seen == ["torch.float32"] * 3
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
