"""Interleaved timing, markdown tables and a description of the environment, for all benchmarks.

A script makes one :class:`Report`, adds to it, and calls ``finish``: everything is printed, and
with ``--write`` also saved in ``benchmarks/results/NAME.md``.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import gc
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd
import torch
from joblib import cpu_count

PACKAGES = ("torch", "scikit-learn", "skorch", "numpy", "skdl")
RESULTS = Path(__file__).parent / "results"
PEER_THREADS = range(1, 1 + min(2, cpu_count()))  # of the cores that this process may use

Job = Callable[[], Any]


class Report:
    """Prints what is added to it, and saves it with ``--write``.

    Parameters
    ----------
    docstring : str
        That of the script: the first line is the title, the rest the text below it.
    parser : ArgumentParser, default=None
        With further options of the script; ``--quick`` and ``--write`` are added.

    Attributes
    ----------
    args : Namespace
    quick : bool
        Whether this is a smoke run.
    """

    def __init__(self, docstring: str, parser: argparse.ArgumentParser | None = None) -> None:
        title, _, rest = docstring.strip().partition("\n")
        parser = parser or argparse.ArgumentParser()
        parser.description = title
        parser.add_argument("--quick", action="store_true", help="smoke run of a few seconds")
        parser.add_argument("--write", action="store_true", help="save under benchmarks/results/")
        self.args = parser.parse_args()
        self.quick: bool = self.args.quick
        self.parts: list[str] = []
        self.say(f"# {title.rstrip('.')}", rest.strip(), environment())
        if self.quick:
            self.say("**A quick run: it shows that the script works, and measures nothing.**")

    def say(self, *paragraphs: str) -> None:
        for paragraph in filter(None, paragraphs):
            print(paragraph, end="\n\n", flush=True)
            self.parts.append(paragraph)

    def measure(
        self,
        ours: Mapping[str, Job],
        peers: Mapping[str, Job],
        *,
        n_rounds: int,
        peer_threads: Sequence[int] = PEER_THREADS,
    ) -> pd.DataFrame:
        """Time jobs in interleaved rounds: A B C A B C ...

        Jobs of skdl run with torch's thread count as it is, peers with each of ``peer_threads``, of
        which the best is reported. The first round is a warm-up and is not counted. A smoke run has
        one round, with one thread.

        Returns
        -------
        times : DataFrame
            A row per job: median, fastest and slowest seconds, threads.
        """
        if self.quick:
            n_rounds, peer_threads = 1, peer_threads[:1]
        jobs = {(name, None): job for name, job in ours.items()}
        jobs |= {(name, n): at_threads(job, n) for n in peer_threads for name, job in peers.items()}
        seconds = interleave(jobs, n_rounds)
        rows: dict[str, tuple[Any, ...]] = {}
        for (name, n_threads), runs in sorted(seconds.items(), key=lambda item: median(item[1])):
            row = (median(runs), min(runs), max(runs), n_threads or "own choice")
            rows.setdefault(name, row)  # the fastest comes first
        columns = ["median s", "fastest s", "slowest s", "threads"]
        return pd.DataFrame.from_dict(
            {name: rows[name] for name in (*ours, *peers)}, orient="index", columns=columns
        ).rename_axis("job")

    def table(self, title: str, table: pd.DataFrame, *notes: str) -> None:
        """Add a table, its index as the first column, and notes below it."""
        self.say(f"## {title}", markdown(table), *notes)

    def ratios(
        self, times: pd.DataFrame, rows: Sequence[tuple[str, str, str]], *, faster: bool = False
    ) -> None:
        """Add ratios of medians: rows of (ours, peer, the bar or "").

        ``faster`` inverts them: how many times as fast skdl is.
        """
        seconds = times["median s"]
        lines = []
        for ours, peer, bar in rows:
            ratio = seconds[peer] / seconds[ours] if faster else seconds[ours] / seconds[peer]
            lines.append((ours, peer, f"{ratio:.2f}", bar))
        ratio_name = "times as fast" if faster else "times the time"
        table = pd.DataFrame(lines, columns=["skdl", "peer", ratio_name, "bar"])
        self.say(markdown(table.set_index("skdl")))

    def finish(self) -> None:
        """Save the report if ``--write`` asks for it."""
        if self.args.write:
            RESULTS.mkdir(exist_ok=True)
            path = RESULTS / f"{Path(sys.argv[0]).stem}.md"
            path.write_text("\n\n".join(self.parts) + "\n")
            print(f"written: {path.relative_to(RESULTS.parent.parent)}")


def interleave(jobs: Mapping[Any, Job], n_rounds: int) -> dict[Any, list[float]]:
    """Seconds of each job in each round; a job may return its own time as a float."""
    seconds: dict[Any, list[float]] = {key: [] for key in jobs}
    for n_round in range(n_rounds + 1):
        for key, job in jobs.items():
            gc.collect()
            start = perf_counter()
            own = job()
            elapsed = perf_counter() - start
            if n_round:  # the first one warms up
                seconds[key].append(own if isinstance(own, float) else elapsed)
    return seconds


def median(values: Sequence[float]) -> float:
    return float(pd.Series(values).median())


def at_threads(job: Job, n_threads: int) -> Job:
    """The job with torch's thread count set, and reset afterwards."""

    def run() -> Any:
        with threads(n_threads):
            return job()

    return run


@contextlib.contextmanager
def threads(n_threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def environment() -> str:
    """Machine, versions and date, as a markdown list."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return "\n".join(
        [
            f"- {cpu_model()}, {cpu_count()} cores, {memory:.0f} GiB of memory; "
            f"torch on {torch.get_num_threads()} threads",
            f"- Python {platform.python_version()}, {versions}",
            f"- {datetime.date.today().isoformat()}",
        ]
    )


def cpu_model() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def markdown(table: pd.DataFrame) -> str:
    """A table as padded markdown, numbers right-aligned."""
    flat = table.reset_index()
    cells = [[*map(str, flat.columns)], *([show(cell) for cell in row] for row in flat.to_numpy())]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [pd.api.types.is_numeric_dtype(dtype) for dtype in flat.dtypes]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        + " |"
        for row in cells
    ]
    rule = "|".join(
        "-" * (width + 1) + (":" if to_right else "-")
        for width, to_right in zip(widths, right, strict=True)
    )
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def show(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if pd.isna(value):
        return ""
    return f"{value:.1f}" if abs(value) >= 1000 else f"{value:#.4g}"
