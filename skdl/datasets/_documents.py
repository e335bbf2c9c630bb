"""A seeded generator of documents about topics."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from ._synthetic import balanced_labels, check_between, check_rng

_TOPICS = {
    "astronomy": "star planet orbit telescope galaxy comet moon eclipse solar gravity nebula light",
    "cooking": "salt oven butter recipe onion simmer flour garlic knife sauce bake taste",
    "finance": "bank interest loan market share bond price profit tax invest risk credit",
    "gardening": "soil seed rose prune compost shrub bloom weed mulch lawn root spade",
    "medicine": "doctor patient dose fever clinic nurse vaccine symptom blood surgery pulse",
    "music": "melody chord violin rhythm concert piano singer tempo album drum choir tune",
    "sailing": "mast harbour anchor tide deck sail wind keel rudder crew knot voyage",
    "sport": "goal team match coach score league player referee stadium race medal training",
}
_FILLERS = (
    "the a of and to in that with for on as it was by at from this had not but they which one "
    "all were when there can more if out so what time up than into only some could new other"
)


def make_documents(
    n_samples: int = 200,
    *,
    n_classes: int = 2,
    n_words: tuple[int, int] = (10, 40),
    topic_fraction: float = 0.3,
    random_state: int | RandomState | None = None,
) -> tuple[list[str], NDArray[np.str_]]:
    """Make documents of common words and words of one topic, for text classification.

    Parameters
    ----------
    n_samples : int, default=200
        Number of documents, at least `n_classes`.
    n_classes : int, default=2
        Number of topics, 2 to 8.
    n_words : tuple of two int, default=(10, 40)
        Minimum and maximum number of words of a document.
    topic_fraction : float, default=0.3
        Probability that a word is one of the topic, from 0 (nothing to learn) to 1.
    random_state : int, RandomState or None, default=None
        Seed. None draws a new seed; numpy's global state is neither read nor changed.

    Returns
    -------
    X : list of str
        One document each, as a sentence.
    y : ndarray of str of shape (n_samples,)
        The topics, such as "astronomy"; class sizes differ by at most 1.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> from skdl.datasets import make_documents
    >>> X, y = make_documents(4, n_words=(5, 8), random_state=0)
    >>> len(X), sorted(set(y.tolist()))
    (4, ['astronomy', 'cooking'])
    """
    names = sorted(_TOPICS)
    check_between("n_classes", n_classes, 2, len(names))
    check_between("n_samples", n_samples, n_classes)
    fewest, most = n_words
    check_between("the minimum of n_words", fewest, 1)
    check_between("the maximum of n_words", most, fewest)
    check_between("topic_fraction", topic_fraction, 0, 1)
    rng = check_rng(random_state)
    labels = balanced_labels(rng, n_samples, n_classes)
    lengths = rng.randint(fewest, most + 1, size=n_samples)
    X = [
        _sentence(rng, _TOPICS[names[k]].split(), int(n), topic_fraction)
        for k, n in zip(labels, lengths, strict=True)
    ]
    return X, np.array(names)[labels]


def _sentence(rng: RandomState, topic: list[str], n_words: int, topic_fraction: float) -> str:
    on_topic = rng.uniform(size=n_words) < topic_fraction
    words = np.where(on_topic, rng.choice(topic, n_words), rng.choice(_FILLERS.split(), n_words))
    return " ".join(words).capitalize() + "."
