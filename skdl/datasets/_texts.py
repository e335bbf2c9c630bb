"""Real sets of texts for classification, read from files with checksums."""

from __future__ import annotations

import os
import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ._fetch import RemoteFile, check_known, read_file

_GITHUB = "https://raw.githubusercontent.com/"
_SPLITS = ("train", "valid", "test")

_SMS = RemoteFile(
    "sms-spam/sms.tsv",
    "7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d",
    _GITHUB + "justmarkham/pycon-2016-tutorial/5339710562cc46c4a32a369d63f1e8751a18a54e/"
    "data/sms.tsv",
)
_SUBJ = RemoteFile(
    "subj/subj.all",
    "f3ffbe2aa8e4f3ba3e63e46dce51613854edbca122fb3aa758b9bce047ded23c",
    _GITHUB + "harvardnlp/sent-conv-torch/656a7ea29de3409aca87bb17935cf93c537527fa/data/subj.all",
)
_SNIPS_SHA256 = {  # texts, intents
    "train": (
        "04ad1e3f2121d83c6478f9a4b17d2dbdc21d06d6127f73cb7af835ed733f9855",
        "bfd7df6cf9dd76c5da5d8b61bc85f90386197bdd3d7510c1d324c051537b962f",
    ),
    "valid": (
        "64e0f6d8ad8aab3a3828164d7d53731a0993d3ca1aed437ceaca6d3d568d410e",
        "9c1dd041216f647bcfca838aaf1a48eb5781e4404256d31ff07cd38a5436c52f",
    ),
    "test": (
        "c1e341173fcea2951a8ca371956a6f81c76de87b9583c62eb87edd6158fa3a7c",
        "37a26da3ad079bb41c42c85a3a8f827eb47efec4c5917ce5d08f4b2736e4f830",
    ),
}
_SNIPS_URL = _GITHUB + "MiuLab/SlotGated-SLU/master/data/snips/"

# Folder, start of the file names, and the source at the version that the SHA256 were taken of.
_TREEBANKS = {
    "english": (
        "ud-english-ewt",
        "en_ewt",
        "https://github.com/UniversalDependencies/UD_English-EWT/raw/15d613d844/",
    ),
    "chinese": (
        "ud-chinese-gsdsimp",
        "zh_gsdsimp",
        "https://github.com/UniversalDependencies/UD_Chinese-GSDSimp/raw/eb3aed31eb/",
    ),
}
_TREEBANK_SHA256 = {
    "english": {
        "train": "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b",
        "valid": "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
        "test": "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
    },
    "chinese": {
        "valid": "342a2969df6d6d08bdc25dbc067c93c86ab3099bb054a9921ae7067cbc2c53ad",
        "test": "573f59b799b499a920d2d5bdc0e3c1dbd7bcacf86bdece4334ecbd03e21b6150",
    },
}

_TANG = RemoteFile(
    "tang-poetry/poet.tang.tsv",
    "ea0cf24793a43720224e3972954add8b8ef6a11f57207f5d5cb5e56a516a7338",
    "https://github.com/chinese-poetry/chinese-poetry/tree/99ebbef7e1",
    "one line for each poem of its files poet.tang.*.json: author, title, and the paragraphs "
    "joined to one text, separated by tabs",
)
_NO_AUTHOR = frozenset({"不詳", "無名氏"})  # "unknown", "anonymous"


def fetch_sms_spam(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
) -> tuple[list[str], NDArray[np.str_]]:
    """Fetch 5,574 short messages in English, 13 % of them spam.

    Parameters
    ----------
    data_home : str or path, default=None
        The folder of the data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the file when the folder lacks it.

    Returns
    -------
    texts : list of str
        The messages, as they were sent. 5,171 of them are different.
    y : ndarray of str of shape (n_texts,)
        "ham" or "spam".

    Raises
    ------
    ValueError
        If the file's SHA256 is not the expected one.
    FileNotFoundError
        If the file is absent and is not downloaded, or the download fails.

    See Also
    --------
    load_docstrings : Real texts with labels that need no download.

    References
    ----------
    Almeida, Gomez Hidalgo and Yamakami, "Contributions to the study of SMS spam filtering: new
    collection and results", DocEng 2011 (UCI, CC BY 4.0), from
    https://github.com/justmarkham/pycon-2016-tutorial.

    Examples
    --------
    >>> from skdl.datasets import fetch_sms_spam
    >>> texts, y = fetch_sms_spam()  # doctest: +SKIP
    >>> texts[1], str(y[1])  # doctest: +SKIP
    ('Ok lar... Joking wif u oni...', 'ham')
    """
    lines = _read_lines(_SMS, "utf-8", data_home, download_if_missing)
    labels, texts = zip(*(line.split("\t", 1) for line in lines), strict=True)
    return list(texts), np.array(labels)


def fetch_subj(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
) -> tuple[list[str], NDArray[np.str_]]:
    """Fetch 10,000 sentences on films: half of them subjective (opinions), half objective (plots).

    Parameters
    ----------
    data_home : str or path, default=None
        The folder of the data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the file when the folder lacks it.

    Returns
    -------
    texts : list of str
        The sentences, in lower case, words and punctuation separated by spaces.
    y : ndarray of str of shape (10000,)
        "subjective" (from reviews) or "objective" (from plot summaries), sorted by class as in
        the file.

    Raises
    ------
    ValueError
        If the file's SHA256 is not the expected one.
    FileNotFoundError
        If the file is absent and is not downloaded, or the download fails.

    References
    ----------
    Pang and Lee, "A sentimental education: sentiment analysis using subjectivity summarization
    based on minimum cuts", ACL 2004 (CC BY 4.0), from
    https://github.com/harvardnlp/sent-conv-torch (MIT licence).

    Examples
    --------
    >>> from skdl.datasets import fetch_subj
    >>> texts, y = fetch_subj()  # doctest: +SKIP
    >>> texts[0][:15], str(y[0])  # doctest: +SKIP
    ('smart and alert', 'subjective')
    """
    lines = _read_lines(_SUBJ, "latin-1", data_home, download_if_missing)
    labels, texts = zip(*(line.split(" ", 1) for line in lines), strict=True)
    names = {"0": "subjective", "1": "objective"}
    return [text.strip() for text in texts], np.array([names[label] for label in labels])


def fetch_snips(
    *,
    split: str,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
) -> tuple[list[str], NDArray[np.str_]]:
    """Fetch one part of SNIPS: requests to a voice assistant, labelled with one of 7 intents.

    Parameters
    ----------
    split : {"train", "valid", "test"}
        Which part: 13,084, 700 or 700 sentences.
    data_home : str or path, default=None
        The folder of the data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the two files when the folder lacks them.

    Returns
    -------
    texts : list of str
        The sentences, in lower case, words separated by spaces.
    y : ndarray of str of shape (n_texts,)
        The intents: "AddToPlaylist", "BookRestaurant", "GetWeather", "PlayMusic", "RateBook",
        "SearchCreativeWork" or "SearchScreeningEvent".

    Raises
    ------
    ValueError
        If `split` is unknown, or a file's SHA256 is not the expected one.
    FileNotFoundError
        If a file is absent and is not downloaded, or the download fails.

    References
    ----------
    Coucke et al., "Snips voice platform: an embedded spoken language understanding system for
    private-by-design voice interfaces", arXiv:1805.10190 (CC0 1.0), in the parts of
    https://github.com/MiuLab/SlotGated-SLU.

    Examples
    --------
    >>> from skdl.datasets import fetch_snips
    >>> texts, y = fetch_snips(split="train")  # doctest: +SKIP
    >>> texts[0], str(y[0])  # doctest: +SKIP
    ('listen to westbam alumb allergic on google music', 'PlayMusic')
    """
    digests = _SNIPS_SHA256[check_known("split", split, _SPLITS)]
    texts, intents = (
        _read_lines(
            RemoteFile(f"snips/{split}/{name}", sha256, f"{_SNIPS_URL}{split}/{name}"),
            "utf-8", data_home, download_if_missing,
        )
        for name, sha256 in zip(("seq.in", "label"), digests, strict=True)
    )  # fmt: skip
    return [text.strip() for text in texts], np.array([intent.strip() for intent in intents])


def fetch_ud_sentences(
    language: str = "english",
    *,
    split: str,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
) -> tuple[list[str], NDArray[np.str_] | None]:
    """Fetch the sentences of one part of a treebank of Universal Dependencies.

    Parameters
    ----------
    language : {"english", "chinese"}, default="english"
        - "english": the English Web Treebank, 12,544 + 2,001 + 2,077 sentences of 5 genres
        - "chinese": GSD in simplified characters, 500 + 500 sentences from Wikipedia; its
          training part is not offered here
    split : {"train", "valid", "test"}
        Which part; the treebanks call "valid" dev.
    data_home : str or path, default=None
        The folder of the data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Whether to download the file when the folder lacks it.

    Returns
    -------
    texts : list of str
        The sentences as they were written, before tokenization.
    y : ndarray of str of shape (n_texts,), or None
        The genres: "answers", "email", "newsgroup", "reviews" or "weblog". None for Chinese,
        which has no genres.

    Raises
    ------
    ValueError
        If `language` or `split` is unknown, or the file's SHA256 is not the expected one.
    FileNotFoundError
        If the file is absent and is not downloaded, or the download fails.

    References
    ----------
    Silveira et al., "A gold standard dependency corpus for English", LREC 2014, from
    https://github.com/UniversalDependencies/UD_English-EWT (CC BY-SA 4.0). Qi, Yasuoka, Shen and
    McDonald, https://github.com/UniversalDependencies/UD_Chinese-GSDSimp (CC BY-SA 4.0).

    Examples
    --------
    >>> from skdl.datasets import fetch_ud_sentences
    >>> texts, y = fetch_ud_sentences("english", split="valid")  # doctest: +SKIP
    >>> texts[0], str(y[0])  # doctest: +SKIP
    ('From the AP comes this story :', 'weblog')
    """
    folder, start, url = _TREEBANKS[check_known("language", language, tuple(_TREEBANKS))]
    digests = _TREEBANK_SHA256[language]
    sha256 = digests[check_known("split", split, tuple(digests))]
    name = f"{start}-ud-{'dev' if split == 'valid' else split}.conllu"
    file = RemoteFile(f"{folder}/{name}", sha256, url + name)
    contents = read_file(file, data_home=data_home, download_if_missing=download_if_missing)
    texts, ids = _parse_conllu(contents.decode("utf-8"))
    if language != "english":
        return texts, None
    return texts, np.array([sentence_id.partition("-")[0] for sentence_id in ids])


def fetch_tang_poetry(
    *,
    n_authors: int = 10,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
) -> tuple[list[str], NDArray[np.str_]]:
    """Fetch poems of the Tang dynasty, labelled with their authors.

    Parameters
    ----------
    n_authors : int, default=10
        Number of authors: those with the most poems. Poems of unknown authors are left out.
    data_home : str or path, default=None
        The folder of the data sets; see `get_data_home`.
    download_if_missing : bool, default=True
        Ignored: the collection consists of many files, and the one that is read here cannot be
        downloaded. The error tells how to make it.

    Returns
    -------
    texts : list of str
        The poems in traditional characters, without titles and without empty ones. Of equal
        poems the first is kept.
    y : ndarray of str of shape (n_texts,)
        Their authors.

    Raises
    ------
    ValueError
        If `n_authors` is not from 1 to the number of authors, or the file's SHA256 is not the
        expected one.
    FileNotFoundError
        If the file is absent.

    References
    ----------
    "Complete Tang poems" (1705), from https://github.com/chinese-poetry/chinese-poetry (MIT
    licence).

    Examples
    --------
    >>> from skdl.datasets import fetch_tang_poetry
    >>> texts, y = fetch_tang_poetry(n_authors=2)  # doctest: +SKIP
    >>> sorted(set(y.tolist()))  # doctest: +SKIP
    ['杜甫', '白居易']
    """
    lines = _read_lines(_TANG, "utf-8", data_home, download_if_missing)
    found: dict[str, str] = {}
    for line in lines:
        author, *_, text = line.split("\t")  # a few titles hold tabs
        if author not in _NO_AUTHOR and re.search(r"\w", text):
            found.setdefault(text, author)
    counts = Counter(found.values())
    if not 1 <= n_authors <= len(counts):
        raise ValueError(f"n_authors must be from 1 to {len(counts)}, got {n_authors}.")
    chosen = {author for author, _ in counts.most_common(n_authors)}
    texts = [text for text, author in found.items() if author in chosen]
    return texts, np.array([found[text] for text in texts])


def _read_lines(
    file: RemoteFile,
    encoding: str,
    data_home: str | os.PathLike[str] | None,
    download_if_missing: bool,
) -> list[str]:
    """Return the lines of a file, split at newlines only: texts may hold other line breaks."""
    contents = read_file(file, data_home=data_home, download_if_missing=download_if_missing)
    return contents.decode(encoding).removesuffix("\n").split("\n")


def _parse_conllu(text: str) -> tuple[list[str], list[str]]:
    """Return text and id of each sentence of the CoNLL-U format."""
    texts = re.findall(r"^# text = (.*)$", text, flags=re.MULTILINE)
    ids = re.findall(r"^# sent_id = (.*)$", text, flags=re.MULTILINE)
    return texts, ids
