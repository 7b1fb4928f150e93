"""The figures of a run: what each shows, of whom, and how it is drawn, in one list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.agreement import set_bars, set_rows
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.curves import Curves, draw_curves
from trdanalysis.report.drawing.flow import draw_flow
from trdanalysis.report.drawing.forest import Forest, ForestRow, Scale, draw_forest, ratio_scale
from trdanalysis.report.drawing.nothing import draw_nothing
from trdanalysis.report.drawing.sets import draw_sets
from trdanalysis.report.drawing.sheet import Sheet
from trdanalysis.report.drawing.specification import draw_specification
from trdanalysis.report.drawing.stacks import Stack, draw_stacks
from trdanalysis.report.drawing.style import DOUBLE_MM, SINGLE_MM, Look
from trdanalysis.report.figures import rows
from trdanalysis.report.figures.flow import participant_flow
from trdanalysis.report.making import age_lines, time_lines
from trdanalysis.report.multiverse import label_cells, specification_of
from trdanalysis.report.sections import (
    as_counted,
    benchmark_rows,
    forest_rows,
    headline_forest,
    overall_rates,
)
from trdanalysis.report.statistics import LEAST_AT_RISK, PRIMARY

_RATE_NOTE = (
    "Square and line: rate with its 95% interval. Grey bar: the rate if every unknown were a no,"
    " and if every unknown were a yes. Dashed line and band: the reference and the margin around"
    " it."
)


@dataclass(frozen=True)
class PaperFigure:
    """One figure of a paper.

    Attributes
    ----------
    name
        As in :data:`trdanalysis.layout.FIGURES`: of its files.
    title
        What it is called.
    shown
        What is drawn, and how it is read.
    population, n
        Whom it is of, and how many; ``n`` is empty where the figure itself says it.
    alt
        What is told to those who do not see it.
    why_empty
        Why there is nothing to draw; empty where there is.
    width_mm
        The width it is made for.
    draw
        Draws it; see :meth:`sheet`.
    """

    name: str
    title: str
    shown: str
    population: str
    n: str
    alt: str
    why_empty: str
    draw: Callable[[Look], Sheet] = field(repr=False)
    width_mm: float = DOUBLE_MM

    def sheet(self, look: Look) -> Sheet:
        """Draw it, or the sentence that says why there is nothing to draw."""
        if self.why_empty:
            return draw_nothing(self.title, self.why_empty, look)
        return self.draw(look)

    @property
    def told(self) -> str:
        """What is told to those who do not see it."""
        return self.why_empty or self.alt


_ADULTS = "adults, and patients of unknown age"


def describe_figures(disclosed: Disclosed) -> list[PaperFigure]:
    """Describe every figure.

    Parameters
    ----------
    disclosed
        What they show.

    Returns
    -------
    list of PaperFigure
        In the order of :data:`trdanalysis.layout.FIGURES`; each is there, also where it is empty.
    """
    return [
        _flow(disclosed),
        _headline(disclosed),
        *(_strata(disclosed, name) for name in PRIMARY),
        _adjusted(disclosed),
        _age(disclosed),
        _specification(disclosed),
        _overlap(disclosed),
        _agreement(disclosed),
        _resistance(disclosed),
        _time(disclosed),
        _changes(disclosed),
    ]


def _n_of(disclosed: Disclosed, estimand: str) -> str:
    row = overall_rates(disclosed.tables["rates"], disclosed.primary).get(estimand)
    if row is None:
        return words.NOTHING
    if row["status"] == "suppressed":
        return words.HIDDEN
    return words.count(row["n"])


def _everybody(disclosed: Disclosed) -> str:
    own = disclosed.tables["definitions"].set_index("definition")["n"]
    n = own.get(disclosed.primary)
    return words.HIDDEN if n is None or pd.isna(n) else words.count(n)


def _reference_label(disclosed: Disclosed) -> str:
    return f"reference {words.percent(disclosed.reference, 0)}"


def _told(drawn: Sequence[ForestRow]) -> str:
    """Tell the rows of a forest plot in one sentence each."""
    heading, told = "", []
    for row in drawn:
        if row.is_heading:
            heading = f"{row.label}, "
        else:
            counts = f" ({row.counts})" if row.counts else ""
            told.append(f"{heading}{row.label}: {row.text}{counts}")
    return "; ".join(told)


def _has_marks(drawn: Sequence[ForestRow]) -> bool:
    return any(row.value is not None for row in drawn)


def _flow(disclosed: Disclosed) -> PaperFigure:
    name = PRIMARY[0]
    tables = disclosed.tables
    flow = participant_flow(
        tables["attrition"], tables["rates"], tables["definitions"],
        definition=disclosed.primary, estimand=name,
    )  # fmt: skip
    boxes = "; ".join(", ".join((*step.lines, *step.beside)) for step in flow.steps)
    ends = "; ".join(", ".join(end) for end in flow.ends)
    return PaperFigure(
        "participant-flow",
        "Participant flow",
        "Each box: who is not certainly out after the step. Beside the way to the next: who is"
        " certainly out at it, and of those who go on, how many are unknown in it. The last boxes:"
        " the labels of everybody, of any age.",
        words.ESTIMANDS[name]["population"],
        _n_of(disclosed, name),
        f"Flow diagram. {boxes}. {flow.ends_label}: {ends}.",
        "" if flow.steps else "There is no patient to follow.",
        lambda look: draw_flow(flow, look),
        width_mm=SINGLE_MM,
    )


def _headline(disclosed: Disclosed) -> PaperFigure:
    tables, primary = disclosed.tables, disclosed.primary
    published = benchmark_rows(tables["benchmarks"], disclosed.published, primary)
    drawn = headline_forest(overall_rates(tables["rates"], primary), published)
    note = f"{_RATE_NOTE} Open diamonds: published rates."
    return PaperFigure(
        "headline-rates",
        "Headline rates beside published rates",
        f"{note} Rates marked \N{GREATER-THAN OR EQUAL TO} are proven shares: lower bounds.",
        f"as each line says; {_ADULTS}",
        "",
        f"Forest plot. {_told(drawn)}.",
        "" if _has_marks(drawn) else _none_shown(bool(drawn)),
        lambda look: draw_forest(_shares(disclosed, drawn, note), look),
    )


def _strata(disclosed: Disclosed, name: str) -> PaperFigure:
    rates = disclosed.tables["rates"]
    own = rates[(rates["definition"] == disclosed.primary) & (rates["estimand"] == name)]
    drawn = forest_rows(as_counted(own))
    return PaperFigure(
        f"rates-{words.SHORT[name].replace(' ', '-')}",
        f"{words.ESTIMANDS[name]['title']}, by age and factor group",
        _RATE_NOTE,
        words.ESTIMANDS[name]["population"],
        _n_of(disclosed, name),
        f"Forest plot. {_told(drawn)}.",
        "" if _has_marks(drawn) else _none_shown(bool(drawn)),
        lambda look: draw_forest(_shares(disclosed, drawn, _RATE_NOTE), look),
    )


def _none_shown(has_rows: bool) -> str:
    if has_rows:
        return "Every number is hidden by disclosure control, or there is nobody."
    return "There is no rate to show."


def _shares(disclosed: Disclosed, drawn: list[ForestRow], note: str) -> Forest:
    return Forest(
        drawn, disclosed.reference, disclosed.margin, _reference_label(disclosed), note=note
    )


def _adjusted(disclosed: Disclosed) -> PaperFigure:
    drawn = rows.ratio_rows(disclosed.tables["comparisons"], disclosed.primary)
    covariates = ", ".join(map(words.words, disclosed.settings.get("model_covariates", [])))
    note = (
        "Risk ratios with 95% intervals, modified Poisson regression with robust variance, each"
        " group by itself. n : n, patients on both sides, with everything known."
    )
    adjusted = f" Adjusted for {covariates}; age differences not for age." if covariates else ""
    return PaperFigure(
        "adjusted-ratios",
        "Adjusted risk ratios of non-response: factors present against absent, young adults"
        " against older",
        note + adjusted,
        f"that of each part's rate; {_ADULTS}; everything known",
        "beside each row: with the factor, and without",
        f"Forest plot of risk ratios. {_told(drawn)}.",
        ""
        if _has_marks(drawn)
        else "No adjusted comparison could be made, or every one is hidden by disclosure control.",
        lambda look: draw_forest(
            Forest(drawn, 1.0, None, "no difference", ratio_scale(drawn),
                   ("n : n", "ratio (95% interval)"), note),
            look,
        ),
    )  # fmt: skip


def _age(disclosed: Disclosed) -> PaperFigure:
    lines = age_lines(disclosed.tables["age_curves"], disclosed.primary)
    note = (
        "Logistic model with a restricted cubic spline of age; shaded: pointwise 95% limits. Solid"
        " and dashed: see the names at the ends."
    )
    told = "; ".join(
        f"{line.label}: {words.percent(line.y[0])} at {line.x[0]:.0f} and"
        f" {words.percent(line.y[-1])} at {line.x[-1]:.0f} years"
        for line in lines
    )
    return PaperFigure(
        "age-curve",
        "Non-response by age",
        note,
        "; ".join(words.ESTIMANDS[name]["population"] for name in PRIMARY) + "; adults",
        " and ".join(f"{_n_of(disclosed, name)} ({words.SHORT[name]})" for name in PRIMARY),
        f"Curves by age. {told}.",
        "" if lines else "There are too few ages, or a band is hidden by disclosure control.",
        lambda look: draw_curves(
            Curves(lines, "age, years", "non-response", disclosed.reference,
                   _reference_label(disclosed), note=note),
            look,
        ),
    )  # fmt: skip


def _specification(disclosed: Disclosed) -> PaperFigure:
    cells = disclosed.tables["multiverse"]
    labels, shown = label_cells(cells)
    reference = float(cells["reference"].iloc[0]) if len(cells) else disclosed.reference
    note = (
        "Line: the proven share in each cell, sorted; band: 95% intervals; dotted: what it could be"
        " at most. Below: how many of the cells around a place have each threshold; dark and with a"
        " square: that of the primary definition."
    )
    gone = len(labels) - len(shown)
    hidden = f" {words.count(gone)} cells are hidden." if gone else ""
    told = (
        f"{words.count(len(shown))} cells, rates from {words.percent(shown['rate'].min())} to"
        f" {words.percent(shown['rate'].max())}.{hidden}"
    )
    return PaperFigure(
        "specification-curve",
        "Rate of treatment-resistant depression under every combination of thresholds",
        note,
        words.ESTIMANDS["trd"]["population"] + f"; {_ADULTS}",
        _n_of(disclosed, "trd"),
        f"Specification curve. {told}",
        "" if len(shown) else "There is no cell, or every one is hidden by disclosure control.",
        lambda look: draw_specification(specification_of(shown), reference, look, note=note),
    )


def _overlap(disclosed: Disclosed) -> PaperFigure:
    ids = disclosed.definition_ids
    bars, drawn = set_bars(disclosed.tables["overlaps"], ids)
    definitions = set_rows(disclosed.tables["definitions"], ids)
    note = (
        "Above: patients whom exactly these definitions call treatment-resistant; filled: all"
        " others say they are not; open: one other or more cannot tell. Left: all by a definition."
    )
    if len(bars) > len(drawn):
        note += f" The {len(drawn)} largest of {len(bars)} sets."
    told = "; ".join(
        f"{', '.join(ids[place] for place in sorted(bar.members))}: {words.count(bar.n)}"
        for bar in drawn
    )
    why = ""
    if len(ids) == 1:
        why = f"The run has one definition only, {ids[0]}: there is nothing to overlap."
    elif not drawn:
        why = "Every set is empty, or hidden by disclosure control."
    return PaperFigure(
        "definition-overlap",
        "Who is treatment-resistant by which definitions",
        note,
        "everybody labelled, of any age",
        _everybody(disclosed),
        f"Bars over sets of definitions. {told}.",
        why,
        lambda look: draw_sets(drawn, definitions, look, note=note),
    )


def _agreement(disclosed: Disclosed) -> PaperFigure:
    drawn = rows.kappa_rows(disclosed.tables["agreement"], disclosed.primary)
    note = "Cohen's kappa with its 95% interval; of patients labelled by both definitions."
    least = min([0.0, *(row.low or row.value or 0.0 for row in drawn)])
    ticks = [(place / 5, f"{place / 5:.1f}".replace("-", "\N{MINUS SIGN}"))
             for place in range(-5, 6) if place >= 0 or place / 5 >= least]  # fmt: skip
    why = ""
    if len(disclosed.definition_ids) == 1:
        why = f"The run has one definition only, {disclosed.primary}: nothing to agree with."
    elif not _has_marks(drawn):
        why = "No pair has a kappa, or every one is hidden by disclosure control."
    return PaperFigure(
        "definition-agreement",
        f"Agreement of the other definitions with {disclosed.primary}",
        note,
        "patients of any age who are labelled by both definitions",
        "beside each row",
        f"Forest plot of kappa. {_told(drawn)}.",
        why,
        lambda look: draw_forest(
            Forest(drawn, None, None, "", Scale(least, 1, ticks),
                   ("labelled by both", "kappa (95% interval)"), note),
            look,
        ),
    )  # fmt: skip


def _tell_stacks(stacks: Sequence[Stack]) -> str:
    return "; ".join(
        f"{stack.label}: " + ", ".join(f"{part.label} {part.text}" for part in stack.parts)
        for stack in stacks
    )


def _stacked(stacks: Sequence[Stack], **about: Any) -> PaperFigure:
    drawn = [stack for stack in stacks if any(part.n for part in stack.parts)]
    has_hidden = any(part.text == words.HIDDEN for stack in stacks for part in stack.parts)
    note = "Bars are to one scale." + (" Hidden parts are not drawn." if has_hidden else "")
    empty = about.pop("empty")
    return PaperFigure(
        **about,
        alt=f"Bars of parts. {_tell_stacks(stacks)}.",
        why_empty="" if drawn else empty,
        draw=lambda look: draw_stacks(stacks, look, note=note),
    )


def _resistance(disclosed: Disclosed) -> PaperFigure:
    stacks = rows.resistance_stacks(disclosed.tables["resistance"], disclosed.primary)
    return _stacked(
        stacks,
        name="apparent-resistance",
        title="Apparent against proven resistance",
        shown="Apparent resistance: two failures if dose, duration and adherence are not looked at."
        " Each bar is divided by the label, which looks at them.",
        population=words.ESTIMANDS["trd"]["population"] + f"; {_ADULTS}",
        n=_n_of(disclosed, "trd"),
        empty="Nobody is treated for MDD for certain, or every count is hidden by disclosure"
        " control.",
        width_mm=SINGLE_MM,
    )


def _time(disclosed: Disclosed) -> PaperFigure:
    table = disclosed.tables["curves"]
    lines = time_lines(table, disclosed.primary)
    below = rows.followed_below(table, disclosed.primary, lines)
    note = (
        "Cumulative incidence with 95% limits. Solid: failures that are certain; dashed: those that"
        f" are possible too. Drawn while {LEAST_AT_RISK} patients or more are followed. Below: how"
        " many are still followed."
    )
    told = "; ".join(
        f"{line.label}: {words.percent(line.y[-1])} by day {line.x[-1]:.0f}" for line in lines
    )
    return PaperFigure(
        "time-to-second-failure",
        "Time to the second failure",
        note,
        f"patients with MDD whose first antidepressant trial is certain; {_ADULTS}",
        "",
        f"Curves by time. {told}.",
        "" if lines else "Too few are followed, or the curve is hidden by disclosure control.",
        lambda look: draw_curves(
            Curves(lines, "days since the first antidepressant trial began",
                   "with a second failure", below=below, note=note),
            look,
        ),
    )  # fmt: skip


def _changes(disclosed: Disclosed) -> PaperFigure:
    flows = disclosed.tables["label_flows"]
    return _stacked(
        rows.flow_stacks(flows, disclosed.primary),
        name="label-changes",
        title="Labels in the last run and now",
        shown="Patients by their label in the last run; each bar is divided by the label now.",
        population="patients of either run, of any age",
        n="",
        empty="Every count is hidden by disclosure control."
        if len(flows)
        else "There is no earlier run to compare with.",
        width_mm=SINGLE_MM,
    )
