"""Names on a cycle."""

import pytest

from skdl._reading._cycles import falls_on_cycle, places_on_cycle, starts_on_cycle


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Jan", "sales February"], ([1, 2], 12)),
        (["Mon", "Wednesday"], ([0, 2], 7)),
        (["9:30", "at 10:00:05", "1 pm"], ([34200, 36005, 46800], 86400)),
        (["Q4", "1Q", "x_Q2"], ([4, 1, 2], 4)),
        (["Q1 2024"], None),
        (["Q5"], None),
        (["Jan 5"], None),
        (["Jan", "Mon"], None),
        (["2024-01-01 10:00"], None),
        (["25:00"], None),
        (["week 1"], None),
    ],
)
def test_places(names, expected):
    assert places_on_cycle(names) == expected


@pytest.mark.parametrize(
    ("places", "length", "expected"),
    [
        ([98, 99, 0, 1], 100, [98]),
        ([0, 1, 2], 100, [0]),
        ([11, 12, 1], 12, [11]),
        ([0, 50], 100, [50, 0]),
        ([10, 40, 76], 100, [40, 76, 10]),
        ([5, 5], 12, [5]),
    ],
)
def test_a_cycle_begins_behind_the_largest_gap(places, length, expected):
    assert starts_on_cycle(places, length) == expected


@pytest.mark.parametrize(
    ("places", "length", "expected"),
    [
        ([3, 2, 1], 12, True),
        ([1, 12, 11], 12, True),
        ([2, 1], 12, True),
        ([1, 12], 12, False),
        ([12, 1], 12, False),
        ([3, 1], 4, False),
        ([1, 2, 3], 12, False),
        ([1, 3, 2, 4], 12, False),
        ([2, 2, 1, 1], 12, True),
        ([1, 1], 12, False),
    ],
)
def test_what_falls_goes_back_in_fewer_steps(places, length, expected):
    assert falls_on_cycle(places, length) == expected
