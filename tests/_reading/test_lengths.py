"""Other lengths than in fit: one wording, and code that works."""

import re

import numpy as np
import pytest
import scipy.signal

from skdl._reading._lengths import other_length


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("got", [4, 8])
@pytest.mark.parametrize("any_length", [False, True])
def test_the_code_gives_the_length_of_the_fit(got, n_channels, any_length):
    X = np.arange(5.0 * got * n_channels).reshape(5, -1)
    told = other_length("signals", got, 6, "X", n_channels=n_channels, any_length=any_length)
    assert told.startswith(f"These are signals of {got} steps, those of fit have 6. ")
    way, resampled = re.search(
        r"(?:example|sequences,) (.*); or, where they last as long in "
        r"other steps, resample them: (.*)\.$",
        told,
    ).groups()
    for code in (way.removesuffix(", which may have any length"), resampled):
        rows = eval(code, {"np": np, "scipy": scipy, "X": X})
        n_steps = 4 if isinstance(rows, list) else 6
        assert np.shape(rows) == (5, n_steps, 2) if n_channels == 2 else (5, n_steps)
