"""Medication errors behind apparent resistance, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

_DOSE, _DURATION, _ADHERENCE = "too low a dose", "too short a trial", "poor adherence"

MEDICATION_ERRORS = Told(
    question="medication_errors",
    title="Medication errors",
    lead=(
        "How much apparent resistance is too low a dose, too short a trial or poor adherence."
        " Resistance is apparent where enough trials brought no response, whatever their dose,"
        " duration and adherence. Each error is forgiven in turn: its criterion counts as met in"
        " every trial, whatever was recorded of it, and failures are counted again. The error that"
        " has to be forgiven for enough failures is what kept them from being enough.",
        "The levels of the first table exclude each other and, with the unknown, are all patients"
        " with apparent resistance. The unknown have no certain label. Who has too few failures is"
        " counted by the errors, also where something else excludes the patient; another reason is"
        " given where failures are enough, or may be.",
        "The second table tells how many members would be labelled treatment-resistant with a"
        " criterion taken as met in every trial. The share as recorded is what is proven, and each"
        " other row the most that labels could gain by that criterion.",
    ),
    caveats=(
        "What labels would be is a bound, and no prediction. A trial that was stopped early, or was"
        " given at too low a dose, never had its chance: carried through, it might have brought a"
        " response. Its recorded outcome is taken as it is.",
        "A criterion that is taken as met is also taken as met where it was unknown: a gain is of"
        " errors and of what was not recorded.",
        "A trial that is in progress has no outcome yet, and does not fail with its duration"
        " forgiven.",
    ),
    captions={
        "why_apparent": "What apparent resistance is",
        "trd_if_adequate": "Treatment-resistant as recorded, and with criteria taken as met",
    },
    names={
        "apparent_resistance": "members with apparent resistance",
        "trd": "treatment-resistant, by adequate trials",
        "dose": _DOSE,
        "duration": _DURATION,
        "adherence": _ADHERENCE,
        "any_one_error": "any one of several errors",
        "dose_and_duration": f"{_DOSE} and {_DURATION}",
        "dose_and_adherence": f"{_DOSE} and {_ADHERENCE}",
        "duration_and_adherence": f"{_DURATION} and {_ADHERENCE}",
        "several_errors": "several errors together, in more than one way or all three",
        "errors_unclear": "errors, unknown which",
        "other_reason": "another reason: an exclusion, or functioning",
        "as_recorded": "as recorded",
        "all_errors": "all three",
    },
)
