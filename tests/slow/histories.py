"""Random treatment histories, drawn to fall on the edges of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

Cells = dict[str, str]
History = dict[str, list[Cells]]

TABLES = ("patients", "trials", "doses", "assessments")

_DRUGS = (
    ("sertraline", "50"), ("Zoloft", "50"), ("sertraline HCl", "50"), ("N06AB06", "50"),
    ("escitalopram", "10"), ("citalopram", "20"), ("Effexor XR", "75"), ("venlafaxine", "75"),
    ("desvenlafaxine", "50"), ("duloxetine", "40"), ("bupropion SR", "150"), ("mirtazapine", "15"),
    ("fluoxetine (generic)", "20"), ("PAROXETINE", "20"), ("vortioxetine", "10"),
)  # fmt: skip
_ODD_DRUGS = (
    "amitriptyline", "nortriptyline", "quetiapine", "Seroquel XR", "olanzapine-fluoxetine",
    "esketamine", "lithium", "dosulepin", "N05AH04", "A10BA02", "n06ax99", "unheard-of",
    "unheard of", "mystery", "ect", "rTMS", "psychotherapy", "placebo", "lifestyle", "",
)  # fmt: skip
_STARTS = (0, 5, 14, 15, 30, 42, 49, 60, 63, 80, 100, 101, 130, 200)
_LENGTHS = (7, 14, 20, 34, 35, 41, 42, 42, 43, 49, 56, 63, 84, 84, 120, 182, 200)
_BASELINE_DAYS = (-15, -14, -3, 0, 0, 0, 1, 7, 8)
_ENDPOINT_DAYS = (
    7, 13, 14, 34, 35, 36, 41, 42, 42, 43, 49, 50, 56, 57, 63, 64, 84, 120, 182, 183
)  # fmt: skip
#: Scale, a baseline, and endpoints at and beside 50% and 25% of it and the remission cut-off.
_SCALES = {
    "HAM-D17": ("24", ("7", "8", "12", "12.5", "13", "18", "18.5", "20", "24", "30")),
    "hamd 17": ("20", ("6", "10", "10.1", "15", "15.1", "19")),
    "MADRS": ("30", ("10", "11", "15", "16", "22.5", "23", "29")),
    "PHQ-9": ("18", ("4", "5", "9", "10", "13.5", "14", "17")),
    "QIDS SR 16": ("16", ("5", "6", "8", "9", "12", "13")),
    "HADS-D": ("14", ("7", "8", "10.5", "11", "14")),
    "CGI-I": ("4", ("1", "2", "3", "4", "7", "2.5", "0", "8")),
    "CGI-S": ("5", ("2", "3", "5")),
    "my scale": ("10", ("5", "8")),
}
_BAD_NUMBERS = ("x", "nan", "inf", "1_000", "-1e400", "12,5")
_OUTCOMES = ("remission", "response", "partial_response", "no_response")
_STOPS = ("lack_of_efficacy", "intolerance", "nonadherence", "completed", "patient_choice", "other")


class _Dice:
    """Choices of one patient: how rough his record is varies from patient to patient."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.roughness = random.choice((0.0, 0.01, 0.03, 0.1))
        #: How many trials are drawn as failures, but for what is rough.
        self.failing = random.choice((0.0, 0.5, 1.0, 1.0))

    def one_of(self, values: Sequence[str]) -> str:
        return self.random.choice(values)

    def day(self, values: Sequence[int], start: int = 0) -> str:
        return str(start + self.random.choice(values))

    def hit(self, share: float) -> bool:
        return self.random.random() < share

    def rough(self, text: str, *spoilt: str) -> str:
        """Give ``text``, or rarely an empty cell or a spoilt one."""
        if self.hit(self.roughness):
            return ""
        return self.one_of(spoilt) if spoilt and self.hit(self.roughness / 2) else text

    def three_valued(self, yes: float, no: float) -> str:
        at = self.random.random()
        return self.rough("yes" if at < yes else "no" if at < yes + no else "", "Yes", "1", "maybe")


def draw_history(random: Random, patient_id: str) -> History:
    """Draw one patient's rows: cells of text, empty where nothing was recorded."""
    dice = _Dice(random)
    trials = [
        _draw_trial(dice, patient_id, place)
        for place in range(random.choice((0, 1, 2, 2, 3, 3, 4, 6)))
    ]
    history: History = {
        "patients": [_draw_patient(dice, patient_id)],
        "trials": trials,
        "doses": [step for trial in trials if dice.hit(0.3) for step in _draw_steps(dice, trial)],
        "assessments": _draw_ratings(dice, patient_id, trials) if dice.hit(0.4) else [],
    }
    _spoil_rows(dice, history)
    return history


def _draw_patient(dice: _Dice, patient_id: str) -> Cells:
    scale, score = dice.random.choice(
        (("SDS-MAX", "5"), ("sds max", "4"), ("WSAS", "10"), ("WHODAS-12", "9.5"), ("GAF", "60"),
         ("GAF", "61"), ("SOFAS", "0"), ("WSAS", "41"), ("other", "3"), ("", "7"), ("GAF", ""))
    )  # fmt: skip
    return {
        "patient_id": patient_id,
        "age_years": dice.rough("40", "40.5", "-1"),
        "mdd_diagnosis": dice.three_valued(0.85, 0.07),
        "bipolar_disorder": dice.three_valued(0.05, 0.8),
        "functional_impairment": dice.three_valued(0.75, 0.05),
        "function_scale": scale,
        "function_score": dice.rough(score, *_BAD_NUMBERS),
        "medical_cause": dice.three_valued(0.05, 0.85),
        "current_substance_use": dice.three_valued(0.05, 0.85),
        "last_observed_day": dice.rough(dice.day((-5, 0, 30, 41, 42, 60, 141, 142, 300)), "1.5"),
    }


def _draw_trial(dice: _Dice, patient_id: str, place: int) -> Cells:
    fails = dice.hit(dice.failing)
    drug, minimum = dice.random.choice(_DRUGS)
    if dice.hit(0.05 if fails else 0.2):
        drug, minimum = dice.one_of(_ODD_DRUGS), "50"
    start = dice.random.choice(_STARTS)
    length = dice.random.choice(_LENGTHS[7:13] if fails else _LENGTHS)
    scale = dice.random.choice(list(_SCALES))
    if dice.hit(0.5):
        scale = "HAM-D17"
    baseline, endpoints = _SCALES[scale]
    around_end = (length, length + 7, length + 8, max(length - 7, 1))
    endpoint_days = (42, *around_end[:2]) if fails else (*_ENDPOINT_DAYS, *around_end)
    scored = dice.hit(0.75)
    dated = dice.hit(0.7)
    dose = minimum if dice.hit(0.95 if fails else 0.7) else str(float(minimum) - 0.5)
    adherences = ("0.8", "0.95", "1") if fails else ("0.8", "0.95", "1", "0.79")
    outcomes = _OUTCOMES[2:] if fails else _OUTCOMES
    baseline_days = (-3, 0, 0, 7) if fails else _BASELINE_DAYS
    endpoints = endpoints[-3:] if fails and scale in ("HAM-D17", "MADRS") else endpoints
    return {
        "patient_id": patient_id,
        "trial_id": dice.rough(f"t{place}"),
        "drug": dice.rough(drug, "zolofft", "N06AB"),
        "role": dice.rough(
            "augmentation" if dice.hit(0.06) else dice.one_of(("primary", "")), "main"
        ),
        "for_depression": dice.rough("no" if dice.hit(0.04) else dice.one_of(("yes", "")), "pain"),
        "dose_mg_per_day": dice.rough(dose, "0", "-5", "50mg", *_BAD_NUMBERS),
        "start_day": dice.rough(dice.one_of((str(start), f"{start}.0")), "0.5", "soon", "100001"),
        "stop_day": dice.rough(str(start + length), str(start), str(start - 1), "later")
        if dice.hit(0.85)
        else "",
        "adherence": dice.rough(dice.one_of(adherences), "1.4", "-0.1", "80%"),
        "scale": dice.rough(scale) if scored else "",
        "baseline_score": dice.rough(baseline, "99", "-1", "7", *_BAD_NUMBERS) if scored else "",
        "endpoint_score": dice.rough(dice.one_of(endpoints), "99", *_BAD_NUMBERS) if scored else "",
        "baseline_day": dice.rough(dice.day(baseline_days, start), "1.5", "x") if dated else "",
        "endpoint_day": dice.rough(dice.day(endpoint_days, start), "1.5", "x") if dated else "",
        "rated_outcome": dice.rough(dice.one_of(outcomes), "better") if dice.hit(0.3) else "",
        "stop_reason": dice.rough(dice.one_of(_STOPS), "bored") if dice.hit(0.3) else "",
        "episode": dice.rough("1", "0"),
    }  # fmt: skip


def _draw_steps(dice: _Dice, trial: Cells) -> list[Cells]:
    try:
        start = int(float(trial["start_day"]))
    except ValueError:
        start = 0
    steps, day = [], start + dice.random.choice((-10, 0, 0, 0, 0, 5, 300))
    for _ in range(dice.random.choice((1, 2, 2, 3, 4))):
        length = dice.random.choice((1, 7, 13, 14, 20, 21, 27, 28, 41, 42, 60))
        open_end = dice.hit(0.4)
        steps.append(
            {
                "patient_id": trial["patient_id"],
                "trial_id": trial["trial_id"],
                "start_day": dice.rough(str(day), "x"),
                "stop_day": "" if open_end else dice.rough(str(day + length), "x", str(day)),
                "dose_mg_per_day": dice.rough(dice.one_of(("10", "50", "75", "150", "400")), "0"),
            }
        )
        day += length + dice.random.choice((-3, 0, 0, 0, 1, 13, 14, 15, 16))
    return steps


def _draw_ratings(dice: _Dice, patient_id: str, trials: list[Cells]) -> list[Cells]:
    ratings = []
    scales = dice.random.sample(["HAM-D17", "MADRS", "PHQ-9", "CGI-I", "CGI-S", "HAMD-17"], 2)
    for trial in trials or [{"start_day": "0"}]:
        try:
            start = int(float(trial["start_day"]))
        except ValueError:
            start = 0
        for scale in scales:
            key = "hamd 17" if scale == "HAMD-17" else scale
            baseline, endpoints = _SCALES[key]
            days = dice.random.sample(
                [*_BASELINE_DAYS, *_ENDPOINT_DAYS], dice.random.choice((0, 1, 2, 4, 6))
            )
            for day in days:
                score = baseline if day < 8 else dice.one_of(endpoints)
                ratings.append(
                    {
                        "patient_id": patient_id,
                        "day": dice.rough(str(start + day), "x"),
                        "scale": dice.rough(scale),
                        "score": dice.rough(score, "99", *_BAD_NUMBERS),
                    }
                )
    return ratings


def _spoil_rows(dice: _Dice, history: History) -> None:
    """Repeat rows, let rows contradict each other, take patients and trials away."""
    for name, changing in (
        ("trials", "adherence"), ("doses", "dose_mg_per_day"), ("assessments", "score"),
        ("patients", "medical_cause"),
    ):  # fmt: skip
        rows = history[name]
        if rows and dice.hit(dice.roughness):
            row = dict(dice.random.choice(rows))
            if dice.hit(0.5):
                row[changing] = dice.one_of(("0.5", "yes", "", "x"))
            rows.append(row)
    if dice.hit(dice.roughness / 3):
        history["patients"].clear()
    if history["trials"] and dice.hit(dice.roughness):
        history["trials"].pop(dice.random.randrange(len(history["trials"])))
    for name in TABLES:
        dice.random.shuffle(history[name])


def pool(histories: Sequence[History]) -> History:
    """Put patients' rows into common tables."""
    return {name: [row for history in histories for row in history[name]] for name in TABLES}
