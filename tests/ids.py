"""Ids of parametrized tests that are the same in every process, as pytest-xdist needs them."""

import re


def short(value):
    """The first words of a value, without addresses."""
    return re.sub(r" at 0x\w+", "", str(value))[:60]
