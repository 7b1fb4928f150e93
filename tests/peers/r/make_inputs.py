"""Make the inputs that R and Python both read. Kept in the repository: rarely run again.

    python tests/peers/r/make_inputs.py

Nothing here is about real patients.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

INPUTS = Path(__file__).parent / "inputs"
SEED = 20240611


def write(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write one input; floats in full, so that R reads the same numbers."""
    with (INPUTS / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([[_plain(value) for value in row] for row in rows])


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def make_proportions() -> None:
    """Write events and n, at the edges and in between."""
    pairs = [(0, 1), (1, 1), (0, 7), (7, 7), (1, 29), (3, 10), (6, 20), (15, 148), (81, 263)]
    pairs += [(29, 97), (30, 100), (1524, 2876), (0, 5000), (4999, 5000), (29_871, 100_000)]
    write("proportions", ["case", "events", "n"], [(f"{e}/{n}", e, n) for e, n in pairs])


def make_two_groups() -> None:
    """Write two groups each: large, sparse, with zeros, with everybody."""
    groups = [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (0, 12, 1524, 2876)]
    groups += [(1, 30, 429, 1475), (212, 640, 955, 2310), (3, 9, 4, 11), (0, 8, 0, 9)]
    groups += [(8, 8, 9, 9), (5, 5, 0, 5), (1, 1, 0, 1), (30, 100, 30, 100), (7, 25, 40, 60)]
    groups += [(12, 40, 0, 33), (40, 40, 25, 31), (2, 400, 9, 500), (5, 10, 5, 10)]
    write(
        "two_groups",
        ["case", "events", "n", "other_events", "other_n"],
        [("{}/{} and {}/{}".format(*group), *group) for group in groups],
    )


def make_standardised(random: np.random.Generator) -> None:
    """Write values of two groups and how many have each: two levels, several, some of nobody."""
    counts = {
        "two levels": [(30, 70), (55, 45)],
        "two levels and one rare": [(3, 997), (1, 12)],
        "three levels": [(10, 20, 30), (30, 20, 10)],
        "four levels and one of nobody": [(5, 0, 12, 40), (7, 3, 0, 31)],
        "alike": [(8, 16, 24), (1, 2, 3)],
        "six levels": [tuple(random.integers(1, 400, 6)) for _ in range(2)],
        "many levels": [tuple(random.integers(0, 9, 25)) for _ in range(2)],
    }
    write(
        "standardised",
        ["case", "group", "value", "count"],
        [
            (case, group, round(1.5 * place + place**2 / 7, 3), count)
            for case, both in counts.items()
            for group, of in zip(("one", "other"), both, strict=True)
            for place, count in enumerate(of)
        ],
    )


def make_agreement() -> None:
    """Write two-by-two tables: much and little agreement, rare labels, none at the edges."""
    tables = [(40, 9, 6, 45), (80, 10, 5, 5), (45, 15, 25, 15), (31, 12, 4, 58), (5, 1, 0, 4)]
    tables += [(1, 0, 0, 1), (25, 0, 0, 1850), (0, 7, 9, 0), (0, 5, 5, 0), (3, 0, 17, 9000)]
    tables += [(0, 4, 0, 30), (12, 0, 8, 0), (0, 0, 0, 50), (50, 0, 0, 0), (0, 3, 4, 200)]
    tables += [(269_502, 26_223, 26_188, 2_304_851), (51, 0, 49, 1759)]
    write(
        "agreement",
        ["case", "both", "first", "second", "neither"],
        [("/".join(map(str, table)), *table) for table in tables],
    )


def make_clusters(random: np.random.Generator) -> None:
    """Write trials and events of patients: many, few, none or all with the event."""
    rows: list[tuple[object, ...]] = []
    # Patients differ in their risk, so trials of one patient are alike.
    trials = random.integers(1, 7, 60)
    risks = random.beta(1.2, 1.8, 60)
    for patient, (m, risk) in enumerate(zip(trials, risks, strict=True)):
        rows.append(("sixty", patient, m, random.binomial(m, risk)))
    for patient, (m, e) in enumerate(
        [(1, 1), (2, 0), (3, 2), (1, 0), (6, 5), (2, 1), (1, 0), (4, 1)]
    ):
        rows.append(("eight", patient, m, e))
    for patient, m in enumerate([1, 2, 1, 3, 1, 1, 2, 4, 1]):
        rows.append(("no_events", patient, m, 0))
        rows.append(("all_events", patient, m, m))
    for patient in range(40):
        rows.append(("one_trial_each", patient, 1, int(patient % 5 < 2)))
    # Trials of one patient are all alike, and trials of one patient are less alike than chance.
    for patient, m in enumerate([2, 3, 2, 1, 2, 4, 2, 3, 1, 2]):
        rows.append(("all_alike", patient, m, m * (patient % 3 == 0)))
        rows.append(("unlike", patient, 2 * m, m))
    for patient in range(2):
        rows.append(("two_patients", patient, 3 + patient, 1 + patient))
    rows.sort(key=lambda row: str(row[0]))
    write("clusters", ["case", "patient", "trials", "events"], rows)


def make_bands() -> None:
    """Write ordered bands: a trend, none, a bent one, two bands, sparse, gaps in the scores."""
    sets: dict[str, list[tuple[float, int, int]]] = {
        "rising": [(1, 12, 60), (2, 41, 150), (3, 77, 210), (4, 80, 180), (5, 51, 95)],
        "flat": [(1, 30, 100), (2, 60, 200), (3, 45, 150), (4, 27, 90)],
        "bent": [(1, 40, 80), (2, 30, 120), (3, 25, 130), (4, 33, 110), (5, 45, 84)],
        "falling": [(1, 70, 100), (2, 118, 200), (3, 90, 180), (4, 20, 50)],
        "two": [(1, 18, 55), (2, 40, 88)],
        "sparse": [(1, 0, 6), (2, 1, 9), (3, 2, 7), (4, 4, 5)],
        "spaced_scores": [(21.5, 15, 70), (30.5, 33, 110), (42.5, 50, 140), (57, 61, 133)],
        "doctors": [(1, 83, 86), (2, 90, 93), (3, 129, 136), (4, 70, 82)],
    }
    write(
        "bands",
        ["case", "score", "events", "n"],
        [(case, *band) for case, bands in sets.items() for band in bands],
    )


def make_interactions() -> None:
    """Write events and n by two risk factors."""
    # In the order: neither, only b, only a, both.
    tables = {
        "more_than_additive": [(40, 200), (45, 150), (60, 160), (70, 100)],
        "additive": [(20, 100), (30, 100), (40, 100), (50, 100)],
        "multiplicative": [(10, 100), (20, 100), (20, 100), (40, 100)],
        "less_than_additive": [(90, 300), (66, 120), (72, 130), (40, 65)],
        "protective": [(120, 200), (50, 110), (44, 100), (9, 60)],
        "small": [(2, 9), (3, 8), (4, 10), (6, 7)],
        "smokers_drinkers": [(3, 23), (8, 26), (6, 18), (225, 391)],
    }
    rows = [
        (case, a, b, *table[2 * a + b])
        for case, table in tables.items()
        for a in (0, 1)
        for b in (0, 1)
    ]
    write("interactions", ["case", "a", "b", "events", "n"], rows)


def make_model(random: np.random.Generator) -> None:
    """Write patients for the models; severity is a rating, weight a number of like patients."""
    n = 400
    age = random.integers(18, 91, n)
    sex = random.binomial(1, 0.62, n)
    biological = random.binomial(1, 0.35, n)
    psychological = random.binomial(1, 0.25 + 0.2 * biological)
    environmental = random.binomial(1, 0.4, n)
    severity = np.round(random.normal(22, 5, n), 1)
    linear = -1.1 + 0.012 * (age - 50) + 0.0006 * (age - 50) ** 2 - 0.2 * sex
    linear += 0.5 * biological + 0.35 * psychological + 0.1 * environmental
    linear += 0.06 * (severity - 22)
    y = random.binomial(1, 1 / (1 + np.exp(-linear)))
    weight = random.integers(1, 5, n)
    write(
        "model",
        ["y", "age", "sex", "biological", "psychological", "environmental", "severity"]
        + ["weight"],
        zip(
            y,
            age,
            sex,
            biological,
            psychological,
            environmental,
            severity,
            weight,
            strict=True,
        ),
    )


def make_firth(random: np.random.Generator) -> None:
    """Write sparse patients: every one with `rare` has the event, and few have it without."""
    n = 60
    rare = (np.arange(n) < 5).astype(int)
    common = random.binomial(1, 0.5, n)
    score = np.round(random.normal(0, 1, n), 2)
    y = random.binomial(1, 1 / (1 + np.exp(1.6 - 0.8 * common - 0.4 * score)))
    y[:5] = 1
    weight = random.integers(1, 4, n)
    write(
        "firth",
        ["y", "rare", "common", "score", "weight"],
        zip(y, rare, common, score, weight, strict=True),
    )


def make_gee(random: np.random.Generator) -> None:
    """Write trials of patients whose trials are alike."""
    rows = []
    for patient in range(150):
        age = int(random.integers(18, 80))
        biological = int(random.binomial(1, 0.4))
        own = random.normal(0, 0.9)
        for trial in range(int(random.integers(1, 6))):
            linear = -0.6 + 0.01 * (age - 45) + 0.5 * biological + 0.15 * trial + own
            y = int(random.binomial(1, 1 / (1 + np.exp(-linear))))
            rows.append((patient, trial, y, age, biological))
    write("gee", ["patient", "trial", "y", "age", "biological"], rows)


def make_survival(random: np.random.Generator) -> None:
    """Write days and whether an event ended them, with many ties, and three small sets."""
    rows: list[tuple[object, ...]] = []
    event = np.round(random.exponential(300, 200) / 7).astype(int) * 7 + 14
    censored = np.round(random.uniform(20, 700, 200) / 7).astype(int) * 7
    for one, other in zip(event, censored, strict=True):
        rows.append(("two_hundred", min(one, other), int(one <= other), random.integers(1, 4)))
    # The last one has the event; nobody has it; an event and a censoring on day 0.
    rows += [("to_the_end", d, h, 1) for d, h in [(3, 1), (5, 0), (5, 1), (9, 1), (9, 0), (12, 1)]]
    rows += [("no_event", d, 0, 1) for d in (4, 4, 8, 30)]
    rows += [("day_zero", d, h, 1) for d, h in [(0, 1), (0, 0), (6, 1), (6, 1), (11, 0), (20, 0)]]
    write("survival", ["case", "day", "has_event", "weight"], rows)


def make_p_values() -> None:
    """Write families of p-values with ties, zeros and ones."""
    families = {
        "five": [0.011, 0.02, 0.03, 0.04, 0.05],
        "ties": [0.04, 0.001, 0.04, 0.2, 0.001, 0.9, 0.04],
        "edges": [1, 0, 0.5, 1e-12, 0.999],
        "one": [0.03],
        "unordered": [0.6, 0.002, 0.045, 0.31, 0.017, 0.0004, 0.08, 0.021, 0.74, 0.12],
    }
    write(
        "p_values",
        ["case", "position", "p"],
        [(case, i, p) for case, family in families.items() for i, p in enumerate(family)],
    )


def make_pooling(random: np.random.Generator) -> None:
    """Write estimates and variances of imputed data sets, with the complete-data df."""
    sets: dict[str, tuple[int, list[float], list[float]]] = {
        "three": (97, [0.31, 0.36, 0.29], [0.0025, 0.0027, 0.0022]),
        "small_sample": (12, [1.4, 0.2, 0.9, 1.1, 0.6], [0.30, 0.25, 0.41, 0.33, 0.28]),
        "hardly_missing": (380, [0.5, 0.503, 0.498], [0.01, 0.01, 0.0101]),
        "much_missing": (200, [-2.0, 1.0, 3.5, 0.2], [0.02, 0.05, 0.03, 0.04]),
        "twenty": (
            450,
            [round(v, 4) for v in random.normal(-0.4, 0.08, 20)],
            [round(v, 5) for v in random.uniform(0.010, 0.016, 20)],
        ),
    }
    write(
        "pooling",
        ["case", "n_complete_df", "estimate", "variance"],
        [
            (case, df, estimate, variance)
            for case, (df, estimates, variances) in sets.items()
            for estimate, variance in zip(estimates, variances, strict=True)
        ],
    )


def main() -> None:
    """Write every input, each from a stream of its own."""
    INPUTS.mkdir(exist_ok=True)
    make_proportions()
    make_two_groups()
    make_bands()
    make_interactions()
    make_p_values()
    make_agreement()
    makers = [make_clusters, make_model, make_firth, make_gee, make_survival, make_pooling]
    makers += [make_standardised]
    for stream, make in enumerate(makers):
        make(np.random.default_rng((SEED, stream)))


if __name__ == "__main__":
    main()
