"""What to search: a small grid for each estimator of the catalogue."""

from typing import Any

from ._families import check_instance, held

_OF_TREES: dict[str, list[Any]] = {"max_depth": [3, 6, 12, None], "min_samples_leaf": [1, 5, 20]}
_OF_RECURRENT: dict[str, list[Any]] = {"hidden_size": [16, 64], "lr": [1e-3, 3e-3, 1e-2]}
_AUGMENT = [None, "shift", "randaugment"]

# By name of the class, so that those of scikit-learn-intelex are known too.
GRIDS: dict[str, dict[str, list[Any]]] = {
    "CNNClassifier": {"augment": _AUGMENT, "architecture": ["auto", "resnet"]},
    "DecisionTreeClassifier": _OF_TREES,
    "DecisionTreeRegressor": _OF_TREES,
    "GRUClassifier": _OF_RECURRENT,
    "GRURegressor": _OF_RECURRENT,
    "KNeighborsClassifier": {"n_neighbors": [1, 3, 5, 10, 20], "weights": ["uniform", "distance"]},
    "LSTMClassifier": _OF_RECURRENT,
    "LSTMRegressor": _OF_RECURRENT,
    "Lasso": {"alpha": [1e-3, 1e-2, 0.1, 1.0]},
    "LinearRegression": {"fit_intercept": [True, False]},
    "LinearSVC": {"C": [0.01, 0.1, 1.0, 10.0]},
    "LogisticRegression": {"C": [0.01, 0.1, 1.0, 10.0]},
    "MultinomialNB": {"alpha": [0.01, 0.1, 0.5, 1.0]},
    "NearestCentroid": {"metric": ["euclidean", "manhattan"]},
    "Perceptron": {"penalty": ["l1", "l2"], "alpha": [1e-6, 1e-5, 1e-4]},
    "RandomForestClassifier": {"max_features": ["sqrt", 0.3], "min_samples_leaf": [1, 3, 10]},
    "RandomForestRegressor": {"max_features": [0.3, 1.0], "min_samples_leaf": [1, 3, 10]},
    "Ridge": {"alpha": [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]},
    "SVC": {"C": [1.0, 10.0, 100.0], "gamma": ["scale", 1e-3, 1e-2, 0.1]},
    "SVR": {"C": [1.0, 10.0, 100.0], "epsilon": [0.01, 0.1], "gamma": ["scale", 0.01]},
    "TransformerClassifier": {
        "d_model": [64, 128],
        "lr": [1e-3, 3e-3],
        "token_dropout": [0.1, 0.3],
    },
    "Word2VecTransformer": {"window": [2, 5, 10], "pooling": ["mean", "idf", "sif"]},
}


def search_grid(estimator: Any) -> dict[str, list[Any]]:
    """Return a small ``param_grid`` for an estimator, to begin a search with.

    The values span what is worth a try on scaled data, at most twelve combinations or so. Take
    out what takes too long, and put in more around the best.

    Parameters
    ----------
    estimator : estimator instance
        One of ``skdl.estimators``, scikit-learn's ``MultinomialNB``, or a Pipeline or
        meta-estimator with one of them at its end.

    Returns
    -------
    grid : dict of str to list
        For ``GridSearchCV(estimator, grid)``: names are those of ``estimator.get_params()``,
        ``cnnclassifier__augment`` in a Pipeline. A new dict, free to be changed.

    Raises
    ------
    TypeError
        If there is no grid for the estimator, or it is a class.

    See Also
    --------
    make_image_classifier, make_sequence_pipeline, make_tabular_pipeline, make_text_classifier
        Make Pipelines.

    Notes
    -----
    A ``CNNClassifier`` that was given a network, as ``backbone`` or ``architecture``, keeps it,
    and so does a ``TransformerClassifier`` with ``pretrained``: the grid holds what of it is
    trained, and at which rate.

    Examples
    --------
    >>> from skdl.estimators import CNNClassifier, SVC
    >>> from skdl.pipelines import make_image_classifier, search_grid
    >>> search_grid(SVC())
    {'C': [1.0, 10.0, 100.0], 'gamma': ['scale', 0.001, 0.01, 0.1]}
    >>> list(search_grid(make_image_classifier(CNNClassifier())))
    ['cnnclassifier__augment', 'cnnclassifier__architecture']
    """
    check_instance(estimator)
    prefix, model = "", estimator
    while inner := held(model):
        prefix, model = f"{prefix}{inner[0]}__", inner[1]
    return {prefix + name: list(values) for name, values in _grid_of(model).items()}


def _grid_of(model: Any) -> dict[str, list[Any]]:
    names = [base.__name__ for base in type(model).__mro__ if base.__name__ in GRIDS]
    if not names:
        raise TypeError(
            f"There is no grid for {type(model).__name__}, only for {', '.join(GRIDS)}. Write "
            "param_grid yourself: a dict from names of parameters to lists of values."
        )
    if getattr(model, "backbone", None) is not None:
        return {"freeze": [False, True], "lr": [1e-3, 3e-3]}
    if callable(getattr(model, "architecture", None)):
        return {"augment": _AUGMENT, "lr": [1e-3, 3e-3]}
    if getattr(model, "pretrained", None) is not None:
        return {"freeze": [False, True], "lr": [1e-4, 1e-3]}
    return GRIDS[names[0]]
