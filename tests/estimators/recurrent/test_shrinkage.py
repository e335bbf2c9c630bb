"""By how much a correction is shrunk."""

import numpy as np
import pytest
import torch

from skdl.engine import Pinball, absolute_error, huber, squared_error
from skdl.estimators.recurrent._shrinkage import shrinkage_factors

GENERATOR = torch.Generator().manual_seed(0)
NOISE = torch.randn(200, generator=GENERATOR, dtype=torch.float64)
OTHER = torch.randn(200, generator=GENERATOR, dtype=torch.float64)


def shrinkage_factor(error, correction, loss=squared_error, weight=None, of_series=False):
    """The factor for residuals of one target before the correction."""
    weight = torch.ones_like(error) if weight is None else weight
    y, nothing, whole = error[:, None], torch.zeros(len(error), 1).double(), correction[:, None]
    (factor,) = shrinkage_factors(loss, y, nothing, whole, weight, of_series=of_series)
    return factor


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


@pytest.mark.parametrize("loss", [squared_error, absolute_error, huber])
def test_every_loss_finds_what_is_right(loss):
    assert shrinkage_factor(NOISE, NOISE, loss) == pytest.approx(1, abs=0.1)
    assert shrinkage_factor(NOISE, -NOISE, loss) == 0


def test_the_loss_decides():
    """Half a unit more is right for the mean of rare large errors, wrong for their median."""
    error = torch.full((200,), 0.0, dtype=torch.float64)
    error[::10] = 5.0
    correction = torch.full_like(error, 0.5)
    assert shrinkage_factor(error, correction, squared_error) > 0.5
    assert shrinkage_factor(error, correction, absolute_error) == 0


def test_quantiles_are_judged_by_the_pinball_loss():
    """Quantiles of exponential residuals are nothing like the mean, and right."""
    levels = (0.05, 0.5, 0.95)
    y = torch.from_numpy(np.random.default_rng(0).exponential(size=(400, 1)))
    nothing = torch.zeros(400, 1, 3).double()
    whole = -torch.log1p(-torch.tensor(levels).double()).expand(400, 1, 3)
    weight = torch.ones(400).double()
    assert shrinkage_factors(Pinball(levels), y, nothing, whole, weight)[0] > 0.9


def test_targets_are_judged_by_themselves():
    y = torch.stack([NOISE, OTHER], 1)
    whole = torch.stack([NOISE, -OTHER], 1)
    factors = shrinkage_factors(squared_error, y, 0 * y, whole, torch.ones(200).double())
    assert factors[0] > 0.95
    assert factors[1] == 0


@pytest.mark.parametrize("place", [0, 77, 199])
def test_an_outlier_does_not_decide(place):
    error = NOISE.clone()
    error[place] = 1000.0
    assert shrinkage_factor(error, NOISE) > 0.5
    assert shrinkage_factor(error, OTHER) < 0.1


@pytest.mark.parametrize("loss", [squared_error, absolute_error, huber])
@pytest.mark.parametrize("places", [[77], [3, 199]])
def test_outliers_take_nothing_from_what_is_sure_without_them(loss, places):
    """Forty rows, as the validation rows of four hundred, one or two of them far off."""
    few, correction = NOISE[:40] + OTHER[:40] / 4, NOISE[:40]
    expected = shrinkage_factor(few, correction, loss)
    error = few.clone()
    error[[place % 40 for place in places]] = 60.0
    assert shrinkage_factor(error, correction, loss) > 0.8 * expected > 0.6


@pytest.mark.parametrize("loss", [squared_error, absolute_error])
def test_rare_events_that_are_predicted_count(loss):
    """Without these rows there is nothing to gain."""
    events = torch.where(torch.arange(200) % 33 == 0, 20.0, 0.0).double()
    assert shrinkage_factor(NOISE + events, events, loss) > 0.6


def test_rows_of_tiny_weight_do_not_decide():
    weight = torch.where(torch.arange(200) % 4 == 0, 1e-12, 1.0).double()
    error = torch.where(weight < 1, 100 * OTHER, NOISE)
    assert shrinkage_factor(error, NOISE, weight=weight) > 0.95


@pytest.mark.parametrize("loss", [squared_error, absolute_error, huber])
def test_rows_of_one_part_that_contradict_all_others_do_not_decide(loss):
    place = torch.arange(len(NOISE))
    few, many = (torch.where(place < n, -NOISE, NOISE) for n in (40, 95))
    assert shrinkage_factor(few, NOISE / 2, loss) > 0.3
    assert shrinkage_factor(many, NOISE / 2, loss) < 0.1


@pytest.mark.parametrize("first", [40, 44])
def test_contradicting_rows_at_the_end_shrink_a_right_correction_little(first):
    """Fifty rows, as the validation rows of five hundred; the last fifth or so are negated."""
    place = torch.arange(50)
    error = torch.where(place < first, NOISE[:50], -NOISE[:50]) + OTHER[:50] / 10
    assert shrinkage_factor(error, NOISE[:50]) > 0.6


@pytest.mark.parametrize("every", [6, 8, 10])
def test_contradicting_rows_here_and_there_shrink_a_right_correction_little(every):
    """Their squared errors rise by three times what those of others fall by."""
    contradicts = torch.arange(200) % every == 0
    error = torch.where(contradicts, -NOISE, NOISE) + OTHER / 10
    assert shrinkage_factor(error, NOISE) > 0.6


def test_noise_is_shrunk_in_small_data_too():
    """The mean over many samples: few factors are high by chance."""
    errors, corrections = torch.randn(2, 60, 50, generator=GENERATOR, dtype=torch.float64)
    factors = [shrinkage_factor(*each) for each in zip(errors, corrections / 2, strict=True)]
    assert np.mean(factors) < 0.1


@pytest.mark.parametrize("loss", [squared_error, absolute_error, huber])
def test_small_gains_of_most_neighbours_do_not_decide_in_a_series(loss):
    """They are alike, and like training rows beside them; one block of eight gets much worse."""
    few = NOISE[:40]
    gets_worse = torch.arange(40) // 5 == 2
    correction = torch.where(gets_worse, -3 * few, few / 2)
    assert shrinkage_factor(few, correction, loss) > 0.5
    assert shrinkage_factor(few, correction, loss, of_series=True) < 0.1


def test_a_series_shows_what_is_right():
    assert shrinkage_factor(NOISE, NOISE, of_series=True) == pytest.approx(1, abs=0.02)
    assert shrinkage_factor(NOISE, OTHER, of_series=True) < 0.1
    assert shrinkage_factor(NOISE, -NOISE, of_series=True) == 0


def test_few_neighbours_must_show_more():
    few = torch.tensor([1.0, -1.0, 0.8, -1.2, 1.1]).double()
    correction = torch.tensor([0.9, -0.1, 0.7, -0.5, 0.2]).double()
    assert shrinkage_factor(few, correction, of_series=True) < 0.5
    assert shrinkage_factor(few, correction) > 0.7
    assert shrinkage_factor(few, few, of_series=True) > 0.9


def test_a_far_quantile_does_not_decide_for_the_others():
    y = NOISE.clone()
    y[::9] += 1e6
    levels = (0.05, 0.5, 0.95)
    before = torch.quantile(y, torch.tensor(levels).double()).expand(len(y), 3)
    corrected = before.clone()
    corrected[:, 1] = NOISE  # all of the median, but for the outliers
    corrected[:, 2] += 1e3 * OTHER  # noise
    weight = torch.ones(len(y)).double()
    outputs = before[:, None], corrected[:, None]
    (factor,) = shrinkage_factors(Pinball(levels), y[:, None], *outputs, weight)
    assert factor > 0.5
