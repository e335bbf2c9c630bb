"""Finding the classifier in a Pipeline or a search."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdl.inspection._reach import reach_classifier

X, Y = np.arange(20.0)[:, None], np.arange(20) % 2


class Explained(LogisticRegression):
    """A classifier with a method that a display asks for."""

    def explain(self, X):
        return X * self.coef_


def reach(estimator):
    return reach_classifier(estimator, X, "explain", "Display", "Explained")


def test_through_a_search_and_a_pipeline_with_x_transformed():
    pipeline = make_pipeline(FunctionTransformer(np.negative), Explained())
    search = GridSearchCV(pipeline, {"explained__C": [1.0]}, cv=2).fit(X, Y)
    found, inside = reach(search)
    assert found is search.best_estimator_[-1]
    np.testing.assert_array_equal(inside, -X)


def test_what_holds_none_or_an_unfitted_one():
    with pytest.raises(
        TypeError,
        match=r"Display needs a classifier with the method explain, such as Explained: .* Got "
        r"LogisticRegression in Pipeline\.",
    ):
        reach(make_pipeline(LogisticRegression()))
    with pytest.raises(NotFittedError):
        reach(Explained())


def test_a_calibrated_classifier_holds_one_or_one_a_fold():
    one = CalibratedClassifierCV(Explained(C=0.5), ensemble=False).fit(X, Y)
    found, _ = reach(one)
    assert found.C == 0.5
    assert hasattr(found, "coef_")
    several = CalibratedClassifierCV(Explained(), cv=3).fit(X, Y)
    with pytest.raises(TypeError, match="CalibratedClassifierCV holds 3 classifiers"):
        reach(several)


def test_a_template_that_was_fitted_before_is_none():
    fitted = Explained().fit(X, Y)
    with pytest.raises(NotFittedError):
        reach(GridSearchCV(fitted, {}))
    search = GridSearchCV(fitted, {}, cv=2, refit=False).fit(X, Y)
    with pytest.raises(TypeError, match=r"of a search \(with refit\). Got GridSearchCV"):
        reach(search)
    several = OneVsRestClassifier(Explained()).fit(X, Y)
    with pytest.raises(TypeError, match="Got OneVsRestClassifier"):
        reach(several)
    assert reach(FrozenEstimator(fitted))[0] is fitted
