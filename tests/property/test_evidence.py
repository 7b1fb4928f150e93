"""Evidence: what it promises comes true, no fewer changes would do, and nothing is left out."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.property.compare import frames
from tests.property.settings import batches
from tests.slow.changes import Person, Trial
from tests.slow.histories import draw_history, pool
from tests.support import CONFIG, REFERENCE, article, pool_intake, take_in_raw, variant
from trdanalysis.commands.shared import load_scales
from trdanalysis.engine import Engine
from trdanalysis.files import read_csv
from trdanalysis.labelling.cohort import Labelled, label_cohort
from trdanalysis.labelling.definition import Definition, read_definition
from trdanalysis.labelling.evidence import EVIDENCE_COLUMNS
from trdanalysis.labelling.exposure import reference_drugs
from trdanalysis.labelling.grounds import derive_grounds
from trdanalysis.labelling.labels import list_lost_trials

Row = dict[str, Any]
#: Larger promises are tried, but not whether fewer changes would do: too many sets.
MOST_TRIED = 3


def evidence_of(
    random: Random, definitions: list[Definition], patients: int
) -> tuple[list[Row], list[Row], list[Row], dict[str, int]]:
    """Draw patients, and give labels, judged trials, evidence and numbers of lost trials."""
    drawn = pool([draw_history(random, f"p{place}") for place in range(patients)])
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        cohort = pool_intake(take_in_raw(engine, frames(drawn)))
        drugs = engine.from_memory(reference_drugs(read_csv(REFERENCE / "antidepressants.csv")))
        labelled = label_cohort(engine, cohort, drugs, load_scales(REFERENCE), definitions)
        files = {
            name: engine.keep(getattr(labelled, name))
            for name in ("labels", "trials", "trial_verdicts")
        }
        evidence = derive_grounds(engine, Labelled(**files), cohort.patients, drugs, definitions)
        lost = list_lost_trials(cohort.quarantined_trials)
        counts = lost.group_by("patient_id").agg(lost=lost.count()).to_pyarrow().to_pylist()
        return (
            files["labels"].to_pyarrow().to_pylist(),
            files["trials"].to_pyarrow().to_pylist(),
            evidence.to_pyarrow().to_pylist(),
            {row["patient_id"]: row["lost"] for row in counts},
        )


def person_of(
    patient: str, trials: list[Row], evidence: list[Row], lost: int, definition: Definition
) -> Person:
    rule = definition.resistance[0].failures
    assert rule is not None
    own = {row["item"]: row["value"] for row in evidence
           if row["part"] == "criterion" and row["item"] != "resistance"}  # fmt: skip
    key = {"ingredient": "treatment_key", "moiety": "moiety", "class": "drug_class"}
    return Person(
        own,
        [
            Trial(
                trial["trial_id"],
                trial[key[rule.distinct_by]] or trial["treatment_key"],
                trial["start_day"],
                trial["episode"],
                {row["item"]: row["value"] for row in evidence
                 if row["part"] == "trial" and row["trial_id"] == trial["trial_id"]},
            )
            for trial in trials
            if trial["patient_id"] == patient
        ],
        lost,
        rule.at_least,
        rule.min_days_between_starts,
        rule.same_episode,
    )  # fmt: skip


DEFINITIONS = (
    article(),
    variant("one", min_failures=1),
    variant("three", min_failures=3),
    variant("class", distinct_by="class"),
    variant("episode", same_episode=True),
    variant("bare", min_adherence="none", dose_table="none", requires_impairment=False),
)


@given(random=st.randoms(use_true_random=True), place=st.integers(0, len(DEFINITIONS) - 1))
@batches(3)
def test_what_is_promised_comes_true_and_fewer_changes_would_not_do(
    random: Random, place: int
) -> None:
    definition = DEFINITIONS[place]
    labels, trials, evidence, lost = evidence_of(random, [definition], 50)
    of_patient: dict[str, list[Row]] = {row["patient_id"]: [] for row in labels}
    for row in evidence:
        of_patient[row["patient_id"]].append(row)
    for label in labels:
        patient = label["patient_id"]
        rows = of_patient[patient]
        person = person_of(patient, trials, rows, lost.get(patient, 0), definition)
        assert person.label() == label["label"], patient
        for to_label in {"trd", "not_trd"} - {label["label"]}:
            options: dict[int, list[Row]] = {}
            for row in rows:
                if row["part"] == "change" and row["to_label"] == to_label:
                    options.setdefault(row["option"], []).append(row)
            if to_label == "not_trd" and label["label"] == "not_trd":
                assert not options
            sizes = {row["changes"] for members in options.values() for row in members}
            assert len(sizes) <= 1
            for members in options.values():
                places = [(row["trial_id"], row["item"]) for row in members]
                assert len(set(places)) == len(places) == members[0]["changes"]
                changed = person.changed(places, to_label == "trd")
                assert changed.label() == to_label, (patient, places)
            most = min(sizes, default=3)
            if most <= MOST_TRIED:
                fewer = next(person.smaller(to_label, most), None)
                assert fewer is None, (patient, label["label"], to_label, fewer)


def test_every_criterion_of_everybody_is_there() -> None:
    definitions = [article(), variant("episode", same_episode=True, exclusions=())]
    labels, trials, evidence, _ = evidence_of(Random(5), definitions, 80)
    for definition in definitions:
        own = [row for row in evidence if row["definition"] == definition.id]
        of_patients = [row for row in own if row["part"] == "criterion"]
        asked = {row["item"] for row in of_patients}
        assert len(of_patients) == len(asked) * len({row["patient_id"] for row in labels})
        assert ("no_medical_cause" in asked) == bool(definition.patient.exclusions)
        of_trials = [row for row in own if row["part"] == "trial"]
        assert len(of_trials) == 6 * len(trials)
    assert all(tuple(row) == EVIDENCE_COLUMNS for row in evidence)
    # Something decides every label, and of a resistant patient everything does.
    decided = {(row["patient_id"], row["definition"]) for row in evidence
               if row["part"] == "criterion" and row["decides"]}  # fmt: skip
    assert decided == {(row["patient_id"], row["definition"]) for row in labels}


def test_definitions_of_other_kinds_have_evidence_and_no_changes() -> None:
    definitions = [
        read_definition(CONFIG / "definitions" / f"{name}.yaml")
        for name in ("fabbri-2021", "cepeda-2018", "mgh-s")
    ]
    labels, _, evidence, _ = evidence_of(Random(9), definitions, 40)
    for definition in definitions:
        own = [row for row in evidence if row["definition"] == definition.id]
        assert {row["part"] for row in own} == {"criterion", "trial"}
        resistance = [row for row in own if row["item"] == "resistance"]
        assert len(resistance) == sum(row["definition"] == definition.id for row in labels)
