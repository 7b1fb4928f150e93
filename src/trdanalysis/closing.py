"""The end of a run, on the console: what was made and what needs attention, or what went wrong."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trdanalysis.commands.kept import load_disclosed
from trdanalysis.commands.seal import find_sealed
from trdanalysis.errors import EXIT_MEANINGS, UserError
from trdanalysis.files import read_csv
from trdanalysis.layout import DISCLOSED, PROVENANCE_FILES, PUBLISHED_FILES
from trdanalysis.plan import Plan
from trdanalysis.progress import make_console
from trdanalysis.report.closing import Around, Closing, describe_run

#: What Snakemake writes of a step that failed: the command, and its exit code, or the signal that
#: ended it.
_FAILED = re.compile(
    r"^Command '(.*?)' (?:returned non-zero exit status (\d+)|died with <Signals\.\w+: (\d+)>)",
    re.MULTILINE,
)
#: What a shell adds to the number of a signal to make it an exit code.
_SIGNALLED = 128
#: How a verb's log begins the line that says why it ended.
_REASON = "Error: "
_VERB = re.compile(r"-m trdanalysis (\w+) (.*)", re.DOTALL)


def close_run(plan: Plan) -> None:
    """Say what a completed run made, and what needs attention."""
    published = [plan.published / name for name in (*PUBLISHED_FILES, *PROVENANCE_FILES)]
    if not all(path.is_file() for path in published):
        # Only some steps were asked for.
        return
    try:
        results = load_disclosed(
            plan.restricted / DISCLOSED, plan.reference, is_draft=plan.why_draft is not None
        )
        closing = describe_run(results, _look_around(plan, len(published)))
    except UserError as error:
        make_console().print(f"The closing summary cannot be made: {error}")
        return
    _print_closing(closing)


def _look_around(plan: Plan, files: int) -> Around:
    return Around(
        published=str(plan.published),
        files=files,
        restricted=str(plan.restricted),
        why_draft=plan.why_draft,
        sealed=None if plan.why_draft else find_sealed(plan.results),
        unrecognised={
            name: len(read_csv(plan.restricted / "drops" / name / "unrecognised.csv"))
            for name in plan.drops
        },
    )


def _print_closing(closing: Closing) -> None:
    console = make_console()
    console.print("\nMade", style="bold green")
    width = max(len(heading) for heading, _ in closing.made)
    for heading, text in closing.made:
        console.print(f"  {heading:<{width}}  {text}")
    if closing.attention:
        console.print("Needs attention", style="bold yellow")
        for text in closing.attention:
            console.print(f"  - {text}")
    console.print()


@dataclass(frozen=True)
class Failure:
    """A step that failed.

    Attributes
    ----------
    verb
        Which.
    log
        Where its messages stand; None where it keeps none.
    exit_code
        With which it ended.
    """

    verb: str
    log: str | None
    exit_code: int


def find_failures(text: str) -> list[Failure]:
    """Find the steps that failed in what Snakemake logged of a run, in order."""
    found: dict[Failure, None] = {}
    for command, code, signal in _FAILED.findall(text):
        verb = _VERB.search(command)
        if verb is None:
            continue
        words = shlex.split(verb[2])
        log = words[words.index("--log") + 1] if "--log" in words[:-1] else None
        found[Failure(verb[1], log, int(code) if code else _SIGNALLED + int(signal))] = None
    return list(found)


def explain_failure(logs: Iterable[str]) -> None:
    """Say which steps of a run failed, what that means and what to do.

    Parameters
    ----------
    logs
        Files in which Snakemake logged the run.
    """
    failures = [one for log in logs for one in find_failures(_read(Path(log)))]
    console = make_console()
    for failure in failures:
        meaning, what_to_do = EXIT_MEANINGS.get(failure.exit_code, EXIT_MEANINGS[1])
        console.print(f"\nFailed: {failure.verb}", style="bold red")
        console.print(f"  exit code {failure.exit_code}: {meaning}")
        if failure.log is not None:
            reasons = [
                line.removeprefix(_REASON)
                for line in _read(Path(failure.log)).splitlines()
                if line.startswith(_REASON)
            ]
            if reasons:
                console.print(f"  reason: {reasons[-1]}")
            console.print(f"  its log: {failure.log}")
        console.print(f"  what to do: {what_to_do}")
    console.print("\nWhat was finished stays. The same command goes on from there.\n")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
