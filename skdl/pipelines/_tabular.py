"""Pipelines that let any estimator take a table with columns of several types."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from ._preparation import Preparation, preparation_of

_DATES = ["datetime", "datetimetz", "timedelta"]
_NUMBERS = ["number", "bool"]


def make_tabular_pipeline(estimator: Any, *, max_categories: int | None = 50) -> Pipeline:
    """Wrap an estimator so that it takes a DataFrame with columns of several types.

    Columns are chosen by their dtype when the pipeline is fitted, so that no list of columns is
    needed. They are prepared as the estimator needs:

    =========================== ========================= ==============================
    columns                     trees, forests, boosting, all others, deep ones among
                                Dummy                     them
    =========================== ========================= ==============================
    numbers, booleans           median for missing        the same
                                values, and a 0/1 column
                                that marks them
    dates and durations         days (since 1970 for      the same
                                dates), then as numbers
    all others (text, category) ordinal codes             one-hot columns
    scaling of the numbers      none                      zero mean, unit variance
    =========================== ========================= ==============================

    Numbers are not scaled either for estimators that declare, by scikit-learn's tag, to take
    positive numbers only.

    skdl's ``MLPClassifier`` and ``MLPRegressor`` take such tables as they are: nothing stands
    before them.

    Trees and their ensembles are the estimators with a parameter ``max_depth`` or
    ``n_estimators``; dummies have scikit-learn's tag ``no_validation``.

    A missing category is a category of its own. A category first seen in ``predict`` is -1 in
    ordinal codes; in one-hot columns it is treated as a rare one, or is all zeros where there are
    none. Ordinal codes follow the sorted names of the categories. A meta-estimator (GridSearchCV,
    TransformedTargetRegressor ...) or a Pipeline is treated as what it wraps.

    Parameters
    ----------
    estimator : estimator instance
        The last step. It is not copied.
    max_categories : int or None, default=50
        Maximum number of codes or one-hot columns of one column, at least 2; the rarest categories
        share one. None sets no limit.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        The steps ``columntransformer``, unless the estimator needs none, and the lowercase class
        name of the estimator, so that a grid names ``ridge__alpha``, or
        ``columntransformer__numbers__simpleimputer__strategy``. It takes DataFrames of shape
        (n_samples, n_columns), and hands the estimator a dense array.

    Raises
    ------
    TypeError
        If ``estimator`` is a class or has no ``fit``.
    ValueError
        From ``fit``, if X is not a DataFrame.

    See Also
    --------
    make_sequence_pipeline : The same for sequences and images.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdl.estimators import DecisionTreeRegressor, Ridge
    >>> from skdl.pipelines import make_tabular_pipeline
    >>> flats = pd.DataFrame({
    ...     "area": [30.0, 45.0, None, 80.0, 120.0, 60.0],
    ...     "city": ["Lyon", "Paris", "Paris", None, "Lyon", "Lyon"],
    ...     "built": pd.to_datetime(["1990", "1975", "2001", "2010", "1966", "1999"]),
    ... })
    >>> rent = [420, 990, 1300, 1500, 1350, 800]
    >>> for estimator in (Ridge(), DecisionTreeRegressor(random_state=0)):
    ...     model = make_tabular_pipeline(estimator).fit(flats, rent)
    ...     model[:-1].transform(flats).shape
    (6, 6)
    (6, 4)
    """
    preparation = preparation_of(estimator)
    if preparation is Preparation.ANY_TABLE:
        return make_pipeline(estimator)
    scaling = [] if preparation in (Preparation.TREE, Preparation.UNSCALED) else [StandardScaler()]
    encoder = (
        _ordinal(max_categories) if preparation is Preparation.TREE else _one_hot(max_categories)
    )
    columns = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(_imputer(), *scaling),
                make_column_selector(dtype_include=_NUMBERS, dtype_exclude=_DATES),
            ),
            (
                "dates",
                make_pipeline(_transformer(_as_days), _imputer(), *scaling),
                make_column_selector(dtype_include=_DATES),
            ),
            (
                "categories",
                make_pipeline(_transformer(_as_objects), encoder),
                make_column_selector(dtype_exclude=_NUMBERS + _DATES),
            ),
        ]
    )
    return make_pipeline(columns, estimator)


def _imputer() -> SimpleImputer:
    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)


def _one_hot(max_categories: int | None) -> OneHotEncoder:
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=max_categories, sparse_output=False
    )


def _ordinal(max_categories: int | None) -> OrdinalEncoder:
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-2,
        max_categories=max_categories,
    )


def _transformer(function: Any) -> FunctionTransformer:
    return FunctionTransformer(function, feature_names_out="one-to-one")


def _as_days(X: pd.DataFrame) -> pd.DataFrame:
    """Turn dates into days since 1970 (UTC) and durations into days; missing ones into NaN."""

    def days(column: pd.Series) -> pd.Series:
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            column = column.dt.tz_convert(None)
        if column.dtype.kind == "M":
            column = column - pd.Timestamp(0)
        return column / pd.Timedelta(days=1)

    return X.apply(days)


def _as_objects(X: pd.DataFrame) -> pd.DataFrame:
    """Categories of any dtype as Python objects, with NaN for every kind of missing value."""
    return X.astype(object).where(X.notna(), np.nan)
