"""What all tests need: doctests of what is installed, and Ctrl-C.

Doctests of optional parts are collected only where the package they need is installed.
"""

import importlib.util
import signal

collect_ignore = [
    path
    for package, path in {"sklearnex": "skdl/estimators/accelerated.py"}.items()
    if importlib.util.find_spec(package) is None
]

# A process that was started in the background ignores Ctrl-C, which some tests raise.
signal.signal(signal.SIGINT, signal.default_int_handler)
