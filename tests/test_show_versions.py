"""What a report of a bug needs is printed."""

import sklearn
import torch

import skdl


def test_versions_of_all_that_is_needed_are_printed(capsys):
    skdl.show_versions()
    lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert lines["skdl"] == skdl.__version__
    assert lines["scikit-learn"] == sklearn.__version__
    assert lines["torch"] == torch.__version__
    assert {"Python", "numpy", "pandas", "skorch", "threads", "CUDA"} <= set(lines)
