"""Concept sets, as far as a drop's own vocabulary tables let them be resolved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from trdanalysis.engine import Engine
from trdanalysis.readers.omop.mapping import ListedConcept
from trdanalysis.readers.omop.source import Only, Source
from trdanalysis.readers.omop.values import derive_concept, derive_number

#: Units of drug_strength, and how many milligrams each has.
_MILLIGRAMS = {8576: 1.0, 8504: 1000.0, 9655: 0.001}

_VOCABULARY = ("concept", "concept_ancestor", "drug_strength")

_MEMBER = pa.schema(
    [
        ("concept_set", pa.string()),
        ("concept_id", pa.int64()),
        ("listed_id", pa.int64()),
        ("name", pa.string()),
        ("becomes", pa.string()),
    ]
)


@dataclass(frozen=True)
class Concepts:
    """Resolved concept sets.

    Attributes
    ----------
    members
        One row a concept of a set, once for each listed concept it descends from:
        ``concept_set``, ``concept_id``, ``listed_id``, ``name``, ``becomes``.
    strength
        One row a product and ingredient: ``product_id``, ``listed_id``, ``amount_mg`` (per piece;
        null: not in mass, or not one amount).
    incomplete
        Sets of which a listed concept could not be recognised, or whose descendants are not known:
        having no record of them is never a no.
    account
        Counts by set, and which vocabulary tables were there.
    """

    members: ir.Table
    strength: ir.Table
    incomplete: frozenset[str]
    account: dict[str, Any]

    def of(self, *names: str | None) -> ir.Table:
        """Give the members of some sets."""
        return self.members.filter(self.members.concept_set.isin([n for n in names if n]))


def resolve_concepts(
    engine: Engine, source: Source, listed: tuple[ListedConcept, ...], drug_sets: tuple[str, ...]
) -> Concepts:
    """Find out which concepts of the drop belong to the sets.

    A listed concept is used where it has an id that is confirmed or that the concept table gives
    the listed name, or where the concept table has exactly one ingredient of its name (the standard
    one, and one of the listed vocabulary, go before others) or one concept of its code (which has
    the listed name too, unless the row is confirmed). Descendants come from concept_ancestor; for
    drugs without it, products come from drug_strength. Without these tables, or where they have no
    rows, the listed ids alone are known.

    Parameters
    ----------
    engine
        Keeps the results.
    source
        The drop's tables.
    listed
        Every row of every set.
    drug_sets
        Names of the sets whose concepts are ingredients.
    """
    there = {name: name in source.tables() and source.count(name) > 0 for name in _VOCABULARY}
    names = _concept_names(source, listed, drug_sets) if there["concept"] else None
    used = [found for one in listed if (found := _settle(one, names, drug_sets)) is not None]
    strength = _strength(engine, source, used, drug_sets)
    descend = there["concept_ancestor"]
    rows = _members(source, used, strength, drug_sets, descend=descend)
    told = _account(listed, used, names, rows)
    account = {"vocabulary": there, "concept_sets": told}
    members = engine.from_memory(pa.Table.from_pandas(rows, schema=_MEMBER, preserve_index=False))
    incomplete = {name for name, one in told.items() if one["left_out"]}
    if not descend:
        incomplete |= {one.concept_set for one in listed if one.include_descendants}
    return Concepts(members, strength, frozenset(incomplete), account)


def _concept_names(
    source: Source, listed: tuple[ListedConcept, ...], drug_sets: tuple[str, ...]
) -> pd.DataFrame:
    """Fetch the few rows of the concept table that could be meant."""
    wanted = (
        "concept_id", "concept_name", "vocabulary_id", "concept_class_id", "concept_code",
        "standard_concept",
    )  # fmt: skip
    ids = _texts(one.concept_id for one in listed if one.concept_id is not None)
    codes = _texts(one.code for one in listed if one.code)
    parts = [
        source.read("concept", wanted, Only("concept_id", ids)),
        source.read("concept", wanted, Only("concept_code", codes, ids=False)),
    ]
    if any(one.concept_set in drug_sets for one in listed):
        ingredients = source.read(
            "concept", wanted, Only("concept_class_id", ("Ingredient",), ids=False)
        )
        lower = [one.name.lower() for one in listed if one.concept_set in drug_sets]
        parts.append(ingredients.filter(ingredients.concept_name.lower().isin(lower)))
    table = ibis.union(*parts)
    return (
        table.select(
            concept_id=derive_concept(table.concept_id),
            name=table.concept_name.lower(),
            vocabulary=table.vocabulary_id,
            kind=table.concept_class_id,
            code=table.concept_code,
            standard=(table.standard_concept == "S").fill_null(False),
        )
        .distinct()
        .to_pyarrow()
        .to_pandas()
    )


def _settle(
    one: ListedConcept, names: pd.DataFrame | None, drug_sets: tuple[str, ...]
) -> ListedConcept | None:
    """Give the listed concept with the id by which it is used, or None where it is not."""
    if names is None:
        return one if one.concept_id is not None and one.confirmed else None
    if one.concept_id is not None:
        own = names[names["concept_id"] == one.concept_id]
        agrees = bool((own["name"] == one.name.lower()).any())
        if one.confirmed or agrees:
            return one
    if one.concept_set in drug_sets:
        found = names[(names["kind"] == "Ingredient") & (names["name"] == one.name.lower())]
        # National vocabularies have ingredients of the same names, which are not standard.
        for first in (found["standard"], found["vocabulary"] == one.vocabulary):
            better = found[first.reindex(found.index)]
            found = better if len(better) else found
    else:
        found = names[(names["vocabulary"] == one.vocabulary) & (names["code"] == one.code)]
        found = found[found["code"] != ""]
        if not one.confirmed:
            found = found[found["name"] == one.name.lower()]
    ids = found["concept_id"].dropna().unique()
    return replace(one, concept_id=int(ids[0])) if len(ids) == 1 else None


def _strength(
    engine: Engine, source: Source, used: list[ListedConcept], drug_sets: tuple[str, ...]
) -> ir.Table:
    columns = (
        "drug_concept_id",
        "ingredient_concept_id",
        "amount_value",
        "amount_unit_concept_id",
        "invalid_reason",
    )
    ids = _texts(one.concept_id for one in used if one.concept_set in drug_sets)
    if "drug_strength" not in source.tables() or not ids:
        schema = pa.schema(
            [("product_id", pa.int64()), ("listed_id", pa.int64()), ("amount_mg", pa.float64())]
        )
        return engine.from_memory(schema.empty_table())
    raw = source.read("drug_strength", columns, Only("ingredient_concept_id", ids))
    table = raw.filter(raw.invalid_reason.isnull())
    unit = derive_concept(table.amount_unit_concept_id)
    factor = ibis.cases(
        *((unit == concept, ibis.literal(mg)) for concept, mg in _MILLIGRAMS.items()),
        else_=ibis.null("float64"),
    )
    table = table.select(
        product_id=derive_concept(table.drug_concept_id),
        listed_id=derive_concept(table.ingredient_concept_id),
        mg=derive_number(table.amount_value) * factor,
    )
    grouped = table.group_by(["product_id", "listed_id"]).agg(
        low=table.mg.min(), high=table.mg.max(), unknown=table.mg.isnull().max()
    )
    one_amount = (grouped.low == grouped.high) & ~grouped.unknown & (grouped.low > 0)
    return engine.keep(
        grouped.select(
            "product_id",
            "listed_id",
            amount_mg=one_amount.fill_null(False).ifelse(grouped.low, ibis.null("float64")),
        )
    )


def _members(
    source: Source,
    used: list[ListedConcept],
    strength: ir.Table,
    drug_sets: tuple[str, ...],
    *,
    descend: bool,
) -> pd.DataFrame:
    own = [
        (one.concept_set, one.concept_id, one.concept_id, one.name.lower(), one.becomes)
        for one in used
    ]
    rows = pd.DataFrame(own, columns=_MEMBER.names)
    expand = [one for one in used if one.include_descendants]
    parts = [rows]
    if descend and expand:
        ids = _texts(one.concept_id for one in expand)
        raw = source.read(
            "concept_ancestor",
            ("ancestor_concept_id", "descendant_concept_id"),
            Only("ancestor_concept_id", ids),
        )
        below = raw.select(
            listed_id=derive_concept(raw.ancestor_concept_id),
            below=derive_concept(raw.descendant_concept_id),
        )
        parts.append(_below(rows, expand, below.distinct().to_pyarrow().to_pandas()))
    elif expand:
        products = strength.select("listed_id", below="product_id").distinct()
        drugs = [one for one in expand if one.concept_set in drug_sets]
        parts.append(_below(rows, drugs, products.to_pyarrow().to_pandas()))
    return pd.concat(parts).dropna(subset=["concept_id"]).drop_duplicates(ignore_index=True)


def _below(rows: pd.DataFrame, expand: list[ListedConcept], below: pd.DataFrame) -> pd.DataFrame:
    kept = {(one.concept_set, one.concept_id) for one in expand}
    wanted = rows[[pair in kept for pair in zip(rows.concept_set, rows.listed_id, strict=True)]]
    joined = wanted.merge(below, on="listed_id")
    return joined.assign(concept_id=joined["below"])[_MEMBER.names]


def _account(
    listed: tuple[ListedConcept, ...],
    used: list[ListedConcept],
    names: pd.DataFrame | None,
    rows: pd.DataFrame,
) -> dict[str, dict[str, Any]]:
    told = {}
    for name in dict.fromkeys(one.concept_set for one in listed):
        mine = [one for one in listed if one.concept_set == name]
        taken = [one for one in used if one.concept_set == name]
        otherwise = []
        if names is not None:
            known = dict(zip(names["concept_id"], names["name"], strict=True))
            otherwise = [
                one.concept_id
                for one in taken
                if one.concept_id is not None and known.get(one.concept_id) != one.name.lower()
            ]
        told[name] = {
            "listed": len(mine),
            "used": len(taken),
            "left_out": sorted({one.name for one in mine} - {one.name for one in taken}),
            "concepts_with_descendants": int((rows["concept_set"] == name).sum()),
            "named_otherwise_or_not_in_concept_table": otherwise,
        }
    return told


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value) for value in values))
