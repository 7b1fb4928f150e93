"""Names of drugs as people write them: known, or listed with a suggestion, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import REFERENCE, as_raw, load_reference
from trdanalysis.commands.shared import load_drug_names
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.files import read_csv
from trdanalysis.intake.names import DrugNames, derive_drugs, normalise
from trdanalysis.intake.spelling import derive_plain_key, plain_key, show_controls
from trdanalysis.intake.suggestions import MOST_LOOKED_FOR, Suggester
from trdanalysis.intake.take_in import take_in

TABLES = ("antidepressants.csv", "other_drugs.csv", "drug_names.csv")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


@pytest.fixture(scope="module")
def names() -> DrugNames:
    return load_drug_names(REFERENCE)


def resolve(engine: Engine, names: DrugNames, *texts: str) -> dict[str, tuple[str | None, ...]]:
    words = engine.from_memory(pa.table({"drug": list(texts)}))
    found = derive_drugs(words, names).to_pyarrow().to_pylist()
    return {row["drug"]: (row["drug_key"], row["ingredient"], row["drug_role"]) for row in found}


SAME = {
    "sertraline": (
        "SERTRALINE", "sertraline HCl", "Zoloft", "N06AB06", "Sertraline 50 mg tab",
        "sertraline hydrochloride 50 MG Oral Tablet [Zoloft]", "sertraline 50mg/5ml oral solution",
        "RxNorm:36437", "rxcui 36437", "ATC: N06AB06", "Tab. sertraline 100mg od", "sertraline 50",
        "Zoloft® 2 x 50 mg", " sertraline_100_mg ",
    ),
    "venlafaxine": (
        "Effexor XR", "24 HR venlafaxine 75 MG Extended Release Oral Capsule",
        "venlafaxine-XL 37,5 mg", "Efexor 150mg MR",
    ),
    "fluoxetine": ("Fluoxétine", "FLUOXE\u0301TINE", "fluoxetine 20mg caps nocte"),
    "imipramine": ("imipramine pamoate", "Tofranil"),
    "selegiline transdermal": ("selegiline transdermal", "Emsam", "Emsam patch 6 mg/24 h"),
    "hypericum (St John's wort)": ("St. John’s Wort", "st john's wort"),
    "amitriptyline": ("RXCUI:704", "Endep"),
}  # fmt: skip


@pytest.mark.parametrize("ingredient", SAME)
def test_spellings_of_one_drug_are_one_drug(
    engine: Engine, names: DrugNames, ingredient: str
) -> None:
    for text, found in resolve(engine, names, *SAME[ingredient]).items():
        assert found == (ingredient, ingredient, "antidepressant"), text


UNKNOWN = {
    # spelling: suggestion, distance, a word of why
    "Zolofft": ("sertraline", 1, "Zoloft"),
    "sertralin": ("sertraline", 1, "sertraline"),
    "dluoxetine": ("duloxetine or fluoxetine", 1, "duloxetine"),
    "no sertraline": ("sertraline", None, "among"),
    "sertraline?": ("sertraline", None, "among"),
    "sertraline/bupropion": ("", None, "names 2"),
    "sertraline, bupropion": ("", None, "names 2"),
    "amitriptyline + perphenazine": ("", None, "names 2"),
    # Taken by mouth it is another treatment than the patch, which is in the table.
    "selegiline 5 mg tablets": ("", None, "nothing"),
    "ketamine nasal spray": ("ketamine (racemic IV)", None, "among"),
    # A bare number may be anyone's code.
    "36437": ("", None, "code"),
    "N06AA08": ("", None, "code"),
    "RxNorm:1": ("", None, "code"),
    "study drug A": ("", None, "nothing"),
    "- . -": ("", None, "no letters"),
}


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_is_not_known_is_suggested_never_taken(
    engine: Engine, names: DrugNames, text: str
) -> None:
    assert resolve(engine, names, text)[text][1:] == (None, None)
    found = Suggester(names).suggest(text)
    suggestion, distance, why = UNKNOWN[text]
    assert (found.treatment, found.distance) == (suggestion, distance)
    assert why in found.why


def test_other_psychotropics_are_known_to_be_no_antidepressants(
    engine: Engine, names: DrugNames
) -> None:
    found = resolve(
        engine, names, "diazepam", "Valium 5 mg", "N05BA01", "haloperidol decanoate", "Depakote",
        "Ambien", "dextroamphetamine", "A10BA02", "sodium valproate",
    )  # fmt: skip
    assert {role for _, _, role in found.values()} == {"other_drug"}
    assert {ingredient for _, ingredient, _ in found.values()} == {None}
    # One drug is one treatment, however it is written.
    assert {found[one][0] for one in ("diazepam", "Valium 5 mg", "N05BA01")} == {"diazepam"}
    assert found["A10BA02"][0] == "a10ba02"
    lithium = resolve(engine, names, "lithium carbonate 400mg MR")
    assert lithium["lithium carbonate 400mg MR"][1:] == ("lithium", "augmentation")


def test_the_contracts_own_names_mean_what_they_meant(names: DrugNames) -> None:
    """No further table takes a name away from the drug table, or gives one to what it names."""
    known = names.rows.set_index("drug_key")
    alone = DrugNames.from_tables(read_csv(REFERENCE / "antidepressants.csv")).rows
    for row in alone.itertuples():
        assert known.loc[row.drug_key, "ingredient"] == row.ingredient
        assert known.loc[row.drug_key, "drug_role"] == row.drug_role


def test_every_row_of_the_tables_is_reached_and_has_a_source(names: DrugNames) -> None:
    treatments = names.rows.set_index("drug_key")["treatment"]
    others = read_csv(REFERENCE / "other_drugs.csv")
    assert others["generic"].is_unique and others["atc"].is_unique
    assert not others["atc"].str.startswith("N06A").any()
    assert others["atc"].str.fullmatch(r"[A-Z]\d\d[A-Z][A-Z]\d\d").all()
    for row in others.itertuples():
        assert treatments[normalise(row.generic, drug=True)] == row.generic
        assert treatments[row.atc.lower()] == row.generic
    further = read_csv(REFERENCE / "drug_names.csv")
    assert set(further["kind"]) == {"brand", "other name", "rxnorm"}
    for row in further.itertuples():
        is_code = row.kind == "rxnorm"
        key = f"rxcui{row.name}" if is_code else normalise(row.name, drug=True)
        assert treatments[key] == row.means, row.name
        assert row.name.isdigit() == is_code
    for table in (others, further):
        assert (table["source"].str.len() > 0).all()
        assert not table.duplicated().any()


WORDS = ["sertraline", "Valium", "50", "mg", "37,5", "tab", "é", "ß", "(x)", "[y]", "-", "/", "+",
         " ", "  ", ".", "XR", "2 x", "RxNorm:", "atc ", "N06AB06", "µg", "ml", "®", "’", "\t",
         "24 hr "]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=7).map("".join), min_size=1, max_size=40))
def test_the_engine_and_python_write_the_same_key(texts: list[str]) -> None:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        table = engine.from_memory(pa.table({"drug": texts}))
        found = table.mutate(key=derive_plain_key(table.drug)).to_pyarrow().to_pylist()
    for row in found:
        assert row["key"] == plain_key(row["drug"]), repr(row["drug"])


def test_a_key_takes_no_time_however_odd_the_text(names: DrugNames) -> None:
    for text in ("1.1." * 25 + "x", "a " * 50 + "?", "- " * 50, "tab " * 25, "1 x " * 25):
        Suggester(names).suggest(text)


def test_only_the_most_frequent_spellings_are_looked_up(names: DrugNames) -> None:
    count = MOST_LOOKED_FOR + 2
    words = pd.DataFrame({"word": [f"qqq{one}" for one in range(count)], "rows": 1})
    words.loc[count - 1] = ["Zolofft", 9]
    found = Suggester(names).suggest_all(words)
    assert found["why"].str.contains("not looked for").sum() == 2
    assert found["suggestion"].iloc[-1] == "sertraline"


# A site's own names.


def site(tmp_path: Path, text: str | bytes) -> DrugNames:
    for name in TABLES:
        (tmp_path / name).write_bytes((REFERENCE / name).read_bytes())
    data = text.encode() if isinstance(text, str) else text
    (tmp_path / "site_drug_names.csv").write_bytes(data)
    return load_drug_names(tmp_path)


def test_a_site_may_name_drugs_its_own_way(engine: Engine, tmp_path: Path) -> None:
    text = (
        "name,means,source\nsertralin,sertraline,German INN\nSRT,Zoloft,ward list\n"
        "Sedanix,N05CM99,formulary\nZoloft,sertraline,formulary\ntalk,psychotherapy,ward list\n"
    )
    found = resolve(engine, site(tmp_path, text), "Sertralin 50 mg", "srt", "sedanix 5mg", "Talk")
    assert found["Sertralin 50 mg"][1] == found["srt"][1] == "sertraline"
    assert found["sedanix 5mg"] == ("n05cm99", None, "other_drug")
    assert found["Talk"] == ("psychotherapy", "psychotherapy", "non_drug")


SECRET = "secretword"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"name,means\n{SECRET},sertraline\n", "name,means,source"),
        (f"name,means,source\n{SECRET},sertralin,list\n", "line 2.*did you mean `sertraline`"),
        (f"name,means,source\n{SECRET},sertraline,\n", "`source`.*line 2"),
        (f"name,means,source\n{SECRET},N06AA08,x\n", "no drug.*line 2"),
        ("name,means,source\nSeroxat,sertraline,x\n", "already means `paroxetine`.*line 2"),
        (f"name,means,source\n{SECRET},sertraline,x\n{SECRET},lithium,x\n", "`sertraline`.*line 3"),
        (f"name,means,source\n{SECRET},sertraline,M\xfcnchen\n".encode("latin-1"), "UTF-8"),
        (f'name,means,source\n"{SECRET},sertraline\n', "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_sites_file_is_checked(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(UserError) as caught:
        site(tmp_path, text)
    assert caught.value.exit_code == EXIT_CODES["config"]
    assert re.search(says, str(caught.value), flags=re.DOTALL)
    assert SECRET not in str(caught.value)


def test_the_sites_file_need_not_be_there(tmp_path: Path) -> None:
    for name in TABLES:
        (tmp_path / name).write_bytes((REFERENCE / name).read_bytes())
    without = load_drug_names(tmp_path).rows
    pd.testing.assert_frame_equal(without, load_drug_names(REFERENCE).rows)


def test_the_list_of_the_unrecognised_names_counts_and_reasons(engine: Engine) -> None:
    trials = pd.DataFrame(
        {
            "patient_id": ["a", "a", "a", "a"],
            "trial_id": ["1", "2", "3", "4"],
            "drug": ["Zolofft", "Zolofft", "diazepam", "x\x1b[31my"],
            "start_day": ["0", "90", "180", "270"],
        }
    )
    raw = {"patients": pd.DataFrame({"patient_id": ["a"]}), "trials": trials}
    tables = {name: as_raw(engine, frame) for name, frame in raw.items()}
    found = take_in(engine, tables, load_reference()).unrecognised
    assert list(found.columns) == [
        "table", "column", "word", "rows", "suggestion", "distance", "why"
    ]  # fmt: skip
    rows = {row.word: (row.rows, row.suggestion, row.distance) for row in found.itertuples()}
    assert rows["Zolofft"] == (2, "sertraline", 1)
    # Control characters are shown, not sent to a terminal; a known drug is not listed.
    assert set(rows) == {"Zolofft", "x\\x1b[31my"}
    assert show_controls("a\x00b\x9f") == "a\\x00b\\x9f"
