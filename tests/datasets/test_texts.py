"""The fetch functions of texts: how many, which labels, clear errors."""

from collections import Counter

import pytest

from skdl.datasets import (
    fetch_sms_spam,
    fetch_snips,
    fetch_subj,
    fetch_tang_poetry,
    fetch_ud_sentences,
)
from skdl.datasets._texts import _parse_conllu

INTENTS = [
    "AddToPlaylist",
    "BookRestaurant",
    "GetWeather",
    "PlayMusic",
    "RateBook",
    "SearchCreativeWork",
    "SearchScreeningEvent",
]
GENRES = ["answers", "email", "newsgroup", "reviews", "weblog"]


def check_labelled(texts, y, n):
    """Texts that say something, a label that is a str for each; returns how many of each label."""
    assert isinstance(texts, list)
    assert all(type(text) is str and text.strip() for text in texts)
    assert y.shape == (len(texts),) == (n,)
    assert y.dtype.kind == "U"
    return Counter(y.tolist())


@pytest.mark.realdata("sms-spam")
def test_sms_spam():
    texts, y = fetch_sms_spam(download_if_missing=False)
    assert check_labelled(texts, y, 5574) == {"ham": 4827, "spam": 747}
    assert (texts[1], y[1]) == ("Ok lar... Joking wif u oni...", "ham")
    assert len(set(texts)) == 5171


@pytest.mark.realdata("subj")
def test_subj():
    texts, y = fetch_subj(download_if_missing=False)
    assert check_labelled(texts, y, 10_000) == {"subjective": 5000, "objective": 5000}
    assert texts[0].startswith("smart and alert , thirteen")
    assert y[0] == "subjective"
    assert any("é" in text for text in texts)  # latin-1, and read as such
    assert not any(text != text.strip() for text in texts)


@pytest.mark.realdata("snips")
@pytest.mark.parametrize(("split", "n"), [("train", 13084), ("valid", 700), ("test", 700)])
def test_snips(split, n):
    texts, y = fetch_snips(split=split, download_if_missing=False)
    assert sorted(check_labelled(texts, y, n)) == INTENTS
    if split == "train":
        assert texts[0] == "listen to westbam alumb allergic on google music"
        assert y[0] == "PlayMusic"


@pytest.mark.realdata("ud-english-ewt")
@pytest.mark.parametrize(("split", "n"), [("train", 12544), ("valid", 2001), ("test", 2077)])
def test_english_sentences(split, n):
    texts, y = fetch_ud_sentences(split=split, download_if_missing=False)
    assert sorted(check_labelled(texts, y, n)) == GENRES
    if split == "valid":
        assert (texts[0], y[0]) == ("From the AP comes this story :", "weblog")


@pytest.mark.realdata("ud-chinese-gsdsimp")
@pytest.mark.parametrize("split", ["valid", "test"])
def test_chinese_sentences_have_no_genre(split):
    texts, y = fetch_ud_sentences("chinese", split=split, download_if_missing=False)
    assert y is None
    assert len(texts) == 500
    assert all(text.strip() for text in texts)


@pytest.mark.realdata("tang-poetry")
def test_tang_poetry():
    texts, y = fetch_tang_poetry()
    counts = check_labelled(texts, y, 10_937)
    assert counts.most_common(3) == [("白居易", 2987), ("杜甫", 1480), ("李白", 1181)]
    assert len(counts) == 10
    assert len(set(texts)) == len(texts)
    assert not any("\t" in text for text in texts)
    of_two, authors = fetch_tang_poetry(n_authors=2)
    assert check_labelled(of_two, authors, 4467) == {"白居易": 2987, "杜甫": 1480}


@pytest.mark.realdata("tang-poetry")
@pytest.mark.parametrize("n_authors", [0, 100_000])
def test_the_number_of_authors(n_authors):
    with pytest.raises(ValueError, match=rf"n_authors must be from 1 to \d+, got {n_authors}"):
        fetch_tang_poetry(n_authors=n_authors)


def test_the_conllu_format():
    text = (
        "# newdoc id = a-1\n# sent_id = email-1\n# text = To me = you.\n1\tTo\tto\n\n"
        "# sent_id = weblog-2\n# text = # text = 2\n1\t#\t#\n\n"
    )
    assert _parse_conllu(text) == (["To me = you.", "# text = 2"], ["email-1", "weblog-2"])


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"split must be one of .*got 'dev'"):
        fetch_snips(split="dev")
    with pytest.raises(ValueError, match=r"language must be one of .*got 'latin'"):
        fetch_ud_sentences("latin", split="train")
    with pytest.raises(ValueError, match=r"split must be one of \('valid', 'test'\), got 'train'"):
        fetch_ud_sentences("chinese", split="train")


@pytest.mark.parametrize(
    ("fetch", "name"),
    [
        (fetch_sms_spam, r"sms\.tsv"),
        (fetch_subj, r"subj\.all"),
        (lambda **kwargs: fetch_snips(split="test", **kwargs), r"snips/test/seq\.in"),
        (
            lambda **kwargs: fetch_ud_sentences(split="valid", **kwargs),
            r"en_ewt-ud-dev\.conllu",
        ),
    ],
)
def test_missing_files_say_where_to_get_them(fetch, name, tmp_path):
    with pytest.raises(FileNotFoundError, match=rf"{name}.*Save https://.*SKDL_DATA"):
        fetch(data_home=tmp_path, download_if_missing=False)


def test_missing_poems_say_how_to_make_the_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"poet\.tang\.\*\.json.*author, title"):
        fetch_tang_poetry(data_home=tmp_path)
