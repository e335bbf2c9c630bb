"""Any classifier takes images through make_image_classifier."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline

from skdl.estimators import SVC, CNNClassifier, KNeighborsClassifier, RandomForestClassifier
from skdl.pipelines import make_image_classifier, make_sequence_pipeline
from tests.catalogue import CLASSICAL_CLASSIFIERS, instance_of

SMALL = {"channels": (8,), "max_epochs": 3, "random_state": 0, "device": "cpu"}
LEARNS = {**SMALL, "max_epochs": 15, "lr": 0.02}


@pytest.fixture(scope="module")
def digits():
    digits = load_digits()
    return digits.images[:400], np.array(["zero", "one", *"23456789"])[digits.target[:400]]


def steps(estimator=None):
    return list(make_image_classifier(estimator).named_steps)


def test_steps_by_family():
    assert steps() == ["cnnclassifier"]
    assert steps(CNNClassifier()) == ["cnnclassifier"]
    assert steps(SVC()) == ["flatten", "pixelscaler", "svc"]
    assert steps(KNeighborsClassifier()) == ["flatten", "pixelscaler", "kneighborsclassifier"]
    assert steps(RandomForestClassifier()) == ["flatten", "randomforestclassifier"]
    assert steps(DummyClassifier()) == ["flatten", "dummyclassifier"]
    assert steps(MultinomialNB()) == ["flatten", "multinomialnb"]
    assert steps(BaggingClassifier(SVC())) == ["flatten", "pixelscaler", "baggingclassifier"]
    assert steps(GridSearchCV(CNNClassifier(), {})) == ["gridsearchcv"]
    assert steps(make_pipeline(SVC())) == ["flatten", "pixelscaler", "pipeline"]


@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_ has:UserWarning")  # blank pixels
@pytest.mark.parametrize("name", CLASSICAL_CLASSIFIERS)
def test_classical_classifiers_take_images(name, digits):
    X, y = digits
    model = make_image_classifier(instance_of(name))
    assert type(model) is Pipeline
    assert model.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.6


@pytest.mark.parametrize("estimator", [CNNClassifier(**LEARNS), SVC(), RandomForestClassifier(20)])
@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (4, 8, 2)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_shapes_and_dtypes(estimator, shape, dtype, digits):
    X, y = digits
    X = X.reshape(-1, *shape).astype(dtype)
    model = make_image_classifier(estimator).fit(X, y)
    assert model.score(X, y) > 0.3
    assert set(model.predict(X[:5])) <= set(y)


def test_flat_images(digits):
    X, y = digits
    flat = X.reshape(len(X), -1)
    assert make_image_classifier(SVC()).fit(flat, y).score(flat, y) > 0.9
    model = make_image_classifier(CNNClassifier(**SMALL, image_shape=(8, 8))).fit(flat, y)
    on_images = make_image_classifier(CNNClassifier(**SMALL)).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(flat), on_images.predict_proba(X))
    with pytest.raises(ValueError, match="need image_shape"):  # not taken for signals
        make_image_classifier().fit(flat, y)


def test_one_scale_serves_pixels_better(digits):
    X, y = digits
    accuracies = [
        cross_val_score(make(KNeighborsClassifier()), X, y, cv=5).mean()
        for make in (make_image_classifier, make_sequence_pipeline)
    ]
    assert accuracies[0] > accuracies[1]


def test_grids_clones_and_the_estimator_itself(digits):
    X, y = digits
    estimator = SVC()
    model = make_image_classifier(estimator)
    assert model[-1] is estimator
    search = GridSearchCV(model, {"svc__C": [1e-6, 10.0]}, cv=2).fit(X, y)
    assert search.best_params_ == {"svc__C": 10.0}
    assert not hasattr(clone(model)[-1], "classes_")


@pytest.mark.parametrize("bad", [SVC, "svc", object()])
def test_only_instances(bad):
    with pytest.raises(TypeError, match="must be an instance"):
        make_image_classifier(bad)
