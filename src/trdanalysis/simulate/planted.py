"""What is planted for the questions beside the label, as tables.

All of it has random numbers of its own. But for the missed doses of the young none of it changes a
history up to the second failure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trdanalysis.simulate.assumptions import IS_ANTIDEPRESSANT, NAMES, SYMPTOM_PREVALENCE

#: True groups of patients; the last is everybody else.
GROUPS = ("trd", "pseudo_resistant", "responding", "other")
#: Residual symptoms by true group, in the order of :data:`GROUPS`.
SYMPTOMS_BY_GROUP: dict[str, tuple[float, float, float, float]] = {
    "low_mood": (0.97, 0.95, 0.50, SYMPTOM_PREVALENCE["low_mood"]),
    "anhedonia": (0.92, 0.86, 0.42, SYMPTOM_PREVALENCE["anhedonia"]),
    "sleep_disturbance": (0.82, 0.76, 0.48, SYMPTOM_PREVALENCE["sleep_disturbance"]),
    "appetite_change": (0.62, 0.55, 0.25, SYMPTOM_PREVALENCE["appetite_change"]),
    "fatigue": (0.88, 0.80, 0.52, SYMPTOM_PREVALENCE["fatigue"]),
    "poor_concentration": (0.80, 0.70, 0.40, SYMPTOM_PREVALENCE["poor_concentration"]),
    "hopelessness": (0.68, 0.52, 0.18, SYMPTOM_PREVALENCE["hopelessness"]),
    "physical_symptoms": (0.55, 0.46, 0.32, SYMPTOM_PREVALENCE["physical_symptoms"]),
}
#: Correlation of the normal tendencies behind any two symptoms of a patient.
SYMPTOM_CORRELATION = 0.3

#: Chance, at each visit after a response and while the treatment goes on, of a relapse: the score
#: is back where it was before the treatment, and stays there. Days between visits.
RELAPSE_PER_VISIT = 0.12
VISIT_EVERY_DAYS = 28

#: Young adults, both ends included, and the share of their courses of which doses are missed beside
#: what everybody misses: adherence is then even between these limits.
YOUNG_YEARS = (18, 25)
YOUNG_MISSED_DOSES = 0.20
MISSED_ADHERENCE = (0.40, 0.79)

WITHIN, ACROSS, COMBINATION, AUGMENTATION = (
    "switch_within_class",
    "switch_across_classes",
    "combination",
    "augmentation",
)
NOTHING = "none_recorded"


@dataclass(frozen=True)
class Step:
    """A next step: its share after a failure, and its ratio of response to a switch across classes.

    ``mild`` and ``severe`` are the shares where the score was below, and at or above,
    :data:`SEVERE_FROM`; so who gets what goes with severity, which goes with response.
    """

    mild: float
    severe: float
    ratio: float


STEPS_AFTER: dict[str, Step] = {
    WITHIN: Step(0.16, 0.10, 0.80),
    ACROSS: Step(0.24, 0.16, 1.00),
    COMBINATION: Step(0.10, 0.12, 1.10),
    AUGMENTATION: Step(0.14, 0.20, 1.25),
    "psychotherapy": Step(0.10, 0.05, 0.90),
    "ect": Step(0.01, 0.09, 1.80),
    "rtms": Step(0.05, 0.07, 1.40),
    "ketamine": Step(0.02, 0.08, 1.50),
    "lifestyle": Step(0.05, 0.01, 0.60),
    NOTHING: Step(0.13, 0.12, 0.0),
}
STEP_WORDS = tuple(STEPS_AFTER)
#: Score before a step as a share of the scale's range, from which it is severe.
SEVERE_FROM = 0.45
#: Response to a switch across classes at that severity after two failures; what its logarithm
#: changes by for the whole range of the scale, and for each further treatment that failed.
RESPONSE_AFTER_TWO = 0.35
SEVERITY_LOG_RATIO = -0.8
EACH_FURTHER_FAILURE_LOG_RATIO = -0.25
#: Share of steps, where there is time for another rating, before which patients are as ill as at
#: the start of an episode.
WORSE_BEFORE_STEP = 0.6
#: Share, of those without a next step, who stay on the treatment that failed.
STAYS_ON_FAILED = 0.5
#: Mean days from the end of a failed treatment to the next step, at least one.
MEAN_DAYS_TO_STEP = 20
#: Impairment at last observation of who has failed twice, whatever came of later steps: otherwise
#: the label, which asks for it, would choose those in whom later steps did not help.
IMPAIRED_AFTER_TWO_FAILURES = 0.81

#: Classes of antidepressants, in the words of the drug table.
_CLASSES = {
    "SSRI": ("sertraline", "escitalopram", "citalopram", "fluoxetine", "paroxetine"),
    "SNRI": ("venlafaxine", "desvenlafaxine", "duloxetine"),
    "TCA": ("amitriptyline", "nortriptyline", "clomipramine"),
}
_CLASS_OF = {name: code for code, own in enumerate(_CLASSES.values()) for name in own}
#: Class of each treatment as a number; those alone in their class have one of their own.
CLASS_OF_TREATMENT = np.array(
    [_CLASS_OF.get(name, len(_CLASSES) + at) for at, name in enumerate(NAMES)]
)
assert all(IS_ANTIDEPRESSANT[NAMES.index(name)] for name in _CLASS_OF)
