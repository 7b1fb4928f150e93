"""The texts of a run: every number is a published one, every key is known, nothing is nonsense."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import pandas as pd
import pytest

from tests.support import CONFIG, REFERENCE
from tests.unit.release_cohorts import policy_of, release_of, tables_of_skewed, whole_tables
from tests.unit.report_pages import published
from tests.unit.test_odd_cohorts import COHORTS
from tests.unit.text_results import text_results
from trdanalysis.commands.kept import load_references
from trdanalysis.layout import TEXT_FILES
from trdanalysis.prespecification import FreezeStatus
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.multiverse import tell_multiverse
from trdanalysis.report.prose.bibliography import References
from trdanalysis.report.prose.checklists import AUTHORS, fill_checklists, format_checklists
from trdanalysis.report.prose.making import (
    make_prose,
    render_one,
    render_texts,
    write_methods,
    write_results,
)
from trdanalysis.report.prose.text import Prose

NOTHINGS = re.compile(r"(?<![A-Za-z])(nan|NaN|None|inf|<NA>|NaT|\N{EN DASH})(?![A-Za-z])")
NUMBER = re.compile(r"(?<![A-Za-z\d.@-])\d[\d\u202f]*(?:\.\d+)?")
DEFINITIONS = tuple(sorted(path.stem for path in (CONFIG / "definitions").glob("*.yaml")))
TABLES = dict[str, pd.DataFrame]


def plain(prose: Prose) -> str:
    """Give a text without its citations."""
    paragraphs = (text for section in prose.sections for text in section.paragraphs)
    return "\n".join(re.sub(" ?\ue000[^\ue001]*\ue001", "", text) for text in paragraphs)


def written_as(value: Any) -> Iterator[str]:
    """Give the ways in which a number of a table may be written."""
    number = abs(float(value))
    if number.is_integer():
        yield words.count(int(number))
    for digits in (0, 1):
        yield f"{100 * number:.{digits}f}"
    for digits in (2, 3):
        yield f"{number:.{digits}f}"


def allowed(results: Disclosed) -> set[str]:
    """Give every number that a text may hold: those of the tables as they leave, and of words."""
    found = {"95", "0.001", "90"}
    for name, table in results.tables.items():
        if name == "multiverse":
            continue
        for column in table.columns:
            for value in table[column].dropna().unique():
                if isinstance(value, (bool, str)):
                    found |= set(NUMBER.findall(str(value)))
                else:
                    found |= set(written_as(value))
    for told in tell_multiverse(results.tables["multiverse"], results.primary):
        found |= set(NUMBER.findall(told))
    for row in results.published.to_dict("records"):
        found |= {one for cell in row.values() for one in NUMBER.findall(str(cell))}
    for definition in results.definitions:
        found |= set(NUMBER.findall(definition["title"]))
    policy = results.settings["policy"]
    found |= {str(max(policy["round_to"], 5)), "90", "180", "365", "730"}
    found |= set(written_as(results.reference)) | {f"{100 * results.margin:g}"}
    return found


@cache
def released(policy: str) -> TABLES:
    """Give what leaves of a small cohort of odd shares: something of everything is hidden."""
    return release_of(tables_of_skewed(1, 60), policy_of(policy)).tables


def strange(results: Disclosed) -> list[str]:
    known = allowed(results)
    return [one for one in NUMBER.findall(plain(write_results(results))) if one not in known]


def test_every_number_is_one_of_the_tables() -> None:
    results = text_results(published())
    text = plain(write_results(results))
    assert len(NUMBER.findall(text)) > 150
    assert strange(results) == []
    # The test can fail: one more event is a number that stands nowhere.
    rates = results.tables["rates"].assign(events=results.tables["rates"]["events"] + 50_000)
    other = dataclasses.replace(results, tables={**results.tables, "rates": rates})
    known = allowed(results)
    assert [one for one in NUMBER.findall(plain(write_results(other))) if one not in known]


@pytest.mark.parametrize("policy", ["cms", "opensafely"])
def test_nothing_hidden_is_told(policy: str) -> None:
    """What was hidden stands in no text: its numbers are those of the tables as they leave."""
    tables = released(policy)
    results = text_results(tables, policy)
    assert strange(results) == []
    text = plain(write_results(results))
    assert words.HIDDEN in text
    items = " ".join(item.this_run for item in fill_checklists(results))
    known = allowed(results) | {"9", "1", "13", "3", "4", "18", "25", "26"}
    known |= set(NUMBER.findall(str(results.run["version"])))
    known.add(words.count(len(results.tables["multiverse"])))
    assert [one for one in NUMBER.findall(items) if one not in known] == []


def test_what_would_be_told_without_disclosure_control_is_noticed() -> None:
    """The test above can fail: tables as they were make a text with numbers that it refuses."""
    known = allowed(text_results(released("cms"), "cms"))
    bare = NUMBER.findall(plain(write_results(text_results(tables_of_skewed(1, 60), "cms"))))
    assert len([one for one in bare if one not in known]) > 10


@pytest.mark.parametrize(
    "name",
    ["nobody", "one, several trials", "two", "only events", "many places", "by chance 100"],
)  # fmt: skip
@pytest.mark.parametrize("policy", ["none", "cms"])
def test_odd_cohorts_are_written_in_words(name: str, policy: str) -> None:
    if policy == "cms" and name not in ("nobody", "two"):
        pytest.skip("what is hidden of larger cohorts is tested above")
    tables = whole_tables(COHORTS[name]())
    shown = tables if policy == "none" else release_of(tables, policy_of("cms")).tables
    check_words(text_results(shown, policy))


def test_everything_hidden_and_nothing_there() -> None:
    strict = policy_of("cms", hide_counts_up_to=1000, show_zero=False)
    hidden = release_of(published(), strict).tables
    results = text_results(hidden, "cms")
    check_words(results)
    # What others have published is not hidden.
    own = [line for line in plain(write_results(results)).split("\n") if ", against:" not in line]
    assert not re.search(r"\d\.\d%", "\n".join(own))
    empty = {name: table.iloc[:0] for name, table in published().items()}
    check_words(text_results(empty))


def check_words(results: Disclosed) -> None:
    for prose in (write_methods(results), write_results(results)):
        text = plain(prose)
        assert not NOTHINGS.findall(text), NOTHINGS.findall(text)
        assert not re.search(r"\b1 (patients|trials|rows|tests|definitions|drops)\b", text)
        assert not re.search(r"\b1 (patient|trial|row) (were|are|have)\b", text)
        assert "(s)" not in text
        for bad in ("  ", " .", " ,", "..", ";.", ": .", ":.", "()", ", ,", "; ;"):
            assert bad not in text, (bad, text[max(0, text.index(bad) - 60) :][:120])
        for section in prose.sections:
            for paragraph in section.paragraphs:
                assert paragraph[-1] in ".\ue001", paragraph[-60:]
                assert not paragraph[0].islower(), paragraph[:60]
    for item in fill_checklists(results):
        assert not NOTHINGS.findall(item.this_run), item
        assert (item.status == AUTHORS) == (not item.this_run), item


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_definition_has_a_methods_text(name: str) -> None:
    """Its own thresholds stand there, and what it is cited by."""
    results = text_results(published(), definitions=(name,))
    check_words(dataclasses.replace(results, tables={
        table: rows.iloc[:0] for table, rows in results.tables.items()}))  # fmt: skip
    text = plain(write_methods(results))
    definition = results.definitions[0]
    for line in (*definition["of_patient"], *definition["of_trial"], *definition["of_grades"]):
        for number in NUMBER.findall(line):
            assert number in NUMBER.findall(text)
    assert definition["title"] in text
    keys = results.references.keys_of("definition", name)
    assert keys
    assert set(keys) <= set(write_methods(results).cited())


def test_a_definition_of_ones_own_is_cited_from_its_file() -> None:
    results = text_results(published())
    own = {**results.definitions[0], "id": "clinic", "citation": "Ours {2030}, \\unpublished."}
    results = dataclasses.replace(results, definitions=[own])
    texts = render_texts(results)
    assert "[@this-clinic]" in texts["text/methods.md"].decode()
    entry = parse_bib(texts["text/references.bib"].decode())["this-clinic"]
    assert entry["note"] == "Ours 2030, unpublished."


BEFORE = "Configuration and definitions were frozen before the first labels were made"
CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"reference_rate": 0.25}, "held against 25%, which the configuration sets"),
    ({"equivalence_margin": 0.1}, "within 10 points"),
    ({"imputations": 33, "seed": 7}, "completed 33 data sets (seed 7)"),
    ({"age_spline_knots": 5}, "5 knots"),
]


@pytest.mark.parametrize(("changed", "told"), CHANGES, ids=lambda one: str(one)[:30])
def test_settings_are_told(changed: dict[str, Any], told: str) -> None:
    before = plain(write_methods(text_results(published())))
    after = plain(write_methods(text_results(published(), **changed)))
    assert told in after
    assert told not in before


def test_what_was_not_done_is_not_told() -> None:
    whole = plain(write_methods(text_results(published())))
    tables = published()
    without = {
        **tables,
        "comparisons": tables["comparisons"][tables["comparisons"]["model"] != "firth"],
        "rates": tables["rates"][tables["rates"]["analysis"] != "multiple_imputation"],
        "curves": tables["curves"].iloc[:0],
        "multiverse": tables["multiverse"].iloc[:0],
        "benchmarks": tables["benchmarks"].iloc[:0],
    }
    less = write_methods(text_results(without))
    for word in ("Multiple imputation", "Kaplan", "multiverse", "published rates"):
        assert word in whole
        assert word not in plain(less)
    assert not {"rubin1987", "kaplan1958", "steegen2016", "trivedi2006"} & set(less.cited())


def test_covariates_that_were_left_out_are_named() -> None:
    tables = published()
    models = tables["models"].assign(covariates="sex; episode")
    text = plain(write_methods(text_results({**tables, "models": models})))
    assert "Models adjust for sex and first or later episode." in text
    assert "Left out, since nobody has it or it does not vary: age" in text


def test_freezing_drafts_and_real_records_are_told() -> None:
    results = text_results(published())
    frozen = dataclasses.replace(results, freeze=FreezeStatus("frozen", before_labels=True))
    assert BEFORE in plain(write_methods(frozen))
    drop = {**results.run["drops"][0], "synthetic": False}
    real = dataclasses.replace(
        results, run={**results.run, "synthetic": False, "draft": True, "drops": [drop]}
    )
    for name in ("methods", "results"):
        text = render_one(real, name)
        assert "A draft, for looking only" in text
        assert "synthetic" not in text.lower().replace("for synthetic data", "")
        assert "python -m trdanalysis text " + name in text
    assert "All records are synthetic" in render_one(results, "methods")


def parse_bib(text: str) -> dict[str, dict[str, str]]:
    """Read BibTeX strictly: entries of fields in braces, one a line, each key once."""
    found: dict[str, dict[str, str]] = {}
    for entry in re.split(r"\n\n", text.strip()):
        head, *lines, last = entry.split("\n")
        kind_key = re.fullmatch(r"@(article|book|misc|inproceedings)\{([A-Za-z0-9-]+),", head)
        assert kind_key is not None, head
        assert last == "}"
        assert kind_key[2] not in found
        fields: dict[str, str] = {}
        for place, line in enumerate(lines):
            field = re.fullmatch(r"  ([a-z]+) = \{(.+)\}(,?)", line)
            assert field is not None, line
            assert bool(field[3]) == (place < len(lines) - 1)
            assert field[1] not in fields
            assert field[2].count("{") == field[2].count("}")
            fields[field[1]] = field[2]
        assert "title" in fields
        assert kind_key[1] != "article" or {"author", "journal", "year"} <= set(fields)
        found[kind_key[2]] = fields
    return found


def test_what_is_cited_is_listed_and_nothing_else() -> None:
    texts = render_texts(text_results(published(), definitions=("article", "maudsley", "denmark")))
    keys = set()
    for name in ("text/methods.md", "text/results.md"):
        keys |= set(re.findall(r"@([A-Za-z0-9-]+)", texts[name].decode()))
    keys |= {"strobe2007", "record2015"}
    assert set(parse_bib(texts["text/references.bib"].decode())) == keys
    assert {"fekadu2009", "gronemann2018", "wilson1927", "trivedi2006", "pandas"} <= keys


def test_the_bibliography_is_whole() -> None:
    """Every definition and every published rate of an estimand is cited by an entry."""
    references = load_references(REFERENCE)
    assert {name for kind, name in references.behind if kind == "definition"} == set(DEFINITIONS)
    rates = pd.read_csv(REFERENCE / "published_rates.csv")
    for name in rates.loc[rates["estimand"].notna(), "reference_id"]:
        assert references.keys_of("published_rate", name), name
    dois = [entry.fields["doi"] for entry in references.entries.values() if "doi" in entry.fields]
    assert len(set(dois)) == len(dois) > 40
    assert all(re.fullmatch(r"10\.\d{4,5}/\S+", doi) for doi in dois)
    # What the files of definitions and rates have as their source, the bibliography has too.
    told = [path.read_text(encoding="utf-8") for path in (CONFIG / "definitions").glob("*.yaml")]
    for name, text in [(path.stem, path.read_text(encoding="utf-8"))
                       for path in (CONFIG / "definitions").glob("*.yaml")]:  # fmt: skip
        given = re.findall(r"10\.\d{4,5}/[^\s,;:]+", text[: text.index("status:")])
        own = {references.entries[key].fields.get("doi") for key in
               references.keys_of("definition", name)}  # fmt: skip
        assert {doi.rstrip(".") for doi in given} <= own, name
    assert len(told) == len(DEFINITIONS)


def test_the_checklists_are_complete() -> None:
    items = fill_checklists(text_results(published()))
    strobe = [item.item for item in items if item.statement == "STROBE"]
    assert sorted({int(re.sub(r"\D", "", name)) for name in strobe}) == list(range(1, 23))
    assert len([item for item in items if item.statement == "RECORD"]) == 13
    table = pd.read_csv(io.StringIO(format_checklists(items)), dtype=str, keep_default_na=False)
    assert list(table["status"].unique()) == ["partly", "for the authors", "filled"]
    assert len(table) == len(items)
    titles = {section.heading for prose in (write_methods(text_results(published())),
              write_results(text_results(published()))) for section in prose.sections}  # fmt: skip
    for place in {
        item.where for item in items if item.where.startswith(("Methods, ", "Results, "))
    }:
        first = place.split(", ", 1)[1].split(";")[0].strip()
        assert any(title.startswith(first) for title in titles), place


def test_files_are_the_same_every_time() -> None:
    results = text_results(published())
    first = render_texts(results)
    assert tuple(first) == TEXT_FILES
    assert render_texts(results) == first
    with zipfile.ZipFile(io.BytesIO(first["text/manuscript.docx"])) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_document_is_real_word() -> None:
    from docx import Document

    results = text_results(published())
    document = Document(io.BytesIO(render_texts(results)["text/manuscript.docx"]))
    heads = [one.text for one in document.paragraphs if one.style.name.startswith("Heading 1")]
    assert heads == ["Methods", "Results", "References", "Reporting checklists"]
    strobe, record = document.tables
    assert len(strobe.rows) == 1 + sum(
        item.statement == "STROBE" for item in fill_checklists(results)
    )
    assert [cell.text for cell in record.rows[0].cells][:2] == ["Item", "Recommended"]
    text = "\n".join(one.text for one in document.paragraphs)
    assert "(Wilson 1927)" in text
    assert "doi:10.1080/01621459.1927.10502953" in text
    assert "\ue000" not in text


def test_text_of_data_is_never_markup() -> None:
    results = text_results(published())
    odd = "<script>alert(1)</script> *bold* [@wilson1927] \ue000holm1979\ue001 _x_"
    drop = {**results.run["drops"][0], "drop_id": "a_b", "assumptions": [odd]}
    own = {**results.definitions[0], "title": odd}
    results = dataclasses.replace(results, run={**results.run, "drops": [drop]}, definitions=[own])
    page = make_prose(results)
    html = "".join(part for _, parts in page.methods.sections for part in parts)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    markdown = render_one(results, "methods")
    assert "\\<script>" in markdown
    assert "\\[@wilson1927\\]" in markdown or "\\[\\@wilson1927\\]" in markdown
    assert "\\*bold\\*" in markdown
    assert "a_b" in markdown


def test_without_a_bibliography_texts_are_written_still() -> None:
    """The page of results that came without one names keys; nothing fails."""
    results = dataclasses.replace(text_results(published()), references=References())
    page = make_prose(results)
    assert page.checklist == ()
    assert "(wilson1927)" in "".join(part for _, parts in page.methods.sections for part in parts)
