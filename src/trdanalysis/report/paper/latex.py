"""Tables as pieces of LaTeX, by pandas.

great_tables writes LaTeX too, but without footnotes, column widths or headings that are repeated on
every page of a long table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import wrap

import pandas as pd

from trdanalysis.report.paper.table import PaperTable, list_notes, write_cells


def format_latex(table: PaperTable, symbols: Mapping[str, str]) -> str:
    """Give a table as a piece of LaTeX, which says which packages it needs.

    Parameters
    ----------
    table
        As it is shown.
    symbols
        Marks of its notes, by key.
    """

    def marked(text: str, marks: Sequence[str]) -> str:
        return _stacked(text.split("\n"), "tr", _raised(marks, symbols))

    span = len(table.columns) + 1
    cells = write_cells(table, marked)
    lines: list[list[str]] = []
    group = ""
    for place, row in enumerate(table.rows):
        if row.group and row.group != group:
            lines.append(
                [_whole(span, rf"\textbf{{{escape_latex(row.group)}}}")] + [""] * (span - 1)
            )
        group = row.group
        indent = rf"\hspace{{{row.indent}em}}" if row.indent else ""
        label = f"{indent}{cells['stub'][place]}"
        # After the end of a line LaTeX takes a bracket or a star for an option of it.
        label = f"{{}}{label}" if label.startswith(("[", "*")) else label
        lines.append([label, *(cells[str(at)][place] for at in range(span - 1))])
    if not lines:
        lines.append([_whole(span, escape_latex(table.empty))] + [""] * (span - 1))
    heads = [escape_latex(table.stub)]
    for width, one in zip(table.widths[1:], table.columns, strict=True):
        lines_of_head = [one.label] if one.is_text else wrap(one.label, width)
        heads.append(_stacked(lines_of_head, "br", _raised(one.marks, symbols)))
    above = ["", *(escape_latex(column.spanner) for column in table.columns)]
    title = rf"\textbf{{{table.name}.}} {escape_latex(table.title)}"
    text = _long_table(lines, heads, above, title, _alignment(table))
    size = _size(table)
    notes = "\n".join(rf"{line}\par" for line in list_notes(table, symbols, escape_latex, _raised))
    body = (
        rf"\begingroup\{size}\setlength{{\tabcolsep}}{{3pt}}"
        f"\n{text}\n"
        rf"\par\noindent\raggedright\setlength{{\parindent}}{{0pt}}"
        f"\n{notes}\n"
        r"\endgroup"
    )
    if table.is_wide:
        body = "\\begin{landscape}\n" + body + "\n\\end{landscape}"
    return f"{_NEEDS}{body}\n"


_NEEDS = r"""% Needs in the preamble: \usepackage[T1]{fontenc}, \usepackage[utf8]{inputenc},
% \usepackage{array,booktabs,caption,longtable,makecell,pdflscape,textcomp}
"""

_PLAIN = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", '"': r"\textquotedbl{}", "|": r"\textbar{}",
    "\N{MINUS SIGN}": "$-$", "\N{PLUS-MINUS SIGN}": r"$\pm$", "\N{EN DASH}": "--",
    "\N{EM DASH}": "---", "\N{NO-BREAK SPACE}": "~", "\N{NARROW NO-BREAK SPACE}": r"\,",
    "\N{MIDDLE DOT}": r"\textperiodcentered{}", "\N{DAGGER}": r"\textdagger{}",
    "\N{DOUBLE DAGGER}": r"\textdaggerdbl{}", "\N{SECTION SIGN}": r"\textsection{}",
    "\N{PILCROW SIGN}": r"\textparagraph{}", "\N{GREATER-THAN OR EQUAL TO}": r"$\geq$",
    "\N{LESS-THAN OR EQUAL TO}": r"$\leq$", "\N{LEFT DOUBLE QUOTATION MARK}": "``",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "''", "\N{LEFT SINGLE QUOTATION MARK}": "`",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}  # fmt: skip


def escape_latex(text: str) -> str:
    """Write text so that LaTeX prints it as it is; line breaks become spaces."""
    plain = "".join(_PLAIN.get(sign, sign) for sign in text.replace("\n", " "))
    # Two hyphens would become a dash: those of a command must not.
    return re.sub("-(?=-)", "-{}", plain) if "--" in text else plain


def _raised(marks: Sequence[str], symbols: Mapping[str, str]) -> str:
    known = [escape_latex(symbols[mark]) for mark in marks if mark in symbols]
    return rf"\textsuperscript{{{','.join(known)}}}" if known else ""


def _stacked(lines: Sequence[str], place: str, mark: str) -> str:
    """Put lines below each other in a column that does not wrap, the mark behind the last."""
    escaped = [escape_latex(line) for line in lines]
    escaped[-1] += mark
    text = r" \\ ".join(escaped)
    return text if len(escaped) == 1 else rf"\makecell[{place}]{{{text}}}"


def _whole(span: int, text: str) -> str:
    return rf"\multicolumn{{{span}}}{{l}}{{{text}}}"


def _long_table(
    lines: Sequence[Sequence[str]],
    heads: Sequence[str],
    above: Sequence[str],
    title: str,
    alignment: str,
) -> str:
    """Let pandas write a long table whose headings stand on every page."""
    columns: pd.Index = pd.Index(heads)
    if any(above):
        columns = pd.MultiIndex.from_arrays([list(above), list(heads)])
    styler = pd.DataFrame([list(line) for line in lines], columns=columns).style
    text = styler.hide(axis="index").to_latex(
        environment="longtable", column_format=alignment, hrules=True, caption=title,
        multicol_align="c",
    )  # fmt: skip
    # Numbered as the paper numbers it, not by LaTeX.
    text = text.replace(r"\caption{", r"\caption*{").replace(r"\caption[]{", r"\caption*{")
    whole = rf"\multicolumn{{{len(heads)}}}{{l}}"
    out = []
    for line in text.splitlines():
        # Beside a heading over the whole width there is no place for the row's empty cells.
        is_whole = line.startswith(whole)
        out.append(line.removesuffix(r"\\").rstrip(" &") + r" \\" if is_whole else line)
        if any(above) and len(out) > 1 and out[-2] == r"\toprule":
            out.append(_rules(above))
    return "\n".join(out)


def _rules(above: Sequence[str]) -> str:
    """Draw a line under each heading that spans columns."""
    rules, start = [], 0
    for place in range(1, len(above) + 1):
        if place == len(above) or above[place] != above[start]:
            if above[start]:
                rules.append(rf"\cmidrule(lr){{{start + 1}-{place}}}")
            start = place
    return " ".join(rules)


def _alignment(table: PaperTable) -> str:
    """Words wrap in columns of a width of their own, numbers stand to the right."""
    widths = table.widths
    parts = [_wrapped(widths[0])]
    for width, column in zip(widths[1:], table.columns, strict=True):
        parts.append(_wrapped(width) if column.is_text else "r")
    return "".join(parts)


def _wrapped(width: int) -> str:
    return rf">{{\raggedright\arraybackslash}}p{{{0.55 * width + 0.6:.1f}em}}"


def _size(table: PaperTable) -> str:
    """Give the size of letters at which the table fits the page's width."""
    needed = sum(table.widths) + 2 * len(table.columns)
    if not table.is_wide:
        return "footnotesize" if needed <= 105 else "scriptsize"
    return "footnotesize" if needed <= 160 else "scriptsize" if needed <= 205 else "tiny"
