"""The page of every command and of the exit codes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from trdanalysis.errors import EXIT_MEANINGS
from trdanalysis.helping import EXAMPLES, GROUPS
from trdanalysis.report.reference.markdown import code, listed, render_page, render_table, sentence


def render_commands(parser: argparse.ArgumentParser) -> str:
    """Give the page of commands.

    Parameters
    ----------
    parser
        The parser of the command line; its verbs are subparsers.

    Raises
    ------
    ValueError
        Where an option says nothing of itself.
    """
    verbs = _verbs(parser)
    intro = (
        f"`{parser.prog} VERB`, from the folder with `config/`. The workflow calls most of them:"
        " each rule is one verb, and the line it ran stands in its log."
    )
    index = "\n\n".join(
        f"**{title[:1].upper()}{title[1:]}**\n\n" + render_table(
            ("verb", "what it does"),
            [(f"[`{verb}`](#{verb})", verbs[verb].description) for verb in names])
        for title, names in _group(verbs).items()
    )  # fmt: skip
    common = _common(list(verbs.values()))
    parts = [
        intro,
        index,
        "## Exit codes\n\n"
        + render_table(
            ("code", "meaning", "what to do"),
            [(0, "done", ""), *((code, *told) for code, told in sorted(EXIT_MEANINGS.items()))],
        ),
        "A message says what is wrong, where, how many, what was expected and what to do. It never"
        " holds a patient's value.",
        "## Options of every verb\n\n" + _render_options(common),
        *(_render_verb(parser.prog, verb, each, common) for verb, each in verbs.items()),
    ]
    return render_page("Commands", "src/trdanalysis/arguments.py and errors.py", parts)


def _group(verbs: Mapping[str, argparse.ArgumentParser]) -> dict[str, list[str]]:
    """Group verbs by purpose, as the program's help does."""
    grouped = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "others": tuple(name for name in verbs if name not in grouped)}
    found = {title: [name for name in names if name in verbs] for title, names in groups.items()}
    return {title: names for title, names in found.items() if names}


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise ValueError("the parser has no verbs")


def _options(verb: argparse.ArgumentParser) -> list[argparse.Action]:
    return [each for each in verb._actions if not isinstance(each, argparse._HelpAction)]


def _common(verbs: list[argparse.ArgumentParser]) -> list[argparse.Action]:
    """Give the options that every verb has, as one and the same."""
    return [one for one in _options(verbs[0]) if all(one in _options(each) for each in verbs)]


def _render_verb(
    program: str, name: str, verb: argparse.ArgumentParser, common: list[argparse.Action]
) -> str:
    own = [each for each in _options(verb) if each not in common]
    needed = [_written(each) for each in own if each.required]
    usage = " ".join([program, name, *needed, "..." if len(needed) < len(own) else ""]).strip()
    parts = [f"## {name}", sentence(verb.description or ""), f"`{usage}`"]
    if own:
        parts.append(_render_options(own))
    if name in EXAMPLES:
        parts.append(
            "For example:\n\n" + listed(_example(program, each) for each in EXAMPLES[name])
        )
    return "\n\n".join(parts)


def _example(program: str, line: str) -> str:
    if "{prog}" in line:
        return code(line.replace("{prog}", program))
    return code(f"{program} {line}")


def _render_options(options: list[argparse.Action]) -> str:
    rows = []
    for each in options:
        if not each.help:
            raise ValueError(f"{_written(each)} has no help")
        default = "" if each.required or each.default in (None, False, []) else each.default
        rows.append((code(_written(each)), "yes" if each.required else "", code(default),
                     each.help % {"default": each.default, "prog": ""}))  # fmt: skip
    return render_table(("option", "needed", "if left out", "meaning"), rows)


def _written(action: argparse.Action) -> str:
    """Write an option as it is typed."""
    value = action.metavar or action.dest.upper()
    if action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if action.nargs in ("*", "+"):
        value = f"{value} ..."
    if not action.option_strings:
        return str(value)
    return action.option_strings[-1] + ("" if action.nargs == 0 else f" {value}")
