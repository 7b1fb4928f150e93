"""Simulated drops: what the records prove and impute, beside the simulator's truth."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tests.golden.run import run_verbs
from trdanalysis.simulate import SimulatedDrop, simulate_drop, write_drop

DROPS, PATIENTS = 20, 1000
ADULT_FROM = 18
#: Rates that the simulator's truth says as well.
ESTIMANDS = ("initial_trial", "initial_adequate_trial", "trd", "trd_eligible")


@dataclass(frozen=True)
class DropRate:
    """One rate of one drop."""

    seed: int
    estimand: str
    true: float
    counted: float
    bound_low: float
    bound_high: float
    imputed: float
    imputed_low: float
    imputed_high: float


def check_drop(seed: int, patients: int = PATIENTS) -> list[DropRate]:
    """Simulate a drop with holes and no faults, analyse it, and put its truth beside."""
    truth = true_shares(simulate_drop(patients, seed, dirt=False, missing=False))
    with tempfile.TemporaryDirectory() as folder:
        drop = Path(folder) / "drops" / "simulated"
        write_drop(simulate_drop(patients, seed, dirt=False), drop)
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            release = run_verbs(drop, Path(folder) / "results")
        rates = pd.read_csv(release / "rates.csv")
    overall = rates[rates["stratum"] == "overall"].set_index(["estimand", "analysis"])
    found = []
    for estimand, true in truth.items():
        counted = overall.loc[
            (estimand, "proven" if estimand.startswith("trd") else "complete_case")
        ]
        imputed = overall.loc[(estimand, "multiple_imputation")]
        found.append(
            DropRate(
                seed, estimand, true,
                *(float(counted[name]) for name in ("rate", "bound_low", "bound_high")),
                *(float(imputed[name]) for name in ("rate", "ci_low", "ci_high")),
            )
        )  # fmt: skip
    return found


def true_shares(whole: SimulatedDrop) -> dict[str, float]:
    """Give the rates that complete records would show, of adults.

    A course still in progress has no outcome even then: such a first trial is left out, and such a
    patient is not yet resistant.
    """
    age = whole.tables["patients"].set_index("patient_id")["age_years"]
    truth = whole.truth.set_index("patient_id")
    adult = (age.reindex(truth.index) >= ADULT_FROM).to_numpy(dtype=bool)
    truth = truth[adult]
    mdd = truth["mdd"].astype(bool)
    treated = mdd & truth["first_ingredient"].notna()
    eligible = treated & ~truth["medical_cause"] & ~truth["current_substance_use"]
    first = mdd & truth["first_is_first_line"].fillna(False).astype(bool)
    adequate = first & truth["first_is_adequate"].fillna(False).astype(bool)
    resistant = truth["label"] == "trd"
    outcome = truth["first_nonresponse"]
    shares = {
        "initial_trial": outcome[first].mean(),
        "initial_adequate_trial": outcome[adequate].mean(),
        "trd": resistant[treated].mean(),
        "trd_eligible": resistant[eligible].mean(),
    }
    return {name: float(shares[name]) for name in ESTIMANDS}
