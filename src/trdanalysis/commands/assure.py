"""`assure`: run the hand-written cases of every definition; print expected beside got."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.shared import load_drug_names, load_scales
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.files import read_csv
from trdanalysis.intake.pool import AcceptedDrop, pool_drops
from trdanalysis.intake.take_in import Reference, take_in
from trdanalysis.labelling.cases import Cases, Comparison, compare_cases, read_cases
from trdanalysis.labelling.cohort import Cohort, Labelled, label_cohort
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.exposure import reference_drugs


def run_assure(engine: Engine, definition_files: list[Path], reference: Path) -> tuple[str, int]:
    """Run the cases beside each definition.

    Parameters
    ----------
    definition_files
        Definition files, each with ``<id>.cases.csv`` beside it.
    reference
        Folder of reference tables.

    Returns
    -------
    tuple
        What to print, and how many values are not as written.

    Raises
    ------
    UserError
        Kind ``config``: a definition without cases, or a cases file that cannot be read.
    """
    parts, wrong = [], 0
    for path in definition_files:
        definition = load_definitions([path], reference)[0]
        file = path.with_name(f"{definition.id}.cases.csv")
        if not file.is_file():
            raise UserError(
                f"definition `{definition.id}` has no cases",
                where=str(file),
                try_this="write some: docs/definitions.md says how",
                kind="config",
            )
        cases = read_cases(read_csv(file), str(file))
        compared = assure_definition(engine, cases, definition, reference)
        wrong += sum(not one.is_right for one in compared)
        parts.append(_render(definition, cases, compared))
    return "\n".join(parts), wrong


def assure_definition(
    engine: Engine, cases: Cases, definition: Definition, reference: Path
) -> list[Comparison]:
    """Label the cases by a definition and compare."""
    labelled = label_raw(engine, cases.raw, [definition], reference)
    labels = {row["patient_id"]: row for row in labelled.labels.to_pyarrow().to_pylist()}
    trials = {
        (row["patient_id"], row["trial_id"]): row
        for row in labelled.trials.to_pyarrow().to_pylist()
    }
    return compare_cases(cases, labels, trials)


def label_raw(
    engine: Engine,
    raw: Mapping[str, pd.DataFrame],
    definitions: list[Definition],
    reference: Path,
) -> Labelled:
    """Go from frames of text, empty cells being empty strings, to labels."""
    scales = load_scales(reference)
    tables = {name: engine.from_memory(_as_cells(frame)) for name, frame in raw.items()}
    taken = take_in(engine, tables, Reference(load_drug_names(reference), scales))
    accepted = taken.accepted | {"quarantined_trials": taken.quarantined_trials}
    pooled = pool_drops([AcceptedDrop("cases", "snapshot", accepted)])
    drugs = engine.from_memory(reference_drugs(read_csv(reference / "antidepressants.csv")))
    return label_cohort(engine, Cohort(**pooled), drugs, scales, definitions)


def _as_cells(frame: pd.DataFrame) -> pa.Table:
    columns = {
        str(name): pa.array([text or None for text in frame[name]], pa.string())
        for name in frame.columns
    }
    lines = pa.array(range(2, len(frame) + 2), pa.int64())
    return pa.table(columns | {"line": lines})


def _render(definition: Definition, cases: Cases, compared: list[Comparison]) -> str:
    wrong = sum(not one.is_right for one in compared)
    lines = [f"Definition `{definition.id}`: {definition.title}", ""]
    case = None
    for one in compared:
        if one.case != case:
            case = one.case
            lines.append(f"{case}: {cases.situations[case]}")
        name = f"trial {one.trial} {one.column}" if one.trial else one.column
        mark = "" if one.is_right else "   <-- not as written"
        lines.append(f"  {name:<32} expected {one.expected:<24} got {one.got}{mark}".rstrip())
    lines += [
        "",
        f"{len(cases.patients)} cases, {len(compared)} values, {wrong} not as written",
        "",
    ]
    return "\n".join(lines)
