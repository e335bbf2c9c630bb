"""The net: any objective, predictions, devices and pickles."""

import copy
import pickle

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skdl.engine import Data, Net, Ragged, Supervised, cross_entropy, squared_error

rng = np.random.default_rng(0)


def floats(*shape):
    return torch.tensor(rng.normal(size=shape), dtype=torch.float32)


def seeded_linear(n_in, n_out):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Linear(n_in, n_out)


class Model(nn.Module):
    """Linear in x; dropout tells training from prediction."""

    def __init__(self, n_inputs=3, n_outputs=1):
        super().__init__()
        self.linear = seeded_linear(n_inputs, n_outputs)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        return self.dropout(self.linear(x))


DATA = Data({"x": floats(30, 3), "y": floats(30, 1)})


def make_net(module=None, objective=None, **params):
    objective = objective or Supervised(squared_error)
    return Net(module or Model(), objective, **{"max_epochs": 2, **params}).initialize()


class PerBatch(Callback):
    def on_batch_end(self, net, **kwargs):
        assert torch.isfinite(kwargs["loss"])


# Any architecture, any objective -----------------------------------------------------------------


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.up = seeded_linear(3, 1), seeded_linear(1, 3)

    def forward(self, x):
        return self.up(self.down(x))


def reconstruction(module, batch):
    return (module(batch["x"]) - batch["x"]).square().mean()


@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
def test_an_objective_without_y(callbacks):
    data = Data({"x": floats(60, 1) @ torch.tensor([[1.0, 2.0, -1.0]])})
    net = make_net(Autoencoder(), reconstruction, max_epochs=60, lr=0.05, callbacks=callbacks)
    net.train(data, data, n_epochs=None)
    losses = net.history[:, "valid_loss"]
    assert losses[-1] < 0.05 * losses[0]
    assert net.outputs(data).shape == (60, 3)
    code = net.outputs(data, lambda module, batch: module.down(batch["x"]))
    assert code.shape == (60, 1)


class Pair(nn.Module):
    """Two inputs by name."""

    def __init__(self):
        super().__init__()
        self.bilinear = nn.Bilinear(2, 3, 4)

    def forward(self, left, right):
        return self.bilinear(left, right)


@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
def test_several_inputs_by_name(callbacks):
    columns = {"right": floats(20, 3), "left": floats(20, 2)}
    labels = torch.tensor(rng.integers(4, size=20))
    data = Data({**columns, "y": labels, "weight": torch.ones(20)})
    net = make_net(Pair(), Supervised(cross_entropy), callbacks=callbacks).train(data)
    expected = net.module_(columns["left"], columns["right"])
    torch.testing.assert_close(net.outputs(Data(columns)), expected.detach())


def test_a_stateful_objective_that_calls_the_module_twice():
    def consistency(module, batch):
        return (module(batch["x"]) - module(batch["x"])).square().mean()

    net = make_net(objective=consistency, callbacks=[PerBatch()]).train(DATA)
    assert len(net.history) == 2


class Prepares(Model):
    """Squares its input beforehand: nothing that is trained comes in."""

    def __init__(self):
        super().__init__()
        self.n_rows = 0

    def prepare(self, x):
        self.n_rows += len(x)
        return {"x": x**2}


@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
def test_what_a_module_prepares_is_computed_once(callbacks):
    net = make_net(Prepares(), max_epochs=5, patience=5, callbacks=callbacks).train(DATA, DATA)
    assert net.module_.n_rows == 60, "30 rows to train on, 30 to validate on"
    squared = Data({**DATA.columns, "x": DATA.columns["x"] ** 2})
    twin = make_net(max_epochs=5, patience=5).train(squared, squared)
    torch.testing.assert_close(net.outputs(DATA), twin.outputs(squared))
    assert DATA.prepare is None


# Prediction --------------------------------------------------------------------------------------


class LastStep(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x, lengths):
        return self.scale * x[torch.arange(len(x)), lengths - 1]


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_outputs_keep_the_order_of_ragged_rows(batch_size):
    lengths = torch.tensor(rng.integers(1, 9, size=10))
    values = floats(int(lengths.sum()), 2)
    data = Data({"x": Ragged(values, lengths)})
    expected = 2 * values[lengths.cumsum(0) - 1]
    net = make_net(LastStep())
    torch.testing.assert_close(net.outputs(data, batch_size=batch_size), expected)
    rows = np.array([7, 2, 2])
    got = net.outputs(data.subset(rows), batch_size=batch_size)
    torch.testing.assert_close(got, expected[rows])


@pytest.mark.parametrize("batch_size", [1, 7, 30])
def test_outputs_do_not_depend_on_the_batch_size(batch_size):
    net = make_net().train(DATA)
    got = net.outputs(DATA, batch_size=batch_size)
    torch.testing.assert_close(got, net.module_.linear(DATA.columns["x"]).detach())


def test_outputs_come_without_dropout_and_gradient():
    net = make_net().train(DATA)
    assert net.outputs(DATA).equal(net.outputs(DATA))
    assert not net.outputs(DATA).requires_grad


def test_outputs_leave_thread_count_and_random_state():
    net, threads, state = make_net(), torch.get_num_threads(), torch.get_rng_state()
    net.outputs(DATA)  # not trained yet: dropout is off all the same
    assert torch.get_num_threads() == threads
    assert torch.get_rng_state().equal(state)


@pytest.mark.parametrize(
    ("precision", "weights", "outputs"),
    [
        ("float32", torch.float32, torch.float32),
        ("float64", torch.float64, torch.float64),
        ("bfloat16", torch.float32, torch.float32),
    ],
)
def test_precision(precision, weights, outputs):
    dtype = torch.float64 if precision == "float64" else torch.float32
    data = Data({name: column.to(dtype) for name, column in DATA.columns.items()})
    net = make_net(precision=precision).train(data)
    assert next(net.module_.parameters()).dtype is weights
    got = net.outputs(data)
    assert got.dtype is outputs
    exact = net.module_.linear(data.columns["x"])
    torch.testing.assert_close(got, exact, atol=0.05, rtol=0.05)
    assert got.equal(exact) is (precision != "bfloat16")


# Keeping and moving ------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_predict_the_same_and_train_on_alike(copied):
    net = make_net(objective=Supervised(squared_error)).train(DATA)
    twin = copied(net)
    assert twin.outputs(DATA).equal(net.outputs(DATA))
    net.train(DATA, n_epochs=1)
    twin.train(DATA, n_epochs=1)
    assert twin.outputs(DATA).equal(net.outputs(DATA))
    assert len(twin.history) == 3


def test_a_pickle_is_the_weights_and_little_more():
    data = Data({"x": floats(2_000, 500), "y": floats(2_000, 500)})
    net = make_net(Model(500, 500), callbacks=[PerBatch()], max_epochs=5, batch_size=8)
    net.train(data).clear_optimizer()
    weights = 4 * 500 * 501
    assert weights < len(pickle.dumps(net)) < weights + 30_000


def test_to_moves_weights_and_says_what_is_missing():
    net = make_net(device="cpu").train(DATA)
    assert net.to("cpu") is net
    assert net.device == torch.device("cpu")
    with pytest.raises(ValueError, match="device must be"):
        net.to("nowhere")
    assert net.outputs(DATA).shape == (30, 1)


def test_clear_optimizer_drops_its_state():
    net = make_net().train(DATA)
    assert net.optimizer_.state
    assert not net.clear_optimizer().optimizer_.state
    net.train(DATA, n_epochs=1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_net_trained_on_cuda_loads_on_a_cpu(monkeypatch):
    net = make_net(device="cuda").train(DATA)
    expected = net.outputs(DATA)
    pickled = pickle.dumps(net)
    assert net.device.type == "cuda", "pickling leaves the net where it is"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    loaded = pickle.loads(pickled)
    assert loaded.device.type == "cpu"
    torch.testing.assert_close(loaded.outputs(DATA), expected)


# Batches of unequal lengths ----------------------------------------------------------------------


class Bounded(nn.Module):
    """The sum of the steps of each row; keeps the sizes that it saw."""

    def __init__(self, max_steps):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.max_steps, self.seen = max_steps, []

    def forward(self, x, lengths=None):
        self.seen.append((len(x), x.shape[1], self.training))
        return self.scale * x.sum(1)


def of_lengths(lengths):
    lengths = torch.as_tensor(lengths)
    values = floats(int(lengths.sum()), 1)
    sums = torch.stack([part.sum(0) for part in values.split(lengths.tolist())])
    return Data({"x": Ragged(values, lengths), "y": sums}), sums


@pytest.mark.parametrize("max_steps", [8, 40, 400])
def test_steps_of_a_batch_are_bounded_in_training_and_prediction(max_steps):
    data, sums = of_lengths(rng.integers(1, 30, size=100))
    net = make_net(Bounded(max_steps), batch_size=16).train(data)
    in_training, after = (
        [size for size in net.module_.seen if size[2] is training] for training in (True, False)
    )
    assert all(n == 1 or n * steps <= max_steps for n, steps, _ in in_training)
    assert after == []
    outputs = net.outputs(data)
    after = [size for size in net.module_.seen if not size[2]]
    assert sum(n for n, _, _ in after) == 100
    assert all(n == 1 or n * steps <= max_steps for n, steps, _ in after)
    torch.testing.assert_close(outputs, net.module_.scale.detach() * sums)


def test_long_rows_of_one_length_are_predicted_in_small_batches():
    net = make_net(Bounded(400))
    x = floats(50, 60, 1)
    torch.testing.assert_close(net.outputs(Data({"x": x})), 2 * x.sum(1))
    assert max(n * steps for n, steps, _ in net.module_.seen) <= 400


def test_outputs_of_batches_come_in_row_order_whatever_they_are():
    data, sums = of_lengths([4, 1, 3, 9, 2])
    net = make_net(Bounded(640))
    got = net.outputs_of_batches(data, lambda module, batch: list(batch["x"]), batch_size=2)
    rows = [row for batch in got for row in batch]
    assert [len(batch) for batch in got] == [2, 3]
    torch.testing.assert_close(torch.stack([row.sum(0) for row in rows]), sums)


@pytest.mark.parametrize("callbacks", [None, [PerBatch()]])
@pytest.mark.parametrize("max_steps", [10, 50, 10_000])
def test_the_loss_of_an_epoch_is_the_mean_over_rows(max_steps, callbacks):
    """However unevenly they are cut into batches."""
    data, sums = of_lengths(rng.integers(1, 20, size=70))
    net = make_net(Bounded(max_steps), batch_size=16, max_epochs=3, lr=1e-12, callbacks=callbacks)
    net.train(data, data)
    expected = float(((2 * sums - sums) ** 2).mean())
    assert net.history[:, "train_loss"] == pytest.approx([expected] * 3, rel=1e-4)
    assert net.history[:, "valid_loss"] == pytest.approx([expected] * 3, rel=1e-4)


def test_costly_features_are_computed_once_per_fit():
    class Frozen(Bounded):
        prepare_is_costly = True
        n_rows = 0

        def prepare(self, x, lengths):
            Frozen.n_rows += len(x)
            return {"x": x.sum(1, keepdim=True)}

    data, sums = of_lengths(rng.integers(1, 20, size=70))
    net = make_net(Frozen(40), batch_size=16, max_epochs=6).train(data)
    assert Frozen.n_rows == 70
    torch.testing.assert_close(net.outputs(data), net.module_.scale.detach() * sums)
    assert Frozen.n_rows == 140
