"""R, run again, still gives the results that are kept for tests/peers/test_against_r.py."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

import pytest

R = Path(__file__).parents[1] / "peers" / "r"
TOPICS = sorted(path.stem for path in R.glob("*.R") if path.stem != "common")

Values = dict[tuple[str, str], float]


def read_results(path: Path) -> Values:
    """Read a long table of results by case and quantity."""
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["case"], row["quantity"]): float(row["value"]) for row in csv.DictReader(file)}


def test_every_script_has_its_results() -> None:
    assert sorted(path.stem for path in (R / "expected").glob("*.csv")) == TOPICS


@pytest.mark.parametrize("topic", TOPICS)
def test_r_gives_the_kept_results(topic: str, tmp_path: Path) -> None:
    run = subprocess.run(
        ["Rscript", "--vanilla", f"{topic}.R", str(tmp_path)],
        cwd=R,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    kept = read_results(R / "expected" / f"{topic}.csv")
    assert kept
    again = read_results(tmp_path / f"{topic}.csv")
    # Another build of R or of its algebra rounds otherwise where a number should be 0.
    assert again == pytest.approx(kept, rel=1e-9, abs=1e-14, nan_ok=True)
