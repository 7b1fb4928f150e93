"""The page of every estimand."""

from __future__ import annotations

from trdanalysis.analysis.estimands import CURVE, CURVE_CRITERIA, ESTIMANDS, Estimand
from trdanalysis.report import words
from trdanalysis.report.reference.markdown import code, render_page, render_table, sentence

#: In place of what the definition in use says.
_NONRESPONSE = (
    "non-response as the definition in use has it (the article: less than 50% of the baseline score"
    " lost)"
)


def render_estimands() -> str:
    """Give the page of estimands: the two primary ones first, the curve last."""
    first = [one for name in words.ATTRIBUTES for one in ESTIMANDS if one.name == name]
    others = [one for one in ESTIMANDS if one not in first]
    intro = (
        "Each rate has a population, an event and a way to count what is unknown. Membership and"
        " event are yes, no or unknown. Adults and patients of unknown age are counted; under-18s"
        " stand in age bands of their own. The first two are the primary ones, with their"
        " attributes as ICH E9(R1) asks for them. How the numbers are made:"
        " [statistics](../statistics.md)."
    )
    curve = (
        f"## `{CURVE}`\n\nA curve, no rate: the cumulative incidence, by day from the start of the"
        " first trial, of having as many established failures as the definition asks for. Followed"
        f" are {_steps(CURVE_CRITERIA)}."
    )
    return render_page(
        "Estimands",
        "src/trdanalysis/analysis/estimands.py and report/words.py",
        [intro, *(_render(one) for one in (*first, *others)), curve],
    )


def _render(estimand: Estimand) -> str:
    told = words.ESTIMANDS[estimand.name]
    rows = [
        ("title", told["title"]),
        ("unit", estimand.unit),
        ("population", told["population"]),
        ("steps to it", _steps(estimand.criteria)),
        ("event", words.event_of(estimand.name, _NONRESPONSE)),
        ("unknown outcomes", words.ANALYSES[estimand.analysis]),
        ("reading of the 30%", told["reading"]),
    ]
    parts = [f"## `{estimand.name}`", render_table(("", ""), rows)]
    if estimand.name in words.ATTRIBUTES:
        attributes = [
            (name, sentence(text))
            for name, text in words.attributes_of(estimand.name, _NONRESPONSE)
        ]
        parts.append(render_table(("attribute", ""), attributes))
    return "\n\n".join(parts)


def _steps(criteria: tuple[str, ...]) -> str:
    return "; ".join(f"{words.STEPS[name]} ({code(name)})" for name in criteria)
