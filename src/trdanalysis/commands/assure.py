"""`assure`: run the hand-written cases of every definition; print expected beside got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.drugs import load_drugs
from trdanalysis.commands.shared import load_drug_names, load_scales
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.files import read_csv
from trdanalysis.intake.pool import AcceptedDrop, pool_drops
from trdanalysis.intake.reference import Reference
from trdanalysis.intake.scales import Scale
from trdanalysis.intake.take_in import take_in
from trdanalysis.labelling.cases import Cases, Comparison, compare_cases, read_cases
from trdanalysis.labelling.cohort import Cohort, label_cohort
from trdanalysis.labelling.definition import Definition
from trdanalysis.readers.memory import read_memory


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
    definitions = load_definitions(definition_files, reference)
    pairs = [
        (definition, _read_cases_beside(path, definition))
        for path, definition in zip(definition_files, definitions, strict=True)
    ]
    compared = assure_definitions(engine, pairs, reference)
    parts = [_render(*pair, found) for pair, found in zip(pairs, compared, strict=True)]
    wrong = sum(not one.is_right for found in compared for one in found)
    return "\n".join(parts), wrong


def _read_cases_beside(path: Path, definition: Definition) -> Cases:
    file = path.with_name(f"{definition.id}.cases.csv")
    if not file.is_file():
        raise UserError(
            f"definition `{definition.id}` has no cases",
            where=str(file),
            try_this="write some: docs/definitions.md says how",
            kind="config",
        )
    return read_cases(read_csv(file), str(file))


def assure_definitions(
    engine: Engine, pairs: Sequence[tuple[Definition, Cases]], reference: Path
) -> list[list[Comparison]]:
    """Label the cases of each definition by it, and compare.

    All cases are taken in as one drop, which costs little more than those of one definition; each
    definition then labels its own.
    """
    place_of = {place: f"{place}." for place in range(len(pairs))}
    raw = {
        name: pd.concat(
            [
                cases.raw[name].assign(patient_id=place_of[place] + cases.raw[name]["patient_id"])
                for place, (_, cases) in enumerate(pairs)
            ],
            ignore_index=True,
        )
        for name in pairs[0][1].raw
    }
    cohort, drugs, scales = _take_in_raw(engine, raw, reference)
    found = []
    for place, (definition, cases) in enumerate(pairs):
        own = {
            name: None if table is None else engine.keep(
                table.filter(table.patient_id.startswith(place_of[place])).mutate(
                    patient_id=table.patient_id.substr(len(place_of[place]))
                )
            )
            for name, table in cohort.items()
        }  # fmt: skip
        labelled = label_cohort(engine, Cohort(**own), drugs, scales, [definition])
        labels = {row["patient_id"]: row for row in labelled.labels.to_pyarrow().to_pylist()}
        trials = {
            (row["patient_id"], row["trial_id"]): row
            for row in labelled.trials.to_pyarrow().to_pylist()
        }
        found.append(compare_cases(cases, labels, trials))
    return found


def assure_definition(
    engine: Engine, cases: Cases, definition: Definition, reference: Path
) -> list[Comparison]:
    """Label the cases by a definition and compare."""
    return assure_definitions(engine, [(definition, cases)], reference)[0]


def _take_in_raw(
    engine: Engine, raw: Mapping[str, pd.DataFrame], reference: Path
) -> tuple[dict[str, ir.Table], ir.Table, tuple[Scale, ...]]:
    scales = load_scales(reference)
    taken = take_in(engine, read_memory(engine, raw), Reference(load_drug_names(reference), scales))
    accepted = taken.accepted | {"quarantined_trials": taken.quarantined_trials}
    pooled = pool_drops([AcceptedDrop("cases", "snapshot", accepted)])
    drugs = engine.from_memory(load_drugs(reference))
    return pooled, drugs, scales


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
