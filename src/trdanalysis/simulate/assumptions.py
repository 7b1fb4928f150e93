"""What the simulation assumes, as tables: medicines, scales, factors, effects, missing values.

The planted effects are log odds ratios on non-response to a trial. Together with
``BASE_LOG_ODDS = 0`` they make non-response to the first adequate first-line trial about one half,
as in published measurements (47 to 53%). Nothing here is aimed at the article's 30%.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Treatment:
    """One treatment that can be drawn.

    ``words`` are the ways it is written (generic, brands, salt, ATC code); ``min_mg_per_day`` is
    the adequate minimum, None where no dose is recorded. ``first``, ``later``, ``joined`` and
    ``added`` are relative shares: as a patient's first course, as a later one, begun together with
    another, and as an augmentation.
    """

    generic: str
    words: tuple[str, ...]
    min_mg_per_day: float | None
    antidepressant: bool
    first_line: bool
    first: float = 0
    later: float = 0
    joined: float = 0
    added: float = 0


def _ad(
    generic: str, words: tuple[str, ...], minimum: float, first_line: bool, *shares: float
) -> Treatment:
    return Treatment(generic, (generic, *words), minimum, True, first_line, *shares)


#: The first two stand in for a draw that repeats the last course; aripiprazole for a repeated
#: augmentation.
TREATMENTS: tuple[Treatment, ...] = (
    _ad("sertraline", ("Zoloft", "sertraline HCl", "N06AB06"), 50, True, 24, 14, 5),
    _ad("escitalopram", ("Lexapro", "escitalopram oxalate", "N06AB10"), 10, True, 20, 12, 3),
    _ad("citalopram", ("Celexa", "citalopram hydrobromide", "N06AB04"), 20, True, 13, 6),
    _ad("fluoxetine", ("Prozac", "fluoxetine hydrochloride", "N06AB03"), 20, True, 13, 7),
    _ad("paroxetine", ("Seroxat", "paroxetine HCl", "N06AB05"), 20, True, 4, 3),
    _ad("venlafaxine", ("Effexor XR", "venlafaxine XR", "N06AX16"), 150, True, 7, 15),
    _ad("desvenlafaxine", ("Pristiq", "desvenlafaxine succinate", "N06AX23"), 50, True, 1, 3),
    _ad("duloxetine", ("Cymbalta", "duloxetine HCl", "N06AX21"), 60, True, 5, 11),
    _ad("bupropion", ("Wellbutrin", "bupropion XL", "N06AX12"), 300, True, 4, 8, 20),
    _ad("mirtazapine", ("Remeron", "mirtazapine", "N06AX11"), 15, True, 6, 10, 35),
    _ad("vortioxetine", ("Trintellix", "Brintellix", "N06AX26"), 10, True, 1, 4),
    _ad("agomelatine", ("Valdoxan", "agomelatine", "N06AX22"), 25, True, 0.5, 2),
    _ad("trazodone", ("Desyrel", "trazodone hydrochloride", "N06AX05"), 300, False, 1, 2, 20),
    _ad("amitriptyline", ("Elavil", "amitriptyline HCl", "N06AA09"), 150, False, 1, 2, 17),
    _ad("nortriptyline", ("Pamelor", "nortriptyline HCl", "N06AA10"), 75, False, 0.3, 2),
    _ad("clomipramine", ("Anafranil", "clomipramine HCl", "N06AA04"), 150, False, 0.2, 1),
    _ad("tranylcypromine", ("Parnate", "N06AF04"), 30, False, 0, 0.5),
    Treatment("esketamine", ("esketamine", "Spravato", "N06AX27"), 56, False, False, 0, 1.5),
    Treatment("ect", ("ect", "ECT"), None, False, False, 0, 2),
    Treatment("rtms", ("rtms", "rTMS"), None, False, False, 0, 1.5),
    Treatment("aripiprazole", ("aripiprazole", "Abilify", "N05AX12"), 2, False, False, added=45),
    Treatment("lithium", ("lithium", "Priadel", "N05AN01"), 600, False, False, added=20),
    Treatment("olanzapine", ("olanzapine", "Zyprexa", "N05AH03"), 2.5, False, False, added=10),
    Treatment("risperidone", ("risperidone", "Risperdal", "N05AX08"), 1, False, False, added=10),
    Treatment("psychotherapy", ("psychotherapy", "Psychotherapy"), None, False, False),
    Treatment("lifestyle", ("lifestyle",), None, False, False),
    Treatment("placebo", ("placebo",), None, False, False),
)
NAMES = tuple(treatment.generic for treatment in TREATMENTS)
ARIPIPRAZOLE = NAMES.index("aripiprazole")
AMITRIPTYLINE = NAMES.index("amitriptyline")
#: Given beside everything else, without scores, and their shares.
BESIDE = {
    NAMES.index("psychotherapy"): 0.80,
    NAMES.index("lifestyle"): 0.17,
    NAMES.index("placebo"): 0.03,
}
#: Share of the ways to write a treatment: the generic name first, the rest evenly.
GENERIC_WORD_SHARE = 0.6

MIN_MG_PER_DAY = np.array([t.min_mg_per_day or np.nan for t in TREATMENTS], dtype=float)
IS_ANTIDEPRESSANT = np.array([t.antidepressant for t in TREATMENTS])
IS_FIRST_LINE = np.array([t.first_line for t in TREATMENTS])

#: Highest dose as a multiple of the minimum, and how often.
DOSE_MULTIPLES = {0.5: 0.16, 1.0: 0.50, 1.5: 0.24, 2.0: 0.10}


@dataclass(frozen=True)
class Scale:
    """A depression scale, how it is written, and the distribution of scores before treatment."""

    words: tuple[str, ...]
    maximum: int
    remission_at_most: int
    baseline_low: int
    baseline_mean: float
    baseline_sd: float
    share: float


SCALES: tuple[Scale, ...] = (
    Scale(("HAM-D17", "HAMD17", "hamd-17"), 52, 7, 14, 22, 4, 0.25),
    Scale(("MADRS", "madrs", "MADRS"), 60, 10, 20, 30, 6, 0.25),
    Scale(("PHQ-9", "PHQ9", "phq 9"), 27, 4, 10, 17, 4, 0.35),
    Scale(("QIDS-SR16", "QIDS SR 16", "qidssr16"), 27, 5, 10, 16, 3.5, 0.15),
)
#: Functional scales: range, first impaired score (at the high or the low side), share of patients.
FUNCTION_SCALES: tuple[tuple[str, int, int, int, bool, float], ...] = (
    ("SDS-MAX", 0, 10, 5, True, 0.4),
    ("WSAS", 0, 40, 10, True, 0.3),
    ("WHODAS-12", 0, 48, 10, True, 0.15),
    ("GAF", 1, 100, 60, False, 0.15),
)


@dataclass(frozen=True)
class Factor:
    """Prevalence, planted effect (log odds ratio of non-response), share not recorded."""

    prevalence: float
    log_odds_ratio: float
    unrecorded: float


FACTOR_ASSUMPTIONS: dict[str, Factor] = {
    "hormone_imbalance": Factor(0.12, 0.10, 0.35),
    "hpa_axis_dysregulation": Factor(0.15, 0.20, 0.60),
    "neurotransmitter_change": Factor(0.20, 0.00, 0.70),
    "inflammation": Factor(0.22, 0.45, 0.40),
    "genetic_variant": Factor(0.10, 0.15, 0.65),
    "early_trauma": Factor(0.30, 0.50, 0.15),
    "chronic_stress": Factor(0.45, 0.20, 0.10),
    "comorbid_mental_condition": Factor(0.40, 0.60, 0.05),
    "negative_thinking": Factor(0.55, 0.10, 0.15),
    "poor_sleep": Factor(0.55, 0.25, 0.08),
    "substance_use": Factor(0.20, 0.35, 0.10),
    "chronic_illness": Factor(0.28, 0.30, 0.05),
    "social_stress": Factor(0.40, 0.15, 0.12),
}
SYMPTOM_PREVALENCE: dict[str, float] = {
    "low_mood": 0.95,
    "anhedonia": 0.85,
    "sleep_disturbance": 0.75,
    "appetite_change": 0.55,
    "fatigue": 0.80,
    "poor_concentration": 0.70,
    "hopelessness": 0.50,
    "physical_symptoms": 0.45,
}

BASE_LOG_ODDS = 0.0
#: Planted effects of the trial itself and of the patient's age and history.
LOW_DOSE_LOG_ODDS = 0.8
SHORT_TRIAL_LOG_ODDS = 1.0
LOW_ADHERENCE_LOG_ODDS = 0.7
EACH_EARLIER_FAILURE_LOG_ODDS = 0.5
AGE_18_TO_25_LOG_ODDS = 0.25
AGE_65_AND_OVER_LOG_ODDS = 0.20
PATIENT_SD_LOG_ODDS = 0.5

#: Shares of values not recorded, where one number does. Endpoint scores are missing more often
#: after non-response, so that missingness is informative, as in practice.
UNRECORDED: dict[str, float] = {
    "age_years": 0.01,
    "sex": 0.005,
    "site": 0.002,
    "mdd_diagnosis": 0.03,
    "bipolar_disorder": 0.08,
    "psychotic_features": 0.12,
    "functional_impairment": 0.25,
    "function_score": 0.50,
    "medical_cause": 0.04,
    "current_substance_use": 0.05,
    "last_observed_day": 0.02,
    "age_at_onset_years": 0.15,
    "symptoms": 0.10,
    "drug": 0.004,
    "role": 0.35,
    "for_depression": 0.50,
    "dose_mg_per_day": 0.06,
    "stop_day": 0.03,
    "adherence": 0.12,
    "scale": 0.01,
    "baseline_score": 0.06,
    "endpoint_score_response": 0.12,
    "endpoint_score_nonresponse": 0.18,
    "score_day": 0.20,
    "rated_outcome": 0.45,
    "stop_reason": 0.10,
    "episode": 0.15,
    "step_dose": 0.02,
    "step_stop": 0.40,
}
#: Share of endpoints rated outside their window.
ENDPOINT_OUTSIDE_WINDOW = 0.03
