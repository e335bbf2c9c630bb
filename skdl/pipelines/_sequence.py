"""Pipelines that let any estimator take sequences and images."""

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ._preparation import make_flat_pipeline


def make_sequence_pipeline(estimator: Any) -> Pipeline:
    """Wrap an estimator so that it takes sequences or images.

    So deep and classical estimators can be compared on one X, in one loop:

    ============================================ ==============================================
    estimator                                    steps
    ============================================ ==============================================
    skdl's deep estimators                       the estimator alone: X reaches it untouched
    those of them that take tables alone         ``Flatten``
    trees, forests, boosted trees, Dummy         ``Flatten``
    estimators for positive numbers (by its tag) ``Flatten``
    all others: Ridge, Lasso, SVMs, neighbours,  ``Flatten``, ``StandardScaler``
    and estimators that are not known here
    ============================================ ==============================================

    Trees and their ensembles are the estimators with a parameter ``max_depth`` or
    ``n_estimators``; dummies have scikit-learn's tag ``no_validation``.

    A meta-estimator (GridSearchCV, MultiOutputRegressor, TransformedTargetRegressor ...) or a
    Pipeline is treated as what it wraps. Voting and stacking take X as it is where all of their
    members are deep, and the last row of the table where none is; where some are, wrap the members
    instead. A ``CNNClassifier`` may take sequences of several channels for grey images, unless it
    has ``kind="signal"``.

    Some of scikit-learn's meta-estimators (BaggingRegressor, RegressorChain, OneVsOneClassifier,
    SelfTrainingClassifier ...) refuse X of more than two dimensions, and more of them (AdaBoost,
    voting and stacking too) lists of sequences. There flatten X, and tell a deep estimator the
    number of channels: ``make_pipeline(Flatten(), BaggingRegressor(LSTMRegressor(n_channels=3)))``.

    Parameters
    ----------
    estimator : estimator instance
        The last step. It is not copied.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        Steps are named as by ``sklearn.pipeline.make_pipeline``, by the lowercase name of their
        class: a grid names ``ridge__alpha`` or ``lstmregressor__hidden_size``. It takes X of
        shape (n_samples, n_steps), (n_samples, n_steps, n_channels), (n_samples, height, width)
        and so on; lists of sequences of unequal length only with a deep estimator, alone or in a
        meta-estimator that takes lists, such as GridSearchCV.

    Raises
    ------
    TypeError
        If ``estimator`` is a class or has no ``fit``.
    ValueError
        If it is a voting or stacking of which some members are deep.

    See Also
    --------
    make_image_classifier : The same for images alone, whose pixels share one scale.
    make_tabular_pipeline : The same for tables with columns of several types.
    skdl.model_selection.compare : Scores many estimators on identical folds.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdl.estimators import RandomForestClassifier, SVC
    >>> from skdl.pipelines import make_sequence_pipeline
    >>> images, y = load_digits().images, load_digits().target
    >>> images.shape
    (1797, 8, 8)
    >>> for estimator in (SVC(), RandomForestClassifier(random_state=0)):
    ...     model = make_sequence_pipeline(estimator).fit(images[:1000], y[:1000])
    ...     accuracy = model.score(images[1000:], y[1000:])
    ...     f"{list(model.named_steps)}: {accuracy:.2f}"
    "['flatten', 'standardscaler', 'svc']: 0.94"
    "['flatten', 'randomforestclassifier']: 0.93"
    """
    return make_flat_pipeline(estimator, StandardScaler())
