"""The published tables of a run by name, as attributes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import overload

import pandas as pd


class Published:
    """One published table: read when it is asked for, and kept with the run."""

    def __init__(self, meaning: str) -> None:
        self.__doc__ = meaning
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, run: None, owner: type) -> Published: ...
    @overload
    def __get__(self, run: PublishedTables, owner: type) -> pd.DataFrame: ...

    def __get__(self, run: PublishedTables | None, owner: type) -> Published | pd.DataFrame:
        """Give the table of a run."""
        if run is None:
            return self
        kept: dict[str, pd.DataFrame] = run.__dict__.setdefault("_tables", {})
        if self._name not in kept:
            kept[self._name] = run.published(self._name)
        return kept[self._name]


class PublishedTables(ABC):
    """Has the published tables as attributes; docs/statistics.md says what their columns are."""

    @abstractmethod
    def published(self, name: str) -> pd.DataFrame:
        """Give a published table by its name."""

    rates = Published("Every rate against the reference, by estimand, definition and stratum.")
    comparisons = Published("Every contrast and model term.")
    models = Published("How each model was fitted, and to whom.")
    benchmarks = Published("Overall rates beside published ones.")
    attrition = Published("Who is left after each step, by estimand.")
    unknowns = Published("What is not counted for want of which criterion.")
    definitions = Published("Labels by definition, with its title and source.")
    resistance = Published("Apparent resistance against the label.")
    tipping = Published("At how many events among the unknown a conclusion changes.")
    clusters = Published("What counting trials instead of patients does.")
    curves = Published("Time to the second failure.")
    age_curves = Published("Non-response by year of age.")
    first_trials = Published("In which episode first trials lay.")
    grades = Published("Classes of definitions that give them.")
    agreement = Published("How far each pair of definitions agrees.")
    overlaps = Published("Who is treatment-resistant by which definitions.")
    multiverse = Published("The rate of resistance in every cell of the grid of thresholds.")
    label_flows = Published("Labels of the last run against those of this one.")
    rate_changes = Published("Rates of the last run against those of this one.")
    drift = Published("What differs between drops.")
    characteristics = Published("Who the patients are, by label.")
    questions = Published("What the article asks beside the label, question by question.")
    question_contrasts = Published("Comparisons and model terms of those questions.")
    question_curves = Published("Cumulative incidences of those questions.")
