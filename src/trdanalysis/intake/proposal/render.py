"""A proposal as YAML, each line with its reason and how sure it is."""

from __future__ import annotations

from typing import Any

import yaml

from trdanalysis.intake.proposal.lines import Line, Proposal, RowSet

_WIDE = 10**6


def render_mapping(proposal: Proposal) -> str:
    """Render a proposal as the text of a mapping file.

    Returns
    -------
    str
        YAML that the flat reader accepts. Lines that are not active are comments.
    """
    lines = [
        "# A mapping for the reader `flat`, proposed by `python -m trdanalysis map` from the",
        "# names and cells of one file. Read every line before you use it: `sure` and `likely`",
        "# say how well a name or its cells were recognised, `unsure` is a guess, and TODO is",
        "# yours to decide. docs/readers-flat.md explains the words.",
        *(f"# {sentence}" for sentence in proposal.about),
        "",
    ]
    lines += [_render(line, idle=not line.is_active) for line in proposal.head]
    lines += ["", "tables:"]
    tables = list(dict.fromkeys(one.table for one in proposal.rows))
    for table in tables:
        sets = [one for one in proposal.rows if one.table == table]
        active = any(one.is_active for one in sets)
        lines.append(f"  {table}:" if active else f"  # {table}:")
        for one in sets:
            lines += _render_rows(one)
    lines += ["", *_render_left_over(proposal.left_over)]
    return "\n".join(lines) + "\n"


def _render_rows(rows: RowSet) -> list[str]:
    """Render one set of rows as a member of the table's list."""
    inner = [_render(line, idle=rows.is_active and not line.is_active) for line in rows.head]
    inner.append("columns:")
    for line in rows.columns:
        inner.append("  " + _render(line, idle=rows.is_active and not line.is_active))
    lead = "    " if rows.is_active else "    # "
    dashed = [("  " if place else "- ") + text for place, text in enumerate(inner)]
    return [f"    # {rows.about}:", *(lead + text for text in dashed)]


def _render(line: Line, *, idle: bool) -> str:
    comment = f"{line.sure}: {line.why}".replace("\n", " ")
    return f"{'# ' if idle else ''}{_scalar(line.key)}: {_flow(line.value)}  # {comment}"


def _flow(value: Any) -> str:
    """Write a value on one line; texts that YAML would read as something else are quoted."""
    if isinstance(value, (dict, list)):
        text = yaml.safe_dump(
            value, default_flow_style=True, sort_keys=False, width=_WIDE, allow_unicode=True
        )
        return str(text).strip()
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "TODO"
    text = yaml.safe_dump([value], default_flow_style=True, width=_WIDE, allow_unicode=True)
    return str(text).strip()[1:-1]


def _render_left_over(left_over: list[tuple[str, str]]) -> list[str]:
    if not left_over:
        return ["# Every column of the file is carried over."]
    width = min(max(len(name) for name, _ in left_over), 40)
    lines = [f"# Not carried over, {len(left_over)} column(s), each with the reason:"]
    return lines + [f"#   {name:<{width}}  {why}" for name, why in left_over]
