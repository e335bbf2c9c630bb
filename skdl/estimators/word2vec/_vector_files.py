"""Files of word vectors in the formats of word2vec, text and binary."""

from __future__ import annotations

import codecs
import os
import secrets
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._compression import damage_reported, open_compressing, open_decompressed
from ._separators import with_stand_ins, without_stand_ins

_READ_BYTES = 1 << 20
_WRITE_ROWS = 1024
_HEADER_BYTES = 100


def write_word2vec_format(
    path: str | os.PathLike[str], words: Sequence[str], vectors: ArrayLike, binary: bool = False
) -> None:
    """Write words and their vectors into a file that word2vec and gensim read.

    The first line has the number of words and of dimensions. The words with their vectors follow,
    in text a line for each. Numbers in text are the shortest that read as the same float32.

    Parameters
    ----------
    path : str or path-like
        The file to write, compressed if the name ends in .gz, .bz2 or .xz. It is written under
        another name and then renamed, so that after an error an old file is still there.
    words : sequence of str of shape (n_words,)
        Distinct, without spaces and newlines, which separate words in the format. A word that is
        a space or a newline alone is written as "\u2581" (U+2581) or "\u2424" (U+2424), and the
        number of dimensions in the first line with a zero before it: files of sentencepiece have
        "\u2581" as a word of their own.
    vectors : array-like of shape (n_words, n_dimensions)
        Finite numbers, saved as float32.
    binary : bool, default=False
        Whether numbers are the four bytes of a float32 instead of text.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If `words` and `vectors` have different lengths, or cannot be saved.

    Examples
    --------
    >>> import os, tempfile
    >>> from skdl.estimators.word2vec._vector_files import read_word2vec_format
    >>> from skdl.estimators.word2vec._vector_files import write_word2vec_format
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "vectors.txt.gz")
    ...     write_word2vec_format(path, ["sun", "moon"], [[0.1, 2], [-3, 4]])
    ...     words, vectors = read_word2vec_format(path)
    >>> words
    ['sun', 'moon']
    >>> vectors
    array([[ 0.1,  2. ],
           [-3. ,  4. ]], dtype=float32)
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"The folder of {target} must exist. Make it first.")
    matrix = _checked_matrix(vectors, len(words))
    words, has_stand_ins = with_stand_ins(words)
    header = b"%d 0%d\n" if has_stand_ins else b"%d %d\n"
    encoded = [_encoded(word) for word in words]
    _check_distinct(encoded)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with open(draft, "xb") as plain, open_compressing(plain, target) as stream:
            stream.write(header % matrix.shape)
            for start in range(0, len(matrix), _WRITE_ROWS):
                block = slice(start, start + _WRITE_ROWS)
                rows = _rows_as_bytes(matrix[block]) if binary else _rows_as_text(matrix[block])
                parts = zip(encoded[block], rows, strict=True)
                stream.write(b"".join(b"%b %b" % part for part in parts))
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _checked_matrix(vectors: ArrayLike, n_words: int) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # infinite in float32 is an error below
        matrix = np.asarray(vectors).astype(np.float32)
    if matrix.ndim != 2 or len(matrix) != n_words or matrix.size == 0:
        raise ValueError(
            "vectors must have shape (n_words, n_dimensions) with at least one of both, got "
            f"{matrix.shape} for {n_words} words. Pass one row for each word."
        )
    if not np.isfinite(matrix).all():
        row = int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])
        raise ValueError(
            f"vectors must be finite in float32, got {matrix[row]} in row {row}. Leave it out."
        )
    return matrix


def _encoded(word: Any) -> bytes:
    if not isinstance(word, str):
        raise ValueError(f"words must be str, got {word!r}. Pass str(word) instead.")
    if " " in word or "\n" in word:
        raise ValueError(
            "words must hold no space and no newline, which separate words in such files, got "
            f'{word!r}. Replace it by another character, such as "_".'
        )
    try:
        return word.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"words must be text that UTF-8 can encode, got {word!r}: {error}. Leave it out."
        ) from error


def _check_distinct(words: Sequence[bytes]) -> None:
    repeated = _repeated(words)
    if repeated:
        row, first = next(iter(repeated.items()))
        raise ValueError(
            f"words must be distinct, got {words[row].decode()!r} in row {first} and again in row "
            f"{row}. Leave one out."
        )


def _repeated(words: Sequence[str | bytes]) -> dict[int, int]:
    """The rows of words that were there before, and the first row of each."""
    if len(set(words)) == len(words):
        return {}
    first: dict[str | bytes, int] = {}
    rows = ((row, first.setdefault(word, row)) for row, word in enumerate(words))
    return {row: before for row, before in rows if row != before}


def _rows_as_bytes(matrix: NDArray[np.float32]) -> Iterator[bytes]:
    return (row.tobytes() for row in matrix.astype("<f4"))


def _rows_as_text(matrix: NDArray[np.float32]) -> Iterator[bytes]:
    return (" ".join(map(repr, row)).encode() + b"\n" for row in _shortest(matrix).tolist())


def _shortest(matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """The float64 with the fewest digits that rounds to each float32, for short text.

    A rounded number is used only where it equals the float32. Numbers too large or small for an
    exact power of ten, such as 1e-20, keep all digits.
    """
    wide = matrix.astype(np.float64)
    best = wide.copy()
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(np.abs(wide)))
    for n_digits in (9, 8, 7, 6):  # nine identify any float32; repr drops trailing zeros below six
        scale = 10.0 ** np.clip(n_digits - 1 - exponent, 0, 22)
        rounded = np.rint(wide * scale) / scale
        with np.errstate(over="ignore"):
            np.copyto(best, rounded, where=rounded.astype(np.float32) == matrix)
    return best


def read_word2vec_format(
    path: str | os.PathLike[str],
    binary: bool = False,
    limit: int | None = None,
    encoding: str = "utf-8",
    *,
    unicode_errors: str = "strict",
    no_header: bool = False,
) -> tuple[list[str], NDArray[np.float32]]:
    """Read words and their vectors from a file of word2vec, gensim, GloVe or fastText.

    In text, spaces or tabs divide a line into the word and its numbers.

    Parameters
    ----------
    path : str or path-like
        The file, compressed if the name ends in .gz, .bz2 or .xz.
    binary : bool, default=False
        Whether numbers are the four bytes of a float32 instead of text.
    limit : int, default=None
        Number of words to read, from the first. None reads all.
    encoding : str, default="utf-8"
        Encoding of the words.
    unicode_errors : str, default="strict"
        What is done with words that are not in this encoding, as in ``bytes.decode``.
    no_header : bool, default=False
        Whether the file begins with its first word instead of the numbers of words and dimensions.
        Words of such a file may have spaces, as a few of the largest GloVe file have.

    Returns
    -------
    words : list of str of shape (n_words,)
        In the order of the file; of a word that comes more than once, the first.
    vectors : ndarray of shape (n_words, n_dimensions)
        float32.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is malformed, with the line, or the entry if binary; if a parameter is invalid.

    Warns
    -----
    UserWarning
        If a word comes more than once.

    Examples
    --------
    See :func:`write_word2vec_format`.
    """
    _check_options(limit, encoding, unicode_errors, binary and no_header)
    file = _VectorFile(os.fspath(path), binary, encoding, unicode_errors, no_header)
    with damage_reported(path):
        if no_header:
            with open_decompressed(path) as stream:
                shape = file.measure(stream, limit)
        with open_decompressed(path) as stream:
            return file.read(stream, limit, shape if no_header else file.read_header(stream))


def _check_options(
    limit: int | None, encoding: str, unicode_errors: str, binary_no_header: bool
) -> None:
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, Integral)):
        raise ValueError(f"limit must be None or an int, got {limit!r}. Pass a number of words.")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}. Pass None for all words.")
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ValueError(
            f"encoding must be one that Python knows, got {encoding!r}. Pass 'utf-8'."
        ) from error
    try:
        codecs.lookup_error(unicode_errors)
    except LookupError as error:
        raise ValueError(
            "unicode_errors must be 'strict', 'replace', 'ignore' or another one that Python "
            f"knows, got {unicode_errors!r}."
        ) from error
    if binary_no_header:
        raise ValueError(
            "no_header=True needs a text file, got binary=True: in a binary file nothing but its "
            "first line says how many numbers a vector has. Pass one of both."
        )


@dataclass
class _VectorFile:
    """Reads a file, with errors that name the place in it."""

    path: str
    binary: bool
    encoding: str
    unicode_errors: str
    no_header: bool
    has_stand_ins: bool = False

    def read(
        self, stream: BufferedIOBase, limit: int | None, shape: tuple[int, int]
    ) -> tuple[list[str], NDArray[np.float32]]:
        announced, n_dimensions = shape
        vectors = self._room_for(min(announced, limit or announced), n_dimensions)
        words: list[str] = []
        with np.errstate(over="ignore"):  # infinite in float32 is an error below
            rest = (self._read_binary if self.binary else self._read_text)(stream, words, vectors)
        if limit is None and rest.strip():
            raise ValueError(
                f"{self.path} must end after the {announced} words that its line 1 announces, got "
                f"{_shown(rest)} after them. Correct line 1, or pass limit={announced}; pass "
                f"binary={not self.binary} if the file is {'text' if self.binary else 'binary'}."
            )
        for row in np.flatnonzero(~np.isfinite(vectors).all(axis=1)):
            got = f"{vectors[row]} for {words[row]!r}"
            raise self._error(int(row), "must hold finite numbers in float32", got, "Leave it out.")
        words = without_stand_ins(words) if self.has_stand_ins else words
        return self._first_of_each(words, vectors)

    def _first_of_each(
        self, words: list[str], vectors: NDArray[np.float32]
    ) -> tuple[list[str], NDArray[np.float32]]:
        """Words and vectors without those of words that were there before."""
        repeated = _repeated(words)
        if not repeated:
            return words, vectors
        row, first = next(iter(repeated.items()))
        warnings.warn(
            f"{self.path}: {len(repeated)} of {len(words)} entries are of words that were there "
            f"before and are left out, such as {words[row]!r} in {self._place(row)}, first in "
            f"{self._place(first)}.",
            stacklevel=5,
        )
        kept = [row for row in range(len(words)) if row not in repeated]
        return [words[row] for row in kept], vectors[kept]

    def measure(self, stream: BufferedIOBase, limit: int | None) -> tuple[int, int]:
        """Number of words and of dimensions of a text file that does not say so."""
        first, n_words = b"", 0
        for n_lines, line in enumerate(stream, 1):
            if line.strip():  # the file may end in empty lines
                first, n_words = first or line, n_lines
            if n_lines == limit:
                break
        behind_tab = _behind_tab(first)
        numbers = first.rstrip().partition(b" ")[2].split() if behind_tab is None else behind_tab[1]
        n_dimensions = len(numbers)
        if not n_dimensions:
            raise ValueError(
                f"{self.path}, line 1 must hold a word and its vector, got {_shown(first)}. Pass "
                "a text file of words with their vectors."
            )
        return n_words, n_dimensions

    def read_header(self, stream: BufferedIOBase) -> tuple[int, int]:
        header = stream.readline(_HEADER_BYTES).removeprefix(codecs.BOM_UTF8)
        if not header:
            raise ValueError(f"{self.path} must hold vectors, got an empty file. Save them again.")
        parts = header.split()
        if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
            advice = "Pass no_header=True if the file begins with its first word, as GloVe's do."
            if self.binary:
                advice = "Save the vectors again in word2vec's binary format, or pass binary=False "
                advice += "if the file is text, and no_header=True if that begins with a word."
            raise ValueError(
                f"{self.path}, line 1 must hold the number of words and that of dimensions, two "
                f"positive integers, got {_shown(header)}. {advice}"
            )
        self.has_stand_ins = parts[1].startswith(b"0")  # other programs write no such number
        return int(parts[0]), int(parts[1])

    def _room_for(self, n_words: int, n_dimensions: int) -> NDArray[np.float32]:
        try:
            return np.empty((n_words, n_dimensions), np.float32)
        except (MemoryError, ValueError) as error:
            raise ValueError(
                f"{self.path}, line 1 must announce vectors that fit into memory, got {n_words} "
                f"words of {n_dimensions} dimensions. Correct it, or pass a smaller limit."
            ) from error

    def _read_text(
        self, stream: BufferedIOBase, words: list[str], vectors: NDArray[np.float32]
    ) -> bytes:
        """Fill words and vectors; return the first bytes after them."""
        n_dimensions = vectors.shape[1]
        for row in range(len(vectors)):
            line = stream.readline()
            if not line:
                raise self._ends_early(row, len(vectors))
            if not row and self.no_header:
                line = line.removeprefix(codecs.BOM_UTF8)
            word, _, rest = line.rstrip().partition(b" ")
            numbers = rest.split()
            if len(numbers) != n_dimensions and (behind_tab := _behind_tab(line)) is not None:
                word, numbers = behind_tab
            if self.no_header and len(numbers) > n_dimensions:
                word, numbers = _with_spaces(word, numbers, n_dimensions)
            try:
                words.append(word.decode(self.encoding, self.unicode_errors))
                if len(numbers) != n_dimensions:
                    raise ValueError(f"{len(numbers)} numbers")
                vectors[row] = list(map(float, numbers))
            except ValueError as error:
                raise self._bad_line(row, n_dimensions, rest, error) from error
        return stream.read(_HEADER_BYTES)

    def _bad_line(self, row: int, n_dimensions: int, rest: bytes, error: ValueError) -> ValueError:
        if any(byte < 9 for byte in rest):  # control characters, which text does not contain
            advice = "This looks like a binary file: pass binary=True."
        elif isinstance(error, UnicodeDecodeError):
            return self._bad_word(row, error)
        elif self.no_header and row == 1:
            advice = "Leave out no_header=True if line 1 holds the numbers of words and dimensions."
        else:
            advice = "Correct the line, or pass binary=True if the file is binary."
        must = f"must hold a word without spaces and {n_dimensions} numbers"
        return self._error(row, must, f"{_shown(rest)} ({error})", advice)

    def _read_binary(
        self, stream: BufferedIOBase, words: list[str], vectors: NDArray[np.float32]
    ) -> bytes:
        """Fill words and vectors; return the first bytes after them."""
        n_dimensions = vectors.shape[1]
        n_bytes = 4 * n_dimensions
        chunk = stream.read(_READ_BYTES)
        if _is_line_of_text(chunk, n_dimensions):
            raise self._error(0, "must be binary", _shown(chunk), "Pass binary=False.")
        start = 0
        for row in range(len(vectors)):
            space = chunk.find(b" ", start)
            if space < 0 or space + n_bytes >= len(chunk):
                chunk = chunk[start:] + stream.read(_READ_BYTES + n_bytes)
                start, space = 0, chunk.find(b" ")
            if space < 0 or space + n_bytes >= len(chunk):
                raise self._ends_early(row, len(vectors))
            try:  # word2vec.c writes a newline after each vector
                word = chunk[start:space].lstrip(b"\n")
                words.append(word.decode(self.encoding, self.unicode_errors))
            except UnicodeDecodeError as error:
                raise self._bad_word(row, error) from error
            vectors[row] = np.frombuffer(chunk, "<f4", n_dimensions, space + 1)
            start = space + 1 + n_bytes
        return chunk[start:] + stream.read(_HEADER_BYTES)

    def _bad_word(self, row: int, error: UnicodeDecodeError) -> ValueError:
        must, got = (
            f"must hold a word in {self.encoding}",
            f"{_shown(error.object)}: {error.reason}",
        )
        advice = (
            'Pass unicode_errors="replace" if words are cut within a character, as those of the '
            f"first word2vec are, the encoding of its words, or binary={not self.binary} if the "
        )
        kind = "text." if self.binary else "binary."
        return self._error(row, must, got, f"{advice}file is {kind}")

    def _ends_early(self, row: int, n_words: int) -> ValueError:
        must = f"must be there: line 1 announces {n_words} words at least"
        advice = f"Get the whole file, or pass binary={not self.binary} if it is "
        advice += "text." if self.binary else "binary."
        return self._error(row, must, "the end of the file", advice)

    def _place(self, row: int) -> str:
        return f"entry {row + 1}" if self.binary else f"line {row + 2 - self.no_header}"

    def _error(self, row: int, must: str, got: str, advice: str) -> ValueError:
        return ValueError(f"{self.path}, {self._place(row)} {must}, got {got}. {advice}")


def _is_line_of_text(chunk: bytes, n_dimensions: int) -> bool:
    numbers = chunk.split(b"\n", 1)[0].rstrip().split(b" ")[1:]
    try:
        return len(list(map(float, numbers))) == n_dimensions
    except ValueError:
        return False


def _behind_tab(line: bytes) -> tuple[bytes, list[bytes]] | None:
    """Word and numbers where a tab is between them; None where what follows is no number.

    A tab may also be a character of a word.
    """
    word, _, rest = line.rstrip().partition(b"\t")
    numbers = rest.split()
    return (word, numbers) if word and numbers and all(map(_is_number, numbers)) else None


def _with_spaces(word: bytes, parts: list[bytes], n_dimensions: int) -> tuple[bytes, list[bytes]]:
    """Word and numbers where the word has spaces, as some of GloVe's have: no part of it is one."""
    more, numbers = parts[:-n_dimensions], parts[-n_dimensions:]
    if any(_is_number(part) for part in more):
        return word, parts
    return b" ".join([word, *more]), numbers


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


def _shown(found: bytes) -> str:
    return repr(found if len(found) <= 40 else found[:40] + b"...")
