"""Training of tokenizers, tokenization of texts, and a cache of recent results."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, UNKNOWN = "[PAD]", "[UNK]"
KINDS = ("word", "bpe", "wordpiece", "char")
CACHE_BYTES = 256 * 2**20
# Scripts without spaces between words, beside Chinese: Thai, Lao, Burmese and Khmer.
UNSPACED = r"\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}"
_UNSPACED_RANGES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
# Longer words are cut: training takes time with the square of their length, and a longer one is
# unknown to the model of wordpiece as a whole.
LONGEST_WORD = 100
_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1}}}")
SAMPLE_TEXTS = 1000  # whose unknown tokens are counted where min_frequency is "auto"

Tokens = tuple[np.ndarray, np.ndarray]  # ids of all texts, concatenated; number of ids of each text


def import_tokenizers() -> Any:
    """The package tokenizers.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise ImportError(
            'Text needs the package tokenizers; install it with: pip install "skdl[text]".'
        ) from error
    return tokenizers


def train_tokenizer(
    kind: str, texts: Sequence[str], *, vocab_size: int, min_frequency: int | str, lowercase: bool
) -> Tokenizer:
    """A tokenizer trained on these texts; [PAD] is its token 0, [UNK] its token 1.

    Each Chinese character is a token, and of "word" each character of other scripts without spaces
    (with its combining marks); "bpe" and "wordpiece" also learn longer ones, in words that are cut
    where they have more than 100 characters.

    Parameters
    ----------
    kind : {"word", "bpe", "wordpiece", "char"}
    texts : sequence of str
    vocab_size : int
        Maximum number of tokens, including the two special ones.
    min_frequency : int or "auto"
        Minimum number of occurrences of a token. "auto" is 2, or 1 where with 2 more than half of
        the tokens of the texts would be unknown.
    lowercase : bool

    Raises
    ------
    ValueError
        If no token remains.
    """
    if isinstance(min_frequency, str):
        return _with_few_unknown(kind, texts, vocab_size, lowercase=lowercase)
    tk = import_tokenizers()
    found = {"word": _UNSPACED_RANGES, "char": None}.get(kind, _LONG_WORD)
    divided = found is not None and any(map(found.search, texts))
    tokenizer = _untrained(tk, kind, lowercase=lowercase, divided=divided)
    options: dict[str, Any] = {
        "vocab_size": vocab_size,
        "min_frequency": min_frequency,
        "special_tokens": [PAD, UNKNOWN],
        "show_progress": False,
    }
    texts = [clean(text) for text in texts]
    trainer = tk.trainers.WordLevelTrainer(**options)
    if kind in ("bpe", "wordpiece"):
        # The trainers choose at random among equally frequent characters.
        n_characters = (vocab_size - 2) // (1 if kind == "bpe" else 2)
        texts, alphabet = _within_alphabet(tokenizer, texts, max(1, n_characters))
    if kind == "bpe":
        trainer = tk.trainers.BpeTrainer(**options)
    elif kind == "wordpiece":
        options["special_tokens"] += alphabet + ["##" + character for character in alphabet]
        trainer = tk.trainers.WordPieceTrainer(**options)
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() <= 2:
        raise ValueError(_nothing_left(tokenizer, texts, vocab_size, min_frequency))
    if kind == "wordpiece":  # its characters, special tokens for the trainer, become plain ones
        plain = _untrained(tk, kind, lowercase=lowercase, divided=divided)
        plain.model = tk.models.WordPiece(tokenizer.get_vocab(), unk_token=UNKNOWN)
        plain.add_special_tokens([PAD, UNKNOWN])
        tokenizer = plain
    return tokenizer


def _with_few_unknown(
    kind: str, texts: Sequence[str], vocab_size: int, *, lowercase: bool
) -> Tokenizer:
    """The tokenizer of min_frequency 2, or of 1 where more than half is unknown to that."""
    options: dict[str, Any] = {"vocab_size": vocab_size, "lowercase": lowercase}
    try:
        tokenizer = train_tokenizer(kind, texts, min_frequency=2, **options)
        ids, _ = tokens_of(tokenizer, texts[:SAMPLE_TEXTS])
        if (ids == unknown_of(tokenizer)).mean() <= 0.5:
            return tokenizer
    except ValueError:  # an empty vocabulary, which is told below if it still is
        pass
    return train_tokenizer(kind, texts, min_frequency=1, **options)


def _untrained(tk: Any, kind: str, *, lowercase: bool, divided: bool) -> Tokenizer:
    """A tokenizer to train. ``divided``: long words are, or sentences of scripts without spaces."""
    model = {"bpe": tk.models.BPE, "wordpiece": tk.models.WordPiece}.get(kind, tk.models.WordLevel)
    tokenizer = tk.Tokenizer(model(unk_token=UNKNOWN))
    tokenizer.normalizer = tk.normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=kind == "word",
        strip_accents=False,
        lowercase=lowercase,
    )
    every_character = tk.pre_tokenizers.Split(tk.Regex(r"[\s\S]"), behavior="isolated")
    words = tk.pre_tokenizers.Whitespace()
    if divided and kind != "word":
        words = tk.pre_tokenizers.Sequence([words, tk.pre_tokenizers.FixedLength(LONGEST_WORD)])
    elif divided:  # a sentence would be one word
        pattern = tk.Regex(rf"[{UNSPACED}]\p{{M}}*")
        characters = tk.pre_tokenizers.Split(pattern, behavior="isolated")
        words = tk.pre_tokenizers.Sequence([characters, words])
    tokenizer.pre_tokenizer = every_character if kind == "char" else words
    return tokenizer


def _within_alphabet(
    tokenizer: Tokenizer, texts: Sequence[str], size: int
) -> tuple[list[str], list[str]]:
    """Texts reduced to their most frequent characters, and these characters, sorted."""
    texts = [tokenizer.normalizer.normalize_str(text) for text in texts]
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    found = [character for character in counts if not character.isspace()]
    found.sort(key=lambda character: (-counts[character], character))
    left_out = str.maketrans(dict.fromkeys(found[size:], " "))
    return [text.translate(left_out) for text in texts], sorted(found[:size])


def _nothing_left(
    tokenizer: Tokenizer, texts: Sequence[str], vocab_size: int, min_frequency: int
) -> str:
    counts: Counter[str] = Counter()
    for text in texts:
        normal = tokenizer.normalizer.normalize_str(clean(text))
        counts.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal))
    if not counts:
        return "The vocabulary is empty: no text in X has a token. Pass texts with words."
    word, count = counts.most_common(1)[0]
    return (
        f"The vocabulary is empty: min_frequency={min_frequency} and vocab_size={vocab_size} leave "
        f"no token; the most frequent word, {word!r}, occurs {count} times. Lower min_frequency, "
        "raise vocab_size, or pass more texts. For texts without spaces between words set "
        'tokenizer="char" or "bpe", which find tokens within them.'
    )


def clean(text: str) -> str:
    """The text in valid Unicode: halves of surrogate pairs become question marks."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def tokens_of(tokenizer: Tokenizer, texts: Sequence[str]) -> Tokens:
    """Token ids of all texts, concatenated (n_tokens,), and their numbers for each (n_texts,).

    A text without any token gets the unknown token.
    """
    ids = [encoding.ids for encoding in _encoded(tokenizer.encode_batch_fast, texts)]
    lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
    if not lengths.all():
        nothing = [unknown_of(tokenizer)]
        ids = [found or nothing for found in ids]
        lengths = np.maximum(lengths, 1)
    values = np.fromiter(chain.from_iterable(ids), dtype=np.int32, count=lengths.sum())
    return values, lengths


def token_strings(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[str]]:
    """The tokens of each text, as strings."""
    nothing = [str(tokenizer.id_to_token(unknown_of(tokenizer)))]
    return [encoding.tokens or nothing for encoding in _encoded(tokenizer.encode_batch, texts)]


def _encoded(encode_batch: Callable[[list[str]], list[Any]], texts: Sequence[str]) -> list[Any]:
    texts = list(texts)
    try:
        return encode_batch(texts)
    except (TypeError, UnicodeEncodeError):  # invalid Unicode, which is rare
        return encode_batch([clean(text) for text in texts])
    except Exception as error:  # the library has no exception type of its own
        raise ValueError(
            f"The tokenizer cannot read X: {error}. Give its model an unk_token."
        ) from error


def with_unknown(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer, with an unknown token added where it has none."""
    if _find_unknown(tokenizer) is None:
        tokenizer.add_special_tokens([UNKNOWN])
    return tokenizer


def unknown_of(tokenizer: Tokenizer) -> int:
    """Id of the unknown token; 0 where there is none."""
    return _find_unknown(tokenizer) or 0


def _find_unknown(tokenizer: Tokenizer) -> int | None:
    unk_id = getattr(tokenizer.model, "unk_id", None)
    if isinstance(unk_id, int):
        return unk_id
    for name in (getattr(tokenizer.model, "unk_token", None), UNKNOWN, "<unk>"):
        found = None if name is None else tokenizer.token_to_id(name)
        if found is not None:
            return int(found)
    return None


def pieces_kept(lengths: np.ndarray, max_length: int) -> np.ndarray:
    """Mask of the tokens that are kept (n_tokens,): of a long text its first and last ones.

    These are ``max_length / 2`` each, the best truncation in Sun et al., "How to fine-tune BERT for
    text classification?" (2019).
    """
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    place = np.arange(lengths.sum()) - starts
    from_end = np.repeat(lengths, lengths) - place  # 1 for the last token
    n_last = max_length // 2
    return (place < max_length - n_last) | (from_end <= n_last)


class Cache:
    """Least-recently-used cache with a maximum size in bytes, safe to share between threads.

    It lets candidates of a grid search, which are fitted to the same texts, share the tokens.
    """

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self.max_bytes = max_bytes
        self.entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: Hashable, compute: Callable[[], tuple[Any, int]]) -> Any:
        """The value of a key; ``compute`` returns it with its size in bytes if it is missing."""
        with self.lock:
            if key in self.entries:
                self.entries.move_to_end(key)
                return self.entries[key][0]
        value, n_bytes = compute()
        with self.lock:
            self.entries[key] = value, n_bytes
            while sum(size for _, size in self.entries.values()) > self.max_bytes:
                self.entries.popitem(last=False)
        return value

    def clear(self) -> None:
        """Remove all entries."""
        with self.lock:
            self.entries.clear()


CACHE = Cache()


def digest(texts: Sequence[str]) -> bytes:
    """Hash of a sequence of texts."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    made = hashlib.blake2b(lengths.tobytes(), digest_size=20)
    made.update("".join(texts).encode(errors="surrogatepass"))
    return made.digest()
