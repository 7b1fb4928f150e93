"""Treatment-resistant depression from treatment records: labels with reasons, and rates."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("trdanalysis")
except PackageNotFoundError:
    # Run from a source tree that was never installed (PYTHONPATH=src): a manifest must then not
    # claim a release.
    __version__ = "0+not-installed"

__all__ = ["__version__"]
