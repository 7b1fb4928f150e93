"""Cohorts whose tables agree with each other, and what is released of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd

from tests.support import CONFIG, REFERENCE
from tests.unit.analysis_cohorts import (
    LABEL_FLAGS,
    RECORDED,
    SETTINGS,
    TRIAL_FLAGS,
    Cohort,
    and3,
    describe_patient,
    describe_trial,
    or3,
)
from tests.unit.analysis_tables import tables_of
from tests.unit.question_cohorts import question_tables_of
from tests.unit.report_pages import flows_of, published
from trdanalysis.disclosure.disclose import Release, disclose
from trdanalysis.disclosure.policy import Policy, read_policy
from trdanalysis.disclosure.sealed import Sealed
from trdanalysis.files import read_csv

BALANCE = pd.DataFrame(
    {name: pd.Series(dtype="Int64") for name in ("rows_in", "accepted", "duplicates",
                                                 "quarantined", "cells_set_unknown")}
).assign(drop_id=pd.Series(dtype="str"), table=pd.Series(dtype="str"))  # fmt: skip

LABELS = ("trd", "not_trd", "indeterminate")


def policy_of(name: str, **changed: Any) -> Policy:
    """Read a policy, changed where said."""
    return read_policy(CONFIG / "disclosure" / f"{name}.yaml").model_copy(update=changed)


def release_of(
    tables: dict[str, pd.DataFrame], policy: Policy, sealed: Sequence[Sealed] = ()
) -> Release:
    """Disclose tables as `publish` does."""
    rates = read_csv(REFERENCE / "published_rates.csv")
    return disclose(tables, BALANCE, rates, policy, SETTINGS, sealed)


def sealed_of(release: Release, policy: Policy, number: int = 1) -> Sealed:
    """Seal a release."""
    return Sealed(
        str(number), release.counts, release.tables, policy.model_dump(mode="json"),
        release.protection.dropped, release.protection.small,
    )  # fmt: skip


def make_skewed(seed: int, patients: int) -> Cohort:
    """Make a cohort as real ones are: most have it, few are of an odd sex, few are not known."""
    chance = random.Random(seed)
    cohort = Cohort()
    shares = {name: chance.choice((0.03, 0.2, 0.5, 0.9)) for names in RECORDED.values()
              for name in names}  # fmt: skip
    missing = chance.choice((0.02, 0.1, 0.3))

    def draw(share: float) -> bool | None:
        return None if chance.random() < missing else chance.random() < share

    for number in range(patients):
        factors = {name: draw(share) for name, share in shares.items()}
        groups = {group: or3(*(factors[name] for name in names))
                  for group, names in RECORDED.items()}  # fmt: skip
        trials = tuple(
            {name: draw(0.95 if name in ("antidepressant", "first_line") else 0.6)
             for name in TRIAL_FLAGS}
            | {"start_day": 30 * place, "duration_days": chance.choice((None, 20, 56, 90)),
               "episode": chance.choice((1, 1, 2, None)), **describe_trial(seed, number, place)}
            for place in range(chance.choice((0, 1, 1, 2, 3)))
        )  # fmt: skip
        flags = {name: draw(0.8 if name == "mdd" else 0.5) for name in LABEL_FLAGS}
        parts = [flags[name] for name in ("mdd", "enough_failures", "impaired", "not_excluded")]
        trd = and3(*parts)
        flags["pseudo_resistance"] = and3(
            flags["mdd"], flags["apparent_resistance"], None if trd is None else not trd
        )
        label = {True: "trd", False: "not_trd", None: "indeterminate"}[trd]
        cohort.add(
            f"p{number}",
            patient={
                **factors, **groups, **describe_patient(seed, number),
                "age_years": chance.choice((15, 22, 22, 40, 60)),
                "age_band": chance.choices(("12-17", "18-25", "26 and over", None),
                                           (3, 30, 60, 1))[0],
                "sex": chance.choices(("female", "male", "other", None), (60, 40, 1, 1))[0],
                "site": chance.choices(("north", "south", None), (70, 28, 2))[0],
                "drop_id": chance.choices(("d1", "d2"), (9, 1))[0],
            },
            label={**flags, "label": label},
            trials=trials,
        )  # fmt: skip
    return cohort


def label_tables(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Give the tables of labels of a cohort: by label a frequent reason and a rare one."""
    rows = []
    counts = {}
    for label in LABELS:
        counts[label] = sum(row["label"] == label for row in cohort.labels)
        rare = min(counts[label], 9)
        for reason, n in (("mdd_unknown", counts[label] - rare), ("not_impaired", rare)):
            if n:
                rows.append(("article", label, reason, n, min(n, 3)))
    names = ["definition", "label", "reason", "patients", "on_defaults"]
    reasons = pd.DataFrame(rows, columns=names)
    for name in ("patients", "on_defaults"):
        reasons[name] = reasons[name].astype("Int64")
    tables = published()
    definitions = tables["definitions"].assign(n=len(cohort.labels), **counts)
    empty = {name: tables[name][:0] for name in ("agreement", "overlaps", "grades", "curves")}
    flows = {"label_flows": flows_of(counts)}
    return {**empty, **flows, "label_reasons": reasons, "definitions": definitions}


def whole_tables(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Give every table of a cohort; they add up. The multiverse is of the kept drop."""
    questions = question_tables_of(cohort)
    return published() | tables_of(cohort) | label_tables(cohort) | questions


@cache
def _skewed(seed: int, patients: int) -> dict[str, pd.DataFrame]:
    return whole_tables(make_skewed(seed, patients))


def tables_of_skewed(seed: int, patients: int) -> dict[str, pd.DataFrame]:
    """Give every table of a skewed cohort."""
    return {name: table.copy() for name, table in _skewed(seed, patients).items()}
