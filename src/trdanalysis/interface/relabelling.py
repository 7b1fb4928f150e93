"""`trd.relabel`: the accepted patients of a run, labelled anew by other definitions."""

from __future__ import annotations

from trdanalysis.commands.shared import load_tables
from trdanalysis.engine import Engine
from trdanalysis.interface.configuration import Wanted
from trdanalysis.interface.labelled import Labelled
from trdanalysis.interface.run import Run
from trdanalysis.interface.taking import judge_pooled
from trdanalysis.layout import POOLED


def relabel(run: Run, definition: Wanted) -> Labelled:
    """Label the accepted patients of a run anew, in memory; the run stays as it is.

    Parameters
    ----------
    run
        With its patient-level tables.
    definition
        An id, a file, or a list of either, the primary first.

    Returns
    -------
    Labelled
        As :func:`trdanalysis.label` gives it. ``findings``, ``quarantine`` and ``unrecognised`` are
        those of the run, with the lines of its drops. Nothing of it passed disclosure control.

    Raises
    ------
    UserError
        Kind ``not_found``: the run has no accepted rows, as a release has none. Kind ``config``:
        there is no such definition, or it is faulty.
    """
    configuration = run.configuration
    definitions = configuration.load_definitions(definition)
    settings = configuration.settings
    folder = run.accepted_folder
    with Engine(settings.memory_limit_mb, settings.threads) as engine:
        pooled = load_tables(engine, folder, POOLED)
        results, _ = judge_pooled(engine, pooled, definitions, configuration)
        tables = {name: table.to_pyarrow() for name, table in results.items()}
    balance = run.balance.drop(columns="drop_id").groupby("table", sort=False).sum()
    return Labelled(
        definitions=tuple(one.id for one in definitions),
        _tables=tables,
        _about={
            "findings": run.findings,
            "quarantine": run.quarantine,
            "unrecognised": run.unrecognised,
        },
        _summary={
            str(name): {str(one): int(number) for one, number in row.items()}
            for name, row in balance.iterrows()
        },
        _used=tuple(definitions),
        _configuration=configuration,
    )
