"""`figure`: one figure of a paper, in a format and width, from the results of the last run."""

from __future__ import annotations

from pathlib import Path

from trdanalysis.commands.paper_folder import find_paper_file, load_for_paper
from trdanalysis.commands.shared import step
from trdanalysis.errors import UserError, suggest
from trdanalysis.files import write_bytes
from trdanalysis.layout import FIGURE_FORMATS, FIGURES
from trdanalysis.report.figures.described import describe_figures
from trdanalysis.report.figures.files import render_figure
from trdanalysis.settings import Settings

#: Widths that text of seven points can stand in, and that a page has.
NARROWEST_MM, WIDEST_MM = 70.0, 300.0


def run_figure(
    name: str, settings: Settings, reference: Path, *, form: str, width_mm: float | None,
    grey: bool, out: Path | None,
) -> Path:  # fmt: skip
    """Draw one figure, and give the file.

    Parameters
    ----------
    name
        One of :data:`trdanalysis.layout.FIGURES`, or the only one that begins with it.
    settings
        Of the configuration.
    reference
        Folder of reference tables.
    form
        One of :data:`trdanalysis.layout.FIGURE_FORMATS`; the ending of ``out`` goes before it.
    width_mm
        In millimetres; None: the width that the figure is made for.
    grey
        Without colours.
    out
        The file; None: in the folder for the paper.

    Raises
    ------
    UserError
        Kind ``not_found``: no such figure, or no results yet. Kind ``config``: a width or an ending
        that cannot be. Kind ``policy``: a draft would leave ``restricted/``.
    """
    chosen = _choose(name)
    if width_mm is not None and not NARROWEST_MM <= width_mm <= WIDEST_MM:
        raise UserError(
            f"a figure cannot be {width_mm:g} mm wide",
            expected=f"{NARROWEST_MM:g} to {WIDEST_MM:g} mm: one column has about 85, two 180",
            try_this=f"python -m trdanalysis figure {chosen} --width-mm 85",
            kind="config",
        )
    if out is not None and out.suffix:
        form = out.suffix.removeprefix(".").lower()
        if form not in FIGURE_FORMATS:
            raise UserError(
                f"a figure cannot be written as `{out.suffix}`",
                where=str(out),
                expected=", ".join(f".{each}" for each in FIGURE_FORMATS),
                kind="config",
            )
    results = load_for_paper(settings, reference)
    file = find_paper_file(
        Path(settings.results), f"{chosen}.{form}", out, is_draft=results.run["draft"]
    )
    figure = next(each for each in describe_figures(results) if each.name == chosen)
    content = render_figure(figure, results, [form], width_mm=width_mm, grey=grey)[form]
    write_bytes(file, content)
    if figure.why_empty:
        step(f"nothing to draw: {figure.why_empty}")
    step(f"figure: {file}")
    return file


def _choose(name: str) -> str:
    found = [each for each in FIGURES if each.startswith(name)]
    if name in FIGURES or len(found) == 1:
        return name if name in FIGURES else found[0]
    raise UserError(
        f"there is no figure `{name}`" if not found else f"`{name}` begins several figures",
        expected=", ".join(f"`{each}`" for each in found or FIGURES),
        try_this=None if found else suggest(name, FIGURES),
        kind="not_found",
    )
