"""The directive ``estimator-table``: what each estimator takes, by its tags and by its tests.

Kinds of data, and whether scikit-learn's checks pass, are read from the table of instances that the
tests hold the laws against.
"""

import sys
from inspect import signature
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sklearn.utils import get_tags

from skdl import estimators

sys.path.append(str(Path(__file__).parents[2]))
from tests.catalogue import instance_of
from tests.laws.instances import CHECKS, TABLE
from tests.laws.kinds import KINDS as TESTED

KINDS = {
    "sequences": "series",
    "signals": "signals",
    "images": "images",
    "texts": "text",
    "tables": "tables",
    "mixed tables": "tables of any columns",
    "documents": "documents",
}
COLUMNS = (
    "estimator",
    "task",
    "X",
    "unequal lengths",
    "missing values",
    "weights",
    "several targets",
    "quantiles",
    "``partial_fit``",
    "CUDA",
    "checks",
)


def row_of(name):
    """One row of the table, in the order of ``COLUMNS``."""
    estimator = instance_of(name)
    tags, tested = get_tags(estimator), tested_on(type(estimator))
    kinds = {TESTED[each].input_kind for each in tested & TESTED.keys()} or {"tables"}
    role = f":class:`~skdl.estimators.{name}`" if is_deep(name) else f"``{name}``"
    known = ", ".join(title for kind, title in KINDS.items() if kind in kinds)
    facts = (
        "ragged" in kinds,
        tags.input_tags.allow_nan,
        takes_weights(estimator),
        tags.target_tags.multi_output,
        hasattr(type(estimator), "predict_quantiles"),  # of an instance: with that loss alone
        hasattr(estimator, "partial_fit"),
        "device" in estimator.get_params(),
        not is_deep(name) or CHECKS in tested,
    )
    return (role, tags.estimator_type or "transformer", known, *("yes" if f else "" for f in facts))


def takes_weights(estimator):
    """Whether ``fit`` has the parameter; voting and stacking hand on what their members take."""
    parameters = signature(estimator.fit).parameters
    return "sample_weight" in parameters or "fit_params" in parameters


def tested_on(cls):
    """All that rows of the tests' table hold instances of the class against."""
    rows = (against for estimator, *against in TABLE if type(estimator) is cls)
    return {each for against in rows for each in against if isinstance(each, str)}


def is_deep(name):
    return hasattr(getattr(estimators, name), "_input_kinds")


def names_of(which):
    return [name for name in estimators.__all__ if is_deep(name) == (which == "deep")]


class EstimatorTable(Directive):
    """``.. estimator-table:: deep`` or ``classical``."""

    required_arguments = 1

    def run(self):
        lines = [".. list-table::", "   :header-rows: 1", ""]
        for row in (COLUMNS, *map(row_of, names_of(self.arguments[0]))):
            lines += [f"   {'*' if not place else ' '} - {cell}" for place, cell in enumerate(row)]
        node = nodes.container(classes=["wide-table"])
        self.state.nested_parse(StringList(lines, "estimator-table"), 0, node)
        return [node]


def setup(app):
    app.add_directive("estimator-table", EstimatorTable)
    return {"parallel_read_safe": True}
