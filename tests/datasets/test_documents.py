"""make_documents: sentences about topics, from a seed."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from skdl.datasets import make_documents


def test_documents_are_balanced_sentences_of_the_asked_length():
    X, y = make_documents(21, n_classes=4, n_words=(3, 6), random_state=0)
    assert isinstance(X, list)
    assert all(isinstance(text, str) and text.endswith(".") for text in X)
    lengths = {len(text.split()) for text in X}
    assert lengths == {3, 4, 5, 6}
    assert sorted(np.unique(y, return_counts=True)[1]) == [5, 5, 5, 6]


def test_the_topic_can_be_learned_and_without_topic_words_cannot():
    model = make_pipeline(CountVectorizer(), MultinomialNB())
    X, y = make_documents(200, n_classes=4, random_state=0)
    assert cross_val_score(model, X, y, cv=3).mean() > 0.95
    X, y = make_documents(200, n_classes=4, topic_fraction=0.0, random_state=0)
    assert cross_val_score(model, X, y, cv=3).mean() < 0.4


def test_the_seed_decides_and_the_global_state_stays():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, y = make_documents(random_state=1)
    again, y_again = make_documents(random_state=np.random.RandomState(1))
    assert first == again
    np.testing.assert_array_equal(y, y_again)
    assert first != make_documents(random_state=2)[0]
    assert make_documents()[0] != make_documents()[0]
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"n_samples": 1}, "n_samples must be at least 2, got 1"),
        ({"n_classes": 9}, "n_classes must be from 2 to 8, got 9"),
        ({"n_classes": 1}, "n_classes must be from 2 to 8, got 1"),
        ({"n_words": (0, 3)}, "minimum of n_words must be at least 1, got 0"),
        ({"n_words": (5, 3)}, "maximum of n_words must be at least 5, got 3"),
        ({"topic_fraction": 1.5}, "topic_fraction must be from 0 to 1, got 1.5"),
    ],
)
def test_bad_parameters_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make_documents(**kwargs)
