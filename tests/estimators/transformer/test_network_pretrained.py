"""The network around a pretrained model against what the model itself gives."""

import copy
import itertools

import pytest
import torch
import transformers
from torch.nn import functional as F

from skdl.estimators.transformer._network_pretrained import PretrainedNetwork, mask_of
from tests.texts import tiny_bert

POOLINGS = ["mean", "cls", "attention", "max"]
D = 16
TOKENS = torch.tensor([[2, 7, 8, 9, 3], [2, 11, 3, 0, 0], [2, 12, 13, 3, 0]])
LENGTHS = torch.tensor([5, 3, 4])


def make_network(model=None, **params):
    params = {
        "dropout": 0.0,
        "pooling": "mean",
        "freeze": False,
        "lr_factor": 0.1,
        "lr_decay": 0.5,
        "max_length": 64,
        "max_steps": 64,
        "work_per_row": 1,
        **params,
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = PretrainedNetwork(tiny_bert() if model is None else model, D, 3, **params)
    return network.eval()


def assert_close(got, expected, atol=1e-5):
    torch.testing.assert_close(got, expected, atol=atol, rtol=1e-5)


def states_of(model, row):
    """Last states (T, D) of one row of TOKENS, alone and without padding."""
    tokens = TOKENS[row : row + 1, : LENGTHS[row]]
    return model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).last_hidden_state[0]


# Pooling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", POOLINGS)
@torch.no_grad()
def test_features_are_the_models_states_pooled(pooling):
    network = make_network(pooling=pooling)
    got = network.encode(TOKENS, LENGTHS)
    for row in range(3):
        h = states_of(network.model, row)
        if pooling == "attention":
            scores = torch.exp(h @ network.pool.score.weight[0] + network.pool.score.bias)
            expected = (scores[:, None] * h).sum(0) / scores.sum()
        else:
            expected = {"mean": h.sum(0) / len(h), "cls": h[0], "max": h.max(0).values}[pooling]
        assert_close(got[row], expected)
    head = F.linear(got, network.head.weight, network.head.bias)
    assert_close(network(TOKENS, LENGTHS), head)


@pytest.mark.parametrize("pooling", POOLINGS)
@torch.no_grad()
def test_padding_changes_nothing(pooling):
    network = make_network(pooling=pooling)
    garbage = torch.where(mask_of(TOKENS, LENGTHS).bool(), TOKENS, 14)
    longer = F.pad(garbage, (0, 4), value=15)
    assert_close(network(longer, LENGTHS), network(TOKENS, LENGTHS))


@torch.no_grad()
def test_padding_behind_the_last_place_is_cut_off():
    longest = make_network(tiny_bert(max_position_embeddings=5), max_length=5)
    behind = F.pad(TOKENS, (0, 3))
    assert_close(longest(behind, LENGTHS), longest(TOKENS, LENGTHS))
    for found, n in zip(longest.attention_maps(behind, LENGTHS), LENGTHS, strict=True):
        assert found.shape[-1] == n


@pytest.mark.parametrize("pooling", POOLINGS)
@torch.no_grad()
def test_a_row_of_padding_only_is_finite(pooling):
    network = make_network(pooling=pooling)
    lengths = torch.tensor([5, 0, 4])
    assert network(TOKENS, lengths).isfinite().all()
    assert_close(network(TOKENS, lengths)[[0, 2]], network(TOKENS, LENGTHS)[[0, 2]])
    assert all(found.isfinite().all() for found in network.attention_maps(TOKENS, lengths))


def test_mask():
    assert mask_of(TOKENS, LENGTHS).tolist() == [[1] * 5, [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]]
    assert mask_of(TOKENS, torch.tensor([0, 1, 5])).sum(1).tolist() == [1, 1, 5]


# Attention ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("freeze", [False, True, 1])
@torch.no_grad()
def test_attention_maps_are_those_of_transformers(freeze):
    network = make_network(freeze=freeze)
    kind = network.model.config._attn_implementation
    eager = tiny_bert(attn_implementation="eager")
    before = network(TOKENS, LENGTHS)
    maps = network.attention_maps(TOKENS, LENGTHS)
    for row, found in enumerate(maps):
        tokens = TOKENS[row : row + 1, : LENGTHS[row]]
        expected = eager(input_ids=tokens, output_attentions=True).attentions
        assert found.shape == (2, 2, LENGTHS[row], LENGTHS[row])
        assert_close(found, torch.cat(expected))
        assert_close(found.sum(-1), torch.ones(found.shape[:3]))
    assert network.model.config._attn_implementation == kind, "as it was"
    assert_close(network(TOKENS, LENGTHS), before)


# Rates -------------------------------------------------------------------------------------------


def blocks_by_hand(model):
    """Embeddings, then each layer."""
    return [model.embeddings, *model.encoder.layer]


@pytest.mark.parametrize("n_layers", [1, 2, 4])
def test_lower_blocks_train_at_lower_rates_and_the_head_at_the_full_one(n_layers):
    network = make_network(tiny_bert(num_hidden_layers=n_layers))
    rate_of = {
        id(param): factor for params, factor in network.parameter_groups() for param in params
    }
    rates = []
    for block in blocks_by_hand(network.model):
        (rate,) = {rate_of[id(param)] for param in block.parameters()}
        rates.append(rate)
    assert all(low < high for low, high in itertools.pairwise(rates)), "strictly lower"
    assert rates == pytest.approx([0.1 * 0.5 ** (n_layers - i) for i in range(n_layers + 1)])
    assert {rate_of[id(param)] for param in network.head.parameters()} == {1.0}


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("freeze", [False, True, 2])
def test_every_parameter_is_in_one_group(pooling, freeze):
    network = make_network(pooling=pooling, freeze=freeze)
    grouped = [id(param) for params, _ in network.parameter_groups() for param in params]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {id(param) for param in network.parameters()}


CONFIGS = {
    "distilbert": lambda: transformers.DistilBertConfig(
        vocab_size=60, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=32
    ),
    "roberta": lambda: transformers.RobertaConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=32,
    ),
    "albert": lambda: transformers.AlbertConfig(
        vocab_size=60,
        embedding_size=8,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=32,
    ),
    "electra": lambda: transformers.ElectraConfig(
        vocab_size=60,
        embedding_size=8,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=32,
    ),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_other_architectures(name):
    """Padding, rates and frozen parts of what is built differently."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.AutoModel.from_config(CONFIGS[name]()).eval()
    network = make_network(model)
    with torch.no_grad():
        together = network(TOKENS, LENGTHS)
        for row in range(3):
            alone = network(TOKENS[row : row + 1, : LENGTHS[row]], LENGTHS[row : row + 1])
            assert_close(together[row : row + 1], alone)
    grouped = [id(param) for params, _ in network.parameter_groups() for param in params]
    assert sorted(grouped) == sorted(id(param) for param in network.parameters())
    rates = [factor for params, factor in network.parameter_groups() if list(params)]
    assert len(set(rates)) >= 3, "embeddings, layers and head"
    parts = make_network(copy.deepcopy(model), freeze=1).model
    words = parts.get_input_embeddings()
    assert not words.weight.requires_grad
    assert any(param.requires_grad for param in parts.parameters())


# Freezing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freeze", "n_frozen"), [(False, 0), (0, 0), (1, 1), (2, 2), (3, 3), (99, 3), (True, 3)]
)
def test_frozen_blocks_do_not_train(freeze, n_frozen):
    network = make_network(freeze=freeze)
    for block, expected in zip(blocks_by_hand(network.model), range(3), strict=True):
        trains = {param.requires_grad for param in block.parameters()}
        assert trains == {expected >= n_frozen}
    assert all(param.requires_grad for param in network.head.parameters())
    network(TOKENS, LENGTHS).sum().backward()
    assert all(param.grad is None for param in network.parameters() if not param.requires_grad)


@pytest.mark.parametrize("freeze", [False, True])
def test_a_frozen_model_has_no_dropout_in_training(freeze):
    network = make_network(freeze=freeze).train()
    assert {part.training for part in network.model.modules()} == {not freeze}
    assert network.head.training
    assert not any(part.training for part in network.eval().modules())


@pytest.mark.parametrize(
    ("freeze", "pooling", "costly"),
    [
        (True, "mean", True),
        (True, "cls", True),
        (True, "max", True),
        (True, "attention", False),
        (1, "mean", False),
        (False, "mean", False),
    ],
)
@torch.no_grad()
def test_features_are_prepared_only_where_they_do_not_change(freeze, pooling, costly):
    network = make_network(freeze=freeze, pooling=pooling)
    assert network.prepare_is_costly is costly
    prepared = network.prepare(TOKENS, LENGTHS)
    assert set(prepared) == ({"encoded"} if costly else {"x", "lengths"})
    assert_close(network(**prepared), network(TOKENS, LENGTHS))
    assert_close(network.encode(**prepared), network.encode(TOKENS, LENGTHS))


@pytest.mark.parametrize("freeze", [False, True])
def test_dropout_before_the_head_is_in_training_only(freeze):
    torch.manual_seed(0)
    network = make_network(dropout=0.5, freeze=freeze)
    quiet = network(TOKENS, LENGTHS)
    assert network(TOKENS, LENGTHS).equal(quiet)
    assert not torch.allclose(network.train()(TOKENS, LENGTHS), quiet)
