"""Names that count steps back from now: lag_1, x(t-1), "3 days ago", "day -3"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from numbers import Integral
from typing import Any

LAG = re.compile(
    r"(?<![^\W_])(?:(?:lag|lags|lagged|delay|prev|previous|minus)[\W_]*|[td]\s*-\s*)(\d+)"
    r"|(\d+)[\W_]*(?:[a-z]+[\W_]+)?(?:ago|before|lag)(?![^\W_])"
    r"|(?<!\S)-(\d+)(?!\S)",
    re.IGNORECASE,
)
NOW = re.compile(r"(?<![^\W_])t(?![^\W_])", re.IGNORECASE)  # beside x(t-1)
BESIDE_NOW = re.compile(r"((?:.*[\W_])?t)[ _]?([1-9]\d*)", re.IGNORECASE)  # "t_1" beside "t"


def lag_of(name: Any) -> int | None:
    """How many steps before now a name says that it is: lag_2, or -2."""
    if isinstance(name, Integral) or (isinstance(name, str) and re.fullmatch(r"-\d+|0", name)):
        return -int(name) if int(name) <= 0 else None
    found = LAG.search(str(name))
    if found is not None:
        return int(next(filter(None, found.groups())))
    return 0 if NOW.search(str(name)) else None


def lags_of(names: Sequence[Any]) -> list[int] | None:
    """How many steps before now names say that they are, all of them; None if not all do.

    Beside "temp_lag1" the name "temp" says that it is now, beside "t" "t_1" one step before.
    """
    lags = [lag_of(name) for name in names]
    if any(lag is not None for lag in lags):
        with_lag = [str(name) for name, lag in zip(names, lags, strict=True) if lag]
        stems = {LAG.sub("", name).strip("_-. ()") for name in with_lag}
        now = {str(name) for name, lag in zip(names, lags, strict=True) if lag == 0}
        for place, name in enumerate(names):
            beside = BESIDE_NOW.fullmatch(str(name))
            if beside is not None and beside[1] in now:
                lags[place] = int(beside[2])
            elif lags[place] is None and str(name) in stems:
                lags[place] = 0
    known = [lag for lag in lags if lag is not None]
    return known if len(known) == len(lags) else None
