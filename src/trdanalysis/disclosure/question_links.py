"""What only some questions have: rows that follow from others, and counts that other tables print.

Nothing is assumed that the counts do not allow: a link is entered where the whole is at least its
parts, and where it is no more than they are, both are of the same patients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from trdanalysis.analysis.questions.pathways import KINDS as KINDS_OF_STEPS
from trdanalysis.contract import SYMPTOMS
from trdanalysis.disclosure.ledger import Key, Ledger
from trdanalysis.disclosure.policy import Policy
from trdanalysis.disclosure.questions import KINDS, MEMBERS, PART, Entered, Rows, same_or_part
from trdanalysis.disclosure.strata import LABELLED, overall_key
from trdanalysis.rows import list_rows

#: Of a patient: the event, no event, and unknown, as rows of a question have them, and as
#: characteristics.csv calls the levels of what is recorded as yes or no.
_RECORDED = {"events": "present", "without": "absent", "unknown": "unknown"}

_CURVE_COST = 30.0


@dataclass(frozen=True)
class _Found:
    """The rows of all questions, and where to look counts of other tables up."""

    ledger: Ledger
    rows: Rows
    primary: str

    def row(
        self, question: str, measure: str, population: str, level: str, group: str = "",
        band: str = "",
    ) -> Entered | None:  # fmt: skip
        return self.rows.get((question, measure, population, band, group, level))

    def at(self, one: Entered | None, name: str) -> int | None:
        return None if one is None else one.of(name)

    def described(self, name: str, level: str, label: str) -> int | None:
        """Give the count of what is recorded, by label, of characteristics.csv."""
        key: Key = ("characteristic", self.primary, name, "categorical", level, label)
        return self.ledger.index.get(key)

    def rated(self, kind: str, *place: str, estimand: str = LABELLED) -> int | None:
        """Give a count of rates.csv: kind; stratum, group, level and age band."""
        return self.ledger.index.get((kind, self.primary, estimand, *place))

    def levels(self, question: str, measure: str) -> Iterator[tuple[tuple[str, str, str], str]]:
        """Give population, age band and group, and level, of every row of a measure."""
        for of, name, population, band, group, level in self.rows:
            if (of, name) == (question, measure):
                yield (population, band, group), level

    def link(self, whole: int | None, *parts: int | None) -> None:
        same_or_part(self.ledger, whole, parts)


def link_questions(ledger: Ledger, rows: Rows, primary: str) -> None:
    """Enter what follows from what, question by question.

    Parameters
    ----------
    ledger
        Is added to.
    rows
        As :func:`trdanalysis.disclosure.questions.enter_questions` gives them.
    primary
        Id of the primary definition.
    """
    found = _Found(ledger, rows, primary)
    for link in (
        _link_symptoms, _link_checklist, _link_relapse, _link_next_steps, _link_errors,
        _link_young_adults, _link_eligibility,
    ):  # fmt: skip
        link(found)


def _link_symptoms(found: _Found) -> None:
    """Enter what a pair says of each symptom, and that groups are of all with it."""
    for name in SYMPTOMS:
        groups = [found.row("symptoms", "symptom", group, name)
                  for group in ("trd", "pseudo_resistant", "responding")]  # fmt: skip
        for count, level in _RECORDED.items():
            found.link(
                found.described(name, level, "all"), *(found.at(row, count) for row in groups)
            )
    for (population, band, group), level in found.levels("symptoms", "symptom_pair"):
        both = found.row("symptoms", "symptom_pair", population, level, group, band)
        for name in (group, level):
            one = found.row("symptoms", "symptom", population, name, "", band)
            found.link(found.at(one, "events"), found.at(both, "events"))
            found.link(found.at(both, "unknown"), found.at(one, "unknown"))
    for (population, _, _), level in found.levels("symptoms", "symptom_count"):
        if level == "0":
            # Who has none has not this one; who has all has it.
            none, every = (
                found.row("symptoms", "symptom_count", population, number)
                for number in ("0", str(len(SYMPTOMS)))
            )
            for name in SYMPTOMS:
                one = found.row("symptoms", "symptom", population, name)
                found.link(found.at(one, "without"), found.at(none, "events"))
                found.link(found.at(one, "events"), found.at(every, "events"))


def _link_checklist(found: _Found) -> None:
    """Enter that four measures are of one table of answer by label, and thresholds nest."""
    for (population, band, group), level in list(found.levels("checklist", "ppv")):
        ppv = found.row("checklist", "ppv", population, level, group, band)
        npv = found.row("checklist", "npv", "negative", "not_trd", group, band)
        sens = found.row("checklist", "sensitivity", "trd", "positive", group, band)
        spec = found.row("checklist", "specificity", "not_trd", "negative", group, band)
        for one, name, other, same in (
            (ppv, "events", sens, "events"), (ppv, "without", spec, "without"),
            (npv, "events", spec, "events"), (npv, "without", sens, "without"),
        ):  # fmt: skip
            found.link(found.at(one, name), found.at(other, same))
        unsure = found.rated("outcome_unknown", *_band(band))
        found.link(unsure, found.at(ppv, "unknown"), found.at(npv, "unknown"))
    by_set: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    for (_, band, group), _ in found.levels("checklist", "sensitivity"):
        name, _, least = group.rpartition("_")
        if least.isdigit():
            by_set.setdefault(("", band, name), []).append((int(least), group))
    for (_, band, _), groups in by_set.items():
        for (_, easier), (_, harder) in pairwise(sorted(groups)):
            for measure, population, level, side in (
                ("sensitivity", "trd", "positive", 0), ("specificity", "not_trd", "negative", 1),
            ):  # fmt: skip
                pair = [found.row("checklist", measure, population, level, one, band)
                        for one in (easier, harder)]  # fmt: skip
                wider, narrower = pair if not side else pair[::-1]
                found.link(found.at(wider, "events"), found.at(narrower, "events"))
                found.link(found.at(narrower, "without"), found.at(wider, "without"))
    for label in ("trd", "not_trd"):
        affected = found.row("checklist", "item", label, "daily_life_affected")
        for count, level in _RECORDED.items():
            found.link(
                found.described("functional_impairment", level, label), found.at(affected, count)
            )


def _band(band: str) -> tuple[str, str, str, str]:
    return ("age_band", "age_band", band, band) if band else ("overall", "overall", "all", "")


def _link_relapse(found: _Found) -> None:
    """Enter that an early return is a relapse on the treatment."""
    relapse, early = (
        found.row("relapse", name, "responders", name)
        for name in ("relapse_on_treatment", "early_return")
    )
    found.link(found.at(relapse, "events"), found.at(early, "events"))


def _link_next_steps(found: _Found) -> None:
    """Enter that pathways begin with the next step, and outcomes are of those who had a step."""
    ask = "after_trd"
    for (population, band, _), strategy in list(found.levels(ask, "next_step")):
        step = found.row(ask, "next_step", population, strategy, "", band)
        for level in ("response", "remission"):
            of = found.row(ask, "outcome_of_step", population, level, strategy, band)
            found.link(found.at(of, "total"), found.at(step, "events"))
    none = found.row(ask, "next_step", "trd", "none_recorded")
    found.link(found.at(none, "events"), found.at(found.row(ask, "pathway", "trd", "none_recorded"),
                                                  "events"))  # fmt: skip
    left = found.row(ask, "left_on_failed", "trd", "left_on_failed")
    found.link(found.at(none, "events"), found.at(left, "events"))
    by_strategy = {
        level: found.row(ask, "next_step", "trd", level)
        for _, level in found.levels(ask, "next_step")
    }
    paths = {
        level: found.row(ask, "pathway", "trd", level) for _, level in found.levels(ask, "pathway")
    }
    for kind, strategies in KINDS_OF_STEPS.items():
        steps = [found.at(by_strategy.get(name), "events") for name in strategies]
        places = [at for at in steps if at is not None]
        if len(places) < len(strategies):
            continue
        total = sum(found.ledger.values[at] for at in places)
        of_kind = found.ledger.count(("asked_kind", found.primary, kind), total)
        found.ledger.add_up(of_kind, places)
        begun = [found.at(row, "events") for level, row in paths.items()
                 if level.split(" > ")[0] == kind]  # fmt: skip
        found.link(of_kind, *begun)
        by_age = [found.row("young_adults", "kind_of_first_step", "trd", kind, group)
                  for group in ("young_adults", "other_adults")]  # fmt: skip
        found.link(of_kind, *(found.at(row, "events") for row in by_age))
    by_age = [found.row("young_adults", "kind_of_first_step", "trd", "none_recorded", group)
              for group in ("young_adults", "other_adults")]  # fmt: skip
    found.link(found.at(none, "events"), *(found.at(row, "events") for row in by_age))


def _link_errors(found: _Found) -> None:
    """Enter that apparent resistance is counted in resistance.csv, and that criteria nest."""
    ask, index = "medication_errors", found.ledger.index
    apparent = {
        label: index.get(("apparent", found.primary, "yes", label)) for label in tuple(KINDS)[1:]
    }
    proven = found.row(ask, "why_apparent", "apparent_resistance", "trd")
    found.link(apparent["trd"], found.at(proven, "events"))
    found.link(apparent["indeterminate"], found.at(proven, "unknown"))
    others = [
        found.at(found.row(ask, "why_apparent", "apparent_resistance", level), "events")
        for _, level in found.levels(ask, "why_apparent") if level != "trd"
    ]  # fmt: skip
    found.link(apparent["not_trd"], *others)
    rows = {
        group: found.row(ask, "trd_if_adequate", population, level, group)
        for (population, _, group), level in found.levels(ask, "trd_if_adequate")
    }
    recorded = rows.get("as_recorded")
    for name, kind in (("events", "event"), ("unknown", "outcome_unknown"),
                       ("without", "no_event")):  # fmt: skip
        found.link(found.rated(kind, "overall", "overall", "all", ""), found.at(recorded, name))
    for group, row in rows.items():
        for narrower, less in rows.items():
            one, other = (_errors(name) for name in (narrower, group))
            if one < other:
                found.link(found.at(row, "events"), found.at(less, "events"))
                found.link(found.at(less, "without"), found.at(row, "without"))


def _errors(scenario: str) -> frozenset[str]:
    if scenario == "as_recorded":
        return frozenset()
    every = ("dose", "duration", "adherence")
    return frozenset(every if scenario == "all_errors" else scenario.split("_and_"))


def _link_young_adults(found: _Found) -> None:
    """Enter that groups are of levels of age and onset, which rates.csv counts in part."""
    ask = "young_adults"
    size_of_young = found.row(ask, "age", MEMBERS, "young_adults")
    place = ("age_band", "age_band", "18-25", "18-25")
    young = found.rated("n", *place)
    for split, groups in (("age", ("young_adults", "other_adults")),
                          ("onset", ("early_onset", "later_onset"))):  # fmt: skip
        size = {group: found.row(ask, split, MEMBERS, group) for group in groups}
        for (measure, population, group, level), row in _grouped(found, ask, groups):
            same = found.at(size[group], "events")
            if population == MEMBERS and same is not None:
                found.link(same, row.total)
            whole = _whole_of(found, measure, population, level)
            for name, at in whole.items():
                both = [found.row(ask, measure, population, level, one) for one in groups]
                if group == groups[0]:
                    found.link(at, *(found.at(each, name) for each in both))
    if young is not None:
        found.link(found.at(size_of_young, "events"), young)
        of_trd = found.row(ask, "trd", MEMBERS, "trd", "young_adults")
        for name, kind in (("events", "event"), ("without", "no_event"),
                           ("unknown", "outcome_unknown")):  # fmt: skip
            found.link(found.at(of_trd, name), found.rated(kind, *place))
        first = found.row(ask, "nonresponse", "first_trial", "nonresponse", "young_adults")
        for name, kind in (("events", "event"), ("without", "no_event"), ("unknown", "unknown")):
            at = found.rated(kind, *place, estimand="initial_trial")
            found.link(at, found.at(first, name))
        for (_, _, group), level in found.levels(ask, "factor_group"):
            has = found.row(ask, "factor_group", MEMBERS, level, group)
            for name, of in _RECORDED.items() if group == "young_adults" else ():
                crossed = ("factor_group_by_age_band", level, of, "18-25")
                found.link(found.at(has, name), found.rated("n", *crossed))


def _grouped(
    found: _Found, ask: str, groups: tuple[str, str]
) -> Iterator[tuple[tuple[str, str, str, str], Entered]]:
    for (question, measure, population, _, group, level), row in list(found.rows.items()):
        if question == ask and group in groups:
            yield (measure, population, group, level), row


def _whole_of(found: _Found, measure: str, population: str, level: str) -> dict[str, int | None]:
    """Give the counts of all ages of a measure, where another table has them."""
    everybody = ("overall", "overall", "all", "")
    if measure == "trd":
        kinds = {"events": "event", "without": "no_event", "unknown": "outcome_unknown"}
        return {name: found.rated(kind, *everybody) for name, kind in kinds.items()}
    if measure == "nonresponse":
        kinds = {"events": "event", "without": "no_event", "unknown": "unknown"}
        return {
            name: found.rated(kind, *everybody, estimand="initial_trial")
            for name, kind in kinds.items()
        }
    if measure == "factor_group":
        return {
            name: found.rated("n", "factor_group", level, of, "") or found.described(
                level, of, "all")
            for name, of in _RECORDED.items()
        }  # fmt: skip
    if measure == "poor_adherence":
        return {name: found.described(level, of, "all") for name, of in _RECORDED.items()}
    return {}


def _link_eligibility(found: _Found) -> None:
    """Enter that steps follow each other, and what single criteria are to them."""
    ask = "trial_eligibility"
    for population in (MEMBERS, "trd"):
        names = [level for (of, _, _), level in found.levels(ask, "still_in") if of == population]
        steps = [found.row(ask, "still_in", population, name) for name in names]
        for before, after in pairwise(steps):
            found.link(found.at(before, "events"), found.at(after, "events"))
            found.link(found.at(after, "without"), found.at(before, "without"))
        label = "all" if population == MEMBERS else population
        for place, name in enumerate(names):
            meets = found.row(ask, "meets", population, name)
            found.link(found.at(meets, "events"), found.at(steps[place], "events"))
            found.link(found.at(steps[place], "without"), found.at(meets, "without"))
            if not place:
                found.link(found.at(meets, "unknown"), found.at(steps[place], "unknown"))
            alone = found.row(ask, "fails_alone", population, name)
            found.link(found.at(meets, "without"), found.at(alone, "events"))
            if name.startswith("no_"):
                for count, level in (("events", "absent"), ("without", "present"),
                                     ("unknown", "unknown")):  # fmt: skip
                    at = found.described(name.removeprefix("no_"), level, label)
                    found.link(at, found.at(meets, count))


def curve_key(estimand: str, curve: str) -> Key:
    """Give the name of what is hidden of a curve with all of it."""
    return "asked_curve", estimand, curve


def enter_question_curves(
    ledger: Ledger, curves: pd.DataFrame, rows: Rows, primary: str, policy: Policy
) -> None:
    """Enter how many each curve of question_curves.csv begins with, and how many events it has.

    Parameters
    ----------
    ledger
        Is added to.
    curves
        As ``questions`` makes them.
    rows
        As :func:`trdanalysis.disclosure.questions.enter_questions` gives them.
    primary
        Id of the primary definition.
    policy
        The site's policy.
    """
    base = policy.base_of(primary=True)
    of = {
        "time_to_next_step": ledger.index.get(("event", *overall_key(primary, LABELLED))),
        "time_to_relapse": next(
            (row.total for (question, _, population, *_), row in rows.items()
             if (question, population) == ("relapse", "responders")), None,
        ),
    }  # fmt: skip
    for (estimand, curve), part in curves.groupby(["estimand", "curve"], sort=False):
        known = [row for row in list_rows(part) if not pd.isna(row["n_at_risk"])]
        if not known:
            continue
        key = curve_key(str(estimand), str(curve))
        unit = ledger.unit(key, PART, _CURVE_COST)
        # A curve of nobody has a row that says so, and no event in it.
        start = int(known[0]["n_at_risk"])
        events = sum(int(row["events"]) for row in known if not pd.isna(row["events"]))
        at = ledger.count(("asked_at_risk", primary, *key[1:]), start, unit, base=base)
        had = ledger.count(("asked_had", primary, *key[1:]), events, unit, base=base)
        ledger.rest(at, [had], guarded=True)
        same_or_part(ledger, of.get(str(estimand)), [at])
