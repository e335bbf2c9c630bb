"""Attention, blocks, positions, pooling and embeddings against results computed by hand."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from skdl.estimators.transformer._network import (
    POSITIONS,
    Attention,
    Block,
    PatchEmbedding,
    TokenEmbedding,
    TransformerEncoder,
    TransformerNetwork,
    angles,
    cut_to_length,
    rotated,
)

POOLINGS = ["mean", "cls", "attention", "max"]
D, HEADS = 8, 2
every_kind = pytest.mark.parametrize(
    ("positional", "pooling"), list(itertools.product(POSITIONS, POOLINGS))
)


def drawn(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def made(cls, *args, **params):
    """A module whose weights are all drawn, so that none is zero or one."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = cls(*args, **params)
        for weight in module.parameters():
            weight.data += 0.3 * torch.randn_like(weight)
    return module.eval()


def make_encoder(positional="rotary", pooling="mean", n_layers=2, **params):
    params = {"dropout": 0.0, "max_length": 12, **params}
    return made(
        TransformerEncoder, D, HEADS, n_layers, 12, positional=positional, pooling=pooling, **params
    )


def token_mask(lengths, x):
    """Which steps of x (B, T, ...) are no padding (B, T)."""
    return torch.arange(x.shape[1]) < torch.as_tensor(lengths)[:, None]


def assert_close(got, expected, atol=1e-5):
    torch.testing.assert_close(got, torch.as_tensor(expected), atol=atol, rtol=1e-5)


# By hand -----------------------------------------------------------------------------------------


def turned_by_hand(vector, position):
    """A vector of one head, pair by pair rotated by position * 10000^(-2i / size)."""
    size, turned = len(vector), np.empty(len(vector))
    for i in range(size // 2):
        angle = position * 10_000 ** (-2 * i / size)
        first, second = vector[i], vector[i + size // 2]
        turned[i] = first * math.cos(angle) - second * math.sin(angle)
        turned[i + size // 2] = second * math.cos(angle) + first * math.sin(angle)
    return turned


def attended_by_hand(attention, x, n_tokens, rotary):
    """softmax(Q K^T / sqrt(d)) V of one row x (T, D), head by head; and the softmax (H, T, T)."""
    x = x.double().numpy()
    weight = attention.project.weight.detach().double().numpy()
    projected = x @ weight.T + attention.project.bias.detach().double().numpy()
    size = D // HEADS
    heads, maps = [], []
    for head in range(HEADS):
        q, k, v = (projected[:, part * D + head * size :][:, :size] for part in range(3))
        if rotary:
            q = np.stack([turned_by_hand(row, step) for step, row in enumerate(q)])
            k = np.stack([turned_by_hand(row, step) for step, row in enumerate(k)])
        map_ = np.zeros((len(x), len(x)))
        for i in range(len(x)):
            scores = np.array([q[i] @ k[j] / math.sqrt(size) for j in range(n_tokens)])
            map_[i, :n_tokens] = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        maps.append(map_)
        heads.append(map_ @ v)
    out = np.concatenate(heads, 1) @ attention.out.weight.detach().double().numpy().T
    return out + attention.out.bias.detach().double().numpy(), np.stack(maps)


@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_the_softmax_of_scaled_products_times_values(rotary, masked):
    attention = made(Attention, D, HEADS, rotary=rotary)
    x = drawn(3, 5, D)
    lengths = torch.tensor([5, 2, 1]) if masked else torch.tensor([5, 5, 5])
    mask = token_mask(lengths, x)[:, None, None] if masked else None
    with torch.no_grad():
        out, maps = attention(x, mask), attention.weights(x, mask)
    for row, length in enumerate(lengths.tolist()):
        expected, expected_map = attended_by_hand(attention, x[row], length, rotary)
        assert_close(out[row].double(), expected)
        assert_close(maps[row].double(), expected_map)


@torch.no_grad()
def test_the_output_of_attention_comes_from_its_maps():
    attention = made(Attention, D, HEADS, rotary=True)
    x = drawn(2, 6, D)
    mask = token_mask([6, 3], x)[:, None, None]
    maps = attention.weights(x, mask)
    _, _, values = attention.heads(x)
    expected = attention.out((maps @ values).transpose(1, 2).flatten(2))
    assert_close(attention(x, mask), expected)
    assert_close(maps.sum(-1), torch.ones(2, HEADS, 6))


@torch.no_grad()
def test_a_block_normalizes_before_each_part_and_adds_what_came_in():
    block = made(Block, D, HEADS, 12, 0.0, rotary=True)
    x = drawn(2, 4, D)
    normal = F.layer_norm(x, (D,), block.attention_norm.weight, block.attention_norm.bias)
    middle = x + block.attention(normal, None)
    normal = F.layer_norm(middle, (D,), block.feedforward_norm.weight, block.feedforward_norm.bias)
    widen, _, _, narrow = block.feedforward
    expected = middle + narrow(F.gelu(widen(normal)))
    assert_close(block(x, None), expected)


# Positions ---------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.sampled_from([2, 4, 10]))
def test_rotary_scores_depend_on_the_distance_only(first, second, shift, size):
    q, k = drawn(size, seed=2).double(), drawn(size, seed=3).double()
    turn = angles(100, size, q)

    def score(i, j):
        return rotated(q[None], turn[i : i + 1])[0] @ rotated(k[None], turn[j : j + 1])[0]

    assert_close(score(first, second), score(first + shift, second + shift), atol=1e-9)


def test_rotary_keeps_lengths_and_leaves_the_first_step():
    x = drawn(1, 7, 6)
    turned = rotated(x, angles(7, 6, x))
    assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    assert turned[:, 0].equal(x[:, 0])
    assert not torch.allclose(turned[:, 1], x[:, 1])


@pytest.mark.parametrize("d_model", [2, 7, 8])
def test_sinusoidal_positions_are_the_papers(d_model):
    encoder = TransformerEncoder(
        d_model, 1, 1, 4, dropout=0.0, positional="sinusoidal", pooling="mean", max_length=3
    ).eval()
    x = drawn(2, 9, d_model)
    got, _ = encoder.begin(x, None)
    for step, feature in itertools.product(range(9), range(d_model)):
        angle = step / 10_000 ** (2 * (feature // 2) / d_model)
        wave = math.cos(angle) if feature % 2 else math.sin(angle)
        assert_close(got[:, step, feature], x[:, step, feature] + wave)


def test_learned_positions_are_added_and_later_steps_share_the_last():
    encoder = make_encoder("learned", max_length=3)
    assert encoder.learned.shape == (3, D)
    x = drawn(2, 5, D)
    got, _ = encoder.begin(x, None)
    expected = x + encoder.learned[[0, 1, 2, 2, 2]]
    assert_close(got.detach(), expected.detach())


@pytest.mark.parametrize("positional", POSITIONS)
@torch.no_grad()
def test_the_order_of_steps_matters(positional):
    encoder, x = make_encoder(positional), drawn(1, 6, D)
    assert not torch.allclose(encoder(x), encoder(x.flip(1)), atol=1e-3)


# Pooling -----------------------------------------------------------------------------------------


def pooled_by_hand(encoder, x, length):
    """One row x (T, D) through the blocks without any padding, pooled."""
    steps = x[None, :length]
    steps, _ = encoder.begin(steps, None)
    for block in encoder.blocks:
        steps = block(steps, None)
    h = F.layer_norm(steps[0], (D,), encoder.norm.weight, encoder.norm.bias)
    if encoder.pooling == "cls":
        return h[0]
    if encoder.pooling == "mean":
        return h.sum(0) / len(h)
    if encoder.pooling == "max":
        return torch.stack([h[:, feature].max() for feature in range(D)])
    scores = torch.exp(h @ encoder.pool.score.weight[0] + encoder.pool.score.bias)
    return (scores[:, None] * h).sum(0) / scores.sum()


@every_kind
@torch.no_grad()
def test_pooling_by_hand(positional, pooling):
    encoder, x = make_encoder(positional, pooling), drawn(4, 6, D)
    lengths = torch.tensor([6, 1, 3, 5])
    expected = [pooled_by_hand(encoder, *row) for row in zip(x, lengths.tolist(), strict=True)]
    assert_close(encoder(x, token_mask(lengths, x)), torch.stack(expected))
    assert_close(encoder(x[:1]), expected[0][None])


@torch.no_grad()
def test_cls_puts_a_learned_step_first():
    encoder, x = make_encoder("rotary", "cls"), drawn(2, 4, D)
    steps, is_token = encoder.begin(x, token_mask([4, 2], x))
    assert is_token.tolist() == [[True] * 5, [True] * 3 + [False] * 2]
    assert steps[:, 0].equal(encoder.first.expand(2, -1))
    assert steps[:, 1:].equal(x)


# Padding -----------------------------------------------------------------------------------------


@every_kind
@settings(max_examples=8, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    n_more=st.integers(0, 4),
    padding=st.sampled_from([0.0, 1.0, -1e4, 1e6]),
)
@torch.no_grad()
def test_padding_never_changes_an_answer(positional, pooling, lengths, n_more, padding):
    encoder = make_encoder(positional, pooling, n_layers=1)
    rows = [drawn(length, D, seed=i) for i, length in enumerate(lengths)]
    x = torch.full((len(rows), max(lengths) + n_more, D), padding)
    for place, row in zip(x, rows, strict=True):
        place[: len(row)] = row
    alone = torch.cat([encoder(row[None]) for row in rows])
    assert_close(encoder(x, token_mask(lengths, x)), alone)
    maps = encoder.attention_maps(x, token_mask(lengths, x))
    for row, found in zip(rows, maps, strict=True):
        assert_close(found, encoder.attention_maps(row[None])[0])


@every_kind
def test_a_row_of_padding_only_is_finite_and_so_is_its_gradient(positional, pooling):
    encoder = make_encoder(positional, pooling)
    x = torch.cat([drawn(1, 4, D), torch.zeros(1, 4, D)])
    is_token = token_mask([3, 0], x)
    out = encoder(x, is_token)
    out.square().sum().backward()
    assert out.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in encoder.blocks.parameters())
    assert_close(out[:1].detach(), encoder(x[:1], is_token[:1]).detach())
    assert all(found.isfinite().all() for found in encoder.attention_maps(x, is_token))


# Maps --------------------------------------------------------------------------------------------


@every_kind
@torch.no_grad()
def test_attention_maps_are_the_weights_of_forward(positional, pooling):
    """What forward gives is recomputed from the maps."""
    encoder, x = make_encoder(positional, pooling), drawn(3, 5, D)
    lengths = torch.tensor([5, 2, 4])
    maps = encoder.attention_maps(x, token_mask(lengths, x))
    n_first = int(pooling == "cls")
    for row, (found, length) in enumerate(zip(maps, lengths.tolist(), strict=True)):
        assert found.shape == (2, HEADS, length + n_first, length + n_first)
        assert_close(found.sum(-1), torch.ones(found.shape[:3]))
        assert (found >= 0).all()
        h, _ = encoder.begin(x[row : row + 1, :length], None)
        for block, weights in zip(encoder.blocks, found, strict=True):
            _, _, values = block.attention.heads(block.attention_norm(h))
            h = h + block.attention.out((weights[None] @ values).transpose(1, 2).flatten(2))
            h = h + block.feedforward(block.feedforward_norm(h))
        h = encoder.norm(h)
        pooled = h[:, 0] if pooling == "cls" else encoder.pool(h)
        assert_close(pooled, encoder(x, token_mask(lengths, x))[row : row + 1])


def test_maps_without_lengths_are_whole():
    maps = torch.rand(3, 2, 4, 4)
    assert all(one.equal(map_) for one, map_ in zip(cut_to_length(maps, None), maps, strict=True))
    cut = cut_to_length(maps, torch.tensor([4, 0, 2]))
    assert [tuple(map_.shape) for map_ in cut] == [(2, 4, 4), (2, 1, 1), (2, 2, 2)]


# Dropout -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["begin", "block", "feedforward"])
def test_dropout_acts_in_training_only(place):
    torch.manual_seed(0)
    encoder, x = make_encoder(dropout=0.5, n_layers=1), drawn(4, 3, D)
    block = encoder.blocks[0]
    parts = {
        "begin": encoder.dropout, "block": block.dropout, "feedforward": block.feedforward[2]
    }  # fmt: skip
    quiet = encoder(x)
    for name, part in parts.items():
        part.train(name == place)
    assert not torch.allclose(encoder(x), quiet)
    assert encoder.eval()(x).equal(quiet)


# Tokens ------------------------------------------------------------------------------------------


def test_token_embedding_looks_tokens_up():
    embed = TokenEmbedding(5, 4, unknown=1, token_dropout=0.5).eval()
    x, lengths = torch.tensor([[3, 0], [4, 1]]), torch.tensor([1, 2])
    got, is_token = embed(x, lengths)
    assert got.equal(embed.table.weight[x])
    assert is_token.tolist() == [[True, False], [True, True]]
    assert embed(x, None)[1] is None


def test_token_dropout_puts_the_unknown_token_in_training_only():
    torch.manual_seed(0)
    embed = TokenEmbedding(10, 3, unknown=1, token_dropout=0.3).train()
    x = torch.full((100, 50), 7)
    got, _ = embed(x, None)
    known, unknown = embed.table.weight[7], embed.table.weight[1]
    dropped = (got == unknown).all(-1)
    assert ((got == known).all(-1) ^ dropped).all()
    assert dropped.float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert (x == 7).all(), "the batch is left as it was"
    assert embed.eval()(x, None)[0].equal(embed.table.weight[x])


def test_token_embedding_begins_with_the_vectors_given():
    vectors = drawn(6, 4)
    same = TokenEmbedding(6, 4, unknown=1, token_dropout=0.0, vectors=vectors)
    x = torch.tensor([[5, 2]])
    assert same(x, None)[0].equal(vectors[x])
    assert same.table.weight.data_ptr() != vectors.data_ptr()
    other = TokenEmbedding(6, 3, unknown=1, token_dropout=0.0, vectors=vectors)
    got, _ = other(x, None)
    assert got.shape == (1, 2, 3)
    assert_close(got.detach(), vectors[x] @ other.project.weight.detach().T)
    assert other.table.weight.requires_grad
    assert same.table.weight.requires_grad


# Patches -----------------------------------------------------------------------------------------


def make_patches(n_channels=2, patch_size=3, **params):
    zero_one = {"mean": torch.zeros(n_channels), "scale": torch.ones(n_channels)}
    return made(
        PatchEmbedding, n_channels, D, patch_size, **{"token_dropout": 0.0, **zero_one, **params}
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9))
def test_the_number_of_patches(n_steps, patch_size):
    embed = make_patches(patch_size=patch_size)
    got, is_token = embed(drawn(2, n_steps, 2), torch.tensor([n_steps, 1]))
    assert got.shape == (2, math.ceil(n_steps / patch_size), D)
    assert is_token.sum(1).tolist() == [math.ceil(n_steps / patch_size), 1]
    assert is_token[:, 0].all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(1, 7), st.integers(0, 9))
@torch.no_grad()
def test_ragged_patches_equal_each_row_alone(lengths, patch_size, n_more):
    params = {"mean": torch.tensor([1.0, -2.0]), "scale": torch.tensor([3.0, 0.5])}
    embed = make_patches(patch_size=patch_size, **params)
    rows = [drawn(length, 2, seed=i) for i, length in enumerate(lengths)]
    x = torch.zeros(len(rows), max(lengths) + n_more, 2)
    for place, row in zip(x, rows, strict=True):
        place[: len(row)] = row
    got, n_patches = embed(x, torch.tensor(lengths))
    for row, found, n in zip(rows, got, n_patches.sum(1).tolist(), strict=True):
        alone, _ = embed(row[None], None)
        assert n == alone.shape[1]
        assert_close(found[:n], alone[0], atol=1e-5)


@torch.no_grad()
def test_patches_by_hand():
    """A linear function of the standardized steps around a patch and of its nearness to the ends,
    normalized; the last patch ends with the row."""
    mean, scale = torch.tensor([1.0, -2.0]), torch.tensor([3.0, 0.5])
    embed, x = make_patches(patch_size=3, mean=mean, scale=scale), drawn(1, 10, 2)
    steps, around = ((x[0] - mean) / scale).double(), embed.kernel_size - 3
    weight, bias = embed.project.weight.double(), embed.project.bias.double()
    weight = weight.view(D, embed.kernel_size, 2)
    position_weight = embed.position_projection.weight.double()
    expected = []
    for patch in range(4):
        value = bias.clone()
        for place in range(embed.kernel_size):
            step = 3 * patch - 2 + place - around // 2  # the first patch lacks 2
            if 0 <= step < 10:
                value = value + weight[:, place] @ steps[step]
        boundary = [math.exp(-far / length) for length in (2, 8) for far in (patch, 3 - patch)]
        value = value + position_weight @ torch.tensor(boundary, dtype=torch.float64)
        expected.append(F.layer_norm(value.float(), (D,), embed.norm.weight, embed.norm.bias))
    got, _ = embed(x, None)
    assert_close(got[0], torch.stack(expected))
    assert embed.kernel_size >= max(8, 2 * 3)


def test_dropped_patches_are_not_looked_at_in_training_only():
    torch.manual_seed(0)
    embed, x = make_patches(token_dropout=0.4), drawn(200, 30, 2)
    lengths = torch.arange(200) % 30 + 1
    whole, is_token = embed(x, lengths)
    got, seen = embed.train()(x, lengths)
    assert got.equal(whole)
    assert not (seen & ~is_token).any(), "padding is not looked at either"
    assert (is_token & ~seen).sum() / is_token.sum() == pytest.approx(0.4, abs=0.05)
    got, seen = embed(x, None)
    assert (~seen).float().mean() == pytest.approx(0.4, abs=0.05)
    assert embed.eval()(x, None)[1] is None
    assert embed(x, lengths)[1].equal(is_token)


@every_kind
@torch.no_grad()
def test_what_is_not_looked_at_has_no_influence(positional, pooling):
    """Wherever it stands."""
    encoder, x = make_encoder(positional, pooling), drawn(4, 7, D)
    seen = torch.rand(4, 7, generator=torch.Generator().manual_seed(0)) < 0.6
    changed = torch.where(seen[..., None], x, 1e3 * drawn(4, 7, D, seed=5))
    assert_close(encoder(changed, seen), encoder(x, seen))
    assert not torch.allclose(encoder(x, seen), encoder(x), atol=1e-3)


@every_kind
def test_a_row_whose_patches_are_all_dropped_is_finite(positional, pooling):
    encoder = make_encoder(positional, pooling)
    out = encoder(drawn(2, 5, D), torch.zeros(2, 5, dtype=torch.bool))
    out.sum().backward()
    assert out.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in encoder.blocks.parameters())


# The network -------------------------------------------------------------------------------------


def make_network(normalize=False, **params):
    embed = TokenEmbedding(20, D, unknown=1, token_dropout=0.0)
    params = {"dropout": 0.0, "max_steps": 64, "work_per_row": 1, **params}
    return made(TransformerNetwork, embed, make_encoder(), D, 3, normalize=normalize, **params)


X, LENGTHS = torch.tensor([[2, 3, 4], [5, 6, 0]]), torch.tensor([3, 2])


@torch.no_grad()
def test_scores_of_the_linear_model_are_added_in_prediction_only():
    network, scores = make_network(weights=(0.25, 1.0)), drawn(2, 3)
    own = network(X, LENGTHS)
    assert_close(own, F.linear(network.encode(X, LENGTHS), network.head.weight, network.head.bias))
    assert_close(network(X, LENGTHS, scores), scores + 0.25 * own)
    assert_close(network.train()(X, LENGTHS, scores), own)


@torch.no_grad()
def test_encode_and_maps_look_at_no_linear_model():
    network, scores = make_network(), drawn(2, 3)
    steps, is_token = network.embed(X, LENGTHS)
    assert_close(network.encode(X, LENGTHS, scores), network.encoder(steps, is_token))
    maps = network.attention_maps(X, LENGTHS, scores)
    for found, expected in zip(maps, network.encoder.attention_maps(steps, is_token), strict=True):
        assert_close(found, expected)


def test_features_are_normalized_over_the_batch():
    network = make_network(normalize=True).train()
    x = torch.randint(2, 20, (30, 5), generator=torch.Generator().manual_seed(0))
    encoded = network.encode(x, torch.full((30,), 5))
    assert_close(encoded.mean(0).detach(), torch.zeros(D))
    assert_close(encoded.std(0, correction=0).detach(), torch.ones(D), atol=1e-2)
    assert network.encode(x[:1], torch.tensor([5])).isfinite().all(), "one row is enough"


def test_an_untrained_network_favours_no_class():
    network = TransformerNetwork(
        TokenEmbedding(20, D, unknown=1, token_dropout=0.0),
        make_encoder(),
        D,
        3,
        dropout=0.0,
        max_steps=64,
        work_per_row=1,
        normalize=True,
    )
    scores = network(X, LENGTHS)
    assert scores[0].equal(scores[1])
