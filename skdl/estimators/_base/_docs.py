"""The class decorator of estimators: ``__init__``, constraints and docstring from declarations."""

from __future__ import annotations

import inspect
import re
from dataclasses import MISSING, Field, dataclass, field, fields
from textwrap import dedent, fill, indent
from typing import Any, dataclass_transform

SECTIONS = ("Parameters", "Attributes")
# An entry of a section: "name : type" or "name, other : type", then indented lines.
ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*) : (?P<kind>.+)$", re.MULTILINE)
# A sentence of a description that says what "auto" means.
AUTO = re.compile(r'(?:(?<=\.)\s+|\A)"auto" .*?\.(?=\s|\Z)', re.DOTALL)
WIDTH = 92  # of a line of a description, as in the source
UNDERLINED = r"^{title}\n-+\n(?P<body>.*?)(?=^\S[^\n]*\n-+\n|\Z)"

Entries = dict[str, tuple[str, str]]  # name -> (type, description)


@dataclass_transform(field_specifiers=(field,))
def deep_estimator(cls: type) -> type:
    """Make a class of annotated parameters an estimator, or a base of estimators.

    - ``__init__`` only assigns, as scikit-learn wants it, and is written from the annotations by
      ``dataclass``. Parameters are keyword-only but for those before ``_: KW_ONLY``; one to which
      a subclass gives another default stays as it was declared.
    - The parameter constraints of all bases are joined, and so are the names in ``_changeable``.
    - The sections Parameters and Attributes of the docstring gain those of the bases. Where a
      base describes a name too, the words of the class follow those of the base; a sentence of
      theirs that begins with "auto" takes the place of that of the base. Defaults are those of
      the signature.

    Raises
    ------
    TypeError
        If a parameter has no description, or is described twice in one docstring, or what is
        described is none; if the class sets an inherited parameter without an annotation, which
        would be no new default.
    """
    constraints: dict[str, list[object]] = {}
    changeable: set[str] = set()
    for base in reversed(cls.__mro__):
        constraints.update(vars(base).get("_parameter_constraints", {}))
        changeable |= vars(base).get("_changeable", frozenset())
    cls._parameter_constraints = constraints  # type: ignore[attr-defined]
    cls._changeable = frozenset(changeable)  # type: ignore[attr-defined]
    _keep_kinds(cls)
    marked = any("KW_ONLY" in str(kind) for kind in inspect.get_annotations(cls).values())
    described = {title: entries_of(cls.__doc__ or "", title) for title in SECTIONS}
    cls = dataclass(kw_only=not marked, repr=False, eq=False, match_args=False)(cls)
    _check_told(cls, described["Parameters"])
    init: Any = vars(cls)["__init__"]
    init.__signature__ = _own_first(cls, inspect.signature(init))
    cls._described = described  # type: ignore[attr-defined]
    cls.__doc__ = _joined(cls)
    return cls


def _keep_kinds(cls: type) -> None:
    """Inherited parameters with a new default stay keyword-only, or positional."""
    inherited: dict[str, Field[Any]] = {}
    for base in reversed(cls.__mro__[1:]):
        if "__dataclass_fields__" in vars(base):
            inherited.update({known.name: known for known in fields(base)})
    if bare := set(inherited) & set(vars(cls)) - set(inspect.get_annotations(cls)):
        raise TypeError(
            f"{cls.__name__} sets {', '.join(sorted(bare))} without an annotation, which gives no "
            "parameter a new default. Annotate it, as in `lr: float = 0.1`."
        )
    for name in inspect.get_annotations(cls):
        default = vars(cls).get(name, MISSING)
        if name in inherited and not isinstance(default, Field):
            setattr(cls, name, field(default=default, kw_only=bool(inherited[name].kw_only)))


def _check_told(cls: type, described: Entries) -> None:
    """Raise TypeError where a class describes what is no parameter."""
    parameters = {known.name for known in fields(cls) if known.init}
    told = {name for names in described for name in names.split(", ")}
    if unknown := told - parameters:
        raise TypeError(
            f"{cls.__name__} describes {', '.join(sorted(unknown))}, which is no parameter: "
            "declare it with an annotation and a default, as in `width: int = 16`."
        )


def _own_first(cls: type, signature: inspect.Signature) -> inspect.Signature:
    """Parameters in the order of the classes that declare them, from the class to its bases.

    A parameter stands where the first class of the bases declares it. One of ``DeepEstimator``,
    the base that has ``_last_parameters``, stands where a family declares it again, if one does;
    those that ``_last_parameters`` names come last.
    """
    rank: dict[str, tuple[int, int]] = {}
    for place, base in enumerate(cls.__mro__):
        if "__dataclass_fields__" in vars(base):
            found = {name: (place, i) for i, name in enumerate(inspect.get_annotations(base))}
            rank = found | rank if "_last_parameters" in vars(base) else rank | found
    last: tuple[str, ...] = getattr(cls, "_last_parameters", ())
    rank |= {name: (len(cls.__mro__), i) for i, name in enumerate(last)}
    ordered = sorted(signature.parameters.values(), key=lambda p: (p.kind, rank.get(p.name, (-1,))))
    return signature.replace(parameters=ordered)


def entries_of(doc: str, title: str) -> Entries:
    """The entries of a section of a docstring, in order.

    Raises
    ------
    TypeError
        If a name stands there twice.
    """
    found = re.search(
        UNDERLINED.format(title=title), inspect.cleandoc(doc), re.DOTALL | re.MULTILINE
    )
    if found is None:
        return {}
    body, entries = found["body"], list(ENTRY.finditer(found["body"]))
    ends = [entry.start() for entry in entries[1:]] + [len(body)]
    described: Entries = {}
    for entry, end in zip(entries, ends, strict=True):
        if entry["names"] in described:
            raise TypeError(f"{entry['names']} is described twice in the section {title}.")
        described[entry["names"]] = entry["kind"], dedent(body[entry.end() : end]).strip()
    return described


def _of_all_bases(cls: type, title: str) -> Entries:
    """Entries of a class and its bases, the words of bases first."""
    entries: Entries = {}
    for base in cls.__mro__:
        for names, (kind, text) in own_entries(base, title).items():
            if names in entries:
                kind, addition = entries[names]
                text = _with_addition(text, addition)
            entries[names] = kind, text
    return entries


def own_entries(cls: type, title: str) -> Entries:
    """What a class itself describes, without its bases."""
    own: Entries | None = vars(cls).get("_described", {}).get(title)
    return entries_of(cls.__doc__ or "", title) if own is None else own


def _with_addition(text: str, addition: str) -> str:
    """The words of a base and those of a class on the same name, as one paragraph."""
    if AUTO.search(addition):
        text = AUTO.sub("", text)
    *before, last = text.split("\n\n")
    first, *after = addition.split("\n\n")
    both = fill(f"{last} {first}".strip(), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join([*before, both, *after])


def _joined(cls: type) -> str:
    """The docstring of a class with the sections of its bases."""
    doc = inspect.cleandoc(cls.__doc__ or "")
    for title in SECTIONS:
        doc = re.sub(UNDERLINED.format(title=title), "", doc, flags=re.DOTALL | re.MULTILINE)
    first = re.search(r"^\S[^\n]*\n-+\n", doc, re.MULTILINE)
    at = first.start() if first else len(doc)
    parts = [doc[:at].strip(), _parameters(cls), _attributes(cls), doc[at:].strip()]
    return "\n\n".join(part for part in parts if part)


def _parameters(cls: type) -> str:
    described, entries = _of_all_bases(cls, "Parameters"), []
    for name, parameter in inspect.signature(cls).parameters.items():
        if name not in described:
            raise TypeError(
                f"{cls.__name__} declares the parameter {name}, which no docstring describes: add "
                f'it to the section "Parameters" of the class that declares it.'
            )
        kind, text = described[name]
        kind = re.sub(r", default=.*$", "", kind)
        default = parameter.default
        shown = f'"{default}"' if isinstance(default, str) else default
        entries.append((name, f"{kind}, default={shown}", text))
    return _section("Parameters", entries)


def _attributes(cls: type) -> str:
    entries = _of_all_bases(cls, "Attributes").items()
    return _section("Attributes", [(names, *entry) for names, entry in entries])


def _section(title: str, entries: list[tuple[str, str, str]]) -> str:
    if not entries:
        return ""
    lines = [f"{name} : {kind}\n{indent(text, '    ')}" for name, kind, text in entries]
    return f"{title}\n{'-' * len(title)}\n" + "\n".join(lines)
