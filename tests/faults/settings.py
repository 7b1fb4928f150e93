"""Spoiled settings: configurations, definitions, policies, journals, grids, mappings, lists."""

from __future__ import annotations

import json
import random
import re
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults import mutate
from tests.support import CONFIG, REFERENCE, ROOT
from trdanalysis.analysis.grid import find_primary_cell, read_grid
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.shared import load_drug_names
from trdanalysis.disclosure.policy import read_policy
from trdanalysis.errors import UserError
from trdanalysis.files import read_csv
from trdanalysis.labelling.cases import read_cases
from trdanalysis.labelling.definition import read_definition
from trdanalysis.prespecification import compare_frozen, read_frozen
from trdanalysis.readers.delivery import read_check_sums
from trdanalysis.readers.mapping import read_mapping
from trdanalysis.readers.omop.mapping import read_omop_mapping
from trdanalysis.readers.redcap.mapping import read_redcap_mapping
from trdanalysis.readers.studies.mapping import read_study_mapping
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.settings import read_settings, read_verb_settings, read_yaml, render_verb_settings

MOST_SECONDS = 10.0


@dataclass(frozen=True)
class Kind:
    """A kind of file: where good ones are, under which name one is read, and how."""

    good: tuple[str, ...]
    name: str
    read: Callable[[Path], object]
    is_yaml: bool = True


def _texts(*patterns: str) -> tuple[str, ...]:
    found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    return tuple(path.read_text(encoding="utf-8") for path in found)


def _blocks(page: str) -> tuple[str, ...]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return tuple(
        block for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
        if "tables:" in block and "file:" in block
    )  # fmt: skip


def _read_settings(path: Path) -> object:
    settings = read_settings(read_yaml(path), str(path))
    return render_verb_settings(settings, path.parent)


def _read_definition(path: Path) -> object:
    # As a run reads it: every name in it is looked up.
    found = load_definitions([path], REFERENCE)[0]
    return found.make_fingerprint(), found.needed_columns, found.kind


def _read_grid(path: Path) -> object:
    grid = read_grid(path)
    return find_primary_cell(grid, read_definition(CONFIG / "definitions" / "article.yaml"))


def _read_names(path: Path) -> object:
    return load_drug_names(path.parent)


def _read_frozen(path: Path) -> object:
    return compare_frozen(read_frozen(path), json.loads(_FROZEN))


_FROZEN = json.dumps(
    {
        "version": "0.1.0", "labels_existed": False, "earlier": [], "settings": {"seed": 1},
        "definitions": {"article": {"trial": {"min_days": 42}}}, "reference": {"scales.csv": "ab"},
    }
)  # fmt: skip
_NAMES = "name,means,source\nZolofft,sertraline,us\nTrevilor,venlafaxine,us\n"

KINDS: dict[str, Kind] = {
    "configuration": Kind(_texts("config/config.yaml"), "config.yaml", _read_settings),
    "definition": Kind(_texts("config/definitions/*.yaml"), "mine.yaml", _read_definition),
    "policy": Kind(_texts("config/disclosure/*.yaml"), "policy.yaml", read_policy),
    "journal": Kind(_texts("config/journals/*.yaml"), "journal.yaml", read_journal),
    "grid": Kind(_texts("config/multiverse.yaml"), "multiverse.yaml", _read_grid),
    "flat mapping": Kind(
        (*_texts("config/mappings/dia-*.yaml"), *_blocks("readers-flat.md")), "m.yaml", read_mapping
    ),
    "redcap mapping": Kind(_blocks("readers-redcap.md"), "m.yaml", read_redcap_mapping),
    "omop mapping": Kind(_texts("config/mappings/omop.yaml"), "m.yaml", read_omop_mapping),
    "sdtm mapping": Kind(
        _texts("config/mappings/sdtm*.yaml"), "m.yaml",
        lambda path: read_study_mapping(path, "sdtm"),
    ),
    "nda mapping": Kind(
        _texts("config/mappings/nda*.yaml"), "m.yaml", lambda path: read_study_mapping(path, "nda")
    ),
    "cases": Kind(
        _texts("config/definitions/article*.cases.csv"), "mine.cases.csv",
        lambda path: read_cases(read_csv(path), str(path)), False,
    ),
    "drug names": Kind((_NAMES,), "site_drug_names.csv", _read_names, False),
    "frozen": Kind((_FROZEN,), "frozen.json", _read_frozen, False),
    "settings of a step": Kind(('{"seed": 1}',), "label.json", read_verb_settings, False),
    "check sums": Kind(
        ("0" * 64 + "  patients.csv\n",), "SHA256SUMS",
        lambda path: read_check_sums(path.parent), False,
    ),
}  # fmt: skip

#: How often each kind is drawn.
_WEIGHTS = {"configuration": 6, "definition": 8, "policy": 3, "journal": 3}


def judge_settings(seed: int, folder: Path) -> tuple[str, list[str]]:
    """Read the spoiled file of a seed; see :func:`tests.faults.drops.judge_case`."""
    draw = random.Random(seed)
    names = list(KINDS)
    name = draw.choices(names, [_WEIGHTS.get(one, 1) for one in names])[0]
    kind = KINDS[name]
    path = folder / kind.name
    good = draw.choice(kind.good)
    if name == "definition":
        # Read under a name of its own, as a draft: what is spoiled is then not its fingerprint.
        good = re.sub(r"(?m)^id: .*$", "id: mine", good)
        good = re.sub(r"(?m)^status: .*$", "status: draft", good)
    path.write_bytes(
        mutate.spoil_yaml(draw, good) if kind.is_yaml else mutate.spoil_bytes(draw, good.encode())
    )
    faults, began = [], time.process_time()
    try:
        kind.read(path)
        went = "accepted"
    except UserError as error:
        went = "refused"
        faults += [] if error.what.strip() else ["the message is empty"]
    except Exception:  # noqa: BLE001 -- whatever it is, it is a fault
        went = "fault"
        faults.append(traceback.format_exc(limit=-6))
    took = time.process_time() - began
    if took > MOST_SECONDS:
        faults.append(f"it took {took:.0f} s of the processor")
    path.unlink()
    return went, [f"{name}: {fault}" for fault in faults]


def run_settings(seeds: range, folder: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Judge the settings of several seeds."""
    for seed in seeds:
        went, faults = judge_settings(seed, folder)
        yield seed, went, faults
