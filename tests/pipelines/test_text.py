"""Any classifier takes texts through make_text_classifier."""

import re
from collections import deque

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier, VotingClassifier
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB, GaussianNB, MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler

import skdl.estimators
from skdl._reading import read_texts
from skdl.datasets import load_docstrings
from skdl.estimators import (
    SVC,
    CNNClassifier,
    LinearSVC,
    LogisticRegression,
    LSTMClassifier,
    TransformerClassifier,
)
from skdl.pipelines import make_text_classifier, search_grid
from tests.catalogue import CLASSICAL_CLASSIFIERS, instance_of

SMALL = {"d_model": 16, "n_heads": 2, "max_epochs": 3, "random_state": 0, "device": "cpu"}
TFIDF, SVD = "tfidfvectorizer", "truncatedsvd"


@pytest.fixture(scope="module")
def docstrings():
    """Docstrings of two families, mixed."""
    corpus = load_docstrings()
    rows = [np.flatnonzero(corpus.target == label)[:150] for label in ("gui", "mail")]
    rows = np.stack(rows, axis=1).ravel()
    return [corpus.data[i] for i in rows], corpus.target[rows]


def steps(estimator=None):
    return list(make_text_classifier(estimator).named_steps)


def test_steps_by_what_the_estimator_takes():
    assert steps() == ["transformerclassifier"]
    assert steps(TransformerClassifier()) == ["transformerclassifier"]
    assert steps(LogisticRegression()) == [TFIDF, "logisticregression"]
    assert steps(MultinomialNB()) == [TFIDF, "multinomialnb"]
    assert steps(MLPClassifier()) == [TFIDF, "mlpclassifier"]
    assert steps(DummyClassifier()) == [TFIDF, "dummyclassifier"]
    assert steps(GaussianNB()) == [TFIDF, SVD, "gaussiannb"]
    assert steps(HistGradientBoostingClassifier())[:2] == [TFIDF, SVD]


def test_steps_by_what_a_meta_estimator_wraps():
    assert steps(GridSearchCV(TransformerClassifier(), {})) == ["gridsearchcv"]
    assert steps(GridSearchCV(GaussianNB(), {})) == [TFIDF, SVD, "gridsearchcv"]
    assert steps(GridSearchCV(LinearSVC(), {})) == [TFIDF, "gridsearchcv"]
    assert steps(OneVsRestClassifier(GaussianNB())) == [TFIDF, SVD, "onevsrestclassifier"]
    assert steps(BaggingClassifier()) == [TFIDF, "baggingclassifier"]
    voting = VotingClassifier([("a", GaussianNB()), ("b", LinearSVC())])
    assert steps(voting) == [TFIDF, SVD, "votingclassifier"]


def test_members_of_voting_must_all_take_texts_or_none():
    """A Transformer would read the numbers of TF-IDF as a sequence, in silence."""
    texts, y = ["good film", "bad film"] * 10, [1, 0] * 10
    deep = TransformerClassifier(8, n_heads=2, n_layers=1, max_epochs=1, random_state=0)
    with pytest.raises(ValueError, match="must take X in one form"):
        make_text_classifier(VotingClassifier([("a", deep), ("b", MultinomialNB())]))
    wrapped = [(type(e).__name__, make_text_classifier(e)) for e in (deep, MultinomialNB())]
    assert VotingClassifier(wrapped).fit(texts, y).predict(texts).shape == (20,)
    assert steps(VotingClassifier(wrapped)) == ["votingclassifier"]
    assert steps(VotingClassifier([("a", deep), ("b", deep)])) == ["votingclassifier"]


def test_steps_by_what_a_pipeline_begins_with():
    for vectorizer in (TfidfVectorizer(), HashingVectorizer()):
        assert steps(make_pipeline(vectorizer, LinearSVC())) == ["pipeline"]
    assert steps(GridSearchCV(make_pipeline(TfidfVectorizer(), SVC()), {})) == ["gridsearchcv"]
    assert steps(make_pipeline(TransformerClassifier())) == ["pipeline"]
    assert steps(make_pipeline(MaxAbsScaler(), SVC())) == [TFIDF, "pipeline"]
    assert steps(make_pipeline(StandardScaler(), SVC())) == [TFIDF, SVD, "pipeline"]
    assert steps(make_pipeline("passthrough", SVC())) == [TFIDF, "pipeline"]


def test_what_is_counted():
    vectorizer = make_text_classifier(SVC())[0]
    assert (vectorizer.ngram_range, vectorizer.analyzer) == ((1, 2), "word")
    model = make_text_classifier(SVC(), ngram_range=(1, 3), analyzer="char")
    assert (model[0].ngram_range, model[0].analyzer) == ((1, 3), "char")


@pytest.mark.parametrize("name", CLASSICAL_CLASSIFIERS)
def test_classical_classifiers_take_texts(name, docstrings):
    X, y = docstrings
    estimator = instance_of(name)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=0)
    model = make_text_classifier(estimator)
    assert type(model) is Pipeline
    assert model.fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.75


@pytest.mark.parametrize(
    "estimator",
    [
        ComplementNB(),
        GaussianNB(),
        HistGradientBoostingClassifier(max_iter=10),
        LinearDiscriminantAnalysis(),
        MLPClassifier((8,), max_iter=1000, random_state=0),
        make_pipeline(StandardScaler(), SVC()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_more_of_scikit_learn_takes_texts(estimator, docstrings):
    X, y = docstrings
    model = make_text_classifier(estimator).fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0.75
    again = clone(model).fit(X[:200], y[:200])  # the components come from a seed
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, lambda X: np.array(X, dtype=object)])
@pytest.mark.parametrize("estimator", [TransformerClassifier(**SMALL), LogisticRegression()])
def test_kinds_of_texts(estimator, kind, docstrings):
    X, y = docstrings
    model = make_text_classifier(estimator).fit(kind(X[:60]), y[:60])
    assert set(model.predict(kind(X[60:65]))) <= set(y)
    np.testing.assert_array_equal(model.predict(kind(X)), model.predict(X))


def test_the_transformer_gets_the_texts_untouched(docstrings):
    X, y = docstrings
    wrapped = make_text_classifier(TransformerClassifier(**SMALL)).fit(X[:60], y[:60])
    alone = TransformerClassifier(**SMALL).fit(X[:60], y[:60])
    np.testing.assert_array_equal(wrapped.predict_proba(X[60:]), alone.predict_proba(X[60:]))


@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_chinese_needs_no_setting(analyzer):
    X = ["今天天氣很好", "明天天氣不好", "我喜歡吃魚", "他不吃魚肉"] * 6
    y = np.array(["weather", "weather", "food", "food"] * 6)
    unseen = ["昨天天氣好", "你吃魚嗎"]
    model = make_text_classifier(LogisticRegression(), analyzer=analyzer).fit(X, y)
    assert list(model.predict(unseen)) == ["weather", "food"]
    sentences = TfidfVectorizer().fit(X)  # each one a word
    assert sentences.transform(unseen).nnz == 0


SCRIPTS = {
    "Hindi": (["बिल्ली", "अच्छी", "पसंद"], ["कुत्ता", "बुरी", "नापसंद"], " "),
    "Telugu": (["పిల్లి", "మంచి"], ["కుక్క", "చెడు"], " "),
    "Tamil": (["பூனை", "நல்ல"], ["நாய்", "கெட்ட"], " "),
    "Arabic with points": (["قِطَّة", "جَيِّد"], ["كَلْب", "سَيِّئ"], " "),
    "English": (["cat", "good"], ["dog", "bad"], " "),
    "Korean": (["고양이", "좋아해"], ["강아지", "싫어해"], " "),
    "Thai": (["แมว", "รัก"], ["หมา", "เกลียด"], ""),
    "Lao": (["ແມວ", "ຮັກ"], ["ໝາ", "ຊັງ"], ""),
    "Burmese": (["ကြောင်", "ကောင်း"], ["ခွေး", "ဆိုး"], ""),
    "Khmer": (["ឆ្មា", "ស្រឡាញ់"], ["ឆ្កែ", "ស្អប់"], ""),
    "Chinese": (["猫", "爱"], ["狗", "恨"], ""),
}


@pytest.mark.parametrize(("one", "other", "between"), SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("name", ["LinearSVC", "LogisticRegression", "RandomForestClassifier"])
def test_words_of_every_script_are_found(one, other, between, name):
    """Texts of random words, of which a new one has an order of its own."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 120)
    X = [between.join(rng.choice((one, other)[label], 4)) for label in y]
    model = make_text_classifier(getattr(skdl.estimators, name)(random_state=0))
    assert model.fit(X[:100], y[:100]).score(X[100:], y[100:]) == 1
    found = model[0].vocabulary_
    if between:
        assert set(one + other) <= set(found)


def test_how_words_are_found_can_be_set():
    texts, y = ["A good film I saw", "a bad day I had"], [0, 1]
    model = make_text_classifier(LinearSVC(), ngram_range=(1, 1))

    def features(**params):
        named = {f"tfidfvectorizer__{name}": value for name, value in params.items()}
        return set(clone(model).set_params(**named).fit(texts, y)[0].vocabulary_)

    words = {"good", "film", "saw", "bad", "day", "had"}
    assert features() == words
    assert features(token_pattern=r"(?u)\b\w+\b") == words | {"a", "i"}
    assert features(token_pattern=None, tokenizer=str.split) == words | {"a", "i"}
    assert features(stop_words=["good", "bad"]) == words - {"good", "bad"}
    assert features(lowercase=False, token_pattern=r"[A-Z]") == {"A", "I"}
    assert features(analyzer="char") == set(" ".join(texts).lower())
    assert features(analyzer=str.split) == set(" ".join(texts).split())
    assert features(max_features=1) < words


def test_grids_clones_and_the_estimator_itself(docstrings):
    X, y = docstrings
    estimator = LogisticRegression()
    model = make_text_classifier(estimator)
    assert model[-1] is estimator
    search = GridSearchCV(model, search_grid(model), cv=2).fit(X, y)
    assert set(search.best_params_) == {"logisticregression__C"}
    assert not hasattr(clone(model)[-1], "classes_")
    assert cross_val_score(model, X, y, cv=3).mean() > 0.8


@pytest.mark.parametrize("bad", [SVC, "svc", object()])
def test_only_instances(bad):
    with pytest.raises(TypeError, match="must be an instance"):
        make_text_classifier(bad)


@pytest.mark.parametrize("estimator", [LSTMClassifier(), GridSearchCV(CNNClassifier(), {})])
def test_networks_for_numbers_are_refused(estimator):
    with pytest.raises(TypeError, match=r"got (LSTM|CNN)Classifier, which takes numbers"):
        make_text_classifier(estimator)


def test_a_pipeline_may_bring_numbers_to_a_network():
    tfidf = make_pipeline(TfidfVectorizer(), FunctionTransformer(), CNNClassifier())
    assert steps(tfidf) == ["pipeline"]


COLUMNS = {
    "frame": lambda texts: pd.DataFrame({"text": texts}),
    "column of an array": lambda texts: np.array(texts)[:, None],
    "deque": deque,
    "array of pandas": lambda texts: pd.array(texts, dtype="string"),
    "series": lambda texts: pd.Series(texts, index=range(len(texts), 0, -1)),
}


@pytest.mark.parametrize("convert", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("estimator", [LinearSVC(), GaussianNB()], ids=lambda e: type(e).__name__)
def test_containers_of_texts_do_not_matter(convert, estimator):
    texts, y = ["good film here", "bad film there", "so good yes", "so bad no"] * 5, [1, 0] * 10
    model = make_text_classifier(estimator)
    if "truncatedsvd" in model.named_steps:
        model.set_params(truncatedsvd__n_components=3)
    expected = clone(model).fit(texts, y).predict(texts)
    fitted = clone(model).fit(convert(texts), y)
    np.testing.assert_array_equal(fitted.predict(texts), expected)
    np.testing.assert_array_equal(fitted.predict(convert(texts[:5])), expected[:5])


BAD = {
    "two columns": pd.DataFrame({"a": ["x", "y"], "b": ["x", "y"]}),
    "missing": pd.DataFrame({"a": ["x", None]}),
    "missing in a list": ["x", None],
    "column of numbers": pd.DataFrame({"a": [3, 4]}),
    "numbers": np.zeros((2, 3)),
    "lists of words": [["good", "film"], ["bad", "film"]],
    "tuples of words": [("good", "film"), ("bad", "film")],
    "arrays of words": [np.array(["good", "film"]), np.array(["bad", "film"])],
    "dicts": [{"text": "good film"}, {"text": "bad film"}],
    "mapping": {"a": "good film", "b": "bad film"},
    "one text": "good film",
    "set": {"good film", "bad film"},
    "none": [],
    "no row": pd.Series([], dtype=str),
    "row": np.array([["good film", "bad film"]]),
}


@pytest.mark.parametrize("method", ["fit", "predict"])
@pytest.mark.parametrize("X", BAD.values(), ids=BAD)
@pytest.mark.parametrize("estimator", [LinearSVC(), GaussianNB()], ids=lambda e: type(e).__name__)
def test_what_is_no_column_of_texts_is_told_as_by_deep_estimators(X, estimator, method):
    with pytest.raises((ValueError, TypeError)) as expected:
        read_texts(X)
    model = make_text_classifier(estimator)
    if "truncatedsvd" in model.named_steps:
        model.set_params(truncatedsvd__n_components=1)
    if method == "predict":
        model.fit(["good film", "bad film"], [0, 1])
    with pytest.raises(expected.type) as error:
        model.fit(X, [0, 1]) if method == "fit" else model.predict(X)
    assert str(error.value) == str(expected.value)


@pytest.mark.parametrize("method", ["fit", "predict"])
def test_texts_that_can_be_read_only_once_are_told(method):
    model = make_text_classifier(LinearSVC()).fit(["good film", "bad film"], [0, 1])
    X = (text for text in ["good film", "bad film"])
    with pytest.raises(TypeError, match=r"got generator. Make it a list, list\(X\)"):
        model.fit(X, [0, 1]) if method == "fit" else model.predict(X)


def test_parameters_of_the_vectorizer_that_say_how_texts_are_read(tmp_path):
    texts = ["gute Bären", "schöne Füchse"]
    model = make_text_classifier(LinearSVC(random_state=0))
    expected = model.fit(texts, [0, 1]).decision_function(texts)
    encoded = [text.encode("latin-1") for text in texts]
    with pytest.raises(UnicodeDecodeError):
        model.fit(encoded, [0, 1])
    model.set_params(tfidfvectorizer__encoding="latin-1").fit(encoded, [0, 1])
    np.testing.assert_array_equal(model.decision_function(encoded), expected)
    files = [tmp_path / name for name in "ab"]
    for file, content in zip(files, encoded, strict=True):
        file.write_bytes(content)
    model.set_params(tfidfvectorizer__input="filename").fit(files, [0, 1])
    np.testing.assert_array_equal(model.decision_function(files), expected)


def no_token(text):
    """A tokenizer that finds nothing."""
    return []


FILMS = ["good film", "bad film"]
HELPED = {
    "letters": (["a", "b"], {}, r'token_pattern=r"\w+"'),
    "digits": (["1", "2"], {}, r'token_pattern=r"\w+"'),
    "emoji": (["😀😀", "😡😡"], {}, r'token_pattern=r"\S+"'),
    "punctuation": (["!", "?"], {}, r'token_pattern=r"\S+"'),
    "letters with marks": (["e\u0301 !", "?"], {"token_pattern": "zzz"}, "token_pattern="),
    "stop words": (FILMS, {"stop_words": ["good", "bad", "film"]}, "stop_words=None"),
    "English stop words": (["the", "of"], {"stop_words": "english"}, "stop_words=None"),
    "pattern": (FILMS, {"token_pattern": "zzz"}, "token_pattern="),
    "tokenizer": (FILMS, {"tokenizer": no_token, "token_pattern": None}, "tokenizer=None"),
    "analyzer": (FILMS, {"analyzer": no_token, "ngram_range": (1, 1)}, 'analyzer="word"'),
    "pairs of words": (["good", "bad"], {"ngram_range": (2, 3)}, "ngram_range=(1, 3)"),
    "pairs of letters": (["a", "b"], {"ngram_range": (2, 2)}, "ngram_range=(1, 2)"),
    "characters": (["a", "b"], {"analyzer": "char", "ngram_range": (2, 2)}, "ngram_range=(1, 2)"),
}


@pytest.mark.parametrize(("texts", "params", "words"), HELPED.values(), ids=HELPED)
def test_texts_without_words_are_told_what_helps(texts, params, words):
    model = make_text_classifier(LinearSVC(random_state=0))
    model.set_params(**{f"{TFIDF}__{name}": value for name, value in params.items()})
    for fit in (model.fit, lambda X, y: model[0].fit(X)):
        with pytest.raises(ValueError, match="no text in X has") as error:
            fit(texts, [0, 1])
        message = str(error.value)
        assert f"{TFIDF}__{words}" in message
    settings = re.search(r"Set (.*?) by set_params of the pipeline", message)[1]
    model.set_params(**eval(f"dict({settings})")).fit(texts, [0, 1])
    assert list(model.predict(texts)) == [0, 1]


@pytest.mark.parametrize("texts", [["", ""], ["  ", " "]], ids=["empty", "spaces"])
def test_texts_without_anything(texts):
    with pytest.raises(ValueError, match=r"no text in X has a word\. Pass texts with words\.$"):
        make_text_classifier(LinearSVC()).fit(texts, [0, 1])


def test_other_errors_of_the_vectorizer_are_its_own():
    model = make_text_classifier(LinearSVC()).set_params(tfidfvectorizer__min_df=2)
    with pytest.raises(ValueError, match="lower min_df"):
        model.fit(["good film", "bad movie"], [0, 1])
