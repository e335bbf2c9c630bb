"""Training tokenizers, tokens of texts, cutting long texts, and what is kept of it all."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from skdl.estimators.transformer._tokenizers import (
    KINDS,
    Cache,
    clean,
    digest,
    pieces_kept,
    token_strings,
    tokens_of,
    train_tokenizer,
    unknown_of,
)
from tests.texts import CHINESE, ODD_TEXTS, make_texts, word_tokenizer

TEXTS, _ = make_texts(60, 3)
every_kind = pytest.mark.parametrize("kind", KINDS)


def trained(kind, texts=TEXTS, **params):
    options = {"vocab_size": 500, "min_frequency": 1, "lowercase": True, **params}
    return train_tokenizer(kind, texts, **options)


def of_one(tokenizer, text):
    """The tokens of one text, as strings."""
    return token_strings(tokenizer, [text])[0]


# Training ----------------------------------------------------------------------------------------


@every_kind
def test_padding_is_token_0_and_the_unknown_one_token_1(kind):
    tokenizer = trained(kind)
    assert tokenizer.id_to_token(0) == "[PAD]"
    assert tokenizer.id_to_token(1) == "[UNK]"
    assert unknown_of(tokenizer) == 1


def test_words_and_signs():
    tokenizer = trained("word", ["Don't stop, Élan vital! 42"])
    assert of_one(tokenizer, "don't STOP élan") == ["don", "'", "t", "stop", "élan"]
    assert of_one(tokenizer, "stop elan") == ["stop", "[UNK]"], "accents tell words apart"


def test_characters():
    tokenizer = trained("char", ["ab c"])
    assert of_one(tokenizer, "C ab?") == ["c", " ", "a", "b", "[UNK]"]


@pytest.mark.parametrize("kind", ["bpe", "wordpiece"])
def test_subwords_spell_words_never_seen(kind):
    tokenizer = trained(kind, ["slow slower slowest new newer newest"] * 5)
    pieces = of_one(tokenizer, "newslowest")
    assert "".join(piece.removeprefix("##") for piece in pieces) == "newslowest"
    assert 1 < len(pieces) < 10


LONG_WORDS = {
    "Chinese": "".join(CHINESE) * 150,
    "base64": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlq" * 300,
    "one letter": "a" * 9000,
    "Thai": "ฉันรักแมวของคุณ" * 500,
    "just too long": "abcdefghijk" * 9 + "xy",
}


@pytest.mark.parametrize("kind", ["bpe", "wordpiece"])
@pytest.mark.parametrize("word", LONG_WORDS.values(), ids=LONG_WORDS)
def test_long_words_are_cut_and_none_is_unknown(kind, word):
    """Training would take time with the square of their length."""
    tokenizer = trained(kind, [*TEXTS, word], lowercase=False)
    words = [found for found, _ in tokenizer.pre_tokenizer.pre_tokenize_str(word)]
    assert "".join(words) == word
    assert max(map(len, words)) <= 100
    ids, (length,) = tokens_of(tokenizer, [word])
    assert length > 1
    assert 1 not in ids


@pytest.mark.parametrize("kind", ["bpe", "wordpiece"])
def test_other_words_have_the_tokens_that_they_have_without_long_ones(kind):
    tokenizers = [trained(kind, [*TEXTS * 5, word]) for word in ("z" * 100, "z" * 101)]
    first, second = ([of_one(each, text) for text in TEXTS] for each in tokenizers)
    assert first == second
    assert of_one(tokenizers[0], "z" * 100) == of_one(tokenizers[1], "z" * 100)


@every_kind
def test_lowercase(kind):
    small, both = (trained(kind, ["Aa aA AA aa"] * 3, lowercase=low) for low in (True, False))
    assert of_one(small, "AA") == of_one(small, "aa")
    assert of_one(both, "AA") != of_one(both, "aa")


@every_kind
def test_vocab_size_bounds_all_tokens(kind):
    assert trained(kind, vocab_size=20).get_vocab_size() <= 20
    assert trained(kind, vocab_size=10_000).get_vocab_size() > 20


def test_the_most_frequent_words_are_kept():
    tokenizer = trained("word", ["a b", "b c", "c b"], vocab_size=4)
    assert set(tokenizer.get_vocab()) == {"[PAD]", "[UNK]", "b", "c"}


def test_min_frequency():
    tokenizer = trained("word", ["once twice", "twice thrice", "thrice thrice"], min_frequency=2)
    assert set(tokenizer.get_vocab()) == {"[PAD]", "[UNK]", "twice", "thrice"}


@every_kind
def test_the_same_texts_give_the_same_tokenizer(kind):
    vocabularies = [trained(kind).get_vocab() for _ in range(5)]
    assert all(vocabulary == vocabularies[0] for vocabulary in vocabularies)


def test_chinese_characters_are_words():
    tokenizer = trained("word", CHINESE)
    assert of_one(tokenizer, "坏电影") == ["坏", "电", "影"]
    assert of_one(trained("char", CHINESE), "坏电影") == ["坏", "电", "影"]


def test_bpe_finds_chinese_words():
    tokens = of_one(trained("bpe", CHINESE), "看这部电影")
    assert "".join(tokens) == "看这部电影"
    assert len(tokens) <= 3


@pytest.mark.parametrize("kind", ["word", "char"])
def test_an_empty_vocabulary_says_how_often_the_most_frequent_token_occurs(kind):
    with pytest.raises(ValueError, match=r"min_frequency=9.*'b'.*7 times") as error:
        trained(kind, ["a b"] * 3 + ["bb" if kind == "char" else "b b"] * 2, min_frequency=9)
    assert "vocabulary is empty" in str(error.value)


@every_kind
def test_texts_of_which_no_word_comes_twice_are_learned(kind):
    """With min_frequency="auto": each word is a token, or parts of it are."""
    texts = ["cancel subscription", "close account", "track parcel"]
    tokenizer = trained(kind, texts, min_frequency="auto")
    values, _ = tokens_of(tokenizer, texts)
    assert (values == unknown_of(tokenizer)).mean() < 0.5
    if kind == "word":
        assert of_one(tokenizer, "close parcel") == ["close", "parcel"]
        with pytest.raises(ValueError, match="min_frequency=2"):
            trained(kind, texts, min_frequency=2)


@every_kind
def test_elsewhere_auto_is_2(kind):
    auto, two = (trained(kind, [*TEXTS, "rarest"], min_frequency=n) for n in ("auto", 2))
    assert auto.to_str() == two.to_str()


@every_kind
def test_auto_says_that_there_is_no_token(kind):
    with pytest.raises(ValueError, match="no text in X has a token"):
        trained(kind, [""], min_frequency="auto")


UNSPACED = {
    "Thai": ("ภาพยนตร์ดีมาก", ["ภ", "า", "พ", "ย", "น", "ต", "ร์", "ดี", "ม", "า", "ก"]),
    "Lao": ("ຂ້ອຍ", ["ຂ້", "ອ", "ຍ"]),
    "Burmese": ("မြန်မာ", ["မြ", "န်", "မာ"]),
    "Khmer": ("ខ្មែរ", ["ខ្", "មែ", "រ"]),
}


@pytest.mark.parametrize(("text", "characters"), UNSPACED.values(), ids=UNSPACED)
def test_characters_of_scripts_without_spaces_are_words(text, characters):
    tokenizer = trained("word", [f"{text} and words"])
    assert of_one(tokenizer, f"{text}, words{text}") == [
        *characters, "[UNK]", "words", *characters
    ]  # fmt: skip
    again = type(tokenizer).from_str(tokenizer.to_str())
    assert of_one(again, text) == characters


@pytest.mark.parametrize("text", ["हिन्दी में फ़िल्म", "ప్రధానమంత్రి కలుసుకున్నారు"])
def test_words_keep_their_combining_marks(text):
    assert of_one(trained("word", [text, "ไทย"]), text) == text.split()


def test_an_empty_vocabulary_names_tokenizers_that_help():
    """Also where scripts are mixed: following the advice works."""
    texts = ["これは映画です" * 3, "それはペンです" * 3]
    with pytest.raises(ValueError, match='"char" or "bpe"'):
        trained("word", texts, min_frequency=20)
    for kind in ("char", "bpe"):
        assert trained(kind, texts, min_frequency=3).get_vocab_size() > 4


@every_kind
@pytest.mark.parametrize("texts", [[""], ["", " \n"], ["\x00"]])
def test_no_token_at_all(kind, texts):
    if kind == "char" and texts == ["", " \n"]:
        assert of_one(trained(kind, texts), "  ") == [" ", " "], "a space is a character"
        return
    with pytest.raises(ValueError, match="no text in X has a token"):
        trained(kind, texts)


# Tokens ------------------------------------------------------------------------------------------


def split_by(values, lengths):
    return [part.tolist() for part in np.split(values, np.cumsum(lengths)[:-1])]


@every_kind
def test_ids_are_the_librarys_own(kind):
    tokenizer = trained(kind, TEXTS[:40])
    values, lengths = tokens_of(tokenizer, TEXTS)
    assert split_by(values, lengths) == [tokenizer.encode(text).ids for text in TEXTS]
    assert token_strings(tokenizer, TEXTS) == [tokenizer.encode(text).tokens for text in TEXTS]
    assert values.dtype == np.int32
    assert lengths.dtype == np.int64


@every_kind
def test_a_text_without_a_token_is_one_unknown_one(kind):
    tokenizer = trained(kind)
    values, lengths = tokens_of(tokenizer, ["", "good", "\x00", ""])
    ids = split_by(values, lengths)
    assert ids[0] == ids[2] == ids[3] == [1]
    assert ids[1] == tokenizer.encode("good").ids
    assert token_strings(tokenizer, ["", "good"])[0] == ["[UNK]"]


@every_kind
def test_odd_texts_have_tokens(kind):
    tokenizer = trained(kind)
    values, lengths = tokens_of(tokenizer, ODD_TEXTS)
    assert (lengths > 0).all()
    assert ((values >= 0) & (values < tokenizer.get_vocab_size())).all()
    assert [len(tokens) for tokens in token_strings(tokenizer, ODD_TEXTS)] == lengths.tolist()


@every_kind
def test_half_a_surrogate_pair_leaves_the_other_texts_as_they_are(kind):
    tokenizer = trained(kind)
    ids = split_by(*tokens_of(tokenizer, ["good film", "bad \ud800", "fine"]))
    assert ids[0] == tokenizer.encode("good film").ids
    assert ids[1] == tokenizer.encode("bad ?").ids
    assert ids[2] == tokenizer.encode("fine").ids


@every_kind
def test_tokenizers_are_trained_on_halves_of_surrogate_pairs_too(kind):
    assert trained(kind, ["good \udfff film"] * 3).token_to_id("[UNK]") == 1


def test_clean_leaves_valid_text():
    assert clean("é\N{GRINNING FACE}\x00") == "é\N{GRINNING FACE}\x00"
    assert clean("a\ud800b\udc00") == "a?b?"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec=None)), min_size=1, max_size=5), st.sampled_from(KINDS))
def test_any_text_has_tokens(texts, kind):
    tokenizer = ANY[kind]
    values, lengths = tokens_of(tokenizer, texts)
    assert len(lengths) == len(texts)
    assert (lengths > 0).all()
    assert lengths.sum() == len(values)
    assert [len(tokens) for tokens in token_strings(tokenizer, texts)] == lengths.tolist()


ANY = {kind: trained(kind) for kind in KINDS}


def word_level(vocabulary, unknown=None):
    params = {} if unknown is None else {"unk_token": unknown}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, **params))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


@pytest.mark.parametrize(
    ("tokenizer", "unknown"),
    [
        (word_tokenizer(), word_tokenizer().token_to_id("[UNK]")),
        (word_level({"a": 0, "<oov>": 1}, "<oov>"), 1),
        (word_level({"a": 0, "b": 1, "[UNK]": 2}), 2),
        (word_level({"a": 0, "b": 1, "c": 2, "<unk>": 3}), 3),
        (word_level({"a": 0}), 0),
        (Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0)], unk_id=0)), 0),
    ],
)
def test_the_unknown_token_of_any_tokenizer(tokenizer, unknown):
    assert unknown_of(tokenizer) == unknown


# Long texts --------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(1, 9))
def test_of_a_long_text_its_beginning_and_end_are_kept(lengths, max_length):
    n_last = max_length // 2
    n_first = max_length - n_last
    expected = []
    for length in lengths:
        places = range(length)
        kept = places if length <= max_length else [*places[:n_first], *places[length - n_last :]]
        expected += [place in kept for place in places]
    got = pieces_kept(np.array(lengths), max_length)
    assert got.tolist() == expected
    assert got.sum() == np.minimum(lengths, max_length).sum()


# What is kept ------------------------------------------------------------------------------------


def test_the_cache_computes_once():
    cache, calls = Cache(), []

    def compute():
        calls.append(1)
        return [len(calls)], 10

    first = cache.get("a", compute)
    assert cache.get("a", compute) is first
    assert cache.get("b", compute) == [2]
    assert len(calls) == 2
    cache.clear()
    assert cache.get("a", compute) == [3]


def test_the_cache_forgets_what_was_used_longest_ago_beyond_its_size():
    cache, computed = Cache(max_bytes=25), []

    def get(key, n_bytes=10):
        return cache.get(key, lambda: (computed.append(key) or key, n_bytes))

    for key in "ab":
        get(key)
    get("a")
    get("c")  # 30 bytes: b goes
    assert "".join(computed) == "abc"
    get("a")
    get("c")
    assert "".join(computed) == "abc"
    get("b")
    assert "".join(computed) == "abcb"
    assert sum(size for _, size in cache.entries.values()) <= 25


def test_the_cache_gives_what_is_too_large_and_does_not_keep_it():
    cache = Cache(max_bytes=25)
    assert cache.get("huge", lambda: ("value", 26)) == "value"
    assert cache.get("huge", lambda: ("other", 26)) == "other"
    assert not cache.entries


def test_what_fails_is_not_kept():
    cache = Cache()
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: (1 / 0, 1))
    assert cache.get("a", lambda: (5, 1)) == 5


def test_the_cache_serves_many_threads():
    cache, wrong = Cache(max_bytes=50), []

    def work(seed):
        rng = np.random.default_rng(seed)
        for key in rng.integers(20, size=300).tolist():
            got = cache.get(key, lambda key=key: (time.sleep(1e-5) or key * 7, 10))
            if got != key * 7:
                wrong.append((key, got))

    threads = [threading.Thread(target=work, args=[seed]) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(cache.entries) <= 5


def test_one_thread_does_not_wait_for_the_work_of_another():
    cache, started, go_on = Cache(), threading.Event(), threading.Event()

    def slow():
        started.set()
        assert go_on.wait(5)
        return "slow", 1

    thread = threading.Thread(target=cache.get, args=["a", slow])
    thread.start()
    assert started.wait(5)
    assert cache.get("b", lambda: ("fast", 1)) == "fast"
    go_on.set()
    thread.join()
    assert cache.get("a", lambda: ("again", 1)) == "slow"


@given(st.lists(st.text(max_size=3), max_size=4), st.lists(st.text(max_size=3), max_size=4))
def test_digests_tell_texts_apart(first, second):
    assert (digest(first) == digest(second)) is (first == second)


def test_digests_see_where_texts_end_and_halves_of_surrogate_pairs():
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["ab"]) != digest(["a", "b"])
    assert digest(["\ud800"]) != digest(["?"])
    assert digest(["a", ""]) != digest(["", "a"])
