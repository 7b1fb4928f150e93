"""Quality of a drop: completeness, sequences that cannot be, and no value of a patient."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import CONFIG, REFERENCE
from trdanalysis.cli import main
from trdanalysis.errors import EXIT_CODES
from trdanalysis.simulate.drop import simulate_drop, write_drop

P = "patient_id"
PATIENTS = f"{P},age_years,sex,age_at_onset_years,last_observed_day\n" + "".join(
    f"SECRET{place},{30 + place % 40},{'female' if place % 3 else ''},20,5000\n"
    for place in range(60)
)
TRIALS = f"{P},trial_id,drug,start_day,stop_day,baseline_day,endpoint_day\n" + "\n".join(
    [
        "SECRET1,t1,sertraline,0,60,0,58",
        "SECRET1,t2,Zoloft,50,90,,",  # line 3: overlaps with line 2
        "SECRET1,t3,sertraline,95,120,,",  # line 4: soon after
        "SECRET2,t1,citalopram,0,60,50,40",  # line 5: rated the wrong way round
        "SECRET2,t2,SECRETDRUG,6000,6060,,",  # line 6: after the last observed day
        "SECRET3,t1,citalopram,60,0,,",  # line 7: set aside
    ]
)
DOSES = f"{P},trial_id,start_day,stop_day,dose_mg_per_day\n" + "\n".join(
    [
        "SECRET1,t1,0,20,50",
        "SECRET1,t1,10,60,100",  # line 3: overlaps with line 2
        "SECRET1,t2,40,60,50",  # line 4: before its trial
        "SECRET2,t1,30,61,20",  # line 5: beyond its trial
    ]
)


@pytest.fixture
def drop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data" / "drops" / "autumn"
    folder.mkdir(parents=True)
    for name, text in (("patients", PATIENTS), ("trials", TRIALS), ("doses", DOSES)):
        (folder / f"{name}.csv").write_text(text)
    monkeypatch.chdir(tmp_path)
    return folder


def check(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    config = ["--config", str(CONFIG / "config.yaml"), "--reference", str(REFERENCE)]
    code = main(["check", name, *config])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def lines_of(text: str, words: str) -> str:
    """Give count and lines of the row with these words, on the console."""
    found = [line for line in text.splitlines() if words in line]
    assert len(found) == 1, words
    return re.sub(r" +", " ", found[0].partition(words)[2]).strip()


def test_check_tells_what_a_run_would_find(drop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(Path.cwd().rglob("*"))
    code, text, messages = check(str(drop), capsys)
    assert code == 0
    assert lines_of(text, "starts before an earlier trial of the same drug stops") == "1 3"
    assert lines_of(text, "starts at most 14 days after one of the same drug: one course?") == "1 4"
    assert lines_of(text, "the endpoint was rated before the baseline") == "1 5"
    assert lines_of(text, "starts after the patient was last observed") == "1 6"
    assert lines_of(text, "a dose step starts or stops outside its trial") == "2 4, 5"
    assert lines_of(text, "starts before an earlier dose step of the trial stops") == "1 3"
    assert lines_of(text, "stops on the day it starts, or before") == "1 7"
    assert lines_of(text, "drug: unrecognised drug") == "1 6"
    sex = next(line for line in text.splitlines() if "patients.sex" in line).split()
    assert sex[1:5] == ["40", "20", "0", "66.7%"]
    drug = next(line for line in text.splitlines() if "trials.drug" in line).split()
    assert drug[1:5] == ["4", "0", "1", "80.0%"]
    assert "SECRET" not in text + messages
    # Nothing is written; an id does as well as a folder.
    assert sorted(Path.cwd().rglob("*")) == before
    assert check("autumn", capsys)[1] == text


def test_a_faulty_drop_is_told_without_a_traceback(
    drop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text, messages = check("autum", capsys)
    assert code == EXIT_CODES["not_found"]
    assert "did you mean `autumn`?" in messages
    (drop / "trials.csv").write_text("patient,drug\nSECRET1,sertraline\n")
    code, text, messages = check("autumn", capsys)
    assert (code, text) == (EXIT_CODES["input"], "")
    assert "drop `autumn` is refused" in messages
    assert "SECRET" not in messages


def test_the_page_says_the_same_and_compares_drops(
    drop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drop(simulate_drop(80, 1), drop.parent / "spring")
    taken = []
    for name in ("autumn", "spring"):
        taken.append(str(tmp_path / "results" / "restricted" / "drops" / name))
        line = ["--drop", str(drop.parent / name), "--out", taken[-1]]
        assert main(["intake", *line, "--reference", str(REFERENCE)]) == 0
    assert main(["quality", "--drops", *taken]) == 0
    page = Path(taken[0], "quality.html").read_text(encoding="utf-8")
    assert "SECRET" not in page
    assert "://" not in page
    assert "a dose step starts or stops outside its trial" in page
    over = page.partition("Share of filled cells in each drop")[2]
    sex = re.search(r"patients\.sex</th><td>(.+?)</td><td>(.+?)</td></tr>", over)
    assert sex is not None
    assert sex[1] == "66.7%"
    assert sex[2] != "66.7%"
    # What earlier runs took in stands beside a drop that is checked.
    capsys.readouterr()
    text = check("spring", capsys)[1]
    sex = next(line for line in text.splitlines() if "patients.sex" in line).split()
    assert sex[5:7] == ["66.7%", "(!)"]
