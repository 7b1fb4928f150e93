"""Figures that are forest plots."""

from __future__ import annotations

from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.forest import (
    Forest,
    ForestRow,
    Scale,
    draw_forest,
    ratio_scale,
    tell_rows,
)
from trdanalysis.report.figures import rows
from trdanalysis.report.figures.paper_figure import (
    ADULTS,
    PaperFigure,
    has_marks,
    n_of,
    reference_label,
)
from trdanalysis.report.sections import (
    as_counted,
    benchmark_rows,
    forest_rows,
    headline_forest,
    overall_rates,
)

_RATE_NOTE = (
    "Square and line: rate with its 95% interval. Grey bar: the rate if every unknown were a no,"
    " and if every unknown were a yes. Dashed line and band: the reference and the margin around"
    " it."
)


def headline_rates(disclosed: Disclosed) -> PaperFigure:
    """Describe the headline rates beside published rates."""
    tables, primary = disclosed.tables, disclosed.primary
    published = benchmark_rows(tables["benchmarks"], disclosed.published, primary)
    drawn = headline_forest(overall_rates(tables["rates"], primary), published)
    note = f"{_RATE_NOTE} Open diamonds: published rates."
    return PaperFigure(
        "headline-rates",
        "Headline rates beside published rates",
        f"{note} Rates marked \N{GREATER-THAN OR EQUAL TO} are proven shares: lower bounds.",
        f"as each line says; {ADULTS}",
        "",
        tell_rows(drawn),
        "" if has_marks(drawn) else _none_shown(bool(drawn)),
        lambda look: draw_forest(_shares(disclosed, drawn, note), look),
    )


def rates_by_stratum(disclosed: Disclosed, name: str) -> PaperFigure:
    """Describe the rates of an estimand by age band and factor group."""
    rates = disclosed.tables["rates"]
    own = rates[(rates["definition"] == disclosed.primary) & (rates["estimand"] == name)]
    drawn = forest_rows(as_counted(own))
    return PaperFigure(
        f"rates-{words.SHORT[name].replace(' ', '-')}",
        f"{words.ESTIMANDS[name]['title']}, by age and factor group",
        _RATE_NOTE,
        words.ESTIMANDS[name]["population"],
        n_of(disclosed, name),
        tell_rows(drawn),
        "" if has_marks(drawn) else _none_shown(bool(drawn)),
        lambda look: draw_forest(_shares(disclosed, drawn, _RATE_NOTE), look),
    )


def _none_shown(has_rows: bool) -> str:
    if has_rows:
        return "Every number is hidden by disclosure control, or there is nobody."
    return "There is no rate to show."


def _shares(disclosed: Disclosed, drawn: list[ForestRow], note: str) -> Forest:
    return Forest(
        drawn, disclosed.reference, disclosed.margin, reference_label(disclosed), note=note
    )


def adjusted_ratios(disclosed: Disclosed) -> PaperFigure:
    """Describe the adjusted risk ratios."""
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
        f"that of each part's rate; {ADULTS}; everything known",
        "beside each row: with the factor, and without",
        tell_rows(drawn),
        ""
        if has_marks(drawn)
        else "No adjusted comparison could be made, or every one is hidden by disclosure control.",
        lambda look: draw_forest(
            Forest(drawn, 1.0, None, "no difference", ratio_scale(drawn),
                   ("n : n", "ratio (95% interval)"), note),
            look,
        ),
    )  # fmt: skip


def definition_agreement(disclosed: Disclosed) -> PaperFigure:
    """Describe the agreement of every other definition with the primary one."""
    drawn = rows.kappa_rows(disclosed.tables["agreement"], disclosed.primary)
    note = "Cohen's kappa with its 95% interval; of patients labelled by both definitions."
    least = min([0.0, *(row.low or row.value or 0.0 for row in drawn)])
    ticks = [(place / 5, f"{place / 5:.1f}".replace("-", "\N{MINUS SIGN}"))
             for place in range(-5, 6) if place >= 0 or place / 5 >= least]  # fmt: skip
    why = ""
    if len(disclosed.definition_ids) == 1:
        why = f"The run has one definition only, {disclosed.primary}: nothing to agree with."
    elif not has_marks(drawn):
        why = "No pair has a kappa, or every one is hidden by disclosure control."
    return PaperFigure(
        "definition-agreement",
        f"Agreement of the other definitions with {disclosed.primary}",
        note,
        "patients of any age who are labelled by both definitions",
        "beside each row",
        tell_rows(drawn),
        why,
        lambda look: draw_forest(
            Forest(drawn, None, None, "", Scale(least, 1, ticks),
                   ("labelled by both", "kappa (95% interval)"), note),
            look,
        ),
    )  # fmt: skip
