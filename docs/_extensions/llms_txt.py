"""``llms.txt`` beside the pages: an index of them in Markdown (https://llmstxt.org)."""

from pathlib import Path

from docutils import nodes

INTRODUCTION = """# skdl

> Deep estimators that behave like scikit-learn's: LSTM and GRU networks, convolutional networks,
> Transformers and word vectors in Pipelines, `cross_val_score` and `GridSearchCV`, beside
> scikit-learn's own estimators.

## Pages
"""


def first_sentence(doctree):
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.Admonition):  # the gallery's own, of downloads
            continue
        text = " ".join(paragraph.astext().split())
        return text.split(". ")[0].rstrip(".") + "."
    return ""


def write(app, exception):
    if exception or app.builder.format != "html":
        return
    lines = [INTRODUCTION]
    for page in sorted(app.env.found_docs):
        if page.startswith("auto_examples/sg_"):
            continue
        title = app.env.titles[page].astext()
        text = first_sentence(app.env.get_doctree(page))
        lines.append(f"- [{title}]({page}.html): {text}")
    Path(app.outdir, "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def setup(app):
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
