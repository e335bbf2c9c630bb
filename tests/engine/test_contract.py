"""What modules and objectives may offer, and how it is read."""

import pytest
import torch
from torch import nn

from skdl.engine import Data, Net, Supervised, _contract, squared_error
from skdl.engine._contract import DEFAULTS, attribute_or_default


def test_defaults_are_what_a_plain_module_offers():
    module = nn.Linear(1, 1)
    assert {name: attribute_or_default(module, name) for name in DEFAULTS} == DEFAULTS


def test_what_is_there_is_read():
    module = nn.Linear(1, 1)
    module.max_steps = 7
    assert attribute_or_default(module, "max_steps") == 7


def test_a_name_of_no_protocol_is_a_mistake():
    with pytest.raises(KeyError):
        attribute_or_default(nn.Linear(1, 1), "max_step")


def test_every_name_is_documented_by_a_protocol():
    protocols = [
        kind
        for kind in vars(_contract).values()
        if isinstance(kind, type) and getattr(kind, "_is_protocol", False)
    ]
    names = {
        name for kind in protocols for name in (*vars(kind), *getattr(kind, "__annotations__", {}))
    }
    assert set(DEFAULTS) - names == set()
    assert all(kind.__doc__ for kind in protocols)


def test_an_objective_counts_what_its_loss_is_the_mean_of():
    """The loss of an epoch is the mean over all that was counted, not over rows."""
    x = torch.tensor([[1.0], [2.0], [30.0], [0.0]])
    counts = torch.tensor([10, 20, 1, 3])

    class OverSteps(Supervised):
        def count(self, batch):
            return sum(int(counts[int(row)]) for row in batch["row"])

        def __call__(self, module, batch):
            of_row = counts[batch["row"]]
            return (batch["x"][:, 0] * of_row).sum() / of_row.sum() + 0 * module(batch["x"]).sum()

    data = Data({"x": x, "row": torch.arange(4), "y": x})
    net = Net(nn.Linear(1, 1), OverSteps(squared_error), max_epochs=1, batch_size=2).initialize()
    net.train(data, data)
    expected = float((x[:, 0] * counts).sum() / counts.sum())
    assert net.history[-1, "train_loss"] == pytest.approx(expected)
    assert net.history[-1, "valid_loss"] == pytest.approx(expected)
