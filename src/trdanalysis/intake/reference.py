"""What names and scores are read against."""

from __future__ import annotations

from dataclasses import dataclass

from trdanalysis.intake.names import DrugNames
from trdanalysis.intake.scales import Scale


@dataclass(frozen=True)
class Reference:
    """Known drugs and scales."""

    names: DrugNames
    scales: tuple[Scale, ...]
