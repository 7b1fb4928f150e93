"""Generated files: the pages of reference and the schemas of configuration files.

``python -m trdanalysis.generated`` writes them; a test fails where one is stale.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from trdanalysis.analysis.grid import Grid
from trdanalysis.analysis.questions.eligibility import Eligibility
from trdanalysis.arguments import build_parser
from trdanalysis.contract import NON_DRUG_TREATMENTS, TABLES, Column, TableSpec
from trdanalysis.disclosure.policy import Policy, read_policy
from trdanalysis.files import write_text_if_changed
from trdanalysis.labelling.definition import Definition, read_definition
from trdanalysis.project import list_by_id
from trdanalysis.readers.drop_info import DropInfo
from trdanalysis.report.reference.columns import render_published, render_restricted
from trdanalysis.report.reference.commands import render_commands
from trdanalysis.report.reference.definitions import render_definitions, render_labels
from trdanalysis.report.reference.estimands import render_estimands
from trdanalysis.report.reference.markdown import render_page, render_table
from trdanalysis.report.reference.settings import render_settings
from trdanalysis.report.reference.tables import (
    render_drugs,
    render_policies,
    render_published_rates,
    render_scales,
)
from trdanalysis.settings import Settings, StrictModel

PROJECT = Path(__file__).resolve().parents[2]

#: Strict models by the name of their schema.
MODELS: dict[str, type[StrictModel]] = {
    "config": Settings,
    "definition": Definition,
    "disclosure": Policy,
    "drop": DropInfo,
    "eligibility": Eligibility,
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


def render_files(project: Path = PROJECT) -> dict[str, str]:
    """Render every generated file: path within the project, text.

    Parameters
    ----------
    project
        The folder with ``config`` and ``docs``, of which pages tell.
    """
    files = {"docs/data.md": render_data_page()}
    files["docs/decisions/README.md"] = _render_decisions(project / "docs" / "decisions")
    for name, text in _render_reference(project / "config").items():
        files[f"docs/reference/{name}.md"] = text
    for name, model in MODELS.items():
        schema = json.dumps(model.model_json_schema(), indent=1, sort_keys=True)
        files[f"workflow/schemas/{name}.schema.json"] = schema + "\n"
    return files


def _render_reference(config: Path) -> dict[str, str]:
    """Render the pages of reference: name, text."""
    files = sorted(list_by_id(config, "definitions"), key=_article_first)
    definitions = [read_definition(file) for file in files]
    cases = {file.stem: _count_cases(file.with_suffix(".cases.csv")) for file in files}
    policies = [read_policy(file) for file in list_by_id(config, "disclosure")]
    return {
        "settings": render_settings((config / "config.yaml").read_text(encoding="utf-8")),
        "published": render_published(),
        "restricted": render_restricted(),
        "estimands": render_estimands(),
        "definitions": render_definitions(definitions, cases),
        "labels": render_labels(),
        "commands": render_commands(build_parser()),
        "policies": render_policies(policies),
        "drugs": render_drugs(_read_texts(config / "reference" / "antidepressants.csv")),
        "scales": render_scales(_read_texts(config / "reference" / "scales.csv")),
        "published-rates": render_published_rates(
            _read_texts(config / "reference" / "published_rates.csv")
        ),
    }


def _render_decisions(folder: Path) -> str:
    """Render the list of decision records from their titles."""
    rows = []
    for file in sorted(folder.glob("[0-9]*.md")):
        title = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("#").strip()
        number, _, words = title.partition(" ")
        rows.append((f"[{number.rstrip(':')}]({file.name})", words))
    intro = (
        "One short record per scientific or structural choice: what was decided, why, and what it"
        " costs."
    )
    table = render_table(("record", "decision"), rows)
    return render_page("Decisions", "the records' titles", [intro, table])


def _article_first(file: Path) -> tuple[bool, str]:
    return not file.stem.startswith("article"), file.stem


def _count_cases(file: Path) -> int:
    return int(_read_texts(file)["case"].nunique())


def _read_texts(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype=str, keep_default_na=False)


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
