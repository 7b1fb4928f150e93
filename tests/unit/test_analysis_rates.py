"""Counts and rates against a slow reading, and each rule of membership by hand."""

from __future__ import annotations

import math

import ibis
import pandas as pd
import pytest

from tests.unit.analysis_cohorts import (
    BANDS,
    SETTINGS,
    TRIAL_GROUP,
    Cohort,
    make_cohort,
    read_counts,
    read_units,
    states_of,
)
from trdanalysis.analysis.criteria import derive_criteria
from trdanalysis.analysis.estimands import ESTIMANDS, find_estimand
from trdanalysis.analysis.intervals import estimate_wilson
from trdanalysis.analysis.rates import RATE_COLUMNS, RateSettings, estimate_rates
from trdanalysis.analysis.three_valued import all_of
from trdanalysis.contract import FACTORS

TRIAL_ROWS = {TRIAL_GROUP, *FACTORS[TRIAL_GROUP]}
OF_FIRST_TRIAL = {"initial_trial", "initial_remission"}
GOOD = {
    "antidepressant": True,
    "first_line": True,
    "dose_adequate": True,
    "duration_adequate": True,
    "adherence_adequate": True,
    "nonresponse": True,
    "duration_days": 60,
}
MDD = {"mdd": True}


def rates_of(cohort: Cohort, settings: RateSettings = SETTINGS) -> pd.DataFrame:
    return estimate_rates(states_of(cohort), settings)


def pick(rates: pd.DataFrame, estimand: str, stratum: str = "overall", **cell: str) -> pd.Series:
    chosen = rates[(rates["estimand"] == estimand) & (rates["stratum"] == stratum)]
    for column, value in cell.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def units_of(cohort: Cohort, name: str) -> list[tuple[bool | None, bool | None]]:
    """Give membership and event, patient by patient in the order in which they were added."""
    estimand = find_estimand(name)
    criteria = derive_criteria(*cohort.tables(), "article")
    chosen = criteria.select(
        "patient_id", member=all_of(criteria, estimand.criteria), event=criteria[estimand.event]
    )
    rows = {row["patient_id"]: row for row in chosen.to_pyarrow().to_pylist()}
    found = (rows[patient["patient_id"]] for patient in cohort.patients)
    return [(row["member"], row["event"]) for row in found]


@pytest.mark.parametrize(("seed", "n_patients"), [(1, 300), (2, 40), (3, 3)])
def test_every_row_counts_as_the_slow_reading_does(seed: int, n_patients: int) -> None:
    cohort = make_cohort(seed, n_patients)
    units, rates = read_units(cohort), rates_of(cohort)
    for row in rates.fillna({"age_band": ""}).itertuples():
        combined = row.stratum == "factor_combination" and TRIAL_GROUP in row.level
        if (row.group in TRIAL_ROWS or combined) and row.estimand not in OF_FIRST_TRIAL:
            assert row.status == "by_definition"
            continue
        key = (row.estimand, row.stratum, row.group, row.level, row.age_band)
        slow = read_counts(units, *key)
        proven = row.analysis == "proven"
        n, total = slow["certain" if proven else "known"], slow["known"] + slow["unknown"]
        assert (row.n, row.events, row.n_unknown) == (n, slow["events"], slow["unknown"]), key
        assert row.unit == "trial" or row.n_clusters == n
        assert row.status == ("ok" if n else "not_estimable")
        if n:
            assert row.rate == pytest.approx(slow["events"] / n)
        if total:
            assert row.bound_low == pytest.approx(slow["events"] / total)
            assert row.bound_high == pytest.approx((slow["events"] + slow["unknown"]) / total)
            assert not n or row.bound_low <= row.rate + 1e-12
            assert not n or row.rate <= row.bound_high + 1e-12


def test_row_order_and_stacked_definitions_change_no_number() -> None:
    cohort = make_cohort(7, 60)
    alone = rates_of(cohort)
    other = make_cohort(8, 60)
    for row in other.labels:
        row["definition"] = "other"
    for rows in (cohort.patients, cohort.trials, cohort.labels, cohort.quarantined):
        rows.reverse()
    both = ibis.union(
        ibis.memtable(states_of(other, "other").to_pyarrow()),
        ibis.memtable(states_of(cohort).to_pyarrow()),
    )
    settings = RateSettings(0.30, 0.05, BANDS, ("other", "article"))
    rates = estimate_rates(both, settings)
    assert list(rates["definition"].unique()) == ["other", "article"]
    of_article = rates[rates["definition"] == "article"].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_article, alone)


def test_columns_order_and_rows_are_fixed() -> None:
    rates = rates_of(make_cohort(9, 30))
    assert tuple(rates.columns) == RATE_COLUMNS
    assert list(rates["estimand"].unique()) == [
        "initial_trial",
        "initial_adequate_trial",
        "initial_remission",
        "initial_adequate_remission",
        "any_adequate_trial",
        "trd",
        "trd_eligible",
        "pseudo_resistance",
    ]
    one = rates[rates["estimand"] == "initial_trial"]
    assert list(one["stratum"].unique()) == [
        "overall",
        "age_band",
        "factor_group",
        "factor",
        "factor_group_by_age_band",
        "factor_combination",
        "sex",
        "site",
        "drop",
    ]
    combinations = list(one.loc[one["stratum"] == "factor_combination", "level"])
    assert len(combinations) == 17
    assert combinations[:2] == ["none", "biological"]
    assert combinations[-2:] == ["+".join(FACTORS), "unknown"]
    bands = one[one["stratum"] == "age_band"]
    assert list(bands["level"]) == [*(band.label for band in BANDS), "unknown"]
    assert list(bands["age_band"]) == list(bands["level"])
    crossed = one[one["stratum"] == "factor_group_by_age_band"]
    assert len(crossed) == 4 * 3 * 3
    assert "12-17" not in set(crossed["age_band"])
    assert len(one[one["stratum"] == "factor"]) == 16 * 3
    assert list(one.loc[one["stratum"] == "sex", "level"]) == ["female", "male", "other", "unknown"]
    assert list(one.loc[one["stratum"] == "site", "level"]) == ["north", "south", "unknown"]
    assert list(one.loc[one["stratum"] == "drop", "level"]) == ["d1", "d2"]


def test_nobody_at_all_keeps_every_row_and_raises_no_warning() -> None:
    rates = rates_of(Cohort())
    assert len(rates) == len(ESTIMANDS) * (1 + 5 + 12 + 48 + 36 + 17 + 4)
    assert set(rates["status"]) == {"not_estimable", "by_definition"}
    estimable = rates[rates["status"] == "not_estimable"]
    assert (estimable["n"] == 0).all()
    for column in ("rate", "ci_low", "ci_high", "ci90_low", "bound_low", "difference", "p_value"):
        assert rates[column].isna().all()
    assert rates["conclusion"].isna().all()
    assert rates["robust"].isna().all()


def test_rows_by_definition_carry_no_number() -> None:
    rates = rates_of(make_cohort(4, 50))
    rows = rates[rates["status"] == "by_definition"]
    assert set(rows["group"]) == TRIAL_ROWS | {"factor_combination"}
    combined = rows[rows["group"] == "factor_combination"]
    assert combined["level"].str.contains(TRIAL_GROUP).all()
    assert combined["level"].nunique() == 8
    assert set(rows["estimand"]) == set(rates["estimand"]) - OF_FIRST_TRIAL
    given = {"estimand", "definition", "analysis", "stratum", "group", "level", "age_band"}
    for column in set(RATE_COLUMNS) - given - {"unit", "status"}:
        assert rows[column].isna().all(), column


def test_all_unknown_gives_bounds_and_no_rate() -> None:
    cohort = Cohort()
    cohort.add("p1", label=MDD, trials=(GOOD | {"nonresponse": None},))
    cohort.add("p2")
    rates = rates_of(cohort)
    row = pick(rates, "initial_trial")
    assert (row["n"], row["events"], row["n_unknown"], row["status"]) == (0, 0, 1, "not_estimable")
    assert (row["bound_low"], row["bound_high"]) == (0, 1)
    assert math.isnan(row["rate"])
    row = pick(rates, "trd")
    assert (row["n"], row["n_unknown"], row["status"]) == (1, 1, "ok")
    assert (row["rate"], row["bound_low"], row["bound_high"]) == (0, 0, 1)
    assert (row["conclusion"], row["robust"]) == ("inconclusive", True)


@pytest.mark.parametrize(("events", "rate"), [(0, 0.0), (20, 1.0)])
def test_no_event_and_nothing_but_events(events: int, rate: float) -> None:
    cohort = Cohort()
    for number in range(20):
        cohort.add(f"p{number}", label=MDD, trials=(GOOD | {"nonresponse": number < events},))
    row = pick(rates_of(cohort), "initial_adequate_trial")
    assert (row["n"], row["events"], row["rate"]) == (20, events, rate)
    assert row["ci_low" if events == 0 else "ci_high"] == rate
    assert row["conclusion"] == ("below" if events == 0 else "above")
    assert row["robust"]
    assert row["ci_method"] == "wilson"


def test_complete_case_conclusion_and_its_robustness() -> None:
    cohort = Cohort()
    for number in range(100):
        cohort.add(f"p{number}", label=MDD, trials=(GOOD | {"nonresponse": number < 60},))
    sure = pick(rates_of(cohort), "initial_trial")
    assert (sure["conclusion"], sure["robust"]) == ("above", True)
    for number in range(100):
        cohort.add(f"q{number}", label=MDD, trials=(GOOD | {"nonresponse": None},))
    row = pick(rates_of(cohort), "initial_trial")
    assert (row["n"], row["n_unknown"]) == (100, 100)
    limits = (*estimate_wilson([60], [100]), *estimate_wilson([60], [100], 0.90))
    given = [row[name] for name in ("ci_low", "ci_high", "ci90_low", "ci90_high")]
    assert given == [float(limit[0]) for limit in limits]
    assert (row["bound_low"], row["bound_high"]) == (0.30, 0.80)
    assert (row["conclusion"], row["robust"]) == ("above", False)
    assert row["p_value"] < 1e-9
    assert row["difference"] == pytest.approx(0.30)


def test_proven_concludes_what_both_bounds_say() -> None:
    def cohort_of(trd: int, not_trd: int, indeterminate: int) -> Cohort:
        cohort = Cohort()
        words = ["trd"] * trd + ["not_trd"] * not_trd + ["indeterminate"] * indeterminate
        for number, word in enumerate(words):
            cohort.add(f"p{number}", label=MDD | {"label": word}, trials=(GOOD,))
        return cohort

    row = pick(rates_of(cohort_of(60, 40, 20)), "trd")
    assert (row["n"], row["events"], row["rate"]) == (120, 60, 0.5)
    assert (row["bound_low"], row["bound_high"]) == (0.5, pytest.approx(80 / 120))
    assert (row["conclusion"], row["robust"]) == ("above", True)
    assert math.isnan(row["p_value"])
    row = pick(rates_of(cohort_of(2, 40, 60)), "trd")
    assert row["ci_high"] < 0.30
    assert (row["conclusion"], row["robust"]) == ("inconclusive", False)


FIRST_TRIALS: list[tuple[tuple[dict, ...], int, tuple[bool | None, bool | None]]] = [
    ((), 0, (False, None)),
    ((), 1, (None, None)),
    ((GOOD,), 0, (True, True)),
    ((GOOD,), 1, (None, None)),
    ((GOOD | {"first_line": False},), 0, (False, True)),
    ((GOOD | {"first_line": None},), 0, (None, True)),
    ((GOOD | {"antidepressant": False},), 0, (False, None)),
    ((GOOD | {"antidepressant": None},), 0, (None, None)),
    # An unknown drug on the same day could have been first; a day later it could not.
    ((GOOD, GOOD | {"antidepressant": None, "start_day": 0}), 0, (None, None)),
    ((GOOD, GOOD | {"antidepressant": None, "start_day": 1}), 0, (True, True)),
    ((GOOD, GOOD | {"antidepressant": False, "start_day": -9}), 0, (True, True)),
    # Earliest first; on one day the alphabetically first ingredient; then the trial's id.
    ((GOOD, GOOD | {"start_day": -1, "nonresponse": False}), 0, (True, False)),
    ((GOOD, GOOD | {"ingredient": "citalopram", "nonresponse": False}), 0, (True, False)),
    ((GOOD, GOOD | {"nonresponse": False}), 0, (True, True)),
]


def test_which_trial_was_first() -> None:
    cohort = Cohort()
    for number, (trials, quarantined, _) in enumerate(FIRST_TRIALS):
        cohort.add(f"p{number}", label=MDD, trials=trials, quarantined=quarantined)
    assert units_of(cohort, "initial_trial") == [expected for *_, expected in FIRST_TRIALS]


def test_no_mdd_is_out_whatever_else_is_unknown() -> None:
    cohort = Cohort()
    cohort.add("p1", label={"mdd": False}, quarantined=1)
    for estimand in ("initial_trial", "initial_adequate_trial", "trd", "pseudo_resistance"):
        assert units_of(cohort, estimand)[0][0] is False


def test_adequacy_is_part_of_one_population_only() -> None:
    cohort = Cohort()
    expected: list[tuple[bool | None, bool | None]] = []
    for criterion in ("dose_adequate", "duration_adequate", "adherence_adequate"):
        for value in (True, False, None):
            expected.append((value, True))
            cohort.add(f"{criterion}-{value}", label=MDD, trials=(GOOD | {criterion: value},))
    assert units_of(cohort, "initial_adequate_trial") == expected
    assert units_of(cohort, "initial_trial") == [(True, True)] * len(expected)


def test_a_quarantined_trial_may_have_been_an_antidepressant() -> None:
    cases: list[tuple[tuple[bool | None, ...], int, bool | None]] = [
        ((), 0, False),
        ((False,), 0, False),
        ((False,), 1, None),
        ((False, None), 0, None),
        ((True, None), 1, True),
    ]
    cohort = Cohort()
    for number, (antidepressants, quarantined, _) in enumerate(cases):
        trials = tuple(GOOD | {"antidepressant": value} for value in antidepressants)
        label = MDD | {"label": "trd"}
        cohort.add(f"p{number}", label=label, trials=trials, quarantined=quarantined)
    assert units_of(cohort, "trd") == [(member, True) for *_, member in cases]


def test_trd_eligible_and_pseudo_resistance_have_their_own_members() -> None:
    cohort = Cohort()
    cohort.add("in", label=MDD | {"not_excluded": True, "label": "not_trd"}, trials=(GOOD,))
    cohort.add("excluded", label=MDD | {"not_excluded": False}, trials=(GOOD,))
    apparent = {"apparent_resistance": True, "pseudo_resistance": True}
    cohort.add("apparent", label=MDD | apparent, trials=(GOOD,))
    cohort.add("not_apparent", label=MDD | {"apparent_resistance": False}, trials=(GOOD,))
    members = [(True, False), (False, None), (None, None), (None, None)]
    assert units_of(cohort, "trd_eligible") == members
    members = [(None, None), (None, None), (True, True), (False, None)]
    assert units_of(cohort, "pseudo_resistance") == members


def test_under_18s_stand_in_their_age_bands_only() -> None:
    cohort = Cohort()
    for band in ("under 12", "12-17", "18-25", None):
        patient = {"age_band": band, "sex": "female", "chronic_stress": True}
        cohort.add(f"p-{band}", patient=patient, label=MDD, trials=(GOOD,))
    rates = rates_of(cohort)
    assert pick(rates, "initial_trial")["n"] == 2
    assert pick(rates, "initial_trial", "sex", level="female")["n"] == 2
    assert pick(rates, "initial_trial", "drop")["n"] == 2
    factor = pick(rates, "initial_trial", "factor", group="chronic_stress", level="present")
    assert factor["n"] == 2
    for band in ("under 12", "12-17", "18-25", "unknown"):
        assert pick(rates, "initial_trial", "age_band", level=band)["n"] == 1


def test_short_trials_are_those_under_42_days() -> None:
    cohort = Cohort()
    for days in (41, 42, None):
        cohort.add(f"p{days}", label=MDD, trials=(GOOD | {"duration_days": days},))
    rates = rates_of(cohort)
    for level in ("present", "absent", "unknown"):
        row = pick(rates, "initial_trial", "factor", group="insufficient_duration", level=level)
        assert row["n"] == 1
    assert pick(rates, "initial_trial", "factor_group", group=TRIAL_GROUP, level="absent")["n"] == 1


def test_an_age_band_that_is_not_configured_is_a_fault() -> None:
    cohort = Cohort()
    cohort.add("p1", patient={"age_band": "18-24"}, label=MDD, trials=(GOOD,))
    with pytest.raises(ValueError, match="without a row"):
        rates_of(cohort)


def test_a_derived_factor_is_unknown_where_its_trial_is_silent() -> None:
    cohort = Cohort()
    for value in (True, False, None):
        cohort.add(f"p-{value}", label=MDD, trials=(GOOD | {"dose_adequate": value},))
    criteria = derive_criteria(*cohort.tables(), "article")
    asked = criteria.select("patient_id", unknown=criteria.inadequate_dose.isnull())
    unknown = {row["patient_id"]: row["unknown"] for row in asked.to_pyarrow().to_pylist()}
    assert unknown == {"p-True": False, "p-False": False, "p-None": True}
