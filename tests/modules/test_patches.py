"""Patches of long sequences, against convolutions and loops; each sequence as if alone."""

import math

import pytest
import torch
from torch.nn import functional as F

from skdl.modules import StridedSteps, short_windows
from skdl.modules._patches import SHORT

DOUBLE = {"dtype": torch.float64}


@pytest.mark.parametrize("stride", [2, 5, 16, 37])
def test_each_sequence_is_answered_as_if_alone(stride):
    layer = StridedSteps(2, 3, stride).double()
    x, lengths = torch.randn(4, 123, 2, **DOUBLE), torch.tensor([1, 5, 38, 123])
    steps, n_steps = layer(x, lengths)
    assert n_steps.tolist() == [math.ceil(n / stride) for n in lengths.tolist()]
    for row, n in enumerate(lengths.tolist()):
        alone, none = layer(x[row : row + 1, :n], None)
        assert none is None
        assert alone.shape[1] == n_steps[row]
        torch.testing.assert_close(steps[row, : n_steps[row]], alone[0])


def test_short_strides_are_a_convolution():
    layer = StridedSteps(2, 3, 5).double()
    x = torch.randn(4, 23, 2, **DOUBLE)
    kernel = layer.project.weight.view(3, 2, 11)
    expected = F.conv1d(x.mT, kernel, layer.project.bias, stride=5, padding=5).mT
    torch.testing.assert_close(layer(x, None)[0], layer.norm(expected))


def test_responses_of_short_windows_are_those_of_loops():
    layer, windows = short_windows(2, 3, 40).double(), torch.randn(5, 2, 81, **DOUBLE)
    first = (81 - 48) // 2
    responses = [
        layer.respond(windows[..., start : start + SHORT].flatten(1))
        for start in range(first, first + 48 - SHORT + 1, SHORT // 2)
    ]
    expected = layer.mix(torch.stack(responses).amax(0))
    torch.testing.assert_close(layer(windows), expected)
    assert short_windows(2, 3, SHORT - 1) is None


def test_a_wave_of_any_phase_is_seen_in_a_long_patch():
    """The largest response of short windows to one wave hardly depends on where it is."""
    layer = short_windows(1, 4, 256).double()
    steps = torch.arange(2 * 256 + 1, **DOUBLE)
    phases = torch.arange(0, 2 * torch.pi, 0.1, **DOUBLE)[:, None]
    vectors = layer(torch.sin(steps * 0.7 + phases)[:, None])
    silent = layer(torch.zeros(1, 1, 2 * 256 + 1, **DOUBLE))
    assert (vectors.std(0) < 0.1 * (vectors.mean(0) - silent[0]).abs().max()).all()
