"""Fixtures of the tests in this folder."""

import pytest

from skdl.estimators import TransformerClassifier
from tests.estimators.transformer.classifiers import SMALL, VARIANTS
from tests.texts import save_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder with a tiny BERT and its tokenizer."""
    return save_checkpoint(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def estimator(name, checkpoint):
    """An unfitted classifier of one of the variants."""
    params = {**SMALL, **VARIANTS[name]}
    if "pretrained" in params:
        params["pretrained"] = checkpoint
    return TransformerClassifier(**params)
