"""What all tests need: doctests of what is installed, Ctrl-C, threads, and real data.

Doctests of optional parts are collected only where the package they need is installed.
"""

import importlib.util
import os
import signal
import sys
from pathlib import Path

import pytest

collect_ignore = [
    path
    for package, path in {
        "sklearnex": "skdl/estimators/accelerated.py",
        "selenium": "tests/check_site.py",
    }.items()
    if importlib.util.find_spec(package) is None
]

N_THREADS: dict[str, int] = {}  # once torch is imported

# A process that was started in the background ignores Ctrl-C, which some tests raise.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Processes of pytest-xdist share the cores: with two threads each they wait for each other, and the
# networks' tests took 4 times as long. It counts for what is imported after this.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(trylast=True)  # when fixtures are done
def pytest_runtest_teardown(item, nextitem):
    """A test leaves torch the number of threads that it found: later ones would have another."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    found = N_THREADS.setdefault("of torch", torch.get_num_threads())
    if torch.get_num_threads() != found:
        torch.set_num_threads(found)
        pytest.fail(f"{item.nodeid} does not leave torch {found} threads, as it found it.")


def pytest_runtest_setup(item):
    """Skip tests on real data where a folder that their mark names is absent."""
    home = Path(os.environ.get("SKDL_DATA", os.devnull))
    for mark in item.iter_markers("realdata"):
        if not mark.args:
            raise pytest.UsageError(f"{item.nodeid}: the mark realdata must name its folders.")
        absent = [folder for folder in mark.args if not (home / folder).is_dir()]
        if absent:
            pytest.skip(f"SKDL_DATA names no folder with {', '.join(absent)}")
