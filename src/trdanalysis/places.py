"""What a folder tells by where it is and what lies in it; nothing is read, so that asking is cheap.

The plan of a run asks this each time that Snakemake starts.
"""

from __future__ import annotations

from pathlib import Path

from trdanalysis.layout import DRAFT, RESTRICTED


def is_draft(out: Path) -> bool:
    """Say whether a folder of published files is the one that stays."""
    return out.name == DRAFT and out.parent.name == RESTRICTED


def list_sealed(releases: Path) -> list[Path]:
    """Give the folders of sealed releases, the first first."""
    if not releases.is_dir():
        return []
    found = [path for path in releases.iterdir() if path.is_dir() and path.name.isdecimal()]
    return sorted(found, key=lambda path: int(path.name))


def list_notebooks(study: Path = Path()) -> list[Path]:
    """Give the notebooks of a study, by name."""
    return sorted((study / "notebooks").glob("*.ipynb"))
