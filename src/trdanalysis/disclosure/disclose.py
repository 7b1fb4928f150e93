"""The one door: result tables go through here before anything leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from trdanalysis.analysis.comparisons import adjust
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.disclosure import entries
from trdanalysis.disclosure.answers import (
    disclose_question_contrasts,
    disclose_question_curves,
    disclose_questions,
)
from trdanalysis.disclosure.cells import disclose_cells
from trdanalysis.disclosure.changes import (
    disclose_drift,
    disclose_flows,
    disclose_rate_changes,
    enter_flows,
)
from trdanalysis.disclosure.characteristics import enter_characteristics
from trdanalysis.disclosure.comparisons import disclose_comparisons
from trdanalysis.disclosure.counted import disclose_counted
from trdanalysis.disclosure.curves import disclose_curves
from trdanalysis.disclosure.described import disclose_characteristics
from trdanalysis.disclosure.hiding import Hidden, hide_cells, round_counts, round_estimates
from trdanalysis.disclosure.ledger import Ledger
from trdanalysis.disclosure.policy import Policy
from trdanalysis.disclosure.protect import Protection, protect
from trdanalysis.disclosure.question_links import enter_question_curves, link_questions
from trdanalysis.disclosure.questions import enter_questions
from trdanalysis.disclosure.rates import (
    disclose_age_curves,
    disclose_benchmarks,
    disclose_rates,
    disclose_tipping,
)
from trdanalysis.disclosure.rounded import COUNTED_MODELS, estimate_rounded_comparisons
from trdanalysis.disclosure.sealed import Sealed, describe_counts, find_same, link_sealed, reprint
from trdanalysis.disclosure.strata import enter_rates
from trdanalysis.rows import list_rows

Tables = Mapping[str, pd.DataFrame]

#: Tables that leave by every definition; the others by the primary alone, since each further
#: definition is one more difference by a few patients.
BY_EVERY_DEFINITION = (
    "rates", "benchmarks", "definitions", "agreement", "overlaps", "grades", "multiverse",
)  # fmt: skip


@dataclass(frozen=True)
class Release:
    """What may leave.

    Attributes
    ----------
    tables
        Result tables; hidden cells are null, and ``status`` says so where a table has it.
    balance
        The balance of rows by drop, hidden cells null.
    protection
        What is hidden, and which parts were dropped.
    units
        How many rows or cells could be hidden by themselves.
    counts
        What who has it knows of every count, see :func:`describe_counts`: for sealing it.
    """

    tables: dict[str, pd.DataFrame]
    balance: pd.DataFrame
    protection: Protection
    units: int
    counts: pd.DataFrame


def make_ledger(tables: Tables, balance: pd.DataFrame, primary: str, policy: Policy) -> Ledger:
    """Enter every count of a release, and all sums.

    Parameters
    ----------
    tables
        Those of :data:`trdanalysis.layout.ANALYSIS_TABLES`, as they were estimated.
    balance
        One row per drop and table: ``drop_id``, ``table`` and counts of rows.
    primary
        Id of the primary definition.
    policy
        The site's policy.
    """
    ledger = Ledger()
    enter_rates(ledger, tables["rates"], primary, policy)
    entries.enter_attrition(ledger, tables["attrition"], primary, policy)
    entries.enter_unknowns(ledger, tables["unknowns"], primary, policy)
    entries.enter_labels(ledger, tables, primary, policy)
    entries.enter_resistance(ledger, tables, primary, policy)
    enter_characteristics(ledger, tables["characteristics"], primary, policy)
    entries.enter_models(ledger, tables, primary, policy)
    entries.enter_clusters(ledger, tables, primary)
    entries.enter_balance(ledger, balance, policy)
    enter_flows(ledger, tables["label_flows"], primary, policy)
    answers = enter_questions(ledger, tables["questions"], primary, policy)
    link_questions(ledger, answers, primary)
    enter_question_curves(ledger, tables["question_curves"], answers, primary, policy)
    return ledger


def disclose(
    tables: Tables,
    balance: pd.DataFrame,
    published: pd.DataFrame,
    policy: Policy,
    settings: RateSettings,
    sealed: Sequence[Sealed] = (),
    tell: Callable[[str], None] = lambda text: None,
) -> Release:
    """Make what may leave of a run.

    Parameters
    ----------
    tables, balance
        See :func:`make_ledger`.
    published
        Published rates, see :func:`trdanalysis.analysis.benchmarks.estimate_benchmarks`.
    policy
        The site's policy.
    settings
        Reference, margin, age bands; the primary definition is the first.
    sealed
        Earlier releases, the first first.
    tell
        Is told how far protecting is.

    Returns
    -------
    Release
        Every number that is a function of hidden counts is hidden with them; every number that is
        a function of rounded counts is made of these; models, imputations and curves are rounded.
    """
    primary = settings.definitions[0]
    ledger = make_ledger(tables, balance, primary, policy)
    if not policy.hides:
        whole = {**tables, "multiverse": disclose_cells(tables["multiverse"], 0)}
        nothing = Protection(frozenset(), (), 0)
        counts = describe_counts(ledger, nothing.hidden, policy)
        return Release(whole, balance, nothing, len(ledger.parts), counts)
    protection = find_same(ledger, sealed, policy)
    if protection is None:
        link_sealed(ledger, sealed, policy)
        protection = protect(ledger, policy, tell)
    hidden = Hidden(ledger, protection.hidden, policy)
    own = {
        name: table if name in BY_EVERY_DEFINITION else _by_primary(table, primary)
        for name, table in tables.items()
    }
    adults = [band.label for band in settings.bands if band.is_adult]
    rates = disclose_rates(own["rates"], primary, hidden, settings)
    released = {"rates": rates, **disclose_counted(own, primary, hidden)}
    answers = disclose_questions(own["questions"], primary, hidden)
    released |= {
        "questions": answers,
        "question_contrasts": disclose_question_contrasts(
            own["question_contrasts"], answers, hidden
        ),
        "question_curves": disclose_question_curves(own["question_curves"], hidden),
    }
    released |= {
        "benchmarks": disclose_benchmarks(own["benchmarks"], rates, published, primary, policy),
        "comparisons": _comparisons(
            own["comparisons"], rates, released["models"], adults, policy, settings
        ),
        "characteristics": disclose_characteristics(own["characteristics"], primary, hidden),
        "curves": disclose_curves(own["curves"], policy),
        "label_flows": disclose_flows(own["label_flows"], hidden),
        "rate_changes": disclose_rate_changes(own["rate_changes"], rates, policy),
        "drift": disclose_drift(own["drift"], balance, hidden),
        "age_curves": disclose_age_curves(own["age_curves"], rates, adults, policy),
        "tipping": disclose_tipping(own["tipping"], rates, primary, policy, settings),
        "multiverse": disclose_cells(
            own["multiverse"], policy.hide_counts_up_to, policy.base_of(primary=False)
        ),
    }
    released = reprint(released, own, sealed, policy)
    return Release(
        {name: released[name] for name in tables},
        _balance(balance, hidden),
        protection,
        len(ledger.parts),
        describe_counts(ledger, protection.hidden, policy),
    )


def _by_primary(table: pd.DataFrame, primary: str) -> pd.DataFrame:
    """Keep what is by the primary definition, or by none."""
    if "definition" not in table.columns:
        return table
    own = (table["definition"] == primary) | table["definition"].isna()
    return table[own].reset_index(drop=True)


def _comparisons(
    comparisons: pd.DataFrame,
    rates: pd.DataFrame,
    models: pd.DataFrame,
    adults: list[str],
    policy: Policy,
    settings: RateSettings,
) -> pd.DataFrame:
    """Hide comparisons, and make those of rounded counts anew."""
    base = policy.base_of(primary=True)
    if base:
        only = RateSettings(
            settings.reference, settings.margin, settings.bands, settings.definitions[:1],
            settings.confidence,
        )  # fmt: skip
        counted = comparisons["model"].isin(COUNTED_MODELS)
        kept = round_counts(comparisons[~counted], ["n", "n_versus"], base)
        primary = rates[rates["definition"] == settings.definitions[0]]
        comparisons = pd.concat(
            [estimate_rounded_comparisons(primary, only), kept], ignore_index=True
        )
    adjusted = ~comparisons["model"].isin(COUNTED_MODELS)
    estimates = ["value", "ci_low", "ci_high", "p_value"]
    rounded = round_estimates(comparisons, estimates, policy.model_decimals)
    comparisons = comparisons.copy()
    comparisons.loc[adjusted, estimates] = rounded.loc[adjusted, estimates]
    shown = disclose_comparisons(comparisons, rates, models, adults, policy.hide_counts_up_to)
    # What is hidden has no say in the adjustment of what is not.
    return adjust(shown)


def _balance(balance: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    columns = [name for name in balance.columns if name not in ("drop_id", "table")]
    rows = list_rows(balance)
    gone = {
        name: [hidden.count(entries.balance_key(row, name)) for row in rows] for name in columns
    }
    base = hidden.policy.base_of(primary=True)
    return hide_cells(
        round_counts(balance.astype(dict.fromkeys(columns, "Int64")), columns, base), gone
    )
