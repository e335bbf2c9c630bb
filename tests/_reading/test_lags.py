"""Names that count steps back."""

import pytest

from skdl._reading._lags import lags_of


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["lag_2", "lag1"], [2, 1]),
        ([0, -1], [0, 1]),
        (["x(t)", "x(t-1)"], [0, 1]),
        (["t_1", "t"], [1, 0]),
        (["x_t", "x_t_1"], [0, 1]),
        (["temp", "temp_lag1"], [0, 1]),
        (["temp", "temp(t-1)"], [0, 1]),
        (["temp", "wind_lag1"], None),
        (["flag_1", "flag_2"], None),
        (["t1", "t2"], None),
        ([1, 2], None),
    ],
)
def test_lags_of_all_names(names, expected):
    assert lags_of(names) == expected
