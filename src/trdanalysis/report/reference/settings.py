"""The page of every setting, from the comments and values of the configuration file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trdanalysis.report.reference.markdown import cell, code, render_page, render_table, sentence
from trdanalysis.settings import USED_BY, Settings


@dataclass
class _Block:
    """Keys that stand together below one comment."""

    comment: list[str] = field(default_factory=list)
    keys: dict[str, list[str]] = field(default_factory=dict)


def render_settings(text: str) -> str:
    """Give the page of settings.

    Parameters
    ----------
    text
        ``config/config.yaml``: comments stand before the keys they are of.

    Raises
    ------
    ValueError
        Where a setting is not in the file or has no comment.
    """
    blocks = [block for block in _read_blocks(text) if block.keys]
    told = {key for block in blocks if block.comment for key in block.keys}
    missing = [name for name in Settings.model_fields if name not in told]
    if missing:
        raise ValueError(f"`{missing[0]}` has no comment in config/config.yaml")
    intro = (
        "Settings stand in `config/config.yaml`, all of them; the values below are those of the"
        " file as it comes. A mistyped key stops the run and names the nearest right one. On the"
        " command line: `snakemake --cores 2 --config KEY=VALUE`. A changed setting reruns the"
        " verbs that use it and what follows from them, and nothing else. Settings that change"
        " numbers are kept by `python -m trdanalysis freeze`."
    )
    schema = Settings.model_json_schema()["properties"]
    parts = [_render_block(block, schema) for block in blocks]
    return render_page("Settings", "config/config.yaml and src/trdanalysis/settings.py",
                       [intro, *parts])  # fmt: skip


def _read_blocks(text: str) -> list[_Block]:
    blocks = [_Block()]
    for line in text.splitlines():
        if not line.strip():
            blocks.append(_Block())
        elif line.startswith("#"):
            if blocks[-1].keys:
                blocks.append(_Block())
            blocks[-1].comment.append(line.lstrip("# "))
        elif line[0].isspace():
            blocks[-1].keys[list(blocks[-1].keys)[-1]].append(line.strip())
        else:
            key, _, value = line.partition(":")
            blocks[-1].keys[key] = [value.strip()]
    return blocks


def _render_block(block: _Block, schema: dict[str, Any]) -> str:
    heading = "## " + ", ".join(f"`{key}`" for key in block.keys)
    head = ("setting", "as it comes", "may be", "verbs that use it")
    rows = [
        (code(key), code(" ".join(value).strip()), _limits(schema[key]), _users(key))
        for key, value in block.keys.items()
    ]
    comment = sentence(cell(" ".join(block.comment)))
    return f"{heading}\n\n{comment}\n\n{render_table(head, rows)}"


_KINDS = {"integer": "whole number", "number": "number", "string": "text", "null": "`null`",
          "boolean": "`true` or `false`", "array": "list", "object": "mapping"}  # fmt: skip


def _users(key: str) -> str:
    verbs = [verb for verb, keys in USED_BY.items() if key in keys]
    return ", ".join(code(verb) for verb in verbs) or "none: changes no number"


def _limits(schema: dict[str, Any]) -> str:
    """Say what a value may be, from its JSON schema."""
    if "anyOf" in schema:
        return " or ".join(_limits(option) for option in schema["anyOf"])
    kind = _KINDS[schema["type"]]
    bounds = [f"{word} {schema[name]:g}" for name, word in (
        ("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"),
        ("exclusiveMaximum", "below")) if name in schema]  # fmt: skip
    if schema["type"] == "array":
        kind += f" of {_limits(schema['items'])}s" if "type" in schema["items"] else ""
    return " ".join([kind, *bounds])
