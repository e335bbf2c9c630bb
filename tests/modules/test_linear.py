"""A network beside a linear model: weighted sums of scores."""

import torch

from skdl.modules import BesideLinearModel


def test_scores_are_added_with_weights():
    network = BesideLinearModel()
    scores, linear = torch.tensor([[1.0, 2.0]]), torch.tensor([[10.0, 20.0]])
    assert network.evaluated(scores) is scores
    network.network_weight, network.linear_weight = 0.5, 0.25
    assert network.evaluated(scores, linear, inputs=scores).tolist() == [[3.0, 6.0]]
