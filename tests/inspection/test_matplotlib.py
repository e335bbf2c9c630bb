"""import_pyplot: matplotlib, or how to get it."""

import sys

import matplotlib as mpl
import pytest

mpl.use("Agg")
from matplotlib import pyplot as plt

from skdl.inspection._matplotlib import import_pyplot


def test_gives_pyplot():
    assert import_pyplot("SomeDisplay") is plt


def test_missing_matplotlib_names_the_display_and_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.delattr("matplotlib.pyplot")
    with pytest.raises(ImportError, match=r'SomeDisplay needs matplotlib.*"skdl\[plot\]"'):
        import_pyplot("SomeDisplay")
