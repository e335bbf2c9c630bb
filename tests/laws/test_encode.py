"""Laws of ``encode``: the learned representation of each row."""

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from skdl.preprocessing import Encoder
from tests.laws.common import assert_close, assert_same, clone, every, has, regresses


@every(has("encode"))
def test_each_row_becomes_one_row_of_numbers(instance):
    """Finite, the same alone, in batches, in another order, and with the same seed."""
    X, y = instance.data()
    model, take = instance.as_fitted(), instance.kind.take
    together = model.encode(X)
    assert together.ndim == 2
    assert len(together) == len(y)
    assert together.dtype.kind == "f"
    assert np.isfinite(together).all()
    assert len(np.unique(together, axis=0)) > 1
    alone = [model.encode(take(X, slice(i, i + 1))) for i in range(len(y))]
    assert_close(np.concatenate(alone), together)
    assert_close(model.encode(take(X, slice(None, None, -1)))[::-1], together)
    assert_same(model.encode(X), together)
    assert_same(clone(model).fit(X, y).encode(X), together)


@every(has("encode"))
def test_encodes_for_other_estimators_in_a_pipeline(instance):
    X, y = instance.data()
    last = Ridge() if regresses(instance) else LogisticRegression()
    pipeline = make_pipeline(Encoder(instance.estimator), last).fit(X, y)
    assert np.isfinite(pipeline.score(X, y))
    assert_same(pipeline[0].transform(X), instance.as_fitted().encode(X))
    frozen = Encoder(FrozenEstimator(instance.as_fitted())).fit(X)
    assert_same(frozen.transform(X), pipeline[0].transform(X))
    assert len(pipeline[0].get_feature_names_out()) == pipeline[0].transform(X).shape[1]
