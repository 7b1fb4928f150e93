"""What the command line says of itself, how fast, and what completes it."""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from trdanalysis.arguments import build_parser
from trdanalysis.cli import _VERBS, main
from trdanalysis.completion import render_completion
from trdanalysis.helping import EXAMPLES, GROUPS

VERBS = sorted(_VERBS)


def verb_parsers() -> dict[str, argparse.ArgumentParser]:
    """Give the parser of each verb."""
    (subparsers,) = (
        action
        for action in build_parser("trdanalysis")._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return dict(subparsers.choices)


def test_every_verb_has_a_place_and_an_example() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == VERBS == sorted(verb_parsers()) == sorted(EXAMPLES)


@pytest.mark.parametrize("verb", VERBS)
def test_examples_can_be_parsed_and_are_shown(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in EXAMPLES[verb]:
        if line.startswith("eval"):
            continue
        words = shlex.split(line.partition(" > ")[0])
        assert build_parser().parse_args(words).verb == verb
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert "example" in shown
    assert all(line.replace("{prog}", "python -m trdanalysis") in shown for line in EXAMPLES[verb])


def test_without_a_verb_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    place = [told.err.index(f"{title}:") for title in GROUPS]
    assert place == sorted(place)
    assert "snakemake --cores 2" in told.err
    assert told.err.index("  explain ") < told.err.index("  intake ")


def test_help_is_there_in_half_a_second() -> None:
    command = [sys.executable, "-m", "trdanalysis", "--help"]
    # Time of the processor: how long one waits depends on what else the machine does.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert 0 < took < 0.5


def test_help_loads_no_heavy_package() -> None:
    code = (
        "import sys\nfrom trdanalysis.cli import main\n"
        "try:\n    main(['check', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([n for n in ('pandas', 'ibis', 'pydantic', 'yaml', 'rich') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_outside_of_a_study_one_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", "autumn"]) == 4
    told = capsys.readouterr().err
    assert "no study folder" in told
    assert "init DIR" in told


def complete(folder: Path, *words: str) -> list[str]:
    """Ask bash what completes the last word, in a folder."""
    script = folder / "completion.bash"
    script.write_text(render_completion(build_parser("trdanalysis"), "bash"), encoding="utf-8")
    code = (
        'source "$1"; shift; complete -p trdanalysis >/dev/null || exit 9\n'
        'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}\n'
        "function=$(complete -p trdanalysis | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
        '"$function" trdanalysis "${@: -1}" ""\n'
        "printf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(
        ["bash", "-c", code, "bash", str(script), "trdanalysis", *words],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_bash_completes_verbs_options_drops_and_definitions(tmp_path: Path) -> None:
    (tmp_path / "data" / "drops" / "autumn").mkdir(parents=True)
    (tmp_path / "data" / "drops" / "spring").mkdir()
    own = tmp_path / "config" / "definitions"
    own.mkdir(parents=True)
    (own / "our-clinic.yaml").write_text("")
    (tmp_path / "results").mkdir()
    assert complete(tmp_path, "fre") == ["freeze"]
    assert sorted(complete(tmp_path, "")) == VERBS
    assert "--again" in complete(tmp_path, "freeze", "--")
    assert complete(tmp_path, "check", "") == ["autumn", "spring"]
    found = complete(tmp_path, "explain", "P1", "--definition", "")
    assert {"article", "ema", "our-clinic"} <= set(found)
    assert complete(tmp_path, "explain", "P1", "--definition", "our") == ["our-clinic"]
    assert complete(tmp_path, "verify", "res") == ["results"]
    assert complete(tmp_path, "completion", "z") == ["zsh"]


def test_zsh_is_given_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "zsh"]) == 0
    script = capsys.readouterr().out
    assert script.startswith("#compdef trdanalysis")
    assert "_trdanalysis_drops()" in script
    assert "compgen -W" not in script.split("# Custom Preamble")[1].split("# End")[0]
