"""The de-identification gate: what it must refuse, and what it must let pass."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from trdanalysis.contract import FACTORS, TABLES
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.intake.gate import check_identifiers, name_rule

Cells = list[str | None]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


def check(engine: Engine, table: str, **columns: Cells) -> None:
    """Send one raw table through the gate."""
    rows = len(next(iter(columns.values())))
    arrays = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    raw = pa.table({**arrays, "line": pa.array(range(2, rows + 2), pa.int64())})
    kept = engine.from_memory(raw)
    try:
        check_identifiers({table: kept})
    finally:
        engine.drop_kept(kept)


def rules(engine: Engine, table: str, **columns: Cells) -> set[str]:
    """Give the lines of the refusal, or nothing where the table passes."""
    try:
        check(engine, table, **columns)
    except UserError as error:
        assert error.exit_code == EXIT_CODES["input"]
        return {line.strip() for line in (error.where or "").splitlines()}
    return set()


# --- names of columns


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("date_of_birth", "date_of_birth"),
        ("DateOfBirth", "date_of_birth"),
        ("DOB", "date_of_birth"),
        ("birth_date", "date_of_birth"),
        ("birthdate", "date_of_birth"),
        ("BRTHDTC", "date_of_birth"),
        ("patient_dob", "date_of_birth"),
        ("year_of_birth", "date_of_birth"),
        ("birth_year", "date_of_birth"),
        ("born", "date_of_birth"),
        ("name", "personal_name"),
        ("Name", "personal_name"),
        ("first_name", "personal_name"),
        ("lastName", "personal_name"),
        ("LASTNAME", "personal_name"),
        ("Surname", "personal_name"),
        ("patient_name", "personal_name"),
        ("pt_name", "personal_name"),
        ("name_of_patient", "personal_name"),
        ("name_last", "personal_name"),
        ("patient_full_name", "personal_name"),
        ("next_of_kin_name", "personal_name"),
        ("initials", "personal_name"),
        ("email", "e_mail_address"),
        ("e_mail", "e_mail_address"),
        ("E-Mail", "e_mail_address"),
        ("email_address", "e_mail_address"),
        ("contact_email", "e_mail_address"),
        ("phone", "phone_number"),
        ("phone_number", "phone_number"),
        ("home_phone", "phone_number"),
        ("telephone_no", "phone_number"),
        ("mobile", "phone_number"),
        ("mobile_phone_2", "phone_number"),
        ("cellphone", "phone_number"),
        ("mrn", "record_number"),
        ("MRN_hash", "record_number"),
        ("medical_record_number", "record_number"),
        ("hospital_no", "record_number"),
        ("chart_number_2", "record_number"),
        ("nhs_number", "record_number"),
        ("SSN", "record_number"),
        ("social_security_number", "record_number"),
        ("insurance_id", "record_number"),
        ("postcode", "postcode"),
        ("zip", "postcode"),
        ("zip_code", "postcode"),
        ("postal_code", "postcode"),
        ("home_address", "postcode"),
        ("street_name", "postcode"),
        ("notes", "free_text"),
        ("clinician_comment", "free_text"),
        ("free_text", "free_text"),
        ("visit_date", "calendar_date"),
        ("startDate", "calendar_date"),
        ("date", "calendar_date"),
    ],
)
def test_telling_names(engine: Engine, column: str, rule: str) -> None:
    assert name_rule(column) == rule
    told = rules(engine, "patients", patient_id=["p1"], **{column: ["x"]})
    assert told == {f"patients, column `{column}`: {rule}, by its name"}


@pytest.mark.parametrize(
    "column",
    [
        "drug_name", "first_drug_name", "last_medication_name", "site_name", "scale_name",
        "generic_name", "username_hash", "number_of_hospital_stays", "n_hospital_admissions",
        "num_trials", "no_hospital_stay", "patient_no_show", "no_prior_treatment", "patient_group",
        "birth_control", "low_birth_weight", "gave_birth", "birth_order", "phone_visit",
        "telephone_interview", "mobile_app_use", "street_drugs", "medicaid_eligible", "nhs_trust",
        "last_update", "start_day", "days_to_relapse", "updated", "candidate", "mandated_treatment",
        "hamd_item_1", "phq9", "episode_number", "visit_number", "trial_no", "record_id",
        "subject_number", "age_group", "marital_status", "ethnicity", "education_years", "notable",
        "bmi", "weight_kg", "smoking", "stop_reason_code", "cell_count", "file_version",
    ],
)  # fmt: skip
def test_ordinary_names_pass(column: str) -> None:
    assert name_rule(column) is None


@pytest.mark.parametrize("table", list(TABLES))
def test_no_column_of_the_contract_is_judged_by_its_name(engine: Engine, table: str) -> None:
    check(engine, table, **{name: ["1"] for name in TABLES[table].names})


# --- shapes of cells: refused


@pytest.mark.parametrize(
    "cell",
    [
        "2014-03-12", "2014/3/2", "2014.03.12", "2014-03-12T08:15:00", "2014-03-12 08:15",
        "12.03.2014", "3/12/2014", "12-03-2014", "2.3.1999", "seen 2014-03-12", "(12/03/2014)",
        "12 March 2014", "12-MAR-2014", "12-MAR-14", "12 mar 14", "2nd March 2014",
        "March 12, 2014",
        "Mar 12 2014", "March 2nd, 2014", "12 of March 2014", "2. Januar 2014", "3. März 2014",
        "12 de enero de 2014", "3 août 2014",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("table", "column"), [("trials", "start_day"), ("patients", "site"), ("trials", "trial_id")]
)
def test_one_calendar_date_is_enough(engine: Engine, table: str, column: str, cell: str) -> None:
    cells = ["7", None, "14", cell, "21"]
    told = rules(engine, table, **{column: cells})
    assert told == {f"{table}, column `{column}`: calendar_date, 1 cell(s)"}


@pytest.mark.parametrize(
    "cells",
    [
        ["20140312", "20131224", "20140101"],
        ["20140312T0815", "20131224T1200", "20140101T0000"],
        ["20140312081500", "20131224120000", "20140101000000"],
        ["12MAR2014", "24DEC2013", "01JAN2014"],
        ["12MAR14", "24DEC13", "01JAN14"],
        ["12MAR2014:08:15:00", "24DEC2013:12:00:00", "01JAN2014:00:00:00"],
        ["12/03/14", "24/12/13", "01/01/14"],
        ["12.03.14", "24.12.13", "1.1.14"],
        ["12/03/14 08:15", "24/12/13 12:00", "01/01/14 00:00"],
    ],
)
@pytest.mark.parametrize("column", ["start_day", "patient_id", "extra"])
def test_columns_of_terse_dates(engine: Engine, column: str, cells: Cells) -> None:
    told = rules(engine, "trials", **{column: cells})
    assert told == {f"trials, column `{column}`: calendar_date, 3 cell(s)"}
    # A few among many are chance.
    assert not rules(engine, "trials", **{column: [*cells, *["10345678"] * 4]})


@pytest.mark.parametrize("cells", [["2014-03", "2013-12"], ["March 2014", "Dec 2013"]])
def test_columns_of_months(engine: Engine, cells: Cells) -> None:
    assert rules(engine, "patients", extra=cells) == {
        "patients, column `extra`: calendar_date, 2 cell(s)"
    }
    # As a pseudonym it is a year and a running number.
    assert not rules(engine, "patients", patient_id=["2014-03", "2014-12"])


@pytest.mark.parametrize("column", ["patient_id", "site", "extra", "sex"])
def test_one_e_mail_address_is_enough(engine: Engine, column: str) -> None:
    told = rules(engine, "patients", **{column: ["x", "Jo.Doe@clinic.example.org"]})
    assert told == {f"patients, column `{column}`: e_mail_address, 1 cell(s)"}


@pytest.mark.parametrize(
    ("rule", "cells"),
    [
        ("phone_number", ["+44 20 7946 0958", "+1 (555) 123-4567", "+4930123456"]),
        ("phone_number", ["555-123-4567", "(555) 123-4567", "555.123.4567"]),
        ("phone_number", ["020 7946 0958", "030/1234567", "0151-23456789"]),
        ("postcode", ["SW1A 1AA", "M1 1AE", "EC1A 1BB"]),
        ("postcode", ["K1A 0B1", "M5V 3L9", "H0H 0H0"]),
        ("postcode", ["1012 AB", "3511JK", "9712 CP"]),
        ("postcode", ["02139-4307", "90210-1234", "10001-0001"]),
        ("record_number", ["123-45-6789", "987-65-4321", "111-22-3333"]),
    ],
)
def test_columns_of_numbers_that_lead_to_a_person(engine: Engine, rule: str, cells: Cells) -> None:
    for column in ("extra", "site"):
        told = rules(engine, "patients", **{column: [*cells, None, None]})
        assert told == {f"patients, column `{column}`: {rule}, 3 cell(s)"}
    # A key is a pseudonym, whatever its shape.
    assert not rules(engine, "patients", patient_id=cells)


@pytest.mark.parametrize(
    "cell",
    [
        "she said that the tablets made her feel sick",
        "x" * 101,
        "line one\nline two",
    ],
)
def test_free_text(engine: Engine, cell: str) -> None:
    for column in ("drug", "stop_reason", "scale", "extra"):
        told = rules(engine, "trials", **{column: ["sertraline", cell]})
        assert told == {f"trials, column `{column}`: free_text, 1 cell(s)"}


@pytest.mark.parametrize("column", ["age_years", "age_at_onset_years", "age", "AGE", "patient_age"])
def test_ages_over_90(engine: Engine, column: str) -> None:
    told = rules(engine, "patients", **{column: ["35", "90", "91", "93.5", None]})
    assert told == {f"patients, column `{column}`: age_over_90, 2 cell(s)"}
    assert not rules(engine, "patients", **{column: ["0", "89", "90", "90.0", "unknown"]})


@pytest.mark.parametrize("column", ["age_months", "age_in_days", "stage", "AgeMonths", "dosage"])
def test_what_is_no_age_in_years(engine: Engine, column: str) -> None:
    assert not rules(engine, "patients", **{column: ["95", "100"]})


def test_the_message_says_what_to_do_and_no_value(engine: Engine) -> None:
    columns: dict[str, Cells] = {
        "age_years": ["93", "35"],
        "site": ["north 12.03.2014", "south"],
        "mrn": ["77777", "88888"],
    }
    with pytest.raises(UserError) as caught:
        check(engine, "patients", **columns)
    told = str(caught.value)
    assert "3 column(s)" in told
    assert "top-code" in told
    for cells in columns.values():
        assert not any(str(cell) in told for cell in cells)


def test_every_table_is_looked_at(engine: Engine) -> None:
    tables = {
        name: engine.from_memory(pa.table({"patient_id": ["a"], "mail": ["b"], "line": [2]}))
        for name in TABLES
    }
    with pytest.raises(UserError, match="in 4 column"):
        check_identifiers(tables)


# --- shapes of cells: let pass


@pytest.mark.parametrize(
    "cells",
    [
        ["01-701-1015", "01-701-1023", "01-718-1254"],
        ["10345678", "99120457", "41001122"],
        ["20345678", "19994512", "20017732"],  # begin like a year, but hold no month and day
        ["NDAR_INVAB12CD34", "NDAR_INVEF56GH78", "NDAR_INVKL90MN12"],
        ["8f14e45f-ceea-467f-a8d0-8f1c5c1e0b3a", "c9f0f895-fb98-4b91-9a1e-0e2b3c4d5e6f"],
        ["P-2014-001", "P-2014-002", "P-2014-003"],
        ["001-002-0003", "101-701-1015", "555-123-4567"],
        ["1503", "1503.0", "7"],
        ["7dec2012aa", "3mar99ff", "0c1jan14"],
    ],
)
def test_pseudonyms_pass(engine: Engine, cells: Cells) -> None:
    for table, column in (("patients", "patient_id"), ("trials", "trial_id")):
        assert not rules(engine, table, **{column: cells})


@pytest.mark.parametrize(
    "cells",
    [
        ["St. Mary's Hospital", "Marchwood Clinic", "Mayo Clinic 2"],
        ["Site 12", "Ward 5, North", "Juniper House 3"],
        ["Dept. of Psychiatry, Univ. Hospital North", "Klinik für Psychiatrie"],
        ["028", "006", "999"],
        ["90210", "10001", "02139"],
        ["north", None, "south-west"],
    ],
)
def test_sites_pass(engine: Engine, cells: Cells) -> None:
    assert not rules(engine, "patients", site=cells)


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("drug", ["sertraline 50 mg", "Effexor XR (venlafaxine)", "N06AB06", "ect"]),
        ("drug", ["St John's wort", "may be placebo", "decitabine 2000"]),
        ("scale", ["HAM-D17", "QIDS SR 16", "Montgomery-Asberg Depression Rating Scale"]),
        ("dose_mg_per_day", ["1000", "37.5", "0.000001", "150"]),
        ("start_day", ["-100000", "100000", "-14", "7300"]),
        ("start_day", ["201403", "-201403", "199912"]),
        ("stop_reason", ["lack_of_efficacy", "lost_to_follow_up", "patient_choice"]),
        ("extra", ["1000 mg", "1200 mg", "1500mg"]),
        ("extra", ["12 weeks", "3 months", "may 2"]),
        ("extra", ["1.2.3", "10.15.20.1", "3-4-5"]),
        ("extra", ["0.123456789", "1234567890", "12345678901234"]),
    ],
)
def test_ordinary_cells_pass(engine: Engine, column: str, cells: Cells) -> None:
    assert not rules(engine, "trials", **{column: cells})


def test_three_valued_columns_pass(engine: Engine) -> None:
    factors = [name for group, names in FACTORS.items() for name in names]
    recorded = [name for name in factors if name in TABLES["patients"].names]
    check(engine, "patients", **{name: ["yes", "no", None] for name in recorded})


def test_a_table_of_no_rows_passes(engine: Engine) -> None:
    check(engine, "patients", patient_id=[], site=[], extra=[])
