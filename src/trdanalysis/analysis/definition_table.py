"""The table of definitions: how many patients each one calls treatment-resistant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.states import UNKNOWN
from trdanalysis.labelling.labels import NO_GRADE

#: Columns of definitions.csv, in order.
DEFINITION_COLUMNS = (
    "definition",
    "title",
    "citation",
    "status",
    "unconfirmed",
    "n",
    "trd",
    "not_trd",
    "indeterminate",
    "missing_columns",
)

_LABELS = ("trd", "not_trd", "indeterminate")


def estimate_definitions(
    labels: ir.Table, definitions: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Count the labels of every definition.

    Parameters
    ----------
    labels
        One row per patient and definition: ``definition``, ``label``.
    definitions
        One mapping per definition, in the order of the rows: ``definition`` (its id), ``title``,
        ``citation``, ``status``, ``unconfirmed`` and ``missing_columns`` (a text, or words that are
        joined by ``"; "``). All but the id may be absent.

    Returns
    -------
    DataFrame
        One row per definition with :data:`DEFINITION_COLUMNS`. ``n`` is everybody labelled, of any
        age, and is the sum of the three labels: what is unknown is ``indeterminate``. Empty text
        cells: nothing to say. A definition by which nobody was labelled has zeros.
    """
    counts = {label: labels.count(where=labels.label == label) for label in _LABELS}
    counted = (
        labels.group_by("definition")
        .agg(n=labels.count(), **counts)
        .to_pyarrow()
        .to_pandas()
        .set_index("definition")
        .reindex([each["definition"] for each in definitions], fill_value=0)
        .astype("Int64")
        .reset_index()
    )
    for column in ("title", "citation", "status", "unconfirmed", "missing_columns"):
        texts = [_join(each.get(column)) for each in definitions]
        counted[column] = pd.Series(texts, dtype="str")
    return counted[list(DEFINITION_COLUMNS)]


def _join(value: str | Iterable[str] | None) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return "; ".join(value) or None


def estimate_label_reasons(labels: ir.Table, definitions: Sequence[str]) -> pd.DataFrame:
    """Count the reasons behind the labels.

    Parameters
    ----------
    labels
        One row per patient and definition: ``definition``, ``label``, ``reason``, ``on_defaults``.
    definitions
        Ids in the order of the rows.

    Returns
    -------
    DataFrame
        One row per definition, label and reason that occurs: ``definition``, ``label``, ``reason``,
        ``patients``, and ``on_defaults``, how many of them would have another label if every
        default were unknown. Most frequent first within a label.
    """
    counted = (
        labels.group_by(["definition", "label", "reason"])
        .agg(patients=labels.count(), on_defaults=labels.count(where=labels.on_defaults))
        .to_pyarrow()
        .to_pandas()
    )
    order = {name: place for place, name in enumerate(definitions)}
    places = {name: place for place, name in enumerate(_LABELS)}
    counted = counted.assign(
        first=counted["definition"].map(order),
        second=counted["label"].map(places),
        third=-counted["patients"],
    ).sort_values(["first", "second", "third", "reason"], kind="stable", ignore_index=True)
    counts = {name: counted[name].astype("Int64") for name in ("patients", "on_defaults")}
    return counted.assign(**counts).drop(columns=["first", "second", "third"])


#: Columns of grades.csv, in order.
GRADE_COLUMNS = ("definition", "grade", "n", "status")


def estimate_grades(labels: ir.Table, grades: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Count the classes of patients of the definitions that have any.

    Parameters
    ----------
    labels
        One row per patient and definition: ``definition``, ``grade``.
    grades
        By definition, in the order of the rows, its grades from the highest; those without any may
        be left out.

    Returns
    -------
    DataFrame
        One row a definition and grade, also one that nobody has, with :data:`GRADE_COLUMNS`; then
        ``none`` (certainly none of them) and ``unknown``. The counts of a definition add up to
        everybody labelled.
    """
    own = labels.filter(labels.definition.isin([*grades, ""]))
    counted = own.group_by(["definition", "grade"]).agg(n=own.count()).to_pyarrow().to_pylist()
    numbers = {(row["definition"], row["grade"] or UNKNOWN): row["n"] for row in counted}
    rows = [
        (definition, grade, numbers.get((definition, grade), 0), "ok")
        for definition, own in grades.items()
        for grade in (*own, NO_GRADE, UNKNOWN)
    ]
    return pd.DataFrame(rows, columns=list(GRADE_COLUMNS)).astype(
        {"definition": "str", "grade": "str", "n": "Int64", "status": "str"}
    )
