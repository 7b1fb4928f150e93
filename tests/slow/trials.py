"""One trial at a time: every criterion of a failure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.slow.intake import Bad, Row
from tests.slow.logic import Known, all_of, any_of
from tests.slow.names import SYMPTOM_SCALES, Drug, Drugs

WEEK_DAYS = 7
FULL_DAYS = 42


@dataclass(frozen=True)
class Thresholds:
    """What definitions may set otherwise; as they stand: the article's."""

    weeks: int = 6
    adherence_min: float = 0.8
    failures_min: int = 2
    nonresponse_below_percent: int = 50
    dose_column: str = "min_mg_default"
    first_line_column: str | None = "first_line_broad"
    distinct_by: str = "ingredient"
    apart_days: int = 14
    exclusions: tuple[str, ...] = ("medical_cause", "current_substance_use")

    @property
    def days(self) -> int:
        """Days of an adequate trial."""
        return WEEK_DAYS * self.weeks


@dataclass(frozen=True)
class Context:
    """What one patient's trials are judged beside."""

    thresholds: Thresholds
    drugs: Drugs
    last_observed_day: int | None
    trials: list[Row]
    steps: list[Row]
    ratings: list[Row]
    defaults: bool


def used(value: Any) -> Any:
    """Give a cell's value, None where it is bad or empty."""
    return None if isinstance(value, Bad) else value


def judge_trial(trial: Row, about: Context) -> dict[str, Any]:
    """Judge one trial; with ``about.defaults`` false every stated default is unknown."""
    drug = about.drugs.find(trial["drug"], trial["trial_id"])
    start = trial["start_day"]
    stop = trial["stop_day"]
    ongoing = stop is None and trial["stop_reason"] is None and about.defaults
    seen = about.last_observed_day
    if seen is not None and seen < start:
        seen = None
    end = stop if stop is not None else seen if ongoing else None
    in_progress = ongoing and seen is not None and seen - start < about.thresholds.days
    duration = end - start if end is not None and not in_progress else None

    scores = _Scores(trial, drug, about, ongoing)
    outcome, source, disagree = scores.outcome(
        # Whether an outcome can be known does not move with a definition's weeks.
        too_early=ongoing and seen is not None and seen - start < FULL_DAYS
    )

    steps = _Steps(trial, drug, about, end)
    if steps.any_recorded:
        dose_adequate, dose = steps.dose_adequate, steps.highest
    else:
        dose = used(trial["dose_mg_per_day"])
        dose_adequate = None if dose is None or drug.min_dose is None else dose >= drug.min_dose
    if in_progress:
        duration_adequate = None
    elif steps.any_recorded and dose_adequate is True:
        duration_adequate = steps.long_enough
    else:
        duration_adequate = None if duration is None else duration >= about.thresholds.days
    if steps.any_recorded:
        adequate_days = steps.adequate_days
        if in_progress and dose_adequate is not False:
            adequate_days = None
    elif dose_adequate is None:
        adequate_days = None
    else:
        adequate_days = duration if dose_adequate else 0

    adherence = used(trial["adherence"])
    adherence_adequate = None if adherence is None else adherence >= about.thresholds.adherence_min
    below = {25: ("no_response",), 50: ("no_response", "partial_response")}
    nonresponse = (
        None if outcome is None else outcome in below[about.thresholds.nonresponse_below_percent]
    )
    antidepressant = all_of(
        [
            drug.is_antidepressant if drug.known else None,
            _role(trial["role"], about.defaults),
            _indication(trial["for_depression"], about.defaults),
        ]
    )
    first_line = drug.is_first_line if drug.known else None
    failed = all_of(
        [antidepressant, first_line, dose_adequate, duration_adequate, adherence_adequate,
         nonresponse]
    )  # fmt: skip
    judged = {
        "patient_id": trial["patient_id"],
        "trial_id": trial["trial_id"],
        "line": trial["line"],
        "ingredient": drug.ingredient,
        "moiety": drug.moiety,
        "drug_class": drug.drug_class,
        "antidepressant": antidepressant,
        "first_line": first_line,
        "dose_adequate": dose_adequate,
        "duration_adequate": duration_adequate,
        "adherence_adequate": adherence_adequate,
        "nonresponse": nonresponse,
        "remission": scores.remission(outcome, source),
        "failed": failed,
        "adequate_days": adequate_days,
        "reduction": scores.reduction,
        "outcome": outcome,
        "outcome_source": source,
        "role": "primary" if trial["role"] is None else used(trial["role"]),
        "start_day": start,
        "stop_day": stop,
        "duration_days": duration,
        "dose_mg_per_day": dose,
        "adherence": adherence,
        "scale": scores.scale,
        "baseline_score": scores.baseline,
        "baseline_day": scores.baseline_day,
        "endpoint_score": scores.endpoint,
        "endpoint_day": scores.endpoint_day,
        "rated_outcome": used(trial["rated_outcome"]),
        "stop_reason": used(trial["stop_reason"]),
        "episode": used(trial["episode"]),
    }
    judged["verdict"] = _verdict(judged, in_progress)
    return judged | {
        "drug_role": drug.role,
        "for_depression": _indication(trial["for_depression"], about.defaults),
        "goes_on": stop is None and trial["stop_reason"] is None,
        "in_progress": in_progress,
        "disagree": disagree,
        "treatment": _treatment(drug, about.thresholds.distinct_by),
        "established_day": _established_day(judged, steps, about.thresholds.days),
    }


def _role(role: Any, defaults: bool) -> Known:
    if role is None:
        return True if defaults else None
    return None if isinstance(role, Bad) else role == "primary"


def _indication(for_depression: Any, defaults: bool) -> Known:
    if for_depression is None:
        return True if defaults else None
    return used(for_depression)


def _treatment(drug: Drug, distinct_by: str) -> str:
    if distinct_by == "moiety":
        return drug.moiety or drug.treatment
    if distinct_by == "class":
        return drug.drug_class or drug.treatment
    return drug.treatment


def _verdict(trial: dict[str, Any], in_progress: bool) -> str:
    for verdict, applies in (
        ("not_antidepressant", trial["antidepressant"] is False),
        ("not_first_line", trial["first_line"] is False),
        ("responded", trial["nonresponse"] is False),
        ("dose_inadequate", trial["dose_adequate"] is False),
        ("duration_insufficient", trial["duration_adequate"] is False),
        ("adherence_poor", trial["adherence_adequate"] is False),
        ("drug_unknown", trial["antidepressant"] is None or trial["first_line"] is None),
        ("dose_unknown", trial["dose_adequate"] is None),
        ("in_progress", in_progress),
        ("duration_unknown", trial["duration_adequate"] is None),
        ("adherence_unknown", trial["adherence_adequate"] is None),
        ("outcome_unknown", trial["nonresponse"] is None),
    ):
        if applies:
            return verdict
    return "failed"


def _established_day(trial: dict[str, Any], steps: _Steps, days: int) -> int | None:
    if trial["failed"] is not True:
        return None
    long_enough = steps.reached_day if steps.any_recorded else trial["start_day"] + days
    judged = trial["endpoint_day"] if trial["endpoint_day"] is not None else trial["stop_day"]
    if long_enough is None or judged is None:
        return None
    return max(long_enough, judged)


class _Scores:
    """The two scores of a trial as used, its own or filled from ratings."""

    def __init__(self, trial: Row, drug: Drug, about: Context, ongoing: bool) -> None:
        self.trial, self.about, self.ongoing = trial, about, ongoing
        self.start = trial["start_day"]
        self.stop = trial["stop_day"]
        self.next_start = self._next_start(drug)
        self.scale = used(trial["scale"])
        self.filled = False
        on_scale = self.scale is not None
        self.baseline = used(trial["baseline_score"]) if on_scale else None
        self.endpoint = used(trial["endpoint_score"]) if on_scale else None
        self.baseline_day = used(trial["baseline_day"])
        self.endpoint_day = used(trial["endpoint_day"])
        self.baseline_day_is_bad = isinstance(trial["baseline_day"], Bad)
        self.endpoint_day_is_bad = isinstance(trial["endpoint_day"], Bad)
        needs_baseline = self.scale != "CGI-I"
        if self.endpoint is None or (needs_baseline and self.baseline is None):
            self._fill()

    def _next_start(self, drug: Drug) -> int | None:
        starts = []
        for other in self.about.trials:
            its = self.about.drugs.find(other["drug"], other["trial_id"])
            if its.treatment == drug.treatment or not its.interferes:
                continue
            if other["start_day"] - self.start > 14:
                starts.append(other["start_day"])
        return min(starts, default=None)

    # -- windows, in days of the trial

    def endpoint_window(self) -> tuple[int, int]:
        """Give the first and the last day an endpoint may have."""
        low, high = 14, 182
        if self.stop is not None:
            low = max(low, min(self.stop - self.start, 42) - 7)
            high = min(high, self.stop - self.start + 7)
        elif self.ongoing:
            low = 35
        if self.next_start is not None:
            high = min(high, self.next_start - self.start + 7)
        return low, high

    def _baseline_day_fits(self) -> bool:
        if self.baseline_day_is_bad:
            return False
        if self.baseline_day is None:
            return self.about.defaults
        return -14 <= self.baseline_day - self.start <= 7

    def _endpoint_day_fits(self) -> bool:
        if self.endpoint_day_is_bad:
            return False
        if self.endpoint_day is None:
            return self.about.defaults
        low, high = self.endpoint_window()
        return low <= self.endpoint_day - self.start <= high

    # -- filling from ratings

    def _fill(self) -> None:
        if self.scale is not None:
            baseline, endpoint = self._offer(self.scale)
            has_baseline = self.baseline is not None or baseline is not None
            has_endpoint = self.endpoint is not None or endpoint is not None
            if has_endpoint and (has_baseline or self.scale == "CGI-I"):
                if self.baseline is None and baseline is not None and self.scale != "CGI-I":
                    self._set_baseline(baseline)
                if self.endpoint is None and endpoint is not None:
                    self._set_endpoint(endpoint)
                return
        for scale in SYMPTOM_SCALES:
            baseline, endpoint = self._offer(scale)
            if endpoint is None or (baseline is None and scale != "CGI-I"):
                continue
            self.scale = scale
            self._set_baseline(None if scale == "CGI-I" else baseline)
            self._set_endpoint(endpoint)
            return

    def _set_baseline(self, rating: Row | None) -> None:
        self.filled, self.baseline_day_is_bad = True, False
        self.baseline = None if rating is None else rating["score"]
        self.baseline_day = None if rating is None else rating["day"]

    def _set_endpoint(self, rating: Row) -> None:
        self.filled, self.endpoint_day_is_bad = True, False
        self.endpoint, self.endpoint_day = rating["score"], rating["day"]

    def _offer(self, scale: str) -> tuple[Row | None, Row | None]:
        ratings = [
            rating
            for rating in self.about.ratings
            if rating["scale"] == scale and used(rating["score"]) is not None
        ]
        ratings.sort(key=lambda rating: rating["day"])
        day_of = {id(rating): rating["day"] - self.start for rating in ratings}
        before = [rating for rating in ratings if -14 <= day_of[id(rating)] <= 0]
        after = [rating for rating in ratings if 1 <= day_of[id(rating)] <= 7]
        baseline = before[-1] if before else after[0] if after else None
        low, high = self.endpoint_window()
        inside = [rating for rating in ratings if low <= day_of[id(rating)] <= high]
        early = [rating for rating in inside if day_of[id(rating)] <= 63]
        late = [rating for rating in inside if day_of[id(rating)] > 63]
        endpoint = early[-1] if early else late[0] if late else None
        return baseline, endpoint

    # -- outcome

    @property
    def reduction(self) -> float | None:
        """Give the fraction of the baseline lost."""
        if self.scale in (None, "CGI-I") or self.baseline is None or self.endpoint is None:
            return None
        minimum = SYMPTOM_SCALES[self.scale][0]
        if self.baseline <= minimum:
            return None
        return (self.baseline - self.endpoint) / (self.baseline - minimum)

    def _from_scores(self) -> str | None:
        if self.scale is None or self.endpoint is None or not self._endpoint_day_fits():
            return None
        minimum, _, cut_off = SYMPTOM_SCALES[self.scale]
        endpoint = Fraction(str(self.endpoint))
        if self.scale == "CGI-I":
            return {1: "response", 2: "response", 3: "partial_response"}.get(
                int(endpoint), "no_response"
            )
        assert cut_off is not None
        if self.baseline is None or not self._baseline_day_fits():
            return None
        both_dated = self.baseline_day is not None and self.endpoint_day is not None
        if both_dated and self.endpoint_day <= self.baseline_day:
            return None
        baseline = Fraction(str(self.baseline))
        if baseline <= cut_off:
            return None
        lost, possible = baseline - endpoint, baseline - minimum
        if endpoint <= cut_off:
            return "remission"
        if 2 * lost >= possible:
            return "response"
        return "partial_response" if 4 * lost >= possible else "no_response"

    def outcome(self, *, too_early: bool) -> tuple[str | None, str | None, bool]:
        """Give the outcome, where it comes from, and whether scores and rating disagree."""
        if too_early:
            return None, None, False
        scored, rated = self._from_scores(), used(self.trial["rated_outcome"])
        if scored is None:
            return rated, None if rated is None else "rating", False
        good = ("response", "remission")
        disagree = rated is not None and (scored in good) != (rated in good)
        return scored, "assessments" if self.filled else "scores", disagree

    def remission(self, outcome: str | None, source: str | None) -> Known:
        """Tell whether the outcome is a remission."""
        if outcome is None:
            return None
        if outcome == "response" and self.scale == "CGI-I" and source != "rating":
            return None
        return outcome == "remission"


class _Steps:
    """The dose steps of a trial, day by day."""

    def __init__(self, trial: Row, drug: Drug, about: Context, end: int | None) -> None:
        recorded = sorted(
            (step for step in about.steps if step["trial_id"] == trial["trial_id"]),
            key=lambda step: step["start_day"],
        )
        self.any_recorded = bool(recorded)
        self.start, self.end, self.days = trial["start_day"], end, about.thresholds.days
        self.minimum = drug.min_dose
        # First day, first day after (None: open), dose, whether its end is unknown.
        self.inside: list[tuple[int, int | None, float | None, bool]] = []
        for place, step in enumerate(recorded):
            until, is_open = step["stop_day"], False
            if until is None and about.defaults:
                later = recorded[place + 1]["start_day"] if place + 1 < len(recorded) else None
                until = later if later is not None else end
            elif until is None:
                until, is_open = end, True
            first = max(step["start_day"], self.start)
            if end is not None:
                until = end if until is None else min(until, end)
                if first >= end:
                    continue
            if until is not None and until <= first:
                continue
            self.inside.append((first, until, used(step["dose_mg_per_day"]), is_open))

    def _reached(self, dose: float | None) -> Known:
        return None if dose is None or self.minimum is None else dose >= self.minimum

    @property
    def highest(self) -> float | None:
        """Give the highest known dose."""
        return max((dose for _, _, dose, _ in self.inside if dose is not None), default=None)

    @property
    def dose_adequate(self) -> Known:
        """Tell whether any step reached the minimum."""
        if not self.inside or self.minimum is None:
            return None
        return any_of(self._reached(dose) for _, _, dose, _ in self.inside)

    def _run(self, *, unknown_as: bool) -> tuple[int, int | None]:
        """Give the days of the longest run, and the earliest day a run was long enough."""
        covered: set[int] = set()
        for first, until, dose, is_open in self.inside:
            reached = self._reached(dose)
            if reached is None:
                reached = unknown_as
            if reached and (unknown_as or not is_open):
                assert until is not None
                covered |= set(range(first, until))
        longest, reached_days = 0, []
        run, last = 0, None
        for day in sorted(covered):
            run = run + 1 if last is not None and day - last - 1 <= 14 else 1
            last = day
            longest = max(longest, run)
            if run == self.days:
                reached_days.append(day + 1)
        return longest, min(reached_days, default=None)

    @property
    def _can_be_counted(self) -> bool:
        return self.end is not None and bool(self.inside) and self.minimum is not None

    @property
    def long_enough(self) -> Known:
        """Tell whether a run was long enough."""
        if not self._can_be_counted:
            return None
        low, high = self._run(unknown_as=False)[0], self._run(unknown_as=True)[0]
        if low >= self.days:
            return True
        return False if high < self.days else None

    @property
    def adequate_days(self) -> int | None:
        """Give the days of the longest run where it is known."""
        if not self._can_be_counted:
            return None
        low, high = self._run(unknown_as=False)[0], self._run(unknown_as=True)[0]
        return low if low == high else None

    @property
    def reached_day(self) -> int | None:
        """Give the first day after the days that made a run long enough, where it is known."""
        if not self._can_be_counted:
            return None
        low, high = self._run(unknown_as=False)[1], self._run(unknown_as=True)[1]
        return low if low == high else None
