"""Label a cohort: every definition on the same trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import ibis
import ibis.expr.types as ir

from trdanalysis.intake.scales import Scale, of_domain
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.evidence import EVIDENCE_ORDER
from trdanalysis.labelling.failures import Keeper
from trdanalysis.labelling.labels import label_patients
from trdanalysis.labelling.scores import choose_offers
from trdanalysis.labelling.trials import CRITERIA, derive_exposed, derive_trials, is_antidepressant
from trdanalysis.parts import Part

#: Columns of ``trials.parquet``, in the contract's order; those from ``established_day`` on are
#: appended.
TRIAL_COLUMNS = (
    "patient_id", "trial_id", "drop_id", "ingredient", "moiety", "drug_class", *CRITERIA[:5],
    "nonresponse", "remission", "failed", "adequate_days", "reduction", "outcome", "outcome_source",
    "verdict", "role", "start_day", "stop_day", "duration_days", "dose_mg_per_day", "adherence",
    "scale", "baseline_score", "baseline_day", "endpoint_score", "endpoint_day", "rated_outcome",
    "stop_reason", "episode", "established_day", "line", "outcomes_disagree",
    "observed_before_start", "treatment_key",
)  # fmt: skip

#: Columns of ``trial_verdicts.parquet``: what differs between definitions.
VERDICT_COLUMNS = (
    "patient_id", "trial_id", "definition", *CRITERIA, "remission", "failed", "adequate_days",
    "duration_days", "outcome", "outcome_source", "verdict", "established_day",
)  # fmt: skip


#: What the rows of each table of a labelled cohort are sorted by.
SORTED_BY = {
    "labels": ["patient_id", "definition"],
    "trials": ["patient_id", "start_day", "trial_id"],
    "trial_verdicts": ["patient_id", "trial_id", "definition"],
    "patients": ["patient_id"],
    "evidence": list(EVIDENCE_ORDER),
}


@dataclass(frozen=True)
class Cohort:
    """Accepted rows of all drops.

    ``doses`` and ``assessments`` are None where nobody has any: the steps that need them are left
    out.
    """

    patients: ir.Table
    trials: ir.Table
    quarantined_trials: ir.Table
    doses: ir.Table | None
    assessments: ir.Table | None

    @classmethod
    def of_pooled(cls, tables: Mapping[str, ir.Table]) -> Cohort:
        """Make a cohort of the tables of :data:`trdanalysis.layout.POOLED`."""
        optional = {
            name: tables[name] if tables[name].count().to_pyarrow().as_py() else None
            for name in ("doses", "assessments")
        }
        return cls(tables["patients"], tables["trials"], tables["quarantined_trials"], **optional)

    def of(self, part: Part) -> Cohort:
        """Give the rows of some of the patients."""
        tables = {each.name: getattr(self, each.name) for each in fields(self)}
        return Cohort(
            **{name: None if table is None else part.of(table) for name, table in tables.items()}
        )


@dataclass(frozen=True)
class Labelled:
    """A labelled cohort.

    Attributes
    ----------
    labels
        One row a patient and definition.
    trials
        Judged by the first definition; :data:`TRIAL_COLUMNS`.
    trial_verdicts
        Judged by the other definitions; :data:`VERDICT_COLUMNS`.
    """

    labels: ir.Table
    trials: ir.Table
    trial_verdicts: ir.Table


def label_cohort(
    engine: Keeper,
    cohort: Cohort,
    drugs: ir.Table,
    scales: tuple[Scale, ...],
    definitions: Sequence[Definition],
) -> Labelled:
    """Judge every trial and label every patient by every definition, the first being the primary.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    cohort
        Accepted rows.
    drugs
        What :func:`trdanalysis.labelling.exposure.reference_drugs` gives, as a table.
    scales
        All scales.
    definitions
        At least one.
    """
    exposed = derive_exposed(
        engine,
        cohort.trials,
        cohort.patients,
        drugs,
        can_be_filled=cohort.assessments is not None,
    )
    symptom = of_domain(scales, "symptom")
    offers = None
    if cohort.assessments is not None:
        offers = choose_offers(engine, exposed, cohort.assessments, symptom)
    may_be = is_antidepressant(cohort.trials, defaults=True).fill_null(True)
    treated = engine.keep(cohort.trials.filter(may_be).select("patient_id").distinct())
    judged, labels = [], []
    for definition in definitions:
        trials = derive_trials(
            engine, exposed, cohort.doses, offers, symptom, cohort.quarantined_trials, definition
        )
        judged.append(trials)
        labels.append(
            label_patients(
                engine,
                cohort.patients,
                trials,
                treated,
                cohort.quarantined_trials,
                scales,
                definition,
            )
        )
    primary = judged[0]
    others = [
        table.mutate(definition=ibis.literal(definition.id))
        for definition, table in zip(definitions, judged, strict=True)
    ]
    verdicts = [table.select(*VERDICT_COLUMNS) for table in others[1:]]
    return Labelled(
        labels=ibis.union(*labels) if len(labels) > 1 else labels[0],
        trials=_as_used(primary),
        trial_verdicts=ibis.union(*verdicts)
        if verdicts
        else others[0].select(*VERDICT_COLUMNS).limit(0),
    )


def judged_by(trials: ir.Table, trial_verdicts: ir.Table, definition_id: str) -> ir.Table:
    """Give the trials as another definition than the first judged them.

    ``trials`` and ``trial_verdicts`` are those of :class:`Labelled`.
    """
    judged = trial_verdicts.filter(trial_verdicts.definition == definition_id)
    key = ["patient_id", "trial_id"]
    own = [name for name in judged.columns if name not in key]
    rest = [name for name in trials.columns if name not in own]
    return judged.join(trials.select(*rest), key)


def _as_used(judged: ir.Table) -> ir.Table:
    """Show roles as used: an empty one is primary."""
    role = judged.role.fill_null(judged.role_is_bad.ifelse(ibis.null("string"), "primary"))
    return judged.mutate(role=role).select(*TRIAL_COLUMNS)


def derive_medication_related(patients: ir.Table, trials: ir.Table) -> ir.Table:
    """Add ``medication_related``: whether any antidepressant trial had too little dose, days or
    adherence.

    Null where no trial is known to have had any and one is unknown in dose, duration or adherence,
    or where the patient has no trial that is certainly one of an antidepressant. ``trials`` are
    those of :class:`Labelled`.
    """
    fault = ~trials.dose_adequate | (trials.duration_days < 42) | ~trials.adherence_adequate
    rows = trials.filter(trials.antidepressant).select("patient_id", fault=fault)
    found = rows.group_by("patient_id").agg(
        present=rows.fault.fill_null(False).any(), unsure=rows.fault.isnull().any()
    )
    joined = patients.left_join(found, "patient_id").drop("patient_id_right")
    return joined.mutate(
        medication_related=ibis.cases(
            (joined.present, True),
            (joined.unsure, ibis.null("boolean")),
            (~joined.present, False),
            else_=ibis.null("boolean"),
        )  # fmt: skip
    ).drop("present", "unsure")


def find_while_judging(judged: ir.Table) -> ir.Table:
    """List findings that only judging shows, without any value.

    Parameters
    ----------
    judged
        The trials of :class:`Labelled`.

    Returns
    -------
    Table
        ``drop_id``, ``table``, ``column``, ``line``, ``rule``, ``action``.
    """
    rules = (
        (judged.outcomes_disagree, "rated_outcome", "scores_and_rating_disagree", "scores_stand"),
        (judged.observed_before_start, "start_day", "last_observed_day_before_start", "ignored"),
    )
    parts = [
        judged.filter(found).select(
            drop_id=judged.drop_id,
            table=ibis.literal("trials"),
            column=ibis.literal(column),
            line=judged.line,
            rule=ibis.literal(rule),
            action=ibis.literal(action),
        )
        for found, column, rule, action in rules
    ]
    return ibis.union(*parts)
