"""Completion in shells: verbs and options, files and folders, ids of drops and definitions."""

from __future__ import annotations

import argparse
import shlex
from typing import Literal

import shtab

from trdanalysis.project import tool_config

Shell = Literal["bash", "zsh"]

#: The command that is completed; `python -m trdanalysis` cannot be.
COMMAND = "trdanalysis"

#: What completes an argument, by what it is called in the usage.
_BY_METAVAR = {
    "FILE": shtab.FILE,
    "FOLDER": shtab.DIRECTORY,
    "DIR": shtab.DIRECTORY,
    "OTHER": shtab.DIRECTORY,
    "DROP": {"bash": "_trdanalysis_drops", "zsh": "_trdanalysis_drops"},
    "ID": {"bash": "_trdanalysis_definitions", "zsh": "_trdanalysis_definitions"},
}

#: Ids are read off names of folders and files: quick, and right in the study one is in.
_NAMES = """_trdanalysis_names() {
  local place
  for place in "$@"; do
    [ -e "$place" ] || continue
    place="${place%%/}"; place="${place##*/}"; printf '%%s\\n' "${place%%.yaml}"
  done | sort -u
}
"""
_GIVE = {
    "bash": '  compgen -W "$(_trdanalysis_names %s)" -- "$1"\n',
    "zsh": '  setopt localoptions nullglob; compadd -- ${(f)"$(_trdanalysis_names %s)"}\n',
}


def render_completion(parser: argparse.ArgumentParser, shell: Shell) -> str:
    """Write the script that a shell reads to complete the command.

    Parameters
    ----------
    parser
        The parser of all verbs; what completes each argument is added to it.
    shell
        Which one.
    """
    _add_completions(parser)
    tools = shlex.quote(f"{tool_config()}/definitions")
    give = _GIVE[shell]
    functions = (
        _NAMES.replace("%%", "%")
        + "_trdanalysis_drops() {\n" + give % "data/drops/*/" + "}\n"
        + "_trdanalysis_definitions() {\n"
        + give % f"config/definitions/*.yaml {tools}/*.yaml" + "}\n"
    )  # fmt: skip
    return shtab.complete(parser, shell, preamble=functions)


def _add_completions(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                _add_completions(inner)
        elif isinstance(action.metavar, str) and action.metavar in _BY_METAVAR:
            is_id = action.metavar in ("DROP", "ID")
            if is_id or action.type is not None and action.type is not str:
                action.complete = _BY_METAVAR[action.metavar]  # type: ignore[attr-defined]
