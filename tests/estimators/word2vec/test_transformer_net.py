"""The net of Word2VecTransformer: from parameters to a module, its threads and its start."""

import numpy as np
import pytest
import torch

from skdl.estimators import Word2VecTransformer
from skdl.estimators._base import FitMode
from skdl.estimators.word2vec._corpus import Corpus, CorpusData
from skdl.estimators.word2vec._training_sizes import CHUNK_TOKENS, CUDA_BLOCK


def with_words(n_words=10, count=100, **params):
    transformer = Word2VecTransformer(4, **{"random_state": 0, "device": "cpu", **params})
    transformer.vocabulary_ = {f"w{i}": i for i in range(n_words)}
    transformer.counts_ = np.full(n_words, count)
    return transformer


def new_net(transformer, mode=FitMode.FIT):
    """An untrained net for the vocabulary."""
    data = CorpusData(Corpus(np.zeros(2, dtype=np.int32), np.array([0, 2])))
    seed = transformer.random_state
    return transformer._new_net(transformer._new_module(data, data, seed), data, seed, mode)


def test_parameters_reach_net_and_module():
    net = new_net(with_words(
        window=3, algorithm="cbow", negative=7, ns_exponent=0.5, sample=0.01, batch_size=64,
        lr=0.1, min_lr=0.01, max_epochs=2, verbose=2,
    ))  # fmt: skip
    module = net.module_
    assert (module.window, module.algorithm, module.objective) == (3, "cbow", "negative")
    assert (module.negative, module.ns_exponent, module.sample) == (7, 0.5, 0.01)
    assert module.block_size == 64
    assert (net.lr, net.min_lr, net.max_epochs, net.verbose) == (0.1, 0.01, 2, 2)
    assert module.input_embedding.weight.shape == (10, 4)


def test_the_rate_falls_in_many_steps_on_a_small_corpus():
    assert new_net(with_words(count=100_000)).batch_size == 62_500
    assert new_net(with_words(count=10_000_000)).batch_size == CHUNK_TOKENS
    assert new_net(with_words(count=10)).batch_size == new_net(with_words()).module_.block_size


@pytest.mark.parametrize("deterministic", [True, False])
def test_threads(deterministic):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        module = new_net(with_words(deterministic=deterministic)).module_
    finally:
        torch.set_num_threads(before)
    assert module.n_workers == (1 if deterministic else 2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_cuda_blocks_are_larger():
    net = new_net(with_words(device="cuda"))
    assert (net.module_.block_size, net.module_.n_workers) == (CUDA_BLOCK, 1)


def test_the_longest_document_is_known_to_the_module():
    documents = [["a", "b"], ["b", "a", "b", "c"]] * 5
    fitted = Word2VecTransformer(4, min_count=1, max_epochs=1, device="cpu").fit(documents)
    assert fitted.module_.longest_document == 4


def test_initial_vectors_depend_on_the_seed_and_leave_the_global_state():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    tables = [new_net(with_words()).module_.input_embedding.weight for _ in range(2)]
    assert torch.equal(*tables)
    assert torch.equal(torch.rand(1), expected)
    assert not torch.equal(
        tables[0], new_net(with_words(random_state=1)).module_.input_embedding.weight
    )


def test_init_vectors_are_where_their_words_are():
    given = {"w2": [1, 2, 3, 4], "w5": [5, 6, 7, 8], "other": [0, 0, 0, 0]}
    table = new_net(with_words(init_vectors=given)).module_.input_embedding.weight
    assert table[[2, 5]].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert float(table[[0, 1, 3]].detach().abs().max()) <= 1 / 4


def test_new_words_keep_what_was_learned():
    transformer = with_words(n_words=3)
    transformer.net_ = new_net(transformer)
    with torch.no_grad():
        transformer.module_.output_embedding.weight.fill_(2.0)
    transformer.counts_ = np.full(5, 100)
    module = new_net(transformer, FitMode.PARTIAL_FIT).module_
    assert torch.equal(
        module.input_embedding.weight[:3], transformer.module_.input_embedding.weight
    )
    assert module.output_embedding.weight[:, 0].tolist() == [2, 2, 2, 0, 0]
    assert len(transformer.module_.input_embedding.weight) == 3  # another module
