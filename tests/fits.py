"""What tests of fits share: Ctrl-C amid one, and the global state around it."""

import random
import signal

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
