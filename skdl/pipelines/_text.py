"""Pipelines that let any classifier take texts."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any, Self

from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import get_tags

from .._reading import (
    composed,
    read_texts,
    shown_settings,
    split_words_and_characters,
    wider_patterns,
)
from ..estimators import TransformerClassifier
from ._preparation import (
    Preparation,
    check_instance,
    check_one_form,
    held,
    innermost,
    input_kinds,
    members,
    preparation_of,
)

_N_COMPONENTS = 100
_CHARACTERS = ("char", "char_wb")
_TOKEN_PATTERN = TfidfVectorizer().token_pattern


def make_text_classifier(
    estimator: Any = None,
    *,
    ngram_range: tuple[int, int] = (1, 2),
    analyzer: str = "word",
) -> Pipeline:
    """Wrap a classifier so that it takes texts.

    ============================================= =============================================
    estimator                                     steps
    ============================================= =============================================
    TransformerClassifier, and a Pipeline whose   the estimator alone: X reaches it untouched
    first step takes texts (a vectorizer)
    estimators that need dense numbers (by their  ``TfidfVectorizer``, ``TruncatedSVD`` to 100
    tag): GaussianNB, LinearDiscriminantAnalysis, components
    HistGradientBoostingClassifier ...
    all others: linear models, SVMs, naive Bayes, ``TfidfVectorizer``
    neighbours, forests, MLPClassifier ...
    ============================================= =============================================

    A meta-estimator (GridSearchCV, OneVsRestClassifier ...) is treated as what it wraps, a
    Pipeline as its first step. Voting and stacking take texts where all of their members do, and
    one of the last two rows of the table where none does; where some do, wrap the members instead.

    Parameters
    ----------
    estimator : estimator instance, default=None
        The last step. It is not copied. By default ``TransformerClassifier()``.
    ngram_range : tuple (min_n, max_n), default=(1, 2)
        Lengths of the n-grams of ``TfidfVectorizer``: by default words and pairs of words. Ignored
        where the estimator takes texts itself.
    analyzer : {"word", "char", "char_wb"}, default="word"
        Whether ``TfidfVectorizer`` counts words or characters. Words have two letters, digits or _
        or more, with their combining marks, such as the vowel signs of Hindi; of Chinese, Thai,
        Lao, Burmese and Khmer, which put no spaces between words, each character is one. Use "char"
        for other scripts without spaces, such as Javanese. Set ``token_pattern`` or ``tokenizer``
        of the step to find words otherwise. Ignored where the estimator takes texts itself.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        Steps are named as by ``sklearn.pipeline.make_pipeline``, by the lowercase name of their
        class: a grid names ``logisticregression__C`` or ``tfidfvectorizer__min_df``. It takes X
        as a list, array or Series of str, or a DataFrame with one column of str.

    Raises
    ------
    TypeError
        If ``estimator`` is a class or has no ``fit``, or is one of skdl's deep estimators that
        take numbers only.

    See Also
    --------
    search_grid : What to search for each estimator.
    make_image_classifier, make_sequence_pipeline, make_tabular_pipeline : The same for other data.

    Notes
    -----
    A dense array of all words and pairs seldom fits into memory, so it is reduced to 100
    components. On 3,000 rows of each, the accuracy of LinearDiscriminantAnalysis on them was 97.5 %
    on SMS spam and 85 % on subj, that of HistGradientBoostingClassifier 97.6 % and 83 %; on the
    1,000 most frequent words and pairs as dense columns, 97.0 % and 78 %, and 97.5 % and 81 %.
    Where texts have fewer words and pairs than components, set ``truncatedsvd__n_components``.

    Texts are read in Unicode's normal form C (NFC), in which an accent is one character with its
    letter.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skdl.datasets import load_docstrings
    >>> from skdl.estimators import LogisticRegression
    >>> from skdl.pipelines import make_text_classifier
    >>> texts, y = load_docstrings(return_X_y=True)
    >>> train, test = slice(0, None, 4), slice(1, None, 8)
    >>> model = make_text_classifier(LogisticRegression(C=10)).fit(texts[train], y[train])
    >>> list(model.named_steps)
    ['tfidfvectorizer', 'logisticregression']
    >>> model.score(texts[test], y[test]) > 0.7  # of 9 classes
    True
    >>> list(make_text_classifier(GaussianNB()).named_steps)
    ['tfidfvectorizer', 'truncatedsvd', 'gaussiannb']
    >>> list(make_text_classifier().named_steps)
    ['transformerclassifier']
    """
    if estimator is None:
        estimator = TransformerClassifier()
    check_instance(estimator)
    if _takes_text(estimator):
        return make_pipeline(estimator)
    check_one_form(estimator)
    if preparation_of(estimator) is Preparation.DEEP:
        name = type(innermost(estimator)).__name__
        raise TypeError(
            f"estimator must take texts or tables of numbers, got {name}, which takes numbers as "
            "sequences or images. Pass TransformerClassifier(), or a classical classifier."
        )
    steps: list[Any] = [ColumnTfidfVectorizer(ngram_range=ngram_range, analyzer=analyzer)]
    if not _takes_sparse(estimator):
        steps.append(TruncatedSVD(_N_COMPONENTS, random_state=0))
    pipeline = make_pipeline(*steps, estimator)
    pipeline.steps[0] = ("tfidfvectorizer", steps[0])
    return pipeline


class ColumnTfidfVectorizer(TfidfVectorizer):
    """scikit-learn's ``TfidfVectorizer``, which reads X as the deep estimators read texts.

    scikit-learn's iterates over X: it reads the names of the columns of a DataFrame as texts. It
    also divides words at their combining marks; with the ``token_pattern`` that is its default,
    they are divided by `split_words_and_characters` here.
    """

    def fit(self, raw_documents: Any, y: Any = None) -> Self:
        texts = self._read(raw_documents)
        with self._advised(texts):
            super().fit(texts, y)
        return self

    def fit_transform(self, raw_documents: Any, y: Any = None) -> Any:
        texts = self._read(raw_documents)
        with self._advised(texts):
            return super().fit_transform(texts, y)

    def transform(self, raw_documents: Any) -> Any:
        return super().transform(self._read(raw_documents))

    def build_tokenizer(self) -> Callable[[str], Iterable[str]]:
        if self.tokenizer is None and self.token_pattern == _TOKEN_PATTERN:
            return split_words_and_characters
        return super().build_tokenizer()

    def get_stop_words(self) -> Any:
        left_out = super().get_stop_words()
        return None if left_out is None else frozenset(map(composed, left_out))

    def _read(self, X: Any) -> Any:
        if self.input != "content":  # files or their names
            return X
        texts = read_texts(X, decode=lambda text: text.decode(self.encoding, self.decode_error))
        return list(map(composed, texts))

    @contextmanager
    def _advised(self, texts: Any) -> Iterator[None]:
        """Inside, the error of an empty vocabulary names a setting with which it is not."""
        try:
            yield
        except ValueError as error:
            if self.input != "content" or not str(error).startswith("empty vocabulary"):
                raise
            kind, n = "character" if self.analyzer in _CHARACTERS else "word", self.ngram_range[0]
            raise ValueError(
                "The vocabulary is empty: no text in X has "
                f"{f'a {kind}' if n == 1 else f'{n} {kind}s'}. {self._advice(texts)}"
            ) from None

    def _advice(self, texts: Any) -> str:
        settings = self.get_params(deep=False)
        words = {"analyzer": "word", "tokenizer": None}
        patterns = wider_patterns(texts)
        candidates: list[tuple[dict[str, Any], str]] = [
            ({}, ""),
            ({"stop_words": None}, ", or leave out fewer words"),
            ({**words, "token_pattern": _TOKEN_PATTERN}, ""),
            *(({**words, "token_pattern": pattern}, end) for pattern, end in patterns.items()),
            ({"analyzer": "char", "stop_words": None}, " to count characters"),
        ]
        single = {"ngram_range": (1, max(self.ngram_range))}
        for (change, end), more in product(candidates, ({}, single)):
            changed = {n: value for n, value in {**change, **more}.items() if settings[n] != value}
            analyze = type(self)(**{**settings, **changed}).build_analyzer()
            if changed and any(token.strip() for text in texts for token in analyze(text)):
                shown = shown_settings(changed, "tfidfvectorizer__")
                return f"Set {shown} by set_params of the pipeline{end}."
        return "Pass texts with words."


def _takes_text(estimator: Any) -> bool:
    """Whether an estimator, what it wraps, or its first step takes raw texts."""
    if isinstance(estimator, Pipeline):
        return _takes_text(estimator.steps[0][1])
    inner = held(estimator)
    if inner is not None:
        return _takes_text(inner[1])
    if several := members(estimator):
        return all(map(_takes_text, several))
    if "texts" in input_kinds(estimator):
        return True
    if not hasattr(estimator, "__sklearn_tags__"):  # "passthrough"
        return False
    tags = get_tags(estimator).input_tags
    return bool(tags.string and not tags.two_d_array)


def _takes_sparse(estimator: Any) -> bool:
    """Whether an estimator takes sparse columns, by the tag of what it wraps.

    A Pipeline has its own tag, for all of its steps.
    """
    while not isinstance(estimator, Pipeline) and (inner := held(estimator)) is not None:
        estimator = inner[1]
    return bool(get_tags(estimator).input_tags.sparse)
