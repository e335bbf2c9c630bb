"""What tests of fits share: Ctrl-C amid one, and the global state around it."""

import multiprocessing
import random
import signal
import warnings

import numpy as np
import torch
from skorch.callbacks import Callback


class InterruptsIn(Callback):
    """Ctrl-C at the end of an epoch's first batch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training=False, **kwargs):
        if len(net.history) == self.epoch:
            signal.raise_signal(signal.SIGINT)


def global_state():
    """Random states of numpy, torch and Python, thread count and default dtype."""
    numpys = np.random.get_state()[1].tobytes(), np.random.get_state()[2]  # noqa: NPY002
    torchs = torch.get_rng_state().numpy().tobytes()
    rest = torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
    return numpys, torchs, random.getstate(), rest


def in_fork(function, timeout=60):
    """What a function returns in a child process that is forked from this one.

    Torch computes in two threads here first: a child that wants threads too then waits for ever.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.randn(2**20).exp().sum()
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def child():
        theirs.send(function())

    process = context.Process(target=child)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, about threads and forks
        process.start()
    theirs.close()
    torch.set_num_threads(before)
    try:
        assert ours.poll(timeout), "the child hangs"
        return ours.recv()
    finally:
        process.kill()
        process.join()
