"""The package and a slow, obvious reading of the rules agree on random histories."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.compare import find_differences, shrink
from tests.property.settings import PATIENTS, batches
from tests.slow.histories import History, draw_history
from tests.slow.trials import Thresholds
from tests.support import article, variant
from trdanalysis.labelling.definition import Definition

#: What other definitions set, and the same for the slow reading.
VARIANTS: tuple[tuple[dict[str, object], Thresholds], ...] = (
    ({"min_weeks": 8, "min_failures": 1}, Thresholds(weeks=8, failures_min=1)),
    ({"min_weeks": 4, "dose_table": "strict", "distinct_by": "class"},
     Thresholds(weeks=4, dose_column="min_mg_strict", distinct_by="class")),
    ({"nonresponse_below_percent": 25, "dose_table": "lenient", "distinct_by": "moiety"},
     Thresholds(nonresponse_below_percent=25, dose_column="min_mg_lenient", distinct_by="moiety")),
    ({"first_line": "core", "min_adherence": 0.9, "min_days_between_starts": 30},
     Thresholds(first_line_column="first_line_core", adherence_min=0.9, apart_days=30)),
    ({"first_line": "any", "min_failures": 3, "exclusions": ("medical_cause",)},
     Thresholds(first_line_column=None, failures_min=3, exclusions=("medical_cause",))),
)  # fmt: skip


def draw_batch(random: Random) -> list[History]:
    return [draw_history(random, f"p{place}") for place in range(PATIENTS)]


def check(histories: list[History], definition: Definition, thresholds: Thresholds) -> None:
    differences = find_differences(histories, definition, thresholds)
    if not differences:
        return
    patient = next((one for one in differences if one), "")
    told = differences[patient]
    if not patient:
        pytest.fail("\n".join(told))
    history = next(one for place, one in enumerate(histories) if f"p{place}" == patient)
    small, still = shrink(history, definition, thresholds)
    shown = {
        name: [{column: text for column, text in row.items() if text} for row in rows]
        for name, rows in small.items()
    }
    pytest.fail(
        f"{len(differences)} of {len(histories)} random patients are read otherwise; made small:\n"
        + "\n".join(still or told)
        + "\n"
        + json.dumps(shown, indent=1)
    )


@given(random=st.randoms(use_true_random=True))
@batches(2)
def test_the_article_is_read_the_same_way(random: Random) -> None:
    check(draw_batch(random), article(), Thresholds())


@given(random=st.randoms(use_true_random=True), place=st.integers(0, len(VARIANTS) - 1))
@batches(2)
def test_other_thresholds_are_read_the_same_way(random: Random, place: int) -> None:
    changed, thresholds = VARIANTS[place]
    check(draw_batch(random), variant("other", **changed), thresholds)
