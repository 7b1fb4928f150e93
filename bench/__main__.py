"""Measure speed and memory and hold them against the project's aims.

    python -m bench [--rows 1000000 10000000] [--repeats 3] [--only PART ...]

Every number is a ratio to plain work done in the same run, in turns: a machine's own speed says
little.
"""

from __future__ import annotations

import argparse
import dataclasses
import pstats
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Measure, median, run_alternating, run_measured
from bench.records import describe_code, describe_machine, write_record
from trdanalysis.files import write_texts_if_changed
from trdanalysis.settings import read_settings, read_yaml, render_verb_settings

PARTS = ("labels", "detailed", "strata", "multiverse", "intake", "demo")
CONFIG = Path(__file__).parents[1] / "config"
#: The rows that a groupby-apply is run on; its time is scaled up from there.
APPLY_ROWS = 100_000
#: Accepted tables are made of so many simulated trials at most; more are copies with other ids.
SIMULATED_ROWS = 1_000_000
#: The size that the aims for labels speak of.
AIM_ROWS = 10_000_000
PYTHON = sys.executable


@dataclass(frozen=True)
class Aim:
    """What is hoped for: at most so many times the plain work, and so much memory."""

    times: float
    mib: float


AIMS = {
    "labels": Aim(6, 1024),
    "detailed": Aim(40, 4096),
    "strata": Aim(4, float("inf")),
    "intake": Aim(4, float("inf")),
}
DEMO_AIM_SECONDS = 25
TRIALS_PER_PATIENT = 2.6
#: The full grid on so many patients, with dose steps and ratings for every course.
MULTIVERSE_PATIENTS = 100_000
MULTIVERSE_AIM_SECONDS, MULTIVERSE_AIM_MIB = 15, 1024
DEFINITION = "config/definitions/article.yaml"
#: What the engine may hold before it spills; the process needs some 300 MiB besides.
ENGINE_MIB = {"labels": 600, "detailed": 3000, "multiverse": 600}


class Bench:
    """One run: makes data under ``folder``, measures, prints and remembers."""

    def __init__(self, folder: Path, repeats: int, engine_mib: int | None = None) -> None:
        self.folder = folder
        self.repeats = repeats
        self.engine_mib = engine_mib
        self.lines: list[dict[str, Any]] = []
        self.apply: Measure | None = None

    def say(self, text: str) -> None:
        """Print at once."""
        print(text, flush=True)

    def make(self, name: str, *commands: Sequence[object]) -> Path:
        """Run modules that fill the folder ``name``; {} in an argument stands for it.

        A folder of a run that broke off is made anew, one that is whole is used again.
        """
        whole, part = self.folder / name, self.folder / f"{name}.part"
        if not whole.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for command in commands:
                run_measured(_module(*(str(word).replace("{}", str(part)) for word in command)))
            part.rename(whole)
        return whole

    def make_accepted(self, part: str, rows: int) -> Path:
        """Make accepted tables of about ``rows`` trials, or of none, by the project's verbs."""
        simulated = min(rows or APPLY_ROWS, SIMULATED_ROWS)
        drop, taken = "{}/drops/bench", "{}/taken/bench"
        write_texts_if_changed(
            render_verb_settings(read_settings(read_yaml(CONFIG / "config.yaml")), self.folder)
        )
        settings = self.folder / "pool.json"
        detailed = ("--detailed",) if part == "detailed" else ()
        base = self.make(
            f"{part}-{simulated}",
            ("bench.data", "drop", drop, "--trials", simulated, *detailed),
            ("trdanalysis", "intake", "--drop", drop, "--out", taken),
            ("trdanalysis", "pool", "--settings", settings, "--drops", taken, "--out", "{}/pooled"),
        )
        copies = round(rows / simulated) if rows else 0
        name = f"{part}-{rows}-shuffled"
        spread = ("bench.data", "spread", base / "pooled", "{}/accepted", "--copies", copies)
        return self.make(name, spread) / "accepted"

    def measure_labels(self, part: str, rows: int) -> None:
        """Compare labelling with reading, and with a groupby-apply where there are no steps."""
        self.say(f"\n{part}: {rows:,} trials")
        accepted = self.make_accepted(part, rows)
        out = self.folder / "out"
        memory = ("--memory-limit-mb", self.engine_mib or ENGINE_MIB[part])
        verb = ("trdanalysis", "label", "--pooled", accepted, "--definitions", DEFINITION)
        sides = {
            "read": _module("bench.sides", "read", accepted),
            "labels": _module("bench.sides", "labels", accepted, out, *memory),
            # The whole verb also judges and sorts every trial to disk, with its usual memory.
            "label verb": _module(*verb, "--out", out),
            # Part of the verb: of what it has just written.
            "evidence": _module("bench.sides", "evidence", out, out, *memory),
        }
        empty = self.make_accepted(part, 0)
        sides["labels of no rows"] = _module("bench.sides", "labels", empty, out, *memory)
        if part == "labels" and self.apply is None:
            small = self.make_accepted(part, APPLY_ROWS)
            sides["apply"] = _module("bench.sides", "apply", small, out)
        medians = self.run(sides)
        self.apply = medians.get("apply", self.apply)
        shown = {name: found for name, found in medians.items() if name != "apply"}
        for name, measure in shown.items():
            self.report(part, rows, name, measure, medians["read"])
        if part == "labels" and self.apply:
            # Much the slowest: taken in turns with the first size, and scaled up for the others.
            times = rows / APPLY_ROWS
            scaled = dataclasses.replace(self.apply, seconds=self.apply.seconds * times)
            self.report(part, rows, f"apply (x{times:g})", scaled, medians["read"])
        if rows >= AIM_ROWS:
            self.judge(part, medians, "read", "labels", sides["labels"])

    def make_cohort(self, rows: int) -> Path:
        """Make a labelled cohort of about ``rows`` trials, and the criteria of its estimands."""
        accepted = self.make_accepted("labels", rows)
        verb = ("trdanalysis", "label", "--pooled", accepted, "--definitions", DEFINITION)
        cohort = self.make(f"cohort-{rows}", (*verb, "--out", "{}"))
        link = cohort / "accepted"
        if not link.exists():
            link.symlink_to(accepted.resolve())
        return cohort

    def measure_strata(self, rows: int) -> None:
        """Compare every rate in every stratum with reading label and factor columns."""
        self.say(f"\nstrata: labelled patients of {rows:,} trials")
        cohort, nobody = self.make_cohort(rows), self.make_cohort(0)
        sides = {"read": _module("bench.sides", "read-strata", cohort)}
        for name, source in (("strata", cohort), ("strata of nobody", nobody)):
            folder = f"criteria-{source.name}"
            criteria = self.make(folder, ("bench.sides", "criteria", source, "{}"))
            sides[name] = _module("bench.sides", "strata", criteria)
        sides["criteria"] = _module("bench.sides", "criteria", cohort, self.folder / "out")
        medians = self.run(sides)
        for name, measure in medians.items():
            self.report("strata", rows, name, measure, medians["read"])
        if rows >= AIM_ROWS and {"strata", "strata of nobody"} <= set(medians):
            fixed = medians["strata of nobody"].seconds
            grown = dataclasses.replace(
                medians["strata"], seconds=medians["strata"].seconds - fixed
            )
            self.say(f"  fixed part {fixed:.2f} s, taken off below")
            self.judge("strata", {**medians, "strata": grown}, "read", "strata", sides["strata"])

    def measure_multiverse(self) -> None:
        """Time every cell of the grid, without dose steps and ratings and with them."""
        self.say(f"\nmultiverse: every cell, {MULTIVERSE_PATIENTS:,} patients")
        rows = round(MULTIVERSE_PATIENTS * TRIALS_PER_PATIENT)
        memory = ("--memory-limit-mb", self.engine_mib or ENGINE_MIB["multiverse"])
        for part in ("labels", "detailed"):
            accepted = self.make_accepted(part, rows)
            command = _module("bench.sides", "multiverse", accepted, self.folder / "out", *memory)
            medians = self.run({"read": _module("bench.sides", "read", accepted), part: command})
            for name, measure in medians.items():
                self.report("multiverse", rows, name, measure, medians["read"])
            found = medians.get(part)
            if found is None:
                continue
            met = found.seconds <= MULTIVERSE_AIM_SECONDS and found.peak_mib <= MULTIVERSE_AIM_MIB
            self.say(
                f"  aim {'met' if met else 'MISSED'}: {found.seconds:.1f} s of"
                f" {MULTIVERSE_AIM_SECONDS} s, {found.peak_mib:.0f} MiB of {MULTIVERSE_AIM_MIB}"
            )

    def measure_intake(self, rows: int) -> None:
        """Compare intake of a CSV drop of about ``rows`` rows in all with a bare read."""
        self.say(f"\nintake: {rows:,} CSV rows")
        # A patient has 1 row, 2.6 trials, 1.7 dose steps and 2.2 ratings.
        trials = round(rows * 2.6 / 7.5)
        made = self.make(
            f"csv-{rows}", ("bench.data", "drop", "{}/bench", "--csv", "--trials", trials)
        )
        drop = made / "bench"
        sides = {
            "read_csv": _module("bench.sides", "read-csv", drop),
            "intake": _module(
                "trdanalysis", "intake", "--drop", drop, "--out", self.folder / "taken"
            ),
        }
        medians = self.run(sides)
        for name, measure in medians.items():
            self.report("intake", rows, name, measure, medians["read_csv"])
        self.judge("intake", medians, "read_csv", "intake", sides["intake"])

    def measure_demo(self) -> None:
        """Time `make demo` after set-up."""
        self.say("\ndemo: 2,000 patients, `make demo`")
        run_measured(["make", "--silent", "setup"])
        demo = median([run_measured(["make", "--silent", "demo"]) for _ in range(self.repeats)])
        met = demo.seconds <= DEMO_AIM_SECONDS
        self.report("demo", 2000, "make demo", demo, demo)
        self.say(
            f"  aim {'met' if met else 'MISSED'}: {demo.seconds:.1f} s of {DEMO_AIM_SECONDS} s"
        )
        if not met:
            self.say("  per step: results/demo/restricted/benchmarks/")

    def run(self, sides: Mapping[str, list[str]]) -> dict[str, Measure]:
        """Run the sides in turns and give the medians of those that did not fail."""
        measures, failures = run_alternating(sides, self.repeats)
        for name, error in failures.items():
            self.say(f"  {name}: {error}")
            self.lines.append({"side": name, "failed": str(error)})
        return {name: median(found) for name, found in measures.items()}

    def report(self, part: str, rows: int, side: str, measure: Measure, base: Measure) -> None:
        """Print one line of the table and remember it."""
        ratio = measure.seconds / base.seconds
        self.say(
            f"  {side:<18}{measure.seconds:>10.2f} s{measure.cpu_seconds:>10.2f} s cpu"
            f"{measure.peak_mib:>9.0f} MiB{ratio:>9.1f} x"
        )
        line = {"part": part, "rows": rows, "side": side, "ratio": round(ratio, 3)}
        self.lines.append(line | dataclasses.asdict(measure))

    def judge(
        self, part: str, medians: Mapping[str, Measure], base: str, side: str, command: list[str]
    ) -> None:
        """Say whether an aim was met, and if not, where the time went."""
        if side not in medians:
            self.say("  aim MISSED: failed, see above")
            return
        measure = medians[side]
        aim = AIMS[part]
        ratio = measure.seconds / medians[base].seconds
        met = ratio <= aim.times and measure.peak_mib <= aim.mib
        limit = f" and {aim.mib:.0f} MiB" if aim.mib < float("inf") else ""
        self.say(
            f"  aim {'met' if met else 'MISSED'}: {ratio:.1f} times, {measure.peak_mib:.0f} MiB;"
            f" hoped for {aim.times:.0f} times{limit}"
        )
        hoped = {"times": aim.times, "mib": aim.mib if aim.mib < float("inf") else None}
        self.lines.append({"part": part, "aim": hoped, "met": met})
        if not met:
            profile = self.folder / f"{part}.profile"
            run_measured([PYTHON, "-m", "cProfile", "-o", str(profile), *command[1:]])
            stats = pstats.Stats(str(profile))
            stats.sort_stats("cumulative").print_stats("trdanalysis", 20)

    def write(self, code: Mapping[str, Any], machine: Mapping[str, Any]) -> Path:
        """Keep the run as a record."""
        used = {"repeats": self.repeats, "engine_mib": self.engine_mib or ENGINE_MIB}
        return write_record(self.lines, code, {**machine, **used})


def _module(*words: object) -> list[str]:
    return [PYTHON, "-m", *map(str, words)]


def main() -> None:
    """Parse, measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, AIM_ROWS])
    parser.add_argument("--intake-rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--folder", type=Path, help="make data here and keep them; default: a temporary folder"
    )
    parser.add_argument(
        "--memory-limit-mb", type=int, help="of the engine, in place of what the aims allow"
    )
    options = parser.parse_args()
    code, machine = describe_code(), describe_machine()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="trdanalysis-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(folder, options.repeats, options.memory_limit_mb)
    bench.say(f"medians of {options.repeats}, in turns; ratio to the first line of each part")
    try:
        for part in ("labels", "detailed"):
            for rows in options.rows if part in options.only else ():
                bench.measure_labels(part, rows)
        for rows in options.rows if "strata" in options.only else ():
            bench.measure_strata(rows)
        if "multiverse" in options.only:
            bench.measure_multiverse()
        if "intake" in options.only:
            bench.measure_intake(options.intake_rows)
        if "demo" in options.only:
            bench.measure_demo()
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    bench.say(f"\nkept in {bench.write(code, machine)}")


if __name__ == "__main__":
    main()
