"""What an installed wheel must do, in an environment with nothing but what it asks for.

``make wheel`` runs it there, without extras and then with each of them:

    python tests/check_wheel.py README.md
    python tests/check_wheel.py README.md text
"""

import importlib
import pkgutil
import re
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
from joblib import parallel_config
from sklearn.model_selection import cross_val_score

import skdl
from skdl.datasets import load_docstrings, make_images, make_sequences
from skdl.estimators import CNNClassifier, LSTMRegressor, TransformerClassifier
from skdl.inspection import FitHistoryDisplay
from skdl.model_selection import compare
from skdl.pipelines import make_sequence_pipeline

SMALL = {"max_epochs": 1, "random_state": 0}
OF_EXTRAS = {"skdl.estimators.accelerated": "fast"}
# The extras that bring what a call needs: transformers needs tokenizers.
BRINGS = {
    "text": {"text", "pretrained"},
    "plot": {"plot"},
    "pretrained": {"pretrained"},
    "vision": {"vision"},
}
# What calls may say with their extra: no folder is there; an index may have no torchvision that was
# built for its torch.
MAY_FAIL = {"pretrained": "no-such-folder", "vision": "torchvision .* does not fit torch"}


def public_modules():
    for module in pkgutil.walk_packages(skdl.__path__, "skdl."):
        if not any(part.startswith("_") for part in module.name.split(".")):
            yield module.name


def text():
    texts, y = load_docstrings(return_X_y=True)
    TransformerClassifier(d_model=8, n_heads=2, **SMALL).fit(texts[::50], y[::50])


def plot():
    X, y = make_sequences(40, n_steps=8, random_state=0)
    FitHistoryDisplay.from_estimator(LSTMRegressor(4, **SMALL).fit(X, y))


def pretrained():
    TransformerClassifier(pretrained="no-such-folder/model").fit(["a", "b"] * 8, [0, 1] * 8)


def vision():
    X, y = make_images(20, size=(8, 8), random_state=0)
    CNNClassifier(backbone="resnet18", **SMALL).fit(X, y)


def distributed():
    from dask.distributed import Client

    X, y = make_sequences(40, n_steps=8, random_state=0)
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
    with Client(**options), parallel_config("dask"):
        assert len(compare({"LSTM": LSTMRegressor(4, **SMALL)}, X, y, cv=2).table) == 1
        assert len(cross_val_score(LSTMRegressor(4, **SMALL), X, y, cv=2)) == 2


def fast():
    from skdl.estimators.accelerated import Ridge

    X, y = make_sequences(40, n_steps=8, random_state=0)
    assert "sklearnex" in Ridge.__module__
    make_sequence_pipeline(Ridge()).fit(X, y).predict(X)


def message_of(call):
    """The message of the error of a call, or "" where there is none."""
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main(readme: str, *extras: str) -> None:
    place = Path(skdl.__file__).parent
    assert "site-packages" in place.parts, f"imported from {place}"
    assert (files("skdl") / "py.typed").is_file()
    for name in public_modules():
        needed = OF_EXTRAS.get(name)
        if needed is None or needed in extras:
            importlib.import_module(name)
        else:
            message = message_of(lambda name=name: importlib.import_module(name))
            assert f"skdl[{needed}]" in message, (name, message)
    for call in (text, plot, pretrained, vision):
        message = message_of(call)
        if "vision" in extras and re.search(MAY_FAIL["vision"], message):
            print(f"{call.__name__}: {message}")
            continue
        asks_for_it = f"skdl[{call.__name__}]" in message
        assert asks_for_it == (not BRINGS[call.__name__] & {*extras}), (call.__name__, message)
        if call.__name__ in extras and message:
            assert re.search(MAY_FAIL.get(call.__name__, "(?!)"), message), message
        print(f"{call.__name__}: {message or 'runs'}")
    for call in (distributed, fast):
        if call.__name__ in extras:
            call()
            print(f"{call.__name__}: runs")
    blocks = re.findall(r"```python\n(.*?)```", Path(readme).read_text("utf-8"), re.DOTALL)
    names = {"__name__": "readme"}
    for block in blocks if "plot" in extras else blocks[:1]:  # the second one's prices need it
        exec(block, names)
    print(f"skdl {skdl.__version__} from {place}, numpy {np.__version__}: as it should be")


if __name__ == "__main__":
    main(*sys.argv[1:])
