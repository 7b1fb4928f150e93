"""A real trial through the whole workflow, against a hand count that shares nothing with it.

The file is not in the repository: TRDANALYSIS_REAL_DATA names the folder that holds
dia-antidepressant/antidepressant_data.csv. It has one row a visit, HAM-D17 at baseline (BASVAL, day
0) and at up to four visits (RELDAYS, HAMDTL17), 172 patients in two arms.

The count by hand, as the definition's page reads for this file (one trial a patient, from day 0 to
the day after the last visit; nobody has another treatment; only HAM-D17):

* endpoint: the last rating from day max(14, min(stop, 42) - 7) to min(stop + 7, 182), not later
  than day 63 if there is one, else the first later one;
* unknown without an endpoint, or with a baseline of 7 or less (already in remission);
* endpoint <= 7: remission; lost half of the baseline or more: response; a quarter or more: partial
  response; else no response.

Active arm, 84 patients. Without a rating in the window (left before day 14): 6. Baseline <= 7: 3.
So 9 unknown, 75 known: 22 remission + 11 response = 33 responded; 16 partial + 26 none = 42 did
not. 33 + 42 = 75, 75 + 9 = 84.
  rate 42/75 = 0.56; with z = 1.959964, z^2 = 3.841459:
  Wilson centre (0.56 + 3.841459/150) / (1 + 3.841459/75) = 0.5856097 / 1.0512195 = 0.5570766
  Wilson half   1.959964 * sqrt(0.56*0.44/75 + 3.841459/22500) / 1.0512195
                = 1.959964 * sqrt(0.0032853 + 0.0001707) / 1.0512195 = 0.1096089
  interval 0.44747 to 0.66669; bounds 42/84 = 0.5 and (42 + 9)/84 = 0.607143.
Placebo arm, 88 patients: 7 without a rating in the window, 2 with a baseline <= 7; 79 known:
21 remission + 4 response = 25; 15 partial + 39 none = 54 did not. 25 + 54 = 79, 79 + 9 = 88.
  rate 54/79 = 0.683544, Wilson 0.574519 to 0.775547.

Labels: nobody has two trials, so nobody can have two failures. The active arm is not_trd by
too_few_failures: a failure is possible in the 57 - 28 = 29 patients who were treated for 42 days
or more (57) and did not certainly respond (28 of the 57 did); dose and adherence are unknown, so it
is never definite. The placebo arm had no antidepressant trial.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from trdanalysis.analysis.intervals import estimate_wilson

REPOSITORY = Path(__file__).parents[2]
MAPPING = REPOSITORY / "config" / "mappings" / "dia-antidepressant.yaml"

ACTIVE = {"remission": 22, "response": 11, "partial_response": 16, "no_response": 26, None: 9}
PLACEBO = {"remission": 21, "response": 4, "partial_response": 15, "no_response": 39, None: 9}
NON_RESPONSE = ("partial_response", "no_response")


@dataclass(frozen=True)
class ByHand:
    """What the slow reading says of one patient."""

    arm: str
    female: bool
    duration_days: int
    outcome: str | None

    @property
    def verdict(self) -> str:
        if self.arm == "PLACEBO":
            return "not_antidepressant"
        if self.outcome in ("remission", "response"):
            return "responded"
        return "duration_insufficient" if self.duration_days < 42 else "dose_unknown"


def read_by_hand(path: Path) -> dict[str, ByHand]:
    """Read the definition's page for this file, patient by patient, in plain Python."""
    visits: dict[str, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            visits.setdefault(row["PATIENT"], []).append(row)
    patients = {}
    for patient, rows in visits.items():
        baseline = float(rows[0]["BASVAL"])
        ratings = sorted((float(row["RELDAYS"]), float(row["HAMDTL17"])) for row in rows)
        stop = ratings[-1][0] + 1
        first_day, last_day = max(14, min(stop, 42) - 7), min(stop + 7, 182)
        inside = [rating for rating in ratings if first_day <= rating[0] <= last_day]
        preferred = [rating for rating in inside if rating[0] <= 63]
        outcome: str | None
        if not inside or baseline <= 7:
            outcome = None
        else:
            endpoint = preferred[-1][1] if preferred else inside[0][1]
            lost = baseline - endpoint
            if endpoint <= 7:
                outcome = "remission"
            elif 2 * lost >= baseline:
                outcome = "response"
            elif 4 * lost >= baseline:
                outcome = "partial_response"
            else:
                outcome = "no_response"
        patients[patient] = ByHand(rows[0]["THERAPY"], rows[0]["GENDER"] == "F", int(stop), outcome)
    return patients


@pytest.fixture(scope="module")
def real_file() -> Path:
    folder = os.environ.get("TRDANALYSIS_REAL_DATA")
    if not folder:
        pytest.skip("TRDANALYSIS_REAL_DATA is not set: the real records are not at hand")
    path = Path(folder) / "dia-antidepressant" / "antidepressant_data.csv"
    if not path.is_file():
        pytest.skip("the folder of TRDANALYSIS_REAL_DATA has no dia-antidepressant data")
    return path


@pytest.fixture(scope="module")
def by_hand(real_file: Path) -> dict[str, ByHand]:
    return read_by_hand(real_file)


@pytest.fixture(scope="module")
def restricted(real_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the workflow up to the result tables; give the restricted results."""
    folder = tmp_path_factory.mktemp("real")
    drop = folder / "drops" / "dia"
    drop.mkdir(parents=True)
    shutil.copy(real_file, drop)
    shutil.copy(MAPPING, drop / "mapping.yaml")
    (drop / "drop.yaml").write_text("source: flat\nmapping: mapping.yaml\nsynthetic: false\n")
    command = [
        *(sys.executable, "-m", "snakemake", "--cores", "1", "--until", "summarise"),
        *("--snakefile", REPOSITORY / "Snakefile", "--directory", folder),
        *("--configfile", REPOSITORY / "config" / "config.yaml"),
        *("--config", f"drops={folder / 'drops'}", f"results={folder / 'results'}"),
    ]
    # The rules call `python`: it must be the one that runs this test.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results" / "restricted"


@pytest.fixture(scope="module")
def trials(restricted: Path) -> pd.DataFrame:
    return pd.read_parquet(restricted / "cohort" / "trials.parquet").set_index("patient_id")


@pytest.fixture(scope="module")
def rates(restricted: Path) -> pd.DataFrame:
    table = pd.read_parquet(restricted / "analysis" / "rates.parquet")
    return table[table["definition"] == "article"]


def overall(rates: pd.DataFrame, estimand: str) -> pd.Series:
    counted = rates["analysis"].isin(["complete_case", "proven"])
    rows = rates[counted & (rates["estimand"] == estimand) & (rates["stratum"] == "overall")]
    assert len(rows) == 1
    return rows.iloc[0]


def test_slow_reading_gives_the_numbers_worked_out_above(by_hand: dict[str, ByHand]) -> None:
    outcomes = {
        arm: Counter(one.outcome for one in by_hand.values() if one.arm == arm)
        for arm in ("DRUG", "PLACEBO")
    }
    assert outcomes == {"DRUG": ACTIVE, "PLACEBO": PLACEBO}
    active = [one for one in by_hand.values() if one.arm == "DRUG"]
    assert sum(one.duration_days >= 42 for one in active) == 57
    assert Counter(one.verdict for one in active) == {
        "responded": 33,
        "duration_insufficient": 22,  # 16 who did not respond, 6 whose outcome is unknown
        "dose_unknown": 29,  # 26 and 3
    }


def test_every_row_is_accounted_for(restricted: Path) -> None:
    summary = pd.read_json(restricted / "drops" / "dia" / "summary.json", orient="index")
    # 608 visits and 172 baseline ratings are 780 assessments.
    assert summary["rows_in"].to_dict() == {"patients": 172, "trials": 172, "assessments": 780}
    assert (summary["accepted"] == summary["rows_in"]).all()
    assert (summary["cells_set_unknown"] == 0).all()


def test_every_trial_has_the_outcome_and_verdict_of_the_slow_reading(
    by_hand: dict[str, ByHand], trials: pd.DataFrame
) -> None:
    assert trials.index.is_unique
    outcome = trials["outcome"].astype(object).where(trials["outcome"].notna(), None)
    assert outcome.to_dict() == {patient: one.outcome for patient, one in by_hand.items()}
    assert trials["verdict"].to_dict() == {patient: one.verdict for patient, one in by_hand.items()}
    assert trials["duration_days"].to_dict() == {
        patient: one.duration_days for patient, one in by_hand.items()
    }
    assert set(trials["outcome_source"].dropna()) == {"assessments"}
    assert trials["dose_adequate"].isna().all()


def test_initial_trial_of_the_active_arm(rates: pd.DataFrame) -> None:
    row = overall(rates, "initial_trial")
    assert (row["n"], row["n_unknown"], row["events"]) == (75, 9, 42)
    assert row["rate"] == 0.56
    assert row["ci_method"] == "wilson"
    assert row["ci_low"] == pytest.approx(0.4474677, abs=5e-7)
    assert row["ci_high"] == pytest.approx(0.6666854, abs=5e-7)
    assert (row["bound_low"], row["bound_high"]) == pytest.approx((0.5, 0.6071429), abs=5e-7)
    # The whole interval is above 0.30, also if all of the unknown had responded.
    assert (row["conclusion"], row["robust"]) == ("above", True)


def test_initial_trial_by_sex(rates: pd.DataFrame, by_hand: dict[str, ByHand]) -> None:
    rows = rates[(rates["estimand"] == "initial_trial") & (rates["stratum"] == "sex")]
    counted = rows.set_index("level")[["n", "n_unknown", "events"]]
    assert tuple(counted.loc["female"]) == (43, 4, 24)
    assert tuple(counted.loc["male"]) == (32, 5, 18)
    for level, female in (("female", True), ("male", False)):
        known = [
            one.outcome
            for one in by_hand.values()
            if one.arm == "DRUG" and one.female == female and one.outcome
        ]
        events = sum(outcome in NON_RESPONSE for outcome in known)
        assert (counted.loc[level, "n"], counted.loc[level, "events"]) == (len(known), events)


def test_no_trial_is_known_to_be_adequate(rates: pd.DataFrame) -> None:
    # Dose and adherence are unknown: the 57 who were treated for 42 days or more may belong.
    row = overall(rates, "initial_adequate_trial")
    assert (row["n"], row["n_unknown"], row["status"]) == (0, 57, "not_estimable")


def test_nobody_can_be_treatment_resistant(restricted: Path, rates: pd.DataFrame) -> None:
    labels = pd.read_parquet(restricted / "cohort" / "labels.parquet")
    assert set(labels["label"]) == {"not_trd"}
    told = labels.groupby(["reason", "failures_definite", "failures_possible"]).size()
    assert told.to_dict() == {
        ("no_antidepressant_trial", 0, 0): 88,
        ("too_few_failures", 0, 0): 55,
        ("too_few_failures", 0, 1): 29,
    }
    row = overall(rates, "trd")
    assert (row["analysis"], row["n"], row["events"]) == ("proven", 84, 0)


def test_the_placebo_arm_by_the_same_functions(trials: pd.DataFrame) -> None:
    # Placebo is no antidepressant, so no estimand holds this arm; its outcomes are judged alike.
    placebo = trials[trials["ingredient"] == "placebo"]["nonresponse"]
    n, events = int(placebo.notna().sum()), int(placebo.sum())
    assert (len(placebo), n, events) == (88, 79, 54)
    low, high = estimate_wilson([events], [n])
    assert events / n == pytest.approx(0.6835443, abs=5e-7)
    assert (low[0], high[0]) == pytest.approx((0.5745191, 0.7755471), abs=5e-7)


def test_what_was_assumed_is_kept_with_the_drop(restricted: Path) -> None:
    about = pd.read_json(restricted / "drops" / "dia" / "drop.json", typ="series")
    told = " ".join(about["assumptions"])
    for word in ("duloxetine", "formal diagnosis", "last recorded visit", "BASVAL", "Age, dose"):
        assert word in told
