"""The figures of a run, in one list."""

from __future__ import annotations

from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.figures import forests, others
from trdanalysis.report.figures.paper_figure import (
    PaperFigure,
)
from trdanalysis.report.figures.pathways import pathways_after_trd
from trdanalysis.report.figures.symptoms import residual_symptoms
from trdanalysis.report.statistics import PRIMARY


def describe_figures(disclosed: Disclosed) -> list[PaperFigure]:
    """Describe every figure.

    Parameters
    ----------
    disclosed
        What they show.

    Returns
    -------
    list of PaperFigure
        In the order of :data:`trdanalysis.layout.FIGURES`; each is there, also where it is empty.
    """
    return [
        others.participants(disclosed),
        forests.headline_rates(disclosed),
        *(forests.rates_by_stratum(disclosed, name) for name in PRIMARY),
        forests.adjusted_ratios(disclosed),
        others.age_curve(disclosed),
        others.specification_curve(disclosed),
        others.definition_overlap(disclosed),
        forests.definition_agreement(disclosed),
        others.apparent_resistance(disclosed),
        others.time_to_second_failure(disclosed),
        others.label_changes(disclosed),
        residual_symptoms(disclosed),
        pathways_after_trd(disclosed),
    ]
