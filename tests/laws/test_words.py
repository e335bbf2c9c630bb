"""Words are compared in Unicode's normal form C, however texts are written."""

import unicodedata

import numpy as np
import pytest
from sklearn.base import clone

from skdl.estimators import LogisticRegression, TransformerClassifier, Word2VecTransformer
from skdl.pipelines import make_text_classifier
from tests.laws.common import Instance, answers, assert_same, every, has

FRENCH, KOREAN = ["café", "brûlée", "garçon"], ["고양이를", "좋아해", "강아지"]
VIETNAMESE, MARKS = ["tiếng", "Việt", "nước"], ["Åse", "Ωμέγα", "ἀγαθός", "ёлка"]
WORDS = [*FRENCH, *KOREAN, *VIETNAMESE, *MARKS]


def apart(text):
    return unicodedata.normalize("NFD", text)


def accented(texts):
    """Texts with words that NFD writes in more characters."""
    return [f"{text} {WORDS[i % len(WORDS)]} {WORDS[i % 5]}" for i, text in enumerate(texts)]


def tokenizes_itself(instance: Instance) -> bool:
    """Not with a tokenizer that is given, which says how texts are normalized."""
    params = instance.estimator.get_params()
    named = params.get("tokenizer") is None or isinstance(params["tokenizer"], str)
    return named and params.get("pretrained") is None


def of_texts(instance: Instance) -> bool:
    return instance.kind.input_kind in {"texts", "documents"}


every_own = every(of_texts, tokenizes_itself)


@every_own
def test_texts_in_both_normal_forms_are_the_same(instance):
    X, y = instance.data()
    X = accented(X)
    other = [apart(text) if i % 3 else text for i, text in enumerate(X)]
    first, second = instance.fitted(X, y), instance.fitted(other, y)
    assert_same(answers(first, X), answers(second, X))
    assert_same(answers(first, X), answers(first, other))


@every(of_texts, tokenizes_itself, has("partial_fit"))
def test_so_they_are_in_later_chunks(instance):
    X, y = instance.data()
    X = accented(X)
    first, second = (clone(instance.estimator).partial_fit(X, y) for _ in range(2))
    first.partial_fit(X, y)
    second.partial_fit(list(map(apart, X)), y)
    assert_same(answers(first, X), answers(second, X))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"stop_words": ["café", apart("garçon"), "Åse"], "lowercase": False},
        {"token_pattern": r"(?u)\b\w\w+\b"},
        {"analyzer": "char"},
        {"analyzer": str.split},
        {"tokenizer": str.split},
    ],
    ids=str,
)
def test_documents_however_they_are_divided(params):
    documents = [" ".join(WORDS), " ".join(WORDS[::-1]), "a café here"] * 4
    model = Word2VecTransformer(4, max_epochs=1, min_count=1, random_state=0, **params)
    first, second = (clone(model).fit(x) for x in (documents, list(map(apart, documents))))
    assert first.vocabulary_ == second.vocabulary_
    assert_same(first.transform(documents), second.transform(documents))
    if params.get("analyzer", "word") != "char":
        lists = [text.split() for text in documents]
        of_lists = first.transform(lists)
        assert of_lists.any()
        assert_same(of_lists, first.transform([list(map(apart, words)) for words in lists]))


def test_queries_find_words_in_both_forms():
    model = Word2VecTransformer(4, max_epochs=1, min_count=1, random_state=0)
    model.fit([" ".join(WORDS), " ".join(WORDS[::-1])])
    for word in WORDS:
        assert model.similarity(word, apart(word)) == pytest.approx(1)
        assert model.most_similar(word) == model.most_similar(apart(word))
        assert model.similarity(word.upper(), word) == pytest.approx(1)
        assert model.most_similar(apart(word.title())) == model.most_similar(word)
        assert model.analogy([word.upper()]) == model.analogy([word])
    with pytest.raises(KeyError, match="cafe"):
        model.most_similar("cafe")


def test_queries_find_words_as_they_are_written_where_case_counts():
    model = Word2VecTransformer(4, max_epochs=1, min_count=1, lowercase=False, random_state=0)
    model.fit(["Rose rose Åse"] * 3)
    assert model.similarity("Rose", "rose") < 0.999
    for word, meant in (("ROSE", "rose"), ("åse", "Åse")):
        with pytest.raises(KeyError, match=f"got '{word}'. Did you mean '{meant}'"):
            model.most_similar(word)


def test_queries_find_given_vectors_in_any_case():
    vectors = {"NATO": [1.0, 0.0], "rose": [0.0, 1.0], "Rose": [1.0, 1.0]}
    model = Word2VecTransformer(2, init_vectors=vectors, max_epochs=0, lowercase=False)
    model.fit(["rose"])
    assert model.similarity("nato", "NATO") == pytest.approx(1)
    assert model.similarity("ROSE", "rose") == pytest.approx(1)  # as documents' words are
    assert model.similarity("Rose", "rose") < 0.9


@pytest.mark.parametrize("saved", [str, apart], ids=["NFC", "NFD"])
@pytest.mark.parametrize("asked", [str, apart], ids=["NFC", "NFD"])
def test_vectors_of_files_and_mappings(saved, asked, tmp_path):
    vectors = {saved(word): np.full(4, i + 1.0) for i, word in enumerate(WORDS)}
    kept = Word2VecTransformer(4, init_vectors=vectors, max_epochs=0, lowercase=False)
    path = tmp_path / "vectors.txt"
    kept.fit([" ".join(vectors)]).save_word2vec_format(path)
    lines = [" ".join([word, *map(str, vector)]) for word, vector in vectors.items()]
    path.write_text("\n".join([f"{len(lines)} 4", *lines]), encoding="utf-8")
    loaded = Word2VecTransformer.from_word2vec_format(path)
    for model in (kept, loaded, clone(loaded).fit(WORDS)):
        for case in (str, str.upper):  # capitals are found too
            texts = [asked(case(word)) for word in WORDS]
            assert model.transform(texts).tolist() == [[i + 1.0] * 4 for i in range(len(WORDS))]
        assert model.transform([[asked(word)] for word in WORDS]).any(1).all()
    assert loaded.partial_fit([list(map(asked, WORDS))]).vocabulary_ == kept.vocabulary_
    started = Word2VecTransformer(4, init_vectors=vectors, min_count=1, lr=1e-9, min_lr=0)
    started.fit([list(map(asked, WORDS))] * 3)
    rows = [started.vocabulary_[word] for word in WORDS]
    assert started.vectors_[rows, 0].round().tolist() == list(range(1, len(WORDS) + 1))


def test_a_word_that_is_given_in_both_forms_keeps_both_vectors():
    vectors = {apart("café"): np.ones(2), "café": np.full(2, 2.0), apart("Å"): np.full(2, 3.0)}
    kept = Word2VecTransformer(2, init_vectors=vectors, max_epochs=0).fit(["café"])
    assert list(kept.vocabulary_) == [apart("café"), "café", "Å"]
    assert kept.transform(["café", apart("café")]).tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("given", [str, apart], ids=["NFC", "NFD"])
def test_embeddings_of_tokens_in_both_forms(given):
    vectors = {given(word): np.full(4, i + 1.0) for i, word in enumerate(FRENCH)}
    model = TransformerClassifier(4, 1, embeddings=vectors, max_epochs=1, lr=1e-9, random_state=0)
    model.fit([f"{word} film" for word in FRENCH] * 4, [0, 1, 2] * 4)
    ids = model.tokenizer_.get_vocab()
    table = next(p for p in model.module_.embed.parameters() if p.shape == (len(ids), 4))
    assert [round(table[ids[word], 0].item()) for word in FRENCH] == [1, 2, 3]


def test_the_tokenizer_alone_reads_both_forms():
    model = TransformerClassifier(4, 1, max_epochs=1, random_state=0).fit(WORDS * 2, [0, 1] * 13)
    for word in WORDS:
        ids = model.tokenizer_.encode(word).ids
        assert ids == model.tokenizer_.encode(apart(word)).ids
        assert model.tokenize([word]) == model.tokenize([apart(word)])


@pytest.mark.parametrize("params", [{}, {"stop_words": [apart("café"), "garçon"]}], ids=str)
@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
@pytest.mark.filterwarnings("ignore:The parameter 'stop_words'")
def test_so_do_classical_classifiers_of_texts(analyzer, params):
    texts, y = [f"{word} film {word}" for word in WORDS] * 2, [0, 1] * 13
    model = make_text_classifier(LogisticRegression(), analyzer=analyzer)
    model.set_params(**{f"tfidfvectorizer__{name}": value for name, value in params.items()})
    model.fit(texts, y)
    vocabulary = model[0].vocabulary_
    assert_same(model.predict_proba(texts), model.predict_proba(list(map(apart, texts))))
    assert model.fit(list(map(apart, texts)), y)[0].vocabulary_ == vocabulary
    assert not params or analyzer != "word" or "café" not in vocabulary
