"""A paper's tables: they say what the published tables say, hide what is hidden, and say why."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pandas as pd
import pytest

from tests.support import CONFIG, ROOT
from tests.unit.report_pages import published, report_tables
from trdanalysis.analysis.intervals import estimate_clopper_pearson
from trdanalysis.errors import UserError
from trdanalysis.layout import PAPER_TABLES
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.numbers import number_style
from trdanalysis.report.paper.catalogue import CATALOGUE, find_table
from trdanalysis.report.paper.contents import CONTENTS
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.report.paper.notes import RECORDS_END
from trdanalysis.report.paper.rate_tables import RATE_COLUMNS
from trdanalysis.report.paper.render import prepare
from trdanalysis.report.paper.table import PaperTable, Row

DEFAULT = read_journal(CONFIG / "journals" / "default.yaml")


@pytest.fixture(scope="module")
def disclosed() -> Disclosed:
    return report_tables(published())


def build(disclosed: Disclosed, name: str) -> PaperTable:
    with number_style(DEFAULT.number_style()):
        return find_table(name).build(disclosed)


def cells(table: PaperTable, row: Row) -> dict[str, str]:
    keys = [column.key for column in table.columns]
    return {key: cell.text for key, cell in zip(keys, row.cells, strict=True)}


def row_of(table: PaperTable, key: str, group: str | None = None) -> dict[str, str]:
    found = [
        row for row in table.rows if row.key == key and (group is None or row.group_key == group)
    ]
    assert len(found) == 1, f"{len(found)} rows {key}"
    return cells(table, found[0])


def suppressed(disclosed: Disclosed) -> Disclosed:
    """Hide every number of every table, as disclosure control may."""
    tables = {}
    for name, table in disclosed.tables.items():
        gone = table.copy()
        for column in gone.columns:
            if pd.api.types.is_numeric_dtype(gone[column].dtype) and column not in (
                "step_order", "min_weeks", "min_failures", "n_definitions", "day", "age_years",
            ):  # fmt: skip
                gone[column] = float("nan")
        if "status" in gone and name != "definitions":
            keep = gone["status"].isin(["by_definition"])
            gone["status"] = gone["status"].where(keep, "suppressed")
        tables[name] = gone
    policy = {**disclosed.settings["policy"], "id": "cms", "hide_counts_up_to": 10}
    settings = {**disclosed.settings, "policy": policy}
    balance = disclosed.balance.copy()
    balance[list(balance.columns[2:])] = float("nan")
    return dataclasses.replace(disclosed, tables=tables, settings=settings, balance=balance)


def emptied(disclosed: Disclosed) -> Disclosed:
    return dataclasses.replace(
        disclosed,
        tables={name: table[:0] for name, table in disclosed.tables.items()},
        balance=disclosed.balance[:0],
        absent_columns=disclosed.absent_columns[:0],
    )


@pytest.mark.parametrize("name", PAPER_TABLES)
def test_every_table_has_its_footnotes(disclosed: Disclosed, name: str) -> None:
    table = build(disclosed, name)
    assert table.id == name
    about = " ".join(table.about)
    assert "Definition" in about and "article" in about
    assert "Disclosure policy: none, which hides nothing." in about
    assert "Drops: autumn. Synthetic records" in about
    assert f"snakemake --cores 2, then python -m trdanalysis table {name}." in about
    assert all(len(row.cells) == len(table.columns) for row in table.rows)
    keys = [column.key for column in table.columns]
    assert len(set(keys)) == len(keys) and set(table.shown) <= set(keys)
    for row in table.rows:
        marks = {*row.marks, *(mark for cell in row.cells for mark in cell.marks)}
        assert marks <= set(table.notes)


@pytest.mark.parametrize("name", ["1", "4", "5", "s6", "s8", "s16", "s19", "s3"])
def test_tables_of_labels_say_when_they_are_of(disclosed: Disclosed, name: str) -> None:
    assert RECORDS_END in build(disclosed, name).about


def test_rates_are_those_of_the_csv(disclosed: Disclosed) -> None:
    table = build(disclosed, "2")
    rates = disclosed.tables["rates"]
    strata = ("overall", "age_band", "factor_group")
    prefixes = {"initial_adequate_trial": "adequate", "initial_trial": "first"}
    shown = rates[
        rates["estimand"].isin(list(prefixes))
        & rates["stratum"].isin(strata)
        & (rates["analysis"] == "complete_case")
    ]
    assert len(shown) == 2 * len(table.rows) > 40
    checked = 0
    for row in shown.to_dict("records"):
        level = "unknown" if pd.isna(row["level"]) else row["level"]
        parts = () if row["stratum"] == "overall" else (row["group"], level)
        key = re.sub(r"[^a-z0-9]+", "_", " ".join(parts).lower()) or "overall"
        got = row_of(table, key)
        prefix = prefixes[row["estimand"]]
        if row["status"] == "by_definition":
            assert got[f"{prefix}_rate"] == "by definition"
            continue
        assert got[f"{prefix}_n"] == str(int(row["n"]))
        assert got[f"{prefix}_events_of_n"] == f"{int(row['events'])}/{int(row['n'])}"
        assert got[f"{prefix}_unknown"] == str(int(row["n_unknown"]))
        if not row["n"]:
            assert got[f"{prefix}_rate"] == "nobody"
            continue
        checked += 1
        wilson = (
            f"{100 * row['rate']:.1f}% ({100 * row['ci_low']:.1f} to {100 * row['ci_high']:.1f}%)"
        )
        assert got[f"{prefix}_rate"].split("\n")[0] == wilson
        bounds = f"{100 * row['bound_low']:.1f} to {100 * row['bound_high']:.1f}%"
        assert got[f"{prefix}_bounds"] == bounds
        assert ("exact" in got[f"{prefix}_rate"]) == (row["n"] < 30)
        if row["n"] < 30:
            low, high = estimate_clopper_pearson([row["events"]], [row["n"]])
            exact = f"exact {100 * low[0]:.1f} to {100 * high[0]:.1f}%"
            assert got[f"{prefix}_rate"].split("\n")[1] == exact
    assert checked > 25


def test_shares_of_resistance_are_proven(disclosed: Disclosed) -> None:
    table = build(disclosed, "s8")
    overall = row_of(table, "overall")
    assert overall["trd_rate"].startswith("at least ")
    assert row_of(build(disclosed, "4"), "article")["rate"].startswith("at least ")


def test_characteristics_are_those_of_the_csv(disclosed: Disclosed) -> None:
    table = build(disclosed, "1")
    own = disclosed.tables["characteristics"]
    found = own.set_index(["characteristic", "kind", "level", "label"])
    sex = row_of(table, "sex_female")
    for label, key in (("all", "all"), ("trd", "trd"), ("not_trd", "not_trd")):
        row = found.loc[("sex", "categorical", "female", label)]
        share = f"{100 * row['share_of_known']:.1f}%"
        assert sex[key] == f"{int(row['n'])} ({share})"
    age = found.loc[("age_years", "numeric", "known", "all")]
    shown = row_of(table, "age_years_number_mean")["all"]
    assert shown == f"{age['mean']:.1f} ({age['sd']:.1f})"
    smd = found.loc[("age_years", "numeric", "known", "trd")]["smd"]
    assert float(row_of(table, "age_years_number_mean")["smd_trd"].replace("\u2212", "-")) == (
        pytest.approx(smd, abs=0.005)
    )
    missing = own[(own["level"] == "unknown") & (own["label"] == "all") & (own["n"] > 0)]
    unknown = [row for row in table.rows if row.label == "unknown"]
    assert len(unknown) == len(missing) > 10


def test_models_stand_beside_the_crude_contrast(disclosed: Disclosed) -> None:
    table = build(disclosed, "3")
    found = disclosed.tables["comparisons"]
    own = found[(found["estimand"] == "initial_trial") & (found["group"] == "medication_related")]
    by_model = own.set_index(["contrast", "model", "measure"])
    got = row_of(table, "medication_related", "initial_trial")
    for column, model, measure in (
        ("crude_ratio", "unadjusted", "rr"), ("ratio", "modified_poisson", "rr"),
    ):  # fmt: skip
        row = by_model.loc[("factor_group", model, measure)]
        assert got[column].startswith(f"{row['value']:.2f} ({row['ci_low']:.2f} to")
    assert row_of(table, "medication_related", "initial_adequate_trial")["crude_difference"] == (
        "by definition"
    )
    firth = [row for row in table.rows if row.key.endswith("_firth")]
    assert all(row.marks == ("firth",) for row in firth)
    expected = found[
        (found["model"] == "firth")
        & found["estimand"].isin(["initial_trial", "initial_adequate_trial"])
        & found["contrast"].isin(["factor_group", "young_adults"])
    ]
    assert len(firth) == len(expected)


def test_attrition_and_unknowns_are_those_of_the_csv(disclosed: Disclosed) -> None:
    table = build(disclosed, "attrition")
    steps = disclosed.tables["attrition"]
    own = steps[steps["estimand"] == "initial_trial"].sort_values("step_order")
    got = [cells(table, row) for row in table.rows if row.group_key == "initial_trial"]
    assert [row["out"] for row in got] == [str(int(n)) for n in own["n_out"]]
    assert [row["remaining"] for row in got] == [
        str(int(row["n_in"] - row["n_out"])) for row in own.to_dict("records")
    ]
    unknowns = disclosed.tables["unknowns"]
    assert len(build(disclosed, "s5").rows) == len(unknowns)


def test_one_definition_says_so_and_has_no_kappa(disclosed: Disclosed) -> None:
    ready = prepare(disclosed, find_table("4"), DEFAULT)
    assert "there is none to compare it with" in " ".join(ready.table.about)
    assert not {"kappa", "overlap"} & {column.key for column in ready.table.columns}


def test_two_definitions_have_a_kappa() -> None:
    tables = published()
    first = tables["definitions"].iloc[0].to_dict()
    second = {**first, "definition": "other", "title": "Another"}
    tables["definitions"] = pd.DataFrame([first, second])
    pair = dict.fromkeys(tables["agreement"].columns, 1) | {
        "definition": "article", "versus": "other", "kappa": 0.5, "ci_low": 0.25, "ci_high": 0.75,
        "jaccard": 0.4, "status": "ok", "reason": None,
    }  # fmt: skip
    tables["agreement"] = pd.DataFrame([pair])
    base = report_tables(tables)
    several = [base.definitions[0], {**base.definitions[0], "id": "other", "title": "Another"}]
    table = build(dataclasses.replace(base, definitions=several), "4")
    got = row_of(table, "other")
    assert (got["kappa"], got["overlap"]) == ("0.50 (0.25 to 0.75)", "40.0%")
    assert row_of(table, "article")["kappa"] == ""
    assert "article: " in " ".join(table.about) and "other: Another" in " ".join(table.about)


@pytest.mark.parametrize("name", PAPER_TABLES)
def test_what_is_hidden_shows_no_number(disclosed: Disclosed, name: str) -> None:
    hidden = suppressed(disclosed)
    table = build(hidden, name)
    about = " ".join(table.about)
    assert "policy: cms" in about and "does not mean zero" in about
    if name in ("s4", "s22"):  # published numbers, and words
        return
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=True):
            assert column.is_text or not re.search(r"\d", cell.text), (row.key, cell.text)


def test_hidden_rates_say_hidden(disclosed: Disclosed) -> None:
    table = build(suppressed(disclosed), "2")
    got = row_of(table, "overall")
    assert {got[f"adequate_{key}"] for key in ("n", "events", "rate", "bounds", "p")} == {
        words.HIDDEN
    }
    assert got["adequate_events_of_n"] == words.HIDDEN


@pytest.mark.parametrize("name", PAPER_TABLES)
def test_an_empty_cohort_says_nobody(disclosed: Disclosed, name: str) -> None:
    table = build(emptied(disclosed), name)
    assert table.rows or table.empty
    assert table.columns


def test_a_draft_and_real_drops_are_told(disclosed: Disclosed) -> None:
    drops: list[dict[str, Any]] = [
        {"drop_id": "a", "synthetic": True}, {"drop_id": "b", "synthetic": False},
    ]  # fmt: skip
    run = {**disclosed.run, "drops": drops, "draft": True}
    about = " ".join(build(dataclasses.replace(disclosed, run=run), "2").about)
    assert "Drops: a, b. Of these synthetic: a." in about
    assert "DRAFT" in about and "may not leave" in about


def test_a_table_is_found_by_its_names() -> None:
    for entry in CATALOGUE.values():
        assert find_table(entry.id) is find_table(entry.alias) is entry
    assert find_table("Table S1") is find_table("s1")
    with pytest.raises(UserError, match="no table `atrition`") as caught:
        find_table("atrition")
    assert "did you mean `attrition`" in str(caught.value)


def test_every_table_and_column_is_documented(disclosed: Disclosed) -> None:
    text = (ROOT / "docs" / "paper-tables.md").read_text(encoding="utf-8")
    assert set(CONTENTS) == set(PAPER_TABLES)
    for entry in CATALOGUE.values():
        assert f"| {entry.id} | `{entry.alias}` | {CONTENTS[entry.id]} |" in text
        for column in build(disclosed, entry.id).columns:
            key = column.key
            for prefix in ("adequate", "first", *words.ESTIMANDS):
                if key.removeprefix(f"{prefix}_") in RATE_COLUMNS:
                    key = key.removeprefix(f"{prefix}_")
            assert f"`{key}`" in text, f"column `{column.key}` of table {entry.id}"


def test_a_long_page_of_words_does_not_make_a_table_wide(disclosed: Disclosed) -> None:
    assert not prepare(disclosed, find_table("s22"), DEFAULT).table.is_wide
    assert prepare(disclosed, find_table("2"), DEFAULT).table.is_wide


def test_a_characteristic_that_is_known_of_nobody_has_one_row() -> None:
    tables = published()
    own = tables["characteristics"]
    is_site = own["characteristic"] == "site"
    own = own.assign(n=own["n"].mask(is_site, 9))
    tables["characteristics"] = own[~(is_site & (own["level"] != "unknown"))]
    rows = build(report_tables(tables), "1").rows
    assert [row.label for row in rows if row.group == "Site"] == ["unknown"]
