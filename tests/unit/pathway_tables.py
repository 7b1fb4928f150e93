"""Made-up pathways after treatment resistance, for tests of what draws them."""

from __future__ import annotations

import pandas as pd

from trdanalysis.analysis.questions.asked import Counting
from trdanalysis.analysis.questions.form import estimate_answers
from trdanalysis.analysis.questions.pathways import list_pathways

SOME = {
    "none_recorded": 20, "switch": 40, "add": 12, "switch > switch": 15, "switch > procedure": 30,
    "add > switch > psychosocial": 17, "switch > add > add": 11,
    "psychosocial > procedure > any": 13,
}  # fmt: skip


def questions_of(counts: dict[str, int], hidden: tuple[str, ...] = ()) -> pd.DataFrame:
    """Make the rows of pathways, of which some are hidden."""
    counting = Counting("after_trd")
    levels = [(level, counts.get(level, 0)) for level in list_pathways()]
    counting.add_levels("pathway", "trd", levels, unknown=5)
    table = estimate_answers(counting.answers, "article")
    gone = table["level"].isin(hidden)
    table.loc[gone, ["events", "rate"]] = pd.NA
    table.loc[gone, "status"] = "suppressed"
    return table
