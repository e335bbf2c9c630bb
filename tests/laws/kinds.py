"""The kinds of data that estimators take: how X is made, cut, joined and written otherwise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import UserList, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skdl.datasets import make_images, make_sequences
from tests.texts import BAD, GOOD, OTHERS, make_texts


def as_objects(items: Sequence[Any]) -> np.ndarray:
    """A 1-D array of objects."""
    array = np.empty(len(items), dtype=object)
    array[:] = list(items)
    return array


class Kind(ABC):
    """One kind of X.

    Attributes
    ----------
    name : str
        As the table of instances calls it.
    input_kind : str
        As ``_input_kinds`` of the estimators call it.
    is_numeric : bool
        Whether X holds numbers; else text.
    is_table : bool
        Whether X is a 2-D array, with a name for each column where it is a DataFrame.
    any_shape : bool
        Whether rows of other shapes than those of ``make`` are taken too.
    takes_gaps : bool
        Whether values may be missing, and columns hold dates and categories.
    """

    name: str
    input_kind: str
    is_numeric = True
    is_table = False
    any_shape = True
    takes_gaps = False

    @abstractmethod
    def make(self, n_rows: int, task: str, random_state: int = 0) -> tuple[Any, np.ndarray]:
        """X and y that can be learned; ``task`` is "regression" or "classification" in 2."""

    @abstractmethod
    def other(self, n_rows: int) -> Any:
        """X of other shapes than ``make`` gives: longer, wider, with more channels, new words."""

    @abstractmethod
    def constant(self, n_rows: int) -> Any:
        """X that says the same in each row."""

    @abstractmethod
    def unlike(self, X: Any) -> Any:
        """X of the same shape with other values: in other units, of other words."""

    @abstractmethod
    def smallest(self) -> list[Any]:
        """The smallest X that there are, of at least two rows each."""

    @abstractmethod
    def broken(self, X: Any) -> Any:
        """X with something missing, which ``fit`` refuses."""

    @abstractmethod
    def containers(self, X: Any) -> list[Any]:
        """The same X in the other containers that users have."""

    def take(self, X: Any, rows: Any) -> Any:
        """Some rows, by number, in their order."""
        return [X[row] for row in np.arange(len(X))[rows]]

    def join(self, *parts: Any) -> Any:
        """Rows of several X, one after the other."""
        return [row for part in parts for row in part]

    def scaler(self) -> BaseEstimator:
        """A step that may go before the estimator in a Pipeline."""
        return FunctionTransformer()


class Numeric(Kind):
    """X of numbers: an array, or a list of arrays."""

    def map(self, function: Callable[[np.ndarray], np.ndarray], X: Any) -> Any:
        """``function`` of X, or of each of its arrays."""
        return function(X)

    def constant(self, n_rows: int) -> Any:
        X, _ = self.make(n_rows, "regression")
        return self.map(lambda x: np.full_like(x, 7), X)

    def unlike(self, X: Any) -> Any:
        return self.map(lambda x: 40 - 3 * x, X)

    def broken(self, X: Any) -> Any:
        return self.map(lambda x: np.where(np.arange(x.shape[-1]) == 1, np.nan, x), X)

    def layouts(self, X: Any, path: Path) -> list[Any]:
        """The same values otherwise in memory: strided, reversed, read-only, in other orders."""

        def frozen(x: np.ndarray) -> np.ndarray:
            x = x.copy()
            x.setflags(write=False)
            return x

        functions: list[Callable[[np.ndarray], np.ndarray]] = [
            lambda x: np.repeat(x, 2, axis=x.ndim - 1)[..., ::2],
            lambda x: x[::-1].copy()[::-1],
            np.asfortranarray,
            frozen,
            lambda x: x.astype(x.dtype.newbyteorder(">")),
        ]
        return [self.map(function, X) for function in functions]


class Arrays(Numeric):
    """X is one array."""

    def take(self, X: Any, rows: Any) -> Any:
        return X[rows]

    def join(self, *parts: Any) -> Any:
        return np.concatenate(parts)

    def containers(self, X: Any) -> list[Any]:
        cells = pd.DataFrame({"row": list(X)})
        tensors = [torch.tensor(X), [torch.tensor(x) for x in X]]
        return [X.tolist(), list(X), as_objects(X), pd.Series(list(X)), deque(X), cells, *tensors]

    def layouts(self, X: Any, path: Path) -> list[Any]:
        np.save(path / "x.npy", X)
        return [*super().layouts(X, path), np.load(path / "x.npy", mmap_mode="r")]


@dataclass
class Table(Arrays):
    """2-D arrays of 8 columns."""

    name: str
    input_kind: str
    any_shape: bool = True
    more_channels: bool = True
    takes_gaps: bool = False
    is_table = True

    def make(self, n_rows: int, task: str, random_state: int = 0) -> tuple[Any, np.ndarray]:
        return make_sequences(n_rows, n_steps=8, task=task, random_state=random_state)

    def other(self, n_rows: int) -> Any:
        size = (n_rows, 5, 3) if self.more_channels else (n_rows, 5)
        return np.random.default_rng(1).normal(size=size)

    def smallest(self) -> list[Any]:
        rng = np.random.default_rng(0)
        if not self.any_shape:
            return [rng.normal(size=(2, 8))]
        shapes: list[tuple[int, ...]] = [(60, 1), (2, 4)]
        shapes += [(60, 1, 1), (60, 3, 5), (60, 2, 1)] if self.more_channels else []
        return [rng.normal(size=shape) for shape in shapes]

    def broken(self, X: Any) -> Any:
        broken = super().broken(X)
        return np.where(np.isnan(broken), np.inf, broken) if self.takes_gaps else broken

    def containers(self, X: Any) -> list[Any]:
        if self.input_kind == "tables":  # rows are no arrays of their own
            return [X.tolist(), list(X), pd.DataFrame(X)]
        one_channel = [X[..., None]] if self.any_shape and self.more_channels else []
        return [*super().containers(X), pd.DataFrame(X), *one_channel]

    def scaler(self) -> BaseEstimator:
        return StandardScaler()


@dataclass
class Images(Arrays):
    """Images of 6 x 6 pixels, (n, H, W) or (n, H, W, C), uint8."""

    name: str
    n_channels: int
    input_kind = "images"

    def make(self, n_rows: int, task: str, random_state: int = 0) -> tuple[Any, np.ndarray]:
        X, y = make_images(
            n_rows,
            size=(6, 6),
            n_classes=2,
            n_channels=self.n_channels,
            random_state=random_state,
        )
        return X, y if task == "classification" else y - 0.5

    def other(self, n_rows: int) -> Any:
        return np.random.default_rng(1).integers(0, 256, (n_rows, 9, 5, 4)).astype(np.uint8)

    def unlike(self, X: Any) -> Any:
        return 255 - X // 8

    def smallest(self) -> list[Any]:
        rng, own = np.random.default_rng(0), self.make(2, "classification")[0].shape[3:]
        return [rng.random((2, *size, *own)) for size in [(2, 2), (2, 5), (4, 2)]]

    def containers(self, X: Any) -> list[Any]:
        return [*super().containers(X), *([X[..., None]] if self.n_channels == 1 else [])]


class Ragged(Numeric):
    """Sequences of 4 to 8 steps: a list of arrays."""

    name = input_kind = "ragged"

    def map(self, function: Callable[[np.ndarray], np.ndarray], X: Any) -> Any:
        return [function(x) for x in X]

    def make(self, n_rows: int, task: str, random_state: int = 0) -> tuple[Any, np.ndarray]:
        return make_sequences(
            n_rows, n_steps=8, task=task, ragged=True, min_steps=4, random_state=random_state
        )

    def other(self, n_rows: int) -> Any:
        return make_sequences(n_rows, n_steps=5, n_channels=3, ragged=True, random_state=1)[0]

    def smallest(self) -> list[Any]:
        rng = np.random.default_rng(0)
        return [
            [rng.normal(size=size) for size in sizes]
            for sizes in [[1, 2], [1, 3] * 30, [(1, 5), (4, 5)], [(1, 1), (2, 1)]]
        ]

    def containers(self, X: Any) -> list[Any]:
        frames = [pd.DataFrame({"a": x}) for x in X]
        return [
            tuple(X),
            as_objects(X),
            pd.Series(X),
            pd.Series(X, index=range(len(X), 0, -1)),
            [x.tolist() for x in X],
            [x[:, None] for x in X],
            [pd.Series(x) for x in X],
            frames,
            [torch.tensor(x) for x in X],
            deque(X),
            UserList(X),
            pd.DataFrame({"sequence": [pd.Series(x) for x in X]}),
        ]


class Texts(Kind):
    """Texts of 1 to 10 words, of which one tells the class: a list of str."""

    name = input_kind = "texts"
    is_numeric = False

    def make(self, n_rows: int, task: str, random_state: int = 0) -> tuple[Any, np.ndarray]:
        texts, y = make_texts(n_rows, random_state=random_state)
        order = np.random.default_rng(random_state).permutation(n_rows)
        y = y[order] if task == "classification" else y[order] - 0.5
        return [texts[row] for row in order], y

    def other(self, n_rows: int) -> Any:
        return [f"other{i} words {'of other lengths ' * (i % 9)}" for i in range(n_rows)]

    def constant(self, n_rows: int) -> Any:
        return ["always the same"] * n_rows

    def unlike(self, X: Any) -> Any:
        return [f"unseen{i} unseen junk" for i in range(len(X))]

    def smallest(self) -> list[Any]:
        return [["good", "bad"], ["a b", "b"], ["a a", "a a"] * 30]

    def broken(self, X: Any) -> Any:
        return [*X[:3], None, *X[4:]]

    def containers(self, X: Any) -> list[Any]:
        return [
            tuple(X),
            np.array(X),
            as_objects(X),
            pd.Series(X),
            pd.Series(X, dtype="string"),
            pd.Series(X, index=range(len(X), 0, -1)),
            pd.DataFrame({"text": X}),
            pd.Index(X),
            pd.array(X, dtype="string"),
            deque(X),
            UserList(X),
        ]


class Documents(Texts):
    """Documents of 8 words, most of them of one of two topics: a list of str."""

    name = input_kind = "documents"

    def make(self, n_rows: int, task: str, random_state: int = 0) -> tuple[Any, np.ndarray]:
        rng = np.random.default_rng(random_state)
        y, texts = rng.permutation(np.arange(n_rows) % 2), []
        for topic in y:
            words = rng.choice([GOOD, BAD][topic], 8).tolist()
            words[rng.integers(8)] = str(rng.choice(OTHERS))
            texts.append(" ".join(words))
        return texts, y if task == "classification" else y - 0.5

    def smallest(self) -> list[Any]:
        return [["a good film", "bad"], ["two words"] * 2, ["again and again", "and"] * 30]

    def containers(self, X: Any) -> list[Any]:
        return [*super().containers(X), as_objects(X)[:, None]]


class MixedTables(Kind):
    """Frames of numbers, a category and a date, each with gaps."""

    name = input_kind = "mixed tables"
    is_numeric = False
    takes_gaps = True

    def make(self, n_rows: int, task: str, random_state: int = 0) -> tuple[Any, np.ndarray]:
        rng = np.random.default_rng(random_state)
        size, city = rng.normal(size=n_rows), rng.choice(["Lima", "Oslo", "Rome"], n_rows)
        y = size + (city == "Oslo")
        frame = pd.DataFrame(
            {
                "size": np.where(rng.random(n_rows) < 0.1, np.nan, size),
                "city": pd.Series(city, dtype=object),
                "rooms": pd.array(rng.integers(1, 6, n_rows), dtype="Int64"),
                "lift": rng.random(n_rows) < 0.5,
                "built": pd.Timestamp("1990") + pd.to_timedelta(rng.integers(0, 9999, n_rows), "D"),
            }
        )
        frame.loc[rng.random(n_rows) < 0.1, ["city", "built"]] = None
        return frame, (y > np.median(y)).astype(int) if task == "classification" else y

    def other(self, n_rows: int) -> Any:
        rng = np.random.default_rng(1)
        return pd.DataFrame({"a": rng.normal(size=n_rows), "b": rng.choice([*"xyz"], n_rows)})

    def constant(self, n_rows: int) -> Any:
        return pd.concat([self.make(1, "regression")[0]] * n_rows, ignore_index=True)

    def unlike(self, X: Any) -> Any:
        return X.assign(size=40 - 3 * X["size"], city="elsewhere")

    def smallest(self) -> list[Any]:
        one = pd.DataFrame({"city": [*"ab"] * 30})
        return [self.make(2, "regression")[0], one, pd.DataFrame({"x": [None, 1.0]})]

    def broken(self, X: Any) -> Any:
        return X.assign(size=np.inf)

    def containers(self, X: Any) -> list[Any]:
        category = X.assign(city=X["city"].astype("category"))
        text = X.assign(city=X["city"].astype("string"), rooms=X["rooms"].astype(float))
        return [category, text, X.set_index(np.arange(len(X), 0, -1))]

    def take(self, X: Any, rows: Any) -> Any:
        return X.iloc[np.arange(len(X))[rows]]

    def join(self, *parts: Any) -> Any:
        return pd.concat(parts, ignore_index=True)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in [
        Table("sequences", "sequences"),
        Ragged(),
        Table("signals", "signals"),
        Images("images", 1),
        Images("colour images", 3),
        Table("flat images", "images", any_shape=False, more_channels=False),
        Table("tables", "tables", more_channels=False),
        Table("tables with gaps", "tables", more_channels=False, takes_gaps=True),
        MixedTables(),
        Texts(),
        Documents(),
    ]
}
