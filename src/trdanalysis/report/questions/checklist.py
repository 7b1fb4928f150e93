"""The quick checklist, in words."""

from __future__ import annotations

import re

from trdanalysis.report.questions.told import Told

_SETS = {"five": "of all five questions", "apart": "of the three that the label does not ask"}


def _write(name: str) -> str | None:
    """Write from how many times yes on a patient is positive."""
    found = re.fullmatch(rf"({'|'.join(_SETS)})_(\d)", name)
    return f"{found[2]} or more {_SETS[found[1]]}" if found else None


CHECKLIST = Told(
    question="checklist",
    title="The quick checklist",
    lead=(
        "The article's five questions, as far as records answer them. Two adequate antidepressants"
        " without feeling better: failures are enough for the label. Symptoms that persist or come"
        " back quickly: low mood or anhedonia at the last observation, or an early return after"
        " response. Daily life affected: impairment, as the label takes it. Hopeless or numb"
        " despite treatment: hopelessness or anhedonia; anxiety is not recorded. Other factors: any"
        " factor of the four groups.",
        "Of several times yes the tables say how well they agree with the label, from how many on"
        " one may choose; three of five, and two of the three that the label does not ask, also by"
        " age band. Where unknown answers leave it open whether there are enough, it is unknown.",
    ),
    caveats=(
        "The first and the third question are criteria of the label itself: with them, agreement is"
        " partly by definition (incorporation bias). The three others are shown apart for that"
        " reason.",
        "Predictive values are those of this cohort, in which everybody has the diagnosis and was"
        " treated; among others they differ.",
        "The checklist is no test that was given to anybody: it is put together from records, and"
        " nothing here says how people would answer it.",
    ),
    captions={
        "item": "Each question: how many are a yes",
        "sensitivity": "Sensitivity: of those with the label, how many are positive",
        "specificity": "Specificity: of those without the label, how many are negative",
        "ppv": "Positive predictive value: of the positive, how many have the label",
        "npv": "Negative predictive value: of the negative, how many do not have the label",
    },
    names={
        "two_adequate_failures": "two adequate antidepressants without feeling better",
        "persisting_or_returning": "symptoms that persist or came back quickly",
        "daily_life_affected": "daily life affected",
        "hopeless_or_numb": "hopeless or numb despite treatment",
        "other_factors": "other factors that affect response",
        "positive": "positive",
        "negative": "negative",
    },
    write=_write,
)
