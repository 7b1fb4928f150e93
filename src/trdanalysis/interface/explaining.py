"""`trd.explain`: why a patient has this label, and what would change it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from trdanalysis.commands.drugs import load_drugs
from trdanalysis.commands.explain import load_explained_by
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.interface.framing import frame_page
from trdanalysis.interface.labelled import Labelled
from trdanalysis.interface.marked import PATIENT_LEVEL, show_marked
from trdanalysis.interface.run import Run
from trdanalysis.labelling.explained import Explained, collect_explained
from trdanalysis.report.explanation import render_explanation_page


@dataclass(frozen=True, repr=False)
class Explanation:
    """One patient's label, explained. Text in a terminal, a page in Jupyter; patient-level."""

    explained: Explained

    @property
    def label(self) -> str:
        """The label: ``trd``, ``not_trd`` or ``indeterminate``."""
        return str(self.explained.label["label"])

    @property
    def reason(self) -> str:
        """The word that says why."""
        return str(self.explained.label["reason"])

    @cached_property
    def text(self) -> str:
        """The explanation as ``python -m trdanalysis explain`` prints it."""
        return self.explained.as_text()

    @cached_property
    def html(self) -> str:
        """The explanation as a self-contained page; it holds a patient's values."""
        return render_explanation_page(*self.explained.parts)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        frame = frame_page(self.html, "Explanation of a label", "height:36em", scripted=False)
        return show_marked(frame, PATIENT_LEVEL)


def explain(source: Run | Labelled, patient_id: str, definition: str | None = None) -> Explanation:
    """Explain one patient's label, as ``python -m trdanalysis explain`` does.

    Parameters
    ----------
    source
        What :func:`trdanalysis.open` or :func:`trdanalysis.label` gave.
    patient_id
        The pseudonym, as in ``labels``.
    definition
        Id of the definition to explain by; None: the primary one.

    Returns
    -------
    Explanation
        Holds a patient's values: it shows a banner in Jupyter and warns.

    Raises
    ------
    UserError
        Kind ``not_found``: there is no such patient, or the definition was not used.
    """
    if isinstance(source, Run):
        return Explanation(_explain_run(source, str(patient_id), definition))
    used = next(
        (one for one in source._used if one.id == (definition or source.definitions[0])), None
    )
    if used is None:
        raise UserError(
            f"the frames were not labelled by the definition `{definition}`",
            try_this=suggest(str(definition), source.definitions),
            kind="not_found",
        )
    settings = source._configuration.settings
    with Engine(settings.memory_limit_mb, settings.threads) as engine:
        tables = {name: engine.from_memory(table) for name, table in source._tables.items()}
        drugs = load_drugs(source._configuration.reference)
        return Explanation(
            collect_explained(tables, str(patient_id), used, drugs, "the labelled frames")
        )


def _explain_run(run: Run, patient_id: str, definition: str | None) -> Explained:
    # Says what is missing where the run has not ended, or only a release is there.
    run._cohort("labels")
    cohort = run._restricted() / "cohort"
    configuration = run.configuration
    wanted = configuration.load_definitions(definition or run.primary_definition)[0]
    with Engine(configuration.settings.memory_limit_mb, configuration.settings.threads) as engine:
        return collect_explained(
            load_explained_by(engine, cohort),
            patient_id,
            wanted,
            load_drugs(configuration.reference),
            str(cohort / "labels.parquet"),
        )
