"""What all tests need: doctests of what is installed, Ctrl-C, and threads.

Doctests of optional parts are collected only where the package they need is installed.
"""

import importlib.util
import os
import signal

collect_ignore = [
    path
    for package, path in {"sklearnex": "skdl/estimators/accelerated.py"}.items()
    if importlib.util.find_spec(package) is None
]

# A process that was started in the background ignores Ctrl-C, which some tests raise.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Processes of pytest-xdist share the cores: with two threads each they wait for each other, and the
# networks' tests took 4 times as long. It counts for what is imported after this.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
