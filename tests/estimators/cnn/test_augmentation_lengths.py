"""Augmentation of padded signals: each is changed as if it were alone."""

import numpy as np
import pytest
import torch

from skdl.estimators.cnn._augmentation import (
    AUGMENTATIONS,
    SHIFT,
    BatchAugmentation,
    cut_out,
    flip,
    moved_steps,
    resample,
    resample_steps,
    shift,
)

LENGTHS = torch.tensor([40, 1, 2, 17, 8, 3] * 20)
every = pytest.mark.parametrize("name", AUGMENTATIONS)


def ramps(n_channels=2, more=5):
    """Signals (B, C, T) that count their steps from 1, in each channel; zeros behind them."""
    steps = torch.arange(1.0, int(LENGTHS.max()) + more + 1).repeat(len(LENGTHS), n_channels, 1)
    return steps * (steps <= LENGTHS[:, None, None])


@every
def test_padding_stays_zero_and_no_step_comes_from_it(name):
    torch.manual_seed(0)
    x = 100 + ramps()
    x = x * (x > 100)
    changed = BatchAugmentation(AUGMENTATIONS[name])(x.mT, None, lengths=LENGTHS).mT
    inside = torch.arange(x.shape[2]) < LENGTHS[:, None, None]
    assert not changed[~inside.expand_as(x)].any()
    assert not torch.equal(changed, x)
    if name != "randaugment":  # which cuts out windows, and changes contrast
        assert (changed[inside.expand_as(x)] > 100).all()


def test_signals_are_shifted_by_an_8th_of_their_own_steps():
    torch.manual_seed(0)
    moved = shift(ramps(), lengths=LENGTHS)
    for row, n_steps in enumerate(LENGTHS.tolist()):
        reach = max(1, round(SHIFT * n_steps)) if n_steps > 1 else 0
        ways = [
            (torch.arange(n_steps) + by).clamp(0, n_steps - 1) + 1
            for by in range(-reach, reach + 1)
        ]
        assert any(way.equal(moved[row, 0, :n_steps].long()) for way in ways)
    drawn = moved_steps(40, torch.full((2000,), 40))[:, 20] - 20
    assert np.unique(drawn).tolist() == list(range(-5, 6))
    assert np.unique(drawn, return_counts=True)[1].min() > 120  # of 182


def test_signals_are_mirrored_within_their_own_steps():
    torch.manual_seed(0)
    x = ramps()
    mirrored = flip(x, lengths=LENGTHS)
    backwards = 0
    for row, n_steps in enumerate(LENGTHS.tolist()):
        got = mirrored[row, :, :n_steps]
        is_same = got.equal(x[row, :, :n_steps])
        assert is_same or got.equal(x[row, :, :n_steps].flip(-1))
        backwards += not is_same
    assert 30 < backwards < 70  # of 100 with more steps than one


STRENGTHS = {"stretch": 0.17, "translate_x": -0.1}


def test_padded_signals_are_stretched_as_alone():
    x = torch.randn(len(LENGTHS), 2, 1, 45)
    signs = torch.randn(len(LENGTHS)).sign()
    get = lambda name: STRENGTHS[name] * signs  # noqa: E731
    got = resample_steps(x, get, LENGTHS)
    for row, n_steps in enumerate(LENGTHS.tolist()):

        def of_row(name, row=row):
            return STRENGTHS.get(name, 0.0) * signs[row : row + 1]

        alone = resample(x[row : row + 1, :, :, :n_steps], of_row)
        torch.testing.assert_close(got[row : row + 1, :, :, :n_steps], alone, atol=1e-4, rtol=0)


def test_windows_are_cut_out_of_a_fraction_of_the_own_steps():
    torch.manual_seed(0)
    x, share = torch.ones(4000, 1, 1, 50), torch.full((4000,), 0.4)
    lengths = torch.tensor([40, 20, 10, 1]).repeat(1000)
    cut = (cut_out(x, share, lengths=lengths) == 0)[:, 0, 0]
    for n_steps in (40, 20, 10):
        inside = cut[lengths == n_steps, :n_steps].sum(1)
        assert inside.max() == 0.4 * n_steps
        assert inside.min() >= 0.2 * n_steps - 1  # about an end, half of it
    assert not cut[lengths == 1, :1].any()


def test_a_function_of_the_user_gets_each_signal_alone():
    shapes = []

    def reverse(x):
        shapes.append(tuple(x.shape))
        return x.flip(-1).double()

    x = ramps().mT[:3]
    changed = BatchAugmentation(reverse)(x, lengths=np.array([40, 1, 2]))
    assert shapes == [(1, 2, 40), (1, 2, 1), (1, 2, 2)]
    assert changed.dtype is x.dtype
    assert changed[2, :3, 0].tolist() == [2, 1, 0]
    assert changed[0, :40].equal(x[0, :40].flip(0))
    assert x[2, :3, 0].tolist() == [1, 2, 0]
    with pytest.raises(ValueError, match=r"shape it was given, \(1, 2, 40\).*got .*\(1, 2, 39\)"):
        BatchAugmentation(lambda x: x[..., 1:])(x, lengths=np.array([40, 1, 2]))
