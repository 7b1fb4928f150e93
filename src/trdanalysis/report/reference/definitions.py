"""The page of every definition, and of the words of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.expected import REASONS, VERDICTS
from trdanalysis.labelling.wording import describe_definition
from trdanalysis.report import words
from trdanalysis.report.reference.markdown import (
    code,
    listed,
    render_page,
    render_table,
    sentence,
)


def render_definitions(definitions: Sequence[Definition], cases: Mapping[str, int]) -> str:
    """Give the page of definitions.

    Parameters
    ----------
    definitions
        In the order of the page.
    cases
        By id, how many hand-written cases lie beside the definition.
    """
    intro = (
        "Every file `config/definitions/<id>.yaml`, in words. What such a file can say is"
        " [the vocabulary](../vocabulary.md); what lies behind the collection,"
        " [definitions and their cases](../definitions.md). Thresholds that could not be confirmed"
        " in the source are marked **unconfirmed**, with what is known."
    )
    head = ("definition", "title", "status", "unconfirmed", "cases")
    rows = [
        (f"[`{each.id}`](#{each.id})", each.title, each.status, len(each.unconfirmed) or "",
         cases[each.id])
        for each in definitions
    ]  # fmt: skip
    return render_page("Definitions", "config/definitions",
                       [intro, render_table(head, rows), *map(_render, definitions)])  # fmt: skip


def _render(definition: Definition) -> str:
    told = describe_definition(definition)
    parts = [
        f"## {definition.id} {{ #{definition.id} }}",
        f"**{definition.title}** ({definition.status}). {sentence(definition.citation)}",
        "A resistant patient:\n\n" + listed(told["of_patient"]),
        "A failed trial:\n\n" + listed(told["of_trial"]),
    ]
    if told["of_score"]:
        parts.append("The score:\n\n" + listed(told["of_score"]))
    if told["of_grades"]:
        parts.append("The grades, the highest first:\n\n" + listed(told["of_grades"]))
    if definition.readings:
        rows = [(each.source_says, each.read_as) for each in definition.readings]
        parts.append(render_table(("the source says", "read as"), rows))
    parts += [
        f"**Unconfirmed**: {code(each.setting)}. {sentence(each.note)}"
        for each in definition.unconfirmed
    ]
    return "\n\n".join(parts)


def render_labels() -> str:
    """Give the page of the words that labels, reasons and verdicts are told in."""
    reasons = [
        (code(reason), words.LABELS[label], words.REASONS[reason])
        for label, names in REASONS.items()
        for reason in names
    ]
    steps = [(code(name), text) for name, text in words.STEPS.items()]
    unknowns = [(code(name), text) for name, text in words.CRITERIA.items()]
    strata = [(code(name), text) for name, text in words.STRATA.items()]
    models = [(code(name), text) for name, text in words.MODELS.items()]
    why = {**words.MODEL_REASONS, **words.AGREEMENT_REASONS}
    parts = [
        "The words of the result tables, and how the report says them.",
        "## Labels and reasons\n\nThe reason is the first criterion that decided.\n\n"
        + render_table(("reason", "label", "in words"), reasons),
        "## Verdicts of trials\n\nThe first that applies: "
        + ", ".join(code(word) for word in VERDICTS) + ".",
        "## Steps of attrition\n\n" + render_table(("step", "in words"), steps),
        "## Criteria that can be unknown\n\n" + render_table(("criterion", "in words"), unknowns),
        "## Strata\n\n" + render_table(("stratum", "in words"), strata),
        "## Models and methods\n\n" + render_table(("model", "in words"), models),
        "## Why there is no number\n\n" + render_table(
            ("reason", "in words"), [(code(name), text) for name, text in why.items()]),
    ]  # fmt: skip
    return render_page(
        "Words of labels and results", "src/trdanalysis/labelling/expected.py and report/words.py",
        parts,
    )  # fmt: skip
