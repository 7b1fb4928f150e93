"""Treatment-resistant depression from treatment records: labels with reasons, and rates.

The Python interface (docs/python.md)::

    import trdanalysis as trd

    run = trd.open("results")
    run.rates, run.labels
    trd.label(patients, trials)

Names are loaded when they are first used: to import the package costs next to nothing, and the
command line stays quick. Their types stand in ``__init__.pyi``.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("trdanalysis")
except PackageNotFoundError:
    # Run from a source tree that was never installed (PYTHONPATH=src): a manifest must then not
    # claim a release.
    __version__ = "0+not-installed"

#: Where each name of the interface is: module, name in it (None: the module itself).
_WHERE = {
    "Explanation": ("interface.explaining", "Explanation"),
    "Labelled": ("interface.labelled", "Labelled"),
    "PatientLevelWarning": ("interface.marked", "PatientLevelWarning"),
    "Run": ("interface.run", "Run"),
    "UserError": ("errors", "UserError"),
    "attrition": ("interface.rating", "attrition"),
    "explain": ("interface.explaining", "explain"),
    "label": ("interface.taking", "label"),
    "open": ("interface.run", "open_run"),
    "plot": ("plot", None),
    "rates": ("interface.rating", "rates"),
    "relabel": ("interface.relabelling", "relabel"),
    "say": ("interface.telling", "say"),
    "show": ("interface.tables", "show"),
    "table": ("interface.papers", "table"),
    "tell": ("interface.telling", "tell"),
}

__all__ = ["__version__", *_WHERE]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    """Load a name of the interface when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module `{__name__}` has no `{name}`")
    place, inside = _WHERE[name]
    module = import_module(f"{__name__}.{place}")
    found = module if inside is None else getattr(module, inside)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name what the interface has."""
    return sorted(__all__)
