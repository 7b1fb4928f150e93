"""Steps after treatment resistance: days on which something was begun, and what was done."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.frames import share_of_range
from trdanalysis.analysis.questions.asked import Asked
from trdanalysis.analysis.questions.pathways import SEVERAL
from trdanalysis.analysis.questions.strategies import (
    BY_ITSELF,
    COMBINED_FROM_DAYS,
    NO_STEP,
    any_of,
    derive_kind,
    tell_antidepressant_strategy,
)
from trdanalysis.analysis.three_valued import negate
from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.exposure import derive_treatment
from trdanalysis.labelling.failures import Keeper
from trdanalysis.labelling.outcome import REMISSION, RESPONSE
from trdanalysis.labelling.trials import is_antidepressant

_KEY = ["patient_id", "trial_id"]


def derive_courses(asked: Asked, resistant: ir.Table) -> ir.Table:
    """Give the trials of resistant patients with what tells steps apart.

    Parameters
    ----------
    asked
        Its judged trials and trials as given.
    resistant
        ``patient_id``, ``onset_day``, ``last_observed_day``.

    Returns
    -------
    Table
        One row per trial: ``patient_id``, ``trial_id``, ``onset_day``, ``last_observed_day``,
        ``start_day``, ``stop_day``, ``goes_on`` (it had not stopped when the record ended; never
        null), ``kind`` (see :func:`trdanalysis.analysis.questions.strategies.derive_kind`),
        ``antidepressant`` (as the main drug, for depression), ``treatment_key``, ``drug_class``,
        ``failed``, ``responded``, ``remission``, ``severity`` (baseline score as a share of its
        scale's range), ``last_day`` (the last that is recorded of it); null is unknown.
    """
    given = derive_treatment(asked.given.semi_join(resistant, "patient_id"))
    about = given.select(
        *_KEY, "treatment_key",
        kind=derive_kind(given),
        is_antidepressant=is_antidepressant(given, defaults=True),
        goes_on=given.stop_day.isnull() & negate(given.ended_unknown),
    )  # fmt: skip
    judged = asked.cohort.trials.semi_join(resistant, "patient_id")
    days = ("start_day", "stop_day", "baseline_day", "endpoint_day")
    judged = judged.select(
        *_KEY, "start_day", "stop_day", "drug_class", "failed", "remission",
        last_day=ibis.greatest(*(judged[name].fill_null(judged.start_day) for name in days)),
        responded=judged.outcome.isin([RESPONSE, REMISSION]),
        severity=share_of_range(judged, tuple(_symptom(asked.scales))),
    )  # fmt: skip
    joined = judged.inner_join(about, _KEY).inner_join(
        resistant.select("patient_id", "onset_day", "last_observed_day"), "patient_id"
    )
    return asked.engine.keep(
        joined.select(
            *_KEY, "onset_day", "last_observed_day", "start_day", "stop_day", "goes_on", "kind",
            "treatment_key", "drug_class", "failed", "responded", "remission", "severity",
            "last_day", antidepressant="is_antidepressant",
        )
    )  # fmt: skip


def _symptom(scales: Sequence[Scale]) -> Sequence[Scale]:
    return [scale for scale in scales if scale.domain == "symptom"]


def derive_strategies(engine: Keeper, courses: ir.Table) -> ir.Table:
    """Give what was begun at onset or later, and may be a step, with its strategy.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    courses
        As :func:`derive_courses` gives it.

    Returns
    -------
    Table
        The rows of ``courses`` that are or may be a step, with ``strategy``; null: unknown, also
        where only whether it is a step is unknown (``kind`` is null then). Where ``onset_day`` is
        unknown there is no row.
    """
    begun = courses.filter(
        (courses.start_day >= courses.onset_day) & (courses.kind != NO_STEP).fill_null(True)
    )
    pairs = engine.keep(_pair_with_others(courses))
    told = engine.keep(_compare_with_others(engine, pairs))
    joined = begun.left_join(told, _KEY, rname="{name}_told")
    # Nothing before it and nothing beside it: all three are certain.
    alone = joined.patient_id_told.isnull()
    facts = {name: alone.ifelse(False, joined[name]) for name in ("same", "beside", "within")}
    strategy = tell_antidepressant_strategy(**facts)
    return joined.select(
        *courses.columns, strategy=(joined.kind == BY_ITSELF).ifelse(strategy, joined.kind)
    )


def _pair_with_others(courses: ir.Table) -> ir.Table:
    """Pair each new antidepressant with those begun before it or with it.

    ``before``: it was begun earlier; ``runs``: it had not ended before the new one began;
    ``stays``: it went on beside the new one for longer than a change-over takes.
    """
    new = courses.filter((courses.kind == BY_ITSELF) & (courses.start_day >= courses.onset_day))
    new = new.select(
        *_KEY, "last_observed_day", new_day="start_day", new_key="treatment_key",
        new_class="drug_class",
    )  # fmt: skip
    others = courses.filter(courses.antidepressant.fill_null(True)).select(
        "patient_id", "start_day", "stop_day", "goes_on", "treatment_key", "drug_class",
        "antidepressant", other_id="trial_id",
    )  # fmt: skip
    pairs = new.join(
        others,
        ["patient_id", others.start_day <= new.new_day, others.other_id != new.trial_id],
    )
    until = pairs.new_day + COMBINED_FROM_DAYS
    unknown = ibis.null("boolean")
    return pairs.select(
        *_KEY, "start_day", "antidepressant",
        before=pairs.start_day < pairs.new_day,
        alike=pairs.treatment_key == pairs.new_key,
        of_class=pairs.drug_class == pairs.new_class,
        runs=ibis.cases(
            (pairs.stop_day.notnull(), pairs.stop_day >= pairs.new_day),
            (pairs.goes_on, True),
            else_=unknown,
        ),
        stays=ibis.cases(
            (pairs.stop_day.notnull(), pairs.stop_day >= until),
            (pairs.goes_on & (pairs.last_observed_day >= until), True),
            else_=unknown,
        ),
    )  # fmt: skip


def _compare_with_others(engine: Keeper, pairs: ir.Table) -> ir.Table:
    """Tell of each new antidepressant ``same``, ``beside`` and ``within``.

    It follows those that ran until it began; where none did, the one that was begun last.
    """
    earlier = pairs.mutate(running=pairs.before & pairs.antidepressant & pairs.runs)
    certain = earlier.before & earlier.antidepressant.fill_null(False)
    possible = earlier.before & earlier.antidepressant.fill_null(True)
    about = engine.keep(
        earlier.group_by(_KEY).agg(
            any_runs=any_of(earlier.running),
            latest=earlier.start_day.max(where=certain),
            latest_possible=earlier.start_day.max(where=possible),
        )
    )
    rows = pairs.join(about, _KEY)
    is_latest = ibis.cases(
        (rows.start_day >= rows.latest_possible, True),
        (rows.start_day < rows.latest, False),
        else_=ibis.null("boolean"),
    )
    rows = rows.mutate(
        follows=rows.before
        & rows.antidepressant
        & (rows.runs | (is_latest & negate(rows.any_runs)))
    )
    rows = rows.mutate(
        is_same=rows.follows & rows.alike,
        is_beside=rows.antidepressant & negate(rows.alike) & (negate(rows.before) | rows.stays),
        is_within=rows.follows & rows.of_class,
    )
    return rows.group_by(_KEY).agg(
        same=any_of(rows.is_same), beside=any_of(rows.is_beside), within=any_of(rows.is_within)
    )


def derive_steps(engine: Keeper, courses: ir.Table, begun: ir.Table) -> ir.Table:
    """Gather what was begun on one day into steps.

    Parameters
    ----------
    engine
        Keeps the steps.
    courses, begun
        As :func:`derive_courses` and :func:`derive_strategies` give them.

    Returns
    -------
    Table
        One row per patient and day: ``patient_id``, ``day``, ``number`` (1: the first), ``certain``
        (something that certainly is a step was begun; never null), ``strategy`` (``several`` where
        strategies differ; null: unknown), ``responded``, ``remission`` (to anything begun that day;
        null: unknown), ``severity`` (the highest), ``failures`` (different treatments that had
        failed for certain and were begun before that day).
    """
    by_day = begun.group_by(["patient_id", "start_day"]).agg(
        known=begun.strategy.nunique(),
        one=begun.strategy.max(),
        is_unsure=begun.strategy.isnull().any(),
        certain=begun.kind.notnull().any(),
        responded=any_of(begun.responded),
        remission=any_of(begun.remission),
        severity=begun.severity.max(),
    )
    days = engine.keep(
        by_day.select(
            "patient_id", "certain", "responded", "remission", "severity",
            day="start_day",
            strategy=ibis.cases(
                (by_day.known > 1, SEVERAL),
                (by_day.is_unsure, ibis.null("string")),
                else_=by_day.one,
            ),
        )
    )  # fmt: skip
    failed = courses.filter(courses.failed).select("patient_id", "treatment_key", "start_day")
    pairs = days.select("patient_id", "day").join(
        failed, ["patient_id", failed.start_day < days.day]
    )
    counted = pairs.group_by(["patient_id", "day"]).agg(failures=pairs.treatment_key.nunique())
    joined = days.left_join(counted, ["patient_id", "day"]).drop("patient_id_right", "day_right")
    order = ibis.window(group_by="patient_id", order_by="day")
    return engine.keep(
        joined.mutate(
            failures=joined.failures.fill_null(0), number=ibis.row_number().over(order) + 1
        )
    )
