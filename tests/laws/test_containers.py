"""Laws of containers: what holds X and y does not matter."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from tests.laws.common import (
    answers,
    assert_close,
    assert_same,
    classifies,
    every,
    numeric,
    one_of_each,
    predicts,
    regresses,
    tabular,
)
from tests.laws.kinds import KINDS


@every(numeric)
def test_layout_of_the_memory_does_not_matter(instance, tmp_path):
    """Strided, reversed, Fortran-ordered, read-only and memory-mapped arrays."""
    X, y = instance.data()
    expected = answers(instance.as_fitted(), X)
    for other in instance.kind.layouts(X, tmp_path):
        assert_same(instance.answers_of_fit(other, y), expected)


@every(numeric, predicts)
def test_one_row_may_be_read_backwards(instance):
    """numpy calls such a view contiguous; torch refuses its negative strides."""
    X, _ = instance.data()
    model = instance.as_fitted()
    last = instance.kind.take(X, slice(len(X) - 1, None))
    backwards = instance.kind.map(lambda x: x[::-1].copy()[::-1], last)
    for other in (backwards, last[::-1]):
        assert_same(model.predict(other), model.predict(last))


@every()
def test_containers_do_not_matter(instance):
    """Lists, frames, object arrays, Series and so on mean the same."""
    X, y = instance.data()
    expected = answers(instance.as_fitted(), X)
    for i, other in enumerate(instance.kind.containers(X)):
        target = pd.Series(y) if i % 2 else y.tolist()
        assert_same(instance.answers_of_fit(other, target), expected)


@every(numeric, predicts)
def test_masked_values_are_told(instance):
    """numpy's functions take what lies under a mask for numbers."""
    X, y = instance.data()
    bad = np.arange(len(X)) == 3
    masked = instance.kind.map(
        lambda x: np.ma.array(x, mask=np.arange(x.size).reshape(x.shape) == 0), X
    )
    for args in ((masked, y), (X, np.ma.array(y, mask=bad))):
        with pytest.raises(ValueError, match="must have no masked values, got one at index"):
            instance.fitted(*args)
    with pytest.raises(ValueError, match="sample_weight must have no masked values"):
        clone(instance.estimator).fit(X, y, sample_weight=np.ma.array(np.ones(len(X)), mask=bad))
    model = instance.as_fitted()
    with pytest.raises(ValueError, match="must have no masked values"):
        model.predict(masked)
    assert_same(model.predict(instance.kind.map(np.ma.array, X)), model.predict(X))


@every(numeric)
@pytest.mark.parametrize(
    ("largest", "dtypes"),
    [
        (9, [np.float32, np.int64, np.uint8, object]),
        (9, [np.float16, np.int8, np.int16, np.uint16, np.int32]),
        (1, [bool]),
    ],
)
def test_dtypes_of_x(instance, largest, dtypes):
    """Any numeric dtype is read as its values."""
    X, y = instance.data()
    X = instance.kind.map(lambda x: np.clip(np.round(3.0 * x), 0, largest), X)
    expected = instance.answers_of_fit(X, y)
    for dtype in dtypes:
        other = instance.kind.map(lambda x, dtype=dtype: x.astype(dtype), X)
        assert_close(instance.answers_of_fit(other, y), expected)


@every(numeric)
@pytest.mark.parametrize("offset", [1.7e9, -1e12])
def test_x_far_from_zero_keeps_its_digits(instance, offset):
    """Times in seconds: what is told apart is how far values are from each other."""
    X, y = instance.data()
    X = instance.kind.map(lambda x: np.round(64.0 * x) / 64, X)  # the sums are exact
    far = instance.kind.map(lambda x: x + offset, X)
    params = instance.known(normalize=True, standardize=True, linear_model=False)
    expected = instance.answers_of_fit(X, y, **params)
    assert_close(instance.answers_of_fit(far, y, **params), expected, atol=1e-3)


@every(tabular)
def test_feature_names(instance):
    """Names of a frame are kept, and checked at predict as scikit-learn does."""
    X, y = instance.data()
    frame = pd.DataFrame(X, columns=[f"t{i}" for i in range(X.shape[1])])
    model = instance.fitted(frame, y)
    assert_same(model.feature_names_in_, frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    with pytest.warns(UserWarning, match="valid feature names"):
        model.predict(X)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")


LABELS = [
    np.array(["no", "yes"]),
    np.array(["no", "yes"], dtype=object),
    np.array([False, True]),
    np.array([-5, 40]),
    np.array([0.0, 1.0]),
    pd.Categorical(["no", "yes"]),
    pd.array(["no", "yes"], dtype="string"),
]


@every(classifies)
def test_any_labels(instance):
    """Labels come back as they went in; only their order matters."""
    X, y = instance.data()
    expected = instance.as_fitted().predict_proba(X)
    for labels in LABELS:
        model = instance.fitted(X, pd.Series(labels).take(y))
        assert_same(model.predict_proba(X), expected)
        assert model.classes_.tolist() == list(labels)
        assert set(model.predict(X)) <= set(labels)
        assert_same(model.predict(X), model.classes_[expected.argmax(1)])
        assert_same(model.decision_function(X) > 0, model.predict(X) == labels[1])


@one_of_each()
@pytest.mark.parametrize("kind", ["ragged", "texts", "documents"])
def test_kinds_of_x_that_are_not_taken_are_refused(instance, kind):
    """By an error about X, not by one from inside of the network."""
    takes, other = type(instance.estimator)._input_kinds, KINDS[kind]
    if other.input_kind in takes or (not other.is_numeric and takes & {"texts", "documents"}):
        pytest.skip(f"takes {kind}")
    task = "regression" if regresses(instance) else "classification"
    with pytest.raises((ValueError, TypeError), match=r"X|[Dd]ocument|[Tt]ext"):
        instance.fitted(*other.make(20, task))
