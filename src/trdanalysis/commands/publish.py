"""`publish`: the one writer of release/ and restricted/draft/, of what `disclose` kept alone."""

from __future__ import annotations

from pathlib import Path

from trdanalysis.commands.kept import load_disclosed
from trdanalysis.commands.shared import step
from trdanalysis.errors import UserError
from trdanalysis.files import hash_file, write_bytes, write_csv, write_json, write_text
from trdanalysis.layout import (
    JOURNALS,
    KNOWN_COUNTS,
    PUBLISHED_FILES,
    PUBLISHED_TABLES,
)
from trdanalysis.places import is_draft
from trdanalysis.project import find_by_id
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.figures.files import render_figures
from trdanalysis.report.page import render_report
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.report.paper.render import render_tables
from trdanalysis.report.paper_sections import make_paper_sections
from trdanalysis.report.prose.making import render_texts
from trdanalysis.report.questions.everything import make_question_sections


def run_publish(
    disclosed: Path,
    reference: Path,
    out: Path,
    about: Path | None = None,
    journal: Path | None = None,
) -> None:
    """Publish the result tables, the report and a paper's figures, texts and tables.

    Parameters
    ----------
    disclosed
        Folder that ``disclose`` wrote.
    reference
        Folder of reference tables: what the published rates are of.
    out
        ``results/release``, or ``results/restricted/draft``.
    about
        File for what sealing the release needs to know of it; None: nothing is kept.
    journal
        How a paper's tables are written; None: ``config/journals/default.yaml``.

    Raises
    ------
    UserError
        Kind ``policy``: a drop that is not marked synthetic would be released by a policy for
        synthetic data.
    """
    results = load_disclosed(disclosed, reference, is_draft=is_draft(out))
    if not results.run["draft"]:
        _check_synthetic(results)
    step("rendering the report")
    page = render_report(results, [*make_question_sections(results), *make_paper_sections(results)])
    step("drawing the figures")
    figures = render_figures(results)
    step("writing the texts")
    texts = render_texts(results)
    step("rendering the tables of a paper")
    style = read_journal(journal or find_by_id(reference.parent, JOURNALS, "default"))
    paper, told = render_tables(results, style)
    for text in told:
        step(text)
    for name in PUBLISHED_TABLES:
        write_csv(out / f"{name}.csv", results.tables[name])
    write_text(out / "report.html", page)
    for name, content in {**figures, **texts, **paper}.items():
        write_bytes(out / name, content)
    if about is not None:
        kept = {
            "files": {name: hash_file(out / name) for name in PUBLISHED_FILES},
            "counts": hash_file(disclosed / KNOWN_COUNTS),
            "policy": results.settings["policy"],
            "dropped": results.hiding["dropped"],
            "small": results.hiding["small"],
        }
        write_json(about, kept)
    step(f"report: {out / 'report.html'}")


def _check_synthetic(results: Disclosed) -> None:
    """Refuse to release anything of a drop that is not marked synthetic."""
    if not results.is_allowed:
        real, policy = results.real_drops, results.settings["policy"]
        raise UserError(
            f"{len(real)} drop(s) are not marked synthetic: policy `{policy['id']}` releases none",
            where=", ".join(real),
            expected="a policy for real records, or the folder restricted/draft",
            try_this="set `disclosure_policy: cms` (or your site's) in config/config.yaml",
            kind="policy",
        )
