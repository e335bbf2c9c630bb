"""The accelerated catalogue: the same names, or an error that names the extra."""

import importlib
import importlib.util
import subprocess
import sys

import pytest
from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.preprocessing import scale

from skdl.estimators import classical as _classical
from skdl.pipelines import make_sequence_pipeline
from tests.catalogue import CLASSICAL_CLASSIFIERS, CLASSICAL_REGRESSORS, instance_of

NAME = "skdl.estimators.accelerated"
needs_sklearnex = pytest.mark.skipif(
    importlib.util.find_spec("sklearnex") is None, reason='needs pip install "skdl[fast]"'
)


def test_error_names_the_extra_when_it_is_missing(monkeypatch):
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    for module in [name for name in sys.modules if name.startswith("sklearnex.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "sklearnex", None)
    with pytest.raises(ImportError, match=r'pip install "skdl\[fast\]"'):
        importlib.import_module(NAME)


def test_is_not_imported_by_the_catalogue():
    code = f"import sys, skdl.pipelines; sys.exit({NAME!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@needs_sklearnex
def test_offers_the_same_names():
    accelerated = importlib.import_module(NAME)
    assert accelerated.__all__ == _classical.__all__
    for name in accelerated.__all__:
        is_forest = "Forest" in name or "ExtraTrees" in name
        assert issubclass(getattr(accelerated, name), getattr(_classical, name)) or is_forest


@needs_sklearnex
@pytest.mark.filterwarnings("ignore:distutils Version classes are deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", CLASSICAL_CLASSIFIERS + CLASSICAL_REGRESSORS)
def test_scores_as_scikit_learn_does(name):
    own = instance_of(name)
    fast = instance_of(name, importlib.import_module(NAME))
    load = load_breast_cancer if is_classifier(own) else load_diabetes
    X, y = load(return_X_y=True)
    X = scale(X)
    for estimator in (own, fast):
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=0)
    expected, got = (model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) for model in (own, fast))
    is_forest = "Forest" in name or "ExtraTrees" in name
    assert got == pytest.approx(expected, abs=0.1 if is_forest else 1e-3)


@needs_sklearnex
@pytest.mark.parametrize("name", _classical.__all__)
def test_pipelines_treat_both_alike(name):
    own, fast = instance_of(name), instance_of(name, importlib.import_module(NAME))
    expected, got = (list(make_sequence_pipeline(model).named_steps) for model in (own, fast))
    assert got == expected
