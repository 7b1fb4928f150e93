"""Names of drugs and scales, matched without likeness."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

RELEASE_AND_SALT = {
    "xr", "xl", "sr", "er", "cr", "ir", "dr", "hcl", "hydrochloride", "hydrobromide", "oxalate",
    "mesylate", "maleate", "succinate", "tartrate",
}  # fmt: skip
NO_DRUG = {"psychotherapy", "ect", "rtms", "lifestyle", "placebo"}

#: Symptom scales in the order in which they are tried: minimum, maximum, remission at most.
SYMPTOM_SCALES: dict[str, tuple[int, int, int | None]] = {
    "HAM-D17": (0, 52, 7),
    "MADRS": (0, 60, 10),
    "QIDS-SR16": (0, 27, 5),
    "QIDS-C16": (0, 27, 5),
    "PHQ-9": (0, 27, 4),
    "IDS-SR30": (0, 84, 13),
    "BDI-II": (0, 63, 13),
    "HAM-D21": (0, 64, 7),
    "HAM-D24": (0, 75, 9),
    "HADS-D": (0, 21, 7),
    "CGI-I": (1, 7, None),
}
#: Functional scales: minimum, maximum, cut-off, whether higher is worse.
FUNCTION_SCALES = {
    "SDS-MAX": (0, 10, 5, True),
    "WSAS": (0, 40, 10, True),
    "WHODAS-12": (0, 48, 10, True),
    "GAF": (1, 100, 60, False),
    "SOFAS": (1, 100, 60, False),
}


def words_of(text: str) -> list[str]:
    """Split a name at spaces, hyphens and dots, without case and text in parentheses."""
    plain = re.sub(r"\([^)]*\)", " ", text.lower())
    return [word for word in re.split(r"[\s.\-]+", plain) if word]


def scale_key(text: str) -> str:
    """Write a scale's name in one way."""
    return "".join(words_of(text))


def drug_key(text: str) -> str:
    """Write a drug's name in one way."""
    words = words_of(text)
    while len(words) > 1 and words[-1] in RELEASE_AND_SALT:
        words.pop()
    return "".join(words)


def find_scale(text: str, scales: Iterable[str]) -> str | None:
    """Give the scale that has this name."""
    for name in scales:
        if scale_key(name) == scale_key(text):
            return name
    return None


@dataclass(frozen=True)
class Drug:
    """What a trial's drug is.

    ``known`` is false where the name is not recognised; ``treatment`` tells it from others.
    """

    known: bool
    treatment: str
    ingredient: str | None = None
    moiety: str | None = None
    drug_class: str | None = None
    is_antidepressant: bool = False
    is_first_line: bool = False
    min_dose: float | None = None
    interferes: bool = True
    role: str | None = None


class Drugs:
    """The drug table."""

    def __init__(self, path: Path, dose_column: str, first_line_column: str | None) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.rows = [row for row in rows if row["role"] == "antidepressant"]
        self.rows += [row for row in rows if row["role"] != "antidepressant"]
        self.dose_column = dose_column
        self.first_line_column = first_line_column

    def find(self, text: str | None, trial_id: str) -> Drug:
        """Find a drug by its generic name, a brand or its ATC code."""
        if text is None:
            return Drug(False, f"?{trial_id}")
        key = drug_key(text)
        if key in NO_DRUG:
            interferes = key in ("ect", "rtms")
            return Drug(True, key, key, interferes=interferes, role="non_drug")
        for row in self.rows:
            names = [row["generic"], row["atc"], *row["brand_examples"].split(";")]
            if key and key in [drug_key(name) for name in names]:
                return self._from_row(row)
        if re.fullmatch(r"[a-z]\d\d[a-z][a-z]\d\d", key) and not key.startswith("n06a"):
            return Drug(True, key, role="other_drug")
        return Drug(False, key)

    def _from_row(self, row: dict[str, str]) -> Drug:
        is_antidepressant = row["role"] == "antidepressant"
        listed = is_antidepressant
        if self.first_line_column is not None:
            listed = row[self.first_line_column] == "yes"
        minimum = row[self.dose_column]
        return Drug(
            True,
            row["generic"],
            row["generic"],
            row["moiety_group"] or None,
            row["class_group"] or None,
            is_antidepressant,
            listed,
            float(minimum) if minimum else None,
            role=row["role"],
        )
