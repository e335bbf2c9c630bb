"""Grids for hyper-parameter search: a small one for each estimator of the catalogue."""

from typing import Any

from sklearn.naive_bayes import MultinomialNB

from ..estimators import classical
from ._preparation import check_instance, held

Grid = dict[str, list[Any]]

_TREES: Grid = {"max_depth": [3, 6, 12, None], "min_samples_leaf": [1, 5, 20]}
_NEIGHBORS: Grid = {"n_neighbors": [1, 3, 5, 10, 20], "weights": ["uniform", "distance"]}
_BAGS: Grid = {"max_samples": [0.5, 1.0], "max_features": [0.5, 1.0]}
_BOOSTING: Grid = {"learning_rate": [0.05, 0.1], "max_depth": [2, 3, 5]}
_HISTOGRAM_BOOSTING: Grid = {
    "learning_rate": [0.05, 0.1, 0.2],
    "max_leaf_nodes": [7, 31],
    "min_samples_leaf": [5, 20],
}
# Estimators of skdl have a method for it, scikit-learn's do not. Those of scikit-learn-intelex are
# subclasses of them; its forests are subclasses of the base of scikit-learn's.
_FOREST_CLASSIFIER = classical.RandomForestClassifier.__mro__[1]
_FOREST_REGRESSOR = classical.RandomForestRegressor.__mro__[1]
CLASSICAL_GRIDS: dict[type, Grid] = {
    classical.BaggingClassifier: _BAGS,
    classical.BaggingRegressor: _BAGS,
    classical.DecisionTreeClassifier: _TREES,
    classical.DecisionTreeRegressor: _TREES,
    classical.ElasticNet: {"alpha": [1e-3, 1e-2, 0.1, 1.0], "l1_ratio": [0.1, 0.5, 0.9]},
    classical.GaussianNB: {"var_smoothing": [1e-9, 1e-6, 1e-3, 0.1]},
    classical.GradientBoostingClassifier: _BOOSTING,
    classical.GradientBoostingRegressor: _BOOSTING,
    classical.HistGradientBoostingClassifier: _HISTOGRAM_BOOSTING,
    classical.HistGradientBoostingRegressor: _HISTOGRAM_BOOSTING,
    classical.KNeighborsClassifier: _NEIGHBORS,
    classical.KNeighborsRegressor: _NEIGHBORS,
    classical.Lasso: {"alpha": [1e-3, 1e-2, 0.1, 1.0]},
    # The default solver takes no shrinkage.
    classical.LinearDiscriminantAnalysis: {
        "solver": ["lsqr"],
        "shrinkage": [None, "auto", 0.1, 0.5, 0.9],
    },
    classical.LinearRegression: {"fit_intercept": [True, False]},
    classical.LinearSVC: {"C": [0.01, 0.1, 1.0, 10.0]},
    classical.LinearSVR: {"C": [0.1, 1.0, 10.0, 100.0], "epsilon": [0.0, 0.1]},
    classical.LogisticRegression: {"C": [0.01, 0.1, 1.0, 10.0]},
    MultinomialNB: {"alpha": [0.01, 0.1, 0.5, 1.0]},
    classical.NearestCentroid: {"metric": ["euclidean", "manhattan"]},
    classical.PCA: {"n_components": [0.8, 0.9, 0.95, 0.99]},
    classical.Perceptron: {"penalty": ["l1", "l2"], "alpha": [1e-6, 1e-5, 1e-4]},
    _FOREST_CLASSIFIER: {"max_features": ["sqrt", 0.3], "min_samples_leaf": [1, 3, 10]},
    _FOREST_REGRESSOR: {"max_features": [0.3, 1.0], "min_samples_leaf": [1, 3, 10]},
    classical.Ridge: {"alpha": [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]},
    classical.SGDClassifier: {"loss": ["hinge", "log_loss"], "alpha": [1e-5, 1e-4, 1e-3, 1e-2]},
    classical.SGDRegressor: {"penalty": ["l1", "l2"], "alpha": [1e-5, 1e-4, 1e-3, 1e-2]},
    classical.SVC: {"C": [1.0, 10.0, 100.0], "gamma": ["scale", 1e-3, 1e-2, 0.1]},
    classical.SVR: {"C": [1.0, 10.0, 100.0], "epsilon": [0.01, 0.1], "gamma": ["scale", 0.01]},
}


def search_grid(estimator: Any) -> Grid:
    """Return a small ``param_grid`` to begin a grid search with.

    The values cover the usual range on scaled data, in at most about twelve combinations. Remove
    the slow ones, and add more around the best.

    Parameters
    ----------
    estimator : estimator instance
        One of ``skdl.estimators``, scikit-learn's ``MultinomialNB``, or a Pipeline or
        meta-estimator with one of them at its end. There is none for voting and stacking, whose
        members have the parameters (``StackingRegressor`` names them ``ridge__alpha``), and for
        clusterings, which no score of a search can judge.

    Returns
    -------
    grid : dict of str to list
        For ``GridSearchCV(estimator, grid)``: names are those of ``estimator.get_params()``,
        ``cnnclassifier__augment`` in a Pipeline. A new dict, which may be changed.

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
    The grid of a ``CNNClassifier`` with a ``backbone`` or a callable ``architecture``, and of a
    ``TransformerClassifier`` with ``pretrained``, keeps that network: it varies how much of it is
    frozen or how it is augmented, and the learning rate.

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


def _grid_of(model: Any) -> Grid:
    """The grid that an estimator of skdl gives, or that of a classical one."""
    if hasattr(model, "_search_grid"):
        own: Grid = model._search_grid()
        return own
    for base in type(model).__mro__:
        grid = CLASSICAL_GRIDS.get(base, {})
        if grid and set(grid) <= set(model.get_params()):  # LogisticRegressionCV has no C
            return grid
    raise TypeError(
        f"There is no grid for {type(model).__name__}. Write param_grid yourself: a dict from "
        "names of parameters to lists of values."
    )
