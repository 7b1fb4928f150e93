"""Records of speed and memory: one a run, comparable, and the page that is made of them."""

from __future__ import annotations

import json

import pytest

from bench import records, trend
from tests.support import ROOT

CODE = {"commit": "HEAD", "committed": "2030-01-31", "changed": False}
MACHINE = {
    "cores": 2,
    "load_before": 0.1,
    "python": "3.11.7",
    "libraries": {"duckdb": "2.0.0"},
}


def line(side: str, ratio: float, rows: int = 1000, part: str = "labels") -> dict[str, object]:
    return {
        "part": part,
        "rows": rows,
        "side": side,
        "ratio": ratio,
        "seconds": ratio * 2,
        "cpu_seconds": ratio * 3,
        "peak_mib": 100.4,
    }


@pytest.fixture
def head() -> dict[str, object]:
    try:
        return records.describe_code()
    except (OSError, records.subprocess.CalledProcessError):
        pytest.skip("no checkout of git's")


def test_a_further_run_of_a_commit_is_a_record_of_its_own(tmp_path, head):
    first = records.write_record([line("read", 1)], head, MACHINE, tmp_path)
    second = records.write_record([line("read", 1)], head, MACHINE, tmp_path)
    assert first != second and {path.name for path in tmp_path.iterdir()} == {
        first.name,
        second.name,
    }
    read = records.read_records(tmp_path)
    assert [record["commit"] for record in read] == [head["commit"]] * 2
    assert read[0]["lines"] == [line("read", 1)]


def test_a_number_that_is_none_is_not_written(tmp_path, head):
    with pytest.raises(ValueError, match="JSON"):
        records.write_record([line("read", float("nan"))], head, MACHINE, tmp_path)
    assert not list(tmp_path.glob("*.json"))


def test_records_of_another_format_are_not_compared(tmp_path):
    (tmp_path / "1.json").write_text(json.dumps({"format": records.FORMAT + 1}))
    assert records.read_records(tmp_path) == []


def made(commit: str, *lines: dict[str, object], **machine: object) -> dict[str, object]:
    return {
        **CODE,
        "commit": commit,
        "measured": "2030-02-01",
        "machine": MACHINE | machine,
        "lines": list(lines),
    }


def test_the_page_sets_commits_side_by_side_and_leaves_out_what_was_not_measured():
    page = trend.write_page(
        [
            made("a" * 40, line("read", 1), line("labels", 20.04)),
            made(
                "b" * 40,
                line("read", 1),
                {"side": "labels", "failed": "why"},
                line("intake", 3, part="intake"),
                load_before=1.5,
            ),
        ]
    )
    assert "| labels | 1,000 | labels | 20.0 |  |" in page
    assert "| intake | 1,000 | intake |  | 3.0 |" in page
    assert "1.5 (busy)" in page and "0.1 |" in page
    assert page.count("`aaaaaaaaa`") == 4


def test_the_drawing_is_the_same_bytes_for_the_same_records():
    own = [made("a" * 40, line("labels", 20)), made("b" * 40, line("labels", 10))]
    assert trend.draw(own) == trend.draw(own)


def test_of_the_whole_workflow_no_single_step_is_drawn():
    whole, step = (
        line(side, ratio, part="scale") for side, ratio in (("everything", 250), ("label", 40))
    )
    assert trend.draw([made("a" * 40, whole, step)]) == trend.draw([made("a" * 40, whole)])
    other = line("everything", 100, part="scale")
    assert trend.draw([made("a" * 40, whole)]) != trend.draw([made("a" * 40, other)])


def test_page_and_drawing_are_those_of_the_records_that_are_kept():
    stale = [
        path.relative_to(ROOT)
        for path, text in trend.make_files().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, "run `make bench-trend`"
