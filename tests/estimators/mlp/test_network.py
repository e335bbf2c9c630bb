"""Stacked perceptrons: each member is a network of its own, computed here by hand."""

import math

import pytest
import torch
from torch.nn import functional as F

from skdl.estimators.mlp._network import (
    ACTIVATIONS,
    PerceptronClassifierNetwork,
    PerceptronRegressorNetwork,
    TableInputs,
    one_hot,
)

N_ROWS, N_MEMBERS = 7, 3


@pytest.fixture
def table():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(N_ROWS, 4, generator=generator, dtype=torch.float64)
    x[2, 1] = x[0, 3] = torch.nan
    codes = torch.tensor(
        [[1, 2, 3], [2, 0, 12], [1, 3, 0], [0, 1, 1], [2, 2, 2], [1, 1, 9], [0, 0, 0]]
    )
    return x, codes


def make(network=PerceptronClassifierNetwork, *, periodic=True, activation="selu", shape=(2,)):
    torch.manual_seed(0)
    inputs = TableInputs(
        N_MEMBERS,
        torch.stack([torch.arange(4.0), torch.zeros(4)]).double(),
        torch.tensor([1.0, 2.0, 4.0, torch.inf]).double(),
        torch.tensor([False, True, False, True]),
        [2, 3, 12],
        max_onehot=9,
        periodic=periodic,
    )
    made = network(inputs, (5, 6), shape, activation=activation, dropout=0.0)
    for parameter in made.parameters():  # no part of them alike
        torch.nn.init.normal_(parameter)
    return made.double()


def inputs_by_hand(module, x, codes, k):
    """What member k gets of the table."""
    z = (x - torch.arange(4.0)) / torch.tensor([1.0, 2.0, 4.0, torch.inf])
    missing = z.isnan()
    z = z.where(~missing, 0)
    z = z / torch.sqrt(1 + (z / 3) ** 2)
    embedding, parts = module.inputs.embedding, []
    for column in range(4):
        of_column = z[:, column]
        if embedding is not None:
            frequency, phase = (p[k, 0, column] for p in (embedding.frequency, embedding.phase))
            waves = torch.cos(2 * math.pi * of_column[:, None] * frequency + phase)
            parts.append(waves @ embedding.weight[k, column] + embedding.bias[k, 0, column])
        parts.append(of_column[:, None])
    parts.append(missing[:, [1, 3]].double())
    parts.append(torch.tensor([0.0, -1.0, 1.0])[codes[:, 0]][:, None])
    parts.append(F.one_hot(codes[:, 1], 4)[:, 1:])
    parts.append(module.inputs.tables[0][k][codes[:, 2]])
    return torch.cat(parts, dim=1) * module.input_scale[k]


def member_by_hand(module, x, codes, k, activation):
    """The outputs of member k."""
    h = inputs_by_hand(module, x, codes, k)
    for layer, learned in zip(module.layers, module.activations, strict=True):
        z = h @ layer.weight[k].T / math.sqrt(h.shape[1]) + layer.bias[k]
        h = z + (ACTIVATIONS[activation](z) - z) * learned.strength[k]
    return h @ module.head.weight[k].T / math.sqrt(h.shape[1]) + module.head.bias[k]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("periodic", [True, False])
def test_members_are_networks_of_their_own(table, activation, periodic):
    module = make(periodic=periodic, activation=activation)
    outputs = module.train()(**module.prepare(*table))
    assert outputs.shape == (N_ROWS, N_MEMBERS, 2)
    for k in range(N_MEMBERS):
        expected = member_by_hand(module, *table, k, activation)
        torch.testing.assert_close(outputs[:, k], expected)


def test_probabilities_of_members_are_averaged(table):
    module = make()
    prepared = module.prepare(*table)
    members = module.members(**prepared)
    scores = module.eval()(**prepared)
    torch.testing.assert_close(scores.exp(), members.softmax(2).mean(1))
    linear = torch.randn(N_ROWS, 2).double()
    module.network_weight, module.linear_weight = 1.0, 0.25
    together = module(**prepared, linear=linear)
    torch.testing.assert_close(together, scores + 0.25 * linear)
    torch.testing.assert_close(module.evaluated(members, linear=linear), together)


def test_values_of_members_are_averaged_within_limits(table):
    module = make(PerceptronRegressorNetwork, shape=(2,))
    prepared = module.prepare(*table)
    mean = module.members(**prepared).mean(1)
    torch.testing.assert_close(module.eval()(**prepared), mean)
    linear = torch.randn(N_ROWS, 2).double()
    module.network_weight = torch.tensor([1.0, 0.25]).double()
    both = torch.stack([mean[:, 0], 0.25 * mean[:, 1] + 0.75 * linear[:, 1]], dim=1)
    torch.testing.assert_close(module(**prepared, linear=linear), both)
    module.lowest, module.highest = torch.tensor([-0.5, 0.0]), torch.tensor([0.5, 0.1])
    limited = torch.maximum(torch.minimum(both, module.highest), module.lowest)
    torch.testing.assert_close(module(**prepared, linear=linear), limited.double())


def test_quantiles_do_not_cross(table):
    module = make(PerceptronRegressorNetwork, shape=(1, 3))
    quantiles = module.eval()(**module.prepare(*table))
    assert quantiles.shape == (N_ROWS, 1, 3)
    assert (quantiles.diff(dim=2) >= 0).all()


def test_a_row_of_a_fold_is_answered_by_the_member_that_left_it_out(table):
    module, fold = make(), torch.tensor([0, 1, 2, 0, 1, 2, 0])
    prepared = module.prepare(*table)
    members = module.members(**prepared)
    alone = members[torch.arange(N_ROWS), fold].log_softmax(1)
    torch.testing.assert_close(module.eval()(**prepared, fold=fold), alone)


def test_features_are_those_before_the_head(table):
    module = make()
    prepared = module.prepare(*table)
    features = module.encode(**prepared)
    assert features.shape == (N_ROWS, N_MEMBERS * 6)
    own = features.unflatten(1, (N_MEMBERS, 6))[:, 1]
    head = own @ module.head.weight[1].T / math.sqrt(6) + module.head.bias[1]
    torch.testing.assert_close(head, module.members(**prepared)[:, 1])


def test_one_hot_columns():
    codes = torch.tensor([0, 1, 2])
    assert one_hot(codes, 2, torch.float32).tolist() == [[0], [-1], [1]]
    assert one_hot(codes, 3, torch.float32).tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]


def test_rates_of_the_parts():
    module = make()
    groups = module.parameter_groups()
    assert [factor for _, factor in groups] == [0.1, 6.0, 1.0]
    told = [id(parameter) for parameters, _ in groups for parameter in parameters]
    assert sorted(told) == sorted(map(id, module.parameters()))
