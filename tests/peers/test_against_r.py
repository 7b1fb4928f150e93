"""Our statistics against R's, number by number: see tests/peers/r/README.md.

R's results are kept in the repository, so that these tests need no R; `make test-system` runs R
again. Closed forms agree to 1e-8, fits to 1e-6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

R = Path(__file__).parent / "r"
Values = dict[str, float]

CLOSED, FITTED = 1e-8, 1e-6


@cache
def expected(topic: str) -> dict[str, Values]:
    """Read what R gives: by case, by quantity."""
    table = pd.read_csv(R / "expected" / f"{topic}.csv", dtype={"case": str, "quantity": str})
    return {
        str(case): dict(zip(rows["quantity"], rows["value"], strict=True))
        for case, rows in table.groupby("case", sort=False)
    }


@cache
def read_input(name: str) -> pd.DataFrame:
    """Read what both work on."""
    return pd.read_csv(R / "inputs" / f"{name}.csv", dtype={"case": str})


def rows_of(name: str, case: str) -> pd.DataFrame:
    """Give the rows of one case."""
    table = read_input(name)
    return table[table["case"] == case].reset_index(drop=True)


def cases(topic: str) -> list[str]:
    """Name the cases of an input."""
    return list(dict.fromkeys(read_input(topic)["case"]))


def check(got: Mapping[str, Any], wanted: Values, rel: float = CLOSED) -> None:
    """Compare what we give, all of it, with R's numbers of these names."""
    ours = {name: float(np.asarray(value).item()) for name, value in got.items()}
    # Where a number should be 0 (as an excess may be), rounding leaves some 1e-16.
    assert ours == pytest.approx({name: wanted[name] for name in ours}, rel, 1e-14, nan_ok=True)


def of_columns(prefix: str, names: Sequence[str], values: Any) -> Values:
    """Name a vector's or a matrix's numbers as the scripts do."""
    values = np.asarray(values)
    if values.ndim == 1:
        return {f"{prefix}.{name}": v for name, v in zip(names, values, strict=True)}
    return {
        f"{prefix}.{row}.{column}": values[i, j]
        for i, row in enumerate(names)
        for j, column in enumerate(names)
    }


@pytest.mark.parametrize("case", cases("proportions"))
def test_one_proportion(case: str) -> None:
    from trdanalysis.analysis.intervals import (
        estimate_clopper_pearson,
        estimate_score_p_value,
        estimate_wilson,
    )

    counts = rows_of("proportions", case)[["events", "n"]].to_numpy().T
    got: dict[str, Any] = {"score_p_against_0.3": estimate_score_p_value(*counts, 0.3)}
    for percent in (95, 90):
        low, high = estimate_wilson(*counts, percent / 100)
        got |= {f"wilson{percent}_low": low, f"wilson{percent}_high": high}
        low, high = estimate_clopper_pearson(*counts, percent / 100)
        got |= {f"exact{percent}_low": low, f"exact{percent}_high": high}
    check(got, expected("proportions")[case])


@pytest.mark.parametrize("case", cases("two_groups"))
def test_two_groups(case: str) -> None:
    from trdanalysis.analysis.contrasts import (
        estimate_risk_difference,
        estimate_risk_ratio,
        estimate_two_group_p,
    )

    counts = rows_of("two_groups", case)[["events", "n", "other_events", "other_n"]].to_numpy().T
    wanted = expected("two_groups")[case]
    limits = ("", "_low", "_high")
    got = {
        f"difference{end}": value
        for end, value in zip(limits, estimate_risk_difference(*counts), strict=True)
    }
    got |= {
        f"ratio{end}": value
        for end, value in zip(limits, estimate_risk_ratio(*counts), strict=True)
    }
    p_value, method = estimate_two_group_p(*counts)
    exact = wanted["smallest_expected"] < 5
    assert method[0] == ("fisher" if exact else "chi_squared")
    check({**got, ("fisher_p" if exact else "score_p"): p_value}, wanted)


@pytest.mark.parametrize("method", ["holm", "bh"])
@pytest.mark.parametrize("case", cases("p_values"))
def test_adjusted_p_values(case: str, method: str) -> None:
    from trdanalysis.analysis.contrasts import adjust_p_values

    family = rows_of("p_values", case)
    adjusted = adjust_p_values(family["p"].to_numpy(), method)
    names = [str(position) for position in family["position"]]
    check(of_columns(method, names, adjusted), expected("p_values")[case])


@pytest.mark.parametrize("case", cases("bands"))
def test_trend(case: str) -> None:
    from scipy.stats import norm

    from trdanalysis.analysis.trends import estimate_trend

    bands = rows_of("bands", case)
    trend = estimate_trend(bands["events"], bands["n"], bands["score"])
    assert trend is not None
    wanted = expected("trends")[case]
    named = ("slope", "chi2", "p_value", "departure_chi2", "departure_df", "departure_p")
    check({name: getattr(trend, name) for name in named}, wanted)
    half = norm.ppf(0.975) * wanted["slope_se_pooled"]
    limits = {"low": wanted["slope"] - half, "high": wanted["slope"] + half}
    check({"low": trend.ci_low, "high": trend.ci_high}, limits)


def estimate_clusters(case: str) -> Any:
    """Estimate our rate of one set of clusters."""
    from trdanalysis.analysis.clusters import estimate_cluster_rate

    patients = rows_of("clusters", case)
    return estimate_cluster_rate(patients["trials"], patients["events"])


@pytest.mark.parametrize("case", cases("clusters"))
def test_cluster_rate(case: str) -> None:
    from trdanalysis.analysis.clusters import estimate_cluster_p_value, estimate_cluster_rate

    wanted = expected("clusters")[case]
    rate = estimate_clusters(case)
    named = [name for name in wanted if not name.startswith("p_")]
    check({name: getattr(rate, name) for name in named}, wanted)
    if "p_against_0.3" in wanted:
        check({"p_against_0.3": estimate_cluster_p_value(rate, 0.3)}, wanted)
    # Patients alike may be one row.
    alike = rows_of("clusters", case).groupby(["trials", "events"]).size().reset_index(name="n")
    grouped = estimate_cluster_rate(alike["trials"], alike["events"], alike["n"])
    check({name: getattr(grouped, name) for name in named}, wanted)


@pytest.mark.parametrize("case", [case for case in expected("clusters") if " and " in case])
def test_two_cluster_rates(case: str) -> None:
    from trdanalysis.analysis.contrasts import estimate_cluster_difference, estimate_cluster_ratio

    one, other = (estimate_clusters(part) for part in case.split(" and "))
    difference = ("difference", "difference_low", "difference_high", "difference_p")
    got = dict(zip(difference, estimate_cluster_difference(one, other), strict=True))
    ratio = ("ratio", "ratio_low", "ratio_high")
    got |= dict(zip(ratio, estimate_cluster_ratio(one, other), strict=True))
    check(got, expected("clusters")[case])


@pytest.mark.parametrize("case", cases("interactions"))
def test_interaction(case: str) -> None:
    from trdanalysis.analysis.interactions import estimate_interaction

    cells = rows_of("interactions", case).sort_values(["a", "b"])
    got = estimate_interaction(
        cells["events"].to_numpy().reshape(2, 2), cells["n"].to_numpy().reshape(2, 2)
    )
    assert got is not None
    fields = {
        "reri": got.reri, "reri_low": got.reri_low, "reri_high": got.reri_high,
        "rd_difference": got.rd_difference, "rd_difference_low": got.rd_low,
        "rd_difference_high": got.rd_high,
        "rr_ratio": got.rr_ratio, "rr_ratio_low": got.rr_low, "rr_ratio_high": got.rr_high,
    }  # fmt: skip
    check(fields, expected("interactions")[case])


FACTORS = ["biological", "psychological", "environmental", "sex"]
TERMS = {
    "everything": [*FACTORS, "decades", "severity"],
    "weighted": [*FACTORS, "decades", "severity"],
    "factors": FACTORS,
}


def model_rows(case: str) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Give names, design, events and n; in one case weighted, in one grouped."""
    table = read_input("model").assign(decades=lambda rows: rows["age"] / 10, n=1)
    if case == "weighted":
        table = table.assign(y=table["y"] * table["weight"], n=table["weight"])
    if case == "factors":
        table = table.groupby(TERMS[case], as_index=False)[["y", "n"]].sum()
        assert len(table) < 17
    terms = table[TERMS[case]].to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(table)), terms])
    return ["(Intercept)", *TERMS[case]], design, table["y"].to_numpy(), table["n"].to_numpy()


def check_fit(fit: Any, wanted: Values) -> None:
    """Compare a model's numbers."""
    check(of_columns("coefficient", fit.names, fit.coefficients), wanted, FITTED)
    check(of_columns("covariance", fit.names, fit.covariance), wanted, FITTED)


@pytest.mark.parametrize("case", list(TERMS))
def test_modified_poisson(case: str) -> None:
    from trdanalysis.analysis.models import fit_modified_poisson

    names, design, events, n = model_rows(case)
    wanted = expected("models")[f"poisson.{case}"]
    fit = fit_modified_poisson(design, events, n, names)
    check_fit(fit, wanted)
    check({"log_likelihood": fit.log_likelihood, "dispersion": fit.dispersion}, wanted, FITTED)


@pytest.mark.parametrize("case", list(TERMS))
def test_logistic(case: str) -> None:
    from trdanalysis.analysis.models import estimate_c_statistic, fit_logistic, standardise

    names, design, events, n = model_rows(case)
    wanted = expected("models")[f"logistic.{case}"]
    fit = fit_logistic(design, events, n, names)
    check_fit(fit, wanted)
    check({"log_likelihood": fit.log_likelihood, "dispersion": fit.dispersion}, wanted, FITTED)
    check({"c_statistic": estimate_c_statistic(fit, design, events, n)}, wanted)
    for exposure in ("biological", "psychological"):
        wanted = expected("models")[f"standardised.{case}.{exposure}"]
        told = standardise(fit, design, exposure, n)
        check({name: getattr(told, name) for name in wanted}, wanted, FITTED)


@pytest.mark.parametrize("by", ["", "_by_gee"])
@pytest.mark.parametrize("link", ["log", "logit"])
def test_equations(link: str, by: str) -> None:
    from trdanalysis.analysis.models import fit_gee

    fit = fit_gee(*gee_rows(), names=["(Intercept)", "biological", "decades"], link=link)
    wanted = expected("gee")[link + by]
    check_fit(fit, wanted)
    check({"scale": fit.dispersion}, wanted, FITTED)


@pytest.mark.parametrize("link", ["log", "logit"])
def test_equations_are_near_those_with_other_divisors(link: str) -> None:
    from trdanalysis.analysis.models import fit_gee

    fit = fit_gee(*gee_rows(), names=["(Intercept)", "biological", "decades"], link=link)
    wanted = expected("gee")[f"{link}_by_geepack"]
    # geepack divides by all pairs, not by the pairs less the terms.
    check(of_columns("coefficient", fit.names, fit.coefficients), wanted, 1e-3)
    check(of_columns("covariance", fit.names, fit.covariance), wanted, 1e-2)


def gee_rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a design of patients, their events and their trials."""
    patients = (
        read_input("gee")
        .groupby("patient")
        .agg(
            biological=("biological", "first"),
            age=("age", "first"),
            events=("y", "sum"),
            trials=("y", "size"),
        )
    )
    design = np.column_stack([np.ones(len(patients)), patients["biological"], patients["age"] / 10])
    return design, patients["events"].to_numpy(), patients["trials"].to_numpy()


@pytest.mark.parametrize("case", ["plain", "weighted"])
def test_firth(case: str) -> None:
    from trdanalysis.analysis.firth import fit_firth

    table = read_input("firth")
    n = np.ones(len(table)) if case == "plain" else table["weight"].to_numpy()
    terms = ["rare", "common", "score"]
    design = np.column_stack([np.ones(len(table)), table[terms]])
    fit = fit_firth(design, table["y"].to_numpy() * n, n, ["(Intercept)", *terms])
    wanted = expected("firth")[case]
    check(of_columns("coefficient", fit.names, fit.coefficients), wanted, FITTED)
    check({"penalised_log_likelihood": fit.log_likelihood}, wanted, FITTED)
    for name in ("ci_low", "ci_high", "p_value"):
        check(of_columns(name, fit.names, getattr(fit, name)), wanted, FITTED)


@pytest.mark.parametrize("case", ["three", "four", "five"])
def test_spline(case: str) -> None:
    from scipy.stats import chi2

    from trdanalysis.analysis.models import fit_logistic
    from trdanalysis.analysis.splines import restricted_cubic_basis

    wanted = expected("splines")[case]
    knots = np.array([value for name, value in wanted.items() if name.startswith("knot.")])
    ages = np.array(
        [int(name.split(".")[1]) for name in wanted if name.startswith("linear_predictor.")]
    )
    basis = restricted_cubic_basis(ages, knots)
    assert basis.shape == (len(ages), len(knots) - 1)
    cells = {
        f"basis.{age}.column{place + 1}": basis[row, place]
        for row, age in enumerate(ages)
        for place in range(basis.shape[1])
    }
    check(cells, wanted)

    # Decades, as the models have them: the curve is the same.
    table = read_input("model")
    design, line, at = (
        np.column_stack([np.ones(len(age)), restricted_cubic_basis(age / 10, places), sex])
        for age, places, sex in (
            (table["age"].to_numpy(), knots / 10, table["sex"]),
            (table["age"].to_numpy(), [], table["sex"]),
            (ages, knots / 10, np.ones(len(ages))),
        )
    )
    fit = fit_logistic(design, table["y"])
    names = [str(age) for age in ages]
    linear = at @ fit.coefficients
    check(of_columns("linear_predictor", names, linear), wanted, FITTED)
    errors = np.sqrt(np.einsum("ij,jk,ik->i", at, fit.covariance, at))
    check(of_columns("linear_predictor_se", names, errors), wanted, FITTED)
    check(of_columns("risk", names, 1 / (1 + np.exp(-linear))), wanted, FITTED)
    statistic = 2 * (fit.log_likelihood - fit_logistic(line, table["y"]).log_likelihood)
    p_value = chi2.sf(statistic, len(knots) - 2)
    got = {"log_likelihood": fit.log_likelihood, "nonlinearity_chi2": statistic}
    check({**got, "nonlinearity_p": p_value}, wanted, FITTED)


@pytest.mark.parametrize("number", [3, 4, 5])
def test_knots(number: int) -> None:
    from trdanalysis.analysis.splines import place_knots

    table = read_input("model")
    knots = place_knots(table["age"], table["weight"], number)
    places = [str(place + 1) for place in range(number)]
    check(of_columns("knot", places, knots), expected("splines")[f"quantiles{number}"])


CURVE = ["n_at_risk", "events", "censored", "cumulative_incidence", "ci_low", "ci_high"]


@pytest.mark.parametrize("case", list(expected("survival")))
def test_incidence(case: str) -> None:
    from trdanalysis.analysis.survival import estimate_incidence

    rows = rows_of("survival", case.removesuffix("_weighted"))
    patients = rows["weight"] if case.endswith("_weighted") else None
    got = estimate_incidence(rows["day"], rows["has_event"], patients)

    lines: dict[int, Values] = {}
    for name, value in expected("survival")[case].items():
        quantity, day = name.rsplit(".", 1)
        lines.setdefault(int(day), {})[quantity] = value
    # R has a line also for days on which patients only leave; here they stand at the event before.
    wanted: dict[int, Values] = {}
    for day, line in lines.items():
        if line["events"] > 0:
            wanted[day] = dict(line)
        elif wanted:
            wanted[max(wanted)]["censored"] += line["censored"]
    assert got["day"].tolist() == list(wanted)
    for row, line in zip(got[CURVE].to_dict("records"), wanted.values(), strict=True):
        check({str(name): value for name, value in row.items()}, line)


@pytest.mark.parametrize("case", cases("pooling"))
def test_pooling(case: str) -> None:
    from trdanalysis.analysis.imputation import pool_estimates

    rows = rows_of("pooling", case)
    pooled = pool_estimates(
        rows["estimate"].tolist(), rows["variance"].tolist(), float(rows["n_complete_df"].iloc[0])
    )
    named = ("estimate", "variance", "df", "fraction_missing")
    check({name: getattr(pooled, name) for name in named}, expected("pooling")[case])


@pytest.mark.parametrize("case", cases("agreement"))
def test_agreement(case: str) -> None:
    from trdanalysis.analysis.agreement import MEASURES, measure_agreement

    both, first, second, neither = rows_of("agreement", case).iloc[0, 1:].tolist()
    got = measure_agreement([[both, first], [second, neither]])
    check({name: got[name] for name in MEASURES}, expected("agreement")[case])


@pytest.mark.parametrize("case", cases("standardised"))
def test_standardised_differences(case: str) -> None:
    from trdanalysis.analysis.standardised import (
        compare_levels,
        compare_numbers,
        describe_values,
    )

    rows = rows_of("standardised", case)
    one, other = (rows[rows["group"] == group] for group in ("one", "other"))
    described = [describe_values(each["value"], each["count"]) for each in (one, other)]
    got = {
        f"{group}.{name}": getattr(own, name)
        for group, own in zip(("one", "other"), described, strict=True)
        for name in ("mean", "sd", "median", "q1", "q3")
    }
    got["number"], why = compare_numbers(*described)
    got["levels"], why_not = compare_levels(one["count"], other["count"])
    assert why is None and why_not is None
    check(got, expected("standardised")[case])
