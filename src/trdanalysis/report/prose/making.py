"""The texts of a run, put together, and as the files that are published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from trdanalysis.layout import TEXT_FILES
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.prose import analysis_methods, design, groups, outcomes
from trdanalysis.report.prose.bibliography import (
    Entry,
    add_missing,
    cite_long,
    format_bibliography,
)
from trdanalysis.report.prose.checklists import (
    Item,
    count_items,
    fill_checklists,
    format_checklists,
)
from trdanalysis.report.prose.design import own_key
from trdanalysis.report.prose.document import render_document
from trdanalysis.report.prose.formats import format_html, format_markdown
from trdanalysis.report.prose.numbers import select
from trdanalysis.report.prose.text import Prose, cited_in, keep_filled, said

METHODS, RESULTS = "methods", "results"
#: Texts that can be printed, and the published file that each is.
TEXTS = {
    METHODS: "text/methods.md", RESULTS: "text/results.md",
    "references": "text/references.bib", "checklist": "text/checklist.csv",
}  # fmt: skip


@dataclass(frozen=True)
class PageText:
    """A text as the page shows it: headings with their paragraphs, safe HTML."""

    title: str
    sections: tuple[tuple[str, tuple[Markup, ...]], ...]


@dataclass(frozen=True)
class PageProse:
    """What the page shows of the texts.

    Attributes
    ----------
    methods, results
        The texts.
    checklist
        Items of STROBE and RECORD.
    summary
        How many of them are filled.
    references
        What is cited, a line each.
    """

    methods: PageText
    results: PageText
    checklist: tuple[Item, ...]
    summary: Markup
    references: tuple[str, ...]


def write_methods(results: Disclosed) -> Prose:
    """Write the methods of a run: what was done in it, and nothing else."""
    return Prose(
        "Methods",
        _made_of(results, METHODS),
        keep_filled(
            (
                design.write_design(results),
                design.write_definition(results),
                design.write_outcomes(),
                design.write_estimands(results),
                analysis_methods.write_statistics(results),
                analysis_methods.write_sensitivity(results),
                analysis_methods.write_disclosure(results),
                analysis_methods.write_prespecification(results),
                analysis_methods.write_software(results),
            )
        ),
    )


def write_results(results: Disclosed) -> Prose:
    """Write the results of a run, of numbers that passed disclosure control."""
    return Prose(
        "Results",
        _made_of(results, RESULTS),
        keep_filled(
            (
                outcomes.write_participants(results),
                outcomes.write_primary(results),
                groups.write_ages(results),
                groups.write_factors(results),
                outcomes.write_resistance(results),
                groups.write_benchmarks(results),
                groups.write_definitions(results),
                groups.write_robustness(results),
                groups.write_hidden(results),
            )
        ),
    )


def _made_of(results: Disclosed, text: str) -> tuple[str, ...]:
    run = results.run
    drops = ", ".join(said(drop["drop_id"]) for drop in run["drops"]) or "none"
    told = []
    if run["draft"]:
        told.append("A draft, for looking only: it is no release and stays where the records are.")
    if run["synthetic"]:
        told.append("All records are synthetic: they describe nobody.")
    told.append(
        f"Made from: drops {drops}; definition `{results.primary}`; disclosure policy"
        f" `{said(results.settings['disclosure_policy'])}`; by trdanalysis"
        f" {said(run['version'])}, `{said(run['command'])}`; printed again by"
        f" `python -m trdanalysis text {text}`."
    )
    return tuple(told)


def entries_of(results: Disclosed) -> dict[str, Entry]:
    """Give the bibliography, with an entry for each definition and rate that it does not have."""
    references = results.references
    needed = {
        own_key(one["id"]): (said(one["title"]), said(one["citation"]))
        for one in results.definitions
        if not references.keys_of("definition", one["id"])
    }
    used = set(results.tables["benchmarks"]["reference_id"])
    needed |= {
        own_key(row["reference_id"]): (
            f"{said(row['study'])} ({said(row['year'])})", said(row["source"]),
        )
        for row in select(results.published)
        if row["reference_id"] in used
        and not references.keys_of("published_rate", row["reference_id"])
    }  # fmt: skip
    return add_missing(references.entries, needed)


def make_prose(results: Disclosed) -> PageProse:
    """Make what the page shows: safe HTML throughout, but for the items, which are plain text."""
    entries = entries_of(results)
    methods, found = write_methods(results), write_results(results)
    items = fill_checklists(results)
    summary = count_items(items)
    cited = [*methods.cited(), *found.cited(), *cited_in([summary])]
    return PageProse(
        _of_page(methods, entries),
        _of_page(found, entries),
        tuple(items),
        format_html(summary, entries),
        tuple(sorted(cite_long(entries[key]) for key in dict.fromkeys(cited) if key in entries)),
    )


def _of_page(prose: Prose, entries: dict[str, Entry]) -> PageText:
    return PageText(
        prose.title,
        tuple(
            (one.heading, tuple(format_html(text, entries) for text in one.paragraphs))
            for one in prose.sections
        ),
    )


def render_texts(results: Disclosed, names: Sequence[str] = TEXT_FILES) -> dict[str, bytes]:
    """Render the texts as files.

    Parameters
    ----------
    results
        What passed disclosure control.
    names
        Of :data:`trdanalysis.layout.TEXT_FILES`.

    Returns
    -------
    dict
        Content by name. Equal results give equal bytes.
    """
    entries = entries_of(results)
    texts = (write_methods(results), write_results(results))
    items = fill_checklists(results)
    summary = count_items(items)
    cited = {key for text in texts for key in text.cited()} | set(cited_in([summary]))
    makers: dict[str, Callable[[], bytes]] = {
        "text/methods.md": lambda: format_markdown(texts[0]).encode(),
        "text/results.md": lambda: format_markdown(texts[1]).encode(),
        "text/references.bib": lambda: format_bibliography(entries, cited & set(entries)).encode(),
        "text/checklist.csv": lambda: format_checklists(items).encode(),
        "text/manuscript.docx": lambda: render_document(texts, items, entries, summary),
    }
    return {name: makers[name]() for name in names}


def render_one(results: Disclosed, name: str) -> str:
    """Render one of :data:`TEXTS`, as its file has it."""
    return render_texts(results, (TEXTS[name],))[TEXTS[name]].decode()
