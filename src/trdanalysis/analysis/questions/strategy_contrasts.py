"""Strategies set against one of them, with what was known when they were begun held alike."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from trdanalysis.analysis.adjusted import check_cells, give_ratio
from trdanalysis.analysis.contrasts import adjust_p_values
from trdanalysis.analysis.designs import make_design
from trdanalysis.analysis.models import NotEstimableError, fit_modified_poisson
from trdanalysis.analysis.questions.asked import CONTRAST_COLUMNS, as_contrasts
from trdanalysis.analysis.questions.pathways import STRATEGIES, SWITCH_ACROSS

#: What every other strategy is set against. Fixed, so that it does not hang on the records: the
#: usual next step of guidelines, and the commonest in most records.
REFERENCE = SWITCH_ACROSS

#: What is held alike: baseline score of the step as a share of its scale's range, and how many
#: different treatments had failed before it.
SEVERITY, FAILURES = "baseline_severity", "failures_before"
COVARIATES = (SEVERITY, FAILURES)

_OUTCOMES = {"response": "responded", "remission": "remission"}
_MODEL, _ADJUSTMENT, _EXPOSED = "modified_poisson", "holm", "exposed"


def compare_strategies(first: ir.Table, question: str, definition: str) -> pd.DataFrame:
    """Compare response and remission after each strategy with :data:`REFERENCE`.

    Parameters
    ----------
    first
        One row per patient and strategy, the first step of it: ``patient_id``, ``day``,
        ``strategy``, ``responded``, ``remission``, ``severity``, ``failures``.
    question, definition
        Their names.

    Returns
    -------
    DataFrame
        One row per outcome and strategy, with
        :data:`trdanalysis.analysis.questions.asked.CONTRAST_COLUMNS`: the risk ratio of a modified
        Poisson model. A patient who had both strategies counts with the one that came first.
        Complete cases, in the outcome and in every covariate; ``n`` and ``n_versus`` are theirs.
        What cannot be estimated is ``not_estimable`` with its reason. p-values are adjusted by
        Holm's method within each outcome.
    """
    pairs = collect_pairs(first)
    rows = []
    for outcome, column in _OUTCOMES.items():
        own = [
            {"measure": outcome, "level": strategy, **_estimate(pairs, strategy, column)}
            for strategy in STRATEGIES
            if strategy != REFERENCE
        ]
        tested = pd.DataFrame(own).reindex(columns=list(CONTRAST_COLUMNS))
        is_tested = tested["p_value"].notna()
        tested["p_adjusted"] = adjust_p_values(tested["p_value"].astype("float64"), _ADJUSTMENT)
        tested["adjustment"] = pd.Series(_ADJUSTMENT, index=tested.index).where(is_tested)
        tested["n_tests"] = pd.Series(int(is_tested.sum()), index=tested.index).where(is_tested)
        rows.append(tested)
    table = pd.concat(rows, ignore_index=True).assign(
        question=question, definition=definition, group="strategy", versus=REFERENCE, model=_MODEL,
        effect="rr",
    )  # fmt: skip
    return as_contrasts(table)


def collect_pairs(first: ir.Table) -> pd.DataFrame:
    """Count, for each strategy and the reference, the patients alike in what the model looks at.

    Returns
    -------
    DataFrame
        ``pair`` (the strategy), ``exposed`` (1.0: had it first; 0.0: the reference), the columns of
        outcomes (1.0, 0.0, NaN), :data:`COVARIATES` and ``patients``.
    """
    columns = ["patient_id", "day", "responded", "remission", "severity", "failures"]
    others = first.filter(first.strategy != REFERENCE).select(
        *columns, pair="strategy", exposed=ibis.literal(True)
    )
    reference = first.filter(first.strategy == REFERENCE)
    rows = ibis.union(
        others,
        *(
            reference.select(*columns, pair=ibis.literal(name), exposed=ibis.literal(False))
            for name in STRATEGIES
            if name != REFERENCE
        ),
    )
    order = ibis.window(group_by=["patient_id", "pair"], order_by="day")
    rows = rows.mutate(place=ibis.row_number().over(order))
    rows = rows.filter(rows.place == 0)
    by = ["pair", "exposed", "responded", "remission", "severity", "failures"]
    counted: pd.DataFrame = (
        rows.group_by(by).agg(patients=rows.count()).order_by(by).to_pyarrow().to_pandas()
    )
    for name in ("exposed", "responded", "remission"):
        values = counted[name].astype("boolean").astype("Float64")
        counted[name] = values.to_numpy(float, na_value=np.nan)
    counted = counted.rename(columns={"severity": SEVERITY, "failures": FAILURES})
    return counted.astype(dict.fromkeys(COVARIATES, "float64"))


def _estimate(pairs: pd.DataFrame, strategy: str, column: str) -> dict[str, Any]:
    members = pairs[pairs["pair"] == strategy].rename(columns={column: "event"})
    members = members[members["event"].notna()]
    found: dict[str, Any] = {"status": "not_estimable"}
    try:
        design = make_design(members, [_EXPOSED], COVARIATES, knots=3)
        rows, patients = design.rows, design.rows["patients"].to_numpy(dtype=float)
        exposed = rows[_EXPOSED] == 1
        found |= {
            "covariates": "; ".join(design.covariates),
            "n": int(rows.loc[exposed, "patients"].sum()),
            "n_versus": int(rows.loc[~exposed, "patients"].sum()),
        }
        check_cells(design, [_EXPOSED])
        fit = fit_modified_poisson(
            design.matrix, rows["event"].to_numpy() * patients, patients, design.names
        )
    except NotEstimableError as refusal:
        return {**found, "reason": str(refusal)}
    return {**found, **give_ratio(fit, _EXPOSED), "ci_method": "robust_wald", "status": "ok"}
