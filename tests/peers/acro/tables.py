"""Cross-tabulate outcomes with `acro`, which hides what it thinks disclosive.

Runs in an environment of its own (requirements.txt beside it), reads one CSV of people (a stratum,
a level and an outcome a row) and writes one CSV of cells: `n` is empty where acro hid the cell.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile

import pandas as pd

from acro import ACRO

OUTCOMES = ["event", "no_event", "unknown"]


def tabulate(people: pd.DataFrame) -> pd.DataFrame:
    """Give every cell of a table a stratum. Margins would be of the cells that are shown alone."""
    acro = ACRO(suppress=True)
    parts = []
    for stratum, own in people.groupby("stratum", sort=True):
        table = acro.crosstab(own["level"], own["outcome"])
        long = table.stack(dropna=False).rename("n").reset_index()
        parts.append(long.assign(stratum=stratum))
    return pd.concat(parts)[["stratum", "level", "outcome", "n"]]


def main() -> None:
    source, target = sys.argv[1:]
    people = pd.read_csv(source, dtype=str, keep_default_na=False)
    people["outcome"] = pd.Categorical(people["outcome"], OUTCOMES)
    # It writes down what it does, in the folder it stands in and on the screen.
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        cells = tabulate(people)
    cells.to_csv(target, index=False)


if __name__ == "__main__":
    main()
