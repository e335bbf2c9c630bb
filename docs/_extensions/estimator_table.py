"""The directive ``estimator-table``: what each estimator takes, as its tags and class say."""

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from skdl import estimators

KINDS = {
    "sequences": "series",
    "signals": "signals",
    "images": "images",
    "texts": "text",
    "tables": "tables",
    "documents": "documents",
}
COLUMNS = (
    "estimator",
    "task",
    "X",
    "unequal lengths",
    "missing values",
    "``sample_weight``",
    "several targets",
    "quantiles",
    "``partial_fit``",
    "CUDA",
)


def kinds_of(estimator):
    known = getattr(estimator, "_input_kinds", None)
    if known is None:
        return "tables"
    return ", ".join(title for kind, title in KINDS.items() if kind in known)


def row_of(name):
    """One row of the table, in the order of ``COLUMNS``."""
    estimator = getattr(estimators, name)()
    tags, is_deep = get_tags(estimator), hasattr(estimator, "_input_kinds")
    role = f":class:`~skdl.estimators.{name}`" if is_deep else f"``{name}``"
    facts = (
        "ragged" in getattr(estimator, "_input_kinds", ()),
        tags.input_tags.allow_nan,
        has_fit_parameter(estimator, "sample_weight"),
        tags.target_tags.multi_output,
        hasattr(estimator, "predict_quantiles"),
        hasattr(estimator, "partial_fit"),
        "device" in estimator.get_params(),
    )
    kinds = kinds_of(estimator)
    return (role, tags.estimator_type or "transformer", kinds, *("yes" if f else "" for f in facts))


def names_of(which):
    deep = [n for n in estimators.__all__ if hasattr(getattr(estimators, n), "_input_kinds")]
    return deep if which == "deep" else [n for n in estimators.__all__ if n not in deep]


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
