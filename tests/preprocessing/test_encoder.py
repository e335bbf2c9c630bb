"""Encoder: what an estimator has learned to see, as a transformer."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted

from skdl.datasets import make_sequences
from skdl.estimators import GRURegressor, LSTMClassifier
from skdl.preprocessing import Encoder

SMALL = {"hidden_size": 4, "max_epochs": 2, "random_state": 0, "device": "cpu"}
# One step per epoch, nothing drawn per row: a row of weight 2 is then the same as two rows.
FULL_BATCH = {
    "batch_size": 10_000,
    "dropout": 0.0,
    "early_stopping": False,
    "precision": "float64",
}


def expected_failed_checks(encoder):
    if encoder.estimator.batch_size == FULL_BATCH["batch_size"]:
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "rows that come twice are cut into other mini-batches than rows of weight 2"
        )
    }


@parametrize_with_checks(
    [Encoder(LSTMClassifier(**SMALL)), Encoder(LSTMClassifier(**SMALL, **FULL_BATCH))],
    expected_failed_checks=expected_failed_checks,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


class Shares(BaseEstimator):
    """An estimator without torch: encodes numbers as parts of the largest, needs no y."""

    def __init__(self, extra_axis=False):
        self.extra_axis = extra_axis

    def fit(self, X, y=None):
        self.largest_ = np.max(X)
        return self

    def encode(self, X):
        shares = np.asarray(X) / self.largest_
        return shares[..., None] if self.extra_axis else shares


@pytest.fixture(scope="module")
def data():
    return make_sequences(60, n_steps=8, task="classification", random_state=0)


@pytest.fixture(scope="module")
def fitted(data):
    return LSTMClassifier(**SMALL).fit(*data)


def test_trains_a_clone_and_returns_its_representation(data, fitted):
    X, y = data
    network = LSTMClassifier(**SMALL)
    encoder = Encoder(network)
    out = encoder.fit_transform(X, y)
    np.testing.assert_array_equal(out, fitted.encode(X))
    assert out.dtype == np.float32
    assert not hasattr(network, "net_")
    assert encoder.estimator_ is not network
    np.testing.assert_array_equal(encoder.transform(X[:5]), fitted.encode(X[:5]))


def test_weights_reach_the_estimator(data):
    X, y = data
    weight = np.linspace(0, 2, len(y))
    expected = LSTMClassifier(**SMALL).fit(X, y, sample_weight=weight).encode(X)
    encoder = Encoder(LSTMClassifier(**SMALL))
    np.testing.assert_array_equal(encoder.fit_transform(X, y, sample_weight=weight), expected)
    pipe = Pipeline([("encoder", encoder), ("svc", SVC())])
    out = pipe.fit(X, y, encoder__sample_weight=weight)[0].transform(X)
    np.testing.assert_array_equal(out, expected)
    with config_context(enable_metadata_routing=True):
        routed = Encoder(LSTMClassifier(**SMALL)).set_fit_request(sample_weight=True)
        pipe = make_pipeline(routed, SVC().set_fit_request(sample_weight=False))
        out = pipe.fit(X, y, sample_weight=weight)[0].transform(X)
    np.testing.assert_array_equal(out, expected)


def test_a_frozen_estimator_stays_as_it_is(data, fitted):
    X, y = data
    before = pickle.dumps(fitted.module_.state_dict())
    encoder = clone(Encoder(FrozenEstimator(fitted))).fit(X[::-1][:20], y[:20])
    assert encoder.estimator_.estimator is fitted
    assert pickle.dumps(fitted.module_.state_dict()) == before
    np.testing.assert_array_equal(encoder.transform(X), fitted.encode(X))
    assert not get_tags(encoder).target_tags.required
    np.testing.assert_array_equal(encoder.fit(X).transform(X), fitted.encode(X))
    scores = cross_val_score(make_pipeline(encoder, LogisticRegression()), X, y, cv=3)
    assert np.isfinite(scores).all()
    copy = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(copy.transform(X), fitted.encode(X))


def test_in_a_search_over_the_estimator(data):
    X, y = data
    pipe = Pipeline([("encoder", Encoder(LSTMClassifier(**SMALL))), ("svc", SVC())])
    search = GridSearchCV(pipe, {"encoder__estimator__hidden_size": [2, 3]}, cv=2)
    search.fit(X, y)
    encoder = search.best_estimator_["encoder"]
    width = 2 * search.best_params_["encoder__estimator__hidden_size"]  # both directions
    assert encoder.transform(X).shape == (60, width)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(search)).predict(X), search.predict(X))


def test_sequences_of_unequal_length_and_regression():
    X, y = make_sequences(40, ragged=True, random_state=0)
    expected = GRURegressor(**SMALL).fit(X, y).encode(X)
    for given in (X, pd.Series(X)):
        encoder = Encoder(GRURegressor(**SMALL)).fit(given, y)
        np.testing.assert_array_equal(encoder.transform(given), expected)
    assert len(encoder.get_feature_names_out()) == expected.shape[1]


def test_pandas_output_keeps_the_index(data):
    X, y = data
    frame = pd.DataFrame(X.reshape(60, -1)[:, :8], index=np.arange(60) + 100)
    frame.columns = [f"t{i}" for i in range(8)]
    encoder = Encoder(LSTMClassifier(**SMALL)).set_output(transform="pandas").fit(frame, y)
    out = encoder.transform(frame)
    assert list(out.columns) == [f"encoder{i}" for i in range(8)]
    assert out.index.equals(frame.index)
    assert encoder.n_features_in_ == 8
    assert list(encoder.feature_names_in_) == list(frame.columns)
    out = encoder.fit(list(X), y).transform(list(X))  # a list has no index, but a method so named
    assert out.index.tolist() == list(range(60))
    assert not hasattr(encoder, "feature_names_in_")


def test_any_estimator_that_encodes_will_do():
    X = [[1.0, 2.0], [3.0, 4.0]]
    encoder = Encoder(Shares()).fit(X)
    np.testing.assert_array_equal(encoder.transform(X), [[0.25, 0.5], [0.75, 1]])
    assert not hasattr(encoder, "n_features_in_")
    assert not get_tags(encoder).target_tags.required
    with pytest.raises(ValueError, match=r"must return .*\(n_samples, n_features\), got \(1, 2, 1"):
        Encoder(Shares(extra_axis=True)).fit(X)


def test_tags_are_those_of_the_estimator():
    tags = get_tags(Encoder(LSTMClassifier()))
    assert tags.input_tags.three_d_array
    assert tags.target_tags.required
    assert tags.estimator_type is None  # a transformer, not a classifier
    assert tags.transformer_tags.preserves_dtype == []


def test_an_estimator_that_does_not_encode_is_refused(data):
    for estimator in (SVC(), FrozenEstimator(SVC().fit([[0], [1]], [0, 1]))):
        with pytest.raises(TypeError, match=r"must have a method encode\(X\).*got .*SVC\(\)"):
            Encoder(estimator).fit(*data)


def test_a_missing_y_is_said(data):
    with pytest.raises(ValueError, match=r"requires y .* LSTMClassifier is trained on y"):
        Encoder(LSTMClassifier()).fit(data[0])


def test_before_fit(data):
    encoder = Encoder(LSTMClassifier(**SMALL))
    assert not hasattr(encoder, "n_features_in_")
    with pytest.raises(NotFittedError):
        encoder.transform(data[0])
    with pytest.raises(NotFittedError):
        encoder.get_feature_names_out()
    with pytest.raises(NotFittedError):
        Encoder(FrozenEstimator(LSTMClassifier())).fit(*data)


def test_a_fit_that_fails_leaves_the_encoder_as_it_was(data, fitted):
    X, y = data
    encoder = Encoder(LSTMClassifier(**SMALL)).fit(X, y)
    with pytest.raises(ValueError, match="samples"):
        encoder.fit(X, y[:-1])
    np.testing.assert_array_equal(encoder.transform(X), fitted.encode(X))
    unfitted = Encoder(LSTMClassifier(**SMALL))
    with pytest.raises(ValueError, match="samples"):
        unfitted.fit(X, y[:-1])
    with pytest.raises(NotFittedError):
        check_is_fitted(unfitted)
