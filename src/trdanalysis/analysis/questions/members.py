"""Who is asked about: the members of the population of `trd`, with what sets them apart."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.characteristics import find_members, name_label
from trdanalysis.analysis.labelled import LabelledCohort
from trdanalysis.analysis.three_valued import negate
from trdanalysis.contract import SYMPTOMS

#: The three groups of patients that the article sets against each other, in the order of tables.
#: They exclude each other; other patients are in none.
TRD, PSEUDO_RESISTANT, RESPONDING = "trd", "pseudo_resistant", "responding"
PATIENT_GROUPS = (TRD, PSEUDO_RESISTANT, RESPONDING)

#: Young adults, in whole years, both ends included.
YOUNG_FROM_YEARS, YOUNG_TO_YEARS = 18, 25

_RECORDED = (*SYMPTOMS, "age_at_onset_years", "last_observed_day")


def derive_question_members(
    criteria: ir.Table, cohort: LabelledCohort, definition: str, under_age_bands: Sequence[str]
) -> ir.Table:
    """Derive what sets the members of the population of `trd` apart.

    Parameters
    ----------
    criteria
        As :func:`trdanalysis.analysis.criteria.derive_criteria` gives it, of one definition.
    cohort
        The labelled cohort, its trials judged by the same definition.
    definition
        Its id.
    under_age_bands
        Left out, as in the table of characteristics: with them, labels of adults could be told
        from those of all ages.

    Returns
    -------
    Table
        One row per member (an adult, or of unknown age, certainly with the diagnosis and an
        antidepressant trial), with the columns of ``criteria`` and ``label`` (``trd``,
        ``not_trd``, ``indeterminate``), ``onset_day``, the symptoms, ``age_at_onset_years``,
        ``last_observed_day``; ``patient_group``: one of :data:`PATIENT_GROUPS`, null where
        the patient is in none for certain (``responding``: not resistant, nor pseudo-resistant,
        and with an antidepressant trial that ended in response); ``young_adult`` (nullable
        boolean, null where the age is unknown).
    """
    members = find_members(criteria, under_age_bands)
    own = cohort.labels.filter(cohort.labels.definition == definition)
    members = members.inner_join(own.select("patient_id", "onset_day"), "patient_id")
    members = members.inner_join(cohort.patients.select("patient_id", *_RECORDED), "patient_id")
    trials = cohort.trials
    responded = trials.filter(trials.antidepressant & negate(trials.nonresponse))
    responded = responded.select("patient_id").distinct().mutate(has_responded=True)
    members = members.left_join(responded, "patient_id", rname="{name}_of_responded")
    neither = negate(members.trd) & negate(members.pseudo_resistance)
    young = members.age_years.between(YOUNG_FROM_YEARS, YOUNG_TO_YEARS)
    told = members.mutate(
        label=name_label(members.trd),
        patient_group=ibis.cases(
            (members.trd, TRD),
            (members.pseudo_resistance, PSEUDO_RESISTANT),
            (neither & members.has_responded, RESPONDING),
        ),
        young_adult=young,
    )
    return told.drop("patient_id_of_responded", "has_responded")
