"""Results as texts are written from: those of the page's tests, by any definitions and policy."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from tests.support import CONFIG, REFERENCE
from tests.unit.release_cohorts import policy_of
from tests.unit.report_pages import report_tables
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.labelling.wording import describe_definition
from trdanalysis.report.disclosed import Disclosed


def text_results(
    tables: dict[str, pd.DataFrame],
    policy: str = "none",
    definitions: tuple[str, ...] = ("article",),
    **settings: Any,
) -> Disclosed:
    """Give results of these tables, disclosed by a policy, with settings changed where said."""
    files = [CONFIG / "definitions" / f"{name}.yaml" for name in definitions]
    rules = policy_of(policy)
    shown = report_tables(tables)
    of_policy = {
        "disclosure_policy": policy,
        "policy": rules.model_dump(mode="json"),
        "policy_title": rules.title,
        "age_bands": ["under 18", "18-25", "26 and over"],
    }
    return dataclasses.replace(
        shown,
        definitions=[describe_definition(one) for one in load_definitions(files, REFERENCE)],
        settings={**shown.settings, **of_policy, **settings},
    )
