"""Young adults and early onset, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

YOUNG_ADULTS = Told(
    question="young_adults",
    title="Young adults and early onset",
    lead=(
        "Patients of 18 to 25 years beside older adults, and patients whose depression began before"
        " the age of 18 beside those in whom it began later: non-response to the first trial,"
        " treatment resistance, poor adherence to the first trial, factor groups, and what was"
        " tried first after resistance. Patients of unknown age, or unknown age at onset, are in"
        " neither group.",
        "Groups are compared as they are, and standardised directly for the severity at the start"
        " of the first trial: the share in each fifth of the scale's range, weighted by both groups"
        " together, of patients whose severity is known. How many it is unknown for stands in the"
        " table of severity.",
    ),
    caveats=(
        "Severity is one of many ways in which the groups differ. Early onset and present age hang"
        " together, and neither comparison holds the other alike.",
        "For treatment resistance the proven shares of all patients are compared, which are lower"
        " bounds: who has no certain label is not counted as resistant. Where labels are unknown"
        " more often in one group, the difference is of knowledge as well.",
        "Age is that at the first recorded trial, and age at onset is often remembered. Fifths of"
        " different scales are not the same severity.",
        "No test is made of these differences: intervals say how much is known. The one planned"
        " comparison of age groups stands with the rates.",
    ),
    captions={
        "age": "How many are young",
        "onset": "How many had an early onset",
        "baseline_severity": "Severity at the start of the first trial, in share of the scale's"
        " range",
        "nonresponse": "Non-response to the first trial",
        "trd": "Treatment resistance",
        "poor_adherence": "Poor adherence to the first trial",
        "factor_group": "Factor groups",
        "kind_of_first_step": "The first step after resistance",
    },
    names={
        "first_trial": "members whose first trial was first-line, or may have been",
        "early_onset": "onset before 18",
        "later_onset": "onset at 18 or later",
        "from_0_percent": "under 20%",
        "from_20_percent": "20% to under 40%",
        "from_40_percent": "40% to under 60%",
        "from_60_percent": "60% to under 80%",
        "from_80_percent": "80% and more",
        "nonresponse": "no response",
        "switch": "another antidepressant",
        "add": "something added",
        "psychosocial": "psychotherapy or lifestyle",
        "procedure": "ECT, rTMS or ketamine",
        "none_recorded": "no step recorded",
    },
)
