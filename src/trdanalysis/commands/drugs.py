"""What labelling asks of drugs, loaded; apart from what intake loads, which no rule of labelling
concerns: an edit of one makes nothing of it run again.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from trdanalysis.files import read_csv
from trdanalysis.labelling.exposure import reference_drugs
from trdanalysis.project import find_table


def load_drugs(reference: Path) -> pd.DataFrame:
    """Load what labelling asks of drugs; see :func:`reference_drugs`."""
    return reference_drugs(read_csv(find_table(reference, "antidepressants.csv")))


def load_drug_classes(reference: Path) -> tuple[str, ...]:
    """Load the classes of drugs that ``antidepressants.csv`` names, in its order."""
    return tuple(dict.fromkeys(load_drugs(reference)["drug_class"]))
