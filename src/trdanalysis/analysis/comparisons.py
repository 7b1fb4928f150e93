"""Comparisons of two groups, trends and interactions, from counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.analysis.clusters import ClusterRate, add_up_clusters, estimate_clusters
from trdanalysis.analysis.contrasts import (
    adjust_p_values,
    estimate_cluster_difference,
    estimate_cluster_ratio,
    estimate_risk_difference,
    estimate_risk_ratio,
    estimate_two_group_p,
)
from trdanalysis.analysis.counts import (
    AGE_GROUP,
    COUNTS,
    GROUP_BY_AGE_GROUP,
    Counts,
)
from trdanalysis.analysis.estimands import (
    ESTIMANDS,
    GROUPS,
    TRIAL_FACTORS,
    TRIAL_GROUP,
    Estimand,
)
from trdanalysis.analysis.interactions import estimate_interaction
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.analysis.states import OLDER, TRIAL_COLUMNS, UNKNOWN, YOUNG
from trdanalysis.analysis.trends import estimate_trend
from trdanalysis.contract import FACTORS

#: Columns of comparisons.csv, in order.
COMPARISON_COLUMNS = (
    "estimand", "definition", "analysis", "contrast", "group", "level", "versus", "model",
    "covariates", "n", "n_versus", "measure", "value", "ci_low", "ci_high", "ci_method", "p_value",
    "p_adjusted", "adjustment", "n_tests", "status", "reason",
)  # fmt: skip

#: How the p-values of a contrast are adjusted; those not named stand alone.
ADJUSTMENTS = {"factor_group": "holm", "factor": "bh", "site": "bh", "drop": "bh"}

#: With more levels than this, each is held against all others together, not against each other.
PAIRS_UP_TO = 10
OTHERS = "all others"


@dataclass
class Cell:
    """Counts of one group: of patients, or histories of trials."""

    certain: int = 0
    known: int = 0
    events: int = 0
    unknown: int = 0
    histories: pd.DataFrame | None = None

    def total(self) -> int:
        """Give how many are not certainly out."""
        return self.known + self.unknown

    def __add__(self, other: Cell) -> Cell:
        histories = None
        if self.histories is not None and other.histories is not None:
            histories = pd.concat([self.histories, other.histories], ignore_index=True)
        return Cell(
            self.certain + other.certain, self.known + other.known, self.events + other.events,
            self.unknown + other.unknown, histories,
        )  # fmt: skip


#: Stratum, group, level, age band.
_Place = tuple[str, str, str, str]


@dataclass
class _Cells:
    """The cells of one estimand and definition."""

    estimand: Estimand
    definition: str
    cells: dict[_Place, Cell] = field(default_factory=dict)

    def at(self, stratum: str, group: str, level: str, band: str = "") -> Cell:
        nobody = Cell()
        if self.estimand.unit == "trial":
            nobody.histories = pd.DataFrame(columns=[*TRIAL_COLUMNS, "patients"], dtype="int64")
        return self.cells.get((stratum, group, level, band), nobody)

    def levels(self, stratum: str) -> list[str]:
        found = {level for name, _, level, _ in self.cells if name == stratum and level != UNKNOWN}
        return sorted(found, key=str.encode)


def estimate_comparisons(counts: Counts, settings: RateSettings) -> pd.DataFrame:
    """Estimate every unadjusted comparison.

    Parameters
    ----------
    counts
        As :func:`trdanalysis.analysis.counts.estimate_counts` gives them.
    settings
        Age bands and the order of definitions.

    Returns
    -------
    DataFrame
        With :data:`COMPARISON_COLUMNS`, by estimand and definition. ``contrast``: ``factor_group``
        and ``factor`` (present against absent), ``young_adults``, ``site`` and ``drop`` (each pair;
        beyond :data:`PAIRS_UP_TO` levels each against all others), ``age_trend``,
        ``age_interaction``. ``model``: ``unadjusted``, ``bounds`` (how far unknowns could move a
        difference; no value), ``cochran_armitage``, ``interaction``. ``measure``: ``rd``, ``rr``,
        ``trend`` (change of the risk per band), ``departure`` (chi-squared), ``reri``. Numbers are
        empty where ``status`` is not ``ok``; ``reason`` says why. Comparisons of ``proven`` shares
        carry no p-value: a share is low where records are poor.
    """
    rows: list[dict[str, Any]] = []
    for cells in _group(counts, settings):
        rows += _compare(cells)
        if cells.estimand.analysis == "complete_case" and cells.estimand.unit == "patient":
            rows += _trend_rows(cells, settings)
            rows += _interaction_rows(cells)
    return finish(rows)


def finish(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Make the table of rows: adjust p-values, give columns their order and types."""
    table = pd.DataFrame(list(rows)).reindex(columns=list(COMPARISON_COLUMNS))
    table = adjust(table)
    for name in ("n", "n_versus", "n_tests"):
        table[name] = table[name].astype("Int64")
    for name in ("value", "ci_low", "ci_high", "p_value", "p_adjusted"):
        table[name] = table[name].astype("float64")
    rest = [name for name in COMPARISON_COLUMNS if table[name].dtype == object]
    for name in rest:
        table[name] = table[name].astype("str").mask(table[name].isna())
    return table


def adjust(table: pd.DataFrame) -> pd.DataFrame:
    """Adjust within estimand, definition, contrast and model; each test counts once."""
    table = table.assign(
        p_adjusted=table["p_value"], adjustment="none", n_tests=table["p_value"].notna().astype(int)
    )
    family = ["estimand", "definition", "contrast", "model"]
    for key, rows in table.groupby(family, sort=False):
        method = ADJUSTMENTS.get(str(key[2]))
        if method is None or key[3] == "bounds":
            continue
        # Difference and ratio share one test, also where only one of them can be had.
        p_values = rows["p_value"].astype("float64")
        tests = p_values.groupby([rows[name] for name in ("group", "level", "versus")]).first()
        adjusted = pd.Series(adjust_p_values(tests, method), index=tests.index)
        own = pd.MultiIndex.from_frame(rows[["group", "level", "versus"]])
        table.loc[rows.index, "p_adjusted"] = adjusted.reindex(own).to_numpy()
        table.loc[rows.index, "adjustment"] = method
        table.loc[rows.index, "n_tests"] = int(tests.notna().sum())
    exploratory = table["contrast"] == "age_interaction"
    table.loc[exploratory, "adjustment"] = "none_exploratory"
    untested = table["p_value"].isna()
    table.loc[untested, "p_adjusted"] = np.nan
    table.loc[untested, ["adjustment"]] = None
    table.loc[untested, "n_tests"] = None
    return table


def _group(counts: Counts, settings: RateSettings) -> Iterator[_Cells]:
    by_pair: dict[tuple[str, str], dict[_Place, Cell]] = {}
    for row in counts.patients.to_dict("records"):
        cells = by_pair.setdefault((str(row["estimand"]), str(row["definition"])), {})
        certain, known, events, unknown = (int(row[name]) for name in COUNTS)
        cells[_place(row)] = Cell(certain, known, events, unknown)
    names = ["estimand", "definition", "stratum", "group", "level", "age_band"]
    for _, rows in counts.trials.groupby(names, sort=False):
        row = rows.iloc[0].to_dict()
        known, events, unknown = (
            int((rows[name] * rows["patients"]).sum()) for name in TRIAL_COLUMNS
        )
        cells = by_pair.setdefault((str(row["estimand"]), str(row["definition"])), {})
        cells[_place(row)] = Cell(known, known, events, unknown, rows)
    for estimand in ESTIMANDS:
        for definition in settings.definitions:
            found = by_pair.get((estimand.name, definition), {})
            yield _Cells(estimand, definition, found)


def _place(row: Mapping[Any, Any]) -> _Place:
    return str(row["stratum"]), str(row["group"]), str(row["level"]), str(row["age_band"])


def _compare(cells: _Cells) -> Iterator[dict[str, Any]]:
    for contrast, group, level, versus, one, other in _pairs(cells):
        head = {
            "estimand": cells.estimand.name, "definition": cells.definition,
            "analysis": cells.estimand.analysis, "contrast": contrast, "group": group,
            "level": level, "versus": versus,
        }  # fmt: skip
        if group in (TRIAL_GROUP, *TRIAL_FACTORS) and not cells.estimand.has_trial_factors:
            yield {**head, "model": "unadjusted", "status": "by_definition",
                   "reason": "part_of_the_population_or_the_event"}  # fmt: skip
            continue
        yield from _two_groups(head, cells.estimand, one, other)


def _pairs(cells: _Cells) -> Iterator[tuple[str, str, str, str, Cell, Cell]]:
    for contrast, groups in (
        ("factor_group", GROUPS),
        ("factor", [name for names in FACTORS.values() for name in names]),
    ):
        for group in groups:
            one, other = (cells.at(contrast, group, level) for level in ("present", "absent"))
            yield contrast, group, "present", "absent", one, other
    young, older = (cells.at(AGE_GROUP, "age", level) for level in (YOUNG, OLDER))
    yield "young_adults", "age", YOUNG, OLDER, young, older
    for contrast in ("site", "drop"):
        levels = cells.levels(contrast)
        if len(levels) <= PAIRS_UP_TO:
            for one_name, other_name in combinations(levels, 2):
                one = cells.at(contrast, contrast, one_name)
                other = cells.at(contrast, contrast, other_name)
                yield contrast, contrast, one_name, other_name, one, other
        else:
            for name in levels:
                rest = Cell() if cells.estimand.unit == "patient" else cells.at("", "", "")
                for other_name in levels:
                    if other_name != name:
                        rest = rest + cells.at(contrast, contrast, other_name)
                yield contrast, contrast, name, OTHERS, cells.at(contrast, contrast, name), rest


def _two_groups(
    head: dict[str, Any], estimand: Estimand, one: Cell, other: Cell
) -> Iterator[dict[str, Any]]:
    proven = estimand.analysis == "proven"
    n, n_versus = (cell.certain if proven else cell.known for cell in (one, other))
    head = {**head, "n": n, "n_versus": n_versus}
    if not n or not n_versus:
        for measure in ("rd", "rr"):
            yield {**head, "model": "unadjusted", "measure": measure, "status": "not_estimable",
                   "reason": "nobody_in_a_group"}  # fmt: skip
    else:
        yield from _measured(head, estimand, one, other, n, n_versus)
    if one.total() and other.total():
        low = one.events / one.total() - (other.events + other.unknown) / other.total()
        high = (one.events + one.unknown) / one.total() - other.events / other.total()
        yield {**head, "model": "bounds", "measure": "rd", "ci_low": low, "ci_high": high,
               "ci_method": "bounds", "status": "ok"}  # fmt: skip


def _measured(
    head: dict[str, Any], estimand: Estimand, one: Cell, other: Cell, n: int, n_versus: int
) -> Iterator[dict[str, Any]]:
    head = {**head, "model": "unadjusted"}
    if one.histories is None or other.histories is None:
        sizes = (one.events, n, other.events, n_versus)
        difference = tuple(float(part) for part in estimate_risk_difference(*sizes))
        ratio = tuple(float(part) for part in estimate_risk_ratio(*sizes))
        p_values, tests = estimate_two_group_p(*([size] for size in sizes))
        p_value, test, methods = float(p_values[0]), str(tests[0]), ("newcombe", "log_delta")
    else:
        rates = _cluster_rate(one.histories), _cluster_rate(other.histories)
        *parts, p = estimate_cluster_difference(rates[0], rates[1])
        difference = tuple(float(part[0]) for part in parts)
        ratio = tuple(float(part[0]) for part in estimate_cluster_ratio(rates[0], rates[1]))
        p_value, test, methods = float(p[0]), "cluster_t", ("cluster_mover", "cluster_log_delta")
        if any(rate.se[0] == 0 for rate in rates):
            # Patients who are all alike show no variance: a test would take that for certainty.
            p_value, test = np.nan, ""
    if estimand.analysis == "proven":
        p_value, test = np.nan, ""
    for measure, numbers, method in zip(("rd", "rr"), (difference, ratio), methods, strict=True):
        reason = _why_not(measure, (one, n), (other, n_versus))
        if reason:
            yield {**head, "measure": measure, "status": "not_estimable", "reason": reason}
            continue
        value, low, high = numbers
        yield {**head, "measure": measure, "value": value, "ci_low": low, "ci_high": high,
               "ci_method": method + (f", p {test}" if test else ""), "p_value": p_value,
               "status": "ok"}  # fmt: skip


def _why_not(measure: str, *groups: tuple[Cell, int]) -> str | None:
    """Say why two groups that both have somebody give no such measure."""
    rates = [_cluster_rate(cell.histories) for cell, _ in groups if cell.histories is not None]
    if any(rate.n_patients[0] < 2 for rate in rates):
        return "fewer_than_two_patients"
    if measure == "rd":
        return None
    if not all(cell.events for cell, _ in groups):
        return "no_event_in_a_group"
    if any(rate.se[0] == 0 for rate in rates):
        return "no_variance_in_a_group"
    if not rates and all(cell.events == n for cell, n in groups):
        return "only_events"  # the limits would be those of certainty
    return None


def _cluster_rate(histories: pd.DataFrame | None) -> ClusterRate:
    assert histories is not None
    return estimate_clusters(
        add_up_clusters(
            histories["trials_known"], histories["trials_events"], histories["patients"]
        )
    )


def _trend_rows(cells: _Cells, settings: RateSettings) -> Iterator[dict[str, Any]]:
    bands = [band.label for band in settings.bands if band.is_adult]
    found = [cells.at("age_band", "age_band", band, band) for band in bands]
    head = {
        "estimand": cells.estimand.name, "definition": cells.definition,
        "analysis": cells.estimand.analysis, "contrast": "age_trend", "group": "age",
        "level": "per band", "model": "cochran_armitage", "n": sum(cell.known for cell in found),
    }  # fmt: skip
    trend = estimate_trend(
        [cell.events for cell in found], [cell.known for cell in found], range(1, len(bands) + 1)
    )
    if trend is None:
        for measure in ("trend", "departure"):
            yield {**head, "measure": measure, "status": "not_estimable",
                   "reason": "fewer_than_two_bands_or_one_outcome"}  # fmt: skip
        return
    yield {**head, "measure": "trend", "value": trend.slope, "ci_low": trend.ci_low,
           "ci_high": trend.ci_high, "ci_method": "wald", "p_value": trend.p_value,
           "status": "ok"}  # fmt: skip
    if not trend.departure_df:
        yield {**head, "measure": "departure", "status": "not_estimable",
               "reason": "fewer_than_three_bands"}  # fmt: skip
        return
    yield {**head, "level": f"{trend.departure_df} df", "measure": "departure",
           "value": trend.departure_chi2, "p_value": trend.departure_p, "status": "ok"}  # fmt: skip


def _interaction_rows(cells: _Cells) -> Iterator[dict[str, Any]]:
    for group in GROUPS:
        head: dict[str, Any] = {
            "estimand": cells.estimand.name, "definition": cells.definition,
            "analysis": cells.estimand.analysis, "contrast": "age_interaction", "group": group,
            "level": f"{YOUNG} and present", "versus": f"{OLDER} and absent",
            "model": "interaction",
        }  # fmt: skip
        if group == TRIAL_GROUP and not cells.estimand.has_trial_factors:
            yield {**head, "status": "by_definition",
                   "reason": "part_of_the_population_or_the_event"}  # fmt: skip
            continue
        table = [
            [cells.at(GROUP_BY_AGE_GROUP, group, level, age) for level in ("absent", "present")]
            for age in (OLDER, YOUNG)
        ]
        head |= {"n": table[1][1].known, "n_versus": table[0][0].known}
        found = estimate_interaction(
            [[cell.events for cell in row] for row in table],
            [[cell.known for cell in row] for row in table],
        )
        if found is None or found.rd_low == found.rd_high:
            reason = "only_events" if found else "no_event_in_a_group"
            if any(cell.known == 0 for row in table for cell in row):
                reason = "nobody_in_a_group"
            yield {**head, "status": "not_estimable", "reason": reason}
            continue
        for measure, method, numbers in (
            ("reri", "delta", (found.reri, found.reri_low, found.reri_high)),
            ("rd", "wald", (found.rd_difference, found.rd_low, found.rd_high)),
            ("rr", "log_delta", (found.rr_ratio, found.rr_low, found.rr_high)),
        ):
            value, low, high = numbers
            yield {**head, "measure": measure, "value": value, "ci_low": low, "ci_high": high,
                   "ci_method": method, "status": "ok"}  # fmt: skip
