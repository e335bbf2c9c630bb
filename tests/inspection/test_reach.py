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


def test_through_a_search_and_a_pipeline_with_x_transformed():
    pipeline = make_pipeline(FunctionTransformer(np.negative), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [1.0]}, cv=2).fit(X, Y)
    found, inside = reach_classifier(search, X, LogisticRegression, "Display")
    assert found is search.best_estimator_[-1]
    np.testing.assert_array_equal(inside, -X)


def test_what_holds_none_or_an_unfitted_one():
    with pytest.raises(
        TypeError, match=r"Display needs a GridSearchCV.* Got LogisticRegression in"
    ):
        reach_classifier(make_pipeline(LogisticRegression()), X, GridSearchCV, "Display")
    with pytest.raises(NotFittedError):
        reach_classifier(LogisticRegression(), X, LogisticRegression, "Display")


def test_a_calibrated_classifier_holds_one_or_one_a_fold():
    one = CalibratedClassifierCV(LogisticRegression(C=0.5), ensemble=False).fit(X, Y)
    found, _ = reach_classifier(one, X, LogisticRegression, "Display")
    assert found.C == 0.5
    assert hasattr(found, "coef_")
    several = CalibratedClassifierCV(LogisticRegression(), cv=3).fit(X, Y)
    with pytest.raises(TypeError, match="CalibratedClassifierCV holds 3 classifiers"):
        reach_classifier(several, X, LogisticRegression, "Display")


def test_a_template_that_was_fitted_before_is_none():
    fitted = LogisticRegression().fit(X, Y)
    with pytest.raises(NotFittedError):
        reach_classifier(GridSearchCV(fitted, {}), X, LogisticRegression, "Display")
    search = GridSearchCV(fitted, {}, cv=2, refit=False).fit(X, Y)
    with pytest.raises(TypeError, match=r"of a search \(with refit\). Got GridSearchCV"):
        reach_classifier(search, X, LogisticRegression, "Display")
    several = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    with pytest.raises(TypeError, match="Got OneVsRestClassifier"):
        reach_classifier(several, X, LogisticRegression, "Display")
    assert reach_classifier(FrozenEstimator(fitted), X, LogisticRegression, "D")[0] is fitted
