"""Comparisons: every row is what the slow formulas make of the counts, or says why it is none."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.golden.run import EXPECTED
from tests.slow import formulas
from tests.unit.analysis_cohorts import SETTINGS
from tests.unit.analysis_tables import find_nonsense
from trdanalysis.analysis.comparisons import COMPARISON_COLUMNS, estimate_comparisons
from trdanalysis.analysis.counts import COUNTS, KEYS, Counts
from trdanalysis.analysis.estimands import (
    ESTIMANDS,
    RECORDED_FACTORS,
    TRIAL_FACTORS,
    TRIAL_GROUP,
)
from trdanalysis.analysis.states import OLDER, TRIAL_COLUMNS, YOUNG
from trdanalysis.contract import FACTORS

CIRCULAR = [one.name for one in ESTIMANDS if not one.has_trial_factors]
SIZES = {
    "nobody": (0, 0, 0, 0),
    "unknown only": (3, 0, 0, 5),
    "one without": (1, 1, 0, 0),
    "one with": (1, 1, 1, 0),
    "none with": (20, 18, 0, 3),
    "all with": (20, 18, 18, 3),
    "some with": (40, 33, 11, 9),
    "many": (10**7, 10**7 - 5, 3 * 10**6, 10**6),
    "many, one with": (10**7, 10**7, 1, 0),
    "many, one without": (10**7, 10**7, 10**7 - 1, 0),
}


def patient_rows(
    cells: dict[tuple[str, str, str, str], tuple[int, ...]], estimand: str
) -> list[Any]:
    return [("article", estimand, *place, *counts) for place, counts in cells.items()]


def compare(
    patients: list[tuple[Any, ...]], trials: list[tuple[Any, ...]] | None = None
) -> pd.DataFrame:
    """Compare cells: rows of definition, estimand, stratum, group, level, band and counts."""
    counts = Counts(
        pd.DataFrame(patients, columns=[*KEYS, *COUNTS]),
        pd.DataFrame(trials or [], columns=[*KEYS, *TRIAL_COLUMNS, "patients"]),
    )
    table = estimate_comparisons(counts, SETTINGS)
    assert find_nonsense({"comparisons": table}) == []
    return table


def expected_row(one: tuple[int, ...], other: tuple[int, ...], measure: str) -> Any:
    """Give value and limits, None where there are none, from certain, known, events, unknown."""
    (_, n, a, _), (_, m, b, _) = one, other
    if not n or not m:
        return "nobody_in_a_group"
    if measure == "rd":
        return formulas.newcombe(a, n, b, m)
    if (a, b) == (n, m):
        return "only_events"
    return formulas.risk_ratio(a, n, b, m) or "no_event_in_a_group"


@pytest.mark.parametrize("one", SIZES)
def test_two_groups_of_any_size(one: str) -> None:
    cells = {}
    for name, other in zip(RECORDED_FACTORS, SIZES, strict=False):
        cells["factor", name, "present", ""] = SIZES[one]
        cells["factor", name, "absent", ""] = SIZES[other]
    table = compare(patient_rows(cells, "initial_trial"))
    table = table[(table["estimand"] == "initial_trial") & (table["contrast"] == "factor")]
    for name, other in zip(RECORDED_FACTORS, SIZES, strict=False):
        check_two_groups(table[table["group"] == name], SIZES[one], SIZES[other])


def check_two_groups(rows: pd.DataFrame, one: tuple[int, ...], other: tuple[int, ...]) -> None:
    for measure in ("rd", "rr"):
        row = rows[(rows["model"] == "unadjusted") & (rows["measure"] == measure)].iloc[0]
        wanted = expected_row(one, other, measure)
        if isinstance(wanted, str):
            assert (row["status"], row["reason"]) == ("not_estimable", wanted)
            continue
        assert (row["status"], row["n"], row["n_versus"]) == ("ok", one[1], other[1])
        got = [row["value"], row["ci_low"], row["ci_high"]]
        assert got == pytest.approx(wanted, rel=1e-9, abs=1e-12)
        if max(one[1], other[1]) < 1000:
            p_value, test = formulas.two_group_p(one[2], one[1], other[2], other[1])
            assert row["p_value"] == pytest.approx(p_value, rel=1e-9)
            assert row["ci_method"].endswith("fisher" if test == "fisher" else "chi_squared")
    bounds = rows[rows["model"] == "bounds"]
    totals = [counts[1] + counts[3] for counts in (one, other)]
    assert len(bounds) == (1 if all(totals) else 0)
    if all(totals):
        (_, _, a, u), (_, _, b, v) = one, other
        assert bounds["ci_low"].item() == pytest.approx(a / totals[0] - (b + v) / totals[1])
        assert bounds["ci_high"].item() == pytest.approx((a + u) / totals[0] - b / totals[1])


def test_random_groups_give_what_the_formulas_give() -> None:
    random = np.random.default_rng(1)
    for _ in range(60):
        cells: dict[tuple[str, str, str, str], tuple[int, ...]] = {}
        factors = [name for names in FACTORS.values() for name in names]
        for stratum, names in (("factor_group", list(FACTORS)), ("factor", factors)):
            for name in names:
                for level in ("present", "absent", "unknown"):
                    certain = int(random.integers(0, 60))
                    known = int(random.integers(0, certain + 1))
                    events = int(random.integers(0, known + 1))
                    unknown = certain - known + int(random.integers(0, 9))
                    cells[(stratum, name, level, "")] = (certain, known, events, unknown)
        estimand = str(random.choice(["initial_trial", "initial_remission"]))
        table = compare(patient_rows(cells, estimand))
        table = table[(table["estimand"] == estimand) & (table["model"] == "unadjusted")]
        for contrast, adjust in (
            ("factor_group", formulas.holm),
            ("factor", formulas.benjamini_hochberg),
        ):
            rows = table[table["contrast"] == contrast]
            tests: dict[str, float] = {}
            for row in rows.to_dict("records"):
                one, other = (
                    cells[(contrast, row["group"], level, "")] for level in ("present", "absent")
                )
                wanted = expected_row(one, other, row["measure"])
                if one[1] and other[1]:
                    tests[row["group"]] = formulas.two_group_p(one[2], one[1], other[2], other[1])[
                        0
                    ]
                if isinstance(wanted, str):
                    assert row["reason"] == wanted
                    continue
                got = [row["value"], row["ci_low"], row["ci_high"]]
                assert got == pytest.approx(wanted, rel=1e-9, abs=1e-12)
            adjusted = dict(zip(tests, adjust(list(tests.values())), strict=True))
            for row in rows[rows["status"] == "ok"].to_dict("records"):
                assert row["p_value"] == pytest.approx(tests[row["group"]], rel=1e-9)
                assert row["p_adjusted"] == pytest.approx(adjusted[row["group"]], rel=1e-9)
                assert row["n_tests"] == len(tests)


def test_difference_and_ratio_share_their_test() -> None:
    """Where one of several groups has no event there is no ratio, but there is the test."""
    cells = {}
    for name, events in (("biological", 0), ("psychological", 9), ("environmental", 15)):
        cells[("factor_group", name, "present", "")] = (30, 30, events, 0)
        cells[("factor_group", name, "absent", "")] = (40, 40, 8, 0)
    table = compare(patient_rows(cells, "initial_trial"))
    rows = table[(table["estimand"] == "initial_trial") & (table["status"] == "ok")]
    rows = rows[rows["model"] == "unadjusted"]
    assert set(rows["n_tests"]) == {3}
    by_group = rows.groupby("group")
    assert (by_group["p_adjusted"].nunique() == 1).all()
    assert (
        by_group.size() == pd.Series({"biological": 1, "environmental": 2, "psychological": 2})
    ).all()


def histories(place: tuple[str, str, str, str], *rows: tuple[int, int, int, int]) -> list[Any]:
    return [("article", "any_adequate_trial", *place, *row) for row in rows]


def clusters(rows: tuple[tuple[int, int, int, int], ...]) -> list[formulas.Cluster]:
    return [
        formulas.Cluster(known, events)
        for known, events, _, patients in rows
        for _ in range(patients)
        if known
    ]


#: Histories: trials known, events, unknown, patients.
HISTORIES: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "nobody": (),
    "unknown only": ((0, 0, 2, 3),),
    "one patient, several trials": ((3, 2, 0, 1),),
    "one patient, no event": ((3, 0, 0, 1),),
    "no event": ((2, 0, 0, 9), (1, 0, 1, 4)),
    "only events": ((2, 2, 0, 9), (1, 1, 1, 4)),
    "all alike": ((2, 1, 0, 9),),
    "two patients": ((2, 1, 0, 1), (1, 0, 0, 1)),
    "some": ((2, 1, 0, 9), (1, 1, 0, 6), (3, 0, 1, 5), (1, 0, 0, 8)),
}


@pytest.mark.parametrize("one", HISTORIES)
def test_two_groups_of_trials(one: str) -> None:
    trials = []
    for name, other in zip(RECORDED_FACTORS, HISTORIES, strict=False):
        trials += histories(("factor", name, "present", ""), *HISTORIES[one])
        trials += histories(("factor", name, "absent", ""), *HISTORIES[other])
    table = compare([], trials)
    rows = table[(table["estimand"] == "any_adequate_trial") & (table["contrast"] == "factor")]
    rows = rows[rows["model"] == "unadjusted"]
    for name, other in zip(RECORDED_FACTORS, HISTORIES, strict=False):
        check_two_groups_of_trials(rows[rows["group"] == name].set_index("measure"), one, other)


def check_two_groups_of_trials(rows: pd.DataFrame, one: str, other: str) -> None:
    groups = [clusters(HISTORIES[name]) for name in (one, other)]
    reason = {}
    if not all(groups):
        reason = dict.fromkeys(("rd", "rr"), "nobody_in_a_group")
    elif min(map(len, groups)) < 2:
        reason = dict.fromkeys(("rd", "rr"), "fewer_than_two_patients")
    elif any(formulas.cluster_rate(group) == 0 for group in groups):
        reason = {"rr": "no_event_in_a_group"}
    elif any(formulas.cluster_variance(group) == 0 for group in groups):
        reason = {"rr": "no_variance_in_a_group"}
    for measure in ("rd", "rr"):
        row = rows.loc[measure]
        if measure in reason:
            assert (row["status"], row["reason"]) == ("not_estimable", reason[measure])
            continue
        p, q = (formulas.cluster_rate(group) for group in groups)
        assert row["value"] == pytest.approx(p - q if measure == "rd" else p / q)
        variances = [formulas.cluster_variance(group) for group in groups]
        # Patients who are all alike would make a test of certainty.
        assert pd.isna(row["p_value"]) == (0 in variances)
        if measure == "rd":
            (l1, u1), (l2, u2) = (formulas.cluster_limits(group) for group in groups)
            assert row["ci_low"] == pytest.approx(p - q - np.hypot(p - l1, u2 - q))
            assert row["ci_high"] == pytest.approx(p - q + np.hypot(u1 - p, q - l2))


@pytest.mark.parametrize("unit", ["patient", "trial"])
def test_more_than_ten_sites_stand_each_against_the_others(unit: str) -> None:
    sites = [f"s{number:02}" for number in range(11)]
    random = np.random.default_rng(2)
    known = {site: int(random.integers(20, 40)) for site in sites}
    events = {site: int(random.integers(1, known[site])) for site in sites}
    if unit == "patient":
        estimand, patients, trials = "trd", [], []
        patients = [
            (
                "article",
                estimand,
                "site",
                "site",
                site,
                "",
                known[site],
                known[site],
                events[site],
                0,
            )
            for site in [*sites]
        ]
    else:
        estimand, patients, trials = "any_adequate_trial", [], []
        for site in sites:
            place = ("site", "site", site, "")
            trials += histories(
                place, (1, 1, 0, events[site]), (1, 0, 0, known[site] - events[site])
            )
    for less, versus in ((0, "all others"), (1, None)):
        kept = set(sites[less:])
        table = compare(
            [row for row in patients if row[4] in kept], [row for row in trials if row[4] in kept]
        )
        rows = table[(table["estimand"] == estimand) & (table["contrast"] == "site")]
        rows = rows[(rows["model"] == "unadjusted") & (rows["measure"] == "rd")]
        if versus is None:
            pairs = set(zip(rows["level"], rows["versus"], strict=True))
            assert pairs == set(combinations(sorted(kept), 2))
            continue
        assert set(rows["versus"]) == {versus} and list(rows["level"]) == sites
        for row in rows.to_dict("records"):
            rest = [site for site in sites if site != row["level"]]
            assert row["n_versus"] == sum(known[site] for site in rest)
            difference = events[row["level"]] / known[row["level"]] - sum(
                events[site] for site in rest
            ) / sum(known[site] for site in rest)
            assert row["value"] == pytest.approx(difference)


BANDS = ("18-25", "26 and over")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ((0, 0), (0, 0), "fewer_than_two_bands_or_one_outcome"),
        ((9, 3), (0, 0), "fewer_than_two_bands_or_one_outcome"),
        ((9, 0), (8, 0), "fewer_than_two_bands_or_one_outcome"),
        ((9, 9), (8, 8), "fewer_than_two_bands_or_one_outcome"),
        ((1, 1), (1, 0), None),
        ((10**7, 10**6), (10**7, 2 * 10**6), None),
    ],
)
def test_trend(first: tuple[int, int], second: tuple[int, int], reason: str | None) -> None:
    rows = [
        ("article", "initial_trial", "age_band", "age_band", band, band, n, n, e, 0)
        for band, (n, e) in zip(BANDS, (first, second), strict=True)
    ]
    table = compare(rows)
    found = table[(table["estimand"] == "initial_trial") & (table["contrast"] == "age_trend")]
    found = found.set_index("measure")
    assert found.loc["departure", "status"] == "not_estimable"
    if reason is not None:
        assert set(found["reason"]) == {reason}
        return
    wanted = formulas.trend([first[1], second[1]], [first[0], second[0]], [1, 2])
    assert wanted is not None
    row = found.loc["trend"]
    assert [row["value"], row["ci_low"], row["ci_high"]] == pytest.approx(
        [wanted.slope, *wanted.limits], rel=1e-9
    )
    assert row["p_value"] == pytest.approx(wanted.p_value, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(
    ("n", "events", "reason"),
    [
        ((9, 9, 9, 0), (3, 3, 3, 0), "nobody_in_a_group"),
        ((9, 9, 9, 9), (3, 3, 3, 0), "no_event_in_a_group"),
        ((9, 9, 9, 9), (9, 9, 9, 9), "only_events"),
        ((9, 9, 9, 9), (9, 9, 9, 8), None),
        ((40, 30, 20, 10), (10, 9, 8, 7), None),
    ],
)
def test_interaction(n: tuple[int, ...], events: tuple[int, ...], reason: str | None) -> None:
    places = [(age, level) for age in (OLDER, YOUNG) for level in ("absent", "present")]
    rows = [
        ("article", "initial_trial", "factor_group_by_age_group", "biological", level, age,
         n[at], n[at], events[at], 0)
        for at, (age, level) in enumerate(places)
    ]  # fmt: skip
    table = compare(rows)
    found = table[(table["estimand"] == "initial_trial") & (table["contrast"] == "age_interaction")]
    found = found[found["group"] == "biological"]
    if reason is not None:
        assert set(found["status"]) == {"not_estimable"} and set(found["reason"]) == {reason}
        return
    e, m = [list(events[:2]), list(events[2:])], [list(n[:2]), list(n[2:])]
    wanted = {
        "reri": formulas.reri(e, m),
        "rd": formulas.difference_of_differences(e, m),
        "rr": formulas.ratio_of_ratios(e, m),
    }
    for row in found.to_dict("records"):
        got = [row["value"], row["ci_low"], row["ci_high"]]
        assert got == pytest.approx(wanted[row["measure"]], rel=1e-9, abs=1e-12)


def test_nobody_at_all_and_a_definition_without_labels() -> None:
    table = compare([])
    assert list(table.columns) == list(COMPARISON_COLUMNS)
    assert set(table["status"]) == {"not_estimable", "by_definition"}


def test_what_defines_the_population_or_the_event_has_no_number() -> None:
    cells = {
        (stratum, name, level, band): (30, 30, 9, 4)
        for stratum, names, band in (
            ("factor_group", [TRIAL_GROUP], ""),
            ("factor", TRIAL_FACTORS, ""),
            ("factor_group_by_age_group", [TRIAL_GROUP], YOUNG),
            ("factor_group_by_age_group", [TRIAL_GROUP], OLDER),
        )
        for name in names
        for level in ("present", "absent", "unknown")
    }
    patients = [row for name in CIRCULAR for row in patient_rows(cells, name)]
    table = compare(patients)
    own = table[
        table["estimand"].isin(CIRCULAR) & table["group"].isin([TRIAL_GROUP, *TRIAL_FACTORS])
    ]
    assert len(own) >= 4 * len(CIRCULAR)
    assert set(own["status"]) == {"by_definition"}
    numbers = ["n", "n_versus", "value", "ci_low", "ci_high", "p_value", "p_adjusted", "n_tests"]
    assert own[numbers].isna().all(axis=None)


# -- the kept tables


def kept(name: str) -> pd.DataFrame:
    return pd.read_csv(EXPECTED / f"{name}.csv")


def counts_of_rates() -> dict[tuple[str, str, str, str], dict[str, Any]]:
    rates = kept("rates")
    rates = rates[rates["analysis"].isin(["complete_case", "proven"])]
    rates = rates[rates["stratum"] != "factor_group_by_age_band"]
    key = ["estimand", "stratum", "group", "level"]
    assert not rates.duplicated(key).any()
    return {tuple(row[name] for name in key): row for row in rates.to_dict("records")}  # type: ignore[misc]


def test_the_kept_comparisons_follow_from_the_kept_rates() -> None:
    rates, table = counts_of_rates(), kept("comparisons")
    seen = 0
    strata = ("factor_group", "factor", "site", "drop")
    own = table[table["contrast"].isin(strata) & table["model"].isin(["unadjusted", "bounds"])]
    families: dict[tuple[str, str], dict[tuple[str, str, str], float]] = {}
    for row in own.to_dict("records"):
        if row["status"] == "by_definition":
            continue
        place = (row["estimand"], row["contrast"], row["group"])
        one, other = rates[(*place, row["level"])], rates[(*place, row["versus"])]
        if row["model"] == "bounds":
            low = one["bound_low"] - other["bound_high"]
            high = one["bound_high"] - other["bound_low"]
            assert [row["ci_low"], row["ci_high"]] == pytest.approx([low, high], rel=1e-8, abs=1e-9)
            seen += 1
            continue
        assert (row["n"], row["n_versus"]) == (one["n"], other["n"])
        if row["estimand"] == "any_adequate_trial":
            if row["status"] == "ok":
                p, q = one["rate"], other["rate"]
                value = p - q if row["measure"] == "rd" else p / q
                assert row["value"] == pytest.approx(value, rel=1e-8, abs=1e-9)
            if row["status"] == "ok" and row["measure"] == "rd":
                p, q = one["rate"], other["rate"]
                low = p - q - np.hypot(p - one["ci_low"], other["ci_high"] - q)
                high = p - q + np.hypot(one["ci_high"] - p, q - other["ci_low"])
                assert [row["ci_low"], row["ci_high"]] == pytest.approx([low, high], rel=1e-8)
        else:
            sizes = [
                (int(cell["n"]), int(cell["n"]), int(cell["events"]), 0) for cell in (one, other)
            ]
            wanted = expected_row(sizes[0], sizes[1], row["measure"])
            if isinstance(wanted, str):
                assert row["reason"] == wanted
                continue
            assert [row["value"], row["ci_low"], row["ci_high"]] == pytest.approx(
                wanted, rel=1e-8, abs=1e-9
            )
            p_value, _ = formulas.two_group_p(sizes[0][2], sizes[0][0], sizes[1][2], sizes[1][0])
            if one["analysis"] == "proven":
                assert pd.isna(row["p_value"])
            else:
                assert row["p_value"] == pytest.approx(p_value, rel=1e-8)
        if not pd.isna(row["p_value"]):
            family = families.setdefault((row["estimand"], row["contrast"]), {})
            family[(row["group"], row["level"], row["versus"])] = row["p_value"]
        seen += 1
    assert seen > 250
    assert len(families) > 8
    for (estimand, contrast), tests in families.items():
        adjust = formulas.holm if contrast == "factor_group" else formulas.benjamini_hochberg
        adjusted = dict(zip(tests, adjust(list(tests.values())), strict=True))
        rows = own[(own["estimand"] == estimand) & (own["contrast"] == contrast)]
        for row in rows[rows["p_value"].notna()].to_dict("records"):
            key = (row["group"], row["level"], row["versus"])
            assert row["p_adjusted"] == pytest.approx(adjusted[key], rel=1e-8)
            assert row["n_tests"] == len(tests)


def test_the_kept_young_adults_follow_from_the_kept_bands() -> None:
    rates, table = counts_of_rates(), kept("comparisons")
    own = table[(table["contrast"] == "young_adults") & (table["model"] == "unadjusted")]
    own = own[(own["estimand"] != "any_adequate_trial")]
    for row in own.to_dict("records"):
        bands = {
            key[3]: cell for key, cell in rates.items() if key[:2] == (row["estimand"], "age_band")
        }
        older = [name for name in bands if name[:2].isdigit() and int(name[:2]) >= 26]
        young = bands["18-25"]
        n, events = (int(sum(bands[name][what] for name in older)) for what in ("n", "events"))
        one = (int(young["n"]), int(young["n"]), int(young["events"]), 0)
        wanted = expected_row(one, (n, n, events, 0), row["measure"])
        if isinstance(wanted, str):
            assert row["reason"] == wanted
        else:
            got = [row["value"], row["ci_low"], row["ci_high"]]
            assert got == pytest.approx(wanted, rel=1e-8, abs=1e-9)


def test_the_kept_trends_follow_from_the_kept_bands() -> None:
    rates, table = counts_of_rates(), kept("comparisons")
    own = table[table["model"] == "cochran_armitage"]
    assert set(own["status"]) >= {"ok"}
    for estimand, rows in own.groupby("estimand"):
        bands = {key[3]: cell for key, cell in rates.items() if key[:2] == (estimand, "age_band")}
        adults = [name for name in bands if name[:2].isdigit() and int(name[:2]) >= 18]
        adults.sort(key=lambda name: int(name[:2]))
        wanted = formulas.trend(
            [int(bands[name]["events"]) for name in adults],
            [int(bands[name]["n"]) for name in adults],
            range(1, len(adults) + 1),
        )
        assert wanted is not None
        by_measure = rows.set_index("measure")
        row = by_measure.loc["trend"]
        assert [row["value"], row["ci_low"], row["ci_high"], row["p_value"]] == pytest.approx(
            [wanted.slope, *wanted.limits, wanted.p_value], rel=1e-8
        )
        row = by_measure.loc["departure"]
        assert [row["value"], row["p_value"]] == pytest.approx(
            [wanted.departure_chi2, wanted.departure_p], rel=1e-8
        )
        assert row["level"] == f"{wanted.departure_df} df"
