"""What the report says of the multiverse: its curve, its range, and what moves it most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from trdanalysis.report import words
from trdanalysis.report.tables import Table

if TYPE_CHECKING:
    from trdanalysis.report.drawing.specification import Specification

#: The axes behind a label, and what they are called.
_AXES = {
    "min_failures": "Failures",
    "nonresponse": "Non-response",
    "first_line": "Drugs counted",
    "dose_table": "Minimum dose",
    "min_weeks": "Duration",
    "min_adherence": "Adherence",
    "distinct_by": "Different",
    "same_episode": "In one episode",
}

_LEVELS = {
    ("nonresponse", "25"): "under 25% lost",
    ("nonresponse", "50"): "under 50% lost",
    ("nonresponse", "remission"): "no remission",
    ("dose_table", "none"): "not asked",
    ("min_adherence", "none"): "not asked",
    ("distinct_by", "ingredient"): "ingredients",
    ("distinct_by", "moiety"): "moieties",
    ("distinct_by", "class"): "classes",
    ("same_episode", "True"): "yes",
    ("same_episode", "False"): "no",
    ("first_line", "core"): "core first-line",
    ("first_line", "broad"): "first-line",
    ("first_line", "any"): "any",
}


def make_multiverse(cells: pd.DataFrame, definition: str) -> dict[str, Any]:
    """Make what the section on the multiverse shows.

    Parameters
    ----------
    cells
        multiverse.csv, after disclosure control.
    definition
        The primary definition.

    Returns
    -------
    dict
        ``figure``; ``sentences``; ``axes``, a table; ``n_cells``.
    """
    # What draws takes a second to import: who only writes tables does without.
    from trdanalysis.report.drawing.specification import render_specification

    labels, shown = label_cells(cells)
    reference = float(cells["reference"].iloc[0]) if len(cells) else np.nan
    return {
        "n_cells": len(cells),
        "n_labels": len(labels),
        "sentences": tell_multiverse(cells, definition),
        "axes": axes_table(shown),
        "figure": Markup(
            render_specification(
                specification_of(shown),
                reference=reference,
                title="Rate of treatment resistance in every cell of the grid, sorted, above the"
                " thresholds behind it; the sentences and the table beside say what it shows",
                name="multiverse",
            )  # fmt: skip
        ),
    }


def label_cells(cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the cells of labels, and of these the ones that are shown, from the lowest rate."""
    labels = cells[cells["unknown"] == "kleene"]
    return labels, labels[labels["status"] == "ok"].sort_values("rate", kind="stable")


def tell_multiverse(cells: pd.DataFrame, definition: str) -> list[str]:
    """Say in sentences what the multiverse shows; none where no cell is shown.

    Parameters are those of :func:`make_multiverse`.
    """
    labels, shown = label_cells(cells)
    if shown.empty:
        return []
    return _sentences(cells, labels, shown, definition, float(cells["reference"].iloc[0]))


def _level(axis: str, level: Any) -> str:
    text = str(level)
    if (axis, text) in _LEVELS:
        return _LEVELS[axis, text]
    if axis == "min_weeks":
        return f"{text} weeks"
    if axis == "min_failures":
        return f"{text} or more"
    if axis == "min_adherence":
        return f"{words.percent(float(text), 0)} or more"
    return text


def specification_of(shown: pd.DataFrame) -> Specification:
    """Give what the figure shows of the cells, which are sorted by their rate."""
    from trdanalysis.report.drawing.specification import Axis, Specification

    primary = np.flatnonzero(shown["is_primary"].to_numpy(dtype=bool))
    place = int(primary[0]) if len(primary) else None
    axes = []
    for name, about in _AXES.items():
        levels = _levels(shown, name)
        chosen = shown[name].map({level: at for at, level in enumerate(levels)}).to_numpy(np.int64)
        own = None if place is None else int(chosen[place])
        axes.append(Axis(about, [_level(name, level) for level in levels], chosen, own))
    rate, low, high, most = (
        shown[name].to_numpy(dtype=float) for name in ("rate", "ci_low", "ci_high", "bound_high")
    )
    return Specification(rate, low, high, most, axes, place)


def _sentences(
    cells: pd.DataFrame,
    labels: pd.DataFrame,
    shown: pd.DataFrame,
    definition: str,
    reference: float,
) -> list[str]:
    rate = shown["rate"]
    low, middle, high = (words.percent(rate.quantile(share)) for share in (0.25, 0.5, 0.75))
    told = [
        f"Proven shares of treatment-resistant patients run from {words.percent(rate.min())} to"
        f" {words.percent(rate.max())} over {words.count(len(shown))} cells; the middle half lies"
        f" between {low} and {high}, half of all below {middle}."
    ]
    gone = len(labels) - len(shown)
    if gone:
        are = "cell is" if gone == 1 else "cells are"
        told.append(f"{words.count(gone)} {are} hidden and no part of any of these numbers.")
    figure = words.percent(reference, 0)
    below, above = (shown["ci_high"] < reference).mean(), (shown["ci_low"] > reference).mean()
    told.append(
        f"In {words.percent(below + above)} of the cells the 95% interval of the proven share"
        f" excludes {figure}: it lies below in {words.percent(below)} and above in"
        f" {words.percent(above)}."
    )
    high_bounds = cells[(cells["unknown"] == "assume_bad") & (cells["status"] == "ok")]
    if len(high_bounds):
        holds = (high_bounds["ci_high"] < reference).mean()
        told.append(
            f"A proven share is a lower bound. Were every unknown read for resistance, the interval"
            f" would lie below {figure} in {words.percent(holds)} of the cells."
        )
    return [*told, _about_primary(shown, labels, definition), _about_axes(shown)]


def _about_primary(shown: pd.DataFrame, labels: pd.DataFrame, definition: str) -> str:
    own = shown[shown["is_primary"].to_numpy(dtype=bool)]
    if len(own):
        row = own.iloc[0]
        lower = int((shown["rate"] < row["rate"]).sum())
        return (
            f"The primary cell, whose thresholds are those of {definition}, has"
            f" {words.percent(row['rate'])}"
            f" ({words.percent_range(row['ci_low'], row['ci_high'])});"
            f" {words.percent(lower / len(shown), 0)} of the cells have less."
        )
    if labels["is_primary"].any():
        return "The primary cell is hidden: a count in it is too small to be shown."
    return (
        f"No cell is marked as primary: the grid does not have the thresholds of {definition}, or"
        " cannot express its rules."
    )


def _about_axes(shown: pd.DataFrame) -> str:
    means = _mean_rates(shown)
    name = max(means, key=lambda one: _range(means[one]))
    if not _range(means[name]):
        return "No choice moves the rate."
    ends = sorted(means[name], key=lambda pair: pair[1])
    least, most = (f"{words.percent(rate)} ({level})" for level, rate in (ends[0], ends[-1]))
    return (
        f"What moves the rate most is “{_AXES[name].lower()}”: its mean over the cells goes from"
        f" {least} to {most}."
    )


def _mean_rates(shown: pd.DataFrame) -> dict[str, list[tuple[str, float]]]:
    """Give the mean rate of the cells at each level of each axis, in the order of the grid."""
    return {
        axis: [
            (_level(axis, level), float(shown.loc[shown[axis] == level, "rate"].mean()))
            for level in _levels(shown, axis)
        ]
        for axis in _AXES
    }


def _levels(shown: pd.DataFrame, axis: str) -> list[Any]:
    """Give the levels of an axis in the order of the grid, which is that of the rows' numbers."""
    return list(dict.fromkeys(shown.sort_index()[axis]))


def _range(means: list[tuple[str, float]]) -> float:
    rates = [rate for _, rate in means]
    return max(rates) - min(rates)


def axes_table(shown: pd.DataFrame) -> Table:
    """Write the mean rate of the cells at each level, the axis that moves it most first."""
    means = {} if shown.empty else _mean_rates(shown)
    return Table(
        "Mean rate of the cells by threshold, and how far it moves (percentage points)",
        ("Threshold", "mean rate of the cells", "range"),
        [
            [
                _AXES[name],
                "; ".join(f"{level}: {words.percent(rate)}" for level, rate in means[name]),
                words.points(_range(means[name])).lstrip("+"),
            ]
            for name in sorted(means, key=lambda one: -_range(means[one]))
        ],
        frozenset({0, 1}),
    )
