"""Short summaries of runs and labelled frames, as text and for notebooks. No patient's values."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd

from trdanalysis.report import words

_LABELS = ("trd", "not_trd", "indeterminate")


def count_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """Count labels by definition, in the order of the labels' rows; counts of patients."""
    counted = pd.crosstab(pd.Series(labels["definition"]), pd.Series(labels["label"]))
    return counted.reindex(columns=list(_LABELS), fill_value=0)


def describe_labelled(
    definitions: Sequence[str],
    balance: pd.DataFrame,
    counts: pd.DataFrame,
    *,
    as_html: bool = False,
) -> str:
    """Describe frames that were labelled: what was taken in, and how many have which label.

    Parameters
    ----------
    definitions
        Ids, the primary first.
    balance
        See :attr:`trdanalysis.interface.labelled.Labelled.balance`.
    counts
        What :func:`count_labels` gives.
    as_html
        Whether to describe it for a notebook.
    """
    rows = [
        (str(row.table),
         f"{row.rows_in} rows in = {row.accepted} accepted + {row.duplicates} duplicates"
         f" + {row.quarantined} quarantined; {row.cells_set_unknown} cells set unknown")
        for row in balance.itertuples()
    ]  # fmt: skip
    rows += _labels_told(definitions, counts)
    rows.append(("disclosure", "none: counts and rates of these labels must not leave the site"))
    return _render("Labelled frames", rows, as_html=as_html)


def describe_run(
    folder: str,
    facts: Sequence[tuple[str, str]],
    definitions: Sequence[str],
    counts: pd.DataFrame | None,
    *,
    as_html: bool = False,
) -> str:
    """Describe a run: where it lies, its drops, what may leave, its labels.

    Parameters
    ----------
    folder
        The folder of results.
    facts
        What is said of it: name, text.
    definitions
        Ids, the primary first.
    counts
        Labels by definition, as published; hidden counts are missing. None: not known.
    as_html
        Whether to describe it for a notebook.
    """
    rows = [*facts, *(_labels_told(definitions, counts) if counts is not None else ())]
    return _render(f"Run in {folder}", rows, as_html=as_html)


def _labels_told(definitions: Sequence[str], counts: pd.DataFrame) -> list[tuple[str, str]]:
    told = []
    for place, name in enumerate(definitions):
        if name in counts.index:
            numbers = ", ".join(
                f"{words.HIDDEN if pd.isna(count) else int(count)} {label}"
                for label, count in zip(_LABELS, counts.loc[name, list(_LABELS)], strict=True)
            )
        else:
            numbers = "nobody"
        told.append((f"{name} (primary)" if place == 0 else name, numbers))
    return told


def _render(title: str, rows: Sequence[tuple[str, str]], *, as_html: bool) -> str:
    if not as_html:
        return "\n".join([title, *(f"  {name}: {text}" for name, text in rows)])
    cells = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in rows
    )
    return f'<table><caption style="text-align:left">{escape(title)}</caption>{cells}</table>'
