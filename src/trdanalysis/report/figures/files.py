"""Files of figures: each as SVG, PDF and PNG, and the captions of all."""

from __future__ import annotations

from collections.abc import Sequence

from trdanalysis.layout import FIGURE_FILES, FIGURE_FORMATS
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.saving import save_file
from trdanalysis.report.drawing.style import file_look
from trdanalysis.report.figures.described import describe_figures
from trdanalysis.report.figures.paper_figure import PaperFigure

_CAPTIONS, *_FILES = FIGURE_FILES


def marks_of(disclosed: Disclosed) -> tuple[str, ...]:
    """Give what every figure of a run says at its top: that it is a draft, or of nobody."""
    marks = ("DRAFT",) if disclosed.run["draft"] else ()
    return (*marks, "simulated records") if disclosed.run["synthetic"] else marks


def render_figures(disclosed: Disclosed) -> dict[str, bytes]:
    """Render every figure in every format, with their captions.

    Parameters
    ----------
    disclosed
        What they show.

    Returns
    -------
    dict
        Bytes by name, the names of :data:`trdanalysis.layout.FIGURE_FILES` in their order. The same
        bytes for the same results.
    """
    figures = describe_figures(disclosed)
    files = [
        content
        for figure in figures
        for content in render_figure(figure, disclosed, FIGURE_FORMATS).values()
    ]
    told = write_captions(figures, disclosed).encode()
    return {_CAPTIONS: told, **dict(zip(_FILES, files, strict=True))}


def render_figure(
    figure: PaperFigure, disclosed: Disclosed, formats: Sequence[str], *,
    width_mm: float | None = None, grey: bool = False,
) -> dict[str, bytes]:  # fmt: skip
    """Render one figure: drawn once, saved in each format.

    Parameters
    ----------
    figure
        What is drawn.
    disclosed
        Says whether it is a draft, and of simulated records.
    formats
        Of :data:`trdanalysis.layout.FIGURE_FORMATS`.
    width_mm
        By default that which the figure is made for.
    grey
        Without colours.
    """
    look = file_look(figure.name, width_mm or figure.width_mm, grey=grey, marks=marks_of(disclosed))
    sheet = figure.sheet(look)
    return {kind: save_file(sheet, kind, title=figure.title, alt=figure.told) for kind in formats}


def write_captions(figures: Sequence[PaperFigure], disclosed: Disclosed) -> str:
    """Write the captions as Markdown."""
    run, settings = disclosed.run, disclosed.settings
    policy = settings.get("policy", {}).get("id") or settings.get("disclosure_policy", "")
    lines = ["# Captions of the figures", ""]
    if run["draft"]:
        lines += ["**Draft: for looking only. It stays where the records are.**", ""]
    if run["synthetic"]:
        lines += ["**Simulated records: the figures show nobody.**", ""]
    lines += [
        f"Definition: {disclosed.primary} ({disclosed.definitions[0]['title']}), where a caption"
        " names no other.",
        f"Disclosure policy: {policy} ({settings['policy_title']}); what it hides is called"
        f" “{words.HIDDEN}” or left out.",
        "",
    ]
    for number, figure in enumerate(figures, 1):
        lines += _caption(number, figure, disclosed)
    return "\n".join(lines)


def _caption(number: int, figure: PaperFigure, disclosed: Disclosed) -> list[str]:
    kind = ", ".join(marks_of(disclosed))
    parts = [f"**{figure.title}.**", figure.why_empty or figure.shown]
    parts.append(f"Population: {figure.population}.")
    parts += [f"n: {figure.n}."] if figure.n else []
    parts += [f"{kind[0].upper()}{kind[1:]}."] if kind else []
    names = ", ".join(f"`{figure.name}.{each}`" for each in FIGURE_FORMATS)
    return [
        f"## Figure {number}. {figure.title}", "", " ".join(parts), "",
        f"- Files: {names}", f"- Width: {figure.width_mm:.0f} mm",
        f"- Alternative text: {figure.told}", "",
    ]  # fmt: skip
