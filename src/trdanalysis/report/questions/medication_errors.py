"""Medication errors behind apparent resistance, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

MEDICATION_ERRORS = Told(
    question="medication_errors",
    title="Medication errors",
    lead=(
        "How much apparent resistance is too low a dose, too short a trial or poor adherence."
        " Resistance is apparent where enough trials brought no response, whatever their dose,"
        " duration and adherence. Each error is forgiven in turn: its criterion counts as met in"
        " every trial, whatever was recorded of it, and failures are counted again. The error that"
        " has to be forgiven for enough failures is what kept them from being enough.",
        "The rows of the first table exclude each other and, with the unknown, are all patients"
        " with apparent resistance. Dose stands for too low a dose, duration for too short a trial,"
        " adherence for poor adherence; together means that to forgive one of them is not enough."
        " The unknown have no certain label. Who has too few failures is"
        " counted by the errors, also where something else excludes the patient; another reason is"
        " given where failures are enough, or may be.",
        "The second table tells how many members would be labelled treatment-resistant with a"
        " criterion taken as met in every trial. The share as recorded is what is proven, and"
        " the upper bound of each other row the most that it could be by that criterion.",
    ),
    caveats=(
        "What labels would be is a bound, and no prediction. A trial that was stopped early, or was"
        " given at too low a dose, never had its chance: carried through, it might have brought a"
        " response. Its recorded outcome is taken as it is.",
        "A criterion that is taken as met is also taken as met where it was unknown: a gain is of"
        " errors and of what was not recorded.",
        "Of whom it is unknown which errors they are is a row of its own. The bounds of the other"
        " rows are for unknown labels, and do not hand these patients out among them.",
        "A trial that is in progress has no outcome yet, and does not fail with its duration"
        " forgiven.",
    ),
    captions={
        "why_apparent": "What apparent resistance is: proven, or what keeps it from being so",
        "trd_if_adequate": "Treatment-resistant as recorded, and with these criteria taken as met",
    },
    # The same words name errors and what is taken as met.
    names={
        "apparent_resistance": "members with apparent resistance",
        "dose": "dose",
        "duration": "duration",
        "adherence": "adherence",
        "any_one_error": "any one of several of these",
        "dose_and_duration": "dose and duration together",
        "dose_and_adherence": "dose and adherence together",
        "duration_and_adherence": "duration and adherence together",
        "several_errors": "more of these together",
        "errors_unclear": "unknown which of these",
        "other_reason": "another reason: an exclusion, or functioning",
        "as_recorded": "as recorded",
        "all_errors": "all three together",
    },
)
