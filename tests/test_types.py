"""Type checkers on scripts as users write them: right uses pass, wrong ones are found."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import skdl

RIGHT = """
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EpochTimer

from skdl.datasets import make_sequences
from skdl.estimators import (
    CNNClassifier,
    GRUClassifier,
    LSTMClassifier,
    LSTMRegressor,
    Ridge,
    TransformerClassifier,
    Word2VecTransformer,
)
from skdl.inspection import FitHistoryDisplay
from skdl.model_selection import ForwardChainingSplit, compare
from skdl.pipelines import make_sequence_pipeline, make_text_classifier, search_grid
from skdl.preprocessing import Encoder, sliding_windows

X, y = make_sequences(50, n_steps=8, random_state=0)
model = LSTMRegressor(16, 2, dropout=0, lr=1, tol=0, ema_decay=0, verbose=True).fit(X, y)
LSTMRegressor(device=torch.device("cpu"), callbacks=[EpochTimer(), ("timer", EpochTimer())])
LSTMRegressor(loss="quantile", quantiles=(0.1, 0.9))
LSTMRegressor(loss="quantile", quantiles=[0.1, 0.9])
LSTMRegressor(loss="quantile", quantiles=np.array([0.1, 0.9]))
LSTMRegressor(16, lr=np.float64(0.1), random_state=np.random.RandomState(0))
CNNClassifier((8, 16), image_shape=(8, 8), architecture="resnet", freeze=True)
CNNClassifier(channels=[8, 16], image_shape=[8, 8, 3], augment=lambda x: x)
CNNClassifier(channels=np.array([8, 16]), image_shape=np.array([8, 8]))
CNNClassifier(architecture=lambda shape, n_classes: torch.nn.Linear(shape[0], n_classes))
CNNClassifier(backbone=torch.nn.Linear(2, 3), freeze=2, device=torch.device("cuda", 0))
weights = {0: 1, 1: 2}
LSTMClassifier(class_weight=weights)
GRUClassifier(class_weight={"a": 0.5})
GRUClassifier(class_weight="balanced")
TransformerClassifier(16, 2, 1, class_weight={True: 1}, pretrained=Path("x"), freeze=1)
TransformerClassifier(embeddings={"a": np.zeros(3)}, tokenizer="char")
Word2VecTransformer(stop_words=["a"], tokenizer=str.split, device=torch.device("cpu"))
words = Word2VecTransformer(8, max_epochs=1, init_vectors={"a": [1.0] * 8}).fit(["a b"])
words.most_similar("a")
Word2VecTransformer.from_word2vec_format(Path("x"), binary=True).transform(["a"])

frame: pd.DataFrame = model.history_
predicted: np.ndarray = model.predict(X)
score: float = model.score(X, y)
probabilities: np.ndarray = LSTMClassifier().fit(X, y).predict_proba(X)
labels: np.ndarray = LSTMClassifier().partial_fit(X, y, classes=[0, 1]).classes_
module: torch.nn.Module = model.to("cpu").to(torch.device("cpu")).module_
twin: LSTMRegressor = clone(model)
cv = ForwardChainingSplit(3)
table: pd.DataFrame = compare({"ridge": Ridge(), "lstm": model}, X, y, cv=cv, scoring="r2").table
compare({"ridge": Ridge()}, pd.DataFrame(X), pd.Series(y), cv=KFold(3), n_jobs=2)
for train, test in cv.split(X):
    model.fit(X[train], y[train], sample_weight=[1.0] * len(train))
windows = sliding_windows(pd.Series(np.arange(50.0)), width=5, horizon=1)
make_sequence_pipeline(model).fit(*windows)
make_text_classifier(TransformerClassifier()).fit(["a"], [1]).predict(["a"])
GridSearchCV(model, search_grid(model), cv=cv).fit(X, y)
cross_val_score(make_pipeline(StandardScaler(), model), X, y, cv=3).mean()
make_pipeline(Encoder(LSTMRegressor()), Ridge()).fit(X, y)
FitHistoryDisplay.from_estimator(model)


class Mine(LSTMRegressor):
    pass


def build(n_features: int, device: str | None = None) -> LSTMRegressor:
    model = Mine(n_features, device=device or "cpu")
    return model.fit([np.zeros(3), np.zeros(2)], [1, 2])


def learn(texts: list[str], y: pd.Series) -> TransformerClassifier:
    return TransformerClassifier().fit(texts, y, sample_weight=np.ones(len(y)))
"""
HOME = Path(skdl.__file__).parents[1]
HEAD = """from skdl.estimators import CNNClassifier, LSTMClassifier, LSTMRegressor
from skdl.model_selection import compare
"""
WRONG = [
    "LSTMRegressor(hidden=3)",
    "LSTMRegressor(16, 2, 3)",
    'LSTMRegressor(32, "huber")',
    "LSTMRegressor().fitt([[0.0]], [0])",
    'LSTMRegressor(hidden_size="many")',
    "LSTMRegressor(device=0)",
    "LSTMRegressor(quantiles=0.5)",
    "LSTMClassifier(class_weight=[1, 2])",
    "CNNClassifier(channels=8)",
    "compare([1], 2, 3)",
    "LSTMRegressor().fit([[0.0]])",
    "LSTMClassifier().fit([[0.0]], [0], weights=[1])",
    "LSTMRegressor().predict()",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "right.py").write_text(RIGHT, encoding="utf-8")
    (folder / "wrong.py").write_text(HEAD + "\n".join(WRONG) + "\n", encoding="utf-8")
    return folder


def errors_of_mypy(folder):
    """Numbers of lines with errors, of both scripts."""
    (folder / "mypy.ini").write_text(
        f"[mypy]\nignore_missing_imports = True\nwarn_return_any = True\nmypy_path = {HOME}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "mypy", "right.py", "wrong.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    errors = re.findall(r"^(right|wrong)\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    return [(file, int(line), text) for file, line, text in errors]


def errors_of_pyright(folder):
    command = shutil.which("basedpyright", path=Path(sys.executable).parent)
    if command is None:
        pytest.skip("basedpyright is not installed")
    options = {"extraPaths": [str(HOME)], "typeCheckingMode": "standard"}
    (folder / "pyrightconfig.json").write_text(json.dumps(options), encoding="utf-8")
    command = [command, "--outputjson", "--pythonpath", sys.executable, "right.py", "wrong.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [
        (Path(error["file"]).stem, error["range"]["start"]["line"] + 1, error["message"])
        for error in found
        if error["severity"] == "error"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("errors_of", [errors_of_mypy, errors_of_pyright])
def test_right_uses_pass_and_wrong_ones_are_found(folder, errors_of):
    errors = errors_of(folder)
    assert [error for error in errors if error[0] == "right"] == []
    first = 1 + HEAD.count("\n")
    assert {line for _, line, _ in errors} == set(range(first, first + len(WRONG)))
