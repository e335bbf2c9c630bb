"""What the host asks of tensors, and that steps for a device learn what those of a CPU do."""

import pytest
import torch

from skdl.estimators.word2vec import _network_host
from skdl.estimators.word2vec._network import LAYOUTS, Word2Vec
from skdl.estimators.word2vec._network_host import host_generator, nonzero_on_host, seeded_by
from skdl.estimators.word2vec._network_steps import distinct_of_rows, max_distinct_steps
from skdl.estimators.word2vec._network_tiles import runs_of

KINDS = list(LAYOUTS)


def trained(algorithm, objective, longest_document=None):
    """Losses and tables, after training on a text of which a part repeats itself."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tokens = (torch.rand(4000) ** 3 * 200).long()
        tokens[1000:2000] = torch.arange(1000) % 7
        module = Word2Vec(
            (torch.bincount(tokens, minlength=200) + 1).tolist(),
            8,
            window=60,
            algorithm=algorithm,
            objective=objective,
            sample=1e-2,
            block_size=64,
        )
        module.longest_document = longest_document
        document = torch.arange(4000) // 20
        losses = [module.train_on(tokens, document, lr=0.05) for _ in range(3)]
    return torch.stack(losses), *(table.detach() for table in module._tables)


@pytest.mark.parametrize(("algorithm", "objective"), KINDS, ids=map("-".join, KINDS))
@pytest.mark.parametrize("longest_document", [None, 20])
def test_what_is_not_asked_for_on_a_device_changes_nothing(
    algorithm, objective, longest_document, monkeypatch
):
    """Windows, the depth of paths and numbers of nodes are bounded there."""
    expected = trained(algorithm, objective)
    with monkeypatch.context() as patch:
        patch.setattr(_network_host, "is_on_host", lambda tensor: False)
        # Pieces are as long as those that know the longest document.
        patch.setattr(Word2Vec, "_piece_size", lambda module, document: 4000)
        found = trained(algorithm, objective, longest_document)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_windows_are_no_wider_than_the_longest_document(monkeypatch):
    monkeypatch.setattr(_network_host, "is_on_host", lambda tensor: False)
    module, document = Word2Vec([1, 1], 2, window=50), torch.zeros(9)
    assert module._max_radius(document) == 50
    module.longest_document = 8
    assert module._max_radius(document) == 8


def test_distinct_values_have_as_many_columns_as_there_may_be(monkeypatch):
    monkeypatch.setattr(_network_host, "is_on_host", lambda tensor: False)
    values = torch.tensor([[[4, 2, 4, 7], [1, 1, 1, 1]]])
    for max_distinct, n_columns in [(3, 3), (9, 4)]:
        distinct, place = distinct_of_rows(values, max_distinct)
        assert distinct.shape == (1, 2, n_columns)
        assert distinct.gather(2, place).equal(values)


@pytest.mark.parametrize(("n_paths", "depth", "max_distinct"), [(1, 3, 4), (3, 1, 3), (5, 4, 17)])
def test_max_distinct_steps_of_paths(n_paths, depth, max_distinct):
    """With -1: of 5 paths 2 steps from the root, 4 from the next nodes, and 5 of each level."""
    assert max_distinct_steps(n_paths, depth) == max_distinct


def test_runs_of_selected_blocks():
    assert runs_of([True, True, False, True], 8) == [slice(0, 16), slice(24, 32)]
    assert runs_of([False, True], 3) == [slice(3, 6)]


def test_nonzero_on_host():
    assert nonzero_on_host(torch.tensor([True, False, True])).tolist() == [0, 2]


# Generators --------------------------------------------------------------------------------------


def test_generators_of_the_host_are_taken_as_they_are():
    generator = torch.Generator()
    assert host_generator(generator) is generator
    assert host_generator(None) is None


def test_a_generator_seeds_others_of_the_host():
    """Each time another one; again the same ones from the same state."""
    generator = torch.Generator().manual_seed(3)
    state = generator.get_state()
    first, second = (torch.rand(3, generator=seeded_by(generator)) for _ in range(2))
    assert not first.equal(second)
    generator.set_state(state)
    assert torch.rand(3, generator=seeded_by(generator)).equal(first)
