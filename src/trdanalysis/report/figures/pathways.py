"""The pathways after treatment resistance: what questions.csv says of them, as boxes and bands."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from trdanalysis.analysis.questions.pathways import (
    ANY_STEP,
    KINDS,
    MOST_STEPS,
    NONE_RECORDED,
    THEN,
    list_pathways,
)
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.pathways import Band, Node, Pathways, draw_pathways
from trdanalysis.report.figures.paper_figure import ADULTS, PaperFigure
from trdanalysis.report.questions.strategies import KINDS as KIND_WORDS
from trdanalysis.report.questions.strategies import STRATEGIES, tell_pathway

NAME, TITLE = "pathways-after-trd", "What was tried after treatment resistance"

#: Headings of the columns.
HEADINGS = ("First step after onset", "Second step", "Third step")

_NO_FURTHER = "no further step recorded"
_NOTE = (
    "Each box is a kind of step; bands are as wide as there are patients who went on."
    " What the third step was is told where the first two were of medicines."
)


def pathway_rows(questions: pd.DataFrame, definition: str) -> pd.DataFrame:
    """Give the rows of pathways of resistant patients, all ages together, in their order."""
    own = questions[
        (questions["question"] == "after_trd")
        & (questions["definition"] == definition)
        & (questions["measure"] == "pathway")
        & (questions["population"] == "trd")
        & questions["age_band"].isna()
    ]
    return own.set_index("level").reindex(list_pathways()) if len(own) else own


def pathways_of(questions: pd.DataFrame, definition: str) -> Pathways:
    """Give boxes and bands; no box where nobody went anywhere, or everything is hidden."""
    rows = pathway_rows(questions, definition)
    columns: list[list[Node]] = [[] for _ in range(MOST_STEPS)]
    bands: list[list[Band]] = [[] for _ in range(MOST_STEPS - 1)]
    if rows.empty or not (rows["events"].fillna(0) > 0).any():
        return Pathways(HEADINGS, columns, bands)
    events = {
        str(level): None if pd.isna(n) else int(n) for level, n in rows["events"].items()
    }  # fmt: skip
    total = _total(rows)
    for at in range(MOST_STEPS):
        for kind in (*KINDS, ANY_STEP, NONE_RECORDED):
            node = _node(at, kind, events, total)
            columns[at] += [node] if node else []
    for at in range(MOST_STEPS - 1):
        bands[at] = _bands(at, events)
    shown = max((at + 1 for at in range(MOST_STEPS) if columns[at]), default=1)
    note = _NOTE + (
        f" Where it says {words.HIDDEN} or at least, disclosure control took numbers away: their"
        " bands are not drawn."
        if None in events.values()
        else ""
    )
    return Pathways(HEADINGS[:shown], columns[:shown], bands[: shown - 1], note)


def _total(rows: pd.DataFrame) -> int | None:
    n = rows["n"].iloc[0]
    return None if pd.isna(n) or not n else int(n)


def _steps(level: str) -> list[str]:
    """Give the kinds of a pathway, and its end where it has fewer steps than can be told."""
    kinds = [] if level == NONE_RECORDED else level.split(THEN)
    return [*kinds, NONE_RECORDED][:MOST_STEPS]


def _node(at: int, kind: str, events: dict[str, int | None], total: int | None) -> Node | None:
    own = [
        n for level, n in events.items() if len(_steps(level)) > at and _steps(level)[at] == kind
    ]
    label = KIND_WORDS.get(kind, _NO_FURTHER if at else STRATEGIES[NONE_RECORDED])
    return _tell(kind, label, own, total if at == 0 else None)


def _tell(key: str, label: str, own: list[int | None], total: int | None) -> Node | None:
    """Make a box; none where there certainly is nobody."""
    known = sum(n for n in own if n is not None)
    if None in own:
        text = f"at least {words.count(known)}" if known else words.HIDDEN
    elif not known:
        return None
    else:
        text = words.count(known)
        text += f" ({words.percent(known / total)})" if total else ""
    return Node(key, f"{label[0].upper()}{label[1:]}", text, known,
                is_end=key == NONE_RECORDED)  # fmt: skip


def _bands(at: int, events: dict[str, int | None]) -> list[Band]:
    summed: dict[tuple[str, str], int] = defaultdict(int)
    for level, n in events.items():
        steps = _steps(level)
        if len(steps) > at + 1:
            summed[steps[at], steps[at + 1]] += n or 0
    return [
        Band(source, target, n,
             f"{KIND_WORDS[source]}, then {KIND_WORDS.get(target, _NO_FURTHER)}:"
             f" {words.count(n)}")
        for (source, target), n in summed.items() if n
    ]  # fmt: skip


def pathways_after_trd(disclosed: Disclosed) -> PaperFigure:
    """Describe the pathways after treatment resistance."""
    questions = disclosed.tables["questions"]
    rows = pathway_rows(questions, disclosed.primary)
    drawn = pathways_of(questions, disclosed.primary)
    n = "" if rows.empty or pd.isna(rows["n"].iloc[0]) else words.count(rows["n"].iloc[0])
    told = "; ".join(
        f"{tell_pathway(str(level))}: {words.HIDDEN if pd.isna(n) else words.count(n)}"
        for level, n in (rows["events"].items() if len(rows) else ())
        if pd.isna(n) or n > 0
    )
    has_boxes = any(drawn.columns)
    return PaperFigure(
        NAME,
        TITLE,
        f"{drawn.note or _NOTE} A description: what was chosen, for whom and why the records do"
        " not say.",
        f"patients who are treatment-resistant, whose steps after onset are known; {ADULTS}",
        n,
        f"Boxes and bands. {told}." if told else "",
        "" if has_boxes else _why_empty(rows),
        lambda look: draw_pathways(drawn, look),
    )  # fmt: skip


def _why_empty(rows: pd.DataFrame) -> str:
    if len(rows) and rows["events"].isna().any():
        return "Every count is hidden by disclosure control."
    return "Nobody is treatment-resistant with known steps after onset."
