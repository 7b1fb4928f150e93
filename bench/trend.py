"""Write the page of the trend, docs/performance-trend.md with its drawing, from the records.

python -m bench.trend [--check]
"""

from __future__ import annotations

import argparse
import io
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.records import RECORDS, ROOT, read_records

PAGE = ROOT / "docs" / "performance-trend.md"
DRAWING = ROOT / "docs" / "images" / "performance-trend.svg"

#: A run beside more other work than this is marked: its seconds say little.
BUSY_LOAD = 1.0

Line = tuple[str, int, str]


def list_lines(records: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Give what was measured (part, rows, side) in any record, in the order of first sight."""
    seen: dict[Line, None] = {}
    for record in records:
        for line in record["lines"]:
            if "ratio" in line:
                seen[line["part"], line["rows"], line["side"]] = None
    return sorted(seen, key=lambda line: (line[0], line[1]))


def find_values(records: Sequence[Mapping[str, Any]], line: Line, name: str) -> list[float | None]:
    """Give one number of a line for each record; None where it was not measured."""
    found: list[float | None] = []
    for record in records:
        own = [
            each[name]
            for each in record["lines"]
            if "ratio" in each and (each["part"], each["rows"], each["side"]) == line
        ]
        found.append(own[-1] if own else None)
    return found


def write_page(records: Sequence[Mapping[str, Any]]) -> str:
    """Write the page: what was measured by commit, and the change since the first."""
    lines = [
        "# Speed and memory by commit",
        "",
        "Written by `make bench-trend` from the records in `bench/records/`, of which `make bench`"
        " writes one a run.",
        "A ratio is to plain work on the same data in the same run (the first line of each part, at"
        " 1.0), so that",
        "another machine or a busy hour changes it little; `make demo` has none, and seconds are"
        " its number. What is",
        "measured and what was hoped for stands in [speed and memory](performance.md).",
        "",
    ]
    if not records:
        return "\n".join([*lines, "No record has been committed yet.", ""])
    lines += [
        "![Ratios by commit, one line each, on a logarithmic scale](images/performance-trend.svg)",
        "",
        "| commit | of | measured | cores | load before | Python | DuckDB |",
        "|---|---|---|---|---|---|---|",
    ]
    for record in records:
        machine = record["machine"]
        changed = " and changes" if record["changed"] else ""
        busy = " (busy)" if machine["load_before"] > BUSY_LOAD else ""
        lines.append(
            f"| `{record['commit'][:9]}`{changed} | {record['committed']} | {record['measured']}"
            f" | {machine['cores']} | {machine['load_before']:g}{busy} | {machine['python']}"
            f" | {machine['libraries']['duckdb']} |"
        )
    heads = " | ".join(f"`{record['commit'][:9]}`" for record in records)
    for title, name, form in (
        ("Times the plain work", "ratio", "{:.1f}"),
        ("Processor seconds", "cpu_seconds", "{:.1f}"),
        ("Peak memory, MiB", "peak_mib", "{:.0f}"),
    ):
        lines += ["", f"## {title}", "", f"| part | rows | what | {heads} |"]
        lines += ["|---|---|---|" + "---|" * len(records)]
        for line in list_lines(records):
            values = find_values(records, line, name)
            shown = " | ".join("" if one is None else form.format(one) for one in values)
            lines.append(f"| {line[0]} | {line[1]:,} | {line[2]} | {shown} |")
    return "\n".join([*lines, ""])


def draw(records: Sequence[Mapping[str, Any]]) -> str:
    """Draw the ratios, and the demo's seconds, against the commits; the same bytes for the same."""
    import matplotlib as mpl
    import matplotlib.style
    from matplotlib.figure import Figure

    kept = {line: find_values(records, line, "ratio") for line in list_lines(records)}
    # Of `make scale` the whole alone is drawn; its steps stand in the page's tables.
    kept = {
        line: values
        for line, values in kept.items()
        if any(one is not None and not math.isclose(one, 1) for one in values)
        and (line[0] != "scale" or line[2] == "everything")
    }
    with mpl.style.context(["default", {"svg.hashsalt": "trend", "svg.fonttype": "path"}]):
        figure = Figure(figsize=(8, 4.6), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(records))
        markers = "osD^v<>PX*"
        for number, (line, values) in enumerate(kept.items()):
            known = [(at, one) for at, one in zip(places, values, strict=True) if one is not None]
            label = f"{line[0]}, {line[1]:,}: {line[2]}"
            axes.plot(
                *zip(*known, strict=True), marker=markers[number % len(markers)], label=label,
                linewidth=1.2, markersize=4,
            )  # fmt: skip
        axes.set_yscale("log")
        axes.set_ylabel("times the plain work of the same run")
        axes.set_xticks(list(places), [record["commit"][:9] for record in records], rotation=45)
        axes.grid(axis="y", which="major", linewidth=0.4)
        figure.legend(loc="outside right upper", fontsize=7, frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def make_files(folder: Path = RECORDS) -> dict[Path, str]:
    """Make the page and its drawing."""
    records = read_records(folder)
    return {PAGE: write_page(records)} | ({DRAWING: draw(records)} if records else {})


def main() -> int:
    """Write the files, or say which are not up to date."""
    parser = argparse.ArgumentParser(prog="python -m bench.trend", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where stale")
    options = parser.parse_args()
    stale = []
    for path, text in make_files().items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if not options.check:
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{'stale' if options.check else 'written'}: {path.relative_to(ROOT)}")
    return int(bool(stale) and options.check)


if __name__ == "__main__":
    sys.exit(main())
