"""By how much a correction is shrunk."""

import pytest
import torch

from skdl.estimators.recurrent._shrinkage import shrinkage_factor

GENERATOR = torch.Generator().manual_seed(0)
NOISE = torch.randn(200, generator=GENERATOR, dtype=torch.float64)
OTHER = torch.randn(200, generator=GENERATOR, dtype=torch.float64)


def test_a_perfect_correction_counts_fully():
    assert shrinkage_factor(NOISE, NOISE) == pytest.approx(1, abs=0.02)


def test_a_correction_too_large_is_scaled_down():
    assert shrinkage_factor(NOISE, 4 * NOISE) == pytest.approx(0.25, abs=0.01)


def test_a_correction_too_small_is_not_scaled_up():
    assert shrinkage_factor(NOISE, 0.25 * NOISE) == pytest.approx(1, abs=0.02)


def test_noise_is_shrunk():
    assert shrinkage_factor(NOISE, OTHER) < 0.1


def test_harm_is_shrunk_to_nothing():
    assert shrinkage_factor(NOISE, -NOISE) == 0


def test_no_correction_is_no_matter():
    assert shrinkage_factor(NOISE, torch.zeros_like(NOISE)) == 0


def test_less_certain_is_shrunk_more():
    some = shrinkage_factor(NOISE, NOISE + OTHER)
    less = shrinkage_factor(NOISE[:16], (NOISE + OTHER)[:16])
    assert 0 <= less < some < 1


def test_three_rows_show_nothing():
    assert shrinkage_factor(NOISE[:3], NOISE[:3]) == 0


def test_what_lowers_squared_but_raises_absolute_errors_is_shrunk():
    error = torch.full((100,), 0.1, dtype=torch.float64)
    error[::25] = 10.0  # rare large errors
    correction = torch.full_like(error, 0.5)
    assert (error * correction).sum() > 0.25 * correction.square().sum()
    assert shrinkage_factor(error, correction) < 0.5
