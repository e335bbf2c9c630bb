"""Vectors that are mapped from disk, read-only."""

import joblib
import numpy as np
import pytest

from skdl.estimators import Word2VecTransformer
from tests.estimators.word2vec.transformers import NEW, TEXTS, fit


@pytest.fixture
def loaded(tmp_path):
    """Vectors of a file, then mapped from disk by joblib."""
    fit().save_word2vec_format(tmp_path / "vectors.txt")
    joblib.dump(Word2VecTransformer.from_word2vec_format(tmp_path / "vectors.txt"), tmp_path / "m")
    return joblib.load(tmp_path / "m", mmap_mode="r")


def test_loaded_vectors_transform_and_learn(loaded):
    vectors = loaded.vectors_.copy()
    assert not loaded.vectors_.flags.writeable
    assert loaded.transform(TEXTS).any()
    loaded.set_params(min_count=1).partial_fit(TEXTS + NEW)
    assert not np.array_equal(loaded.vectors_[: len(vectors)], vectors)


def test_initial_vectors_may_be_mapped(loaded):
    given = dict(zip(loaded.vocabulary_, loaded.vectors_, strict=True))
    assert fit(init_vectors=given).vectors_.any()
