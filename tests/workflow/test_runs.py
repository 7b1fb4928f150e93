"""Snakemake as people use it, on small drops."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from tests.workflow.conftest import EVERYTHING, Project
from trdanalysis import layout
from trdanalysis.analysis.attrition import ATTRITION_COLUMNS
from trdanalysis.analysis.benchmarks import BENCHMARK_COLUMNS
from trdanalysis.analysis.comparisons import COMPARISON_COLUMNS
from trdanalysis.analysis.definition_table import DEFINITION_COLUMNS
from trdanalysis.analysis.rates import RATE_COLUMNS

PATIENT_HEADER = "patient_id,age_years,mdd_diagnosis\n"
TRIAL_HEADER = "patient_id,trial_id,drug,start_day,stop_day\n"


def write_native(folder: Path, patients: str, trials: str, drop_yaml: str = "") -> None:
    folder.mkdir(parents=True)
    (folder / "patients.csv").write_text(patients)
    (folder / "trials.csv").write_text(trials)
    if drop_yaml:
        (folder / "drop.yaml").write_text(drop_yaml)


def digests(folder: Path) -> dict[str, str]:
    """Hash every file that a run must reproduce; how long it took is not among them."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {"benchmarks", "logs"} & set(path.relative_to(folder).parts)
    }


def test_a_synthetic_run_releases_the_contracts_tables(finished: Project) -> None:
    release = finished.results / "release"
    made = [path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()]
    assert sorted(made) == sorted((*layout.PUBLISHED_FILES, *layout.PROVENANCE_FILES))
    for name, columns in (
        ("rates", RATE_COLUMNS),
        ("benchmarks", BENCHMARK_COLUMNS),
        ("attrition", ATTRITION_COLUMNS),
        ("definitions", DEFINITION_COLUMNS),
        ("comparisons", COMPARISON_COLUMNS),
    ):
        assert tuple(pd.read_csv(release / f"{name}.csv").columns) == tuple(columns)
    assert not (finished.results / "restricted" / "draft").exists()
    assert list((finished.results / "restricted" / "spill").iterdir()) == []


def test_a_second_run_plans_nothing(finished: Project) -> None:
    assert finished.planned() == set()


def test_the_same_input_gives_the_same_bytes(finished: Project, project: Project) -> None:
    project.add_drop("drop1", patients=40)
    done = project.snakemake("--config", "threads=1", "memory_limit_mb=1000")
    assert done.returncode == 0, done.stderr
    assert digests(project.results) == digests(finished.results)


def test_only_what_depends_on_a_change_reruns(finished: Project, tmp_path: Path) -> None:
    copy = finished.copy_to(tmp_path / "copy")
    everything = EVERYTHING

    def after(path: Path, old: str, new: str) -> set[str]:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        planned = copy.planned()
        path.write_text(text)
        return planned

    source = copy.folder / "src" / "trdanalysis"
    reference = copy.folder / "config" / "reference"
    definition = copy.folder / "config" / "definitions" / "article.yaml"
    grid = copy.folder / "config" / "multiverse.yaml"
    labels_on = everything - {"intake", "quality", "pool"}
    assert after(
        source / "labelling" / "windows.py", "RUN_BREAK_DAYS = 14", "RUN_BREAK_DAYS = 15"
    ) == (labels_on)
    assert (
        after(source / "contract.py", "MAX_ABS_DAY = 100_000", "MAX_ABS_DAY = 90_000") == everything
    )
    assert after(
        reference / "scales.csv", "HAM-D17,symptom,0,52,no,7", "HAM-D17,symptom,0,52,no,8"
    ) == (everything)
    # The rules of a published definition are fixed; what is said of them is not.
    assert after(definition, "weeks on treatment; the", "weeks; the") == labels_on
    assert after(grid, "min_failures: [1, 2, 3]", "min_failures: [1, 2]") == {
        "multiverse", "disclose", "publish", "describe", "remember",
    }  # fmt: skip
    on_rates = {"summarise", "multiverse", "changes", "disclose", "publish", "describe", "remember"}
    assert copy.planned("--config", "reference_rate=0.31") == on_rates
    copy.add_drop("drop2", patients=3, seed=2)
    done = copy.snakemake("--dry-run", "--verbose")
    assert done.returncode == 0
    assert copy.planned() == everything
    assert "drops/drop2/" in done.stdout
    assert "drops/drop1/patients.parquet" not in [
        word for line in done.stdout.splitlines() if "output:" in line for word in line.split(" ")
    ]


def test_freezing_reruns_the_report_alone_and_is_told(finished: Project, tmp_path: Path) -> None:
    copy = finished.copy_to(tmp_path / "copy")
    report = copy.results / "release" / "report.html"
    assert "were never frozen" in report.read_text(encoding="utf-8")
    done = copy.python("trdanalysis", "freeze")
    assert done.returncode == 0, done.stderr
    assert "after labels had been made" in done.stdout
    assert copy.planned() == {"disclose", "publish", "describe", "remember"}
    done = copy.snakemake("--config", "reference_rate=0.25")
    assert done.returncode == 0, done.stderr
    page = report.read_text(encoding="utf-8")
    assert "frozen when labels had been made already" in page
    assert "reference_rate: 0.3 is now 0.25" in page


def test_a_sealed_release_is_an_input_of_the_next(finished: Project, tmp_path: Path) -> None:
    copy = finished.copy_to(tmp_path / "copy")
    done = copy.python("trdanalysis", "seal")
    assert done.returncode == 0, done.stderr
    assert (copy.results / "restricted" / "releases" / "1" / "manifest.json").is_file()
    assert copy.planned() == {"disclose", "publish", "describe", "remember"}


def test_a_mistyped_key_names_the_right_one(project: Project) -> None:
    done = project.snakemake("--dry-run", "--config", "referense_rate=0.3")
    assert done.returncode != 0
    message = done.stdout + done.stderr
    assert "unknown key `referense_rate`" in message
    assert "did you mean `reference_rate`?" in message
    assert "Traceback" not in message


def test_a_refused_drop_leaves_the_others_results(finished: Project, tmp_path: Path) -> None:
    copy = finished.copy_to(tmp_path / "copy")
    before = digests(copy.results / "release")
    write_native(
        copy.drops / "broken",
        "patient_id,age_years,dob\np1,40,secret1\np2,95,secret2\n",
        TRIAL_HEADER + "p1,t1,sertraline,0,60\n",
    )
    done = copy.snakemake()
    assert done.returncode != 0
    message = done.stdout + done.stderr
    assert "drop `broken` is refused" in message
    assert "column `dob`" in message
    assert "column `age_years`: age_over_90, 1 cell(s)" in message
    assert "top-code" in message
    assert "secret" not in message
    assert digests(copy.results / "release") == before


@pytest.mark.parametrize(
    ("name", "patients", "trials"),
    [
        ("empty", PATIENT_HEADER, TRIAL_HEADER),
        ("nobody_eligible", PATIENT_HEADER + "p1,40,no\n", TRIAL_HEADER + "p1,t1,ect,0,60\n"),
        ("one_patient", PATIENT_HEADER + "p1,40,yes\n", TRIAL_HEADER + "p1,t1,Zoloft,0,60\n"),
    ],
)
def test_a_small_drop_ends_well(project: Project, name: str, patients: str, trials: str) -> None:
    write_native(project.drops / name, patients, trials)
    done = project.snakemake()
    assert done.returncode == 0, done.stderr
    draft = project.results / "restricted" / "draft"
    rates = pd.read_csv(draft / "rates.csv")
    counted = (rates["stratum"] == "overall") & (rates["analysis"] == "complete_case")
    initial = rates[counted & (rates["estimand"] == "initial_trial")]
    assert initial["n"].tolist() == [0]
    assert initial["status"].tolist() == ["not_estimable"]
    assert initial["n_unknown"].tolist() == [1 if name == "one_patient" else 0]
    assert (draft / "report.html").read_text().startswith("<!")
    # Nothing of a real drop is released.
    assert not (project.results / "release").exists()


def test_no_drops_end_well(project: Project) -> None:
    done = project.snakemake()
    assert done.returncode == 0, done.stderr
    assert (project.results / "release" / "report.html").is_file()


def test_explain_prints_the_label_and_every_trial(finished: Project) -> None:
    labels = pd.read_parquet(finished.results / "restricted" / "cohort" / "labels.parquet")
    trials = pd.read_parquet(finished.results / "restricted" / "cohort" / "trials.parquet")
    patient = labels.loc[labels["failures_possible"].idxmax(), "patient_id"]
    label = labels.set_index("patient_id").loc[patient]
    done = finished.python("trdanalysis", "explain", patient)
    assert done.returncode == 0, done.stderr
    assert f"Label: {label['label']}   Reason: {label['reason']}" in done.stdout
    for trial, verdict in trials[trials["patient_id"] == patient][["trial_id", "verdict"]].values:
        assert f"  {trial}: " in done.stdout
        assert f"verdict: {verdict} (" in done.stdout
    missing = finished.python("trdanalysis", "explain", "nobody")
    assert missing.returncode == 5
    assert missing.stdout == ""
    assert "no such patient" in missing.stderr
    assert "nobody" not in missing.stderr
