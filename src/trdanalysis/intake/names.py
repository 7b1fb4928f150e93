"""Names of drugs and scales as people write them, matched exactly after normalisation.

Nothing is matched by likeness. Likeness only makes the suggestion in ``unrecognised.csv``.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from trdanalysis.contract import NON_DRUG_TREATMENTS

#: Words of release and salt that may end a drug's name.
RELEASE_AND_SALT_WORDS = (
    "xr", "xl", "sr", "er", "cr", "ir", "dr", "hcl", "hydrochloride", "hydrobromide", "oxalate",
    "mesylate", "maleate", "succinate", "tartrate",
)  # fmt: skip

_SEPARATORS = r"[\s.\-]+"
_PARENTHESES = r"\([^)]*\)"
_TRAILING_WORDS = rf"({_SEPARATORS}({'|'.join(RELEASE_AND_SALT_WORDS)}))+$"
_EDGES = rf"^{_SEPARATORS}|{_SEPARATORS}$"
_ATC = r"^[a-z][0-9][0-9][a-z][a-z][0-9][0-9]$"

#: Kinds of treatment a name can resolve to; null is an unrecognised drug.
ANTIDEPRESSANT = "antidepressant"
OTHER_DRUG = "other_drug"


def derive_scale_key(text: ir.StringValue) -> ir.StringValue:
    """Normalise a scale's name: no case, spaces, hyphens, dots or text in parentheses."""
    return text.lower().re_replace(_PARENTHESES, "").re_replace(_SEPARATORS, "")


def derive_drug_key(text: ir.StringValue) -> ir.StringValue:
    """Normalise a drug's name: as a scale's, and without release and salt words at its end.

    Such words go only where another word stands before them.
    """
    plain = text.lower().re_replace(_PARENTHESES, " ").re_replace(_EDGES, "")
    return plain.re_replace(_TRAILING_WORDS, "").re_replace(_SEPARATORS, "")


def normalise(text: str, *, drug: bool) -> str:
    """Give what :func:`derive_drug_key` or :func:`derive_scale_key` gives, for one word."""
    plain = re.sub(_PARENTHESES, " " if drug else "", text.lower())
    if drug:
        plain = re.sub(_TRAILING_WORDS, "", re.sub(_EDGES, "", plain))
    return re.sub(_SEPARATORS, "", plain)


@dataclass(frozen=True)
class DrugNames:
    """Every name by which the drug table knows a treatment.

    Attributes
    ----------
    rows
        One row a normalised name: ``drug_key``, ``ingredient`` (the table's ``generic`` cell, or
        the word for what is no drug), ``drug_role`` (the table's ``role``; ``non_drug`` for the
        words).
    """

    rows: pd.DataFrame

    @classmethod
    def from_table(cls, drugs: pd.DataFrame) -> DrugNames:
        """Collect generic names, brands and ATC codes of ``config/reference/antidepressants.csv``.

        Where a name has an antidepressant row and another, it is the antidepressant.
        """
        found: dict[str, tuple[str, str]] = {}
        ordered = pd.concat(
            [drugs[drugs["role"] == ANTIDEPRESSANT], drugs[drugs["role"] != ANTIDEPRESSANT]]
        )
        for generic, brands, atc, role in zip(
            ordered["generic"],
            ordered["brand_examples"],
            ordered["atc"],
            ordered["role"],
            strict=True,
        ):
            for name in (generic, atc, *brands.split(";")):
                key = normalise(name, drug=True)
                if key:
                    found.setdefault(key, (generic, role))
        for word in NON_DRUG_TREATMENTS:
            found[word] = (word, "non_drug")
        rows = [(key, *found[key]) for key in sorted(found)]
        return cls(pd.DataFrame(rows, columns=["drug_key", "ingredient", "drug_role"]))

    def suggestion(self, word: str) -> str:
        """Give the ingredient whose name is most like ``word``, or an empty string."""
        names = dict(zip(self.rows["drug_key"], self.rows["ingredient"], strict=True))
        near = difflib.get_close_matches(normalise(word, drug=True), list(names), n=1, cutoff=0.75)
        return names[near[0]] if near else ""


def derive_drugs(words: ir.Table, names: DrugNames) -> ir.Table:
    """Resolve drug names.

    Parameters
    ----------
    words
        One row a distinct ``drug`` text, not null.
    names
        Known names.

    Returns
    -------
    Table
        The same rows with ``ingredient`` (null where unrecognised or not in the table),
        ``drug_key`` (the ingredient, else the normalised name: what makes two treatments the same)
        and ``drug_role`` (null where unrecognised; ``other_drug`` for an ATC code outside the
        table and outside N06A).
    """
    keyed = words.mutate(drug_key=derive_drug_key(words.drug))
    known = ibis.memtable(pa.Table.from_pandas(names.rows, preserve_index=False))
    joined = keyed.left_join(known, "drug_key").drop("drug_key_right")
    other = joined.drug_key.re_search(_ATC) & ~joined.drug_key.startswith("n06a")
    return joined.mutate(
        drug_key=joined.ingredient.coalesce(joined.drug_key),
        drug_role=joined.drug_role.fill_null(
            ibis.cases((other, OTHER_DRUG), else_=ibis.null("string"))
        ),
    )
