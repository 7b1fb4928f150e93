"""Reading definitions, with every name in them checked, before any data is read."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from trdanalysis.contract import NON_DRUG_TREATMENTS
from trdanalysis.errors import UserError, suggest
from trdanalysis.labelling.definition import Definition, read_definition
from trdanalysis.project import find_table
from trdanalysis.settings import find_line


def load_definitions(paths: Iterable[Path], reference: Path) -> list[Definition]:
    """Read definition files; see :func:`trdanalysis.labelling.definition.read_definition`.

    Parameters
    ----------
    paths
        Definition files.
    reference
        Folder of reference tables: a definition may name only treatments, classes and scales that
        these have.

    Raises
    ------
    UserError
        Kind ``config``: as ``read_definition``, or a name that no reference table has.
    """
    drugs = _rows(find_table(reference, "antidepressants.csv"))
    treatments = {*NON_DRUG_TREATMENTS}
    for row in drugs:
        treatments |= {row["generic"], row["moiety_group"]}
    classes = {row["class_group"] for row in drugs}
    scales = {row["scale"] for row in _rows(find_table(reference, "scales.csv"))}
    definitions = []
    for path in paths:
        definition = read_definition(path)
        for what, named, known in (
            ("treatment", definition.named_treatments, treatments),
            ("class", definition.named_classes, classes),
            ("scale", definition.named_scales, scales),
        ):
            for name in named:
                if name not in known:
                    raise UserError(
                        f"there is no {what} `{name}`",
                        where=f"{path}, line {find_line(path, name)}",
                        expected=f"a {what} of config/reference",
                        try_this=suggest(name, sorted(known)),
                        kind="config",
                    )
        definitions.append(definition)
    return definitions


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
