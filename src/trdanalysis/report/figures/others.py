"""Figures that are no forest plots: flow, curves, sets and bars of parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trdanalysis.report import words
from trdanalysis.report.agreement import set_bars, set_rows
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.curves import Curves, draw_curves
from trdanalysis.report.drawing.flow import draw_flow
from trdanalysis.report.drawing.sets import draw_sets
from trdanalysis.report.drawing.specification import draw_specification
from trdanalysis.report.drawing.stacks import Stack, draw_stacks
from trdanalysis.report.drawing.style import MIDDLE_MM, SINGLE_MM
from trdanalysis.report.figures import rows
from trdanalysis.report.figures.flow import participant_flow
from trdanalysis.report.figures.paper_figure import (
    ADULTS,
    PaperFigure,
    n_of,
    n_of_everybody,
    reference_label,
)
from trdanalysis.report.making import age_lines, time_lines
from trdanalysis.report.multiverse import label_cells, specification_of
from trdanalysis.report.statistics import LEAST_AT_RISK, PRIMARY


def participants(disclosed: Disclosed) -> PaperFigure:
    """Describe the participant flow."""
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
        n_of(disclosed, name),
        f"Flow diagram. {boxes}. {flow.ends_label}: {ends}.",
        "" if flow.steps else "There is no patient to follow.",
        lambda look: draw_flow(flow, look),
        # In one column its eight steps are longer than a page.
        width_mm=MIDDLE_MM,
    )


def age_curve(disclosed: Disclosed) -> PaperFigure:
    """Describe the curves by age."""
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
        " and ".join(f"{n_of(disclosed, name)} ({words.SHORT[name]})" for name in PRIMARY),
        f"Curves by age. {told}.",
        "" if lines else "There are too few ages, or a band is hidden by disclosure control.",
        lambda look: draw_curves(
            Curves(lines, "age, years", "non-response", disclosed.reference,
                   reference_label(disclosed), note=note),
            look,
        ),
    )  # fmt: skip


def specification_curve(disclosed: Disclosed) -> PaperFigure:
    """Describe the specification curve."""
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
        words.ESTIMANDS["trd"]["population"] + f"; {ADULTS}",
        n_of(disclosed, "trd"),
        f"Specification curve. {told}",
        "" if len(shown) else "There is no cell, or every one is hidden by disclosure control.",
        lambda look: draw_specification(specification_of(shown), reference, look, note=note),
    )


def definition_overlap(disclosed: Disclosed) -> PaperFigure:
    """Describe who is resistant by which definitions."""
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
        n_of_everybody(disclosed),
        f"Bars over sets of definitions. {told}.",
        why,
        lambda look: draw_sets(drawn, definitions, look, note=note),
    )


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


def apparent_resistance(disclosed: Disclosed) -> PaperFigure:
    """Describe apparent against proven resistance."""
    stacks = rows.resistance_stacks(disclosed.tables["resistance"], disclosed.primary)
    return _stacked(
        stacks,
        name="apparent-resistance",
        title="Apparent against proven resistance",
        shown="Apparent resistance: two failures if dose, duration and adherence are not looked at."
        " Each bar is divided by the label, which looks at them.",
        population=words.ESTIMANDS["trd"]["population"] + f"; {ADULTS}",
        n=n_of(disclosed, "trd"),
        empty="Nobody is treated for MDD for certain, or every count is hidden by disclosure"
        " control.",
        width_mm=SINGLE_MM,
    )


def time_to_second_failure(disclosed: Disclosed) -> PaperFigure:
    """Describe the time to the second failure."""
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
        f"patients with MDD whose first antidepressant trial is certain; {ADULTS}",
        "",
        f"Curves by time. {told}.",
        "" if lines else "Too few are followed, or the curve is hidden by disclosure control.",
        lambda look: draw_curves(
            Curves(lines, "days since the first antidepressant trial began",
                   "with a second failure", below=below, note=note),
            look,
        ),
    )  # fmt: skip


def label_changes(disclosed: Disclosed) -> PaperFigure:
    """Describe the labels of the last run and now."""
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
