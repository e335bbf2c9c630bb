"""Laws of composition: pipelines, cross-validation and searches."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.laws.common import answers, assert_same, clone, every, predicts, takes_weights


@every()
def test_works_in_pipelines_and_searches_with_equal_results_in_parallel(instance):
    """Pipeline, cross_val_score and GridSearchCV, n_jobs 1 and 2."""
    X, y = instance.data()
    last = [] if predicts(instance) else [LogisticRegression(C=0.1)]
    estimator = clone(instance.estimator).set_params(max_epochs=1)
    pipeline = make_pipeline(instance.kind.scaler(), estimator, *last)
    scores = [cross_val_score(pipeline, X, y, cv=2, n_jobs=n, error_score="raise") for n in (1, 2)]
    assert_same(*scores)
    grid = {f"{pipeline.steps[1][0]}__lr": [0.001, 0.01]}
    one, two = (
        GridSearchCV(pipeline, grid, cv=2, n_jobs=n, error_score="raise").fit(X, y) for n in (1, 2)
    )
    assert_same(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert_same(answers(one.best_estimator_, X), answers(two.best_estimator_, X))


@every(takes_weights)
def test_fit_parameters_pass_through_a_pipeline(instance):
    """Weights reach the estimator."""
    X, y = instance.data()
    weight = np.linspace(0, 1, len(y))
    pipeline = make_pipeline(FunctionTransformer(), clone(instance.estimator))
    pipeline.fit(X, y, **{f"{pipeline.steps[-1][0]}__sample_weight": weight})
    assert_same(answers(pipeline, X), instance.answers_of_fit(X, y, weight))
