"""The data contract as data: every table and column that goes in.

Each column is declared once. Intake checks, synthetic data, schemas and documentation are made from
these declarations; no other module repeats a name, a range or a vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "id",
    "text",
    "integer",
    "day",
    "number",
    "three_valued",
    "word",
    "drug",
    "scale",
    "function_scale",
]

#: Words of a three-valued column in text files. Nothing means unknown, never no.
YES, NO = "yes", "no"

#: Pseudonyms: letters, digits and ``_.-``, at most 64.
ID_PATTERN = r"^[A-Za-z0-9_.-]{1,64}$"

#: A day further from the private origin than this (270 years) is not a relative day.
MAX_ABS_DAY = 100_000

#: What is given for depression but is no drug.
NON_DRUG_TREATMENTS = ("psychotherapy", "ect", "rtms", "lifestyle", "placebo")


@dataclass(frozen=True)
class Column:
    """One column of an input table.

    Attributes
    ----------
    name, kind, meaning
        As in the contract; ``kind`` decides how a cell is read.
    unit
        Unit of the number, in words.
    low, high
        Closed range; ``low_open`` excludes ``low`` itself. None: no bound.
    words
        Vocabulary of a ``word`` column.
    key
        Part of the table's key.
    required
        The column must be there (cells may still be empty, unless ``key``).
    has_default
        An empty cell is read as a stated default; a bad cell is not, so its badness is kept.
    group
        Factor group, or ``symptom``.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    words: tuple[str, ...] = ()
    key: bool = False
    required: bool = False
    has_default: bool = False
    group: str | None = None


@dataclass(frozen=True)
class TableSpec:
    """One input table: its name, whether a drop must have it, and its columns in order."""

    name: str
    meaning: str
    required: bool
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(column.name for column in self.columns if column.key)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in the contract's order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Give one column by its name."""
        return next(column for column in self.columns if column.name == name)


def _day(name: str, meaning: str, default: bool = False) -> Column:
    return Column(
        name,
        "day",
        meaning,
        unit="days from the patient's private origin",
        low=-MAX_ABS_DAY,
        high=MAX_ABS_DAY,
        has_default=default,
    )


def _three(name: str, meaning: str, group: str | None = None, *, default: bool = False) -> Column:
    return Column(name, "three_valued", meaning, group=group, has_default=default)


#: Factor groups in the article's order. Medication-related factors are derived from the trials.
FACTORS: dict[str, tuple[str, ...]] = {
    "biological": (
        "hormone_imbalance",
        "hpa_axis_dysregulation",
        "neurotransmitter_change",
        "inflammation",
        "genetic_variant",
    ),
    "psychological": (
        "early_trauma",
        "chronic_stress",
        "comorbid_mental_condition",
        "negative_thinking",
    ),
    "medication_related": ("inadequate_dose", "insufficient_duration", "poor_adherence"),
    "environmental": ("poor_sleep", "substance_use", "chronic_illness", "social_stress"),
}

#: Groups whose factors stand in the patients table.
RECORDED_GROUPS = tuple(group for group in FACTORS if group != "medication_related")

SYMPTOMS = (
    "low_mood",
    "anhedonia",
    "sleep_disturbance",
    "appetite_change",
    "fatigue",
    "poor_concentration",
    "hopelessness",
    "physical_symptoms",
)

_PATIENT_ID = Column("patient_id", "id", "pseudonym of the patient", key=True, required=True)

PATIENTS = TableSpec(
    "patients",
    "one row per patient",
    True,
    (
        _PATIENT_ID,
        Column(
            "age_years",
            "integer",
            "age at the first recorded trial; 90 means 90 or older",
            unit="years",
            low=0,
            high=90,
        ),
        Column("sex", "word", "sex as recorded", words=("female", "male", "other")),
        Column("site", "text", "where the patient was treated"),
        _three("mdd_diagnosis", "formal diagnosis of unipolar major depressive disorder"),
        _three("bipolar_disorder", "bipolar disorder"),
        _three("psychotic_features", "psychotic features"),
        _three(
            "functional_impairment",
            "depressive symptoms still affect daily functioning, at last observation",
        ),
        Column("function_scale", "function_scale", "scale of function_score"),
        Column(
            "function_score",
            "number",
            "functional score, used where functional_impairment is unknown",
            unit="points",
        ),
        _three("medical_cause", "another medical condition explains the symptoms (exclusion)"),
        _three("current_substance_use", "current substance use disorder (exclusion)"),
        _day("last_observed_day", "last day the patient was under observation"),
        Column(
            "age_at_onset_years",
            "integer",
            "age at the first depressive episode",
            unit="years",
            low=0,
            high=90,
        ),
        *(
            _three(factor, factor.replace("_", " "), group)
            for group in RECORDED_GROUPS
            for factor in FACTORS[group]
        ),
        *(_three(symptom, symptom.replace("_", " "), "symptom") for symptom in SYMPTOMS),
    ),
)

_TRIAL_KEY = (
    _PATIENT_ID,
    Column(
        "trial_id", "text", "identifier of the trial within the patient", key=True, required=True
    ),
)

TRIALS = TableSpec(
    "trials",
    "one row per treatment trial",
    True,
    (
        *_TRIAL_KEY,
        Column(
            "drug",
            "drug",
            "generic name, brand name or ATC code, or a word for what is no drug",
            required=True,
        ),
        Column(
            "role",
            "word",
            "part of the treatment; empty: primary",
            words=("primary", "augmentation"),
            has_default=True,
        ),
        _three("for_depression", "given for depression; empty: yes", default=True),
        Column(
            "dose_mg_per_day",
            "number",
            "highest daily dose held",
            unit="mg per day",
            low=0,
            low_open=True,
        ),
        Column(
            "start_day",
            "day",
            "first day on treatment",
            unit="days from the patient's private origin",
            low=-MAX_ABS_DAY,
            high=MAX_ABS_DAY,
            required=True,
        ),
        _day(
            "stop_day",
            "first day without the treatment; empty: ongoing unless a stop reason stands",
        ),
        Column("adherence", "number", "proportion of days covered", unit="fraction", low=0, high=1),
        Column("scale", "scale", "depression scale of both scores"),
        Column("baseline_score", "number", "score before the trial", unit="points"),
        Column("endpoint_score", "number", "score at the end of the trial", unit="points"),
        _day(
            "baseline_day",
            "day of the baseline score; empty: taken to be inside its window",
            default=True,
        ),
        _day(
            "endpoint_day",
            "day of the endpoint score; empty: taken to be inside its window",
            default=True,
        ),
        Column(
            "rated_outcome",
            "word",
            "clinician's rating of the outcome",
            words=("remission", "response", "partial_response", "no_response"),
        ),
        Column(
            "stop_reason",
            "word",
            "why the trial ended",
            words=(
                "lack_of_efficacy",
                "intolerance",
                "nonadherence",
                "completed",
                "patient_choice",
                "lost_to_follow_up",
                "other",
            ),
            has_default=True,
        ),
        Column("episode", "integer", "depressive episode, 1 = first", low=1, high=1000),
    ),
)

DOSES = TableSpec(
    "doses",
    "one row per dose step of a trial",
    False,
    (
        *_TRIAL_KEY,
        Column(
            "start_day",
            "day",
            "first day on this dose",
            unit="days from the patient's private origin",
            low=-MAX_ABS_DAY,
            high=MAX_ABS_DAY,
            key=True,
            required=True,
        ),
        _day(
            "stop_day", "first day off this dose; empty: until the next step, else the trial's end"
        ),
        Column("dose_mg_per_day", "number", "daily dose", unit="mg per day", low=0, low_open=True),
    ),
)

ASSESSMENTS = TableSpec(
    "assessments",
    "one row per rating",
    False,
    (
        _PATIENT_ID,
        Column(
            "day",
            "day",
            "day of the rating",
            unit="days from the patient's private origin",
            low=-MAX_ABS_DAY,
            high=MAX_ABS_DAY,
            key=True,
            required=True,
        ),
        Column("scale", "scale", "depression scale", key=True, required=True),
        Column("score", "number", "score", unit="points"),
    ),
)

TABLES: dict[str, TableSpec] = {spec.name: spec for spec in (PATIENTS, TRIALS, DOSES, ASSESSMENTS)}

#: Keys of ``drop.yaml`` and their defaults.
READERS = ("native", "flat", "omop", "sdtm", "nda", "redcap")
MODES = ("snapshot", "increment")
