"""What tests of the training loop share: a small network, and the loop that everyone writes."""

import os
import signal

import numpy as np
import torch
from skorch.callbacks import Callback
from torch import nn

from skdl.engine import Data, Net, Supervised, squared_error

N_ROWS, BATCH_SIZE, N_EPOCHS, SEED = 50, 16, 3, 5
rng = np.random.default_rng(0)
X = torch.tensor(rng.normal(size=(N_ROWS, 4)), dtype=torch.float32)
Y = (X[:, :1] * X[:, 1:2] + X[:, 2:3]).clone()
DATA, VALID = Data({"x": X[:40], "y": Y[:40]}), Data({"x": X[40:], "y": Y[40:]})


class MLP(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layers = nn.Sequential(
                nn.Linear(4, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1)
            )

    def forward(self, x):
        return self.layers(x)


class PerBatch(Callback):
    """Watches every batch."""

    n_batches = 0

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        self.n_batches += 1


def make_net(dropout=0.0, objective=None, **params):
    params = {"lr": 0.01, "batch_size": BATCH_SIZE, "max_epochs": N_EPOCHS, "seed": SEED, **params}
    return Net(MLP(dropout), objective or Supervised(squared_error), **params).initialize()


def train(valid=None, data=DATA, **params):
    return make_net(**params).train(data, valid)


def weights_of(net):
    return torch.cat([weight.detach().flatten() for weight in net.module_.parameters()])


def assert_same_weights(first, second, atol=1e-6):
    torch.testing.assert_close(weights_of(first), weights_of(second), rtol=0, atol=atol)


def losses_of(net, column="train_loss"):
    return net.history[:, column]


def by_hand(make_optimizer, data=DATA, n_epochs=N_EPOCHS, clip=None, rate=None, after_step=None):
    """The loop that everyone writes, with the net's order of rows; the losses of its epochs."""
    module, losses, n_rows, step = MLP(), [], len(data), 0
    optimizer = make_optimizer(module.parameters())
    generator = torch.Generator().manual_seed(SEED)
    columns = data.columns
    for _ in range(n_epochs):
        total = 0.0
        for rows in torch.randperm(n_rows, generator=generator).split(BATCH_SIZE):
            errors = (module(columns["x"][rows]) - columns["y"][rows]).square()
            if "weight" in columns:
                errors = errors * columns["weight"][rows, None]
            optimizer.zero_grad()
            errors.mean().backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(module.parameters(), clip)
            if rate is not None:
                optimizer.param_groups[0]["lr"] = rate(step)
            optimizer.step()
            step += 1
            if after_step is not None:
                after_step(module)
            total += errors.mean().item() * len(rows)
        losses.append(total / n_rows)
    return module, losses


def assert_as_by_hand(net, module, losses):
    expected = torch.cat([weight.detach().flatten() for weight in module.parameters()])
    torch.testing.assert_close(weights_of(net), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(losses_of(net), losses, rtol=1e-5)


def adam(params):
    return torch.optim.Adam(params, lr=0.01)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


class Labels:
    """What outputs are to a user whose labels are these."""

    def __init__(self, *labels):
        self.classes = np.array(labels)

    def predictions(self, outputs):
        return self.classes[outputs.argmax(1)]

    def probabilities(self, outputs):
        return torch.tensor(outputs).softmax(1).numpy()

    def values(self, column):
        return self.classes[column]


class Thousands:
    """What outputs are to a user who counts in units a thousand times smaller."""

    classes = None

    def predictions(self, outputs):
        return 1000 * outputs[:, 0]

    probabilities = values = predictions
