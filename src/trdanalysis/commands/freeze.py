"""`freeze`: keep what the analysis is fixed by, before the first labels are made."""

from __future__ import annotations

from pathlib import Path

from trdanalysis.errors import UserError
from trdanalysis.files import write_json
from trdanalysis.layout import FROZEN
from trdanalysis.prespecification import (
    describe_analysis,
    freeze_analysis,
    read_frozen,
)
from trdanalysis.project import find_definition_files
from trdanalysis.settings import read_settings, read_yaml

LEAST_REASON = 10


def run_freeze(config: Path, reason: str | None) -> str:
    """Freeze an analysis.

    Parameters
    ----------
    config
        The configuration file; what is kept stands beside it.
    reason
        Why it is frozen again, where it was frozen before and has changed since.

    Returns
    -------
    str
        What was done, in a sentence.

    Raises
    ------
    UserError
        Kind ``config``.
    """
    if reason is not None and len(reason.strip()) < LEAST_REASON:
        raise UserError(
            "the reason for freezing again says too little",
            where="--again",
            expected=f"{LEAST_REASON} characters or more",
            kind="config",
        )
    settings = read_settings(read_yaml(config), str(config))
    folder = config.parent
    now = describe_analysis(
        settings.model_dump(mode="json"),
        find_definition_files(settings, folder),
        folder / "reference",
    )
    labels = Path(settings.results) / "restricted" / "cohort" / "labels.parquet"
    path = folder / FROZEN
    earlier = read_frozen(path)
    kept = freeze_analysis(now, earlier, labels_exist=labels.is_file(), reason=reason)
    if kept == earlier:
        return f"{path}: frozen already, and nothing has changed since\n"
    write_json(path, kept)
    when = "after labels had been made" if kept["labels_existed"] else "before the first labels"
    again = " again" if kept["earlier"] else ""
    return f"{path}: frozen{again}, {when}; keep it under version control with the configuration\n"
