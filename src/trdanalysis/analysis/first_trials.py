"""First trials: in which episode they lay, since earlier treatment may not be in the records."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from trdanalysis.analysis.estimands import find_estimand
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.analysis.three_valued import all_of

#: Columns of first_trials.csv, in order.
FIRST_TRIAL_COLUMNS = ("estimand", "definition", "episode", "n", "share", "status")

_OF = ("initial_trial", "initial_adequate_trial")
_EPISODES = ("first", "later", "unknown")


def estimate_first_trials(criteria: ir.Table, settings: RateSettings) -> pd.DataFrame:
    """Count the certain members of the estimands on the first trial by the episode it lay in.

    Parameters
    ----------
    criteria
        One row per definition and patient, see
        :func:`trdanalysis.analysis.criteria.derive_criteria`.
    settings
        Age bands and the order of definitions.

    Returns
    -------
    DataFrame
        One row per estimand, definition and episode (``first``, ``later``, ``unknown``), with
        :data:`FIRST_TRIAL_COLUMNS`, ``not_estimable`` where there is no member; adults and patients
        of unknown age, whatever their outcome. The first recorded trial of a later or unknown
        episode need not be the patient's first: the records are truncated on the left.
    """
    under_age = criteria.age_band.isin(list(settings.under_age_bands)).fill_null(False)
    parts = []
    for name in _OF:
        member = all_of(criteria, find_estimand(name).criteria).fill_null(False)
        members = criteria.filter(member & ~under_age)
        later = members.episode > 1
        episode = ibis.cases((later, "later"), (~later, "first"), else_="unknown")
        counted = (
            members.mutate(lay_in=episode)
            .group_by(["definition", "lay_in"])
            .agg(n=ibis._.count())
            .to_pyarrow()
            .to_pandas()
            .rename(columns={"lay_in": "episode"})
        )
        every = pd.MultiIndex.from_product(
            [settings.definitions, _EPISODES], names=["definition", "episode"]
        )
        table = counted.set_index(["definition", "episode"]).reindex(every, fill_value=0)
        total = table.groupby("definition")["n"].transform("sum")
        table["share"] = (table["n"] / total).where(total > 0)
        table["status"] = np.where(total > 0, "ok", "not_estimable")
        parts.append(table.reset_index().assign(estimand=name))
    joined = pd.concat(parts, ignore_index=True)
    joined["n"] = joined["n"].astype("Int64")
    return joined[list(FIRST_TRIAL_COLUMNS)]
