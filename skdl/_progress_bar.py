"""Progress bars, also where a process has no console."""

from __future__ import annotations

import sys

from tqdm import tqdm


def progress_bar(
    n_steps: int, *, unit: str, shown: bool | None, desc: str | None = None
) -> tqdm[None]:
    """A bar of n_steps on stderr; with ``shown=None`` only where that is a terminal.

    A process without console has no stderr (pythonw, services and windowed programs on Windows): it
    gets a bar that shows nothing.
    """
    hidden = True if sys.stderr is None else None if shown is None else not shown
    return tqdm(total=n_steps, unit=unit, desc=desc, disable=hidden)
