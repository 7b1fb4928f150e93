"""Example files of the documentation: what each is, and what reads such a file in a run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from tests.support import CONFIG, REFERENCE
from trdanalysis.commands.shared import load_drug_names
from trdanalysis.labelling.cases import read_cases
from trdanalysis.labelling.definition import read_definition
from trdanalysis.readers.drop_info import read_drop_info
from trdanalysis.readers.mapping import read_mapping
from trdanalysis.readers.redcap.mapping import read_redcap_mapping
from trdanalysis.readers.studies.mapping import read_study_mapping
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.settings import read_settings, read_yaml

#: By page: what each block is that is neither shell nor Python, in order. A word before a colon
#: says what reads it; `part` after it, that it is a part of such a file.
EXAMPLES: dict[str, list[str]] = {
    "docs/console.md": ["output"],
    "docs/drug-names.md": ["names"],
    "docs/paper-tables.md": ["journal"],
    "docs/readers-flat.md": [
        "csv", "drop", "flat", "flat", "flat:tables", "flat:columns", "flat:top", "flat:top",
    ],
    "docs/readers-nda.md": ["drop", "nda"],
    "docs/readers-omop.md": ["csv", "csv", "csv", "csv", "drop"],
    "docs/readers-redcap.md": ["csv", "drop", "redcap", "redcap:tables"],
    "docs/readers-sdtm.md": ["drop", "sdtm"],
    "docs/vocabulary.md": ["definition:part"],
    "docs/your-own-definition.md": ["definition", "cases", "config:part"],
}  # fmt: skip

#: Where pages put their examples: page and number of the block. Drops wait until their page is
#: followed, so that no other run takes them in.
FILES: dict[str, tuple[str, int]] = {
    "config/definitions/third-drug.yaml": ("docs/your-own-definition.md", 0),
    "config/definitions/third-drug.cases.csv": ("docs/your-own-definition.md", 1),
    "waiting/clinic/clinic.csv": ("docs/readers-flat.md", 0),
    "waiting/clinic/drop.yaml": ("docs/readers-flat.md", 1),
    "waiting/clinic/mapping.yaml": ("docs/readers-flat.md", 3),
    "waiting/hospital/person.csv": ("docs/readers-omop.md", 0),
    "waiting/hospital/observation_period.csv": ("docs/readers-omop.md", 1),
    "waiting/hospital/drug_exposure.csv": ("docs/readers-omop.md", 2),
    "waiting/hospital/condition_occurrence.csv": ("docs/readers-omop.md", 3),
    "waiting/hospital/drop.yaml": ("docs/readers-omop.md", 4),
    "waiting/redcap/export.csv": ("docs/readers-redcap.md", 0),
    "waiting/redcap/drop.yaml": ("docs/readers-redcap.md", 1),
    "waiting/redcap/mapping.yaml": ("docs/readers-redcap.md", 2),
}

#: What every mapping must have, to which parts are added.
_LEAST: dict[str, Any] = {
    "file": "file.csv",
    "tables": {
        "patients": {"columns": {"patient_id": "ID"}},
        "trials": {"columns": {"patient_id": "ID", "trial_id": "T", "drug": "D", "start_day": "S"}},
    },
}


def check_example(kind: str, text: str, folder: Path) -> None:
    """Read an example as a run would read it; ``folder`` is empty."""
    what, _, part = kind.partition(":")
    if what == "output":
        # What a run of another size says; tests of the console hold it against what is said.
        assert text.strip()
    elif what == "csv":
        _check_csv(text)
    elif what == "names":
        shutil.copytree(REFERENCE, folder / "reference")
        (folder / "reference" / "site_drug_names.csv").write_text(text, encoding="utf-8")
        load_drug_names(folder / "reference")
    elif what == "drop":
        (folder / "drop.yaml").write_text(text, encoding="utf-8")
        assert read_drop_info(folder).mapping == "mapping.yaml"
    elif what == "config":
        read_settings({**read_yaml(CONFIG / "config.yaml"), **yaml.safe_load(text)})
    elif what == "journal":
        (folder / "ours.yaml").write_text(text, encoding="utf-8")
        read_journal(folder / "ours.yaml")
    elif what == "cases":
        (folder / "cases.csv").write_text(text, encoding="utf-8")
        read_cases(pd.read_csv(folder / "cases.csv", dtype=str, keep_default_na=False))
    elif what == "definition":
        _check_definition(text, folder, whole=not part)
    else:
        if part:
            own = {"patient": "ID"} if what == "redcap" else {}
            text = _complete({**own, **yaml.safe_load(text)}, part)
        _check_mapping(what, text, folder)


def _check_csv(text: str) -> None:
    rows = text.splitlines()
    separator = ";" if ";" in rows[0] else ","
    assert {row.count(separator) for row in rows} == {rows[0].count(separator)}


def _check_definition(text: str, folder: Path, *, whole: bool) -> None:
    if not whole:
        article = (CONFIG / "definitions" / "article.yaml").read_text(encoding="utf-8")
        head = article[: article.index("\nresistance:")]
        head = head.replace("id: article", "id: mine").replace("status: published", "status: draft")
        text = f"{head}\n{text}"
    path = folder / f"{yaml.safe_load(text)['id']}.yaml"
    path.write_text(text, encoding="utf-8")
    read_definition(path)


def _complete(part: dict[str, Any], place: str) -> str:
    if place == "columns":
        part = {"patients": {"columns": part}}
    if place in ("columns", "tables"):
        tables = {key: value for key, value in part.items() if isinstance(value, dict)}
        part = {**{key: part[key] for key in set(part) - set(tables)}, "tables": tables}
    return yaml.safe_dump(_merge(_LEAST, part))


def _merge(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merge(one[key], value) if isinstance(one.get(key), dict) else value
        for key, value in other.items()
    }
    return {**one, **both}


def _check_mapping(kind: str, text: str, folder: Path) -> None:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    if kind == "flat":
        read_mapping(path)
    elif kind == "redcap":
        read_redcap_mapping(path)
    elif kind in ("sdtm", "nda"):
        read_study_mapping(path, kind)
    else:
        raise AssertionError(f"nothing is known to read `{kind}`")
