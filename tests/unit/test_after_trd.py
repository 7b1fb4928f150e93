"""After treatment resistance: truth tables of strategies, and patients written by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest

from tests.asked import asked_of
from tests.property.compare import frames
from trdanalysis.analysis.questions.after_trd import (
    QUESTION,
    add_next_steps,
    ask_after_trd,
    count_days_to_next_step,
    find_first_of_each,
)
from trdanalysis.analysis.questions.asked import CONTRAST_COLUMNS, Counting
from trdanalysis.analysis.questions.form import estimate_answers
from trdanalysis.analysis.questions.next_steps import AfterResistance, derive_after_resistance
from trdanalysis.analysis.questions.pathways import KINDS, NONE_RECORDED, STRATEGIES, list_pathways
from trdanalysis.analysis.questions.strategies import (
    any_of,
    derive_kind,
    tell_antidepressant_strategy,
)
from trdanalysis.analysis.questions.strategy_contrasts import compare_strategies
from trdanalysis.engine import Engine

THREE = (True, False, None)

# -- truth tables


@pytest.mark.parametrize(
    ("drug_role", "ingredient", "primary", "augmentation", "unreadable"),
    [
        ("antidepressant", "sertraline", "antidepressant", "augmentation", None),
        ("augmentation", "lithium", "augmentation", "augmentation", "augmentation"),
        ("trd_specific", "esketamine", "ketamine", "ketamine", "ketamine"),
        ("non_drug", "ect", "ect", "ect", "ect"),
        ("non_drug", "rtms", "rtms", "rtms", "rtms"),
        ("non_drug", "psychotherapy", "psychotherapy", "psychotherapy", "psychotherapy"),
        ("non_drug", "lifestyle", "lifestyle", "lifestyle", "lifestyle"),
        ("non_drug", "placebo", "no_step", "no_step", "no_step"),
        ("other_drug", "clonazepam", "no_step", "augmentation", None),
        (None, None, None, None, None),
    ],
)
def test_what_a_treatment_is_by_itself(
    drug_role: str | None, ingredient: str | None, primary: Any, augmentation: Any, unreadable: Any
) -> None:
    """By role: given as primary or left empty, as augmentation, or not readable."""
    by_role = {("primary", False): primary, (None, False): primary, (None, True): unreadable,
               ("augmentation", False): augmentation}  # fmt: skip
    indications = {(True, False): True, (None, False): True, (False, False): False,
                   (None, True): None}  # fmt: skip
    rows, expected = [], []
    for (role, expect), (flag, is_so) in product(by_role.items(), indications.items()):
        rows.append(
            {"drug_role": drug_role, "ingredient": ingredient, "role": role[0],
             "role_is_bad": role[1], "for_depression": flag[0], "for_depression_is_bad": flag[1]}
        )  # fmt: skip
        if is_so is False or expect == "no_step":
            expected.append("no_step")
        else:
            expected.append(None if is_so is None else expect)
    assert _each(rows, derive_kind) == expected


def _each(rows: list[dict[str, Any]], derive: Any) -> list[Any]:
    """Derive a value of each row, in their order."""
    text = dict.fromkeys(("drug_role", "ingredient", "role"), pa.string())
    flags = dict.fromkeys(set(rows[0]) - set(text), pa.bool_())
    types = {name: (text | flags)[name] for name in rows[0]}
    table = pa.Table.from_pylist(
        [row | {"place": place} for place, row in enumerate(rows)],
        pa.schema([*types.items(), ("place", pa.int64())]),
    )
    memory = ibis.memtable(table)
    derived = memory.mutate(value=derive(memory)).order_by("place")
    return [row["value"] for row in ibis.duckdb.connect().to_pyarrow(derived).to_pylist()]


def test_strategies_of_antidepressants_by_three_facts() -> None:
    def expect(same: bool | None, beside: bool | None, within: bool | None) -> str | None:
        if same is not False:
            return "same_again" if same else None
        if beside is not False:
            return "combination" if beside else None
        return {True: "switch_within_class", False: "switch_across_classes", None: None}[within]

    facts = list(product(THREE, repeat=3))
    rows = [dict(zip(("same", "beside", "within"), fact, strict=True)) for fact in facts]
    told = _each(rows, lambda t: tell_antidepressant_strategy(t.same, t.beside, t.within))
    assert told == [expect(*fact) for fact in facts]


@pytest.mark.parametrize("values", [*product(THREE, repeat=2), (None,), (True,), (False,)])
def test_any_of_a_group_is_three_valued(values: tuple[bool | None, ...]) -> None:
    table = ibis.memtable(pa.table({"value": pa.array(values, pa.bool_())}))
    found = ibis.duckdb.connect().to_pyarrow(table.agg(found=any_of(table.value)))
    expected = True if True in values else None if None in values else False
    assert found.to_pylist() == [{"found": expected}]


def test_every_strategy_has_a_kind_and_pathways_are_told_once() -> None:
    assert sorted(one for own in KINDS.values() for one in own) == sorted(STRATEGIES)
    pathways = list_pathways()
    assert len(set(pathways)) == len(pathways) == 1 + 4 + 16 + 16 + 12
    assert pathways[0] == NONE_RECORDED and pathways[-1] == "procedure > procedure > any"


# -- patients written by hand: sertraline failed on day 45, venlafaxine on day 121


def _trial(drug: str, start: int, stop: int | str = "", **cells: str) -> dict[str, str]:
    return {"drug": drug, "start_day": str(start), "stop_day": str(stop)} | cells


def _failed(drug: str, start: int, stop: int | str, endpoint: int) -> dict[str, str]:
    return _trial(
        drug, start, stop, dose_mg_per_day="300", adherence="0.9", scale="PHQ-9",
        baseline_score="20", endpoint_score="19", endpoint_day=str(endpoint),
    )  # fmt: skip


FIRST, SECOND = _failed("sertraline", 0, 60, 45), _failed("venlafaxine", 61, 121, 121)
STAYS_ON = _failed("venlafaxine", 61, "", 121)
UNKNOWN_END = _trial("mirtazapine", 118, stop_reason="other")
UNDATED = {name: cell for name, cell in STAYS_ON.items() if name not in ("endpoint_day",)}

#: Trials, what is otherwise of the patient, next step, pathway, left on a failed treatment.
BY_HAND: dict[str, tuple[list[dict[str, str]], dict[str, str], Any, Any, Any]] = {
    "switch within": (
        [_trial("duloxetine", 122, 300)], {}, "switch_within_class", "switch", False),
    "switch across": (
        [_trial("mirtazapine", 122, 300)], {}, "switch_across_classes", "switch", False),
    "on the day of onset": (
        [_trial("duloxetine", 121, 300)], {}, "switch_within_class", "switch", False),
    "the day before onset is no next step": (
        [_trial("mirtazapine", 120, 300)], {}, "none_recorded", "none_recorded", False),
    "same again": ([_trial("venlafaxine", 130, 200)], {}, "same_again", "switch", False),
    "an earlier one again is a switch": (
        [_trial("sertraline", 130, 200)], {}, "switch_across_classes", "switch", False),
    "after one that stops that day, another begun later": (
        [_failed("venlafaxine", 61, 150, 121), _trial("mirtazapine", 62, 121),
         _trial("duloxetine", 150, 300)], {}, "switch_within_class", "switch", False),
    "one begun later is not followed while another runs": (
        [_failed("venlafaxine", 61, 150, 121), _trial("mirtazapine", 62, 121),
         _trial("mirtazapine", 150, 300)], {}, "switch_across_classes", "switch", False),
    "change-over of 27 days": (
        [_failed("venlafaxine", 61, 157, 121), _trial("duloxetine", 130, 300)], {},
        "switch_within_class", "switch", False),
    "beside for 28 days": (
        [_failed("venlafaxine", 61, 158, 121), _trial("duloxetine", 130, 300)], {},
        "combination", "add", False),
    "beside what goes on": (
        [STAYS_ON, _trial("mirtazapine", 130, 300)], {}, "combination", "add", False),
    "beside what was seen for too short": (
        [STAYS_ON, _trial("mirtazapine", 130)], {"last_observed_day": "140"}, None, None, False),
    "beside what ended nobody knows when": (
        [UNKNOWN_END, _trial("duloxetine", 200, 300)], {}, None, None, False),
    "two together": (
        [_trial("duloxetine", 130, 300), _trial("mirtazapine", 130, 300)], {},
        "combination", "add", False),
    "augmented by a drug": ([STAYS_ON, _trial("lithium", 130)], {}, "augmentation", "add", False),
    "augmented by role": (
        [STAYS_ON, _trial("mirtazapine", 130, role="augmentation")], {}, "augmentation", "add",
        False),
    "psychotherapy": ([_trial("psychotherapy", 130)], {}, "psychotherapy", "psychosocial", False),
    "lifestyle": ([_trial("lifestyle", 130)], {}, "lifestyle", "psychosocial", False),
    "ECT": ([_trial("ect", 130)], {}, "ect", "procedure", False),
    "rTMS": ([_trial("rtms", 130)], {}, "rtms", "procedure", False),
    "esketamine beside": (
        [_trial("esketamine", 130, role="augmentation")], {}, "ketamine", "procedure", False),
    "several on a day": (
        [_trial("duloxetine", 130, 300), _trial("psychotherapy", 130)], {}, "several", "add",
        False),
    "several with something unknown": (
        [_trial("ect", 130), _trial("psychotherapy", 130), _trial("unheard-of", 130)], {},
        "several", "add", False),
    "one and something unknown": (
        [_trial("ect", 130), _trial("unheard-of", 130)], {}, None, None, False),
    "placebo is no step": ([_trial("placebo", 130)], {}, "none_recorded", "none_recorded", False),
    "for something else": (
        [_trial("duloxetine", 130, for_depression="no")], {}, "none_recorded", "none_recorded",
        False),
    "perhaps for something else": (
        [_trial("duloxetine", 130, for_depression="?")], {}, None, None, False),
    "unknown drug": ([_trial("unheard-of", 130)], {}, None, None, False),
    "unknown drug after a step": (
        [_trial("ect", 130), _trial("unheard-of", 140)], {}, "ect", None, False),
    "role not readable": ([_trial("duloxetine", 130, role="?")], {}, None, None, False),
    "quarantined": (
        [_trial("ect", 130), _trial("rtms", 140) | {"start_day": "spring"}], {}, None, None,
        False),
    "onset unknown": (
        [UNDATED, _trial("ect", 300)], {}, None, None, None),
    "not seen after onset": ([], {"last_observed_day": "121"}, None, None, False),
    "on it and not seen after onset": ([STAYS_ON], {"last_observed_day": "121"}, None, None, None),
    "last seen unknown": ([], {"last_observed_day": ""}, None, None, None),
    "left on it": ([STAYS_ON], {}, "none_recorded", "none_recorded", True),
    "left on it until last seen": (
        [_failed("venlafaxine", 61, 401, 121)], {}, "none_recorded", "none_recorded", True),
    "stopped when last seen": (
        [_failed("venlafaxine", 61, 400, 121)], {}, "none_recorded", "none_recorded", False),
    "left on what may have failed": (
        [SECOND, _failed("mirtazapine", 62, "", 121) | {"adherence": ""}], {}, "none_recorded",
        "none_recorded", None),
    "not seen after the last step": (
        [_trial("ect", 130, 140)], {"last_observed_day": "130"}, "ect", None, False),
    "three steps": (
        [_trial("duloxetine", 130, 170), _trial("lithium", 180, 220), _trial("ect", 230, 260),
         _trial("rtms", 270)], {}, "switch_within_class", "switch > add > procedure", False),
    "a third step after others than medicines": (
        [_trial("ect", 130, 140), _trial("rtms", 150, 160), _trial("lithium", 170)], {}, "ect",
        "procedure > procedure > any", False),
}  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Any:
    with Engine(memory_limit_mb=500, threads=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def asked(engine: Engine) -> Any:
    patients, trials = [], []
    for name, (own, cells, *_) in BY_HAND.items():
        patient_id = name.replace(" ", "_").replace(",", "").replace("-", "_")
        patients.append(
            {"patient_id": patient_id, "age_years": "40", "mdd_diagnosis": "yes",
             "functional_impairment": "yes", "medical_cause": "no",
             "current_substance_use": "no", "last_observed_day": "400"} | cells
        )  # fmt: skip
        second = [] if any(trial["drug"] == "venlafaxine" and trial["start_day"] == "61"
                           for trial in own) else [SECOND]  # fmt: skip
        for number, trial in enumerate([FIRST, *second, *own]):
            trials.append(trial | {"patient_id": patient_id, "trial_id": f"t{number}"})
    tables = {"patients": patients, "trials": trials, "doses": [], "assessments": []}
    return asked_of(engine, frames(tables))


@pytest.fixture(scope="module")
def after(asked: Any) -> AfterResistance:
    return derive_after_resistance(asked, asked.members)


@pytest.fixture(scope="module")
def told(after: AfterResistance) -> dict[str, dict[str, Any]]:
    return {row["patient_id"]: row for row in after.patients.to_pyarrow().to_pylist()}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_patient_written_by_hand(name: str, told: dict[str, dict[str, Any]]) -> None:
    row = told[name.replace(" ", "_").replace(",", "").replace("-", "_")]
    _, _, *expected = BY_HAND[name]
    assert [row["next_step"], row["pathway"], row["left_on_failed"]] == expected


def test_part_of_the_members_is_asked_alone(asked: Any) -> None:
    some = asked.members.filter(asked.members.patient_id.isin(["ECT", "rTMS", "quarantined"]))
    counting = Counting(QUESTION)
    add_next_steps(counting, derive_after_resistance(asked, some), "young_trd", age_band="18-25")
    table = estimate_answers(counting.answers, "article").set_index("level")
    assert set(table["n"] + table["n_unknown"]) == {3} and set(table["n_unknown"]) == {1}
    assert table.loc["ect", "events"] == table.loc["rtms", "events"] == 1
    assert table["events"].sum() == 2


def test_of_nobody_there_are_rows_and_nothing_in_them(asked: Any) -> None:
    found = ask_after_trd(
        type(asked)(**{**vars(asked), "members": asked.members.filter(ibis.literal(False))})
    )
    assert all(answer.total == 0 for answer in found.answers)
    assert found.contrasts is not None and set(found.contrasts["status"]) == {"not_estimable"}
    assert set(found.contrasts["reason"]) == {"nobody"}
    assert found.curves is not None and set(found.curves["status"]) == {"not_estimable"}
    assert set(found.curves["estimand"]) == {"time_to_next_step"}


def test_days_to_the_next_step_of_patients_by_hand(after: AfterResistance) -> None:
    table = count_days_to_next_step(after.patients)
    definite, possible = (table[table["curve"] == name] for name in ("definite", "possible"))
    # All but the one whose onset is unknown and the one with a quarantined trial.
    assert definite["patients"].sum() == possible["patients"].sum() == len(BY_HAND) - 2
    on_day_0 = definite[(definite["days"] == 0) & definite["has_event"]]
    assert on_day_0["patients"].sum() == 1
    # Who took something that may be no step has the event in the possible curve alone.
    with_event = [
        int(part.loc[part["has_event"], "patients"].sum()) for part in (definite, possible)
    ]
    unsure = ("perhaps for something else", "unknown drug", "role not readable")
    assert with_event[1] - with_event[0] == len(unsure)


# -- strategies set against one another


def _firsts(counts: dict[tuple[str, float, int, bool | None], int]) -> ibis.Table:
    """Make first steps of patients: by strategy, severity, failures and response so many."""
    patients = [key for key, n in counts.items() for _ in range(n)]
    table = pa.table(
        {
            "patient_id": [f"p{place}" for place in range(len(patients))],
            "day": [100] * len(patients),
            **{name: [key[at] for key in patients]
               for at, name in enumerate(("strategy", "severity", "failures", "responded"))},
            "remission": [False] * len(patients),
        }
    )  # fmt: skip
    return ibis.duckdb.connect().create_table("firsts", table)


def test_a_ratio_is_taken_with_severity_and_failures_held_alike() -> None:
    counts: dict[tuple[str, float, int, bool | None], int] = {}
    for severity, failures, base in ((0.5, 2, 0.4), (0.5, 3, 0.2), (0.9, 2, 0.2), (0.9, 3, 0.1)):
        for strategy, factor in (("ect", 2), ("switch_across_classes", 1)):
            # The severe get ECT: among patients who are alike its risk is twice the other's.
            size = 300 if (strategy == "ect") == (severity == 0.9) else 100
            events = round(size * factor * base)
            counts[strategy, severity, failures, True] = events
            counts[strategy, severity, failures, False] = size - events
    table = compare_strategies(_firsts(counts), "after_trd", "article")
    assert set(table) == set(CONTRAST_COLUMNS)
    row = table[(table["measure"] == "response") & (table["level"] == "ect")].iloc[0]
    assert (row["status"], row["n"], row["n_versus"]) == ("ok", 800, 800)
    assert row["value"] == pytest.approx(2, rel=1e-6)
    had = {s: sum(n for key, n in counts.items() if key[0] == s and key[3])
           for s in ("ect", "switch_across_classes")}  # fmt: skip
    assert had["ect"] / had["switch_across_classes"] < 1.6


def test_every_contrast_has_a_row_and_a_reason_where_there_is_none() -> None:
    random = np.random.default_rng(3)
    counts: dict[tuple[str, float, int, bool | None], int] = {}
    for strategy, risk in (("ect", 0.4), ("switch_across_classes", 0.2)):
        for severity, failures in product((0.4, 0.6, 0.8), (2, 3)):
            events = int(random.binomial(60, risk))
            counts[strategy, severity, failures, True] = events
            counts[strategy, severity, failures, False] = 60 - events
            counts[strategy, severity, failures, None] = 5
    table = compare_strategies(_firsts(counts), "after_trd", "article")
    assert len(table) == 2 * (len(STRATEGIES) - 1)
    rows = table.set_index(["measure", "level"])
    ect = rows.loc[("response", "ect")]
    assert (ect["status"], ect["n"], ect["n_versus"]) == ("ok", 360, 360)
    crude = sum(n for key, n in counts.items() if key[0] == "ect" and key[3]) / sum(
        n for key, n in counts.items() if key[0] != "ect" and key[3]
    )
    # The covariates are spread alike on both sides: holding them alike changes little.
    assert ect["value"] == pytest.approx(crude, rel=0.02)
    assert ect["ci_low"] < ect["value"] < ect["ci_high"]
    assert ect["covariates"] == "baseline_severity; failures_before" and ect["n_tests"] == 1
    assert rows.loc[("remission", "ect"), "reason"] == "empty_cell"
    others = rows.drop(index=[("response", "ect"), ("remission", "ect")])
    assert set(others["status"]) == {"not_estimable"} and set(others["reason"]) == {"one_level"}


def test_the_first_step_of_each_strategy_is_taken_once(after: AfterResistance) -> None:
    first = find_first_of_each(after.steps).to_pyarrow().to_pandas()
    assert not first.duplicated(["patient_id", "strategy"]).any()
    assert first["strategy"].notna().all()
    steps = after.steps.to_pyarrow().to_pandas().dropna(subset=["strategy"])
    earliest = steps.groupby(["patient_id", "strategy"])["day"].min()
    assert (
        first.set_index(["patient_id", "strategy"])["day"]
        .sort_index()
        .equals(earliest.sort_index())
    )
