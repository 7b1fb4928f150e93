"""An attacker who has a release and nothing else: he writes down all that he reads, and solves.

Shares no code with the package. He reads the published tables row by row, gives every count a name,
notes what is printed of it (a number, a rounded number or nothing), works counts out of printed
rates and bounds, and adds what everybody knows of such tables: levels of a factor add up, ages add
up, steps follow each other. Then he asks, value by value, what a count that he cannot see can be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

FACTOR_GROUPS = ("biological", "psychological", "medication_related", "environmental")
LABELS = ("trd", "not_trd", "indeterminate")
OF_TRIALS = ("inadequate_dose", "insufficient_duration", "poor_adherence")
RECORDED = (
    "hormone_imbalance", "hpa_axis_dysregulation", "neurotransmitter_change", "inflammation",
    "genetic_variant", "early_trauma", "chronic_stress", "comorbid_mental_condition",
    "negative_thinking", "poor_sleep", "substance_use", "chronic_illness", "social_stress",
)  # fmt: skip
MANY = 10**7

Name = tuple[Any, ...]


class Attacker:
    """What one knows who has the tables of a release and its policy."""

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], primary: str, least: int, base: int, zero: bool
    ) -> None:
        self.least, self.base, self.zero, self.primary = least, base, zero, primary
        self.names: dict[Name, int] = {}
        self.low: list[float] = []
        self.high: list[float] = []
        self.equations: list[dict[int, int]] = []
        self.read_rates(tables["rates"])
        self.read_attrition(tables["attrition"])
        self.read_unknowns(tables["unknowns"])
        self.read_labels(tables)
        self.read_comparisons(tables["comparisons"])
        self.read_models(tables["models"])
        self.read_characteristics(tables["characteristics"])
        self.read_questions(tables["questions"])

    def count(self, *name: Any) -> int:
        """Give the place of a count; who is new may be any number."""
        if name not in self.names:
            self.names[name] = len(self.low)
            self.low.append(0)
            self.high.append(MANY)
        return self.names[name]

    def read(self, at: int, printed: Any, base: int | None = None) -> None:
        """Note what is printed of a count."""
        if pd.isna(printed):
            return
        shown, base = int(printed), self.base if base is None else base
        if not base:
            low, high = shown, shown
        elif shown == 0:
            low, high = 0, 0 if self.zero else self.least
        else:
            low = max(shown - base // 2, self.least + 1)
            high = shown - base // 2 + base - 1
        self.low[at] = max(self.low[at], low)
        self.high[at] = min(self.high[at], high)

    def equal(self, whole: int, *parts: int) -> None:
        equation: dict[int, int] = defaultdict(int)
        equation[whole] += 1
        for part in parts:
            equation[part] -= 1
        self.equations.append({at: weight for at, weight in equation.items() if weight})

    def at_least(self, whole: int, *parts: int) -> None:
        """Note that parts are some of a whole."""
        self.equal(whole, *parts, self.count("others", len(self.equations)))

    # What the tables are of.

    def read_rates(self, rates: pd.DataFrame) -> None:
        own = rates[(rates["definition"] == self.primary)]
        counted = own[own["analysis"].isin(["complete_case", "proven"])]
        counted = counted[counted["status"] != "by_definition"]
        for row in counted.to_dict("records"):
            self.read_row(row)
        for (estimand, unit), rows in counted.groupby(["estimand", "unit"]):
            for kind in (
                "events",
                "without",
                "unknown",
                *(["patients"] if unit == "trial" else []),
            ):
                self.add_up_strata(estimand, kind, rows)
        for row in own[own["analysis"] == "nonresponder_imputed"].to_dict("records"):
            estimand = row["estimand"]
            place = (estimand, "overall", "overall", "all", "")
            everyone = self.count("imputed n", estimand)
            self.read(everyone, row["n"])
            events = self.count("imputed events", estimand)
            self.read(events, row["events"])
            taken = self.count("taken", *place)
            outside = self.count("outside", *place)
            self.read(outside, row["n_unknown"])
            self.equal(everyone, self.count("events", *place), self.count("without", *place), taken)
            self.equal(events, self.count("events", *place), taken)
            self.equal(self.count("unknown", *place), taken, outside)

    def read_row(self, row: dict[str, Any]) -> None:
        band = "" if pd.isna(row["age_band"]) else row["age_band"]
        place = (row["estimand"], row["stratum"], row["group"], row["level"], band)
        events, unknown = self.count("events", *place), self.count("unknown", *place)
        without = self.count("without", *place)
        n = self.count("n", *place)
        self.read(n, row["n"])
        self.read(events, row["events"])
        self.read(unknown, row["n_unknown"])
        parts = [events, without]
        if row["analysis"] == "proven":
            taken, outside = self.count("taken", *place), self.count("outside", *place)
            parts.append(taken)
            self.equal(unknown, taken, outside)
        self.equal(n, *parts)
        if row["unit"] == "trial":
            patients = self.count("patients", *place)
            self.read(patients, row["n_clusters"])
            self.at_least(n, patients)
        if not self.base:
            self.read_quotients(row, place)

    def read_quotients(self, row: dict[str, Any], place: Name) -> None:
        """Work counts out of a rate beside its n, and out of bounds."""
        n, rate = row["n"], row["rate"]
        if not pd.isna(rate) and not pd.isna(n):
            self.read(self.count("events", *place), round(rate * n))
        high, events, unknown = row["bound_high"], row["events"], row["n_unknown"]
        if any(pd.isna(each) for each in (high, events, unknown)) or not events + unknown:
            return
        everybody = self.count("everybody", *place)
        self.read(everybody, round((events + unknown) / high))
        self.equal(
            everybody,
            *(self.count(kind, *place) for kind in ("events", "without", "unknown")),
        )

    def add_up_strata(self, estimand: str, kind: str, rows: pd.DataFrame) -> None:
        def at(row: Mapping[str, Any]) -> int:
            band = "" if pd.isna(row["age_band"]) else row["age_band"]
            return self.count(kind, estimand, row["stratum"], row["group"], row["level"], band)

        everybody = self.count(kind, estimand, "overall", "overall", "all", "")
        crossed = rows[rows["stratum"] == "factor_group_by_age_band"]
        adult = set(crossed["age_band"])
        for (stratum, group), part in rows.groupby(["stratum", "group"]):
            members = part.to_dict("records")
            if stratum == "age_band":
                members = [row for row in members if not adult or row["level"] in adult]
                if adult:
                    self.equal(everybody, *map(at, members))
            elif stratum == "factor_group_by_age_band":
                for level, of_level in part.groupby("level"):
                    whole = self.count(kind, estimand, "factor_group", group, level, "")
                    self.equal(whole, *map(at, of_level.to_dict("records")))
                for band, of_band in part.groupby("age_band"):
                    whole = self.count(kind, estimand, "age_band", "age_band", band, band)
                    self.equal(whole, *map(at, of_band.to_dict("records")))
            elif stratum != "overall":
                self.equal(everybody, *map(at, members))

    def read_attrition(self, attrition: pd.DataFrame) -> None:
        for (unit, estimand), rows in attrition.groupby(["unit", "estimand"], sort=False):
            rows = rows.sort_values("step_order")
            before: tuple[str, ...] = ()
            previous: int | None = None
            for row in rows.to_dict("records"):
                if unit == "row":
                    continue
                into = self.count("in", unit, before) if before else self.count("all", unit)
                before = (*before, row["step"])
                out = self.count("out", unit, before)
                self.read(into, row["n_in"])
                self.read(out, row["n_out"])
                if previous is not None:
                    self.equal(previous, into)
                left = self.count("left", unit, before)
                self.equal(into, out, left)
                previous = left
                if row["step"] == "outcome_known":
                    place = (estimand, "overall", "overall", "all", "")
                    kinds = [self.count(kind, *place) for kind in ("events", "without", "unknown")]
                    self.equal(into, *kinds)
                    self.read(kinds[2], row["n_unknown"])
                else:
                    unknown = self.count("unknown at", unit, before)
                    self.read(unknown, row["n_unknown"])
                    self.at_least(left, unknown)

    def read_unknowns(self, unknowns: pd.DataFrame) -> None:
        for estimand, rows in unknowns.groupby("estimand", sort=False):
            place = (estimand, "overall", "overall", "all", "")
            only, past_outcome = [], False
            for row in rows.to_dict("records"):
                lacks = self.count("lacks", estimand, row["criterion"])
                alone = self.count("lacks only", estimand, row["criterion"])
                self.read(lacks, row["n_unknown"])
                self.read(alone, row["n_only"])
                self.at_least(lacks, alone)
                if not past_outcome:
                    only.append(alone)
                    self.at_least(self.count("unknown", *place), lacks)
                past_outcome |= row["criterion"] == "outcome_known"
            self.at_least(self.count("unknown", *place), *only)

    def read_labels(self, tables: Mapping[str, pd.DataFrame]) -> None:
        coarse = max(self.base, 5) if self.least else 0
        for row in tables["definitions"].to_dict("records"):
            labels = [self.count("label", row["definition"], label) for label in LABELS]
            for at, label in zip(labels, LABELS, strict=True):
                self.read(at, row[label], coarse)
            self.equal(self.count("all", "patient"), *labels)
        for label, rows in tables["label_reasons"].groupby("label"):
            parts = []
            for row in rows.to_dict("records"):
                at = self.count("reason", label, row["reason"])
                self.read(at, row["patients"])
                defaults = self.count("defaults", label, row["reason"])
                self.read(defaults, row["on_defaults"])
                self.at_least(at, defaults)
                parts.append(at)
            self.equal(self.count("label", self.primary, label), *parts)
        by_label: dict[str, list[int]] = defaultdict(list)
        for row in tables["resistance"].to_dict("records"):
            at = self.count("resistance", row["apparent_resistance"], row["label"])
            self.read(at, row["n"])
            by_label[row["label"]].append(at)
        place = ("trd", "overall", "overall", "all", "")
        ages = [name for name in self.names if name[1:3] == ("trd", "age_band")]
        for label, kind in zip(LABELS, ("events", "without", "taken"), strict=True):
            # Labels are of all ages.
            of_ages = [self.names[name] for name in ages if name[0] == kind]
            self.at_least(self.count("label", self.primary, label), *of_ages)
            self.equal(self.count(kind, *place), *by_label[label])
        for estimand, rows in tables["first_trials"].groupby("estimand"):
            parts = [self.count("episode", estimand, one) for one in rows["episode"]]
            for at, n in zip(parts, rows["n"], strict=True):
                self.read(at, n)
            self.equal(self.count("imputed n", estimand), *parts)

    def read_comparisons(self, comparisons: pd.DataFrame) -> None:
        strata = ("factor_group", "factor", "site", "drop")
        plain = comparisons[
            (comparisons["model"] == "unadjusted") & comparisons["contrast"].isin(strata)
        ]
        for row in plain.to_dict("records"):
            for level, printed in ((row["level"], row["n"]), (row["versus"], row["n_versus"])):
                if level != "all others":
                    place = (row["estimand"], row["contrast"], row["group"], level, "")
                    self.read(self.count("n", *place), printed)

    def read_models(self, models: pd.DataFrame) -> None:
        for number, row in enumerate(models.to_dict("records")):
            place = (row["estimand"], "overall", "overall", "all", "")
            n, out = self.count("in model", number), self.count("out of model", number)
            events = self.count("events in model", number)
            self.read(n, row["n"])
            self.read(out, row["n_left_out"])
            self.read(events, row["events"])
            self.at_least(n, events)
            self.equal(self.count("n", *place), n, out)
            self.at_least(self.count("events", *place), events)

    # What he makes of it.

    # The first table of a paper: the patients of the rate of TRD, by label.

    def read_characteristics(self, table: pd.DataFrame) -> None:
        rows = table.to_dict("records")
        by_level: dict[tuple[str, ...], list[int]] = defaultdict(list)
        by_label: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
        for row in rows:
            about, level, label = (row["characteristic"], row["kind"]), row["level"], row["label"]
            at = self.described(*about, level, label)
            self.read(at, row["n"])
            if label != "all":
                by_level[*about, level].append(at)
            if about[0] != "overall":
                by_label[*about, label].append((level, at))
        for (*about, level), parts in by_level.items():
            self.equal(self.described(*about, level, "all"), *parts)
        for (*_, label), levels in by_label.items():
            self.equal(self.described("overall", "categorical", "all", label),
                       *(at for _, at in levels))  # fmt: skip
        for row in rows:
            self.read_shares(row)
        self.read_nested(table)

    def described(self, name: str, kind: str, level: str, label: str) -> int:
        """Name a count of the table; most stand in the rates of TRD, too."""
        if kind == "numeric" and level == "unknown":
            # Without an age nobody has a band; without their number trials have no level.
            same = {"age_years": "age_band"}.get(name, name)
            if same != name or name == "antidepressant_trials":
                return self.described(same, "categorical", level, label)
        place: tuple[str, ...] | None = None
        if name == "overall":
            place = ("overall", "overall", "all", "")
        elif name in ("age_band", "sex", "site"):
            place = (name, name, level, level if name == "age_band" else "")
        elif name in FACTOR_GROUPS and name != "medication_related":
            place = ("factor_group", name, level, "")
        elif name in RECORDED:
            place = ("factor", name, level, "")
        if place is None:
            return self.count("described", name, kind, level, label)
        counts = {"all": "n", "trd": "events", "not_trd": "without", "indeterminate": "taken"}
        return self.count(counts[label], "trd", *place)

    def read_shares(self, row: Mapping[str, Any]) -> None:
        """Work counts out of a share: of the label, and of those of whom it is known."""
        if row["kind"] == "numeric" or row["characteristic"] == "overall":
            return
        about = (row["characteristic"], row["kind"])
        n, label = self.described(*about, row["level"], row["label"]), row["label"]
        everybody = self.described("overall", "categorical", "all", label)
        without = self.count("described without", *about, row["level"], label)
        self.equal(everybody, n, without)
        if not self.base and row["n"] and not pd.isna(row["share"]):
            self.read(everybody, round(row["n"] / row["share"]))
        if not self.base and row["n"] and not pd.isna(row["share_of_known"]):
            known = self.count("described known", *about, label)
            self.equal(everybody, known, self.described(*about, "unknown", label))
            self.read(known, round(row["n"] / row["share_of_known"]))

    def read_nested(self, table: pd.DataFrame) -> None:
        """Note whose first trial was first-line, and that a group holds its factors."""
        names = set(table["characteristic"])
        for episode in ("first", "later", "unknown"):
            self.at_least(self.described("episode", "categorical", episode, "all"),
                          self.count("episode", "initial_trial", episode))  # fmt: skip
        for name in {"medication_related", *OF_TRIALS} & names:
            stratum = "factor" if name in OF_TRIALS else "factor_group"
            for level in ("present", "absent"):
                part = self.count("n", "initial_trial", stratum, name, level, "")
                self.at_least(self.described(name, "categorical", level, "all"), part)
        for factor in sorted(set(OF_TRIALS) & names):
            for label in (*LABELS, "all"):
                for level, group in (("present", True), ("absent", False)):
                    both = [self.described(name, "categorical", level, label)
                            for name in ("medication_related", factor)]  # fmt: skip
                    self.at_least(*(both if group else reversed(both)))

    # The questions beside the label: of some of the patients of the rate of TRD.

    def read_questions(self, table: pd.DataFrame) -> None:
        rows = {}
        for row in table.to_dict("records"):
            band, group = (
                "" if pd.isna(row[name]) else row[name] for name in ("age_band", "group")
            )
            place = (row["question"], row["measure"], row["population"], band, group, row["level"])
            rows[place] = self.read_answer(row, place)
        for place, found in rows.items():
            self.read_related(place, found, rows)

    def read_answer(self, row: Mapping[str, Any], place: Name) -> dict[str, int]:
        """Read a row, and what its share and bounds tell of counts that are not printed."""
        one = () if row["kind"] == "one_of" else place[-1:]
        at = {name: self.count(f"asked {name}", *place[:-1], *one)
              for name in ("total", "known", "unknown")}  # fmt: skip
        at |= {name: self.count(f"asked {name}", *place) for name in ("events", "without")}
        self.equal(at["total"], at["known"], at["unknown"])
        self.equal(at["known"], at["events"], at["without"])
        for name, column in (("known", "n"), ("unknown", "n_unknown"), ("events", "events")):
            self.read(at[name], row[column])
        if not self.base and row["events"] and not pd.isna(row["events"]):
            if not pd.isna(row["rate"]):
                self.read(at["known"], round(row["events"] / row["rate"]))
            if not pd.isna(row["bound_low"]):
                self.read(at["total"], round(row["events"] / row["bound_low"]))
        if not self.base and not pd.isna(row["rate"]) and not pd.isna(row["n"]):
            self.read(at["events"], round(row["n"] * row["rate"]))
        return at

    def read_related(
        self, place: Name, at: Mapping[str, int], rows: Mapping[Name, Mapping[str, int]]
    ) -> None:
        """Note which rows are of the same patients, or of some of those of another."""
        question, measure, population, band, group, level = place
        overall = ("trd", *(("age_band", "age_band", band, band) if band else
                            ("overall", "overall", "all", "")))  # fmt: skip
        kinds = {"members": "n", "trd": "events", "not_trd": "without"}
        if population in kinds and not group:
            self.equal(at["total"], self.count(kinds[population], *overall))
        label = {"members": "all"}.get(population, population)
        if question == "symptoms" and measure == "symptom" and population == "trd":
            for name, value in (("events", "present"), ("without", "absent"),
                                ("unknown", "unknown")):  # fmt: skip
                self.equal(at[name], self.described(level, "categorical", value, label))
        if question == "trial_eligibility" and measure == "meets":
            excluded = level.removeprefix("no_")
            for name, value in (("events", "absent"), ("without", "present"),
                                ("unknown", "unknown")):  # fmt: skip
                self.equal(at[name], self.described(excluded, "categorical", value, label))
            still = rows.get((question, "still_in", *place[2:]))
            if still is not None:
                self.at_least(at["events"], still["events"])
                self.at_least(still["without"], at["without"])
        if measure == "symptom_pair":
            for name in (group, level):
                one = rows[question, "symptom", population, band, "", name]
                self.at_least(one["events"], at["events"])
                self.at_least(at["without"], one["without"])
        if measure == "ppv":
            sens = rows[question, "sensitivity", "trd", band, group, "positive"]
            spec = rows[question, "specificity", "not_trd", band, group, "negative"]
            npv = rows[question, "npv", "negative", band, group, "not_trd"]
            self.equal(at["events"], sens["events"])
            self.equal(at["without"], spec["without"])
            self.equal(npv["events"], spec["events"])
            self.equal(npv["without"], sens["without"])
        if band:
            whole = rows[question, measure, population, "", group, level]
            bands = [
                rows[other]
                for other in rows
                if other[3] and (*other[:3], "", *other[4:]) == (*place[:3], "", *place[4:])
            ]
            if bands[0] is at:
                for name in ("events", "without", "unknown"):
                    self.at_least(whole[name], *(one[name] for one in bands))
        if question == "young_adults" and group == "young_adults" and measure == "trd":
            ages = ("trd", "age_band", "age_band", "18-25", "18-25")
            for name, kind in (("events", "events"), ("without", "without"), ("unknown", "taken")):
                self.equal(at[name], self.count(kind, *ages))
        if question == "young_adults" and measure == "age" and level == "young_adults":
            self.equal(at["events"], self.count("n", "trd", "age_band", "age_band", *["18-25"] * 2))

    def can_be(self, name: Name, value: int) -> bool:
        """Say whether a count can have a value, all that is known considered."""
        target = self.names[name]
        if not self.low[target] <= value <= self.high[target]:
            return False
        block, equations = self.around(target)
        place = {at: number for number, at in enumerate(block)}
        rows, columns, weights = [], [], []
        right = np.zeros(len(equations))
        for row, equation in enumerate(equations):
            for at, weight in equation.items():
                if at in place:
                    rows.append(row)
                    columns.append(place[at])
                    weights.append(weight)
                else:
                    right[row] -= weight * self.low[at]
        low, high = (np.array([side[at] for at in block]) for side in (self.low, self.high))
        low[place[target]] = high[place[target]] = value
        matrix = csr_array((weights, (rows, columns)), shape=(len(equations), len(block)))
        solved = milp(
            np.zeros(len(block)), integrality=np.ones(len(block)), bounds=Bounds(low, high),
            constraints=LinearConstraint(matrix, right, right),
        )  # fmt: skip
        assert solved.status in (0, 2), solved.message
        return bool(solved.status == 0)

    def around(self, target: int) -> tuple[list[int], list[dict[int, int]]]:
        """Give all that hangs together with a count by counts that are not known."""
        if not hasattr(self, "of"):
            self.of: dict[int, list[int]] = defaultdict(list)
            for number, equation in enumerate(self.equations):
                for at in equation:
                    self.of[at].append(number)
        block, taken, queue = {target}, set[int](), [target]
        while queue:
            for number in self.of[queue.pop()]:
                if number not in taken:
                    taken.add(number)
                    for at in self.equations[number]:
                        if at not in block and self.low[at] < self.high[at]:
                            block.add(at)
                            queue.append(at)
        return sorted(block), [self.equations[number] for number in sorted(taken)]

    def hides(self, name: Name) -> bool:
        """Say whether a count that stands in a table is not printed."""
        at = self.names[name]
        return self.low[at] < self.high[at]
