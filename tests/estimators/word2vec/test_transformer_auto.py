"""What "auto" means: passes and minimum counts by the size of the corpus."""

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdl.estimators import Word2VecTransformer
from skdl.estimators.word2vec import _training_sizes, _vocabulary
from tests.estimators.word2vec.transformers import TEXTS, TOPICS, word2vec

AUTO = {"max_epochs": "auto", "min_count": "auto"}


def test_a_fit_makes_as_many_passes(monkeypatch):
    monkeypatch.setattr(_training_sizes, "AUTO_TOKENS", 4_000)  # the texts have 960
    model = word2vec(**AUTO).fit(TEXTS)
    assert model.n_iter_ == len(model.history_) == 5
    assert word2vec(**AUTO, stop_words=["the"]).fit(TEXTS[:2]).n_iter_ == 100
    assert model.partial_fit(TEXTS).n_iter_ == 6


def test_the_minimum_count_of_small_and_large_corpora(monkeypatch):
    texts = ["often often twice twice once"] + ["often four"] * 4
    small = Word2VecTransformer(4, max_epochs=1, device="cpu").fit(texts)
    assert set(small.vocabulary_) == {"often", "four", "twice"}
    for method in ("fit", "partial_fit"):
        monkeypatch.setattr(_vocabulary, "SMALL_CORPUS", 10)
        large = getattr(Word2VecTransformer(4, max_epochs=1, device="cpu"), method)(texts * 2)
        assert set(large.vocabulary_) == {"often", "four"}
        monkeypatch.undo()


def test_the_minimum_count_of_parts_is_that_of_all(monkeypatch):
    monkeypatch.setattr(_vocabulary, "SMALL_CORPUS", 10)
    model = Word2VecTransformer(4, device="cpu").partial_fit(["aa bb aa bb", "cc"])
    model.partial_fit(["dd dd aa bb cc"])  # with these 10 tokens in all
    assert set(model.vocabulary_) == {"aa", "bb"}


def test_defaults_before_a_linear_model_learn_from_few_texts():
    """What five passes leave at the level of guessing."""
    model = make_pipeline(
        Word2VecTransformer(random_state=0, device="cpu"), LogisticRegression()
    ).fit(TEXTS[:60], TOPICS[:60])
    peer = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS[:60], TOPICS[:60])
    score = model.score(TEXTS[60:], TOPICS[60:])
    assert score >= peer.score(TEXTS[60:], TOPICS[60:]) - 0.02
