"""Word vectors of Word2VecTransformer: queries, files, and initial vectors."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skdl.estimators import (
    TransformerClassifier,
    Word2VecTransformer,
)
from tests.estimators.word2vec.transformers import (
    ANIMALS,
    NEW,
    OTHERS,
    SMALL,
    TEXTS,
    TOPICS,
    TRAFFIC,
    assert_same,
    every_model,
    every_pooling,
    fit,
    learn,
    learned,
    same_model,
    word2vec,
)

STILL = {"lr": 1e-12, "min_lr": 0}

# Word vectors ------------------------------------------------------------------------------------


def test_queries(tmp_path):
    model = learn("skip-gram", "negative")
    assert {word for word, _ in model.most_similar("cat", topn=4)} < set(ANIMALS + OTHERS)
    assert model.most_similar(model.vectors_[model.vocabulary_["cat"]], topn=1)[0][0] == "cat"
    assert model.similarity("cat", "dog") > model.similarity("cat", "train")
    assert model.doesnt_match(["cat", "dog", "horse", "train"]) == "train"
    assert model.analogy(["cat", "dog"], "train", topn=1)[0][0] in ANIMALS
    pairs = [("cat", "dog", 9), ("cat", "car", 1), ("car", "bike", 8), ("wolf", "ferry", 2)]
    assert model.evaluate_word_pairs(pd.DataFrame(pairs)).spearman > 0
    (tmp_path / "questions").write_text(": all\ncat dog car train\n")
    assert model.evaluate_analogies(tmp_path / "questions").unknown_ratio == 0
    with pytest.raises(KeyError, match=r"'hors'\. Did you mean 'horse'"):
        model.similarity("hors", "cat")


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("name", ["vectors", "vectors.gz"])
def test_files_of_word_vectors(tmp_path, binary, name):
    model, path = fit(), tmp_path / name
    model.save_word2vec_format(path, binary=binary)
    loaded = Word2VecTransformer.from_word2vec_format(path, binary=binary)
    assert isinstance(loaded, Word2VecTransformer)
    assert loaded.vocabulary_ == model.vocabulary_
    assert loaded.vectors_.tobytes() == model.vectors_.tobytes()
    assert loaded.vector_size == 8
    assert (np.diff(loaded.counts_) < 0).all()
    assert loaded.counts_.min() > 0
    assert_same(loaded.transform(TEXTS), model.transform(TEXTS))
    assert loaded.most_similar("cat") == model.most_similar("cat")
    loaded.save_word2vec_format(tmp_path / "again", binary=binary)
    again = Word2VecTransformer.from_word2vec_format(tmp_path / "again", binary=binary)
    assert again.vectors_.tobytes() == model.vectors_.tobytes()


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_the_file_and_its_own_is_read(tmp_path, binary):
    gensim = pytest.importorskip("gensim.models")
    model, path = fit(), str(tmp_path / "vectors")
    model.save_word2vec_format(path, binary=binary)
    peer = gensim.KeyedVectors.load_word2vec_format(path, binary=binary)
    assert peer.index_to_key == list(model.vocabulary_)
    assert_same(peer.vectors, model.vectors_)
    peer.save_word2vec_format(path, binary=binary)
    loaded = Word2VecTransformer.from_word2vec_format(path, binary=binary)
    assert loaded.vectors_.tobytes() == model.vectors_.tobytes()


@pytest.fixture
def loaded(tmp_path):
    fit(["unrelated words here"] * 3).save_word2vec_format(tmp_path / "other")
    fit().save_word2vec_format(tmp_path / "vectors")
    return Word2VecTransformer.from_word2vec_format(tmp_path / "vectors")


def test_only_the_first_words_of_a_file(tmp_path, loaded):
    few = Word2VecTransformer.from_word2vec_format(tmp_path / "vectors", limit=3)
    assert list(few.vocabulary_) == list(loaded.vocabulary_)[:3]
    assert_same(few.vectors_, loaded.vectors_[:3])
    with pytest.raises(FileNotFoundError):
        Word2VecTransformer.from_word2vec_format(tmp_path / "none")


def test_loaded_vectors_in_use(loaded):
    assert loaded.get_feature_names_out().shape == (8,)
    pipeline = make_pipeline(FrozenEstimator(loaded), LogisticRegression()).fit(TEXTS, TOPICS)
    assert pipeline.predict(TEXTS).shape == TOPICS.shape
    for twin in (pickle.loads(pickle.dumps(loaded)), copy.deepcopy(loaded)):
        assert same_model(twin, loaded)
    assert learned(clone(loaded)) == set()
    for pooling, normalize in (("max", False), ("mean", True)):
        loaded.set_params(pooling=pooling, normalize=normalize)
        assert_same(
            loaded.transform(TEXTS), fit(pooling=pooling, normalize=normalize).transform(TEXTS)
        )
    with pytest.raises(ValueError, match="learns"):
        loaded.set_params(pooling="idf").transform(TEXTS)


def test_loaded_vectors_have_no_net_and_moving_them_does_nothing(loaded):
    """There is nothing to move, and no history."""
    assert loaded.to("cpu") is loaded
    for name in ("module_", "history_"):
        assert not hasattr(loaded, name)


@every_model
def test_loaded_vectors_learn_more(loaded, algorithm, objective):
    before, words = loaded.vectors_.copy(), list(loaded.vocabulary_)
    chosen = {"algorithm": algorithm, "objective": objective}
    loaded.set_params(**chosen, sample=0, random_state=0, device="cpu")
    loaded.partial_fit(NEW * 50)  # output vectors start at zero: the first block moves only them
    assert list(loaded.vocabulary_) == [*words, "zebra", "giraffe"]
    assert loaded.vectors_.shape == (len(words) + 2, 8)
    assert loaded.n_iter_ == len(loaded.history_) == 1
    untouched = [row for word, row in loaded.vocabulary_.items() if word in TRAFFIC]
    assert_same(loaded.vectors_[untouched], before[untouched])
    touched = loaded.vocabulary_["cat"]
    assert not np.array_equal(loaded.vectors_[touched], before[touched])
    loaded.partial_fit(NEW)
    assert loaded.n_iter_ == 2


def test_loaded_vectors_can_be_fitted_again(loaded):
    """From what they are, or from nothing."""
    table, before = loaded.init_vectors, loaded.vectors_[loaded.vocabulary_["cat"]].copy()
    from_them = clone(loaded).set_params(**SMALL, **STILL).fit(NEW)
    assert list(from_them.vocabulary_) == list(fit(NEW).vocabulary_)
    now = from_them.vectors_[from_them.vocabulary_["cat"]]
    np.testing.assert_allclose(now, before, atol=1e-6)
    assert loaded.init_vectors is table
    refit = loaded.set_params(**SMALL, init_vectors=None).fit(NEW)
    assert same_model(refit, fit(NEW))


# Loaded vectors that stay as they are ------------------------------------------------------------

TESTS = ["ferry ship", "goat", "unheard"]


def as_mapping(loaded):
    return {word: loaded.vectors_[row] for word, row in loaded.vocabulary_.items()}


def as_gensim(loaded):
    keyed = pytest.importorskip("gensim.models").KeyedVectors(8)
    keyed.add_vectors(list(loaded.vocabulary_), loaded.vectors_)
    return keyed


@every_pooling
def test_fit_keeps_loaded_vectors(loaded, pooling):
    """All of them, also those of words that the documents lack; only pooling learns."""
    before, words = loaded.vectors_.copy(), list(loaded.vocabulary_)
    model = loaded.set_params(pooling=pooling).fit(["cat dog", "dog mouse dog", "new"])
    assert list(model.vocabulary_) == words
    assert_same(model.vectors_, before)
    assert model.n_iter_ == 0
    assert model.counts_[model.vocabulary_["dog"]] == 3
    assert model.counts_.sum() == 5
    expected = fit(pooling=pooling).transform(TESTS) if pooling in ("mean", "max") else None
    found = model.transform(TESTS)
    assert len(found) == 3
    if expected is not None:
        assert_same(found, expected)
    if pooling == "idf":
        assert model.idf_.min() == pytest.approx(np.log(4 / 3) + 1)
    assert not np.any(found[2])


@pytest.mark.parametrize("given", [as_mapping, as_gensim, lambda m: m, FrozenEstimator, clone])
def test_any_vectors_can_be_kept(loaded, given):
    model = word2vec(init_vectors=given(loaded), max_epochs=0).fit(NEW)
    assert model.vocabulary_ == loaded.vocabulary_
    assert_same(model.vectors_, loaded.vectors_)


def kept(model, X):
    """A score: whether the vectors of a file are there."""
    return float("ferry" in model[0].vocabulary_ and len(model[0].vocabulary_) == 20)


def test_pipelines_validation_and_searches_keep_loaded_vectors(loaded):
    texts, topics = ["cat dog", "car train"] * 6, [0, 1] * 6
    pipeline = make_pipeline(loaded, LogisticRegression())
    assert (cross_val_score(pipeline, texts, topics, cv=2, error_score="raise") == 1).all()
    grid = {"word2vectransformer__pooling": ["mean", "idf", "sif"]}
    search = GridSearchCV(pipeline, grid, cv=2, scoring=lambda m, X, y: kept(m, X), n_jobs=2)
    assert (search.fit(texts, topics).cv_results_["mean_test_score"] == 1).all()
    before = loaded.vectors_.copy()
    pipeline.fit(texts, topics)
    assert_same(pipeline[0].vectors_, before)
    assert pickle.loads(pickle.dumps(pipeline)).predict(["ferry"]) == 1


def test_a_search_may_choose_between_loaded_vectors(loaded, tmp_path):
    """Its clones of the candidates are not fitted, and know what they are clones of."""
    other = Word2VecTransformer.from_word2vec_format(tmp_path / "vectors")
    for estimator, name in (
        (word2vec(), "init_vectors"),
        (TransformerClassifier(8, 2, 1, max_epochs=1, linear_model=False), "embeddings"),
    ):
        search = GridSearchCV(
            estimator, {name: [loaded, other]}, cv=2, error_score="raise", scoring=lambda *_: 1.0
        )
        search.fit(TEXTS[:20], TOPICS[:20])
    grid = {"init_vectors": [fit()]}
    unfitted = GridSearchCV(word2vec(), grid, scoring=first_of_cat, cv=2, error_score="raise")
    with pytest.raises(ValueError, match=r"init_vectors must be fitted.*FrozenEstimator"):
        unfitted.fit(TEXTS)


def test_a_first_part_goes_on_from_kept_vectors(loaded):
    before = loaded.vectors_.copy()
    chosen = {"random_state": 0, "device": "cpu", "min_count": 1}
    model = clone(loaded).set_params(**chosen).partial_fit(NEW)
    assert same_model(model, loaded.set_params(**chosen).partial_fit(NEW))
    assert len(model.vocabulary_) == len(before) + 2
    again = clone(model).fit(["cat dog"])  # counts of 0, for most
    again.partial_fit(NEW)
    assert np.isfinite(again.vectors_).all()
    assert len(again.vocabulary_) == len(before) + 2


def test_there_must_be_vectors_to_keep():
    for method in (word2vec(max_epochs=0).fit, word2vec(max_epochs=0).partial_fit):
        with pytest.raises(ValueError, match=r"max_epochs=0 keeps init_vectors.*there are none"):
            method(TEXTS)
    with pytest.raises(ValueError, match="vector for none of the tokens in X"):
        word2vec(max_epochs=0, init_vectors={"else": np.ones(8)}).fit(TEXTS)
    with pytest.raises(ValueError, match="must hold vectors of words, and holds none"):
        word2vec(max_epochs=0, init_vectors={}).fit(TEXTS)
    with pytest.raises(ValueError, match="Set vector_size=3"):
        word2vec(max_epochs=0, init_vectors={"cat": np.ones(3)}).fit(TEXTS)


@pytest.mark.parametrize("lowercase", [None, True, False])
def test_words_of_loaded_vectors_are_found_in_any_case(tmp_path, lowercase):
    (tmp_path / "v").write_text("5 2\nParis 1 2\nfrance 3 4\nApple 5 6\napple 7 8\nUNK 9 9\n")
    loaded = Word2VecTransformer.from_word2vec_format(tmp_path / "v")
    assert loaded.lowercase is False
    if lowercase is not None:
        loaded.set_params(lowercase=lowercase)
    texts = ["Paris", "paris PARIS", "France", "apple", "The unheard"]
    expected = [[1, 2], [1, 2], [3, 4], [7, 8], [0, 0]]
    for model in (loaded, clone(loaded).fit(texts)):
        assert_same(model.transform(texts), expected)
        assert_same(model.transform([["FRANCE", "paris"]]), [[2, 3]])
        assert_same(model.transform(["Apple"]), [[7, 8]] if lowercase else [[5, 6]])


def test_files_in_lower_case_keep_the_default(tmp_path):
    (tmp_path / "v").write_text("2 1\nparis 1\nfrance 3\n")
    loaded = Word2VecTransformer.from_word2vec_format(tmp_path / "v")
    assert loaded.lowercase is True
    assert_same(loaded.transform(["Paris in France"]), [[2]])


@pytest.mark.parametrize("binary", [False, True])
def test_vectors_of_characters_are_saved(tmp_path, binary):
    texts = ["a b\nc\td", "b c a"] * 3
    model = fit(texts, analyzer="char")
    model.save_word2vec_format(tmp_path / "v", binary=binary)
    loaded = Word2VecTransformer.from_word2vec_format(tmp_path / "v", binary=binary)
    assert loaded.vocabulary_ == model.vocabulary_
    assert_same(loaded.set_params(analyzer="char").transform(texts), model.transform(texts))


def test_files_with_other_options(tmp_path):
    (tmp_path / "v").write_bytes("the 1 2\n中".encode() + "文".encode()[:-1] + b" 3 4\n")
    options = {"no_header": True, "unicode_errors": "ignore", "limit": 2}
    loaded = Word2VecTransformer.from_word2vec_format(tmp_path / "v", **options)
    assert list(loaded.vocabulary_) == ["the", "中"]
    assert_same(loaded.vectors_, [[1, 2], [3, 4]])


# Initial vectors ---------------------------------------------------------------------------------


def test_init_vectors_of_a_mapping():
    rng = np.random.default_rng(0)
    given = {word: rng.normal(size=8) for word in [*ANIMALS, "unknown"]}
    model = fit(init_vectors=given, **STILL)
    for word in ANIMALS:
        np.testing.assert_allclose(model.vectors_[model.vocabulary_[word]], given[word], atol=1e-6)
    plain = fit(**STILL)
    others = [model.vocabulary_[word] for word in TRAFFIC]
    np.testing.assert_allclose(model.vectors_[others], plain.vectors_[others], atol=1e-6)
    assert not same_model(fit(init_vectors=given), fit())


def test_init_vectors_of_a_fitted_one():
    source = fit(random_state=5)
    before = source.vectors_.copy()
    for given in (source, FrozenEstimator(source)):
        model = fit(init_vectors=given, **STILL)
        np.testing.assert_allclose(model.vectors_, source.vectors_, atol=1e-6)
    fit(init_vectors=source).partial_fit(TEXTS)
    assert_same(source.vectors_, before)


def test_init_vectors_of_gensim():
    gensim = pytest.importorskip("gensim.models")
    keyed = gensim.KeyedVectors(8)
    keyed.add_vectors(ANIMALS, np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32))
    model = fit(init_vectors=keyed, **STILL)
    for word in ANIMALS:
        np.testing.assert_allclose(model.vectors_[model.vocabulary_[word]], keyed[word], atol=1e-6)


def first_of_cat(model, X):
    """A score that tells vectors apart."""
    return float(model.vectors_[model.vocabulary_["cat"], 0])


def test_clones_share_init_vectors():
    source = fit()
    model = word2vec(init_vectors=source)
    assert clone(model).init_vectors is source
    assert clone(model).get_params()["init_vectors"] is source
    scores = cross_val_score(
        make_pipeline(model, LogisticRegression()), TEXTS, TOPICS, cv=2, error_score="raise"
    )
    assert len(scores) == 2
    grid = {"init_vectors": [None, FrozenEstimator(source)]}  # of others a search takes clones
    search = GridSearchCV(model, grid, cv=2, scoring=first_of_cat, error_score="raise").fit(TEXTS)
    assert len(set(search.cv_results_["mean_test_score"])) == 2
    with pytest.raises(ValueError, match="init_vectors"):
        model.set_params(init_vectors__window=3)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"cat": np.ones(7)}, ValueError, "vector_size=8 .*got 7"),
        ({"bird": np.ones(8)}, ValueError, "init_vectors has a vector for none of the 20"),
        ({"cat": np.full(8, np.nan)}, ValueError, "init_vectors must hold finite"),
        ({"cat": ["a"] * 8}, ValueError, "init_vectors must hold vectors of numbers"),
        (Word2VecTransformer(), ValueError, "init_vectors must be fitted"),
        (3, TypeError, "init_vectors must be a mapping"),
        ("file", TypeError, "init_vectors must be a mapping"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_init_vectors_that_do_not_fit(given, error, message):
    model = word2vec(init_vectors=given)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(error, match=message):
            method(TEXTS)
        assert learned(model) == set()


def test_partial_fit_keeps_what_was_learned_over_init_vectors():
    """They are for the start, and for words that come later."""
    given = {word: np.full(8, 3.0) for word in ["cat", "zebra"]}
    model = fit(init_vectors=given)
    before = model.vectors_.copy()
    model.set_params(**STILL).partial_fit(NEW)
    np.testing.assert_allclose(model.vectors_[: len(before)], before, atol=1e-6)
    np.testing.assert_allclose(model.vectors_[model.vocabulary_["zebra"]], 3, atol=1e-5)


def test_a_transformer_starts_with_the_vectors():
    words = learn("skip-gram", "negative")
    classifier = TransformerClassifier(
        16, 2, 1, embeddings=words, max_epochs=3, device="cpu", random_state=0
    )
    assert clone(classifier).embeddings is words
    assert classifier.fit(TEXTS[20:], TOPICS[20:]).score(TEXTS[:20], TOPICS[:20]) > 0.9
    scores = cross_val_score(classifier, TEXTS, TOPICS, cv=2, error_score="raise")
    assert len(scores) == 2


def test_pieces_of_sentencepiece_are_found_as_they_are_written(tmp_path):
    """U+2581 alone is a piece of its own there, not a space."""
    path = tmp_path / "v"
    path.write_text("3 2\n\u2581the 1 2\n\u2581 3 4\ns 5 6\n", encoding="utf-8")
    pieces = Word2VecTransformer.from_word2vec_format(path)
    assert list(pieces.vocabulary_) == ["\u2581the", "\u2581", "s"]
    assert pieces.transform([["\u2581"], [" "]]).tolist() == [[3, 4], [0, 0]]
