"""Which results are meant where none are named: those of the project or study one works in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from trdanalysis.interface.configuration import Configuration
from trdanalysis.layout import RESULTS_VARIABLE
from trdanalysis.project import CONFIG, CONFIG_FILE

#: Where `make demo` puts them.
_DEMO = Path("results", "demo")


def find_results(holds_run: Callable[[Path], bool]) -> Path:
    """Find the folder of results that is meant.

    It is the one that the environment variable ``TRDANALYSIS_RESULTS`` names. Else, of the nearest
    folder from the working folder upwards that has a ``Snakefile``, the one that its
    ``config/config.yaml`` names; where no run is in it, that of the demo. Notebooks so find the
    results of the project or study that they lie in.

    Parameters
    ----------
    holds_run
        Whether a folder holds the results of a run.

    Returns
    -------
    Path
        A folder, which need not exist.

    Raises
    ------
    UserError
        Kind ``config``: the configuration that was found is faulty.
    """
    named = os.environ.get(RESULTS_VARIABLE)
    if named:
        return Path(named)
    here = Path.cwd()
    project = next((one for one in (here, *here.parents) if (one / "Snakefile").is_file()), here)
    own = project / "results"
    if (project / CONFIG_FILE).is_file():
        own = project / Configuration(project / CONFIG).settings.results
    demo = project / _DEMO
    found = demo if holds_run(demo) and not holds_run(own) else own
    return found.relative_to(here) if found.is_relative_to(here) else found
