"""Agreement of definitions: counts against a slow reading, kappa against print, and the page."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from tests.unit.release_cohorts import policy_of, release_of
from tests.unit.report_pages import published, report_tables
from tests.unit.test_report import Reader
from tests.unit.test_report_of_odd_tables import NOTHINGS
from trdanalysis.analysis.agreement import (
    AGREEMENT_COLUMNS,
    CELLS,
    LABELS,
    MEASURES,
    NONE,
    OVERLAP_COLUMNS,
    estimate_agreement_tables,
    measure_agreement,
)
from trdanalysis.engine import Engine
from trdanalysis.report import words
from trdanalysis.report.agreement import DRAWN_SETS, make_agreement
from trdanalysis.report.drawing.sets import SetBar, SetRow, render_sets
from trdanalysis.report.page import render_report

CMS = policy_of("cms")

#: By patient, the label by each definition; a definition that is absent gave none.
Labels = Mapping[str, Mapping[str, str]]
Tables = dict[str, pd.DataFrame]


def count(people: Labels, definitions: Sequence[str], engine: Engine | None = None) -> Tables:
    """Give both tables."""
    rows = [
        (patient, name, label) for patient, own in people.items() for name, label in own.items()
    ]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    names = ("patient_id", "definition", "label")
    table = pa.table(
        {name: pa.array(values, pa.string()) for name, values in zip(names, columns, strict=True)}
    )
    labels = engine.from_memory(table) if engine else ibis.memtable(table)
    return estimate_agreement_tables(labels, definitions)


def draw(size: int, definitions: Sequence[str], seed: int = 1) -> Labels:
    """Draw people whose labels are mostly alike."""
    chance = random.Random(seed)
    people = {}
    for number in range(size):
        base = chance.choices(LABELS, (0.2, 0.5, 0.3))[0]
        own = {
            name: chance.choice(LABELS) if chance.random() < 0.2 else base for name in definitions
        }
        if chance.random() < 0.03:
            own.pop(chance.choice(definitions))
        people[f"p{number}"] = own
    return people


def row_of(table: pd.DataFrame, *pair: str) -> pd.Series:
    rows = table[(table["definition"] == pair[0]) & (table["versus"] == pair[1])]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("number", [2, 3, 7, 33])
def test_counts_are_those_of_a_slow_reading(number: int) -> None:
    definitions = [f"d{place}" for place in range(number)]
    people = draw(400, definitions, seed=number)
    people |= {"stranger": {"another-definition": "trd"}}
    with Engine(memory_limit_mb=500) as engine:
        tables = count(people, definitions, engine)
    agreement, overlaps = tables["agreement"], tables["overlaps"]
    pairs = list(zip(agreement["definition"], agreement["versus"], strict=True))
    assert pairs == list(combinations(definitions, 2))
    for one, other in pairs:
        row = row_of(agreement, one, other)
        both = [own for own in people.values() if one in own and other in own]
        assert row["n"] == len(both)
        for first in LABELS:
            for second in LABELS:
                found = [own for own in both if (own[one], own[other]) == (first, second)]
                assert row[f"{first}_{second}"] == len(found)
        told = [own for own in both if "indeterminate" not in (own[one], own[other])]
        assert row["n_labelled"] == len(told)
        alike = sum(own[one] == own[other] for own in told)
        assert row["observed_agreement"] == pytest.approx(alike / len(told), abs=1e-15)
    sets: dict[tuple[str, ...], list[bool]] = {}
    for own in people.values():
        if set(own) & set(definitions):
            is_open = any(own.get(name, "indeterminate") == "indeterminate" for name in definitions)
            key = tuple(name for name in definitions if own.get(name) == "trd")
            sets.setdefault(key, []).append(is_open)
    assert dict(zip(overlaps["definitions"], overlaps["n"], strict=True)) == {
        "; ".join(key) or NONE: len(those) for key, those in sets.items()
    }
    assert dict(zip(overlaps["definitions"], overlaps["n_indeterminate"], strict=True)) == {
        "; ".join(key) or NONE: sum(those) for key, those in sets.items()
    }
    order = [(len(key), [definitions.index(name) for name in key]) for key in sets]
    assert overlaps["definitions"].tolist() == [
        "; ".join(definitions[place] for place in places) or NONE for _, places in sorted(order)
    ]


def test_the_order_of_rows_changes_nothing() -> None:
    definitions = ["b", "a", "c"]
    people = draw(200, definitions)
    turned = {
        patient: dict(reversed(list(own.items())))
        for patient, own in reversed(list(people.items()))
    }
    one, other = count(people, definitions), count(turned, definitions)
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name])


#: Feinstein AR, Cicchetti DV (1990) J Clin Epidemiol 43:543-549: agreement and kappa as printed.
FEINSTEIN = [
    ([[40, 9], [6, 45]], 0.85, 0.70),
    ([[80, 10], [5, 5]], 0.85, 0.32),
    ([[45, 15], [25, 15]], 0.60, 0.13),
]


@pytest.mark.parametrize(("table", "agreement", "kappa"), FEINSTEIN)
def test_kappa_as_printed(table: list[list[int]], agreement: float, kappa: float) -> None:
    got = measure_agreement(table)
    assert got["observed_agreement"] == pytest.approx(agreement)
    assert got["kappa"] == pytest.approx(kappa, abs=0.005)
    assert (got["status"], got["reason"]) == ("ok", None)


def test_limits_of_kappa_as_printed() -> None:
    """Fleiss JL, Paik MC (2003), as the example of `ci.kappa` in R's statpsych prints it."""
    got = measure_agreement([[58, 4], [12, 31]])
    assert got["kappa"] == pytest.approx(0.6756757, abs=5e-8)
    assert got["ci_low"] == pytest.approx(0.5317210, abs=5e-8)
    assert got["ci_high"] == pytest.approx(0.8196303, abs=5e-8)


def test_shares_by_hand() -> None:
    got = measure_agreement([[80, 10], [5, 5]])
    assert got["n_labelled"] == 100
    assert got["jaccard"] == pytest.approx(80 / 95)
    assert got["positive_agreement"] == pytest.approx(160 / 175)
    assert got["negative_agreement"] == pytest.approx(10 / 25)
    # (0.85 - 0.78) / (1 - 0.78)
    assert got["kappa"] == pytest.approx(7 / 22)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([[0, 0], [0, 0]], "nobody"),
        ([[0, 0], [0, 30]], "one_label"),
        ([[30, 0], [0, 0]], "one_label"),
        ([[0, 5], [0, 30]], "one_label"),
        ([[0, 0], [5, 30]], "one_label"),
        ([[0, 30], [0, 0]], "one_label"),
    ],
)
def test_no_kappa_where_a_definition_gives_one_label(table: list[list[int]], reason: str) -> None:
    got = measure_agreement(table)
    assert (got["status"], got["reason"]) == ("not_estimable", reason)
    assert all(pd.isna(got[name]) for name in ("kappa", "ci_low", "ci_high"))


@pytest.mark.parametrize(("table", "kappa"), [([[7, 0], [0, 93]], 1), ([[0, 4], [4, 0]], -1)])
def test_no_limits_where_there_is_no_variance(table: list[list[int]], kappa: float) -> None:
    got = measure_agreement(table)
    assert got["kappa"] == pytest.approx(kappa)
    assert (got["status"], got["reason"]) == ("ok", "no_variance")
    assert pd.isna(got["ci_low"]) and pd.isna(got["ci_high"])


def test_every_small_table_has_sound_numbers() -> None:
    """Limits hold kappa and stay within -1 and 1; rounding never makes an interval of nothing."""
    every = [(a, b, c, d) for a in range(4) for b in range(4) for c in range(4) for d in range(4)]
    every += [(a, b, c, 10**6) for a, b, c, _ in every if a]
    for a, b, c, d in every:
        got = measure_agreement([[a, b], [c, d]])
        for name in MEASURES:
            low = -1 if name in ("kappa", "ci_low", "ci_high") else 0
            assert pd.isna(got[name]) or low <= round(got[name], 12) <= 1
        if got["status"] == "ok" and got["reason"] is None:
            assert got["ci_low"] <= got["kappa"] <= got["ci_high"]
            assert got["ci_high"] - got["ci_low"] > 1e-6
        is_certain = not (b or c) or not (a or d)
        assert (got["reason"] == "no_variance") <= is_certain


def test_nobody() -> None:
    tables = count({}, ["a", "b"])
    row = row_of(tables["agreement"], "a", "b")
    assert not row[["n", *CELLS, "n_labelled"]].any()
    assert (row["status"], row["reason"]) == ("not_estimable", "nobody")
    assert row[list(MEASURES)].isna().all()
    assert tables["overlaps"].empty


def test_one_patient() -> None:
    tables = count({"p": {"a": "trd", "b": "indeterminate"}}, ["a", "b"])
    row = row_of(tables["agreement"], "a", "b")
    assert (row["n"], row["trd_indeterminate"], row["n_labelled"]) == (1, 1, 0)
    assert row["reason"] == "nobody"
    assert tables["overlaps"].to_numpy().tolist() == [["a", 1, 1, 1, "ok"]]


def test_everybody_indeterminate() -> None:
    people = {f"p{at}": dict.fromkeys("ab", "indeterminate") for at in range(5)}
    tables = count(people, ["a", "b"])
    row = row_of(tables["agreement"], "a", "b")
    assert (row["indeterminate_indeterminate"], row["n_labelled"], row["reason"]) == (
        5,
        0,
        "nobody",
    )
    assert tables["overlaps"].to_numpy().tolist() == [[NONE, 0, 5, 5, "ok"]]


def test_identical_definitions() -> None:
    people = {f"p{at}": dict.fromkeys("ab", LABELS[at % 3]) for at in range(30)}
    tables = count(people, ["a", "b"])
    row = row_of(tables["agreement"], "a", "b")
    assert row[["kappa", "jaccard", "positive_agreement", "negative_agreement"]].tolist() == [1] * 4
    assert (row["status"], row["reason"]) == ("ok", "no_variance")
    assert set(tables["overlaps"]["definitions"]) == {NONE, "a; b"}


def test_a_definition_that_labels_nobody() -> None:
    people = {f"p{at}": {"a": LABELS[at % 3], "b": LABELS[at % 2]} for at in range(30)}
    tables = count(people, ["a", "b", "silent"])
    for one in ("a", "b"):
        row = row_of(tables["agreement"], one, "silent")
        assert (row["n"], row["reason"]) == (0, "nobody")
    assert row_of(tables["agreement"], "a", "b")["n"] == 30
    # Who has no label by it might have any.
    assert (tables["overlaps"]["n_indeterminate"] == tables["overlaps"]["n"]).all()


def test_one_definition_has_nothing_to_compare() -> None:
    tables = count(draw(20, ["a"]), ["a"])
    assert tables["agreement"].empty and tables["overlaps"].empty
    assert tuple(tables["agreement"].columns) == AGREEMENT_COLUMNS
    assert tuple(tables["overlaps"].columns) == OVERLAP_COLUMNS


DEFINITIONS = ["article", "article-8-weeks", "article-moiety"]


def several(size: int = 2000) -> Tables:
    """Give the tables of a report on three definitions."""
    tables = published()
    made = count(draw(size, DEFINITIONS), DEFINITIONS)
    for name in ("rates", "definitions"):
        own = tables[name]
        copies = [own.assign(definition=each) for each in DEFINITIONS]
        tables[name] = pd.concat(copies, ignore_index=True)
    tables["definitions"]["trd"] = [500, 501, 502]
    return tables | made


def people_of(counts: Mapping[tuple[str, str, str], int]) -> Labels:
    """Give so many people of each label by each of three definitions."""
    whole = [labels for labels, n in counts.items() for _ in range(n)]
    return {
        f"p{at}": dict(zip(DEFINITIONS, labels, strict=True)) for at, labels in enumerate(whole)
    }


def labelled(people: Labels) -> Tables:
    """Give tables of which those of labels agree with each other, and the others say nothing."""
    tables = {name: table[:0] for name, table in published().items() if name != "definitions"}
    one = published()["definitions"]
    rows = []
    for name in DEFINITIONS:
        labels = [own.get(name) for own in people.values()]
        counts = {label: labels.count(label) for label in LABELS}
        rows.append(one.assign(definition=name, n=len(people), **counts))
    definitions = pd.concat(rows, ignore_index=True)
    return tables | {"definitions": definitions} | count(people, DEFINITIONS)


#: Everybody in numbers that may be seen, whatever the pair.
MANY = {(a, b, c): 20 for a in LABELS for b in LABELS for c in LABELS}


def page_of(tables: Tables) -> str:
    first = report_tables(tables).definitions[0]
    definitions = [{**first, "id": name, "title": name} for name in DEFINITIONS]
    return render_report(report_tables(tables, definitions=definitions))


def section_of(page: str) -> str:
    start = page.index('<section aria-labelledby="side-by-side">')
    return page[start : page.index("</section>", start)]


def test_a_pair_with_a_small_cell_is_hidden_whole() -> None:
    shown = release_of(labelled(people_of(MANY)), CMS).tables["agreement"]
    assert set(shown["status"]) == {"ok"}
    few = {key: n for key, n in MANY.items() if key[:2] != ("not_trd", "indeterminate")}
    few["not_trd", "indeterminate", "trd"] = 7
    hidden = release_of(labelled(people_of(few)), CMS).tables["agreement"]
    assert hidden.loc[0, "status"] == "suppressed"
    assert hidden.loc[0].drop(["definition", "versus", "status", "n"]).isna().all()


def test_pairs_are_measured_on_rounded_counts() -> None:
    people = {key: n + at % 5 for at, (key, n) in enumerate(MANY.items())}
    tables = labelled(people_of(people))
    shown = release_of(tables, CMS).tables["agreement"]
    for (_, row), (_, exact) in zip(shown.iterrows(), tables["agreement"].iterrows(), strict=True):
        cells = [row[cell] for cell in CELLS]
        assert all(cell % 5 == 0 for cell in cells)
        assert max(abs(row[cell] - exact[cell]) for cell in CELLS) <= 2
        of_rounded = measure_agreement([cells[0:2], cells[3:5]])
        assert {name: row[name] for name in MEASURES} == {
            name: of_rounded[name] for name in MEASURES
        }
        assert row["kappa"] != exact["kappa"]


def test_small_sets_are_hidden_also_by_who_is_left() -> None:
    people = {key: n for key, n in MANY.items() if key != ("trd", "not_trd", "not_trd")}
    people["trd", "not_trd", "not_trd"] = 5
    tables = labelled(people_of(people))
    sets = tables["overlaps"]
    # 5 who are not indeterminate by another definition follow from 65 less 60.
    assert (sets["n"] - sets["n_indeterminate"]).eq(5).any()
    hidden = release_of(tables, CMS).tables["overlaps"]
    few = sets.loc[(sets["n"] - sets["n_indeterminate"]).eq(5), "definitions"]
    assert not hidden["definitions"].isin(few).any()
    assert (hidden["n"] % 5 == 0).all()
    assert 0 < len(hidden) < len(sets)


def test_several_definitions_stand_side_by_side() -> None:
    tables = several()
    section = section_of(page_of(tables))
    text = Reader(section + "</section>").text
    row = row_of(tables["agreement"], *DEFINITIONS[:2])
    space = "\N{NO-BREAK SPACE}"
    limits = f"({row['ci_low']:.2f}{space}to{space}{row['ci_high']:.2f})"
    assert f"{row['kappa']:.2f} {limits}".replace(space, " ") in text
    assert f"{100 * row['jaccard']:.1f}%" in text
    for cell in CELLS:
        assert words.count(row[cell]).replace("\N{NARROW NO-BREAK SPACE}", " ") in text
    rates = tables["rates"]
    trd = rates[(rates["estimand"] == "trd") & (rates["stratum"] == "overall")].iloc[0]
    assert f"\N{GREATER-THAN OR EQUAL TO} {100 * trd['rate']:.1f}%" in text
    for _, each in tables["overlaps"].iterrows():
        assert each["definitions"] in text
    assert 'aria-label="How many patients each set of definitions' in section
    assert "Not drawn" not in text


def test_one_definition_is_said_to_be_alone() -> None:
    section = section_of(render_report(report_tables(published())))
    assert "nothing to compare it with" in section
    assert "<table" not in section and "<svg" not in section


def shown_of(people: Labels, limit: int) -> Tables:
    """Give the tables of a report of which those of labels went through disclosure control."""
    policy = policy_of("cms", hide_counts_up_to=limit, show_zero=limit < 1000)
    hidden = release_of(labelled(people), policy).tables
    return several() | {name: hidden[name] for name in ("agreement", "overlaps")}


def test_hidden_counts_are_neither_drawn_nor_told() -> None:
    whole, hidden = labelled(draw(60, DEFINITIONS)), shown_of(draw(60, DEFINITIONS), 10)
    assert len(hidden["overlaps"]) < len(whole["overlaps"])
    text = Reader(section_of(page_of(hidden)) + "</section>").text
    assert words.HIDDEN in text
    section = section_of(page_of(shown_of(draw(2000, DEFINITIONS), 1000)))
    assert "<svg" not in section and "There is no set to draw" in section
    text = Reader(section + "</section>").text
    assert "0." not in text.split("How far the labels agree")[1]


@pytest.mark.parametrize("label", [None, "trd", "indeterminate"])
def test_pairs_without_kappa_are_written_in_words(label: str | None) -> None:
    people = {f"p{at}": dict.fromkeys(DEFINITIONS, label) for at in range(20)} if label else {}
    tables = several() | count(people, DEFINITIONS)
    text = Reader(section_of(page_of(tables)) + "</section>").text
    assert not NOTHINGS.search(text)
    reason = "one_label" if label == "trd" else "nobody"
    assert words.AGREEMENT_REASONS[reason] in text
    assert ("There is no set to draw" in text) == (label != "trd")


def test_more_sets_than_there_is_room_for() -> None:
    names = [f"d{place}" for place in range(6)]
    tables = count(draw(4000, names), names)
    made = make_agreement(
        published()["rates"], published()["definitions"], tables, names, 0.3, 0.05
    )
    n_sets = int((tables["overlaps"]["n_definitions"] > 0).sum())
    assert n_sets > DRAWN_SETS
    assert made["n_not_drawn"] == n_sets - DRAWN_SETS
    assert len(made["overlaps"].rows) == len(tables["overlaps"])


def test_equal_sets_give_equal_bytes() -> None:
    bars = [SetBar(frozenset({0, 1}), 1_234_567, 0), SetBar(frozenset({1}), 40, 40)]
    rows = [SetRow("a <b>", "1"), SetRow("c", "hidden")]
    drawn = render_sets(bars, rows, title="Sets & more", name="overlap")
    assert drawn == render_sets(bars, rows, title="Sets & more", name="overlap")
    assert "a &lt;b&gt;" in drawn and 'aria-label="Sets &amp; more"' in drawn
    assert "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567" in drawn
    assert render_sets([], rows, title="", name="overlap") == ""
