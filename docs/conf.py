"""Configuration of the documentation: Sphinx with numpydoc and a gallery of the examples."""

import os
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

import skdl  # noqa: E402

project = "skdl"
author = "the skdl developers"
project_copyright = "the skdl developers"
version = release = skdl.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "estimator_table",
    "results",
    "llms_txt",
]
# The inventories of other projects are fetched, which an offline build cannot.
if os.environ.get("SKDL_DOCS_ONLINE"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "skorch": ("https://skorch.readthedocs.io/en/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
    }
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(numpy|np|pandas|pd|scipy|sklearn|skorch|torch|nn|matplotlib|joblib)\..*"),
    (r"py:(class|obj)", r"(?!skdl).*"),
]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_examples/*.ipynb", "README.md"]
default_role = "literal"
html_theme = "pydata_sphinx_theme"
html_context = {"default_mode": "auto"}
html_title = f"skdl {release}"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["skdl.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "benchmarks/index": [], "estimators": []}

toc_object_entries_show_parents = "hide"
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
# Inherited from scikit-learn, and described there.
OF_SCIKIT_LEARN = {"get_metadata_routing", "get_params", "set_params", "set_output"}

# Examples ----------------------------------------------------------------------------------------

# Those that fetch data are run where SKDL_DATA names a folder, and shown without output elsewhere.
FETCH = "(?!sensor_windows|appliance_currents)"
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": "/examples/" + ("" if os.environ.get("SKDL_DATA") else FETCH),
    "within_subsection_order": "FileNameSortKey",
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "abort_on_example_error": True,
    "min_reported_time": 1,
    "image_scrapers": ("matplotlib",),
    "plot_gallery": "True",
}


def of_scikit_learn(app, what, name, member, skip, options):
    """Leave out what every estimator has from scikit-learn."""
    return True if name in OF_SCIKIT_LEARN or re.fullmatch(r"set_\w+_request", name) else skip


def without_roles_of_others(app, what, name, member, options, lines):
    """Text in place of labels and formulas, in docstrings of methods that scikit-learn has.

    Its labels are not on these pages, and formulas would need a script from elsewhere.
    """
    if getattr(member, "__module__", "").startswith("sklearn"):
        lines[:] = [
            re.sub(
                r":math:`([^`]*)`", r"``\1``", re.sub(r":ref:`([^`<]+?)\s*(<[^`]*>)?`", r"\1", line)
            )
            for line in lines
        ]


def setup(app):
    app.connect("autodoc-skip-member", of_scikit_learn)
    app.connect("autodoc-process-docstring", without_roles_of_others)
