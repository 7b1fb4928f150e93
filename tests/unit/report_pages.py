"""Tables for a report, made of the kept published tables of a small drop."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from tests.golden.run import EXPECTED
from tests.support import CONFIG, REFERENCE, article
from trdanalysis.analysis.drift import DRIFT_COLUMNS
from trdanalysis.analysis.label_changes import FLOW_COLUMNS, RATE_CHANGE_COLUMNS
from trdanalysis.commands.kept import load_references
from trdanalysis.disclosure.policy import read_policy
from trdanalysis.files import read_csv
from trdanalysis.labelling.wording import describe_definition
from trdanalysis.layout import PUBLISHED_TABLES
from trdanalysis.prespecification import FreezeStatus
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.settings import read_settings, read_yaml


def published() -> dict[str, pd.DataFrame]:
    tables = {name: pd.read_csv(EXPECTED / f"{name}.csv") for name in PUBLISHED_TABLES}
    tables["label_reasons"] = pd.DataFrame(
        [
            ("article", "trd", "meets_all_criteria", 7, 3),
            ("article", "not_trd", "too_few_failures", 107, 0),
            ("article", "not_trd", "no_mdd_diagnosis", 19, 0),
            ("article", "not_trd", "not_impaired", 7, 2),
            ("article", "indeterminate", "mdd_unknown", 9, 0),
        ],
        columns=["definition", "label", "reason", "patients", "on_defaults"],
    )
    return tables | changed()


def flows_of(labels: dict[str, int]) -> pd.DataFrame:
    """Give flows from an earlier run to these labels: a tenth had another, a fifth came."""
    rows = []
    names = list(labels)
    for place, (now, n) in enumerate(labels.items()):
        other, came = n // 10, n // 5
        before = {names[place - 1]: other, "absent": came, now: n - other - came}
        rows += [("article", old, now, before.get(old, 0), "ok") for old in (*names, "absent")]
    rows += [("article", old, "absent", 11, "ok") for old in names]
    return pd.DataFrame(rows, columns=FLOW_COLUMNS).astype({"n": "Int64"})


def changed() -> dict[str, pd.DataFrame]:
    """Give tables of a second run and a second drop, which the kept drop has not."""
    drift = [
        ("patients", "sex", "missing", drop, 100, 20 + 30 * place, 0.2 + 0.3 * place,
         0.5 - 0.3 * place, 0.6 * place - 0.3, 0.00001, 0.0009, 90, True, "ok")
        for place, drop in enumerate(("autumn", "spring"))
    ]  # fmt: skip
    return {
        "label_flows": flows_of({"trd": 7, "not_trd": 133, "indeterminate": 9}),
        "rate_changes": pd.DataFrame(
            [("trd", "article", "proven", 150, 25, 0.1667, 170, 40, 0.2353, 0.0686, "ok")],
            columns=RATE_CHANGE_COLUMNS,
        ),
        "drift": pd.DataFrame(drift, columns=DRIFT_COLUMNS),
    }


#: Names of sites that would be more than names on a page that does not escape them; the last is
#: turned around by its marks of writing direction.
HOSTILE = (
    "<script>alert(1)</script>",
    '"onmouseover="alert(2)',
    "</style><img src=x onerror=alert(3)>",
    "</title></table>&lt;b&gt;",
    "{{ 7 * 7 }}",
    "=HYPERLINK(1)",
    "\N{RIGHT-TO-LEFT OVERRIDE}etis\N{ARABIC LETTER ALEF}",
)

#: The text of a mark of a figure that would be markup, were it not taken for text.
TIP = '52.0% (48.0 to 56.0%)\n<b>308</b> of "592"'


def with_hostile_names(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Give each estimand rows of sites with names that somebody meant to do harm with."""
    rates = tables["rates"]
    own = rates[
        (rates["stratum"] == "overall") & rates["analysis"].isin(["complete_case", "proven"])
    ]
    sites = [own.assign(stratum="site", group="site", level=name) for name in HOSTILE]
    return tables | {"rates": pd.concat([rates, *sites], ignore_index=True)}


def report_tables(tables: dict[str, pd.DataFrame], **changed: Any) -> Disclosed:
    made = Disclosed(
        tables=tables,
        published=read_csv(REFERENCE / "published_rates.csv"),
        balance=pd.DataFrame(
            [("autumn", "trials", 1365, 1353, 1, 11, 6)],
            columns=["drop_id", "table", "rows_in", "accepted", "duplicates", "quarantined",
                     "cells_set_unknown"],
        ),  # fmt: skip
        absent_columns=pd.DataFrame(
            [("autumn", "patients", "site")], columns=["drop_id", "table", "column"]
        ),
        left_out_factors=pd.DataFrame(
            [("autumn", "genetic_variant")], columns=["drop_id", "factor"]
        ),
        definitions=[describe_definition(article())],
        settings={
            **read_settings(read_yaml(CONFIG / "config.yaml")).model_dump(mode="json"),
            "age_bands": ["under 12", "12 to 17"],
            "disclosure_policy": "none",
            "policy": read_policy(CONFIG / "disclosure" / "none.yaml").model_dump(mode="json"),
            "policy_title": "No suppression",
            "model_covariates": ["age_years", "sex", "baseline_severity", "episode"],
        },
        run={
            "version": "0",
            "drops": [
                {"drop_id": "autumn", "mode": "snapshot", "source": "native", "synthetic": True,
                 "assumptions": ["Doses were <not> known."]}
            ],
            "synthetic": True,
            "draft": False,
            "command": "snakemake --cores 2",
            "environment": {"python": "3.11.7", "packages": {"pandas": "3.1.1", "numpy": "2.4.6"}},
        },
        hiding={"units": 0, "hidden": 0, "small": 0, "dropped": [], "reprinted": 0},
        freeze=FreezeStatus("frozen", before_labels=True),
        references=load_references(REFERENCE),
    )  # fmt: skip
    return dataclasses.replace(made, **changed)
