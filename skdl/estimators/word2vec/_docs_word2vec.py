"""What each parameter of Word2VecTransformer is."""

from __future__ import annotations

# Those that no other estimator has, or that mean something else there.
OF_WORD2VEC: dict[str, tuple[str, str]] = {
    "vector_size": ("int", "Numbers of a word vector, at least 1."),
    "window": (
        "int",
        "Words on each side, at least 1, that a word is learned from: at most, for each word's\n"
        "window is drawn from 1 to this.",
    ),
    "min_count": ("int", "How often a word must occur to be in the vocabulary, at least 1."),
    "max_vocab": ("int or None", "Most words of the vocabulary, the most frequent; None is all."),
    "algorithm": (
        '{"skip-gram", "cbow"}',
        'Whether a word predicts each word of its window, or their mean predicts it. "cbow" is\n'
        "faster, and weaker for rare words.",
    ),
    "objective": (
        '{"negative", "hierarchical"}',
        "What a word is told from: ``negative`` words drawn at random, or in the Huffman tree of\n"
        "the vocabulary those on other branches.",
    ),
    "negative": ("int", "Noise words for each true one, at least 1 where they are used."),
    "ns_exponent": (
        "float",
        "Noise words are drawn as often as their counts to this power say; 0 draws all alike.",
    ),
    "sample": (
        "float",
        "Words that make up a larger part of the corpus than this are left out now and then, the\n"
        "more the more frequent they are; 0 leaves out none.",
    ),
    "lr": ("float", "Rate of learning at the start, above 0."),
    "min_lr": ("float", "Rate at the end, to which it falls linearly; at most ``lr``."),
    "max_epochs": ("int", "Passes over the corpus, at least 1."),
    "pooling": (
        '{"mean", "max", "idf", "sif", "none"}',
        'What a document\'s vectors become: their mean, their maximum, with "idf" a mean weighted\n'
        'by inverse document frequency, with "sif" one of smooth inverse word frequency less what\n'
        'all documents have in common (Arora et al. 2017). "none" leaves one vector per word, for\n'
        "LSTMs and Transformers.",
    ),
    "normalize": ("bool", "Whether vectors that come out have the length 1."),
    "lowercase": ("bool", "Whether texts are lowercased first; lists of tokens are not."),
    "token_pattern": (
        "str or None",
        'What a token is, a regular expression, where ``analyzer="word"`` and ``tokenizer`` is\n'
        "None.",
    ),
    "tokenizer": ("callable or None", "From a text to its tokens, in place of the pattern."),
    "analyzer": (
        '{"word", "char"} or callable',
        "Whether tokens are words or characters. A callable takes a text as it is and gives its\n"
        "tokens.",
    ),
    "stop_words": (
        '"english", list of str or None',
        'Words left out of texts where ``analyzer="word"``.',
    ),
    "init_vectors": (
        "mapping, fitted Word2VecTransformer, or None",
        "Vectors to begin with for the words that it has; others begin at random. Shared with\n"
        "clones.",
    ),
    "batch_size": (
        'int or "auto"',
        "Consecutive words that learn at once, from the same vectors. More are faster and less\n"
        'true to the method. "auto" is 512, 1024 for "cbow" with noise words, 4096 on CUDA.',
    ),
    "deterministic": (
        "bool",
        "Whether the same seed gives the same vectors, bit for bit, on the same CPU: one thread\n"
        "trains. False trains with as many as torch may use (``torch.set_num_threads``), which do\n"
        "not wait for one another, as gensim's workers: faster, and each time a little different.\n"
        "On CUDA sums have no fixed order either way.",
    ),
}
