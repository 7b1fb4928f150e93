"""Frames of large cohorts stay in the engine and give what frames in memory give."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.unit.analysis_cohorts import make_cohort
from tests.unit.analysis_tables import MODELS, frame_of
from trdanalysis.analysis.adjusted import estimate_adjusted
from trdanalysis.analysis.estimands import PATIENT_ESTIMANDS
from trdanalysis.analysis.frames import Frame
from trdanalysis.engine import Engine


@pytest.fixture(scope="module")
def both():
    """The same patients grouped in memory, and one by one in the engine."""
    frame = frame_of(make_cohort(3, 500))
    rows = frame.rows
    single = rows.loc[rows.index.repeat(rows["patients"])].assign(patients=1)
    with Engine(500, 1) as engine:
        # As DuckDB has it: unknown is null.
        yield frame, Frame(engine.from_memory(single.reset_index(drop=True)))


@pytest.mark.parametrize("estimand", PATIENT_ESTIMANDS, ids=lambda one: one.name)
def test_members_are_the_same_in_the_engine(both, estimand) -> None:
    columns = ["age_band", "sex", "biological", "age_years"]
    for severe_from in (None, 0.5):
        one, other = (frame.of(estimand, columns, severe_from) for frame in both)
        pd.testing.assert_frame_equal(one, other, check_dtype=False)
        assert one["patients"].sum() > 0
        assert len(one) == len(one.drop(columns="patients").drop_duplicates())


def test_models_are_the_same_in_the_engine(both) -> None:
    one, other = (estimate_adjusted(frame, "article", MODELS) for frame in both)
    for left, right in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(left, right)
