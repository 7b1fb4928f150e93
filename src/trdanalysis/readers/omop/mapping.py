"""The mapping of an OMOP drop: where the tables are, how they are read, and concept sets.

Strict and without hidden defaults: every key stands in ``config/mappings/omop.yaml``. Imports no
engine: planning a run asks here which files a drop depends on.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from trdanalysis.contract import PATIENTS, TRIALS
from trdanalysis.errors import UserError, suggest
from trdanalysis.settings import StrictModel, read_model, read_yaml

#: Columns of a concept set's file.
SET_COLUMNS = (
    "concept_id", "name", "becomes", "vocabulary", "code", "include_descendants", "status",
    "source",
)  # fmt: skip

_THREE_VALUED = tuple(column.name for column in PATIENTS.columns if column.kind == "three_valued")
_STOP_WORDS = TRIALS.column("stop_reason").words


class Database(StrictModel):
    """Where the tables are: files of the drop's folder, a DuckDB file there, or PostgreSQL."""

    kind: Literal["files", "duckdb", "postgresql"]
    file: str | None
    schema_name: str | None

    @model_validator(mode="after")
    def _fits_together(self) -> Database:
        if (self.kind == "duckdb") != (self.file is not None):
            raise ValueError("`file` names the DuckDB file, and goes with `kind: duckdb` alone")
        if self.file is not None and Path(self.file).name != self.file:
            raise ValueError("give the name of a file in the drop's folder, without a path")
        if (self.kind == "files") != (self.schema_name is None):
            raise ValueError("`schema_name` goes with a database, and is null with `kind: files`")
        return self


class ConditionRecipe(StrictModel):
    """Which records say yes for a three-valued column of patients, and what having none says."""

    concept_set: str
    absent: Literal["unknown", "no"]
    within_days_of_last_observation: int | None = Field(ge=0)

    @field_validator("absent", mode="before")
    @classmethod
    def _bare_no(cls, value: object) -> object:
        # YAML reads a bare no as false.
        return "no" if value is False else value


class OmopMapping(StrictModel):
    """A mapping file; docs/readers-omop.md explains each key."""

    database: Database
    concept_sets_folder: str
    antidepressants: str
    augmentation: str | None
    scales: str | None
    conditions: dict[str, ConditionRecipe]
    exposures: Literal["drug_exposure", "drug_era", "first_found"]
    gap_days: int = Field(ge=0, le=365)
    length_from: tuple[Literal["end_date", "days_supply"], ...] = Field(min_length=1)
    end_date_is: Literal["last_day", "first_day_without"]
    assumed_length_days: int | None = Field(ge=1)
    adherence: Literal["days_covered", "unknown"]
    stop_reasons: dict[str, str]
    people: Literal["all", "treated_or_diagnosed"]
    site: Literal["unknown", "care_site_id"]
    origin: Literal["first_observation", "keyed"]
    hash_identifiers: bool
    key_variable: str | None
    assumptions: tuple[str, ...]

    @field_validator("conditions")
    @classmethod
    def _known_columns(cls, value: dict[str, ConditionRecipe]) -> dict[str, ConditionRecipe]:
        for name in value:
            if name not in _THREE_VALUED:
                told = suggest(name, _THREE_VALUED)
                raise ValueError(f"patients have no three-valued column `{name}`; {told}")
        return value

    @field_validator("stop_reasons")
    @classmethod
    def _known_reasons(cls, value: dict[str, str]) -> dict[str, str]:
        for word in value.values():
            if word not in _STOP_WORDS:
                raise ValueError(f"`{word}` is no stop reason; {suggest(word, _STOP_WORDS)}")
        return value

    @model_validator(mode="after")
    def _key_is_named(self) -> OmopMapping:
        if (self.hash_identifiers or self.origin == "keyed") and not self.key_variable:
            raise ValueError(
                "`hash_identifiers: true` and `origin: keyed` need `key_variable`, the name of the"
                " environment variable that holds the site's key"
            )
        return self

    @property
    def set_names(self) -> tuple[str, ...]:
        """Every concept set that the mapping names, once, in order."""
        named = [self.antidepressants, self.augmentation, self.scales]
        named += [recipe.concept_set for recipe in self.conditions.values()]
        return tuple(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True)
class ListedConcept:
    """One row of a concept set's file.

    ``concept_id`` is None where the concept is found by its name or code in the concept table.
    ``confirmed`` is false where the id is to be used only if the concept table has this name for
    it. ``becomes`` is the contract's name of the drug or scale.
    """

    concept_set: str
    concept_id: int | None
    name: str
    becomes: str
    vocabulary: str
    code: str
    include_descendants: bool
    confirmed: bool


def read_omop_mapping(path: Path) -> OmopMapping:
    """Read and check a mapping file of the reader ``omop``."""
    return read_model(OmopMapping, read_yaml(path), str(path), path)


def omop_mapping_files(path: Path) -> list[Path]:
    """Give the concept sets' files on which a mapping depends, as far as they are there.

    None where the mapping cannot be read: the reader refuses the drop, and the plan goes on.
    """
    try:
        mapping = read_omop_mapping(path)
    except UserError:
        return []
    folder = path.parent / mapping.concept_sets_folder
    found = [folder / f"{name}.csv" for name in mapping.set_names]
    return [file for file in found if file.is_file()]


def read_concept_sets(path: Path, mapping: OmopMapping) -> tuple[ListedConcept, ...]:
    """Read the concept sets that a mapping names.

    Raises
    ------
    UserError
        Kind ``config``: a file is missing, has other columns, or a row cannot be used (with its
        line).
    """
    found: list[ListedConcept] = []
    for name in mapping.set_names:
        file = _set_path(path, mapping, name)
        try:
            found += _read_set(name, file)
        except (OSError, UnicodeDecodeError, csv.Error):
            raise UserError(
                "a concept set cannot be read", where=str(file), expected="CSV in UTF-8",
                kind="config",
            ) from None  # fmt: skip
    return tuple(found)


def _read_set(name: str, file: Path) -> list[ListedConcept]:
    with file.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        if tuple(reader.fieldnames or ()) != SET_COLUMNS:
            raise UserError(
                "a concept set has other columns",
                where=str(file),
                expected=", ".join(SET_COLUMNS),
                kind="config",
            )
        # A row with fewer fields than the header has nothing in the others.
        return [
            _listed(name, {key: row[key] or "" for key in SET_COLUMNS}, file, reader.line_num)
            for row in reader
        ]


def _set_path(mapping_path: Path, mapping: OmopMapping, name: str) -> Path:
    folder = mapping_path.parent / mapping.concept_sets_folder
    path = folder / f"{name}.csv"
    if not path.is_file():
        known = [other.stem for other in folder.glob("*.csv")]
        raise UserError(
            f"there is no concept set `{name}`",
            where=f"{folder}, named in {mapping_path}",
            try_this=suggest(name, known) if known else "check `concept_sets_folder`",
            kind="config",
        )
    return path


def _listed(name: str, row: dict[str, str], file: Path, line: int) -> ListedConcept:
    number = row["concept_id"].strip()
    yes_no = {"yes": True, "no": False}
    faults = (
        (
            number and re.fullmatch("[0-9]{1,18}", number) is None,
            "`concept_id` is a whole number, or empty",
        ),
        (number == "0", "concept 0 means that there is no concept"),
        (not row["name"].strip(), "`name` is empty"),
        (row["include_descendants"] not in yes_no, "`include_descendants` is yes or no"),
        (row["status"] not in ("confirmed", "unconfirmed"), "`status` is confirmed or unconfirmed"),
        (not row["source"].strip(), "`source` is empty: say where the concept was taken from"),
    )
    for broken, told in faults:
        if broken:
            raise UserError(told, where=f"{file}, line {line}", kind="config")
    return ListedConcept(
        name,
        int(number) if number else None,
        row["name"].strip(),
        row["becomes"].strip() or row["name"].strip(),
        row["vocabulary"].strip(),
        row["code"].strip(),
        yes_no[row["include_descendants"]],
        row["status"] == "confirmed",
    )


def omop_assumptions(mapping: OmopMapping, no_is_known: frozenset[str]) -> list[str]:
    """Say in sentences what the settings take for granted; the mapping's own come first.

    ``no_is_known`` are the columns for which having no record could be read as no.
    """
    told = list(mapping.assumptions)
    told.append(
        f"Exposures to one ingredient with at most {mapping.gap_days} days between them are one"
        " treatment trial."
    )
    told.append(
        "An end date is the last day on the drug."
        if mapping.end_date_is == "last_day"
        else "An end date is the first day without the drug."
    )
    if mapping.assumed_length_days is not None:
        told.append(
            f"An exposure without an end and without days of supply lasted"
            f" {mapping.assumed_length_days} days."
        )
    if mapping.adherence == "days_covered":
        told.append("Adherence is the share of a trial's days for which there was supply.")
    for column, recipe in mapping.conditions.items():
        if column in no_is_known:
            told.append(f"patients.{column}: having no record of it is read as no.")
        elif recipe.absent == "no":
            told.append(
                f"patients.{column}: having no record of it is not read as no, as the mapping asks,"
                " but unknown: there are no conditions, or not every concept of the set is known."
            )
    return told
