"""Names of drugs and scales as people write them, matched exactly after normalisation.

Nothing is matched by likeness. Likeness only makes the suggestion in ``unrecognised.csv`` (see
:mod:`trdanalysis.intake.suggestions`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from trdanalysis.contract import NON_DRUG_TREATMENTS
from trdanalysis.errors import UserError, nearest
from trdanalysis.intake.spelling import (
    RELEASE_AND_SALT_WORDS,
    derive_plain_key,
    plain_key,
    rxnorm_key,
)

_SEPARATORS = r"[\s.\-]+"
_PARENTHESES = r"\([^)]*\)"
_TRAILING_WORDS = rf"({_SEPARATORS}({'|'.join(RELEASE_AND_SALT_WORDS)}))+$"
_EDGES = rf"^{_SEPARATORS}|{_SEPARATORS}$"
_ATC = r"^[a-z][0-9][0-9][a-z][a-z][0-9][0-9]$"

#: Kinds of treatment a name can resolve to; null is an unrecognised drug.
ANTIDEPRESSANT = "antidepressant"
OTHER_DRUG = "other_drug"
NON_DRUG = "non_drug"

#: Columns of a site's own file of names.
SITE_COLUMNS = ["name", "means", "source"]


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
class Meaning:
    """What a name stands for.

    Attributes
    ----------
    treatment
        What makes two treatments the same: the ingredient, the generic name of another drug, or
        the word for what is no drug.
    ingredient
        The drug table's ``generic`` cell, or the word; None for another drug.
    role
        The drug table's ``role``, ``other_drug`` or ``non_drug``.
    """

    treatment: str
    ingredient: str | None
    role: str


@dataclass(frozen=True)
class DrugNames:
    """Every name by which a treatment is known.

    Attributes
    ----------
    rows
        One row a key: ``drug_key``, ``treatment``, ``ingredient``, ``drug_role`` (see
        :class:`Meaning`) and ``spelling``, the name as the tables write it.
    """

    rows: pd.DataFrame

    @classmethod
    def from_tables(
        cls,
        drugs: pd.DataFrame,
        others: pd.DataFrame | None = None,
        names: pd.DataFrame | None = None,
        site: pd.DataFrame | None = None,
        site_file: str = "site_drug_names.csv",
    ) -> DrugNames:
        """Collect names, those of the drug table first: none of the others takes its place.

        Parameters
        ----------
        drugs
            ``antidepressants.csv``: ``generic``, ``brand_examples``, ``atc``, ``role``. Where a
            name has an antidepressant row and another, it is the antidepressant.
        others
            ``other_drugs.csv``: ``generic`` and ``atc`` of drugs that are no antidepressants.
        names
            ``drug_names.csv``: ``name``, ``means``, ``kind`` (``rxnorm``: the name is a code).
        site
            The site's own file, :data:`SITE_COLUMNS`; ``means`` is a name or an ATC code.
        site_file
            What errors call it.

        Raises
        ------
        UserError
            Kind ``config``, where the site's file cannot be used. Lines are named, names are not.
        """
        found = _Names()
        for _, row in pd.concat(
            [drugs[drugs["role"] == ANTIDEPRESSANT], drugs[drugs["role"] != ANTIDEPRESSANT]]
        ).iterrows():
            meaning = Meaning(row["generic"], row["generic"], row["role"])
            for name in (row["generic"], row["atc"], *row["brand_examples"].split(";")):
                found.add(name, meaning)
        for word in NON_DRUG_TREATMENTS:
            found.keys[word] = (word, Meaning(word, word, NON_DRUG))
        if others is not None:
            for generic, atc in zip(others["generic"], others["atc"], strict=True):
                for name in (generic, atc):
                    found.add(name, Meaning(generic, None, OTHER_DRUG))
        if names is not None:
            for name, means, kind in zip(names["name"], names["means"], names["kind"], strict=True):
                found.add(name, found.meaning(means), is_rxnorm=kind == "rxnorm")
        if site is not None:
            _add_site_names(found, site, site_file)
        return cls(
            pd.DataFrame(
                [
                    (key, one.treatment, one.ingredient, one.role, spelling)
                    for key, (spelling, one) in sorted(found.keys.items())
                ],
                columns=["drug_key", "treatment", "ingredient", "drug_role", "spelling"],
            )
        )


class _Names:
    """Names being collected: the first meaning of a key stays."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, Meaning]] = {}

    def add(self, name: str, meaning: Meaning, *, is_rxnorm: bool = False) -> None:
        keys = (rxnorm_key(name),) if is_rxnorm else (normalise(name, drug=True), plain_key(name))
        for key in keys:
            if key:
                self.keys.setdefault(key, (name.strip(), meaning))

    def find(self, name: str) -> Meaning | None:
        for key in (normalise(name, drug=True), plain_key(name)):
            if key in self.keys:
                return self.keys[key][1]
            if is_other_atc(key):
                return Meaning(key, None, OTHER_DRUG)
        return None

    def meaning(self, name: str) -> Meaning:
        """Give the meaning of a treatment named as the tables name it."""
        for _, meaning in self.keys.values():
            if meaning.treatment == name:
                return meaning
        raise KeyError(name)


def is_other_atc(key: str) -> bool:
    """Tell whether a key is the ATC code of a drug that is no antidepressant."""
    return re.search(_ATC, key) is not None and not key.startswith("n06a")


def _add_site_names(found: _Names, site: pd.DataFrame, file: str) -> None:
    """Add a site's own names, or say what is wrong with the file."""
    if list(site.columns) != SITE_COLUMNS:
        raise UserError(
            "the site's file of drug names has other columns",
            where=f"{file}, line 1",
            expected=",".join(SITE_COLUMNS),
            kind="config",
        )
    known = _Names()
    known.keys = dict(found.keys)
    for line, row in enumerate(site.to_dict("records"), start=2):
        where = f"{file}, line {line}"
        empty = [column for column in SITE_COLUMNS if not str(row[column]).strip()]
        if empty:
            raise UserError(
                "empty: " + ", ".join(f"`{column}`" for column in empty),
                where=where,
                expected="a name, what it means, and where that is known from",
                kind="config",
            )
        meaning = known.find(row["means"])
        if meaning is None:
            near = nearest(row["means"], {one.treatment for _, one in known.keys.values()})
            raise UserError(
                "`means` is no drug or treatment that is known",
                where=where,
                expected="a generic name, an ATC code outside N06A, or a word for what is no drug",
                try_this=f"did you mean `{near}`?" if near else None,
                kind="config",
            )
        before = found.find(row["name"])
        if before is not None and before != meaning:
            raise UserError(
                f"the name already means `{before.treatment}`",
                where=where,
                expected="a name of one meaning, and none that the tables know otherwise",
                kind="config",
            )
        found.add(row["name"], meaning)


def derive_drugs(words: ir.Table, names: DrugNames) -> ir.Table:
    """Resolve drug names: by the contract's key, and where that finds nothing by the plain key.

    Parameters
    ----------
    words
        One row a distinct ``drug`` text, not null.
    names
        Known names.

    Returns
    -------
    Table
        The same rows with ``ingredient`` (null where unrecognised or not in the drug table),
        ``drug_key`` (what makes two treatments the same: the ingredient, the generic name of
        another drug, else the normalised name) and ``drug_role`` (null where unrecognised;
        ``other_drug`` for drugs known to be no antidepressants and for ATC codes outside the tables
        and outside N06A).
    """
    known = ibis.memtable(
        pa.Table.from_pandas(names.rows.drop(columns="spelling"), preserve_index=False)
    )
    keyed = words.mutate(
        exact_key=derive_drug_key(words.drug), plain_key=derive_plain_key(words.drug)
    )
    exact = known.rename(
        exact_key="drug_key", role_1="drug_role", as_1="treatment", of_1="ingredient"
    )
    plain = known.rename(
        plain_key="drug_key", role_2="drug_role", as_2="treatment", of_2="ingredient"
    )
    joined = keyed.left_join(exact, "exact_key").drop("exact_key_right")
    joined = joined.left_join(plain, "plain_key").drop("plain_key_right")
    first = joined.role_1.notnull() | _is_other_atc(joined.exact_key)
    atc = ibis.cases(
        (_is_other_atc(joined.exact_key), joined.exact_key),
        (_is_other_atc(joined.plain_key), joined.plain_key),
        else_=ibis.null("string"),
    )
    return joined.select(
        *words.columns,
        ingredient=first.ifelse(joined.of_1, joined.of_2),
        drug_key=joined.as_1.coalesce(first.ifelse(atc, joined.as_2), atc, joined.exact_key),
        drug_role=joined.role_1.coalesce(
            first.ifelse(ibis.literal(OTHER_DRUG), joined.role_2),
            atc.notnull().ifelse(OTHER_DRUG, ibis.null("string")),
        ),
    )


def _is_other_atc(key: ir.StringValue) -> ir.BooleanValue:
    return key.re_search(_ATC) & ~key.startswith("n06a")
