"""`trd.label`: frames in memory become labels, by the functions of the workflow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.ages import age_bands
from trdanalysis.commands.drugs import load_drugs
from trdanalysis.commands.shared import load_drug_names, load_scales
from trdanalysis.contract import ID_PATTERN
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.intake.findings import sort_findings
from trdanalysis.intake.pool import (
    AcceptedDrop,
    find_left_out_factors,
    group_patients,
    pool_drops,
)
from trdanalysis.intake.reference import Reference
from trdanalysis.intake.take_in import Intake, take_in
from trdanalysis.interface.configuration import Configuration, Wanted, find_configuration
from trdanalysis.interface.labelled import Labelled
from trdanalysis.labelling.cohort import (
    SORTED_BY,
    Cohort,
    derive_medication_related,
    find_while_judging,
    label_cohort,
)
from trdanalysis.labelling.cohort import Labelled as LabelledTables
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.grounds import derive_grounds
from trdanalysis.layout import POOLED
from trdanalysis.readers.memory import read_memory

#: Tables that hold a row number of the frames; files have line numbers there.
_BY_ROW = ("findings", "quarantine")


def label(
    patients: Any,
    trials: Any,
    doses: Any = None,
    assessments: Any = None,
    *,
    definition: Wanted = "article",
    config: str | Path | None = None,
    drop_id: str = "frames",
) -> Labelled:
    """Label patients whose records are frames in memory, as a run labels those of a drop.

    The frames go through the same intake (de-identification gate, checks, quarantine), are judged
    and labelled by the same functions, and give the same rows. Nothing is written.

    Parameters
    ----------
    patients, trials, doses, assessments
        Tables of the data contract (docs/data.md): pandas, Polars, Arrow or Ibis. Three-valued
        columns may hold booleans or the words yes and no; what is missing is unknown. Whole numbers
        that pandas made floating ones are read as whole numbers, categories as their words.
    definition
        An id of ``config/definitions``, a file, or a list of either, the primary first.
    config
        The folder of configuration; None: see
        :func:`trdanalysis.interface.configuration.find_configuration`. Reference tables, age bands
        and factor groups are taken from there.
    drop_id
        What the frames are called in ``drop_id``, and in the stratum ``drop``.

    Returns
    -------
    Labelled
        Labels, trials, verdicts, evidence, findings, quarantine, balance, as pandas frames.

    Raises
    ------
    UserError
        Where a drop would be refused: a direct identifier, a required column or table that is
        missing, a column of another type; or a faulty definition. No value of a patient is told.

    Notes
    -----
    The labels are research labels of groups. They do not diagnose a person.
    """
    configuration = find_configuration(config)
    if re.match(ID_PATTERN, drop_id) is None:
        raise UserError("`drop_id` cannot be the id of a drop", expected=ID_PATTERN, kind="config")
    definitions = configuration.load_definitions(definition)
    settings = configuration.settings
    frames = {
        "patients": patients, "trials": trials, "doses": doses, "assessments": assessments,
    }  # fmt: skip
    with Engine(settings.memory_limit_mb, settings.threads) as engine:
        taken = _take_in(engine, frames, configuration.reference)
        return _label(engine, taken, definitions, configuration, drop_id)


def _take_in(engine: Engine, frames: dict[str, Any], reference: Path) -> Intake:
    try:
        raw = read_memory(engine, frames)
        return take_in(engine, raw, Reference(load_drug_names(reference), load_scales(reference)))
    except UserError as fault:
        if fault.exit_code != EXIT_CODES["input"]:
            raise
        raise UserError(
            f"the frames are refused, as a drop would be: {fault.what}",
            where=fault.where,
            expected=fault.expected,
            try_this=fault.try_this,
        ) from None


def _label(
    engine: Engine,
    taken: Intake,
    definitions: list[Definition],
    configuration: Configuration,
    drop_id: str,
) -> Labelled:
    tables = _pool(engine, taken, configuration, drop_id)
    results, while_judging = judge_pooled(engine, tables, definitions, configuration)
    about = {
        "findings": sort_findings([taken.findings, while_judging]),
        "quarantine": taken.quarantine,
        "unrecognised": taken.unrecognised,
    }
    return Labelled(
        definitions=tuple(one.id for one in definitions),
        _tables={name: table.to_pyarrow() for name, table in results.items()},
        _about={name: _by_row(frame) if name in _BY_ROW else frame
                for name, frame in about.items()},
        _summary=taken.summary,
        _used=tuple(definitions),
        _configuration=configuration,
    )  # fmt: skip


def judge_pooled(
    engine: Engine,
    tables: dict[str, ir.Table],
    definitions: list[Definition],
    configuration: Configuration,
) -> tuple[dict[str, ir.Table], pd.DataFrame]:
    """Judge and label pooled tables.

    Parameters
    ----------
    tables
        Those of :data:`trdanalysis.layout.POOLED`.

    Returns
    -------
    tuple
        The tables of the labelled cohort in the order of its rows; and what was found meanwhile.
    """
    cohort = Cohort.of_pooled(tables)
    drugs = engine.from_memory(load_drugs(configuration.reference))
    scales = load_scales(configuration.reference)
    expressions = label_cohort(engine, cohort, drugs, scales, definitions)
    made = LabelledTables(
        *(
            engine.keep(table)
            for table in (expressions.labels, expressions.trials, expressions.trial_verdicts)
        )
    )
    results = {
        "labels": made.labels,
        "trials": made.trials,
        "trial_verdicts": made.trial_verdicts,
        "patients": derive_medication_related(cohort.patients, made.trials),
        "evidence": derive_grounds(engine, made, cohort.patients, drugs, definitions),
    }
    ordered = {name: table.order_by(SORTED_BY[name]) for name, table in results.items()}
    ordered["quarantined_trials"] = tables["quarantined_trials"]
    return ordered, find_while_judging(made.trials).to_pyarrow().to_pandas()


def _pool(
    engine: Engine, taken: Intake, configuration: Configuration, drop_id: str
) -> dict[str, ir.Table]:
    """Make the frames a cohort of one drop."""
    accepted = taken.accepted | {"quarantined_trials": taken.quarantined_trials}
    drop = group_patients(
        AcceptedDrop(drop_id, "snapshot", accepted),
        find_left_out_factors(accepted["patients"]),
        age_bands(configuration.settings.age_bands_from_years),
        configuration.settings.factor_groups,
    )
    pooled = pool_drops([drop])
    return {name: engine.keep(pooled[name]) for name in POOLED}


def _by_row(frame: pd.DataFrame) -> pd.DataFrame:
    # Where there is none, the column has no type of its own.
    return frame.rename(columns={"line": "row"}).astype({"row": "Int64"})
