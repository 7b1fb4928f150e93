"""Fingerprints: rows told apart by key and content, whatever drop brought them."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from trdanalysis.contract import TABLES

#: The table of rows that were set aside but may count as failures.
QUARANTINED = "quarantined_trials"

#: Columns of fingerprints; the first three are the key.
KEY = ("table", "patient_id", "row_key")

#: Characters of the digest that are kept: chance agreement of two versions of one row is 2^-64.
_CHARACTERS = 16

#: Between cells, and for an unknown cell: characters that no cell holds after reading.
_BETWEEN, _UNKNOWN = "\x1f", "\x00"


def derive_fingerprints(tables: Mapping[str, ir.Table]) -> ir.Table:
    """Give key and fingerprint of every row of accepted or pooled tables.

    Parameters
    ----------
    tables
        By the names of :data:`trdanalysis.layout.POOLED`, each with ``drop_id``.

    Returns
    -------
    Table
        One row a row: ``table``; ``patient_id``; ``row_key``, the rest of the key as
        ``trial_id=t1; start_day=0``, empty for patients; ``drop_id``; ``content``, the same for
        rows that agree in every column of the contract. Line numbers have no part in it, but for
        quarantined rows: these have no content to speak of, and are told apart by their line where
        they have no ``trial_id``.
    """
    parts = []
    for name, table in tables.items():
        if name == QUARANTINED:
            line = table.line.cast("string")
            key = table.trial_id.isnull().ifelse(
                ibis.literal("line=") + line, ibis.literal("trial_id=") + table.trial_id
            )
            content: ir.StringValue = ibis.literal("")
        else:
            rest = [column for column in TABLES[name].key if column != "patient_id"]
            key = ibis.literal("")
            for place, column in enumerate(rest):
                text = table[column].cast("string").fill_null("")
                key = key + ibis.literal(("; " if place else "") + f"{column}=") + text
            content = _content(table, name)
        parts.append(
            table.select(
                table=ibis.literal(name),
                patient_id=table.patient_id,
                row_key=key,
                drop_id=table.drop_id,
                content=content,
            )
        )
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _content(table: ir.Table, name: str) -> ir.StringValue:
    joined: ir.StringValue = ibis.literal("")
    for column in TABLES[name].names:
        text = table[column].cast("string").fill_null(_UNKNOWN)
        joined = joined + text + ibis.literal(_BETWEEN)
    return joined.hexdigest("md5").substr(0, _CHARACTERS)
