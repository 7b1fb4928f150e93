"""`map`: a first mapping for one file, for a person to edit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from trdanalysis.commands.shared import load_drug_names, load_scales, step
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.files import read_csv, write_aside
from trdanalysis.intake.proposal.propose import FileFacts, propose_mapping, with_facts
from trdanalysis.intake.proposal.render import render_mapping
from trdanalysis.intake.proposal.vocabulary import Vocabulary, build_vocabulary
from trdanalysis.project import find_words
from trdanalysis.readers.looking import look_at
from trdanalysis.readers.mapping import read_mapping


def run_map(
    engine: Engine,
    path: Path,
    out: Path | None,
    reference: Path,
    *,
    sheet: str | None = None,
    force: bool = False,
) -> Path:
    """Propose a mapping for a file and write it.

    Parameters
    ----------
    engine
        Reads the file.
    path
        Any file that the flat reader reads.
    out
        Where the mapping goes; None: ``mapping.yaml`` beside the file.
    reference
        Folder of reference tables; ``mappings`` beside it holds the tables of words.
    sheet
        Of a spreadsheet; the first if None.
    force
        Whether a file that is there is replaced.

    Returns
    -------
    Path
        What was written. The strict reader of mappings accepts it.

    Raises
    ------
    UserError
        Where the file cannot be read, nothing in it is recognised, or ``out`` is there.
    """
    target = out if out is not None else path.parent / "mapping.yaml"
    if target.exists() and (not force or not target.is_file() or _is_same(target, path)):
        raise UserError(
            "there is a file of that name",
            where=str(target),
            expected="a name that is free",
            try_this="choose another with --out, or replace a mapping with --force",
            kind="output",
        )
    look = look_at(engine, path, sheet)
    facts = FileFacts(path.name, look.delimiter, look.encoding, look.sheet, look.notes, look.labels)
    proposal = propose_mapping(look.frame, facts, load_vocabulary(reference))
    text = render_mapping(with_facts(proposal, list(look.notes)))
    with write_aside(target) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")
        read_mapping(aside)
    todo = sum("TODO" in line for line in text.splitlines()[6:])
    step(f"{target}: a proposal, to be read line by line")
    step(f"  {todo} line(s) say TODO; {len(proposal.left_over)} column(s) are not carried over")
    step("  read every line, then write `source: flat` and `mapping:` into drop.yaml")
    return target


def _is_same(one: Path, other: Path) -> bool:
    return other.exists() and one.samefile(other)


def load_vocabulary(reference: Path) -> Vocabulary:
    """Load the tables of words: those of the tool, and the study's own added to them."""
    tables = {}
    for name in ("column_names", "scale_names", "code_words"):
        parts = [read_csv(file) for file in find_words(reference, f"{name}.csv")]
        # A study may have begun with a copy of the tool's table.
        tables[name] = pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)
    return build_vocabulary(
        tables["column_names"],
        tables["scale_names"],
        tables["code_words"],
        load_drug_names(reference),
        load_scales(reference),
    )
