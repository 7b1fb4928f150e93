"""The benchmark of the whole workflow: what it reads and how it tells growth."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from bench.scale import SpillWatch, Step, fit_slope, read_steps


def test_the_slope_is_the_power_of_rows() -> None:
    rows = [1_000_000, 5_000_000, 50_000_000]
    assert fit_slope(rows, [3 * n for n in rows]) == pytest.approx(1)
    assert fit_slope(rows, [n**1.5 for n in rows]) == pytest.approx(1.5)
    assert fit_slope(rows[:2], [7, 7]) == pytest.approx(0)
    assert math.isnan(fit_slope([5, 5], [1, 2]))
    assert math.isnan(fit_slope(rows, [1, 0, 2]))


def test_steps_are_read_from_what_snakemake_measured(tmp_path: Path) -> None:
    folder = tmp_path / "restricted" / "benchmarks"
    (folder / "intake").mkdir(parents=True)
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    rest = "0:00:02\t{rss}\t1\t1\t1\t0\t0\t50\t{cpu}\n"
    (folder / "label.tsv").write_text(head + "2.5\t" + rest.format(rss=300.5, cpu=1.5))
    (folder / "intake" / "d1.tsv").write_text(head + "0.1\t" + rest.format(rss="NA", cpu="NA"))
    steps = read_steps(tmp_path, {"label": 12.0})
    assert steps == {"intake": Step(0.1, 0, 0, 0), "label": Step(2.5, 1.5, 300.5, 12.0)}


def test_the_most_that_a_step_spilled_is_seen(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("bench.scale._SECONDS_BETWEEN", 0.02)
    code = (
        "import os, pathlib, sys, time; "
        f"p = pathlib.Path({str(tmp_path)!r}, f'trdanalysis-spill-{{os.getpid()}}-x'); p.mkdir(); "
        "(p / 'a').write_bytes(bytes(3 << 20)); time.sleep(1)"
    )
    with SpillWatch(tmp_path) as watch:
        subprocess.run([sys.executable, "-c", code, "trdanalysis", "label"], check=True)
    assert dict(watch.most) == {"label": pytest.approx(3)}
