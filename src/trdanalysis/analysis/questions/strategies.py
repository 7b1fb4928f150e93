"""What a treatment that is begun is to those before it: the article's strategies, trial by trial.

Nothing here counts. Unknown is null throughout: of a drug that is not recognised, or of which role
or indication cannot be read, the strategy is unknown.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.questions.pathways import (
    AUGMENTATION,
    COMBINATION,
    ECT,
    KETAMINE,
    LIFESTYLE,
    PSYCHOTHERAPY,
    RTMS,
    SAME_AGAIN,
    SWITCH_ACROSS,
    SWITCH_WITHIN,
)
from trdanalysis.analysis.three_valued import negate
from trdanalysis.intake.names import ANTIDEPRESSANT, NON_DRUG

#: An antidepressant that goes on for so many days beside a new one was not given up for it: they
#: are combined. In less time one is tapered while the other is begun. A choice of this project's.
COMBINED_FROM_DAYS = 28

#: What is no step; and an antidepressant by itself, whose strategy hangs on those before it.
NO_STEP, BY_ITSELF = "no_step", "antidepressant"

_TRD_SPECIFIC, _AUGMENTS, _PRIMARY = "trd_specific", "augmentation", "primary"
_NON_DRUGS = (PSYCHOTHERAPY, ECT, RTMS, LIFESTYLE)


def is_for_depression(given: ir.Table) -> ir.BooleanValue:
    """Tell whether it was given for depression: an empty cell is yes, a bad one unknown."""
    default = (~given.for_depression_is_bad).nullif(False)
    return given.for_depression.fill_null(default)


def role_of(given: ir.Table) -> ir.StringValue:
    """Give the role of a trial: an empty one is primary, a bad one unknown."""
    default = given.role_is_bad.ifelse(ibis.null("string"), _PRIMARY)
    return given.role.fill_null(default)


def derive_kind(given: ir.Table) -> ir.StringValue:
    """Tell what a treatment is by itself.

    Parameters
    ----------
    given
        Accepted trials: ``drug_role``, ``ingredient``, ``role``, ``role_is_bad``,
        ``for_depression``, ``for_depression_is_bad``.

    Returns
    -------
    StringValue
        :data:`NO_STEP` (for something else than depression, a placebo, or a drug that is neither an
        antidepressant nor augments one), :data:`BY_ITSELF`, or the strategy where it hangs on
        nothing else; null where it is unknown, also whether it is a step.
    """
    role, for_depression = role_of(given), is_for_depression(given)
    by_role = ibis.cases((role == _AUGMENTS, AUGMENTATION), (role == _PRIMARY, NO_STEP))
    of_antidepressant = ibis.cases((role == _AUGMENTS, AUGMENTATION), (role == _PRIMARY, BY_ITSELF))
    kind = ibis.cases(
        (given.drug_role.isnull(), ibis.null("string")),
        (given.ingredient.isin(list(_NON_DRUGS)), given.ingredient),
        (given.drug_role == NON_DRUG, NO_STEP),
        (given.drug_role == _TRD_SPECIFIC, KETAMINE),
        (given.drug_role == _AUGMENTS, AUGMENTATION),
        (given.drug_role == ANTIDEPRESSANT, of_antidepressant),
        else_=by_role,
    )
    return ibis.cases(
        (negate(for_depression), NO_STEP),
        ((kind == NO_STEP).fill_null(False), NO_STEP),
        (for_depression, kind),
    )


def tell_antidepressant_strategy(
    same: ir.BooleanValue, beside: ir.BooleanValue, within: ir.BooleanValue
) -> ir.StringValue:
    """Name the strategy of an antidepressant by itself from three three-valued facts.

    Parameters
    ----------
    same
        It is one of those it follows, begun again.
    beside
        Another antidepressant goes on beside it.
    within
        It is of the class of one of those it follows.
    """
    return ibis.cases(
        (same, SAME_AGAIN),
        (same.isnull(), ibis.null("string")),
        (beside, COMBINATION),
        (beside.isnull(), ibis.null("string")),
        (within, SWITCH_WITHIN),
        (negate(within), SWITCH_ACROSS),
    )


def any_of(condition: ir.BooleanColumn) -> ir.BooleanValue:
    """Give Kleene's OR of a group's rows: yes, else unknown where one is, else no."""
    return ibis.cases(
        (condition.fill_null(False).any(), True),
        (condition.isnull().any(), ibis.null("boolean")),
        else_=False,
    )
