"""What tests of several kinds need: from raw tables of text to labels, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from trdanalysis.ages import age_bands
from trdanalysis.commands.shared import load_drug_names, load_scales
from trdanalysis.engine import Engine
from trdanalysis.files import read_csv
from trdanalysis.intake.pool import (
    AcceptedDrop,
    derive_patient_groups,
    find_left_out_factors,
    pool_drops,
)
from trdanalysis.intake.reference import Reference
from trdanalysis.intake.take_in import Intake, take_in
from trdanalysis.labelling.cohort import Cohort, Labelled, label_cohort
from trdanalysis.labelling.definition import (
    Definition,
    PatientRule,
    TrialRule,
    read_definition,
)
from trdanalysis.labelling.exposure import reference_drugs

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
REFERENCE = CONFIG / "reference"
BANDS = age_bands([0, 12, 18, 26, 36, 50, 65])


def article() -> Definition:
    """Read the definition `article`."""
    return read_definition(CONFIG / "definitions" / "article.yaml")


def variant(name: str, **changed: Any) -> Definition:
    """Give `article` with some of its thresholds changed, wherever they stand in it."""
    base = article().model_dump(exclude_defaults=True)
    base |= {"id": name, "status": "draft", "fingerprint": None}
    trial, patient = dict(base["trial"]), dict(base["patient"])
    failures = dict(base["resistance"][0]["failures"])
    aliases = {"min_failures": "at_least"}
    for key, value in changed.items():
        if key == "nonresponse_below_percent":
            trial["nonresponse"] = {"reduction_below_percent": value}
        elif key in TrialRule.model_fields:
            trial[key] = value
        elif key in PatientRule.model_fields:
            patient[key] = value
        else:
            failures[aliases.get(key, key)] = value
    parts = {"trial": trial, "patient": patient, "resistance": [{"failures": failures}]}
    return Definition.model_validate(base | parts)


def load_reference() -> Reference:
    """Load the drug and scale tables."""
    return Reference(load_drug_names(REFERENCE), load_scales(REFERENCE))


def as_raw(engine: Engine, frame: pd.DataFrame) -> ir.Table:
    """Make a raw table, as a reader gives it, from a frame of text (or of booleans: yes and no).

    Nulls and "" are empty cells. `line` is added where the frame has none.
    """
    columns = {}
    for name in frame.columns:
        if name == "line":
            continue
        columns[name] = pa.array([_as_cell(cell) for cell in frame[name]], pa.string())
    lines = frame["line"] if "line" in frame.columns else range(2, len(frame) + 2)
    columns["line"] = pa.array(list(lines), pa.int64())
    return engine.from_memory(pa.table(columns))


def _as_cell(value: object) -> str | None:
    if pd.isna(value) or value == "":
        return None
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return str(value)


def take_in_raw(engine: Engine, raw: Mapping[str, pd.DataFrame]) -> Intake:
    """Run intake on raw tables of text."""
    return take_in(
        engine, {name: as_raw(engine, frame) for name, frame in raw.items()}, load_reference()
    )


def pool_intake(intake: Intake) -> Cohort:
    """Pool one drop: the cohort that labelling starts from."""
    patients = intake.accepted["patients"]
    left_out = find_left_out_factors(patients)
    grouped = derive_patient_groups(patients, left_out, BANDS)
    tables = intake.accepted | {
        "patients": grouped,
        "quarantined_trials": intake.quarantined_trials,
    }
    pooled = pool_drops([AcceptedDrop("a", "snapshot", tables)])
    return Cohort(
        pooled["patients"],
        pooled["trials"],
        pooled["quarantined_trials"],
        pooled["doses"],
        pooled["assessments"],
    )


def label_intake(engine: Engine, intake: Intake, definitions: Sequence[Definition]) -> Labelled:
    """Pool and label what intake accepted."""
    drugs = engine.from_memory(reference_drugs(read_csv(REFERENCE / "antidepressants.csv")))
    return label_cohort(engine, pool_intake(intake), drugs, load_scales(REFERENCE), definitions)


def label_raw(
    engine: Engine, raw: Mapping[str, pd.DataFrame], definitions: Sequence[Definition]
) -> Labelled:
    """Go from raw tables of text to labels: intake, pooling, labelling."""
    return label_intake(engine, take_in_raw(engine, raw), definitions)


def to_frame(table: ir.Table, *order_by: str) -> pd.DataFrame:
    """Fetch a table as a frame with nullable types, sorted."""
    frame = table.order_by(list(order_by)).to_pyarrow().to_pandas(types_mapper=pd.ArrowDtype)
    return frame.reset_index(drop=True)
