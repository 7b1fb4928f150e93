"""Small random cohorts for the tests of the analysis, and a slow reading of their counts."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import ibis
import pyarrow as pa

from trdanalysis.ages import age_bands
from trdanalysis.analysis.criteria import derive_criteria, derive_trial_criteria
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.analysis.states import derive_states
from trdanalysis.contract import FACTORS, SYMPTOMS

BANDS = age_bands([0, 12, 18, 26])
UNDER_AGE = ("under 12", "12-17")
SETTINGS = RateSettings(reference=0.30, margin=0.05, bands=BANDS, definitions=("article",))

TRIAL_GROUP = "medication_related"
RECORDED = {group: names for group, names in FACTORS.items() if group != TRIAL_GROUP}
THREE = (True, False, None)
PATIENT_FLAGS = tuple(name for group, names in RECORDED.items() for name in (group, *names))
TRIAL_FLAGS = (
    "antidepressant",
    "first_line",
    "dose_adequate",
    "duration_adequate",
    "adherence_adequate",
    "nonresponse",
    "remission",
)
LABEL_FLAGS = (
    "mdd", "enough_failures", "impaired", "not_excluded", "apparent_resistance",
    "pseudo_resistance",
)  # fmt: skip

TRIAL_COVARIATES = ("baseline_score", "scale", "episode", "drug_class")

#: What only describes a patient.
DESCRIBING_FLAGS = (
    *SYMPTOMS, "bipolar_disorder", "psychotic_features", "medical_cause", "current_substance_use",
)  # fmt: skip
DESCRIBING_NUMBERS = ("age_at_onset_years", "last_observed_day")

Row = dict[str, Any]


@dataclass
class Cohort:
    """Rows of the four tables that the analysis takes."""

    patients: list[Row] = field(default_factory=list)
    trials: list[Row] = field(default_factory=list)
    labels: list[Row] = field(default_factory=list)
    quarantined: list[Row] = field(default_factory=list)

    def add(
        self,
        patient_id: str,
        *,
        patient: Row | None = None,
        label: Row | None = None,
        trials: tuple[Row, ...] = (),
        quarantined: int = 0,
        definition: str = "article",
    ) -> None:
        """Add a patient; what is not said is unknown."""
        blank: Row = {
            "age_years": None, "age_band": "18-25", "sex": None, "site": None, "drop_id": "d1",
        }  # fmt: skip
        blank |= dict.fromkeys(PATIENT_FLAGS)
        self.patients.append(blank | {"patient_id": patient_id} | (patient or {}))
        blank = {"definition": definition, "label": "indeterminate"} | dict.fromkeys(LABEL_FLAGS)
        self.labels.append(blank | {"patient_id": patient_id} | (label or {}))
        for number, trial in enumerate(trials):
            blank = {"trial_id": f"t{number}", "ingredient": "sertraline", "start_day": 0}
            blank |= dict.fromkeys(("duration_days", *TRIAL_FLAGS, *TRIAL_COVARIATES))
            self.trials.append(blank | {"patient_id": patient_id} | trial)
        for number in range(quarantined):
            # Every second one names its trial, and does so twice: it is one trial all the same.
            named = number % 2 == 1
            row = {"patient_id": patient_id, "trial_id": "lost" if named else None, "drop_id": "d1"}
            lines = (2 * number, 2 * number + 1) if named else (2 * number,)
            self.quarantined += [row | {"line": line} for line in lines]

    def tables(self) -> tuple[ibis.Table, ibis.Table, ibis.Table, ibis.Table]:
        """Give the tables in the order in which the analysis takes them."""
        connection = ibis.duckdb.connect()

        def create(name: str, rows: list[Row], columns: dict[str, pa.DataType]) -> ibis.Table:
            table = pa.Table.from_pylist(rows, pa.schema(list(columns.items())))
            return connection.create_table(name, ibis.memtable(table))

        text = dict.fromkeys(("patient_id", "age_band", "sex", "site", "drop_id"), pa.string())
        flags = dict.fromkeys((*PATIENT_FLAGS, *DESCRIBING_FLAGS), pa.bool_())
        years = dict.fromkeys(("age_years", *DESCRIBING_NUMBERS), pa.int64())
        named = dict.fromkeys(("patient_id", "trial_id", "ingredient"), pa.string())
        named |= dict.fromkeys(("scale", "drug_class"), pa.string())
        numbers = dict.fromkeys(("start_day", "duration_days", "episode"), pa.int64())
        numbers["baseline_score"] = pa.float64()
        return (
            create("patients", self.patients, text | years | flags),
            create("trials", self.trials, named | numbers | dict.fromkeys(TRIAL_FLAGS, pa.bool_())),
            create(
                "labels",
                self.labels,
                dict.fromkeys(("patient_id", "definition", "label"), pa.string())
                | dict.fromkeys(LABEL_FLAGS, pa.bool_()),
            ),
            create(
                "quarantined",
                self.quarantined,
                dict.fromkeys(("patient_id", "trial_id", "drop_id"), pa.string())
                | {"line": pa.int64()},
            ),
        )


def describe_patient(*seed: object) -> Row:
    """Draw what only describes a patient, beside the draws of everything else."""
    chance = random.Random(str(seed))
    shares = [0.1 + 0.08 * place for place in range(len(DESCRIBING_FLAGS))]
    flags = {
        name: None if chance.random() < 0.1 else chance.random() < share
        for name, share in zip(DESCRIBING_FLAGS, shares, strict=True)
    }
    numbers = (chance.choice((None, 9, 20, 33, 61)), chance.choice((None, -5, 20, 90, 400)))
    return flags | dict(zip(DESCRIBING_NUMBERS, numbers, strict=True))


def describe_trial(*seed: object) -> Row:
    """Draw what only describes a trial."""
    chance = random.Random(str(seed))
    return {
        "drug_class": chance.choices(("SSRI", "SNRI", "TCA", None), (70, 20, 4, 6))[0],
        "scale": chance.choice(("HAM-D17", "PHQ-9", None)),
        "baseline_score": chance.choice((None, 12.0, 18.0, 25.0)),
    }


def make_cohort(seed: int, n_patients: int) -> Cohort:
    """Make a cohort in which every value, and every unknown, turns up."""
    chance = random.Random(seed)
    cohort = Cohort()

    def flags(names: tuple[str, ...], weights: tuple[int, int, int] = (4, 2, 1)) -> Row:
        return {name: chance.choices(THREE, weights)[0] for name in names}

    for number in range(n_patients):
        trials = tuple(
            flags(TRIAL_FLAGS)
            | {
                "start_day": chance.choice((0, 0, 20, 40)),
                "ingredient": chance.choice(("citalopram", "sertraline")),
                "duration_days": chance.choice((None, 41, 42, 90)),
            }
            | {"drug_class": describe_trial(seed, number, place)["drug_class"]}
            for place in range(chance.choice((0, 1, 1, 2, 3)))
        )
        cohort.add(
            f"p{number}",
            patient=flags(PATIENT_FLAGS, (1, 1, 1))
            | describe_patient(seed, number)
            | {
                "age_band": chance.choice((*(band.label for band in BANDS), None)),
                "sex": chance.choice(("female", "male", "other", None)),
                "site": chance.choice(("north", "south", None)),
                "drop_id": chance.choice(("d1", "d2")),
            },
            label=flags(LABEL_FLAGS)
            | {"label": chance.choice(("trd", "not_trd", "indeterminate"))},
            trials=trials,
            quarantined=chance.choice((0, 0, 0, 0, 1, 2)),
        )
    return cohort


def and3(*values: bool | None) -> bool | None:
    """Kleene AND."""
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def or3(*values: bool | None) -> bool | None:
    """Kleene OR."""
    if any(value is True for value in values):
        return True
    return None if any(value is None for value in values) else False


def not3(value: bool | None) -> bool | None:
    """Kleene NOT."""
    return None if value is None else not value


def read_first_trial(trials: list[Row], quarantined: int) -> Row | None | str:
    """Give the first antidepressant trial, ``none`` or ``unknown``, patient by patient."""
    certain = [trial for trial in trials if trial["antidepressant"] is True]
    possible = [trial for trial in trials if trial["antidepressant"] is None]
    if quarantined:
        return "unknown"
    if not certain:
        return "unknown" if possible else "none"
    first = min(certain, key=lambda one: (one["start_day"], one["ingredient"], one["trial_id"]))
    if any(trial["start_day"] <= first["start_day"] for trial in possible):
        return "unknown"
    return first


def count_lost(cohort: Cohort, patient_id: str) -> int:
    """Count the quarantined trials of a patient."""
    own = [row for row in cohort.quarantined if row["patient_id"] == patient_id]
    return len({row["trial_id"] or row["line"] for row in own})


def read_units(cohort: Cohort) -> list[Row]:
    """Read membership and event of every estimand off the rows, one patient after the other.

    A unit of ``any_adequate_trial`` is a trial, every other one a patient.
    """
    units = []
    labels = {row["patient_id"]: row for row in cohort.labels}
    for patient in cohort.patients:
        who, label = patient["patient_id"], labels[patient["patient_id"]]
        trials = [trial for trial in cohort.trials if trial["patient_id"] == who]
        quarantined = count_lost(cohort, who)
        first = read_first_trial(trials, quarantined)
        known: Row = (
            first if isinstance(first, dict) else dict.fromkeys((*TRIAL_FLAGS, "duration_days"))
        )
        first_line = False if first == "none" else known["first_line"]
        any_trial = or3(*(trial["antidepressant"] for trial in trials), *([None] * quarantined))
        days = known["duration_days"]
        factors = {
            "inadequate_dose": not3(known["dose_adequate"]),
            "insufficient_duration": None if days is None else days < 42,
            "poor_adherence": not3(known["adherence_adequate"]),
        }
        factors[TRIAL_GROUP] = or3(*factors.values())
        mdd = label["mdd"]
        trd = {"trd": True, "not_trd": False, "indeterminate": None}[label["label"]]
        adequate = [known[f"{name}_adequate"] for name in ("dose", "duration", "adherence")]
        nonremission = not3(known["remission"])
        first_members = and3(mdd, first_line), and3(mdd, first_line, *adequate)
        lost = [dict.fromkeys(TRIAL_FLAGS)] * quarantined
        for estimand, member, event in (
            ("initial_trial", first_members[0], known["nonresponse"]),
            ("initial_adequate_trial", first_members[1], known["nonresponse"]),
            ("initial_remission", first_members[0], nonremission),
            ("initial_adequate_remission", first_members[1], nonremission),
            *(
                (
                    "any_adequate_trial",
                    and3(mdd, *(trial[name] for name in TRIAL_FLAGS[:5])),
                    trial["nonresponse"],
                )
                for trial in [*trials, *lost]
            ),
            ("trd", and3(mdd, any_trial), trd),
            ("trd_eligible", and3(mdd, any_trial, label["not_excluded"]), trd),
            (
                "pseudo_resistance",
                and3(mdd, label["apparent_resistance"]),
                label["pseudo_resistance"],
            ),
        ):
            units.append(
                patient | factors | {"estimand": estimand, "member": member, "event": event}
            )
    return units


def states_of(cohort: Cohort, definition: str = "article") -> ibis.Table:
    """Give the kept states of a cohort."""
    states = derive_states(derive_criteria(*cohort.tables(), definition))
    return states.get_backend().create_table(f"states_of_{definition}", states)


def trial_criteria_of(cohort: Cohort, definition: str = "article") -> ibis.Table:
    """Give the criteria of the trials of a cohort."""
    patients, trials, labels, quarantined = cohort.tables()
    backend = trials.get_backend()
    criteria = derive_criteria(
        *(ibis.memtable(table.to_pyarrow()) for table in (patients, trials, labels, quarantined)),
        definition,
    )
    parts = (criteria, trials, quarantined)
    memory = [ibis.memtable(table.to_pyarrow()) for table in parts]
    return backend.create_table("trial_criteria", derive_trial_criteria(*memory, definition))


def read_counts(units: list[Row], estimand: str, stratum: str, group: str, level: str, band: str):
    """Count members, known outcomes, events and unknowns of one row, one unit after the other."""
    counts = {"certain": 0, "known": 0, "events": 0, "unknown": 0}
    for unit in units:
        if unit["estimand"] != estimand:
            continue
        if stratum != "age_band" and unit["age_band"] in UNDER_AGE:
            continue
        if band and (unit["age_band"] or "unknown") != band:
            continue
        if stratum == "factor_combination":
            groups = {group: unit[group] for group in FACTORS}
            if estimand not in ("initial_trial", "initial_remission"):
                del groups[TRIAL_GROUP]
            value = "+".join(group for group, present in groups.items() if present) or "none"
            value = "unknown" if None in groups.values() else value
        elif stratum in ("factor", "factor_group", "factor_group_by_age_band"):
            value = {True: "present", False: "absent", None: "unknown"}[unit[group]]
        elif stratum == "overall":
            value = "all"
        else:
            value = unit["drop_id" if stratum == "drop" else stratum] or "unknown"
        if value != level:
            continue
        member, event = unit["member"], unit["event"]
        counts["certain"] += member is True
        counts["known"] += member is True and event is not None
        counts["events"] += member is True and event is True
        counts["unknown"] += member is not False and (member is None or event is None)
    return counts
