"""The RO-Crate of published files: their description in the form that archives read.

It is made from the manifest and from nothing else, so that it holds no clock, host or path either.
"""

from __future__ import annotations

import re
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from trdanalysis.files import format_json
from trdanalysis.layout import MANIFEST, TABLES_FOLDER
from trdanalysis.report.manifest import FileFacts, Manifest, hash_text, parse_manifest
from trdanalysis.report.paper.contents import CONTENTS as PAPER_CONTENTS

#: Version of the RO-Crate specification. Named, because the library's own default moves.
CRATE_VERSION = "1.2"

TOOL_LICENCE = "https://spdx.org/licenses/MIT"

#: What each published file holds, by name without its ending.
CONTENTS = {
    "report": "The report: tables, figures, methods and limits, in one page that needs no network",
    "rates": "Rates of each estimand by stratum, with intervals and bounds for what is unknown",
    "benchmarks": "Overall rates beside published rates of the same quantity",
    "attrition": "How many patients and trials are left at each step of each population",
    "definitions": "Labels by definition: how many patients are resistant, not, or cannot be told",
    "comparisons": "Comparisons between groups: differences, ratios and tests",
    "models": "What each model was fitted to, and whether it could be",
    "unknowns": "How many labels each unknown criterion costs",
    "resistance": "Apparent and proven resistance, and what the difference is made of",
    "clusters": "Rates of trials with several trials a patient, and their clustering",
    "curves": "Time to the second failure: cumulative incidence by day",
    "age_curves": "Rates along age, as a smooth curve",
    "tipping": "How missing outcomes would have to turn out to change a conclusion",
    "first_trials": "First trials: what they were and how they ended",
    "characteristics": "Characteristics of patients by label, with how many are unknown",
    "questions": "What the article asks beside the label: counts of patients, shares and bounds",
    "question_contrasts": "Comparisons and model terms that belong to those questions",
    "question_curves": "Cumulative incidences that belong to those questions",
    "grades": "Patients by grade, of definitions that have grades",
    "agreement": "Agreement of every two definitions",
    "overlaps": "Who is resistant by which definitions together",
    "multiverse": "The rate of resistance under every combination of the configured thresholds",
    "figures/captions": "Captions and alternative texts of the figures",
    "figures/participant-flow": "Figure: participant flow, from records to patients counted",
    "figures/headline-rates": "Figure: headline rates beside published rates",
    "figures/rates-adequate-first-trial": "Figure: non-response to an adequate first trial, by age"
    " band and factor group",
    "figures/rates-first-trial": "Figure: non-response to the first trial, by age band and factor"
    " group",
    "figures/adjusted-ratios": "Figure: adjusted risk ratios of non-response",
    "figures/age-curve": "Figure: non-response by age, as a smooth curve",
    "figures/specification-curve": "Figure: the rate of resistance under every combination of"
    " thresholds",
    "figures/definition-overlap": "Figure: who is resistant by which definitions together",
    "figures/definition-agreement": "Figure: agreement of definitions with the primary one",
    "figures/apparent-resistance": "Figure: apparent against proven resistance",
    "figures/time-to-second-failure": "Figure: time to the second failure",
    "figures/label-changes": "Figure: labels in the last run and now",
    "figures/residual-symptoms": "Figure: residual symptoms by group of patients",
    "figures/pathways-after-trd": "Figure: what was tried after treatment resistance",
    "text/methods": "Methods in words, from the configuration, with citations by key",
    "text/results": "Results in words, of the published numbers, with citations by key",
    "text/references": "What the texts cite, as BibTeX",
    "text/checklist": "The checklists of STROBE and RECORD, filled where the run knows the answer",
    "text/manuscript": "Methods, results, references and checklists as one Word document",
}

CONTENTS |= {
    f"{TABLES_FOLDER}/table-{name}": f"Table {name.upper()} of a paper: {text}"
    for name, text in PAPER_CONTENTS.items()
}
CONTENTS |= {f"{TABLES_FOLDER}/notes": "Titles and footnotes of a paper's tables"}

_MEDIA_TYPES = {
    "csv": "text/csv", "html": "text/html", "json": "application/json", "md": "text/markdown",
    "pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml",
    "bib": "application/x-bibtex",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "tex": "application/x-tex",
}  # fmt: skip


def format_crate(manifest_text: str) -> str:
    """Give the text of ``ro-crate-metadata.json`` for a manifest.

    Parameters
    ----------
    manifest_text
        The manifest as it is written; the crate holds its hash.
    """
    manifest = parse_manifest(manifest_text, MANIFEST)
    crate = ROCrate(version=CRATE_VERSION)
    _describe_whole(crate, manifest)
    # Of every file too: what states no licence of its own has that of the whole.
    crate.root_dataset["license"] = _add_conditions(crate, manifest)
    results = [_add_file(crate, name, facts) for name, facts in manifest.files.items()]
    about = {
        "name": "Manifest: hashes of every file and of everything it was made from",
        "sha256": hash_text(manifest_text),
        "contentSize": str(len(manifest_text.encode())),
        "encodingFormat": _MEDIA_TYPES["json"],
    }
    results.append(crate.add_file(dest_path=MANIFEST, properties=about))
    run = {
        "@type": "CreateAction",
        "name": "The run of the workflow that made these files",
        "description": f"Command: {manifest.commands['workflow']}",
        "instrument": _add_tool(crate, manifest),
        "object": _add_sources(crate, manifest),
        "result": results,
    }
    crate.root_dataset["mentions"] = crate.add(ContextEntity(crate, "#run", properties=run))
    crate.metadata["name"] = "RO-Crate metadata of these files"
    data = crate.metadata.generate()
    data["@graph"] = [dict(sorted(entity.items())) for entity in data["@graph"]]
    return format_json(data)


def _describe_whole(crate: ROCrate, manifest: Manifest) -> None:
    synthetic = bool(manifest.drops) and all(drop.synthetic for drop in manifest.drops)
    released_on = manifest.settings.get("release_date")
    text = (
        "Rates of non-response and of treatment-resistant depression from treatment records, as"
        f" counts and rates of groups, under the disclosure policy `{manifest.policy.id}`."
    )
    text += " The records are synthetic: invented, of nobody." if synthetic else ""
    text += " A draft, for looking only: it is no release." if manifest.is_draft else ""
    # The library stamps the clock, which would make every run's file another.
    del crate.root_dataset["datePublished"]
    day = released_on or manifest.tool.commit_date
    if day is not None:
        crate.root_dataset["datePublished"] = day
    if released_on is None and day is not None:
        text += " No day of publication was set: the one given is that of the code's commit."
    crate.root_dataset["name"] = "Treatment-resistant depression: " + (
        "draft of published tables and report" if manifest.is_draft else "tables and report"
    )
    crate.root_dataset["description"] = text


def _add_conditions(crate: ROCrate, manifest: Manifest) -> ContextEntity:
    """Add the licence, or what is known of the conditions where none was set."""
    licence = manifest.settings.get("release_licence")
    is_address = licence is not None and re.fullmatch(r"https?://\S+", licence) is not None
    if manifest.is_draft:
        licence, is_address = None, False
        text = (
            "A draft. It stays where the records are and may not be passed on; what may leave is in"
            " a release."
        )
    elif licence is not None:
        text = "The licence that was stated for this release." if is_address else licence
    else:
        text = (
            "No licence was stated. The files passed disclosure control under the policy"
            f" `{manifest.policy.id}`; what else may be done with them is for whoever holds the"
            " records to say."
        )
    name = licence if is_address else "Conditions of use"
    about = {"@type": "CreativeWork", "name": name, "description": text}
    return crate.add(
        ContextEntity(crate, licence if is_address else "#conditions", properties=about)
    )


def _add_file(crate: ROCrate, name: str, facts: FileFacts) -> Any:
    stem, _, ending = name.rpartition(".")
    about: dict[str, Any] = {
        "name": CONTENTS.get(stem, f"Result table `{stem}`"),
        "contentSize": str(facts.size),
        "sha256": facts.sha256,
    }
    if ending in _MEDIA_TYPES:
        about["encodingFormat"] = _MEDIA_TYPES[ending]
    if facts.columns is not None:
        about["description"] = f"{facts.rows} rows. Columns: {', '.join(facts.columns)}."
    return crate.add_file(dest_path=name, properties=about)


def _add_tool(crate: ROCrate, manifest: Manifest) -> ContextEntity:
    tool = manifest.tool
    code = "not known"
    if tool.commit is not None:
        code = tool.commit + ("" if tool.clean else ", with changes that were not committed")
    licence = {
        "@type": "CreativeWork",
        "name": "MIT License",
        "description": "Licence of the program, not of the files that it made.",
    }
    about = {
        # Not a SoftwareApplication, which must have an address on the web.
        "@type": "SoftwareSourceCode",
        "name": tool.name,
        "version": tool.version,
        "description": f"Code commit: {code}. Python {manifest.environment.python}.",
        "license": crate.add(ContextEntity(crate, TOOL_LICENCE, properties=licence)),
    }
    return crate.add(ContextEntity(crate, f"#{tool.name}", properties=about))


def _add_sources(crate: ROCrate, manifest: Manifest) -> list[ContextEntity]:
    sources = {
        "#settings": ("Settings of the run", manifest.settings_sha256),
        f"#policy-{manifest.policy.id}": (
            f"Disclosure policy `{manifest.policy.id}`",
            manifest.policy.sha256,
        ),
    }
    for name, definition in manifest.definitions.items():
        sources[f"#definition-{name}"] = (f"Definition: {definition.title}", definition.sha256)
    for drop in manifest.drops:
        kind = "synthetic records" if drop.synthetic else "records, which do not leave the site"
        sources[f"#drop-{drop.drop_id}"] = (f"Drop `{drop.drop_id}`: {kind}", drop.sha256)
    return [
        crate.add(
            ContextEntity(
                crate,
                identifier,
                properties={
                    "@type": "CreativeWork",
                    "name": name,
                    "description": f"SHA-256: {sha}",
                },
            )
        )
        for identifier, (name, sha) in sources.items()
    ]
