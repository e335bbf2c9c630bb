"""Doctests of optional parts are collected only where the package they need is installed."""

import importlib.util

collect_ignore = [
    path
    for package, path in {"sklearnex": "skdl/estimators/accelerated.py"}.items()
    if importlib.util.find_spec(package) is None
]
