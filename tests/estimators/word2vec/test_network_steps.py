"""Steps on blocks against a loop over pairs in float64, and the same steps as TorchScript."""

import itertools
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from skdl.estimators.word2vec._network_cbow import cbow_batch, train_cbow_blocks
from skdl.estimators.word2vec._network_outputs import huffman_paths
from skdl.estimators.word2vec._network_steps import (
    MAX_CURVATURE,
    compiled,
    curvature_bound,
    hierarchical_batch,
    limit_steps,
    mean_log_loss,
    script_or_function,
    skip_gram_batch,
    train_blocks,
)
from skdl.estimators.word2vec._network_tiles import Text

KINDS = ["skip-gram", "cbow", "hierarchical skip-gram", "hierarchical cbow"]
COUNTS = [40, 30, 20, 12, 9, 7, 5, 4, 3, 2, 1, 1]
N_WORDS, SIZE, NEGATIVE, N_NEGATIVES = len(COUNTS), 5, 3, 8
HIERARCHICAL = KINDS[2:]
every_kind = pytest.mark.parametrize("kind", KINDS)


class Case:
    """A text, negative samples, initial tables, and the pairs that are learned."""

    def __init__(self, kind, lr, *, n_blocks=1, window=3, seed=0, scale=0.5, block=24):
        self.kind, self.lr, self.block, self.tile = kind, lr, block, 4
        generator = torch.Generator().manual_seed(seed)
        n_tokens = n_blocks * block - 3  # the last tile is padded
        frequent = torch.tensor(COUNTS, dtype=torch.float32)
        self.tokens = frequent.multinomial(n_tokens, replacement=True, generator=generator)
        self.radius = torch.randint(1, window + 1, (n_tokens,), generator=generator)
        lengths = torch.tensor([7, 1, 2, *[11] * n_tokens])
        self.document = torch.repeat_interleave(torch.arange(len(lengths)), lengths)[:n_tokens]
        self.paths = huffman_paths(COUNTS)
        n_groups = self.tile if kind == "cbow" else block // self.tile
        shape = n_blocks, n_groups, N_NEGATIVES
        self.negatives = torch.randint(N_WORDS, shape, generator=generator)
        n_outputs = N_WORDS - 1 if "hierarchical" in kind else N_WORDS
        self.tables = [
            scale * torch.randn(n, SIZE, generator=generator) for n in (N_WORDS, n_outputs)
        ]
        self.text = Text.from_documents(
            self.tokens, self.document, self.radius, self.radius, window, self.tile, block
        )

    def batch(self):
        if "hierarchical" in self.kind:
            return hierarchical_batch(self.text, self.paths, self.lr, cbow="cbow" in self.kind)
        make = skip_gram_batch if self.kind == "skip-gram" else cbow_batch
        return make(self.text, self.negatives, NEGATIVE, self.lr)

    @property
    def function(self):
        return train_cbow_blocks if self.kind == "cbow" else train_blocks

    def learn(self, function=None, options=(), **changed):
        """Both tables afterwards, and the loss."""
        tables = [table.clone() for table in self.tables]
        batch = self.batch()._replace(**changed)
        loss = (function or self.function)(*tables, *batch, *options)
        return (*tables, loss)

    def pairs_of(self, block):
        """Words whose mean predicts, row of outputs, label and rate of all pairs of a block."""
        first = block * self.block
        for i in range(first, min(first + self.block, len(self.tokens))):
            around = [
                int(self.tokens[j])
                for j in range(len(self.tokens))
                if j != i and abs(j - i) <= self.radius[i] and self.document[j] == self.document[i]
            ]
            own, tile, place = int(self.tokens[i]), (i - first) // self.tile, i % self.tile
            if "hierarchical" in self.kind:
                nodes, codes, lengths = (column[own].tolist() for column in self.paths)
                paired = [
                    (n, 1.0 - c, self.lr) for n, c in zip(nodes[:lengths], codes, strict=False)
                ]
                predictors = [around] if "cbow" in self.kind else [[word] for word in around]
                pairs = itertools.product(predictors, paired)
            elif self.kind == "cbow":
                rate = self.lr * NEGATIVE / N_NEGATIVES
                drawn = self.negatives[block, place].tolist()
                paired = [(own, 1.0, self.lr), *((word, 0.0, rate) for word in drawn)]
                pairs = itertools.product([around], paired)
            else:
                rate = self.lr * NEGATIVE / N_NEGATIVES * len(around)
                drawn = self.negatives[block, tile].tolist()
                paired = [(word, 1.0, self.lr) for word in around]
                paired += [(word, 0.0, rate) for word in drawn]
                pairs = itertools.product([[own]], paired)
            for words, (row, label, rate) in pairs:
                if around:
                    yield words, row, label, rate

    def by_hand(self, every=16):
        """The same as ``learn``, pair by pair, in float64; the loss is of some blocks."""
        inputs, outputs = (table.double() for table in self.tables)
        losses = []  # of each block
        for block in range(self.text.n_blocks):
            steps = torch.zeros_like(inputs), torch.zeros_like(outputs)
            curvature = torch.zeros(len(outputs), 1)
            loss, rates = 0.0, 0.0
            for words, row, label, rate in self.pairs_of(block):
                predictor, target = inputs[words].mean(0), outputs[row]
                probability = torch.sigmoid(predictor @ target)
                for word in words:
                    steps[0][word] += rate * (label - probability) * target
                steps[1][row] += rate * (label - probability) * predictor
                bound = (probability - 0.5) / (predictor @ target)
                curvature[row] += rate * bound * predictor @ predictor
                loss -= rate * torch.log(probability if label else 1 - probability)
                rates += rate
            losses.append(loss / rates)
            if "hierarchical" in self.kind:
                self.scales = MAX_CURVATURE / curvature.clamp(min=1e-9)
                steps[1].mul_(self.scales.clamp(max=1))
            inputs, outputs = inputs + steps[0], outputs + steps[1]
        return inputs, outputs, torch.as_tensor(losses[::every]).mean()


def assert_learned(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs.float(), rtol=1e-4, atol=1e-5)


# Against the loop --------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("n_blocks", [1, 3])
@pytest.mark.parametrize("window", [1, 3, 8])
def test_a_block_learns_the_sum_of_its_pairs_from_the_vectors_at_its_start(kind, n_blocks, window):
    case = Case(kind, 0.2, n_blocks=n_blocks, window=window)
    assert_learned(case.learn(), case.by_hand())


@every_kind
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), window=st.integers(1, 6))
def test_any_text_is_learned_as_by_hand(kind, seed, window):
    case = Case(kind, 0.3, window=window, seed=seed)
    assert_learned(case.learn(), case.by_hand())


@pytest.mark.parametrize("kind", ["skip-gram", "hierarchical skip-gram"])
def test_the_step_is_the_gradient_of_the_log_loss(kind):
    case = Case(kind, 0.05)
    inputs, outputs = (table.double().requires_grad_() for table in case.tables)
    loss = torch.zeros((), dtype=torch.float64)
    for words, row, label, rate in case.pairs_of(0):
        score = inputs[words].mean(0) @ outputs[row]
        loss = loss - rate * torch.nn.functional.logsigmoid(score if label else -score)
    loss.backward()
    found = case.learn(hierarchical=False)  # no step is limited
    for table, moved in zip((inputs, outputs), found[:2], strict=True):
        expected = (table - table.grad).detach().float()
        torch.testing.assert_close(moved, expected, rtol=1e-4, atol=1e-5)


def test_each_word_of_a_window_gets_the_whole_step_of_their_mean():
    """As in word2vec.c; the gradient would be a fraction of it for each word."""
    tables = torch.eye(3), torch.zeros(3, 3)
    tables[1][1] = torch.tensor([0.0, 3.0, 0.0])
    tokens = torch.tensor([0, 1, 2])
    radius = torch.ones(3, dtype=torch.int64)
    text = Text.from_documents(tokens, torch.zeros(3), radius, radius, 1, 3, 3)
    batch = cbow_batch(text, torch.full((1, 3, 1), 2), 0, 0.1)  # negative samples weigh 0
    train_cbow_blocks(*tables, *batch)
    error = 1 - torch.tensor(0.0).sigmoid()  # of word 1, predicted from words 0 and 2
    for word in (0, 2):
        torch.testing.assert_close(tables[0][word, 1], 0.1 * error * 3)
    expected = torch.tensor([0.05, 3.0, 0.05]) * torch.tensor([error, 1, error])
    torch.testing.assert_close(tables[1][1], expected)


@every_kind
def test_words_that_do_not_occur_stay_as_they_are(kind):
    case = Case(kind, 0.5)
    missing = sorted(set(range(N_WORDS)) - set(case.tokens.tolist()))
    assert missing
    found = case.learn()[0]
    assert found[missing].equal(case.tables[0][missing])


@pytest.mark.parametrize("kind", ["skip-gram", "cbow"])
def test_groups_of_tokens_share_negative_samples(kind):
    """Those of a tile, or those at the same place of all tiles; others are not affected."""
    case = Case(kind, 0.05)
    case.document = torch.zeros_like(case.document)
    case.radius = torch.ones_like(case.radius)
    case.tokens = torch.arange(len(case.tokens))  # no word comes twice
    case.text = Text.from_documents(
        case.tokens, case.document, case.radius, case.radius, 3, 4, case.block
    )
    case.tables = [torch.randn(len(case.tokens) + 2, SIZE) for _ in range(2)]
    case.negatives = torch.full_like(case.negatives, len(case.tokens))
    before = case.learn()[0]
    case.negatives[0, 2] += 1  # another sample for the third group alone
    moved = (case.learn()[0] != before).any(1).nonzero()[:, 0].tolist()
    if kind == "skip-gram":
        assert moved == [8, 9, 10, 11]  # the third tile
    else:
        # Around the third token of each tile; the last tile is padded after its first token.
        assert moved == [i + side for i in range(2, 20, 4) for side in (-1, 1)]


# Limited steps of nodes --------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "rate"), list(zip(HIERARCHICAL, [0.05, 0.2], strict=True)))
@pytest.mark.parametrize("n_blocks", [1, 2])
def test_steps_of_nodes_are_limited_by_the_curvature_of_the_loss(kind, rate, n_blocks):
    case = Case(kind, rate, n_blocks=n_blocks, scale=0.8)
    assert_learned(case.learn(), case.by_hand())
    assert (case.scales < 0.9).any(), "some nodes are above the limit"
    assert ((case.scales > 1.1) & (case.scales < 1e6)).any(), (
        "and some that are learned are below it"
    )


@pytest.mark.parametrize("kind", HIERARCHICAL)
@pytest.mark.parametrize("lr", [0.01, 0.3, 5.0])
def test_steps_of_nodes_are_never_longer(kind, lr):
    case = Case(kind, lr)
    before = case.tables[1]
    short, long = (case.learn(hierarchical=limited)[1] - before for limited in (True, False))
    assert (short.norm(dim=1) <= long.norm(dim=1) + 1e-6).all()
    moved = long.norm(dim=1) > 1e-3
    assert moved.any()
    assert (torch.cosine_similarity(short, long)[moved] > 0.999).all(), "the direction stays"
    assert case.learn(hierarchical=True)[0].equal(case.learn(hierarchical=False)[0]), (
        "words are left alone"
    )


@pytest.mark.parametrize("kind", HIERARCHICAL)
def test_small_steps_are_not_limited(kind):
    case = Case(kind, 1e-3)
    for long, short in zip(case.learn(hierarchical=False), case.learn(), strict=True):
        assert long.equal(short)


def test_the_bound_of_the_curvature_holds_for_steps_of_any_length():
    """The parabola with it, touching the loss anywhere, lies above the loss everywhere."""
    score = torch.linspace(-12, 12, 97, dtype=torch.float64)
    bound = curvature_bound(score.sigmoid())
    assert float(bound[48]) == 0.25
    others = score != 0
    torch.testing.assert_close(bound[others], (score / 2).tanh()[others] / (2 * score)[others])
    now, then = score[:, None], score
    loss, slope = -torch.nn.functional.logsigmoid(now), now.sigmoid() - 1
    above = loss + slope * (then - now) + bound[:, None] / 2 * (then - now).square()
    assert (above >= -torch.nn.functional.logsigmoid(then) - 1e-9).all()


def test_the_bound_is_finite_for_extreme_probabilities():
    bound = curvature_bound(torch.tensor([0.0, 1.0, 0.5, 0.5 + 1e-7]))
    torch.testing.assert_close(bound, torch.tensor([0.036, 0.036, 0.25, 0.25]), rtol=0.02, atol=0)


def test_steps_are_limited_by_the_sum_over_all_places_of_a_row():
    rows = torch.tensor([[0, 1, 2], [0, 3, 1]])
    curvature = MAX_CURVATURE * torch.tensor([[0.9, 0.4, 0.0], [1.1, 4.0, 0.5]]).unsqueeze(2)
    steps = torch.ones(2, 3, 4)
    limit_steps(steps, rows, curvature, 5)
    expected = torch.tensor([[0.5, 1.0, 1.0], [0.5, 0.25, 1.0]])
    torch.testing.assert_close(steps, expected.unsqueeze(2).expand(2, 3, 4))


# The loss ----------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("every", [1, 2, 5])
def test_the_loss_is_the_mean_of_some_blocks(kind, every):
    case = Case(kind, 0.05, n_blocks=5)
    found, expected = case.learn(options=[every])[2], case.by_hand(every)[2]
    assert float(found) == pytest.approx(float(expected), rel=1e-4)


@every_kind
def test_the_loss_of_outputs_that_are_zero_is_that_of_guessing(kind):
    case = Case(kind, 0.05)
    case.tables[1].zero_()
    assert float(case.learn()[2]) == pytest.approx(0.693147, abs=1e-5)


def test_mean_log_loss_is_weighted():
    error, weight = torch.tensor([[[0.5, -0.9]]]), torch.tensor([[[3.0, 1.0]]])
    chance = torch.tensor([0.5, 0.1])
    expected = -(3 * chance[0].log() + chance[1].log()) / 4
    torch.testing.assert_close(mean_log_loss(error, weight), expected)


def test_mean_log_loss_is_finite_where_all_is_wrong_or_nothing_weighs():
    wrong = torch.ones(1, 2, 3)
    assert 10 < float(mean_log_loss(wrong, torch.ones(1, 2, 3))) < 20
    assert float(mean_log_loss(wrong, torch.zeros(1, 2, 3))) == 0


# TorchScript -------------------------------------------------------------------------------------


@pytest.fixture
def uncached():
    """An empty cache before and after."""
    script_or_function.cache_clear()
    yield
    script_or_function.cache_clear()


def doubled(x: Tensor) -> Tensor:
    return x * 2


def test_it_is_compiled_once():
    assert isinstance(compiled(train_blocks), torch.jit.ScriptFunction)
    assert compiled(train_blocks) is compiled(train_blocks)


@every_kind
def test_compiled_is_bit_for_bit_the_same(kind):
    case = Case(kind, 0.5, n_blocks=2)
    expected = case.learn()
    for _ in range(3):  # TorchScript makes itself faster after the first calls
        found = case.learn(compiled(case.function))
        assert all(map(torch.equal, found, expected))


def test_no_warning_comes_from_compiling_and_the_filters_stay(uncached):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        assert isinstance(compiled(doubled), torch.jit.ScriptFunction)
        assert warnings.filters == before
    assert not seen


@pytest.mark.parametrize("error", [RuntimeError, NotImplementedError, AttributeError])
def test_where_there_is_no_torchscript_it_is_the_function_itself(error, monkeypatch, uncached):
    def script(function):
        raise error("not supported")

    monkeypatch.setattr(torch.jit, "script", script)
    assert compiled(doubled) is doubled
    assert compiled(train_blocks) is train_blocks


def test_where_torch_has_no_jit_script_it_is_the_function_itself(monkeypatch, uncached):
    monkeypatch.delattr(torch.jit, "script")
    assert compiled(train_blocks) is train_blocks
