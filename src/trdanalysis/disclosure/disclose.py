"""The one door: result tables go through here before anything is shown.

This hides small counts and everything computed from them, row by row. It does not yet look at what
follows from several rows or tables together; therefore only synthetic runs may use ``release/``.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from trdanalysis.analysis.agreement import CELLS, MEASURES
from trdanalysis.analysis.comparisons import OTHERS
from trdanalysis.analysis.states import UNKNOWN, YOUNG
from trdanalysis.disclosure.cells import disclose_cells
from trdanalysis.disclosure.policy import Policy

SUPPRESSED, PARTLY_SUPPRESSED = "suppressed", "partly_suppressed"

#: Columns of rates.csv that tell how many events or patients there are.
_RATE_NUMBERS = [
    "n", "n_unknown", "n_clusters", "events", "rate", "ci_low", "ci_high", "ci90_low", "ci90_high",
    "bound_low", "bound_high", "difference", "p_value", "conclusion", "robust",
]  # fmt: skip
_UNKNOWN_NUMBERS = ["n_unknown", "bound_low", "bound_high", "robust"]
_BENCHMARK_NUMBERS = ["rate", "difference", "ci_low", "ci_high"]
# The method names the test, and Fisher's is taken where few are expected.
_COMPARISON_NUMBERS = [
    "n", "n_versus", "value", "ci_low", "ci_high", "ci_method", "p_value", "p_adjusted",
]  # fmt: skip

#: By table: the counts that must not be small, and the further columns that are hidden with them.
_COUNTED = {
    "attrition": (["n_in", "n_out", "n_unknown"], []),
    "definitions": (["n", "trd", "not_trd", "indeterminate"], []),
    "label_reasons": (["patients", "on_defaults"], []),
    "unknowns": (["n_unknown", "n_only"], []),
    "resistance": (["n"], []),
    "first_trials": (["n"], ["share"]),
    "clusters": (
        ["n_trials", "n_patients"],
        ["rate", "patient_weighted_rate", "icc", "design_effect"],
    ),
    "curves": (
        ["n_at_risk", "events", "censored"], ["cumulative_incidence", "ci_low", "ci_high"],
    ),
    "models": (
        ["n", "n_left_out", "n_clusters", "events"],
        ["events_per_parameter", "condition", "dispersion", "c_statistic"],
    ),
    # Any cell that is small takes the pair away: the others and the sum would tell it.
    "agreement": (["n", "n_labelled", *CELLS], [*MEASURES, "reason"]),
    "overlaps": (["n", "n_indeterminate"], []),
    "grades": (["n"], []),
    "label_flows": (["n"], []),
    "rate_changes": (
        ["n_before", "events_before", "n", "events"], ["rate_before", "rate", "difference"],
    ),
    "drift": (
        ["n", "events"],
        ["value", "value_others", "difference", "p_value", "p_adjusted", "drifted"],
    ),
    "tipping": (["unknown_with_event", "n", "events"], ["share", "rate", "ci_low", "ci_high"]),
}  # fmt: skip

#: By table: counts of which the first less the others counts somebody, too.
_LEFT = {
    "attrition": (("n_in", "n_out"), ("n_in", "n_out", "n_unknown")),
    "label_reasons": (("patients", "on_defaults"),),
    "unknowns": (("n_unknown", "n_only"),),
    "curves": (("n_at_risk", "events", "censored"),),
    "models": (("n", "events"),),
    "overlaps": (("n", "n_indeterminate"),),
    # What came or went between two runs counts somebody, too.
    "rate_changes": (
        ("n", "events"),
        ("n_before", "events_before"),
        ("n", "n_before"),
        ("n_before", "n"),
        ("events", "events_before"),
        ("events_before", "events"),
    ),
    "drift": (("n", "events"),),
}

_COUNTED_ANALYSES = ("complete_case", "proven")

#: Exposures of models that have another name among comparisons.
_GROUP_OF = {"young_adult": "age"}


def disclose_tables(tables: Mapping[str, pd.DataFrame], policy: Policy) -> dict[str, pd.DataFrame]:
    """Hide what the policy does not allow to be shown.

    Parameters
    ----------
    tables
        Those of :data:`trdanalysis.layout.ANALYSIS_TABLES`.
    policy
        The site's policy.

    Returns
    -------
    dict
        The same tables. Hidden numbers are null; ``status`` says so where a table has it. A
        comparison is hidden with either of its groups and with its model; what is of age (curves,
        trends, contrasts) with any age band; what would be if unknowns were known, with its rate.
    """
    limit = policy.hide_counts_up_to
    rates = _disclose_rates(tables["rates"], limit)
    disclosed = {
        name: _disclose_counts(name, tables[name], counts, others, limit)
        for name, (counts, others) in _COUNTED.items()
    }
    disclosed |= {
        "rates": rates,
        "benchmarks": _disclose_benchmarks(tables["benchmarks"], rates),
        "comparisons": _disclose_comparisons(
            tables["comparisons"], rates, disclosed["models"], limit
        ),
        "age_curves": _hide(
            tables["age_curves"], _is_of(tables["age_curves"], _hidden_ages(rates)),
            ["rate", "ci_low", "ci_high", "age_years", "knots_years"],
        ),
        "multiverse": disclose_cells(tables["multiverse"], limit),
        "grades": _disclose_grades(disclosed["grades"]),
    }  # fmt: skip
    clusters, tipping = disclosed["clusters"], disclosed["tipping"]
    gone = _overall(rates[rates["status"] == SUPPRESSED])
    numbers = [*_COUNTED["clusters"][0], *_COUNTED["clusters"][1]]
    disclosed["clusters"] = _hide(clusters, _is_of(clusters, gone), numbers)
    unsure = rates[rates["status"].isin([SUPPRESSED, PARTLY_SUPPRESSED])]
    numbers = [*_COUNTED["tipping"][0], *_COUNTED["tipping"][1], "conclusion", "as_primary"]
    disclosed["tipping"] = _hide(tipping, _is_of(tipping, _overall(unsure)), numbers)
    return {name: disclosed[name] for name in tables}


def _disclose_grades(grades: pd.DataFrame) -> pd.DataFrame:
    """Hide all grades of a definition with any: they add up to everybody, who is counted
    elsewhere.
    """
    hidden = grades.loc[grades["status"] == SUPPRESSED, "definition"]
    return _hide(grades, grades["definition"].isin(hidden), ["n"])


def _is_small(counts: pd.Series, limit: int) -> pd.Series:
    return counts.between(1, limit).fillna(False).astype(bool)


def _hide(
    table: pd.DataFrame, rows: pd.Series, columns: list[str], status: str = "status"
) -> pd.DataFrame:
    """Empty the columns of the rows, and say so where the table has a status."""
    if not rows.any():
        return table
    table = table.copy()
    for name in columns:
        table[name] = table[name].mask(rows)
    if status in table.columns:
        table[status] = table[status].mask(rows, SUPPRESSED)
    return table


def _overall(rates: pd.DataFrame) -> set[tuple[str, str]]:
    rows = rates[rates["stratum"] == "overall"]
    return set(zip(rows["estimand"], rows["definition"], strict=True))


def _is_of(table: pd.DataFrame, keys: set[tuple[str, str]]) -> pd.Series:
    """Say which rows are of one of these estimands and definitions."""
    pairs = zip(table["estimand"], table["definition"], strict=True)
    return pd.Series([pair in keys for pair in pairs], index=table.index, dtype=bool)


def _disclose_rates(rates: pd.DataFrame, limit: int) -> pd.DataFrame:
    table = rates.copy()
    hidden = (
        _is_small(table["n"], limit)
        | _is_small(table["n_clusters"], limit)
        | _is_small(table["events"], limit)
        | _is_small(table["n"] - table["events"], limit)
    )
    # What was imputed is as telling as the rate beside it, and so is by how much they differ.
    told = table[hidden & (table["stratum"] == "overall")]
    imputed = ~table["analysis"].isin(_COUNTED_ANALYSES)
    hidden |= imputed & _is_of(table, _overall(told))
    hidden |= imputed & _is_near_counted(table, limit)
    partly = _is_small(table["n_unknown"], limit) | _tells_labels(table, limit)
    partly &= ~hidden
    for name in _RATE_NUMBERS:
        table[name] = table[name].mask(hidden)
    for name in _UNKNOWN_NUMBERS:
        table[name] = table[name].mask(partly)
    table["status"] = table["status"].mask(hidden, SUPPRESSED).mask(partly, PARTLY_SUPPRESSED)
    return table


def _is_near_counted(table: pd.DataFrame, limit: int) -> pd.Series:
    """Say which overall rows differ from the counted one by few patients."""
    counted = table[(table["stratum"] == "overall") & table["analysis"].isin(_COUNTED_ANALYSES)]
    keys = ["estimand", "definition"]
    beside = table[keys].merge(counted[[*keys, "n", "n_unknown"]], on=keys, how="left")
    near = pd.Series(False, index=table.index)
    for name in ("n", "n_unknown"):
        apart = (table[name] - beside[name].set_axis(table.index)).abs()
        near |= _is_small(apart, limit) & (table["stratum"] == "overall")
    return near


def _tells_labels(table: pd.DataFrame, limit: int) -> pd.Series:
    """Say of which proven shares the bounds give few members without a label, or few with `no`."""
    reach = table["events"] + table["n_unknown"]
    total = (reach / table["bound_high"]).where(reach > 0).astype("float64").round()
    unlabelled, labelled_no = table["n"] + table["n_unknown"] - total, total - reach
    few = _is_small(unlabelled, limit) | _is_small(labelled_no, limit)
    return (table["analysis"] == "proven") & few


def _disclose_benchmarks(benchmarks: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    keys = _overall(rates[rates["status"] == SUPPRESSED])
    return _hide(benchmarks, _is_of(benchmarks, keys), _BENCHMARK_NUMBERS)


def _hidden_ages(rates: pd.DataFrame, status: str = SUPPRESSED) -> set[tuple[str, str]]:
    """Give the estimands and definitions of which an age band is hidden."""
    rows = rates[(rates["stratum"] == "age_band") & (rates["status"] == status)]
    return set(zip(rows["estimand"], rows["definition"], strict=True))


def _disclose_comparisons(
    comparisons: pd.DataFrame, rates: pd.DataFrame, models: pd.DataFrame, limit: int
) -> pd.DataFrame:
    if not limit:
        return comparisons
    rows = _is_small(comparisons["n"], limit) | _is_small(comparisons["n_versus"], limit)
    bounds = comparisons["model"] == "bounds"
    rows |= _has_group_in(comparisons, rates[rates["status"] == SUPPRESSED])
    rows |= bounds & _has_group_in(comparisons, rates[rates["status"] == PARTLY_SUPPRESSED])
    ages = comparisons["contrast"].isin(["young_adults", "age_trend", "age_interaction"])
    rows |= ages & _is_of(comparisons, _hidden_ages(rates))
    rows |= ages & bounds & _is_of(comparisons, _hidden_ages(rates, PARTLY_SUPPRESSED))
    rows |= (comparisons["contrast"] == "age_interaction") & _is_of_hidden_factor(
        comparisons, rates
    )
    if not (rates["level"] == YOUNG).any():
        # No rate is of young adults alone: nothing says whether their events are few.
        rows |= comparisons["contrast"].isin(["young_adults", "age_interaction"])
    # Firth's method is there because a cell of the model is all but empty.
    rows |= (comparisons["model"] == "firth") & (comparisons["status"] == "ok")
    rows |= _is_of_hidden_model(comparisons, models)
    return _hide(comparisons, rows, _COMPARISON_NUMBERS)


def _has_group_in(comparisons: pd.DataFrame, rates: pd.DataFrame) -> pd.Series:
    """Say which comparisons have one of these rates on either side."""
    key = ["estimand", "definition", "stratum", "group", "level"]
    cells = set(rates[key].itertuples(index=False, name=None))
    whole = {cell[:-1] for cell in cells if cell[-1] != UNKNOWN}
    names = ["estimand", "definition", "contrast", "group", "level", "versus"]
    found = []
    for *head, level, versus in comparisons[names].itertuples(index=False, name=None):
        among = tuple(head) in whole if versus == OTHERS else (*head, versus) in cells
        found.append(among or (*head, level) in cells)
    return pd.Series(found, index=comparisons.index, dtype=bool)


def _is_of_hidden_factor(comparisons: pd.DataFrame, rates: pd.DataFrame) -> pd.Series:
    """Say which are of a factor group that is hidden, at all ages or at one."""
    own = rates["stratum"].isin(["factor_group", "factor_group_by_age_band"])
    key = ["estimand", "definition", "group"]
    own &= (rates["status"] == SUPPRESSED) & (rates["level"] != UNKNOWN)
    cells = set(rates.loc[own, key].itertuples(index=False, name=None))
    found = [cell in cells for cell in comparisons[key].itertuples(index=False, name=None)]
    return pd.Series(found, index=comparisons.index, dtype=bool)


def _is_of_hidden_model(comparisons: pd.DataFrame, models: pd.DataFrame) -> pd.Series:
    """Say which are of a model that is hidden."""
    names = ["estimand", "definition", "model"]
    gone = models[models["status"] == SUPPRESSED]
    fits = {
        (*head, _GROUP_OF.get(exposure, exposure))
        for *head, exposures in gone[[*names, "exposures"]].itertuples(index=False, name=None)
        for exposure in str(exposures).split("; ")
    }
    own = comparisons[[*names, "group"]].itertuples(index=False, name=None)
    return pd.Series([fit in fits for fit in own], index=comparisons.index, dtype=bool)


def _disclose_counts(
    name: str, table: pd.DataFrame, counts: list[str], others: list[str], limit: int
) -> pd.DataFrame:
    small = pd.Series(False, index=table.index)
    for column in counts:
        small |= _is_small(table[column], limit)
    for first, *rest in _LEFT.get(name, ()):
        small |= _is_small(table[first] - table[rest].sum(axis=1, skipna=False), limit)
    # How a definition was published is called its status, too.
    said = "status" if name != "definitions" else ""
    return _hide(table, small, [*counts, *others], said)
