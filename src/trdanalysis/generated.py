"""Generated files: the page of columns and the schemas of configuration files.

``python -m trdanalysis.generated`` writes them; a test fails where one is stale.
"""

from __future__ import annotations

import json
from pathlib import Path

from trdanalysis.analysis.grid import Grid
from trdanalysis.contract import NON_DRUG_TREATMENTS, TABLES, Column, TableSpec
from trdanalysis.disclosure.policy import Policy
from trdanalysis.files import write_text_if_changed
from trdanalysis.labelling.definition import Definition
from trdanalysis.readers.drop_info import DropInfo
from trdanalysis.settings import Settings, StrictModel

#: Strict models by the name of their schema.
MODELS: dict[str, type[StrictModel]] = {
    "config": Settings,
    "definition": Definition,
    "disclosure": Policy,
    "drop": DropInfo,
    "multiverse": Grid,
}

_KINDS = {
    "id": "text: letters, digits and `_ . -`, at most 64",
    "text": "text",
    "integer": "whole number",
    "day": "whole number",
    "number": "number",
    "three_valued": "`yes`, `no` or empty (Parquet: nullable boolean)",
    "drug": "text; or one of " + ", ".join(f"`{word}`" for word in NON_DRUG_TREATMENTS),
    "scale": "name of a symptom scale",
    "function_scale": "name of a functional scale",
}


def render_files() -> dict[str, str]:
    """Render every generated file: path within the project, text."""
    files = {"docs/data.md": render_data_page()}
    for name, model in MODELS.items():
        schema = json.dumps(model.model_json_schema(), indent=1, sort_keys=True)
        files[f"workflow/schemas/{name}.schema.json"] = schema + "\n"
    return files


def render_data_page() -> str:
    """Render the page that lists every table and column of a drop."""
    lines = [
        "# What goes into a drop",
        "",
        "<!-- Generated from src/trdanalysis/contract.py by `python -m trdanalysis.generated`. -->",
        "",
        "A drop is a folder `data/drops/<drop_id>/` with one CSV (UTF-8, header row) or Parquet"
        " file a table. Nothing in a cell means unknown, never no. Days are whole numbers relative"
        " to one private origin a patient, the same in every drop. Calendar dates never enter."
        " Intervals are half-open: a stop day is the first day without the treatment.",
        "",
        "`drop.yaml` is optional: `mode` (`snapshot` or `increment`), `source` (`native`,"
        " `flat`, `omop`, `redcap`, `sdtm` or `nda`), `mapping` (for all but `native`), `synthetic`"
        " (`true` or `false`), `namespace` (put before patient ids where sites may share them).",
    ]
    for spec in TABLES.values():
        lines += ["", *_render_table(spec)]
    return "\n".join(lines) + "\n"


def _render_table(spec: TableSpec) -> list[str]:
    key = ", ".join(f"`{name}`" for name in spec.key)
    need = "required" if spec.required else "optional"
    lines = [
        f"## `{spec.name}`",
        "",
        f"{spec.meaning.capitalize()}; {need}. Key: {key}.",
        "",
        "| column | holds | meaning |",
        "|---|---|---|",
    ]
    for column in spec.columns:
        name = f"`{column.name}`" + (" (required)" if column.required else "")
        lines.append(f"| {name} | {_render_kind(column)} | {column.meaning} |")
    return lines


def _render_kind(column: Column) -> str:
    if column.words:
        return ", ".join(f"`{word}`" for word in column.words)
    text = _KINDS[column.kind]
    if column.unit:
        text += f", {column.unit}"
    if column.low is not None and column.kind != "day":
        low = f"above {column.low:g}" if column.low_open else f"{column.low:g}"
        text += f", {low}" + ("" if column.high is None else f" to {column.high:g}")
    if column.group:
        text += f" ({column.group})"
    return text


if __name__ == "__main__":
    for path, content in render_files().items():
        write_text_if_changed(Path(path), content)
