"""Words and numbers as people read them: one place for each term of the result tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from trdanalysis.prespecification import FreezeStatus
from trdanalysis.report.numbers import NOTHING, current_style

HIDDEN = "hidden"
UNKNOWN = "unknown"

#: Title, population and event of each estimand, and how it reads the sentence about the 30%. What
#: non-response is, the definition says: see :func:`event_of`.
ESTIMANDS: dict[str, dict[str, str]] = {
    "initial_adequate_trial": {
        "title": "Non-response to an adequate first trial",
        "population": "MDD; first antidepressant trial first-line, adequate in dose, duration and "
        "adherence",
        "event": "{nonresponse}",
        "reading": "the sentence as written: no response to an initial treatment that was properly "
        "given",
    },
    "initial_trial": {
        "title": "Non-response to the first trial",
        "population": "MDD; first antidepressant trial first-line, whatever its quality",
        "event": "{nonresponse}",
        "reading": "the sentence as written, for everybody who began: early stoppers stay in",
    },
    "initial_adequate_remission": {
        "title": "Non-remission of an adequate first trial",
        "population": "MDD; first antidepressant trial first-line, adequate in dose, duration and "
        "adherence",
        "event": "no remission: score above the scale's cut-off, or so rated",
        "reading": "“do not respond fully” read as not becoming well, after a proper first "
        "treatment",
    },
    "initial_remission": {
        "title": "Non-remission of the first trial",
        "population": "MDD; first antidepressant trial first-line, whatever its quality",
        "event": "no remission: score above the scale's cut-off, or so rated",
        "reading": "“do not respond fully” read as not becoming well, for everybody who began",
    },
    "any_adequate_trial": {
        "title": "Non-response to any adequate trial",
        "population": "every adequate first-line trial of MDD patients, first or later",
        "event": "{nonresponse}",
        "reading": "“initial treatments” read as all treatments properly given; trials are counted,"
        " not patients",
    },
    "trd": {
        "title": "TRD among treated",
        "population": "MDD with at least one antidepressant trial",
        "event": "label trd",
        "reading": "where 30% comes from in published work: TRD among treated, not initial "
        "non-response",
    },
    "trd_eligible": {
        "title": "TRD among treated, not excluded",
        "population": "as above, without an excluding medical cause or current substance use",
        "event": "label trd",
        "reading": "TRD among treated, excluded patients left out of the denominator",
    },
    "pseudo_resistance": {
        "title": "Pseudo-resistance among apparent",
        "population": "MDD with two failures if dose, duration and adherence are not looked at",
        "event": "impaired, and resistance explained by dose, duration, adherence or an exclusion",
        "reading": "not a reading of the sentence: how much apparent resistance is something else",
    },
}

#: Labels short enough for the end of a line in a figure.
SHORT = {"initial_adequate_trial": "adequate first trial", "initial_trial": "first trial"}

#: Attributes of the two primary estimands as ICH E9(R1) asks for them.
ATTRIBUTES: dict[str, tuple[tuple[str, str], ...]] = {
    "initial_adequate_trial": (
        ("Population", "patients with MDD, adults or of unknown age, whose first recorded"
         " antidepressant trial was first-line and adequate"),
        ("Treatment", "that trial, at an adequate dose, for an adequate duration, taken as"
         " prescribed"),
        ("Variable", "non-response: {nonresponse}"),
        ("Stop, switch, low dose or poor adherence",
         "principal stratum in spirit: who had any of them is not in the population; known only"
         " after the start, so this compares no treatments"),
        ("Augmentation, psychotherapy beside it", "treatment policy: ignored"),
        ("No usable outcome", "left out; bounds and sensitivity analyses beside"),
        ("Summary", "proportion with 95% interval, against the reference"),
    ),
    "initial_trial": (
        ("Population", "patients with MDD, adults or of unknown age, whose first recorded"
         " antidepressant trial was first-line"),
        ("Treatment", "that trial as it was given"),
        ("Variable", "non-response: {nonresponse}"),
        ("Stop, switch, low dose or poor adherence",
         "treatment policy: part of what became of the trial"),
        ("Augmentation, psychotherapy beside it", "treatment policy: ignored"),
        ("No usable outcome", "left out; bounds and sensitivity analyses beside"),
        ("Summary", "proportion with 95% interval, against the reference"),
    ),
}  # fmt: skip


def event_of(name: str, nonresponse: str) -> str:
    """Say what the event of an estimand is; ``nonresponse`` is the definition's, in words."""
    return ESTIMANDS[name]["event"].format(nonresponse=nonresponse)


def attributes_of(name: str, nonresponse: str) -> list[tuple[str, str]]:
    """Give the attributes of a primary estimand; ``nonresponse`` is the definition's, in words."""
    return [(what, text.format(nonresponse=nonresponse)) for what, text in ATTRIBUTES[name]]


#: Recorded factors that overlap with the exclusions, which are part of what TRD means.
PARTLY_CIRCULAR = ("substance_use", "chronic_illness")

GROUPS = {
    "biological": "Biological",
    "psychological": "Psychological",
    "medication_related": "Medication-related",
    "environmental": "Environmental",
}

STRATA = {
    "overall": "Overall",
    "age_band": "By age band",
    "factor_group": "By factor group",
    "factor": "By factor",
    "factor_group_by_age_band": "By factor group and age band",
    "factor_combination": "By exclusive combination of factor groups",
    "sex": "By sex",
    "site": "By site",
    "drop": "By drop",
}

LABELS = {
    "trd": "Treatment-resistant",
    "not_trd": "Not treatment-resistant",
    "indeterminate": "Indeterminate",
}

REASONS = {
    "meets_all_criteria": "meets all criteria",
    "no_antidepressant_trial": "no antidepressant trial",
    "no_mdd_diagnosis": "no diagnosis of MDD, or bipolar disorder",
    "medical_cause": "a medical condition explains the symptoms",
    "current_substance_use": "current substance use disorder",
    "outside_age": "outside the ages of the definition",
    "psychotic_features": "psychotic features",
    "chronic_illness": "a chronic illness",
    "substance_use": "substance use, past or present",
    "too_few_failures": "fewer failed adequate trials than needed",
    "too_few_treatments": "fewer treatments begun than needed",
    "score_too_low": "score below what is needed",
    "not_impaired": "daily functioning not affected",
    "mdd_unknown": "diagnosis unknown",
    "medical_cause_unknown": "medical cause unknown",
    "substance_use_unknown": "substance use unknown",
    "age_unknown": "age unknown",
    "psychotic_features_unknown": "psychotic features unknown",
    "chronic_illness_unknown": "chronic illness unknown",
    "any_substance_use_unknown": "past or present substance use unknown",
    "failures_unknown": "number of failed adequate trials unknown",
    "treatments_unknown": "number of treatments begun unknown",
    "score_unknown": "score unknown",
    "impairment_unknown": "daily functioning unknown",
}

STEPS = {
    "not_under_18": "adults, and patients of unknown age",
    "mdd": "with a diagnosis of MDD",
    "antidepressant_trial": "with an antidepressant trial",
    "first_trial_first_line": "whose first antidepressant trial was first-line",
    "dose_adequate": "at an adequate dose",
    "duration_adequate": "for an adequate duration",
    "adherence_adequate": "with adequate adherence",
    "not_excluded": "not excluded",
    "apparent_resistance": "with apparent resistance",
    "antidepressant": "trials of an antidepressant given for depression",
    "first_line": "of a first-line drug",
    "first_trial_known": "whose first trial is certain",
    "outcome_known": "and a known outcome",
}

#: Criteria that can be unknown, by their names in unknowns.csv.
CRITERIA = {
    "mdd": "diagnosis of MDD",
    "antidepressant_trial": "whether there was an antidepressant trial",
    "first_trial_first_line": "which trial was first, or whether its drug was first-line",
    "dose_adequate": "dose",
    "duration_adequate": "duration",
    "adherence_adequate": "adherence",
    "antidepressant": "drug, indication or role",
    "first_line": "whether the drug was first-line",
    "not_excluded": "exclusions: medical cause, substance use",
    "apparent_resistance": "apparent resistance",
    "outcome_known": "outcome",
    "enough_failures": "of the label: number of failed adequate trials",
    "impaired": "of the label: daily functioning",
}

ANALYSES = {
    "complete_case": "left out (as counted)",
    "proven": "count as no (proven share)",
    "nonresponder_imputed": "count as the event",
    "multiple_imputation": "multiply imputed",
}

APPARENT = {"yes": "yes", "no": "no", "unknown": "cannot be told"}

CURVES = {"definite": "certain failures", "possible": "certain and possible failures"}

#: Models and other methods, by their names in comparisons.csv.
MODELS = {
    "unadjusted": "unadjusted",
    "modified_poisson": "modified Poisson",
    "logistic_standardised": "logistic, standardised",
    "modified_poisson_mutual": "modified Poisson, all groups together",
    "logistic_standardised_mutual": "logistic, standardised, all groups together",
    "firth": "Firth's logistic",
    "gee_log": "estimating equations",
    "gee_log_mutual": "estimating equations, all groups together",
    "gee_logit": "estimating equations, logit",
    "cochran_armitage": "Cochran and Armitage",
    "interaction": "from counts",
    "logistic_spline": "logistic, spline of age",
    "logistic_interaction": "logistic, bands by group",
    "bounds": "bounds",
}

#: Why a comparison or a model has no number.
MODEL_REASONS = {
    "part_of_the_population_or_the_event": "by definition",
    "nobody": "nobody with everything known",
    "nobody_in_a_group": "nobody in one of the groups",
    "no_event_in_a_group": "no event in one of the groups",
    "fewer_than_two_patients": "fewer than two patients in a group",
    "no_variance_in_a_group": "all patients of a group alike",
    "no_event": "no event",
    "only_events": "nobody without the event",
    "one_level": "only one level left",
    "collinear": "terms that cannot be told apart",
    "empty_cell": "on one side of it nobody, or everybody, has the event",
    "separation": "a term tells the outcome apart wholly",
    "no_convergence": "no convergence",
    "too_few_patients": "fewer patients than terms",
    "fewer_than_50_patients": "fewer than 50 patients",
    "fewer_than_two_bands_or_one_outcome": "fewer than two bands, or one outcome only",
    "fewer_than_three_bands": "fewer than three bands",
    "fewer_than_three_ages": "fewer than three ages",
    "too_few_knots_or_bands": "too few knots or bands",
}

#: Why two definitions have no kappa, or it has no limits.
AGREEMENT_REASONS = {
    "nobody": "nobody labelled by both",
    "one_label": "a definition gives one label only",
    "no_variance": "no limits: no variance",
}

STATUS = {
    "ok": "",
    "suppressed": "hidden: a count here is too small to be shown",
    "partly_suppressed": "the number of unknowns and the bounds are hidden",
    "reprinted": "as in an earlier release, since when few came or went",
    "by_definition": "follows from the definition; no rate",
    "not_estimable": "nobody",
}

#: Stands behind what an earlier release has told and this one tells again.
AGAIN = "\N{DAGGER}"

#: Labels of two runs; and what is compared between drops.
FLOW_LABELS = {**LABELS, "absent": "Not in the cohort"}
MEASURES = {"missing": "missing", "present": "recorded as yes", "dose_rank": "rank of the dose"}

ABBREVIATIONS = {"hpa": "HPA"}


def words(text: str) -> str:
    """Write an identifier as words."""
    parts = [ABBREVIATIONS.get(part, part) for part in text.split("_")]
    return " ".join(parts)


def percent(value: Any, digits: int | None = None) -> str:
    """Write a fraction as percent."""
    return current_style().percent(value, digits)


def percent_range(low: Any, high: Any) -> str:
    """Write a range of fractions as percent."""
    return current_style().percent_range(low, high)


def points_range(low: Any, high: Any) -> str:
    """Write a range of differences in percentage points."""
    return current_style().points_range(low, high)


def points(value: Any) -> str:
    """Write a difference in percentage points."""
    return current_style().points(value)


def count(value: Any) -> str:
    """Write a count, thousands apart."""
    return current_style().count(value)


def decimal(value: Any, digits: int | None = None) -> str:
    """Write a number with a fixed number of decimals; a large one without."""
    return current_style().decimal(value, digits)


def decimal_range(low: Any, high: Any, digits: int | None = None) -> str:
    """Write a range of numbers."""
    return current_style().decimal_range(low, high, digits)


def listed(text: Any) -> str:
    """Write identifiers that are joined by semicolons as words."""
    if pd.isna(text) or not text:
        return NOTHING
    return ", ".join(words(part) for part in str(text).split("; "))


def p_value(value: Any) -> str:
    """Write a p-value."""
    return current_style().p_value(value)


def conclusion(word: Any, reference: float, margin: float) -> str:
    """Say what a rate is against the reference."""
    if pd.isna(word):
        return NOTHING
    return {
        "above": f"above {percent(reference, 0)}",
        "below": f"below {percent(reference, 0)}",
        "equivalent": f"within {100 * margin:.0f} points of {percent(reference, 0)}",
        "inconclusive": "inconclusive",
    }[str(word)]


def stands(robust: Any) -> str:
    """Say whether a conclusion stands at both bounds."""
    if pd.isna(robust):
        return NOTHING
    return "yes" if robust else "no"


def level_words(stratum: str, group: Any, level: Any) -> str:
    """Name a level of a stratum."""
    if stratum == "overall":
        return "Everybody"
    text = UNKNOWN if pd.isna(level) else str(level)
    if stratum == "factor_combination":
        return combination(text)
    if stratum in ("sex", "site", "drop", "age_band"):
        return text
    name = GROUPS.get(str(group)) or words(str(group)).capitalize().replace("Hpa", "HPA")
    return f"{name}: {text}"


def combination(level: str) -> str:
    """Name an exclusive combination of factor groups."""
    if level == UNKNOWN:
        return "One or more groups unknown"
    if level == "none":
        return "None of the four"
    names = [GROUPS[part].lower() for part in level.split("+")]
    only = " only" if len(names) == 1 else ""
    return (" + ".join(names)).capitalize() + only


def freeze_words(freeze: FreezeStatus) -> str:
    """Say whether the analysis is as it was frozen."""
    if freeze.state == "never":
        return (
            "Configuration and definitions were never frozen: nothing shows that they were chosen"
            " before the results were seen."
        )
    when = (
        "before the first labels were made"
        if freeze.before_labels
        else "when labels had been made already"
    )
    text = f"Configuration and definitions were frozen {when}"
    if freeze.reasons:
        text += f", {len(freeze.reasons)} time(s) anew ({'; '.join(freeze.reasons)})"
    if freeze.state == "changed":
        return f"{text}, and have changed since: {'; '.join(freeze.changes)}."
    return f"{text}, and have not changed since."
